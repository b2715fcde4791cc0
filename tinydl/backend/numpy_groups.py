"""Convolution of NumPy arrays in groups of channels, with both of its gradients.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

x is (*spatial, C, B), w is (*window, C / groups, K), y is (*outputs, K, B): the sum runs over the
channels c of the group that filter k belongs to. Each group is a convolution of its own.

If each channel is a group with one filter, these would be products of a row and a column. Channels
and images are then one long axis, over which a tap multiplies and adds element by element.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend import numpy_convolve
from tinydl.backend.numpy_convolve import prepared, tap_view
from tinydl.backend.windows import Shape, Slide, by_phase


def convolve(
    x: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> Any:
    """The convolution y of x with w; size is the spatial shape of y."""
    slide = Slide(stride, dilation, before)
    if _is_channelwise(x.shape[-2], w.shape[-1], groups):
        x, w = prepared(x, w)
        y = np.empty((*size, *x.shape[-2:]), x.dtype)
        _correlate(x, w[..., 0, :], y, slide)
        return y
    parts = [
        numpy_convolve.convolve(x[..., c, :], w[..., k], size=size, **slide._asdict())
        for c, k in _groups(x.shape[-2], w.shape[-1], groups)
    ]
    return _joined(parts, -2)


def convolve_input_gradient(
    d: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> Any:
    """The gradient by x, from that by y, called d; size is the spatial shape of x."""
    slide, channels = Slide(stride, dilation, before), w.shape[-2] * groups
    if _is_channelwise(channels, d.shape[-2], groups):
        d, w = prepared(d, w)
        x = np.empty((*size, *d.shape[-2:]), d.dtype)
        for inputs, taps, along in by_phase(size, w.shape[:-2], slide):
            _correlate(d, w[taps][..., 0, :], x[inputs], along)
        return x
    parts = [
        numpy_convolve.convolve_input_gradient(
            d[..., k, :], w[..., k], size=size, **slide._asdict()
        )
        for _, k in _groups(channels, d.shape[-2], groups)
    ]
    return _joined(parts, -2)


def convolve_weight_gradient(
    x: Any, d: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> Any:
    """The gradient by w, from that by y, called d; size is the shape of the window."""
    slide = Slide(stride, dilation, before)
    if _is_channelwise(x.shape[-2], d.shape[-2], groups):
        return _channelwise_weights(*prepared(x, d), size, slide)
    parts = [
        numpy_convolve.convolve_weight_gradient(
            x[..., c, :], d[..., k, :], size=size, **slide._asdict()
        )
        for c, k in _groups(x.shape[-2], d.shape[-2], groups)
    ]
    return _joined(parts, -1)


def _groups(channels: int, filters: int, groups: int) -> list[tuple[slice, slice]]:
    """The channels and the filters of each group."""
    c, k = channels // groups, filters // groups
    return [(slice(i * c, (i + 1) * c), slice(i * k, (i + 1) * k)) for i in range(groups)]


def _joined(parts: list[Any], axis: int) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis)


# ---- each channel by itself: w is (*window, C) --------------------------------------------------


def _is_channelwise(channels: int, filters: int, groups: int) -> bool:
    return groups > 1 and channels == filters == groups


def _correlate(x: Any, w: Any, y: Any, slide: Slide) -> None:
    """Fill y, which may be a view, with Σᵢ wᵢ x[o · stride + i · dilation − before] at each o."""
    if x.size == 0 or w.size == 0 or y.size == 0:
        y[...] = 0
        return
    window, outputs = w.shape[:-1], y.shape[:-2]
    # The weight of a channel is repeated for its images: its products are those of equal runs.
    w = np.repeat(w[..., None], x.shape[-1], axis=-1)
    o, i, rest = _axes(window)
    np.einsum(tap_view(x, window, outputs, slide), o + i + rest, w, i + rest, o + rest, out=y)


def _channelwise_weights(x: Any, d: Any, window: Shape, slide: Slide) -> Any:
    """wᵢ = Σ_{o,b} x[under tap i at o] d[o]."""
    if x.size == 0 or d.size == 0:
        return np.zeros((*window, 1, x.shape[-2]), x.dtype)
    o, i, rest = _axes(window)
    seen = tap_view(x, window, d.shape[:-2], slide)
    by_image = np.einsum(seen, o + i + rest, d, o + rest, i + rest)
    return by_image.sum(axis=-1)[..., None, :]


def _axes(window: Shape) -> tuple[list[int], list[int], list[int]]:
    """Numbers for ``einsum``: of the outputs' axes, of the taps', of channels and images."""
    n = len(window)
    return list(range(n)), list(range(n, 2 * n)), [2 * n, 2 * n + 1]
