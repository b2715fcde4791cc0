"""Every option of every public constructor and function: a second legal value, and what it changes.

A call without the option and one with it are looked at from outside: results, first values of the
parameters, a solver's step, names, properties. An option that shows in none of them must say which
documented attribute holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinydl as dl
from tests.strategies import normal
from tests.table.layers import FEATURES, IMAGES
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


def of_layer(kind: Any, *layouts: dl.networkDataLayout) -> Callable[..., Any]:
    """What a network of one layer shows: parameters, both verbs, and a solver's step."""
    X = [dlarray(normal([n or 3 for n in layout.Size], 4), layout.Format) for layout in layouts]

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
WINDOW = {**NAME, "Stride": 2, "Padding": "same"}

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
    "fullyConnectedLayer": Subject(of_layer(dl.fullyConnectedLayer, FEATURES), {
        **NAME, **WEIGHTED, "OutputSize": 2, "Weights": normal((3, 4), 1), "Bias": THREE,
    }, {"OutputSize": 3}),
    "convolution2dLayer": Subject(of_layer(dl.convolution2dLayer, IMAGES), {
        **WINDOW, **WEIGHTED, "FilterSize": [2, 1], "NumFilters": 2, "DilationFactor": [2, 1],
        "PaddingValue": Option("replicate", {"Padding": 1}),
        "NumChannels": Option(3, raises="NumChannels is 3, and it gets"),
        "Weights": normal((2, 2, 2, 3), 1), "Bias": THREE,
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
    "reluLayer": Subject(of_layer(dl.reluLayer, FEATURES), NAME),
    "leakyReluLayer": Subject(of_layer(dl.leakyReluLayer, FEATURES), {**NAME, "Scale": 0.5}),
    "geluLayer": Subject(of_layer(dl.geluLayer, FEATURES), {**NAME, "Approximation": "tanh"}),
    "tanhLayer": Subject(of_layer(dl.tanhLayer, FEATURES), NAME),
    "sigmoidLayer": Subject(of_layer(dl.sigmoidLayer, FEATURES), NAME),
    "softmaxLayer": Subject(of_layer(dl.softmaxLayer, FEATURES), NAME),
    "dropoutLayer": Subject(of_layer(dl.dropoutLayer, FEATURES), {**NAME, "Probability": 0.9}),
    "flattenLayer": Subject(of_layer(dl.flattenLayer, IMAGES), NAME),
    "maxPooling2dLayer": Subject(of_layer(dl.maxPooling2dLayer, IMAGES),
                                 {**WINDOW, "PoolSize": [3, 2]}, {"PoolSize": 2}),
    "averagePooling2dLayer": Subject(of_layer(dl.averagePooling2dLayer, IMAGES), {
        **WINDOW, "PoolSize": [3, 2], "PaddingValue": Option("mean", {"Padding": 1}),
    }, {"PoolSize": 2}),
    "globalAveragePooling2dLayer": Subject(of_layer(dl.globalAveragePooling2dLayer, IMAGES), NAME),
    "additionLayer": Subject(of_layer(dl.additionLayer, FEATURES, FEATURES), {
        **NAME, "NumInputs": Option(3, raises="has 3 inputs"),
    }, {"NumInputs": 2}),
}  # fmt: skip
"""For layers also the options without a default belong to the table."""


# ---- functions ----------------------------------------------------------------------------------

PLAIN = np.abs(normal((4, 3), 1)) % 1
Y, SQUARE = dlarray(PLAIN, "CB"), dlarray(PLAIN[:3], "CB")
X = dlarray(normal((6, 5, 2, 3), 2), "SSCB")
UNLABELLED = {"DataFormat": Option("BC", raises="DataFormat= is for arrays without")}
MASK = np.array([[1, 0, 1]] * 3, bool)
WEIGHTS = normal((3, 3, 2, 4), 3)
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


def network(**options: Any) -> Any:
    net = dl.dlnetwork([dl.featureInputLayer(4), dl.fullyConnectedLayer(2), dl.reluLayer()],
                       **options)  # fmt: skip
    return repr(net)


def line(**options: Any) -> Any:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 2)
    made = dl.animatedline(**{k: axes[v] if k == "Parent" else v for k, v in options.items()})
    artist = made.artist
    seen = [artist.get_color(), artist.get_linestyle(), artist.get_linewidth(),
            artist.get_marker(), artist.get_label(), [artist in a.lines for a in axes]]  # fmt: skip
    plt.close()
    return seen


