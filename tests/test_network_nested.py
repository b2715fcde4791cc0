"""Networks in networks: the same as their contents, to the last bit, in all that can be done."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.forms import form
from tests.networks import features
from tests.strategies import numbers
from tinydl import (
    StatisticsWarning,
    adamupdate,
    additionLayer,
    addLayers,
    batchNormalizationLayer,
    concatenationLayer,
    connectLayers,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    dropoutLayer,
    expandLayers,
    featureInputLayer,
    fix_statistics,
    forward,
    fullyConnectedLayer,
    functionLayer,
    initialize,
    layerGraph,
    load,
    mse,
    networkDataLayout,
    networkLayer,
    predict,
    release_statistics,
    reluLayer,
    removeLayers,
    replaceLayer,
    rng,
    save,
    sum,
    tanhLayer,
)

THREE = networkDataLayout([3, None], "CB")


def block(size: int = 4, **options: Any) -> dlnetwork:
    """fc, batch normalization, dropout, and a way around."""
    graph = layerGraph([fullyConnectedLayer(size, Name="fc"), batchNormalizationLayer(Name="bn"),
                        dropoutLayer(0.25, Name="drop"), additionLayer(2, Name="add")])  # fmt: skip
    return dlnetwork(connectLayers(graph, "fc", "add/in2"), Initialize=False, **options)


def chain() -> dlnetwork:
    return dlnetwork([featureInputLayer(3, Name="in"), networkLayer(block(), Name="one"),
                      tanhLayer(Name="tanh"), networkLayer(block(2), Name="two")])  # fmt: skip


def deep() -> dlnetwork:
    """A network in a network in a network."""
    middle = dlnetwork([networkLayer(block(), Name="inner"), reluLayer(Name="relu")],
                       Initialize=False)  # fmt: skip
    return dlnetwork([featureInputLayer(3, Name="in"), networkLayer(middle, Name="outer"),
                      fullyConnectedLayer(2, Name="out")])  # fmt: skip


def several() -> dlnetwork:
    """Two inputs and two outputs of a nested network, one of which is an output of the whole."""
    inner = layerGraph([additionLayer(2, Name="sum"), fullyConnectedLayer(3, Name="fc")])
    inner = addLayers(inner, tanhLayer(Name="side"))
    inner = connectLayers(inner, "sum", "side")
    net = dlnetwork(inner, Initialize=False, OutputNames=["side", "fc"])
    graph = layerGraph([featureInputLayer(3, Name="x")])
    graph = addLayers(graph, [featureInputLayer(3, Name="y"), tanhLayer(Name="ty")])
    graph = addLayers(graph, networkLayer(net, Name="n"))
    graph = addLayers(graph, concatenationLayer("C", 2, Name="join"))
    for pair in (("x", "n/in2"), ("ty", "n/in1"), ("n/out2", "join/in2"),
                 ("x", "join/in1")):  # fmt: skip
        graph = connectLayers(graph, *pair)
    return dlnetwork(graph)


NETWORKS = {"a chain": chain, "deep": deep, "several": several}
every_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)


def made(build: Callable[[], dlnetwork]) -> tuple[dlnetwork, list[dlarray]]:
    rng(0)
    net = dlupdate(double, build())
    return net, [features(seed=i) for i in range(len(net.InputNames))]


def assert_same(a: Any, b: Any) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(numbers(x), numbers(y))
        assert x.dtype == y.dtype and x.dims == y.dims


# ---- the same as expanded -----------------------------------------------------------------------


@every_network
def test_expanded_and_nested_networks_compute_the_same(build: Any) -> None:
    net, X = made(build)
    flat = expandLayers(net)
    assert not [layer for layer in flat.Layers if isinstance(layer, networkLayer)]
    assert len(flat.InputNames) == len(net.InputNames)
    assert len(flat.OutputNames) == len(net.OutputNames)
    assert_same(flat.Learnables.Value, net.Learnables.Value)
    for _ in range(2):  # the second time with the State of the first
        count = len(net.OutputNames)
        assert_same(predict(net, *X, nargout=count + 1)[:count],
                    predict(flat, *X, nargout=count + 1)[:count])  # fmt: skip
        rng(3)
        *Y, state = forward(net, *X)
        rng(3)
        *Y_flat, state_flat = forward(flat, *X)
        assert_same(Y, Y_flat)
        assert_same(state.Value, state_flat.Value)
        net.State, flat.State = state, state_flat


@every_network
def test_gradients_and_steps_are_the_same(build: Any) -> None:
    net, X = made(build)

    def loss(net: dlnetwork, x: dlarray) -> Any:
        rng(1)
        *Y, _ = forward(net, x, *X[1:])
        value: Any = 0.0
        for y in Y:
            value = mse(y, numbers(y) * 0.0 + 0.5) + value
        return dlgradient(value, net, x)

    slopes, slope = dlfeval(loss, net, X[0])
    flat = expandLayers(net)
    slopes_flat, slope_flat = dlfeval(loss, flat, X[0])
    assert slopes.rows == net.Learnables.rows
    assert_same([slope, *slopes.Value], [slope_flat, *slopes_flat.Value])
    stepped, _, _ = adamupdate(net, slopes, [], [], 1)
    stepped_flat, _, _ = adamupdate(flat, slopes_flat, [], [], 1)
    assert_same(stepped.Learnables.Value, stepped_flat.Learnables.Value)
    assert expandLayers(stepped).is_equal_to(stepped_flat)


def test_layers_inside_run_once_and_only_if_they_are_needed() -> None:
    calls: list[str] = []

    def counting(name: str) -> functionLayer:
        return functionLayer(lambda x: calls.append(name) or x, Name=name)

    inner = layerGraph([counting("a"), counting("b"), additionLayer(2, Name="add")])
    inner = addLayers(connectLayers(inner, "a", "add/in2"), counting("side"))
    block = dlnetwork(connectLayers(inner, "a", "side"), THREE, OutputNames="add")
    net = dlnetwork([featureInputLayer(3), networkLayer(block, Name="n"), counting("end")])
    calls.clear()
    np.testing.assert_array_equal(numbers(predict(net, features())), 2 * numbers(features()))
    assert calls == ["a", "b", "end"]


def test_names_and_connections_of_what_is_expanded() -> None:
    flat = expandLayers(deep())
    assert [layer.Name for layer in flat.Layers] == [
        "in", "outer:inner:fc", "outer:inner:bn", "outer:inner:drop", "outer:inner:add",
        "outer:relu", "out",
    ]  # fmt: skip
    assert ("outer:inner:fc", "outer:inner:add/in2") in list(flat.Connections)
    assert [row.Layer for row in flat.State] == ["outer:inner:bn"] * 2
    net = several()
    assert net.OutputNames == ("n/out1", "join")
    assert expandLayers(net).OutputNames == ("n:side", "join")
    assert list(expandLayers(net).Connections) == [
        ("y", "ty"), ("x", "n:sum/in2"), ("ty", "n:sum/in1"), ("n:fc", "join/in2"),
        ("x", "join/in1"), ("n:sum", "n:fc"), ("n:sum", "n:side"),
    ]  # fmt: skip


def test_names_that_are_taken() -> None:
    net = dlnetwork([featureInputLayer(3), networkLayer(block(), Name="a"), reluLayer(Name="a:fc")])
    with pytest.raises(ValueError, match="layer 'a' holds what would become 'a:fc', the name of a"):
        expandLayers(net)


def test_expanding_keeps_chosen_outputs_and_what_is_unset() -> None:
    net = chain()
    net.OutputNames = ["two", "one"]
    assert expandLayers(net).OutputNames == ("two:add", "one:add")
    unset = dlnetwork(net._graph, Initialize=False)
    assert not expandLayers(unset).Initialized
    assert initialize(expandLayers(unset)).Initialized


# ---- tables -------------------------------------------------------------------------------------


def test_rows_say_where_a_parameter_is() -> None:
    net = deep()
    assert net.Learnables.rows == [
        ("outer/inner/fc", "Weights"), ("outer/inner/fc", "Bias"), ("outer/inner/bn", "Offset"),
        ("outer/inner/bn", "Scale"), ("out", "Weights"), ("out", "Bias"),
    ]  # fmt: skip
    assert net.State.rows == [("outer/inner/bn", p) for p in ("TrainedMean", "TrainedVariance")]
    assert len(net.Learnables[net.Learnables.Layer == "outer/inner/fc"]) == 2
    net.Learnables.Value[1] = np.full((4, 1), 9.0)
    inner = net.Layers[1].Network.Layers[0].Network
    assert (numbers(inner.Learnables.get("fc", "Bias")) == 9).all(), "the present values"


def test_values_that_are_set_stay() -> None:
    inner = initialize(block(), THREE)
    inner.Learnables.Value[1] = np.full((4, 1), 5.0, np.float32)
    _, inner.State = forward(inner, features())
    net = dlnetwork([featureInputLayer(3), networkLayer(inner, Name="n")])
    for table, inside in ((net.Learnables, inner.Learnables), (net.State, inner.State)):
        assert_same(table.Value, inside.Value)
    np.testing.assert_array_equal(numbers(predict(net, features())), predict(inner, features()))
    inner.Learnables.Value[1] = np.zeros((4, 1))
    assert (numbers(net.Learnables.get("n/fc", "Bias")) == 5).all(), "the layer has its own"


def test_nothing_that_is_computed_changes_the_network() -> None:
    net, X = made(deep)
    before = form(net)
    forward(net, *X)
    predict(net, *X)
    expandLayers(net)
    fix_statistics(net)
    assert form(net) == before


def test_first_values_are_drawn_as_for_the_contents() -> None:
    rng(4)
    net = chain()
    rng(4)
    flat = initialize(expandLayers(dlnetwork(net._graph, Initialize=False)))
    assert_same(net.Learnables.Value, flat.Learnables.Value)


# ---- all that can be done with a network --------------------------------------------------------


@every_network
def test_files_and_copies(build: Any, tmp_path: Path) -> None:
    net, X = made(build)
    *_, net.State = forward(net, *X)
    save(tmp_path / "net.npz", net)
    for other in (load(tmp_path / "net.npz"), copy.copy(net), copy.deepcopy(net),
                  pickle.loads(pickle.dumps(net))):  # fmt: skip
        assert form(other) == form(net)
        assert_same([predict(other, *X, nargout=1)], [predict(net, *X, nargout=1)])


def test_files_of_networks_that_are_not_initialized(tmp_path: Path) -> None:
    net = dlnetwork(deep()._graph, Initialize=False)
    save(tmp_path / "net.npz", net)
    assert form(load(tmp_path / "net.npz")) == form(net)


def test_fixed_statistics_reach_inside() -> None:
    net, (X,) = made(lambda: removeLayers(deep(), "out"))
    rng(2)
    with pytest.raises(ValueError, match="layer 'outer/inner/bn': fixed statistics were never"):
        forward(fix_statistics(net), X)
    _, net.State = forward(net, X)
    fixed = fix_statistics(net)
    for call in (lambda: forward(fixed, X),
                 lambda: forward(fix_statistics(net, "outer/inner/bn"), X),
                 lambda: forward(net, X, Statistics="fixed"),
                 lambda: forward(net, X, Statistics={"outer/inner/bn": "fixed"}),
                 lambda: forward(expandLayers(fixed), X)):  # fmt: skip
        rng(5)
        found, state = call()
        rng(5)
        expected, _ = forward(fixed, X)
        assert_same([found, *state.Value], [expected, *net.State.Value])
    assert not forward(release_statistics(fixed), X)[1].is_equal_to(net.State)
    assert not forward(fixed, X, Statistics="batch")[1].is_equal_to(net.State)
    with pytest.raises(ValueError, match=r"'outer' keeps no statistics; .* are outer/inner/bn"):
        fix_statistics(net, "outer")


def test_a_warning_comes_once_and_from_the_line_that_calls() -> None:
    net = deep()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        forward(net, features(1))
        forward(net, features(1))
    (warning,) = caught
    assert warning.category is StatisticsWarning and warning.filename == __file__


def test_edits_around_a_nested_network_keep_its_values() -> None:
    net = deep()
    longer = connectLayers(addLayers(net, reluLayer(Name="end")), "out", "end")
    assert longer.Initialized
    assert_same(longer.Learnables.Value, net.Learnables.Value)
    other = replaceLayer(net, "outer", networkLayer(block(), Name="outer"))
    assert other.Learnables.rows[0] == ("outer/fc", "Weights") and not other.Initialized
    assert removeLayers(net, "outer").Learnables.rows == [("out", "Weights"), ("out", "Bias")]


def test_ports() -> None:
    layer = several().Layers[3]
    assert layer.InputNames == ("in1", "in2") and layer.OutputNames == ("out1", "out2")
    assert chain().Layers[1].InputNames == ("in",) and chain().Layers[1].OutputNames == ("out",)
    assert repr(chain().Layers[1]) == "networkLayer(Network=<dlnetwork of 4 layers>, Name='one')"


def test_what_cannot_be_nested() -> None:
    with_input = dlnetwork([featureInputLayer(3, Name="in"), reluLayer()])
    with pytest.raises(ValueError, match=r"has the input layer 'in'; .*removeLayers\(net, 'in'\)"):
        networkLayer(with_input)
    assert networkLayer(removeLayers(with_input, "in")).InputNames == ("in",)
    with pytest.raises(ValueError, match="the network has no layers"):
        networkLayer(dlnetwork())
    with pytest.raises(TypeError, match="networkLayer: the first argument is a dlnetwork"):
        networkLayer([reluLayer()])


def test_what_does_not_fit_inside_names_all_layers_on_the_way() -> None:
    inner = dlnetwork([fullyConnectedLayer(2, Name="fc")], THREE)
    layers = [featureInputLayer(4, Name="in"), networkLayer(inner, Name="n")]
    with pytest.raises(ValueError, match="Weights of layer 'fc': 2×3 was given, 2×4 is needed"):
        dlnetwork(layers)
    sums = networkLayer(dlnetwork([additionLayer(2, Name="sum")], THREE, THREE), Name="n")
    graph = layerGraph([featureInputLayer(3, Name="a"), sums])
    graph = addLayers(graph, featureInputLayer(2, Name="b"))
    words = "layer 'n' .networkLayer. does not fit after 'a' and 'b': layer 'sum' .additionLayer."
    with pytest.raises(ValueError, match=words):
        dlnetwork(connectLayers(graph, "b", "n/in2"))
    net = dlnetwork([functionLayer(lambda x: x, Name="f")], THREE)
    broken = dlnetwork([featureInputLayer(3), networkLayer(net, Name="n"), fullyConnectedLayer(2)])
    with pytest.raises(ValueError, match=r"'input' .* is 2\(C\) × 5\(B\) dlarray; 3"):
        predict(broken, features(5, 2))


def test_second_derivatives_go_through() -> None:
    net, (X,) = made(lambda: removeLayers(deep(), "out"))
    flat = expandLayers(net)

    def curvature(net: dlnetwork, x: dlarray) -> Any:
        slope = dlgradient(sum(predict(net, x) ** 3, "all"), x, EnableHigherDerivatives=True)
        return dlgradient(sum(slope**2, "all"), x)

    nested, expanded = dlfeval(curvature, net, X), dlfeval(curvature, flat, X)
    np.testing.assert_array_equal(numbers(nested), numbers(expanded))
    assert np.abs(numbers(nested)).max() > 0
