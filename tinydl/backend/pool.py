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
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend.compiled.windows import Loops, Sight, loops_for
from tinydl.backend.dispatch import xp
from tinydl.backend.threads import par
from tinydl.backend.windows import Shape, Slide, inputs_of, rows_per_block, tap_by_tap

Index = tuple[slice, ...]
Bring = Callable[[int, Index, Any], None]

BLOCK = 1 << 20  # bytes of the larger of two arrays to work on at a time


class Step(NamedTuple):
    """A tap of the window."""

    tap: int
    outputs: Index  # those at which it lies on the input
    inputs: Index  # the inputs there
    is_first: bool  # whether no tap before this one meets any of these inputs


def pool_max(
    x: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape, save: bool
) -> Any:
    """The largest element under the window, NaN if there is one; with save, also the winner.

    Padding counts as −Inf and does not win. Of equal elements the first wins. size is the spatial
    shape of y.
    """
    loops = _loops(x, x.shape, window, size, stride, before) if save else None
    if loops is not None:  # without winners they would be no faster than the passes below
        return loops.pool_max(x)
    rest = x.shape[len(window) :]
    lib = xp(x)
    y = lib.empty((*size, *rest), x.dtype)
    winner = lib.empty(y.shape, np.min_scalar_type(math.prod(window) - 1)) if save else None
    slide = Slide(stride, (1,) * len(window), before)

    def rows(first: int, end: int) -> None:
        best, here = y[first:end], slide.from_row(first)
        steps = _steps(x.shape[: len(window)], window, best.shape[: len(window)], here)
        others = _started(best, x, steps, -math.inf)
        if winner is None:
            for _, outputs, inputs, _ in others:
                lib.maximum(best[outputs], x[inputs], out=best[outputs])
        else:
            visible = _first_visible(window, best.shape[: len(window)], here)
            winner[first:end] = lib.asarray(_with_axes(visible, len(rest)))
            _compare(x, best, winner[first:end], others)

    _in_blocks(rows, y, x, math.prod(window))
    return (y, winner) if save else y


def _started(y: Any, x: Any, steps: tuple[Step, ...], neutral: float) -> tuple[Step, ...]:
    """Give y its first values: x under the first tap, or a neutral number; the steps left to do."""
    if steps and y[steps[0].outputs].shape == y.shape:
        y[...] = x[steps[0].inputs]
        return steps[1:]
    y[...] = neutral
    return steps


def _compare(x: Any, y: Any, winner: Any, steps: tuple[Step, ...]) -> None:
    """Bring what is under each tap into y, and the number of the tap into winner if it is larger.

    The taps come in rising order: the number of the last that was larger is the largest.
    """
    lib = xp(x)
    for tap, outputs, inputs, _ in steps:
        here, best, found = x[inputs], y[outputs], winner[outputs]
        is_larger = (here > best).view(np.uint8)
        lib.maximum(found, lib.multiply(is_larger, found.dtype.type(tap)), out=found)
        lib.maximum(best, here, out=best)


def pool_take(
    x: Any, winner: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape
) -> Any:
    """The elements of x at the winners; size is the spatial shape of y."""
    n = len(window)
    y = xp(x).empty(winner.shape, x.dtype)
    choose = xp(x).chooser(x)
    slide = Slide(stride, (1,) * n, before)

    def rows(first: int, end: int) -> None:
        into, won = y[first:end], winner[first:end]
        into[...] = 0
        steps = _steps(x.shape[:n], window, into.shape[:n], slide.from_row(first))
        for tap, outputs, inputs, _ in steps:
            into[outputs] += choose(won[outputs] == tap, x[inputs])

    _in_blocks(rows, y, x, math.prod(window))
    return y


def pool_put(
    d: Any, winner: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape
) -> Any:
    """Zeros to which each element of d is added at its winner; size is the spatial shape of x."""
    loops = _loops(d, size, window, d.shape, stride, before)
    if loops is not None:
        return loops.pool_put(d, winner)
    choose = xp(d).chooser(d)

    def write(tap: int, outputs: Index, into: Any) -> None:
        choose(winner[outputs] == tap, d[outputs], out=into)

    def add(tap: int, outputs: Index, into: Any) -> None:
        into += choose(winner[outputs] == tap, d[outputs])

    return _collected(write, add, d, window, size, Slide(stride, (1,) * len(window), before))


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
    loops = _loops(x, x.shape, window, size, stride, before)
    if loops is not None:
        return loops.pool_sum(x)
    n = len(window)
    y = xp(x).empty((*size, *x.shape[n:]), x.dtype)
    slide = Slide(stride, (1,) * n, before)

    def rows(first: int, end: int) -> None:
        into = y[first:end]
        steps = _steps(x.shape[:n], window, into.shape[:n], slide.from_row(first))
        for _, outputs, inputs, _ in _started(into, x, steps, 0.0):
            into[outputs] += x[inputs]

    _in_blocks(rows, y, x, math.prod(window))
    return y


