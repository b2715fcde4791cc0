"""Batch normalization folded into the layer before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import features, small
from tests.strategies import normal, numbers
from tinydl import (
    additionLayer,
    addLayers,
    batchNormalizationLayer,
    connectLayers,
    convolution1dLayer,
    convolution2dLayer,
    convolution3dLayer,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    dropoutLayer,
    expandLayers,
    featureInputLayer,
    fold_batch_normalization,
    forward,
    fullyConnectedLayer,
    groupedConvolution2dLayer,
    layerGraph,
    maxPooling2dLayer,
    networkLayer,
    predict,
    reluLayer,
    rng,
    sigmoidLayer,
    sum,
    transposedConv1dLayer,
    transposedConv2dLayer,
    transposedConv3dLayer,
)

LINES, IMAGES, VOLUMES = ("SCB", (9, 3, 4)), ("SSCB", (6, 5, 4, 3)), ("SSSCB", (4, 5, 3, 2, 3))
LAYERS: dict[str, tuple[Any, tuple[str, tuple[int, ...]]]] = {
    "fully connected, features": (lambda: fullyConnectedLayer(5), ("CB", (4, 6))),
    "fully connected, images": (lambda: fullyConnectedLayer(5), IMAGES),
    "fully connected, sequences": (lambda: fullyConnectedLayer(5), ("CBT", (4, 3, 7))),
    "lines": (lambda: convolution1dLayer(3, 5), LINES),
    "sequences": (lambda: convolution1dLayer(3, 5, Padding="causal"), ("CBT", (4, 3, 7))),
    "images": (lambda: convolution2dLayer([3, 2], 5, Padding="same", Stride=2), IMAGES),
    "volumes": (lambda: convolution3dLayer(2, 5), VOLUMES),
    "groups": (lambda: groupedConvolution2dLayer(3, 3, 2, Padding=1), IMAGES),
    "channel by channel": (lambda: groupedConvolution2dLayer(2, 2, "channel-wise"), IMAGES),
    "transposed, lines": (lambda: transposedConv1dLayer(3, 5, Stride=2), LINES),
    "transposed, images": (lambda: transposedConv2dLayer(3, 5, Cropping=1), IMAGES),
    "transposed, volumes": (lambda: transposedConv3dLayer(2, 5), VOLUMES),
}


def learned(net: dlnetwork, seed: int = 1) -> dlnetwork:
    """The network in double precision with other values for everything."""
    net = dlupdate(double, net)
    net.Learnables = dlupdate(lambda w: w + 0.3 * normal(w.shape, seed), net.Learnables)
    net.State = dlupdate(lambda s: double(s) + normal(s.shape, seed) ** 2, net.State)
    return net


def assert_predicts(folded: dlnetwork, net: dlnetwork, *X: dlarray) -> None:
    count = len(net.OutputNames) + 1  # and the State
    *expected, _ = predict(net, *X, nargout=count)
    *found, _ = predict(folded, *X, nargout=count)
    for a, b in zip(found, expected, strict=True):
        assert a.dims == b.dims
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", LAYERS)
def test_every_layer_that_can_be_folded_into(kind: str) -> None:
    make, (fmt, shape) = LAYERS[kind]
    X = dlarray(normal(shape, 7), fmt)
    net = learned(dlnetwork([make(), batchNormalizationLayer(Epsilon=1e-3), sigmoidLayer()], X))
    folded = fold_batch_normalization(net)
    assert len(folded.Layers) == 2 and len(folded.State) == 0
    assert_predicts(folded, net, X)
    assert [w.shape for w in folded.Learnables.Value] == [w.shape for w in net.Learnables.Value[:2]]


def test_classes_stay_and_the_network_too() -> None:
    net = small()
    net = dlupdate(lambda w: w, net)
    _, net.State = forward(net, features())
    before = [numbers(v) for v in (*net.Learnables.Value, *net.State.Value)]
    folded = fold_batch_normalization(net)
    for value, old in zip((*net.Learnables.Value, *net.State.Value), before, strict=True):
        np.testing.assert_array_equal(numbers(value), old)
    assert [v.dtype.name for v in folded.Learnables.Value] == ["float64"] * 4
    single = fold_batch_normalization(
        dlnetwork([featureInputLayer(3), fullyConnectedLayer(4), batchNormalizationLayer()])
    )
    assert [v.dtype.name for v in single.Learnables.Value] == ["float32"] * 2
    assert folded.Initialized and folded.OutputNames == net.OutputNames


def test_an_output_of_the_network_moves_to_the_layer_before() -> None:
    net = learned(dlnetwork([featureInputLayer(3), fullyConnectedLayer(4, Name="fc"),
                             batchNormalizationLayer(Name="bn")]))  # fmt: skip
    folded = fold_batch_normalization(net)
    assert folded.OutputNames == ("fc",)
    assert_predicts(folded, net, features())


def test_two_in_a_row_and_several_in_a_network() -> None:
    block = [convolution2dLayer(2, 3), batchNormalizationLayer(), batchNormalizationLayer(),
             reluLayer()]  # fmt: skip
    X = dlarray(normal((8, 8, 2, 3), 5), "SSCB")
    net = learned(dlnetwork([block, block, fullyConnectedLayer(2), batchNormalizationLayer()], X))
    folded = fold_batch_normalization(net)
    assert len(folded.Layers) == 5 and len(folded.State) == 0
    assert_predicts(folded, net, X)


def names(net: dlnetwork) -> list[str]:
    return [layer.Name for layer in net.Layers]


def test_what_cannot_be_folded_stays() -> None:
    """Behind an input, an activation, dropout, pooling."""
    chain = [featureInputLayer(3), batchNormalizationLayer(Name="a"), fullyConnectedLayer(4),
             reluLayer(), batchNormalizationLayer(Name="b"), fullyConnectedLayer(4),
             dropoutLayer(), batchNormalizationLayer(Name="c")]  # fmt: skip
    net = learned(dlnetwork(chain))
    assert names(fold_batch_normalization(net)) == names(net)
    X = dlarray(normal((6, 6, 2, 3), 5), "SSCB")
    net = dlnetwork([convolution2dLayer(2, 3), maxPooling2dLayer(2), batchNormalizationLayer()], X)
    assert names(fold_batch_normalization(net)) == names(net)
    lone = dlnetwork([batchNormalizationLayer()], X)
    assert names(fold_batch_normalization(lone)) == names(lone)


def test_a_layer_that_feeds_another_or_is_an_output_stays() -> None:
    layers = [featureInputLayer(3), fullyConnectedLayer(4, Name="fc"),
              batchNormalizationLayer(Name="bn")]  # fmt: skip
    graph = layerGraph([*layers, additionLayer(2, Name="add")])
    net = learned(dlnetwork(connectLayers(graph, "fc", "add/in2")))
    assert names(fold_batch_normalization(net)) == names(net)
    net = learned(dlnetwork(layers, OutputNames=["bn", "fc"]))
    folded = fold_batch_normalization(net)
    assert folded.OutputNames == ("bn", "fc")
    assert_predicts(folded, net, features())


def test_branches_that_follow_a_folded_one() -> None:
    graph = layerGraph([featureInputLayer(3), fullyConnectedLayer(4, Name="fc"),
                        batchNormalizationLayer(Name="bn"), reluLayer(Name="relu"),
                        additionLayer(2, Name="add")])  # fmt: skip
    graph = addLayers(graph, [sigmoidLayer(Name="s")])
    graph = connectLayers(connectLayers(graph, "bn", "s"), "s", "add/in2")
    net = learned(dlnetwork(graph))
    folded = fold_batch_normalization(net)
    assert sorted(names(folded)) == sorted(set(names(net)) - {"bn"})
    assert_predicts(folded, net, features())


def test_nested_networks() -> None:
    inner = dlnetwork([fullyConnectedLayer(4, Name="fc"), batchNormalizationLayer(Name="bn")],
                      Initialize=False)  # fmt: skip
    block = dlnetwork([networkLayer(inner, Name="inner"), batchNormalizationLayer(Name="bn"),
                       reluLayer()], Initialize=False)  # fmt: skip
    rng(1)
    net = learned(dlnetwork([featureInputLayer(3), networkLayer(block, Name="outer"),
                             fullyConnectedLayer(2, Name="fc"),
                             batchNormalizationLayer(Name="last")]))  # fmt: skip
    folded = fold_batch_normalization(net)
    assert folded.State.rows == [("outer/bn", "TrainedMean"), ("outer/bn", "TrainedVariance")]
    assert_predicts(folded, net, features())
    flat = fold_batch_normalization(expandLayers(net))
    assert len(flat.State) == 0
    assert_predicts(flat, net, features())


def test_the_result_can_be_differentiated() -> None:
    net = learned(small())

    def slope(net: dlnetwork, X: dlarray) -> Any:
        return dlgradient(sum(predict(net, X) ** 2, "all"), X)

    found = dlfeval(slope, fold_batch_normalization(net), features())
    np.testing.assert_allclose(numbers(found), numbers(dlfeval(slope, net, features())), rtol=1e-9)


def test_only_networks_are_folded() -> None:
    with pytest.raises(TypeError, match="fold_batch_normalization: the first argument is a dlnet"):
        fold_batch_normalization([reluLayer()])
