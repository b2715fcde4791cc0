"""accumarray and discretize beside loops in Python."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import numbers
from tinydl import dlarray, dlfeval, dlgradient

WHOLE = st.integers(-3, 3).map(float)  # sums of these have no rounding


def largest(group: list[float]) -> float:
    return max([x for x in group if not math.isnan(x)], default=math.nan)


def smallest(group: list[float]) -> float:
    return min([x for x in group if not math.isnan(x)], default=math.nan)


FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum, "mean": lambda group: sum(group) / len(group), "max": largest, "min": smallest,
}  # fmt: skip


@given(data=st.data(), fun=st.sampled_from(sorted(FUNCTIONS)), depth=st.integers(1, 3))
def test_accumarray(device: Any, data: st.DataObject, fun: str, depth: int) -> None:
    sizes = [data.draw(st.integers(1, 4)) for _ in range(depth)]
    place = st.tuples(*[st.integers(0, n - 1) for n in sizes])
    subs = data.draw(st.lists(place, min_size=1, max_size=8))
    some = st.one_of(WHOLE, st.just(math.nan)) if fun in ("max", "min") else WHOLE
    vals = data.draw(st.lists(some, min_size=len(subs), max_size=len(subs)))
    expected = np.zeros(sizes)
    for at in set(subs):
        group = [v for s, v in zip(subs, vals, strict=True) if s == at]
        expected[at] = FUNCTIONS[fun](group)
    V = dlarray(device.put(np.array(vals)), data.draw(st.sampled_from(["", "B"])))
    Y = dl.accumarray(np.array(subs), V, sizes, fun)
    assert (type(Y), Y.dims) == (dlarray, "")
    np.testing.assert_array_equal(numbers(Y, device), expected)
    needed = tuple(slice(0, max(column) + 1) for column in zip(*subs, strict=True))
    np.testing.assert_array_equal(dl.accumarray(subs, vals, None, fun), expected[needed])


def test_accumarray_of_columns_numbers_and_classes() -> None:
    assert dl.accumarray([0, 2, 0], 1).tolist() == [2, 0, 1]
    assert dl.accumarray([[0], [2]], [[5], [6]], (3, 1)).tolist() == [[5], [0], [6]]
    assert dl.accumarray([1], 5.0, 3).tolist() == [0, 5, 0]
    assert dl.accumarray([0, 1], np.float32([1, 2])).dtype == np.float32
    assert dl.accumarray([0, 0], np.array([True, True])).tolist() == [2]
    assert dl.accumarray(dl.find([0, 1, 1]), 1.0).tolist() == [0, 1, 1]
    assert dl.accumarray(np.zeros((0, 2)), [], (2, 2)).tolist() == [[0, 0], [0, 0]]


def test_the_first_of_equal_extremes_gets_the_derivative() -> None:
    for fun in ("max", "min"):
        slope = lambda V, fun=fun: dlgradient(
            dl.sum(dl.accumarray([0, 1, 0, 1], V, 2, fun) * [3.0, 5.0], "all"), V
        )
        G = dlfeval(slope, dlarray([1.0, 2.0, 1.0, 2.0]))
        assert numbers(G).tolist() == [3, 5, 0, 0]


@pytest.mark.parametrize(
    ("given", "words"),
    [(([0, -1], 1), "whole numbers from 0 on"), (([0.5], 1), "whole numbers from 0 on"),
     (([math.nan], 1), "whole numbers from 0 on"), (([1e300], 1), "whole numbers from 0 on"),
     (([3], 1, 3), "column 0 of subs has the position 3, and sz has 3 there"),
     (([0, 1], [1, 2, 3]), "vals is 3 dlarray for 2 rows"),
     (([0, 1], [[1, 2], [3, 4]]), "vals is 2×2 dlarray for 2 rows"),
     (([[0, 1]], 1, 3), "sz has 1 sizes for subs of 2 columns"),
     (([0], 1, (1, 2)), "sz has 2 sizes for subs of 1 columns"),
     (([0], 1, 1.5), "accumarray: sz: a size is a whole number"),
     ((np.zeros((1, 1, 1)), 1), "subs has 3 dimensions"),
     (([0], 1, None, "prod"), "fun is one of sum, mean, max, min, not 'prod'")],
)  # fmt: skip
def test_what_accumarray_refuses(given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dl.accumarray(*given)


@given(
    x=st.lists(st.one_of(st.integers(-2, 7).map(float), st.floats()), max_size=6),
    edges=st.lists(st.integers(-1, 6), min_size=2, max_size=5, unique=True).map(sorted),
    left=st.booleans(),
)
def test_discretize(x: list[float], edges: list[int], left: bool) -> None:
    def bin_of(v: float) -> float:
        for i, (a, b) in enumerate(itertools.pairwise(edges)):
            outer = v == edges[-1] == b if left else v == edges[0] == a
            if (a <= v < b if left else a < v <= b) or outer:
                return float(i)
        return math.nan

    side = "left" if left else "right"
    expected = np.array([bin_of(v) for v in x])
    for X in (np.array(x), dlarray(np.array(x), "B")):
        bins = dl.discretize(X, edges, IncludedEdge=side)
        assert (type(bins), bins.dtype) == (np.ndarray, np.float64)
        np.testing.assert_array_equal(bins, expected)


def test_what_discretize_refuses() -> None:
    for edges in ([1], [1, 1], [2, 1], [1, math.nan], []):
        with pytest.raises(ValueError, match="edges are at least two numbers, each larger"):
            dl.discretize([1, 2], edges)
    with pytest.raises(ValueError, match="IncludedEdge is one of left, right"):
        dl.discretize([1, 2], [1, 2], IncludedEdge="both")
    assert dl.discretize(np.ones((2, 3)), [0, 1]).shape == (2, 3)
