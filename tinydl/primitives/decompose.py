"""Decompositions of one matrix: Cholesky, LU, eigenvalues, singular values; the exponential.

What a decomposition has several parts of is packed into one matrix, by rows or beside each other,
and is taken apart by recorded slices.

The derivatives of eigenvectors and singular vectors divide by the gaps between the values. At
repeated values these derivatives do not exist: the gap counts as 0 where it is not above rounding,
and what is divided by it is Inf or NaN, unless it is exactly 0.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.contract import turned
from tinydl.primitives.elementwise import chain, where
from tinydl.primitives.linear_algebra import diagonal, from_diagonal, solve, tril, triu
from tinydl.primitives.shape import concatenate, scatter, take


def rows(x: Any, first: int, last: int | None = None) -> Any:
    """The rows from the first to before the last."""
    return take(x, index=(slice(first, last),))


# ---- triangular factors -------------------------------------------------------------------------


@Primitive
def cholesky(a: Any) -> Any:
    """The lower triangular l with l lᵀ = (a + aᵀ) / 2, if that is positive definite."""
    return xp(a).cholesky((a + a.T) * 0.5)


@cholesky.gradients("a")
def _(g: Any, y: Any) -> tuple[Any]:
    # a changes by l Φ + (l Φ)ᵀ where l changes by l Φ: the half of the diagonal belongs to each.
    lower = tril(turned(y) @ g)
    halved = lower - from_diagonal(diagonal(lower) * 0.5)
    slope = turned(solve(turned(y), turned(solve(turned(y), halved))))
    return ((slope + turned(slope)) * 0.5,)


@Primitive
def lu(a: Any) -> Any:
    """L and U of a square matrix with exchanged rows in one: U above, L − 1 below the diagonal.

    One column more, the last, says which row of a each row is.
    """
    factors, order = xp(a).lu(a)
    column = xp(a).asarray(order, dtype=a.dtype).reshape(-1, 1)
    return xp(a).concatenate([factors, column], axis=1)


@lu.gradients("a")
def _(g: Any, y: Any) -> tuple[Any]:
    n = y.shape[0]
    factors, order = take(y, index=(slice(None), slice(n))), row_order(y)
    lower, upper = tril(factors, k=-1) + identity(y), triu(factors)
    g = take(g, index=(slice(None), slice(n)))
    inner = tril(turned(lower) @ tril(g, k=-1), k=-1) + triu(triu(g) @ turned(upper))
    slope = turned(solve(upper, turned(solve(turned(lower), inner))))  # L⁻ᵀ inner U⁻ᵀ
    return (scatter(slope, index=(order,), shape=(n, n)),)


def row_order(packed: Any) -> Any:
    """Which row of the matrix each row of its factors is, as plain integers."""
    return plain(packed)[:, -1].real.astype(int)


def identity(like: Any) -> Any:
    """The identity matrix with as many rows as an array, in its class."""
    return xp(plain(like)).identity(like.shape[0]).astype(like.dtype)


# ---- eigenvalues and singular values ------------------------------------------------------------


@Primitive
def eigh(a: Any) -> Any:
    """Of (a + aᵀ) / 2: the eigenvectors as columns, and below them their eigenvalues."""
    values, vectors = xp(a).eigh((a + a.T) * 0.5)
    return xp(a).concatenate([vectors * signs(vectors), values[None, :]])


def signs(vectors: Any) -> Any:
    """The signs that make the largest element of each column positive, on every device.

    Of elements within a tenth of the largest it is the first, so that rounding decides nothing.
    """
    if vectors.size == 0:
        return 1.0
    sizes = xp(vectors).abs(vectors)
    is_large = sizes >= 0.9 * sizes.max(axis=0, keepdims=True)
    first = xp(vectors).argmax(is_large, axis=0, keepdims=True)
    chosen = xp(vectors).take_along_axis(vectors, first, 0)
    return xp(vectors).sign(chosen)


@eigh.gradients("a")
def _(g: Any, y: Any) -> tuple[Any]:
    v, values = rows(y, 0, -1), rows(y, -1)
    turning = turned(v) @ rows(g, 0, -1)
    turning = chain((turning - turned(turning)) * 0.5, reciprocal_gaps(values))
    return (v @ (from_diagonal(rows_as_vector(rows(g, -1))) + turning) @ turned(v),)


def reciprocal_gaps(values: Any) -> Any:
    """1 / (valueⱼ − valueᵢ) of a row of values, and anything finite where i = j."""
    return reciprocal(values - turned(values) + identity(turned(values)), values)


def reciprocal(x: Any, values: Any) -> Any:
    """1 / x, and Inf where x is 0 up to the rounding of values."""
    array, values = plain(x), plain(values)
    rounding = 8 * values.size * xp(array).precision(array.dtype)
    is_zero = xp(array).abs(array) <= rounding * largest(values)
    return where(is_zero, float("inf"), 1.0 / where(is_zero, 1.0, x))


def largest(x: Any) -> Any:
    """The largest size of a number of a plain array."""
    return xp(x).abs(x).max() if x.size else 0.0


def rows_as_vector(x: Any) -> Any:
    """A matrix of one row as a vector."""
    return take(x, index=(0,))


@Primitive
def svd(a: Any) -> Any:
    """The left singular vectors as columns, below them the singular values, then the right ones."""
    u, s, vt = xp(a).svd(a)
    return xp(a).concatenate([u * signs(u), s[None, :], vt.T * signs(u)])


@svd.gradients("a")
def _(g: Any, y: Any, a_shape: tuple[int, int]) -> tuple[Any]:
    # Townsend's formula (2016), in the sums and differences of the turns of u and of v.
    m = a_shape[0]
    (u, s, v), (to_u, to_s, to_v) = [(rows(x, 0, m), rows(x, m, m + 1), rows(x, m + 1))
                                     for x in (y, g)]  # fmt: skip
    turn_u, turn_v = turned(u) @ to_u, turned(v) @ to_v
    turn_u, turn_v = turn_u - turned(turn_u), turn_v - turned(turn_v)
    inner = chain((turn_u + turn_v) * 0.5, reciprocal_gaps(s))
    sums = s + turned(s) + identity(turned(s))  # no turn has a diagonal
    inner = inner + chain((turn_u - turn_v) * 0.5, reciprocal(sums, s))
    slope = u @ (from_diagonal(rows_as_vector(to_s)) + inner) @ turned(v)
    if m > v.shape[0]:
        slope = slope + chain(to_u - u @ (turned(u) @ to_u), reciprocal(s, s)) @ turned(v)
    if m < v.shape[0]:
        slope = slope + u @ turned(chain(to_v - v @ (turned(v) @ to_v), reciprocal(s, s)))
    return (slope,)


# ---- exponential --------------------------------------------------------------------------------


@Primitive
def expm(a: Any) -> Any:
    """The matrix exponential 1 + a + a²/2! + a³/3! + …"""
    return xp(a).expm(a)


@expm.gradients("a")
def _(g: Any, a: Any) -> tuple[Any]:
    # exp [b g; 0 b] has exp b twice on its diagonal and, above it, the derivative of exp at b in
    # the direction g. The adjoint of the derivative at a is the derivative at b = aᵀ.
    n, b = a.shape[0], turned(a)
    upper, lower = concatenate(b, g, axis=1), concatenate(b * 0.0, b, axis=1)
    twice = expm(concatenate(upper, lower, axis=0))
    return (take(twice, index=(slice(n), slice(n, None))),)
