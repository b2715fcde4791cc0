"""The GPU's sums in two stages, and the normalizations made of them, held against NumPy's.

NumPy's functions of the same name work in the same class; the bound is a few units of rounding.
Sizes are odd and fit no block of threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.conftest import Device
from tests.cpuhip import standin
from tinydl.backend import numpy_backend

cupy = standin.cupy_or_skip()

from tinydl.backend import cupy_backend, cupy_statistics  # noqa: E402
from tinydl.backend.kernels import statistics  # noqa: E402

CLASSES = ["float32", "float64"]

AXES = [
    ((301, 5), (0,)), ((5, 301), (1,)), ((37, 33), (0,)), ((7, 11, 3, 13), (0, 1, 3)),
    ((9, 9, 6, 41), (2,)), ((9, 9, 6, 41), (0, 1)), ((5, 3, 2, 4, 7), (0, 2, 4)),
    ((3, 2, 4, 7), (1, 3)), ((3, 4, 5, 2, 3, 2), (1, 3, 5)), ((2, 3, 2, 3, 2, 3), (0, 2, 4)),
    ((20_011,), (0,)), ((4, 1), (1,)), ((1, 6, 1), (0, 2)), ((3, 40_001), (1,)),
    ((40_001, 3), (0,)), ((5, 4, 3), ()),
]  # fmt: skip
"""One piece and many, groups beside each other and apart, runs that alternate more often than the
kernels know."""


def drawn(shape: tuple[int, ...], dtype: str, seed: int = 1, mean: float = 2.0) -> Any:
    return (np.random.default_rng(seed).standard_normal(shape) + mean).astype(dtype)


def agree(found: Any, expected: Any, dtype: str, terms: float = 1.0) -> None:
    """Equal but for rounding, where expected is a sum of terms as large as its largest."""
    taken, eps = cupy.asnumpy(found), float(np.finfo(dtype).eps)
    assert taken.dtype == dtype
    assert taken.shape == expected.shape
    bound = 20 * eps * (np.abs(expected).max(initial=0.0) + terms)
    assert np.abs(taken - expected).max(initial=0.0) <= bound


# ---- the sums -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", CLASSES)
@pytest.mark.parametrize(("shape", "axis"), AXES)
def test_moments(
    shape: tuple[int, ...], axis: tuple[int, ...], dtype: str, device: Device, thread_order: str
) -> None:
    x = drawn(shape, dtype)
    mean, variance, inverse = cupy_statistics.moments(device.put(x), axis, 0.25)
    wide = x.astype(np.longdouble)
    agree(mean, wide.mean(axis, keepdims=True), dtype)
    agree(variance, wide.var(axis, keepdims=True), dtype)
    agree(inverse, (wide.var(axis, keepdims=True) + 0.25) ** -0.5, dtype)


@pytest.mark.parametrize("dtype", CLASSES)
@pytest.mark.parametrize(("shape", "axis"), AXES)
def test_sums(
    shape: tuple[int, ...], axis: tuple[int, ...], dtype: str, device: Device, thread_order: str
) -> None:
    u, x = drawn(shape, dtype), drawn(shape, dtype, 2)
    kept = [1 if i in axis else n for i, n in enumerate(shape)]
    centre, variance = drawn(tuple(kept), dtype, 3), drawn(tuple(kept), dtype, 4) ** 2
    given = [device.put(v) for v in (u, x, centre, variance)]
    wide = [v.astype(np.longdouble) for v in (u, x, centre, variance)]
    terms = math.prod(shape) / math.prod(kept)
    plain, product = cupy_statistics.sums(given[0], given[1], axis)
    agree(plain, wide[0].sum(axis, keepdims=True), dtype, terms)
    agree(product, (wide[0] * wide[1]).sum(axis, keepdims=True), dtype, 4 * terms)
    _, product = cupy_statistics.sums(given[0], given[1], axis, given[2], given[3], 0.5)
    expected = (wide[0] * (wide[1] - wide[2])).sum(axis, keepdims=True) / np.sqrt(wide[3] + 0.5)
    agree(product, expected, dtype, 4 * terms)


@pytest.mark.parametrize(("shape", "axis"), [((40_001, 3), (0,)), ((4, 200_011), (1,))])
def test_large_arrays_are_cut_into_pieces(
    shape: tuple[int, ...], axis: tuple[int, ...], device: Device
) -> None:
    plan = statistics.plan(shape, axis)
    assert plan is not None
    assert plan.pieces > 50
    assert plan.grid[0] * plan.grid[1] >= 50


def test_runs_that_alternate_too_often_are_told(device: Device) -> None:
    assert statistics.plan((2, 3, 2, 3, 2, 3), (1, 3, 5)) is None
    assert statistics.plan((2, 1, 2, 3, 2, 3), (0, 1, 2, 4)) is not None


def test_the_order_of_threads_changes_no_bit(device: Device) -> None:
    x = device.put(drawn((40_001, 3), "float32"))
    results = []
    for order in ("forward", "reversed"):
        with standin.threads_run(order):
            moments = cupy_statistics.moments(x, (0,), 1e-5)
            results.append([moments, *cupy_statistics.sums(x, x, (0,))])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(device.take(one), device.take(other))


@pytest.mark.parametrize("shape", [(24, 24, 4, 16), (4, 20_000)])
def test_a_large_mean_does_not_hide_a_small_variance(
    shape: tuple[int, ...], device: Device
) -> None:
    channel = len(shape) - 2
    axis = tuple([i for i in range(len(shape)) if i != channel])
    x = drawn(shape, "float64", mean=1e6)
    found = device.take(cupy_backend.channel_moments(device.put(x), channel=channel))
    np.testing.assert_allclose(found[1], (x - 1e6).var(axis, keepdims=True), rtol=1e-9)


def test_an_outlier_at_the_start_does_not_hide_the_rest(device: Device) -> None:
    """The sums are taken around the mean of the first members, whatever the very first is."""
    x = drawn((40_001, 3), "float64")
    x[0] = 1e8
    found = device.take(cupy_backend.channel_moments(device.put(x), channel=1))
    expected = x.astype(np.longdouble).var(0, keepdims=True)
    np.testing.assert_allclose(found[1], expected, rtol=1e-12)
    rest = cupy_statistics.moments(device.put(x[1:]), (0,))
    assert np.abs(device.take(rest[1]) - 1).max() < 0.05


@pytest.mark.parametrize("dtype", CLASSES)
def test_no_variance_is_negative(dtype: str, device: Device, thread_order: str) -> None:
    """Where all members are equal rounding has either sign, and a square root follows."""
    x = np.broadcast_to(drawn((1, 301), dtype), (37, 301))
    for given, axis in ((x, 0), (x.T, 1)):
        _, variance, inverse = device.take(cupy_statistics.moments(device.put(given), (axis,), 0.0))
        assert (variance >= 0).all()
        assert (variance <= np.finfo(dtype).eps ** 2 * 25).all()
        assert (inverse > 0).all()


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("place", [0, 1000])
def test_special_numbers_stay_in_their_group(
    special: float, place: int, device: Device, thread_order: str
) -> None:
    x = drawn((2001, 3), "float32")
    x[place, 1] = special
    mean, variance = device.take(cupy_statistics.moments(device.put(x), (0,)))
    np.testing.assert_equal(mean[0, 1], np.float32(special))
    assert np.isnan(variance[0, 1])
    assert np.isfinite(mean[0, ::2]).all()
    assert np.isfinite(variance[0, ::2]).all()


def test_long_indices(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrays of more than 2³⁰ elements need gives the same."""
    monkeypatch.setattr(statistics, "index_type", lambda *sizes: "long long")
    monkeypatch.setattr(statistics, "plan", statistics.plan.__wrapped__)  # without its memory
    for shape, axis in (((20_011, 3), (0,)), ((5, 3, 2, 4, 7), (0, 2, 4))):
        x = drawn(shape, "float64")
        mean, variance = cupy_statistics.moments(device.put(x), axis)
        wide = x.astype(np.longdouble)
        agree(mean, wide.mean(axis, keepdims=True), "float64")
        agree(variance, wide.var(axis, keepdims=True), "float64")
        plain, _ = cupy_statistics.sums(device.put(x), device.put(x), axis)
        agree(plain, wide.sum(axis, keepdims=True), "float64", x.size)


