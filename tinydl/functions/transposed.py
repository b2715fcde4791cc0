"""Transposed convolution."""

from __future__ import annotations

from typing import Any

from tinydl.functions.convolve import (
    Observations,
    as_filters,
    check_channels,
    weights_format,
    with_bias,
)
from tinydl.functions.formats import data_format
from tinydl.functions.layerwise import same_class
from tinydl.functions.window import both_sides, per_dimension
from tinydl.labels import dlarray
from tinydl.labels.options import named_options
from tinydl.primitives.convolve import convolve_input
from tinydl.primitives.window import Shape, Widths, same_cropping, transposed_size


@named_options
def dltranspconv(
    X: dlarray,
    weights: Any,
    bias: Any = None,
    *,
    Stride: Any = 1,
    DilationFactor: Any = 1,
    Cropping: Any = 0,
    WeightsFormat: str | None = None,
    DataFormat: str | None = None,
) -> dlarray:
    """Each position of X spreads a window of weights, and what overlaps is added.

    This is the transpose of dlconv as a linear map: the gradient that a convolution sends back to
    its input. It enlarges X, by the factor Stride with Cropping="same".

    X has C and one to three S dimensions, or T. weights is window × filters × channels: filters
    come *before* channels, the other way round than for dlconv, since the two have changed places.
    A further dimension makes groups: window × filters of a group × channels of a group × groups.
    Labels of the weights, bias, Stride and DilationFactor are as in dlconv.

    The result has (n − 1) Stride + (f − 1) DilationFactor + 1 − before − after positions along a
    dimension of n with a window of f, and C counts the filters. Cropping is what is taken away: a
    number, one for each dimension of the window, two rows (before and after), or "same" for n
    Stride positions, where of an odd total the rest goes to the end. If the stride is longer than
    the window there is nothing to crop, and "same" has zeros (and the bias) at the end.

    Raises ValueError where formats, channels, groups or the bias do not fit, or nothing is left.

    Example:
        >>> from tinydl import dlarray, dltranspconv
        >>> dltranspconv(dlarray([[1.0], [2.0]], "SC"), [1.0, 10.0, 100.0], Stride=2)
        5(S) × 1(C) dlarray
        [[  1.]
         [ 10.]
         [102.]
         [ 20.]
         [200.]]
    """
    labelled = data_format(X, DataFormat, "dltranspconv", needs="C")
    X = labelled.X
    x, w, b = same_class(X=X, weights=weights, bias=0.0 if bias is None else bias)
    fmt = weights_format(weights, WeightsFormat, "dltranspconv")
    filters = as_filters(X, w, fmt, "UC", "dltranspconv")
    check_channels(X, w, filters.value.shape[-1], "dltranspconv")
    rank, window = len(filters.axes), filters.value.shape[:-2]
    stride = per_dimension(Stride, rank, "dltranspconv: Stride")
    dilation = per_dimension(DilationFactor, rank, "dltranspconv: DilationFactor")
    pixels = Observations(X, filters.axes)
    x = pixels.fold(x)
    cropping, size = cropped(Cropping, x.shape[:rank], window, stride, dilation)
    y = convolve_input(x, filters.value, stride=stride, dilation=dilation, padding=cropping,
                       size=size, groups=filters.groups)  # fmt: skip
    if bias is not None:
        y = with_bias(y, b, "dltranspconv")
    return labelled.back(dlarray._make(pixels.unfold(y), X.dims))


def cropped(
    value: Any, spatial: Shape, window: Shape, stride: Shape, dilation: Shape
) -> tuple[Widths, Shape]:
    """Cropping= as (before, after) for each dimension, and the size of what is left.

    Example:
        >>> cropped("same", (4,), (3,), (2,), (1,)), cropped(1, (4,), (3,), (2,), (1,))
        ((((0, 1),), (8,)), (((1, 1),), (7,)))
    """
    if isinstance(value, str):
        if value != "same":
            raise ValueError(f'Cropping is numbers or "same", not {value!r}')
        widths = same_cropping(window, stride=stride, dilation=dilation)
        return widths, tuple([n * s for n, s in zip(spatial, stride, strict=True)])
    widths = both_sides(value, len(spatial), "Cropping")
    size = transposed_size(spatial, window, stride=stride, dilation=dilation, cropping=widths)
    return widths, size
