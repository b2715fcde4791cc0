"""What recurrent layers share. The layers are in ``lstm``, ``gru`` and ``bidirectional``.

They keep what they have seen in the network's State, which forward and predict both move on; see
``resetState``.
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar

from tinydl.functions.arguments import one_of
from tinydl.functions.create import zeros
from tinydl.functions.shape import reshape
from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.layers import initializers
from tinydl.layers.layer import Layer, Parameter, fitting
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import not_negative, whole
from tinydl.primitives import recur

UNIT_FORGET_GATE = "unit-forget-gate"


class RecurrentLayer(Layer):
    """What recurrent layers share: parameters in blocks, states, and two modes of output.

    A subclass says how many blocks of rows its parameters have for each unit, which states it
    keeps and what their inputs and outputs are called, and defines ``steps(x, *states)``: the
    hidden states of all times, and the last of each state.
    """

    Learnable = ("InputWeights", "RecurrentWeights", "Bias")

    blocks: ClassVar[int]
    directions: ClassVar[int] = 1
    ports: ClassVar[dict[str, str]]

    NumHiddenUnits: int
    OutputMode: str
    HasStateInputs: bool
    HasStateOutputs: bool
    InputWeights: Any
    RecurrentWeights: Any
    Bias: Any

    def steps(self, x: dlarray, *states: Any) -> tuple[dlarray, ...]:
        """The hidden states of all times, and the last of each state."""
        raise NotImplementedError

    def _set_units(
        self,
        NumHiddenUnits: int,
        OutputMode: str,
        HasStateInputs: bool,
        HasStateOutputs: bool,
        states: dict[str, Any],
    ) -> None:
        kind = type(self).__name__
        self.NumHiddenUnits = whole(NumHiddenUnits, f"{kind}: NumHiddenUnits")
        self.OutputMode = one_of(OutputMode, ("sequence", "last"), "OutputMode", kind)
        self.HasStateInputs = bool(HasStateInputs)
        self.HasStateOutputs = bool(HasStateOutputs)
        for name, value in states.items():
            if value is not None and self.HasStateInputs:
                raise ValueError(
                    f"{kind}: with HasStateInputs=True the first state comes from the input "
                    f"{self.ports[name]!r}; leave out {name}="
                )
            setattr(self, name, value)
        self.Stateful = self.Resettable = () if self.HasStateInputs else tuple(self.ports)

    def _set_functions(self, state: str, gate: str) -> None:
        kind = type(self).__name__
        one_of(state, tuple(recur.STATES), "StateActivationFunction", kind)
        one_of(gate, tuple(recur.GATES), "GateActivationFunction", kind)
        self.StateActivationFunction = state
        self.GateActivationFunction = gate

    def _set_parameters(
        self, values: dict[str, Any], starts: dict[str, Any], factors: dict[str, float]
    ) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        for name, initializer in starts.items():
            also = (UNIT_FORGET_GATE,) if name == "BiasInitializer" and self.blocks == 4 else ()
            setattr(self, name, initializers.check(initializer, name, also))
        for name, factor in factors.items():
            setattr(self, name, not_negative(factor, name))

    @property
    def InputNames(self) -> tuple[str, ...]:
        return ("in", *self.ports.values()) if self.HasStateInputs else ("in",)

    @property
    def OutputNames(self) -> tuple[str, ...]:
        return ("out", *self.ports.values()) if self.HasStateOutputs else ("out",)

    # ---- sizes and first values -----------------------------------------------------------------

    @property
    def _channels(self) -> int:
        """The channels of the result, and of each state."""
        return self.directions * self.NumHiddenUnits

    def output(self, *layouts: networkDataLayout) -> Any:
        layout, *states = layouts
        layout.need("C")
        layout.features()  # raises an error if the number of channels is not known
        if not set(layout.Format) <= set("CBT"):
            raise ValueError(f"it runs over channels C, observations B and times T, and gets "
                             f"{layout}; flattenLayer() makes channels of S")  # fmt: skip
        for port, state in zip(self.ports.values(), states, strict=bool(states)):
            if not set(state.Format) <= set("CB") or state.channels != self._channels:
                raise ValueError(f"its input {port!r} is a state of {self._channels} channels C "
                                 f"and observations B, and gets {state}")  # fmt: skip
        result = layout.replace("C", [self._channels])
        if self.OutputMode == "last":
            result = result.without("T")
        if not self.HasStateOutputs:
            return result
        state = networkDataLayout([self._channels, *(layout.size("B") or (1,))], "CB")
        return result, *[state for _ in self.ports]

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        inputs, units = layouts[0].features(), self.NumHiddenUnits
        rows = self.blocks * self._channels
        return {
            "InputWeights": Parameter((rows, inputs), inputs, rows),
            "RecurrentWeights": Parameter((rows, units), units, rows),
            "Bias": Parameter((rows, 1)),
        }

    def initializer(self, parameter: str) -> Any:
        chosen = super().initializer(parameter)
        if chosen != UNIT_FORGET_GATE:
            return chosen
        return functools.partial(initializers.unit_forget_gate, units=self.NumHiddenUnits)

    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        return {name: self._first_state(name) for name in self.Stateful}

    def _first_state(self, name: str) -> dlarray:
        """A column for all observations, or one for each if it was given so."""
        given = getattr(self, name)
        if given is None:
            return dlarray(zeros(self._channels, 1, "single"))
        value = dlarray(given) if not isinstance(given, dlarray) else given
        if value.ndim == 2 and value.shape[0] == self._channels:
            return dlarray._make(value._value, "")
        return fitting(value, (self._channels, 1), f"{name} of layer {self.Name!r}")

    # ---- results --------------------------------------------------------------------------------

    def predict(self, *X: dlarray) -> Any:
        return self.advance(*X)[0]

    def advance(self, *X: dlarray) -> tuple[Any, dict[str, dlarray]]:
        x, *states = X
        Y, *last = self.steps(x, *(states or [self._state(name, x) for name in self.Stateful]))
        if self.OutputMode == "last":
            Y = last[0] if "B" in x.dims else dlarray(reshape(last[0], -1), "C")
        new = {} if self.HasStateInputs else dict(zip(self.ports, last, strict=True))
        return (Y, *last) if self.HasStateOutputs else Y, new

    def _state(self, name: str, x: dlarray) -> dlarray:
        """The state to begin with. Raises a ValueError if it is that of other observations."""
        state: dlarray = getattr(self, name)
        observations = x.shape[x.dims.index("B")] if "B" in x.dims else 1
        if state.shape[1] not in (1, observations):
            raise ValueError(
                f"{name} is that of {state.shape[1]} sequences, and the input is "
                f"{header(x, x.dims)}; use net = resetState(net) before other sequences"
            )
        return state
