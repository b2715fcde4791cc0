"""Convolution in compiled tiles, held against NumPy's products."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiled_kernels import assert_any_arrays_will_do, by_numpy, convolved
from tests.strategies import SEEDS, normal, with_threads
from tests.test_compiled_windows import both, geometries
from tests.test_kernels_elementwise import EPSILON, every_class
from tinydl.backend import numpy_groups
from tinydl.backend.compiled import convolve as compiled_convolve
from tinydl.backend.compiled.convolve import Tiles, tiles_for, weight_tiles_for
from tinydl.backend.compiled.windows import Sight
from tinydl.backend.windows import Slide


def numbers(
    sight: Sight, sizes: tuple[int, int, int, int], kind: Any, seed: int
) -> tuple[Any, Any, Any, Any]:
    """An input, filters, a gradient by the result, and a bias."""
    groups, channels, filters, images = sizes
    shapes = ((*sight.inputs, groups * channels, images),
              (*sight.window, channels, groups * filters),
              (*sight.outputs, groups * filters, images), (groups * filters, 1))  # fmt: skip
    x, w, g, bias = [normal(shape, seed + i, kind) for i, shape in enumerate(shapes)]
    return x, w, g, bias


GROUPS_OF = st.tuples(st.integers(1, 3), st.integers(1, 13), st.integers(1, 26))
"""Groups, their channels, and their filters: tiles of every size, with and without overlap."""


@every_class
@given(sight=geometries(3), groups=GROUPS_OF, images=st.integers(3, 70), seed=SEEDS)
def test_tiles_give_the_same_to_rounding(
    kind: Any, sight: Sight, groups: tuple[int, int, int], images: int, seed: int, numba: None
) -> None:
    inputs = numbers(sight, (*groups, images), kind, seed)
    found, expected = both(lambda: convolved(sight, groups[0], *inputs))
    sizes = by_numpy(lambda: convolved(sight, groups[0], *map(np.abs, inputs)))
    for one, other, size in zip(found, expected, sizes, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert np.all(np.abs(one - other) <= 30 * EPSILON[kind] * size)


PLAIN = Sight((14, 15), (3, 3), (14, 15), Slide((1, 1), (1, 1), (1, 1)))
SIZES = (1, 5, 9, 37)
A_SINGLE_IMAGE = (1, 17, 20, 1)  # for which there are tiles of another kind

both_kinds = pytest.mark.parametrize("sizes", [SIZES, A_SINGLE_IMAGE])


def tiles_in_use(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions of tiles that are called from now on."""
    names: list[str] = []

    def noted(name: str, function: Any) -> Any:
        def call(*args: Any) -> Any:
            names.append(name)
            return function(*args)

        return call

    for name in ("convolve", "convolve_input_gradient", "convolve_weight_gradient"):
        monkeypatch.setattr(Tiles, name, noted(name, getattr(Tiles, name)))
    return names


def test_the_tiles_are_in_use(monkeypatch: pytest.MonkeyPatch, numba: None) -> None:
    names = tiles_in_use(monkeypatch)
    convolved(PLAIN, 1, *numbers(PLAIN, SIZES, np.float32, 0))
    assert names == 3 * ["convolve"] + ["convolve_input_gradient", "convolve_weight_gradient"]


