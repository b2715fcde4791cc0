"""analyzeNetwork: sizes before anything runs, and what is wrong, in sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import branches, digits, features, small
from tests.strategies import normal
from tests.test_network_summary import Reader
from tinydl import (
    additionLayer,
    addLayers,
    analyzeNetwork,
    batchNormalizationLayer,
    connectLayers,
    convolution2dLayer,
    dlarray,
    dlnetwork,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    functionLayer,
    imageInputLayer,
    layerGraph,
    networkDataLayout,
    networkLayer,
    predict,
    reluLayer,
    removeLayers,
)
from tinydl.network.analyze import NetworkAnalysis


def sizes(found: NetworkAnalysis) -> list[str]:
    return [str(layout) for layer in found.LayerInfo for layout in layer.Activations]


@pytest.mark.parametrize("build", [small, branches, digits])
def test_sizes_are_those_that_are_computed(build: Any) -> None:
    net = build()
    found = analyzeNetwork(net)
    X = dlarray(normal((28, 28, 1, 2), 1), "SSCB") if build is digits else features(2)
    names = [layer.Name for layer in net.Layers]
    results = predict(net, X, Outputs=names)
    for layer, Y in zip(found.LayerInfo, results, strict=True):
        (layout,) = layer.Activations
        assert layout is not None and layout.Format == Y.dims
        assert [m or 2 for m in layout.Size] == list(Y.shape)
    for table, kind in ((net.Learnables, "Learnables"), (net.State, "State")):
        rows = {(layer.Name, name): size for layer in found.LayerInfo
                for name, size in getattr(layer, kind).items()}  # fmt: skip
        assert rows == {row: v.shape for row, v in zip(table.rows, table.Value, strict=True)}
    assert found.TotalLearnables == sum([np.size(v) for v in map(np.asarray, net.Learnables.Value)])
    assert found.TotalState == sum([np.size(v) for v in map(np.asarray, net.State.Value)])
    assert found.Issues == ()
    assert sum([layer.NumLearnables or 0 for layer in found.LayerInfo]) == found.TotalLearnables


def test_networks_that_are_not_initialized() -> None:
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(4), batchNormalizationLayer()],
                    Initialize=False)  # fmt: skip
    found = analyzeNetwork(net)
    assert (found.TotalLearnables, found.TotalState, found.Issues) == (24, 8, ())
    assert net.Learnables.Value[0] is None, "the network itself is as it was"
    assert sizes(analyzeNetwork(list(net.Layers))) == sizes(found)
    open_ended = dlnetwork([fullyConnectedLayer(4), reluLayer()], Initialize=False)
    assert analyzeNetwork(open_ended).TotalLearnables is None
    assert sizes(analyzeNetwork(open_ended)) == ["None", "None"]
    for example in (features(), networkDataLayout([3, None], "CB")):
        found = analyzeNetwork(open_ended, example)
        assert found.TotalLearnables == 16 and sizes(found) == ["4(C) × ?(B)"] * 2
    with pytest.raises(ValueError, match=r"has 1 inputs \(fc\); 2 examples were given"):
        analyzeNetwork(open_ended, features(), features())


def test_what_does_not_fit_is_an_issue_and_the_rest_is_analyzed() -> None:
    graph = layerGraph([imageInputLayer([5, 5, 1], Name="in"), convolution2dLayer(3, 4, Name="a"),
                        convolution2dLayer(5, 4, Name="b"), reluLayer(Name="c")])  # fmt: skip
    graph = addLayers(graph, fullyConnectedLayer(2, Name="side"))
    graph = addLayers(connectLayers(graph, "a", "side"), reluLayer(Name="alone"))
    for net in (graph, dlnetwork(graph, Initialize=False)):
        found = analyzeNetwork(net)
        fits, unfed, alone = found.Issues
        assert fits.startswith("layer 'b' (convolution2dLayer) does not fit after 'a': it gets 3(")
        assert unfed.startswith("the size of what enters 'alone' (reluLayer) is not known: begin")
        assert alone.startswith("layer 'alone' is connected to nothing; connect it, connectLayers")
        assert sizes(found) == ["5(S) × 5(S) × 1(C) × ?(B)", "3(S) × 3(S) × 4(C) × ?(B)",
                                "None", "None", "2(C) × ?(B)", "None"]  # fmt: skip
        assert found.LayerInfo[4].Learnables == {"Weights": (2, 36), "Bias": (2, 1)}
        assert found.TotalLearnables == 40 + 404 + 74


def test_values_that_do_not_fit_are_an_issue() -> None:
    net = connectLayers(removeLayers(small(), ["fc", "bn"]), "in", "tanh")
    (issue,) = analyzeNetwork(net).Issues
    assert issue.startswith("layer 'out' (fullyConnectedLayer): Weights is 2×4, and what enters "
                            "needs 2×3; put a new layer in its place")  # fmt: skip
    layers = [featureInputLayer(3), convolution2dLayer(2, 3, NumChannels=2)]
    (issue,) = analyzeNetwork(layers).Issues
    assert issue.startswith("layer 'conv' (convolution2dLayer) does not fit after 'input'")


def test_layers_that_make_no_graph_are_an_issue() -> None:
    found = analyzeNetwork([featureInputLayer(2), featureInputLayer(3)])
    assert found.LayerInfo == () and "'input_2' is an input layer and cannot" in found.Issues[0]
    with pytest.raises(TypeError, match="a network is made of layers, not of str"):
        analyzeNetwork("net")


def test_both_ends_are_named_where_several_meet() -> None:
    graph = layerGraph([featureInputLayer(3, Name="in"), fullyConnectedLayer(4, Name="fc"),
                        functionLayer(lambda a, b: a @ b, Name="f", Formattable=True)])  # fmt: skip
    graph = addLayers(graph, additionLayer(2, Name="add"))
    graph = connectLayers(connectLayers(graph, "in", "add/in1"), "fc", "add/in2")
    words = (r"layer 'add' \(additionLayer\) does not fit after 'in' and 'fc': .*'in' gives 3\(C\) "
             r"× \?\(B\), 'fc' gives 4\(C\) × \?\(B\)")  # fmt: skip
    with pytest.raises(ValueError, match=words):
        dlnetwork(removeLayers(graph, "f"))


def test_nested_networks_and_several_outputs() -> None:
    inner = dlnetwork([fullyConnectedLayer(2), reluLayer()], features(), OutputNames=["relu", "fc"])
    found = analyzeNetwork([featureInputLayer(3), networkLayer(inner, Name="deep"), reluLayer()])
    deep = found.LayerInfo[1]
    assert deep.Learnables == {"fc/Weights": (2, 3), "fc/Bias": (2, 1)}
    assert [str(layout) for layout in deep.Activations] == ["2(C) × ?(B)"] * 2
    assert found.TotalLearnables == 8


def test_what_is_printed() -> None:
    net = small()
    _, net.State = forward(net, features())
    lines = repr(analyzeNetwork(net)).splitlines()
    assert lines[0] == "Network of 5 layers, 34 learnable values, 0 issues"
    assert [cell.strip() for cell in lines[-3].split("    ") if cell] == [
        "bn", "batchNormalizationLayer", "4(C) × ?(B)", "Offset 4×1, Scale 4×1",
        "TrainedMean 4×1, TrainedVariance 4×1",
    ]  # fmt: skip
    faulty = analyzeNetwork([fullyConnectedLayer(2, Name="<fc>")])
    assert repr(faulty).splitlines()[:2] == [
        "Network of 1 layers, an unknown number of learnable values, 1 issue",
        f"issue 1: {faulty.Issues[0]}",
    ]
    text = Reader(faulty._repr_html_()).text
    assert text[-1] == faulty.Issues[0] and "<fc>" in text
