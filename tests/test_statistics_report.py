"""How far State is from data, and the warning of a State that was left behind."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.networks import features, small
from tests.strategies import normal, numbers
from tinydl import (
    StatisticsWarning,
    adamupdate,
    batchNormalizationLayer,
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
    mse,
    networkLayer,
    population_statistics,
    predict,
    reluLayer,
    rng,
    sgdmupdate,
    statistics_report,
)

X, T = features(64), dlarray(np.sin(normal((2, 64), 3)), "CB")


def modelLoss(net: dlnetwork, X: dlarray, T: dlarray, *, verb: Any = forward) -> Any:
    made = verb(net, X)
    Y, state = made if isinstance(made, tuple) else (made, net.State)
    loss = mse(Y, T)
    return dlgradient(loss, net.Learnables), state


def train(
    net: dlnetwork, steps: int, *, keep: Callable[[int], bool] = lambda _: False, **options: Any
) -> dlnetwork:
    """Steps of training; `keep` says in which of them State is assigned."""
    for i in range(steps):
        gradients, state = dlfeval(modelLoss, net, X, T, **options)
        if keep(i):
            net.State = state
        net, _ = sgdmupdate(net, gradients, [], 0.001)
    return net


# ---- the report ---------------------------------------------------------------------------------


def test_distances_are_those_of_the_data() -> None:
    rows = {"TrainedMean": normal((3, 1), 1), "TrainedVariance": normal((3, 1), 2) ** 2 + 0.1}
    net = dlnetwork([featureInputLayer(3), batchNormalizationLayer(Epsilon=0.01, **rows)])
    (layer,) = statistics_report(net, X).layers
    x = numbers(X)
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True) + 0.01
    far = np.abs(rows["TrainedMean"] - mean) / np.sqrt(variance)
    ratio = np.abs(np.log((rows["TrainedVariance"] + 0.01) / variance))
    assert layer.mean == pytest.approx(far.max(), rel=1e-6)
    assert layer.variance == pytest.approx(ratio.max(), rel=1e-6)


def deep(dropout: float = 0.0) -> dlnetwork:
    inner = dlnetwork([fullyConnectedLayer(5, Name="fc"), batchNormalizationLayer(Name="bn")],
                      Initialize=False)  # fmt: skip
    return dlupdate(double, dlnetwork(
        [featureInputLayer(3), fullyConnectedLayer(4), batchNormalizationLayer(Name="first"),
         reluLayer(), dropoutLayer(dropout), networkLayer(inner, Name="outer")]
    ))  # fmt: skip


def test_no_distance_means_that_predict_agrees_with_forward() -> None:
    net = deep()
    assert not statistics_report(net, X).trusted
    net.State = dlupdate(double, net.State)
    net.State = population_statistics(net, [X])
    report = statistics_report(net, X)
    assert report.trusted and [x.layer for x in report.layers] == ["first", "outer/bn"]
    assert max([max(x.mean, x.variance) for x in report.layers]) < 1e-12
    np.testing.assert_allclose(numbers(predict(net, X)), numbers(forward(net, X)[0]), atol=1e-12)


def test_dropout_is_left_out() -> None:
    rng(1)
    plain = statistics_report(deep(), X).layers
    rng(1)
    assert statistics_report(deep(dropout=0.5), X).layers == plain


def test_it_learns_to_trust() -> None:
    net, verdicts = small(), []
    for _ in range(80):
        verdicts.append(statistics_report(net, X).trusted)
        _, net.State = forward(net, X)
    assert not verdicts[0] and verdicts[-1]
    assert verdicts == sorted(verdicts), "trust comes once and stays"
    (layer,) = statistics_report(net, X).layers
    assert layer.updates == 80 and layer.problem == ""
    (elsewhere,) = statistics_report(net, dlarray(numbers(X) * 5 + 7, "CB")).layers
    assert elsewhere.problem == "far from the mean"
    (wider,) = statistics_report(net, dlarray(numbers(X) * 5, "CB")).layers
    assert wider.problem == "far from the variance"


def test_reasons() -> None:
    net = small()
    assert statistics_report(net, X).layers[0].problem == "never given nor learned"
    far = dlarray(numbers(X) + 50, "CB")
    _, net.State = forward(net, far)
    (layer,) = statistics_report(net, far).layers
    assert layer.problem == "far from the mean: 90 % of it is its start" and layer.updates == 1
    net.State = population_statistics(net, [X])
    net = train(net, 9)
    assert statistics_report(net, X).trusted
    net = train(net, 1)
    (layer,) = statistics_report(net, X).layers
    assert layer.problem == "not assigned for 10 steps of training: net.State = state"


def test_updates_are_those_of_this_network() -> None:
    net = dlnetwork([featureInputLayer(3), batchNormalizationLayer(Name="a"),
                     fullyConnectedLayer(2), batchNormalizationLayer(Name="b")])  # fmt: skip
    updates = lambda net: [layer.updates for layer in statistics_report(net, X).layers]
    _, net.State = forward(net, X)
    _, net.State = forward(net, X, Statistics={"a": "fixed"})
    assert updates(net) == [1, 2]
    other = copy.copy(net)
    _, other.State = forward(other, X)
    assert updates(other) == [2, 3] and updates(net) == [1, 2]
    assert updates(pickle.loads(pickle.dumps(net))) == [1, 2]
    assert updates(copy.deepcopy(net)) == [1, 2]

    def inside(net: dlnetwork) -> Any:
        _, net.State = forward(net, X)
        return mse(forward(net, X)[0], T)

    dlfeval(inside, net)
    assert updates(net) == [1, 2], "what dlfeval's function assigns does not reach the caller"


def test_how_it_is_shown() -> None:
    net = small()
    report = statistics_report(net, X)
    text = repr(report)
    assert text.splitlines()[0] == "predict can be trusted: not yet"
    for word in ("Layer", "Mean", "Variance", "Updates", "no: never given nor learned"):
        assert word in text
    assert "<caption>predict can be trusted: not yet</caption>" in report._repr_html_()
    assert "<td" in report._repr_html_() and "bn" in report._repr_html_()
    net.State = population_statistics(net, [X])
    assert repr(statistics_report(net, X)).splitlines()[0] == "predict can be trusted: yes"
    empty = statistics_report(dlnetwork([featureInputLayer(3)]), X)
    assert empty.trusted and repr(empty) == empty._repr_html_()
    assert repr(empty) == "The network keeps no statistics: forward and predict need none"


def test_data_that_says_nothing() -> None:
    with pytest.raises(ValueError, match="statistics_report: X gives layer 'bn' one element for"):
        statistics_report(small(), features(1))
    with pytest.raises(ValueError, match="statistics_report: the data has no observations"):
        statistics_report(small(), dlarray(np.zeros((3, 0)), "CB"))
    with pytest.raises(ValueError, match="statistics_report: the network has 1 inputs"):
        statistics_report(small(), X, X)
    with pytest.raises(TypeError, match="statistics_report: the first argument is a dlnetwork"):
        statistics_report("net", X)


def test_nan_is_not_trusted() -> None:
    net = small(TrainedMean=np.full((4, 1), math.nan), TrainedVariance=np.ones((4, 1)))
    assert not statistics_report(net, X).trusted


# ---- the warning --------------------------------------------------------------------------------


def warned(net: dlnetwork, *inputs: dlarray) -> str:
    """What predict warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        predict(net, *(inputs or (X,)))
    for warning in caught:
        assert warning.category is StatisticsWarning and warning.filename == __file__
    return " ".join([str(warning.message) for warning in caught])


