"""Networks inside of networks: a layer that holds one, and its replacement by what it holds."""

from __future__ import annotations

import copy
from typing import Any

from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.network.graph import Connection, Graph, layer_of
from tinydl.network.initialize import follow, layouts
from tinydl.network.net import dlnetwork, only_network
from tinydl.network.run import run
from tinydl.network.table import Table


@register
class networkLayer(Layer):
    """A network as a layer of another one.

    The inputs of Network are the layer's inputs, "in" or "in1", "in2", …, and its outputs are the
    layer's, "out" or "out1", "out2", …, in the order of Network.OutputNames. Its parameters stand
    in the tables of the network around: those of fc in the layer outer in rows with the Layer
    "outer/fc". Network has no input layers of its own; what is set in it keeps its value, the rest
    gets its first value when the network around is initialized.

    Example:
        >>> from tinydl import *
        >>> block = dlnetwork([fullyConnectedLayer(3), reluLayer()], Initialize=False)
        >>> net = dlnetwork([featureInputLayer(2), networkLayer(block, Name="block")])
        >>> net.Learnables
        2×3 table
              Layer       Parameter        Value
            __________    _________    _____________
        <BLANKLINE>
            "block/fc"    "Weights"    {3×2 dlarray}
            "block/fc"    "Bias"       {3×1 dlarray}
    """

    short = "network"

    def __init__(self, Network: dlnetwork, *, Name: str = "") -> None:
        self.Name = Name
        self.Network = copy.copy(only_network(Network, "networkLayer"))
        graph = self.Network._graph
        inner = [name for name, layer in graph.layers.items() if layer.is_input]
        if inner or not graph.layers:
            raise ValueError(
                f"networkLayer: the network has the input layer {inner[0]!r}; data comes from the "
                f"network around, so take it away: removeLayers(net, {inner[0]!r})" if inner else
                "networkLayer: the network has no layers"
            )  # fmt: skip
        self.Learnable = tuple(["/".join(at) for at in self.Network.Learnables.rows])
        self.Stateful = tuple(["/".join(at) for at in self.Network.State.rows])
        self.Resettable = tuple([f"{name}/{path}" for name, layer in graph.layers.items()
                                 for path in layer.Resettable])  # fmt: skip

    @property
    def InputNames(self) -> tuple[str, ...]:
        return _ports("in", len(self.Network.InputNames))

    @property
    def OutputNames(self) -> tuple[str, ...]:
        return _ports("out", len(self.Network.OutputNames))

    def parts(self) -> dict[str, Layer]:
        return self.Network._graph.all_layers

    def value(self, parameter: str) -> Any:
        at, _, name = parameter.rpartition("/")
        table = self.Network.Learnables if parameter in self.Learnable else self.Network.State
        return table.get(at, name)

    def copy(self, **changes: Any) -> Layer:
        """The same layer with other attributes; those with a / are of layers in the network."""
        inner = {path: value for path, value in changes.items() if "/" in path}
        if inner:
            changes = {name: value for name, value in changes.items() if name not in inner}
            changes["Network"] = self.Network._set(inner)
        return super().copy(**changes)

    # ---- sizes and first values -----------------------------------------------------------------

    def output(self, *layouts: networkDataLayout) -> Any:
        def on_error(name: str, error: ValueError) -> None:
            raise error from None

        _, leaving = follow(self.Network._graph, layouts, on_error)
        made = tuple([leaving[name] for name in self.Network.OutputNames])
        return made if len(made) > 1 else made[0]

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        return {f"{name}/{path}": parameter for name, layer, entering in self._inside(layouts)
                for path, parameter in layer.parameters(*entering).items()}  # fmt: skip

    def initial_learnables(self, *layouts: networkDataLayout) -> dict[str, Any]:
        return {f"{name}/{path}": value for name, layer, entering in self._inside(layouts)
                for path, value in layer.initial_learnables(*entering).items()}  # fmt: skip

    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        return {f"{name}/{path}": value for name, layer, entering in self._inside(layouts)
                for path, value in layer.initial_state(*entering).items()}  # fmt: skip

    def _inside(self, given: tuple[networkDataLayout, ...]) -> Any:
        """Each layer of the network with the values that it has, and what enters it."""
        entering = layouts(self.Network._graph, given)
        return [(layer.Name, layer, entering[layer.Name]) for layer in self.Network.Layers]

    # ---- results --------------------------------------------------------------------------------

    def predict(self, *X: dlarray) -> Any:
        return self.advance(*X)[0]

    def advance(self, *X: dlarray) -> tuple[Any, dict[str, dlarray]]:
        return self._run("predict", X)

    def forward(self, *X: dlarray) -> tuple[Any, dict[str, dlarray]]:
        return self._run("forward", X)

    def _run(self, verb: str, X: tuple[dlarray, ...]) -> tuple[Any, dict[str, dlarray]]:
        results, state = run(self.Network, X, verb)
        new = {"/".join(at): value for at, value in zip(state.rows, state.Value, strict=True)}
        return tuple(results) if len(results) > 1 else results[0], new


