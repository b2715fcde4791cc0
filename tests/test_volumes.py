"""Convolution of few volumes: the same as by a product for each position, on every path to it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import with_threads
from tinydl.backend import numpy_convolve, numpy_runs, numpy_volumes, threads
from tinydl.primitives.window import output_size


class Volumes:
    """Inputs, weights and gradients of outputs, for a window that numpy_volumes is meant for."""

    def __init__(self, draw: st.DrawFn) -> None:
        each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(3))
        self.window = (*each(1, 3)[:2], draw(st.integers(2, 4)))
        self.slide: dict[str, Any] = {
            "stride": (*each(1, 2)[:2], 1),
            "dilation": each(1, 2),
            "before": each(0, 3),
        }
        padding = tuple((n, draw(st.integers(0, 2))) for n in self.slide["before"])
        reaches = [
            (n - 1) * d + 1 for n, d in zip(self.window, self.slide["dilation"], strict=True)
        ]
        least = [max(1, n - sum(p)) for n, p in zip(reaches, padding, strict=True)]
        more = (*each(0, 3)[:2], draw(st.integers(6, 9)))
        self.space = tuple(n + extra for n, extra in zip(least, more, strict=True))
        self.outputs = output_size(self.space, self.window, stride=self.slide["stride"],
                                   dilation=self.slide["dilation"], padding=padding)  # fmt: skip
        channels, filters = draw(st.integers(4, 9)), draw(st.integers(4, 9))
        images = draw(st.integers(1, 12))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.x = rng.standard_normal((*self.space, channels, images))
        self.w = rng.standard_normal((*self.window, channels, filters))
        self.d = rng.standard_normal((*self.outputs, filters, images))

    def results(self) -> list[Any]:
        return [
            numpy_convolve.convolve(self.x, self.w, size=self.outputs, **self.slide),
            numpy_convolve.convolve_input_gradient(self.d, self.w, size=self.space, **self.slide),
            numpy_convolve.convolve_weight_gradient(self.x, self.d, size=self.window, **self.slide),
        ]


volumes = st.composite(lambda draw: Volumes(draw))


def assert_alike(found: list[Any], expected: list[Any]) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * max(1.0, np.max(np.abs(b))))


@given(volumes())
def test_as_by_a_product_for_each_position(problem: Volumes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        used: list[str] = []
        for name in ("output_rows", "weights_of_rows"):
            patch.setattr(numpy_volumes, name, counted(getattr(numpy_volumes, name), name, used))
        found = problem.results()
        assert {"output_rows", "weights_of_rows"} == set(used)
        used.clear()
        for name in ("suits_outputs", "suits_weights"):
            patch.setattr(numpy_volumes, name, lambda *_: False)
        expected = problem.results()
        assert not used
    assert_alike(found, expected)


def counted(function: Any, name: str, used: list[str]) -> Any:
    def call(*arguments: Any) -> Any:
        used.append(name)
        return function(*arguments)

    return call


@given(volumes(), st.sampled_from([1, 1 << 30]))
def test_blocks_and_threads(problem: Volumes, size: int) -> None:
    expected = problem.results()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_convolve, "BLOCK", size)
        patch.setattr(threads, "LEAST", 1)  # threads also for little work
        alone, together = with_threads([1, 3], problem.results)
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
    assert_alike(alone, expected)


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