# ---- the functions made of them -----------------------------------------------------------------

BATCHES = [((15, 13, 5, 9), 2), ((15, 13, 9, 5), 3), ((7, 301), 0), ((301, 7), 1), ((5, 40, 3), 0),
           ((9, 1, 400), 1), ((20_011, 3), 1)]  # fmt: skip


def batch(shape: tuple[int, ...], channel: int, dtype: str) -> list[Any]:
    part = tuple([n if i == channel else 1 for i, n in enumerate(shape)])
    return [
        drawn(shape, dtype),
        drawn(part, dtype, 2),
        drawn(part, dtype, 3),
        drawn(shape, dtype, 4),
    ]


def by_batch(library: Any, channel: int, x: Any, scale: Any, offset: Any, g: Any) -> list[Any]:
    moments = library.channel_moments(x, channel=channel)
    options = {"channel": channel, "epsilon": 1e-5}
    y = library.channel_normalize(x, *moments, scale, offset, **options)
    gradients = library.channel_normalize_gradients(g, x, *moments, scale, **options)
    moved = library.moved_moments(x, scale, offset, channel=channel, decays=(0.25, 0.75))
    behind = library.channel_normalize(x, *moments, scale, offset, **options, is_relu=True)
    # What is shown are here those of the inputs, of which all devices have the same.
    shown = library.channel_normalize_gradients(g, x, *moments, scale, **options, y=x - 2)
    return [moments, y, *gradients, moved, behind, *shown]


