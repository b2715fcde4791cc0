"""Compiled kernels give what NumPy's give, for every thread count, and can be done without.

What needs Numba is skipped where there is none; how the package does without is tested anyway.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiled_kernels import both_ways, by_numpy
from tests.test_kernels_elementwise import EPSILON, density, every_class, normal
from tinydl import (
    batchNormalizationLayer,
    dlaccelerate,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    geluLayer,
    get_num_threads,
    mean,
    randn,
    set_num_threads,
)
from tinydl import gelu as gelu_of_labelled
from tinydl.backend import compiled, host
from tinydl.backend.compiled import LEAST

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = get_num_threads()
    yield
    set_num_threads(before)


# ---- gelu ----------------------------------------------------------------------------------------


@every_class
def test_gelu_and_its_slope_by_their_definitions(kind: Any, numba: None) -> None:
    x = np.concatenate([np.linspace(-45, 45, 60_001), normal(60_000)]).astype(kind)
    y, slope = host.gelu(x, True)
    assert y.dtype == slope.dtype == kind
    z = x.astype(float)
    normal_distribution = scipy.special.ndtr(z)
    size = np.maximum(1, np.abs(z))
    assert np.max(np.abs(y - z * normal_distribution) / size) < 2 * EPSILON[kind]
    assert np.max(np.abs(slope - normal_distribution - z * density(z))) < 3 * EPSILON[kind]
    assert np.array_equal(y, host.gelu(x, False))
    assert not np.array_equal(y, by_numpy(lambda: host.gelu(x, False))), "NumPy computed both"


@pytest.mark.parametrize(("kind", "least", "error"), [(np.float64, -37, 1e-12),
                                                      (np.float32, -12, 1e-5)])  # fmt: skip
def test_gelu_keeps_its_digits_where_it_is_nearly_0(
    kind: Any, least: float, error: float, numba: None
) -> None:
    x = np.linspace(least, 0, 2 * LEAST, endpoint=False).astype(kind)
    z = x.astype(float)
    exact = z * np.exp(scipy.special.log_ndtr(z))
    allowed = error + np.abs(scipy.special.log_ndtr(z)) * 2.0**-52
    assert np.max(np.abs(host.gelu(x, False) / exact - 1) / allowed) < 1


@every_class
def test_gelu_where_its_exponential_is_not_normal(kind: Any, numba: None) -> None:
    """From e^(−a²/2) with all digits to 0: the last unit is the smallest number."""
    first, last = (37.4, 39.2) if kind == np.float64 else (13, 15.2)
    x = -np.linspace(first, last, 2 * LEAST).astype(kind)
    (found, slope), (expected, _) = both_ways(host.gelu, x, True)
    ours, theirs = -found.astype(np.longdouble), -expected.astype(np.longdouble)
    smallest = float(np.finfo(kind).smallest_subnormal)
    assert np.any((theirs > 0) & (theirs < np.finfo(kind).tiny))
    assert np.all(np.abs(ours - theirs) <= 64 * smallest + 16 * EPSILON[kind] * theirs)
    assert np.all(np.abs(slope) <= 20 * np.abs(x) * (theirs + smallest)), "x φ(x) is about −x² y"


@every_class
@pytest.mark.parametrize("save", [False, True])
@pytest.mark.parametrize("place", [0, 3, LEAST])
def test_gelu_at_the_edges_of_its_class(kind: Any, save: bool, place: int, numba: None) -> None:
    top, tiny = np.finfo(kind).max, np.finfo(kind).smallest_subnormal
    x = np.zeros(LEAST + 9, kind)
    edges = slice(place, place + 9)
    x[edges] = [np.nan, np.inf, -np.inf, top, -top, 0.0, -0.0, 8 * tiny, -8 * tiny]
    with np.errstate(all="raise"):
        result = host.gelu(x, save)
    y = result[0] if save else result
    assert np.array_equal(y[edges], np.array([np.nan, np.inf, 0, top, 0, 0, 0, 4 * tiny,
                                              -4 * tiny], kind), equal_nan=True)  # fmt: skip
    if save:
        slopes = np.array([np.nan, 1, 0, 1, 0, 0.5, 0.5, 0.5, 0.5], kind)
        assert np.array_equal(result[1][edges], slopes, equal_nan=True)
    assert np.array_equal(np.signbit(y), np.signbit(by_numpy(lambda: host.gelu(x, False))))


@given(shape=st.tuples(st.integers(4, 6), st.integers(30, 60), st.integers(100, 130)),
       view=st.sampled_from(["reversed", "swapped", "expanded", "odd address",
                             "foreign bytes"]))  # fmt: skip
@settings(deadline=None, max_examples=15)
def test_any_strides_addresses_and_read_only(
    numba: None, shape: tuple[int, int, int], view: str
) -> None:
    x = normal(*shape)
    aside = np.zeros(x.nbytes + 1, np.uint8)[1:].view(float).reshape(shape)
    aside[...] = x
    seen = {"reversed": x[:, ::-1], "swapped": x.swapaxes(1, 2), "odd address": aside,
            "expanded": np.broadcast_to(x[:, :1], (*shape[:1], 200, shape[2])),
            "foreign bytes": x.astype(x.dtype.newbyteorder())}[view]  # fmt: skip
    seen.flags.writeable = False
    found, expected = both_ways(host.gelu, seen, True)
    for ours, theirs in zip(found, expected, strict=True):
        assert np.allclose(ours, theirs, rtol=0, atol=2e-15)


# ---- a fully connected layer with batch normalization and gelu -----------------------------------


def dense_kernels(kind: Any, channels: int, inputs: int, n: int) -> dict[str, Callable[[], Any]]:
    w, x = normal(channels, inputs, kind=kind), normal(inputs, n, kind=kind)
    b, scale, g = [normal(channels, k, kind=kind) for k in (1, 1, n)]
    packed = by_numpy(lambda: host.centred_affine(w, x, b))
    _, slope = by_numpy(lambda: host.normalize_gelu(packed, scale, b, 0.1, True))
    return {
        "statistics": lambda: host.centred_affine(w, x, b),
        "value": lambda: host.normalize_gelu(packed, scale, b, 0.1, False),
        "value and slope": lambda: host.normalize_gelu(packed, scale, b, 0.1, True),
        "gradients": lambda: host.normalize_gelu_gradients(g, packed, slope, scale, 0.1),
        "gradients of one": lambda: host.normalize_gelu_gradients(
            np.broadcast_to(g[:, :1], g.shape), packed, slope, scale, 0.1
        ),
    }


DENSE = list(dense_kernels(np.float64, 1, 1, 2))


SIZES = pytest.mark.parametrize(
    ("channels", "n"), [(80, 1000), (3, 5003), (1, 30_000), (9000, 2)]
)  # fmt: skip


def assert_close(found: Any, exact: Any, size: Any, kind: Any) -> None:
    """Within a few units in the last digit of the size of what was added up."""
    assert found.dtype == kind and found.shape == exact.shape
    assert np.all(np.abs(found - exact) <= 8 * EPSILON[kind] * size)


@every_class
@SIZES
def test_statistics_by_their_definition(kind: Any, channels: int, n: int, numba: None) -> None:
    w, x, b = [normal(*shape, kind=kind) for shape in ((channels, 1), (1, n), (channels, 1))]
    packed = host.centred_affine(w, x, b)
    z = (w * x).astype(np.longdouble)
    mean, largest = z.mean(axis=1), np.abs(z).max(axis=1)
    assert_close(packed[:, :n], z - mean[:, None], largest[:, None], kind)
    assert_close(packed[:, n], mean + b[:, 0], largest + np.abs(b[:, 0]), kind)
    assert_close(packed[:, n + 1], z.var(axis=1), largest**2, kind)


@every_class
@SIZES
def test_gelu_of_features_is_gelu(kind: Any, channels: int, n: int, numba: None) -> None:
    packed, scale, offset = [normal(channels, k, kind=kind) for k in (n + 2, 1, 1)]
    packed[:, -1] **= 2
    y, slope = host.normalize_gelu(packed, scale, offset, 0.1, True)
    factor = scale * (packed[:, -1:] + 0.1) ** -0.5
    expected, expected_slope = by_numpy(
        lambda: host.gelu(packed[:, :-2] * factor + offset, True)
    )  # fmt: skip
    size = 1 + np.abs(packed[:, :-2] * factor) + np.abs(offset)
    assert_close(y, expected, size, kind)
    assert_close(slope, expected_slope, size, kind)
    assert np.array_equal(y, host.normalize_gelu(packed, scale, offset, 0.1, False))


@every_class
@SIZES
def test_gradients_by_their_definition(kind: Any, channels: int, n: int, numba: None) -> None:
    packed, slope, scale, g = [normal(channels, k, kind=kind) for k in (n + 2, n, 1, n)]
    packed[:, -1] **= 2
    dz, to_scale, to_offset = host.normalize_gelu_gradients(g, packed, slope, scale, 0.1)
    inverse = (packed[:, -1:].astype(np.longdouble) + 0.1) ** -0.5
    z, d = packed[:, :-2], (g * slope).astype(np.longdouble)
    total = lambda terms: terms.sum(axis=1, keepdims=True)
    along, along_size = total(d * z) * inverse, total(np.abs(d * z)) * inverse
    assert_close(to_offset, total(d), total(np.abs(d)), kind)
    assert_close(to_scale, along, along_size, kind)
    exact = scale * inverse * (d - total(d) / n - z * along * inverse / n)
    sizes = np.abs(d) + total(np.abs(d)) / n + np.abs(z) * along_size * inverse / n
    assert_close(dz, exact, np.abs(scale * inverse) * sizes, kind)


@pytest.mark.parametrize("name", DENSE)
def test_kernels_of_features_are_in_use(name: str, numba: None) -> None:
    """They round otherwise than NumPy's, in some number."""
    found, expected = both_ways(dense_kernels(np.float64, 80, 7, 1000)[name])
    assert any(not np.array_equal(*pair) for pair in zip(found, expected, strict=True))
    for ours, theirs in zip(found, expected, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_classes_may_be_mixed(numba: None) -> None:
    """Kernels are for one class; the rest is NumPy's."""
    w, x = normal(20, 3, kind=np.float32), normal(3, 1000, kind=np.float32)
    b = normal(20, 1)
    packed = host.centred_affine(w, x, b)
    assert packed.dtype == np.float32
    found, expected = both_ways(lambda: host.normalize_gelu(packed, b, b, 0.1, True))
    assert all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))


