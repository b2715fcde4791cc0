"""Convolution of NumPy arrays in groups of channels, with both of its gradients.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

x is (*spatial, C, B), w is (*window, C / groups, K), y is (*outputs, K, B): the sum runs over the
channels c of the group that filter k belongs to. Each group is a convolution of its own.

If each channel is a group with one filter, these would be products of a row and a column. Channels
and images are then one long axis, over which a tap multiplies and adds element by element. Compiled
loops, where there are any, do this also for a few filters a channel. Compiled tiles take what suits
them of the rest, in groups or not, and others a single image.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinydl.backend import numpy_convolve
from tinydl.backend.compiled.convolve import Tiles, tiles_for, weight_tiles_for
from tinydl.backend.compiled.single_image import single_image_for
from tinydl.backend.compiled.windows import Loops, Sight, loops_for
from tinydl.backend.numpy_convolve import (
    Rows,
    correlate,
    finisher,
    in_blocks,
    prepared,
)
from tinydl.backend.numpy_patches import tap_view
from tinydl.backend.windows import Shape, Slide, by_phase

FILTERS = 4  # a channel may have for compiled loops, which copy its images for each


def convolve(
    x: Any,
    w: Any,
    *,
    size: Shape,
    stride: Shape,
    dilation: Shape,
    before: Shape,
    groups: int = 1,
    bias: Any = None,
    is_relu: bool = False,
) -> Any:
    """The convolution y of x with w, plus a bias (K, 1); size is the spatial shape of y.

    is_relu: 0 where that is negative.
    """
    slide, each = Slide(stride, dilation, before), _rectify if is_relu else None
    x, w = prepared(x, w, bias)
    sight = Sight(x.shape[:-2], w.shape[:-2], size, slide)
    tiles = tiles_for(sight, groups, w.shape[-1], x, w)
    if tiles is not None:
        return tiles.convolve(x, w, groups, bias, is_relu)
    single = single_image_for(sight, groups, w.shape[-1], size, x, w)
    if single is not None:
        return single.convolve(x, w, bias, is_relu)
    if groups == 1:
        return numpy_convolve.convolve(x, w, size=size, bias=bias, each=each, **slide._asdict())
    loops = _loops(sight, x.shape[-2], w.shape[-1], groups, x, w)
    if loops is not None:
        return loops.convolve(x, w, bias, is_relu)
    y = np.empty((*size, w.shape[-1], x.shape[-1]), x.dtype)
    finish = finisher(y, bias, each)
    if _is_channelwise(x.shape[-2], w.shape[-1], groups):
        _correlate(x, w[..., 0, :], y, slide, finish)
        return y
    for c, k in _groups(x.shape[-2], w.shape[-1], groups):
        correlate(*prepared(x[..., c, :], w[..., k]), y[..., k, :], slide)
    finish(0, len(y))
    return y


def _rectify(first: int, end: int, rows: Any) -> None:
    np.maximum(rows, 0.0, out=rows)


def convolve_input_gradient(
    d: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> Any:
    """The gradient by x, from that by y, called d; size is the spatial shape of x."""
    slide, channels = Slide(stride, dilation, before), w.shape[-2] * groups
    sight = Sight(size, w.shape[:-2], d.shape[:-2], slide)
    tiles = tiles_for(sight, groups, channels, d, w)
    if tiles is not None:
        return tiles.convolve_input_gradient(d, w, groups)
    single = single_image_for(sight, groups, channels, size, d, w)
    if single is not None:
        return single.convolve_input_gradient(d, w)
    loops = _loops(sight, channels, d.shape[-2], groups, d, w)
    if loops is not None:
        return loops.convolve_input_gradient(d, w, channels)
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
    sight = Sight(x.shape[:-2], size, d.shape[:-2], slide)
    tiles = weight_tiles_for(sight, groups, x, d)
    if tiles is not None:
        return _with_last_images(tiles, x, d, groups)
    loops = _loops(sight, x.shape[-2], d.shape[-2], groups, x, d)
    if loops is not None:
        return loops.convolve_weight_gradient(x, d)
    if _is_channelwise(x.shape[-2], d.shape[-2], groups):
        return _channelwise_weights(*prepared(x, d), size, slide)
    parts = [
        numpy_convolve.convolve_weight_gradient(
            x[..., c, :], d[..., k, :], size=size, **slide._asdict()
        )
        for c, k in _groups(x.shape[-2], d.shape[-2], groups)
    ]
    return _joined(parts, -1)


def convolve_gradients(
    d: Any, x: Any, w: Any, *, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> tuple[Any, Any]:
    """The gradients by x and by w."""
    options: Any = {"stride": stride, "dilation": dilation, "before": before, "groups": groups}
    return (
        convolve_input_gradient(d, w, size=x.shape[:-2], **options),
        convolve_weight_gradient(x, d, size=w.shape[:-2], **options),
    )


def _loops(sight: Sight, channels: int, filters: int, groups: int, x: Any, w: Any) -> Loops | None:
    """Compiled loops, if there are any, where each channel is a group with few filters."""
    if groups == 1 or channels != groups or filters > FILTERS * channels:
        return None
    return loops_for(sight, filters * x.shape[-1], x, w)


def _with_last_images(tiles: Tiles, x: Any, d: Any, groups: int) -> Any:
    """The gradient by the weights: of the images that fill vectors, and of the last ones."""
    w, images = tiles.convolve_weight_gradient(x, d, groups)
    if images < x.shape[-1]:
        options: Any = {"size": tiles.sight.window, "groups": groups, **tiles.sight.slide._asdict()}
        w += convolve_weight_gradient(x[..., images:], d[..., images:], **options)
    return w


def _groups(channels: int, filters: int, groups: int) -> list[tuple[slice, slice]]:
    """The channels and the filters of each group."""
    c, k = channels // groups, filters // groups
    return [(slice(i * c, (i + 1) * c), slice(i * k, (i + 1) * k)) for i in range(groups)]


def _joined(parts: list[Any], axis: int) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis)


# ---- each channel by itself: w is (*window, C) --------------------------------------------------


def _is_channelwise(channels: int, filters: int, groups: int) -> bool:
    return groups > 1 and channels == filters == groups


def _correlate(x: Any, w: Any, y: Any, slide: Slide, finish: Rows | None = None) -> None:
    """Fill y, which may be a view, with Σᵢ wᵢ x[o · stride + i · dilation − before] at each o."""
    if x.size == 0 or w.size == 0 or y.size == 0:
        y[...] = 0
        if finish is not None:
            finish(0, len(y))
        return
    window = w.shape[:-1]
    # The weight of a channel is repeated for its images: its products are those of equal runs.
    w = np.repeat(w[..., None], x.shape[-1], axis=-1)
    o, i, rest = _axes(window)

    def block(first: int, end: int) -> None:
        rows = y[first:end]
        seen = tap_view(x, window, rows.shape[:-2], slide.from_row(first))
        np.einsum(seen, o + i + rest, w, i + rest, o + rest, out=rows)
        if finish is not None:
            finish(first, end)

    in_blocks(block, len(y), y.nbytes, y.size * math.prod(window))


def _channelwise_weights(x: Any, d: Any, window: Shape, slide: Slide) -> Any:
    """wᵢ = Σ_{o,b} x[under tap i at o] d[o]."""
    if x.size == 0 or d.size == 0:
        return np.zeros((*window, 1, x.shape[-2]), x.dtype)
    o, i, rest = _axes(window)

    def block(first: int, end: int) -> Any:
        rows = d[first:end]
        seen = tap_view(x, window, rows.shape[:-2], slide.from_row(first))
        return np.einsum(seen, o + i + rest, rows, o + rest, i + rest)

    by_image = in_blocks(block, len(d), d.nbytes, d.size * math.prod(window))
    return functools.reduce(np.add, by_image).sum(axis=-1)[..., None, :]


def _axes(window: Shape) -> tuple[list[int], list[int], list[int]]:
    """Numbers for ``einsum``: of the outputs' axes, of the taps', of channels and images."""
    n = len(window)
    return list(range(n)), list(range(n, 2 * n)), [2 * n, 2 * n + 1]
