"""Factors of learning rates and of regularization, freezing, and forgetting sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import digits, features, small
from tests.strategies import numbers
from tinydl import (
    adamupdate,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    forward,
    freezeNetwork,
    fullyConnectedLayer,
    getL2Factor,
    getLearnRateFactor,
    layerGraph,
    load,
    networkLayer,
    predict,
    reluLayer,
    resetState,
    rmspropupdate,
    save,
    setL2Factor,
    setLearnRateFactor,
    sgdmupdate,
    sum,
    unfreezeNetwork,
)
from tinydl.layers import Layer
from tinydl.layers.layer import Parameter


def nested() -> dlnetwork:
    """small() as the layer inner of the layer outer, behind an input layer."""
    inner = networkLayer(dlnetwork(list(small().Layers[1:]), features()), Name="inner")
    outer = networkLayer(dlnetwork([inner, reluLayer(Name="relu")], features()), Name="outer")
    return dlnetwork([featureInputLayer(3, Name="in"), outer])


def moved(net: dlnetwork, solver: Any) -> list[float]:
    """How far the largest element of each parameter moves in one step with gradients 1."""
    ones = dlupdate(lambda w: w * 0.0 + 1.0, net.Learnables)
    new = solver(net, ones)[0]
    return [float(np.abs(numbers(a) - numbers(b)).max())
            for a, b in zip(new.Learnables.Value, net.Learnables.Value, strict=True)]  # fmt: skip


SOLVERS = {
    "sgdm": lambda net, grad: sgdmupdate(net, grad, [], 0.5),
    "adam": lambda net, grad: adamupdate(net, grad, [], [], 1, 0.5),
    "rmsprop": lambda net, grad: rmspropupdate(net, grad, [], 0.5),
}


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_solvers_multiply_their_rate_by_the_factor(solver: Any) -> None:
    net = small()
    before = moved(net, solver)
    changed = setLearnRateFactor(net, "fc", "Weights", 3)
    changed = setLearnRateFactor(changed, "bn/Scale", 0)
    expected = [b * f for b, f in zip(before, (3, 1, 1, 0, 1, 1), strict=True)]
    np.testing.assert_allclose(moved(changed, solver), expected, rtol=1e-12)
    np.testing.assert_array_equal(moved(net, solver), before)  # the network itself is as it was


def test_factors_of_networks_and_layers() -> None:
    net = small()
    assert getLearnRateFactor(net, "fc", "Weights") == getLearnRateFactor(net, "fc/Weights") == 1
    assert getL2Factor(net, "fc", "Weights") == 1 and getL2Factor(net, "fc/Bias") == 0
    changed = setL2Factor(setLearnRateFactor(net, "fc/Weights", 2), "fc", "Bias", 0.5)
    assert getLearnRateFactor(changed, "fc/Weights") == 2 and getL2Factor(changed, "fc/Bias") == 0.5
    assert getLearnRateFactor(changed, "fc/Bias") == getL2Factor(changed, "fc/Weights") == 1
    assert changed.Layers[1].WeightLearnRateFactor == 2 and changed.Layers[1].BiasL2Factor == 0.5
    for a, b in zip(changed.Learnables.Value, net.Learnables.Value, strict=True):
        np.testing.assert_array_equal(numbers(a), numbers(b))
    layer = fullyConnectedLayer(3)
    other = setLearnRateFactor(layer, "Bias", 0.25)
    assert getLearnRateFactor(other, "Bias") == 0.25 and getLearnRateFactor(layer, "Bias") == 1
    assert getL2Factor(setL2Factor(layer, "Weights", 0), "Weights") == 0


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_factors_reach_nested_networks(solver: Any) -> None:
    net = nested()
    before = moved(net, solver)
    assert net.Learnables.rows[0] == ("outer/inner/fc", "Weights")
    for changed in (setLearnRateFactor(net, "outer/inner/fc", "Weights", 2),
                    setLearnRateFactor(net, "outer/inner/fc/Weights", 2)):  # fmt: skip
        assert getLearnRateFactor(changed, "outer/inner/fc", "Weights") == 2
        expected = [before[0] * 2, *before[1:]]
        np.testing.assert_allclose(moved(changed, solver), expected, rtol=1e-12)
    layer = setLearnRateFactor(net.Layers[1], "inner/fc/Bias", 7)
    assert getLearnRateFactor(layer, "inner/fc/Bias") == 7
    assert getLearnRateFactor(net.Layers[1], "inner/fc/Bias") == 1


def test_factors_are_saved(tmp_path: Any) -> None:
    for net in (small(), nested()):
        changed = freezeNetwork(net)
        save(tmp_path / "net.npz", changed)
        assert load(tmp_path / "net.npz").is_equal_to(changed)
        assert not changed.is_equal_to(net)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda net: setLearnRateFactor(net, "x", "Weights", 1), ValueError,
         "setLearnRateFactor: there is no layer 'x'; the layers are in, fc, bn"),
        (lambda net: setLearnRateFactor(net, "fc", "Scale", 1), ValueError,
         r"layer 'fc' \(fullyConnectedLayer\) has no learnable parameter 'Scale'; it has Weights,"),
        (lambda net: getLearnRateFactor(net, "bn", "TrainedMean"), ValueError, "has no learnable"),
        (lambda net: getL2Factor(net, "tanh/Weights"), ValueError, "'Weights'; it has none"),
        (lambda net: setLearnRateFactor(net, "fc", "Weights", -1), ValueError,
         "setLearnRateFactor: the factor of Weights must lie between 0"),
        (lambda net: setL2Factor(net, "fc", "Weights", "2"), ValueError, "must be a number"),
        (lambda net: setL2Factor(net), TypeError, r'setL2Factor is called setL2Factor\(net, "la'),
        (lambda net: setL2Factor(net, 1.0), TypeError, "beside its first argument it was given no"),
        (lambda net: getL2Factor(net, "fc", "Weights", 1.0), TypeError, "getL2Factor is called"),
        (lambda net: getL2Factor(net, "Weights"), ValueError, "there is no layer ''"),
        (lambda net: getL2Factor(net.Layers, "fc", "Weights"), TypeError, "or a layer, not a tup"),
        (lambda net: getL2Factor(fullyConnectedLayer(2), "Scale"), ValueError, "no learnable para"),
        (lambda net: freezeNetwork(net, "x"), ValueError, "freezeNetwork: there is no layer 'x'"),
        (lambda net: unfreezeNetwork(list(net.Layers)), TypeError, "is a dlnetwork, not a list"),
        (lambda net: resetState(layerGraph()), TypeError, "resetState: the first argument is a dl"),
    ],
)  # fmt: skip
def test_calls_that_are_refused(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call(small())


# ---- freezing -----------------------------------------------------------------------------------


def test_frozen_layers_do_not_learn() -> None:
    sgdm = SOLVERS["sgdm"]
    net = small()
    assert moved(freezeNetwork(net), sgdm) == [0.0] * 6
    some = moved(freezeNetwork(net, ["fc", "bn"]), sgdm)
    assert [m > 0 for m in some] == [False, False, False, False, True, True]
    thawed = unfreezeNetwork(freezeNetwork(net), "bn")
    assert [m > 0 for m in moved(thawed, sgdm)] == [False, False, True, True, False, False]
    assert unfreezeNetwork(freezeNetwork(net)).is_equal_to(net)
    assert freezeNetwork(net, []).is_equal_to(net)
    assert not freezeNetwork(net, "tanh").is_equal_to(freezeNetwork(net))


def test_freezing_reaches_nested_networks() -> None:
    sgdm, net = SOLVERS["sgdm"], nested()
    assert moved(freezeNetwork(net), sgdm) == moved(freezeNetwork(net, "outer"), sgdm) == [0.0] * 6
    some = moved(freezeNetwork(net, "outer/inner/bn"), sgdm)
    assert [m > 0 for m in some] == [True, True, False, False, True, True]


def test_a_frozen_network_still_computes_and_has_gradients() -> None:
    net, X = small(), features()
    frozen = freezeNetwork(net)
    (Y, state), (Y2, state2) = forward(net, X), forward(frozen, X)
    np.testing.assert_array_equal(numbers(Y), numbers(Y2))
    assert state.is_equal_to(state2) and not state.is_equal_to(net.State)
    slopes = dlfeval(lambda n: dlgradient(sum(predict(n, X), "all"), n), frozen)
    assert any([numbers(v).any() for v in slopes.Value])


# ---- sequences ----------------------------------------------------------------------------------


class Remembers(Layer):
    """x + Gain · the last batch's mean, which is its state, beside a count that is kept."""

    short = "remembers"
    Learnable = ("Gain",)
    Stateful = ("Last", "Count")
    Resettable = ("Last",)
    Gain: Any = None
    GainInitializer = "ones"
    Count: Any = None

    def __init__(self, *, Name: str = "", Last: Any = None) -> None:
        self.Name = Name
        self.Last = Last

    def parameters(self, *layouts: Any) -> dict[str, Parameter]:
        return {"Gain": Parameter((1, 1))}

    def initial_state(self, *layouts: Any) -> dict[str, Any]:
        zero = dlarray(np.zeros((1, 1), np.float32))
        return {"Last": zero if self.Last is None else dlarray(self.Last), "Count": zero}

    def predict(self, *X: dlarray) -> dlarray:
        return X[0]

    def forward(self, *X: dlarray) -> tuple[dlarray, dict[str, dlarray]]:
        seen = dlarray(numbers(X[0]).mean(0, keepdims=True))  # 1 × observations
        return X[0], {"Last": seen, "Count": self.Count + 1.0}


