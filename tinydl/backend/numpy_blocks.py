"""Blocks of an array with channels, for batch normalization: how it is cut, what is done with each.

An array is seen as (outer, C, inner): the channels, what lies before them in memory, and behind.
Features are (1, C, observations), and threads share their channels. Images are (pixels, C,
observations), and threads share blocks of pixels. A block fits into the cache: it is read several
times, and memory only once.

Where Numba is there, loops of ``numba_normalize`` do the same with blocks of pixels in one pass.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinydl.backend.compiled import kernels_for
from tinydl.backend.threads import par

BLOCK = 1 << 20  # bytes of x in a block
SHORT = 32  # numbers for which a call of BLAS costs more than it gains
LONG = 1 << 12  # numbers that are added up without a break: rounding grows with them
FEW = 4  # deviations from 0 within which a mean need not be taken off by itself


def blocks(x: Any, channel: int, *others: Any) -> Blocks:
    """The blocks of an array, beside which lie others, of its class as a rule."""
    outer, inner = math.prod(x.shape[:channel]), math.prod(x.shape[channel + 1 :])
    shape = (outer, x.shape[channel], inner)
    kernels = None if outer == 1 else kernels_for("normalize", x.size, x, *others)
    seen = np.ascontiguousarray(x).reshape(shape)
    return Blocks(seen) if kernels is None else CompiledBlocks(seen, kernels)


class Blocks:
    """An array x (outer, C, inner), in blocks from a first channel or pixel on to an end.

    Arrays given to its functions have the shape of x. Numbers for the channels go through ``row``.
    """

    def __init__(self, x: Any) -> None:
        self.x = x
        self.is_features = len(x) == 1  # cut along the channels; else along what lies before them

    def share(self, of_block: Any, passes: int) -> None:
        """of_block(first, end) for all blocks, each of which goes over its elements some times."""
        outer, channels, _ = self.x.shape
        if self.is_features:
            par(channels, of_block, work=passes * self.x.size)
            return
        count = -(-self.x.nbytes // BLOCK)
        count += count % 2 if count > 1 else 0
        par(outer, of_block, work=passes * self.x.size, step=-(-outer // max(1, count)) or 1)

    def row(self, numbers: Any) -> Any:
        """Numbers for the channels, in a form that a block is computed with in long runs."""
        if self.is_features or self.x.shape[2] == 1:
            return numbers[:, None]
        return np.repeat(numbers[:, None], self.x.shape[2], axis=1)

    def together(self, sums: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Sums of channels over all blocks, from those of each block."""
        join = np.concatenate if self.is_features else total
        return [join(parts) for parts in zip(*sums, strict=True)]

    def leaves_on(self, mean: Any, variance: Any) -> bool:
        """Whether ``centre`` may be None: no mean is so far from 0 that this would cost digits.

        That is for ``normalize`` and ``gradient``. In a sum of many elements it would cost some.
        """
        return bool((mean * mean <= FEW**2 * variance).all())

    def moments(self, first: int, end: int) -> tuple[int, Any, Any]:
        """How many elements of a channel are in a block, their mean, and Σ (x − mean)²."""
        block = self.x[self._at(first, end)]
        n = block.size // block.shape[1]
        mean = channel_sums(block) / n
        centred = block - self.row(mean)
        return n, mean, _sums_of_products(centred, centred)

    def normalize(
        self, first: int, end: int, y: Any, centre: Any, times: Any, plus: Any, is_relu: bool
    ) -> None:
        """Write times · (x − centre) + plus into y; is_relu: 0 where that is negative."""
        at = self._at(first, end)
        x = self.x[at] if centre is None else self._centred(at, centre, out=y[at])
        out = np.multiply(x, self._of(times, at), out=y[at])
        out += self._of(plus, at)
        if is_relu:
            np.maximum(out, 0.0, out=out)

    def gradient_sums(
        self, first: int, end: int, dx: Any, g: Any, y: Any, centre: Any
    ) -> tuple[Any, Any]:
        """Σ g and Σ g · (x − centre) over a block, where y is positive or None.

        What of g these are is left in dx.
        """
        at = self._at(first, end)
        passed = g[at] if y is None else np.multiply(g[at], y[at] > 0, out=dx[at])
        return channel_sums(passed), _sums_of_products(self._centred(at, centre), passed)

    def gradient(
        self, first: int, end: int, dx: Any, g: Any, y: Any, centre: Any, times: Any, along: Any,
        plus: Any,
    ) -> None:  # fmt: skip
        """Write times · g + along · (x − centre) + plus into dx, with g as in ``gradient_sums``."""
        at = self._at(first, end)
        x = self.x[at] if centre is None else self._centred(at, centre)
        out = np.multiply((g if y is None else dx)[at], self._of(times, at), out=dx[at])
        out += x * self._of(along, at)
        out += self._of(plus, at)

    def _at(self, first: int, end: int) -> tuple[slice, slice]:
        piece, everything = slice(first, end), slice(None)
        return (everything, piece) if self.is_features else (piece, everything)

    def _of(self, row: Any, at: tuple[slice, slice]) -> Any:
        """What of a row belongs to a block."""
        return row[at[1]]

    def _centred(self, at: tuple[slice, slice], centre: Any, out: Any = None) -> Any:
        return np.subtract(self.x[at], self._of(centre, at), out=out)


