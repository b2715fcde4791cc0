"""sort, sortrows, topkrows, find beside Python's own sorting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, formats, normal, numbers, same, sizes_of
from tinydl import dlarray, dlfeval, dlgradient

NAN = math.nan
NUMBERS = st.sampled_from([0.0, 1.0, 2.0, -1.0, 0.5, math.inf, -math.inf, NAN])
"""Few different ones, so that many are equal."""

DIRECTIONS = st.sampled_from(["ascend", "descend"])


def key(x: float) -> tuple[bool, float]:
    """What Python sorts by where NaN is larger than all numbers."""
    return (True, 0.0) if math.isnan(x) else (False, x)


def in_order(line: list[float], direction: str) -> list[int]:
    """The positions of the elements in order; Python's sort is stable in both directions."""
    return sorted(range(len(line)), key=lambda i: key(line[i]), reverse=direction == "descend")


@st.composite
def few_numbers(draw: st.DrawFn) -> tuple[Any, str]:
    fmt = draw(formats(least=1, most=3))
    shape = draw(sizes_of(fmt, most=5))
    count = math.prod(shape)
    return np.array(draw(st.lists(NUMBERS, min_size=count, max_size=count))).reshape(shape), fmt


@given(pair=few_numbers(), data=st.data(), direction=DIRECTIONS)
def test_sort_puts_each_line_in_order(
    device: Any, pair: tuple[Any, str], data: st.DataObject, direction: str
) -> None:
    array, fmt = pair
    axis = data.draw(st.integers(0, array.ndim - 1))
    order = np.apply_along_axis(lambda x: in_order(x.tolist(), direction), axis, array)
    expected = np.take_along_axis(array, order, axis)
    X = dlarray(device.put(array), fmt)
    Y, found = dl.sort(X, axis=axis, direction=direction, nargout=2)
    assert Y.dims == fmt
    np.testing.assert_array_equal(numbers(Y, device), expected)
    np.testing.assert_array_equal(device.take(found), order)
    if fmt.count(fmt[axis]) == 1:
        np.testing.assert_array_equal(
            numbers(dl.sort(X, fmt[axis], direction=direction), device), expected
        )


def test_sort_of_plain_arrays_vectors_and_numbers() -> None:
    plain = dl.sort([3, 1, 2])
    assert type(plain) is np.ndarray
    assert plain.tolist() == [1, 2, 3]
    assert dl.sort([[3, 1, 2]]).tolist() == [[1, 2, 3]]
    assert dl.sort(np.array([True, False])).tolist() == [False, True]
    assert dl.sort(5.0) == 5.0
    value, place = dl.sort(5.0, nargout=2)
    assert (float(value), int(place)) == (5.0, 0)
    assert dl.sort(np.zeros((0, 3)), axis=0, nargout=2)[1].shape == (0, 3)
    assert dl.sort(np.ones((1, 1)), nargout=2)[1].tolist() == [[0]]


