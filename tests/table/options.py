"""Every option of every public constructor and function: a second legal value, and what it changes.

A call without the option and one with it are looked at from outside: results, first values of the
parameters, a solver's step, names, properties. An option that shows in none of them must say which
documented attribute holds it.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tinydl as dl
from tests.strategies import normal
from tests.table.layers import (
    EVEN,
    FEATURES,
    IMAGES,
    LINES_IN_TIME,
    ONE_NUMBER,
    SEQUENCES,
    VOLUMES,
    WORDS,
    squared,
)
from tinydl import dlarray


@dataclass(frozen=True)
class Option:
    """A second legal value of an option.

    value      the value
    also       further options of both calls, with which the option takes effect
    attribute  the option is kept for others to read, in an attribute of its name
    raises     words of the error, where a call with this value is refused
    """

    value: Any
    also: Mapping[str, Any] = field(default_factory=dict)
    attribute: bool = False
    raises: str = ""


@dataclass(frozen=True)
class Subject:
    """A constructor or a function.

    observe   calls it with options and returns all that can be seen of what came out
    options   the second values, by option
    required  the options that every call must have, with their first values
    """

    observe: Callable[..., Any]
    options: Mapping[str, Any]
    required: Mapping[str, Any] = field(default_factory=dict)


def of_layer(
    kind: Any, *layouts: dl.networkDataLayout, inputs: Sequence[dlarray] = ()
) -> Callable[..., Any]:
    """What a network of one layer shows: parameters, both verbs, and a solver's step."""
    X = inputs or [dlarray(normal([n or 3 for n in layout.Size], 4), layout.Format)
                   for layout in layouts]  # fmt: skip

    def observe(**options: Any) -> Any:
        dl.rng(0)
        layer = kind(**options)
        net = dl.dlnetwork([layer], *layouts)
        ones = dl.dlupdate(lambda w: w * 0.0 + 1.0, net.Learnables)
        stepped, _ = dl.sgdmupdate(net, ones, [])
        Y = dl.predict(net, *X)
        *outputs, state = dl.forward(net, *X)
        return layer, [net.OutputNames, net.Learnables, Y, outputs, state, stepped.Learnables]

    return observe


def of_call(call: Callable[..., Any]) -> Callable[..., Any]:
    """What a function returns."""
    return lambda **options: (None, call(**options))


WEIGHTED = {
    "WeightsInitializer": "he", "BiasInitializer": "ones",
    "WeightLearnRateFactor": 0.5, "BiasLearnRateFactor": 0.0,
    "WeightL2Factor": Option(0.5, attribute=True), "BiasL2Factor": Option(1.0, attribute=True),
}  # fmt: skip
STATISTICS = {
    "Mean": Option(0.5, {"Normalization": "zerocenter"}),
    "StandardDeviation": Option(2.0, {"Normalization": "zscore"}),
    "Min": Option(-1.0, {"Normalization": "rescale-zero-one", "Min": -2.0, "Max": 3.0}),
    "Max": Option(2.0, {"Normalization": "rescale-symmetric", "Min": -2.0, "Max": 3.0}),
}
GIVEN = {"TrainedMean": np.zeros(4), "TrainedVariance": np.full(4, 2.0)}
IMAGE, THREE = normal((5, 4, 2), 8), normal((3,), 9)
NAME = {"Name": "other"}
SCALED = {
    "Offset": np.ones(2), "Scale": np.zeros(2), "OffsetInitializer": "ones",
    "ScaleInitializer": "zeros", "OffsetLearnRateFactor": 0.5, "ScaleLearnRateFactor": 0.5,
    "OffsetL2Factor": Option(0.5, attribute=True), "ScaleL2Factor": Option(0.5, attribute=True),
}  # fmt: skip
RESIZED = {
    "Scale": 2.0, "Method": "linear", "GeometricTransformMode": "asymmetric",
    "NearestRoundingMode": "floor",
}  # fmt: skip
CORNER = dl.networkDataLayout([2, 2, 1, None], "SSCB")
DEEP = dl.networkDataLayout([2, 3, 8, None], "SSCB")


def unpooled(**options: Any) -> Any:
    """A network that pools and puts back: what its last layer is called, and its result."""
    net = dl.dlnetwork([dl.imageInputLayer([5, 4, 2])])
    net = dl.addLayers(net, dl.maxPooling2dLayer(2, Stride=2, HasUnpoolingOutputs=True))
    net = dl.addLayers(net, dl.maxUnpooling2dLayer(**options))
    last = net.Layers[-1].Name
    net = dl.connectLayers(net, "imageinput", "maxpool")
    for output, port in (("out", "in"), ("indices", "indices"), ("size", "size")):
        net = dl.connectLayers(net, f"maxpool/{output}", f"{last}/{port}")
    net = dl.initialize(net)
    return last, dl.predict(net, dlarray(normal((5, 4, 2, 3), 1), "SSCB"))


WINDOW = {**NAME, "Stride": 2, "Padding": "same"}


def network_of(size: int) -> dl.dlnetwork:
    """A network to put into another."""
    return dl.dlnetwork([dl.fullyConnectedLayer(size)], Initialize=False)


RECURRENT = {
    **NAME, "NumHiddenUnits": 2, "OutputMode": "last",
    "HasStateInputs": Option(True, raises="inputs"), "HasStateOutputs": True,
    "StateActivationFunction": "softsign", "GateActivationFunction": "hard-sigmoid",
    "InputWeightsInitializer": "he", "RecurrentWeightsInitializer": "glorot",
    "HiddenState": np.ones((3, 1)),
    "InputWeightsLearnRateFactor": 0.5, "RecurrentWeightsLearnRateFactor": 0.5,
    "BiasLearnRateFactor": 0.5, "InputWeightsL2Factor": Option(0.5, attribute=True),
    "RecurrentWeightsL2Factor": Option(0.5, attribute=True),
    "BiasL2Factor": Option(1.0, attribute=True),
}  # fmt: skip


def of_units(rows: int) -> dict[str, Any]:
    """Parameters of three units and three channels."""
    return {"InputWeights": normal((rows, 3), 1), "RecurrentWeights": normal((rows, 3), 2),
            "Bias": normal((rows, 1), 3)}  # fmt: skip


ATTENDING = {
    "NumHeads": 1, "HasPaddingMaskInput": Option(True, raises="inputs"), "HasScoresOutput": True,
    "AttentionMask": "causal", "DropoutProbability": 0.5,
}  # fmt: skip
EMBEDDING = {
    "WeightsInitializer": "he", "Weights": normal((2, 5), 1), "WeightLearnRateFactor": 0.5,
    "WeightL2Factor": Option(0.5, attribute=True),
}  # fmt: skip

