"""Variance, median, mode, covariance, norms, normalization; and NaN left out of reductions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, normal, numbers, same
from tinydl import autodiff, dlarray, dlfeval, dlgradient
from tinydl.backend import host
from tinydl.primitives.reduce import logsumexp, sum_to

A = np.arange(6.0).reshape(2, 3)
NAN = np.nan
HOLES = np.array([[1.0, NAN, 3.0], [NAN, NAN, NAN], [-np.inf, NAN, 2.0]])


def gradient(call: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of the sum of what a function gives."""
    return numbers(dlfeval(lambda X: dlgradient(dl.sum(call(X), "all"), X), dlarray(x)))


def axes_of(data: st.DataObject, rank: int) -> tuple[int, ...]:
    return tuple(sorted(data.draw(st.sets(st.integers(0, rank - 1), min_size=1))))


# ---- variance, median, mode along dimensions -----------------------------------------------------


def ddof(x: Any, axes: tuple[int, ...]) -> int:
    """One, but none where there is one element only: MATLAB's variance is then 0."""
    return int(np.prod([x.shape[i] for i in axes]) > 1)


REFERENCES = {
    "var": lambda x, axes: np.var(x, axis=axes, keepdims=True, ddof=ddof(x, axes)),
    "std": lambda x, axes: np.std(x, axis=axes, keepdims=True, ddof=ddof(x, axes)),
    "median": lambda x, axes: np.median(x, axis=axes, keepdims=True),
    "prod": lambda x, axes: np.prod(x, axis=axes, keepdims=True),
    "bounds": lambda x, axes: np.min(x, axis=axes, keepdims=True),
    "vecnorm": lambda x, axes: np.sqrt(np.sum(x**2, axis=axes, keepdims=True)),
}
every_name = pytest.mark.parametrize("name", sorted(REFERENCES))


@every_name
@given(pair=labelled(), data=st.data())
def test_along_dimensions(device: Any, name: str, pair: tuple[Any, str], data: Any) -> None:
    (array, fmt), function = pair, getattr(dl, name)
    axes = axes_of(data, array.ndim)
    expected = REFERENCES[name](array, axes)
    plain = function(device.put(array), axis=axes)
    assert not dl.isdlarray(plain)
    np.testing.assert_allclose(device.take(plain), expected, rtol=1e-12, atol=1e-14)
    label = data.draw(st.sampled_from(fmt))
    Y = function(dlarray(device.put(array), fmt), label)
    assert Y.dims == fmt
    by_label = REFERENCES[name](array, tuple(i for i, x in enumerate(fmt) if x == label))
    np.testing.assert_allclose(numbers(Y, device), by_label, rtol=1e-12, atol=1e-14)


@every_name
def test_all_the_only_one_and_several_dimensions(name: str) -> None:
    function, reference = getattr(dl, name), REFERENCES[name]
    assert np.isclose(float(function(dlarray(A, "CB"), "all")), reference(A, (0, 1)).item())
    assert function([1.0, 2.0, 4.0]).shape == ()
    assert np.isclose(function([[1.0], [2.0], [4.0]]), reference(np.array([1.0, 2.0, 4.0]), (0,)))
    with pytest.raises(ValueError, match=rf"{name}: which dimension of 2×3 dlarray"):
        function(A)
    with pytest.raises(ValueError, match=f"{name}: .* has no dimension labelled T"):
        function(dlarray(A, "CB"), "T")
    with pytest.raises(TypeError, match=f"{name}: give the dimension once"):
        function(dlarray(A, "CB"), "C", axis=0)
    assert function(np.float32(A), axis=0).dtype == np.float32
    assert function(A > 1, axis=0).dtype == np.float64


