"""Transposed convolutional layers, over one, two and three dimensions."""

from __future__ import annotations

import math
from typing import Any

from tinydl.functions.transposed import cropped, dltranspconv
from tinydl.labels import dlarray
from tinydl.layers.convolution import check_channels, checked_channels, weights_format
from tinydl.layers.layer import Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import whole
from tinydl.layers.weighted import WeightedLayer
from tinydl.layers.window import Windowed, chosen


class _TransposedConvolution(Windowed, WeightedLayer):
    """What transposedConv1dLayer to transposedConv3dLayer share."""

    def __init__(
        self,
        FilterSize: Any,
        NumFilters: int,
        *,
        Name: str = "",
        Stride: Any = 1,
        Cropping: Any = 0,
        NumChannels: int | str = "auto",
        WeightsInitializer: Any = "glorot",
        BiasInitializer: Any = "zeros",
        Weights: Any = None,
        Bias: Any = None,
        WeightLearnRateFactor: float = 1.0,
        BiasLearnRateFactor: float = 1.0,
        WeightL2Factor: float = 1.0,
        BiasL2Factor: float = 0.0,
    ) -> None:
        kind = type(self).__name__
        self.Name = Name
        self.FilterSize = self._numbers(FilterSize, "FilterSize")
        self.NumFilters = whole(NumFilters, f"{kind}: NumFilters")
        self.Stride = self._numbers(Stride, "Stride")
        self.Cropping = self._sides(Cropping, "Cropping")
        self.NumChannels = checked_channels(NumChannels, kind)
        self._set_weights(
            WeightsInitializer,
            BiasInitializer,
            Weights,
            Bias,
            {
                "WeightLearnRateFactor": WeightLearnRateFactor,
                "BiasLearnRateFactor": BiasLearnRateFactor,
                "WeightL2Factor": WeightL2Factor,
                "BiasL2Factor": BiasL2Factor,
            },
        )

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        check_channels(self.NumChannels, layout)
        return self.slid(layout, self._slide).replace("C", [self.NumFilters])

    def _slide(self, spatial: tuple[int, ...], places: tuple[int, ...]) -> tuple[int, ...]:
        cropping = self.Cropping
        if not isinstance(cropping, str):
            cropping = [chosen(row, places) for row in cropping]
        size, stride = chosen(self.FilterSize, places), chosen(self.Stride, places)
        return cropped(cropping, spatial, size, stride, (1,) * len(places))[1] if places else ()

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        area, channels = math.prod(self.FilterSize), layouts[0].channels
        size = (*self.FilterSize, self.NumFilters, channels)
        return {
            "Weights": Parameter(size, area * channels, area * self.NumFilters),
            "Bias": Parameter((*(1,) * self.rank, self.NumFilters)),
        }

    def predict(self, *X: dlarray) -> dlarray:
        (x,) = X
        fmt = weights_format(self.labels(x.dims), self.Weights, "UC")
        return dltranspconv(
            x, self.Weights, self.Bias, Stride=self.Stride, Cropping=self.Cropping,
            WeightsFormat=fmt,
        )  # fmt: skip


@register
class transposedConv1dLayer(_TransposedConvolution):
    """The transpose of a convolution over sequences, or over lines: it lengthens them.

    FilterSize and Stride are whole numbers. Cropping is a number, [left, right] or "same", which
    makes the result Stride times as long. Weights is FilterSize × filters × channels and Bias
    1 × filters; the other options are those of transposedConv2dLayer.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([sequenceInputLayer(2), transposedConv1dLayer(3, 5, Stride=2)])
        >>> predict(net, dlarray(ones(2, 4, 9), "CBT")).shape
        (5, 4, 19)
    """

    short = "transposed-conv1d"
    rank = 1


@register
class transposedConv2dLayer(_TransposedConvolution):
    """The transpose of a convolution of images: it enlarges them.

    Each pixel spreads NumFilters windows of FilterSize, which are added where they overlap.
    FilterSize and Stride are one whole number, or [height, width]. Cropping is what is taken away
    at the rim: a number, [vertical, horizontal], [top, bottom, left, right] or "same", which makes
    the result Stride times as large. Weights is height × width × filters × channels, with filters
    before channels, and Bias 1 × 1 × filters; their options are those of fullyConnectedLayer.

    Example:
        >>> from tinydl import *
        >>> X = dlarray(ones(4, 4, 3, 2), "SSCB")
        >>> net = dlnetwork([transposedConv2dLayer(4, 8, Stride=2, Cropping="same")], X)
        >>> predict(net, X).shape
        (8, 8, 8, 2)
    """

    short = "transposed-conv"
    rank = 2


@register
class transposedConv3dLayer(_TransposedConvolution):
    """The transpose of a convolution of volumes: it enlarges them.

    FilterSize and Stride are one whole number, or [height, width, depth]. Cropping is a number, one
    for each dimension, two rows of three (before and after) or "same". Weights is
    height × width × depth × filters × channels and Bias 1 × 1 × 1 × filters; the other options are
    those of transposedConv2dLayer.

    Example:
        >>> from tinydl import *
        >>> X = dlarray(ones(2, 2, 2, 1, 1), "SSSCB")
        >>> predict(dlnetwork([transposedConv3dLayer(3, 5)], X), X).shape
        (4, 4, 4, 5, 1)
    """

    short = "transposed-conv3d"
    rank = 3