LAYERS = {
    "featureInputLayer": Subject(of_layer(dl.featureInputLayer, FEATURES), {
        **NAME, **STATISTICS, "InputSize": Option(3, raises=r"3\(C\) × \?\(B\) is needed"),
        "Normalization": Option("zerocenter", {"Mean": 1.0}),
        "NormalizationDimension": Option("all", {"Mean": [1, 2, 3, 4]}, raises="does not fit"),
    }, {"InputSize": 4}),
    "imageInputLayer": Subject(of_layer(dl.imageInputLayer, IMAGES), {
        **NAME, **STATISTICS, "InputSize": Option([4, 5, 2], raises="is needed"),
        "Normalization": Option("none", {"Mean": 1.0}),
        "NormalizationDimension": Option("channel", {"Mean": IMAGE}, raises="does not fit"),
    }, {"InputSize": [5, 4, 2]}),
    "image3dInputLayer": Subject(of_layer(dl.image3dInputLayer, VOLUMES), {
        **NAME, **STATISTICS, "InputSize": Option([3, 2, 2, 2], raises="is needed"),
        "Normalization": Option("none", {"Mean": 1.0}),
        "NormalizationDimension": Option("all", {"Mean": [1, 2]}, raises="does not fit"),
    }, {"InputSize": [3, 2, 3, 2]}),
    "sequenceInputLayer": Subject(of_layer(dl.sequenceInputLayer, SEQUENCES), {
        **NAME, **STATISTICS, "InputSize": Option([4, 3], raises="is needed"),
        "MinLength": Option(7, raises="the sequence has 3 times; MinLength is 7"),
        "Normalization": Option("zerocenter", {"Mean": 1.0}),
        "NormalizationDimension": Option("all", {"Mean": [1, 2, 3]}, raises="does not fit"),
    }, {"InputSize": 3}),
    "inputLayer": Subject(of_layer(dl.inputLayer, FEATURES), {
        **NAME, "InputSize": Option([5, 3], raises="is needed"),
        "InputFormat": Option("CT", raises=r"4\(C\) × \?\(T\) is needed"),
    }, {"InputSize": [4, None], "InputFormat": "CB"}),
    "functionLayer": Subject(of_layer(dl.functionLayer, FEATURES), {
        **NAME, "PredictFcn": dl.exp, "Description": Option("a square", attribute=True),
        "NumInputs": Option(2, raises="has 2 inputs"),
        "InputNames": Option(["a", "b"], raises="has 2 inputs"),
        "NumOutputs": Option(2, raises="returns 1 results; NumOutputs is 2"),
        "OutputNames": Option(("square",), attribute=True),
        "Formattable": Option(True, {"PredictFcn": dl.stripdims}, raises="labels its result"),
    }, {"PredictFcn": squared}),
    "fullyConnectedLayer": Subject(of_layer(dl.fullyConnectedLayer, FEATURES), {
        **NAME, **WEIGHTED, "OutputSize": 2, "Weights": normal((3, 4), 1), "Bias": THREE,
    }, {"OutputSize": 3}),
    "convolution2dLayer": Subject(of_layer(dl.convolution2dLayer, IMAGES), {
        **WINDOW, **WEIGHTED, "FilterSize": [2, 1], "NumFilters": 2, "DilationFactor": [2, 1],
        "PaddingValue": Option("replicate", {"Padding": 1}),
        "NumChannels": Option(3, raises="NumChannels is 3, and it gets"),
        "Weights": normal((2, 2, 2, 3), 1), "Bias": THREE,
    }, {"FilterSize": 2, "NumFilters": 3}),
    "convolution1dLayer": Subject(of_layer(dl.convolution1dLayer, SEQUENCES), {
        **NAME, **WEIGHTED, "FilterSize": 3, "NumFilters": 2, "Stride": 2, "DilationFactor": 2,
        "Padding": "causal", "PaddingValue": Option("replicate", {"Padding": 1}),
        "NumChannels": Option(2, raises="NumChannels is 2, and it gets"),
        "Weights": normal((2, 3, 3), 1), "Bias": THREE,
    }, {"FilterSize": 2, "NumFilters": 3}),
    "convolution3dLayer": Subject(of_layer(dl.convolution3dLayer, VOLUMES), {
        **WINDOW, **WEIGHTED, "FilterSize": [2, 1, 2], "NumFilters": 2, "DilationFactor": [2, 1, 1],
        "PaddingValue": Option("replicate", {"Padding": 1}),
        "NumChannels": Option(3, raises="NumChannels is 3, and it gets"),
        "Weights": normal((2, 2, 2, 2, 3), 1), "Bias": THREE,
    }, {"FilterSize": 2, "NumFilters": 3}),
    "groupedConvolution2dLayer": Subject(of_layer(dl.groupedConvolution2dLayer, IMAGES), {
        **WINDOW, **WEIGHTED, "FilterSize": [2, 1], "NumFiltersPerGroup": 2, "NumGroups": 1,
        "DilationFactor": [2, 1], "PaddingValue": Option("replicate", {"Padding": 1}),
        "NumChannelsPerGroup": Option(2, raises="NumChannelsPerGroup is 2, and it gets"),
        "Weights": normal((2, 2, 1, 3, 2), 1), "Bias": normal((1, 1, 3, 2), 2),
    }, {"FilterSize": 2, "NumFiltersPerGroup": 3, "NumGroups": 2}),
    "transposedConv1dLayer": Subject(of_layer(dl.transposedConv1dLayer, SEQUENCES), {
        **NAME, **WEIGHTED, "FilterSize": 3, "NumFilters": 2, "Stride": 2, "Cropping": "same",
        "NumChannels": Option(2, raises="NumChannels is 2, and it gets"),
        "Weights": normal((2, 3, 3), 1), "Bias": THREE,
    }, {"FilterSize": 2, "NumFilters": 3}),
    "transposedConv2dLayer": Subject(of_layer(dl.transposedConv2dLayer, IMAGES), {
        **NAME, **WEIGHTED, "FilterSize": [2, 3], "NumFilters": 2, "Stride": 2, "Cropping": "same",
        "NumChannels": Option(3, raises="NumChannels is 3, and it gets"),
        "Weights": normal((2, 2, 3, 2), 1), "Bias": THREE,
    }, {"FilterSize": 2, "NumFilters": 3}),
    "transposedConv3dLayer": Subject(of_layer(dl.transposedConv3dLayer, VOLUMES), {
        **NAME, **WEIGHTED, "FilterSize": [2, 3, 2], "NumFilters": 2, "Stride": 2,
        "Cropping": "same", "NumChannels": Option(3, raises="NumChannels is 3, and it gets"),
        "Weights": normal((2, 2, 2, 3, 2), 1), "Bias": THREE,
    }, {"FilterSize": 2, "NumFilters": 3}),
    "batchNormalizationLayer": Subject(of_layer(dl.batchNormalizationLayer, FEATURES), {
        **NAME, "MeanDecay": 0.3, "VarianceDecay": 0.3, "Epsilon": 0.1,
        "Statistics": Option("fixed", GIVEN),
        "TrainedMean": Option(np.ones(4), GIVEN), "TrainedVariance": Option(np.ones(4), GIVEN),
        "Offset": np.ones(4), "Scale": np.zeros(4),
        "OffsetInitializer": "ones", "ScaleInitializer": "zeros",
        "OffsetLearnRateFactor": 0.5, "ScaleLearnRateFactor": 0.5,
        "OffsetL2Factor": Option(0.5, attribute=True), "ScaleL2Factor": Option(0.5, attribute=True),
    }),
    "layerNormalizationLayer": Subject(of_layer(dl.layerNormalizationLayer, IMAGES), {
        **NAME, **SCALED, "Epsilon": 0.5, "OperationDimension": "channel-only",
    }),
    "groupNormalizationLayer": Subject(of_layer(dl.groupNormalizationLayer, IMAGES), {
        **NAME, **SCALED, "Epsilon": 0.5, "NumGroups": "all-channels",
    }, {"NumGroups": 2}),
    "instanceNormalizationLayer": Subject(of_layer(dl.instanceNormalizationLayer, IMAGES), {
        **NAME, **SCALED, "Epsilon": 0.5,
    }),
    "crossChannelNormalizationLayer": Subject(
        of_layer(dl.crossChannelNormalizationLayer, FEATURES),
        {**NAME, "WindowChannelSize": 1, "Alpha": 0.5, "Beta": 0.5, "K": 1.0},
        {"WindowChannelSize": 3}),
    "resize2dLayer": Subject(of_layer(dl.resize2dLayer, IMAGES), {
        **NAME, **RESIZED, "OutputSize": Option([3, 3], raises="give one of"),
        "EnableReferenceInput": Option(True, raises="give one of"),
    }, {"Scale": 1.7}),
    "resize3dLayer": Subject(of_layer(dl.resize3dLayer, VOLUMES), {
        **NAME, **RESIZED, "OutputSize": Option([3, 3, 3], raises="give one of"),
        "EnableReferenceInput": Option(True, raises="give one of"),
    }, {"Scale": 1.7}),
    "crop2dLayer": Subject(of_layer(dl.crop2dLayer, IMAGES, CORNER), {
        **NAME, "Location": [1, 2],
    }, {"Location": "centercrop"}),
    "maxUnpooling2dLayer": Subject(of_call(unpooled), NAME),
    "depthToSpace2dLayer": Subject(of_layer(dl.depthToSpace2dLayer, DEEP), {
        **NAME, "BlockSize": [2, 1], "Mode": "crd",
    }, {"BlockSize": 2}),
    "spaceToDepthLayer": Subject(of_layer(dl.spaceToDepthLayer, IMAGES),
                                 {**NAME, "BlockSize": [2, 1]}, {"BlockSize": 2}),
    "reluLayer": Subject(of_layer(dl.reluLayer, FEATURES), NAME),
    "leakyReluLayer": Subject(of_layer(dl.leakyReluLayer, FEATURES), {**NAME, "Scale": 0.5}),
    "geluLayer": Subject(of_layer(dl.geluLayer, FEATURES), {**NAME, "Approximation": "tanh"}),
    "tanhLayer": Subject(of_layer(dl.tanhLayer, FEATURES), NAME),
    "sigmoidLayer": Subject(of_layer(dl.sigmoidLayer, FEATURES), NAME),
    "swishLayer": Subject(of_layer(dl.swishLayer, FEATURES), NAME),
    "softplusLayer": Subject(of_layer(dl.softplusLayer, FEATURES), NAME),
    "eluLayer": Subject(of_layer(dl.eluLayer, FEATURES), {**NAME, "Alpha": 0.5}),
    "clippedReluLayer": Subject(of_layer(dl.clippedReluLayer, FEATURES),
                                {**NAME, "Ceiling": 0.2}, {"Ceiling": 6.0}),
    "preluLayer": Subject(of_layer(dl.preluLayer, FEATURES), {
        **NAME, "Alpha": np.ones(4), "AlphaInitializer": 0.5, "AlphaLearnRateFactor": 0.5,
        "AlphaL2Factor": Option(1.0, attribute=True),
    }),
    "softmaxLayer": Subject(of_layer(dl.softmaxLayer, FEATURES), NAME),
    "dropoutLayer": Subject(of_layer(dl.dropoutLayer, FEATURES), {**NAME, "Probability": 0.9}),
    "flattenLayer": Subject(of_layer(dl.flattenLayer, IMAGES), NAME),
    "maxPooling2dLayer": Subject(of_layer(dl.maxPooling2dLayer, IMAGES), {
        **WINDOW, "PoolSize": [3, 2], "HasUnpoolingOutputs": True,
    }, {"PoolSize": 2}),
    "averagePooling2dLayer": Subject(of_layer(dl.averagePooling2dLayer, IMAGES), {
        **WINDOW, "PoolSize": [3, 2], "PaddingValue": Option("mean", {"Padding": 1}),
    }, {"PoolSize": 2}),
    "maxPooling1dLayer": Subject(of_layer(dl.maxPooling1dLayer, SEQUENCES),
                                 {**WINDOW, "PoolSize": 3}, {"PoolSize": 2}),
    "maxPooling3dLayer": Subject(of_layer(dl.maxPooling3dLayer, VOLUMES),
                                 {**WINDOW, "PoolSize": [3, 2, 2]}, {"PoolSize": 2}),
    "averagePooling1dLayer": Subject(of_layer(dl.averagePooling1dLayer, SEQUENCES), {
        **WINDOW, "PoolSize": 3, "PaddingValue": Option("mean", {"Padding": 1}),
    }, {"PoolSize": 2}),
    "averagePooling3dLayer": Subject(of_layer(dl.averagePooling3dLayer, VOLUMES), {
        **WINDOW, "PoolSize": [3, 2, 2], "PaddingValue": Option("mean", {"Padding": 1}),
    }, {"PoolSize": 2}),
    "globalAveragePooling1dLayer": Subject(
        of_layer(dl.globalAveragePooling1dLayer, SEQUENCES), NAME),
    "globalAveragePooling2dLayer": Subject(
        of_layer(dl.globalAveragePooling2dLayer, IMAGES), NAME),
    "globalAveragePooling3dLayer": Subject(
        of_layer(dl.globalAveragePooling3dLayer, VOLUMES), NAME),
    "globalMaxPooling1dLayer": Subject(
        of_layer(dl.globalMaxPooling1dLayer, SEQUENCES), NAME),
    "globalMaxPooling2dLayer": Subject(
        of_layer(dl.globalMaxPooling2dLayer, IMAGES), NAME),
    "globalMaxPooling3dLayer": Subject(
        of_layer(dl.globalMaxPooling3dLayer, VOLUMES), NAME),
    "lstmLayer": Subject(of_layer(dl.lstmLayer, SEQUENCES), {
        **RECURRENT, **of_units(12), "CellState": np.ones((3, 1)), "BiasInitializer": "zeros",
    }, {"NumHiddenUnits": 3}),
    "bilstmLayer": Subject(of_layer(dl.bilstmLayer, SEQUENCES), {
        **RECURRENT, **of_units(24), "HiddenState": np.ones((6, 1)), "CellState": np.ones((6, 1)),
        "BiasInitializer": "zeros",
    }, {"NumHiddenUnits": 3}),
    "gruLayer": Subject(of_layer(dl.gruLayer, SEQUENCES), {
        **RECURRENT, **of_units(9), "BiasInitializer": "ones",
        "ResetGateMode": "before-multiplication",
    }, {"NumHiddenUnits": 3}),
    "attentionLayer": Subject(of_layer(dl.attentionLayer, *(EVEN,) * 3), {
        **NAME, **ATTENDING, "Scale": 2.0,
    }, {"NumHeads": 2}),
    "selfAttentionLayer": Subject(of_layer(dl.selfAttentionLayer, SEQUENCES), {
        **NAME, **ATTENDING, **WEIGHTED, "NumKeyChannels": 2, "NumValueChannels": 2,
        "OutputSize": 5,
        **{f"{part}Weights": normal((4, 3), i) for i, part in enumerate(("Query", "Key", "Value"))},
        "OutputWeights": normal((3, 4), 3), "QueryBias": np.ones(4), "KeyBias": np.ones(4),
        "ValueBias": np.ones(4), "OutputBias": np.ones(3),
    }, {"NumHeads": 2, "NumKeyChannels": 4}),
    "indexing1dLayer": Subject(of_layer(dl.indexing1dLayer, SEQUENCES), {
        **NAME, "Index": "last",
    }),
    "wordEmbeddingLayer": Subject(
        of_layer(dl.wordEmbeddingLayer, ONE_NUMBER, inputs=[WORDS]), {
        **NAME, **EMBEDDING, "Dimension": 3, "NumWords": 6,
    }, {"Dimension": 2, "NumWords": 5}),
    "positionEmbeddingLayer": Subject(of_layer(dl.positionEmbeddingLayer, LINES_IN_TIME), {
        **NAME, **EMBEDDING, "OutputSize": 3, "MaxPosition": 4, "PositionDimension": "spatial",
    }, {"OutputSize": 2, "MaxPosition": 5}),
    "sinusoidalPositionEncodingLayer": Subject(
        of_layer(dl.sinusoidalPositionEncodingLayer, LINES_IN_TIME), {
            **NAME, "OutputSize": 4, "Positions": "spatial-indices",
        }, {"OutputSize": 2}),
    "networkLayer": Subject(of_layer(dl.networkLayer, FEATURES), {**NAME, "Network": network_of(2)},
                            {"Network": network_of(3)}),
    "additionLayer": Subject(of_layer(dl.additionLayer, FEATURES, FEATURES), {
        **NAME, "NumInputs": Option(3, raises="has 3 inputs"),
    }, {"NumInputs": 2}),
    "multiplicationLayer": Subject(of_layer(dl.multiplicationLayer, FEATURES, FEATURES), {
        **NAME, "NumInputs": Option(3, raises="has 3 inputs"),
    }, {"NumInputs": 2}),
    "concatenationLayer": Subject(of_layer(dl.concatenationLayer, FEATURES, FEATURES), {
        **NAME, "NumInputs": Option(3, raises="has 3 inputs"),
        "Dim": Option("T", raises="has 0 dimensions T"),
        "axis": Option(0, raises="name the dimension once"),
    }, {"Dim": "C", "NumInputs": 2}),
    "depthConcatenationLayer": Subject(of_layer(dl.depthConcatenationLayer, FEATURES, FEATURES), {
        **NAME, "NumInputs": Option(3, raises="has 3 inputs"),
    }, {"NumInputs": 2}),
}  # fmt: skip
"""For layers also the options without a default belong to the table."""


