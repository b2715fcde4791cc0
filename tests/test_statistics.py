"""Fixed statistics: batch normalization with State as constants."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.networks import features, small
from tests.strategies import normal, numbers
from tinydl import (
    addLayers,
    batchNormalizationLayer,
    connectLayers,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    dropoutLayer,
    featureInputLayer,
    fix_statistics,
    forward,
    fullyConnectedLayer,
    predict,
    release_statistics,
    reluLayer,
    removeLayers,
    rng,
    sgdmupdate,
    sum,
    tanhLayer,
)

MEAN, VARIANCE = normal((4, 1), 5), normal((4, 1), 6) ** 2 + 0.5


def learned() -> dlnetwork:
    """The small network with statistics in double precision."""
    net = small()
    net.State.Value = [MEAN, VARIANCE]
    return net


def given() -> dlnetwork:
    return small(Statistics="fixed", TrainedMean=MEAN, TrainedVariance=VARIANCE)


Verb = Callable[..., Any]
WAYS: dict[str, tuple[Callable[[], dlnetwork], dict[str, Any]]] = {
    "option of the layer": (given, {}),
    "option of forward": (learned, {"Statistics": "fixed"}),
    "option of forward, by layer": (learned, {"Statistics": {"bn": "fixed"}}),
    "fix_statistics": (lambda: fix_statistics(learned()), {}),
    "fix_statistics, by layer": (lambda: fix_statistics(learned(), "bn"), {}),
    "fix_statistics, by list": (lambda: fix_statistics(learned(), ["bn"]), {}),
}
every_way = pytest.mark.parametrize("way", WAYS)


@every_way
def test_forward_agrees_with_predict_and_leaves_state(way: str) -> None:
    make, options = WAYS[way]
    net = make()
    Y, state = forward(net, features(), **options)
    np.testing.assert_array_equal(numbers(Y), numbers(predict(net, features())))
    for old, new in zip(net.State.Value, state.Value, strict=True):
        assert new is not old
        np.testing.assert_array_equal(numbers(old), numbers(new))
    np.testing.assert_array_equal(numbers(state.Value[0]), MEAN)


def jacobian(net: dlnetwork, X: dlarray, **options: Any) -> Any:
    """dU_i/dX_kj of the first output U."""

    def row(net: dlnetwork, X: dlarray, i: int) -> Any:
        U, _ = forward(net, X, **options)
        return dlgradient(U[0, i], X)

    return np.stack([numbers(dlfeval(row, net, X, i)) for i in range(X.shape[1])])


@every_way
def test_no_observation_influences_another(way: str) -> None:
    make, options = WAYS[way]
    net, X = make(), features(4)
    slopes = jacobian(net, X, **options)
    own = np.eye(4, dtype=bool)
    assert not slopes.transpose(0, 2, 1)[~own].any()

    def through_predict(net: dlnetwork, X: dlarray) -> Any:
        return dlgradient(sum(predict(net, X)[0, :], "all"), X)

    found = slopes.transpose(0, 2, 1)[own].T
    np.testing.assert_allclose(found, numbers(dlfeval(through_predict, net, X)), rtol=1e-12)


def test_with_the_statistics_of_the_batch_they_do() -> None:
    slopes = jacobian(learned(), features(4))
    assert np.abs(slopes.transpose(0, 2, 1)[~np.eye(4, dtype=bool)]).min() > 1e-4


@every_way
def test_second_derivatives_are_those_of_differences(way: str) -> None:
    make, options = WAYS[way]
    net, x, v = make(), numbers(features(4)), normal((3, 4), 9)

    def slope(net: dlnetwork, X: dlarray, higher: bool = True) -> Any:
        U, _ = forward(net, X, **options)
        first = dlgradient(sum(U[0, :] ** 2, "all"), X, EnableHigherDerivatives=higher)
        return dlgradient(sum(first * dlarray(v, "CB"), "all"), X) if higher else first

    at = lambda h: numbers(dlfeval(slope, net, dlarray(x + h * v, "CB"), higher=False))
    expected = (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3
    np.testing.assert_allclose(numbers(dlfeval(slope, net, dlarray(x, "CB"))), expected, atol=1e-8)


@every_way
def test_scale_and_offset_are_learnable(way: str) -> None:
    make, options = WAYS[way]
    net = make()

    def slopes(net: dlnetwork, X: dlarray) -> Any:
        return dlgradient(sum(forward(net, X, **options)[0] ** 2, "all"), net)

    gradients = dlfeval(slopes, net, features())
    for parameter in ("Offset", "Scale"):
        assert numbers(gradients.get("bn", parameter)).all()


@every_way
def test_dropout_stays_in_training(way: str) -> None:
    make, options = WAYS[way]
    net = addLayers(make(), dropoutLayer(0.5, Name="drop"))
    net = connectLayers(net, "out", "drop")
    rng(1)
    ratio = numbers(forward(net, features(200), **options)[0]) / numbers(
        predict(net, features(200))
    )
    assert set(np.unique(ratio.round(9))) == {0.0, 2.0}


@every_way
def test_it_survives_updates_edits_and_copies(way: str) -> None:
    make, options = WAYS[way]
    if options:
        return  # an option of a call is no part of the network
    net = make()
    stepped, _ = sgdmupdate(net, dlupdate(lambda w: w * 0.0, net.Learnables), [])
    longer = connectLayers(addLayers(net, reluLayer(Name="r")), "out", "r")
    for other in (stepped, dlupdate(double, net), removeLayers(longer, "r"), copy.copy(net),
                  copy.deepcopy(net), pickle.loads(pickle.dumps(net))):  # fmt: skip
        Y, _ = forward(other, features())
        np.testing.assert_array_equal(numbers(Y), numbers(predict(net, features())))


def test_released_statistics_are_those_of_the_batch_again() -> None:
    expected, state = forward(learned(), features())
    for net in (release_statistics(fix_statistics(learned())), release_statistics(given())):
        Y, after = forward(net, features())
        np.testing.assert_array_equal(numbers(Y), numbers(expected))
        np.testing.assert_array_equal(numbers(after.Value[1]), numbers(state.Value[1]))
    fixed = fix_statistics(learned())
    Y, after = forward(fixed, features(), Statistics="batch")
    np.testing.assert_array_equal(numbers(Y), numbers(expected))
    assert (numbers(after.Value[0]) != MEAN).all()


def two() -> dlnetwork:
    net = dlnetwork([featureInputLayer(3), batchNormalizationLayer(Name="a"),
                     fullyConnectedLayer(4), batchNormalizationLayer(Name="b"),
                     tanhLayer()])  # fmt: skip
    _, net.State = forward(net, features())
    return net


@pytest.mark.parametrize("name", ["a", "b"])
def test_one_of_several_layers(name: str) -> None:
    net = two()
    by_call = forward(net, features(), Statistics={name: "fixed"})
    by_net = forward(fix_statistics(net, name), features())
    for Y, state in (by_call, by_net):
        np.testing.assert_array_equal(numbers(Y), numbers(by_call[0]))
        for row, old in zip(state, net.State.Value, strict=True):
            assert (numbers(row.Value) == numbers(old)).all() == (row.Layer == name)
    released = release_statistics(fix_statistics(net), name)
    Y, _ = forward(released, features(), Statistics={"a": "fixed", "b": "fixed"})
    np.testing.assert_array_equal(numbers(Y), numbers(predict(net, features())))


# ---- what cannot be fixed -----------------------------------------------------------------------


def test_statistics_that_were_never_learned() -> None:
    words = "layer 'bn': fixed statistics were never given nor learned; use batchNormal"
    fresh = small()
    for net, options in ((fresh, {"Statistics": "fixed"}), (fix_statistics(fresh), {}),
                         (small(Statistics="fixed"), {})):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            forward(net, features(), **options)
        predict(net, features())
    with pytest.raises(ValueError, match="layer 'b': fixed statistics were never"):
        net = two()
        net.State[2:] = dlnetwork(list(two()._graph.layers.values())).State[2:]
        forward(net, features(), Statistics="fixed")
    _, fresh.State = forward(fresh, features())
    forward(fresh, features(), Statistics="fixed")


def test_statistics_that_were_given_may_be_0_and_1() -> None:
    net = small(Statistics="fixed", TrainedMean=np.zeros(4), TrainedVariance=np.ones(4))
    Y, _ = forward(net, features())
    np.testing.assert_array_equal(numbers(Y), numbers(predict(net, features())))


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("frozen", ValueError, "Statistics is one of batch, fixed, not 'frozen'"),
        ({"bn": "frozen"}, ValueError, "Statistics is one of batch, fixed, not 'frozen'"),
        ({"fc": "fixed"}, ValueError, "layer 'fc' keeps no statistics; those that do are bn"),
        (["bn"], TypeError, r"is .batch., .fixed., or a dict of layer name .* not list"),
    ],
)
def test_modes_that_do_not_exist(value: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        forward(learned(), features(), Statistics=value)
    without = dlnetwork([featureInputLayer(3), reluLayer()])
    if value == "frozen":
        with pytest.raises(ValueError, match="Statistics is one of"):
            forward(without, features(), Statistics=value)
    for function in (fix_statistics, release_statistics):
        with pytest.raises(ValueError, match="'x' keeps no statistics; those that do are bn"):
            function(learned(), ["bn", "x"])
        with pytest.raises(ValueError, match="'relu' keeps no statistics; those that do are none"):
            function(without, "relu")