@pytest.mark.parametrize("name", ["var", "std"])
@given(shape=st.tuples(*[st.integers(1, 5)] * 2), axis=st.integers(0, 1), seed=SEEDS)
def test_weights_of_the_variance(name: str, shape: tuple[int, int], axis: int, seed: int) -> None:
    x, w = normal(shape, seed), np.random.default_rng(seed).uniform(0.1, 2, shape[axis])
    function = getattr(dl, name)
    mean = np.average(x, axis=axis, weights=w, keepdims=True)
    spread = np.average((x - mean) ** 2, axis=axis, weights=w).reshape(mean.shape)
    expected = spread if name == "var" else np.sqrt(spread)
    for weights in (w, w.tolist(), dlarray(w), w[:, None], dlarray(w, "T")):
        found, average = function(dlarray(x, "CB"), weights, axis=axis, nargout=2)
        np.testing.assert_allclose(numbers(found), expected, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(numbers(average), mean, rtol=1e-12, atol=1e-15)
        assert found.dims == average.dims == "CB"
    reference = getattr(np, name)(x, axis=axis, keepdims=True)
    for weights in (1, 1.0, np.full(shape[axis], 3.0)):
        assert np.allclose(function(x, weights, axis=axis), reference)
    for weights in (0, 0.0):
        assert same(function(dlarray(x), weights, axis=axis), function(dlarray(x), axis=axis))


def test_outputs_and_places_of_the_variance() -> None:
    V, M = dl.var(dlarray(A, "CB"), "B", nargout=2)
    assert (numbers(V).tolist(), numbers(M).tolist()) == ([[1], [1]], [[1], [4]])
    assert dl.var(dlarray(A, "CB"), 1, "B").shape == (2, 1)
    assert float(dl.var(A, 1, "all")) == np.var(A)
    assert float(dl.std([5.0])) == float(dl.var(5.0)) == 0
    assert np.isnan(dl.var(np.zeros((0, 2)), axis=0)).tolist() == [[True, True]]
    assert np.isnan(dl.std(np.zeros(0), [], axis=0))
    with host.quiet():
        assert np.isnan(dl.var([1.0, np.inf], axis=0))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: dl.var(A, 2, axis=0), ValueError, "var: w is 0 for N − 1, 1 for N, or a vector"),
        (lambda: dl.std(A, [1, 2], "all"), ValueError, "one for each of its 6 elements, not 2"),
        (lambda: dl.std(A, [1, 2, 3], axis=0), ValueError, "each of its 2 elements, not 3"),
        (lambda: dl.var(A, [1, -1], axis=0), ValueError, "weights are not negative"),
        (lambda: dl.var(A, [1, NAN], axis=0), ValueError, "weights are not negative, and not NaN"),
        (lambda: dl.var(A, "x", axis=0), TypeError, "give the dimension once"),
        (lambda: dl.var(A, axis=0, nargout=3), ValueError, "var gives 1 to 2 outputs"),
        (lambda: dl.var(A, axis=0, nanflag="omit"), ValueError, "var: nanflag is one of incl"),
        (lambda: dl.mode(A, axis=0, nargout=3), ValueError, "mode gives 1 to 2 outputs"),
        (lambda: dl.bounds(A, axis=0, nargout=3), ValueError, "bounds gives 1 to 2 outputs"),
        (lambda: dl.bounds(np.ones((0, 3)), axis=0), ValueError, "bounds: 0×3 dlarray has no elem"),
        (lambda: dl.bounds(A, 0), TypeError, "bounds: 0 as a dimension could count from 0 or from"),
    ],
)  # fmt: skip
def test_what_is_refused(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("value", [0.1, 1e200, -3.7e-9, 0.0])
@pytest.mark.parametrize("count", [1, 3, 7, 10])
def test_equal_elements_do_not_spread(value: float, count: int) -> None:
    """Whatever rounding does to their mean: 0, with gradients 0 instead of an arbitrary slope."""
    x = np.full((count, 2), value)
    for w in (0, 1, np.linspace(1, 2, count)):
        for function in (dl.std, dl.var):
            call = lambda X, f=function, w=w: f(X, w, axis=0)
            assert not call(x).any()
            assert not gradient(call, x).any()

    def second(X: Any) -> Any:
        slope = dlgradient(dl.sum(dl.std(X, axis=0), "all"), X, EnableHigherDerivatives=True)
        return dlgradient(dl.sum(slope * slope, "all"), X)

    assert not numbers(dlfeval(second, dlarray(x))).any()


def test_the_derivative_of_weights() -> None:
    """∂/∂w of Σ w (x − m)² / Σ w is ((x − m)² − v) / Σ w."""
    x, w = np.array([1.0, 2.0, 5.0]), np.array([1.0, 3.0, 0.0])
    m = np.average(x, weights=w)
    v = np.average((x - m) ** 2, weights=w)
    G = dlfeval(lambda W: dlgradient(dl.var(dlarray(x), W), W), dlarray(w))
    np.testing.assert_allclose(numbers(G), ((x - m) ** 2 - v) / 4, rtol=1e-14)


# ---- order ---------------------------------------------------------------------------------------


@given(pair=labelled(), data=st.data())
def test_mode(device: Any, pair: tuple[Any, str], data: Any) -> None:
    (array, fmt), axes = pair, None
    array = np.round(array)
    axes = axes_of(data, array.ndim)
    Y, often = dl.mode(dlarray(device.put(array), fmt), axis=axes, nargout=2)
    assert Y.dims == fmt
    values, counts = numbers(Y, device), device.take(often)
    assert counts.dtype.kind == "i"
    lines = np.moveaxis(array, axes, range(len(axes))).reshape(-1, values.size)
    for line, value, count in zip(lines.T, values.ravel(), counts.ravel(), strict=True):
        ranked = line.tolist()
        assert value == min(statistics.multimode(ranked))
        assert count == ranked.count(value)


def test_mode_at_the_edges() -> None:
    assert [float(v) for v in dl.mode([NAN, 2.0, NAN, 1.0, NAN], nargout=2)] == [1, 1]
    value, count = dl.mode([NAN, NAN], nargout=2)
    assert np.isnan(value)
    assert count == 0
    value, count = dl.mode(np.zeros((0, 2)), axis=0, nargout=2)
    assert np.isnan(value).all()
    assert count.tolist() == [[0, 0]]
    assert float(dl.mode(3.0)) == 3
    x = np.array([[2.0, 1.0, 2.0, 1.0], [4.0, 3.0, 3.0, 5.0]])
    assert gradient(lambda X: dl.mode(X, axis=1), x).tolist() == [[0, 1, 0, 0], [0, 1, 0, 0]]


def test_median_at_the_edges() -> None:
    inf = np.inf
    assert np.isnan(dl.median([1.0, NAN, 2.0]))
    assert float(dl.median([1.0, NAN, 2.0, 4.0], nanflag="omitnan")) == 2
    assert np.isnan(dl.median([NAN, NAN], nanflag="omitnan"))
    assert float(dl.median([inf, 1.0, inf])) == float(dl.median([inf, inf])) == inf
    with host.quiet():
        assert np.isnan(dl.median([-inf, inf]))
    assert np.isnan(dl.median(np.zeros((2, 0)), axis=1)).all()
    assert float(dl.median(7.0)) == 7
    assert float(dl.median([1.7e308, 1.7e308])) == 1.7e308
    x = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
    assert gradient(lambda X: dl.median(X, axis=1), x).tolist() == [[0, 0, 1], [0, 1, 0]]
    assert gradient(lambda X: dl.median(X), [4.0, 1.0, 3.0, 8.0]).tolist() == [0.5, 0, 0.5, 0]


def test_bounds_gives_both_ends() -> None:
    S, L = dl.bounds(dlarray(A, "CB"), "B", nargout=2)
    assert (numbers(S).tolist(), numbers(L).tolist()) == ([[0], [3]], [[2], [5]])
    assert S.dims == L.dims == "CB"
    S, L = dl.bounds(HOLES, "all", nanflag="omitnan", nargout=2)
    assert (float(S), float(L)) == (-np.inf, 3)


# ---- NaN -----------------------------------------------------------------------------------------

BUT_NAN = {
    "sum": np.nansum, "prod": np.nanprod, "mean": np.nanmean, "max": np.nanmax, "min": np.nanmin,
    "median": np.nanmedian, "var": lambda x, **o: np.nanvar(x, **o, ddof=1),
    "std": lambda x, **o: np.nanstd(x, **o, ddof=1),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BUT_NAN))
