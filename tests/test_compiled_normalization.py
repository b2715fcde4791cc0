"""Batch normalization of images in compiled form, held against NumPy's passes."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.compiled_kernels import both_ways, by_numpy
from tests.strategies import with_threads
from tests.test_batch_normalization_kernels import by_kernels, drawn, whole
from tests.test_kernels_elementwise import EPSILON, every_class, normal
from tinydl.backend import compiled, host
from tinydl.backend import numpy_normalize as kernels
from tinydl.primitives.gelu import gelu_derivative

SHAPES = pytest.mark.parametrize(("shape", "channel"), [
    ((40, 30, 20, 32), 2), ((50_001, 5), 1), ((2, 2, 7, 5000), 2),
    ((17, 3, 641), 1), ((2, 2, 7, 2000), 2), ((24, 24, 20, 1), 2), ((25, 25, 20, 1), 2),
    ((30, 20, 3, 6), 2),
])  # fmt: skip
"""Several blocks, then one: with rows of a pixel, of 8 short ones, and of one where 2 would not do.

In the last a channel has several places side by side, in each of the 8 pixels of a row.
"""

SIZES = pytest.mark.parametrize("observations", [60, 2000])
"""Of images with 50 · 4 numbers: one block, and several."""


@every_class
@SHAPES
@pytest.mark.parametrize("mean", [0.0, 300.0])
def test_kernels_are_the_formulas(
    kind: Any, shape: tuple[int, ...], channel: int, mean: float, numba: None
) -> None:
    inputs = drawn(shape, channel, kind, mean=mean)
    found, plain = by_kernels(*inputs, channel), by_numpy(lambda: by_kernels(*inputs, channel))
    assert not all(map(np.array_equal, found, plain)), "NumPy computed both"
    exact = whole(*inputs, channel)
    each = zip(found, for_its_mean(found, exact), plain, for_its_mean(plain, exact), strict=True)
    for one, true, other, true_of_other in each:
        assert one.dtype == kind and one.shape == true.shape
        error, allowed = np.abs(one - true).max(), np.abs(other - true_of_other).max()
        assert error <= 2 * allowed + 40 * EPSILON[kind] * np.abs(true).max()


def for_its_mean(found: list[Any], exact: list[Any]) -> list[Any]:
    """The exact values, where gradients by the scale are those at the mean that was found.

    That is a rounded sum, and what it is off counts in them as often as g adds up to.
    """
    (mean, variance), own = exact[0][:2], found[0][0]
    off = (mean - own) / np.sqrt(variance + 1e-5)
    return [v + off * exact[at + 1] if at in (4, 7) else v for at, v in enumerate(exact)]


def test_they_are_for_images_of_one_class(numba: None) -> None:
    """Features and mixed classes are left to NumPy."""
    for shape, channel, kind in [((60, 3001), 0, np.float64), ((40, 5, 90), 1, np.float32)]:
        inputs = drawn(shape, channel, kind)
        inputs[1:] = [v.astype(np.float64) for v in inputs[1:]]
        x, scale, offset, g = inputs
        options: dict[str, Any] = {"channel": channel, "epsilon": 1e-5}
        forward = partial(kernels.channel_normalize, **options)
        back = partial(kernels.channel_normalize_gradients, **options)
        for found, expected in (both_ways(forward, x, scale, scale**2, scale, offset),
                                both_ways(back, g, x, scale, scale**2, scale)):  # fmt: skip
            assert all(map(np.array_equal, found, expected))


@every_class
@SIZES
def test_what_is_not_finite_stays_where_it_is(kind: Any, observations: int, numba: None) -> None:
    x, scale, offset, g = drawn((50, 4, observations), 1, kind)
    moments = kernels.channel_moments(x, channel=1)
    x[0, 0, :3], x[1, 1, :3], x[2, 2, :3] = np.nan, np.inf, -np.inf
    for is_relu in (False, True):
        forward = partial(kernels.channel_normalize, channel=1, epsilon=1e-5, is_relu=is_relu)
        (found,), (expected,) = both_ways(forward, x, *moments, scale, offset)
        np.testing.assert_allclose(found, expected, rtol=50 * EPSILON[kind], atol=1e-4)
    g[3, 3, :3] = np.nan
    finite = np.nan_to_num(x, posinf=1.0, neginf=1.0)
    back = partial(kernels.channel_normalize_gradients, channel=1, epsilon=1e-5, y=x)
    found, expected = both_ways(back, g, finite, *moments, scale)
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(np.isnan(one), np.isnan(other))


@SIZES
def test_arrays_may_be_read_only_expanded_or_at_odd_addresses(
    observations: int, numba: None
) -> None:
    x, scale, offset, g = drawn((50, 4, observations), 1, "float64")
    expected = by_kernels(x, scale, offset, g, 1)
    for v in (x, scale, offset, g):
        v.flags.writeable = False
    aside = np.zeros(x.nbytes + 1, np.uint8)[1:].view(float).reshape(x.shape)
    aside[...] = x
    found = by_kernels(aside, scale, offset, np.asfortranarray(g), 1)
    assert all(map(np.array_equal, found, expected))
    one = np.broadcast_to(g[:1, :1, :1], g.shape)
    found, expected = [by_kernels(x, scale, offset, v, 1) for v in (one, one.copy())]
    assert all(map(np.array_equal, found, expected))


def test_one_block_is_one_call(numba: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes through blocks, for numbers of the channels that lie apart in memory as well."""
    x, scale, offset, g = drawn((24, 24, 20, 1), 2, "float32")
    expected = by_kernels(x, scale, offset, g, 2)
    monkeypatch.setattr(kernels, "blocks", None)
    scale, offset = [np.stack([v, v], axis=-1)[..., 0] for v in (scale, offset)]
    assert all(map(np.array_equal, by_kernels(x, scale, offset, g, 2), expected))
    assert np.array_equal(kernels.channel_moments(x, channel=2), expected[0][:2])
    with pytest.raises(TypeError):
        kernels.channel_moments(np.concatenate([x] * 24), channel=2)


@SHAPES
def test_threads_change_no_bit(shape: tuple[int, ...], channel: int, numba: None) -> None:
    inputs = drawn(shape, channel, "float32")
    first, *others = with_threads((1, 2, 3), lambda: by_kernels(*inputs, channel))
    for found in others:
        assert all(map(np.array_equal, found, first))


@every_class
@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_derivatives_of_gelu(kind: Any, order: int, numba: None) -> None:
    """Up to the fifth they are compiled."""
    x = normal(3 * compiled.LEAST, kind=kind)
    x[:4] = np.nan, 50.0, -50.0, 0.0
    (found,), (expected,) = both_ways(lambda: gelu_derivative(x, order=order))
    assert found.dtype == kind
    assert np.array_equal(found, expected, equal_nan=True) == (order > 5)
    size = np.nanmax(np.abs(expected))
    np.testing.assert_allclose(found, expected, rtol=0, atol=20 * EPSILON[kind] * size)
    assert host.gelu_derivative(np.zeros((0, 3)), [1.0], False).shape == (0, 3)