class CompiledBlocks(Blocks):
    """The same for blocks of pixels, each function one compiled loop over the rows of a block."""

    def __init__(self, x: Any, kernels: Any) -> None:
        super().__init__(x)
        self.kernels = kernels
        self._rows = _rows(x)

    def leaves_on(self, mean: Any, variance: Any) -> bool:
        return False  # to take it off costs no pass here

    def moments(self, first: int, end: int) -> tuple[int, Any, Any]:
        _, channels, inner = self.x.shape
        found = np.empty((2, channels))
        self.kernels.block_moments(self._rows, inner, first, end, found)
        return (end - first) * inner, found[0], found[1]

    def normalize(
        self, first: int, end: int, y: Any, centre: Any, times: Any, plus: Any, is_relu: bool
    ) -> None:
        least = y.dtype.type(0.0 if is_relu else -np.inf)
        rows = map(_line, (centre, times, plus))
        self.kernels.normalize(self._rows, *rows, least, _rows(y), first, end)

    def gradient_sums(
        self, first: int, end: int, dx: Any, g: Any, y: Any, centre: Any
    ) -> tuple[Any, Any]:
        _, channels, inner = self.x.shape
        shown, found = None if y is None else _rows(y), np.empty((2, channels))
        self.kernels.block_gradients(
            _rows(g), self._rows, shown, _line(centre), inner, first, end, found
        )
        return found[0], found[1]

    def gradient(
        self, first: int, end: int, dx: Any, g: Any, y: Any, centre: Any, times: Any, along: Any,
        plus: Any,
    ) -> None:  # fmt: skip
        shown, lines = None if y is None else _rows(y), map(_line, (centre, times, along, plus))
        self.kernels.write_gradient(_rows(g), self._rows, shown, *lines, _rows(dx), first, end)


def _rows(x: Any) -> Any:
    return x.reshape(len(x), -1)


def _line(row: Any) -> Any:
    return row.reshape(-1)


# ---- sums as products with ones, several times faster than sum ----------------------------------


def channel_sums(block: Any) -> Any:
    """The sums of an array (outer, C, inner) over all but the channels."""
    outer, channels, inner = block.shape
    if outer > 1:
        lines = block.reshape(outer, channels * inner)
        sums = total([ones(len(part), block.dtype) @ part for part in _cut(lines, 0)])
        block = sums.reshape(1, channels, inner)
    return total([np.vecdot(ones(part.shape[1], block.dtype), part) for part in _cut(block[0], 1)])


def _sums_of_products(a: Any, b: Any) -> Any:
    """The sums of a · b over all but the channels, without an array for the products."""
    if a.shape[2] < SHORT or a.dtype.kind == "c":  # vecdot takes the conjugate of a
        return channel_sums(a * b)
    return np.sum(np.vecdot(a, b), axis=0, dtype=np.result_type(a, np.float64))


def total(parts: Sequence[Any]) -> Any:
    """The sum of a few arrays, in double precision."""
    if len(parts) == 1:
        return parts[0]
    return np.sum(parts, axis=0, dtype=np.result_type(parts[0], np.float64))


def _cut(x: Any, axis: int) -> list[Any]:
    """Parts of x of a length over which rounding stays small."""
    if x.shape[axis] <= LONG:
        return [x]
    return np.array_split(x, -(-x.shape[axis] // LONG), axis)


@functools.lru_cache(maxsize=64)
def ones(count: int, dtype: Any) -> Any:
    """A vector of ones that is not written to."""
    made = np.ones(count, dtype)
    made.flags.writeable = False
    return made
