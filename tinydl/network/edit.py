"""Building and changing graphs. Every function returns a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from tinydl.layers.layer import Layer
from tinydl.network import initialize as first
from tinydl.network import table
from tinydl.network.graph import Graph, flatten, name_all
from tinydl.network.net import dlnetwork, only_network


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
            if pair[0] not in gone and pair[1].partition("/")[0] not in gone]  # fmt: skip
    return _changed(net, [v for k, v in graph.layers.items() if k not in gone], left)


def replaceLayer(net: Net, name: str, layer: Any) -> Net:
    """The graph or network with another layer, or a list of them, in the place of one.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(4), fullyConnectedLayer(4), reluLayer()])
        >>> replaceLayer(net, "relu", tanhLayer(Name="tanh")).OutputNames
        ('tanh',)
    """
    graph = _graph(net)
    _check_known(graph, {name})
    others = [other for other in graph.layers if other != name]
    new = name_all(flatten(layer), taken=others)
    if not new:
        raise ValueError(f"replaceLayer: no layer was given in the place of {name!r}; "
                         "removeLayers takes one away")  # fmt: skip
    chained = Graph.chain(new).connections
    first_name, last_name = new[0].Name, new[-1].Name

    def renamed(source: str, destination: str) -> tuple[str, str]:
        at, slash, port = destination.partition("/")
        return (last_name if source == name else source,
                first_name + slash + port if at == name else destination)  # fmt: skip

    layers = [part for k, v in graph.layers.items() for part in (new if k == name else [v])]
    return _changed(net, layers, [*[renamed(*pair) for pair in graph.connections], *chained])


def expandLayers(net: dlnetwork) -> dlnetwork:
    """The network with the contents of nested networks in their place; there are none yet.

    No layer of this version contains others, so the result equals the network.
    """
    return only_network(net, "expandLayers")._with()


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
            if graph.layers.get(r.Layer) is net._graph.layers.get(r.Layer)}  # fmt: skip
    learnables, state = first.empty_tables(graph)
    for part in (learnables, state):
        for i, row in enumerate(part.rows):
            if row in kept:
                part.Value[i] = kept[row]
    chosen = net._outputs if net._outputs != net._graph.output_names else ()
    left = tuple([name for name in chosen if name in graph.layers])
    return cast(Net, net._with(graph=graph, learnables=learnables, state=state,
                               outputs=left or graph.output_names))  # fmt: skip
