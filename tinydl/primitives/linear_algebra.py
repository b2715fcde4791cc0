"""Of one matrix: triangles and diagonals, inverse, systems of equations, determinant."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.contract import turned
from tinydl.primitives.reduce import sum
from tinydl.primitives.shape import concatenate, reshape, scatter, take


@Primitive
def tril(x: Any, *, k: int = 0) -> Any:
    """The elements on and below diagonal k, and 0 above it."""
    return xp(x).tril(x, k)


@Primitive
def triu(x: Any, *, k: int = 0) -> Any:
    """The elements on and above diagonal k, and 0 below it."""
    return xp(x).triu(x, k)


tril.gradient(x=lambda g, k: tril(g, k=k))
triu.gradient(x=lambda g, k: triu(g, k=k))


def diagonal(x: Any, k: int = 0) -> Any:
    """The elements on diagonal k of a matrix, as a vector."""
    rows, columns = x.shape
    length = max(min(rows + min(k, 0), columns - max(k, 0)), 0)
    return take(x, index=_on_diagonal(x, length, k))


def from_diagonal(v: Any, k: int = 0) -> Any:
    """The square matrix with a vector on diagonal k, and 0 elsewhere."""
    length = v.shape[0]
    side = length + abs(k)
    return scatter(v, index=_on_diagonal(v, length, k), shape=(side, side))


def _on_diagonal(x: Any, length: int, k: int) -> tuple[Any, Any]:
    along = xp(plain(x)).arange(length)
    return along + max(-k, 0), along + max(k, 0)


def trace(x: Any) -> Any:
    """The sum of the diagonal of a matrix."""
    return reshape(sum(diagonal(x), axis=(0,)), shape=(), order="C")


# ---- inverse and systems of equations -----------------------------------------------------------


@Primitive
def inverse(a: Any) -> Any:
    """a⁻¹."""
    return xp(a).inverse(a)


inverse.gradient(a=lambda g, y: -(turned(y) @ g @ turned(y)))


@Primitive
def solve(a: Any, b: Any) -> Any:
    """The x with a x = b, for a square matrix a."""
    return xp(a, b).solve(a, b)


@solve.gradients("a", "b")
def _(g: Any, a: Any, y: Any) -> tuple[Any, Any]:
    to_b = solve(turned(a), g)
    return -(to_b @ turned(y)), to_b


@Primitive
def least_squares(a: Any, b: Any) -> Any:
    """The x = a⁺ b with the least |a x − b|, for a matrix a with independent columns."""
    return xp(a, b).least_squares(a, b)


@Primitive
def least_norm(a: Any, c: Any) -> Any:
    """The shortest z = (a⁺)ᵀ c with aᵀ z = c, for a matrix a with independent columns."""
    return xp(a, c).least_norm(a, c)


# With a⁺ = (aᵀa)⁻¹ aᵀ:  da⁺ = −a⁺ da a⁺ + (aᵀa)⁻¹ daᵀ (1 − a a⁺)      (Golub and Pereyra, 1973)


@least_squares.gradients("a", "b")
def _(g: Any, a: Any, b: Any, y: Any) -> tuple[Any, Any]:
    to_b = least_norm(a, g)
    return (b - a @ y) @ turned(least_squares(a, to_b)) - to_b @ turned(y), to_b


@least_norm.gradients("a", "c")
def _(g: Any, a: Any, y: Any) -> tuple[Any, Any]:
    to_c = least_squares(a, g)
    return (g - a @ to_c) @ turned(least_squares(a, y)) - y @ turned(to_c), to_c


# ---- determinant --------------------------------------------------------------------------------


@Primitive
def det(a: Any) -> Any:
    """The determinant of a square matrix. Its derivatives hold at singular matrices too."""
    return xp(a).determinant(a)


det.gradient(a=lambda g, a: g * cofactors(a))


def cofactors(a: Any) -> Any:
    """The derivative of det by each element of a plain matrix.

    Of a = u s vᵀ they are det(u vᵀ) u γ vᵀ, where γᵢ is the product of all singular values but sᵢ.
    """
    u, s, vt = xp(a).svd(a)
    is_own = xp(a).identity(len(a)) == 1.0
    others = xp(a).where(is_own, 1.0, s[None, :]).prod(axis=1).astype(a.dtype)
    return xp(a).determinant(u @ vt) * ((u * others) @ vt)


@Primitive
def det_of_regular(a: Any) -> Any:
    """The determinant of a matrix that is far from singular."""
    return xp(a).determinant(a)


det_of_regular.gradient(a=lambda g, a, y: g * y * turned(inverse(a)))

SMALL = 0.1
"""A singular value is small below this part of the largest one."""


@det.definition
def _(a: Any) -> Any:
    """The small singular values are taken out by a border, and enter by a determinant of their own.

    Let the columns of u and v span the singular vectors of the small ones, as constants. Then

        m = [a  u; vᵀ 0]  is regular,   and   det a = det m · det h,

    with h the corner of m⁻¹ where m has its 0 (Jacobi's identity of complementary minors). So all
    derivatives of det a follow from those of m⁻¹ and of a small determinant, which is expanded
    into products.
    """
    u, s, vt = xp(plain(a)).svd(plain(a))
    n, large = len(s), int((s > SMALL * s[:1]).sum())
    if large == n:
        return det_of_regular(a)
    scale = s[0] if large else s.dtype.type(1.0)
    corner = xp(s).zeros((n - large, n - large), s.dtype)
    bordered = concatenate(
        concatenate(a * (1.0 / scale), u[:, large:], axis=1),
        concatenate(vt[large:], corner, axis=1),
        axis=0,
    )
    h = take(inverse(bordered), index=(slice(n, None), slice(n, None)))
    return det_of_regular(bordered) * expanded_det(h) * scale**n


def expanded_det(x: Any) -> Any:
    """The determinant by products and sums only: Bird's method, O(n⁴), exact to every order."""
    n = x.shape[0]
    power = x
    for _ in range(n - 1):
        rest = sum(triu(turned(diagonal_repeated(power)), k=1), axis=(1,))
        power = (triu(power, k=1) - from_diagonal(reshape(rest, shape=(n,), order="C"))) @ x
    corner = reshape(take(power, index=(slice(1), slice(1))), shape=(), order="C")
    return corner if n % 2 else -corner


def diagonal_repeated(x: Any) -> Any:
    """A matrix whose columns all are the diagonal of x."""
    n = x.shape[0]
    column = reshape(diagonal(x), shape=(n, 1), order="C")
    return column + xp(plain(x)).zeros((1, n), x.dtype)
