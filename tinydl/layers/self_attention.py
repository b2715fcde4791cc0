"""Self-attention, with learnable projections of what enters and leaves it."""

from __future__ import annotations

from typing import Any

from tinydl.functions.convert import stripdims
from tinydl.functions.layerwise import fullyconnect
from tinydl.labels import dlarray
from tinydl.layers import initializers
from tinydl.layers.attention import AttendingLayer, check_positions
from tinydl.layers.layer import Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import not_negative, whole

PARTS = ("Query", "Key", "Value", "Output")


@register
class selfAttentionLayer(AttendingLayer):
    """Multihead self-attention: each position of a sequence takes a mean over all its positions.

    From X, with the labels C, one of T and S, and perhaps B,

        Q, K, V = QueryWeights X + QueryBias, KeyWeights X + KeyBias, ValueWeights X + ValueBias
        Y = OutputWeights attention(Q, K, V) + OutputBias

    NumKeyChannels are those of Q and K, NumValueChannels those of V ("auto": as many) and
    OutputSize those of Y ("auto": as many as X has); NumHeads divides the first two. The weights
    are of size outputs × inputs and start from WeightsInitializer ("glorot"), biases are columns
    and start from BiasInitializer ("zeros"), or with the values given. The four weights have one
    learn-rate factor and one L2 factor together, and so have the four biases.

    AttentionMask, HasPaddingMaskInput, HasScoresOutput and DropoutProbability are as in
    attentionLayer. Vaswani et al., "Attention is all you need", 2017.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([sequenceInputLayer(6), selfAttentionLayer(2, 8)])
        >>> predict(net, dlarray(ones(6, 4, 5), "CBT")).shape
        (6, 4, 5)
    """

    short = "selfattention"
    ports = ("in",)
    Learnable = tuple([f"{part}{kind}" for kind in ("Weights", "Bias") for part in PARTS])

    def __init__(
        self,
        NumHeads: int,
        NumKeyChannels: int,
        *,
        Name: str = "",
        NumValueChannels: int | str = "auto",
        OutputSize: int | str = "auto",
        HasPaddingMaskInput: bool = False,
        HasScoresOutput: bool = False,
        AttentionMask: Any = "none",
        DropoutProbability: float = 0.0,
        WeightsInitializer: Any = "glorot",
        BiasInitializer: Any = "zeros",
        QueryWeights: Any = None,
        KeyWeights: Any = None,
        ValueWeights: Any = None,
        OutputWeights: Any = None,
        QueryBias: Any = None,
        KeyBias: Any = None,
        ValueBias: Any = None,
        OutputBias: Any = None,
        WeightLearnRateFactor: float = 1.0,
        BiasLearnRateFactor: float = 1.0,
        WeightL2Factor: float = 1.0,
        BiasL2Factor: float = 0.0,
    ) -> None:
        self.Name = Name
        self._set_attention(
            NumHeads, HasPaddingMaskInput, HasScoresOutput, AttentionMask, DropoutProbability
        )
        self.NumKeyChannels = whole(NumKeyChannels, "selfAttentionLayer: NumKeyChannels")
        self.NumValueChannels = _or_auto(NumValueChannels, "NumValueChannels")
        self.OutputSize = _or_auto(OutputSize, "OutputSize")
        self._check_heads(NumKeyChannels=self.NumKeyChannels,
                          NumValueChannels=self._value_channels)  # fmt: skip
        self.WeightsInitializer = initializers.check(WeightsInitializer, "WeightsInitializer")
        self.BiasInitializer = initializers.check(BiasInitializer, "BiasInitializer")
        self.QueryWeights, self.QueryBias = QueryWeights, QueryBias
        self.KeyWeights, self.KeyBias = KeyWeights, KeyBias
        self.ValueWeights, self.ValueBias = ValueWeights, ValueBias
        self.OutputWeights, self.OutputBias = OutputWeights, OutputBias
        self.WeightLearnRateFactor = not_negative(WeightLearnRateFactor, "WeightLearnRateFactor")
        self.BiasLearnRateFactor = not_negative(BiasLearnRateFactor, "BiasLearnRateFactor")
        self.WeightL2Factor = not_negative(WeightL2Factor, "WeightL2Factor")
        self.BiasL2Factor = not_negative(BiasL2Factor, "BiasL2Factor")

    @property
    def _value_channels(self) -> int:
        chosen = self.NumValueChannels
        return chosen if isinstance(chosen, int) else self.NumKeyChannels

    def _outputs_of(self, layout: networkDataLayout) -> int:
        return self.OutputSize if isinstance(self.OutputSize, int) else layout.channels

    def initializer(self, parameter: str) -> Any:
        is_weights = parameter.endswith("Weights")
        return self.WeightsInitializer if is_weights else self.BiasInitializer

    def output(self, *layouts: networkDataLayout) -> Any:
        layout, *masks = layouts
        check_positions(layout)
        return self._outputs(layout.replace("C", [self._outputs_of(layout)]), layout, masks)

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        (layout, *_), keys, values = layouts, self.NumKeyChannels, self._value_channels
        ends = {"Query": (keys, layout.channels), "Key": (keys, layout.channels),
                "Value": (values, layout.channels),
                "Output": (self._outputs_of(layout), values)}  # fmt: skip
        weights = {f"{part}Weights": Parameter((rows, columns), columns, rows)
                   for part, (rows, columns) in ends.items()}  # fmt: skip
        return weights | {f"{part}Bias": Parameter((rows, 1)) for part, (rows, _) in ends.items()}

    def _run(self, p: float, X: tuple[dlarray, ...]) -> Any:
        # Along time everywhere, because fullyconnect would join S to the channels.
        x, *masks = [_along_time(array) for array in X]
        Q = fullyconnect(x, self.QueryWeights, self.QueryBias)
        K = fullyconnect(x, self.KeyWeights, self.KeyBias)
        V = fullyconnect(x, self.ValueWeights, self.ValueBias)
        mean, *scores = self._attend(Q, K, V, masks, p)
        Y = _as_before(fullyconnect(mean, self.OutputWeights, self.OutputBias), X[0].dims)
        return (Y, *scores) if self.HasScoresOutput else Y


def _along_time(X: dlarray) -> dlarray:
    """An array whose positions are those of T, also if they were those of S."""
    if "S" not in X.dims:
        return X
    order = "CBT" if "B" in X.dims else "CT"
    return dlarray(stripdims(X, order.replace("T", "S")), order)


def _as_before(Y: dlarray, fmt: str) -> dlarray:
    """The inverse of that, for a result of an array of the given format."""
    return Y if "S" not in fmt else dlarray(stripdims(Y), Y.dims.replace("T", "S"))


def _or_auto(value: Any, option: str) -> int | str:
    if isinstance(value, str) and value == "auto":
        return value
    return whole(value, f'selfAttentionLayer: {option}, if it is not "auto",')
