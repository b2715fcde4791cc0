"""Batch normalization of NumPy arrays: statistics of each channel, and normalization by them.

The passes over the array are done block by block; see ``numpy_blocks``. What is one block of a few
images goes through ``compiled.normalize`` at once, where Numba is. The statistics of blocks are
brought together by the rule of Chan, Golub and LeVeque, "Updating formulae and a pairwise
algorithm for computing sample variances", 1979: with the block means mᵢ, and Qᵢ the sums of squares
around them,

    μ = Σ nᵢ mᵢ / n        σ² = Σ (Qᵢ + nᵢ (mᵢ − μ)²) / n

which never takes the difference of two large numbers, as mean(x²) − μ² does. For the same reason
the mean is taken off every element before all else. Only the last passes leave it on where it is no
more than a few deviations from 0, and that is nearly everywhere: a factor and a summand for each
channel give the same with one pass less.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.compiled.normalize import one_block
from tinydl.backend.memory import empty
from tinydl.backend.numpy_blocks import blocks


def channel_moments(x: Any, *, channel: int) -> Any:
    """The mean of each channel and its variance, divided by n, as (2, 1, …, C, …, 1)."""
    keeping = _keeping(x, channel)
    if x.size == 0:
        return np.full((2, *keeping), np.nan, x.dtype)
    block = one_block(x, channel)
    if block is not None:
        return block.channel_moments(x, keeping)
    parts = blocks(x, channel)
    found: dict[int, tuple[int, Any, Any]] = {}

    def of_block(first: int, end: int) -> None:
        found[first] = parts.moments(first, end)

    parts.share(of_block, passes=4)
    of_blocks = [found[first] for first in sorted(found)]
    is_apart = parts.is_features or len(of_blocks) == 1
    moments = _side_by_side(of_blocks) if is_apart else _merged(of_blocks)
    return moments.astype(x.dtype, copy=False).reshape(2, *keeping)


def moved_moments(
    x: Any, mean: Any, variance: Any, *, channel: int, decays: tuple[float, float]
) -> Any:
    """channel_moments(x), then decay · new + (1 − decay) · old for a mean and a variance."""
    block = one_block(x, channel, mean, variance)
    if block is not None:
        return block.moved_moments(x, mean, variance, decays)
    new = channel_moments(x, channel=channel)
    moved = [(1.0 - decay) * a + decay * b
             for a, b, decay in zip((mean, variance), new, decays, strict=True)]  # fmt: skip
    return np.array([*new, *moved])


def _side_by_side(blocks: list[tuple[int, Any, Any]]) -> Any:
    """Mean and variance where each block has channels of its own."""
    return np.array([np.concatenate([mean for _, mean, _ in blocks]),
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
    block = one_block(x, channel, mean, variance, scale, offset)
    if block is not None:
        return block.channel_normalize(x, mean, variance, scale, offset, epsilon, is_relu)
    mean, variance, scale, offset = [v.reshape(-1) for v in (mean, variance, scale, offset)]
    variance = variance + epsilon
    factor = scale * variance**-0.5
    parts = blocks(x, channel, mean, factor, offset)
    y = empty(parts.x.shape, np.result_type(x, mean, factor, offset))
    if parts.leaves_on(mean, variance):
        centre, offset = None, offset - mean * factor
    else:
        centre = parts.row(mean)
    times, plus = parts.row(factor), parts.row(offset)

    def of_block(first: int, end: int) -> None:
        parts.normalize(first, end, y, centre, times, plus, is_relu)

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
    keeping = _keeping(x, channel)
    if x.size == 0:
        return np.zeros(x.shape, x.dtype), np.zeros(keeping, x.dtype), np.zeros(keeping, x.dtype)
    shown = [] if y is None else [y]
    block = one_block(x, channel, g, mean, variance, scale, *shown)
    if block is not None:
        return block.channel_normalize_gradients(g, x, mean, variance, scale, epsilon, y)
    n = x.size // x.shape[channel]
    mean, variance = mean.reshape(-1), variance.reshape(-1) + epsilon
    inverse = variance**-0.5
    parts = blocks(x, channel, g, mean, *shown)
    dx = empty(parts.x.shape, x.dtype)
    g, y = [v if v is None else np.ascontiguousarray(v).reshape(dx.shape) for v in (g, y)]
    centre = parts.row(mean)
    found: dict[int, tuple[Any, Any]] = {}

    def sums(first: int, end: int) -> None:
        found[first] = parts.gradient_sums(first, end, dx, g, y, centre)

    parts.share(sums, passes=5)
    to_offset, by_centred = parts.together([found[first] for first in sorted(found)])
    to_scale = by_centred * inverse
    factor = scale.reshape(-1) * inverse
    along = -factor * inverse * to_scale / n
    plus = -factor * to_offset / n
    if parts.leaves_on(mean, variance):
        centre, plus = None, plus - along * mean
    times, along, plus = [parts.row(v.astype(x.dtype)) for v in (factor, along, plus)]

    def gradient(first: int, end: int) -> None:
        parts.gradient(first, end, dx, g, y, centre, times, along, plus)

    parts.share(gradient, passes=5)
    to_scale, to_offset = [v.astype(x.dtype).reshape(keeping) for v in (to_scale, to_offset)]
    return dx.reshape(x.shape), to_scale, to_offset


def _keeping(x: Any, channel: int) -> tuple[int, ...]:
    """The shape of x when all axes but the channels are reduced to size 1."""
    return tuple([n if i == channel else 1 for i, n in enumerate(x.shape)])
