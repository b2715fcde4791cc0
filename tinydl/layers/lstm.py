"""The LSTM layer, and what it shares with the one of two directions."""

from __future__ import annotations

from typing import Any

from tinydl.functions.recurrent import lstm
from tinydl.labels import dlarray
from tinydl.layers.layer import register
from tinydl.layers.recurrent import UNIT_FORGET_GATE, RecurrentLayer


class LongShortTermLayer(RecurrentLayer):
    """The constructor that lstmLayer and bilstmLayer share."""

    blocks = 4
    ports = {"HiddenState": "hidden", "CellState": "cell"}

    def __init__(
        self,
        NumHiddenUnits: int,
        *,
        Name: str = "",
        OutputMode: str = "sequence",
        HasStateInputs: bool = False,
        HasStateOutputs: bool = False,
        StateActivationFunction: str = "tanh",
        GateActivationFunction: str = "sigmoid",
        InputWeightsInitializer: Any = "glorot",
        RecurrentWeightsInitializer: Any = "orthogonal",
        BiasInitializer: Any = UNIT_FORGET_GATE,
        InputWeights: Any = None,
        RecurrentWeights: Any = None,
        Bias: Any = None,
        HiddenState: Any = None,
        CellState: Any = None,
        InputWeightsLearnRateFactor: float = 1.0,
        RecurrentWeightsLearnRateFactor: float = 1.0,
        BiasLearnRateFactor: float = 1.0,
        InputWeightsL2Factor: float = 1.0,
        RecurrentWeightsL2Factor: float = 1.0,
        BiasL2Factor: float = 0.0,
    ) -> None:
        self.Name = Name
        states = {"HiddenState": HiddenState, "CellState": CellState}
        self._set_units(NumHiddenUnits, OutputMode, HasStateInputs, HasStateOutputs, states)
        self._set_functions(StateActivationFunction, GateActivationFunction)
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

    def run(self, x: dlarray, *given: Any) -> tuple[dlarray, ...]:
        """One LSTM over x, from its states and parameters."""
        Y, hidden, cell = lstm(
            x, *given, StateActivationFunction=self.StateActivationFunction,
            GateActivationFunction=self.GateActivationFunction, nargout=3,
        )  # fmt: skip
        return Y, hidden, cell


@register
class lstmLayer(LongShortTermLayer):
    """Long short-term memory of NumHiddenUnits units over sequences; see the function lstm.

    The input has the labels C, B and T, or C with one of the others. OutputMode="sequence" gives
    the hidden state after each time, "last" after the last one, without T: for padded sequences
    that is padding too, unless they are padded at their beginning.

    InputWeights is 4H × channels, RecurrentWeights 4H × H and Bias 4H × 1, in the blocks input
    gate, forget gate, candidate, output gate. They start from InputWeightsInitializer ("glorot"),
    RecurrentWeightsInitializer ("orthogonal") and BiasInitializer ("unit-forget-gate": zeros, and
    ones for the forget gate), or with the values given.

    HiddenState and CellState are the network's State, H × 1 at first (zeros unless given). forward
    and predict begin with them and return those after the last time, one column for each
    observation: keep them, ``net.State = state``, to go on with the same sequences, and begin
    others with ``net = resetState(net)``. With HasStateInputs=True they come from the inputs hidden
    and cell instead, and with HasStateOutputs=True there are outputs of these names.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([sequenceInputLayer(2), lstmLayer(3, OutputMode="last")])
        >>> Y, state = predict(net, dlarray(ones(2, 4, 5), "CBT"), nargout=2)
        >>> Y.dims, Y.shape
        ('CB', (3, 4))
        >>> state
        2×3 table
            Layer       Parameter         Value
            ______    _____________    ____________
        <BLANKLINE>
            "lstm"    "HiddenState"    {3×4 single}
            "lstm"    "CellState"      {3×4 single}
    """

    short = "lstm"

    def steps(self, x: dlarray, *states: Any) -> tuple[dlarray, ...]:
        return self.run(x, *states, self.InputWeights, self.RecurrentWeights, self.Bias)
