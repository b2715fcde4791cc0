"""The GPU's kernels for convolution and pooling, held against NumPy's functions of the same name.

The numbers are small integers: their sums are exact in any order, so that results are equal in
every bit. Sizes are odd and fit no block of threads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.conftest import Device
from tests.cpuhip import standin
from tinydl.backend import numpy_backend, windows

cupy = standin.cupy_or_skip()

from tinydl.backend import cupy_backend, cupy_convolve, cupy_pool  # noqa: E402

CLASSES = ["float32", "float64"]


class Case(NamedTuple):
    spatial: tuple[int, ...]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    channels: int
    filters: int
    images: int
    groups: int = 1

    @property
    def outputs(self) -> tuple[int, ...]:
        lines = zip(
            self.spatial, self.window, self.stride, self.dilation, self.padding, strict=True
        )
        return tuple([(n + sum(p) - (t - 1) * d - 1) // s + 1 for n, t, s, d, p in lines])

    @property
    def options(self) -> dict[str, Any]:
        before = tuple([low for low, _ in self.padding])
        return {"stride": self.stride, "dilation": self.dilation, "before": before,
                "groups": self.groups}  # fmt: skip


CASES = {
    "line": Case((301,), (5,), (1,), (1,), ((2, 2),), 3, 7, 2),
    "strides": Case((13, 11), (3, 2), (2, 3), (1, 1), ((1, 0), (0, 1)), 3, 5, 3),
    "dilation": Case((9, 14), (3, 3), (1, 2), (2, 3), ((2, 1), (3, 2)), 2, 4, 3),
    "gaps": Case((11, 7), (2, 1), (4, 3), (1, 1), ((0, 0), (0, 0)), 1, 3, 5),
    "groups": Case((7, 5), (3, 2), (2, 1), (1, 2), ((1, 1), (0, 2)), 6, 9, 3, groups=3),
    "depthwise": Case((9, 9), (3, 3), (1, 1), (1, 1), ((1, 1), (1, 1)), 5, 5, 2, groups=5),
    "volume": Case((5, 6, 7), (2, 3, 2), (1, 2, 2), (2, 1, 1), ((1, 0), (1, 1), (0, 2)), 2, 3, 2),
    "all_padding": Case((2, 2), (2, 2), (2, 2), (1, 1), ((3, 2), (2, 4)), 2, 3, 3),
    "images": Case((4, 3), (3, 3), (1, 1), (1, 1), ((1, 1), (1, 1)), 3, 33, 131),
    "one_image": Case((17, 19), (4, 3), (1, 1), (1, 1), ((0, 3), (2, 0)), 2, 3, 1),
}


def integers(shape: tuple[int, ...], dtype: str, seed: int = 1) -> Any:
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def arrays(case: Case, dtype: str) -> tuple[Any, Any, Any, Any]:
    """x, w, the gradient by y, and a bias."""
    return (
        integers((*case.spatial, case.channels, case.images), dtype),
        integers((*case.window, case.channels // case.groups, case.filters), dtype, 2),
        integers((*case.outputs, case.filters, case.images), dtype, 3),
        integers((case.filters, 1), dtype, 4),
    )


def trio(library: Any, case: Case, x: Any, w: Any, d: Any, bias: Any) -> list[Any]:
    """The convolution without and with a bias, and both gradients."""
    by_x = library.convolve_input_gradient(d, w, size=case.spatial, **case.options)
    by_w = library.convolve_weight_gradient(x, d, size=case.window, **case.options)
    plain, added = [library.convolve(x, w, size=case.outputs, bias=b, **case.options)
                    for b in (None, bias)]  # fmt: skip
    return [plain, added, by_x, by_w]


def assert_equal(found: list[Any], expected: list[Any]) -> None:
    for one, other in zip(found, expected, strict=True):
        taken = cupy.asnumpy(one)
        assert taken.dtype == other.dtype
        np.testing.assert_array_equal(taken, other, strict=True)


@pytest.mark.parametrize("dtype", CLASSES)
@pytest.mark.parametrize("name", CASES)
def test_convolution_is_numpys(name: str, dtype: str, device: Device, thread_order: str) -> None:
    case = CASES[name]
    inputs = arrays(case, dtype)
    found = trio(cupy_backend, case, *[device.put(x) for x in inputs])
    assert_equal(found, trio(numpy_backend, case, *inputs))


@pytest.mark.parametrize("limit", [1, 3000])
@pytest.mark.parametrize("name", ["strides", "groups", "volume", "one_image"])
def test_pieces_change_no_bit(
    name: str, limit: int, device: Device, thread_order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    inputs = [device.put(x) for x in arrays(case, "float32")]
    at_once = trio(cupy_backend, case, *inputs)
    monkeypatch.setattr(cupy_convolve, "LIMIT", limit)
    with standin.counted() as counts:
        in_pieces = trio(cupy_backend, case, *inputs)
    assert counts.launches_of("tinydl_patches") >= 3 * 2
    assert_equal(in_pieces, [cupy.asnumpy(x) for x in at_once])


def test_a_sum_of_pieces_is_close_for_other_numbers(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES["dilation"]
    inputs = [np.random.default_rng(5).standard_normal(x.shape) for x in arrays(case, "float64")]
    monkeypatch.setattr(cupy_convolve, "LIMIT", 3000)
    found = trio(cupy_backend, case, *[device.put(x) for x in inputs])
    for one, other in zip(found, trio(numpy_backend, case, *inputs), strict=True):
        np.testing.assert_allclose(device.take(one), other, rtol=1e-12, atol=1e-12)


def test_convolution_of_views(device: Device) -> None:
    """Arrays whose strides are not those of C order, some of them 0."""
    case = CASES["strides"]
    x, w, d, bias = arrays(case, "float32")
    turned = [cupy.asfortranarray(device.put(v)) for v in (x, w)]
    spread = cupy.broadcast_to(device.put(d[:1, :1]), d.shape)
    found = trio(cupy_backend, case, *turned, spread, device.put(bias))
    expected = trio(numpy_backend, case, x, w, np.broadcast_to(d[:1, :1], d.shape), bias)
    assert_equal(found, expected)


def test_two_classes_give_the_wider_one(device: Device) -> None:
    case = CASES["line"]
    x, w, d, bias = arrays(case, "float32")
    mixed = [device.put(v) for v in (x, w.astype("float64"), d, bias)]
    assert cupy_backend.convolve(mixed[0], mixed[1], size=case.outputs,
                                 **case.options).dtype == "float64"  # fmt: skip


@pytest.mark.parametrize("part", ["channels", "filters", "images"])
def test_convolution_of_nothing(part: str, device: Device) -> None:
    case = CASES["strides"]._replace(**{part: 0})
    inputs = arrays(case, "float64")
    found = trio(cupy_backend, case, *[device.put(x) for x in inputs])
    for one, other in zip(found, trio(numpy_backend, case, *inputs), strict=True):
        np.testing.assert_array_equal(device.take(one), other, strict=True)


@pytest.mark.parametrize("groups", [1, 3])
def test_launches_of_a_convolution(groups: int, device: Device) -> None:
    case = CASES["groups"]._replace(groups=groups)
    x, w, d, bias = [device.put(v) for v in arrays(case, "float32")]
    trio(cupy_backend, case, x, w, d, bias)  # everything is compiled
    copies = 0 if groups == 1 else 1  # of the weights, or of what stands turned in their product
    for call, launches in (
        (lambda: cupy_backend.convolve(x, w, size=case.outputs, bias=bias, **case.options), 2),
        (lambda: cupy_backend.convolve_input_gradient(d, w, size=case.spatial, **case.options), 2),
        (lambda: cupy_backend.convolve_weight_gradient(x, d, size=case.window, **case.options), 2),
    ):
        with standin.counted() as counts:
            call()
        assert counts.launches <= launches + 2 * copies
        assert counts.gemms == 1
        assert (counts.uploads, counts.downloads, counts.waits) == (0, 0, 0)


# ---- pooling ------------------------------------------------------------------------------------

POOLINGS = {
    "line": Case((301,), (3,), (2,), (1,), ((1, 1),), 3, 3, 2),
    "overlap": Case((13, 11), (3, 3), (1, 2), (1, 1), ((1, 1), (2, 0)), 3, 3, 5),
    "gaps": Case((11, 7), (2, 1), (4, 3), (1, 1), ((0, 0), (0, 0)), 1, 1, 5),
    "volume": Case((5, 6, 7), (2, 3, 2), (1, 2, 2), (1, 1, 1), ((1, 0), (1, 1), (0, 1)), 2, 2, 3),
    "many_taps": Case((19, 23), (17, 19), (1, 2), (1, 1), ((0, 1), (2, 2)), 2, 2, 3),
}


def poolings(library: Any, case: Case, x: Any, d: Any) -> list[Any]:
    before, whole = case.options["before"], {"window": case.window, "stride": case.stride}
    forth = {**whole, "before": before, "size": case.outputs}
    back = {**whole, "before": before, "size": case.spatial}
    y, winner = library.pool_max(x, save=True, **forth)
    steps = [1, *np.cumprod(x.shape)[:-1].tolist()]
    places = library.pool_positions(winner, **whole, before=before, steps=steps)
    return [y, winner, places, library.pool_max(x, save=False, **forth),
            library.pool_take(x, winner, **forth), library.pool_put(d, winner, **back),
            library.pool_sum(x, **forth), library.pool_spread(d, **back)]  # fmt: skip


@pytest.mark.parametrize("dtype", CLASSES)
@pytest.mark.parametrize("name", POOLINGS)
def test_pooling_is_numpys(name: str, dtype: str, device: Device, thread_order: str) -> None:
    """Among so few numbers many are equal: the first of them has to win."""
    case = POOLINGS[name]
    x, _, d, _ = arrays(case, dtype)
    found = poolings(cupy_backend, case, device.put(x), device.put(d))
    assert_equal(found, poolings(numpy_backend, case, x, d))


def test_nan_and_infinity_in_a_maximum(device: Device, thread_order: str) -> None:
    case = POOLINGS["overlap"]
    x, _, d, _ = arrays(case, "float32")
    places = np.random.default_rng(7).integers(0, 12, x.shape)
    x[places == 0], x[places == 1], x[places >= 6] = np.nan, np.inf, -np.inf
    found = poolings(cupy_backend, case, device.put(x), device.put(d))
    with np.errstate(invalid="ignore"):  # in the sums, of Inf − Inf
        expected = poolings(numpy_backend, case, x, d)
    assert_equal(found, expected)


@pytest.mark.parametrize("kind", ["turned", "spread"])
def test_pooling_of_views(kind: str, device: Device) -> None:
    case = POOLINGS["overlap"]
    x, _, d, _ = arrays(case, "float64")
    if kind == "turned":
        given = [cupy.asfortranarray(device.put(v)) for v in (x, d)]
    else:
        x, d = [np.broadcast_to(v[..., :1], v.shape) for v in (x, d)]
        given = [cupy.broadcast_to(device.put(v[..., :1]), v.shape) for v in (x, d)]
    assert_equal(poolings(cupy_backend, case, *given), poolings(numpy_backend, case, x, d))


def test_one_launch_for_a_pooling(device: Device) -> None:
    case = POOLINGS["overlap"]
    x, _, d, _ = [device.put(v) for v in arrays(case, "float32")]
    results = poolings(cupy_backend, case, x, d)
    with standin.counted() as counts:
        poolings(cupy_backend, case, x, d)
    assert counts.launches == len(results) - 1  # values and winners come together
    assert (counts.uploads, counts.downloads, counts.waits) == (0, 0, 0)


@pytest.mark.parametrize("trailing", [6, 7])
def test_positions_in_arrays_of_many_dimensions(trailing: int, device: Device) -> None:
    case = POOLINGS["overlap"]
    shape = (*case.outputs, *(2, 1, 3, 1, 2, 1, 2)[:trailing])
    winner = np.random.default_rng(13).integers(0, 9, shape).astype("uint8")
    options = {"window": case.window, "stride": case.stride, "before": (1, 2),
               "steps": tuple(range(3, 3 + len(shape)))}  # fmt: skip
    found = cupy_backend.pool_positions(device.put(winner), **options)
    assert_equal([found], [numpy_backend.pool_positions(winner, **options)])


def test_pooling_of_nothing(device: Device) -> None:
    case = POOLINGS["overlap"]._replace(images=0)
    x, _, d, _ = arrays(case, "float64")
    found = poolings(cupy_backend, case, device.put(x), device.put(d))
    assert_equal(found, poolings(numpy_backend, case, x, d))


# ---- both ---------------------------------------------------------------------------------------


def test_long_indices(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrays of more than 2³⁰ elements need gives the same."""
    for module in (cupy_convolve, cupy_pool):
        monkeypatch.setattr(module, "index_type", lambda *sizes: "long long")
    for case in (CASES["groups"], CASES["volume"]):
        inputs = arrays(case, "float32")
        found = trio(cupy_backend, case, *[device.put(x) for x in inputs])
        assert_equal(found, trio(numpy_backend, case, *inputs))
    case = POOLINGS["volume"]
    x, _, d, _ = arrays(case, "float32")
    found = poolings(cupy_backend, case, device.put(x), device.put(d))
    assert_equal(found, poolings(numpy_backend, case, x, d))


