"""Fully connected layers, and flattening."""

from __future__ import annotations

import math
from typing import Any

from tinydl.functions.layerwise import fullyconnect
from tinydl.functions.shape import reshape
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import whole
from tinydl.layers.weighted import WeightedLayer


@register
class fullyConnectedLayer(WeightedLayer):
    """OutputSize weighted sums W x + b of all that enters, for each observation and time.

    Weights is OutputSize × the number of channels and pixels, Bias OutputSize × 1. They start from
    WeightsInitializer ("glorot") and BiasInitializer ("zeros"), or with the values given. The
    others are "he", "orthogonal", "narrow-normal", "ones", or a function of the size. The rate
    factors multiply the solvers' learning rate; the L2 factors are for regularization.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(2), fullyConnectedLayer(1, Weights=[[3.0, 4.0]])])
        >>> predict(net, dlarray([[1.0], [2.0]], "CB"))
        1(C) × 1(B) single dlarray
        [[11.]]
    """

    short = "fc"

    def __init__(
        self,
        OutputSize: int,
        *,
        Name: str = "",
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
        self.OutputSize = whole(OutputSize, "fullyConnectedLayer: OutputSize")
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
        if not layout.size("SC"):
            raise ValueError(f"it needs a dimension S or C and gets {layout}")
        rest = [(n, label) for n, label in zip(layout.Size, layout.Format, strict=True)
                if label not in "SC"]  # fmt: skip
        return networkDataLayout(
            [self.OutputSize, *[n for n, _ in rest]], "C" + "".join([label for _, label in rest])
        )

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        inputs = layouts[0].features()
        return {
            "Weights": Parameter((self.OutputSize, inputs), inputs, self.OutputSize),
            "Bias": Parameter((self.OutputSize, 1)),
        }

    def predict(self, *X: dlarray) -> dlarray:
        return fullyconnect(X[0], self.Weights, self.Bias)


@register
class flattenLayer(Layer):
    """All pixels and channels of an observation as channels, in column-major order.

    Example:
        >>> from tinydl import dlarray, flattenLayer, ones
        >>> flattenLayer().predict(dlarray(ones(2, 3, 4, 5), "SSCB")).shape
        (24, 5)
    """

    short = "flatten"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        if not layout.size("SC"):
            raise ValueError(f"it needs a dimension S or C and gets {layout}")
        fmt = "C" + "".join([label for label in layout.Format if label not in "SC"])
        rest = [n for n, label in zip(layout.Size, layout.Format, strict=True)
                if label not in "SC"]  # fmt: skip
        return networkDataLayout([layout.features(), *rest], fmt)

    def predict(self, *X: dlarray) -> dlarray:
        (x,) = X
        inner = sum(label in "SC" for label in x.dims)
        sizes = (math.prod(x.shape[:inner]), *x.shape[inner:])
        return dlarray(reshape(x, *sizes), "C" + x.dims[inner:])
