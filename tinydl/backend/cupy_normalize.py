"""Batch normalization of CuPy arrays: the functions of ``numpy_normalize``."""

from __future__ import annotations

from typing import Any

import cupy as cp


def _others(x: Any, channel: int) -> tuple[int, ...]:
    return tuple([i for i in range(x.ndim) if i != channel])


def channel_moments(x: Any, *, channel: int) -> Any:
    """The mean of each channel and its variance, divided by n, as (2, 1, …, C, …, 1)."""
    axis = _others(x, channel)
    mean = x.mean(axis=axis, keepdims=True)
    centred = x - mean
    return cp.stack([mean, (centred * centred).mean(axis=axis, keepdims=True)])


def channel_normalize(
    x: Any, mean: Any, variance: Any, scale: Any, offset: Any, *, channel: int, epsilon: float
) -> Any:
    """scale · (x − mean) / √(variance + epsilon) + offset."""
    return (x - mean) * (scale * (variance + epsilon) ** -0.5) + offset


def channel_normalize_gradients(
    g: Any, x: Any, mean: Any, variance: Any, scale: Any, *, channel: int, epsilon: float
) -> tuple[Any, Any, Any]:
    """The gradients by x, scale and offset, where mean and variance are those of x itself."""
    axis = _others(x, channel)
    inverse = (variance + epsilon) ** -0.5
    normalized = (x - mean) * inverse
    by_normalized = g * normalized
    to_scale = by_normalized.sum(axis=axis, keepdims=True)
    to_offset = g.sum(axis=axis, keepdims=True)
    share = x.shape[channel] / x.size if x.size else 0.0
    dx = (scale * inverse) * (g - to_offset * share - normalized * (to_scale * share))
    return dx, to_scale, to_offset
