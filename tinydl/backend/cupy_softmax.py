"""Softmax and sums of exponentials of CuPy arrays, one kernel each."""

from __future__ import annotations

import math
from typing import Any

import cupy

from tinydl.backend.kernels import softmax as kernels

Axes = tuple[int, ...]


def softmax(x: Any, axis: Axes) -> Any:
    """eˣ / Σ eˣ, with the largest element taken out first so that nothing overflows."""
    lines = _lines(axis, x)
    if lines is None:
        weight = cupy.exp(x - x.max(axis=axis, keepdims=True))
        return weight / weight.sum(axis=axis, keepdims=True)
    y = cupy.empty(x.shape, x.dtype)
    kernels.along(kernels.SOFTMAX, (cupy.ascontiguousarray(x), y), lines)
    return y


def softmax_gradient(g: Any, y: Any, axis: Axes) -> Any:
    """The gradient by x, from that by y = softmax(x), called g: y (g − Σ g y)."""
    lines = _lines(axis, g, y)
    if lines is None:
        return y * (g - (g * y).sum(axis=axis, keepdims=True))
    d = cupy.empty(y.shape, y.dtype)
    kernels.along(
        kernels.SOFTMAX_GRADIENT, (cupy.ascontiguousarray(g), cupy.ascontiguousarray(y), d), lines
    )
    return d


def logsumexp(x: Any, axis: Axes) -> Any:
    """log Σ eˣ, likewise; the axes stay with size 1."""
    lines = _lines(axis, x)
    if lines is None:
        top = x.max(axis=axis, keepdims=True)
        top = cupy.where(cupy.isfinite(top), top, 0.0)  # ±Inf would give Inf − Inf
        return cupy.log(cupy.exp(x - top).sum(axis=axis, keepdims=True)) + top
    chosen = {i % x.ndim for i in axis}
    y = cupy.empty([1 if i in chosen else n for i, n in enumerate(x.shape)], x.dtype)
    kernels.along(kernels.LOGSUMEXP, (cupy.ascontiguousarray(x), y), lines)
    return y


def _lines(axis: Axes, *arrays: Any) -> tuple[int, int, int] | None:
    """The sizes before, of, and behind the axes, if kernels take this: neighbouring axes."""
    shape, kinds = arrays[0].shape, {x.dtype.char for x in arrays}
    places = sorted({i % len(shape) for i in axis})
    if not places or kinds not in ({"f"}, {"d"}) or 0 in shape:
        return None
    if places[-1] - places[0] != len(places) - 1 or len({x.shape for x in arrays}) > 1:
        return None
    first, end = places[0], places[-1] + 1
    return math.prod(shape[:first]), math.prod(shape[first:end]), math.prod(shape[end:])
