"""Building and changing graphs. Every function returns a new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from tinydl.functions.arguments import one_of
from tinydl.labels.options import named_options
from tinydl.layers.layer import Layer
from tinydl.network import initialize as first
from tinydl.network import table
from tinydl.network.call import initialize
from tinydl.network.graph import (
    Connection,
    Graph,
    first_input,
    first_output,
    flatten,
    layer_of,
    name_all,
)
from tinydl.network.net import dlnetwork, only_network
from tinydl.network.paths import split


class layerGraph(Graph):
    """A graph of layers: ``layerGraph(layers)`` connects a list of them one after the other.

    addLayers and connectLayers extend it; dlnetwork makes a network of it.

    Example:
        >>> from tinydl import *
        >>> lgraph = layerGraph([featureInputLayer(4, Name="in"), fullyConnectedLayer(4, Name="fc"),
        ...                      additionLayer(2, Name="add")])
        >>> lgraph = connectLayers(lgraph, "in", "add/in2")
        >>> lgraph.Connections
        3×2 table
            Source    Destination
            ______    ___________
        <BLANKLINE>
            'in'      'fc'
            'fc'      'add/in1'
            'in'      'add/in2'
    """

    def __init__(self, layers: Sequence[Any] = ()) -> None:
        chain = Graph.chain(layers)
        super().__init__(chain.layers.values(), chain.connections)

    @property
    def Layers(self) -> tuple[Layer, ...]:
        """The layers, counted from 0."""
        return tuple(self.layers.values())

    @property
    def Connections(self) -> table.Connections:
        """What is connected to what: a table with the columns Source and Destination."""
        return table.Connections(self.connections)


Net = TypeVar("Net", bound="layerGraph | dlnetwork")


def addLayers(net: Net, layers: Any) -> Net:
    """The graph or network with more layers, connected with each other one after the other.

    A network keeps the values it has; new layers are unset until ``initialize(net)``.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(4), fullyConnectedLayer(4)])
        >>> net = connectLayers(addLayers(net, tanhLayer(Name="t")), "fc", "t")
        >>> net.OutputNames
        ('t',)
    """
    graph = _graph(net)
    new = name_all(flatten(layers), taken=graph.layers)
    chained = Graph.chain(new)
    return _changed(net, [*graph.layers.values(), *new], [*graph.connections, *chained.connections])


def connectLayers(net: Net, source: str, destination: str) -> Net:
    """The graph or network with one more connection, such as from "fc" to "add/in2".

    Example: see addLayers.
    """
    graph = _graph(net)
    return _changed(net, graph.layers.values(), [*graph.connections, (source, destination)])


def disconnectLayers(net: Net, source: str, destination: str) -> Net:
    """The graph or network without a connection, which is named as Connections shows it."""
    graph = _graph(net)
    gone = graph.named(source, destination)
    if gone not in graph.connections:
        raise ValueError(
            f"{source!r} and {destination!r} are not connected; the connections are "
            f"{', '.join([f'{a}→{b}' for a, b in graph.connections])}"
        )
    left = [pair for pair in graph.connections if pair != gone]
    return _changed(net, graph.layers.values(), left)


def removeLayers(net: Net, names: Sequence[str] | str) -> Net:
    """The graph or network without some layers and without their connections."""
    graph = _graph(net)
    gone = {names} if isinstance(names, str) else set(names)
    _check_known(graph, gone)
    left = [pair for pair in graph.connections
            if layer_of(pair[0]) not in gone and layer_of(pair[1]) not in gone]  # fmt: skip
    return _changed(net, [v for k, v in graph.layers.items() if k not in gone], left)


@named_options
def replaceLayer(net: Net, name: str, layer: Any, *, ReconnectBy: str = "name") -> Net:
    """The graph or network with another layer, or a list of them, in the place of one.

    Of a list the first layer gets the inputs and the last one the outputs. With ReconnectBy="name"
    (default) connections keep the names of the inputs and outputs that they had; an only input or
    output becomes the first one. With ReconnectBy="order" the first input becomes the first, the
    second the second, whatever their names. Learnables and State of the new layers are unset until
    ``initialize(net)``.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(4), fullyConnectedLayer(4), reluLayer()])
        >>> replaceLayer(net, "relu", tanhLayer(Name="tanh")).OutputNames
        ('tanh',)
    """
    one_of(ReconnectBy, ("name", "order"), "ReconnectBy", "replaceLayer")
    graph = _graph(net)
    _check_known(graph, {name})
    others = [other for other in graph.layers if other != name]
    new = name_all(flatten(layer), taken=others)
    if not new:
        raise ValueError(f"replaceLayer: no layer was given in the place of {name!r}; "
                         "removeLayers takes one away")  # fmt: skip
    chained = Graph.chain(new).connections
    ports = _Ports(graph.layers[name], new[0], new[-1], ReconnectBy == "order")
    layers = [part for k, v in graph.layers.items() for part in (new if k == name else [v])]
    return _changed(net, layers, [*map(ports.renamed, graph.connections), *chained])


class _Ports:
    """How the inputs and outputs of a layer are called after others took its place."""

    def __init__(self, old: Layer, first: Layer, last: Layer, by_order: bool) -> None:
        self.old = old
        self.inputs = _renaming(old.InputNames, first.InputNames, by_order, first, "inputs")
        self.outputs = _renaming(old.OutputNames, last.OutputNames, by_order, last, "outputs")
        self.first, self.last = first, last

    def renamed(self, connection: Connection) -> Connection:
        (source, _, output), (destination, _, port) = [end.partition("/") for end in connection]
        if source == self.old.Name:
            output = self.outputs(output)
            source = f"{self.last.Name}/{output}" if output else first_output(self.last)
        elif output:
            source = f"{source}/{output}"
        if destination == self.old.Name:
            port = self.inputs(port)
            return source, f"{self.first.Name}/{port}" if port else first_input(self.first)
        return source, f"{destination}/{port}" if port else destination


def _renaming(
    old: Sequence[str], new: Sequence[str], by_order: bool, layer: Layer, what: str
) -> Callable[[str], str]:
    def renamed(port: str) -> str:
        if not by_order or not port:
            return port
        place = old.index(port)
        if place >= len(new):
            raise ValueError(f"layer {layer.Name!r} has the {what} {', '.join(new)}, and "
                             f"{place + 1} are connected")  # fmt: skip
        return new[place]

    return renamed


@named_options
def addInputLayer(
    net: dlnetwork, layer: Layer, inputName: str | None = None, *, Initialize: bool = True
) -> dlnetwork:
    """The network with an input layer before one of its inputs.

    inputName is one of net.InputNames, and may be left away if there is only one. The new layer
    stands before the one that it feeds, so the order of the inputs stays. Unset parameters get
    their first values, unless Initialize=False or what enters other inputs is not known.

    Example:
        >>> from tinydl import *
        >>> net = addInputLayer(dlnetwork([fullyConnectedLayer(3)], Initialize=False),
        ...                     featureInputLayer(2))
        >>> net.InputNames, net.Initialized
        (('input',), True)
    """
    graph = only_network(net, "addInputLayer")._graph
    if not isinstance(layer, Layer) or not layer.is_input:
        raise TypeError(f"addInputLayer: {layer!r} is no input layer; addLayers adds other layers")
    entry = _open_input(graph, inputName)
    (new,) = name_all([layer], taken=graph.layers)
    fed = layer_of(entry)
    layers = [part for k, v in graph.layers.items() for part in ([new, v] if k == fed else [v])]
    made = _changed(net, layers, [*graph.connections, (new.Name, entry)])
    is_known = all([made._graph.layers[layer_of(n)].is_input for n in made.InputNames])
    return initialize(made) if Initialize and is_known else made


def _open_input(graph: Graph, name: str | None) -> str:
    free = [n for n in graph.input_names if not graph.layers[layer_of(n)].is_input]
    choices = ", ".join(map(repr, free)) or "none"
    if name is None and len(free) != 1:
        raise ValueError(f"addInputLayer: say which input it feeds; without an input layer are "
                         f"{choices}")  # fmt: skip
    if name is not None and name not in free:
        raise ValueError(f"addInputLayer: there is no input {name!r} without an input layer; "
                         f"there are {choices}")  # fmt: skip
    return free[0] if name is None else name


def _graph(net: Any) -> Graph:
    if isinstance(net, dlnetwork):
        return net._graph
    if isinstance(net, Graph):
        return net
    raise TypeError(f"a layerGraph or a dlnetwork is needed, not {type(net).__name__}")


def _check_known(graph: Graph, names: set[str]) -> None:
    for name in names - graph.layers.keys():
        raise ValueError(f"there is no layer {name!r}; the layers are {', '.join(graph.layers)}")


def _changed(net: Net, layers: Any, connections: Any) -> Net:
    """The same kind of object with another graph; a network keeps the values it had."""
    graph = Graph(layers, connections)
    if not isinstance(net, dlnetwork):
        made = layerGraph()
        made.__dict__.update(graph.__dict__)
        return cast(Net, made)
    kept = {(r.Layer, r.Parameter): r.Value for r in (*net.Learnables, *net.State)
            if _layer(graph, r) is _layer(net._graph, r)}  # fmt: skip
    learnables, state = first.empty_tables(graph)
    for part in (learnables, state):
        for i, row in enumerate(part.rows):
            if row in kept:
                part.Value[i] = kept[row]
    chosen = net._outputs if net._outputs != net._graph.output_names else ()
    left = tuple([n for n in chosen if layer_of(n) in graph.layers
                  and n in graph.results(layer_of(n))])  # fmt: skip
    return cast(Net, net._with(graph=graph, learnables=learnables, state=state,
                               outputs=left or graph.output_names))  # fmt: skip


def _layer(graph: Graph, row: table.Row) -> Layer | None:
    return graph.layers.get(split(row.Layer, row.Parameter)[0])
