"""Batch normalization folded into the layer before it, for prediction."""

from __future__ import annotations

import math
from typing import Any

from tinydl.functions.convert import cast, double
from tinydl.functions.math import sqrt
from tinydl.functions.shape import reshape
from tinydl.labels import devices, dlarray
from tinydl.labels.classes import class_name
from tinydl.layers.convolution import ConvolutionLayer
from tinydl.layers.dense import fullyConnectedLayer
from tinydl.layers.layer import Layer
from tinydl.layers.normalization import batchNormalizationLayer
from tinydl.layers.transposed import (
    transposedConv1dLayer,
    transposedConv2dLayer,
    transposedConv3dLayer,
)
from tinydl.network import initialize as first
from tinydl.network.graph import Graph, layer_of
from tinydl.network.nested import networkLayer
from tinydl.network.net import dlnetwork, only_network

TRANSPOSED = (transposedConv1dLayer, transposedConv2dLayer, transposedConv3dLayer)

Sizes = tuple[int, ...]


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
    folded = only_network(net, "fold_batch_normalization")._with()
    while pair := _next_pair(folded):
        folded = _folded(folded, *pair)
    for name, layer in net._graph.layers.items():
        if isinstance(layer, networkLayer):
            folded = _with_folded_part(folded, name)
    return folded


def _next_pair(net: dlnetwork) -> tuple[Layer, batchNormalizationLayer] | None:
    """The first layer that can take in the batch normalization after it, and that one."""
    graph = net._graph
    for name in graph.order:
        layer = graph.layers[name]
        if not isinstance(layer, batchNormalizationLayer):
            continue
        source = graph.inputs_of[name]["in"]
        used = [s for feeds in graph.inputs_of.values() for s in feeds.values()].count(source)
        if source is None or used > 1 or source in net.OutputNames:
            continue
        before = graph.layers[layer_of(source)]
        if isinstance(before, (ConvolutionLayer, fullyConnectedLayer, *TRANSPOSED)):
            return before, layer
    return None


def _folded(net: dlnetwork, layer: Layer, bn: batchNormalizationLayer) -> dlnetwork:
    """The network without one batch normalization."""
    learned, state = net.Learnables, net.State
    W, b = learned.get(layer.Name, "Weights"), learned.get(layer.Name, "Bias")
    gamma, beta = [_vector(learned.get(bn.Name, p), W) for p in ("Scale", "Offset")]
    mu, variance = [_vector(state.get(bn.Name, p), W) for p in ("TrainedMean", "TrainedVariance")]
    factor = gamma / sqrt(variance + bn.Epsilon)
    bias = beta + (_vector(b, W) - mu) * factor
    weights = double(W) * reshape(factor, _beside_weights(layer, W.shape))
    values = {
        f"{layer.Name}/Weights": cast(weights, class_name(W)),
        f"{layer.Name}/Bias": cast(reshape(bias, b.shape), class_name(b)),
    }
    return _without(net._set(values), bn.Name, layer.Name)


def _vector(value: dlarray, beside: dlarray) -> dlarray:
    """A parameter as a column in double precision, on the device of another."""
    column = reshape(double(value), (math.prod(value.shape), 1))
    return dlarray._make(devices.beside(beside._value, column._value), "")


def _beside_weights(layer: Layer, size: Sizes) -> Sizes:
    """The shape in which one number for each filter multiplies the weights.

    Filters are the first dimension of fully connected weights, the last of a convolution's, and
    the last but one of a transposed convolution's. In groups they are the last two: the channels
    of the result are counted through the filters of the first group, then of the next.
    """
    filters = {0} if isinstance(layer, fullyConnectedLayer) else {len(size) - 1}
    if isinstance(layer, TRANSPOSED):
        filters = {len(size) - 2}
    elif isinstance(layer, ConvolutionLayer) and len(size) == layer.rank + 3:
        filters = {len(size) - 2, len(size) - 1}
    return tuple([n if i in filters else 1 for i, n in enumerate(size)])


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
