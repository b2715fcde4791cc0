"""What forward and predict compute, how often, and what cannot be put in."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from tests.networks import branches, digits, features, small
from tests.strategies import normal, numbers
from tinydl import (
    additionLayer,
    addLayers,
    connectLayers,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dropoutLayer,
    expandLayers,
    featureInputLayer,
    fix_statistics,
    forward,
    fullyConnectedLayer,
    initialize,
    layerGraph,
    networkDataLayout,
    predict,
    release_statistics,
    rng,
    sum,
    tanhLayer,
)
from tinydl.layers import Layer
from tinydl.layers.layer import Parameter

# ---- forward and predict ------------------------------------------------------------------------


def by_hand(net: dlnetwork, x: Any, mean: Any, variance: Any) -> list[Any]:
    """The results of all layers of the small network."""
    W1, b1, offset, scale, W2, b2 = [numbers(v) for v in net.Learnables.Value]
    a = W1 @ x + b1
    n = scale * (a - mean) / np.sqrt(variance + 1e-5) + offset
    return [a, n, np.tanh(n), W2 @ np.tanh(n) + b2]


def test_forward_uses_the_batch_and_predict_the_state() -> None:
    net, X = small(), features()
    a = by_hand(net, numbers(X), 0.0, 1.0)[0]
    mean, variance = a.mean(1, keepdims=True), a.var(1, keepdims=True)
    Y, state = forward(net, X)
    np.testing.assert_allclose(numbers(Y), by_hand(net, numbers(X), mean, variance)[-1])
    assert [v.dtype for v in state.Value] == [np.float32] * 2
    np.testing.assert_allclose(numbers(state.Value[0]), 0.1 * mean, rtol=1e-6)
    np.testing.assert_allclose(numbers(state.Value[1]), 0.1 * variance + 0.9, rtol=1e-6)
    for statistics in ([0.0, 1.0], [numbers(v).astype(float) for v in state.Value]):
        found = numbers(predict(net, X))
        assert found.dtype == np.float32  # of double and single comes single
        np.testing.assert_allclose(found, by_hand(net, numbers(X), *statistics)[-1], atol=1e-6)
        net.State = state


@pytest.mark.parametrize("verb", ["forward", "predict"])
def test_outputs_are_flat_and_in_the_order_of_their_names(verb: str) -> None:
    net, X = small(), features()
    call = lambda *args, **options: (
        forward(*args, **options) if verb == "forward" else predict(*args, nargout=3, **options)
    )
    tanh, fc, state = call(net, X, Outputs=["tanh", "fc"])
    assert tanh.shape == fc.shape == (4, 5) and state.rows == net.State.rows
    again_fc, again_tanh, _ = call(net, X, Outputs=["fc/out", "tanh"])
    np.testing.assert_array_equal(numbers(again_fc), numbers(fc))
    np.testing.assert_array_equal(numbers(again_tanh), numbers(tanh))
    net.OutputNames = ["tanh", "fc"]
    for found, expected in zip(call(net, X)[:2], (tanh, fc), strict=True):
        np.testing.assert_array_equal(numbers(found), numbers(expected))
    with pytest.raises(ValueError, match="Outputs: there is no layer 'x'; the layers are in, fc"):
        call(net, X, Outputs="x")


def test_nargout_of_predict() -> None:
    net, X = small(), features()
    assert predict(net, X).shape == (2, 5)
    _, state = predict(net, X, nargout=2)
    np.testing.assert_array_equal(numbers(state.Value[0]), numbers(net.State.Value[0]))
    assert len(predict(net, X, Outputs=["fc", "bn", "out"])) == 3
    fc, bn = predict(net, X, Outputs=["fc", "bn", "out"], nargout=2)
    assert fc.shape == bn.shape == (4, 5)
    assert predict(net, X, Outputs=["fc", "bn"], nargout=1).shape == (4, 5)
    for wrong in (0, 3, -1):
        with pytest.raises(ValueError, match=f"predict gives 1 to 2 outputs; nargout={wrong}"):
            predict(net, X, nargout=wrong)


class Counting(Layer):
    """The identity, which counts how often it is asked."""

    short = "counting"
    calls: list[str] = []

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def predict(self, *X: dlarray) -> dlarray:
        Counting.calls.append(self.Name)
        return X[0]


def test_each_layer_runs_once_and_only_if_it_is_needed() -> None:
    graph = layerGraph([featureInputLayer(3, Name="in"), Counting(Name="a"), Counting(Name="b"),
                        additionLayer(3, Name="add"), Counting(Name="c")])  # fmt: skip
    graph = connectLayers(connectLayers(graph, "a", "add/in2"), "in", "add/in3")
    net = dlnetwork(graph)
    Counting.calls.clear()
    Y = predict(net, features())
    assert Counting.calls == ["a", "b", "c"]
    np.testing.assert_array_equal(numbers(Y), 3 * numbers(features()))
    Counting.calls.clear()
    predict(net, features(), Outputs="a")
    assert Counting.calls == ["a"]


def test_branches_are_added() -> None:
    net, X = branches(), features()
    assert net.Learnables.rows == [(k, p) for k in "ab" for p in ("Weights", "Bias")]
    assert list(net.Connections)[2:] == [("add", "out"), ("in", "b"), ("b", "add/in2")]
    a, b = predict(net, X, Outputs=["a", "b"])
    np.testing.assert_array_equal(numbers(predict(net, X)), np.maximum(numbers(a + b), 0))


def test_several_inputs() -> None:
    graph = layerGraph([featureInputLayer(3, Name="x"), fullyConnectedLayer(2, Name="fc"),
                        additionLayer(2, Name="add")])  # fmt: skip
    graph = addLayers(graph, featureInputLayer(2, Name="y"))
    net = dlnetwork(connectLayers(graph, "y", "add/in2"))
    assert net.InputNames == ("x", "y")
    X, Y = features(), features(5, 2, 3)
    np.testing.assert_allclose(
        numbers(predict(net, X, Y)), numbers(predict(net, X, Y, Outputs="fc")) + numbers(Y)
    )
    with pytest.raises(ValueError, match=r"layer 'x' .* 3\(C\) × \?\(B\) is needed"):
        predict(net, Y, X)


def test_inputs_of_a_layer_that_nothing_feeds_are_inputs_of_the_network() -> None:
    net = dlnetwork([additionLayer(2, Name="add")], *[networkDataLayout([3, None], "CB")] * 2)
    assert net.InputNames == ("add/in1", "add/in2")
    X, Y = features(), features(5, 3, 2)
    np.testing.assert_array_equal(numbers(predict(net, X, Y)), numbers(X + Y))
    half = dlnetwork([featureInputLayer(3), additionLayer(2)], features(), features())
    assert half.InputNames == ("input", "addition/in2")


def test_more_layers_than_python_has_levels_of_calls() -> None:
    net = dlnetwork([featureInputLayer(2), [[fullyConnectedLayer(2), tanhLayer()]] * 600])
    assert len(net.Layers) == 1201 > sys.getrecursionlimit() and net.Layers[-2].Name == "fc_600"

    def slope(net: dlnetwork, X: dlarray) -> Any:
        return dlgradient(sum(forward(net, X)[0], "all"), net)

    assert len(dlfeval(slope, net, features(3, 2))) == 1200


# ---- what cannot be put in ----------------------------------------------------------------------


@pytest.mark.parametrize("verb", [forward, predict])
def test_inputs_that_do_not_fit(verb: Any) -> None:
    net = small()
    name = verb.__name__
    with pytest.raises(TypeError, match=rf"{name}: the input 'in' must be .* it is a 3×5 dlarray"):
        verb(net, dlarray(normal((3, 5), 1)))
    with pytest.raises(TypeError, match=rf"{name}: the input 'in' must be .* it is a list"):
        verb(net, [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=rf"{name}: the dimensions of 'in', an array of 3×5, are"):
        verb(net, normal((3, 5), 1))
    with pytest.raises(ValueError, match=r"layer 'in' .* is 4\(C\) × 5\(B\) dlarray; 3\(C\)"):
        verb(net, features(5, 4))
    with pytest.raises(ValueError, match=rf"{name}: the network has 1 inputs \(in\); 2 were given"):
        verb(net, features(), features())
    with pytest.raises(ValueError, match=rf"{name}: .* \(in\); 0 were given"):
        verb(net)
    with pytest.raises(ValueError, match=rf"{name}: the network is not initialized; use net ="):
        verb(dlnetwork([featureInputLayer(3), fullyConnectedLayer(2)], Initialize=False),
             features())  # fmt: skip
    with pytest.raises(ValueError, match="is not initialized"):
        verb(dlnetwork(), features())


def test_an_empty_batch() -> None:
    net = digits()
    empty = dlarray(np.zeros((28, 28, 1, 0), np.float32), "SSCB")
    with pytest.raises(ValueError, match=r"forward: the batch is empty: the input 'imageinput'"):
        forward(net, empty)
    assert predict(net, empty).shape == (10, 0)


def test_random_numbers_are_drawn_layer_by_layer() -> None:
    net = dlnetwork([featureInputLayer(3), dropoutLayer(), dropoutLayer()])
    ones = dlarray(np.ones((3, 4)), "CB")
    rng(3)
    Y = numbers(forward(net, ones)[0])
    rng(3)
    first = dropoutLayer().forward(ones)[0]
    np.testing.assert_array_equal(Y, numbers(dropoutLayer().forward(first)[0]))


class WritesIntoWhatItGets(Counting):
    """A layer that assigns to its input and to its own parameter."""

    Learnable = ("Gain",)
    Gain: Any = None
    GainInitializer = "ones"

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        return {"Gain": Parameter((1, 1))}

    def predict(self, *X: dlarray) -> dlarray:
        X[0][0, 0] = 100.0
        self.Gain[0, 0] = 2.0
        return X[0] * self.Gain


def test_results_and_inputs_are_handles_of_their_own() -> None:
    net = dlnetwork([featureInputLayer(3, Name="in"), dropoutLayer(Name="drop"),
                     WritesIntoWhatItGets(Name="w")])  # fmt: skip
    X = features()
    before = numbers(X)
    first, same, last = predict(net, X, Outputs=["in", "drop", "w"])
    assert numbers(last).max() == 200.0
    first[0, 0] = 7.0
    for x in (X, same):
        np.testing.assert_array_equal(numbers(x), before)
    assert float(net.Learnables.Value[0]) == 1.0
    one, two = predict(net, X, Outputs=["in", "in"])
    one[0, 0] = 7.0
    np.testing.assert_array_equal(numbers(two), before)


def test_the_state_is_never_followed() -> None:
    """It is the next step's constant: its numbers can be read inside dlfeval."""

    def function(net: dlnetwork, X: dlarray) -> Any:
        Y, state = forward(net, X)
        assert all([np.isfinite(np.asarray(value)).all() for value in state.Value])
        with pytest.raises(TypeError, match="is recorded for differentiation"):
            np.asarray(Y)
        return state

    assert len(dlfeval(function, small(), features())) == 2


