"""Networks: names of layers, what is printed, sizes through the graph."""

from __future__ import annotations

from typing import Any

import pytest

from tests.networks import branches, deep, digits, features, small
from tests.strategies import normal, numbers
from tinydl import (
    additionLayer,
    addLayers,
    batchNormalizationLayer,
    connectLayers,
    convolution2dLayer,
    dlarray,
    dlnetwork,
    featureInputLayer,
    flattenLayer,
    fullyConnectedLayer,
    geluLayer,
    imageInputLayer,
    initialize,
    layerGraph,
    networkDataLayout,
    predict,
    reluLayer,
    softmaxLayer,
    tanhLayer,
)

# ---- names --------------------------------------------------------------------------------------


def names(*layers: Any) -> list[str]:
    return [layer.Name for layer in dlnetwork(list(layers), Initialize=False).Layers]


def test_a_type_that_occurs_once_has_the_short_name() -> None:
    found = names(imageInputLayer([9, 9, 1]), convolution2dLayer(3, 2), batchNormalizationLayer(),
                  reluLayer(), flattenLayer(), fullyConnectedLayer(2), softmaxLayer())  # fmt: skip
    assert found == ["imageinput", "conv", "batchnorm", "relu", "flatten", "fc", "softmax"]


def test_a_type_that_occurs_more_often_is_numbered_from_the_first_on() -> None:
    found = names(featureInputLayer(2), [fullyConnectedLayer(3), geluLayer()] * 2,
                  fullyConnectedLayer(1))  # fmt: skip
    assert found == ["input", "fc_1", "gelu_1", "fc_2", "gelu_2", "fc_3"]


def test_given_names_stay_and_automatic_ones_avoid_them() -> None:
    fc = lambda name="": fullyConnectedLayer(3, Name=name)
    assert names(fc("fc"), fc()) == ["fc", "fc_1"]
    assert names(fc("fc_1"), fc(), fc()) == ["fc_1", "fc_2", "fc_3"]
    assert names(fc(), fc(), fc("fc_2")) == ["fc_1", "fc_3", "fc_2"]
    assert names(fc(), reluLayer(Name="fc_1"), fc()) == ["fc_2", "fc_1", "fc_3"]
    assert names(fc(), reluLayer(Name="fc")) == ["fc_1", "fc"]


def test_equal_names_raise() -> None:
    with pytest.raises(ValueError, match="two layers have the name 'a'; give each its own Name="):
        names(reluLayer(Name="a"), tanhLayer(Name="a"))
    with pytest.raises(ValueError, match="two layers have the name 'in'"):
        addLayers(small(), reluLayer(Name="in"))
    with pytest.raises(ValueError, match="'a/b': a name has no /"):
        names(reluLayer(Name="a/b"))


def test_the_same_layer_twice_is_two_layers() -> None:
    layer = fullyConnectedLayer(3)
    net = dlnetwork([featureInputLayer(3), layer, layer])
    assert [row.Layer for row in net.Learnables] == ["fc_1", "fc_1", "fc_2", "fc_2"]
    assert (numbers(net.Learnables.Value[0]) != numbers(net.Learnables.Value[2])).any()
    assert layer.Name == "" and layer.Weights is None
    layer.Name = "mine"
    with pytest.raises(ValueError, match="two layers have the name 'mine'"):
        dlnetwork([featureInputLayer(3), layer, layer])


# ---- what is printed ----------------------------------------------------------------------------


def properties(net: dlnetwork) -> dict[str, str]:
    lines = repr(net).splitlines()
    assert lines[:2] == ["dlnetwork with properties:", ""]
    return dict([line.strip().split(": ") for line in lines[2:]])


def test_the_digits_network() -> None:
    net = digits()
    assert properties(net) == {
        "Layers": "[12×1 Layer]", "Connections": "[11×2 table]", "Learnables": "[14×3 table]",
        "State": "[6×3 table]", "InputNames": "{'imageinput'}", "OutputNames": "{'softmax'}",
        "Initialized": "1",
    }  # fmt: skip
    assert [len(x) for x in (net.Layers, net.Connections, net.Learnables, net.State)] == [
        12, 11, 14, 6]  # fmt: skip
    assert repr(net.State) == (
        "6×3 table\n"
        "        Layer            Parameter             Value\n"
        "    _____________    _________________    _______________\n"
        "\n"
        '    "batchnorm_1"    "TrainedMean"        {1×1×20 single}\n'
        '    "batchnorm_1"    "TrainedVariance"    {1×1×20 single}\n'
        '    "batchnorm_2"    "TrainedMean"        {1×1×20 single}\n'
        '    "batchnorm_2"    "TrainedVariance"    {1×1×20 single}\n'
        '    "batchnorm_3"    "TrainedMean"        {1×1×20 single}\n'
        '    "batchnorm_3"    "TrainedVariance"    {1×1×20 single}'
    )
    assert repr(net.Learnables).splitlines()[0] == "14×3 table"
    assert '    "conv_2"         "Weights"    {3×3×20×20 dlarray}' in repr(net.Learnables)
    assert '    "fc"             "Weights"    {10×11520 dlarray}' in repr(net.Learnables)
    assert repr(net.Connections).splitlines()[:5] == [
        "11×2 table", "        Source        Destination", "    _____________    _____________",
        "", "    'imageinput'     'conv_1'"]  # fmt: skip


