"""Normalization of CuPy arrays by their own statistics: the functions of ``numpy_layernorm``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def normalize_by_own(
    x: Any, scale: Any, offset: Any, axis: tuple[int, ...], epsilon: float
) -> tuple[Any, Any, Any]:
    """scale · (x − μ) / √(σ² + epsilon) + offset, then x − μ and 1/√(σ² + epsilon)."""
    centred = x - x.mean(axis=axis, keepdims=True)
    inverse = ((centred * centred).mean(axis=axis, keepdims=True) + epsilon) ** -0.5
    return centred * (scale * inverse) + offset, centred, inverse


def normalize_by_own_gradients(
    g: Any, centred: Any, inverse: Any, scale: Any, axis: tuple[int, ...], need: Sequence[bool]
) -> tuple[Any, Any, Any]:
    """The gradients by x, scale and offset from the gradient g by the result."""
    dx = to_scale = to_offset = None
    normalized = centred * inverse
    channels = tuple([i for i, n in enumerate(scale.shape) if n == 1])
    if need[0]:
        u = g * scale
        slope = (u * normalized).mean(axis=axis, keepdims=True)
        dx = inverse * (u - u.mean(axis=axis, keepdims=True) - normalized * slope)
    if need[1]:
        to_scale = (g * normalized).sum(axis=channels, keepdims=True)
    if need[2]:
        to_offset = g.sum(axis=channels, keepdims=True)
    return dx, to_scale, to_offset
