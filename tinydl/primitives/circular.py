"""Circular functions beside sin, cos and tan: reciprocals, their inverses, angle and hypotenuse.

The reciprocals have rules of their own. Differentiating 1 / cos x by steps would meet Inf · 0 where
a step overflows, and give 0 for the slope of acot x at 0, which is −1.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.elementwise import abs, chain, power, tan

# ---- reciprocals --------------------------------------------------------------------------------


@Primitive
def sec(x: Any) -> Any:
    """1 / cos x."""
    return 1.0 / xp(x).cos(x)


@Primitive
def csc(x: Any) -> Any:
    """1 / sin x."""
    return 1.0 / xp(x).sin(x)


@Primitive
def cot(x: Any) -> Any:
    """1 / tan x."""
    return 1.0 / xp(x).tan(x)


# One factor at a time: at a pole both are infinite, and where g is 0 it has to win over each.
sec.gradient(x=lambda g, x, y: chain(chain(g, y), tan(x)))
csc.gradient(x=lambda g, x, y: -chain(chain(g, y), cot(x)))


@cot.gradients("x")
def _(g: Any, x: Any) -> tuple[Any]:
    reciprocal = csc(x)
    return (-chain(chain(g, reciprocal), reciprocal),)


# ---- their inverses -----------------------------------------------------------------------------


@Primitive
def asec(x: Any) -> Any:
    """The angle whose secant is x: acos(1/x)."""
    return xp(x).arccos(1.0 / x)


@Primitive
def acsc(x: Any) -> Any:
    """The angle whose cosecant is x: asin(1/x)."""
    return xp(x).arcsin(1.0 / x)


@Primitive
def acot(x: Any) -> Any:
    """The angle whose cotangent is x: atan(1/x), which is ±π/2 at ±0."""
    with xp(x).quiet():
        return xp(x).arctan(1.0 / x)


def _slope_of_asec(x: Any) -> Any:
    """1 / (|x| √(x² − 1)); the product (x − 1)(x + 1) keeps its digits near ±1."""
    return power((x - 1.0) * (x + 1.0), p=-0.5) / abs(x)


asec.gradient(x=lambda g, x: chain(g, _slope_of_asec(x)))
acsc.gradient(x=lambda g, x: -chain(g, _slope_of_asec(x)))
acot.gradient(x=lambda g, x: -(g / (x * x + 1.0)))


# ---- the right-angled triangle ------------------------------------------------------------------


@Primitive
def hypot(a: Any, b: Any) -> Any:
    """√(a² + b²), without overflow on the way."""
    return xp(a, b).hypot(a, b)


# chain makes both slopes 0 at (0, 0), where a/√(a² + b²) has no limit.
hypot.gradient(
    a=lambda g, a, y: g * chain(a, 1.0 / y),
    b=lambda g, b, y: g * chain(b, 1.0 / y),
)


@Primitive
def atan2(opposite: Any, adjacent: Any) -> Any:
    """The angle, from −π to π, of the point at (adjacent, opposite)."""
    return xp(opposite, adjacent).arctan2(opposite, adjacent)


def _over_square(side: Any, hypotenuse: Any) -> Any:
    """side / hypotenuse², by steps that neither overflow nor divide 0 by 0."""
    return chain(chain(side, 1.0 / hypotenuse), 1.0 / hypotenuse)


@atan2.gradients("opposite", "adjacent")
def _(g: Any, opposite: Any, adjacent: Any) -> tuple[Any, Any]:
    hypotenuse = hypot(opposite, adjacent)
    return (
        chain(g, _over_square(adjacent, hypotenuse)),
        -chain(g, _over_square(opposite, hypotenuse)),
    )
