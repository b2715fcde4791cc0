"""The network: a handle on a graph, its Learnables and its State."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinydl.labels import dlarray
from tinydl.labels.containers import map_arrays
from tinydl.labels.options import named_options
from tinydl.layers.layer import Layer
from tinydl.network import initialize as first
from tinydl.network.graph import Graph
from tinydl.network.run import run
from tinydl.network.table import Connections, Table


class dlnetwork:
    """A network of layers, for custom training loops.

    ``dlnetwork(layers)`` connects a list of layers one after the other (lists within it are
    joined); ``dlnetwork(layerGraph)`` takes a graph. Sizes come from its input layers, or from
    example inputs or networkDataLayouts, ``dlnetwork(layers, X)``. With Initialize=False the
    parameters stay unset until ``initialize(net, …)``. OutputNames= names the layers whose results
    the network gives, instead of those that feed no other.

    A network changes only where one assigns to it: ``net.State = state``, ``net.Learnables =
    table``, ``net.Learnables.Value[i] = v``. Functions never change the network they are given.
    ``b = a`` is a second name for the same network, ``copy.copy(a)`` one of its own; networks
    share arrays, which nothing writes to.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(2), fullyConnectedLayer(3), softmaxLayer()])
        >>> net
        dlnetwork with properties:
        <BLANKLINE>
                 Layers: [3×1 Layer]
            Connections: [2×2 table]
             Learnables: [2×3 table]
                  State: [0×3 table]
             InputNames: {'input'}
            OutputNames: {'softmax'}
            Initialized: 1
    """

    __slots__ = ("_graph", "_learnables", "_outputs", "_state", "_warned")  # and no misspelt ones

    _graph: Graph
    _learnables: Table
    _state: Table
    _outputs: tuple[str, ...]
    _warned: set[str]

    @named_options
    def __init__(
        self,
        layers: Sequence[Any] | Layer | Graph = (),
        *examples: Any,
        Initialize: bool = True,
        OutputNames: Sequence[str] | str | None = None,
    ) -> None:
        self._graph = layers if isinstance(layers, Graph) else Graph.chain(layers)
        self._outputs = self._check_outputs(OutputNames)
        self._warned = set()
        self._learnables, self._state = first.empty_tables(self._graph)
        if Initialize and self._graph.layers:
            self._learnables, self._state = first.tables(self._graph, examples, {})

    def _check_outputs(self, names: Sequence[str] | str | None) -> tuple[str, ...]:
        names = (names,) if isinstance(names, str) else tuple(names or self._graph.output_names)
        for name in names:
            if name not in self._graph.layers:
                raise ValueError(f"OutputNames: there is no layer {name!r}; the layers are "
                                 f"{', '.join(self._graph.layers)}")  # fmt: skip
        return names

    def _with(self, **changes: Any) -> dlnetwork:
        """A network that shares with this one whatever is not named here."""
        made = object.__new__(dlnetwork)
        made._graph = changes.get("graph", self._graph)
        made._learnables = changes.get("learnables", self._learnables).copy()
        made._state = changes.get("state", self._state).copy()
        made._outputs = changes.get("outputs", self._outputs)
        made._warned = self._warned  # a warning comes once, however often the network is replaced
        return made

    # ---- properties -----------------------------------------------------------------------------

    @property
    def Layers(self) -> tuple[Layer, ...]:
        """The layers, counted from 0, with the present values of their parameters."""
        values = self._parameters()
        return tuple([layer.copy(**values[name]) for name, layer in self._graph.layers.items()])

    @property
    def Connections(self) -> Connections:
        """What is connected to what: a table with the columns Source and Destination."""
        return Connections(self._graph.connections)

    @property
    def Learnables(self) -> Table:
        """The learnable parameters: a table with the columns Layer, Parameter and Value."""
        return self._learnables

    @Learnables.setter
    def Learnables(self, table: Table) -> None:
        self._learnables = self._replacement(self._learnables, table, "Learnables")

    @property
    def State(self) -> Table:
        """The state parameters: a table with the columns Layer, Parameter and Value."""
        return self._state

    @State.setter
    def State(self, table: Table) -> None:
        self._state = self._replacement(self._state, table, "State")

    def _replacement(self, old: Table, new: Table, name: str) -> Table:
        if not isinstance(new, Table):
            raise TypeError(
                f"net.{name} is a table with the rows of the network, not {type(new).__name__}; "
                f"single values are replaced by net.{name}.Value[i] = v"
            )
        replaced = old.copy()
        replaced[:] = new
        return replaced

    @property
    def InputNames(self) -> tuple[str, ...]:
        """The layers that data enters, in the order in which forward and predict take it."""
        return self._graph.input_names

    @property
    def OutputNames(self) -> tuple[str, ...]:
        """The layers whose results forward and predict give."""
        return self._outputs

    @OutputNames.setter
    def OutputNames(self, names: Sequence[str] | str) -> None:
        self._outputs = self._check_outputs(names)

    @property
    def Initialized(self) -> bool:
        """Whether all parameters have values."""
        return bool(self._graph.layers) and not any(
            value is None for value in (*self._learnables.Value, *self._state.Value)
        )

    # ---- values ---------------------------------------------------------------------------------

    def _parameters(self) -> dict[str, dict[str, Any]]:
        """The values of each layer's parameters, in handles of their own."""
        values: dict[str, dict[str, Any]] = {name: {} for name in self._graph.layers}
        for row in (*self._learnables, *self._state):
            values[row.Layer][row.Parameter] = copy.copy(row.Value)
        return values

    def _map_arrays(self, function: Callable[..., Any], *others: Any) -> dlnetwork:
        tables = [getattr(other, "Learnables", other) for other in others]
        mapped = map_arrays(function, self._learnables, *tables)
        return self._with(learnables=self._replacement(self._learnables, mapped, "Learnables"))

    def _map_all_arrays(self, function: Callable[..., Any]) -> dlnetwork:
        tables = [map_arrays(function, table) for table in (self._learnables, self._state)]
        return self._with(learnables=tables[0], state=tables[1])

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        return None, {name: getattr(self, name) for name in self.__slots__}

    def __copy__(self) -> dlnetwork:
        made = self._with()
        made._warned = set(self._warned)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> dlnetwork:
        made = self.__copy__()
        made._learnables = copy.deepcopy(self._learnables, memo)  # refuses recorded values
        made._state = copy.deepcopy(self._state, memo)
        return made

    def learn_rate_factor(self, layer: str, parameter: str) -> float:
        """The factor by which solvers multiply the learning rate of one parameter."""
        name = "Weight" if parameter == "Weights" else parameter
        return getattr(self._graph.layers[layer], f"{name}LearnRateFactor", 1.0)

    def __repr__(self) -> str:
        graph = self._graph
        properties = {
            "Layers": f"[{len(graph.layers)}×1 Layer]",
            "Connections": f"[{len(graph.connections)}×2 table]",
            "Learnables": f"[{len(self._learnables)}×3 table]",
            "State": f"[{len(self._state)}×3 table]",
            "InputNames": "{" + "  ".join([f"'{name}'" for name in self.InputNames]) + "}",
            "OutputNames": "{" + "  ".join([f"'{name}'" for name in self.OutputNames]) + "}",
            "Initialized": str(int(self.Initialized)),
        }
        lines = [f"{name:>15}: {value}" for name, value in properties.items()]
        return "\n".join(["dlnetwork with properties:", "", *lines])


