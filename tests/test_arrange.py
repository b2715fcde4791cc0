"""flip, circshift, shiftdim, ipermute, repelem, blkdiag: values, labels, derivatives, messages."""

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


def check_adjoint(function: Callable[[Any], Any], array: Any, fmt: str, seed: int) -> None:
    """Σ w · f(v) = Σ v · (the gradient of Σ w · f(x) by x), for a linear f."""
    X = dlarray(array, fmt)
    Y = function(X)
    w = normal(Y.shape, seed)
    G = dlfeval(lambda X: dlgradient(dl.sum(stripdims(function(X)) * w, "all"), X), X)
    assert (G.dims, G.shape) == (X.dims, X.shape)
    assert np.isclose((numbers(G) * numbers(X)).sum(), (w * numbers(Y)).sum())


# ---- order of dimensions ------------------------------------------------------------------------


@given(pair=labelled(least=0), data=st.data(), more=st.integers(0, 2), seed=SEEDS)
def test_ipermute_undoes_permute(
    device: Any, pair: tuple[Any, str], data: st.DataObject, more: int, seed: int
) -> None:
    array = pair[0].reshape((*pair[0].shape, *(1,) * more))
    order = tuple(data.draw(st.permutations(range(array.ndim))))
    X = dlarray(device.put(array))
    assert same(dl.ipermute(dl.permute(X, order), order), X)
    assert np.array_equal(dl.ipermute(array, order), array.transpose(np.argsort(order)))
    check_adjoint(lambda X: dl.ipermute(X, order), array, "", seed)


def test_what_ipermute_refuses() -> None:
    for order in ((0,), (0, 0), (1, 2), (1, 0, -1)):
        with pytest.raises(ValueError, match=r"ipermute: .* is no order of the dimensions 0 … 1"):
            dl.ipermute(dlarray(A), order)
    with pytest.raises(ValueError, match="keep their order"):
        dl.ipermute(dlarray(A, "CB"), (1, 0))
    assert same(dl.ipermute(dlarray(A, "SS"), (1, 0)), dlarray(A.T, "SS"))


@pytest.mark.parametrize("n", range(-3, 6))
def test_shiftdim_by_a_number(n: int) -> None:
    array = normal((2, 3, 4), 0)
    expected = array[(None,) * -n] if n < 0 else np.moveaxis(array, range(3), np.arange(3) - n % 3)
    Y = dl.shiftdim(array, n)
    assert np.array_equal(Y, expected)
    if n > 0:
        assert Y.shape == tuple((np.roll([2, 3, 4], -n)).tolist())
    check_adjoint(lambda X: dl.shiftdim(X, n), array, "", 1)


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [((1, 1, 3), (3, 1), 2), ((1, 3, 4), (3, 4), 1), ((2, 1, 3), (2, 1, 3), 0),
     ((1, 3), (3, 1), 1), ((1, 1), (1, 1), 0), ((3,), (3,), 0), ((), (), 0)],
)  # fmt: skip
def test_shiftdim_without_a_number(before: Any, after: Any, count: int) -> None:
    array = normal(before, 0)
    Y, shifts = dl.shiftdim(array, nargout=2)
    assert (Y.shape, shifts) == (after, count)
    assert np.array_equal(Y.ravel(), array.ravel())


def test_shiftdim_and_labels() -> None:
    X = dlarray(normal((1, 3, 4), 0), "SCB")
    assert (dl.shiftdim(X).dims, dl.shiftdim(X).shape) == ("CB", (3, 4))
    assert same(dl.shiftdim(dlarray(A, "SS"), 1), dlarray(A.T, "SS"))
    with pytest.raises(ValueError, match="keep their order"):
        dl.shiftdim(X, 1)
    with pytest.raises(ValueError, match="would have no label"):
        dl.shiftdim(X, -1)
    with pytest.raises(ValueError, match="n is a whole number"):
        dl.shiftdim(X, 1.0)
    with pytest.raises(ValueError, match="one output, or without n one or two"):
        dl.shiftdim(A, 1, nargout=2)


# ---- turned round -------------------------------------------------------------------------------


@given(pair=labelled(), data=st.data(), seed=SEEDS)
def test_flip(device: Any, pair: tuple[Any, str], data: st.DataObject, seed: int) -> None:
    array, fmt = pair
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    Y = dl.flip(dlarray(device.put(array), fmt), axis=axis)
    assert Y.dims == fmt
    assert np.array_equal(numbers(Y, device), np.flip(array, axis))
    assert np.array_equal(dl.flip(array, axis=axis), np.flip(array, axis))
    label = fmt[axis]
    along = tuple(i for i, found in enumerate(fmt) if found == label)
    assert same(dl.flip(dlarray(array, fmt), label), dlarray(np.flip(array, along), fmt))
    check_adjoint(lambda X: dl.flip(X, axis=axis), array, fmt, seed)


def test_left_and_right_up_and_down() -> None:
    assert np.array_equal(dl.fliplr(A), A[:, ::-1])
    assert np.array_equal(dl.flipud(A), A[::-1])
    assert same(dl.flipud(dlarray(A, "CB")), dlarray(A[::-1], "CB"))
    assert np.array_equal(dl.flipud([1, 2, 3]), dl.flip([1, 2, 3]))
    assert dl.flipud(2.0) == 2.0 == dl.flip(2.0)
    with pytest.raises(ValueError, match="fliplr: 3 dlarray has no second dimension"):
        dl.fliplr([1, 2, 3])
    with pytest.raises(ValueError, match="flip: which dimension"):
        dl.flip(A)
    with pytest.raises(TypeError, match="flip: 1 as a dimension could count from 0 or from 1"):
        dl.flip(A, 1)


