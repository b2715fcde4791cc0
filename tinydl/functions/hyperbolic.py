"""Hyperbolic functions and their inverses.

Where the real number that is asked for does not exist, as for atanh(2), the result is NaN.
"""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import numbers_too
from tinydl.labels.apply import unary
from tinydl.primitives import elementwise, hyperbolic


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
def sech(X: Any) -> Any:
    """The hyperbolic secant, 1 / cosh x.

    Example:
        >>> from tinydl import sech
        >>> sech([0.0])
        array([1.])
    """
    return unary(hyperbolic.sech, X)


@numbers_too
def csch(X: Any) -> Any:
    """The hyperbolic cosecant, 1 / sinh x.

    Example:
        >>> from tinydl import csch
        >>> csch([1.0]).round(4)
        array([0.8509])
    """
    return unary(hyperbolic.csch, X)


@numbers_too
def coth(X: Any) -> Any:
    """The hyperbolic cotangent, 1 / tanh x.

    Example:
        >>> from tinydl import coth
        >>> coth([1.0]).round(4)
        array([1.313])
    """
    return unary(hyperbolic.coth, X)


@numbers_too
def asinh(X: Any) -> Any:
    """The number whose hyperbolic sine is x.

    Example:
        >>> from tinydl import asinh
        >>> asinh([0.0])
        array([0.])
    """
    return unary(hyperbolic.asinh, X)


@numbers_too
def acosh(X: Any) -> Any:
    """The number from 0 on whose hyperbolic cosine is x; x is 1 or more.

    Example:
        >>> from tinydl import acosh
        >>> acosh([1.0])
        array([0.])
    """
    return unary(hyperbolic.acosh, X)


@numbers_too
def atanh(X: Any) -> Any:
    """The number whose hyperbolic tangent is x, which lies between −1 and 1.

    Example:
        >>> from tinydl import atanh
        >>> atanh([0.5]).round(4)
        array([0.5493])
    """
    return unary(hyperbolic.atanh, X)


@numbers_too
def asech(X: Any) -> Any:
    """The number from 0 on whose hyperbolic secant is x: acosh(1/x).

    Example:
        >>> from tinydl import asech
        >>> asech([1.0])
        array([0.])
    """
    return unary(hyperbolic.asech, X)


@numbers_too
def acsch(X: Any) -> Any:
    """The number whose hyperbolic cosecant is x: asinh(1/x).

    Example:
        >>> from tinydl import acsch
        >>> acsch([1.0]).round(4)
        array([0.8814])
    """
    return unary(hyperbolic.acsch, X)


@numbers_too
def acoth(X: Any) -> Any:
    """The number whose hyperbolic cotangent is x: atanh(1/x), for |x| of 1 or more.

    Example:
        >>> from tinydl import acoth
        >>> acoth([2.0]).round(4)
        array([0.5493])
    """
    return unary(hyperbolic.acoth, X)
