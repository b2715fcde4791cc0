"""Logarithms to the bases 2 and 10, the mantissa of a number, and real roots."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.elementwise import chain, power

LOG_2_OF_E = 1.4426950408889634  # 1 / ln 2
LOG_10_OF_E = 0.4342944819032518  # 1 / ln 10


@Primitive
def log2(x: Any) -> Any:
    return xp(x).log2(x)


@Primitive
def log10(x: Any) -> Any:
    return xp(x).log10(x)


log2.gradient(x=lambda g, x: chain(g, LOG_2_OF_E / x))
log10.gradient(x=lambda g, x: chain(g, LOG_10_OF_E / x))


@Primitive.saving("scale")
def mantissa(x: Any, *, save: bool = False) -> Any:
    """f of x = f · 2ᵉ with a whole e and 0.5 ≤ |f| < 1. Its slope, 2⁻ᵉ, is a constant of steps."""
    f, _ = xp(x).frexp(x)
    return (f, _scale(x)) if save else f


mantissa.gradient(x=lambda g, scale: g * scale)


def _scale(x: Any) -> Any:
    """2⁻ᵉ, which the quotient of mantissa and number is exactly; 0 counts as if it were 1."""
    other_than_zero = xp(x).where(x == 0, 1.0, x)
    f, _ = xp(x).frexp(other_than_zero)
    return f / other_than_zero


@Primitive
def nthroot(x: Any, *, n: float) -> Any:
    """The real root ⁿ√x, which has the sign of x. A Newton step makes roots of powers exact."""
    m = xp(x)
    with m.quiet():
        root = m.abs(x) ** (1.0 / n)
        off = (root**n - m.abs(x)) / (n * root ** (n - 1.0))
        root = m.where(m.isfinite(off), root - off, root)
        return m.where(x < 0, -root, root)


nthroot.gradient(x=lambda g, y, n: chain(g, power(y, p=1.0 - n) * (1.0 / n)))