@given(shape=st.tuples(*[st.integers(2, 5)] * 2), axis=st.integers(0, 1), seed=SEEDS)
def test_nan_left_out(name: str, shape: tuple[int, int], axis: int, seed: int) -> None:
    function = getattr(dl, name)
    x = normal(shape, seed)
    hole = np.random.default_rng(seed).random(shape) < 0.4
    np.moveaxis(hole, axis, 0)[:2] = False  # so that NumPy does not warn
    x[hole] = NAN
    expected = BUT_NAN[name](x, axis=axis, keepdims=True)
    found = function(x, axis=axis, nanflag="omitnan")
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    has_hole = hole.any(axis=axis, keepdims=True)
    assert np.array_equal(np.isnan(function(x, axis=axis)), has_hole)
    slopes = gradient(lambda X: function(X, axis=axis, nanflag="omitnan"), x)
    assert not slopes[hole].any()
    for i in range(x.shape[1 - axis]):  # as if the others were alone
        line, kept = np.take(x, i, 1 - axis), ~np.take(hole, i, 1 - axis)
        alone = gradient(lambda X: function(X, axis=0), line[kept])
        np.testing.assert_allclose(np.take(slopes, i, 1 - axis)[kept], alone, rtol=1e-10,
                                   atol=1e-12)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sum", [0, 0]), ("prod", [1, 1]), ("mean", [NAN] * 2), ("max", [NAN] * 2),
     ("min", [NAN] * 2), ("median", [NAN] * 2), ("std", [NAN] * 2), ("var", [NAN] * 2)],
)  # fmt: skip
def test_nothing_but_nan(name: str, expected: list[float]) -> None:
    found = getattr(dl, name)(np.full((3, 2), NAN), axis=0, nanflag="omitnan")
    assert np.array_equal(found, [expected], equal_nan=True)