@every_class
def test_sums_of_many_like_numbers_lose_no_digits(kind: Any, numba: None) -> None:
    """All errors of a plain sum go one way here."""
    x = np.random.default_rng(0).random((1, 1_500_000)).astype(kind)
    packed = host.centred_affine(np.ones((1, 1), kind), x, np.zeros((1, 1), kind))
    mean, variance = packed[0, -2:]
    exact = x.astype(np.longdouble)
    assert abs(mean / exact.mean() - 1) < 8 * EPSILON[kind]
    assert abs(variance / exact.var() - 1) < 16 * EPSILON[kind]


@every_class
@pytest.mark.parametrize("name", [*DENSE, "gelu"])
def test_same_bits_for_any_number_of_threads(kind: Any, name: str, numba: None) -> None:
    x = normal(450_001, kind=kind)
    kernel = {**dense_kernels(kind, 90, 20, 3000), "gelu": lambda: host.gelu(x, True)}[name]
    results = []
    for count in (1, 2, 3):
        set_num_threads(count)
        found = kernel()
        results.append(found if isinstance(found, tuple) else (found,))
    for other in results[1:]:
        assert all(np.array_equal(*pair) for pair in zip(results[0], other, strict=True))


# ---- in networks ---------------------------------------------------------------------------------


def network() -> tuple[dlnetwork, dlarray]:
    layers = [featureInputLayer(5), fullyConnectedLayer(40), batchNormalizationLayer(), geluLayer(),
              fullyConnectedLayer(1)]  # fmt: skip
    return dlnetwork(layers), dlarray(randn(5, 600), "CB")


