"""Windows by the compiled loops of ``numba_windows``: pooling and channel-wise convolution.

These loops follow a table that tells which position lies under each tap at each output. Whatever
the dimensions, strides, dilations and padding are, they become such a table. A gradient goes the
same way with a table that leads back, to the output that has an input under the tap. So each place
of a result is written once, by one piece of the work, and sums have one order.

Arrays are (*spatial, …) as in ``pool`` and ``numpy_groups``. Taps are numbered in column-major
order, the first dimension running fastest.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend.compiled import kernels_for
from tinydl.backend.threads import par
from tinydl.backend.windows import Shape, Slide

SHORT = 32
"""Runs of fewer numbers are left to NumPy."""


class Sight(NamedTuple):
    """What a window sees that slides over inputs."""

    inputs: Shape
    window: Shape
    outputs: Shape
    slide: Slide


def loops_for(sight: Sight, run: int, *arrays: Any) -> Loops | None:
    """The loops for arrays that have runs of so many numbers at a position; None where NumPy is.

    The runs are long, and the table is smaller than the arrays. A byte holds the number of a tap.
    """
    taps = math.prod(sight.window)
    if run < max(SHORT, taps) or taps > 256 or not isinstance(arrays[0], np.ndarray):
        return None
    inputs, outputs = math.prod(sight.inputs), math.prod(sight.outputs)
    if not inputs or not outputs:
        return None
    kernels = kernels_for("windows", max(inputs, outputs) * run, *arrays)
    return None if kernels is None else Loops(kernels, sight)


class Loops:
    """Pooling and channel-wise convolution for one geometry, each function one compiled loop.

    The functions give what those of the same names in ``pool`` and ``numpy_groups`` give.
    """

    def __init__(self, kernels: Any, sight: Sight) -> None:
        self.kernels, self.sight = kernels, sight
        self.spatial = len(sight.window)

    def pool_max(self, x: Any) -> tuple[Any, Any]:
        y = self._empty(self.sight.outputs, x)
        winner = np.empty(y.shape, np.uint8)
        runs = map(self._runs, (x, y, winner))
        self._share(self.kernels.largest, *runs, seen(self.sight))
        return y, winner

    def pool_put(self, d: Any, winner: Any) -> Any:
        x = self._empty(self.sight.inputs, d)
        won, back = self._runs(winner.astype(np.uint8, copy=False)), seen_back(self.sight)
        self._share(self.kernels.add_up, self._runs(d), won, self._runs(x), back)
        return x

    def pool_sum(self, x: Any) -> Any:
        y = self._empty(self.sight.outputs, x)
        self._share(self.kernels.add_up, self._runs(x), None, self._runs(y), seen(self.sight))
        return y

    def pool_spread(self, d: Any) -> Any:
        x = self._empty(self.sight.inputs, d)
        back = seen_back(self.sight)
        self._share(self.kernels.add_up, self._runs(d), None, self._runs(x), back)
        return x

    def convolve(self, x: Any, w: Any, bias: Any, is_relu: bool) -> Any:
        """w is (*window, 1, K): each channel has one filter, or a few that are neighbours."""
        filters, images = w.shape[-1], x.shape[-1]
        y = np.empty((*self.sight.outputs, filters, images), x.dtype)
        plus = np.zeros(filters, x.dtype) if bias is None else bias[:, 0].astype(x.dtype)
        least = x.dtype.type(0.0 if is_relu else -np.inf)
        x, plus = _for_filters(x, filters), np.repeat(plus, images)
        runs, w = self._runs(x), self._lines(w, images)
        self._share(self.kernels.correlate, runs, w, plus, least, self._runs(y), seen(self.sight))
        return y

    def convolve_input_gradient(self, d: Any, w: Any, channels: int) -> Any:
        filters, images = d.shape[-2:]
        x, nothing = self._empty(self.sight.inputs, d), np.zeros(filters * images, d.dtype)
        runs, w, least = self._runs(d), self._lines(w, images), d.dtype.type(-np.inf)
        back = seen_back(self.sight)
        self._share(self.kernels.correlate, runs, w, nothing, least, self._runs(x), back)
        if filters == channels:
            return x
        return x.reshape(*self.sight.inputs, channels, -1, images).sum(axis=-2)

    def convolve_weight_gradient(self, x: Any, d: Any) -> Any:
        filters, images = d.shape[-2:]
        runs, d_runs = self._runs(_for_filters(x, filters)), self._runs(d)
        near, totals = seen(self.sight), {}

        def piece(first: int, end: int) -> None:
            totals[first] = np.zeros((near.shape[1], filters * images))
            self.kernels.add_products(runs, d_runs, totals[first], near, first, end)

        par(len(near), piece, work=self._work(d_runs))
        total = functools.reduce(np.add, [totals[first] for first in sorted(totals)])
        w = total.reshape(*reversed(self.sight.window), filters, images).sum(axis=-1)
        return np.ascontiguousarray(self._taps_turned(w)[..., None, :], x.dtype)

    def _empty(self, spatial: Shape, like: Any) -> Any:
        return np.empty((*spatial, *like.shape[self.spatial :]), like.dtype)

    def _runs(self, x: Any) -> Any:
        """x as (positions, numbers of a position)."""
        x, n = np.ascontiguousarray(x), self.spatial
        return x.reshape(math.prod(x.shape[:n]), math.prod(x.shape[n:]))

    def _lines(self, w: Any, images: int) -> Any:
        """Weights (*window, 1, K) as (taps, K · images)."""
        lines = self._taps_turned(w[..., 0, :]).reshape(-1, w.shape[-1])
        return np.repeat(lines, images, axis=1)

    def _taps_turned(self, w: Any) -> Any:
        """An array (*window, …) with the window's dimensions in reverse order: row-major order of
        its taps becomes column-major order, and the other way round.
        """
        return w.transpose(*reversed(range(self.spatial)), *range(self.spatial, w.ndim))

    def _share(self, kernel: Callable[..., None], *args: Any) -> None:
        """The kernel for pieces of its outputs; its last argument is the table."""
        par(len(args[-1]), functools.partial(kernel, *args), work=self._work(args[0]))

    def _work(self, runs: Any) -> int:
        positions = min(math.prod(self.sight.inputs), math.prod(self.sight.outputs))
        return positions * runs.shape[1] * math.prod(self.sight.window)


def _for_filters(x: Any, filters: int) -> Any:
    """Each channel of x once for each of its filters."""
    few = filters // x.shape[-2]
    return x if few == 1 else np.repeat(x, few, axis=-2)


# ---- tables (outputs, taps) of positions, with −1 where there is none ---------------------------


@functools.lru_cache(maxsize=32)
def seen(sight: Sight) -> Any:
    """At each output the inputs under the taps."""
    lines = []
    for size, taps, outputs, stride, dilation, before in _by_dimension(sight):
        at = np.arange(outputs)[:, None] * stride + np.arange(taps) * dilation - before
        lines.append(np.where((at >= 0) & (at < size), at, -1))
    return _table(lines, sight.inputs)


@functools.lru_cache(maxsize=32)
def seen_back(sight: Sight) -> Any:
    """At each input the outputs that have it under the taps."""
    lines = []
    for size, taps, outputs, stride, dilation, before in _by_dimension(sight):
        steps = np.arange(size)[:, None] + before - np.arange(taps) * dilation
        at, rest = np.divmod(steps, stride)
        lines.append(np.where((rest == 0) & (at >= 0) & (at < outputs), at, -1))
    return _table(lines, sight.outputs)


def _by_dimension(sight: Sight) -> Iterable[tuple[int, ...]]:
    return zip(sight.inputs, sight.window, sight.outputs, *sight.slide, strict=True)


def _table(lines: list[Any], sizes: Shape) -> Any:
    """From a table for each dimension that of all; the positions form an array of some sizes."""
    n = len(lines)
    place, is_there = np.zeros((1,) * 2 * n, np.int64), np.ones((1,) * 2 * n, bool)
    for i, (line, size) in enumerate(zip(lines, sizes, strict=True)):
        shape = [1] * 2 * n
        shape[i], shape[-1 - i] = line.shape  # the taps in reverse: column-major
        line = line.reshape(shape)
        place, is_there = place * size + line, is_there & (line >= 0)
    table = np.where(is_there, place, -1).astype(np.int32)
    table = table.reshape(math.prod(table.shape[:n]), math.prod(table.shape[n:]))
    table.flags.writeable = False
    return table
