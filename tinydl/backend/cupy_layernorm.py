"""Normalization of CuPy arrays by their own statistics: the functions of ``numpy_layernorm``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinydl.backend.cupy_statistics import alike, moments, sums
from tinydl.backend.kernels import normalize


def normalize_by_own(
    x: Any, scale: Any, offset: Any, axis: tuple[int, ...], epsilon: float
) -> tuple[Any, Any, Any]:
    """scale · (x − μ) / √(σ² + epsilon) + offset, then x − μ and 1/√(σ² + epsilon)."""
    x, scale, offset = alike(x, scale, offset)
    mean, _, inverse = moments(x, axis, epsilon)
    y, centred = normalize.OWN(x, mean, inverse, scale, offset)
    return y, centred, inverse


def normalize_by_own_gradients(
    g: Any, centred: Any, inverse: Any, scale: Any, axis: tuple[int, ...], need: Sequence[bool]
) -> tuple[Any, Any, Any]:
    """The gradients by x, scale and offset from the gradient g by the result."""
    dx = to_scale = to_offset = None
    g, centred, inverse, scale = alike(g, centred, inverse, scale)
    u, normalized = normalize.OWN_SCALED(g, centred, inverse, scale)
    if need[0]:
        added, product = sums(u, normalized, axis)
        share = 1.0 / max(1, math.prod([g.shape[i] for i in axis]))
        dx = normalize.OWN_GRADIENT(u, normalized, inverse, added, product, share)
    if need[1] or need[2]:
        channels = tuple([i for i, n in enumerate(scale.shape) if n == 1])
        to_offset, to_scale = sums(g, normalized, channels)
    return dx, to_scale if need[1] else None, to_offset if need[2] else None