def loss(net: dlnetwork, X: dlarray) -> Any:
    Y, state = forward(net, X)
    value = mean(Y * Y, "all")
    return value, dlgradient(value, net.Learnables), state


def test_a_replayed_network_gives_the_same_bits(numba: None) -> None:
    net, X = network()
    fast = dlaccelerate(loss)
    expected = dlfeval(loss, net, X)
    for _ in range(3):
        value, gradients, state = dlfeval(fast, net, X)
        assert extractdata(value) == extractdata(expected[0])
        for ours, theirs in ((gradients, expected[1]), (state, expected[2])):
            for a, b in zip(ours.Value, theirs.Value, strict=True):
                assert np.array_equal(extractdata(a), extractdata(b))


# ---- doing without -------------------------------------------------------------------------------


@pytest.fixture
def nothing_found(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As in a program that has not asked for a kernel yet, and was not told to do without."""
    monkeypatch.setattr(compiled, "_found", {})
    monkeypatch.setattr(compiled, "_enabled", True)
    monkeypatch.delitem(sys.modules, "tinydl.backend.compiled.numba_kernels", raising=False)
    monkeypatch.delattr("tinydl.backend.compiled.numba_kernels", raising=False)
    return monkeypatch


def test_without_numba_nothing_is_said(nothing_found: pytest.MonkeyPatch) -> None:
    nothing_found.setitem(sys.modules, "numba", None)
    x = normal(2 * LEAST)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, expected = both_ways(host.gelu, x, True)
    assert all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))


def broken(error: Exception) -> Any:
    """A module of kernels that cannot be compiled."""

    class Kernels:
        @staticmethod
        def compile_for(family: str, kind: Any) -> None:
            raise error

    return Kernels


@pytest.mark.parametrize(
    "error",
    [ImportError("Numba needs NumPy 2.3 or less"), OSError(30, "Read-only file system"),
     RuntimeError("cannot cache function: no locator\nand more"),
     ModuleNotFoundError("No module named 'llvmlite'", name="llvmlite")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_one_warning_if_numba_fails(error: Exception, nothing_found: pytest.MonkeyPatch) -> None:
    nothing_found.setitem(sys.modules, "tinydl.backend.compiled.numba_kernels", broken(error))
    nothing_found.setattr("tinydl.backend.compiled.numba_kernels", broken(error), raising=False)
    x = normal(2 * LEAST)
    reason = str(error).partition("\n")[0].replace("[", r"\[")
    with pytest.warns(UserWarning, match=f"{type(error).__name__}: {reason}. The") as said:
        found = [host.gelu(x, False), host.gelu(x.astype(np.float32), False), host.gelu(x, False)]
    assert len(said) == 1
    assert np.array_equal(found[0], by_numpy(lambda: host.gelu(x, False)))
    assert np.array_equal(found[0], found[2]) and found[1].dtype == np.float32


def test_a_warning_that_is_an_error_is_raised_once(nothing_found: pytest.MonkeyPatch) -> None:
    nothing_found.setitem(sys.modules, "tinydl.backend.compiled.numba_kernels", broken(OSError()))
    nothing_found.setattr("tinydl.backend.compiled.numba_kernels", broken(OSError()), raising=False)
    with pytest.raises(UserWarning, match="OSError"):
        host.gelu(normal(LEAST), False)
    assert host.gelu(normal(LEAST), False).shape == (LEAST,)


def test_only_large_arrays_of_real_numbers_go_there(nothing_found: pytest.MonkeyPatch) -> None:
    kernels = object()
    nothing_found.setattr(compiled, "_compiled", lambda family, kind: kernels)
    x = np.zeros(3)
    assert compiled.kernels_for("gelu", LEAST, x, x) is kernels
    assert compiled.kernels_for("gelu", LEAST, x.astype(np.float32)) is kernels
    assert compiled.kernels_for("gelu", LEAST - 1, x) is None
    for other in (np.complex128, np.float16, np.longdouble, np.int64, ">f8"):
        assert compiled.kernels_for("gelu", LEAST, x.astype(other)) is None
    assert compiled.kernels_for("gelu", LEAST, x, x.astype(np.float32)) is None


SCRIPT = """
import sys
from tinydl import dlarray, gelu, ones
gelu(ones(100, 99))
assert "numba" not in sys.modules, "small arrays import Numba"
gelu(ones(100, {columns}))
assert ("numba" in sys.modules) == {is_used}
"""


@pytest.mark.parametrize(("columns", "is_used", "told"), [(99, False, "1"), (100, True, "1"),
                                                          (100, False, "0")])  # fmt: skip
def test_numba_is_imported_when_there_is_work_for_it(
    columns: int, is_used: bool, told: str, numba: None
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TINYDL_NUMBA": told}
    script = SCRIPT.format(columns=columns, is_used=is_used)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True,
                          text=True, timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_labelled_arrays_come_here_too(numba: None) -> None:
    X = dlarray(normal(100, 200), "CB")
    Y = extractdata(gelu_of_labelled(X))
    assert np.array_equal(Y, host.gelu(extractdata(X), False))
    assert np.allclose(Y, extractdata(by_numpy(lambda: gelu_of_labelled(X))), rtol=0, atol=4e-15)
