"""Pooling over the leading dimensions of arrays: the largest, and the sum, under a window.

x is (*spatial, …) and y is (*outputs, …); a pooling takes one step over whole arrays for each tap
of the window. Taps are numbered in column-major order, the first dimension running fastest, and
``winner`` holds for each element of y the number of the tap at which it was found.

The functions serve every library of arrays. What depends on the geometry alone is worked out by
NumPy and brought to the arrays.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np

from tinydl.backend.dispatch import xp
from tinydl.backend.windows import Part, Shape, Slide, tap_by_tap

Index = tuple[slice, ...]


def pool_max(
    x: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape, save: bool
) -> Any:
    """The largest element under the window, NaN if there is one; with save, also the winner.

    Padding counts as −Inf and does not win. Of equal elements the first wins. size is the spatial
    shape of y.
    """
    rest = x.shape[len(window) :]
    lib = xp(x)
    y = lib.full((*size, *rest), -math.inf, x.dtype)
    steps = _steps(x.shape[: len(window)], window, size, stride, before)
    if not save:
        for _, outputs, inputs in steps:
            lib.maximum(y[outputs], x[inputs], out=y[outputs])
        return y
    winner = lib.empty(y.shape, np.min_scalar_type(math.prod(window) - 1))
    first = _with_axes(_first_visible(window, size, stride, before), len(rest))
    winner[...] = lib.asarray(first)
    for tap, outputs, inputs in steps:
        here, best, found = x[inputs], y[outputs], winner[outputs]
        # The taps come in rising order: the number of the last that was larger is the largest.
        lib.maximum(found, lib.multiply(here > best, tap, dtype=found.dtype), out=found)
        lib.maximum(best, here, out=best)
    return y, winner


def pool_take(
    x: Any, winner: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape
) -> Any:
    """The elements of x at the winners; size is the spatial shape of y."""
    y = xp(x).zeros(winner.shape, x.dtype)
    choose = xp(x).chooser(x)
    for tap, outputs, inputs in _steps(x.shape[: len(window)], window, size, stride, before):
        y[outputs] += choose(winner[outputs] == tap, x[inputs])
    return y


def pool_put(
    d: Any, winner: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape
) -> Any:
    """Zeros to which each element of d is added at its winner; size is the spatial shape of x."""
    n = len(window)
    x = xp(d).zeros((*size, *d.shape[n:]), d.dtype)
    choose = xp(d).chooser(d)
    for tap, outputs, inputs in _steps(size, window, d.shape[:n], stride, before):
        x[inputs] += choose(winner[outputs] == tap, d[outputs])
    return x


def pool_positions(
    winner: Any, *, window: Shape, steps: Shape, stride: Shape, before: Shape
) -> Any:
    """The numbers of the elements of x that won, which grow by steps along its dimensions."""
    n = len(window)
    grid = np.ogrid[tuple(map(slice, winner.shape))]
    lines = zip(grid, (*stride, *(1,) * (winner.ndim - n)), steps, strict=True)
    start = functools.reduce(np.add, [o * s * step for o, s, step in lines])
    start = start - sum(b * step for b, step in zip(before, steps, strict=False))
    taps = zip(np.ogrid[tuple(map(slice, window))], steps, strict=False)
    offset = functools.reduce(np.add, [tap * step for tap, step in taps]).ravel(order="F")
    return xp(winner).asarray(start) + xp(winner).asarray(offset)[winner]


def pool_sum(x: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape) -> Any:
    """The sum of the elements under the window; size is the spatial shape of y."""
    y = xp(x).zeros((*size, *x.shape[len(window) :]), x.dtype)
    for _, outputs, inputs in _steps(x.shape[: len(window)], window, size, stride, before):
        y[outputs] += x[inputs]
    return y


def pool_spread(d: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape) -> Any:
    """Zeros to which each element of d is added at all inputs under its window.

    size is the spatial shape of x.
    """
    n = len(window)
    x = xp(d).zeros((*size, *d.shape[n:]), d.dtype)
    for _, outputs, inputs in _steps(size, window, d.shape[:n], stride, before):
        x[inputs] += d[outputs]
    return x


@functools.lru_cache(maxsize=256)
def _steps(
    spatial: Shape, window: Shape, outputs: Shape, stride: Shape, before: Shape
) -> tuple[tuple[int, Index, Index], ...]:
    """For each tap its number, the outputs at which it lies on the input, and the inputs there."""
    slide = Slide(stride, (1,) * len(window), before)
    lines = [tap_by_tap(*line) for line in zip(spatial, window, outputs, *slide, strict=True)]
    weights = _weights(window)
    steps = []
    for parts in itertools.product(*reversed(lines)):  # product runs through its last one fastest
        parts = parts[::-1]
        number = sum(part.taps.start * n for part, n in zip(parts, weights, strict=True))
        inputs = [_inputs(part, s) for part, s in zip(parts, stride, strict=True)]
        steps.append((number, tuple(part.outputs for part in parts), tuple(inputs)))
    return tuple(steps)


def _inputs(part: Part, stride: int) -> slice:
    """The inputs that a tap meets at the outputs of a part."""
    count = part.outputs.stop - part.outputs.start
    return slice(part.start, part.start + (count - 1) * stride + 1, stride)


def _first_visible(window: Shape, outputs: Shape, stride: Shape, before: Shape) -> Any:
    """At each output the number of the first tap that lies on the input."""
    grid = np.ogrid[tuple(map(slice, outputs))]
    lines = zip(grid, stride, before, _weights(window), strict=True)
    return functools.reduce(np.add, [np.maximum(b - o * s, 0) * n for o, s, b, n in lines])


def _weights(shape: Shape) -> Shape:
    """By how much the column-major number grows from one position to the next, by dimension."""
    return tuple(math.prod(shape[:i]) for i in range(len(shape)))


def _with_axes(x: Any, axes: int) -> Any:
    """x with further axes of length 1 at its end."""
    return x.reshape(*x.shape, *(1,) * axes)
