"""Activation functions. (gelu stands in a file of its own.)"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.elementwise import expm1, multiply, where


@Primitive.saving("mask")
def relu(x: Any, *, save: bool = False) -> Any:
    """max(x, 0), with slope 0 at 0."""
    return xp(x).relu(x, save)


relu.gradient(x=lambda g, mask: g * mask)


@Primitive.saving("slope")
def leakyrelu(x: Any, *, scale: float, save: bool = False) -> Any:
    """x where x > 0, scale · x elsewhere."""
    y, slope = xp(x).leakyrelu(x, scale)
    return (y, slope) if save else y


leakyrelu.gradient(x=lambda g, slope: g * slope)


@Primitive
def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return xp(x).sigmoid(x)


sigmoid.gradient(x=lambda g, y: g * (y * (1.0 - y)))


@Primitive
def softplus(x: Any) -> Any:
    """log(1 + eˣ), which neither overflows nor loses small values."""
    m = xp(x)
    return m.maximum(x, 0.0) + m.log1p(m.exp(m.minimum(x, -x)))


softplus.gradient(x=lambda g, x: g * sigmoid(x))


# ---- composed of recorded operations -------------------------------------------------------------


def swish(x: Any) -> Any:
    """x / (1 + e⁻ˣ)."""
    return multiply(x, sigmoid(x))


def elu(x: Any, *, alpha: float) -> Any:
    """x where x > 0, alpha (eˣ − 1) elsewhere."""
    is_linear = plain(x) > 0
    curved = expm1(where(is_linear, 0.0, x)) * alpha  # the other branch must not overflow
    return where(is_linear, x, curved)


def clipped_relu(x: Any, *, ceiling: float) -> Any:
    """x between 0 and a ceiling, and the nearer of the two beyond, with slope 0 there."""
    numbers = plain(x)
    return where(numbers <= 0, 0.0, where(numbers >= ceiling, ceiling, x))


def prelu(x: Any, alpha: Any) -> Any:
    """x where x > 0, alpha · x elsewhere, with a learnable alpha."""
    return where(plain(x) > 0, x, multiply(x, alpha))
