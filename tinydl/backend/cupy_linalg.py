"""Matrix functions on CuPy, under the names of ``numpy_linalg``.

They wait for the GPU: whether a matrix is singular, or not positive definite, is asked there.
"""

from __future__ import annotations

import warnings
from typing import Any

import cupy
from cupyx import errstate
from cupyx.scipy import linalg as more

from tinydl.backend import numpy_linalg
from tinydl.backend.numpy_linalg import by_squares, exchanged, precision, warn_if_singular


def _norm(a: Any) -> float:
    """The largest sum of sizes in a column."""
    return float(cupy.abs(a).sum(axis=0).max()) if a.size else 0.0


def inverse(a: Any) -> Any:
    """a⁻¹; Inf with a warning where a is singular."""
    if a.size == 0:
        return a.copy()
    return _checked(a, cupy.linalg.inv(a))[0]


def solve(a: Any, b: Any) -> Any:
    """a⁻¹ b by elimination with exchange of rows; Inf with a warning where a is singular."""
    if b.size == 0:
        return cupy.zeros(b.shape, b.dtype)
    _, is_singular = _checked(a, cupy.linalg.inv(a))  # there is no estimate of the condition
    return cupy.full(b.shape, cupy.inf, b.dtype) if is_singular else cupy.linalg.solve(a, b)


def _checked(a: Any, inverted: Any) -> tuple[Any, bool]:
    """The inverse, or Inf and a warning if there is none; and whether there is none."""
    is_singular = not bool(cupy.isfinite(inverted).all())
    rcond = 0.0 if is_singular else 1.0 / (_norm(a) * _norm(inverted))
    warn_if_singular(rcond, precision(a.dtype))
    return (cupy.full_like(a, cupy.inf) if is_singular else inverted), is_singular


def determinant(a: Any) -> Any:
    """The determinant, by elimination: the product of the pivots, and −1 for each exchange."""
    if a.size == 0:
        return cupy.ones((), a.dtype)
    factors, pivots = _eliminated(a)
    exchanges = (pivots != cupy.arange(len(a))).sum()
    return cupy.prod(cupy.diag(factors)) * (1.0 - 2.0 * (exchanges % 2)).astype(a.dtype)


def svd(a: Any) -> tuple[Any, Any, Any]:
    """Orthonormal columns u, the singular values s from the largest on, and orthonormal rows vt."""
    u, s, vt = cupy.linalg.svd(a, full_matrices=False)
    return u, s, vt


def eigh(a: Any) -> tuple[Any, Any]:
    """The eigenvalues of a symmetric matrix in ascending order, and its eigenvectors as columns."""
    w, v = cupy.linalg.eigh(a)
    return w, v


def cholesky(a: Any) -> Any:
    """The lower triangular l with l lᵀ = a, of which the lower triangle is read."""
    try:
        with errstate(linalg="raise"):
            return cupy.linalg.cholesky(a)
    except cupy.linalg.LinAlgError:
        numpy_linalg.cholesky(a.get())  # raises an error that says more
        raise


def indefinite_from(a: Any) -> int:
    """The order of the first leading minor of a symmetric matrix that is not > 0, or 0."""
    return numpy_linalg.indefinite_from(a.get())


def lu(a: Any) -> tuple[Any, list[int]]:
    """L (without its ones) and U of a square matrix in one, and which row of a each row is."""
    if a.size == 0:
        return a.copy(), []
    factors, pivots = _eliminated(a)
    return cupy.ascontiguousarray(factors), exchanged(pivots.get().tolist())


def _eliminated(a: Any) -> tuple[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a singular matrix has factors too
        return more.lu_factor(a, check_finite=False)


def expm(a: Any) -> Any:
    """The matrix exponential."""
    return by_squares(more.expm, a)


def pivoted_columns(a: Any) -> tuple[Any, int]:
    """Columns in an order in which the first are the most independent, and how many are."""
    return numpy_linalg.pivoted_columns(a.get())  # CuPy has no decomposition with pivots


def least_squares(a: Any, b: Any) -> Any:
    """The x with the least |a x − b|, column by column; the columns of a are independent."""
    q, r = cupy.linalg.qr(a)
    return cupy.ascontiguousarray(more.solve_triangular(r, q.T @ b))


def least_norm(a: Any, c: Any) -> Any:
    """The shortest z with aᵀ z = c, column by column; the columns of a are independent."""
    q, r = cupy.linalg.qr(a)
    return q @ more.solve_triangular(r, c, trans="T")
