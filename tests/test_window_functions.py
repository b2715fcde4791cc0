"""dlconv, maxpool and avgpool as users call them: options, labels, and what cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.strategies import numbers
from tinydl import avgpool, dlarray, dlconv, maxpool, randi, randperm, rng
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


def test_a_window_as_large_as_the_image() -> None:
    np.testing.assert_array_equal(numbers(maxpool(X, "global")), IMAGE.max((0, 1), keepdims=True))
    np.testing.assert_allclose(
        numbers(avgpool(X, "global")), IMAGE.mean((0, 1), keepdims=True), rtol=1e-15
    )
    for function in (maxpool, avgpool):
        np.testing.assert_allclose(
            numbers(function(X, "global")), numbers(function(X, (4, 3))), rtol=1e-15
        )


def test_padding_of_an_average() -> None:
    ones = dlarray(np.ones((2, 2)), "SS")
    assert numbers(avgpool(ones, 2, Padding=1)).tolist()[0] == [0.25, 0.5, 0.25]
    assert (numbers(avgpool(ones, 2, Padding=1, PaddingValue="mean")) == 1).all()
    assert numbers(maxpool(ones, 2, Stride=2, Padding="same")).shape == (1, 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dlconv(X, W, [1.0, 2.0]), "a bias of 2 for 3 filters"),
        (lambda: dlconv(X, W[:, :, :1]), "then 2 channels, then the filters"),
        (lambda: dlconv(X, W, Stride=[1, 2, 3]), "Stride is a whole number from 1 on, or 2"),
        (lambda: dlconv(X, W, DilationFactor=0), "DilationFactor is a whole number from 1 on"),
        (lambda: dlconv(X, W, Padding="causal"), 'Padding is numbers or "same"'),
        (lambda: dlconv(X, W, Padding=True), "Padding is a whole number from 0 on"),
        (lambda: dlconv(X, W, Padding=1, PaddingValue="mirror"), "PaddingValue is a number or one"),
        (lambda: dlconv(X, W, Padding=1, PaddingValue=True), "PaddingValue is a number or one"),
        (lambda: dlconv(X, W, Padding=4, PaddingValue="symmetric-exclude-edge"), "mirrors at most"),
        (lambda: dlconv(dlarray(np.ones((2, 2)), "CB"), W), "no S dimension"),
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
