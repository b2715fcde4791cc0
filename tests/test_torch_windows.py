"""Convolution, its transpose, pooling and unpooling beside those of PyTorch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.beside_torch import assert_agree
from tests.strategies import SEEDS, normal, numbers
from tinydl import avgpool, dlarray, dlconv, dltranspconv, maxpool, maxunpool

torch = pytest.importorskip("torch")
F = torch.nn.functional


class Drawn(NamedTuple):
    """A window over up to three dimensions of space, or over time, and what it slides over."""

    fmt: str
    sizes: tuple[int, ...]  # of the dimensions it slides over
    window: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    widths: tuple[tuple[int, int], ...]
    seed: int

    @property
    def rank(self) -> int:
        return len(self.sizes)

    @property
    def rows(self) -> list[list[int]]:
        """Padding as ours takes it: what comes before, and what comes after."""
        return [list(row) for row in zip(*self.widths, strict=True)]

    def shape(self, channels: int) -> tuple[int, ...]:
        """With two observations, in the order of the labels."""
        others = (channels, 2)
        return (*others, *self.sizes) if self.fmt == "CBT" else (*self.sizes, *others)

    def there(self, x: Any) -> Any:
        """A tensor in PyTorch's order: observations, channels, then what the window slides over."""
        return x.transpose(0, 1) if self.fmt == "CBT" else x.movedim((-1, -2), (0, 1))

    def back(self, x: Any) -> Any:
        return x.transpose(0, 1) if self.fmt == "CBT" else x.movedim((0, 1), (-1, -2))


@st.composite
def drawn(draw: st.DrawFn, dilations: int = 3) -> Drawn:
    fmt = draw(st.sampled_from(["SCB", "SSCB", "SSSCB", "CBT"]))
    rank = max(1, fmt.count("S"))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    window, stride, dilation = each(1, 3), each(1, 3), each(1, dilations)
    widths = tuple(zip(each(0, 2), each(0, 2), strict=True))
    extent = [(f - 1) * d + 1 for f, d in zip(window, dilation, strict=True)]
    sizes = tuple(e + more for e, more in zip(extent, each(0, 2), strict=True))
    return Drawn(fmt, sizes, window, stride, dilation, widths, draw(SEEDS))


def weights_there(w: Any) -> Any:
    """(*window, a, b, groups) as (groups · b, a, *window)."""
    return w.movedim((-1, -2, -3), (0, 1, 2)).flatten(0, 1)


GROUPS = st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))


@given(drawn(), GROUPS)
def test_convolution(case: Drawn, sizes: tuple[int, int, int]) -> None:
    groups, channels, filters = sizes
    there = getattr(F, f"conv{case.rank}d")

    def ours(x: dlarray, w: dlarray, b: dlarray) -> dlarray:
        return dlconv(x, w, b, Stride=case.stride, DilationFactor=case.dilation, Padding=case.rows)

    def theirs(x: Any, w: Any, b: Any) -> Any:
        x = F.pad(case.there(x), [n for pair in reversed(case.widths) for n in pair])
        y = there(x, weights_there(w), b, case.stride, 0, case.dilation, groups)
        return case.back(y)

    shapes = (case.shape(groups * channels), (*case.window, channels, filters, groups),
              (groups * filters,))  # fmt: skip
    arrays = [normal(shape, case.seed + i) for i, shape in enumerate(shapes)]
    assert_agree(ours, theirs, arrays, [case.fmt, "", ""])