def test_blocks_that_do_several_rounds(
    device: Device, thread_order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fewer blocks than there is work, threads go on to further elements."""
    kernels = cupy_convolve.windows
    monkeypatch.setattr(kernels, "MOST_BLOCKS", 2)
    monkeypatch.setattr(kernels, "BLOCKS", 6)
    case = CASES["images"]
    inputs = arrays(case, "float32")
    found = trio(cupy_backend, case, *[device.put(x) for x in inputs])
    assert_equal(found, trio(numpy_backend, case, *inputs))
    case = POOLINGS["line"]
    x, _, d, _ = arrays(case, "float32")
    found = poolings(cupy_backend, case, device.put(x), device.put(d))
    assert_equal(found, poolings(numpy_backend, case, x, d))


def test_gathered_gradients_are_the_same_bits_each_time(device: Device) -> None:
    case = CASES["strides"]
    rng = np.random.default_rng(11)
    inputs = [device.put(rng.standard_normal(x.shape).astype("float32"))
              for x in arrays(case, "float32")]  # fmt: skip
    results = []
    for order in ("forward", "reversed"):
        with standin.threads_run(order):
            results.append([device.take(x) for x in trio(cupy_backend, case, *inputs)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_four_spatial_dimensions_are_refused(device: Device) -> None:
    slide = windows.Slide((1,) * 4, (1,) * 4, (0,) * 4)
    with pytest.raises(ValueError, match="only up to 3"):
        cupy_convolve.windows.window((2,) * 4, (1,) * 4, (2,) * 4, slide)
