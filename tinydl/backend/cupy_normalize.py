"""Batch normalization of CuPy arrays: the functions of ``numpy_normalize``."""

from __future__ import annotations

from typing import Any

import cupy

from tinydl.backend.cupy_statistics import alike, moments, normalize_gradients
from tinydl.backend.kernels import normalize


def _others(x: Any, channel: int) -> tuple[int, ...]:
    return tuple([i for i in range(x.ndim) if i != channel])


def channel_moments(x: Any, *, channel: int) -> Any:
    """The mean of each channel and its variance, divided by n, as (2, 1, …, C, …, 1)."""
    return moments(x, _others(x, channel))


def moved_moments(
    x: Any, mean: Any, variance: Any, *, channel: int, decays: tuple[float, float]
) -> Any:
    """channel_moments(x), then decay · new + (1 − decay) · old for a mean and a variance."""
    return moments(x, _others(x, channel), running=(mean, variance), decays=decays)


def channel_normalize(
    x: Any, mean: Any, variance: Any, scale: Any, offset: Any, *, channel: int, epsilon: float,
    is_relu: bool = False,
) -> Any:  # fmt: skip
    """scale · (x − mean) / √(variance + epsilon) + offset; is_relu: 0 where that is negative."""
    arrays = alike(x, mean, variance, scale, offset)
    return normalize.NORMALIZE(*arrays, epsilon, is_relu)


def channel_normalize_gradients(
    g: Any, x: Any, mean: Any, variance: Any, scale: Any, *, channel: int, epsilon: float,
    y: Any = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The gradients by x, scale and offset, where mean and variance are those of x itself.

    y is the result with is_relu: where it is 0 the gradient g by it counts as 0.
    """
    g, x, mean, variance, scale = alike(g, x, mean, variance, scale)
    shown = None if y is None else cupy.ascontiguousarray(y, x.dtype)
    return normalize_gradients(g, x, mean, variance, scale, _others(x, channel), epsilon, shown)