@given(drawn(), GROUPS)
def test_transposed_convolution(case: Drawn, sizes: tuple[int, int, int]) -> None:
    groups, channels, filters = sizes
    there = getattr(F, f"conv_transpose{case.rank}d")
    lines = zip(case.sizes, case.window, case.stride, case.dilation, case.widths, strict=True)
    whole = [(n - 1) * s + (f - 1) * d + 1 - a - b for n, f, s, d, (a, b) in lines]
    cropping = case.rows if min(whole) > 0 else [[0] * case.rank] * 2

    def ours(x: dlarray, w: dlarray, b: dlarray) -> dlarray:
        return dltranspconv(
            x, w, b, Stride=case.stride, DilationFactor=case.dilation, Cropping=cropping
        )

    def theirs(x: Any, w: Any, b: Any) -> Any:
        y = there(case.there(x), weights_there(w), b, case.stride, 0, 0, groups, case.dilation)
        ends = zip(y.shape[2:], *cropping, strict=True)
        return case.back(y[(..., *[slice(a, n - z) for n, a, z in ends])])

    shapes = (case.shape(groups * channels), (*case.window, filters, channels, groups),
              (groups * filters,))  # fmt: skip
    arrays = [normal(shape, case.seed + i) for i, shape in enumerate(shapes)]
    assert_agree(ours, theirs, arrays, [case.fmt, "", ""])


def distinct(shape: tuple[int, ...], seed: int) -> Any:
    """Numbers no two of which are equal."""
    n = int(np.prod(shape))
    return np.random.default_rng(seed).permutation(np.linspace(-1, 1, n)).reshape(shape)


def half_windows(case: Drawn) -> list[int]:
    """PyTorch pads pools evenly, and no more than half a window."""
    return [min(a, f // 2) for (a, _), f in zip(case.widths, case.window, strict=True)]


@given(drawn(dilations=1))
def test_averages(case: Drawn) -> None:
    padding = half_windows(case)
    there = getattr(F, f"avg_pool{case.rank}d")
    for value, counted in ((0, True), ("mean", False)):

        def ours(x: dlarray, value: Any = value) -> dlarray:
            return avgpool(x, case.window, Stride=case.stride, Padding=[padding, padding],
                           PaddingValue=value)  # fmt: skip

        def theirs(x: Any, counted: bool = counted) -> Any:
            y = there(case.there(x), case.window, case.stride, padding, count_include_pad=counted)
            return case.back(y)

        assert_agree(ours, theirs, [normal(case.shape(3), case.seed)], [case.fmt])


@given(drawn(dilations=1))
def test_largest_elements_and_their_positions(case: Drawn) -> None:
    padding = half_windows(case)
    there = getattr(F, f"max_pool{case.rank}d")
    x = distinct(case.shape(3), case.seed)

    def ours(x: dlarray, nargout: int = 1) -> Any:
        return maxpool(x, case.window, Stride=case.stride, Padding=[padding, padding],
                       nargout=nargout)  # fmt: skip

    def theirs(x: Any) -> Any:
        return case.back(there(case.there(x), case.window, case.stride, padding))

    assert_agree(ours, theirs, [x], [case.fmt])
    _, idx, size = ours(dlarray(x, case.fmt), nargout=3)
    _, plane = there(case.there(torch.tensor(x)), case.window, case.stride, padding,
                     return_indices=True)  # fmt: skip
    number = torch.arange(x.size).reshape(x.shape[::-1]).permute(*range(x.ndim)[::-1])
    number = case.there(number).flatten(2).gather(2, plane.flatten(2)).reshape(plane.shape)
    np.testing.assert_array_equal(idx, case.back(number).numpy())
    assert size == x.shape


@given(drawn(dilations=1))
def test_largest_elements_put_back(case: Drawn) -> None:
    """Windows do not overlap: PyTorch leaves open which of several elements stays."""
    there = getattr(F, f"max_pool{case.rank}d")
    x = distinct(case.shape(3), case.seed)
    Y, idx, size = maxpool(dlarray(x, case.fmt), case.window, Stride=case.window, nargout=3)
    _, plane = there(case.there(torch.tensor(x)), case.window, case.window, return_indices=True)
    unpool = getattr(F, f"max_unpool{case.rank}d")

    def ours(y: dlarray) -> dlarray:
        return maxunpool(y * y, idx, size)

    def theirs(y: Any) -> Any:
        y = case.there(y)
        return case.back(unpool(y * y, plane, case.window, case.window, 0, case.sizes))

    assert_agree(ours, theirs, [numbers(Y)], [case.fmt])
