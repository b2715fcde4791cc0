"""dltranspconv as users call it: the transpose of dlconv, sizes, labels, and what cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import SEEDS, normal, numbers
from tinydl import dlarray, dlconv, dltranspconv

X, W = dlarray(normal((3, 4, 2, 2), 1), "SSCB"), normal((3, 2, 5, 2), 2)


@given(
    st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3),
    SEEDS,
)  # fmt: skip
def test_it_is_the_transpose_of_the_convolution(
    n: int, f: int, stride: int, dilation: int, groups: int, seed: int
) -> None:
    """⟨dltranspconv(x), z⟩ = ⟨x, dlconv(z)⟩ for all x and z, with the same weights."""
    options = {"Stride": stride, "DilationFactor": dilation}
    x, w = normal((n, 2 * groups, 2), seed), normal((f, 3, 2, groups), seed + 1)
    there = numbers(dltranspconv(dlarray(x, "SCB"), w, **options))
    assert there.shape == ((n - 1) * stride + (f - 1) * dilation + 1, 3 * groups, 2)
    z = normal(there.shape, seed + 2)
    back = numbers(dlconv(dlarray(z, "SCB"), w, **options))
    np.testing.assert_allclose((there * z).sum(), (x * back).sum(), rtol=1e-10, atol=1e-10)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 5), st.integers(1, 3))
def test_same_is_the_input_times_the_stride(n: int, f: int, stride: int, dilation: int) -> None:
    """The uncropped result, less the same at both ends; zeros follow where it is too short."""
    x, w = dlarray(normal((n, 1), 1), "SC"), normal((f,), 2)
    options = {"Stride": stride, "DilationFactor": dilation}
    whole = numbers(dltranspconv(x, w, **options))
    same = numbers(dltranspconv(x, w, Cropping="same", **options))
    assert same.shape == (n * stride, 1)
    crop = max(0, len(whole) - n * stride)
    kept = whole[crop // 2 : len(whole) - (crop - crop // 2)]
    np.testing.assert_allclose(same[: len(kept)], kept, rtol=1e-12, atol=1e-12)
    assert (same[len(kept) :] == 0).all()


def test_cropping_takes_away_what_it_says() -> None:
    whole = numbers(dltranspconv(X, W, Stride=2))
    assert whole.shape == (7, 8, 5, 2)
    for cropping, part in (
        (1, whole[1:-1, 1:-1]),
        ([2, 0], whole[2:-2]),
        ([[1, 0], [2, 3]], whole[1:-2, :-3]),
    ):
        found = numbers(dltranspconv(X, W, Stride=2, Cropping=cropping))
        np.testing.assert_allclose(found, part, rtol=1e-12, atol=1e-12)


def test_bias_is_added_to_every_position() -> None:
    bias = np.arange(5.0)
    far = dltranspconv(X, W, bias, Stride=4, Cropping="same")
    plain = dltranspconv(X, W, Stride=4, Cropping="same")
    np.testing.assert_allclose(numbers(far), numbers(plain) + bias[:, None], rtol=1e-12)


def test_labels_say_what_the_dimensions_are() -> None:
    expected = numbers(dltranspconv(X, W))
    turned = W.transpose(3, 2, 0, 1)
    np.testing.assert_array_equal(numbers(dltranspconv(X, turned, WeightsFormat="CUSS")), expected)
    np.testing.assert_array_equal(numbers(dltranspconv(X, dlarray(turned, "CUSS"))), expected)
    plain = dltranspconv(numbers(X).transpose(3, 2, 0, 1), W, DataFormat="BCSS")
    assert plain.dims == ""
    np.testing.assert_array_equal(numbers(plain).transpose(2, 3, 1, 0), expected)


def test_over_time() -> None:
    x, w = normal((2, 3, 4), 1), normal((3, 5, 2), 2)
    over_time = dltranspconv(dlarray(x, "CBT"), w, Stride=2)
    over_space = dltranspconv(dlarray(x.transpose(2, 0, 1), "SCB"), w, Stride=2)
    assert over_time.dims == "CBT"
    np.testing.assert_array_equal(numbers(over_time), numbers(over_space).transpose(1, 2, 0))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dltranspconv(X, W[..., :1]), "dltranspconv: weights of 3×2×5×1 are for 1 channel"),
        (lambda: dltranspconv(X, W, [1.0, 2.0]), "dltranspconv: a bias of 2 for 5 filters"),
        (lambda: dltranspconv(X, W, Cropping="sane"), 'Cropping is numbers or "same"'),
        (lambda: dltranspconv(X, W, Cropping=-1), "Cropping is a whole number from 0 on"),
        (lambda: dltranspconv(X, W, Cropping=[3, 0]), r"3 \+ 3 leaves nothing of the 5 positions"),
        (lambda: dltranspconv(X, W, Stride=0), "dltranspconv: Stride is a whole number from 1"),
        (lambda: dltranspconv(X, W, WeightsFormat="SUC"), "format of the weights .* S for"),
        (lambda: dltranspconv(dlarray([[1.0]], "CB"), W), "no S or T dimension"),
    ],
)
def test_what_cannot_be(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
