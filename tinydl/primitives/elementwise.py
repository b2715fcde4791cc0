"""Element by element: arithmetic, powers, exponentials, circular functions, choice.

Operands have equal ranks, or one of them has none (a Python number or a 0-d array). Dimensions of
size 1 expand; the walk undoes that, so no rule here mentions it.

``chain(g, slope)`` is the product of the chain rule in which an exact zero of g wins over an
infinite slope: what does not influence the result has the derivative 0, even at the edge of the
domain of √x, log x or 1/x.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp

TWO_OVER_ROOT_PI = 1.1283791670955126  # 2/√π


# ---- arithmetic ---------------------------------------------------------------------------------


@Primitive
def identity(x: Any) -> Any:
    """The value itself, at a place of its own in the record."""
    return x


identity.gradient(x=lambda g: g)


@Primitive
def add(a: Any, b: Any) -> Any:
    return a + b


add.gradient(a=lambda g: g, b=lambda g: g)


@Primitive
def subtract(a: Any, b: Any) -> Any:
    return a - b


subtract.gradient(a=lambda g: g, b=lambda g: -g)


@Primitive
def multiply(a: Any, b: Any) -> Any:
    return a * b


multiply.gradient(a=lambda g, b: g * b, b=lambda g, a: g * a)


@Primitive
def between(a: Any, b: Any, *, weight: float) -> Any:
    """(1 − weight) · a + weight · b."""
    return xp(a, b).between(a, b, weight)


between.gradient(a=lambda g, weight: g * (1.0 - weight), b=lambda g, weight: g * weight)


@Primitive
def chain(g_out: Any, slope: Any, *, either: bool = False) -> Any:
    """g_out · slope, and 0 where g_out is exactly 0, whatever slope is; with either, vice versa."""
    return xp(g_out, slope).chain(g_out, slope, either)


chain.gradient(
    g_out=lambda g, slope, either: chain(g, slope, either=either),
    # The product was 0 for every slope where g_out is 0, so that a zero on either side wins here.
    slope=lambda g, g_out: chain(g, g_out, either=True),
)


@Primitive
def divide(a: Any, b: Any) -> Any:
    return a / b


divide.gradient(a=lambda g, b: chain(g, 1.0 / b), b=lambda g, b, y: chain(g, -(y / b)))


@Primitive
def negative(x: Any) -> Any:
    return -x


negative.gradient(x=lambda g: -g)


# ---- powers and roots ---------------------------------------------------------------------------


@Primitive
def power(x: Any, *, p: float) -> Any:
    """xᵖ for a constant number p."""
    return x**p


@power.gradients("x")
def _(g: Any, x: Any, p: float) -> tuple[Any]:
    # The rule ends at p = 0: the derivative of x⁰ is 0 even at x = 0, where x⁻¹ is infinite.
    return (None if p == 0 else g if p == 1 else chain(g, power(x, p=p - 1) * p),)


@Primitive
def sqrt(x: Any) -> Any:
    return xp(x).sqrt(x)


sqrt.gradient(x=lambda g, y: chain(g, 0.5 / y))


# ---- exponentials and logarithms ----------------------------------------------------------------


@Primitive
def exp(x: Any) -> Any:
    return xp(x).exp(x)


exp.gradient(x=lambda g, y: chain(g, y))


@Primitive
def expm1(x: Any) -> Any:
    """eˣ − 1, exact for small x."""
    return xp(x).expm1(x)


expm1.gradient(x=lambda g, y: chain(g, y + 1.0))


@Primitive
def log(x: Any) -> Any:
    return xp(x).log(x)


log.gradient(x=lambda g, x: chain(g, 1.0 / x))


@Primitive
def exponentiate(a: Any, b: Any) -> Any:
    """aᵇ, differentiated by both."""
    return a**b


exponentiate.gradient(
    a=lambda g, a, b: chain(g, chain(b, exponentiate(a, b - 1.0))),
    b=lambda g, a, y: chain(g, chain(y, _log_of(a))),
)


def _log_of(a: Any) -> Any:
    """log a; of a Python number a Python number, which leaves the class of the others alone."""
    return log(a).item() if type(a) in (int, float) else log(a)


@Primitive
def log1p(x: Any) -> Any:
    """log(1 + x), exact for small x."""
    return xp(x).log1p(x)


log1p.gradient(x=lambda g, x: chain(g, 1.0 / (x + 1.0)))


@Primitive
def erf(x: Any) -> Any:
    """2/√π ∫₀ˣ exp(−t²) dt."""
    return xp(x).erf(x)


erf.gradient(x=lambda g, x: g * (exp(-(x * x)) * TWO_OVER_ROOT_PI))


# ---- circular and hyperbolic functions ----------------------------------------------------------


@Primitive
def sin(x: Any) -> Any:
    return xp(x).sin(x)


@Primitive
def cos(x: Any) -> Any:
    return xp(x).cos(x)


sin.gradient(x=lambda g, x: g * cos(x))
cos.gradient(x=lambda g, x: -(g * sin(x)))


@Primitive
def tan(x: Any) -> Any:
    return xp(x).tan(x)


tan.gradient(x=lambda g, y: chain(g, y * y + 1.0))


@Primitive
def sinh(x: Any) -> Any:
    return xp(x).sinh(x)


@Primitive
def cosh(x: Any) -> Any:
    return xp(x).cosh(x)


sinh.gradient(x=lambda g, x: chain(g, cosh(x)))
cosh.gradient(x=lambda g, x: chain(g, sinh(x)))


@Primitive
def tanh(x: Any) -> Any:
    return xp(x).tanh(x)


tanh.gradient(x=lambda g, y: g * (1.0 - y * y))


@Primitive
def asin(x: Any) -> Any:
    return xp(x).arcsin(x)


@Primitive
def acos(x: Any) -> Any:
    return xp(x).arccos(x)


@Primitive
def atan(x: Any) -> Any:
    return xp(x).arctan(x)


asin.gradient(x=lambda g, x: chain(g, power(1.0 - x * x, p=-0.5)))
acos.gradient(x=lambda g, x: -chain(g, power(1.0 - x * x, p=-0.5)))
atan.gradient(x=lambda g, x: g / (x * x + 1.0))


# ---- corners and choices ------------------------------------------------------------------------


@Primitive
def sign(x: Any) -> Any:
    return xp(x).sign(x)


sign.gradient(x=lambda g: None)  # constant on either side of its jump


@Primitive
def abs(x: Any) -> Any:
    return xp(x).abs(x)


abs.gradient(x=lambda g, x: g * sign(x))  # 0 at the corner


def _share(a: Any, b: Any, y: Any) -> Any:
    """How much of a gradient goes to a, where a has won over b: all, none, or half at a tie."""
    return xp(y).where(a == b, 0.5, a == y).astype(y.dtype)


@Primitive.saving("share")
def maximum(a: Any, b: Any, *, save: bool = False) -> Any:
    y = xp(a, b).maximum(a, b)
    return (y, _share(a, b, y)) if save else y


@Primitive.saving("share")
def minimum(a: Any, b: Any, *, save: bool = False) -> Any:
    y = xp(a, b).minimum(a, b)
    return (y, _share(a, b, y)) if save else y


maximum.gradient(a=lambda g, share: g * share, b=lambda g, share: g * (1.0 - share))
minimum.gradient(a=lambda g, share: g * share, b=lambda g, share: g * (1.0 - share))


@Primitive
def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, b elsewhere. The condition is a plain array of booleans."""
    return xp(condition).where(condition, a, b)


where.gradient(
    a=lambda g, condition: where(condition, g, 0.0),
    b=lambda g, condition: where(condition, 0.0, g),
)


# ---- class --------------------------------------------------------------------------------------


@Primitive.saving("source")
def cast(x: Any, *, dtype: Any, save: bool = False) -> Any:
    """x in another floating-point class; its gradient is cast back."""
    y = x.astype(dtype)
    return (y, x.dtype) if save else y


cast.gradient(x=lambda g, source: cast(g, dtype=source))