# ---- functions ----------------------------------------------------------------------------------

PLAIN = np.abs(normal((4, 3), 1)) % 1
Y, SQUARE = dlarray(PLAIN, "CB"), dlarray(PLAIN[:3], "CB")
X = dlarray(normal((6, 5, 2, 3), 2), "SSCB")
DEEP = dlarray(np.abs(normal((6, 5, 8, 1), 4)), "SSCB")
UNLABELLED = {"DataFormat": Option("BC", raises="DataFormat= is for arrays without")}
MASK = np.array([[1, 0, 1]] * 3, bool)
WEIGHTS = normal((2, 2, 2, 2), 3)  # they fit with any reading of their dimensions
VIDEO = dlarray(normal((6, 5, 2, 3, 4), 2), "SSCBT")
REDUCED = {**UNLABELLED, "Mask": MASK, "Reduction": "none", "NormalizationFactor": "all-elements",
           "WeightsFormat": "BC"}  # fmt: skip


def of_loss(loss: Any) -> Callable[..., Any]:
    """As many classes as observations: the weights fit with either reading of their dimensions."""
    weights = np.arange(9.0).reshape(3, 3)
    targets = np.roll(np.eye(3), 1, axis=0)
    return of_call(lambda **options: loss(SQUARE, targets, weights, **options))