def _ports(word: str, count: int) -> tuple[str, ...]:
    return (word,) if count == 1 else tuple([f"{word}{i + 1}" for i in range(count)])


# ---- expansion ----------------------------------------------------------------------------------


def expandLayers(net: dlnetwork) -> dlnetwork:
    """The network with the contents of its nested networks in their place.

    The layer fc of the network in the layer outer becomes the layer "outer:fc"; connections,
    values and outputs are carried over. The result computes the same as net.

    Example:
        >>> from tinydl import *
        >>> block = dlnetwork([fullyConnectedLayer(3), reluLayer()], Initialize=False)
        >>> net = dlnetwork([featureInputLayer(2), networkLayer(block, Name="block")])
        >>> [layer.Name for layer in expandLayers(net).Layers]
        ['input', 'block:fc', 'block:relu']
    """
    expanded = only_network(net, "expandLayers")._with()
    while nested := [x for x in expanded._graph.layers.values() if isinstance(x, networkLayer)]:
        expanded = _expanded(expanded, nested[0])
    return expanded


def _expanded(net: dlnetwork, outer: networkLayer) -> dlnetwork:
    """The network with the contents of one layer in its place."""
    graph, inner = net._graph, outer.Network._graph
    within = lambda end: f"{outer.Name}:{end}"
    sources = dict(zip(graph.results(outer.Name), map(within, outer.Network.OutputNames),
                       strict=True))  # fmt: skip
    entries = [graph.entry(outer.Name, port) for port in outer.InputNames]
    destinations = dict(zip(entries, map(within, outer.Network.InputNames), strict=True))
    layers: list[Layer] = []
    for layer in graph.layers.values():
        layers += [part.copy(Name=within(part.Name)) for part in inner.layers.values()
                   ] if layer is outer else [layer]  # fmt: skip
    _check_names(layers, outer.Name)
    connections: list[Connection] = [
        *[(sources.get(a, a), destinations.get(b, b)) for a, b in graph.connections],
        *[(within(a), within(b)) for a, b in inner.connections],
    ]
    tables = [_renamed(table, outer.Name) for table in (net.Learnables, net.State)]
    outputs = tuple([sources.get(name, name) for name in net.OutputNames])
    return net._with(graph=Graph(layers, connections), learnables=tables[0], state=tables[1],
                     outputs=outputs)  # fmt: skip


def _check_names(layers: list[Layer], outer: str) -> None:
    names = [layer.Name for layer in layers]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"expandLayers: layer {outer!r} holds what would become {name!r}, the "
                             "name of another layer; rename that one")  # fmt: skip


def _renamed(table: Table, outer: str) -> Table:
    """A table whose rows "outer/fc" are called "outer:fc"."""
    names = [f"{outer}:{name[len(outer) + 1:]}" if layer_of(name) == outer else name
             for name, _ in table.rows]  # fmt: skip
    return Table(names, [name for _, name in table.rows], list(table.Value),
                 shows_class=table._shows_class)  # fmt: skip
