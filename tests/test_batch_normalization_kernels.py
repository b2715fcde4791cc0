"""Batch normalization by blocks of NumPy arrays, held against the formulas on whole arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, with_threads
from tests.table.dense import packed
from tinydl.backend import numpy_normalize as kernels
from tinydl.primitives.dense import centred_affine

SHAPES = [((40, 30, 20, 32), 2), ((17, 3, 64), 1), ((60, 3001), 0), ((3, 100_000), 0),
          ((50_000, 5), 1), ((9, 1, 40_000), 1)]  # fmt: skip
"""Several blocks, an odd number of rows, rows longer than one sum, channels innermost."""


def drawn(shape: tuple[int, ...], channel: int, dtype: Any, mean: float = 3.0) -> list[Any]:
    rng = np.random.default_rng(1)
    part = [n if i == channel else 1 for i, n in enumerate(shape)]
    x = rng.standard_normal(shape) * 2.0 + mean
    return [v.astype(dtype) for v in (
        x, rng.standard_normal(part), rng.standard_normal(part), rng.standard_normal(shape)
    )]  # fmt: skip


def whole(x: Any, scale: Any, offset: Any, g: Any, channel: int) -> list[Any]:
    """Moments, result and gradients by the formulas.

    In the highest precision there is, because NumPy adds up a leading axis one by one.
    """
    x, scale, offset, g = [v.astype(np.longdouble) for v in (x, scale, offset, g)]
    axis = tuple([i for i in range(x.ndim) if i != channel])
    mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    normal = (x - mean) / np.sqrt(variance + 1e-5)
    n = x.size // x.shape[channel]
    gradients: list[Any] = []
    for passed in (g, g * (x > 3)):
        means = [v.mean(axis, keepdims=True) for v in (passed, passed * normal)]
        dx = scale / np.sqrt(variance + 1e-5) * (passed - means[0] - normal * means[1])
        gradients += [dx, n * means[1], n * means[0]]
    y = normal * scale + offset
    moved = [0.25 * mean + 0.75 * scale, 0.5 * variance + 0.5 * offset]
    return [np.stack([mean, variance, *moved]), y, np.maximum(y, 0), *gradients]


def by_kernels(x: Any, scale: Any, offset: Any, g: Any, channel: int) -> list[Any]:
    moved = kernels.moved_moments(x, scale, offset, channel=channel, decays=(0.25, 0.5))
    options = {"channel": channel, "epsilon": 1e-5}
    y, behind_relu = [
        kernels.channel_normalize(x, *moved[:2], scale, offset, **options, is_relu=is_relu)
        for is_relu in (False, True)
    ]
    every, shown = [
        kernels.channel_normalize_gradients(g, x, *moved[:2], scale, **options, y=given)
        for given in (None, x - 3)
    ]
    return [moved, y, behind_relu, *every, *shown]


@pytest.mark.parametrize(("shape", "channel"), SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernels_are_the_formulas(shape: tuple[int, ...], channel: int, dtype: str) -> None:
    inputs = drawn(shape, channel, dtype)
    eps = float(np.finfo(dtype).eps)
    n = math.prod(shape) // shape[channel]
    # Those that are sums may be off as much as their terms together.
    terms = [1, 1, 1, 1, n, n, 1, n, n]
    pairs = zip(by_kernels(*inputs, channel), whole(*inputs, channel), terms, strict=True)
    for found, expected, count in pairs:
        assert found.dtype == dtype
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 20 * eps * (np.abs(expected).max() + count)


@pytest.mark.parametrize(("shape", "channel"), SHAPES)
def test_threads_change_no_bit(shape: tuple[int, ...], channel: int) -> None:
    inputs = drawn(shape, channel, "float32")
    results = with_threads((1, 2, 3), lambda: by_kernels(*inputs, channel))
    for others in results[1:]:
        for found, expected in zip(others, results[0], strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(24, 24, 4, 128), (4, 20_000)])
def test_a_large_mean_does_not_hide_a_small_variance(shape: tuple[int, ...]) -> None:
    channel = len(shape) - 2
    x, *_ = drawn(shape, channel, "float64", mean=1e6)
    _, variance = kernels.channel_moments(x, channel=channel)
    axis = tuple([i for i in range(x.ndim) if i != channel])
    np.testing.assert_allclose(variance, (x - 1e6).var(axis, keepdims=True), rtol=1e-9)


@pytest.mark.parametrize("shape", [(24, 24, 4, 128), (4, 20_000)])
@pytest.mark.parametrize("mean", [0.0, 7.5, 8.5, 100.0])
def test_means_far_from_0_are_taken_off_first(shape: tuple[int, ...], mean: float) -> None:
    """Far begins at 4 deviations, here 8. At 50 the last passes would lose a digit otherwise."""
    channel = len(shape) - 2
    inputs = drawn(shape, channel, "float32", mean=mean)
    pairs = zip(by_kernels(*inputs, channel), whole(*inputs, channel), strict=True)
    _, *results = pairs
    for (found, expected), digits in zip(results[:5], [4e-7, 4e-7, 4e-7, 2e-6, 4e-7], strict=True):
        assert np.abs(found - expected).max() <= digits * np.abs(expected).max()


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.data())
def test_any_shape_and_strides(sizes: list[int], data: Any) -> None:
    shape = tuple(sizes)
    channel = data.draw(st.integers(0, len(shape) - 1))
    x, scale, offset, g = drawn(shape, channel, "float64")
    turned = [np.asfortranarray(v) for v in (x, scale, offset, g)]
    frozen = np.broadcast_to(g.sum(), shape)  # strides of 0, read-only
    for one, other in ((g, turned[3]), (frozen, np.array(frozen))):
        expected = by_kernels(x, scale, offset, one, channel)
        found = by_kernels(turned[0], turned[1], turned[2], other, channel)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
            assert a.shape == b.shape


# ---- the statistics of a dense layer ------------------------------------------------------------


@pytest.mark.parametrize("shapes", [((3, 2), (2, 5)), ((1, 1), (1, 2)), ((2, 3), (3, 1))])
@pytest.mark.parametrize("kind", [np.float64, np.complex128])
def test_rows_of_a_dense_layer_are_centred(shapes: Any, kind: Any) -> None:
    shapes = (*shapes, (shapes[0][0], 1))
    w, x, b = [normal(shape, i).astype(kind) for i, shape in enumerate(shapes)]
    np.testing.assert_allclose(centred_affine(w, x, b), packed(w, x, b), rtol=1e-13, atol=1e-14)