def two_outputs() -> dl.dlnetwork:
    dl.rng(0)
    return dl.dlnetwork([dl.featureInputLayer(4), dl.fullyConnectedLayer(2),
                         dl.batchNormalizationLayer(), dl.reluLayer()])  # fmt: skip


def learned() -> dl.dlnetwork:
    net = two_outputs()
    _, net.State = dl.forward(net, Y)
    return net


def population(**options: Any) -> Any:
    """Statistics of two mini-batches; those of the second layer depend on the method."""
    dl.rng(0)
    layers = [dl.batchNormalizationLayer(), dl.tanhLayer(), dl.batchNormalizationLayer()]
    net = dl.dlnetwork([dl.featureInputLayer(2), layers])
    data = [dlarray(normal((2, n), n) + n, "CB") for n in (3, 5)]
    return dl.population_statistics(net, data, **options)


def slopes(**options: Any) -> Any:
    """First a gradient with the options, then what a second one gives."""

    def function(x: dlarray) -> Any:
        first = dl.dlgradient(dl.sum(x**3, "all"), x, **options)
        y = dl.sum(x * x, "all")
        before = dl.dlgradient(y, x, **options)
        try:
            again = dl.dlgradient(y, x)
        except RuntimeError as error:
            again = str(error)
        try:
            second = dl.dlgradient(dl.sum(first, "all"), x)
        except ValueError as error:
            second = str(error)
        return first, before, again, second

    return dl.dlfeval(function, dlarray([1.0, 2.0]))


