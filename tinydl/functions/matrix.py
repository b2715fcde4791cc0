"""Matrices: products page by page, other products, parts.

The arrays have no labels: a labelled dimension is no row or column. ``stripdims`` removes labels.
"""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import axes, numbers_too, one_of
from tinydl.functions.reduce import sum
from tinydl.functions.shape import reshape
from tinydl.labels import align, dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import binary, value_and_format
from tinydl.labels.classes import arithmetic
from tinydl.primitives import contract, elementwise, linear_algebra
from tinydl.primitives.shape import reshape as _reshape

TRANSPOSED = ("none", "transpose", "ctranspose")


def unlabelled(X: Any, caller: str, argument: str, beside: tuple[Any, ...] = ()) -> Any:
    """The value of an array without labels, single or double."""
    value, fmt = value_and_format(X, f"{caller}: {argument}", beside)
    if fmt:
        raise ValueError(
            f"{caller}: {argument} is {formats.describe(fmt, value.shape)}; labelled arrays are "
            "not matrices: use stripdims(X), and dlarray(Y, format) on the result"
        )
    return arithmetic(value)


def matrix(X: Any, caller: str, argument: str = "A", square: bool = False) -> Any:
    """The value of a matrix without labels."""
    value = unlabelled(X, caller, argument)
    if value.ndim != 2 or (square and value.shape[0] != value.shape[1]):
        needed = "a square matrix" if square else "a matrix"
        way = "; say which way it lies: v[:, None] or v[None, :]" if value.ndim == 1 else ""
        raise ValueError(
            f"{caller}: {argument} is {formats.describe('', value.shape)}; {needed} is needed{way}"
        )
    return value


def both(A: Any, B: Any, caller: str, names: tuple[str, str] = ("A", "B")) -> tuple[Any, Any]:
    """The values of two arrays without labels, in one class and on one device."""
    a = unlabelled(A, caller, names[0], beside=(B,))
    b = unlabelled(B, caller, names[1], beside=(A,))
    return align.classes(a, b, names)


# ---- pages --------------------------------------------------------------------------------------


@numbers_too
def pagemtimes(A: Any, *others: Any) -> Any:
    """The matrix products of pages: ``pagemtimes(A, B)``, or with transposed pages
    ``pagemtimes(A, transpA, B, transpB)``.

    The first two dimensions are the matrices, the others number the pages. Pages are matched by
    position, and one page is repeated for many. transpA and transpB are "none", "transpose" or
    "ctranspose", which is the same for real numbers. The result has one matrix a page.

    Example:
        >>> from tinydl import ones, pagemtimes, size
        >>> size(pagemtimes(ones(2, 3, 5), ones(3, 4)))
        (2, 4, 5)
        >>> pagemtimes([[1, 2]], "none", [[3, 4]], "transpose")
        array([[11.]])
    """
    if len(others) not in (1, 3):
        raise TypeError("pagemtimes: write pagemtimes(A, B) or pagemtimes(A, transpA, B, transpB)")
    turn_a, B, turn_b = ("none", others[0], "none") if len(others) == 1 else others
    a, b = both(A, B, "pagemtimes")
    for value, argument in ((a, "A"), (b, "B")):
        if value.ndim < 2:
            raise ValueError(
                f"pagemtimes: {argument} is {formats.describe('', value.shape)}; pages of "
                "matrices have two dimensions or more: v[:, None] is a column, v[None, :] is a row"
            )
    rank = max(a.ndim, b.ndim)
    a, b = [_reshape(x, shape=(*x.shape, *(1,) * (rank - x.ndim)), order="C") for x in (a, b)]
    a = _turned(a, turn_a, "transpA")
    b = _turned(b, turn_b, "transpB")
    pages = zip(a.shape[2:], b.shape[2:], strict=True)
    if a.shape[1] != b.shape[0] or any([m != n and 1 not in (m, n) for m, n in pages]):
        raise ValueError(
            f"pagemtimes: sizes do not fit: {formats.describe('', a.shape)} times "
            f"{formats.describe('', b.shape)}; inner sizes must be equal, and numbers of pages "
            "equal or 1"
        )
    return dlarray._make(contract.pagemtimes(a, b), "")


def _turned(x: Any, turn: Any, argument: str) -> Any:
    is_turned = one_of(turn, TRANSPOSED, argument, "pagemtimes") != "none"
    return contract.pages_turned(x) if is_turned else x


@numbers_too
def pagetranspose(X: Any) -> Any:
    """The first two dimensions exchanged, on every page.

    Example:
        >>> from tinydl import ones, pagetranspose, size
        >>> size(pagetranspose(ones(2, 3, 5)))
        (3, 2, 5)
    """
    value = unlabelled(X, "pagetranspose", "X")
    if value.ndim < 2:
        raise ValueError("pagetranspose: X needs two dimensions or more; v[None, :] is a row")
    return dlarray._make(contract.pages_turned(value), "")


