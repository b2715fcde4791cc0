"""Convolutional layers."""

from __future__ import annotations

from typing import Any

from tinydl.functions.convolve import dlconv
from tinydl.functions.window import PADDING_VALUES, padding_widths
from tinydl.labels import dlarray
from tinydl.layers.layer import Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import pair, sides, whole
from tinydl.layers.weighted import WeightedLayer
from tinydl.primitives.window import output_size


@register
class convolution2dLayer(WeightedLayer):
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
        self.Name = Name
        self.FilterSize = pair(FilterSize, "convolution2dLayer: FilterSize")
        self.NumFilters = whole(NumFilters, "convolution2dLayer: NumFilters")
        self.Stride = pair(Stride, "convolution2dLayer: Stride")
        self.DilationFactor = pair(DilationFactor, "convolution2dLayer: DilationFactor")
        self.Padding = sides(Padding, "convolution2dLayer: Padding")
        if isinstance(PaddingValue, str) and PaddingValue not in PADDING_VALUES:
            raise ValueError(
                "convolution2dLayer: PaddingValue is a number or one of "
                f"{', '.join(PADDING_VALUES)}, not {PaddingValue!r}"
            )
        self.PaddingValue = PaddingValue
        self.NumChannels = (
            NumChannels
            if NumChannels == "auto"
            else whole(NumChannels, "convolution2dLayer: NumChannels")
        )
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
        layout.need("SSC")
        if self.NumChannels not in ("auto", layout.channels):
            raise ValueError(f"NumChannels is {self.NumChannels}, and it gets {layout}")
        spatial = layout.size("S")
        widths = padding_widths(
            self.Padding, spatial, self.FilterSize, self.Stride, self.DilationFactor
        )
        try:
            sizes = output_size(
                spatial, self.FilterSize, stride=self.Stride, dilation=self.DilationFactor,
                padding=widths,
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(f"it gets {layout}: {error}") from None
        return layout.replace("S", sizes).replace("C", [self.NumFilters])

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        (height, width), channels = self.FilterSize, layouts[0].channels
        area = height * width
        return {
            "Weights": Parameter(
                (height, width, channels, self.NumFilters), area * channels, area * self.NumFilters
            ),
            "Bias": Parameter((1, 1, self.NumFilters)),
        }

    def predict(self, *X: dlarray) -> dlarray:
        return dlconv(
            X[0], self.Weights, self.Bias, Stride=self.Stride,
            DilationFactor=self.DilationFactor, Padding=self.Padding,
            PaddingValue=self.PaddingValue,
        )  # fmt: skip
