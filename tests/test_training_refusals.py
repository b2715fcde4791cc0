"""What trainnet and its kin refuse, and what a key of dlaccelerate sees of a function."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal
from tinydl import (
    AccelerationWarning,
    additionLayer,
    addLayers,
    connectLayers,
    crossentropy,
    dlaccelerate,
    dlarray,
    dlfeval,
    dlnetwork,
    featureInputLayer,
    fullyConnectedLayer,
    layerGraph,
    minibatchpredict,
    predict,
    sigmoidLayer,
    single,
    sum,
    testnet,
    trainingOptions,
    trainnet,
)

X, T = normal((12, 3), 1), (normal((12, 2), 2) > 0).astype(float)
NET = dlnetwork([featureInputLayer(3), fullyConnectedLayer(2), sigmoidLayer()])
OPTIONS = trainingOptions("sgdm", MaxEpochs=2, MiniBatchSize=4, Verbose=False)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"OutputFcn": [print, 3]}, TypeError, "OutputFcn must be a function of a dict"),
        ({"LearnRateSchedule": 3}, TypeError, "LearnRateSchedule is a name, a schedule such as"),
        ({"LearnRateSchedule": ["piecewise", 3]}, TypeError, "holds 3, which is no schedule"),
        ({"Metrics": ["accuracy", "accuracy"]}, ValueError, "two metrics have the same name"),
    ],
)
def test_options_that_mean_nothing(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        trainingOptions("sgdm", **options)


def test_data_that_does_not_fit() -> None:
    with pytest.raises(TypeError, match="3 arguments stand there"):
        trainnet(X, T, T, NET, "mse", OPTIONS)
    in_order = trainingOptions("sgdm", MaxEpochs=1, Shuffle="never", Verbose=False)
    with pytest.raises(TypeError, match="a list of mini-batches cannot be shuffled"):
        trainnet([(X, T)], NET, "mse", OPTIONS)
    with pytest.raises(TypeError, match="a mini-batch is a tuple of 1 predictors and the targets"):
        trainnet([X], NET, "mse", in_order)
    with pytest.raises(TypeError, match=r"testnet is called testnet\(net, X, T"):
        testnet(NET, X)
    with pytest.raises(ValueError, match=r"accuracy: predictions are .* both need the classes"):
        testnet(NET, dlarray(X, "BC"), dlarray(T[:, 0], "B"), "accuracy")


def test_inputs_with_different_numbers_of_observations() -> None:
    graph = layerGraph([featureInputLayer(3, Name="a"), fullyConnectedLayer(2, Name="fc")])
    graph = addLayers(graph, [featureInputLayer(2, Name="b"), additionLayer(2, Name="sum")])
    net = dlnetwork(connectLayers(graph, "fc", "sum/in2"))
    assert minibatchpredict(net, X, T).shape == (12, 2)
    with pytest.raises(ValueError, match="different numbers of observations"):
        minibatchpredict(net, X, T[:5])


def test_a_network_learns_several_labels_at_once() -> None:
    def loss(Y: dlarray, T: dlarray) -> dlarray:
        return crossentropy(Y, T, ClassificationMode="multilabel")

    before = float(testnet(NET, X, T, loss))
    trained = trainnet(X, T, NET, "binary-crossentropy", OPTIONS)
    assert float(testnet(trained, X, T, loss)) < before


# ---- what is around a function -------------------------------------------------------------------


class Scaler:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    @property
    def doubled(self) -> float:
        return 2.0 * self.factor

    def scaled(self, x: dlarray) -> dlarray:
        return x * self.doubled


def test_changes_around_a_function_are_seen() -> None:
    scaler, table, ways = Scaler(3.0), {"shift": 1.0}, {1.0}
    offset = np.ones(2)
    inner = functools.partial(lambda x, by: x + by, by=0.5)

    def f(x: dlarray) -> dlarray:
        shift = table["shift"] + sorted(ways)[-1]
        return inner(scaler.scaled(x)) + shift + offset

    acc = dlaccelerate(f)
    x = dlarray([1.0, 2.0])

    def check() -> None:
        for _ in range(4):
            np.testing.assert_array_equal(dlfeval(acc, x), f(x))

    check()
    hits = acc.HitRate
    assert hits > 0
    for change in (
        lambda: setattr(scaler, "factor", 5.0),
        lambda: table.update(shift=7.0),
        lambda: ways.add(9.0),
        lambda: offset.__setitem__(0, -4.0),
    ):
        change()
        check()
    assert acc.Refusals == ()


def test_bound_methods_and_accelerated_functions_within() -> None:
    scaler = Scaler(2.0)
    method, within = dlaccelerate(scaler.scaled), dlaccelerate(lambda x: x * 3.0)
    around = dlaccelerate(lambda x: sum(within(x), "all"))
    for value in (1.0, 2.0, 3.0, 4.0):
        x = dlarray([value, 1.0])
        np.testing.assert_array_equal(dlfeval(method, x), 4.0 * np.array([value, 1.0]))
        assert float(dlfeval(around, x)) == 3.0 * (value + 1.0)


def test_networks_around_a_function_are_seen() -> None:
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(2)])
    acc = dlaccelerate(lambda x: predict(net, x))
    x = dlarray(single(X), "BC")
    for _ in range(4):
        before = np.asarray(dlfeval(acc, x))
    net.Learnables.Value[1] = net.Learnables.Value[1] + 1.0
    np.testing.assert_allclose(dlfeval(acc, x), before + 1.0, rtol=1e-6)


def test_plain_arrays_are_part_of_the_key() -> None:
    acc = dlaccelerate(lambda x, weights: x * weights)
    for weights in (np.array([1.0, 2.0]), np.array([3.0, 4.0])):
        for _ in range(3):
            np.testing.assert_array_equal(dlfeval(acc, dlarray([1.0, 1.0]), weights), weights)
    assert acc.Occupancy == 2 / 50


def test_what_is_too_large_to_be_looked_at() -> None:
    large, many = np.zeros(2_000_000), [object() for _ in range(20_000)]
    for fun, words in ((lambda x: x + large[0], "a large array from outside"),
                       (lambda x: x + len(many), "too many objects from outside")):  # fmt: skip
        acc = dlaccelerate(fun)
        with pytest.warns(AccelerationWarning, match=words):
            dlfeval(acc, dlarray([1.0]))
    with pytest.warns(AccelerationWarning, match="which may change unseen"):
        dlfeval(dlaccelerate(lambda x, y: x), dlarray([1.0]), object())
