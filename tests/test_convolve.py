"""Convolution beyond its rows in the table: another framework, all paths, layouts, sizes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, with_threads
from tinydl.autodiff import Record, gradient, plain
from tinydl.backend import host, numpy_convolve
from tinydl.backend.windows import Slide, cover
from tinydl.primitives.convolve import (
    convolve,
    convolve_add,
    convolve_input,
    convolve_relu,
    convolve_weight,
)
from tinydl.primitives.elementwise import multiply
from tinydl.primitives.reduce import sum_to
from tinydl.primitives.window import output_size, same_padding, visible_taps


class Problem(NamedTuple):
    """A convolution: its arrays and options."""

    x: Any
    w: Any
    d: Any  # what the gradient by the output is taken to be
    options: dict[str, Any]

    def trio(self) -> list[tuple[Callable[[Any, Any], Any], Any, Any]]:
        """The three operations, each with the arrays that it takes here."""
        to_x = {**self.options, "size": self.x.shape[:-2]}
        to_w = {**self.options, "size": self.w.shape[:-2]}
        return [
            (lambda x, w: convolve(x, w, **self.options), self.x, self.w),
            (lambda d, w: convolve_input(d, w, **to_x), self.d, self.w),
            (lambda x, d: convolve_weight(x, d, **to_w), self.x, self.d),
        ]

    def results(self) -> list[Any]:
        """The output, and both gradients."""
        return [operation(a, b) for operation, a, b in self.trio()]

    def of(self, change: Callable[[Any], Any]) -> Problem:
        """The same problem with its arrays changed."""
        return Problem(change(self.x), change(self.w), change(self.d), self.options)


SMALL_AND_LARGE = (1, 2, 8, 9, 12)


@st.composite
def problems(draw: st.DrawFn, images: tuple[int, ...] = SMALL_AND_LARGE) -> Problem:
    """Options as they come, an input that is large enough, normally distributed numbers."""
    n = draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(n))

    window, stride, dilation = each(1, 4), each(1, 4), each(1, 3)
    padding = tuple(zip(each(0, 4), each(0, 4), strict=True))
    needed = [(f - 1) * d + 1 - sum(p) for f, d, p in zip(window, dilation, padding, strict=True)]
    spatial = tuple(max(1, k) + more for k, more in zip(needed, each(0, 4), strict=True))
    options = {"stride": stride, "dilation": dilation, "padding": padding}
    outputs = output_size(spatial, window, **options)
    channels, filters = draw(st.sampled_from([1, 2, 13, 26])), draw(st.integers(1, 3))
    count = draw(st.sampled_from(images))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Problem(
        rng.standard_normal((*spatial, channels, count)),
        rng.standard_normal((*window, channels, filters)),
        rng.standard_normal((*outputs, filters, count)),
        options,
    )


def assert_all_close(found: list[Any], expected: list[Any], rtol: float = 1e-10) -> None:
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, np.max(np.abs(b))))


@given(problems())
def test_agrees_with_torch(problem: Problem) -> None:
    torch = pytest.importorskip("torch")
    n = problem.x.ndim - 2
    to_torch = lambda a: torch.from_numpy(np.ascontiguousarray(np.moveaxis(a, (-1, -2), (0, 1))))
    back = lambda a: np.moveaxis(a.detach().numpy(), (0, 1), (-1, -2))
    x, w, d = (to_torch(a) for a in problem[:3])
    x.requires_grad_()
    w.requires_grad_()
    stride, dilation, padding = problem.options.values()
    widths = [width for pair in reversed(padding) for width in pair]
    function = getattr(torch.nn.functional, f"conv{n}d")
    y = function(torch.nn.functional.pad(x, widths), w, stride=stride, dilation=dilation)
    expected = [y, *torch.autograd.grad(y, (x, w), d)]
    assert_all_close(problem.results(), [back(a) for a in expected])


@given(problems(images=(9, 12)))
def test_small_batches_give_what_large_ones_give(problem: Problem) -> None:
    """The images one by one take another path through the code."""
    x, w, d, options = problem
    alone = [
        Problem(x[..., i : i + 1], w, d[..., i : i + 1], options).results()
        for i in range(x.shape[-1])
    ]
    outputs, to_x, to_w = zip(*alone, strict=True)
    expected = [np.concatenate(outputs, -1), np.concatenate(to_x, -1), sum(to_w)]
    assert_all_close(problem.results(), expected, 1e-13)


@given(problems())
def test_blocks_of_any_size_give_the_same(problem: Problem) -> None:
    found = []
    for size in (1, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(numpy_convolve, "BLOCK", size)
            found.append(problem.results())
    assert_all_close(*found, rtol=1e-13)


@given(problems(), st.integers(0, 2**32 - 1))
def test_complex_numbers(problem: Problem, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mixed = problem.of(lambda a: a + 1j * rng.standard_normal(a.shape))
    for f, a, b in mixed.trio():
        real = f(a.real, b.real) - f(a.imag, b.imag)
        imaginary = f(a.real, b.imag) + f(a.imag, b.real)
        assert_all_close(
            [f(a, b), f(a, b.real)],
            [real + 1j * imaginary, f(a.real, b.real) + 1j * f(a.imag, b.real)],
            1e-12,
        )


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "column-major": np.asfortranarray,
    "every other element": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1, ..., ::-1].copy()[::-1, ..., ::-1],
    "one image, a new axis": lambda a: a.mean(-1)[..., None],
    "one channel, a new axis": lambda a: a if a.shape[-2] > 1 else a[..., 0, :][..., None, :],
    "repeated": lambda a: np.broadcast_to(a[..., :1], a.shape),
    "one number": lambda a: np.broadcast_to(np.ones((1,) * a.ndim), a.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("columns", "channels", "images"), [(3, 1, 1), (3, 1, 9), (3, 9, 9), (25, 1, 9)]
)
def test_any_layout(layout: str, columns: int, channels: int, images: int) -> None:
    rng = np.random.default_rng(0)
    usual = Problem(
        rng.standard_normal((6, columns + 2, channels, images)),
        rng.standard_normal((3, columns, channels, 2)),
        rng.standard_normal((3, 4, 2, images)),
        {"stride": (2, 1), "dilation": (1, 1), "padding": ((1, 1), (0, 1))},
    )
    laid = usual._replace(x=LAYOUTS[layout](usual.x), d=LAYOUTS[layout](usual.d))
    for array in laid[:3]:
        array.flags.writeable = False
    assert_all_close(laid.results(), laid.of(lambda a: a.copy(order="C")).results(), 1e-13)


@pytest.mark.parametrize("images", [2, 9])
def test_single_with_double_is_double(images: int) -> None:
    """One operand is as good as the other: nothing is rounded to the class of the first."""
    rng = np.random.default_rng(0)
    options = {"stride": (1,), "dilation": (1,), "padding": ((0, 0),)}
    shapes = (5, 9, images), (3, 9, 2), (3, 2, images)
    doubles = Problem(*[rng.standard_normal(shape) for shape in shapes], options)
    for operation, a, b in doubles.trio():
        a, b = a.astype(np.float32), b.astype(np.float32)
        exact = operation(a.astype(float), b.astype(float))
        assert_all_close(
            [operation(a, b.astype(float)), operation(a.astype(float), b)], [exact] * 2
        )


def test_a_double_bias_makes_double() -> None:
    x, w = (normal(shape, 1).astype(np.float32) for shape in ((6, 2, 3), (3, 2, 4)))
    b = normal((1, 4, 1), 2)
    options: dict[str, Any] = {"stride": (1,), "dilation": (1,), "padding": ((0, 0),)}
    y = convolve_add(x, w, b, **options)
    assert y.dtype == float
    np.testing.assert_array_equal(y, convolve(x, w, **options) + b)
    rectified = convolve_relu(x, w, b, **options)
    assert rectified.dtype == float
    np.testing.assert_array_equal(rectified, np.maximum(y, 0.0))


@pytest.mark.parametrize(("channels", "filters"), [(1, 1), (2, 3)])
def test_groups_of_single_and_double_are_double(channels: int, filters: int) -> None:
    """Each channel by itself, and groups of several, take different paths."""
    rng = np.random.default_rng(0)
    options = {"stride": (2,), "dilation": (1,), "padding": ((1, 0),), "groups": 3}
    shapes = (6, 3 * channels, 4), (3, channels, 3 * filters), (3, 3 * filters, 4)
    doubles = Problem(*[rng.standard_normal(shape) for shape in shapes], options)
    for operation, a, b in doubles.trio():
        a, b = a.astype(np.float32), b.astype(np.float32)
        exact = operation(a.astype(float), b.astype(float))
        mixed = [operation(a, b.astype(float)), operation(a.astype(float), b)]
        assert_all_close(mixed, [exact] * 2)
        assert operation(a, b).dtype == np.float32


@pytest.mark.parametrize("images", [0, 2, 9])
def test_single_stays_single_at_second_order(images: int) -> None:
    record = Record()
    x = record.leaf(np.ones((4, 2, images), np.float32))
    w = record.leaf(np.full((2, 2, 3), 0.5, np.float32))
    y = convolve(x, w, stride=(1,), dilation=(1,), padding=((1, 1),))
    slopes = gradient(sum_to(multiply(y, y), shape=()), [x, w], higher=True)
    for slope in slopes:
        curved = gradient(sum_to(multiply(slope, slope), shape=()), [x, w], retain=True)
        assert [g.dtype for g in curved] == [plain(slope).dtype, y.dtype] == [np.float32] * 2
        assert [g.shape for g in curved] == [x.shape, w.shape]


# ---- blocks of rows, in threads ------------------------------------------------------------------

GROUPED = [(1, 20, 5), (3, 12, 12), (12, 12, 12)]
"""Groups, channels and filters: all together, in groups, each channel by itself."""


@pytest.mark.parametrize("images", [2, 6, 9, 20])
@pytest.mark.parametrize(("groups", "channels", "filters"), GROUPED)
def test_the_bits_do_not_depend_on_the_number_of_threads(
    groups: int, channels: int, filters: int, images: int
) -> None:
    options = {"stride": (1, 2), "dilation": (2, 1), "padding": ((2, 1), (1, 1)), "groups": groups}
    size = output_size((40, 41), (3, 3), **{k: options[k] for k in list(options)[:3]})
    problem = Problem(
        normal((40, 41, channels, images), 1).astype(np.float32),
        normal((3, 3, channels // groups, filters), 2).astype(np.float32),
        normal((*size, filters, images), 3).astype(np.float32),
        options,
    )
    found = with_threads((1, 2, 3), problem.results)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("images", [1, 5, 12])
@pytest.mark.parametrize(("groups", "channels", "filters"), [*GROUPED, (1, 0, 5)])
def test_bias_and_relu_in_each_block(groups: int, channels: int, filters: int, images: int) -> None:
    x, w = normal((40, 31, channels, images), 1), normal((3, 3, channels // groups, filters), 2)
    bias = normal((filters, 1), 3)
    options = {"size": (38, 29), "stride": (1, 1), "dilation": (1, 1), "before": (0, 0)}
    plain_y = host.convolve(x, w, **options, groups=groups)
    y = host.convolve(x, w, **options, groups=groups, bias=bias)
    np.testing.assert_array_equal(y, plain_y + bias)
    y = host.convolve(x, w, **options, groups=groups, bias=bias, is_relu=True)
    np.testing.assert_array_equal(y, np.maximum(plain_y + bias, 0.0))
    single = host.convolve(x.astype(np.float32), w.astype(np.float32), **options, groups=groups,
                           bias=bias)  # fmt: skip
    assert single.dtype == np.float64


@pytest.mark.parametrize("stride", [1, 2])
def test_many_channels_and_filters(stride: int) -> None:
    """The gradient by the weights then takes other paths; images more or fewer than they."""
    options = {"stride": (stride, 1), "dilation": (2, 1), "padding": ((2, 1), (0, 1))}
    size = output_size((9, 4), (3, 2), **options)
    problem = Problem(
        normal((9, 4, 40, 22), 1), normal((3, 2, 40, 25), 2), normal((*size, 25, 22), 3), options
    )
    parts = [problem.of(lambda a, i=i: a[..., i] if a.shape[-1] == 22 else a)
             for i in (slice(2), slice(2, 11), slice(11, 22))]  # fmt: skip
    y, to_x, to_w = zip(*[part.results() for part in parts], strict=True)
    joined = [np.concatenate(y, -1), np.concatenate(to_x, -1), sum(to_w)]
    assert_all_close(problem.results(), joined, 1e-12)


# ---- how the window slides -----------------------------------------------------------------------

windows = st.tuples(
    st.integers(1, 9), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(-3, 6),
    st.integers(1, 7),
)  # fmt: skip


@given(st.lists(windows, min_size=1, max_size=2))
def test_boxes_cover_each_visible_pair_once(lines: list[tuple[int, ...]]) -> None:
    size, taps, stride, dilation, before, outputs = zip(*lines, strict=True)
    met = np.zeros((*outputs, *taps), int)
    written = np.zeros(outputs, int)
    boxes = cover(size, taps, outputs, Slide(stride, dilation, before))
    for box in boxes:
        met[box.outputs + box.taps] += 1
        written[box.outputs] += box.is_first
        first = zip(box.outputs, box.taps, stride, dilation, before, strict=True)
        at = [o.start * s + i.start * d - b for o, i, s, d, b in first]
        assert list(box.start) == at
    for o, i in itertools.product(np.ndindex(*outputs), np.ndindex(*taps)):
        at = [
            a * s + b * d - c for a, s, b, d, c in zip(o, stride, i, dilation, before, strict=True)
        ]
        assert met[o + i] == all(0 <= p < n for p, n in zip(at, size, strict=True))
    assert (written == (1 if boxes and boxes[0].is_first else 0)).all()


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 5), st.integers(1, 4))
def test_same_padding(n: int, f: int, stride: int, dilation: int) -> None:
    """⌈n / stride⌉ outputs, an odd excess at the end, and not one position more than needed."""
    options = {"stride": (stride,), "dilation": (dilation,)}
    ((before, after),) = same_padding((n,), (f,), **options)
    outputs = math.ceil(n / stride)
    assert output_size((n,), (f,), **options, padding=((before, after),)) == (outputs,)
    assert after - before in (0, 1)
    last = (outputs - 1) * stride + (f - 1) * dilation
    assert before + after == 0 or before + n + after == last + 1


@given(
    st.integers(1, 20), st.integers(1, 5), st.integers(1, 4), st.integers(0, 5), st.integers(0, 5)
)
def test_visible_taps(n: int, f: int, stride: int, before: int, after: int) -> None:
    inside = np.pad(np.ones(n, int), (before, after))
    counts = [inside[k : k + f].sum() for k in range(0, len(inside) - f + 1, stride)]
    call = lambda: visible_taps((n,), (f,), stride=(stride,), padding=((before, after),))
    if counts and min(counts) > 0:
        assert call() == (counts,)
    else:
        with pytest.raises(ValueError, match="sees nothing but padding" if counts else "extends"):
            call()