def test_extremes_without_nan() -> None:
    Y, where = dl.max(HOLES, axis=1, nanflag="omitnan", nargout=2)
    assert np.array_equal(Y, [[3], [NAN], [2]], equal_nan=True)
    assert where.tolist() == [[2], [0], [2]]
    Y, where = dl.min(HOLES, axis=0, nanflag="omitnan", nargout=2)
    assert np.array_equal(Y, [[-np.inf, NAN, 2]], equal_nan=True)
    assert where.tolist() == [[2, 0, 2]]
    value, where = dl.max([NAN, -np.inf, NAN], nanflag="omitnan", nargout=2)
    assert (float(value), int(where)) == (-np.inf, 1)
    infinite = np.array([[NAN, -np.inf], [-np.inf, NAN]])
    Y, where = dl.max(infinite, axis=1, nanflag="omitnan", nargout=2)
    assert (Y.tolist(), where.tolist()) == ([[-np.inf], [-np.inf]], [[1], [0]])
    assert float(dl.max(HOLES, "all", nanflag="omitnan")) == 3
    assert dl.max([NAN, 1.0], 0.0, nanflag="omitnan").tolist() == [0, 1]
    assert dl.min([NAN, 1.0], NAN, nanflag="omitnan").tolist()[1] == 1
    assert np.isnan(dl.max([NAN, 1.0], 0.0)).tolist() == [True, False]
    pair = dl.min(dlarray([[NAN, 1.0]], "CB"), [[3.0, NAN]], nanflag="omitnan")
    assert numbers(pair).tolist() == [[3, 1]]
    G = gradient(lambda X: dl.max(X, dlarray([[5.0], [NAN]]), nanflag="omitnan"), HOLES[::2])
    assert G.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_variance_without_nan_counts_what_is_left() -> None:
    x = np.array([1.0, NAN, 4.0])
    assert float(dl.var(x, nanflag="omitnan")) == 4.5
    assert float(dl.var(x, 1, nanflag="omitnan")) == 2.25
    V, M = dl.var(x, [1, 5, 3], nanflag="omitnan", nargout=2)
    assert (float(V), float(M)) == (1.6875, 3.25)
    assert float(dl.std([NAN, 2.0], nanflag="omitnan")) == 0


def test_a_mean_of_nothing_is_nan() -> None:
    empty = dlarray(np.zeros((0, 3), np.float32), "CB")
    Y = dl.mean(empty, "C")
    assert (Y.dims, Y.shape, Y.dtype) == ("CB", (1, 3), np.float32)
    assert np.isnan(numbers(Y)).all()
    assert np.isnan(float(dl.mean(empty, "all")))
    assert dl.mean(empty, "B").shape == (0, 1)
    assert gradient(lambda X: dl.mean(X, axis=0), np.zeros((0, 3))).shape == (0, 3)


# ---- covariance ----------------------------------------------------------------------------------


@given(shape=st.tuples(st.integers(2, 6), st.integers(2, 4)), w=st.sampled_from([0, 1]), seed=SEEDS)
def test_cov(shape: tuple[int, int], w: int, seed: int) -> None:
    x, y = normal(shape, seed), normal(shape, seed + 1)
    expected = np.cov(x, rowvar=False, ddof=1 - w)
    for found in (dl.cov(x, w), dl.cov(x, w=w), numbers(dl.cov(dlarray(x), w))):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    both = np.cov(x.ravel("F"), y.ravel("F"), ddof=1 - w)
    np.testing.assert_allclose(dl.cov(x, y, w), both, rtol=1e-11, atol=1e-13)
    vector = x[:, 0]
    for v in (vector, vector[:, None], vector[None, :]):
        assert np.isclose(dl.cov(v, w), np.var(vector, ddof=1 - w))
        assert dl.cov(v, w).shape == ()


