"""Pooling and channel-wise convolution in compiled form, held against NumPy's passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiled_kernels import assert_any_arrays_will_do, by_numpy, convolved
from tests.strategies import SEEDS, normal, with_threads
from tests.test_kernels_elementwise import EPSILON, every_class
from tinydl.backend import compiled, numpy_groups, pool
from tinydl.backend.compiled import windows as compiled_windows
from tinydl.backend.compiled.windows import Loops, Sight, loops_for
from tinydl.backend.windows import Slide

RUN = {1: (8, 11), 2: (5, 9), 3: (3, 13)}
"""Channels and images, by the number of dimensions."""


@st.composite
def geometries(draw: st.DrawFn, dilations: int) -> Sight:
    """Windows over 1 to 3 dimensions, padding on either side included; not all inputs are seen."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        taps, stride = draw(st.integers(1, 4)), draw(st.integers(1, 4))
        dilation = draw(st.integers(1, dilations))
        inputs = (taps - 1) * dilation + 1 + draw(st.integers(0, 5))
        before, after = draw(st.integers(0, taps - 1)), draw(st.integers(0, taps - 1))
        outputs = (inputs + before + after - (taps - 1) * dilation - 1) // stride + 1
        lines.append((inputs, taps, outputs, stride, dilation, before))
    inputs_, window, outputs_, *slide = zip(*lines, strict=True)
    return Sight(inputs_, window, outputs_, Slide(*slide))


def pooled(sight: Sight, x: Any, g: Any) -> list[Any]:
    """All that pooling computes."""
    options: dict[str, Any] = {"window": sight.window, "stride": sight.slide.stride,
                               "before": sight.slide.before}  # fmt: skip
    y, winner = pool.pool_max(x, size=sight.outputs, save=True, **options)
    return [
        y, winner, pool.pool_max(x, size=sight.outputs, save=False, **options),
        pool.pool_put(g, winner, size=sight.inputs, **options),
        pool.pool_sum(x, size=sight.outputs, **options),
        pool.pool_spread(g, size=sight.inputs, **options),
    ]  # fmt: skip


def filtered(sight: Sight, x: Any, w: Any, g: Any, bias: Any) -> list[Any]:
    """All that convolution of each channel by itself computes."""
    return convolved(sight, x.shape[-2], x, w, g, bias)


def numbers(sight: Sight, few: int, kind: Any, seed: int) -> tuple[Any, Any, Any, Any]:
    """An input, filters, a gradient by the result, and a bias."""
    channels, images = RUN[len(sight.window)]
    filters = channels * few
    shapes = ((*sight.inputs, channels, images), (*sight.window, 1, filters),
              (*sight.outputs, filters, images), (filters, 1))  # fmt: skip
    x, w, g, bias = [normal(shape, seed + i, kind) for i, shape in enumerate(shapes)]
    return x, w, g, bias


def both(kernels: Callable[[], list[Any]]) -> tuple[list[Any], list[Any]]:
    """What functions give compiled, however small their arrays are, and by NumPy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "LEAST", 1)
        found = kernels()
    return found, by_numpy(kernels)


@every_class
@given(sight=geometries(1), seed=SEEDS, digits=st.booleans())
def test_pooling_gives_the_same_bits(
    kind: Any, sight: Sight, seed: int, digits: bool, numba: None
) -> None:
    """Many numbers are equal if they are digits."""
    x, _, g, _ = numbers(sight, 1, kind, seed)
    x = np.round(x) if digits else x
    found, expected = both(lambda: pooled(sight, x, g))
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@every_class
@given(sight=geometries(3), seed=SEEDS, few=st.integers(1, numpy_groups.FILTERS))
def test_convolution_gives_the_same_to_rounding(
    kind: Any, sight: Sight, seed: int, few: int, numba: None
) -> None:
    inputs = numbers(sight, few, kind, seed)
    found, expected = both(lambda: filtered(sight, *inputs))
    sizes = by_numpy(lambda: filtered(sight, *map(np.abs, inputs)))
    for one, other, size in zip(found, expected, sizes, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert np.all(np.abs(one - other) <= 30 * EPSILON[kind] * size)


PLAIN = Sight((30, 31), (3, 3), (15, 16), Slide((2, 2), (1, 1), (1, 1)))


def loops_in_use(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the compiled loops that are called from now on."""
    names: list[str] = []
    share = Loops._share

    def noted(self: Loops, kernel: Any, *args: Any) -> None:
        names.append(kernel.__name__)
        share(self, kernel, *args)

    monkeypatch.setattr(Loops, "_share", noted)
    return names


