"""Batch normalization of NumPy arrays: statistics of each channel, and normalization by them.

An array is seen as (outer, C, inner): the channels, what lies before them in memory, and behind.
Features are (1, C, observations), and threads share their channels. Images are (pixels, C,
observations), and threads share blocks of pixels. A block fits into the cache: it is read several
times, and memory only once.

The statistics of blocks are brought together by the rule of Chan, Golub and LeVeque, "Updating
formulae and a pairwise algorithm for computing sample variances", 1979: with the block means mᵢ,
and Qᵢ the sums of squares around them,

    μ = Σ nᵢ mᵢ / n        σ² = Σ (Qᵢ + nᵢ (mᵢ − μ)²) / n

which never takes the difference of two large numbers, as mean(x²) − μ² does.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend.threads import par

BLOCK = 1 << 19  # bytes of x in a block
SHORT = 32  # numbers for which a call of BLAS costs more than it gains
LONG = 1 << 12  # numbers that are added up without a break: rounding grows with them


def channel_moments(x: Any, *, channel: int) -> Any:
    """The mean of each channel and its variance, divided by n, as (2, 1, …, C, …, 1)."""
    keeping = _keeping(x, channel)
    if x.size == 0:
        return np.full((2, *keeping), np.nan, x.dtype)
    parts = _blocks(x, channel)
    found: dict[int, tuple[int, Any, Any]] = {}

    def of_block(first: int, end: int) -> None:
        block = parts.x[parts.at(first, end)]
        n = block.size // block.shape[1]
        mean = channel_sums(block) / n
        centred = block - parts.beside(mean)
        found[first] = n, mean, _sums_of_products(centred, centred)

    parts.share(of_block, passes=4)
    blocks = [found[first] for first in sorted(found)]
    moments = _side_by_side(blocks) if parts.is_features else _merged(blocks)
    return moments.astype(x.dtype).reshape(2, *keeping)


def moved_moments(
    x: Any, mean: Any, variance: Any, *, channel: int, decays: tuple[float, float]
) -> Any:
    """channel_moments(x), then decay · new + (1 − decay) · old for a mean and a variance."""
    new = channel_moments(x, channel=channel)
    moved = [(1.0 - decay) * a + decay * b
             for a, b, decay in zip((mean, variance), new, decays, strict=True)]  # fmt: skip
    return np.stack([*new, *moved])


def _side_by_side(blocks: list[tuple[int, Any, Any]]) -> Any:
    """Mean and variance where each block has channels of its own."""
    return np.stack([np.concatenate([mean for _, mean, _ in blocks]),
                     np.concatenate([squares / n for n, _, squares in blocks])])  # fmt: skip


def _merged(blocks: list[tuple[int, Any, Any]]) -> Any:
    """Mean and variance of all blocks together; see the head of this file."""
    numbers, means, squares = zip(*blocks, strict=True)
    counts = np.array(numbers, np.float64)[:, None]
    n = counts.sum()
    mean = (counts * means).sum(0) / n
    return np.stack([mean, (squares + counts * (means - mean) ** 2).sum(0) / n])


def channel_normalize(
    x: Any, mean: Any, variance: Any, scale: Any, offset: Any, *, channel: int, epsilon: float,
    is_relu: bool = False,
) -> Any:  # fmt: skip
    """scale · (x − mean) / √(variance + epsilon) + offset; is_relu: 0 where that is negative."""
    parts = _blocks(x, channel)
    dtype = np.result_type(x, mean, variance, scale, offset)
    y = np.empty(parts.x.shape, dtype)
    mean, variance, scale, offset = [v.reshape(-1) for v in (mean, variance, scale, offset)]
    factor = scale * (variance + epsilon) ** -0.5
    rows = [parts.beside(v) for v in (mean, factor, offset)]

    def of_block(first: int, end: int) -> None:
        at = parts.at(first, end)
        centre, times, plus = [parts.of(row, at) for row in rows]
        out = np.subtract(parts.x[at], centre, out=y[at])
        out *= times
        out += plus
        if is_relu:
            np.maximum(out, 0.0, out=out)

    parts.share(of_block, passes=4 if is_relu else 3)
    return y.reshape(x.shape)


def channel_normalize_gradients(
    g: Any, x: Any, mean: Any, variance: Any, scale: Any, *, channel: int, epsilon: float,
    y: Any = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The gradients by x, scale and offset, where mean and variance are those of x itself.

    y is the result with is_relu: where it is 0 the gradient g by it counts as 0.

    With x̂ = (x − mean) / σ, and means ⟨ ⟩ over the n elements of a channel,

        ∂x = scale / σ · (g − ⟨g⟩ − x̂ ⟨g x̂⟩)      ∂scale = n ⟨g x̂⟩      ∂offset = n ⟨g⟩
    """
    if x.size == 0:
        nothing = np.zeros(_keeping(x, channel), x.dtype)
        return np.zeros(x.shape, x.dtype), nothing, nothing
    parts = _blocks(x, channel)
    gs = np.ascontiguousarray(g).reshape(parts.x.shape)
    n = x.size // x.shape[channel]
    inverse = (variance.reshape(-1) + epsilon) ** -0.5
    centre = parts.beside(mean.reshape(-1))
    found: dict[int, tuple[Any, Any]] = {}
    kept: dict[int, Any] = {}  # blocks of x less its mean, where all of them fit into the cache
    dx = np.empty(parts.x.shape, x.dtype)
    shown = None if y is None else y.reshape(parts.x.shape)
    passed = gs if y is None else dx  # what of g gets through: it waits where the result will be

    def sums(first: int, end: int) -> None:
        at = parts.at(first, end)
        if shown is not None:
            np.multiply(gs[at], shown[at] > 0, out=dx[at])
        centred = parts.x[at] - parts.of(centre, at)
        found[first] = channel_sums(passed[at]), _sums_of_products(centred, passed[at])
        if x.nbytes <= BLOCK:
            kept[first] = centred

    parts.share(sums, passes=6)
    to_offset, by_centred = parts.together([found[first] for first in sorted(found)])
    factor = scale.reshape(-1) * inverse
    rows = [parts.beside(v.astype(x.dtype)) for v in (
        factor, -factor * inverse * inverse * by_centred / n, -factor * to_offset / n,
    )]  # fmt: skip

    def gradient(first: int, end: int) -> None:
        at = parts.at(first, end)
        times, slope, plus = [parts.of(row, at) for row in rows]
        centred = kept[first] if kept else parts.x[at] - parts.of(centre, at)
        centred *= slope
        centred += plus
        out = np.multiply(passed[at], times, out=dx[at])
        out += centred

    parts.share(gradient, passes=6)
    keeping = _keeping(x, channel)
    to_scale = (by_centred * inverse).astype(x.dtype).reshape(keeping)
    return dx.reshape(x.shape), to_scale, to_offset.astype(x.dtype).reshape(keeping)


