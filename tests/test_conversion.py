"""What an array is, other classes and labels, new arrays, and the numbers that MATLAB prints."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import labelled, matlab_rand, normal, numbers, same
from tinydl import dlarray, dlfeval, dlgradient, stripdims

A = np.arange(6.0).reshape(2, 3)


# ---- what an array is ---------------------------------------------------------------------------


def test_describing_a_dlarray() -> None:
    X = dlarray(normal((4, 3, 2, 5), 0, np.float32), "SSCB")
    assert dl.dims(X) == "SSCB"
    assert dl.dims(stripdims(X)) == ""
    assert dl.finddim(X, "S") == (0, 1)
    assert dl.finddim(X, "b") == (3,)
    assert dl.finddim(X, "T") == ()
    assert dl.size(X, axis=dl.finddim(X, "B")) == 5
    assert dl.size(X) == (4, 3, 2, 5)
    assert (dl.size(X, "B"), dl.size(X, "S"), dl.size(X, axis=-2)) == (5, (4, 3), 2)
    assert dl.size(X, axis=(0, 3)) == (4, 5)
    assert (dl.numel(X), dl.ndims(X)) == (120, 4)
    assert dl.underlyingType(X) == "single"
    assert dl.isUnderlyingType(X, "single")
    assert not dl.isUnderlyingType(X, "double")
    assert dl.underlyingType(X > 0) == "logical"
    assert dl.isdlarray(X)
    assert not dl.isdlarray(A)


@pytest.mark.parametrize("X", [A, np.ones((2, 3), int), A.tolist(), np.array([["a"] * 3] * 2)])
def test_sizes_of_other_arrays(X: Any) -> None:
    assert (dl.size(X), dl.size(X, axis=1), dl.ndims(X)) == ((2, 3), 3, 2)


def test_numbers_of_elements() -> None:
    assert [dl.numel(x) for x in (A, 3.0, dlarray(2.0), [dlarray(A), A], np.ones(4, int))] == [
        6, 1, 1, 2, 4
    ]  # fmt: skip
    assert (dl.size(3.0), dl.ndims(3.0)) == ((), 0)


def test_describing_needs_labels() -> None:
    X = dlarray(A, "CB")
    for function in (dl.dims, dl.stripdims, lambda X: dl.finddim(X, "C")):
        with pytest.raises(TypeError, match="X is a ndarray; labels are those of a dlarray"):
            function(A)
    with pytest.raises(TypeError, match=r'size: 0 as a dimension.*size\(X, "C"\)'):
        dl.size(X, 0)
    with pytest.raises(ValueError, match="has no dimension labelled T"):
        dl.size(X, "T")
    with pytest.raises(ValueError, match="finddim: the label 'X'"):
        dl.finddim(X, "X")
    with pytest.raises(TypeError, match="class int64"):
        dl.underlyingType(np.arange(3))


# ---- conversion ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["single", "double", "logical"])
@given(pair=labelled(least=0))
def test_classes(device: Any, name: str, pair: tuple[Any, str]) -> None:
    array, fmt = pair
    dtype = {"single": np.float32, "double": np.float64, "logical": bool}[name]
    Y = getattr(dl, name)(dlarray(device.put(array), fmt))
    assert (Y.dims, Y.dtype) == (fmt, dtype)
    assert np.array_equal(numbers(Y, device), array.astype(dtype))
    assert same(dl.cast(dlarray(array, fmt), name), Y)
    for plain in (array, array.astype(np.float16), np.arange(3, dtype=np.uint8), [1, 0], True):
        converted = getattr(dl, name)(plain)
        assert (type(converted), converted.dtype) == (np.ndarray, dtype)
        assert np.array_equal(converted, np.asarray(plain).astype(dtype))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: dl.logical([1.0, np.nan]), ValueError, "NaN is neither true nor false"),
        (lambda: dl.logical(dlarray(np.nan)), ValueError, "NaN is neither true nor false"),
        (lambda: dl.cast(A, "int8"), ValueError, "one of single, double, logical, not 'int8'"),
        (lambda: dl.double("1"), TypeError, "double: .*str cannot be converted"),
        (lambda: dl.single(None), TypeError, "single: .*NoneType cannot be converted"),
        (lambda: dl.double(np.array([1j])), TypeError, "complex128 ndarray cannot be converted"),
        (lambda: dl.double(np.ma.array([1.0], mask=[True])), TypeError, r"masked.*x\.filled"),
        (lambda: dl.single(scipy.sparse.csr_array(A)), TypeError, r"sparse.*x\.toarray\(\)"),
    ],
)
def test_what_cannot_be_converted(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_a_network_is_not_converted_like_an_array() -> None:
    class Network:
        Learnables = None

    with pytest.raises(TypeError, match=r"double\(net\) is not .* net = dlupdate\(double"):
        dl.double(Network())


def test_gather_keeps_what_is_here() -> None:
    X = dlarray(A, "CB")
    assert same(dl.gather(X), X)
    assert dl.gather(A) is A
    assert np.array_equal(dl.gather(dl.extractdata(X)), dl.extractdata(dl.gather(X)))
    G = dlfeval(lambda X: dlgradient(dl.sum(dl.gather(X) * 2, "all"), X), X)
    assert np.array_equal(numbers(G), np.full((2, 3), 2))


@given(pair=labelled(), data=st.data())
def test_stripdims_in_another_order(pair: tuple[Any, str], data: st.DataObject) -> None:
    array, fmt = pair
    wanted = "".join(data.draw(st.permutations(fmt)))
    Y = dl.stripdims(dlarray(array, fmt), wanted)
    assert Y.dims == ""
    assert same(dlarray(Y, wanted), dlarray(array, fmt))


def test_stripdims_refuses_other_labels() -> None:
    with pytest.raises(ValueError, match="the format SC does not have the labels of 'CB'"):
        dl.stripdims(dlarray(A, "CB"), "SC")


# ---- creation -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "number"), [("zeros", 0), ("ones", 1)])
def test_arrays_of_one_number(name: str, number: float) -> None:
    function = getattr(dl, name)
    for sizes, shape in (((3,), (3, 3)), ((3, 4), (3, 4)), (((3, 4),), (3, 4)), (([2],), (2,)),
                         ((0, 2), (0, 2)), ((), ()), ((np.int64(2), 1, 3), (2, 1, 3)),
                         ((dl.size(dlarray(A)),), (2, 3))):  # fmt: skip
        for more, dtype in (((), float), (("single",), np.float32), (("logical",), bool)):
            array = function(*sizes, *more)
            assert (type(array), array.shape, array.dtype) == (np.ndarray, shape, dtype)
            assert np.array_equal(array, np.full(shape, number))
    like = dlarray(np.float32(A), "CB")
    Y = function(2, 2, like=like)
    assert (Y.dims, Y.dtype, Y.shape) == ("", np.float32, (2, 2))
    assert function(2, "double", like=like).dtype == np.float64
    assert function(2, like=like > 0).dtype == bool
    assert type(function(2, like=np.float32(A))) is np.ndarray
    assert function(2, like=1.0).dtype == np.float64
    assert dlfeval(lambda X: function(2, like=X), like).dtype == np.float32


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((2.0,), "zeros: a size is a whole number from 0 on, not 2.0"),
        ((2, -1), "not -1"),
        ((True,), "not True"),
        ((2, "int8"), "the class is one of single, double, logical, not 'int8'"),
        ((2**30, 2**30), "1073741824 × 1073741824 elements are too many"),
    ],
)
def test_sizes_that_are_none(sizes: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dl.zeros(*sizes)


def test_a_question_without_parentheses_is_no_answer() -> None:
    with pytest.raises(TypeError, match=r"canUseGPU is a function; call it.*canUseGPU\(\)"):
        bool(dl.canUseGPU)


# ---- MATLAB's own numbers -----------------------------------------------------------------------


def test_the_documented_rosenbrock_gradient() -> None:
    def rosenbrock(x: dlarray) -> Any:
        f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
        return f, dlgradient(f, x)

    f, g = dlfeval(rosenbrock, dlarray([-1.0, 2.0]))
    assert float(f) == 104
    assert np.array_equal(numbers(g), [396, 200])


def test_the_documented_stripdims() -> None:
    printed = [0.5377, 1.8339, -2.2588, 0.8622, 0.3188, -1.3077, -0.4336, 0.3426, 3.5784, 2.7694]
    printed += [-1.3499, 3.0349]
    X = dlarray(np.reshape(printed, (3, 2, 1, 2), order="F"), "SSTU")
    assert repr(X).startswith("3(S) × 2(S) × 1(T) × 2(U) dlarray")
    Y = stripdims(X)
    assert repr(Y).startswith("3×2×1×2 dlarray")
    assert np.array_equal(numbers(Y)[:, :, 0, 0], [[0.5377, 0.8622], [1.8339, 0.3188],
                                                   [-2.2588, -1.3077]])  # fmt: skip


def test_the_documented_fullyconnect() -> None:
    (X,) = matlab_rand((12, 12, 32, 1))
    Y = dl.fullyconnect(dlarray(X, "SSCB"), np.ones((10, 12, 12, 32)), np.ones((10, 1)))
    assert repr(Y).startswith("10(C) × 1(B) dlarray")
    assert np.array_equal(np.round(numbers(Y), 1), np.full((10, 1), 2326.6))