@pytest.mark.parametrize(("hidden", "neurons"), [(8, 80), (2, 7), (12, 1)])
def test_networks_with_batch_normalization(hidden: int, neurons: int) -> None:
    net = deep(hidden, neurons)
    shown = properties(net)
    assert shown["Layers"] == f"[{3 * hidden + 2}×1 Layer]"
    assert shown["Connections"] == f"[{3 * hidden + 1}×2 table]"
    assert shown["Learnables"] == f"[{4 * hidden + 2}×3 table]"  # 34×3 for 8 layers of 80
    assert shown["State"] == f"[{2 * hidden}×3 table]"  # 16×3
    assert repr(net.State).count(f"{{{neurons}×1 single}}") == 2 * hidden
    assert repr(net.Learnables).count("dlarray}") == len(net.Learnables)
    assert shown["OutputNames"] == f"{{'fc_{hidden + 1}'}}"
    assert predict(net, features(3, 2)).shape == (4, 3)


def test_small_and_unset_networks_are_printed() -> None:
    assert properties(dlnetwork())["InputNames"] == "{}"
    assert properties(dlnetwork())["Initialized"] == "0"
    assert repr(dlnetwork().Learnables).splitlines()[0] == "0×3 table"
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(2)], Initialize=False)
    assert properties(net)["Initialized"] == "0"
    assert repr(net.Learnables).count("{0×0 double}") == 2
    two = addLayers(branches(), featureInputLayer(2, Name="other"))
    assert properties(two)["InputNames"] == "{'in'  'other'}"
    assert properties(two)["OutputNames"] == "{'out'  'other'}"


def test_layers_show_their_options_and_the_sizes_of_arrays() -> None:
    layers = small().Layers
    assert repr(layers[1]) == (
        "fullyConnectedLayer(OutputSize=4, Name='fc', Weights=<4×3 dlarray>, Bias=<4×1 dlarray>)"
    )
    assert repr(convolution2dLayer(5, 20, Stride=2)) == (
        "convolution2dLayer(FilterSize=(5, 5), NumFilters=20, Stride=(2, 2))"
    )
    assert repr(featureInputLayer(2, Mean=[1, 2])) == (
        "featureInputLayer(InputSize=2, Mean=<2 float64 array>)"
    )


# ---- sizes --------------------------------------------------------------------------------------


def test_a_layer_that_does_not_fit_names_both_layers_and_sizes() -> None:
    words = (r"layer 'conv_2' \(convolution2dLayer\) does not fit after 'conv_1': it gets "
             r"3\(S\) × 3\(S\) × 4\(C\) × \?\(B\): a window of size 5")  # fmt: skip
    with pytest.raises(ValueError, match=words):
        dlnetwork([imageInputLayer([5, 5, 1]), convolution2dLayer(3, 4), convolution2dLayer(5, 4)])
    graph = layerGraph([featureInputLayer(3), fullyConnectedLayer(4, Name="a"),
                        additionLayer(2, Name="add")])  # fmt: skip
    words = r"'add' .* does not fit after 'a' and 'input': it adds .* 4\(C\).* and 3\(C\)"
    with pytest.raises(ValueError, match=words):
        dlnetwork(connectLayers(graph, "input", "add/in2"))


def test_sizes_that_nobody_says_are_asked_for() -> None:
    with pytest.raises(ValueError, match=r"what enters 'fc' \(fullyConnectedLayer\) is not known"):
        dlnetwork([fullyConnectedLayer(3)])
    with pytest.raises(ValueError, match=r"what enters 'addition/in2' \(additionLayer\) is not"):
        dlnetwork([featureInputLayer(3), additionLayer(2)])


@pytest.mark.parametrize(
    "example",
    [networkDataLayout([3, float("nan")], "CB"), networkDataLayout([None, 3], "BC"), features()],
    ids=["layout", "layout BC", "array"],
)
def test_sizes_from_an_example(example: Any) -> None:
    net = dlnetwork([fullyConnectedLayer(4)], example)
    assert net.Learnables.Value[0].shape == (4, 3)
    assert net.InputNames == ("fc",)
    assert predict(net, features(2)).shape == (4, 2)
    later = initialize(dlnetwork([fullyConnectedLayer(4)], Initialize=False), example)
    assert later.Initialized and later.Learnables.Value[0].shape == (4, 3)


def test_the_number_of_observations_of_an_example_does_not_matter() -> None:
    assert networkDataLayout.of(features(7)) == networkDataLayout([3, None], "CB")
    sequences = dlarray(normal((3, 2, 4), 1), "CBT")
    assert networkDataLayout.of(sequences).Size == (3, None, None)


def test_examples_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"has 1 inputs \(input\); 2 examples were given"):
        dlnetwork([featureInputLayer(3)], features(), features())
    with pytest.raises(ValueError, match=r"'input' .* does not fit after the network's input"):
        dlnetwork([featureInputLayer(4)], features())
    with pytest.raises(TypeError, match="an example input is a dlarray with labels"):
        dlnetwork([fullyConnectedLayer(3)], normal((3, 2), 1))
    with pytest.raises(TypeError, match=r"not dlarray without labels"):
        dlnetwork([fullyConnectedLayer(3)], dlarray(normal((3, 2), 1)))


def test_what_is_no_layer_is_refused() -> None:
    with pytest.raises(TypeError, match=r"reluLayer is a class; write reluLayer\(\)"):
        dlnetwork([featureInputLayer(2), reluLayer])
    with pytest.raises(TypeError, match="a network is made of layers, not of str 'relu'"):
        dlnetwork([featureInputLayer(2), "relu"])
    with pytest.raises(ValueError, match="OutputNames: there is no layer 'x'; the layers are in"):
        dlnetwork(small()._graph, OutputNames=["x"])


def test_an_input_layer_cannot_follow_another() -> None:
    with pytest.raises(ValueError, match="'input_2' is an input layer and cannot follow"):
        dlnetwork([featureInputLayer(2), featureInputLayer(2)])
    with pytest.raises(ValueError, match="'in' is an input layer and cannot follow"):
        connectLayers(addLayers(small(), fullyConnectedLayer(3, Name="x")), "x", "in")