def test_the_loops_are_in_use(monkeypatch: pytest.MonkeyPatch, numba: None) -> None:
    names = loops_in_use(monkeypatch)
    x, w, g, bias = numbers(PLAIN, 1, np.float64, 0)
    pooled(PLAIN, x, g)
    assert names == ["largest", *3 * ["add_up"]]
    filtered(PLAIN, x, w, g, bias)
    assert names[4:] == 4 * ["correlate"]


def test_which_arrays_they_are_for(numba: None) -> None:
    x = np.zeros((30, 31, 64))
    assert loops_for(PLAIN, 64, x) is not None
    assert loops_for(PLAIN, 31, x) is None, "short runs"
    assert loops_for(PLAIN._replace(inputs=(4, 4), outputs=(2, 2)), 64, x) is None, "few numbers"
    assert loops_for(PLAIN._replace(outputs=(0, 16)), 64, x) is None, "nothing to do"
    assert loops_for(PLAIN._replace(window=(13, 5)), 64, x) is None, "more taps than numbers"
    assert loops_for(PLAIN._replace(window=(16, 16)), 300, x) is not None
    assert loops_for(PLAIN._replace(window=(257, 1)), 300, x) is None, "more taps than bytes"
    for kind in (np.complex128, np.float16, np.longdouble):
        assert loops_for(PLAIN, 64, x.astype(kind)) is None
    assert loops_for(PLAIN, 64, x, x.astype(np.float32)) is None


@every_class
def test_what_is_not_finite_stays_where_it_is(kind: Any, numba: None) -> None:
    x, w, g, bias = numbers(PLAIN, 1, kind, 1)
    x[3, 4, :, 0], x[5, 5, 0, :], x[9, 9, :2] = np.nan, np.inf, -np.inf
    x[20:26, 20:26] = -np.inf
    g[1, 1, 0], g[2, 3, 1], g[5, 5, :, :2] = np.nan, np.inf, -np.inf
    for one, other in zip(*both(lambda: pooled(PLAIN, x, g)), strict=True):
        np.testing.assert_array_equal(one, other)
    found, expected = both(lambda: filtered(PLAIN, x, w, g, bias))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


@every_class
def test_long_sums_lose_no_digits(kind: Any, numba: None) -> None:
    """All errors of a plain sum go one way here."""
    sight = Sight((60_000,), (1,), (60_000,), Slide((1,), (1,), (0,)))
    x = np.random.default_rng(0).random((60_000, 2, 20)).astype(kind)
    ones = np.ones_like(x)
    options: dict[str, Any] = {**sight.slide._asdict(), "groups": 2, "size": (1,)}
    found = numpy_groups.convolve_weight_gradient(x, ones, **options)
    exact = x.astype(np.longdouble).sum(axis=(0, 2))
    assert np.all(np.abs(found.ravel() / exact - 1) < 8 * EPSILON[kind])


def test_threads_change_no_bit(numba: None) -> None:
    sight = Sight((60, 61), (3, 3), (60, 61), Slide((1, 1), (1, 1), (1, 1)))
    x, w, g, bias = numbers(sight, 2, np.float32, 2)
    first, *others = with_threads(
        (1, 2, 3), lambda: [*pooled(sight, x, g[..., ::2, :]), *filtered(sight, x, w, g, bias)]
    )
    for found in others:
        assert all(map(np.array_equal, found, first))


def test_arrays_may_be_read_only_expanded_or_at_odd_addresses(numba: None) -> None:
    everything = lambda *given: [*pooled(PLAIN, given[0], given[2]), *filtered(PLAIN, *given)]
    assert_any_arrays_will_do(everything, *numbers(PLAIN, 1, np.float64, 3))


def test_nothing_under_a_window_is_no_number(numba: None) -> None:
    """No pooling asks for that; what lies behind an array must not be read all the same."""
    sight = Sight((20, 20), (2, 1), (24, 20), Slide((1, 1), (1, 1), (3, 0)))
    x, _, g, _ = numbers(sight, 1, np.float64, 4)
    (y, *_), (expected, *_) = both(lambda: pooled(sight, x, g))
    np.testing.assert_array_equal(y, expected)
    assert np.all(y[:2] == -np.inf) and np.all(np.isfinite(y[2:-1]))


def test_tables_are_not_written_to() -> None:
    for table in (compiled_windows.seen(PLAIN), compiled_windows.seen_back(PLAIN)):
        assert not table.flags.writeable and table.shape[1] == 9
    assert compiled_windows.seen(PLAIN)[0].tolist() == [-1, -1, -1, -1, 0, 31, -1, 1, 32]
    assert compiled_windows.seen_back(PLAIN)[0].tolist() == 4 * [-1] + [0] + 4 * [-1]
