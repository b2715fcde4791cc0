"""Element by element: exponentials, logarithms, circular functions, powers, rounding."""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import numbers_too
from tinydl.labels.apply import unary
from tinydl.labels.array import mtimes as _mtimes
from tinydl.labels.array import power as _power
from tinydl.primitives import elementwise


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
def exp(X: Any) -> Any:
    """eˣ.

    Example:
        >>> from tinydl import exp
        >>> exp([0.0, 1.0]).round(4)
        array([1.    , 2.7183])
    """
    return unary(elementwise.exp, X)


@numbers_too
def expm1(X: Any) -> Any:
    """eˣ − 1, exact for small x.

    Example:
        >>> from tinydl import expm1
        >>> expm1([1e-20])
        array([1.e-20])
    """
    return unary(elementwise.expm1, X)


@numbers_too
def log(X: Any) -> Any:
    """The natural logarithm.

    Example:
        >>> from tinydl import log
        >>> log([1.0])
        array([0.])
    """
    return unary(elementwise.log, X)


@numbers_too
def log1p(X: Any) -> Any:
    """log(1 + x), exact for small x.

    Example:
        >>> from tinydl import log1p
        >>> log1p([1e-20])
        array([1.e-20])
    """
    return unary(elementwise.log1p, X)


@numbers_too
def sqrt(X: Any) -> Any:
    """The square root.

    Example:
        >>> from tinydl import sqrt
        >>> sqrt([4.0, 9.0])
        array([2., 3.])
    """
    return unary(elementwise.sqrt, X)


@numbers_too
def erf(X: Any) -> Any:
    """The error function 2/√π ∫₀ˣ exp(−t²) dt.

    Example:
        >>> from tinydl import erf
        >>> erf([0.5]).round(4)
        array([0.5205])
    """
    return unary(elementwise.erf, X)


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
def sinh(X: Any) -> Any:
    """The hyperbolic sine.

    Example:
        >>> from tinydl import sinh
        >>> sinh([0.0])
        array([0.])
    """
    return unary(elementwise.sinh, X)


@numbers_too
def cosh(X: Any) -> Any:
    """The hyperbolic cosine.

    Example:
        >>> from tinydl import cosh
        >>> cosh([0.0])
        array([1.])
    """
    return unary(elementwise.cosh, X)


@numbers_too
def tanh(X: Any) -> Any:
    """The hyperbolic tangent.

    Example:
        >>> from tinydl import tanh
        >>> tanh([0.0])
        array([0.])
    """
    return unary(elementwise.tanh, X)


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
def mtimes(A: Any, B: Any) -> Any:
    """The matrix product A @ B of arrays without labels; with a number, its multiple.

    Example:
        >>> from tinydl import mtimes
        >>> mtimes([[1.0, 2.0]], [[3.0], [4.0]])
        array([[11.]])
    """
    return _mtimes(A, B)
