"""Convolution of a single image in compiled form, held against NumPy's products.

``test_compiled_convolve`` has what is the same for one image and many.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiled_kernels import by_numpy, convolved
from tests.strategies import SEEDS, with_threads
from tests.test_compiled_convolve import A_SINGLE_IMAGE, PLAIN, numbers
from tests.test_compiled_windows import both, geometries
from tests.test_kernels_elementwise import EPSILON, every_class
from tinydl.backend.compiled import single_image as compiled_single_image
from tinydl.backend.compiled.single_image import SingleImage, single_image_for
from tinydl.backend.compiled.windows import Sight
from tinydl.backend.windows import Slide


def by_one_in_the_last(sight: Sight) -> Sight:
    """The same with stride 1 along the last dimension, where there then are more outputs."""
    inputs, window, outputs, (stride, dilation, before) = sight
    last = (outputs[-1] - 1) * stride[-1] + 1
    slide = Slide((*stride[:-1], 1), dilation, before)
    return Sight(inputs, window, (*outputs[:-1], last), slide)


@every_class
@given(
    sight=geometries(3).map(by_one_in_the_last), channels=st.integers(1, 48),
    filters=st.integers(1, 40), seed=SEEDS,
)  # fmt: skip
def test_a_single_image_gives_the_same_to_rounding(
    kind: Any, sight: Sight, channels: int, filters: int, seed: int, numba: None
) -> None:
    inputs = numbers(sight, (1, channels, filters, 1), kind, seed)
    found, expected = both(lambda: convolved(sight, 1, *inputs))
    sizes = by_numpy(lambda: convolved(sight, 1, *map(np.abs, inputs)))
    for one, other, size in zip(found, expected, sizes, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert np.all(np.abs(one - other) <= 30 * EPSILON[kind] * size)


@pytest.mark.parametrize(
    ("inputs", "window"),
    [((9, 8), (1, 1)), ((8,), (1,)), ((30,), (5,)), ((3, 4, 9), (1, 2, 3)), ((9, 8), (4, 1))],
)
def test_windows_of_all_kinds(
    inputs: tuple[int, ...], window: tuple[int, ...], numba: None
) -> None:
    n = len(inputs)
    outputs = tuple([size - taps + 1 for size, taps in zip(inputs, window, strict=True)])
    sight = Sight(inputs, window, outputs, Slide((1,) * n, (1,) * n, (0,) * n))
    values = numbers(sight, A_SINGLE_IMAGE, np.float64, 4)
    assert single_image_for(sight, 1, 20, (10**4, 8), *values[:2]) is not None
    for one, other in zip(*both(lambda: convolved(sight, 1, *values)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_the_compiled_form_is_in_use(monkeypatch: pytest.MonkeyPatch, numba: None) -> None:
    names: list[str] = []
    for name in ("convolve", "convolve_input_gradient"):
        function = getattr(SingleImage, name)
        monkeypatch.setattr(
            SingleImage, name,
            lambda *args, name=name, function=function: names.append(name) or function(*args),
        )  # fmt: skip
    convolved(PLAIN, 1, *numbers(PLAIN, A_SINGLE_IMAGE, np.float32, 0))
    assert names == 3 * ["convolve"] + ["convolve_input_gradient"]


def test_which_images_it_is_for(numba: None) -> None:
    x, w, _, _ = numbers(PLAIN, A_SINGLE_IMAGE, np.float64, 0)
    size = PLAIN.outputs
    fits = lambda x, w, sight=PLAIN, groups=1, filters=20, size=size: (
        single_image_for(sight, groups, filters, size, x, w) is not None
    )
    assert fits(x, w)
    assert not fits(np.zeros((14, 15, 17, 2)), w), "two images"
    assert not fits(x, w, groups=17)
    assert not fits(x, w, filters=1), "no vector of filters"
    assert not fits(x, w.astype(np.float32))
    assert not fits(np.zeros((14, 15, compiled_single_image.CHANNELS + 1, 1)), w), "many channels"
    assert not fits(x, w, sight=PLAIN._replace(slide=Slide((1, 2), (1, 1), (1, 1))))
    assert fits(x, w, sight=PLAIN._replace(slide=Slide((2, 1), (1, 1), (1, 1))))
    assert not fits(x, w, size=(500, 3)), "a short line"
    assert not fits(x[:0], w) and not fits(x, w[:0]) and not fits(x, w, size=(0, 15))
    for kind in (np.complex128, np.float16, np.longdouble):
        assert not fits(x.astype(kind), w.astype(kind))


@every_class
def test_threads_change_no_bit(kind: Any, numba: None) -> None:
    wide = Sight((40, 50), (3, 3), (40, 50), PLAIN.slide)
    inputs = numbers(wide, A_SINGLE_IMAGE, kind, 2)
    first, *others = with_threads((1, 2, 3), lambda: convolved(wide, 1, *inputs))
    for found in others:
        assert all(map(np.array_equal, found, first))
