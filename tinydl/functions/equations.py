"""Systems of equations, inverse and determinant, of matrices without labels."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import numbers_too
from tinydl.functions.matrix import both, ctranspose, matrix
from tinydl.labels import dlarray
from tinydl.primitives import contract, elementwise, linear_algebra
from tinydl.primitives.shape import put, reshape, take


@numbers_too
def mldivide(A: Any, B: Any) -> Any:
    """A \\ B: the X with A X = B. A single number A divides B.

    For a square A by elimination; if A is singular a RuntimeWarning is given and the result is
    Inf, or inaccurate if A is only close to singular. For a taller A the X with the least
    |A X − B|, column by column. For a wider A the X with as many nonzero rows as A has rows, those
    that stand for the most independent columns, as in MATLAB. A rectangular A must have full rank;
    there is a ValueError otherwise.

    Example:
        >>> from tinydl import mldivide
        >>> mldivide([[2, 0], [0, 4]], [[2], [8]])
        array([[1.],
               [2.]])
    """
    return _divided(*both(A, B, "mldivide"), "mldivide")


@numbers_too
def mrdivide(B: Any, A: Any) -> Any:
    """B / A: the X with X A = B, found as mldivide(transpose(A), transpose(B)) transposed.

    Example:
        >>> from tinydl import mrdivide
        >>> mrdivide([[2, 8]], [[2, 0], [0, 4]])
        array([[1., 2.]])
    """
    b, a = both(B, A, "mrdivide", ("B", "A"))
    if not _is_number(a):
        a, b = [contract.turned(matrix(dlarray._make(x, ""), "mrdivide", argument))
                for x, argument in ((a, "A"), (b, "B"))]  # fmt: skip
        return ctranspose(_divided(a, b, "mrdivide"))
    return _divided(a, b, "mrdivide")


def _is_number(x: Any) -> bool:
    return all([n == 1 for n in x.shape])


def _divided(a: Any, b: Any, caller: str) -> dlarray:
    if _is_number(a):
        return dlarray._make(elementwise.divide(b, reshape(a, shape=(), order="C")), "")
    for value, argument in ((a, "A"), (b, "B")):
        matrix(dlarray._make(value, ""), caller, argument)
    if a.shape[0] != b.shape[0]:
        side = "rows" if caller == "mldivide" else "columns"
        raise ValueError(f"{caller}: A and B have {a.shape[0]} and {b.shape[0]} {side}; "
                         "equal numbers are needed")  # fmt: skip
    if a.shape[0] == a.shape[1]:
        return dlarray._make(linear_algebra.solve(a, b), "")
    return dlarray._make(_rectangular(a, b, caller), "")


def _rectangular(a: Any, b: Any, caller: str) -> Any:
    order, rank = xp(plain(a)).pivoted_columns(plain(a))
    rows, columns = a.shape
    if rank < min(rows, columns):
        raise ValueError(
            f"{caller}: A has the rank {rank} only, and {min(rows, columns)} is needed: more than "
            "one X is best, and the choice has no derivative"
        )
    if rows > columns:
        return linear_algebra.least_squares(a, b)
    chosen = xp(plain(a)).asarray(order[:rows])
    part = linear_algebra.solve(take(a, index=(slice(None), chosen)), b)
    zeros = xp(plain(b)).zeros((columns, b.shape[1]), b.dtype)
    return put(zeros, part, index=(chosen,))


@numbers_too
def inv(A: Any) -> Any:
    """The inverse of a square matrix.

    A singular matrix gives Inf and a RuntimeWarning, as in MATLAB; one that is close to singular
    gives the warning. To solve A X = B use mldivide(A, B), which is faster and more exact.

    Example:
        >>> from tinydl import inv
        >>> inv([[2, 0], [0, 4]])
        array([[0.5 , 0.  ],
               [0.  , 0.25]])
    """
    return dlarray._make(linear_algebra.inverse(matrix(A, "inv", square=True)), "")


@numbers_too
def det(A: Any) -> Any:
    """The determinant of a square matrix, a number.

    Its derivatives of every order hold at singular matrices as well; the first one is the matrix
    of cofactors.

    Example:
        >>> from tinydl import det
        >>> float(det([[2, 0], [0, 4]]))
        8.0
    """
    return dlarray._make(linear_algebra.det(matrix(A, "det", square=True)), "")
