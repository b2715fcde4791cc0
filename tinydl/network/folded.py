"""Weights that normalize too: batch normalization by given statistics, as part of the layer before.

A fully connected layer or a convolution is linear, and so is normalization by constants:

    γ (W x + b − μ) / √(σ² + ε) + β  =  W' x + b'
    W' = γ W / √(σ² + ε)        b' = β + γ (b − μ) / √(σ² + ε)

for each channel, with the Scale γ and Offset β. predict computes the small W' and b' instead of
going over the large W x again; `fold_batch_normalization` puts them into a network for good.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinydl.labels import devices, dlarray
from tinydl.labels.classes import common, to_class
from tinydl.layers.convolution import ConvolutionLayer
from tinydl.layers.dense import fullyConnectedLayer
from tinydl.layers.layer import Layer
from tinydl.layers.normalization import batchNormalizationLayer
from tinydl.layers.transposed import (
    transposedConv1dLayer,
    transposedConv2dLayer,
    transposedConv3dLayer,
)
from tinydl.network.graph import Graph, layer_of
from tinydl.primitives.elementwise import power
from tinydl.primitives.shape import in_shape, reshape

TRANSPOSED = (transposedConv1dLayer, transposedConv2dLayer, transposedConv3dLayer)
LINEAR = (fullyConnectedLayer, ConvolutionLayer, *TRANSPOSED)
"""Layers that can take in the batch normalization after them."""


def pairs(graph: Graph, outputs: Sequence[str]) -> dict[str, str]:
    """The batch normalizations that could be folded, each with the layer before it.

    That layer feeds nothing else, and is none of the outputs that are asked for.
    """
    sources = [source for feeds in graph.inputs_of.values() for source in feeds.values()]
    found = {}
    for name in graph.order:
        if not isinstance(graph.layers[name], batchNormalizationLayer):
            continue
        source = graph.inputs_of[name]["in"]
        if source is None or sources.count(source) > 1 or source in outputs:
            continue
        if isinstance(graph.layers[layer_of(source)], LINEAR):
            found[name] = layer_of(source)
    return found


def folded(layer: Layer, normalization: Any) -> dict[str, dlarray]:
    """Weights and Bias of a layer that do the normalization too. Both hold their parameters."""
    of_layer = [layer.value(name)._value for name in ("Weights", "Bias")]
    of_channels = [normalization.value(name)._value
                   for name in (*normalization.Learnable, *normalization.Stateful)]  # fmt: skip
    there = [devices.beside(of_layer[0], value) for value in of_channels]  # State may be elsewhere
    dtype = common(*[value.dtype for value in (*of_layer, *there)])
    W, b, beta, gamma, mu, variance = [to_class(value, dtype) for value in (*of_layer, *there)]
    column = (math.prod(b.shape), 1)
    beta, gamma, mu, variance = [in_shape(v, column) for v in (beta, gamma, mu, variance)]
    factor = gamma * power(variance + normalization.Epsilon, p=-0.5)
    bias = beta + (reshape(b, shape=column) - mu) * factor
    weights = W * in_shape(factor, _beside_weights(layer, W.shape), order="F")
    return {
        "Weights": dlarray._make(weights, ""),
        "Bias": dlarray._make(reshape(bias, shape=b.shape), ""),
    }


def _beside_weights(layer: Layer, size: tuple[int, ...]) -> tuple[int, ...]:
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