def test_predict_after_steps_that_never_assigned_state() -> None:
    net = train(small(), 1)
    message = warned(net)
    assert message.startswith("predict uses the statistics that State started with: the State")
    assert "write net.State = state in each step, or net.State = population_s" in message
    assert not warned(net) and not warned(train(net, 3)), "once for a network"
    other = copy.copy(train(small(), 1))
    assert warned(other) and not warned(other)


def test_predict_after_many_steps_without_an_assignment() -> None:
    net = small()
    _, net.State = forward(net, X)
    net = train(net, 9)
    gradients, _ = dlfeval(modelLoss, net, X, T)
    with pytest.raises(ValueError, match="meets a gradient"):
        sgdmupdate(net, dlupdate(lambda g: dlarray(0.0), gradients), [], 0.001)
    assert not warned(net), "what was refused is no step"
    net = small()
    _, net.State = forward(net, X)
    assert "uses State as it was 10 steps of training ago" in warned(train(net, 10))


def test_all_solvers_and_updates_by_hand_count() -> None:
    def adam(net: dlnetwork, g: Any) -> dlnetwork:
        return adamupdate(net, g, [], [], 1)[0]

    def of_table(net: dlnetwork, g: Any) -> dlnetwork:
        net.Learnables, _ = sgdmupdate(net.Learnables, g, [])
        return net

    def by_hand(net: dlnetwork, g: Any) -> dlnetwork:
        return dlupdate(lambda w, g: w - 0.01 * g, net, g)

    def in_a_dict(net: dlnetwork, g: Any) -> dlnetwork:
        return sgdmupdate({"net": net}, {"net": g}, [])[0]["net"]

    for step in (adam, of_table, by_hand, in_a_dict):
        net = small()
        gradients, _ = dlfeval(modelLoss, net, X, T)
        assert warned(step(net, gradients)), step.__name__