@given(seed=SEEDS, direction=DIRECTIONS)
def test_the_derivative_of_sort_goes_back_to_where_each_element_came_from(
    seed: int, direction: str
) -> None:
    array, w = normal((4, 3), seed), normal((4, 3), seed + 1)
    _, order = dl.sort(array, axis=0, direction=direction, nargout=2)

    def slope(X: dlarray) -> Any:
        return dlgradient(dl.sum(dl.sort(X, "C", direction=direction) * w, "all"), X)

    expected = np.zeros((4, 3))
    np.put_along_axis(expected, order, w, 0)
    np.testing.assert_array_equal(numbers(dlfeval(slope, dlarray(array, "CB"))), expected)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [({}, ValueError, "sort: which dimension of 2×3"), ({"axis": 2}, ValueError, "axis=2"),
     ({"axis": (0, 1)}, ValueError, "sorted along one dimension, not 2; name one with axis="),
     ({"axis": 0, "direction": "down"}, ValueError, "direction is one of ascend, descend"),
     ({"axis": 0, "nargout": 3}, ValueError, "1 to 2 outputs"),
     ({"dim": 1}, TypeError, "could count from 0 or from 1")],
)  # fmt: skip
def test_what_sort_refuses(given: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dl.sort(dlarray(np.ones((2, 3))), **given)


# ---- rows ---------------------------------------------------------------------------------------


@st.composite
def tables(draw: st.DrawFn) -> Any:
    rows, columns = draw(st.integers(0, 6)), draw(st.integers(1, 3))
    count = rows * columns
    return np.array(draw(st.lists(NUMBERS, min_size=count, max_size=count))).reshape(rows, columns)


@given(array=tables(), data=st.data(), k=st.integers(0, 8))
def test_rows_in_order_of_several_columns(array: Any, data: st.DataObject, k: int) -> None:
    columns = data.draw(st.lists(st.integers(0, array.shape[1] - 1), min_size=1, max_size=3))
    ways = data.draw(st.lists(DIRECTIONS, min_size=len(columns), max_size=len(columns)))
    order = list(range(len(array)))
    for column, way in reversed(list(zip(columns, ways, strict=True))):
        order = [order[i] for i in in_order([array[j, column] for j in order], way)]
    Y, found = dl.sortrows(dlarray(array, "CB"), columns, direction=ways, nargout=2)
    assert (found.tolist(), Y.dims) == (order, "CB")
    np.testing.assert_array_equal(numbers(Y), array[order])
    top, found = dl.topkrows(array, k, columns, direction=ways, nargout=2)
    np.testing.assert_array_equal(top, array[order[:k]])
    assert found.tolist() == order[:k]
    rows = sorted(array.tolist(), key=lambda row: [key(x) for x in row])
    np.testing.assert_array_equal(dl.sortrows(array), np.array(rows).reshape(array.shape))
    np.testing.assert_array_equal(
        dl.topkrows(array, k), np.array(rows[::-1]).reshape(array.shape)[:k]
    )


def test_rows_of_a_column_and_their_derivative() -> None:
    assert dl.sortrows([3, 1, 2]).tolist() == [1, 2, 3]
    X = dlarray([[2.0, 1.0], [1.0, 5.0], [3.0, 0.0]])
    w = np.array([[1.0, 2], [3, 4]])
    G = dlfeval(lambda X: dlgradient(dl.sum(dl.topkrows(X, 2, 0) * w, "all"), X), X)
    assert numbers(G).tolist() == [[3, 4], [0, 0], [1, 2]]


@pytest.mark.parametrize(
    ("call", "words"),
    [(lambda X: dl.sortrows(X, -1), 'column -1 of 3.*direction="descend" sorts downwards'),
     (lambda X: dl.sortrows(X, 3), "column 3 of 3"), (lambda X: dl.sortrows(X, 1.0), "column 1.0"),
     (lambda X: dl.sortrows(X, 0, direction="up"), "direction is one of"),
     (lambda X: dl.sortrows(X, [0, 1], direction=["ascend"]), "1 directions for 2 columns"),
     (lambda X: dl.topkrows(X, -1), "topkrows: k: a size is a whole number"),
     (lambda X: dl.sortrows(np.ones((2, 2, 2))), "2×2×2 dlarray is no matrix")],
)  # fmt: skip
def test_what_sorting_rows_refuses(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(np.ones((2, 3)))


# ---- find ---------------------------------------------------------------------------------------


@given(pair=few_numbers(), data=st.data())
def test_find_counts_down_the_columns(
    device: Any, pair: tuple[Any, str], data: st.DataObject
) -> None:
    array, fmt = pair
    expected = np.flatnonzero(array.ravel(order="F"))
    X = dlarray(device.put(array), fmt)
    found = dl.find(X)
    assert device.take(found).dtype.kind == "i"
    assert np.array_equal(device.take(found), expected)
    n = data.draw(st.integers(0, 7))
    assert np.array_equal(dl.find(array, n), expected[:n])
    last = expected[len(expected) - min(n, len(expected)) :]
    assert np.array_equal(dl.find(array, n, direction="last"), last)
    rows, columns, values = dl.find(dlarray(array, fmt), nargout=3)
    assert np.array_equal(rows + columns * array.shape[0], expected)
    assert type(values) is dlarray
    np.testing.assert_array_equal(numbers(values), array.ravel(order="F")[expected])


def test_what_find_gives_and_refuses() -> None:
    rows, columns = dl.find([[0, 1], [1, 0]], nargout=2)
    assert (rows.tolist(), columns.tolist()) == ([1, 0], [0, 1])
    assert dl.find(3.0).tolist() == [0] and dl.find(0.0, nargout=2)[0].tolist() == []
    assert same(dl.find(dlarray([0.0, 2.0], "C"), nargout=3)[2], dlarray([2.0]))
    X = dlarray([0.0, 3.0, 2.0])
    G = dlfeval(lambda X: dlgradient(dl.sum(dl.find(X, nargout=3)[2] ** 2, "all"), X), X)
    assert numbers(G).tolist() == [0, 6, 4]
    for options, words in [({"n": -1}, "not -1"), ({"direction": "up"}, "first, last"),
                           ({"nargout": 4}, "1 to 3 outputs")]:  # fmt: skip
        with pytest.raises(ValueError, match=f"find.*{words}"):
            dl.find([1, 2], **options)
