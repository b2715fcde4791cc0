"""Convolution of few images: the same as by a product for each position, on every path to it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import with_threads
from tinydl.backend import numpy_convolve, numpy_few_images, numpy_runs, threads
from tinydl.backend.windows import Slide
from tinydl.primitives.window import output_size

KERNELS = ("output_rows", "weights_of_rows")


class Problem:
    """Inputs, weights and gradients of outputs, in one to three dimensions of space."""

    def __init__(self, draw: st.DrawFn) -> None:
        n = draw(st.integers(1, 3))
        each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(n))
        self.window = each(1, 4)
        self.slide: dict[str, Any] = {
            "stride": each(1, 3),
            "dilation": each(1, 3),
            "before": each(-1, 4),
        }
        padding = tuple((k, draw(st.integers(0, 4))) for k in self.slide["before"])
        reaches = [
            (k - 1) * d + 1 for k, d in zip(self.window, self.slide["dilation"], strict=True)
        ]
        least = [max(1, k - sum(p)) for k, p in zip(reaches, padding, strict=True)]
        self.space = tuple(k + extra for k, extra in zip(least, each(0, 4), strict=True))
        self.outputs = output_size(self.space, self.window, stride=self.slide["stride"],
                                   dilation=self.slide["dilation"], padding=padding)  # fmt: skip
        channels, filters = draw(st.sampled_from([1, 2, 9, 26])), draw(st.sampled_from([1, 3, 25]))
        images = draw(st.sampled_from([1, 2, 3, 7, 40]))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.x = rng.standard_normal((*self.space, channels, images))
        self.w = rng.standard_normal((*self.window, channels, filters))
        self.d = rng.standard_normal((*self.outputs, filters, images))

    def results(self) -> list[Any]:
        return trio(self.x, self.w, self.d, self.slide)


problems = st.composite(lambda draw: Problem(draw))


def trio(x: Any, w: Any, d: Any, slide: dict[str, Any]) -> list[Any]:
    """The convolution, the gradient by the input, the gradient by the weights."""
    return [
        numpy_convolve.convolve(x, w, size=d.shape[:-2], **slide),
        numpy_convolve.convolve_input_gradient(d, w, size=x.shape[:-2], **slide),
        numpy_convolve.convolve_weight_gradient(x, d, size=w.shape[:-2], **slide),
    ]


def choose(patch: pytest.MonkeyPatch, few: bool) -> None:
    """Have all convolutions take the form for few images, or never."""
    for name in ("suits_outputs", "suits_weights"):
        patch.setattr(numpy_few_images, name, lambda *_: few)


def assert_alike(found: list[Any], expected: list[Any], rtol: float = 1e-12) -> None:
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, np.max(np.abs(b))))


@given(problems())
def test_as_by_the_other_forms(problem: Problem) -> None:
    with pytest.MonkeyPatch.context() as patch:
        used: list[str] = []
        for name in KERNELS:
            kernel = getattr(numpy_few_images, name)
            patch.setattr(numpy_few_images, name, counted(kernel, name, used))
        choose(patch, few=True)
        found = problem.results()
        assert set(used) == set(KERNELS)
        used.clear()
        choose(patch, few=False)
        expected = problem.results()
        assert not used
    assert_alike(found, expected)


def counted(function: Any, name: str, used: list[str]) -> Any:
    def call(*arguments: Any) -> Any:
        used.append(name)
        return function(*arguments)

    return call


@given(problems(), st.sampled_from([1, 1 << 30]))
def test_blocks_and_threads(problem: Problem, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        choose(patch, few=True)
        expected = problem.results()
        patch.setattr(numpy_convolve, "BLOCK", size)
        patch.setattr(threads, "LEAST", 1)  # threads also for little work
        alone, together = with_threads([1, 3], problem.results)
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
    assert_alike(alone, expected)


# ---- where the forms change ----------------------------------------------------------------------

SPACES = {
    "image": (((13, 17), (3, 3)), 8, 20),
    "thin": (((13, 17), (3, 3)), 2, 20),
    "a row": (((33,), (3,)), 8, 20),
    "tiny": (((13, 17), (3, 3)), 20, 2),
    "volume": (((5, 6, 12), (3, 3, 3)), 6, 12),
}


@pytest.mark.parametrize("kind", SPACES)
def test_images_up_to_and_from_a_threshold(kind: str) -> None:
    """One image more changes the form: a batch is what its images are by themselves."""
    (space, window), channels, filters = SPACES[kind]
    n, most = len(space), 64
    rng = np.random.default_rng(0)
    slide: dict[str, Any] = {"stride": (1,) * n, "dilation": (1,) * n, "before": (1,) * n}
    draw = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    x, w = draw(*space, channels, most), draw(*window, channels, filters)
    d = draw(*space, filters, most)
    alone = [trio(x[..., i : i + 1], w, d[..., i : i + 1], slide) for i in range(most)]
    forms = set()
    for images in [*range(1, 14), 24, 25, 32, 33, most]:
        few = slice(images)
        suits = [
            chooser(x[..., few], window, (*space, filters, images), Slide(**slide))
            for chooser in (numpy_few_images.suits_outputs, numpy_few_images.suits_weights)
        ]
        forms.add(tuple(suits))
        y, to_x, to_w = zip(*alone[:images], strict=True)
        expected = [np.concatenate(y, -1), np.concatenate(to_x, -1), sum(to_w)]
        assert_alike(trio(x[..., few], w, d[..., few], slide), expected, 2e-5)
    assert len(forms) > 1


# ---- numbers that are not finite -----------------------------------------------------------------

ODD = [np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("stride", "dilation"), [((1, 1), (1, 1)), ((2, 1), (1, 2)), ((1, 2), (2, 1))]
)
def test_what_is_not_finite_stays_where_it_belongs(
    odd: float, stride: tuple[int, int], dilation: tuple[int, int]
) -> None:
    """As by a product for each position, which pads nothing.

    The gradient by the weights is taken for few images in steps of one column alone.
    """
    rng = np.random.default_rng(0)
    slide: dict[str, Any] = {"stride": stride, "dilation": dilation, "before": (1, 1)}
    x, w = rng.standard_normal((7, 9, 26, 7)), rng.standard_normal((3, 3, 26, 25))
    size = output_size((7, 9), (3, 3), stride=stride, dilation=dilation, padding=((1, 1), (1, 1)))
    d = rng.standard_normal((*size, 25, 7))
    kernels = 3 if stride[1] == 1 else 2
    for at in [(0, 0), (-1, -1), (3, 4)]:
        broken_x, broken_w, broken_d = x.copy(), w.copy(), d.copy()
        broken_x[(*at, 5, 1)] = odd
        broken_d[(at[0] % size[0], at[1] % size[1], 2, 1)] = odd
        broken_w[(at[0] % 3, at[1] % 3, 5, 2)] = odd
        for arrays in ((broken_x, w, d), (x, broken_w, d), (x, w, broken_d)):
            with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
                choose(patch, few=True)
                found = trio(*arrays, slide)
                choose(patch, few=False)
                for small in ("SMALL_BATCH", "SMALL_BATCH_WEIGHTS"):
                    patch.setattr(numpy_convolve, small, 0)
                expected = trio(*arrays, slide)
            for a, b in zip(found[:kernels], expected[:kernels], strict=True):
                np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b))


# ---- rows that are moved as wholes ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 2, 1), (1, 1, 1)])
def test_rows_are_moved_as_wholes(shape: tuple[int, ...], dtype: Any) -> None:
    x = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    y = np.empty((shape[1], shape[0], shape[2]), dtype)
    assert numpy_runs.have_runs(x, y)
    numpy_runs.runs(y)[...] = numpy_runs.runs(x).T
    np.testing.assert_array_equal(y, x.swapaxes(0, 1))


@pytest.mark.parametrize("x", [np.ones((2, 3))[:, ::2], np.ones((3, 2)).T, np.ones((2, 0))])
def test_rows_in_several_pieces_are_none(x: Any) -> None:
    assert not numpy_runs.have_runs(np.ones((2, 2)), x)