def test_cov_at_the_edges() -> None:
    assert float(dl.cov(3.0)) == 0
    assert np.isnan(dl.cov(np.zeros((0, 2)))).all()
    G = gradient(lambda X: dl.cov(X), [1.0, 2.0, 6.0])
    np.testing.assert_allclose(G, [-2, -1, 3])
    for call, words in (
        (lambda: dl.cov(dlarray(A, "CB")), r"cov: 2\(C\) × 3\(B\) dlarray has labels.*stripdims"),
        (lambda: dl.cov(np.ones((2, 2, 2))), "cov: 2×2×2 dlarray is no matrix"),
        (lambda: dl.cov(A, [1.0, 2.0]), "cov: X has 6 elements and Y 2"),
        (lambda: dl.cov(A, w=2), "cov: w is 0 for N − 1 or 1 for N, not 2"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


# ---- norms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [2, 1, math.inf, -math.inf, 3, 1.5, 0.5, -1, 4])
@given(shape=st.sampled_from([(4,), (1, 4), (4, 1), (1,), ()]), seed=SEEDS)
def test_norm_of_vectors(p: float, shape: tuple[int, ...], seed: int) -> None:
    x = normal(shape, seed)
    found = dl.norm(x, p)
    assert found.shape == ()
    np.testing.assert_allclose(found, np.linalg.norm(x.ravel(), p), rtol=1e-12)
    assert np.isclose(dl.norm(x, "fro"), np.linalg.norm(x))


@pytest.mark.parametrize("p", [1, 2, math.inf, "fro"])
@given(shape=st.tuples(st.integers(2, 4), st.integers(2, 4)), seed=SEEDS)
def test_norm_of_matrices(p: Any, shape: tuple[int, int], seed: int) -> None:
    x = normal(shape, seed)
    np.testing.assert_allclose(dl.norm(x, p), np.linalg.norm(x, p), rtol=1e-12)


def test_the_derivative_of_the_largest_singular_value() -> None:
    """It is u vᵀ, of the first singular vectors."""
    x = normal((3, 4), 0)
    u, _, vt = np.linalg.svd(x)
    np.testing.assert_allclose(gradient(dl.norm, x), np.outer(u[:, 0], vt[0]), rtol=1e-10)


@pytest.mark.parametrize("p", [2, 1, 1.5, 3, 0.5, 4, math.inf])
def test_the_zero_vector(p: float) -> None:
    zero, unit = np.zeros((3, 2)), np.array([[0.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    assert not gradient(lambda X: dl.vecnorm(X, p, axis=0), zero).any()
    np.testing.assert_allclose(gradient(lambda X: dl.vecnorm(X, p, axis=0), unit), unit / 2)

    def second(X: Any) -> Any:
        slope = dlgradient(dl.sum(dl.vecnorm(X, p, axis=0), "all"), X,
                           EnableHigherDerivatives=True)  # fmt: skip
        return dlgradient(dl.sum(slope * slope, "all"), X)

    assert not numbers(dlfeval(second, dlarray(zero))).any()


def test_norms_of_large_small_and_no_numbers() -> None:
    assert np.isclose(dl.norm([3e200, 4e200]), 5e200, rtol=1e-15)
    assert np.isclose(dl.norm([3e-200, 4e-200]), 5e-200, rtol=1e-15, atol=0)
    assert np.isclose(dl.norm([1e-200, 1e200], 0.5), 1e200, rtol=1e-15)
    assert np.isclose(dl.norm([1e-200, 1.0], -2), 1e-200, rtol=1e-15, atol=0)
    assert float(dl.norm([np.inf, 1.0])) == np.inf
    assert np.isnan(dl.norm([NAN, 1.0]))
    assert float(dl.norm([0.0, 2.0], -1)) == 0
    for p in (1, 2, 3, math.inf):
        assert dl.vecnorm(np.zeros((0, 2)), p, axis=0).tolist() == [[0, 0]]
    assert float(dl.norm(np.zeros((2, 0)), 1)) == 0
    assert dl.norm(dlarray(np.float32([3, 4]), "C")).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dl.norm(np.ones((2, 2, 2))), r"norm: 2×2×2 dlarray is neither.*vecnorm\(X, p, ax"),
        (lambda: dl.norm(A, 3), 'p=3 is for vectors; of the matrix 2×3 dlarray there.*"fro"'),
        (lambda: dl.norm([1.0, 2.0], 0), "norm: p is a number other than 0"),
        (lambda: dl.norm([1.0, 2.0], "nuc"), "norm: p is a number other than 0"),
        (lambda: dl.norm([1.0, 2.0], NAN), "norm: p is a number other than 0"),
        (lambda: dl.vecnorm(A, -1, axis=0), "vecnorm: p is a positive number or Inf, not -1"),
        (lambda: dl.vecnorm(A, "fro", axis=0), "give the dimension once"),
        (lambda: dl.vecnorm(A, True, axis=0), "vecnorm: p is a number"),
    ],
)
def test_norms_that_there_are_not(call: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        call()


# ---- position and scale --------------------------------------------------------------------------


def mad(x: Any) -> Any:
    return np.median(np.abs(x - np.median(x, axis=0)), axis=0)


def iqr(x: Any) -> Any:
    return np.subtract(*np.quantile(x, [0.75, 0.25], axis=0, method="hazen"))


def std(x: Any) -> Any:
    return np.std(x, axis=0, ddof=1)


def identity(x: Any) -> Any:
    return 1.0


METHODS: list[tuple[tuple[Any, ...], Callable[[Any], Any], Callable[[Any], Any]]] = [
    ((), lambda x: x.mean(0), std),
    (("zscore", "robust"), lambda x: np.median(x, 0), mad),
    (("norm",), lambda x: 0.0, lambda x: np.linalg.norm(x, axis=0)),
    (("norm", 1), lambda x: 0.0, lambda x: np.linalg.norm(x, 1, axis=0)),
    (("norm", math.inf), lambda x: 0.0, lambda x: np.abs(x).max(0)),
    (("scale",), lambda x: 0.0, std),
    (("scale", "mad"), lambda x: 0.0, mad),
    (("scale", "first"), lambda x: 0.0, lambda x: x[0]),
    (("scale", "iqr"), lambda x: 0.0, iqr),
    (("scale", 4), lambda x: 0.0, lambda x: 4.0),
    (("range",), lambda x: x.min(0), lambda x: np.ptp(x, 0)),
    (("range", [-1, 3]), lambda x: x.min(0) + np.ptp(x, 0) / 4, lambda x: np.ptp(x, 0) / 4),
    (("center",), lambda x: x.mean(0), identity),
    (("center", "median"), lambda x: np.median(x, 0), identity),
    (("center", 2.5), lambda x: 2.5, identity),
    (("medianiqr",), lambda x: np.median(x, 0), iqr),
]


@pytest.mark.parametrize(("method", "centre", "scale"), METHODS, ids=lambda m: str(m)[:20])
@given(shape=st.tuples(st.integers(3, 6), st.integers(1, 3)), seed=SEEDS)
def test_normalize(method: Any, centre: Any, scale: Any, shape: tuple[int, int], seed: int) -> None:
    x = normal(shape, seed)
    kept = (1, shape[1])
    c, s = np.broadcast_to(centre(x), kept), np.broadcast_to(scale(x), kept)
    close = lambda found, expected: np.testing.assert_allclose(
        numbers(found), expected, rtol=1e-9, atol=1e-10
    )
    for Y, C, S in (
        dl.normalize(dlarray(x, "CB"), "C", *method, nargout=3),
        dl.normalize(dlarray(x, "CB"), *method, axis=0, nargout=3),
    ):
        assert Y.dims == C.dims == S.dims == "CB"
        close(C, c)
        close(S, s)
        close(Y, (x - c) / s)
    assert dl.normalize(np.float32(x), *method, axis=0).dtype == np.float32


def test_normalize_beside_scipy_and_at_the_edges() -> None:
    x = normal((5, 3), 0)
    assert np.allclose(dl.normalize(x, axis=0), scipy.stats.zscore(x, ddof=1))
    constant = dl.normalize(np.full((4, 1), 0.1), "zscore", nargout=3)
    assert [part.tolist() for part in constant] == [[[0], [0], [0], [0]], 0.1, 1]
    assert dl.normalize([2.0, 2.0], "range", [-1, 1]).tolist() == [-1, -1]
    assert np.allclose(dl.normalize([0.3, 0.1, 0.2], "range"), [1, 0, 0.5])
    Y, C = dl.normalize([1.0, 3.0], "center", nargout=2)
    assert (Y.tolist(), float(C)) == ([-1, 1], 2)
    slopes = gradient(lambda X: dl.normalize(X, axis=0) ** 3, x)
    assert np.allclose(slopes.sum(axis=0), 0)  # shifting x changes nothing


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gauss",), "normalize: .*no label"),
        (
            ("C", "gauss"),
            "normalize: method is one of zscore, center, scale, norm, range, medianiq",
        ),
        (("zscore", "mad"), "\"zscore\" is followed by 'std', 'robust', not by 'mad'"),
        (("scale", "mean"), "\"scale\" is followed by .*'iqr', a number, not by 'mean'"),
        (("scale", [1, 2]), r"\"scale\" is followed by .* not by \[1, 2\]"),
        (("medianiqr", 2), '"medianiqr" is followed by nothing, not by 2'),
        (("range", 2), r'"range" is followed by \[a, b\], not by 2'),
        (("range", [1, 0]), "from a smaller to a larger number"),
        (("norm", 0), "normalize: p is a number other than 0"),
        (("center", "mean", "scale"), "normalize: one method a call; 'center' is followed by"),
    ],
)
def test_methods_that_there_are_not(arguments: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        dl.normalize(dlarray([[1.0], [2.0]], "CB"), *arguments)
    with pytest.raises(ValueError, match="normalize: there are no elements"):
        dl.normalize(np.zeros((0, 2)), axis=0)


@given(pair=labelled(), ends=st.tuples(*[st.floats(-3, 3)] * 2))
def test_rescale(pair: tuple[Any, str], ends: tuple[float, float]) -> None:
    (x, fmt), (low, high) = pair, sorted(ends)
    span = np.ptp(x)
    share = (x - x.min()) / span if span else np.zeros(x.shape)
    Y = dl.rescale(dlarray(x, fmt), low, high)
    assert Y.dims == fmt
    np.testing.assert_allclose(numbers(Y), low + share * (high - low), rtol=1e-12, atol=1e-14)
    plain = dl.rescale(x, low, high, InputMin=-0.5, InputMax=0.5)
    expected = low + (np.clip(x, -0.5, 0.5) + 0.5) * (high - low)
    np.testing.assert_allclose(plain, expected, atol=1e-14)


def test_rescale_at_the_edges() -> None:
    x = np.array([[1.0, 2.0], [3.0, 8.0]])
    assert dl.rescale(x, InputMin=[[1.0, 2.0]], InputMax=[[3.0, 8.0]]).tolist() == [[0, 0], [1, 1]]
    assert dl.rescale(x, [[0.0], [1.0]], [[7.0], [8.0]]).tolist() == [[0, 1], [3, 8]]
    assert dl.rescale([2.0, 2.0], 3, 4).tolist() == [3, 3]
    assert dl.rescale(np.zeros((0, 2))).shape == (0, 2)
    assert dl.rescale(np.float32(x)).dtype == np.float32
    np.testing.assert_allclose(gradient(lambda X: dl.rescale(X) ** 2, [0.0, 1.0, 4.0]),
                               [-2 * 3 / 64, 1 / 8, -1 / 32], atol=1e-15)  # fmt: skip
    with pytest.raises(ValueError, match="rescale: of lower and upper the second one must not"):
        dl.rescale(x, 1, 0)
    with pytest.raises(ValueError, match="of InputMin and InputMax the second one must not"):
        dl.rescale(x, InputMin=5, InputMax=2)


# ---- logsumexp -----------------------------------------------------------------------------------


@pytest.mark.parametrize("higher", [False, True])
def test_a_sum_of_no_exponentials(higher: bool) -> None:
    x = autodiff.Record().leaf(np.array([[-np.inf, -np.inf], [0.0, -np.inf]]))
    with host.quiet():
        y = logsumexp(x, axis=(1,))
        (g,) = autodiff.gradient(sum_to(y * np.array([[1.0], [2.0]]), shape=()), [x], higher=higher)
    assert y.data.tolist() == [[-np.inf], [0.0]]
    assert autodiff.plain(g).tolist() == [[0, 0], [2, 0]]
