"""Building and changing graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import branches, features, small
from tests.strategies import numbers
from tinydl import (
    additionLayer,
    addLayers,
    connectLayers,
    disconnectLayers,
    dlarray,
    dlnetwork,
    dropoutLayer,
    expandLayers,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    initialize,
    layerGraph,
    predict,
    reluLayer,
    removeLayers,
    replaceLayer,
    sigmoidLayer,
    tanhLayer,
)
from tinydl.layers import Layer


def names(net: Any) -> list[str]:
    return [layer.Name for layer in net.Layers]


def result(net: dlnetwork) -> Any:
    return numbers(predict(net, features()))


# ---- graphs -------------------------------------------------------------------------------------


def test_a_graph_is_built_step_by_step() -> None:
    graph = layerGraph()
    for layer in (featureInputLayer(3, Name="in"), fullyConnectedLayer(4, Name="fc")):
        graph = addLayers(graph, layer)
    assert len(graph.Connections) == 0
    graph = connectLayers(graph, "in", "fc")
    assert isinstance(graph, layerGraph) and names(graph) == ["in", "fc"]
    assert predict(dlnetwork(graph), features()).shape == (4, 5)


def test_graphs_never_change() -> None:
    graph = layerGraph([featureInputLayer(3, Name="in"), reluLayer(Name="r")])
    addLayers(graph, tanhLayer(Name="t"))
    removeLayers(graph, "r")
    replaceLayer(graph, "r", tanhLayer(Name="t"))
    assert names(graph) == ["in", "r"] and list(graph.Connections) == [("in", "r")]


def test_added_layers_are_connected_with_each_other() -> None:
    graph = addLayers(layerGraph([featureInputLayer(3)]), [fullyConnectedLayer(2), [tanhLayer()]])
    assert list(graph.Connections) == [("fc", "tanh")]
    net = dlnetwork(connectLayers(graph, "input", "fc"))
    assert predict(net, features()).shape == (2, 5)


def test_connections_have_one_spelling() -> None:
    net = branches()
    before = list(net.Connections)
    for source, destination in (("b", "add/in2"), ("b/out", "add/in2")):
        again = connectLayers(disconnectLayers(net, source, destination), source, destination)
        assert sorted(again.Connections) == sorted(before)
    again = connectLayers(disconnectLayers(net, "add", "out/in"), "add/out", "out/in")
    assert list(again.Connections)[-1] == ("add", "out")
    free = connectLayers(disconnectLayers(net, "a", "add/in1"), "a", "add")
    assert ("a", "add/in1") in list(free.Connections), "the first free input"


class Difference(Layer):
    """in1 − in2: which input is which shows."""

    short = "difference"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    @property
    def InputNames(self) -> tuple[str, ...]:
        return ("in1", "in2")

    def predict(self, *X: dlarray) -> dlarray:
        return X[0] - X[1]


def test_what_remains_connected_keeps_its_input() -> None:
    graph = addLayers(layerGraph([featureInputLayer(3, Name="in"), reluLayer(Name="a")]),
                      Difference(Name="d"))  # fmt: skip
    graph = connectLayers(connectLayers(graph, "in", "d"), "a", "d")
    net = dlnetwork(graph)
    assert list(net.Connections)[1:] == [("in", "d/in1"), ("a", "d/in2")]
    x = numbers(features())
    np.testing.assert_array_equal(result(net), x - np.maximum(x, 0))
    exchanged = disconnectLayers(disconnectLayers(net, "in", "d/in1"), "a", "d/in2")
    exchanged = connectLayers(connectLayers(exchanged, "in", "d/in2"), "a", "d/in1")
    np.testing.assert_array_equal(result(exchanged), np.maximum(x, 0) - x)
    half = disconnectLayers(net, "in", "d")
    assert half.InputNames == ("in", "d/in1")
    np.testing.assert_array_equal(numbers(predict(half, features(), features(seed=7))),
                                  numbers(features(seed=7)) - np.maximum(x, 0))  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda g: connectLayers(g, "x", "add/in2"), "no layer 'x' to connect; the layers are in"),
        (lambda g: connectLayers(g, "in", "x/in2"), "no layer 'x' to connect"),
        (lambda g: connectLayers(g, "in", "add/in9"), "layer 'add' has the inputs in1, in2"),
        (lambda g: connectLayers(g, "in", "a/in2"), "layer 'a' has the inputs in"),
        (lambda g: connectLayers(g, "in", "add/in1"), "'add/in1' is connected to 'a' already"),
        (lambda g: connectLayers(g, "in", "add"), "'add/in1' is connected to 'a' already"),
        (lambda g: connectLayers(g, "b", "in"), "'in' is an input layer and cannot follow"),
        (lambda g: connectLayers(disconnectLayers(g, "in", "a"), "out", "a"), "form a circle"),
        (lambda g: connectLayers(addLayers(g, tanhLayer(Name="t")), "t", "t"), "of t form a circ"),
        (lambda g: disconnectLayers(g, "in", "out"), "are not connected; the connections are in→a"),
        (lambda g: disconnectLayers(g, "x", "out"), "there is no layer 'x'"),
        (lambda g: removeLayers(g, ["a", "x"]), "there is no layer 'x'; the layers are in, a"),
        (lambda g: replaceLayer(g, "x", reluLayer()), "there is no layer 'x'"),
        (lambda g: replaceLayer(g, "a", reluLayer(Name="b")), "two layers have the name 'b'"),
        (lambda g: replaceLayer(g, "a", []), "no layer was given in the place of 'a'"),
        (lambda g: replaceLayer(g, "add", reluLayer(Name="r")), "layer 'r' has the inputs in"),
        (lambda g: addLayers(g, reluLayer(Name="a")), "two layers have the name 'a'"),
    ],
)
@pytest.mark.parametrize("kind", ["network", "graph"])
def test_edits_that_are_refused(kind: str, edit: Any, words: str) -> None:
    net = branches()
    with pytest.raises(ValueError, match=words):
        edit(net if kind == "network" else layerGraph_of(net))


def layerGraph_of(net: dlnetwork) -> layerGraph:
    """The graph of a network, by the public functions."""
    graph = layerGraph()
    for layer in net.Layers:
        graph = addLayers(graph, layer)
    for source, destination in net.Connections:
        graph = connectLayers(graph, source, destination)
    return graph


def test_only_graphs_and_networks_are_edited() -> None:
    with pytest.raises(TypeError, match="a layerGraph or a dlnetwork is needed, not list"):
        addLayers([reluLayer()], reluLayer())


def test_a_network_made_of_its_parts_computes_the_same() -> None:
    net = branches()
    np.testing.assert_array_equal(result(dlnetwork(layerGraph_of(net))), result(net))


# ---- networks keep their values -----------------------------------------------------------------


def test_edits_keep_the_values_that_are_there() -> None:
    net = small()
    _, net.State = forward(net, features())
    longer = addLayers(net, [fullyConnectedLayer(3, Name="more"), reluLayer()])
    longer = connectLayers(longer, "out", "more")
    assert not longer.Initialized and longer.OutputNames == ("relu",)
    assert longer.Learnables.Value[-2:] == [None, None]
    with pytest.raises(ValueError, match="is not initialized; use net = initialize"):
        predict(longer, features())
    ready = initialize(longer)
    assert ready.Learnables.get("more", "Weights").shape == (3, 2)
    np.testing.assert_array_equal(numbers(predict(ready, features(), Outputs="out")), result(net))
    shorter = removeLayers(ready, ["more", "relu"])
    assert shorter.Initialized and shorter.OutputNames == ("out",)
    np.testing.assert_array_equal(result(shorter), result(net))


def test_a_replaced_layer_starts_anew() -> None:
    net = small()
    other = replaceLayer(net, "out", fullyConnectedLayer(7, Name="out"))
    assert [row.Layer for row in other.Learnables if row.Value is None] == ["out", "out"]
    assert predict(initialize(other), features()).shape == (7, 5)
    same = replaceLayer(net, "tanh", sigmoidLayer(Name="tanh"))
    assert same.Initialized
    np.testing.assert_allclose(
        numbers(predict(same, features(), Outputs="tanh")),
        1 / (1 + np.exp(-numbers(predict(net, features(), Outputs="bn")))), rtol=1e-6,
    )  # fmt: skip


def test_a_layer_is_replaced_by_several() -> None:
    net = replaceLayer(small(), "tanh", [reluLayer(Name="r"), dropoutLayer(0.0), tanhLayer()])
    assert names(net) == ["in", "fc", "bn", "r", "dropout", "tanh", "out"]
    assert ("bn", "r") in list(net.Connections) and ("tanh", "out") in list(net.Connections)
    expected = np.tanh(np.maximum(numbers(predict(net, features(), Outputs="bn")), 0))
    found = numbers(predict(net, features(), Outputs="tanh"))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_chosen_outputs_survive_edits() -> None:
    net = small()
    net.OutputNames = ["fc", "tanh"]
    assert addLayers(net, reluLayer(Name="r")).OutputNames == ("fc", "tanh")
    assert removeLayers(net, ["tanh"]).OutputNames == ("fc",)
    assert removeLayers(net, ["fc", "tanh"]).OutputNames == ("in", "bn", "out")


def test_unnamed_layers_find_a_free_name() -> None:
    net = addLayers(dlnetwork([featureInputLayer(3), reluLayer()]), reluLayer())
    assert names(net) == ["input", "relu", "relu_1"]
    assert names(replaceLayer(net, "relu", tanhLayer())) == ["input", "tanh", "relu_1"]
    assert names(replaceLayer(net, "relu", reluLayer())) == ["input", "relu", "relu_1"]


def test_a_removed_layer_leaves_a_gap_that_can_be_closed() -> None:
    net = removeLayers(small(), "tanh")
    assert net.InputNames == ("in", "out") and net.OutputNames == ("bn", "out")
    net = connectLayers(net, "bn", "out")
    assert net.InputNames == ("in",)
    assert predict(net, features()).shape == (2, 5)


def test_sizes_that_no_longer_fit_are_found_when_it_is_initialized() -> None:
    net = connectLayers(removeLayers(small(), ["fc", "bn"]), "in", "tanh")
    with pytest.raises(ValueError, match="Weights of layer 'out': 2×4 was given, 2×3 is needed"):
        initialize(net)
    with pytest.raises(ValueError, match=r"layer 'out' .* weights of 2×4 for 3\(C\) × 5\(B\)"):
        predict(net, features())


def test_expanding_a_network_without_nested_ones_gives_an_equal_one() -> None:
    net = small()
    other = expandLayers(net)
    assert other is not net
    np.testing.assert_array_equal(result(other), result(net))


def test_addition_needs_all_its_inputs() -> None:
    with pytest.raises(ValueError, match=r"what enters 'add/in2' .* connect it, or"):
        dlnetwork([featureInputLayer(3), additionLayer(2, Name="add")])
