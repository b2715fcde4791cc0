"""MATLAB's functions of numbers: values, dimensions, classes, plain arrays in and out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import labelled, normal, numbers, same
from tinydl import dlarray, dlfeval, dlgradient
from tinydl.backend import host

A = np.arange(6.0).reshape(2, 3)


def away(x: Any) -> Any:
    """Numbers from 0.1 to 1.1 of the signs of x."""
    return np.sign(x) * (0.1 + np.tanh(np.abs(x)))


def beyond_one(x: Any) -> Any:
    """Numbers of sizes above 1.1 of the signs of x."""
    return x + 1.1 * np.sign(x)


MATH: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "abs": (np.abs, lambda x: x), "sign": (np.sign, lambda x: x), "exp": (np.exp, lambda x: x),
    "expm1": (np.expm1, lambda x: x), "log": (np.log, lambda x: np.abs(x) + 0.1),
    "log1p": (np.log1p, lambda x: np.abs(x)), "sqrt": (np.sqrt, np.abs),
    "erf": (scipy.special.erf, lambda x: x), "sin": (np.sin, lambda x: x),
    "cos": (np.cos, lambda x: x), "tan": (np.tan, np.tanh), "asin": (np.arcsin, np.tanh),
    "acos": (np.arccos, np.tanh), "atan": (np.arctan, lambda x: x),
    "sinh": (np.sinh, lambda x: x), "cosh": (np.cosh, lambda x: x),
    "tanh": (np.tanh, lambda x: x), "relu": (lambda x: np.maximum(x, 0), lambda x: x),
    "leakyrelu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: x),
    "gelu": (lambda x: x * scipy.special.ndtr(x), lambda x: x),
    "sigmoid": (scipy.special.expit, lambda x: x),
    "log2": (np.log2, lambda x: np.abs(x) + 0.1), "log10": (np.log10, lambda x: np.abs(x) + 0.1),
    "sec": (lambda x: 1 / np.cos(x), np.tanh), "csc": (lambda x: 1 / np.sin(x), away),
    "cot": (lambda x: 1 / np.tan(x), away), "asinh": (np.arcsinh, lambda x: x),
    "acosh": (np.arccosh, lambda x: 1 + np.abs(x)), "atanh": (np.arctanh, lambda x: np.tanh(x) / 2),
    "sech": (lambda x: 1 / np.cosh(x), lambda x: x), "csch": (lambda x: 1 / np.sinh(x), away),
    "coth": (lambda x: 1 / np.tanh(x), away), "asec": (lambda x: np.arccos(1 / x), beyond_one),
    "acsc": (lambda x: np.arcsin(1 / x), beyond_one), "acot": (lambda x: np.arctan(1 / x), away),
    "asech": (lambda x: np.arccosh(1 / x), lambda x: 1 / (1 + np.abs(x))),
    "acsch": (lambda x: np.arcsinh(1 / x), away),
    "acoth": (lambda x: np.arctanh(1 / x), beyond_one),
    "floor": (np.floor, lambda x: x), "ceil": (np.ceil, lambda x: x),
    "fix": (np.trunc, lambda x: x), "round": (lambda x: np.floor(x + 0.5), lambda x: x),
    "gamma": (scipy.special.gamma, away), "gammaln": (scipy.special.gammaln, np.abs),
    "psi": (scipy.special.digamma, lambda x: np.abs(x) + 0.1),
    "erfc": (scipy.special.erfc, lambda x: x),
    "erfinv": (scipy.special.erfinv, lambda x: np.tanh(x) / 2),
    "real": (lambda x: x, lambda x: x), "imag": (np.zeros_like, lambda x: x),
    "conj": (lambda x: x, lambda x: x), "angle": (lambda x: np.pi * (x < 0), lambda x: x),
    "uplus": (lambda x: x, lambda x: x), "uminus": (np.negative, lambda x: x),
}  # fmt: skip


# ---- element by element -------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(MATH))
@given(pair=labelled(least=0))
def test_math(device: Any, name: str, pair: tuple[Any, str]) -> None:
    function, (reference, into_domain) = getattr(dl, name), MATH[name]
    array = into_domain(pair[0])
    expected = reference(array)
    Y = function(dlarray(device.put(array), pair[1]))
    assert Y.dims == pair[1]
    assert np.allclose(numbers(Y, device), expected, rtol=1e-13, atol=1e-15)
    plain = function(device.put(array))
    assert not dl.isdlarray(plain)
    assert np.array_equal(device.take(plain), numbers(Y, device))


@pytest.mark.parametrize("name", sorted(MATH))
def test_math_of_other_arguments(name: str) -> None:
    function = getattr(dl, name)
    a, b = MATH[name][1](np.array([0.25, 0.5])).tolist()
    assert np.array_equal(function([a, b]), function(np.array([a, b])))
    assert function(a).shape == ()
    assert function(np.float32([a])).dtype == np.float32
    with host.quiet():
        assert function(np.array([True])).dtype == np.float64
    first = next(iter(inspect.signature(function).parameters))
    assert np.array_equal(function(**{first: [a]}), function([a]))
    with pytest.raises(TypeError, match=rf"{first} has the class int64.*double\(x\)"):
        function(np.arange(3))
    with pytest.raises(TypeError, match=f"{first} must be a numeric array, not str"):
        function("text")
    with pytest.raises(TypeError, match=first):
        function()


def test_leakyrelu_and_gelu_options() -> None:
    x = np.array([-2.0, -0.5, 0.0, 1.0, 3.0])
    assert np.allclose(dl.leakyrelu(x, 0.3), np.where(x > 0, x, 0.3 * x))
    cubic = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    assert np.allclose(dl.gelu(x, Approximation="tanh"), x / 2 * (1 + np.tanh(cubic)))
    assert not np.array_equal(dl.gelu(x), dl.gelu(x, Approximation="tanh"))
    with pytest.raises(ValueError, match="gelu: Approximation is one of none, tanh, not 'exact'"):
        dl.gelu(x, Approximation="exact")
    with pytest.raises(TypeError, match="approximation"):
        dl.gelu(x, approximation="tanh")


@given(pair=labelled(need="C"))
def test_softmax(device: Any, pair: tuple[Any, str]) -> None:
    array, fmt = pair
    Y = dl.softmax(dlarray(device.put(array), fmt))
    expected = scipy.special.softmax(array, axis=fmt.index("C"))
    assert Y.dims == fmt
    assert np.allclose(numbers(Y, device), expected, rtol=1e-13)
    Z = dl.softmax(device.put(array), DataFormat=fmt)
    assert Z.dims == ""
    assert np.array_equal(numbers(Z, device), numbers(Y, device))
    assert same(dl.softmax(dlarray(device.put(array)), fmt), Z)


def test_softmax_of_large_numbers_and_by_the_order_of_dataformat() -> None:
    assert np.array_equal(numbers(dl.softmax(dlarray([1e4, 0.0], "C"))), [1, 0])
    Y = dl.softmax(A, DataFormat="BC")
    assert np.allclose(numbers(Y), scipy.special.softmax(A, axis=1))


@pytest.mark.parametrize(
    ("X", "options", "words"),
    [
        (A, {}, r'X is 2×3 dlarray without labels; use dlarray\(X, "CB"\).*DataFormat="CB"'),
        (dlarray(A, "SB"), {}, r"softmax: 2\(S\) × 3\(B\) dlarray has no C dimension"),
        (dlarray(A, "CB"), {"DataFormat": "CB"}, "X has the format CB; DataFormat= is for arrays"),
        (A, {"DataFormat": "SB"}, "has no C dimension"),
        (A, {"DataFormat": "C"}, "1 labels for an array of 2 dimensions"),
        (A, {"DataFormat": "CX"}, "no label"),
    ],
)
def test_softmax_needs_labels(X: Any, options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dl.softmax(X, **options)


def test_power_and_mtimes_of_plain_arrays() -> None:
    assert np.array_equal(dl.power([2.0, 3.0], [3.0, 2.0]), [8, 9])
    assert np.array_equal(dl.power(2.0, [1.0, 2.0]), [2, 4])
    assert type(dl.power(A, 2)) is np.ndarray
    assert dl.isdlarray(dl.power(A, dlarray(2.0)))
    assert np.array_equal(dl.mtimes(A, A.T), A @ A.T)
    assert np.array_equal(dl.mtimes(2, A), 2 * A)
    assert type(dl.mtimes(A, 2)) is np.ndarray


# ---- reductions ---------------------------------------------------------------------------------

REDUCTIONS = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}
reduction = pytest.mark.parametrize("name", sorted(REDUCTIONS))


@reduction
@given(pair=labelled(), data=st.data())
def test_reductions(device: Any, name: str, pair: tuple[Any, str], data: st.DataObject) -> None:
    array, fmt = pair
    function, reference = getattr(dl, name), REDUCTIONS[name]
    axes = tuple(data.draw(st.sets(st.integers(0, array.ndim - 1), min_size=1)))
    expected = reference(array, axis=axes, keepdims=True)
    plain = function(device.put(array), axis=axes)
    assert not dl.isdlarray(plain)
    assert np.allclose(device.take(plain), expected, rtol=1e-13)
    assert np.allclose(function(array, axis=tuple(i - array.ndim for i in axes)), expected)
    assert np.allclose(numbers(function(dlarray(array, fmt), axis=axes)), expected)
    labels = "".join({fmt[i] for i in axes})
    by_label = function(dlarray(array, fmt), labels)
    chosen = tuple(i for i, x in enumerate(fmt) if x in labels)
    assert np.allclose(numbers(by_label), reference(array, axis=chosen, keepdims=True))
    assert np.isclose(function(array, "all"), reference(array))


@reduction
@pytest.mark.parametrize("shape", [(), (1,), (4,), (1, 4), (4, 1), (1, 1, 4)])
def test_the_only_long_dimension_need_not_be_named(name: str, shape: tuple[int, ...]) -> None:
    array = normal(shape, 0)
    function, expected = getattr(dl, name), REDUCTIONS[name](array)
    assert np.isclose(function(array), expected)
    assert function(array).shape == ()
    assert function(dlarray(array)).shape == ()
    labelled_array = dlarray(array, "SCB"[: len(shape)])
    assert function(labelled_array).shape == (1,) * len(shape)
    assert function(labelled_array).dims == labelled_array.dims


@reduction
def test_a_dimension_among_several_must_be_named(name: str) -> None:
    function = getattr(dl, name)
    with pytest.raises(ValueError, match=rf'2\(C\) × 3\(B\) dlarray\? {name}\(X, "C"\).*"all"'):
        function(dlarray(A, "CB"))
    with pytest.raises(ValueError, match=rf"{name}\(X, axis=0\) for the first.*axis=1\) for the"):
        function(A)


@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("number", [0, 1, np.int64(1), [1], (0, 1), 1.0, True])
def test_a_bare_number_as_dimension_is_refused(name: str, number: Any) -> None:
    function = getattr(dl, name)
    with pytest.raises(TypeError, match=rf'from 0 or from 1.*{name}\(X, "C"\).*{name}\(X, axis=0'):
        function(dlarray(A, "CB"), number)
    with pytest.raises(TypeError, match=rf"from 0 or from 1.*{name}\(X, axis=0\)"):
        function(A, number)


@reduction
@pytest.mark.parametrize(
    ("given_dimension", "error", "words"),
    [
        (("T",), ValueError, r"2\(C\) × 3\(B\) dlarray has no dimension labelled T"),
        (("X",), ValueError, "no label"),
        ({"axis": 2}, ValueError, r"axis=2 of 2\(C\) × 3\(B\) dlarray; axes are .* from 0 to 1"),
        ({"axis": -3}, ValueError, "axis=-3"),
        ({"axis": 0.0}, ValueError, "axis=0.0"),
        ({"axis": True}, ValueError, "axis=True"),
        ({"axis": (0, -2)}, ValueError, "names a dimension twice"),
        ({"axis": "C"}, ValueError, "axis='C'"),
    ],
)
def test_dimensions_that_there_are_not(
    name: str, given_dimension: Any, error: type[Exception], words: str
) -> None:
    args = given_dimension if isinstance(given_dimension, tuple) else ()
    options = given_dimension if isinstance(given_dimension, dict) else {}
    with pytest.raises(error, match=words):
        getattr(dl, name)(dlarray(A, "CB"), *args, **options)


def test_a_dimension_is_named_once() -> None:
    for function in (dl.sum, dl.mean, dl.max, dl.min):
        with pytest.raises(TypeError, match=r"give the dimension once|of two arrays has no axis"):
            function(dlarray(A, "CB"), "C", axis=0)


@pytest.mark.parametrize(("function", "reference"), [(dl.max, np.argmax), (dl.min, np.argmin)])
@given(pair=labelled(), data=st.data())
def test_positions_of_extremes(
    device: Any, function: Any, reference: Any, pair: tuple[Any, str], data: st.DataObject
) -> None:
    array, fmt = np.round(pair[0]), pair[1]
    axis = data.draw(st.integers(0, array.ndim - 1))
    Y, where = function(dlarray(device.put(array), fmt), axis=axis, nargout=2)
    where = device.take(where)
    assert Y.dims == fmt
    assert type(where) is np.ndarray
    assert where.dtype.kind == "i"
    assert np.array_equal(where, reference(array, axis=axis, keepdims=True))
    assert np.array_equal(numbers(Y, device), np.take_along_axis(array, where, axis))
    plain, same_where = function(array, axis=axis, nargout=2)
    assert np.array_equal(plain, numbers(Y, device))
    assert np.array_equal(same_where, where)


def test_positions_when_the_dimension_is_not_named() -> None:
    Y, where = dl.max([5.0, 2.0, 9.0], nargout=2)
    assert (Y.shape, where.shape, int(where)) == ((), (), 2)
    Y, where = dl.min(dlarray([[5.0, 2.0, 9.0]], "CB"), nargout=2)
    assert (Y.dims, where.shape, where.item()) == ("CB", (1, 1), 1)
    Y, where = dl.max(dlarray([[5.0, 2.0, 9.0]], "CB"), "all", nargout=2)
    assert (Y.dims, Y.shape, where.shape, int(where)) == ("", (), (), 2)


def test_the_first_of_equal_extremes_gets_the_derivative() -> None:
    X = dlarray([[3.0, 1.0, 3.0], [3.0, 3.0, 0.0]], "CB")
    for function, expected in (
        (lambda X: dl.max(X, "C"), [[1, 0, 1], [0, 1, 0]]),
        (lambda X: dl.max(X, axis=1), [[1, 0, 0], [1, 0, 0]]),
        (lambda X: dl.min(X, "B"), [[0, 1, 0], [0, 0, 1]]),
        (lambda X: dl.max(X, nargout=2, axis=0)[0], [[1, 0, 1], [0, 1, 0]]),
    ):
        G = dlfeval(lambda X, f=function: dlgradient(dl.sum(f(X), "all"), X), X)
        assert np.array_equal(numbers(G), expected)


def test_extremes_of_two_arrays() -> None:
    X = dlarray(A, "CB")
    assert np.array_equal(numbers(dl.max(X, 2)), np.maximum(A, 2))
    assert np.array_equal(dl.min(A, [[1.0], [4.0]]), np.minimum(A, [[1], [4]]))
    assert type(dl.max(A, 2)) is np.ndarray
    assert dl.isdlarray(dl.max(A, dlarray(2.0)))
    assert dl.isdlarray(dl.max(A, other=dlarray(2.0)))
    G = dlfeval(lambda X: dlgradient(dl.sum(dl.max(X, 2), "all"), X), X)
    assert np.array_equal(numbers(G), [[0, 0, 0.5], [1, 1, 1]])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: dl.max(A, A, nargout=2), TypeError, "of two arrays has no axis and one output"),
        (lambda: dl.max(A, A, axis=0), TypeError, "of two arrays has no axis and one output"),
        (lambda: dl.max(A, axis=0, nargout=3), ValueError, "max gives 1 to 2 outputs; nargout=3"),
        (lambda: dl.min(A, axis=0, nargout=0), ValueError, "min gives 1 to 2 outputs; nargout=0"),
        (lambda: dl.max(A, axis=(0, 1), nargout=2), ValueError, "along one dimension, not 2"),
        (lambda: dl.max(np.ones((0, 3)), axis=0), ValueError, "0×3 dlarray has no elements"),
        (lambda: dl.sum(A, axis=0, nargout=2), TypeError, "nargout"),
    ],
)
def test_outputs_that_there_are_not(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_sums_over_nothing() -> None:
    empty = dlarray(np.ones((0, 3)), "CB")
    assert np.array_equal(numbers(dl.sum(empty, "C")), [[0, 0, 0]])
    assert float(dl.sum(empty, "all")) == 0
    assert dl.max(empty, "B").shape == (0, 1)
    product = dl.prod(dlarray(np.ones((2, 0, 3), np.float32), "SCB"), "C")
    assert product.dtype == np.float32
    assert np.array_equal(numbers(product), np.ones((2, 1, 3)))
