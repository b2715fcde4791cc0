"""Convolution, and what it shares with its transpose: weights, bias, observations."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tinydl.functions.formats import by_layout, data_format
from tinydl.functions.layerwise import same_class
from tinydl.functions.window import (
    leading,
    padded,
    padding_widths,
    per_dimension,
    permuted,
    slid_over,
)
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.convolve import convolve, convolve_add, convolve_relu
from tinydl.primitives.elementwise import add
from tinydl.primitives.shape import in_shape, inverse


@named_options
def dlconv(
    X: dlarray,
    weights: Any,
    bias: Any = None,
    *,
    Stride: Any = 1,
    DilationFactor: Any = 1,
    Padding: Any = 0,
    PaddingValue: Any = 0,
    WeightsFormat: str | None = None,
    DataFormat: str | None = None,
) -> dlarray:
    """Windows of weights slid over space or time, with a sum over the window and the channels.

    X has C and one to three S dimensions, or T. weights is window × channels × filters; it is not
    reversed. A further dimension makes groups: window × channels of a group × filters of a group ×
    groups, where channels and filters are dealt in equal runs, and a filter sees the channels of
    its group. With as many groups as channels each channel is convolved by itself. bias is one
    number, or one for each filter, those of the first group first.

    The window slides over all S dimensions, or over T if there are none. Labels of weights say
    otherwise: S and T for the dimensions of the window, C channels, U filters, a second U groups.
    They are those of a dlarray, or WeightsFormat= names them for an array without, in the order
    of its dimensions, such as "TCU".

    The result has ⌊(n + before + after − ((f − 1) DilationFactor + 1)) / Stride⌋ + 1 positions
    along a dimension of n with a window of f, and C counts the filters. Stride and DilationFactor
    are numbers, one for all or one for each dimension of the window. Padding is a number, one for
    each, two rows (before and after), "same" (⌈n / Stride⌉ positions) or, over one dimension,
    "causal" ((f − 1) DilationFactor before, none after). PaddingValue is a number, "replicate",
    "symmetric-include-edge" or "symmetric-exclude-edge".

    Raises ValueError where formats, channels, groups or the bias do not fit, or the window is
    larger than X with its padding.

    Example:
        >>> from tinydl import dlarray, dlconv, ones
        >>> Y = dlconv(dlarray(ones(4, 4, 3, 1), "SSCB"), ones(3, 3, 3, 2), 1)
        >>> Y.shape, float(Y[0, 0, 0, 0])
        ((2, 2, 2, 1), 28.0)
        >>> dlconv(dlarray([[1.0, 2.0, 4.0]], "CT"), [1.0, -1.0], Padding="causal")
        1(C) × 3(T) dlarray
        [[-1. -1. -2.]]
    """
    labelled = data_format(X, DataFormat, "dlconv", needs="C")
    return labelled.back(convolved(
        labelled.X, weights, bias, Stride=Stride, DilationFactor=DilationFactor, Padding=Padding,
        PaddingValue=PaddingValue, WeightsFormat=WeightsFormat,
    ))  # fmt: skip


def convolved(
    X: dlarray,
    weights: Any,
    bias: Any,
    *,
    Stride: Any,
    DilationFactor: Any,
    Padding: Any,
    PaddingValue: Any,
    WeightsFormat: str | None,
    is_relu: bool = False,
) -> dlarray:
    """dlconv for an X with labels; is_relu, where there is a bias for each filter: relu of it."""
    x, w, b = same_class(X=X, weights=weights, bias=0.0 if bias is None else bias)
    filters = as_filters(X, w, weights_format(weights, WeightsFormat, "dlconv"), "CU", "dlconv")
    check_channels(X, w, filters.value.shape[-2] * filters.groups, "dlconv")
    rank, window = len(filters.axes), filters.value.shape[:-2]
    stride = per_dimension(Stride, rank, "dlconv: Stride")
    dilation = per_dimension(DilationFactor, rank, "dlconv: DilationFactor")
    pixels = _observations(X, filters.axes)
    x = pixels.fold(x)
    widths = padding_widths(Padding, x.shape[:rank], window, stride, dilation)
    x, widths = padded(x, widths, PaddingValue)
    options = {"stride": stride, "dilation": dilation, "padding": widths, "groups": filters.groups}
    if bias is not None and math.prod(b.shape) == filters.value.shape[-1]:
        column = in_shape(b, (*(1,) * rank, filters.value.shape[-1], 1), order="F")
        y = (convolve_relu if is_relu else convolve_add)(x, filters.value, column, **options)
    else:
        y = convolve(x, filters.value, **options)
        y = y if bias is None else with_bias(y, b, "dlconv")
    return dlarray._make(pixels.unfold(y), X.dims)


class Filters(NamedTuple):
    """Weights as the primitives take them, and how they fit X."""

    axes: tuple[int, ...]  # the dimensions of X that the window slides over
    value: Any  # (*window, first, groups · second), of the labels named by as_filters
    groups: int


def as_filters(X: dlarray, w: Any, fmt: str | None, order: str, caller: str) -> Filters:
    """Weights with the labels fmt, which name the dimensions of the window.

    None are those of a window for all S dimensions of X (or T), then order, "CU" or "UC", then
    groups. Dimensions that are missing have the size 1.
    """
    axes, given, places, (*window, first, second, groups) = _read(X, w.shape, fmt, order, caller)
    w = permuted(in_shape(w, given), places)
    if groups > 1:  # the filters of a group come together
        w = in_shape(w, (*window, first, second, groups))
        w = permuted(w, (*range(len(window) + 1), len(window) + 2, len(window) + 1))
    return Filters(axes, in_shape(w, (*window, first, groups * second)), groups)


@by_layout
def _read(
    X: dlarray, sizes: tuple[int, ...], fmt: str | None, order: str, caller: str
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """How weights of these sizes are read.

    The dimensions of X that their window slides over; their sizes, one for each letter of fmt; the
    order in which these are wanted; and the sizes of window, first, second and groups.
    """
    named = None if fmt is None else "".join([label for label in fmt if label in "ST"])
    axes = slid_over(X, named, "the format of the weights", caller)
    wanted = "".join([X.dims[i] for i in axes]) + order + "U"
    given = wanted if fmt is None else fmt
    if len(sizes) > len(given) or any([given.count(n) > wanted.count(n) for n in given]):
        raise ValueError(
            f"{caller}: weights of {formats.describe('', sizes)} with the format {given} for "
            f"{header(X, X.dims)}; they have one dimension for each of {wanted}: those of the "
            "window, channels of a group (C), filters of a group (U), groups (U)"
        )
    sizes = (*sizes, *(1,) * (len(given) - len(sizes)))
    places = [_place(given, wanted, i) for i in range(len(wanted))]
    ordered = tuple([i for i in places if i is not None])
    return axes, sizes, ordered, tuple([1 if i is None else sizes[i] for i in places])


def _place(given: str, wanted: str, i: int) -> int | None:
    """Which dimension of a format is dimension i of another; equal labels keep their order."""
    found = formats.find(given, wanted[i])
    occurrence = wanted[:i].count(wanted[i])
    return found[occurrence] if occurrence < len(found) else None


def weights_format(weights: Any, fmt: str | None, caller: str) -> str | None:
    """The labels of the weights: their own, those of WeightsFormat=, or None."""
    own = weights.dims if isinstance(weights, dlarray) else ""
    if own and fmt is not None:
        raise ValueError(
            f"{caller}: weights has the format {own}; WeightsFormat= is for arrays without"
        )
    return formats.check(fmt, f"{caller}: WeightsFormat") if fmt is not None else own or None


def check_channels(X: dlarray, w: Any, channels: int, caller: str) -> None:
    """Raise a ValueError if the weights are for another number of channels."""
    if X.shape[X.dims.index("C")] != channels:
        raise ValueError(
            f"{caller}: weights of {formats.describe('', w.shape)} are for {channels} channels, "
            f"in all groups together, and X is {header(X, X.dims)}"
        )


class Observations:
    """X as the primitives take it: what the window slides over, channels, everything else."""

    def __init__(self, X: dlarray, axes: tuple[int, ...]) -> None:
        self.kept = len(axes) + 1
        self.order = leading((*axes, X.dims.index("C")), X.ndim)
        self.others = tuple([X.shape[i] for i in self.order[self.kept :]])  # B, T: observations

    def fold(self, x: Any) -> Any:
        x = permuted(x, self.order)
        return in_shape(x, (*x.shape[: self.kept], math.prod(self.others)))

    def unfold(self, y: Any) -> Any:
        y = in_shape(y, (*y.shape[: self.kept], *self.others))
        return permuted(y, inverse(self.order))


@by_layout
def _observations(X: dlarray, axes: tuple[int, ...]) -> Observations:
    return Observations(X, axes)


def with_bias(y: Any, b: Any, caller: str) -> Any:
    """y, (*outputs, filters, observations), and a number for each filter or for all of them."""
    filters, count = y.shape[-2], math.prod(b.shape)
    if count not in (1, filters):
        raise ValueError(
            f"{caller}: a bias of {formats.describe('', b.shape)} for {filters} filters; it is one "
            "number, or one for each filter"
        )
    return add(y, in_shape(b, (*(1,) * (y.ndim - 2), count, 1), order="F"))
