"""Images and interpolation as users call them: labels, options, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, normal, numbers, same
from tinydl import dlarray, dlfeval, dlgradient

IMAGES = np.abs(normal((6, 7, 3, 2), 0)) % 1
X = dlarray(IMAGES, "SSCB")
NEARBY = dlarray(IMAGES * 0.9 + 0.05, "SSCB")


# ---- pixels and channels ------------------------------------------------------------------------


@given(sizes=st.tuples(*[st.integers(1, 3)] * 5), block=st.tuples(*[st.integers(1, 3)] * 2))
def test_space_and_depth_undo_each_other(sizes: tuple[int, ...], block: tuple[int, int]) -> None:
    h, w, c, b, t = sizes
    x = dlarray(normal((h * block[0], w * block[1], c, b, t), 1), "SSCBT")
    deep = dl.spaceToDepth(x, block)
    assert deep.shape == (h, w, c * block[0] * block[1], b, t)
    assert same(dl.depthToSpace(deep, block), x)


def test_the_channels_of_a_block_are_counted_as_matlab_counts_them() -> None:
    x = np.arange(1.0, 49.0)
    deep = dlarray(x.reshape((2, 2, 12), order="F"), "SSC")
    wide = numbers(dl.depthToSpace(deep, 2))
    assert wide[:, :, 0].tolist() == [[1, 13, 3, 15], [25, 37, 27, 39], [2, 14, 4, 16],
                                      [26, 38, 28, 40]]  # fmt: skip
    flat = numbers(dl.spaceToDepth(dlarray(x.reshape((4, 4, 3), order="F"), "SSC"), 2))
    assert flat[:, :, 1].tolist() == [[17, 25], [19, 27]]
    assert flat[:, :, 3].tolist() == [[5, 13], [7, 15]]
    assert flat[:, :, 6].tolist() == [[2, 10], [4, 12]]


def test_pixels_that_fill_no_block_are_left_out() -> None:
    assert same(dl.spaceToDepth(X, 3), dl.spaceToDepth(X[:, :6, :, :], 3))


def test_arrays_without_labels() -> None:
    plain = IMAGES.transpose(3, 0, 1, 2)
    for call in (
        lambda x, **o: dl.spaceToDepth(x, [2, 7], **o),
        lambda x, **o: dl.dlresize(x, Scale=2, Method="linear", **o),
    ):
        Y = call(plain, DataFormat="BSSC")
        assert Y.dims == ""
        np.testing.assert_array_equal(numbers(Y), numbers(call(X)).transpose(3, 0, 1, 2))


@given(n=st.integers(1, 6), m=st.integers(1, 9), seed=SEEDS)
def test_a_linear_resize_keeps_constants_and_straight_lines(n: int, m: int, seed: int) -> None:
    constant = dl.dlresize(dlarray(np.full((n, 2), 3.0), "SC"), OutputSize=m, Method="linear")
    assert np.allclose(numbers(constant), 3.0, rtol=1e-15)
    line = dlarray(np.arange(n, dtype=float)[:, None], "SC")
    places = np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
    found = numbers(dl.dlresize(line, OutputSize=m, Method="linear"))[:, 0]
    assert np.allclose(found, places, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"Scale": 2}, [0, 0, 1, 1, 2, 2, 3, 3]),
        ({"Scale": 0.5}, [1, 3]),  # ½ and 2½ are rounded up
        ({"Scale": 0.5, "NearestRoundingMode": "floor"}, [0, 2]),
        ({"Scale": 0.75, "NearestRoundingMode": "floor"}, [0, 1, 2]),
        ({"Scale": 0.75, "NearestRoundingMode": "onnx-10"}, [1, 2, 3]),
        ({"OutputSize": 3, "GeometricTransformMode": "asymmetric"}, [0, 1, 3]),
        ({"OutputSize": 3, "GeometricTransformMode": "asymmetric",
          "NearestRoundingMode": "onnx-10"}, [0, 2, 3]),
        ({"Scale": 1.5, "GeometricTransformMode": "asymmetric",
          "NearestRoundingMode": "onnx-10"}, [0, 0, 1, 2, 2, 3]),
        ({"Scale": 2, "GeometricTransformMode": "asymmetric", "Method": "linear"},
         [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]),
        ({"Scale": 2, "Method": "linear"}, [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]),
    ],
)  # fmt: skip
def test_where_new_pixels_come_from(options: Any, expected: list[float]) -> None:
    x = dlarray([[0.0], [1.0], [2.0], [3.0]], "SC")
    assert numbers(dl.dlresize(x, **options)).ravel().tolist() == expected


def test_nearest_pixels_are_copied_as_they_are() -> None:
    x = dlarray([[np.inf], [np.nan], [1.0]], "SC")
    found = numbers(dl.dlresize(x, Scale=2)).ravel()
    np.testing.assert_array_equal(found, np.repeat([np.inf, np.nan, 1.0], 2))


# ---- similarity ---------------------------------------------------------------------------------


def test_labels_of_similarity() -> None:
    for call, shape in ((dl.psnr, (1, 1, 1, 2)), (dl.ssim, (1, 1, 3, 2))):
        found = call(X, NEARBY)
        assert (found.dims, found.shape) == ("SSCB", shape)
        order = (3, 0, 1, 2)
        plain = call(numbers(X).transpose(order), numbers(NEARBY).transpose(order),
                     DataFormat="BSSC")  # fmt: skip
        assert isinstance(plain, np.ndarray)
        assert np.allclose(plain, numbers(found).transpose(order), rtol=1e-12)
    assert dl.multissim(X, NEARBY, NumScales=2).shape == (1, 1, 3, 2)


def test_arrays_without_labels_are_one_image() -> None:
    a, b = IMAGES[:, :, 0, 0], numbers(NEARBY)[:, :, 0, 0]
    for call in (dl.psnr, dl.ssim, lambda *xs: dl.multissim(*xs, NumScales=2)):
        assert np.shape(call(a, b)) == ()
        assert call(dlarray(a), dlarray(b)).dims == ""
        assert np.allclose(call(a, b), numbers(call(dlarray(a, "SS"), dlarray(b, "SS"))))
    error = ((IMAGES - numbers(NEARBY)) ** 2).mean()
    assert np.allclose(dl.psnr(IMAGES, numbers(NEARBY)), -10 * np.log10(error))


def test_equal_images() -> None:
    assert np.allclose(numbers(dl.ssim(X, X)), 1.0, rtol=1e-12)
    assert np.allclose(numbers(dl.multissim(X, X, NumScales=3)), 1.0, rtol=1e-12)
    assert float(dl.psnr(IMAGES, IMAGES)) == np.inf


def test_second_outputs() -> None:
    quality, at_each = dl.ssim(X, NEARBY, nargout=2)
    assert at_each.shape == X.shape
    assert np.allclose(numbers(at_each).mean(axis=(0, 1), keepdims=True), numbers(quality))
    peak, ratio = dl.psnr(X, NEARBY, nargout=2)
    power = (numbers(NEARBY) ** 2).mean(axis=(0, 1, 2), keepdims=True)
    assert np.allclose(numbers(ratio), numbers(peak) + 10 * np.log10(power))


def test_the_range_of_the_pixels() -> None:
    assert np.allclose(dl.psnr(255 * IMAGES, 255 * numbers(NEARBY), 255),
                       dl.psnr(IMAGES, numbers(NEARBY)))  # fmt: skip
    for call in (dl.ssim, lambda *xs, **o: dl.multissim(*xs, NumScales=2, **o)):
        assert np.allclose(numbers(call(255 * X, 255 * NEARBY, DynamicRange=255)),
                           numbers(call(X, NEARBY)))  # fmt: skip


def test_the_whole_formula_of_ssim_agrees_with_its_short_form() -> None:
    constants = [1e-4, 9e-4, 4.5e-4 * (1 + 1e-14)]  # not C₂/2 to the last bit
    found = dl.ssim(X, NEARBY, RegularizationConstants=constants)
    assert np.allclose(numbers(found), numbers(dl.ssim(X, NEARBY)), rtol=1e-9)


def test_volumes() -> None:
    volume = np.abs(normal((4, 3, 5), 3))
    assert np.allclose(dl.ssim(volume, volume), 1.0)
    flat = np.repeat(IMAGES[:, :, :1, 0], 3, axis=2)
    near = np.repeat(numbers(NEARBY)[:, :, :1, 0], 3, axis=2)
    assert np.allclose(dl.ssim(flat, near), dl.ssim(flat[:, :, 0], near[:, :, 0]))


# ---- classes ------------------------------------------------------------------------------------


def test_generalized_dice() -> None:
    T = np.zeros((4, 3, 2))
    T[0, 0], T[1:, 0], T[:, 1:, 1] = 1.0, [1.0, 0.0], 1.0
    for fmt, shape in (("SCB", (1, 1, 2)), ("CSB", (1, 1, 2)), ("BCS", (1, 1, 4))):
        found = dl.generalizedDice(dlarray(T, fmt), dlarray(T, fmt))
        assert found.shape == shape
        assert np.allclose(numbers(found), 1.0)


def test_a_class_without_a_true_pixel_takes_no_part() -> None:
    T = dlarray([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], "SC")
    p = dlarray([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3]], "SC")

    def loss(p: dlarray) -> Any:
        similarity = dl.generalizedDice(p, T)
        return similarity, dlgradient(1 - dl.sum(similarity, "all"), p)

    similarity, slope = dlfeval(loss, p)
    assert same(similarity, dl.generalizedDice(p[:, :2], T[:, :2]))
    assert np.isfinite(numbers(slope)).all()
    assert numbers(slope)[:, 2].tolist() == [0.0, 0.0]


def test_focal_cross_entropy_without_focus_is_cross_entropy() -> None:
    p = dl.softmax(dlarray(normal((3, 4), 0), "CB"))
    T = np.eye(3)[:, [0, 2, 1, 1]]
    plain = dl.focalCrossEntropy(p, T, Gamma=0, Alpha=1)
    assert np.allclose(float(plain), float(dl.crossentropy(p, T)), rtol=1e-14)
    for mode in ("single-label", "multilabel"):
        options = {"ClassificationMode": mode, "Reduction": "none"}
        each = dl.focalCrossEntropy(p, T, Gamma=0, Alpha=0.5, **options)
        half = 0.5 * dl.crossentropy(p, T, **options)
        assert np.allclose(numbers(each), numbers(half), rtol=1e-14)


def test_the_defaults_of_focal_cross_entropy() -> None:
    p, T = np.array([[0.2], [0.8]]), np.array([[1.0], [1.0]])
    expected = -0.25 * (0.8**2 * np.log(0.2) + 0.2**2 * np.log(0.8)) / 2  # two targets
    assert np.allclose(float(dl.focalCrossEntropy(dlarray(p, "CB"), T)), expected, rtol=1e-14)


# ---- interpolation ------------------------------------------------------------------------------

POINTS, VALUES = [0.0, 1.0, 4.0], [1.0, 3.0, -3.0]
QUERIES = [-1.0, 0.0, 0.25, 0.5, 1.0, 2.5, 3.0, 4.0, 5.0, np.nan]
NAN = np.nan


@pytest.mark.parametrize(
    ("method", "inside", "before", "after"),
    [
        ("linear", [1, 1.5, 2, 3, 0, -1, -3], -1, -5),
        ("nearest", [1, 1, 3, 3, -3, -3, -3], 1, -3),
        ("previous", [1, 1, 1, 3, 3, 3, -3], NAN, -3),
        ("next", [1, 3, 3, 3, -3, -3, -3], 1, NAN),
    ],
)  # fmt: skip
def test_methods_and_extrapolation(
    method: str, inside: list[float], before: float, after: float
) -> None:
    for extrapolation, ends in ((None, (NAN, NAN)), (7, (7, 7)), ("extrap", (before, after))):
        found = dl.interp1(POINTS, VALUES, QUERIES, method, extrapolation)
        np.testing.assert_array_equal(found, [ends[0], *inside, ends[1], NAN])


@given(seed=SEEDS, n=st.integers(2, 8), method=st.sampled_from(["linear", "nearest", "next"]))
def test_points_come_in_any_order(seed: int, n: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    x, v, xq = rng.standard_normal(n), rng.standard_normal((n, 2)), rng.standard_normal(5)
    order = np.argsort(x)
    found = dl.interp1(x, v, xq, method)
    np.testing.assert_array_equal(found, dl.interp1(x[order], v[order], xq, method))
    assert np.allclose(dl.interp1(x, v, x, method), v, rtol=1e-12)


def test_shapes_and_labels_of_interp1() -> None:
    xq = np.array([[0.5, 1.0], [2.0, 3.0]])
    assert dl.interp1(POINTS, VALUES, xq).shape == (2, 2)
    assert dl.interp1(POINTS, np.array(VALUES)[:, None], xq).shape == (2, 2)
    assert dl.interp1(POINTS, VALUES, 0.5).shape == ()
    assert dl.interp1(POINTS, VALUES, dlarray(xq, "CB")).dims == "CB"
    table = dlarray(normal((3, 2, 4), 0), "SCB")
    found = dl.interp1(POINTS, table, xq.ravel())
    assert (found.dims, found.shape) == ("SCB", (4, 2, 4))
    assert dl.interp1(np.float32(POINTS), VALUES, xq).dtype == np.float32


def test_slopes_of_interp1() -> None:
    def slopes(x: dlarray, v: dlarray, xq: dlarray) -> Any:
        return dlgradient(dl.sum(dl.interp1(x, v, xq), "all"), x, v, xq)

    given = [dlarray(a) for a in (POINTS, VALUES, [0.25, 2.0])]
    by_x, by_v, by_query = [numbers(g) for g in dlfeval(slopes, *given)]
    assert np.allclose(by_query, [2.0, -2.0])
    assert np.allclose(by_v, [0.75, 0.25 + 2 / 3, 1 / 3])
    assert np.allclose(by_x, [-2 * 0.75, -2 * 0.25 + 2 * 2 / 3, 2 / 3])


# ---- what cannot be -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dl.depthToSpace(X, 2), "depthToSpace: the 3 channels .* a multiple of 4"),
        (lambda: dl.depthToSpace(X, 1, Mode="rcd"), "Mode is one of dcr, crd"),
        (lambda: dl.depthToSpace(X, [1, 1, 1]), "depthToSpace: blockSize is a whole number"),
        (lambda: dl.spaceToDepth(X, 0), "spaceToDepth: blockSize is a whole number from 1"),
        (lambda: dl.spaceToDepth(dlarray(IMAGES[:, :, 0, 0], "SB"), 2), "has no C dimension"),
        (lambda: dl.dlresize(X), "dlresize: give one of Scale= and OutputSize="),
        (lambda: dl.dlresize(X, Scale=-1), "dlresize: Scale is a positive number, or 2 of them"),
        (lambda: dl.dlresize(X, Scale=[1, 2, 3]), "dlresize: Scale is a positive number"),
        (lambda: dl.dlresize(X, Scale=0.1), "dlresize: Scale=0.1 leaves nothing of"),
        (lambda: dl.dlresize(X, OutputSize=3), "dlresize: OutputSize is 2 whole numbers, not 3"),
        (lambda: dl.dlresize(X, Scale=2, Method="cubic"), "Method is one of nearest, linear"),
        (lambda: dl.dlresize(X[:0, :, :, :], Scale=2), "has no pixels to interpolate"),
        (lambda: dl.psnr(X, NEARBY, 0), "psnr: peakval is a positive number, not 0"),
        (lambda: dl.psnr(X, NEARBY[:, :, :, :1]), "psnr: the image is .* and the reference"),
        (lambda: dl.psnr(X, NEARBY, nargout=3), "psnr gives 1 to 2 outputs"),
        (lambda: dl.ssim(IMAGES, IMAGES), "ssim: .* has 4 spatial dimensions instead of 2 or 3"),
        (lambda: dl.ssim(X, X, Exponents=[1, 2]), "ssim: Exponents is 3 positive numbers"),
        (lambda: dl.ssim(X, X, RegularizationConstants=[0, 1, 1]), "is 3 positive numbers"),
        (lambda: dl.ssim(X, X, Radius=0), "ssim: the window's standard deviation"),
        (lambda: dl.ssim(X, X, DynamicRange=-1), "ssim: DynamicRange is a positive number"),
        (lambda: dl.multissim(X, X), "multissim: images of 6 × 7 pixels for 5 scales, .* 16 in"),
        (lambda: dl.multissim(X, X, NumScales=2, ScaleWeights=[1]), "ScaleWeights is 2 positive"),
        (lambda: dl.multissim(IMAGES[..., 0], IMAGES[..., 0]), "3 spatial dimensions instead of 2"),
        (lambda: dl.generalizedDice(dlarray(IMAGES[0, 0], "SB"), IMAGES[0, 0]), "no C dimension"),
        (lambda: dl.focalCrossEntropy(X, IMAGES, Gamma=-1), "Gamma is at least 0 and Alpha"),
        (lambda: dl.focalCrossEntropy(X, IMAGES, Alpha=2), "Alpha between 0 and 1, not 2.0 and 2"),
        (lambda: dl.focalCrossEntropy(X, 0 * IMAGES), "nothing to average"),
        (lambda: dl.interp1([0, 1], [0, 1], [0.5], "cubic"), "method is one of linear, nearest"),
        (lambda: dl.interp1([0, 1], [0, 1], [0.5], "linear", "none"), "extrapolation is a number"),
        (lambda: dl.interp1([0], [0], [0.5]), "interp1: x is 1 dlarray; it is a vector of at"),
        (lambda: dl.interp1([0, 1], [0, 1, 2], [0.5]), "interp1: v of 3 for 2 points in x"),
        (lambda: dl.interp1([0, 0], [0, 1], [0.5]), "interp1: two points in x are equal"),
        (lambda: dl.interp1([0, NAN], [0, 1], [0.5]), "or one is NaN"),
        (lambda: dl.interp1([0, 1], np.eye(2), np.eye(2)), "with several columns in v it must be"),
    ],
)  # fmt: skip
def test_what_they_refuse(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
