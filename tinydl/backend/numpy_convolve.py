"""Convolution of NumPy arrays, in any number of spatial dimensions, with both of its gradients.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

x is (*spatial, C, B), w is (*window, C, K), y is (*outputs, K, B), all in C order: the batch is
innermost. At tap i this is the matrix product wᵢᵀ x, (K, C) by (C, B), for each output position.
A row of taps lies side by side in memory, so that its channels are one long axis in a *view* of x:
its products are one, (K, taps · C) by (taps · C, B), and no input is copied.

In two cases the inputs under the window, its *patches*, are copied first: if a row has few
channels, whose products would be too thin, and if the batch is small, where the positions are the
better long side of a product. Between these two and large batches lies a third form, in which a row
of positions joins the images: numpy_few_images. Three rows of taps over many channels take fewer
products for pairs of rows of outputs: numpy_pairs.

All of this is done for blocks of a few rows of outputs, which stay in the cache and which threads
share.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.backend import numpy_few_images, numpy_pairs, numpy_patches
from tinydl.backend.numpy_patches import (
    batch_second,
    distances,
    images_second,
    patches,
    with_images,
)
from tinydl.backend.threads import par
from tinydl.backend.windows import Box, Shape, Slide, by_phase, count, cover, rows_per_block

SMALL_BATCH = 4  # images up to which the positions are the long side of the products
SMALL_BATCH_WEIGHTS = 8  # the same for the gradient by the weights, or a quarter of the channels
THIN = 24  # channels in a row of taps below which its products are too thin
TERMS = 16  # of a product of matrices take as long as an addition of arrays
BLOCK = 1 << 20  # bytes, of results or of patches, to work on at a time

Each = Callable[[int, int, Any], object]
Rows = Callable[[int, int], object]


def convolve(
    x: Any,
    w: Any,
    *,
    size: Shape,
    stride: Shape,
    dilation: Shape,
    before: Shape,
    bias: Any = None,
    each: Each | None = None,
) -> Any:
    """The convolution y of x with w, plus a bias; size is the spatial shape of y.

    The bias is (K, 1). each(first, end, rows) is called for every block rows = y[first:end] as soon
    as it is finished, while it lies in the cache, and in the thread that has computed it.
    """
    x, w = prepared(x, w, bias)
    y = np.empty((*size, w.shape[-1], x.shape[-1]), x.dtype)
    correlate(x, w, y, Slide(stride, dilation, before), finisher(y, bias, each))
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
        correlate(d, reversed_w, x[inputs], slide)
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
    room, together = 0, 1
    if numpy_few_images.suits_weights(x, size, d.shape, slide):
        work = numpy_few_images.weights_of_rows
        room = numpy_few_images.room(x, size, d.shape)
    elif x.shape[-1] <= max(SMALL_BATCH_WEIGHTS, x.shape[-2] // 4):
        x, d, work = images_second(x), images_second(d), numpy_patches.weights_of_rows
        size, slide = with_images(size, slide)
    elif numpy_pairs.suits_weights(x, size, d.shape, slide):
        work, together = functools.partial(numpy_pairs.weights_of_rows, _weights_of_rows), 2

    def block(first: int, end: int) -> Any:
        return work(x, d[first:end], size, slide.from_row(first))

    cost = _work(d, math.prod(size) * x.shape[-2])
    sums = in_blocks(block, len(d), room or _bytes(x, d, size, slide), cost, together)
    return functools.reduce(np.add, sums).reshape(shape)


def prepared(a: Any, b: Any, bias: Any = None) -> tuple[Any, Any]:
    """Both in C order and of one class, also with a bias; copied only where they are not."""
    dtype = np.result_type(a, b) if bias is None else np.result_type(a, b, bias)
    return np.ascontiguousarray(a, dtype), np.ascontiguousarray(b, dtype)


def finisher(y: Any, bias: Any, each: Each | None) -> Rows:
    """What is done with a block of rows of y when their sums are complete."""
    if bias is not None:  # for each image, so that NumPy adds long rows
        bias = np.repeat(bias, y.shape[-1], axis=-1)

    def finish(first: int, end: int) -> None:
        rows = y[first:end]
        if bias is not None:
            np.add(rows, bias, out=rows)
        if each is not None:
            each(first, end, rows)

    return finish


def correlate(x: Any, w: Any, y: Any, slide: Slide, finish: Rows | None = None) -> None:
    """Fill y, which may be a view, with Σᵢ wᵢᵀ x[o · stride + i · dilation − before] at each o.

    finish(first, end) is called for each block of its rows.
    """
    if x.size == 0 or w.size == 0 or y.size == 0:
        y[...] = 0
        if finish is not None:
            finish(0, len(y))
        return
    work, cost = _output_rows, _work(y, math.prod(w.shape[:-1]))
    room, together = 0, 1
    if numpy_few_images.suits_outputs(x, w.shape[:-2], y.shape, slide):
        room = numpy_few_images.room(x, w.shape[:-2], y.shape)
        w, work = numpy_few_images.arranged(w), numpy_few_images.output_rows
    elif x.shape[-1] <= SMALL_BATCH:
        x, y, work = images_second(x), batch_second(y)[..., None], numpy_patches.output_rows
        size, slide = with_images(w.shape[:-2], slide)
        w = w.reshape(*size, *w.shape[-2:])
    elif numpy_pairs.suits_outputs(x, w.shape[:-2], y.shape, slide):
        work, together = functools.partial(numpy_pairs.output_rows, _output_rows), 2
        room, w = y.nbytes, numpy_pairs.transformed(w)

    def block(first: int, end: int) -> None:
        work(x, w, y[first:end], slide.from_row(first))
        if finish is not None:
            finish(first, end)

    in_blocks(block, len(y), room or _bytes(x, y, w.shape[:-2], slide), cost, together)


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


def _weights_of_rows(x: Any, d: Any, window: Shape, slide: Slide) -> Any:
    """wᵢ = Σ_o x[under tap i at o] d[o]ᵀ, a product for each position."""
    w = np.zeros((*window, x.shape[-2], d.shape[-2]), x.dtype)
    transposed_d = d.swapaxes(-1, -2)
    if d.shape[-2] >= 24 or d.shape[-1] < 64:  # else the view is faster than a copy, as measured
        transposed_d = np.ascontiguousarray(transposed_d)
    for box, seen in _under_window(x, window, d.shape[:-2], slide):
        each = np.matmul(seen, transposed_d[box.outputs])
        w[box.taps] += _sum_of_matrices(each).reshape(w[box.taps].shape)
    return w


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
        return [(box, patches(x, window, outputs, slide))]
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
    *steps, channel, image = distances(shape, itemsize)
    by_output = [step * stride for step, stride in zip(steps, slide.stride, strict=True)]
    layouts = []
    for box in cover(shape[:-2], window, outputs, slide):
        extents = [part.stop - part.start for part in box.outputs]
        matrix = (count(box.taps) * shape[-2], shape[-1])
        offset = sum(step * at for step, at in zip(steps, box.start, strict=True))
        layouts.append((box, (*extents, *matrix), offset, (*by_output, channel, image)))
    return tuple(layouts)


# ---- blocks of rows -----------------------------------------------------------------------------


def _bytes(x: Any, y: Any, window: Shape, slide: Slide) -> int:
    """How much is written for all rows of outputs: these, or the patches they are computed from."""
    if x.shape[-1] == 1 or _is_thin(x, window, slide):
        return x.itemsize * math.prod(y.shape[:-2]) * math.prod(window) * x.shape[-2] * x.shape[-1]
    return y.nbytes


def _work(y: Any, terms: int) -> int:
    """How long it takes to multiply and add so many terms to each element, as ``par`` counts it."""
    return y.size * (1 + terms // TERMS)


def in_blocks(
    work_on: Callable[[int, int], Any], rows: int, size: int, work: int, together: int = 1
) -> list[Any]:
    """work_on(first, end) for blocks of rows, which threads share; the results in their order.

    size is how many bytes all rows have, and work how much there is to do, as ``par`` counts it. A
    block has a multiple of so many rows together, the last one perhaps some less.
    """
    results = {}

    def block(first: int, end: int) -> None:
        results[first] = work_on(first, end)

    step = rows_per_block(rows, size, work, BLOCK)
    par(rows, block, work=work, step=-(-step // together) * together)
    return [results[first] for first in sorted(results)]
