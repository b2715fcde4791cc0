"""Convolution of pairs of rows: the same as by a product for each row of taps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import with_threads
from tests.test_few_images import assert_alike, counted, trio
from tinydl.backend import numpy_convolve, numpy_few_images, numpy_pairs, threads
from tinydl.backend.windows import Slide
from tinydl.primitives.window import output_size

KERNELS = ("output_rows", "weights_of_rows")
SAME: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "before": (1, 1)}


class Problem:
    """Inputs, weights and gradients of outputs, with three rows of taps that slide row by row."""

    def __init__(self, draw: st.DrawFn) -> None:
        n = draw(st.integers(1, 2))
        each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(n))
        window = (3, *each(1, 3))
        self.slide: dict[str, Any] = {
            "stride": (1, *each(1, 2)),
            "dilation": (1, *each(1, 2)),
            "before": (draw(st.integers(-1, 4)), *each(-1, 3)),
        }
        padding = tuple((k, draw(st.integers(0, 4))) for k in self.slide["before"])
        reaches = [(k - 1) * d + 1 for k, d in zip(window, self.slide["dilation"], strict=True)]
        least = [max(1, k - sum(p)) for k, p in zip(reaches, padding, strict=True)]
        space = tuple(k + draw(st.integers(0, 5)) for k in least)
        outputs = output_size(space, window, stride=self.slide["stride"],
                              dilation=self.slide["dilation"], padding=padding)  # fmt: skip
        channels, filters = draw(st.sampled_from([1, 9, 26])), draw(st.sampled_from([1, 3, 25]))
        images = draw(st.sampled_from([9, 12, 70]))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.x = rng.standard_normal((*space, channels, images))
        self.w = rng.standard_normal((*window, channels, filters))
        self.d = rng.standard_normal((*outputs, filters, images))

    def results(self) -> list[Any]:
        return trio(self.x, self.w, self.d, self.slide)


problems = st.composite(lambda draw: Problem(draw))


def choose(patch: pytest.MonkeyPatch, pairs: bool) -> None:
    """Have all convolutions, or none, be computed for pairs of rows."""
    for name in ("suits_outputs", "suits_weights"):
        patch.setattr(numpy_pairs, name, lambda *_: pairs)
        patch.setattr(numpy_few_images, name, lambda *_: False)


def both_forms(x: Any, w: Any, d: Any, slide: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The results by pairs, and those by a product for each row of taps."""
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        choose(patch, pairs=True)
        by_pairs = trio(x, w, d, slide)
        choose(patch, pairs=False)
        return by_pairs, trio(x, w, d, slide)


@given(problems())
def test_as_by_the_plain_form(problem: Problem) -> None:
    with pytest.MonkeyPatch.context() as patch:
        used: list[str] = []
        for name in KERNELS:
            patch.setattr(numpy_pairs, name, counted(getattr(numpy_pairs, name), name, used))
        choose(patch, pairs=True)
        found = problem.results()
        assert set(used) == set(KERNELS)
        used.clear()
        choose(patch, pairs=False)
        expected = problem.results()
        assert not used
    assert_alike(found, expected)


