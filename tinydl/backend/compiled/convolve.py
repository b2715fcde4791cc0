"""Convolution by the compiled tiles of ``numba_convolve``, with both of its gradients.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

Arrays are those of ``numpy_groups``, groups of channels included. Which position lies under a tap
is told by the tables of ``compiled.windows``, here with the taps in row-major order: adjacent taps
of a row then lie on adjacent positions. The gradient by the inputs is a convolution too, that of
the gradient by the outputs along the table that leads back, with channels and filters exchanged.
Its taps go backwards, so that its positions go forwards.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinydl.backend.compiled import kernels_for
from tinydl.backend.compiled.windows import Sight, seen, seen_back
from tinydl.backend.memory import empty
from tinydl.backend.threads import par

WEIGHTS = 1 << 17
"""More weights than these do not stay in the cache while a few outputs are worked out."""

CHANNELS = 24
"""With more of them or of filters, NumPy is as fast for few images, and at adding up weights."""

TERMS = 16
"""Products that take as long as the addition of two numbers, as ``par`` counts work."""


def tiles_for(sight: Sight, groups: int, filters: int, x: Any, w: Any) -> Tiles | None:
    """The tiles for images x and weights w; None where NumPy is to be used.

    filters is how many rows the result has at a position.
    """
    images = x.shape[-1]
    if w.size > WEIGHTS or math.prod(sight.window) > filters * images:
        return None  # or the table would be larger than the result
    kernels = _kernels(sight, w.size * images, x, w)
    if kernels is None or filters // groups < kernels.HEIGHTS[-1]:
        return None
    lanes, is_few = kernels.lanes_for(images, x.itemsize), images * x.itemsize < kernels.BYTES
    if not lanes or (is_few and max(x.shape[-2], filters) > CHANNELS * groups):
        return None
    return Tiles(kernels, sight, lanes)


def weight_tiles_for(sight: Sight, groups: int, x: Any, d: Any) -> Tiles | None:
    """The tiles for the weights that meet images x and go into a gradient d, likewise."""
    channels, (filters, images) = x.shape[-2] // groups, d.shape[-2:]
    taps, each = math.prod(sight.window), filters // groups
    if max(channels, each) > CHANNELS or taps > filters * images:
        return None
    kernels = _kernels(sight, taps * channels * filters * images, x, d)
    if kernels is None or min(channels, each) < kernels.HEIGHTS[-1]:
        return None
    lanes = kernels.BYTES // x.itemsize
    return Tiles(kernels, sight, lanes) if images % lanes <= images // 4 else None


def _kernels(sight: Sight, products: int, *arrays: Any) -> Any:
    """The compiled kernels, if there is enough to do for them: so many products at an output."""
    inputs, outputs = math.prod(sight.inputs), math.prod(sight.outputs)
    return kernels_for("tiles", products * outputs // TERMS, *arrays) if inputs else None


class Tiles:
    """Convolution for one geometry.

    The functions give what those of the same names in ``numpy_groups`` give.
    """

    def __init__(self, kernels: Any, sight: Sight, lanes: int) -> None:
        self.kernels, self.sight, self.lanes = kernels, sight, lanes

    def convolve(self, x: Any, w: Any, groups: int, bias: Any, is_relu: bool) -> Any:
        plus = np.zeros(w.shape[-1], x.dtype) if bias is None else bias[:, 0].astype(x.dtype)
        least = x.dtype.type(0.0 if is_relu else -np.inf)
        near = in_rows(self.sight)
        return self._correlate(self.sight.outputs, x, _lines(w), plus, least, near, groups)

    def convolve_input_gradient(self, d: Any, w: Any, groups: int) -> Any:
        taps, channels, filters = math.prod(w.shape[:-2]), w.shape[-2], w.shape[-1]
        turned = w.reshape(taps, channels, groups, filters // groups)[::-1].transpose(0, 3, 2, 1)
        w = np.ascontiguousarray(turned).reshape(-1, groups * channels)
        plus, least = np.zeros(w.shape[-1], d.dtype), d.dtype.type(-np.inf)
        near = in_rows_back(self.sight)
        return self._correlate(self.sight.inputs, d, w, plus, least, near, groups)

    def _correlate(
        self, size: Any, x: Any, w: Any, plus: Any, least: Any, near: Any, groups: int
    ) -> Any:
        y = empty((*size, w.shape[-1], x.shape[-1]), x.dtype)
        options = _lines(x), w, plus, least, _lines(y), near, groups
        work = y.size * (1 + len(w) // TERMS)
        par(len(near), functools.partial(self.kernels.output_tiles, *options), work=work)
        return y

    def convolve_weight_gradient(self, x: Any, d: Any, groups: int) -> tuple[Any, int]:
        """The gradient by the weights, and how many images it is of: what whole vectors hold."""
        window, (filters, images) = self.sight.window, d.shape[-2:]
        shape = (*window, x.shape[-2] // groups, filters)
        rows, near, totals = (_lines(x), _lines(d)), in_rows(self.sight), {}

        def piece(first: int, end: int) -> None:
            totals[first] = np.zeros((math.prod(shape[:-1]), filters))
            self.kernels.weight_tiles(*rows, totals[first], near, groups, first, end)

        par(len(near), piece, work=d.size * (1 + math.prod(shape[:-1]) // TERMS))
        total = functools.reduce(np.add, [totals[first] for first in sorted(totals)])
        return total.astype(x.dtype).reshape(shape), images - images % self.lanes


def _lines(x: Any) -> Any:
    """An array as a matrix, with its last axis along the rows."""
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


# ---- tables (outputs, taps) of positions, the taps in row-major order ---------------------------


@functools.lru_cache(maxsize=32)
def in_rows(sight: Sight) -> Any:
    """At each output the inputs under the taps."""
    return _by_row(seen(sight), sight)


@functools.lru_cache(maxsize=32)
def in_rows_back(sight: Sight) -> Any:
    """At each input the outputs that have it under the taps, from the last tap to the first."""
    table = np.ascontiguousarray(_by_row(seen_back(sight), sight)[:, ::-1])
    table.flags.writeable = False
    return table


def _by_row(table: Any, sight: Sight) -> Any:
    """A table with its taps in column-major order, in row-major order."""
    by_tap = table.reshape(-1, *reversed(sight.window))
    turned = by_tap.transpose(0, *range(len(sight.window), 0, -1)).reshape(table.shape)
    turned = np.ascontiguousarray(turned)
    turned.flags.writeable = False
    return turned
