"""GELU, x Φ(x) with the normal distribution Φ, and all its derivatives in closed form.

Hendrycks and Gimpel, "Gaussian error linear units", 2016. With the density φ(x) = e^(−x²/2)/√(2π)

    gelu'(x)    = Φ(x) + x φ(x)
    gelu⁽ⁿ⁾(x)  = pₙ(x) φ(x)  for n ≥ 2,   p₂ = 2 − x²,   pₙ₊₁ = pₙ' − x pₙ

so no error function is needed after the first derivative.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.elementwise import tanh

ROOT_TWO_OVER_PI = 0.7978845608028654  # √(2/π)


@Primitive.saving("slope")
def gelu(x: Any, *, save: bool = False) -> Any:
    """x/2 (1 + erf(x/√2)). Its slope costs little beside it, so it is worked out there."""
    return xp(x).gelu(x, save)


gelu.gradient(x=lambda g, slope: g * slope)


@gelu.higher("x")
def _(g: Any, x: Any, slope: Any) -> tuple[Any]:
    return (g * gelu_slope(x, slope),)


@Primitive
def gelu_slope(x: Any, slope: Any) -> Any:
    """gelu'(x), whose value is already known."""
    return slope


@Primitive
def gelu_derivative(x: Any, *, order: int) -> Any:
    """The derivative of gelu of an order from 2 on."""
    # Every other coefficient of pₙ is 0: it is a polynomial of x², times x if n is odd.
    return xp(x).gelu_derivative(x, _polynomial(order)[::2], order % 2 == 1)


gelu_slope.gradient(x=lambda g, x: g * gelu_derivative(x, order=2))
gelu_derivative.gradient(x=lambda g, x, order: g * gelu_derivative(x, order=order + 1))


def _polynomial(order: int) -> list[float]:
    """The coefficients of pₙ, highest power first."""
    ascending = [2.0, 0.0, -1.0]
    for _ in range(order - 2):
        derivative = [k * c for k, c in enumerate(ascending)][1:]
        shifted = [0.0, *ascending]
        derivative += [0.0] * (len(shifted) - len(derivative))
        ascending = [d - s for d, s in zip(derivative, shifted, strict=True)]
    return ascending[::-1]


def gelu_tanh(x: Any) -> Any:
    """The approximation x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), of recorded operations."""
    return x * 0.5 * (tanh((x + x * x * x * 0.044715) * ROOT_TWO_OVER_PI) + 1.0)
