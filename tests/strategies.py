"""What the tests of labels and functions draw and compare: formats, sizes, arrays from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinydl as dl
from tinydl import dlarray, extractdata
from tinydl.testing.strategies import formats, orders_of, sizes_of
from tinydl.testing.strategies.values import SEEDS

__all__ = ["SEEDS", "formats", "orders_of", "sizes_of"]  # passed on


@st.composite
def labelled(draw: st.DrawFn, least: int = 1, most: int = 4, need: str = "") -> tuple[Any, str]:
    """An array of random numbers with a sorted format that has the needed labels."""
    fmt = draw(formats(least, most, needs=need))
    return normal(draw(sizes_of(fmt)), draw(SEEDS)), fmt


def normal(shape: Sequence[int], seed: int, dtype: Any = float) -> Any:
    """Random numbers of mean 0 and variance 1."""
    return np.random.default_rng(seed).standard_normal(tuple(shape)).astype(dtype)


def matlab_rand(*shapes: tuple[int, ...]) -> list[Any]:
    """What MATLAB's rand gives in a fresh session, call by call."""
    stream = np.random.RandomState(5489)
    return [stream.random_sample(int(np.prod(s))).reshape(s, order="F") for s in shapes]


def numbers(X: Any, device: Any = None) -> Any:
    """The numbers of a dlarray as a NumPy array, wherever they are."""
    array = extractdata(X)
    return np.asarray(dl.gather(array) if device is None else device.take(array))


def same(X: dlarray, Y: dlarray) -> bool:
    """Whether two dlarrays have one format, one class and the same numbers."""
    return X.dims == Y.dims and X.dtype == Y.dtype and np.array_equal(numbers(X), numbers(Y))


def total(*arrays: dlarray) -> dlarray:
    """The sum of all elements of all arrays."""
    result: Any = 0.0
    for array in arrays:
        result = dl.sum(array, "all") + result
    return result


def with_threads(counts: Sequence[int], call: Callable[[], Any]) -> list[Any]:
    """What a call gives with different numbers of threads."""
    before, found = dl.get_num_threads(), []
    try:
        for count in counts:
            dl.set_num_threads(count)
            found.append(call())
    finally:
        dl.set_num_threads(before)
    return found
