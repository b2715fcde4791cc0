"""Convolution of NumPy arrays, in any number of spatial dimensions, with both of its gradients.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

x is (*spatial, C, B), w is (*window, C, K), y is (*outputs, K, B), all in C order: the batch is
innermost. At tap i this is the matrix product wᵢᵀ x, (K, C) by (C, B), for each output position.
A row of taps lies side by side in memory, so that its channels are one long axis in a *view* of x:
its products are one, (K, taps · C) by (taps · C, B), and no input is copied.

In two cases the inputs under the window, its *patches*, are copied first: if a row has few
channels, whose products would be too thin, and if the batch is small, where the positions are the
better long side of a product. That happens for a few rows at a time, which stay in the cache.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.backend.windows import Box, Shape, Slide, by_phase, count, cover, reach

SMALL_BATCH = 8  # images up to which the positions are the long side of the products
THIN = 24  # channels in a row of taps below which its products are too thin
BLOCK = 1 << 19  # bytes, of results or of patches, to work on at a time


def convolve(x: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape) -> Any:
    """The convolution y of x with w; size is the spatial shape of y."""
    x, w = prepared(x, w)
    y = np.empty((*size, w.shape[-1], x.shape[-1]), x.dtype)
    _correlate(x, w, y, Slide(stride, dilation, before))
    return y


def convolve_input_gradient(
    d: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape
) -> Any:
    """The gradient by x, from that by y, called d; size is the spatial shape of x.

    Input h collects wᵢ d[(h + before − i · dilation) / stride] over the taps i for which the
    division leaves no remainder. Inputs with the same remainder have the same taps, in reverse
    order, and together they are a convolution of d with stride 1.
    """
    d, w = prepared(d, w)
    x = np.empty((*size, w.shape[-2], d.shape[-1]), d.dtype)
    for inputs, taps, slide in by_phase(size, w.shape[:-2], Slide(stride, dilation, before)):
        reversed_w = np.ascontiguousarray(w[taps].swapaxes(-1, -2))
        _correlate(d, reversed_w, x[inputs], slide)
    return x


def convolve_weight_gradient(
    x: Any, d: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape
) -> Any:
    """The gradient by w, from that by y, called d: wᵢ = Σ_{o,b} x[o · stride + i …] d[o]ᵀ.

    size is the shape of the window.
    """
    x, d = prepared(x, d)
    shape = (*size, x.shape[-2], d.shape[-2])
    if x.size == 0 or d.size == 0:
        return np.zeros(shape, x.dtype)
    slide, work = Slide(stride, dilation, before), _weights_of_rows
    if x.shape[-1] <= SMALL_BATCH:
        x, d, work = _images_second(x), _images_second(d), _weights_of_rows_small
        size, slide = _with_images(size, slide)

    def block(first: int, end: int) -> Any:
        return work(x, d[first:end], size, slide.from_row(first))

    sums = _in_blocks(block, len(d), _row_bytes(x, d, size, slide))
    return functools.reduce(np.add, sums).reshape(shape)


def prepared(a: Any, b: Any) -> tuple[Any, Any]:
    """Both in C order and of one class; copied only where they are not."""
    dtype = np.result_type(a, b)
    return np.ascontiguousarray(a, dtype), np.ascontiguousarray(b, dtype)


def _correlate(x: Any, w: Any, y: Any, slide: Slide) -> None:
    """Fill y, which may be a view, with Σᵢ wᵢᵀ x[o · stride + i · dilation − before] at each o."""
    if x.size == 0 or w.size == 0 or y.size == 0:
        y[...] = 0
        return
    work = _output_rows
    if x.shape[-1] <= SMALL_BATCH:
        x, y, work = _images_second(x), np.moveaxis(y, -1, 1)[..., None], _output_rows_small
        size, slide = _with_images(w.shape[:-2], slide)
        w = w.reshape(*size, *w.shape[-2:])

    def block(first: int, end: int) -> None:
        work(x, w, y[first:end], slide.from_row(first))

    _in_blocks(block, len(y), _row_bytes(x, y, w.shape[:-2], slide))


# ---- a block of rows: the products --------------------------------------------------------------


def _output_rows(x: Any, w: Any, y: Any, slide: Slide) -> None:
    """y[o] = Σᵢ wᵢᵀ x[under tap i at o], a product for each position."""
    pieces = _under_window(x, w.shape[:-2], y.shape[:-2], slide)
    if not (pieces and pieces[0][0].is_first):
        y[...] = 0
    spare = np.empty(y.shape, y.dtype)
    for box, seen in pieces:
        into = (y if box.is_first else spare)[box.outputs]
        np.matmul(_matrix(w[box.taps]).T, seen, out=into)
        if not box.is_first:
            y[box.outputs] += into


def _output_rows_small(x: Any, w: Any, y: Any, slide: Slide) -> None:
    """The same, one product for all positions."""
    patches = _patches(x, w.shape[:-2], y.shape[:-2], slide)
    w = _matrix(w)
    y[...] = (patches.reshape(-1, len(w)) @ w).reshape(y.shape)


def _weights_of_rows(x: Any, d: Any, window: Shape, slide: Slide) -> Any:
    """wᵢ = Σ_o x[under tap i at o] d[o]ᵀ, a product for each position."""
    w = np.zeros((*window, x.shape[-2], d.shape[-2]), x.dtype)
    for box, seen in _under_window(x, window, d.shape[:-2], slide):
        each = np.matmul(seen, d[box.outputs].swapaxes(-1, -2))
        w[box.taps] += _sum_of_matrices(each).reshape(w[box.taps].shape)
    return w


def _weights_of_rows_small(x: Any, d: Any, window: Shape, slide: Slide) -> Any:
    """The same, one product for all positions."""
    patches = _patches(x, window, d.shape[:-2], slide)
    return patches.reshape(-1, patches.shape[-2]).T @ d.reshape(-1, d.shape[-2])


def _matrix(w: Any) -> Any:
    """Taps of a window as one matrix, (taps · C, K)."""
    return w.reshape(-1, w.shape[-1])


def _sum_of_matrices(stack: Any) -> Any:
    """The sum over all leading axes, as a product with ones: several times faster than sum."""
    n = math.prod(stack.shape[:-2])
    return np.ones(n, stack.dtype) @ stack.reshape(n, -1)


# ---- a block of rows: the inputs under the window -----------------------------------------------


def _under_window(x: Any, window: Shape, outputs: Shape, slide: Slide) -> list[tuple[Box, Any]]:
    """Boxes of outputs and taps, and the inputs there as matrices (*outputs, taps · C, B)."""
    if _is_thin(x, window, slide):
        everything = (slice(None),) * len(window)
        box = Box(everything, everything, slide.before, is_first=True)
        return [(box, _patches(x, window, outputs, slide))]
    layouts = _layouts(x.shape, x.itemsize, window, outputs, slide)
    return [(box, np.ndarray(shape, x.dtype, x, at, steps)) for box, shape, at, steps in layouts]


def _is_thin(x: Any, window: Shape, slide: Slide) -> bool:
    """Whether the channels are few that lie side by side under a row of taps."""
    return x.shape[-2] * (window[-1] if slide.dilation[-1] == 1 else 1) < THIN


@functools.lru_cache(maxsize=2048)
def _layouts(
    shape: Shape, itemsize: int, window: Shape, outputs: Shape, slide: Slide
) -> tuple[tuple[Box, Shape, int, Shape], ...]:
    """The boxes, and for each the shape, offset and steps of a view of its inputs as matrices.

    From the last channel at one position to the first at the next it is one more step in memory,
    as from channel to channel: the channels of a row of taps are one axis.
    """
    *steps, channel, image = _steps(shape, itemsize)
    by_output = [step * stride for step, stride in zip(steps, slide.stride, strict=True)]
    layouts = []
    for box in cover(shape[:-2], window, outputs, slide):
        extents = [part.stop - part.start for part in box.outputs]
        matrix = (count(box.taps) * shape[-2], shape[-1])
        offset = sum(step * at for step, at in zip(steps, box.start, strict=True))
        layouts.append((box, (*extents, *matrix), offset, (*by_output, channel, image)))
    return tuple(layouts)


def _patches(x: Any, window: Shape, outputs: Shape, slide: Slide) -> Any:
    """The inputs under the window side by side, (*outputs, taps · C, B), with 0 for padding."""
    return tap_view(x, window, outputs, slide).reshape(*outputs, -1, x.shape[-1])


def tap_view(x: Any, window: Shape, outputs: Shape, slide: Slide) -> Any:
    """The inputs under the window, (*outputs, *window, C, B), with 0 for padding: a view."""
    x = _with_padding(x, window, outputs, slide)
    *steps, channel, image = _steps(x.shape, x.itemsize)
    by_output = [step * stride for step, stride in zip(steps, slide.stride, strict=True)]
    by_tap = [step * dilation for step, dilation in zip(steps, slide.dilation, strict=True)]
    shape = (*outputs, *window, *x.shape[-2:])
    return np.ndarray(shape, x.dtype, x, 0, (*by_output, *by_tap, channel, image))


def _with_padding(x: Any, window: Shape, outputs: Shape, slide: Slide) -> Any:
    """Just the positions that the window comes over, in C order."""
    needed, there, inside = reach(x.shape, window, outputs, slide)
    if needed == tuple([part.stop - part.start for part in there]):
        return np.ascontiguousarray(x[there])
    padded = np.zeros((*needed, *x.shape[-2:]), x.dtype)
    padded[inside] = x[there]
    return padded


def _steps(shape: Shape, itemsize: int) -> list[int]:
    """The distances in memory along each axis, in C order.

    An array's own strides say nothing about axes of length 1.
    """
    return [itemsize * math.prod(shape[i + 1 :]) for i in range(len(shape))]


# ---- small batches: the images become the second spatial dimension, under a window of 1 ----------


def _images_second(x: Any) -> Any:
    """(S, …, C, B) as (S, B, …, C, 1), in C order."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))[..., None]


def _with_images(window: Shape, slide: Slide) -> tuple[Shape, Slide]:
    """The window and its slide with this dimension inserted."""
    stride, dilation, before = [(a[0], n, *a[1:]) for a, n in zip(slide, (1, 1, 0), strict=True)]
    return (window[0], 1, *window[1:]), Slide(stride, dilation, before)


# ---- blocks of rows -----------------------------------------------------------------------------


def _row_bytes(x: Any, y: Any, window: Shape, slide: Slide) -> int:
    """How much a row of outputs writes: itself, or the patches it is computed from."""
    if x.shape[-1] == 1 or _is_thin(x, window, slide):
        return x.itemsize * math.prod(y.shape[1:-2]) * math.prod(window) * x.shape[-2] * x.shape[-1]
    return y.itemsize * math.prod(y.shape[1:])


def _in_blocks(work: Callable[[int, int], Any], rows: int, row_bytes: int) -> list[Any]:
    """work(first, end) for equal blocks of rows near the size of the cache, an even number."""
    blocks = -(-rows // max(1, BLOCK // max(1, row_bytes)))
    blocks += blocks % 2 if blocks > 1 else 0
    step = -(-rows // blocks)
    return [work(i, min(i + step, rows)) for i in range(0, rows, step)]
