"""Subscripts: which elements they mean, what is left of the format, and what assignment writes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, normal, numbers, same
from tinydl import dlarray, dlfeval, dlgradient, stripdims

A = np.arange(24.0).reshape(2, 3, 4)


@st.composite
def subscripts(draw: st.DrawFn, n: int, twice: bool = True) -> Any:
    """A subscript of any kind for a dimension of n positions."""
    position = st.integers(-n, n - 1)
    bound = st.none() | st.integers(-n - 1, n + 1)
    step = st.sampled_from([None, 1, 2, -1, -2])
    kind = draw(st.sampled_from(["integer", "slice", "list", "array", "mask", "range"]))
    if kind == "integer":
        return draw(position | position.map(np.int64))
    if kind == "slice":
        return slice(draw(bound), draw(bound), draw(step))
    if kind == "mask":
        mask = draw(st.lists(st.booleans(), min_size=n, max_size=n))
        return draw(st.sampled_from([mask, np.array(mask), dlarray(np.array(mask))]))
    if kind == "range":
        return range(draw(st.integers(0, n)))
    found = draw(st.lists(position, max_size=4))
    small = st.sampled_from([np.int8, np.int64])
    return found if kind == "list" else np.array(found, draw(small))


def positions(subscript: Any, n: int) -> Any:
    """The reference: which positions of a dimension a subscript names, one after the other."""
    if isinstance(subscript, slice):
        return np.arange(n)[subscript]
    if isinstance(subscript, dlarray):
        subscript = numbers(subscript)
    chosen = np.atleast_1d(np.asarray(subscript, None if np.size(subscript) else int))
    return np.flatnonzero(chosen) if chosen.dtype == bool else chosen % n


@st.composite
def indexed(draw: st.DrawFn) -> tuple[Any, str, tuple[Any, ...], Any]:
    """An array, its format, one subscript for each dimension, and the positions they name."""
    array, fmt = draw(labelled(least=1))
    key = tuple(draw(subscripts(n)) for n in array.shape)
    grid = np.ix_(*[positions(part, n) for part, n in zip(key, array.shape, strict=True)])
    return array, fmt, key, grid


# ---- reading ------------------------------------------------------------------------------------


@given(indexed())
def test_subscripts_select_the_rectangle(device: Any, drawn: Any) -> None:
    array, fmt, key, grid = drawn
    X = dlarray(device.put(array), fmt)
    Y = X[key]
    assert Y.dims == fmt
    assert Y.shape == array[grid].shape
    assert np.array_equal(numbers(Y, device), array[grid])
    assert same(stripdims(X)[key], stripdims(Y))


@given(indexed(), st.data())
def test_dots_stand_for_whole_dimensions(drawn: Any, data: st.DataObject) -> None:
    array, fmt, key, _ = drawn
    X = dlarray(array, fmt)
    start = data.draw(st.integers(0, len(key)))
    stop = data.draw(st.integers(start, len(key)))
    full = (*key[:start], *[slice(None)] * (stop - start), *key[stop:])
    assert same(X[(*key[:start], ..., *key[stop:])], X[full])


def test_a_whole_number_keeps_its_dimension_and_label() -> None:
    X = dlarray(A, "SCB")
    for Y in (X[1, :, -1], X[1, ..., -1], X[np.int8(1), :, np.array(3)]):
        assert (Y.dims, Y.shape) == ("SCB", (1, 3, 1))
        assert np.array_equal(numbers(Y), A[1:, :, 3:])
    assert dl.squeeze(X[1, :, -1]).dims == "C"


def test_several_lists_are_no_pairs() -> None:
    Y = dlarray(A)[[0, 1], [2, 0], [3, 1, 1]]
    assert Y.shape == (2, 2, 3)
    assert np.array_equal(numbers(Y), A[np.ix_([0, 1], [2, 0], [3, 1, 1])])


@given(labelled(least=2), SEEDS)
def test_a_mask_of_the_whole_shape_counts_columns_first(pair: tuple[Any, str], seed: int) -> None:
    array, fmt = pair
    mask = normal(array.shape, seed) > 0
    for key in (mask, dlarray(mask), dlarray(mask, fmt), (mask,)):
        Y = dlarray(array, fmt)[key]
        assert Y.dims == ""
        assert np.array_equal(numbers(Y), array.ravel(order="F")[mask.ravel(order="F")])


def test_a_mask_of_one_dimension_keeps_the_format() -> None:
    X = dlarray([3.0, 1.0, 2.0], "C")
    assert same(X[X > 1.5], dlarray([3.0, 2.0], "C"))


def test_none_adds_a_dimension_without_labels_only() -> None:
    X = dlarray(A)
    for key, expected in (
        ((None, ..., 1), A[None, ..., 1:2]),
        ((1, None, slice(None), None, 2), A[1:2, None, :, None, 2:3]),
        ((..., None), A[..., None]),
    ):
        assert np.array_equal(numbers(X[key]), expected)
    assert dlarray(2.0)[None].shape == (1,)
    assert dlarray(2.0)[...].shape == dlarray(2.0)[()].shape == ()
    with pytest.raises(IndexError, match=r"None adds a dimension without a label to 2\(S\).*strip"):
        dlarray(A, "SCB")[None, ...]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (0, r"1 subscripts for 2\(S\) × 3\(C\) × 4\(B\).*X\[i, :, :\] or X\[i, \.\.\.\].*reshape"),
        ((0, 1), r"X\[i, :\].*reshape\(X, -1\)\[i\]"),
        ((0, 1, 2, 3), "4 subscripts for .*, which has 3 dimensions"),
        ((0, 1, 2, 3, ...), "subscripts for .*, which has 3 dimensions"),
        ((..., 0, ...), r"only one \.\.\."),
        ((2, 0, 0), r"dimension 0 \(S\) has 2 positions, counted from 0; 2 is not one of them"),
        ((0, -4, 0), r"dimension 1 \(C\) has 3 positions.*-4 is not"),
        ((0, [0, 3], 0), r"dimension 1 \(C\) has 3 positions.*3 is not"),
        ((0, 0, np.array([2**64 - 1], np.uint64)), "dimension 2 .*18446744073709551615 is not"),
        ((0, 1.0, 0), r"dimension 1 \(C\): a subscript is a whole number.*float64"),
        ((0, [0.5], 0), "a subscript is a whole number, a slice, a vector.*float64 array"),
        ((0, [[0, 1], [1, 0]], 0), "a vector of whole numbers.*2×2"),
        ((0, [True, False], 0), r"dimension 1 \(C\) has 3 positions; this mask has 2"),
        ((0, True, 0), "True is no subscript"),
        ((0, np.array(True), 0), "is no subscript"),
        ((0, "a", 0), "a subscript is a whole number"),
        (np.ones((3, 2, 4), bool), r"mask of 3×2×4 cannot select from 2\(S\) × 3\(C\) × 4\(B\)"),
    ],
)
def test_subscripts_that_do_not_fit(key: Any, words: str) -> None:
    X = dlarray(A, "SCB")
    with pytest.raises(IndexError, match=words):
        X[key]
    with pytest.raises(IndexError, match=words):
        X[key] = 0.0
    assert np.array_equal(numbers(X), A)


def test_small_integer_classes_count_large_dimensions() -> None:
    X = dlarray(np.arange(300.0), "B")
    assert np.array_equal(numbers(X[np.array([0, 255], np.uint8)]), [0, 255])
    assert np.array_equal(numbers(X[np.array([-1], np.int8)]), [299])


# ---- writing ------------------------------------------------------------------------------------


def written(array: Any, grid: Any, values: Any) -> Any:
    """The reference: one element after the other, so that the last value of several counts."""
    result = array.copy()
    places = [axis.ravel() for axis in grid]
    for at in itertools.product(*[range(len(p)) for p in places]):
        result[tuple(p[i] for p, i in zip(places, at, strict=True))] = values[at]
    return result


@given(indexed(), SEEDS)
def test_assignment_writes_what_the_subscripts_name(device: Any, drawn: Any, seed: int) -> None:
    array, fmt, key, grid = drawn
    values = normal(array[grid].shape, seed)
    expected = written(array, grid, values)
    there = device.put(values)
    for new in (there, dlarray(there), dlarray(there, fmt)):
        X = dlarray(device.put(array), fmt)
        X[key] = new
        assert (X.dims, X.shape) == (fmt, array.shape)
        assert np.array_equal(numbers(X, device), expected)
    X = dlarray(array, fmt)
    X[key] = 7.0
    assert np.array_equal(numbers(X), written(array, grid, np.full(values.shape, 7.0)))


@given(indexed(), SEEDS)
def test_assignment_is_differentiated(device: Any, drawn: Any, seed: int) -> None:
    array, fmt, key, grid = drawn
    values, weights = normal(array[grid].shape, seed), normal(array.shape, seed + 1)

    def slopes(X: dlarray, V: dlarray) -> Any:
        Y = dlarray(X)
        Y[key] = V
        return dlgradient(dl.sum(Y * dlarray(device.put(weights), fmt), "all"), X, V)

    by_x, by_v = dlfeval(slopes, dlarray(device.put(array), fmt), dlarray(device.put(values)))
    zeros = np.zeros(array.shape)
    assert np.array_equal(numbers(by_x, device), written(weights, grid, zeros[grid]))
    # Number the values: what stands in the end at each position tells which of them arrived.
    number = np.arange(1.0, values.size + 1).reshape(values.shape)
    arrived = np.isin(number, written(zeros, grid, number))
    assert np.array_equal(numbers(by_v, device), np.where(arrived, weights[grid], 0.0))


@given(indexed(), SEEDS)
def test_reading_is_differentiated(device: Any, drawn: Any, seed: int) -> None:
    array, fmt, key, grid = drawn
    weights = normal(array[grid].shape, seed)

    def slope(X: dlarray) -> Any:
        return dlgradient(dl.sum(X[key] * stripdims(dlarray(device.put(weights))), "all"), X)

    expected = np.zeros(array.shape)
    np.add.at(expected, grid, weights)
    found = numbers(dlfeval(slope, dlarray(device.put(array), fmt)), device)
    assert np.allclose(found, expected, atol=1e-14)


@given(labelled(least=2), SEEDS)
def test_masks_write_columns_first(pair: tuple[Any, str], seed: int) -> None:
    array, fmt = pair
    mask = normal(array.shape, seed) > 0
    values = normal((int(mask.sum()),), seed + 1)
    expected = array.copy()
    for i, at in enumerate(np.argwhere(mask.T)):
        expected[tuple(at[::-1])] = values[i]
    X, Y = dlarray(array, fmt), dlarray(array, fmt)
    X[mask] = values
    assert np.array_equal(numbers(X), expected)
    Y[Y > 0] = 0
    assert np.array_equal(numbers(Y), np.where(array > 0, 0, array))

    def slopes(X: dlarray, V: dlarray) -> Any:
        X[mask] = V
        loss = dl.sum(X * array, "all")
        return dlgradient(loss, V)

    slope = dlfeval(slopes, dlarray(array, fmt), dlarray(values))
    assert np.array_equal(numbers(slope), array.ravel(order="F")[mask.ravel(order="F")])


def test_other_handles_are_not_affected() -> None:
    X = dlarray(A, "SCB")
    others = [X, stripdims(X), dlarray(X), X[...], dlarray(X, "SSS")]
    first, *rest = others
    view = dl.extractdata(X)
    X[0, 0, 0] = 99
    assert first is X
    assert all(numbers(Y).ravel()[0] == 0 for Y in rest)
    assert view[0, 0, 0] == 0


def test_the_class_and_the_format_stay() -> None:
    X = dlarray(np.float32(A), "SCB")
    X[0, ...] = np.ones((1, 3, 4))
    X[:, 0, :] = dlarray(np.ones((2, 4)), "SB")
    assert (X.dtype, X.dims) == (np.float32, "SCB")
    flags = dlarray(A > 30)
    flags[0, 0, :] = [0, 2, 0, -1]
    assert flags.dtype == bool
    assert np.array_equal(numbers(flags)[0, 0], [False, True, False, True])
    with pytest.raises(ValueError, match="NaN is neither true nor false"):
        flags[0, 0, 0] = np.nan
    scalar = dlarray(2.0) + 1
    scalar[...] = 5
    assert scalar.item() == 5


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]], [[1.0], [2.0], [3.0]]])
@pytest.mark.parametrize("key", [(0, slice(None), 2), (slice(None), 1), (1, slice(None))])
def test_vectors_fit_rows_and_columns(values: Any, key: Any) -> None:
    X = dlarray(np.zeros((3,) * len(key)))
    X[key] = values
    row = [slice(k, k + 1) if isinstance(k, int) else k for k in key]
    assert np.array_equal(numbers(X)[tuple(row)].ravel(), [1, 2, 3])
    assert numbers(X).sum() == 6


def test_values_of_size_one_expand() -> None:
    X = dlarray(np.zeros((2, 3, 4)), "SCB")
    X[:, :, 1:3] = np.ones((2, 1, 2))
    X[:, :, 0] = dlarray([5.0, 6.0], "S")
    X[1, :, 3] = [7.0]
    assert np.array_equal(numbers(X)[:, :, 1:3], np.ones((2, 3, 2)))
    assert np.array_equal(numbers(X)[:, :, 0], [[5] * 3, [6] * 3])
    assert np.array_equal(numbers(X)[:, :, 3], [[0] * 3, [7] * 3])


@pytest.mark.parametrize(
    ("key", "values", "words"),
    [
        ((0, slice(None), 0), [1, 2], "2 values do not fit into the 1×3×1 elements"),
        ((slice(None), 0, slice(None)), A, r"2×3×4 values do not fit into the 2×1×4"),
        ((0, slice(None), slice(None)), [1, 2, 3], r"a vector of 3 elements for 1×3×4.*v\[:, None"),
        ((slice(None), slice(None), 0), [1, 2], r"a vector of 2 elements for 2×3×1.*v\[:, None"),
        ((0, 0, 0), dlarray([1.0], "T"), "the format T cannot be written into one with .* SCB"),
        (
            (0, 0, slice(None)),
            dlarray(np.ones((1, 4)), "SC"),
            r"1\(S\) × 4\(C\) values do not fit into the 1×1×4",
        ),
        ((0, 0, 0), np.array([1]), r"the value has the class int64.*double\(x\)"),
        ((0, 0, 0), "a", "the value must be a numeric array, not str"),
        ((0, 0, 0), None, "the value must be a numeric array, not NoneType"),
    ],
)
def test_values_that_do_not_fit_change_nothing(key: Any, values: Any, words: str) -> None:
    X = dlarray(A, "SCB")
    with pytest.raises((ValueError, TypeError), match=words):
        X[key] = values
    assert np.array_equal(numbers(X), A)


def test_none_has_no_place_in_an_assignment() -> None:
    X = dlarray(A)
    with pytest.raises(IndexError, match="None has no place among the subscripts of an assign"):
        X[None, ...] = 1.0


def test_of_several_values_for_one_element_the_last_counts() -> None:
    X = dlarray(np.zeros((3, 2)))
    X[[0, 0, 2], :] = [[1, 2], [3, 4], [5, 6]]
    assert np.array_equal(numbers(X), [[3, 4], [0, 0], [5, 6]])


# ---- both, many times ---------------------------------------------------------------------------


def test_a_loop_that_fills_an_array_is_differentiated() -> None:
    def slope(x: dlarray) -> Any:
        Y = dl.zeros(3, 2, like=x)
        for i in range(3):
            for j in range(2):
                Y[i, j] = x[i, 0] * x[j, 0]
        return Y, dlgradient(dl.sum(Y * [[1, 2], [3, 4], [5, 6]], "all"), x)

    Y, g = dlfeval(slope, dlarray([[1.0], [2.0], [3.0]]))
    assert np.array_equal(numbers(Y), [[1, 2], [2, 4], [3, 6]])
    assert np.array_equal(numbers(g), [[2 + 4 + 6 + 15], [2 + 3 + 16 + 18], [5 + 12]])


@pytest.mark.parametrize(
    "assign", [lambda X: X.__setitem__((0, 0), 5.0), lambda X: X.__setitem__(..., X * 0)]
)
def test_assignments_inside_dlfeval_do_not_reach_the_caller(
    assign: Callable[[dlarray], None],
) -> None:
    X = dlarray(np.ones((2, 2)), "CB")
    state = {"X": X, "list": [X]}

    def function(X: dlarray, state: Any) -> None:
        assign(X)
        assign(state["X"])
        assign(state["list"][0])
        state["list"].append(X)
        state["new"] = X

    dlfeval(function, X, state)
    assert state.keys() == {"X", "list"}
    assert len(state["list"]) == 1
    assert np.array_equal(numbers(X), np.ones((2, 2)))
