"""The GRU layer."""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import one_of
from tinydl.functions.recurrent import RESET_MODES, gru
from tinydl.labels import dlarray
from tinydl.layers.layer import Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.recurrent import RecurrentLayer


@register
class gruLayer(RecurrentLayer):
    """Gated recurrent units, NumHiddenUnits of them, over sequences; see the function gru.

    InputWeights is 3H × channels, RecurrentWeights 3H × H and Bias 3H × 1, in the blocks reset
    gate, update gate, candidate. ResetGateMode is "after-multiplication", "before-multiplication"
    or "recurrent-bias-after-multiplication", with which Bias is 6H × 1. Bias starts with zeros. The
    State, and its input and output, is HiddenState (hidden) alone; everything else is as in
    lstmLayer.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([sequenceInputLayer(2), gruLayer(3)])
        >>> predict(net, dlarray(ones(2, 4, 5), "CBT")).shape
        (3, 4, 5)
    """

    short = "gru"
    blocks = 3
    ports = {"HiddenState": "hidden"}

    def __init__(
        self,
        NumHiddenUnits: int,
        *,
        Name: str = "",
        OutputMode: str = "sequence",
        HasStateInputs: bool = False,
        HasStateOutputs: bool = False,
        ResetGateMode: str = "after-multiplication",
        StateActivationFunction: str = "tanh",
        GateActivationFunction: str = "sigmoid",
        InputWeightsInitializer: Any = "glorot",
        RecurrentWeightsInitializer: Any = "orthogonal",
        BiasInitializer: Any = "zeros",
        InputWeights: Any = None,
        RecurrentWeights: Any = None,
        Bias: Any = None,
        HiddenState: Any = None,
        InputWeightsLearnRateFactor: float = 1.0,
        RecurrentWeightsLearnRateFactor: float = 1.0,
        BiasLearnRateFactor: float = 1.0,
        InputWeightsL2Factor: float = 1.0,
        RecurrentWeightsL2Factor: float = 1.0,
        BiasL2Factor: float = 0.0,
    ) -> None:
        self.Name = Name
        states = {"HiddenState": HiddenState}
        self._set_units(NumHiddenUnits, OutputMode, HasStateInputs, HasStateOutputs, states)
        self._set_functions(StateActivationFunction, GateActivationFunction)
        self.ResetGateMode = one_of(ResetGateMode, RESET_MODES, "ResetGateMode", "gruLayer")
        self._set_parameters(
            {"InputWeights": InputWeights, "RecurrentWeights": RecurrentWeights, "Bias": Bias},
            {
                "InputWeightsInitializer": InputWeightsInitializer,
                "RecurrentWeightsInitializer": RecurrentWeightsInitializer,
                "BiasInitializer": BiasInitializer,
            },
            {
                "InputWeightsLearnRateFactor": InputWeightsLearnRateFactor,
                "RecurrentWeightsLearnRateFactor": RecurrentWeightsLearnRateFactor,
                "BiasLearnRateFactor": BiasLearnRateFactor,
                "InputWeightsL2Factor": InputWeightsL2Factor,
                "RecurrentWeightsL2Factor": RecurrentWeightsL2Factor,
                "BiasL2Factor": BiasL2Factor,
            },
        )

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        sizes = super().parameters(*layouts)
        if self.ResetGateMode == "recurrent-bias-after-multiplication":
            sizes["Bias"] = Parameter((6 * self.NumHiddenUnits, 1))
        return sizes

    def steps(self, x: dlarray, *states: Any) -> tuple[dlarray, ...]:
        (hidden,) = states
        Y, last = gru(
            x, hidden, self.InputWeights, self.RecurrentWeights, self.Bias,
            ResetGateMode=self.ResetGateMode,
            StateActivationFunction=self.StateActivationFunction,
            GateActivationFunction=self.GateActivationFunction, nargout=2,
        )  # fmt: skip
        return Y, last