def constant_or_not(call: Any) -> Callable[..., Any]:
    """What the gradient of a result says: zeros if that was made a constant."""

    def function(x: dlarray, options: Any) -> Any:
        y = dl.sum(call(dl.sum(x**4, "C"), x, "C", **options), "all")
        return dl.dlgradient(y + 0.0 * dl.sum(x, "all"), x)

    return of_call(lambda **options: dl.dlfeval(function, dlarray([[1.0, 2.0]], "CB"), options))


def of_bowl(scale: dlarray) -> Callable[..., Any]:
    """A loss function ½ Σ scale · x² for lbfgsupdate, with a third result."""

    def loss(x: dlarray) -> Any:
        value = 0.5 * dl.sum(scale * x**2, "all")
        return value, dl.dlgradient(value, x), "more"

    return lambda x: dl.dlfeval(loss, x)


def one_long_step(**options: Any) -> Any:
    """The first step overshoots the minimum so far that the loss hardly falls."""
    start = dl.lbfgsState(InitialInverseHessianFactor=1.95)
    x, state = dl.lbfgsupdate(dlarray([1.0]), of_bowl(dlarray([1.0])), start, **options)
    return x, state.AdditionalLossFunctionOutputs, state.LineSearchStatus


def four_steps(**options: Any) -> Any:
    x, state = dlarray([1.0, 2.0, 3.0]), dl.lbfgsState(**options)
    for _ in range(4):
        x, state = dl.lbfgsupdate(x, of_bowl(dlarray([1.0, 3.0, 9.0])), state)
    return x, state.StepHistory


def network(**options: Any) -> Any:
    net = dl.dlnetwork([dl.featureInputLayer(4), dl.fullyConnectedLayer(2), dl.reluLayer()],
                       **options)  # fmt: skip
    return repr(net)


BOTH_WAYS = normal((4, 4), 6)  # four features of four observations, however it is read


def exchanged(**options: Any) -> Any:
    """A layer with the inputs x and y in the place of one with the inputs y and x."""
    of = lambda *names: dl.functionLayer(lambda a, b: a - b, InputNames=names, Name="-".join(names))
    graph = dl.layerGraph([dl.featureInputLayer(4), of("y", "x")])
    return list(dl.replaceLayer(graph, "y-x", of("x", "y"), **options).Connections)


def with_input(**options: Any) -> Any:
    net = dl.dlnetwork([dl.fullyConnectedLayer(4)], Initialize=False)
    return repr(dl.addInputLayer(net, dl.featureInputLayer(2), **options))


def line(**options: Any) -> Any:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 2)
    made = dl.animatedline(**{k: axes[v] if k == "Parent" else v for k, v in options.items()})
    artist = made.artist
    seen = [artist.get_color(), artist.get_linestyle(), artist.get_linewidth(),
            artist.get_marker(), artist.get_label(), [artist in a.lines for a in axes]]  # fmt: skip
    plt.close()
    return seen


def first_read(**options: Any) -> Any:
    return dl.read(dl.arrayDatastore(PLAIN, **options))


def mini_batches(**options: Any) -> Any:
    """Five observations of three numbers and a label."""
    labels = dl.categorical(["a", "b", "a", "b", "a"])
    ds = dl.combine(dl.arrayDatastore(normal((5, 3), 1)), dl.arrayDatastore(labels))
    return [[np.asarray(part) if isinstance(part, dl.categorical) else part for part in batch]
            for batch in dl.minibatchqueue(ds, **options)]  # fmt: skip


def listed_files(**options: Any) -> Any:
    """Two files side by side, and others that are found with other options."""
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, name) for name in ("a.abc", "b.abc", "c.xyz", "d.xyz", "sub/e.abc")]
        if "Labels" in options:
            places.pop()
        for place in places:
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(b"")
        ds = dl.imageDatastore(folder, **options)
        names = [Path(file).name for file in ds.Files]
        labels = None if ds.Labels is None else (ds.Labels == Path(folder).name).tolist()
        return [names, labels, [dl.readimage(ds, i) > 7 for i in range(len(ds))]]


