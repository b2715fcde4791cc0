"""Matrix functions on NumPy and SciPy: inverses, systems of equations, decompositions.

Each takes one plain matrix. A singular matrix gives Inf with a warning, as in MATLAB; so does one
that is singular to working precision, with the numbers that came out. SciPy is imported when it is
first needed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.backend.dispatch import xp


def warn_if_singular(rcond: float, precision: float) -> None:
    """Warn for the reciprocal condition number of a matrix whose equations have been solved."""
    if not rcond >= precision:  # NaN warns too
        how = "close to singular" if rcond > 0 else "singular to working precision"
        warnings.warn(
            f"the matrix is {how} (reciprocal condition number {rcond:.3g}); the result is "
            "inaccurate, or Inf",
            RuntimeWarning,
            stacklevel=2,
        )


def precision(dtype: Any) -> float:
    """ε, the distance from 1 to the next number of a floating-point class."""
    return float(np.finfo(dtype).eps)


def _norm(a: Any) -> float:
    """The largest sum of sizes in a column."""
    return float(np.abs(a).sum(axis=0).max(initial=0.0))


def _lapack(names: tuple[str, ...], *arrays: Any) -> Any:
    from scipy.linalg import get_lapack_funcs

    return get_lapack_funcs(names, arrays)


def inverse(a: Any) -> Any:
    """a⁻¹; Inf with a warning where a is singular."""
    return solve(a, np.eye(len(a), dtype=a.dtype))


def solve(a: Any, b: Any) -> Any:
    """a⁻¹ b by elimination with exchange of rows; Inf with a warning where a is singular."""
    if b.size == 0:
        return np.zeros(b.shape, np.result_type(a, b))
    getrf, getrs, gecon = _lapack(("getrf", "getrs", "gecon"), a, b)
    factors, pivots, is_singular = getrf(a)
    rcond = 0.0 if is_singular else float(gecon(factors, _norm(a))[0])
    warn_if_singular(rcond, precision(factors.dtype))
    if is_singular:
        return np.full(b.shape, np.inf, factors.dtype)
    return np.ascontiguousarray(getrs(factors, pivots, b)[0])


def determinant(a: Any) -> Any:
    """The determinant, by elimination: the product of the pivots, and −1 for each exchange."""
    if a.size == 0:
        return np.ones((), a.dtype)
    factors, pivots, _ = _lapack(("getrf",), a)[0](a)
    exchanges = int((pivots != np.arange(len(a))).sum())
    return np.prod(np.diag(factors)) * (-1.0) ** exchanges


def svd(a: Any) -> tuple[Any, Any, Any]:
    """Orthonormal columns u, the singular values s from the largest on, and orthonormal rows vt."""
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return u, s, vt


def eigh(a: Any) -> tuple[Any, Any]:
    """The eigenvalues of a symmetric matrix in ascending order, and its eigenvectors as columns."""
    values, vectors = np.linalg.eigh(a)
    return values, vectors


def cholesky(a: Any) -> Any:
    """The lower triangular l with l lᵀ = a, of which the lower triangle is read."""
    order = indefinite_from(a)
    if order > 0:
        raise ValueError(
            f"the matrix is not positive definite: its leading minor of order {order} is not > 0; "
            "chol(A, nargout=2) gives the factor of what comes before, and this order"
        )
    return np.linalg.cholesky(a)


def indefinite_from(a: Any) -> int:
    """The order of the first leading minor of a symmetric matrix that is not > 0, or 0."""
    return int(_lapack(("potrf",), a)[0](a, lower=True)[1]) if a.size else 0


def lu(a: Any) -> tuple[Any, list[int]]:
    """L (without its ones) and U of a square matrix in one, and which row of a each row is."""
    if a.size == 0:
        return a.copy(), []
    factors, pivots, _ = _lapack(("getrf",), a)[0](a)
    return np.ascontiguousarray(factors), exchanged(pivots)


def exchanged(pivots: Any) -> list[int]:
    """The order of rows after row i has been exchanged with row pivots[i], one after the other."""
    order = list(range(len(pivots)))
    for i, j in enumerate(pivots):
        order[i], order[j] = order[j], order[i]
    return order


def expm(a: Any) -> Any:
    """The matrix exponential."""
    from scipy.linalg import expm

    return by_squares(expm, a)


def by_squares(exponential: Callable[[Any], Any], a: Any) -> Any:
    """eᵃ as the power 2ᵏ of e^(a/2ᵏ), which a function is asked for that is exact for small a.

    SciPy's approximation has all digits for matrices up to size 2, and may lack two or three of
    them beyond. The size is ‖a⁴‖^¼. Unlike ‖a‖ it does not take a large element far from the
    diagonal for a large exponential: each square costs digits too.
    """
    with xp(a).quiet():
        square = a @ a
        size = float(abs(square @ square).sum(axis=0).max()) ** 0.25 if a.size else 0.0
        k = math.ceil(math.log2(size / 2)) if 2 < size < math.inf else 0
        y = exponential(a / 2.0**k)
        for _ in range(k):
            y = y @ y
    return y if k == 0 or bool(abs(y).max() < math.inf) else exponential(a)  # without Inf · 0


def pivoted_columns(a: Any) -> tuple[Any, int]:
    """Columns in an order in which the first are the most independent, and how many are.

    By decomposition into an orthonormal and a triangular matrix whose diagonal falls. Diagonal
    elements below max(size) · ε times the first count as 0.
    """
    from scipy.linalg import qr

    r, order = qr(a, mode="r", pivoting=True, check_finite=False)
    diagonal = np.abs(np.diag(r))
    least = max(a.shape) * precision(a.dtype) * diagonal.max(initial=0.0)
    return order, int((diagonal > least).sum())


def least_squares(a: Any, b: Any) -> Any:
    """The x with the least |a x − b|, column by column; the columns of a are independent."""
    from scipy.linalg import solve_triangular

    q, r = np.linalg.qr(a)
    return np.ascontiguousarray(solve_triangular(r, q.T @ b, check_finite=False))


def least_norm(a: Any, c: Any) -> Any:
    """The shortest z with aᵀ z = c, column by column; the columns of a are independent."""
    from scipy.linalg import solve_triangular

    q, r = np.linalg.qr(a)
    return q @ solve_triangular(r, c, trans="T", check_finite=False)
