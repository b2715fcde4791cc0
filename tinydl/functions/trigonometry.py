"""Circular functions of angles in radians, their inverses, and the right-angled triangle.

Where the real number that is asked for does not exist, as for acos(2), the result is NaN.
"""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import numbers_too
from tinydl.labels.apply import binary, unary
from tinydl.primitives import circular, elementwise


@numbers_too
def sin(X: Any) -> Any:
    """The sine of an angle in radians.

    Example:
        >>> from tinydl import sin
        >>> sin([0.0])
        array([0.])
    """
    return unary(elementwise.sin, X)


@numbers_too
def cos(X: Any) -> Any:
    """The cosine of an angle in radians.

    Example:
        >>> from tinydl import cos
        >>> cos([0.0])
        array([1.])
    """
    return unary(elementwise.cos, X)


@numbers_too
def tan(X: Any) -> Any:
    """The tangent of an angle in radians.

    Example:
        >>> from tinydl import tan
        >>> tan([0.0])
        array([0.])
    """
    return unary(elementwise.tan, X)


@numbers_too
def sec(X: Any) -> Any:
    """The secant, 1 / cos x.

    Example:
        >>> from tinydl import sec
        >>> sec([0.0])
        array([1.])
    """
    return unary(circular.sec, X)


@numbers_too
def csc(X: Any) -> Any:
    """The cosecant, 1 / sin x.

    Example:
        >>> from tinydl import csc
        >>> csc([1.5708]).round(4)
        array([1.])
    """
    return unary(circular.csc, X)


@numbers_too
def cot(X: Any) -> Any:
    """The cotangent, 1 / tan x.

    Example:
        >>> from tinydl import cot
        >>> cot([1.0]).round(4)
        array([0.6421])
    """
    return unary(circular.cot, X)


@numbers_too
def asin(X: Any) -> Any:
    """The angle in radians whose sine is x.

    Example:
        >>> from tinydl import asin
        >>> asin([0.0])
        array([0.])
    """
    return unary(elementwise.asin, X)


@numbers_too
def acos(X: Any) -> Any:
    """The angle in radians whose cosine is x.

    Example:
        >>> from tinydl import acos
        >>> acos([1.0])
        array([0.])
    """
    return unary(elementwise.acos, X)


@numbers_too
def atan(X: Any) -> Any:
    """The angle in radians whose tangent is x.

    Example:
        >>> from tinydl import atan
        >>> atan([0.0])
        array([0.])
    """
    return unary(elementwise.atan, X)


@numbers_too
def asec(X: Any) -> Any:
    """The angle in radians whose secant is x: acos(1/x).

    Example:
        >>> from tinydl import asec
        >>> asec([1.0])
        array([0.])
    """
    return unary(circular.asec, X)


@numbers_too
def acsc(X: Any) -> Any:
    """The angle in radians whose cosecant is x: asin(1/x).

    Example:
        >>> from tinydl import acsc
        >>> acsc([1.0]).round(4)
        array([1.5708])
    """
    return unary(circular.acsc, X)


@numbers_too
def acot(X: Any) -> Any:
    """The angle in radians whose cotangent is x: atan(1/x), which jumps at 0.

    Example:
        >>> from tinydl import acot
        >>> acot([1.0]).round(4)
        array([0.7854])
    """
    return unary(circular.acot, X)


@numbers_too
def atan2(Y: Any, X: Any) -> Any:
    """The angle of the point (X, Y) in radians, from −π to π.

    Both are differentiated. At (0, 0), where the angle jumps, the derivatives are 0.

    Example:
        >>> from tinydl import atan2
        >>> atan2([1.0, 0.0], [0.0, -1.0]).round(4)
        array([1.5708, 3.1416])
    """
    return binary(circular.atan2, Y, X)


@numbers_too
def hypot(A: Any, B: Any) -> Any:
    """√(A² + B²), where the squares may be too large or too small for a number.

    The slopes are A/√(A² + B²) and B/√(A² + B²). At (0, 0) they are 0, as that of abs is at 0.

    Example:
        >>> from tinydl import hypot
        >>> hypot([3.0, 3e200], [4.0, 4e200])
        array([5.e+000, 5.e+200])
    """
    return binary(circular.hypot, A, B)