def chart(**options: Any) -> Any:
    """What stands in a picture of a matrix, and its colours."""
    import matplotlib.pyplot as plt

    axes = dl.confusionchart([[3, 1], [0, 2]], ["a", "b"], **options)
    texts = [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
    texts += [text.get_text() for text in axes.texts]
    sizes = [text.get_fontsize() for text in axes.texts]
    colors = [list(patch.get_facecolor()) for patch in axes.patches]
    plt.close()
    return texts, sizes, colors


def normalized(**options: Any) -> Any:
    return dl.batchnorm(Y, np.zeros(4), np.ones(4), np.zeros(4), np.ones(4), nargout=3, **options)


STEPS = dlarray(normal((2, 2, 3), 5), "CBT")


def recurrent(function: Any, blocks: int, biases: int, states: int) -> Callable[..., Any]:
    """lstm or gru of three units."""
    given = [np.zeros((3, 1))] * states
    parameters = [normal(shape, 4) for shape in ((blocks * 3, 2), (blocks * 3, 3), (biases * 3, 1))]
    return lambda **options: function(STEPS, *given, *parameters, **options)


def attended(**options: Any) -> Any:
    dl.rng(0)
    return dl.attention(STEPS, STEPS, STEPS, 2, **options)


def classified(**options: Any) -> Any:
    """Class 1 of three: with the first class as the blank, or with the last."""
    probabilities = dl.softmax(dlarray(normal((3, 2, 3), 6), "CBT"))
    return dl.ctc(probabilities, np.ones((1, 2, 2)), **options)


AS_MANY = dl.functionLayer(lambda X: X * float(X.shape[-1]))  # wrong for a batch

# ---- trainnet and its monitor -------------------------------------------------------------------

PREDICTORS, RESPONSES = normal((9, 2), 1), normal((9, 1), 2)
HELD_OUT = normal((4, 2), 3), normal((4, 1), 4)


def trained(**options: Any) -> Any:
    """What trainnet gives, prints and writes, but for the time. "folder" stands for a folder."""
    dl.rng(0)
    layers = [dl.featureInputLayer(2, Normalization="zerocenter"), dl.fullyConnectedLayer(3),
              dl.batchNormalizationLayer(), dl.fullyConnectedLayer(1)]  # fmt: skip
    few = {"MaxIterations": 3} if options["solverName"] == "lbfgs" else {"MaxEpochs": 3}
    few |= {} if options["solverName"] == "lbfgs" else {"MiniBatchSize": 4}
    seen: list[int] = []
    watch = lambda info: seen.append(info.get("Iteration", 0))
    stops = options.pop("OutputFcn", None)
    resume = options.pop("Resume", None)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
        if resume or options.get("CheckpointPath"):
            options["CheckpointPath"] = folder
        given = {**few, "Verbose": False, **options}
        made = dl.trainingOptions(**given, OutputFcn=[watch, *([stops] if stops else [])])
        run = lambda **more: dl.trainnet(PREDICTORS, RESPONSES, dl.dlnetwork(layers), "mse", made,
                                         **more, nargout=2)  # fmt: skip
        net, info = run()
        if resume:
            seen.clear()
            net, info = run(Resume=f"{folder}/{resume}")
        files = sorted(os.listdir(folder))
    columns = [[name, *values] for history in (info.TrainingHistory, info.ValidationHistory)
               for name, values in history.items() if name != "TimeElapsed"]  # fmt: skip
    printed = [line.split(" | ")[0].strip() for line in out.getvalue().splitlines()]
    shown = sorted({"progress" if cell.startswith("Iteration ") else cell for cell in printed})
    return made, [net.Learnables, net.State, net.Layers[0].Mean, columns, shown, files, seen,
                  info.OutputNetworkIteration]  # fmt: skip


def monitored(**options: Any) -> Any:
    """What a monitor shows and writes, but for the time."""
    import matplotlib.pyplot as plt

    metrics = {"Metrics": ("Loss",), "Info": ("Epoch",), **options}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
        if "CSVFile" in options:
            metrics["CSVFile"] = f"{folder}/{options['CSVFile']}"
        monitor = dl.trainingProgressMonitor(**metrics)
        with monitor:
            dl.recordMetrics(monitor, 1, **{monitor.Metrics[0]: 0.5})
            dl.updateInfo(monitor, **{monitor.Info[0]: 1})
        files = os.listdir(folder)
    lines = [[cell for cell in line.split(" | ") if ":" not in cell]
             for line in out.getvalue().splitlines()]  # fmt: skip
    title = monitor.figure.get_suptitle() if options.get("Display") == "figure" else ""
    plt.close("all")
    return monitor, [lines[-1:], title, files]


def rates(kind: Any) -> Callable[..., Any]:
    """The factors of a schedule in the first steps."""
    return of_call(lambda **o: [kind(**o)(1.0, i, 1 + i // 3) for i in range(1, 13)])


LBFGS = {"solverName": "lbfgs"}
ADAM = {"solverName": "adam"}
VALIDATED = {"ValidationData": HELD_OUT, "ValidationFrequency": 1, "InitialLearnRate": 0.3}
BOTH_ENDS = {"InitialFactor": 0.5, "FinalFactor": 0.3, "FrequencyUnit": "iteration"}


FUNCTIONS = {
    "dlnetwork": Subject(of_call(network), {"Initialize": False, "OutputNames": "fc"}),
    "forward": Subject(of_call(lambda **o: dl.forward(learned(), BOTH_WAYS, **o)), {
        "Outputs": ["fc", "relu"], "Statistics": "fixed",
        "InputDataFormats": "CB", "OutputDataFormats": "CB",
    }),
    "predict": Subject(of_call(lambda **o: dl.predict(learned(), BOTH_WAYS, **o)), {
        "Outputs": "fc", "InputDataFormats": "CB", "OutputDataFormats": "CB",
    }),
    "population_statistics": Subject(of_call(population), {"Method": "one-pass"}),
    "Layer": Subject(of_call(lambda **o: dl.Layer(**o).Name), {"Name": "other"}),
    "checkLayer": Subject(of_call(lambda **o: repr(dl.checkLayer(AS_MANY, [4], **o))), {
        "ObservationDimension": 1,
    }),
    "replaceLayer": Subject(of_call(exchanged), {"ReconnectBy": "order"}),
    "addInputLayer": Subject(of_call(with_input), {"Initialize": False}),
    "dlgradient": Subject(of_call(slopes), {"RetainData": True, "EnableHigherDerivatives": True}),
    "dljacobian": Subject(constant_or_not(dl.dljacobian), {"EnableHigherDerivatives": False}),
    "dldivergence": Subject(constant_or_not(dl.dldivergence), {"EnableHigherDerivatives": False}),
    "dllaplacian": Subject(constant_or_not(dl.dllaplacian), {"EnableHigherDerivatives": False}),
    "observation_jacobian": Subject(constant_or_not(dl.observation_jacobian),
                                    {"EnableHigherDerivatives": False}),
    "fullyconnect": Subject(of_call(lambda **o: dl.fullyconnect(Y, PLAIN.T, **o)), UNLABELLED),
    "batchnorm": Subject(of_call(normalized), {
        **UNLABELLED, "Epsilon": 0.5, "MeanDecay": 0.3, "VarianceDecay": 0.3,
    }),
    "layernorm": Subject(of_call(lambda **o: dl.layernorm(X, [0.0, 1.0], [1.0, 2.0], **o)), {
        **UNLABELLED, "Epsilon": 0.5, "OperationDimension": "channel-only",
    }),
    "groupnorm": Subject(of_call(lambda **o: dl.groupnorm(X, 1, [0.0, 1.0], [1.0, 2.0], **o)),
                         {**UNLABELLED, "Epsilon": 0.5}),
    "instancenorm": Subject(of_call(lambda **o: dl.instancenorm(X, [0.0, 1.0], [1.0, 2.0], **o)),
                            {**UNLABELLED, "Epsilon": 0.5}),
    "crosschannelnorm": Subject(of_call(lambda **o: dl.crosschannelnorm(X, 2, **o)),
                                {**UNLABELLED, "Alpha": 0.1, "Beta": 1.0}),
    "depthToSpace": Subject(of_call(lambda **o: dl.depthToSpace(DEEP, 2, **o)),
                            {**UNLABELLED, "Mode": "crd"}),
    "spaceToDepth": Subject(of_call(lambda **o: dl.spaceToDepth(X, 2, **o)), UNLABELLED),
    "dlresize": Subject(of_call(lambda **o: dl.dlresize(X, **o)), {
        **UNLABELLED, "Scale": 0.5, "Method": "linear", "GeometricTransformMode": "asymmetric",
        "NearestRoundingMode": "floor",
        "OutputSize": Option([2, 2], raises=r"give one of Scale= and OutputSize="),
    }, {"Scale": 1.6}),
    "psnr": Subject(of_call(lambda **o: dl.psnr(DEEP, 0.9 * DEEP, **o)), UNLABELLED),
    "ssim": Subject(of_call(lambda **o: dl.ssim(DEEP, 0.9 * DEEP, **o)), {
        **UNLABELLED, "Exponents": [1.0, 2.0, 1.0], "RegularizationConstants": [0.1, 0.2, 0.3],
        "DynamicRange": 2.0, "Radius": 0.5,
    }),
    "multissim": Subject(of_call(lambda **o: dl.multissim(DEEP, 0.9 * DEEP, **o)), {
        **UNLABELLED, "NumScales": 1, "ScaleWeights": [1.0, 3.0], "Sigma": 0.5, "DynamicRange": 2.0,
    }, {"NumScales": 2}),
    "generalizedDice": Subject(of_call(lambda **o: dl.generalizedDice(Y, 1.0 - PLAIN, **o)),
                               UNLABELLED),
    "focalCrossEntropy": Subject(of_call(lambda **o: dl.focalCrossEntropy(Y, 1.0 - PLAIN, **o)), {
        **UNLABELLED, "Mask": np.array([[1, 0, 1]] * 4, bool), "Reduction": "none",
        "NormalizationFactor": "batch-size", "Gamma": 1.0, "Alpha": 0.5,
        "ClassificationMode": "multilabel",
    }),
    "dlconv": Subject(of_call(lambda **o: dl.dlconv(X, WEIGHTS, **o)), {
        **UNLABELLED, "Stride": 2, "DilationFactor": [1, 2], "Padding": [[1, 0], [2, 1]],
        "PaddingValue": Option(2.0, {"Padding": 1}), "WeightsFormat": "UCSS",
    }),
    "dltranspconv": Subject(of_call(lambda **o: dl.dltranspconv(X, WEIGHTS, **o)), {
        **UNLABELLED, "Stride": 2, "DilationFactor": [1, 2], "Cropping": [[1, 0], [2, 1]],
        "WeightsFormat": "SSCU",
    }),
    "maxpool": Subject(of_call(lambda **o: dl.maxpool(VIDEO, 2, **o)),
                       {**UNLABELLED, "Stride": [1, 2], "Padding": "same", "PoolFormat": "T"}),
    "maxunpool": Subject(
        of_call(lambda **o: dl.maxunpool(*dl.maxpool(X, 2, nargout=3), **o)), UNLABELLED
    ),
    "avgpool": Subject(of_call(lambda **o: dl.avgpool(VIDEO, 2, **o)), {
        **UNLABELLED, "Stride": [1, 2], "Padding": 1, "PoolFormat": "T",
        "PaddingValue": Option("mean", {"Padding": 1}),
    }),
    "lbfgsState": Subject(of_call(four_steps), {
        "HistorySize": 1, "InitialInverseHessianFactor": 0.1, "InitialStepSize": 0.01,
    }),
    "lbfgsupdate": Subject(of_call(one_long_step), {
        "LineSearchMethod": "strong-wolfe",
        "MaxNumLineSearchIterations": Option(1, {"LineSearchMethod": "strong-wolfe"}),
        "NumLossFunctionOutputs": 3,
    }),
    "softmax": Subject(of_call(lambda **o: dl.softmax(Y, **o)), UNLABELLED),
    "gelu": Subject(of_call(lambda **o: dl.gelu(Y, **o)), {"Approximation": "tanh"}),
    "mse": Subject(of_call(lambda **o: dl.mse(Y, 1.0 - PLAIN, **o)), UNLABELLED),
    "l1loss": Subject(of_loss(dl.l1loss), REDUCED),
    "l2loss": Subject(of_loss(dl.l2loss), REDUCED),
    "huber": Subject(of_loss(dl.huber), {**REDUCED, "TransitionPoint": 0.1}),
    "crossentropy": Subject(of_loss(dl.crossentropy),
                            {**REDUCED, "ClassificationMode": "multilabel"}),
    "indexcrossentropy": Subject(
        of_call(lambda **o: dl.indexcrossentropy(SQUARE, [1, 0, 2], [1, 2, 3], **o)),
        {**UNLABELLED, "Mask": [1, 0, 1], "Reduction": "none", "NormalizationFactor": "none"},
    ),
    "embed": Subject(of_call(lambda **o: dl.embed(dlarray([1.0, 0.0], "B"), PLAIN, **o)),
                     UNLABELLED),
    "discretize": Subject(of_call(lambda **o: dl.discretize([1, 2], [1, 2, 3], **o)),
                          {"IncludedEdge": "right"}),
    "onehotencode": Subject(
        of_call(lambda **o: dl.onehotencode(dl.categorical(["a", "b"]), axis=0, **o)),
        {"ClassNames": ["b", "a"]},
    ),
    "lstm": Subject(of_call(recurrent(dl.lstm, 4, 4, 2)), {
        **UNLABELLED, "StateActivationFunction": "softsign",
        "GateActivationFunction": "hard-sigmoid",
    }),
    "gru": Subject(of_call(recurrent(dl.gru, 3, 3, 1)), {
        **UNLABELLED, "StateActivationFunction": "relu", "GateActivationFunction": "hard-sigmoid",
        "ResetGateMode": "before-multiplication",
    }),
    "attention": Subject(of_call(attended), {
        **UNLABELLED, "Scale": 0.1, "AttentionMask": "causal", "DropoutProbability": 0.5,
        "PaddingMask": np.array([[[1, 0, 1]] * 2]) == 1,
    }),
    "ctc": Subject(of_call(classified), {
        **UNLABELLED, "BlankIndex": "last",
        "YMask": np.array([[[1, 1, 0]] * 2]) == 1,
    }),
    "dlode45": Subject(
        of_call(lambda **o: dl.dlode45(lambda t, y, w: w * dl.sin(y + t), [0, 3], Y, 2.0, **o)), {
            **UNLABELLED, "RelativeTolerance": 1e-6, "AbsoluteTolerance": 1.0,
            "InitialStepSize": 0.01, "MaxStepSize": 0.1,
            "GradientMode": Option("adjoint", raises="which gives the derivative"),
        }),
    "dlstft": Subject(of_call(lambda **o: dl.dlstft(STEPS, **o)), {
        **UNLABELLED, "Window": [1.0, 2.0], "OverlapLength": 0, "FFTLength": 6,
    }, {"Window": [1.0, 1.0]}),
    "rescale": Subject(of_call(lambda **o: dl.rescale(Y, **o)),
                       {"InputMin": 0.25, "InputMax": 0.75}),
    "animatedline": Subject(of_call(line), {
        "Color": "red", "LineStyle": "--", "LineWidth": 5.0, "Marker": "o", "DisplayName": "loss",
        "Parent": 0,
    }),
    "arrayDatastore": Subject(of_call(first_read), {
        "OutputType": "same", "IterationDimension": Option(2, raises="write axis=1, counted from"),
    }),
    "minibatchqueue": Subject(of_call(mini_batches), {
        "MiniBatchSize": 2, "PartialMiniBatch": "discard",
        "MiniBatchFcn": lambda X, T: (np.concatenate(X) * 2, T),
        "MiniBatchFormat": ["BC", ""], "OutputCast": "double", "OutputAsDlarray": [True, False],
        "OutputEnvironment": Option("parallel", raises="one of auto, cpu, gpu"),
        "PreprocessingEnvironment": Option("background", raises="is not supported"),
        "DispatchInBackground": Option(True, raises="is not supported"),
    }, {"MiniBatchSize": 3}),
    "imageDatastore": Subject(of_call(listed_files), {
        "IncludeSubfolders": True, "FileExtensions": ".xyz", "LabelSource": "foldernames",
        "Labels": ["u", "v"], "ReadFcn": len,
    }, {"FileExtensions": [".abc"], "ReadFcn": lambda name: 7}),
    "padsequences": Subject(
        of_call(lambda **o: dl.padsequences([[1, 2, 3], [4, 5]], axis=0, nargout=2, **o)),
        {"Length": "shortest", "Direction": "left", "PaddingValue": 9.0, "UniformOutput": False},
    ),
    "confusionmat": Subject(of_call(lambda **o: dl.confusionmat([1, 1, 2], [1, 2, 2], **o)),
                            {"Order": [2, 1]}),
    "confusionchart": Subject(of_call(chart), {
        "Title": "digits", "XLabel": "x", "YLabel": "y", "Normalization": "row-normalized",
        "RowSummary": "absolute", "ColumnSummary": "absolute", "DiagonalColor": "green",
        "OffDiagonalColor": "black", "FontSize": 12.0,
    }),
    "trainingOptions": Subject(trained, {
        "InitialLearnRate": 0.5, "MaxEpochs": 2, "MiniBatchSize": 3, "Shuffle": "never",
        "LearnRateSchedule": "cosine",
        "LearnRateDropFactor": Option(0.5, {"LearnRateSchedule": "piecewise",
                                            "LearnRateDropPeriod": 1}),
        "LearnRateDropPeriod": Option(1, {"LearnRateSchedule": "piecewise"}),
        "GradientThreshold": 0.01,
        "GradientThresholdMethod": Option("absolute-value", {"GradientThreshold": 0.01}),
        "Momentum": 0.5, "GradientDecayFactor": Option(0.5, ADAM),
        "SquaredGradientDecayFactor": Option(0.5, ADAM), "Epsilon": Option(0.1, ADAM),
        "MaxIterations": Option(2, LBFGS),
        "HistorySize": Option(1, {**LBFGS, "MaxIterations": 6}),
        "InitialInverseHessianFactor": Option(0.01, LBFGS),
        "LineSearchMethod": Option("strong-wolfe", {**LBFGS, "MaxIterations": 6}),
        "MaxNumLineSearchIterations": Option(1, {**LBFGS, "InitialInverseHessianFactor": 50.0}),
        "GradientTolerance": Option(100.0, LBFGS), "StepTolerance": Option(100.0, LBFGS),
        "L2Regularization": 0.5, "ValidationData": HELD_OUT,
        "ValidationFrequency": Option(2, {"ValidationData": HELD_OUT}),
        "ValidationPatience": Option(1, VALIDATED),
        "OutputNetwork": Option("last-iteration", VALIDATED),
        "Metrics": "rmse", "BatchNormalizationStatistics": "moving",
        "ResetInputNormalization": False, "ExecutionEnvironment": Option("cpu", attribute=True),
        "Verbose": True, "VerboseFrequency": Option(1, {"Verbose": True}),
        "Plots": "training-progress", "CheckpointPath": "folder",
        "CheckpointFrequency": Option(2, {"CheckpointPath": "folder"}),
        "CheckpointFrequencyUnit": Option("iteration", {"CheckpointPath": "folder"}),
        "OutputFcn": Option(lambda info: info.get("Iteration") == 2),
    }, {"solverName": "sgdm"}),
    "trainnet": Subject(trained, {"Resume": "net_checkpoint__4.npz"}, {"solverName": "sgdm"}),
    "minibatchpredict": Subject(
        of_call(lambda **o: dl.minibatchpredict(dl.dlnetwork([dl.featureInputLayer(2), AS_MANY]),
                                                PREDICTORS, **o)),
        {"MiniBatchSize": 4, "ExecutionEnvironment": Option("there", raises="auto, cpu, gpu")},
    ),
    "testnet": Subject(
        of_call(lambda **o: dl.testnet(dl.dlnetwork([dl.featureInputLayer(2), AS_MANY]),
                                       PREDICTORS, PREDICTORS, "rmse", **o)),
        {"MiniBatchSize": 4, "ExecutionEnvironment": Option("there", raises="auto, cpu, gpu")},
    ),
    "trainingProgressMonitor": Subject(monitored, {
        "Metrics": ("other",), "Info": ("other",), "XLabel": "Iteration", "Status": "Running",
        "Progress": 50, "Visible": False, "Display": "figure", "CSVFile": "run.csv",
        "Title": Option("other", {"Display": "figure"}),
    }),
    "piecewiseLearnRate": Subject(rates(dl.piecewiseLearnRate), {
        "DropFactor": Option(0.5, {"Period": 2}), "Period": 2,
        "FrequencyUnit": Option("iteration", {"Period": 2}),
    }),
    "exponentialLearnRate": Subject(rates(dl.exponentialLearnRate), {
        "DropFactor": 0.5, "Period": 2, "FrequencyUnit": "iteration",
    }),
    "warmupLearnRate": Subject(rates(dl.warmupLearnRate), {
        **BOTH_ENDS, "NumSteps": 3, "FrequencyUnit": "epoch",
    }),
    "polynomialLearnRate": Subject(rates(dl.polynomialLearnRate), {
        **BOTH_ENDS, "NumSteps": 3, "Power": 2.0,
    }),
    "cosineLearnRate": Subject(rates(dl.cosineLearnRate), {
        **BOTH_ENDS, "Period": 3, "PeriodGrowthFactor": Option(2, {"Period": 2}),
    }),
    "time_based_learn_rate": Subject(rates(dl.time_based_learn_rate), {
        "Decay": 1.0, "FrequencyUnit": "epoch",
    }),
    "duration": Subject(of_call(lambda **o: str(dl.duration(0, 1, 30, **o))), {"Format": "s"}),
}  # fmt: skip
