"""Magnitude, sign and angle; real and imaginary parts, of arrays that are always real.

tinydl has no complex arrays. Programs that treat both alike find here what MATLAB gives for real
ones.
"""

from __future__ import annotations

from typing import Any

from tinydl.backend import is_array
from tinydl.functions.arguments import numbers_too
from tinydl.labels import dlarray
from tinydl.labels.apply import binary, unary
from tinydl.labels.classes import as_array
from tinydl.primitives import circular, elementwise, steps


@numbers_too
def abs(X: Any) -> Any:
    """The absolute value; its derivative at 0 is 0.

    Example:
        >>> from tinydl import abs
        >>> abs([-2.0, 3.0])
        array([2., 3.])
    """
    return unary(elementwise.abs, X)


@numbers_too
def sign(X: Any) -> Any:
    """−1, 0 or 1; its derivative is 0.

    Example:
        >>> from tinydl import sign
        >>> sign([-2.0, 0.0])
        array([-1.,  0.])
    """
    return unary(elementwise.sign, X)


@numbers_too
def angle(X: Any) -> Any:
    """The phase angle in radians: 0 of positive numbers, π of negative ones. Its derivative is 0.

    Example:
        >>> from tinydl import angle
        >>> angle([2.0, -3.0]).round(4)
        array([0.    , 3.1416])
    """
    return binary(circular.atan2, 0.0, X)


@numbers_too
def real(X: Any) -> Any:
    """The real part, which is X itself.

    Example:
        >>> from tinydl import real
        >>> real([1.0, 2.0])
        array([1., 2.])
    """
    return unary(elementwise.identity, X)


@numbers_too
def imag(X: Any) -> Any:
    """The imaginary part, which is 0 everywhere; so is its derivative.

    Example:
        >>> from tinydl import imag
        >>> imag([1.0, 2.0])
        array([0., 0.])
    """
    return unary(steps.imag, X)


@numbers_too
def conj(X: Any) -> Any:
    """The complex conjugate, which is X itself.

    Example:
        >>> from tinydl import conj
        >>> conj([1.0, 2.0])
        array([1., 2.])
    """
    return unary(elementwise.identity, X)


def isreal(X: Any) -> bool:
    """Whether X is an array of real numbers, as every dlarray is.

    A complex NumPy array or number gives False; what is no array of numbers raises TypeError.

    Example:
        >>> from tinydl import dlarray, isreal
        >>> isreal(dlarray([1.0, 2.0])), isreal(1j)
        (True, False)
    """
    if isinstance(X, complex):
        return False
    if is_array(X) and X.dtype.kind in "iufcb":
        return X.dtype.kind != "c"
    return isinstance(X, dlarray) or is_array(as_array(X, "isreal: X"))
