"""Decompositions of a matrix: chol, lu, eig, svd; the exponential expm.

They take matrices without labels, and are differentiated to every order. Vectors are determined up
to their sign only; here the largest element of an eigenvector, or left singular vector, is > 0.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import numbers_too, one_of, outputs
from tinydl.functions.matrix import matrix
from tinydl.labels import dlarray
from tinydl.primitives import decompose
from tinydl.primitives.contract import turned
from tinydl.primitives.linear_algebra import from_diagonal, tril, triu
from tinydl.primitives.shape import take


@numbers_too
def chol(A: Any, triangle: str = "upper", *, nargout: int = 1) -> Any:
    """Cholesky's factor of a symmetric positive definite matrix: upper triangular, A = Rᵀ R.

    With "lower" it is the lower triangular L, A = L Lᵀ. Only that triangle of A is read, and it
    alone gets a derivative. ValueError if A is not positive definite. nargout=2 raises nothing and
    gives a flag beside the factor: 0, or the order q of the first leading minor that is not
    positive; the factor is then that of the first q − 1 rows and columns.

    Example:
        >>> from tinydl import chol
        >>> chol([[4, 2], [2, 5]])
        array([[2., 1.],
               [0., 2.]])
    """
    is_lower = one_of(triangle, ("upper", "lower"), "the triangle", "chol") == "lower"
    value = matrix(A, "chol", square=True)
    lower = tril(value) if is_lower else turned(triu(value))
    symmetric = lower + turned(tril(lower, k=-1))
    flag = 0
    if outputs(nargout, 2, "chol") == 2:
        flag = xp(plain(value)).indefinite_from(plain(symmetric))
    if flag:
        part = slice(flag - 1)
        symmetric = take(symmetric, index=(part, part))
    factor = decompose.cholesky(symmetric)
    R = dlarray._make(factor if is_lower else turned(factor), "")
    return (R, flag) if nargout == 2 else R


@numbers_too
def lu(A: Any, *, nargout: int = 1) -> Any:
    """Elimination with exchange of rows: a lower and an upper triangular factor of a square matrix.

    nargout=2 gives L and U with A = L U, where L has its rows exchanged; nargout=3 gives L, U and
    the permutation P, with P A = L U. nargout=1 gives L + U − 1 of the latter. The exchanges are
    constants to derivatives.

    Example:
        >>> from tinydl import lu
        >>> L, U, P = lu([[1, 2], [2, 8]], nargout=3)
        >>> L
        array([[1. , 0. ],
               [0.5, 1. ]])
        >>> U
        array([[ 2.,  8.],
               [ 0., -2.]])
        >>> P
        array([[0., 1.],
               [1., 0.]])
    """
    value = matrix(A, "lu", square=True)
    count, n = outputs(nargout, 3, "lu"), value.shape[0]
    packed = decompose.lu(value)
    factors, order = take(packed, index=(slice(None), slice(n))), decompose.row_order(packed)
    if count == 1:
        return dlarray._make(factors, "")
    one = decompose.identity(packed)
    L, U, P = tril(factors, k=-1) + one, triu(factors), one[order]
    if count == 2:
        return dlarray._make(P.T @ L, ""), dlarray._make(U, "")
    return dlarray._make(L, ""), dlarray._make(U, ""), dlarray._make(P, "")


@numbers_too
def eig(A: Any, *, nargout: int = 1) -> Any:
    """The eigenvalues of a symmetric matrix in ascending order, as a column.

    nargout=2 gives V, D with A V = V D: the eigenvectors of length 1 as columns, and the
    eigenvalues on the diagonal of D. A is symmetric up to rounding; other matrices have complex
    eigenvalues in general and raise a ValueError.

    Between equal eigenvalues no eigenvector is determined: first derivatives of the eigenvectors,
    and second derivatives of the eigenvalues, are Inf or NaN there.

    Example:
        >>> from tinydl import eig
        >>> eig([[3, 0], [0, 1]])
        array([[1.],
               [3.]])
    """
    value = matrix(A, "eig", square=True)
    _check_symmetric(plain(value))
    packed = decompose.eigh(value)
    values = decompose.rows(packed, -1)
    if outputs(nargout, 2, "eig") == 1:
        return dlarray._make(turned(values), "")
    D = from_diagonal(decompose.rows_as_vector(values))
    return dlarray._make(decompose.rows(packed, 0, -1), ""), dlarray._make(D, "")


def _check_symmetric(a: Any) -> None:
    size, off = float(decompose.largest(a)), float(decompose.largest(a - a.T))
    if off > 10 * a.shape[0] * xp(a).precision(a.dtype) * size:
        raise ValueError(
            f"eig: A is not symmetric: A and its transpose differ by up to {off:.3g}. Its "
            "eigenvalues are complex in general, and complex arrays are not supported; what is "
            "meant to be symmetric becomes so by (A + transpose(A)) / 2"
        )


@numbers_too
def svd(A: Any, economy: str = "full", *, nargout: int = 1) -> Any:
    """The singular values of a matrix from the largest on, as a column.

    nargout=3 gives U, S, V with A = U S Vᵀ: columns of length 1 at right angles, and the singular
    values on the diagonal of S. A matrix that is not square needs svd(A, "econ", nargout=3), in
    which U and V have as many columns as there are singular values; further ones are not
    determined by A.

    Between equal singular values no singular vector is determined: first derivatives of the
    vectors, and second derivatives of the values, are Inf or NaN there. So they are at a singular
    value of 0, whose slope has a jump.

    Example:
        >>> from tinydl import svd
        >>> svd([[3, 0], [0, -4]])
        array([[4.],
               [3.]])
    """
    is_full = one_of(economy, ("full", "econ"), "the second argument", "svd") == "full"
    value = matrix(A, "svd")
    m, n = value.shape
    count = outputs(nargout, 3, "svd")
    if count == 2:
        raise ValueError("svd gives 1 or 3 outputs; nargout=2")
    if count == 3 and is_full and m != n:
        raise ValueError(
            f"svd: a {m}×{n} matrix does not determine all columns of U and V; use "
            'svd(A, "econ", nargout=3)'
        )
    packed = decompose.svd(value)
    s = decompose.rows(packed, m, m + 1)
    if count == 1:
        return dlarray._make(turned(s), "")
    S = from_diagonal(decompose.rows_as_vector(s))
    U, V = decompose.rows(packed, 0, m), decompose.rows(packed, m + 1)
    return dlarray._make(U, ""), dlarray._make(S, ""), dlarray._make(V, "")


@numbers_too
def expm(A: Any) -> Any:
    """The matrix exponential 1 + A + A²/2! + A³/3! + … of a square matrix.

    Its derivative is a part of the exponential of a matrix of twice the size, that one's of four
    times: the third derivative takes 512 times as long as the value.

    Example:
        >>> from tinydl import expm
        >>> expm([[0, 1], [0, 0]])
        array([[1., 1.],
               [0., 1.]])
    """
    return dlarray._make(decompose.expm(matrix(A, "expm", square=True)), "")
