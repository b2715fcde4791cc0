"""The network: a handle on a graph, its Learnables and its State."""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from tinydl.autodiff.record import is_recorded
from tinydl.labels import dlarray
from tinydl.labels.containers import map_arrays
from tinydl.labels.options import named_options
from tinydl.layers.layer import Layer
from tinydl.network import initialize as first
from tinydl.network.compare import same_networks
from tinydl.network.display import network_html, properties
from tinydl.network.graph import Graph
from tinydl.network.history import History
from tinydl.network.paths import by_layer, row, split
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

    # Named one by one, so that nothing misspelt can be assigned.
    __slots__ = ("_graph", "_history", "_learnables", "_outputs", "_state", "_warned")

    _graph: Graph
    _learnables: Table
    _state: Table
    _outputs: tuple[str, ...]
    _warned: set[str]
    _history: History

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
        self._history = History()
        self._learnables, self._state = first.empty_tables(self._graph)
        if Initialize and self._graph.layers:
            self._learnables, self._state = first.tables(self._graph, examples, {})

    def _check_outputs(self, names: Sequence[str] | str | None) -> tuple[str, ...]:
        if not names:
            return self._graph.output_names
        return self._graph.checked_results(names, "OutputNames")

    def _with(self, **changes: Any) -> dlnetwork:
        """A network that shares with this one whatever is not named here; tables are its own."""
        made = object.__new__(dlnetwork)
        made._graph = changes.get("graph", self._graph)
        made._learnables = (
            changes["learnables"] if "learnables" in changes else self._learnables.copy()
        )
        made._state = changes["state"] if "state" in changes else self._state.copy()
        made._outputs = changes.get("outputs", self._outputs)
        # Solvers and dlfeval replace the network; it is still the one that was trained, or warned.
        made._warned = self._warned
        made._history = self._history
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
        self._history.stepped()

    @property
    def State(self) -> Table:
        """The state parameters: a table with the columns Layer, Parameter and Value."""
        return self._state

    @State.setter
    def State(self, table: Table) -> None:
        free = self._graph.remembered(_resettable)
        old, self._state = self._state, self._replacement(self._state, table, "State", free)
        if not any([v is not None and is_recorded(v._value) for v in self._learnables.Value]):
            self._history.assigned(old, self._state)  # within dlfeval it does not reach the caller

    def _replacement(
        self, old: Table, new: Table, name: str, free: Container[tuple[str, str]] = ()
    ) -> Table:
        """The values of a new table. Those in `free` may have other sizes than the old ones, as
        the state of a sequence has when it has seen a batch of other size."""
        if not isinstance(new, Table):
            raise TypeError(
                f"net.{name} is a table with the rows of the network, not {type(new).__name__}; "
                f"single values are replaced by net.{name}.Value[i] = v"
            )
        old._check_rows(new)
        return old._replaced(new.Value, free)

    @property
    def InputNames(self) -> tuple[str, ...]:
        """The inputs that data enters, in the order in which forward and predict take it."""
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
        values = (*self._learnables.Value, *self._state.Value)
        return bool(self._graph.layers) and not any([value is None for value in values])

    # ---- values ---------------------------------------------------------------------------------

    def _parameters(self) -> dict[str, dict[str, Any]]:
        """The values of each layer's parameters, in handles of their own."""
        values: dict[str, dict[str, Any]] = {name: {} for name in self._graph.layers}
        for table in (self._learnables, self._state):
            for at, value in zip(table._rows, table.Value, strict=True):
                name, path = split(*at)
                values[name][path] = None if value is None else dlarray._make(value._value, "")
        return values

    def _set(self, values: Mapping[str, Any]) -> dlnetwork:
        """A network with other values of parameters, and of attributes of layers, by path.

        A path is such as "fc/Weights" or "fc/WeightLearnRateFactor".
        """
        tables = []
        for old in (self._learnables, self._state):
            paths = ["/".join(row) for row in old.rows]
            new = [values.get(path, v) for path, v in zip(paths, old.Value, strict=True)]
            tables.append(old._with(new))
        parameters = {"/".join(row) for table in tables for row in table.rows}
        changes = by_layer({path: v for path, v in values.items() if path not in parameters})
        layers = [layer.copy(**changes[name]) if name in changes else layer
                  for name, layer in self._graph.layers.items()]  # fmt: skip
        graph = Graph(layers, self._graph.connections) if changes else self._graph
        return self._with(graph=graph, learnables=tables[0], state=tables[1])

    def _walk_arrays(self, found: list[tuple[Any, ...]], *others: Any) -> None:
        tables = [getattr(other, "Learnables", other) for other in others]
        self._learnables._walk_arrays(found, *tables)

    def _map_arrays(self, function: Callable[[Any], Any], is_step: bool) -> dlnetwork:
        learnables = self._learnables._mapped(function, keeps_sizes=True)
        if is_step:
            self._history.stepped()
        return self._with(learnables=learnables)

    def _map_all_arrays(self, function: Callable[..., Any]) -> dlnetwork:
        tables = [map_arrays(function, table) for table in (self._learnables, self._state)]
        return self._with(learnables=tables[0], state=tables[1])

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        return None, {name: getattr(self, name) for name in self.__slots__}

    def __copy__(self) -> dlnetwork:
        made = self._with()
        made._warned = set(self._warned)
        made._history = self._history.copy()
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> dlnetwork:
        made = self.__copy__()
        made._learnables = copy.deepcopy(self._learnables, memo)  # refuses recorded values
        made._state = copy.deepcopy(self._state, memo)
        return made

    def learn_rate_factor(self, layer: str, parameter: str) -> float:
        """The factor by which solvers multiply the learning rate of one parameter."""
        return self._graph.learn_rate_factors[layer, parameter]

    def is_equal_to(self, other: Any, nan_equal: bool = False) -> bool:
        """Whether another network has equal layers, connections, outputs and values.

        With nan_equal NaN equals NaN. Classes do not count: single 1 equals double 1.
        """
        return same_networks(self, other, nan_equal)

    def __repr__(self) -> str:
        return properties(self)

    def _repr_html_(self) -> str:
        return network_html(self)


def _resettable(graph: Graph) -> frozenset[tuple[str, str]]:
    """The rows of State that resetState sets back."""
    return frozenset([row(name, path) for name, layer in graph.layers.items()
                      for path in layer.Resettable])  # fmt: skip


def only_network(net: Any, caller: str) -> dlnetwork:
    """net itself, if it is a network."""
    if not isinstance(net, dlnetwork):
        raise TypeError(f"{caller}: the first argument is a dlnetwork, not a {type(net).__name__}; "
                        "make one with net = dlnetwork(layers)")  # fmt: skip
    return net
