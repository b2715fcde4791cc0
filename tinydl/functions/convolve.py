"""Convolution."""

from __future__ import annotations

import math
from typing import Any

from tinydl.functions.formats import data_format
from tinydl.functions.layerwise import same_class
from tinydl.functions.window import padded, padding_widths, per_dimension
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.convolve import convolve
from tinydl.primitives.elementwise import add
from tinydl.primitives.shape import reshape


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
    DataFormat: str | None = None,
) -> dlarray:
    """Windows of weights slid over the spatial dimensions, with a sum over window and channels.

    X has one to three S dimensions, C, and perhaps B and T. weights is window × channels × filters,
    without labels; it is not flipped. bias is one number, or one for each filter. The result has
    ⌊(n + before + after − ((f − 1) DilationFactor + 1)) / Stride⌋ + 1 positions along a dimension
    of n with a window of f, and C counts the filters.

    Stride and DilationFactor are numbers, one for all or one for each S. Padding is a number, one
    for each S, two rows (before and after), or "same". PaddingValue is a number, "replicate",
    "symmetric-include-edge" or "symmetric-exclude-edge". Groups of channels are not supported.

    Example:
        >>> from tinydl import dlarray, dlconv, ones
        >>> Y = dlconv(dlarray(ones(4, 4, 3, 1), "SSCB"), ones(3, 3, 3, 2), 1)
        >>> Y.shape, float(Y[0, 0, 0, 0])
        ((2, 2, 2, 1), 28.0)
    """
    labelled = data_format(X, DataFormat, "dlconv", needs="SC")
    X = labelled.X
    rank = X.dims.count("S")
    x, w, b = same_class(X=X, weights=weights, bias=0.0 if bias is None else bias)
    w = _window(w, rank, X)
    stride = per_dimension(Stride, rank, "dlconv: Stride")
    dilation = per_dimension(DilationFactor, rank, "dlconv: DilationFactor")
    widths = padding_widths(Padding, X.shape[:rank], w.shape[:rank], stride, dilation)
    x, widths = padded(x, widths, PaddingValue)
    rest = X.shape[rank + 1 :]  # B and T: each of their elements is an observation
    x = reshape(x, shape=(*x.shape[: rank + 1], math.prod(rest)), order="C")
    y = convolve(x, w, stride=stride, dilation=dilation, padding=widths)
    filters = w.shape[-1]
    if math.prod(b.shape) not in (1, filters):
        raise ValueError(
            f"dlconv: a bias of {formats.describe('', b.shape)} for {filters} filters; it is one "
            "number, or one for each filter"
        )
    if bias is not None:
        b = reshape(b, shape=(*(1,) * rank, math.prod(b.shape), 1), order="C")
        y = add(y, b)
    y = reshape(y, shape=(*y.shape[: rank + 1], *rest), order="C")
    return labelled.back(dlarray._make(y, X.dims))


def _window(w: Any, rank: int, X: dlarray) -> Any:
    """The weights with all their dimensions: spatial, channels, filters."""
    shape = (*w.shape, *(1,) * (rank + 2 - w.ndim))
    channels = X.shape[rank]
    if len(shape) != rank + 2 or shape[rank] != channels:
        raise ValueError(
            f"dlconv: weights of {formats.describe('', w.shape)} for {header(X, X.dims)}; they "
            f"need {rank} dimensions of the window, then {channels} channels, then the filters"
        )
    return reshape(w, shape=shape, order="C") if shape != w.shape else w