def test_the_first_argument_is_a_network() -> None:
    layers = [featureInputLayer(3), tanhLayer()]
    for call in (forward, predict, initialize, expandLayers, fix_statistics, release_statistics):
        for wrong in (layers, layerGraph(layers), None):
            words = f"{call.__name__}: the first argument is a dlnetwork, not a .*dlnetwork.layers"
            with pytest.raises(TypeError, match=words):
                call(wrong)


class Faulty(Counting):
    Stateful = ("Count",)
    Count: Any = None

    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        return {"Count": dlarray(np.zeros((1, 1)))}

    def predict(self, *X: dlarray) -> Any:
        return numbers(X[0])

    def forward(self, *X: dlarray) -> tuple[dlarray, dict[str, dlarray]]:
        return X[0], {"count": self.Count}


def test_layers_of_users_that_give_something_else() -> None:
    net = dlnetwork([featureInputLayer(3), Faulty(Name="f")])
    with pytest.raises(TypeError, match=r"layer 'f' \(Faulty\): predict gives a ndarray; a dlar"):
        predict(net, features())
    with pytest.raises(ValueError, match=r"layer 'f' .* a new 'count', which is not declared"):
        forward(net, features())


class OwnError(ValueError):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(first, second)


class Raises(Counting):
    def predict(self, *X: dlarray) -> dlarray:
        raise OwnError("a", "b")


def test_errors_with_other_arguments_pass_as_they_are() -> None:
    with pytest.raises(OwnError):
        predict(dlnetwork([featureInputLayer(3), Raises()]), features())
