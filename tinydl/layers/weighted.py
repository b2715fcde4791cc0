"""What the layers with Weights and Bias share: their options."""

from __future__ import annotations

from typing import Any

from tinydl.layers import initializers
from tinydl.layers.layer import Layer
from tinydl.layers.options import not_negative


class WeightedLayer(Layer):
    """A layer with Weights and Bias.

    They start from WeightsInitializer ("glorot" unless given) and BiasInitializer ("zeros"), or
    with the values Weights= and Bias=. The learn-rate factors multiply the solvers' rate; the L2
    factors are for regularization.
    """

    Learnable = ("Weights", "Bias")

    Weights: Any
    Bias: Any

    def _set_weights(
        self,
        WeightsInitializer: Any,
        BiasInitializer: Any,
        Weights: Any,
        Bias: Any,
        factors: dict[str, float],
    ) -> None:
        self.WeightsInitializer = initializers.check(WeightsInitializer, "WeightsInitializer")
        self.BiasInitializer = initializers.check(BiasInitializer, "BiasInitializer")
        self.Weights = Weights
        self.Bias = Bias
        for name, factor in factors.items():
            setattr(self, name, not_negative(factor, name))
