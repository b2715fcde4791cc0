"""The networks that several test modules build."""

from __future__ import annotations

from typing import Any

from tests.strategies import normal
from tinydl import (
    additionLayer,
    addLayers,
    batchNormalizationLayer,
    connectLayers,
    convolution2dLayer,
    dlarray,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    fullyConnectedLayer,
    geluLayer,
    imageInputLayer,
    layerGraph,
    reluLayer,
    rng,
    softmaxLayer,
    tanhLayer,
)


def digits() -> dlnetwork:
    """The network that tells handwritten digits apart."""
    block = lambda size, **options: [
        convolution2dLayer(size, 20, **options), batchNormalizationLayer(), reluLayer()
    ]  # fmt: skip
    return dlnetwork(
        [imageInputLayer([28, 28, 1]), block(5), block(3, Padding=1), block(3, Padding=1),
         fullyConnectedLayer(10), softmaxLayer()]
    )  # fmt: skip


def deep(hidden: int = 8, neurons: int = 80) -> dlnetwork:
    """Fully connected layers with batch normalization and GELU."""
    block = lambda: [fullyConnectedLayer(neurons), batchNormalizationLayer(), geluLayer()]
    return dlnetwork(
        [featureInputLayer(2), [block() for _ in range(hidden)], fullyConnectedLayer(4)]
    )


def small(**options: Any) -> dlnetwork:
    """Two learnable layers and one with State, in double precision, the same every time."""
    rng(0)
    net = dlnetwork(
        [featureInputLayer(3, Name="in"), fullyConnectedLayer(4, Name="fc"),
         batchNormalizationLayer(Name="bn", **options), tanhLayer(Name="tanh"),
         fullyConnectedLayer(2, Name="out")]
    )  # fmt: skip
    return dlupdate(double, net)


def branches() -> dlnetwork:
    """in → a → add/in1 and in → b → add/in2, then out."""
    rng(0)
    graph = layerGraph(
        [featureInputLayer(3, Name="in"), fullyConnectedLayer(4, Name="a"),
         additionLayer(2, Name="add"), reluLayer(Name="out")]
    )  # fmt: skip
    graph = addLayers(graph, fullyConnectedLayer(4, Name="b"))
    return dlnetwork(connectLayers(connectLayers(graph, "in", "b"), "b", "add/in2"))


def features(observations: int = 5, channels: int = 3, seed: int = 1) -> dlarray:
    """Random observations."""
    return dlarray(normal((channels, observations), seed), "CB")