@pytest.mark.parametrize("dtype", CLASSES)
@pytest.mark.parametrize(("shape", "channel"), BATCHES)
def test_batch_normalization(
    shape: tuple[int, ...], channel: int, dtype: str, device: Device, thread_order: str
) -> None:
    inputs = batch(shape, channel, dtype)
    n = math.prod(shape) // shape[channel]
    found = by_batch(cupy_backend, channel, *[device.put(v) for v in inputs])
    expected = by_batch(numpy_backend, channel, *inputs)
    sums = [4, 4 * n, 4 * n]
    for one, other, terms in zip(found, expected, [4, 4, *sums, 4, 4, *sums], strict=True):
        agree(one, other, dtype, terms)


OWN = [((6, 301), (1, 1), (1,)), ((6, 301), (6, 1), (0,)), ((9, 7, 6, 5), (1, 1, 6, 1), (0, 1, 2)),
       ((9, 7, 6, 5), (1, 1, 6, 1), (0, 1)), ((9, 7, 2, 3, 5), (1, 1, 2, 3, 1), (0, 1, 3)),
       ((6, 5, 11), (6, 1, 1), (0,)), ((2, 3, 5, 11), (2, 3, 1, 1), (1, 3))]  # fmt: skip
"""Shapes of x and of scale, and axes: of layers, instances, groups."""


def by_own(
    library: Any, axis: tuple[int, ...], x: Any, scale: Any, offset: Any, g: Any
) -> list[Any]:
    y, centred, inverse = library.normalize_by_own(x, scale, offset, axis, 1e-3)
    gradients = library.normalize_by_own_gradients(
        g, centred, inverse, scale, axis, (True, True, True)
    )
    return [y, centred, inverse, *gradients]


@pytest.mark.parametrize("dtype", CLASSES)
@pytest.mark.parametrize(("shape", "part", "axis"), OWN)
def test_normalization_by_own_statistics(
    shape: tuple[int, ...], part: tuple[int, ...], axis: tuple[int, ...], dtype: str,
    device: Device, thread_order: str,
) -> None:  # fmt: skip
    inputs = [drawn(shape, dtype), drawn(part, dtype, 2), drawn(part, dtype, 3),
              drawn(shape, dtype, 4)]  # fmt: skip
    found = by_own(cupy_backend, axis, *[device.put(v) for v in inputs])
    n = math.prod(shape) / math.prod(part)
    expected = by_own(numpy_backend, axis, *inputs)
    for one, other, terms in zip(found, expected, [4, 4, 4, 4, 4 * n, 4 * n], strict=True):
        agree(one, other, dtype, terms)