@given(pair=labelled(), data=st.data(), k=st.integers(-5, 5), seed=SEEDS)
def test_circshift(
    device: Any, pair: tuple[Any, str], data: st.DataObject, k: int, seed: int
) -> None:
    array, fmt = pair
    axis = data.draw(st.integers(0, array.ndim - 1))
    Y = dl.circshift(dlarray(device.put(array), fmt), k, axis=axis)
    assert Y.dims == fmt
    assert np.array_equal(numbers(Y, device), np.roll(array, k, axis))
    assert np.array_equal(dl.circshift(array, k, axis=axis), np.roll(array, k, axis))
    if fmt.count(fmt[axis]) == 1:
        assert same(dl.circshift(dlarray(array, fmt), k, fmt[axis]), dlarray(numbers(Y), fmt))
    several = data.draw(st.lists(st.integers(-4, 4), min_size=1, max_size=array.ndim))
    rolled = np.roll(array, several, tuple(range(len(several))))
    assert np.array_equal(dl.circshift(array, several), rolled)
    check_adjoint(lambda X: dl.circshift(X, several), array, fmt, seed)


@pytest.mark.parametrize(
    ("given", "words"),
    [((1.0, None, 0), "k is a whole number, such as 2 or -1, not 1.0"),
     ((True, None, 0), "not True"), ((1,), "circshift: which dimension"),
     (((1, 2), None, 0), "2 shifts along 1 dimensions"), (((1, 2, 3),), "axis")],
)  # fmt: skip
def test_what_circshift_refuses(given: Any, words: str) -> None:
    k, *rest = given
    options = {"axis": rest[1]} if rest else {}
    with pytest.raises(ValueError, match=words):
        dl.circshift(A, k, **options)


# ---- repelem and blkdiag ------------------------------------------------------------------------


@given(pair=labelled(most=3), data=st.data(), seed=SEEDS)
def test_repelem(device: Any, pair: tuple[Any, str], data: st.DataObject, seed: int) -> None:
    array, fmt = pair
    count = st.integers(0, 3)
    times = [data.draw(st.one_of(count, st.lists(count, min_size=n, max_size=n)))
             for n in array.shape]  # fmt: skip
    expected = array
    for axis, r in enumerate(times):
        expected = np.repeat(expected, r, axis)
    if array.ndim == 1:
        assert np.array_equal(dl.repelem(array, times[0]), expected)
    else:
        Y = dl.repelem(dlarray(device.put(array), fmt), *times)
        assert Y.dims == fmt
        assert np.array_equal(numbers(Y, device), expected)
        check_adjoint(lambda X: dl.repelem(X, *times), array, fmt, seed)


def test_repelem_of_vectors_and_further_dimensions() -> None:
    assert np.array_equal(dl.repelem([[1, 2]], 2), [[1, 1, 2, 2]])
    assert np.array_equal(dl.repelem([[1], [2]], 2), [[1], [1], [2], [2]])
    assert np.array_equal(dl.repelem(5.0, 3), [[5, 5, 5]])
    assert np.array_equal(dl.repelem([1, 2], 1, 2), [[1, 1], [2, 2]])
    assert dl.repelem(A, 1, 1, 3).shape == (2, 3, 3)
    assert same(dl.repelem(dlarray([1.0, 2.0], "C"), [0, 2]), dlarray([2.0, 2.0], "C"))


@pytest.mark.parametrize(
    ("times", "error", "words"),
    [((), TypeError, "say how often"), ((2,), ValueError, "is no vector; give one number for each"),
     ((2, [1, 2]), ValueError, "2 numbers for the 3 positions of dimension 1"),
     ((2, 1.5), ValueError, "not 1.5"), ((-1, 2), ValueError, "not -1"),
     ((1, 1, 2), ValueError, "a new dimension would have no label")],
)  # fmt: skip
def test_what_repelem_refuses(times: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dl.repelem(dlarray(A, "CB"), *times)


def test_blkdiag() -> None:
    B = np.float32([[7, 8]])
    found = dl.blkdiag(A, B, 9)
    assert found.dtype == np.float32
    assert np.array_equal(found[:2, :3], A) and np.array_equal(found[2:3, 3:5], B)
    assert found[3, 5] == 9 and found.sum() == A.sum() + B.sum() + 9
    assert found.shape == (4, 6)
    assert dl.blkdiag(np.ones((0, 2)), A).shape == (2, 5)
    assert dl.blkdiag(A > 1, A > 2).dtype == bool
    Y = dl.blkdiag(dlarray(A), [[1]])
    assert (type(Y), Y.dims, Y.dtype) == (dlarray, "", np.float64)
    for arrays, words in [((), "nothing to join"), ((A, [1, 2]), "array 1 is a vector of 2"),
                          ((dlarray(A, "CB"),), r"array 0 is 2\(C\) × 3\(B\); matrices without"),
                          ((np.ones((1, 1, 1)),), "array 0 is 1×1×1")]:  # fmt: skip
        with pytest.raises(ValueError, match=f"blkdiag: .*{words}"):
            dl.blkdiag(*arrays)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, bool])
def test_the_class_stays(dtype: Any) -> None:
    for X in (A.astype(dtype), dlarray(A.astype(dtype))):
        for Y in (dl.flip(X, axis=0), dl.fliplr(X), dl.flipud(X), dl.circshift(X, 1, axis=1),
                  dl.shiftdim(X, 1), dl.ipermute(X, (1, 0)), dl.repelem(X, 1, 2),
                  dl.repelem(X, [1, 2], 2), dl.sort(X, axis=0), dl.sortrows(X)):  # fmt: skip
            assert (Y.dtype, type(Y)) == (dtype, type(X))
