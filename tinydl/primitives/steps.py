"""Functions that are constant between their jumps, and the remainders of division.

What is constant has the derivative 0; at a jump too, as everywhere beside it.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp

# ---- rounding -----------------------------------------------------------------------------------


@Primitive
def floor(x: Any) -> Any:
    return xp(x).floor(x)


@Primitive
def ceil(x: Any) -> Any:
    return xp(x).ceil(x)


@Primitive
def fix(x: Any) -> Any:
    """x without the digits behind the point."""
    return xp(x).trunc(x)


@Primitive
def round(x: Any, *, digits: int = 0) -> Any:
    """x to a number of digits behind the point (before it, if negative); halves go away from 0."""
    if digits == 0:
        return _to_whole(x)
    m, power = xp(x), 10.0 ** (digits if digits > 0 else -digits)
    with m.quiet():
        if digits < 0:
            return m.chain(_to_whole(x / power), power)  # 0 · Inf is 0 where 10⁻ᵈ is too large
        scaled = x * power
        # A number that overflows with that many digits more has none of them.
        return m.where(m.isfinite(scaled), _to_whole(scaled) / power, x)


def _to_whole(x: Any) -> Any:
    m = xp(x)
    whole = m.trunc(x)
    with m.quiet():  # Inf − Inf, which is not larger than a half
        return m.where(m.abs(x - whole) >= 0.5, whole + m.sign(x), whole)


@Primitive
def imag(x: Any) -> Any:
    """The imaginary part of a real array: zeros."""
    return xp(x).zeros(x.shape, x.dtype)


floor.gradient(x=lambda g: None)
ceil.gradient(x=lambda g: None)
fix.gradient(x=lambda g: None)
round.gradient(x=lambda g: None)
imag.gradient(x=lambda g: None)


# ---- remainders ---------------------------------------------------------------------------------


@Primitive.saving("quotient")
def mod(a: Any, b: Any, *, save: bool = False) -> Any:
    """a − b · ⌊a/b⌋, with the sign of b; a where b is 0."""
    m = xp(a, b)
    with m.quiet():
        y = m.remainder(a, b)
        by_zero = m.isnan(y) & (b == 0)
        y = m.where(by_zero, a, y)
        return (y, m.where(by_zero, 0.0, m.rint((a - y) / b))) if save else y


@Primitive.saving("quotient")
def rem(a: Any, b: Any, *, save: bool = False) -> Any:
    """a − b · fix(a/b), with the sign of a; NaN where b is 0."""
    m = xp(a, b)
    with m.quiet():
        y = m.fmod(a, b)
        return (y, m.rint((a - y) / b)) if save else y


# ⌊a/b⌋ and fix(a/b) are constant between jumps, so that they may be kept from the forward.
mod.gradient(a=lambda g: g, b=lambda g, quotient: -(g * quotient))
rem.gradient(a=lambda g: g, b=lambda g, quotient: -(g * quotient))
