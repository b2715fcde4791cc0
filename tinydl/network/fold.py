"""Batch normalization folded into the layer before it, for prediction."""

from __future__ import annotations

from typing import Any

from tinydl.functions.convert import cast, double
from tinydl.labels.classes import class_name
from tinydl.layers.layer import Layer
from tinydl.network import initialize as first
from tinydl.network.folded import folded, pairs
from tinydl.network.graph import Graph, layer_of
from tinydl.network.nested import networkLayer
from tinydl.network.net import dlnetwork, only_network


def fold_batch_normalization(net: dlnetwork) -> dlnetwork:
    """A network that predicts the same with fewer layers, for use after training.

    A batch normalization goes into Weights and Bias of the layer before it,

        W' = γ W / √(σ² + ε),    b' = β + γ (b − μ) / √(σ² + ε),

    for each channel, with its Scale γ, Offset β, and μ and σ² of net.State. That is computed in
    double precision and cast back to the classes of Weights and Bias, so predict gives the same to
    rounding. The layer before is a fully connected layer or a convolution, also one of groups or a
    transposed one, and feeds nothing else; it may not be an output of the network. Other batch
    normalizations stay, also those at the edge of a nested network: expandLayers(net) before lets
    them be folded.

    The folded layer takes the place of the batch normalization among net.OutputNames too. forward
    of the result has no statistics of the batch; train net itself.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), fullyConnectedLayer(1, Weights=[[2.0]]),
        ...                  batchNormalizationLayer(TrainedMean=[3.0], TrainedVariance=[4.0],
        ...                                          Epsilon=0)])
        >>> folded = fold_batch_normalization(net)
        >>> [float(value) for value in folded.Learnables.Value]  # (2 x − 3) / √4
        [1.0, -1.5]
    """
    made = only_network(net, "fold_batch_normalization")._with()
    while found := pairs(made._graph, made.OutputNames):
        normalization, before = next(iter(found.items()))
        made = _folded(made, made._graph.layers[before], made._graph.layers[normalization])
    for name, layer in net._graph.layers.items():
        if isinstance(layer, networkLayer):
            made = _with_folded_part(made, name)
    return made


def _folded(net: dlnetwork, layer: Layer, bn: Layer) -> dlnetwork:
    """The network without one batch normalization."""
    values = net._parameters()
    in_double = [part.copy(**{name: double(value) for name, value in values[part.Name].items()})
                 for part in (layer, bn)]  # fmt: skip
    new = {
        f"{layer.Name}/{name}": cast(value, class_name(values[layer.Name][name]))
        for name, value in folded(*in_double).items()
    }
    return _without(net._set(new), bn.Name, layer.Name)


def _without(net: dlnetwork, gone: str, heir: str) -> dlnetwork:
    """The network without a layer, whose place the one before it takes."""
    graph = net._graph
    connections = [(heir if a == gone else a, b) for a, b in graph.connections if b != gone]
    layers = [layer for name, layer in graph.layers.items() if name != gone]
    tables = [table[table.Layer != gone] for table in (net.Learnables, net.State)]
    outputs = tuple([heir if name == gone else name for name in net.OutputNames])
    return net._with(graph=Graph(layers, connections), learnables=tables[0], state=tables[1],
                     outputs=outputs)  # fmt: skip


def _with_folded_part(net: dlnetwork, name: str) -> dlnetwork:
    """The network with a nested one folded."""
    graph, values = net._graph, net._parameters()
    layers: list[Any] = [layer.copy(**values[key]) if key == name else layer
                         for key, layer in graph.layers.items()]  # fmt: skip
    layers = [networkLayer(fold_batch_normalization(layer.Network), Name=name)
              if key == name else layer
              for key, layer in zip(graph.layers, layers, strict=True)]  # fmt: skip
    made = Graph(layers, graph.connections)
    tables = first.empty_tables(made)
    for table, old in zip(tables, (net.Learnables, net.State), strict=True):
        for i, row in enumerate(table.rows):
            if layer_of(row[0]) != name:
                table.Value[i] = old.get(*row)
    return net._with(graph=made, learnables=tables[0], state=tables[1])