def normalized(**options: Any) -> Any:
    return dl.batchnorm(Y, np.zeros(4), np.ones(4), np.zeros(4), np.ones(4), nargout=3, **options)


FUNCTIONS = {
    "dlnetwork": Subject(of_call(network), {"Initialize": False, "OutputNames": "fc"}),
    "forward": Subject(of_call(lambda **o: dl.forward(learned(), Y, **o)),
                       {"Outputs": ["fc", "relu"], "Statistics": "fixed"}),
    "predict": Subject(of_call(lambda **o: dl.predict(learned(), Y, **o)), {"Outputs": "fc"}),
    "dlgradient": Subject(of_call(slopes), {"RetainData": True, "EnableHigherDerivatives": True}),
    "dljacobian": Subject(constant_or_not(dl.dljacobian), {"EnableHigherDerivatives": False}),
    "dldivergence": Subject(constant_or_not(dl.dldivergence), {"EnableHigherDerivatives": False}),
    "dllaplacian": Subject(constant_or_not(dl.dllaplacian), {"EnableHigherDerivatives": False}),
    "fullyconnect": Subject(of_call(lambda **o: dl.fullyconnect(Y, PLAIN.T, **o)), UNLABELLED),
    "batchnorm": Subject(of_call(normalized), {
        **UNLABELLED, "Epsilon": 0.5, "MeanDecay": 0.3, "VarianceDecay": 0.3,
    }),
    "dlconv": Subject(of_call(lambda **o: dl.dlconv(X, WEIGHTS, **o)), {
        **UNLABELLED, "Stride": 2, "DilationFactor": [1, 2], "Padding": [[1, 0], [2, 1]],
        "PaddingValue": Option(2.0, {"Padding": 1}),
    }),
    "maxpool": Subject(of_call(lambda **o: dl.maxpool(X, 2, **o)),
                       {**UNLABELLED, "Stride": [1, 2], "Padding": "same"}),
    "avgpool": Subject(of_call(lambda **o: dl.avgpool(X, 2, **o)), {
        **UNLABELLED, "Stride": [1, 2], "Padding": 1,
        "PaddingValue": Option("mean", {"Padding": 1}),
    }),
    "softmax": Subject(of_call(lambda **o: dl.softmax(Y, **o)), UNLABELLED),
    "gelu": Subject(of_call(lambda **o: dl.gelu(Y, **o)), {"Approximation": "tanh"}),
    "mse": Subject(of_call(lambda **o: dl.mse(Y, 1.0 - PLAIN, **o)), UNLABELLED),
    "l1loss": Subject(of_loss(dl.l1loss), REDUCED),
    "l2loss": Subject(of_loss(dl.l2loss), REDUCED),
    "huber": Subject(of_loss(dl.huber), {**REDUCED, "TransitionPoint": 0.1}),
    "crossentropy": Subject(of_loss(dl.crossentropy),
                            {**REDUCED, "ClassificationMode": "multilabel"}),
    "animatedline": Subject(of_call(line), {
        "Color": "red", "LineStyle": "--", "LineWidth": 5.0, "Marker": "o", "DisplayName": "loss",
        "Parent": 0,
    }),
    "duration": Subject(of_call(lambda **o: str(dl.duration(0, 1, 30, **o))), {"Format": "s"}),
}  # fmt: skip