@pytest.mark.parametrize("need", [(True, False, False), (False, True, False), (False, False, True)])
def test_only_what_is_needed_is_there(need: tuple[bool, ...], device: Device) -> None:
    x, scale = device.put(drawn((5, 7), "float64")), device.put(drawn((5, 1), "float64", 2))
    _, centred, inverse = cupy_backend.normalize_by_own(x, scale, scale, (0,), 1e-3)
    gradients = cupy_backend.normalize_by_own_gradients(x, centred, inverse, scale, (0,), need)
    assert tuple([g is not None for g in gradients]) == need


def by_dense(library: Any, w: Any, x: Any, b: Any, scale: Any, offset: Any, g: Any) -> list[Any]:
    packed = library.centred_affine(w, x, b)
    y, slope = library.normalize_gelu(packed, scale, offset, 1e-3, True)
    return [packed, y, slope, *library.normalize_gelu_gradients(g, packed, slope, scale, 1e-3)]


@pytest.mark.parametrize("dtype", CLASSES)
@pytest.mark.parametrize(("channels", "n"), [(7, 33), (33, 301), (1, 20_011)])
def test_dense_layers(channels: int, n: int, dtype: str, device: Device, thread_order: str) -> None:
    inputs = [drawn((channels, 5), dtype, 1), drawn((5, n), dtype, 2),
              *[drawn((channels, 1), dtype, i) for i in (3, 4, 5)],
              drawn((channels, n), dtype, 6)]  # fmt: skip
    found = by_dense(cupy_backend, *[device.put(v) for v in inputs])
    expected = by_dense(numpy_backend, *inputs)
    for one, other, terms in zip(found, expected, [30, 9, 9, 9, 9 * n, 9 * n], strict=True):
        agree(one, other, dtype, terms)


@pytest.mark.parametrize(("shape", "channel"), [((0, 3), 1), ((3, 0), 0), ((2, 0, 3), 1)])
def test_nothing(shape: tuple[int, ...], channel: int, device: Device) -> None:
    inputs = batch(shape, channel, "float64")
    found = by_batch(cupy_backend, channel, *[device.put(v) for v in inputs])
    for one, other in zip(found, by_batch(numpy_backend, channel, *inputs), strict=True):
        np.testing.assert_array_equal(device.take(one), other, strict=True)


# ---- launches -----------------------------------------------------------------------------------


def launches(call: Any) -> int:
    """Kernels that a call launches when all is compiled; it neither waits nor brings numbers."""
    call()
    with standin.counted() as counts:
        call()
    assert (counts.uploads, counts.downloads, counts.waits) == (0, 0, 0)
    return counts.launches


def test_launches_of_batch_normalization(device: Device) -> None:
    x, scale, offset, g = [device.put(v) for v in batch((15, 13, 5, 9), 2, "float32")]
    options = {"channel": 2, "epsilon": 1e-5}
    moments = cupy_backend.channel_moments(x, channel=2)
    assert launches(lambda: cupy_backend.channel_moments(x, channel=2)) == 2
    assert launches(
        lambda: cupy_backend.channel_normalize(x, *moments, scale, offset, **options)
    ) == 1  # fmt: skip
    assert launches(
        lambda: cupy_backend.channel_normalize_gradients(g, x, *moments, scale, **options, y=x)
    ) == 2  # fmt: skip
    assert launches(lambda: cupy_backend.moved_moments(
        x, scale, offset, channel=2, decays=(0.5, 0.5)
    )) == 2  # fmt: skip


def test_launches_of_layer_normalization(device: Device) -> None:
    x, g = device.put(drawn((31, 9, 5), "float32")), device.put(drawn((31, 9, 5), "float32", 2))
    scale = device.put(drawn((31, 1, 1), "float32", 3))
    _, centred, inverse = cupy_backend.normalize_by_own(x, scale, scale, (0,), 1e-5)
    assert launches(lambda: cupy_backend.normalize_by_own(x, scale, scale, (0,), 1e-5)) == 2
    assert launches(lambda: cupy_backend.normalize_by_own_gradients(
        g, centred, inverse, scale, (0,), (True, True, True)
    )) == 4  # fmt: skip