def pool_spread(d: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape) -> Any:
    """Zeros to which each element of d is added at all inputs under its window.

    size is the spatial shape of x.
    """

    loops = _loops(d, size, window, d.shape, stride, before)
    if loops is not None:
        return loops.pool_spread(d)

    def write(_: int, outputs: Index, into: Any) -> None:
        into[...] = d[outputs]

    def add(_: int, outputs: Index, into: Any) -> None:
        into += d[outputs]

    return _collected(write, add, d, window, size, Slide(stride, (1,) * len(window), before))


def _collected(write: Bring, add: Bring, d: Any, window: Shape, size: Shape, slide: Slide) -> Any:
    """What comes from d to the inputs: write it where nothing is yet, and add what comes later.

    size is the spatial shape of the result.
    """
    n = len(window)
    x = xp(d).empty((*size, *d.shape[n:]), d.dtype)
    row, *others = slide.before

    def rows(first: int, end: int) -> None:
        into = x[first:end]
        here = slide._replace(before=(row + first, *others))  # inputs are counted from this row
        geometry = into.shape[:n], window, d.shape[:n], here
        for part in _left_out(*geometry):
            into[part] = 0
        for tap, outputs, inputs, is_first in _steps(*geometry):
            (write if is_first else add)(tap, outputs, into[inputs])

    _in_blocks(rows, x, d, math.prod(window))
    return x


def _loops(
    array: Any, inputs: Shape, window: Shape, outputs: Shape, stride: Shape, before: Shape
) -> Loops | None:
    """Compiled loops for an array, if there are any; of two shapes the spatial part matters."""
    n = len(window)
    sight = Sight(inputs[:n], window, outputs[:n], Slide(stride, (1,) * n, before))
    return loops_for(sight, math.prod(array.shape[n:]), array)


def _in_blocks(work_on: Callable[[int, int], None], y: Any, x: Any, taps: int) -> None:
    """work_on(first, end) for blocks of rows of the result y, which threads share.

    That is for arrays of NumPy; other libraries see to their threads themselves.
    """
    if not isinstance(y, np.ndarray):
        return work_on(0, len(y))
    work = min(x.size, y.size) * taps
    step = rows_per_block(len(y), max(x.nbytes, y.nbytes), work, BLOCK)
    par(len(y), work_on, work=work, step=step)


@functools.lru_cache(maxsize=2048)
def _steps(spatial: Shape, window: Shape, outputs: Shape, slide: Slide) -> tuple[Step, ...]:
    """The steps over whole arrays, one for each tap."""
    lines = [tap_by_tap(*line) for line in zip(spatial, window, outputs, *slide, strict=True)]
    weights = _weights(window)
    steps = []
    for parts in itertools.product(*reversed(lines)):  # product runs through its last one fastest
        parts = parts[::-1]
        number = sum(part.taps.start * n for part, n in zip(parts, weights, strict=True))
        inputs = [inputs_of(part, s) for part, s in zip(parts, slide.stride, strict=True)]
        # Taps meet the same inputs if they lie a multiple of the stride apart.
        is_first = all(p.taps.start < s for p, s in zip(parts, slide.stride, strict=True))
        steps.append(Step(number, tuple([p.outputs for p in parts]), tuple(inputs), is_first))
    return tuple(steps)


@functools.lru_cache(maxsize=2048)
def _left_out(spatial: Shape, window: Shape, outputs: Shape, slide: Slide) -> tuple[Any, ...]:
    """The inputs to which no tap comes first: along each dimension certain rows, as an index."""
    rows = []
    for axis, line in enumerate(zip(spatial, window, outputs, *slide, strict=True)):
        stride, missing = slide.stride[axis], dict.fromkeys(range(spatial[axis]))
        for part in tap_by_tap(*line):
            if part.taps.start < stride:
                for row in range(spatial[axis])[inputs_of(part, stride)]:
                    del missing[row]
        if missing:
            rows.append((*(slice(None),) * axis, list(missing)))
    return tuple(rows)


def _first_visible(window: Shape, outputs: Shape, slide: Slide) -> Any:
    """At each output the number of the first tap that lies on the input."""
    grid = np.ogrid[tuple(map(slice, outputs))]
    lines = zip(grid, slide.stride, slide.before, _weights(window), strict=True)
    return functools.reduce(np.add, [np.maximum(b - o * s, 0) * n for o, s, b, n in lines])


def _weights(shape: Shape) -> Shape:
    """By how much the column-major number grows from one position to the next, by dimension."""
    return tuple(math.prod(shape[:i]) for i in range(len(shape)))


def _with_axes(x: Any, axes: int) -> Any:
    """x with further axes of length 1 at its end."""
    return x.reshape(*x.shape, *(1,) * axes)
