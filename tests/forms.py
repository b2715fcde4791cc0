"""Values as plain Python, to compare them to the last bit, and networks to copy and to save."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinydl import (
    additionLayer,
    addLayers,
    batchNormalizationLayer,
    connectLayers,
    convolution2dLayer,
    dlarray,
    dlnetwork,
    dropoutLayer,
    extractdata,
    featureInputLayer,
    fix_statistics,
    fullyConnectedLayer,
    imageInputLayer,
    layerGraph,
    reluLayer,
    softmaxLayer,
)
from tinydl.layers.layer import Layer
from tinydl.network.table import Table
from tinydl.store import load, save


def form(x: Any) -> Any:
    """Everything that can be seen of a value, as plain Python: two values are equal if these are.

    It does not go through the code of the package that describes values.
    """
    if isinstance(x, float) and type(x) is float:
        return "float", struct.pack("<d", x)
    if isinstance(x, (np.ndarray, np.generic)):
        order = np.asfortranarray(x).tobytes("A") if np.isfortran(x) else x.tobytes()
        return type(x).__name__, x.dtype.str, x.shape, np.isfortran(x), order
    if isinstance(x, dlarray):
        array = extractdata(x)
        return "dlarray", x.dims, array.flags.writeable, form(np.asarray(array))
    if isinstance(x, Table):
        return "table", x.rows, [form(value) for value in x.Value], repr(x)
    if isinstance(x, Layer):
        return type(x), {k: form(v) for k, v in x.__dict__.items()}
    if isinstance(x, layerGraph):
        return "layerGraph", form(x.Layers), list(x.Connections)
    if isinstance(x, dlnetwork):
        graph = [form(layer) for layer in x._graph.layers.values()]
        return ("dlnetwork", graph, form(x.Layers), list(x.Connections), x.InputNames,
                x.OutputNames, form(x.Learnables), form(x.State), x.Initialized)  # fmt: skip
    if isinstance(x, dict):
        return "dict", [(form(k), form(v)) for k, v in x.items()]
    if isinstance(x, (list, tuple)):
        return type(x), [form(part) for part in x]
    return type(x), x


def through_file(folder: Path, value: Any) -> Any:
    save(folder / "value.npz", value=value)
    return load(folder / "value.npz")["value"]


def small_network(**options: Any) -> dlnetwork:
    return dlnetwork([
        featureInputLayer(3, Normalization="zscore", Mean=[0.5, 0.25, 1.0]),
        fullyConnectedLayer(4, WeightLearnRateFactor=2.0),
        batchNormalizationLayer(),
        reluLayer(),
        dropoutLayer(0.25),
        fullyConnectedLayer(2),
        softmaxLayer(),
    ], **options)  # fmt: skip


def residual_network() -> dlnetwork:
    """Two ways from one layer to an addition, and two outputs."""
    graph = layerGraph([
        imageInputLayer([4, 4, 2], Name="in", Normalization="none"),
        convolution2dLayer(3, 2, Name="conv", Padding="same", BiasLearnRateFactor=0.0),
        batchNormalizationLayer(Name="bn", TrainedMean=[1.0, 2.0], TrainedVariance=[3.0, 4.0]),
        additionLayer(2, Name="add"),
    ])  # fmt: skip
    graph = addLayers(graph, reluLayer(Name="side"))
    graph = connectLayers(connectLayers(graph, "conv", "side"), "in", "add/in2")
    return fix_statistics(dlnetwork(graph, OutputNames=["side", "add"]))


NETWORKS: dict[str, Callable[[], Any]] = {
    "a chain": small_network,
    "a graph with fixed statistics": residual_network,
    "not initialized": lambda: small_network(Initialize=False),
    "no layers": dlnetwork,
    "given weights": lambda: dlnetwork(
        [featureInputLayer(2), fullyConnectedLayer(1, Weights=[[3.0, 4.0]])]
    ),
    "layers of another network": lambda: dlnetwork(list(small_network().Layers)),
    "a layerGraph": lambda: layerGraph([featureInputLayer(3), additionLayer(3)]),
    "learnables": lambda: small_network().Learnables,
    "a state": lambda: small_network().State,
    "an empty table": lambda: dlnetwork([reluLayer()], Initialize=False).State,
    "unset values": lambda: small_network(Initialize=False).Learnables,
}


every_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
