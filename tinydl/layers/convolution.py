"""Convolutional layers over one, two and three dimensions, and grouped ones."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from tinydl.functions.convolve import convolved
from tinydl.functions.window import PADDING_VALUES, padding_widths
from tinydl.labels import dlarray
from tinydl.layers.layer import Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import whole
from tinydl.layers.weighted import WeightedLayer
from tinydl.layers.window import Windowed, chosen
from tinydl.primitives.window import output_size


class ConvolutionLayer(Windowed, WeightedLayer):
    """What all convolutional layers share."""

    FilterSize: tuple[int, ...]
    Stride: tuple[int, ...]
    DilationFactor: tuple[int, ...]
    NumChannels: int | str
    is_relu: ClassVar[bool] = False  # a network may let it do the relu after it too

    def _set_convolution(
        self, FilterSize: Any, Stride: Any, DilationFactor: Any, Padding: Any, PaddingValue: Any
    ) -> None:
        self.FilterSize = self._numbers(FilterSize, "FilterSize")
        self.Stride = self._numbers(Stride, "Stride")
        self.DilationFactor = self._numbers(DilationFactor, "DilationFactor")
        self.Padding = self._sides(
            Padding, "Padding", ("same", "causal") if self.rank == 1 else ("same",)
        )
        if isinstance(PaddingValue, str) and PaddingValue not in PADDING_VALUES:
            raise ValueError(
                f"{type(self).__name__}: PaddingValue is a number or one of "
                f"{', '.join(PADDING_VALUES)}, not {PaddingValue!r}"
            )
        self.PaddingValue = PaddingValue

    def convolved(self, layout: networkDataLayout, filters: int) -> networkDataLayout:
        """The layout of the result."""
        check_channels(self.NumChannels, layout)
        return self.slid(layout, self._slide).replace("C", [filters])

    def _slide(self, spatial: tuple[int, ...], places: tuple[int, ...]) -> tuple[int, ...]:
        size, stride, dilation = [
            chosen(values, places) for values in (self.FilterSize, self.Stride, self.DilationFactor)
        ]
        padding = self.Padding
        if not isinstance(padding, str):
            padding = [chosen(row, places) for row in padding]
        widths = padding_widths(padding, spatial, size, stride, dilation) if places else ()
        return output_size(spatial, size, stride=stride, dilation=dilation, padding=widths)

    def predict(self, *X: dlarray) -> dlarray:
        (x,) = X
        labels = self.labels(x.dims)
        return convolved(
            x, self.Weights, self.Bias, Stride=self.Stride,
            DilationFactor=self.DilationFactor, Padding=self.Padding,
            PaddingValue=self.PaddingValue, WeightsFormat=weights_format(labels, self.Weights),
            is_relu=self.is_relu,
        )  # fmt: skip


def weights_format(labels: str, weights: Any, order: str = "CU") -> str:
    """The labels of the weights: those of the window, channels and filters, groups if any."""
    groups = weights.ndim - len(labels) - 2
    return labels + order + "U" * groups


def checked_channels(NumChannels: Any, caller: str) -> int | str:
    """ "auto", or the number of channels."""
    if isinstance(NumChannels, str) and NumChannels == "auto":
        return NumChannels
    return whole(NumChannels, f"{caller}: NumChannels")


def check_channels(NumChannels: int | str, layout: networkDataLayout) -> None:
    """Raise a ValueError for an input without channels, or with others than were named."""
    layout.need("C")
    if NumChannels not in ("auto", layout.channels):
        raise ValueError(f"NumChannels is {NumChannels}, and it gets {layout}")


class _PlainConvolution(ConvolutionLayer):
    """The constructor and parameters that convolution1dLayer to convolution3dLayer share."""

    def __init__(
        self,
        FilterSize: Any,
        NumFilters: int,
        *,
        Name: str = "",
        Stride: Any = 1,
        DilationFactor: Any = 1,
        Padding: Any = 0,
        PaddingValue: Any = 0,
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
        self._set_convolution(FilterSize, Stride, DilationFactor, Padding, PaddingValue)
        self.NumFilters = whole(NumFilters, f"{kind}: NumFilters")
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
        return self.convolved(layouts[0], self.NumFilters)

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        area, channels = math.prod(self.FilterSize), layouts[0].channels
        size = (*self.FilterSize, channels, self.NumFilters)
        return {
            "Weights": Parameter(size, area * channels, area * self.NumFilters),
            "Bias": Parameter((*(1,) * self.rank, self.NumFilters)),
        }


@register
class convolution1dLayer(_PlainConvolution):
    """NumFilters windows of FilterSize slid over sequences, or over lines.

    The window slides over S, or over T if there is no S. FilterSize, Stride and DilationFactor are
    whole numbers. Padding is a number, [left, right], "same" or "causal", which pads so that no
    output sees a later input. Weights is FilterSize × channels × filters and Bias 1 × filters; the
    other options are those of convolution2dLayer.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([sequenceInputLayer(2), convolution1dLayer(3, 5, Padding="causal")])
        >>> predict(net, dlarray(ones(2, 4, 9), "CBT")).shape
        (5, 4, 9)
    """

    short = "conv1d"
    rank = 1


@register
class convolution2dLayer(_PlainConvolution):
    """NumFilters windows of FilterSize slid over images.

    FilterSize, Stride and DilationFactor are one whole number, or [height, width]. Padding is a
    number, [vertical, horizontal], [top, bottom, left, right] or "same". PaddingValue is a number
    (0), "replicate", "symmetric-include-edge" or "symmetric-exclude-edge". Weights is
    height × width × channels × filters and Bias 1 × 1 × filters; their options are those of
    fullyConnectedLayer. NumChannels="auto" is found out from the input.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([imageInputLayer([28, 28, 1]), convolution2dLayer(5, 20)])
        >>> predict(net, dlarray(ones(28, 28, 1, 3), "SSCB")).shape
        (24, 24, 20, 3)
    """

    short = "conv"
    rank = 2


@register
class convolution3dLayer(_PlainConvolution):
    """NumFilters windows of FilterSize slid over volumes, or over images and time.

    FilterSize, Stride and DilationFactor are one whole number, or [height, width, depth]. Padding
    is a number, one for each dimension, two rows of three (before and after) or "same". Weights is
    height × width × depth × channels × filters and Bias 1 × 1 × 1 × filters; the other options are
    those of convolution2dLayer.

    Example:
        >>> from tinydl import *
        >>> X = dlarray(ones(4, 4, 4, 1, 2), "SSSCB")
        >>> predict(dlnetwork([convolution3dLayer(3, 5)], X), X).shape
        (2, 2, 2, 5, 2)
    """

    short = "conv3d"
    rank = 3


@register
class groupedConvolution2dLayer(ConvolutionLayer):
    """NumGroups convolutions of images side by side, each over its own run of channels.

    Each group has NumFiltersPerGroup windows of FilterSize. NumGroups="channel-wise" makes as many
    groups as there are channels. Weights is height × width × channels of a group × filters of a
    group × groups and Bias 1 × 1 × filters of a group × groups. The other options are those of
    convolution2dLayer.

    Example:
        >>> from tinydl import *
        >>> X = dlarray(ones(5, 5, 3, 2), "SSCB")
        >>> net = dlnetwork([groupedConvolution2dLayer(3, 2, "channel-wise")], X)
        >>> predict(net, X).shape
        (3, 3, 6, 2)
    """

    short = "groupedconv"
    rank = 2

    def __init__(
        self,
        FilterSize: Any,
        NumFiltersPerGroup: int,
        NumGroups: int | str,
        *,
        Name: str = "",
        Stride: Any = 1,
        DilationFactor: Any = 1,
        Padding: Any = 0,
        PaddingValue: Any = 0,
        NumChannelsPerGroup: int | str = "auto",
        WeightsInitializer: Any = "glorot",
        BiasInitializer: Any = "zeros",
        Weights: Any = None,
        Bias: Any = None,
        WeightLearnRateFactor: float = 1.0,
        BiasLearnRateFactor: float = 1.0,
        WeightL2Factor: float = 1.0,
        BiasL2Factor: float = 0.0,
    ) -> None:
        kind = "groupedConvolution2dLayer"
        self.Name = Name
        self._set_convolution(FilterSize, Stride, DilationFactor, Padding, PaddingValue)
        self.NumFiltersPerGroup = whole(NumFiltersPerGroup, f"{kind}: NumFiltersPerGroup")
        self.NumChannelsPerGroup = (
            NumChannelsPerGroup
            if NumChannelsPerGroup == "auto"
            else whole(NumChannelsPerGroup, f"{kind}: NumChannelsPerGroup")
        )
        if isinstance(NumGroups, str) and NumGroups != "channel-wise":
            raise ValueError(
                f'{kind}: NumGroups is a whole number or "channel-wise", not {NumGroups!r}'
            )
        self.NumGroups = (
            NumGroups if isinstance(NumGroups, str) else whole(NumGroups, f"{kind}: NumGroups")
        )
        self.NumChannels = "auto"
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

    def _groups(self, layout: networkDataLayout) -> int:
        """The number of groups. Raises a ValueError if the channels are not dealt evenly."""
        layout.need("C")
        groups = layout.channels if isinstance(self.NumGroups, str) else self.NumGroups
        if layout.channels % groups:
            raise ValueError(
                f"{layout.channels} channels are not dealt evenly to {groups} groups; it gets "
                f"{layout}"
            )
        if self.NumChannelsPerGroup not in ("auto", layout.channels // groups):
            raise ValueError(
                f"NumChannelsPerGroup is {self.NumChannelsPerGroup}, and it gets {layout} for "
                f"{groups} groups"
            )
        return groups

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        return self.convolved(layouts[0], self.NumFiltersPerGroup * self._groups(layouts[0]))

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        groups = self._groups(layouts[0])
        channels, filters = layouts[0].channels // groups, self.NumFiltersPerGroup
        area = math.prod(self.FilterSize)
        size = (*self.FilterSize, channels, filters, groups)
        return {
            "Weights": Parameter(size, area * channels, area * filters),
            "Bias": Parameter((1, 1, filters, groups)),
        }
