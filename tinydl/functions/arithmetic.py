"""Arithmetic under MATLAB's names: plus(A, B) is A + B, and so on.

Formats, expansion of dimensions and classes are those of the operators.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import numbers_too
from tinydl.labels.apply import binary, operands, unary
from tinydl.labels.array import mtimes as _mtimes
from tinydl.labels.array import power as _power
from tinydl.primitives import elementwise


@numbers_too
def uplus(A: Any) -> Any:
    """+A.

    Example:
        >>> from tinydl import uplus
        >>> uplus([1.0, -2.0])
        array([ 1., -2.])
    """
    return unary(elementwise.identity, A)


@numbers_too
def uminus(A: Any) -> Any:
    """−A.

    Example:
        >>> from tinydl import uminus
        >>> uminus([1.0, -2.0])
        array([-1.,  2.])
    """
    return unary(elementwise.negative, A)


@numbers_too
def plus(A: Any, B: Any) -> Any:
    """A + B.

    Example:
        >>> from tinydl import plus
        >>> plus([1.0, 2.0], 3)
        array([4., 5.])
    """
    return binary(elementwise.add, A, B)


@numbers_too
def minus(A: Any, B: Any) -> Any:
    """A − B.

    Example:
        >>> from tinydl import minus
        >>> minus([1.0, 2.0], 3)
        array([-2., -1.])
    """
    return binary(elementwise.subtract, A, B)


@numbers_too
def times(A: Any, B: Any) -> Any:
    """A · B element by element, the same as A * B.

    Example:
        >>> from tinydl import times
        >>> times([1.0, 2.0], 3)
        array([3., 6.])
    """
    return binary(elementwise.multiply, A, B)


@numbers_too
def rdivide(A: Any, B: Any) -> Any:
    """A / B element by element.

    Example:
        >>> from tinydl import rdivide
        >>> rdivide([1.0, 2.0], 4)
        array([0.25, 0.5 ])
    """
    return binary(elementwise.divide, A, B)


@numbers_too
def ldivide(A: Any, B: Any) -> Any:
    """B / A element by element: A stands below, as in MATLAB's A .\\ B.

    Example:
        >>> from tinydl import ldivide
        >>> ldivide([1.0, 2.0], 4)
        array([4., 2.])
    """
    return binary(elementwise.divide, B, A)


@numbers_too
def power(A: Any, B: Any) -> Any:
    """Aᴮ element by element, the same as A ** B.

    Both are differentiated; a number as exponent has a rule of its own, which is exact at A = 0.

    Example:
        >>> from tinydl import power
        >>> power([2.0, 3.0], 2)
        array([4., 9.])
    """
    return _power(A, B)


@numbers_too
def realpow(A: Any, B: Any) -> Any:
    """Aᴮ element by element, where all results are real numbers.

    Raises ValueError where a negative number meets an exponent that is not whole; power gives NaN
    there.

    Example:
        >>> from tinydl import realpow
        >>> realpow([-2.0, 4.0], [3.0, 0.5])
        array([-8.,  2.])
    """
    base, exponent, _ = operands(A, B)
    base, exponent = plain(base), plain(exponent)
    with xp(base).quiet():
        Y = _power(A, B)
    y = plain(Y._value)
    is_complex = (y != y) & (base == base) & (exponent == exponent)  # NaN made of two numbers
    if bool(is_complex.any()):
        raise ValueError(
            "realpow: a negative element of A meets an exponent that is not whole, and their power "
            "is no real number; nthroot(A, n) gives the real root for odd n"
        )
    return Y


@numbers_too
def mtimes(A: Any, B: Any) -> Any:
    """The matrix product A @ B of arrays without labels; with a number, its multiple.

    Example:
        >>> from tinydl import mtimes
        >>> mtimes([[1.0, 2.0]], [[3.0], [4.0]])
        array([[11.]])
    """
    return _mtimes(A, B)
