"""Hyperbolic functions beside sinh, cosh and tanh: reciprocals, and all inverses.

The reciprocals have rules of their own, in which nothing overflows where the result is 0.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.elementwise import abs, chain, power, tanh

# ---- reciprocals --------------------------------------------------------------------------------


@Primitive
def sech(x: Any) -> Any:
    """1 / cosh x; where cosh x is Inf it is rightly 0."""
    with xp(x).quiet():
        return 1.0 / xp(x).cosh(x)


@Primitive
def csch(x: Any) -> Any:
    """1 / sinh x; where sinh x is Inf it is rightly 0."""
    with xp(x).quiet():
        return 1.0 / xp(x).sinh(x)


@Primitive
def coth(x: Any) -> Any:
    """1 / tanh x."""
    return 1.0 / xp(x).tanh(x)


sech.gradient(x=lambda g, x, y: -(g * (y * tanh(x))))
# One factor at a time: at 0 both are infinite, and where g is 0 it has to win over each.
csch.gradient(x=lambda g, x, y: -chain(chain(g, y), coth(x)))


@coth.gradients("x")
def _(g: Any, x: Any) -> tuple[Any]:
    # The same as 1 − coth² x, which has no digits left where coth x is close to ±1.
    reciprocal = csch(x)
    return (-chain(chain(g, reciprocal), reciprocal),)


# ---- inverses -----------------------------------------------------------------------------------


@Primitive
def asinh(x: Any) -> Any:
    return xp(x).arcsinh(x)


@Primitive
def acosh(x: Any) -> Any:
    return xp(x).arccosh(x)


@Primitive
def atanh(x: Any) -> Any:
    return xp(x).arctanh(x)


# (x − 1)(x + 1) keeps the digits that x² − 1 would lose near ±1.
asinh.gradient(x=lambda g, x: g * power(x * x + 1.0, p=-0.5))
acosh.gradient(x=lambda g, x: chain(g, power((x - 1.0) * (x + 1.0), p=-0.5)))
atanh.gradient(x=lambda g, x: chain(g, 1.0 / ((1.0 - x) * (1.0 + x))))


@Primitive
def asech(x: Any) -> Any:
    """acosh(1/x)."""
    return xp(x).arccosh(1.0 / x)


@Primitive
def acsch(x: Any) -> Any:
    """asinh(1/x)."""
    return xp(x).arcsinh(1.0 / x)


@Primitive
def acoth(x: Any) -> Any:
    """atanh(1/x)."""
    return xp(x).arctanh(1.0 / x)


asech.gradient(x=lambda g, x: -chain(g, power((1.0 - x) * (1.0 + x), p=-0.5) / x))
acsch.gradient(x=lambda g, x: -chain(g, power(x * x + 1.0, p=-0.5) / abs(x)))
acoth.gradient(x=lambda g, x: chain(g, 1.0 / ((1.0 - x) * (1.0 + x))))