@numbers_too
def pagectranspose(X: Any) -> Any:
    """The same as pagetranspose: the numbers are real.

    Example:
        >>> from tinydl import ones, pagectranspose, size
        >>> size(pagectranspose(ones(2, 3, 5)))
        (3, 2, 5)
    """
    return pagetranspose(X)


@numbers_too
def ctranspose(X: Any) -> Any:
    """Rows and columns exchanged; the same as transpose, since the numbers are real.

    Example:
        >>> from tinydl import ctranspose
        >>> ctranspose([[1, 2]])
        array([[1.],
               [2.]])
    """
    return dlarray._make(contract.turned(matrix(X, "ctranspose", "X")), "")


# ---- other products -----------------------------------------------------------------------------


@numbers_too
def dot(A: Any, B: Any, dim: str | None = None, *, axis: Any = None) -> Any:
    """Σ A B along a dimension, of arrays of equal sizes; of two vectors lying any way a number.

    The dimension is a label, ``dot(X, Y, "C")``, or a position, ``dot(A, B, axis=0)``.

    Example:
        >>> from tinydl import dot
        >>> dot([1, 2, 3], [4, 5, 6])
        array(32.)
        >>> dot([[1, 2], [3, 4]], [[1, 2], [3, 4]], axis=0)
        array([[10., 20.]])
    """
    (a, a_format), (b, b_format) = value_and_format(A, "A", (B,)), value_and_format(B, "B", (A,))
    A, B = dlarray._make(a, a_format), dlarray._make(b, b_format)
    if not a_format and not b_format and dim is None and axis is None:
        A, B = [reshape(x, -1) if _is_vector(x) else x for x in (A, B)]
    if A.shape != B.shape or (a_format and b_format and a_format != b_format):
        raise ValueError(
            f"dot: {formats.describe(a_format, a.shape)} and "
            f"{formats.describe(b_format, b.shape)}; equal sizes and formats are needed"
        )
    product = binary(elementwise.multiply, A, B)
    axes(product, dim, axis, "dot")  # an error about the dimension names this function
    return sum(product, dim, axis=axis)


def _is_vector(X: dlarray) -> bool:
    return len([n for n in X.shape if n != 1]) == 1


@numbers_too
def kron(A: Any, B: Any) -> Any:
    """Kronecker's product: every element of a matrix A times the matrix B, block by block.

    Example:
        >>> from tinydl import kron
        >>> kron([[1, 2]], [[1], [10]])
        array([[ 1.,  2.],
               [10., 20.]])
    """
    a, b = both(A, B, "kron")
    for value, argument in ((a, "A"), (b, "B")):
        matrix(dlarray._make(value, ""), "kron", argument)
    return dlarray._make(contract.kron(a, b), "")


# ---- parts --------------------------------------------------------------------------------------


@numbers_too
def trace(A: Any) -> Any:
    """The sum of the diagonal of a square matrix.

    Example:
        >>> from tinydl import trace
        >>> trace([[1, 2], [3, 4]])
        array(5.)
    """
    return dlarray._make(linear_algebra.trace(matrix(A, "trace", square=True)), "")


@numbers_too
def diag(X: Any, k: int = 0) -> Any:
    """Diagonal k of a matrix as a column, or the square matrix with a vector on its diagonal k.

    k = 0 is the main diagonal, positive above it, negative below. One dimension, one row or one
    column make a vector.

    Example:
        >>> from tinydl import diag
        >>> diag([[1, 2], [3, 4]])
        array([[1.],
               [4.]])
        >>> diag([1, 2])
        array([[1., 0.],
               [0., 2.]])
    """
    k = _whole(k, "diag")
    value = unlabelled(X, "diag", "X")
    if value.ndim == 1 or (value.ndim == 2 and 1 in value.shape):
        vector = _reshape(value, shape=(-1,), order="C")
        return dlarray._make(linear_algebra.from_diagonal(vector, k), "")
    found = linear_algebra.diagonal(matrix(X, "diag", "X"), k)
    return dlarray._make(_reshape(found, shape=(found.shape[0], 1), order="C"), "")


@numbers_too
def tril(X: Any, k: int = 0) -> Any:
    """A matrix with 0 above its diagonal k.

    Example:
        >>> from tinydl import tril
        >>> tril([[1, 2], [3, 4]])
        array([[1., 0.],
               [3., 4.]])
    """
    return dlarray._make(linear_algebra.tril(matrix(X, "tril", "X"), k=_whole(k, "tril")), "")


@numbers_too
def triu(X: Any, k: int = 0) -> Any:
    """A matrix with 0 below its diagonal k.

    Example:
        >>> from tinydl import triu
        >>> triu([[1, 2], [3, 4]])
        array([[1., 2.],
               [0., 4.]])
    """
    return dlarray._make(linear_algebra.triu(matrix(X, "triu", "X"), k=_whole(k, "triu")), "")


def _whole(k: Any, caller: str) -> int:
    if isinstance(k, bool) or not hasattr(k, "__index__"):
        raise ValueError(f"{caller}: k numbers a diagonal, a whole number, not {k!r}")
    return int(k)
