"""Layers of everything with everything, layers of a function, and layers of a network."""

from __future__ import annotations

from typing import Any

from tinydl.functions.trigonometry import cos, sin
from tinydl.layers.activation import tanhLayer
from tinydl.layers.dense import fullyConnectedLayer
from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.normalization import batchNormalizationLayer
from tinydl.network.net import dlnetwork
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.options.catalogue import (
    anything,
    entry,
    learning,
    observations,
    some,
    without_options,
)
from tinydl.testing.strategies.values import FEW

WEIGHTS = st.sampled_from(["he", "narrow-normal", "orthogonal"])


def weighted(draw: st.DrawFn) -> dict[str, Any]:
    """How Weights and Bias start, and how fast they are learned."""
    start = some(draw, WeightsInitializer=WEIGHTS, BiasInitializer=st.just("ones"))
    return {**start, **learning(draw, "Weight", "Bias")}


@entry("fullyConnectedLayer", anything)
def fully_connected(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return {"OutputSize": draw(FEW), **weighted(draw)}


without_options("flattenLayer", anything)


@entry("functionLayer", anything)
def function(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    called = {"PredictFcn": draw(st.sampled_from([sin, cos]))}
    return {**called, **some(draw, Formattable=st.just(True))}


@entry("networkLayer", observations, least=2)
def network(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    layers: list[Layer] = [fullyConnectedLayer(draw(FEW))]
    if draw(st.booleans()):
        layers += [batchNormalizationLayer(), tanhLayer()]
    return {"Network": dlnetwork(layers, Initialize=False)}
