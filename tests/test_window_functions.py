"""dlconv and pooling as users call them: options, labels, and what cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.strategies import normal, numbers
from tinydl import (
    avgpool,
    dlarray,
    dlconv,
    dlfeval,
    dlgradient,
    maxpool,
    maxunpool,
    randi,
    randperm,
    rng,
    sum,
)
from tinydl.functions.window import padded, padding_widths, per_dimension

IMAGE = np.arange(24.0).reshape(4, 3, 2, 1) % 7
X = dlarray(IMAGE, "SSCB")
W = np.cos(np.arange(12.0)).reshape(2, 1, 2, 3)


@pytest.mark.parametrize(
    "value", ["symmetric-include-edge", "symmetric-exclude-edge", "replicate", 2.5]
)
def test_padding_is_what_numpy_pads(value: Any) -> None:
    modes = {"symmetric-include-edge": "symmetric", "symmetric-exclude-edge": "reflect",
             "replicate": "edge"}  # fmt: skip
    widths = ((2, 1), (0, 2))
    around = (*widths, (0, 0), (0, 0))
    found, left = padded(IMAGE, widths, value)
    if value in modes:
        expected = np.pad(IMAGE, around, modes[value])
    else:
        expected = np.pad(IMAGE, around, constant_values=value)
    np.testing.assert_array_equal(found, expected)
    assert left == ((0, 0), (0, 0))


def test_convolution_pads_and_adds_its_bias() -> None:
    padding = [[1, 0], [0, 1]]
    by_value = dlconv(
        X, W, [1.0, 2.0, 3.0], Padding=padding, PaddingValue="replicate", Stride=[2, 1]
    )
    edge = np.pad(IMAGE, ((1, 0), (0, 1), (0, 0), (0, 0)), "edge")
    by_hand = dlconv(dlarray(edge, "SSCB"), W, Stride=[2, 1])
    assert by_value.dims == "SSCB" and by_value.shape == (2, 4, 3, 1)
    np.testing.assert_allclose(
        numbers(by_value), numbers(by_hand) + np.array([1.0, 2.0, 3.0])[:, None], rtol=1e-14
    )


def test_times_are_observations_and_labels_come_back() -> None:
    video = dlarray(np.stack([IMAGE, 2 * IMAGE], axis=-1), "SSCBT")
    Y = dlconv(video, W)
    assert Y.dims == "SSCBT"
    np.testing.assert_allclose(numbers(Y)[..., 1], 2 * numbers(dlconv(X, W)), rtol=1e-14)
    plain = dlconv(IMAGE, W, DataFormat="SSCB")
    assert plain.dims == ""
    np.testing.assert_array_equal(numbers(plain), numbers(dlconv(X, W)))


def test_labels_say_what_the_dimensions_of_weights_are() -> None:
    expected = numbers(dlconv(X, W))
    for weights, fmt in ((W.transpose(3, 2, 0, 1), "UCSS"), (W.transpose(2, 0, 3, 1), "CSUS")):
        np.testing.assert_array_equal(numbers(dlconv(X, weights, WeightsFormat=fmt)), expected)
        np.testing.assert_array_equal(numbers(dlconv(X, dlarray(weights, fmt))), expected)


def test_time_and_space_under_one_window() -> None:
    """A window over T alone, over S alone, and over both, which makes three dimensions."""
    video = normal((4, 3, 2, 2, 5), 1)
    V, w = dlarray(video, "SSCBT"), normal((2, 1, 3, 2, 3), 2)
    volume = dlarray(video.transpose(0, 1, 4, 2, 3), "SSSCB")
    both = numbers(dlconv(V, w, WeightsFormat="SSTCU", Stride=[2, 1, 1]))
    by_volume = numbers(dlconv(volume, w, Stride=[2, 1, 1]))
    np.testing.assert_allclose(both, by_volume.transpose(0, 1, 3, 4, 2), rtol=1e-12)
    alone = numbers(dlconv(V, w[0, 0], WeightsFormat="TCU"))
    pixels = dlarray(video.reshape(12, 2, 2, 5).transpose(3, 1, 0, 2).reshape(5, 2, 24), "SCB")
    by_pixel = numbers(dlconv(pixels, w[0, 0])).reshape(3, 3, 4, 3, 2).transpose(2, 3, 1, 4, 0)
    np.testing.assert_allclose(alone, by_pixel, rtol=1e-12)


def test_without_space_the_window_slides_over_time() -> None:
    x, w = normal((2, 3, 6), 1), normal((3, 2, 4), 2)
    over_time = dlconv(dlarray(x, "CBT"), w, [1.0, 2.0, 3.0, 4.0], Stride=2)
    over_space = dlconv(dlarray(x.transpose(2, 0, 1), "SCB"), w, [1.0, 2.0, 3.0, 4.0], Stride=2)
    assert over_time.dims == "CBT"
    np.testing.assert_array_equal(numbers(over_time), numbers(over_space).transpose(1, 2, 0))
    for function in (maxpool, avgpool):
        found, expected = function(dlarray(x, "CBT"), 2), function(dlarray(x[None], "SCBT"), 2,
                                                                   PoolFormat="T")  # fmt: skip
        np.testing.assert_array_equal(numbers(found)[None], numbers(expected))


@pytest.mark.parametrize("dilation", [1, 3])
def test_causal_padding_sees_no_later_time(dilation: int) -> None:
    x, w = normal((2, 1, 8), 1), normal((3, 2, 4), 2)
    causal = lambda x: numbers(dlconv(dlarray(x, "CBT"), w, Padding="causal",
                                      DilationFactor=dilation))  # fmt: skip
    later = x.copy()
    later[..., 5:] = 7.0
    np.testing.assert_array_equal(causal(x)[..., :5], causal(later)[..., :5])
    assert causal(x).shape == (4, 1, 8) and (causal(x)[..., 5:] != causal(later)[..., 5:]).all()


def test_the_bias_of_groups_counts_the_filters_of_the_first_group_first() -> None:
    w, bias = np.zeros((1, 1, 1, 3, 2)), np.array([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]])
    Y = dlconv(X, w, bias)
    np.testing.assert_array_equal(numbers(Y)[0, 0, :, 0], [1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize("fmt", ["SSCB", "BCSS", "CSBS"])
@pytest.mark.parametrize("poolsize", [2, "global"])
def test_positions_are_those_in_the_whole_array_as_it_is(fmt: str, poolsize: Any) -> None:
    """They index the array that was given, in the order of its own dimensions."""
    x = np.random.default_rng(0).permutation(120.0 + np.arange(120)).reshape(4, 5, 2, 3)
    order = {"SSCB": (0, 1, 2, 3), "BCSS": (3, 2, 0, 1), "CSBS": (2, 0, 3, 1)}[fmt]
    given = x.transpose(order)
    Y, idx, size = maxpool(given, poolsize, DataFormat=fmt, nargout=3)
    assert (type(idx), idx.dtype.kind, idx.shape, size) == (np.ndarray, "i", Y.shape, given.shape)
    np.testing.assert_array_equal(given.ravel("F")[idx], numbers(Y))
    back = maxunpool(Y, idx, size, DataFormat=fmt)
    np.testing.assert_array_equal(numbers(back), np.where(np.isin(given, numbers(Y)), given, 0))
    labelled, same, _ = maxpool(dlarray(x, "SSCB"), poolsize, nargout=3)
    np.testing.assert_array_equal(x.ravel("F")[same], numbers(labelled))


def test_of_several_elements_for_a_position_the_last_stays() -> None:
    Y, idx = dlarray([[1.0, 2.0], [3.0, 4.0]], "SS"), np.array([[5, 0], [0, 5]])
    x = numbers(maxunpool(Y, idx, (2, 3)))
    np.testing.assert_array_equal(x, [[2.0, 0.0, 0.0], [0.0, 0.0, 4.0]])
    slope = dlfeval(lambda Y: dlgradient(sum(maxunpool(Y, idx, (2, 3)) ** 2, "all"), Y), Y)
    np.testing.assert_array_equal(numbers(slope), [[0.0, 4.0], [0.0, 8.0]])


@pytest.mark.parametrize(
    ("idx", "size", "words"),
    [
        ([[0, 6]], (2, 3), "positions from 0 to 6; an output of 2×3 has those from 0 to 5"),
        ([[-1, 2]], (2, 3), "positions from -1 to 2"),
        ([[0, 1, 2]], (2, 3), "idx of 1×3 for 1.S. × 2.S. dlarray"),
        ([[0, 1]], (2, 3, 1), "outputSize 2×3×1 for 1.S. × 2.S. dlarray"),
        ([[0, 1]], (2, -3), "a size is a whole number"),
    ],
)
def test_positions_that_cannot_be(idx: Any, size: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        maxunpool(dlarray([[1.0, 2.0]], "SS"), idx, size)


def test_positions_are_integers_and_channels_stay() -> None:
    with pytest.raises(TypeError, match="idx has the class float64"):
        maxunpool(dlarray([[1.0, 2.0]], "SS"), [[0.0, 1.0]], (2, 3))
    with pytest.raises(ValueError, match="only those of S and T differ"):
        maxunpool(dlarray([[1.0, 2.0]], "SC"), [[0, 1]], (2, 3))


def test_a_window_as_large_as_the_image() -> None:
    np.testing.assert_array_equal(numbers(maxpool(X, "global")), IMAGE.max((0, 1), keepdims=True))
    np.testing.assert_allclose(
        numbers(avgpool(X, "global")), IMAGE.mean((0, 1), keepdims=True), rtol=1e-15
    )
    for function in (maxpool, avgpool):
        np.testing.assert_allclose(
            numbers(function(X, "global")), numbers(function(X, (4, 3))), rtol=1e-15
        )


def test_options_may_be_arrays() -> None:
    """As whoever computes them has them."""
    two, widths = np.array([2, 3]), np.array([[1, 0], [0, 1]])
    for function in (maxpool, avgpool):
        found = function(X, two, Stride=np.array([2, 1]), Padding=widths)
        expected = function(X, (2, 3), Stride=(2, 1), Padding=((1, 0), (0, 1)))
        np.testing.assert_array_equal(numbers(found), numbers(expected))
    found, expected = (
        dlconv(X, W, Stride=two, Padding=widths),
        dlconv(X, W, Stride=(2, 3), Padding=((1, 0), (0, 1))),
    )
    np.testing.assert_array_equal(numbers(found), numbers(expected))


def test_padding_of_an_average() -> None:
    ones = dlarray(np.ones((2, 2)), "SS")
    assert numbers(avgpool(ones, 2, Padding=1)).tolist()[0] == [0.25, 0.5, 0.25]
    assert (numbers(avgpool(ones, 2, Padding=1, PaddingValue="mean")) == 1).all()
    assert numbers(maxpool(ones, 2, Stride=2, Padding="same")).shape == (1, 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dlconv(X, W, [1.0, 2.0]), "a bias of 2 for 3 filters"),
        (
            lambda: dlconv(X, W[:, :, :1]),
            "2×1×1×3 are for 1 channels, .* 4.S. × 3.S. × 2.C. × 1.B.",
        ),
        (lambda: dlconv(X, W, Stride=[1, 2, 3]), "Stride is a whole number from 1 on, or 2"),
        (lambda: dlconv(X, W, DilationFactor=0), "DilationFactor is a whole number from 1 on"),
        (lambda: dlconv(X, W, Padding="causal"), "causal.* over one dimension, not over 2"),
        (lambda: dlconv(X, W, Padding="sane"), 'Padding is numbers or "same" or "causal"'),
        (lambda: maxpool(X, 2, Padding="causal"), 'Padding is numbers or "same", not'),
        (lambda: dlconv(X, W, Padding=True), "Padding is a whole number from 0 on"),
        (lambda: dlconv(X, W, Padding=1, PaddingValue="mirror"), "PaddingValue is a number or one"),
        (lambda: dlconv(X, W, Padding=1, PaddingValue=True), "PaddingValue is a number or one"),
        (lambda: dlconv(X, W, Padding=4, PaddingValue="symmetric-exclude-edge"), "mirrors at most"),
        (lambda: dlconv(dlarray(np.ones((2, 2)), "CB"), W), "no S or T dimension to slide"),
        (lambda: dlconv(X, W, WeightsFormat="SCU"), "format of the weights .* S for .* has SS"),
        (lambda: dlconv(X, W, WeightsFormat="SSTC"), "format of the weights .* SST .* has SS"),
        (lambda: dlconv(X, W, WeightsFormat="CU"), "format of the weights .* none for"),
        (lambda: dlconv(X, W, WeightsFormat="SSCB"), "with the format SSCB .* each of SSCUU"),
        (lambda: dlconv(X, W, WeightsFormat="SSU"), "2×1×2×3 with the format SSU"),
        (lambda: dlconv(X, W[..., None, None]), "1×1 with the format SSCUU .* each of SSCUU"),
        (
            lambda: dlconv(X, dlarray(W, "SSCU"), WeightsFormat="SSCU"),
            "weights has the format SSCU",
        ),
        (lambda: dlconv(X, W, WeightsFormat="SSCX"), "dlconv: WeightsFormat 'SSCX'"),
        (lambda: dlconv(IMAGE, W, DataFormat="SSBT"), "has no C dimension"),
        (lambda: maxpool(X, 2, PoolFormat="T"), "PoolFormat names the dimensions T .* has SS"),
        (lambda: maxpool(X, 2, PoolFormat="SSC"), "PoolFormat is of S and T, not 'SSC'"),
        (lambda: maxpool(X, 2, nargout=4), "maxpool gives 1 to 3 outputs"),
        (lambda: avgpool(X, 2, PoolFormat=""), "PoolFormat names the dimensions none"),
        (lambda: maxpool(X, "all"), 'poolsize is numbers or "global"'),
        (lambda: maxpool(X, "global", Stride=2), "no Stride and no Padding"),
        (lambda: avgpool(X, 2, PaddingValue=1), 'PaddingValue is 0 or "mean"'),
        (lambda: avgpool(X, (2, 2, 2)), "poolsize is a whole number from 1 on, or 2"),
        (lambda: maxpool(X, 9), "window of size 9"),
        (lambda: per_dimension(1.5, 2, "n"), "n is a whole number"),
        (lambda: padding_widths([[1], [2, 3, 4]], (3, 3), (1, 1), (1, 1), (1, 1)), "Padding"),
        (lambda: rng(-1), "the seed is a whole number"),
        (lambda: rng(True), "the seed is a whole number"),
        (lambda: randi([3, 1]), "no range of whole numbers"),
        (lambda: randperm(3, 4), "4 of 3 positions"),
    ],
)
def test_what_cannot_be(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
