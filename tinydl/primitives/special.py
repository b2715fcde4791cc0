"""The gamma function and its logarithmic derivatives; the complement and inverse of erf.

With ψ = Γ'/Γ and its derivatives ψ⁽ᵏ⁾, the polygamma functions: Γ' = Γ ψ, (log Γ)' = ψ. So every
order of derivative is a polynomial in ψ⁽ᵏ⁾, each of which is a zeta function (Abramowitz and
Stegun, 6.4.10):

    ψ⁽ᵏ⁾(x) = (−1)ᵏ⁺¹ k! ζ(k + 1, x),   ζ(s, x) = Σₙ (x + n)⁻ˢ
"""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.elementwise import TWO_OVER_ROOT_PI, chain, exp, power


@Primitive
def gamma(x: Any) -> Any:
    """Γ(x) = ∫₀^∞ tˣ⁻¹ e⁻ᵗ dt, continued to negative x; Inf at its poles 0, −1, −2, …"""
    m = xp(x)
    y = m.gamma(x)
    return m.where(m.isnan(y) & m.isfinite(x), math.inf, y)


@Primitive
def gammaln(x: Any) -> Any:
    """log |Γ(x)|, which does not overflow."""
    return xp(x).gammaln(x)


@Primitive
def polygamma(x: Any, *, order: int = 0) -> Any:
    """ψ⁽ᵏ⁾(x), the k-th derivative of ψ = Γ'/Γ."""
    if order == 0:
        return xp(x).digamma(x)
    factor = (-1.0) ** (order + 1) * math.factorial(order)
    return xp(x).zeta(order + 1.0, x) * factor


gamma.gradient(x=lambda g, x, y: chain(chain(g, y), polygamma(x)))  # both are Inf at 0
gammaln.gradient(x=lambda g, x: chain(g, polygamma(x)))
polygamma.gradient(x=lambda g, x, order: chain(g, polygamma(x, order=order + 1)))


@Primitive
def erfc(x: Any) -> Any:
    """1 − erf x, exact where that is small."""
    return xp(x).erfc(x)


@Primitive
def erfinv(x: Any) -> Any:
    """The number whose erf is x."""
    return xp(x).erfinv(x)


erfc.gradient(x=lambda g, x: -(g * (exp(-(x * x)) * TWO_OVER_ROOT_PI)))
erfinv.gradient(x=lambda g, y: chain(g, exp(power(y, p=2)) * (1.0 / TWO_OVER_ROOT_PI)))