@given(problems(), st.sampled_from([1, 1 << 30]))
def test_blocks_and_threads(problem: Problem, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        choose(patch, pairs=True)
        expected = problem.results()
        patch.setattr(numpy_convolve, "BLOCK", size)
        patch.setattr(threads, "LEAST", 1)  # threads also for little work
        alone, *together = with_threads([1, 2, 3], problem.results)
    for found in together:
        assert all(np.array_equal(a, b) for a, b in zip(alone, found, strict=True))
    assert_alike(alone, expected)


@pytest.mark.parametrize("rows", [6, 7, 8])
def test_every_block_is_handed_on_once_it_is_finished(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks hold whole pairs of rows, and the bias is in them."""
    choose(monkeypatch, pairs=True)
    monkeypatch.setattr(numpy_convolve, "BLOCK", 1)
    x, w, bias = draw(rows, 5, 9, 12), draw(3, 3, 9, 4), draw(4, 1)
    blocks: dict[int, Any] = {}
    keep = lambda first, end, part: blocks.update({first: part.copy()})
    y = numpy_convolve.convolve(x, w, size=(rows, 5), bias=bias, each=keep, **SAME)
    assert sorted(blocks) == list(range(0, rows, 2))
    np.testing.assert_array_equal(np.concatenate([blocks[i] for i in sorted(blocks)]), y)
    plain = numpy_convolve.convolve(x, w, size=(rows, 5), **SAME)
    np.testing.assert_allclose(y, plain + bias, rtol=0, atol=1e-13)


# ---- rounding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [-np.inf, 0.0])  # 0: as after relu, where sums grow most
def test_rounding_is_about_that_of_the_plain_form(least: float) -> None:
    x = np.maximum(draw(8, 6, 64, 32), least).astype(np.float32)
    w, d = draw(3, 3, 64, 64).astype(np.float32), draw(8, 6, 64, 32).astype(np.float32)
    by_pairs, plain = both_forms(x, w, d, SAME)
    exact = both_forms(*[a.astype(np.longdouble) for a in (x, w, d)], SAME)[1]
    for a, b, c in zip(by_pairs, plain, exact, strict=True):
        assert a.dtype == np.float32
        assert np.sqrt(np.mean((a - c) ** 2)) <= 2 * np.sqrt(np.mean((b - c) ** 2))
        assert np.max(np.abs(a - c)) <= 1e-6 * np.max(np.abs(c))


# ---- where it is chosen --------------------------------------------------------------------------


# Rows, channels, filters, images of 8 columns each: which of the two products are for pairs.
AROUND = [
    ((6, 16, 33, 320), (True, False)),  # the least rows and channels
    ((5, 16, 33, 320), (False, False)),
    ((6, 15, 34, 330), (False, False)),
    ((6, 33, 16, 320), (True, False)),  # the least filters
    ((6, 34, 15, 330), (False, False)),
    ((7, 32, 32, 163), (True, False)),  # the least multiplications
    ((7, 32, 32, 162), (False, False)),
    ((7, 48, 62, 141), (True, True)),
    ((7, 48, 62, 140), (True, False)),
    ((7, 47, 64, 141), (True, False)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("sizes", "expected"), AROUND)
def test_results_agree_on_both_sides_of_each_threshold(
    sizes: tuple[int, ...], expected: tuple[bool, bool], dtype: Any
) -> None:
    rows, channels, filters, images = sizes
    x, w = draw(rows, 8, channels, images), draw(3, 3, channels, filters)
    x, w, d = [a.astype(dtype) for a in (x, w, draw(rows, 8, filters, images))]
    choosers = numpy_pairs.suits_outputs, numpy_pairs.suits_weights
    assert tuple(suits(x, (3, 3), d.shape, Slide(**SAME)) for suits in choosers) == expected
    assert_alike(trio(x, w, d, SAME), both_forms(x, w, d, SAME)[1], 8 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("window", "change"),
    [
        ((2, 3), {}),
        ((4, 3), {}),
        ((3,), {"stride": (1,), "dilation": (1,), "before": (1,)}),
        ((3, 3), {"stride": (2, 1)}),
        ((3, 3), {"dilation": (2, 1)}),
    ],
)
def test_only_three_adjacent_rows_of_taps(window: tuple[int, ...], change: dict[str, Any]) -> None:
    x = np.empty((20,) * len(window) + (128, 128), np.float32)
    slide = Slide(**{**SAME, **change})
    assert numpy_pairs.suits_weights(x, (3, 3), x.shape, Slide(**SAME)) or len(window) < 2
    assert not numpy_pairs.suits_outputs(x, window, x.shape, slide)
    assert not numpy_pairs.suits_weights(x, window, x.shape, slide)


# ---- numbers that are not finite -----------------------------------------------------------------

ODD = [np.inf, -np.inf, np.nan]
PLACES = [(0, 0), (1, 4), (4, 2), (5, 0), (6, 5)]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("at", PLACES)
def test_what_is_not_finite_stays_under_its_window(odd: float, at: tuple[int, int]) -> None:
    """In its image and its columns too: the same outputs as in the plain form, no more."""
    x, w, d = draw(7, 6, 9, 12), draw(3, 3, 9, 10), draw(7, 6, 10, 12)
    x[(*at, 5, 1)] = d[(*at, 2, 7)] = odd
    by_pairs, plain = both_forms(x, w, d, SAME)
    for a, b in zip(by_pairs[:2], plain[:2], strict=True):
        assert not np.isfinite(b).all()
        np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b))
    a, b = np.isfinite(by_pairs[2]), np.isfinite(plain[2])
    assert not a[~b].any()
    np.testing.assert_array_equal(a.all(axis=0), b.all(axis=0))  # it spreads along rows of taps


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("tap", [(0, 0), (1, 2), (2, 1)])
def test_weights_that_are_not_finite(odd: float, tap: tuple[int, int]) -> None:
    """They spoil their filter, and beyond that but the outputs in rows on the border."""
    x, w, d = draw(8, 6, 9, 12), draw(3, 3, 9, 10), draw(8, 6, 10, 12)
    w[(*tap, 5, 2)] = odd
    by_pairs, plain = both_forms(x, w, d, SAME)
    for a, b in zip(by_pairs[:2], plain[:2], strict=True):
        assert not np.isfinite(a[~np.isfinite(b)]).any()
        np.testing.assert_array_equal(np.isfinite(a)[1:-1], np.isfinite(b)[1:-1])
    elsewhere = np.delete(by_pairs[0], 2, axis=2), np.delete(by_pairs[1], 5, axis=2)
    assert all(np.isfinite(a).all() for a in elsewhere)


def draw(*shape: int) -> Any:
    """Random numbers of mean 0 and variance 1."""
    return np.random.default_rng(len(shape)).standard_normal(shape)
