"""What the tests of labels and functions draw and compare: formats, sizes, arrays from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinydl as dl
from tinydl import dlarray, extractdata

SEEDS = st.integers(0, 2**32 - 1)
LABELS = "SCBTU"


@st.composite
def formats(draw: st.DrawFn, least: int = 0, most: int = 4) -> str:
    """Sorted formats, with S and U up to twice."""
    counts = draw(
        st.tuples(*[st.integers(0, 2 if label in "SU" else 1) for label in LABELS]).filter(
            lambda found: least <= sum(found) <= most
        )
    )
    return "".join(label * n for label, n in zip(LABELS, counts, strict=True))


@st.composite
def sizes_of(draw: st.DrawFn, fmt: str, least: int = 1, most: int = 3) -> tuple[int, ...]:
    """Sizes for a format. A last U is longer than 1, so that it does not go away."""
    sizes = [draw(st.integers(least, most)) for _ in fmt]
    if fmt[2:].endswith("U"):
        sizes[-1] = max(sizes[-1], 2)
    return tuple(sizes)


@st.composite
def labelled(draw: st.DrawFn, least: int = 1, most: int = 4, need: str = "") -> tuple[Any, str]:
    """An array of random numbers with a sorted format that has the needed labels."""
    fmt = draw(formats(least, most).filter(lambda found: set(need) <= set(found)))
    return normal(draw(sizes_of(fmt)), draw(SEEDS)), fmt


@st.composite
def orders(draw: st.DrawFn, fmt: str) -> tuple[int, ...]:
    """A permutation of dimensions that keeps those of equal labels in their order."""
    order = list(draw(st.permutations(range(len(fmt)))))
    for label in set(fmt):
        places = [i for i, k in enumerate(order) if fmt[k] == label]
        for place, k in zip(places, sorted(order[i] for i in places), strict=True):
            order[place] = k
    return tuple(order)


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
