"""Activation functions with a corner, and the sigmoid. (gelu stands in a file of its own.)"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp


@Primitive.saving("mask")
def relu(x: Any, *, save: bool = False) -> Any:
    """max(x, 0), with slope 0 at 0."""
    y = xp(x).maximum(x, 0.0)
    return (y, x > 0) if save else y


relu.gradient(x=lambda g, mask: g * mask)


@Primitive.saving("slope")
def leakyrelu(x: Any, *, scale: float, save: bool = False) -> Any:
    """x where x > 0, scale · x elsewhere."""
    slope = xp(x).where(x > 0, 1.0, scale).astype(x.dtype)
    return (x * slope, slope) if save else x * slope


leakyrelu.gradient(x=lambda g, slope: g * slope)


@Primitive
def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return xp(x).sigmoid(x)


sigmoid.gradient(x=lambda g, y: g * (y * (1.0 - y)))
