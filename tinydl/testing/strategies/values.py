"""Where all drawn numbers come from: a seed, and quarters before other numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tinydl.testing.strategies.engine import st

SEEDS = st.integers(0, 2**32 - 1)
QUARTER = 0.25
FEW = st.integers(1, 3)
FACTORS = st.sampled_from([0.5, 2.0, 0.25])
"""Positive numbers other than 1, for options."""


def evenly(draw: st.DrawFn, shape: Sequence[int], low: float, high: float) -> np.ndarray:
    """Numbers between two bounds. Shrunk, they are multiples of ¼, or of a smaller power of 2 if
    there is no room for five of those."""
    stream, is_simple = _stream(draw)
    if not is_simple or high == low:
        return stream.uniform(low, high, tuple(shape))
    step = min(QUARTER, 2.0 ** math.floor(math.log2((high - low) / 4)))
    return stream.integers(
        math.ceil(low / step), math.floor(high / step), tuple(shape), endpoint=True
    ) * np.float64(step)


def apart(draw: st.DrawFn, shape: Sequence[int], low: float, high: float) -> np.ndarray:
    """Different numbers between two bounds, none of them whole.

    They are odd multiples of half a power of 2, or near by, so the distances to each other are at
    least half of that power, and those to whole numbers a quarter of it, if it is at most 1.
    """
    stream, is_simple = _stream(draw)
    count = math.prod(shape)
    step = min(1.0, 2.0 ** math.floor(math.log2((high - low) / (count + 1))))
    first, last = math.ceil(low / step - 0.5), math.floor(high / step - 0.5)
    places = first + stream.permutation(last - first + 1)[:count] + 0.5
    if not is_simple:
        places = places + stream.uniform(-0.25, 0.25, count)
    return np.clip(places * step, low, high).reshape(tuple(shape))


def shares(draw: st.DrawFn, shape: Sequence[int], axis: int) -> np.ndarray:
    """Positive numbers whose sum along an axis is 1."""
    stream, is_simple = _stream(draw)
    parts = stream.integers(1, 4, tuple(shape), endpoint=True).astype(float)
    if not is_simple:
        parts = stream.uniform(0.25, 1.0, tuple(shape))
    return parts / parts.sum(axis, keepdims=True)


def one_hot(draw: st.DrawFn, shape: Sequence[int], axis: int) -> np.ndarray:
    """A single 1 along an axis, among zeros."""
    stream, _ = _stream(draw)
    rest = [n for i, n in enumerate(shape) if i != axis]
    chosen = stream.integers(0, max(shape[axis], 1), rest)
    counted = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return (counted == np.expand_dims(chosen, axis)).astype(float)


def whole(draw: st.DrawFn, shape: Sequence[int], count: int) -> np.ndarray:
    """Whole numbers from 0, of which there are so many."""
    return _stream(draw)[0].integers(0, count, tuple(shape)).astype(float)


def _stream(draw: st.DrawFn) -> tuple[np.random.Generator, bool]:
    """Random numbers, and whether simple ones are wanted: shrinking prefers those."""
    is_rich = draw(st.booleans())
    return np.random.default_rng(draw(SEEDS)), not is_rich