def remembering(**options: Any) -> dlnetwork:
    layers = [fullyConnectedLayer(3), Remembers(Name="r", **options)]
    inner = dlnetwork(layers, features(), OutputNames="r")
    return dlnetwork([featureInputLayer(3), Remembers(Name="own", **options),
                      networkLayer(inner, Name="deep")])  # fmt: skip


@pytest.mark.parametrize("first", [None, [[2.5]]])
def test_resetting_gives_sequences_their_first_state(first: Any) -> None:
    net = remembering(Last=first)
    before = [float(v) for v in net.State.Value]
    for observations in (5, 2):  # the size of the state follows the batch
        _, net.State = forward(net, features(observations))
    assert [v.shape for v in net.State.Value] == [(1, 2), (1, 1)] * 2
    again = resetState(net)
    assert [float(v) for v in again.State.Value] == [before[0], 2.0, before[2], 2.0]
    assert net.State.Value[0].shape == (1, 2), "the network itself is as it was"
    assert again.Learnables.is_equal_to(net.Learnables)


def test_resetting_keeps_the_class_and_what_is_unset() -> None:
    net = remembering()
    net.State = dlupdate(double, net.State)
    assert [v.dtype for v in resetState(net).State.Value] == [np.float64] * 4
    unset = dlnetwork([featureInputLayer(3), Remembers()], Initialize=False)
    assert resetState(unset).State.Value[0] is None


def test_resetting_leaves_statistics() -> None:
    for net in (small(), nested(), digits()):
        if net.InputNames == ("in",):
            _, net.State = forward(net, features())
        assert resetState(net).is_equal_to(net)
