"""Convolution for few images: the last dimension of space joins them, which makes products long.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

A product for each position would have B columns. Here one has S · B, for all positions along the
last of up to three dimensions of space. The input is copied once, with its channels before that
dimension. Each dimension of the window is then dealt with in a way that copies little:

* second to last: the channels of adjacent rows lie side by side in a *view* of that copy. Rows of
  outputs are grouped by the taps they see, so that none is padded.
* last: it stays out of the products. Each tap j has filters of its own, and what these give at
  all positions along the last dimension is added up with a shift:

    z[j, k, s, b] = Σ_{h, i, c} w[h, i, j, c, k] · x[…, s − before, c, b]
    y[o, k, b] = Σⱼ z[j, k, o · stride + j · dilation, b]

  If there are few channels, z would be larger than what it is made of. The inputs under the taps
  then become further channels of the copy, with 0 for padding.
* the one before these two, where space has three: the inputs under its taps become further
  channels of the copy too. That copy has long runs.

The functions work on a block of rows of y, as those of numpy_convolve do. Inside, space always has
three dimensions, if need be the first of them with one position.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend.numpy_runs import runs
from tinydl.backend.windows import (
    Part,
    Shape,
    Slide,
    count,
    inputs_of,
    reach,
    tap_by_tap,
    taps_together,
)

# Where this form is the faster one, as measured with one thread. "Numbers" lie at a position, in x
# and y together; "columns" are those of the outputs, for all images.

VOLUME_OUTPUTS, VOLUME_WEIGHTS = 480, 800  # numbers at most, with three dimensions of space
OUTPUTS, IMAGES = 480, range(1, 12)  # with one or two: BLAS is fast with 12 columns and more
OF_A_ROW = 2, 4  # images, if the window is a row: each position then takes a single product
TINY, TINY_OUTPUTS, TINY_IMAGES = 4, 1600, range(1, 25)  # with fewer filters than 4
LEAST = 40  # columns
WEIGHTS, WEIGHTS_IMAGES = 2048, range(1, 33)  # for the gradient by the weights, two dimensions
SUMMED = range(96, 1101)  # columns there, over which its products add up

THIN = 24  # channels in a row of taps below which its taps join the channels
FEW_FILTERS, LONG = 24, 100  # fewer filters and more columns: BLAS transposes them fast by itself


def suits_outputs(x: Any, window: Shape, y: Shape, slide: Slide) -> bool:
    """Whether this is the faster way to the result of a convolution, of shape y."""
    *_, columns, filters, images = y
    numbers = images * (x.shape[-2] + filters)
    if len(window) == 3:
        return numbers <= VOLUME_OUTPUTS and _is_dense(x, window, y, slide)
    if len(window) > 3 or slide.stride[-1] > 1 or images * columns < LEAST:
        return False
    if math.prod(window[:-1]) == 1:
        return numbers <= OUTPUTS and images in OF_A_ROW
    if filters < TINY:
        return numbers <= TINY_OUTPUTS and images in TINY_IMAGES
    return numbers <= OUTPUTS and images in IMAGES


def suits_weights(x: Any, window: Shape, y: Shape, slide: Slide) -> bool:
    """The same for the gradient by the weights; y is the shape of the gradient by the result."""
    *_, columns, filters, images = y
    numbers = images * (x.shape[-2] + filters)
    if len(window) == 3:
        return numbers <= VOLUME_WEIGHTS and _is_dense(x, window, y, slide)
    if len(window) != 2 or slide.stride[-1] > 1 or images * columns not in SUMMED:
        return False
    return numbers <= WEIGHTS and images in WEIGHTS_IMAGES


def _is_dense(x: Any, window: Shape, y: Shape, slide: Slide) -> bool:
    """Whether there is a row of taps, and few columns are no output's."""
    needed, _, _ = reach(x.shape, window, y[:-2], slide)
    return window[-1] > 1 and needed[-1] <= 2 * y[-3]


def room(x: Any, window: Shape, y: Shape) -> int:
    """How many bytes are written on the way to all rows of outputs, whose shape is y."""
    *outputs, filters, images = y
    channels = math.prod(window[:-2]) * x.shape[-2]
    joins = _joins(x.shape[-2], window[-1])
    at_each = window[-1] * channels + filters if joins else channels + window[-1] * filters
    return x.itemsize * math.prod(outputs) * at_each * images


# ---- a block of rows: the products ---------------------------------------------------------------


def arranged(w: Any) -> Any:
    """The weights (*window, C, K) as output_rows takes them: (taps₃, K, taps₂, taps₁, C).

    If the last taps join the channels, they are (1, K, taps₂, taps₁, taps₃ · C).
    """
    w = w.reshape(*_three(w.shape[:-2], 1), *w.shape[-2:])
    first, second, last, channels, filters = w.shape
    if _joins(channels, last):
        w = w.reshape(first, second, 1, last * channels, filters)
    return np.ascontiguousarray(w.transpose(2, 4, 1, 0, 3))