def test_state_assigned_inside_dlfeval_is_lost_and_that_is_noticed() -> None:
    def loss(net: dlnetwork) -> Any:
        Y, net.State = forward(net, X)
        return dlgradient(mse(Y, T), net.Learnables)

    net = small()
    net, _ = sgdmupdate(net, dlfeval(loss, net), [])
    assert warned(net)


@pytest.mark.parametrize(
    "harmless",
    [
        small,
        lambda: train(small(), 20, keep=lambda _: True),
        lambda: train(small(), 25, keep=lambda i: i % 9 == 0),
        lambda: train(small(), 20, verb=predict),
        lambda: train(fix_statistics(assigned()), 20),
        lambda: train(small(Statistics="fixed", TrainedMean=np.zeros(4),
                            TrainedVariance=np.ones(4)), 20),
        lambda: dlupdate(double, evaluated()),
        lambda: population(train(small(), 20)),
        lambda: edited(train(small(), 20)),
        lambda: dlupdate(lambda w: w * 0.0, train(dlnetwork([featureInputLayer(3),
                                                            fullyConnectedLayer(2)]), 20)),
    ],
    ids=["fresh", "kept", "kept now and then", "trained by predict", "fixed", "given and fixed",
         "forward without steps", "population statistics", "values replaced", "no statistics"],
)  # fmt: skip
def test_what_is_harmless_is_not_warned_of(harmless: Callable[[], dlnetwork]) -> None:
    assert warned(harmless()) == ""


def assigned() -> dlnetwork:
    net = small()
    _, net.State = forward(net, X)
    return net


def evaluated() -> dlnetwork:
    net = small()
    for _ in range(30):
        forward(net, X)
    return net


def population(net: dlnetwork) -> dlnetwork:
    net.State = population_statistics(net, [X])
    return net


def edited(net: dlnetwork) -> dlnetwork:
    net.State.Value = [normal((4, 1), 1), np.ones((4, 1))]
    return net


def test_two_networks_and_several_forwards_in_a_step() -> None:
    """As a generator and a discriminator: only the State of one is kept, and only it predicts."""
    generator, discriminator = small(), small()

    def losses(g: dlnetwork, d: dlnetwork) -> Any:
        made, state = forward(g, X)
        inner = dlarray(numbers(X), "CB") + 0.0 * made[0, :]
        real, fake = forward(d, X)[0], forward(d, inner)[0]
        loss = mse(fake, T)
        return dlgradient(loss, g.Learnables, RetainData=True), dlgradient(
            loss + mse(real, T), d.Learnables), state  # fmt: skip

    for _ in range(15):
        to_g, to_d, generator.State = dlfeval(losses, generator, discriminator)
        generator, _ = sgdmupdate(generator, to_g, [])
        discriminator, _ = sgdmupdate(discriminator, to_d, [])
        assert warned(generator) == ""
    assert "State started with" in warned(discriminator)
