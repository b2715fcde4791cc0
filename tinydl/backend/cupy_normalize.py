"""Batch normalization of CuPy arrays: the functions of ``numpy_normalize``."""

from __future__ import annotations

from typing import Any

from tinydl.backend.cupy_statistics import alike, moments, sums
from tinydl.backend.kernels import normalize


def _others(x: Any, channel: int) -> tuple[int, ...]:
    return tuple([i for i in range(x.ndim) if i != channel])


def channel_moments(x: Any, *, channel: int) -> Any:
    """The mean of each channel and its variance, divided by n, as (2, 1, …, C, …, 1)."""
    return moments(x, _others(x, channel))


def channel_normalize(
    x: Any, mean: Any, variance: Any, scale: Any, offset: Any, *, channel: int, epsilon: float
) -> Any:
    """scale · (x − mean) / √(variance + epsilon) + offset."""
    arrays = alike(x, mean, variance, scale, offset)
    return normalize.NORMALIZE(*arrays, epsilon)


def channel_normalize_gradients(
    g: Any, x: Any, mean: Any, variance: Any, scale: Any, *, channel: int, epsilon: float
) -> tuple[Any, Any, Any]:
    """The gradients by x, scale and offset, where mean and variance are those of x itself."""
    g, x, mean, variance, scale = alike(g, x, mean, variance, scale)
    to_offset, to_scale = sums(g, x, _others(x, channel), mean, variance, epsilon)
    share = x.shape[channel] / x.size if x.size else 0.0
    dx = normalize.NORMALIZE_GRADIENT(
        g, x, mean, variance, scale, to_scale, to_offset, epsilon, share
    )
    return dx, to_scale, to_offset
