"""reshape, permute, transpose, squeeze, repmat, cat: MATLAB's order of elements and its labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, normal, numbers, same
from tinydl import dlarray, dlfeval, dlgradient, stripdims

A = np.arange(6.0).reshape(2, 3)


def slope(function: Callable[[Any], Any], X: dlarray, seed: int) -> tuple[dlarray, Any]:
    """The gradient of Σ w · function(X) by X, and the weights w."""
    weights = normal(function(X).shape, seed)
    G = dlfeval(lambda X: dlgradient(dl.sum(stripdims(function(X)) * weights, "all"), X), X)
    assert (G.dims, G.shape) == (X.dims, X.shape)
    return numbers(G), weights


# ---- reshape ------------------------------------------------------------------------------------


@given(pair=labelled(least=0), data=st.data(), seed=SEEDS)
def test_reshape_counts_columns_first(
    device: Any, pair: tuple[Any, str], data: st.DataObject, seed: int
) -> None:
    array, fmt = pair
    sizes = data.draw(st.permutations([*array.shape, 1]))
    split = data.draw(st.integers(0, len(sizes)))
    merged = (int(np.prod(sizes[:split])), *sizes[split:])
    expected = array.reshape(merged, order="F")
    X = dlarray(device.put(array), fmt)
    Y = dl.reshape(X, *merged)
    assert Y.dims == ""
    assert np.array_equal(numbers(Y, device), expected)
    assert same(dl.reshape(X, merged), Y)
    if array.size:
        place = data.draw(st.integers(0, len(merged) - 1))
        for open_size in (-1, []) if len(merged) > 1 else (-1,):
            assert same(dl.reshape(X, *merged[:place], open_size, *merged[place + 1 :]), Y)
    plain = dl.reshape(array, *merged)
    assert type(plain) is np.ndarray
    assert np.array_equal(plain, expected)
    found, weights = slope(lambda X: dl.reshape(X, *merged), dlarray(array, fmt), seed)
    assert np.array_equal(found, weights.reshape(array.shape, order="F"))


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((4, 2), r"the 6 elements of 2\(C\) × 3\(B\) dlarray do not fill 4 × 2"),
        ((4, -1), "do not fill 4 × -1"),
        ((-1, -1), "do not fill -1 × -1"),
        ((0, -1), "do not fill 0 × -1"),
        ((-2, -3), "a size is a whole number from -1 on, not -2"),
        ((2.0, 3), "not 2.0"),
        ((True, 6), "not True"),
        ((), "do not fill"),
    ],
)
def test_sizes_that_do_not_fit(sizes: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"reshape: .*{words}"):
        dl.reshape(dlarray(A, "CB"), *sizes)


# ---- permute, transpose, squeeze ----------------------------------------------------------------


@given(pair=labelled(least=0), data=st.data(), seed=SEEDS, more=st.integers(0, 2))
def test_permute(
    device: Any, pair: tuple[Any, str], data: st.DataObject, seed: int, more: int
) -> None:
    array, _ = pair
    order = tuple(data.draw(st.permutations(range(array.ndim + more))))
    expected = array.reshape((*array.shape, *(1,) * more)).transpose(order)
    Y = dl.permute(dlarray(device.put(array)), order)
    assert np.array_equal(numbers(Y, device), expected)
    assert np.array_equal(dl.permute(array, list(order)), expected)
    found, weights = slope(lambda X: dl.permute(X, order), dlarray(array), seed)
    assert np.array_equal(found, weights.transpose(np.argsort(order)).reshape(array.shape))


def test_permute_among_equal_labels() -> None:
    array = normal((2, 3, 4, 5), 0)
    X = dlarray(array, "SSCB")
    Y = dl.permute(X, (1, 0, 2, 3))
    assert Y.dims == "SSCB"
    assert np.array_equal(numbers(Y), array.swapaxes(0, 1))
    assert same(dl.permute(X, (0, 1, 2, 3)), X)
    for order in ((2, 1, 0, 3), (0, 1, 2, 3, 4)):
        with pytest.raises(ValueError, match=r"keep their order; use permute\(stripdims\(X\), …"):
            dl.permute(X, order)


@pytest.mark.parametrize("order", [(0,), (0, 0), (1, 2), (0, 2), (1, 0, -1)])
def test_orders_that_are_none(order: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="is no order of the dimensions 0 … 1 of 2×3 dlarray"):
        dl.permute(dlarray(A), order)


def test_transpose() -> None:
    assert np.array_equal(dl.transpose(A), A.T)
    assert np.array_equal(numbers(dl.transpose(dlarray(A))), A.T)
    assert dl.transpose(dlarray(A, "SS")).dims == "SS"
    with pytest.raises(ValueError, match=r"the labels of 2\(C\) × 3\(B\) dlarray keep their order"):
        dl.transpose(dlarray(A, "CB"))
    with pytest.raises(ValueError, match="transpose: 3 dlarray is no matrix; use permute"):
        dl.transpose(np.ones(3))


@given(pair=labelled(least=0), seed=SEEDS)
def test_squeeze(device: Any, pair: tuple[Any, str], seed: int) -> None:
    array, fmt = pair
    X = dlarray(device.put(array), fmt)
    Y = dl.squeeze(X)
    if array.ndim <= 2:
        assert same(Y, X)
    else:
        assert np.array_equal(numbers(Y, device), array.squeeze())
        assert Y.dims == "".join(x for x, n in zip(fmt, array.shape, strict=True) if n != 1)
    assert np.array_equal(dl.squeeze(array), numbers(Y, device))
    found, weights = slope(dl.squeeze, dlarray(array, fmt), seed)
    assert np.array_equal(found, weights.reshape(array.shape))


# ---- repmat -------------------------------------------------------------------------------------


@given(pair=labelled(least=0, most=3), data=st.data(), seed=SEEDS)
def test_repmat(device: Any, pair: tuple[Any, str], data: st.DataObject, seed: int) -> None:
    array, fmt = pair
    times = data.draw(st.lists(st.integers(0, 3), min_size=2, max_size=4).map(tuple))
    rank = max(array.ndim, len(times))
    copies = (*times, *(1,) * (rank - len(times)))
    expected = np.tile(array.reshape(*array.shape, *(1,) * (rank - array.ndim)), copies)
    Y = dl.repmat(dlarray(device.put(array)), *times)
    assert np.array_equal(numbers(Y, device), expected)
    assert np.array_equal(dl.repmat(array, times), expected)
    if len(times) <= array.ndim:
        assert same(dl.repmat(dlarray(array, fmt), *times), dlarray(expected, fmt))
    found, weights = slope(lambda X: dl.repmat(X, *times), dlarray(array), seed)
    sizes = (*array.shape, *(1,) * (rank - array.ndim))
    split = [n for pair in zip(copies, sizes, strict=True) for n in pair]
    summed = weights.reshape(split).sum(axis=tuple(range(0, 2 * rank, 2)))
    assert np.allclose(found, summed.reshape(array.shape))


def test_repmat_of_one_number_makes_a_square() -> None:
    assert np.array_equal(dl.repmat(A, 2), np.tile(A, (2, 2)))
    assert dl.repmat(dlarray([1.0, 2.0], "C"), 2, 1).shape == (4,)
    with pytest.raises(ValueError, match=r"2 numbers of copies for 2\(C\) × 1\(U\).*no label"):
        dl.repmat(dlarray([1.0, 2.0], "C"), 2)
    for times in ((2.0, 1), (-1, 2), (True, 2)):
        with pytest.raises(ValueError, match="repmat: a size is a whole number from 0 on"):
            dl.repmat(A, *times)


# ---- cat ----------------------------------------------------------------------------------------


@given(pair=labelled(), data=st.data(), seed=SEEDS)
def test_cat(device: Any, pair: tuple[Any, str], data: st.DataObject, seed: int) -> None:
    first, fmt = pair
    axis = data.draw(st.integers(0, first.ndim - 1))
    lengths = data.draw(st.lists(st.integers(0, 2), max_size=2))
    arrays = [first] + [
        normal((*first.shape[:axis], n, *first.shape[axis + 1 :]), seed + n) for n in lengths
    ]
    expected = np.concatenate(arrays, axis=axis)
    Xs = [dlarray(device.put(array)) for array in arrays]
    for Y in (dl.cat(None, *Xs, axis=axis), dl.cat(None, *Xs, axis=axis - first.ndim)):
        assert (Y.dims, type(Y)) == ("", dlarray)
        assert np.array_equal(numbers(Y, device), expected)
    plain = dl.cat(None, *arrays, axis=axis)
    assert type(plain) is np.ndarray
    assert np.array_equal(plain, expected)
    labelled_arrays = [dlarray._make(array, fmt) for array in arrays]
    if fmt.count(fmt[axis]) == 1:
        Y = dl.cat(fmt[axis], *labelled_arrays)
        assert Y.dims == fmt
        assert np.array_equal(numbers(Y), expected)
        mixed = dl.cat(fmt[axis], labelled_arrays[0], *arrays[1:])
        assert same(mixed, Y)
        assert same(dl.cat(fmt[axis], *arrays[:-1], labelled_arrays[-1]), Y)


def test_the_derivative_of_cat() -> None:
    def slopes(X: dlarray, T: dlarray) -> Any:
        Y = dl.cat("C", X, T, X)
        return dlgradient(dl.sum(Y * [[1, 2], [3, 4], [5, 6]], "all"), X, T)

    X, T = dlarray([[1.0, 2.0]], "CB"), dlarray(np.float32([[3, 4]]), "CB")
    by_x, by_t = dlfeval(slopes, X, T)
    assert np.array_equal(numbers(by_x), [[6, 8]])
    assert np.array_equal(numbers(by_t), [[3, 4]])
    assert (by_x.dtype, by_t.dtype, by_t.dims) == (np.float64, np.float32, "CB")


def test_stacking_along_a_new_dimension() -> None:
    assert dl.cat(None, A, A, axis=2).shape == (2, 3, 2)
    assert dl.cat(None, A, A, axis=3).shape == (2, 3, 1, 2)
    assert np.array_equal(dl.cat(None, A, np.ones((2, 3, 2)), axis=2)[:, :, 0], A)
    assert np.array_equal(dl.cat(None, 1.0, 2.0, axis=0), [1, 2])
    assert np.array_equal(dl.horzcat([1, 2], [3, 4]), [[1, 3], [2, 4]])
    with pytest.raises(ValueError, match=r"axis=2 of 2\(C\) × 3\(B\)"):
        dl.cat(None, dlarray(A, "CB"), dlarray(A, "CB"), axis=2)


def test_vertcat_and_horzcat() -> None:
    X = dlarray(A, "CB")
    assert same(dl.vertcat(X, X), dl.cat("C", X, X))
    assert same(dl.horzcat(X, X), dl.cat("B", X, X))
    assert np.array_equal(dl.vertcat(A, A), np.vstack([A, A]))
    assert np.array_equal(dl.horzcat(A, A), np.hstack([A, A]))
    assert np.array_equal(dl.vertcat([1, 2], [3]), [1, 2, 3])


def test_the_class_of_what_is_joined() -> None:
    single, double, logical = np.float32(A), A, A > 1
    for arrays, dtype in (
        ((single, double), np.float32), ((single, logical), np.float32),
        ((double, logical), np.float64), ((logical, logical), bool),
        ((single, [[1, 2, 3]]), np.float32),
    ):  # fmt: skip
        assert dl.vertcat(*arrays).dtype == dtype
        assert dl.vertcat(*[dlarray(array) for array in arrays]).dtype == dtype


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda X: dl.cat(1, X, X), TypeError, r'a int does not; write cat\("C", …\).*axis=0'),
        (lambda X: dl.cat(X, X), TypeError, "a dlarray does not"),
        (lambda X: dl.cat(X, X, axis=0), TypeError, "a dlarray does not"),
        (lambda X: dl.cat(None, X, X), TypeError, 'name the dimension, cat."C", …. or cat.None'),
        (lambda X: dl.cat("C", X, X, axis=0), TypeError, "give the dimension once"),
        (lambda X: dl.cat("C"), ValueError, "nothing to join"),
        (lambda X: dl.cat("T", X, X), ValueError, "no dimension labelled T"),
        (lambda X: dl.cat("CB", X, X), ValueError, "has 2 dimensions CB; name one with axis="),
        (lambda X: dl.cat("C", X, dlarray(A, "SC")), ValueError, "formats CB and SC cannot"),
        (lambda X: dl.cat("B", X, A.T), ValueError, r"array 0 is 2×3 and array 1 is 3×2.*n 1"),
        (lambda X: dl.cat("C", X, np.ones((2, 3, 4))), ValueError, "array 1 is 2×3×4.*2 labels"),
        (lambda X: dl.cat("C", X, np.ones(3)), ValueError, r"a vector of 3.*v\[:, None\]"),
        (lambda X: dl.cat(None, A, np.ones(3), axis=0), ValueError, "array 1 is a vector of 3"),
        (lambda X: dl.cat("C", X, np.arange(3)), TypeError, "cat: array 1 has the class int64"),
        (lambda X: dl.cat(None, A, A, axis=-3), ValueError, "axis=-3"),
        (lambda X: dl.cat(None, A, A, axis=1.5), ValueError, "axis=1.5"),
    ],
)
def test_what_cannot_be_joined(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(dlarray(A, "CB"))
    if "vector" in words:
        with pytest.raises(error, match=words):
            dlfeval(call, dlarray(A, "CB"))


def test_dimensions_of_size_one_beyond_the_labels_do_not_matter() -> None:
    Y = dl.cat("C", dlarray(A, "CB"), A[:, :, None])
    assert (Y.dims, Y.shape) == ("CB", (4, 3))


@pytest.mark.parametrize("name", ["reshape", "permute", "transpose", "squeeze", "repmat"])
def test_the_class_stays(name: str) -> None:
    more = {"reshape": (3, 2), "permute": ((1, 0),), "repmat": (2, 2)}.get(name, ())
    for dtype in (np.float32, np.float64, bool):
        for X in (A.astype(dtype), dlarray(A.astype(dtype))):
            assert getattr(dl, name)(X, *more).dtype == dtype