# ---- an array in blocks -------------------------------------------------------------------------


class _Blocks(NamedTuple):
    """An array (outer, C, inner), and how it is cut."""

    x: Any
    is_features: bool  # cut along the channels; else along what lies before them

    def at(self, first: int, end: int) -> tuple[slice, slice]:
        piece, everything = slice(first, end), slice(None)
        return (everything, piece) if self.is_features else (piece, everything)

    def share(self, of_block: Any, passes: int) -> None:
        """of_block(first, end) for all blocks, each of which goes over its elements some times."""
        outer, channels, _ = self.x.shape
        if self.is_features:
            par(channels, of_block, work=passes * self.x.size)
            return
        blocks = -(-self.x.nbytes // BLOCK)
        blocks += blocks % 2 if blocks > 1 else 0
        step = max(1, -(-outer // max(1, blocks)))
        par(outer, of_block, work=passes * self.x.size, step=step)

    def beside(self, numbers: Any) -> Any:
        """Numbers for the channels, in a form that a block is computed with in long runs."""
        if self.is_features:
            return numbers[:, None]
        return np.repeat(numbers[:, None], self.x.shape[2], axis=1)

    def of(self, row: Any, at: tuple[slice, slice]) -> Any:
        """What of such numbers belongs to a block."""
        return row[at[1]]

    def together(self, sums: list[tuple[Any, Any]]) -> tuple[Any, Any]:
        """The sums over all blocks."""
        first, second = zip(*sums, strict=True)
        if self.is_features:
            return np.concatenate(first), np.concatenate(second)
        return _sum(first), _sum(second)


def _blocks(x: Any, channel: int) -> _Blocks:
    outer = math.prod(x.shape[:channel])
    shape = (outer, x.shape[channel], math.prod(x.shape[channel + 1 :]))
    return _Blocks(np.ascontiguousarray(x).reshape(shape), outer == 1)


def _keeping(x: Any, channel: int) -> tuple[int, ...]:
    """The shape of x when all axes but the channels are reduced to size 1."""
    return tuple([n if i == channel else 1 for i, n in enumerate(x.shape)])


# ---- sums as products with ones, several times faster than sum ----------------------------------


def channel_sums(block: Any) -> Any:
    """The sums of an array (outer, C, inner) over all but the channels."""
    outer, channels, inner = block.shape
    if outer > 1:
        lines = block.reshape(outer, channels * inner)
        total = _sum([ones(len(part), block.dtype) @ part for part in _cut(lines, 0)])
        block = total.reshape(1, channels, inner)
    return _sum([np.vecdot(ones(part.shape[1], block.dtype), part) for part in _cut(block[0], 1)])


def _sums_of_products(a: Any, b: Any) -> Any:
    """The sums of a · b over all but the channels, without an array for the products."""
    if a.shape[2] < SHORT or a.dtype.kind == "c":  # vecdot takes the conjugate of a
        return channel_sums(a * b)
    return np.sum(np.vecdot(a, b), axis=0, dtype=np.result_type(a, np.float64))


def _sum(parts: Sequence[Any]) -> Any:
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
