"""NumPy's functions on dlarrays: NumPy's meaning, with derivatives, or an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, normal, numbers, same
from tinydl import dlarray, dlfeval, dlgradient
from tinydl.labels import format as f

A = np.arange(6.0).reshape(2, 3)
UNARY = [
    np.exp, np.expm1, np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh, np.abs,
    np.absolute, np.fabs, np.sign, np.negative, np.positive, scipy.special.erf, np.isnan,
    np.isinf, np.isfinite, np.logical_not, np.arcsinh, np.floor, np.ceil, np.trunc, np.conjugate,
]  # fmt: skip
ON_POSITIVE = [np.log, np.log1p, np.log2, np.log10, np.sqrt]
ON_FRACTIONS = [np.arcsin, np.arccos, np.arctanh]
ABOVE_ONE = [np.arccosh]
BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.true_divide, np.maximum, np.minimum,
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.fmod,
]  # fmt: skip
REDUCTIONS = [np.sum, np.mean, np.max, np.min, np.amax, np.amin, np.prod]


def name_of(function: Any) -> str:
    return function.__name__


# ---- element by element -------------------------------------------------------------------------


@pytest.mark.parametrize("function", UNARY + ON_POSITIVE + ON_FRACTIONS + ABOVE_ONE, ids=name_of)
@given(pair=labelled(least=0))
def test_functions_of_one_array(device: Any, function: Any, pair: tuple[Any, str]) -> None:
    array, fmt = pair
    if function in ON_POSITIVE:
        array = np.abs(array) + 0.1
    if function in ON_FRACTIONS:
        array = np.tanh(array) / 2
    if function in ABOVE_ONE:
        array = np.abs(array) + 1.0
    Y, expected = function(dlarray(device.put(array), fmt)), function(array)
    assert type(Y) is dlarray
    assert (Y.dims, Y.shape, Y.dtype) == (fmt, np.shape(expected), expected.dtype)
    assert np.allclose(numbers(Y, device), expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("function", BINARY, ids=name_of)
@given(pair=labelled(), seed=SEEDS)
def test_functions_of_two_arrays(
    device: Any, function: Any, pair: tuple[Any, str], seed: int
) -> None:
    a, fmt = pair
    b = normal(a.shape, seed)
    X, Y = dlarray(device.put(a), fmt), dlarray(device.put(b), fmt)
    for Z in (function(X, Y), function(X, device.put(b)), function(device.put(a), Y)):
        assert type(Z) is dlarray
        assert Z.dims == fmt
        assert np.array_equal(numbers(Z, device), function(a, b))
    assert np.array_equal(numbers(function(X, 2.0), device), function(a, 2.0))
    assert np.array_equal(numbers(function(2.0, X), device), function(2.0, a))
    assert np.array_equal(numbers(function(np.float64(2), X), device), function(2.0, a))


@pytest.mark.parametrize("name", ["erfc", "erfinv", "gamma", "gammaln", "psi"])
@given(pair=labelled(least=0))
def test_special_functions_of_scipy(device: Any, name: str, pair: tuple[Any, str]) -> None:
    """Another library computes them on a GPU: the last digits may differ."""
    function, array = getattr(scipy.special, name), np.tanh(np.abs(pair[0])) * 0.9 + 0.05
    Y = function(dlarray(device.put(array), pair[1]))
    assert Y.dims == pair[1]
    assert np.allclose(numbers(Y, device), function(array), rtol=1e-13, atol=0)


@pytest.mark.parametrize("function", [np.arctan2, np.hypot], ids=name_of)
@given(pair=labelled(), seed=SEEDS)
def test_angles_and_sides(device: Any, function: Any, pair: tuple[Any, str], seed: int) -> None:
    a, b = pair[0], normal(pair[0].shape, seed)
    X = dlarray(device.put(a), pair[1])
    for Z, expected in (
        (function(X, device.put(b)), function(a, b)),
        (function(device.put(b), X), function(b, a)),
        (function(2.0, X), function(2.0, a)),
    ):
        assert Z.dims == pair[1]
        assert np.allclose(numbers(Z, device), expected, rtol=1e-15, atol=0)


def test_powers_and_matrix_products() -> None:
    a, b = np.abs(normal((3, 3), 0)) + 1, normal((3, 3), 1)
    X, Y = dlarray(a), dlarray(b)
    for function in (np.power, np.float_power, np.matmul):
        for Z in (function(X, Y), function(X, b), function(a, Y)):
            assert type(Z) is dlarray
            assert np.allclose(numbers(Z), function(a, b), rtol=1e-14)
    assert np.array_equal(numbers(np.power(X, 2)), a**2)
    assert np.array_equal(numbers(a > 1) & True, numbers((a > 1) & dlarray(True)))


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (np.exp, np.exp(A)),
        (np.tanh, 1 - np.tanh(A) ** 2),
        (np.abs, np.sign(A)),
        (np.sum, np.ones((2, 3))),
        (np.mean, np.full((2, 3), 1 / 6)),
        (np.max, A == 5),
        (np.median, (A == 2) / 2 + (A == 3) / 2),
        (lambda X: np.var(X, ddof=0), (A - 2.5) / 3),
        (lambda X: np.cumsum(X, axis=0), [[2, 2, 2], [1, 1, 1]]),
        (lambda X: np.prod(X + 1), 720 / (A + 1)),
        (lambda X: np.clip(X, 1.5, 3.5), (A > 1.5) & (A < 3.5)),
        (lambda X: np.where(X > 2, X * X, X), np.where(A > 2, 2 * A, 1)),
        (lambda X: np.concatenate([X, 2 * X], axis=1), np.full((2, 3), 3)),
        (lambda X: np.power(X, 2), 2 * A),
        (lambda X: np.multiply(A, X), A),
    ],
)
def test_values_stay_followed(function: Callable[[Any], Any], slope: Any) -> None:
    G = dlfeval(lambda X: dlgradient(np.sum(function(X)), X), dlarray(A, "CB"))
    assert G.dims == "CB"
    assert np.allclose(numbers(G), slope, rtol=1e-14)


# ---- reductions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("function", REDUCTIONS, ids=name_of)
@given(pair=labelled(least=0), data=st.data(), keepdims=st.booleans())
def test_reductions_take_numpys_axes(
    device: Any, function: Any, pair: tuple[Any, str], data: st.DataObject, keepdims: bool
) -> None:
    array, fmt = pair
    chosen = data.draw(st.sets(st.integers(0, array.ndim - 1)) if array.ndim else st.just(set()))
    negative = data.draw(st.booleans())
    axes = tuple(i - array.ndim if negative else i for i in sorted(chosen))
    X = dlarray(device.put(array), fmt)
    for axis in {axes, axes[0] if len(axes) == 1 else axes}:
        Y = function(X, axis=axis, keepdims=keepdims)
        expected = function(array, axis=axis, keepdims=keepdims)
        assert type(Y) is dlarray
        assert Y.shape == np.shape(expected)
        assert Y.dims == (fmt if keepdims else f.without(fmt, tuple(chosen)))
        assert np.allclose(numbers(Y, device), expected, rtol=1e-14)
    assert np.allclose(float(function(X)), function(array), rtol=1e-14)


@pytest.mark.parametrize("function", [np.var, np.std, np.median], ids=name_of)
@given(pair=labelled(), data=st.data(), keepdims=st.booleans())
def test_statistics_take_numpys_axes(
    function: Any, pair: tuple[Any, str], data: st.DataObject, keepdims: bool
) -> None:
    array, fmt = pair
    axes = tuple(sorted(data.draw(st.sets(st.integers(0, array.ndim - 1), min_size=1))))
    count = np.prod([array.shape[i] for i in axes])
    ddof = data.draw(st.sampled_from([0, 1, 0.5]).filter(lambda ddof: ddof < count))
    options = {} if function is np.median else {"ddof": ddof}
    Y = function(dlarray(array, fmt), axis=axes, keepdims=keepdims, **options)
    expected = function(array, axis=axes, keepdims=keepdims, **options)
    assert Y.dims == (fmt if keepdims else f.without(fmt, axes))
    np.testing.assert_allclose(numbers(Y), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("ddof", [2, 2.5, 3])
def test_a_variance_of_no_degree_of_freedom_is_infinite(ddof: float) -> None:
    X = dlarray([1.0, 3.0])
    assert float(np.var(X, ddof=ddof)) == float(np.std(X, ddof=ddof)) == np.inf


@pytest.mark.parametrize("function", [np.cumsum, np.cumprod], ids=name_of)
@given(pair=labelled(), data=st.data())
def test_running_functions(function: Any, pair: tuple[Any, str], data: st.DataObject) -> None:
    array, fmt = pair
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    Y = function(dlarray(array, fmt), axis=axis)
    assert Y.dims == fmt
    np.testing.assert_allclose(numbers(Y), function(array, axis=axis), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("axis", [2, -3, (0, 2), (0, 0), (0, -2)])
def test_axes_that_there_are_not(axis: Any) -> None:
    for function in (np.sum, np.max):
        with pytest.raises(
            ValueError, match=r"axis 2 of an array|axis -3 of|names a dimension twi"
        ):
            function(dlarray(A, "CB"), axis=axis)


# ---- choice and joining -------------------------------------------------------------------------


@given(pair=labelled(least=2), seed=SEEDS)
def test_where(pair: tuple[Any, str], seed: int) -> None:
    a, fmt = pair
    b = normal(a.shape, seed)
    X, Y, M = dlarray(a, fmt), dlarray(b, fmt), dlarray(a > 0, fmt)
    for Z, expected in (
        (np.where(M, X, Y), np.where(a > 0, a, b)),
        (np.where(a > 0, X, b), np.where(a > 0, a, b)),
        (np.where(M, a, b), np.where(a > 0, a, b)),
        (np.where(M, X, 0), np.where(a > 0, a, 0.0)),
        (np.where(M, 0.0, X), np.where(a > 0, 0.0, a)),
        (np.where(M, 1, 0), np.where(a > 0, 1.0, 0.0)),
        (np.where(X, 1, 0), np.where(a != 0, 1.0, 0.0)),
        (np.where(True, X, Y), a),
    ):
        assert (Z.dims, Z.dtype) == (fmt, float)
        assert np.array_equal(numbers(Z), expected)
    assert np.where(M, dl.single(X), Y).dtype == np.float32
    assert np.where(M, dl.single(X), 0.0).dtype == np.float32


def test_where_matches_labels() -> None:
    a, b, m = normal((4, 5), 0), normal((2, 4), 1), normal((5, 3), 2) > 0
    Z = np.where(dlarray(m, "BT"), dlarray(a, "CB"), dlarray(b, "SC"))
    assert Z.dims == "SCBT"
    expected = np.where(m[None, None], a[None, :, :, None], b[:, :, None, None])
    assert np.array_equal(numbers(Z), expected)
    plain = np.where(m[:, 0], dlarray(normal((5,), 3), "C"), 0.0)
    assert plain.dims == "C"
    with pytest.raises(ValueError, match=r"v\[:, None\]"):
        np.where(np.array([True, False]), dlarray(A, "CB"), 0.0)


def test_where_stops_gradients_of_what_is_not_chosen() -> None:
    def slope(X: dlarray) -> Any:
        return dlgradient(np.sum(np.where(X > 0, np.sqrt(X), 0.0)), X)

    assert np.array_equal(numbers(dlfeval(slope, dlarray([-4.0, 0.0, 4.0]))), [0, 0, 0.25])


@given(pair=labelled(), axis=st.integers(-4, 3), seed=SEEDS)
def test_concatenate(pair: tuple[Any, str], axis: int, seed: int) -> None:
    a, fmt = pair
    axis %= a.ndim
    b = normal(a.shape, seed)
    X, Y = dlarray(a, fmt), dlarray(b, fmt)
    for Z in (np.concatenate([X, Y], axis=axis), np.concatenate((X, b), axis - a.ndim)):
        assert Z.dims == fmt
        assert np.array_equal(numbers(Z), np.concatenate([a, b], axis=axis))
    assert np.concatenate([X, dl.single(Y)], axis).dtype == np.float32


def test_concatenate_refuses_what_it_cannot_join() -> None:
    with pytest.raises(ValueError, match=r"formats \['CB', 'SC'\] cannot be laid side by side"):
        np.concatenate([dlarray(A, "CB"), dlarray(A, "SC")])
    with pytest.raises(ValueError, match="axis 2 of an array with 2 dimensions"):
        np.concatenate([dlarray(A), dlarray(A)], axis=2)
    with pytest.raises(TypeError, match=r"axis=None.*reshape\(X, -1\)"):
        np.concatenate([dlarray(A), dlarray(A)], axis=None)


def test_clip() -> None:
    X = dlarray(A, "CB")
    assert np.array_equal(numbers(np.clip(X, 1, 3)), np.clip(A, 1, 3))
    assert np.array_equal(numbers(np.clip(X, None, 3)), np.clip(A, None, 3))
    assert np.array_equal(numbers(np.clip(X, 1, None)), np.clip(A, 1, None))
    low = np.array([[1.0], [4.0]])
    assert np.array_equal(numbers(np.clip(X, a_min=low, a_max=4)), np.clip(A, low, 4))
    assert np.clip(X, 1, 3).dims == "CB"
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":  # where these names came
        assert np.array_equal(numbers(np.clip(X, min=2, max=3)), np.clip(A, 2, 3))


# ---- questions ----------------------------------------------------------------------------------


def test_questions_have_plain_answers() -> None:
    X = dlarray(A, "CB")
    for other in (X, A, dlarray(A), A.tolist()):
        assert np.allclose(X, other) is True
        assert np.allclose(other, X) is True
        assert np.array_equal(X, other) is True
        assert np.array_equal(other, X) is True
    assert np.allclose(X, b=X + 1e-12)
    assert not np.allclose(X, X + 1e-3)
    assert np.allclose(X, X + 1e-3, atol=1e-2)
    assert not np.array_equal(X, A.T)
    assert np.array_equal(X * np.nan, A * np.nan, equal_nan=True)
    assert (np.shape(X), np.ndim(X)) == ((2, 3), 2)
    assert dlfeval(lambda X: np.allclose(X, A) and np.array_equal(X, A), X)


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda X: np.reshape(X, (3, 2)), r"numpy\.reshape.*reshape\(X, …\).*column-major"),
        (lambda X: np.ravel(X), r"numpy\.ravel.*reshape\(X, -1\).*column-major"),
        (lambda X: np.var(X), r"numpy\.var.*divides by N − 1"),
        (lambda X: np.std(X), r"numpy\.std.*divides by N − 1"),
        (lambda X: np.round(X), r"numpy\.round.*halves away from zero"),
        (lambda X: np.rint(X), r"numpy\.rint.*halves away from zero"),
        (lambda X: np.percentile(X, 5), r"numpy\.percentile is not defined.*extractdata\(X\)"),
        (lambda X: np.cumsum(X), r"numpy\.cumsum.*axis=, or cumsum\(X"),
        (lambda X: np.cumprod(X), r"numpy\.cumprod.*axis=, or cumprod\(X"),
        (lambda X: np.dot(X, X), r"numpy\.dot is not defined"),
        (lambda X: np.logaddexp(X, X), r"numpy\.logaddexp is not defined"),
        (lambda X: np.mod(X, 2), r"numpy\.remainder.*mod\(X, Y\).*X where Y is 0"),
        (lambda X: np.linalg.norm(X), r"numpy\.norm is not defined"),
        (lambda X: np.add(X, X, out=np.zeros((2, 3))), r"numpy\.add with out="),
        (lambda X: np.exp(A, out=X), r"numpy\.exp with out="),
        (lambda X: np.exp(X, where=A > 1), r"numpy\.exp with where="),
        (lambda X: np.exp(X, dtype=np.float32), r"numpy\.exp with dtype="),
        (lambda X: np.add.reduce(X), r"numpy\.add with \.reduce"),
        (lambda X: np.add.outer(X, X), r"numpy\.add with \.outer"),
        (lambda X: np.sum(X, out=np.zeros(3)), r"numpy\.sum.*out"),
        (lambda X: np.sum(X, dtype=np.float32), r"numpy\.sum.*dtype"),
        (lambda X: np.max(X, initial=3), r"numpy\.max.*initial"),
        (lambda X: np.where(X > 1), r"numpy\.where.*positional argument"),
        (lambda X: A.__iadd__(X), r"numpy\.add with out="),
    ],
)
def test_what_numpy_and_matlab_mean_differently_is_refused(
    call: Callable[[Any], Any], words: str
) -> None:
    for fmt in ("", "CB"):
        with pytest.raises(TypeError, match=words):
            call(dlarray(A, fmt))
    with pytest.raises(TypeError, match=words):
        dlfeval(call, dlarray(A))
    assert np.array_equal(A, np.arange(6.0).reshape(2, 3))


def test_arrays_on_the_left_leave_the_operation_to_the_dlarray() -> None:
    X = dlarray(A, "CB")
    assert same(A * X, X * A)
    assert same(A == X, X == A)
    assert same((A > 2) & (X > 1), (X > 1) & (A > 2))
    assert same(np.float64(2) ** X, 2**X)