def test_which_arrays_they_are_for(numba: None) -> None:
    x, w, g, _ = numbers(PLAIN, SIZES, np.float64, 0)
    fits = lambda x, w, filters=9, groups=1: tiles_for(PLAIN, groups, filters, x, w) is not None
    assert fits(x, w) and weight_tiles_for(PLAIN, 1, x, g) is not None
    assert not fits(x, w, 3), "few filters"
    assert not fits(x[..., :1], w), "few images"
    assert not fits(x, w.astype(np.float32))
    assert tiles_for(PLAIN._replace(outputs=(0, 15)), 1, 9, x, w) is None, "nothing to do"
    assert tiles_for(PLAIN._replace(inputs=(0, 15)), 1, 9, x, w) is None, "nothing to see"
    assert not fits(x, np.zeros(compiled_convolve.WEIGHTS + 1)), "many weights"
    long = PLAIN._replace(window=(10, 38))
    assert tiles_for(long, 1, 9, x, w) is None, "more taps than results"
    assert weight_tiles_for(long, 1, x, g) is None
    many = np.zeros((14, 15, compiled_convolve.CHANNELS + 1, 37))
    assert fits(many, w) and weight_tiles_for(PLAIN, 1, many, g) is None, "many channels"
    assert weight_tiles_for(PLAIN, 5, many, many) is not None, "but not in a group"
    for kind in (np.complex128, np.float16, np.longdouble):
        assert not fits(x.astype(kind), w.astype(kind))


def test_few_images_fill_a_short_vector(numba: None) -> None:
    from tinydl.backend.compiled.numba_tiles import VECTORS

    full, short = (VECTORS[0] // 8, VECTORS[-1] // 8)
    x, w, g, _ = numbers(PLAIN, (1, 5, 9, short), np.float64, 0)
    assert tiles_for(PLAIN, 1, 9, x, w).lanes == short  # type: ignore[union-attr]
    many = np.zeros((14, 15, compiled_convolve.CHANNELS + 1, short))
    assert (tiles_for(PLAIN, 1, 9, many, w) is None) == (short < full)
    assert (weight_tiles_for(PLAIN, 1, x, g) is None) == (short < full)


@both_kinds
@every_class
def test_what_is_not_finite_stays_where_it_is(
    kind: Any, sizes: tuple[int, int, int, int], numba: None
) -> None:
    x, w, g, bias = numbers(PLAIN, sizes, kind, 1)
    x[3, 4, :, 0], x[5, 5, 0, :], x[9, 9, :2] = np.nan, np.inf, -np.inf
    g[1, 1, 0], g[2, 3, 1], g[5, 5, :, :2] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        found, expected = both(lambda: convolved(PLAIN, 1, x, w, g, bias))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)
    assert np.isnan(found[2]).any() and np.isfinite(found[2]).any()


@every_class
def test_long_sums_lose_no_digits(kind: Any, numba: None) -> None:
    """All errors of a plain sum go one way here."""
    sight = Sight((60_000,), (1,), (60_000,), Slide((1,), (1,), (0,)))
    x = np.random.default_rng(0).random((60_000, 4, 20)).astype(kind)
    options: dict[str, Any] = {**sight.slide._asdict(), "groups": 1, "size": (1,)}
    found = numpy_groups.convolve_weight_gradient(x, np.ones_like(x), **options)
    exact = x.astype(np.longdouble).sum(axis=(0, 2))[:, None]
    assert np.all(np.abs(found[0] / exact - 1) < 8 * EPSILON[kind])


@every_class
def test_threads_change_no_bit(kind: Any, numba: None) -> None:
    inputs = numbers(PLAIN, (2, 5, 9, 130), kind, 2)
    first, *others = with_threads((1, 2, 3), lambda: convolved(PLAIN, 2, *inputs))
    for found in others:
        assert all(map(np.array_equal, found, first))


@both_kinds
def test_arrays_may_be_read_only_expanded_or_at_odd_addresses(
    sizes: tuple[int, int, int, int], numba: None
) -> None:
    inputs = numbers(PLAIN, sizes, np.float64, 3)
    assert_any_arrays_will_do(partial(convolved, PLAIN, 1), *inputs)


def test_tables_are_not_written_to() -> None:
    for table in (compiled_convolve.in_rows(PLAIN), compiled_convolve.in_rows_back(PLAIN)):
        assert not table.flags.writeable and table.shape == (14 * 15, 9)
    corner = [-1, -1, -1, -1, 0, 1, -1, 15, 16]
    assert compiled_convolve.in_rows(PLAIN)[0].tolist() == corner
    assert compiled_convolve.in_rows_back(PLAIN)[0].tolist() == corner