def only_network(net: Any, caller: str) -> dlnetwork:
    """net itself, if it is a network."""
    if not isinstance(net, dlnetwork):
        raise TypeError(f"{caller}: the first argument is a dlnetwork, not a {type(net).__name__}; "
                        "make one with net = dlnetwork(layers)")  # fmt: skip
    return net


@named_options
def forward(
    net: dlnetwork,
    *X: dlarray,
    Outputs: Sequence[str] | str | None = None,
    Statistics: str | Mapping[str, str] | None = None,
) -> tuple[Any, ...]:
    """The results of a network for training, and its new State: ``Y, state = forward(net, X)``.

    Batch normalization uses the statistics of the batch, dropout is active. The network itself
    does not change; keep the new State by ``net.State = state``.

    There is one X for each of net.InputNames, and one result for each of net.OutputNames, or of
    the layers in Outputs=; State comes last. Statistics="fixed" lets batch normalization use State
    as constants of differentiation and leave it unchanged, in all layers or, with a dict such as
    {"bn1": "fixed"}, in some.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer()])
        >>> Y, state = forward(net, dlarray([[1.0, 3.0]], "CB"))
        >>> net.State = state
        >>> float(net.State.Value[0])
        0.20000000298023224
    """
    results, state = run(only_network(net, "forward"), X, "forward", Outputs, Statistics)
    return (*results, state)


@named_options
def predict(
    net: dlnetwork,
    *X: dlarray,
    Outputs: Sequence[str] | str | None = None,
    nargout: int | None = None,
) -> Any:
    """The results of a network for prediction: ``Y = predict(net, X)``.

    Batch normalization uses State, dropout does nothing. It can be differentiated as forward can.
    Several results, for several net.OutputNames or Outputs=, are a tuple; nargout= asks for a
    number of them, and one more than there are results adds the State.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), reluLayer()])
        >>> predict(net, dlarray([[-1.0, 3.0]], "CB"))
        1(C) × 2(B) dlarray
        [[0. 3.]]
    """
    results, state = run(only_network(net, "predict"), X, "predict", Outputs, None)
    everything = (*results, state)
    count = len(results) if nargout is None else nargout
    if not 1 <= count <= len(everything):
        raise ValueError(f"predict gives 1 to {len(everything)} outputs; nargout={nargout!r}")
    return everything[0] if count == 1 else everything[:count]


def initialize(net: dlnetwork, *X: Any) -> dlnetwork:
    """A network in which all unset parameters have their first values; those that are set stay.

    X are example inputs or networkDataLayouts, needed where no input layer says the sizes.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([fullyConnectedLayer(3)], Initialize=False)
        >>> initialize(net, networkDataLayout([2, None], "CB")).Initialized
        True
    """
    only_network(net, "initialize")
    kept = {(r.Layer, r.Parameter): r.Value for r in (*net.Learnables, *net.State)}
    learnables, state = first.tables(net._graph, X, kept)
    return net._with(learnables=learnables, state=state)