def output_rows(x: Any, w: Any, y: Any, slide: Slide) -> None:
    """Fill rows y of outputs, from the weights as arranged gives them."""
    x, y = _volume(x), _volume(y)
    apart, filters, second, first, channels = w.shape
    (*outputs, columns), images = y.shape[:3], x.shape[-1]
    window = (first, second, apart * channels // x.shape[-2])
    layout = _layout(x.shape, x.itemsize, window, y.shape[:3], slide)
    copy, across = _copy(x, layout), layout.across
    z = _empty((*outputs, apart * filters, across.width * images), x.dtype, layout.sees_all)
    inside = slice(across.left * images, (across.left + across.columns) * images)
    z[..., : inside.start] = 0
    z[..., inside.stop :] = 0
    for rows in layout.rows:
        taps = w[:, :, rows.taps].reshape(apart * filters, -1)
        np.matmul(taps, rows.inputs(copy), out=z[:, rows.outputs, :, inside])
    z = z.reshape(*outputs, apart, -1)
    total = z[:, :, 0]
    for j in range(1, apart):
        shift = j * across.dilation * images
        total[..., :-shift] += z[:, :, j, shift:]  # ends of rows get what no output is made of
    total = total.reshape(*outputs, filters, across.width, images)
    end = (columns - 1) * across.stride + 1
    runs(y)[...] = runs(total[..., : end : across.stride, :]).swapaxes(-1, -2)


def weights_of_rows(x: Any, d: Any, window: Shape, slide: Slide) -> Any:
    """What rows d of the gradient by y give to that by w: (*window, C, K)."""
    x, d = _volume(x), _volume(d)
    first, second, last = _three(window, 1)
    layout = _layout(x.shape, x.itemsize, (first, second, last), d.shape[:3], slide)
    copy, d = _copy(x, layout), _columns_of(d, layout.across.stride)
    joined, channels, filters = layout.shape[3], x.shape[-2], d.shape[-1]
    below = (second, first * joined * channels, filters)
    each = np.zeros((*d.shape[:2], *below), d.dtype)  # stays 0 at taps that a row does not see
    pairs = []
    for rows in layout.rows:
        into = each[:, rows.outputs, rows.taps]
        into = into.reshape(*into.shape[:2], -1, filters)  # a view: adjacent taps
        pairs.append((rows.inputs(copy), d[:, rows.outputs], into))
    w = np.zeros((last // joined, math.prod(below)), d.dtype)
    ones = np.ones(math.prod(d.shape[:2]), d.dtype)
    for tap, at, under in layout.across.taps:
        for seen, outputs, into in pairs:
            np.matmul(seen[..., under], outputs[:, :, at], out=into)
        np.matmul(ones, each.reshape(len(ones), -1), out=w[tap])
    w = w.reshape(last // joined, second, first, joined, channels, filters)
    return w.transpose(2, 1, 0, 3, 4, 5)


def _columns_of(d: Any, stride: int) -> Any:
    """Rows of d as matrices (columns · B, K), with 0 between columns a stride apart."""
    *outputs, columns, filters, images = d.shape
    apart, is_full = (columns - 1) * stride + 1, stride == 1
    if filters < FEW_FILTERS and columns * images > LONG:
        spread = _empty((*outputs, filters, apart, images), d.dtype, is_full)
        runs(spread)[..., ::stride] = runs(d).swapaxes(-1, -2)
        return spread.reshape(*outputs, filters, -1).swapaxes(-1, -2)
    spread = _empty((*outputs, apart, images, filters), d.dtype, is_full)
    spread[:, :, ::stride] = d.swapaxes(-1, -2)
    return spread.reshape(*outputs, -1, filters)


# ---- the copy of the inputs ----------------------------------------------------------------------


class Across(NamedTuple):
    """The last dimension, whose positions are the columns of the copy."""

    pieces: tuple[Part, ...]  # columns of the copy, taps that join the channels, inputs
    step: int  # from one of these inputs to the next
    columns: int  # of the copy
    taps: tuple[tuple[int, slice, slice], ...]  # a tap apart, and where it is on d and on the copy
    left: int  # columns of padding before those of the copy
    width: int  # columns that the window comes over, padding among them
    stride: int  # columns from output to output
    dilation: int  # columns from tap to tap


class Rows(NamedTuple):
    """Outputs along the second dimension that see the same taps of it, and a view of the copy."""

    outputs: slice
    taps: slice
    shape: Shape  # (outputs₁, outputs₂, taps₂, channels, columns · B), or taps₂ · channels as one
    offset: int
    steps: Shape

    def inputs(self, copy: Any) -> Any:
        """What the outputs see, (outputs₁, outputs₂, taps₂ · channels, columns · B)."""
        seen = np.ndarray(self.shape, copy.dtype, copy, self.offset, self.steps)
        return seen if seen.ndim == 4 else seen.reshape(*self.shape[:2], -1, self.shape[-1])


class Layout(NamedTuple):
    """The copy for a block of rows of outputs, as far as it depends on shapes alone."""

    shape: Shape  # (outputs₁, rows, taps₁, taps₃ that join the channels, C, columns, B)
    is_full: bool  # whether something is copied to every place, and nothing stays 0
    pieces: tuple[tuple[Any, Any], ...]  # indices of the copy, and of what comes there
    rows: tuple[Rows, ...]
    sees_all: bool  # whether these are all outputs
    across: Across


@functools.lru_cache(maxsize=2048)
def _layout(shape: Shape, itemsize: int, window: Shape, outputs: Shape, slide: Slide) -> Layout:
    """For an input of this shape; all sizes are for three dimensions, but the slide's."""
    slide = Slide(_three(slide.stride, 1), _three(slide.dilation, 1), _three(slide.before, 0))
    _, there, _ = reach(shape, window, outputs, slide)
    before, down, _ = zip(shape, window, outputs, *slide, strict=False)
    across = _across(shape, window, outputs, slide)
    joined = window[2] if _joins(shape[-2], window[2]) else 1
    height = there[1].stop - there[1].start
    copy = (outputs[0], height, window[0], joined, shape[-2], across.columns, shape[-1])
    pieces, places = [], 0
    for a, b in itertools.product(tap_by_tap(*before), across.pieces):
        to = (a.outputs, slice(None), a.taps.start, b.taps.start, slice(None), b.outputs)
        pieces.append((to, (inputs_of(a, slide.stride[0]), there[1], inputs_of(b, across.step))))
        places += count((a.outputs, b.outputs))
    rows = [
        _rows(part, there[1].start, copy, itemsize, slide)
        for part in taps_together(*down)
        if across.columns
    ]
    return Layout(
        shape=copy,
        is_full=places == outputs[0] * window[0] * joined * across.columns,
        pieces=tuple(pieces),
        rows=tuple(rows),
        sees_all=sum(count((part.outputs,)) for part in rows) == outputs[1],
        across=across,
    )


def _across(shape: Shape, window: Shape, outputs: Shape, slide: Slide) -> Across:
    """The columns, which are those of the outputs if the last taps join the channels."""
    needed, there, inside = reach(shape, window, outputs, slide)
    *_, line = zip(shape, window, outputs, *slide, strict=False)
    (_, taps, columns, stride, dilation, _), images = line, shape[-1]
    by_tap = tap_by_tap(*line)
    if _joins(shape[-2], taps):
        everywhere = ((0, slice(None), slice(None)),)
        return Across(tuple(by_tap), stride, columns, everywhere, 0, columns, 1, 1)
    first, columns = there[2].start, there[2].stop - there[2].start
    apart = []
    for part in by_tap:
        length = (count((part.outputs,)) - 1) * stride + 1
        starts = part.outputs.start * stride, part.start - first
        on_d, on_copy = [slice(at * images, (at + length) * images) for at in starts]
        apart.append((part.taps.start, on_d, on_copy))
    pieces = (Part(slice(0, columns), slice(0, 1), first),) if columns else ()
    left, width = inside[2].start, needed[2]
    return Across(pieces, 1, columns, tuple(apart), left, width, stride, dilation)


def _rows(part: Part, first: int, copy: Shape, itemsize: int, slide: Slide) -> Rows:
    """The outputs of a part, with a view of a copy of this shape, of rows from the first on."""
    taps, channels, columns = count((part.taps,)), math.prod(copy[2:5]), copy[-2] * copy[-1]
    channel = itemsize * columns
    row = channel * channels
    steps: Shape = (row * copy[1], row * slide.stride[1])
    shape: Shape = (copy[0], count((part.outputs,)))
    if slide.dilation[1] == 1:
        shape, steps = (*shape, taps * channels, columns), (*steps, channel, itemsize)
    else:  # the rows under the taps are not adjacent
        shape = (*shape, taps, channels, columns)
        steps = (*steps, row * slide.dilation[1], channel, itemsize)
    return Rows(part.outputs, part.taps, shape, (part.start - first) * row, steps)


def _copy(x: Any, layout: Layout) -> Any:
    """The inputs with their channels, and the taps that join these, before the columns."""
    copy = _empty(layout.shape, x.dtype, layout.is_full)
    into, source = runs(copy), runs(x)
    for to, at in layout.pieces:
        into[to] = source[at].swapaxes(-1, -2)
    return copy


def _joins(channels: int, taps: int) -> bool:
    """Whether the taps of the last dimension join the channels."""
    return channels * taps < THIN


def _empty(shape: Shape, dtype: Any, is_full: bool) -> Any:
    """An array for numbers to come, 0 if they do not fill it."""
    return np.empty(shape, dtype) if is_full else np.zeros(shape, dtype)


def _volume(x: Any) -> Any:
    """A view with three dimensions of space before channels and images."""
    return x[(None,) * (5 - x.ndim)]


def _three(sizes: Shape, usual: int) -> Shape:
    return (usual,) * (3 - len(sizes)) + tuple(sizes)
