"""Statistics of whole data sets, and of several forwards in one step."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks import features, small
from tests.strategies import normal, numbers
from tinydl import (
    Layer,
    additionLayer,
    addLayers,
    batchNormalizationLayer,
    connectLayers,
    convolution2dLayer,
    dlarray,
    dlnetwork,
    dlupdate,
    double,
    dropoutLayer,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    imageInputLayer,
    layerGraph,
    lstmLayer,
    merge_states,
    networkLayer,
    population_statistics,
    predict,
    rand,
    reluLayer,
    rng,
    sequenceInputLayer,
    tanhLayer,
)
from tinydl.network.moments import Moments

SIZES = (3, 7, 1, 5)


def in_double(net: dlnetwork) -> dlnetwork:
    net = dlupdate(double, net)
    net.State = dlupdate(double, net.State)
    return net


def two(dropout: float = 0.0) -> dlnetwork:
    """Two batch normalizations, with Scale and Offset that matter."""
    rng(3)
    net = in_double(dlnetwork(
        [featureInputLayer(3, Name="in"), fullyConnectedLayer(4, Name="fc1"),
         batchNormalizationLayer(Name="bn1", Scale=normal((4, 1), 1), Offset=normal((4, 1), 2)),
         tanhLayer(), dropoutLayer(dropout), fullyConnectedLayer(2, Name="fc2"),
         batchNormalizationLayer(Name="bn2")]
    ))  # fmt: skip
    return net


def batches(sizes: tuple[int, ...] = SIZES, channels: int = 3) -> list[dlarray]:
    return [dlarray(3 * normal((channels, n), i) + i, "CB") for i, n in enumerate(sizes)]


def joined() -> dlarray:
    return dlarray(np.concatenate([numbers(x) for x in batches()], axis=1), "CB")


def by_hand(parts: list[Any], net: dlnetwork) -> list[Any]:
    """Means and variances of the two layers; each part is normalized by its own statistics."""
    weights = {row[:2]: numbers(row.Value) for row in net.Learnables}
    found = []
    for fc, bn in (("fc1", "bn1"), ("fc2", "bn2")):
        parts = [weights[fc, "Weights"] @ x + weights[fc, "Bias"] for x in parts]
        whole = np.concatenate(parts, axis=1)
        found += [whole.mean(axis=1, keepdims=True), whole.var(axis=1, keepdims=True)]
        parts = [(x - x.mean(axis=1, keepdims=True))
                 / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5) for x in parts]  # fmt: skip
        parts = [np.tanh(weights[bn, "Scale"] * x + weights[bn, "Offset"]) for x in parts]
    return found


def assert_near(state: Any, expected: list[Any], rtol: float = 1e-12) -> None:
    for value, wanted in zip(state.Value, expected, strict=True):
        np.testing.assert_allclose(numbers(value), wanted, rtol=rtol, atol=rtol)


def test_exact_statistics_are_those_of_all_data_layer_after_layer() -> None:
    net, data = two(), batches()
    before = net.State.copy()
    state = population_statistics(net, data)
    assert_near(state, by_hand([np.concatenate([numbers(x) for x in data], axis=1)], net))
    assert net.State.is_equal_to(before) and state.rows == net.State.rows


def test_one_pass_normalizes_by_each_mini_batch() -> None:
    net, data = two(), batches((3, 7, 2, 5))
    state = population_statistics(net, iter(data), Method="one-pass")
    assert_near(state, by_hand([numbers(x) for x in data], net))
    exact = population_statistics(net, data)
    assert_near(state[:2], [numbers(v) for v in exact.Value[:2]])  # nothing comes before bn1
    assert np.abs(numbers(state.Value[3]) / numbers(exact.Value[3]) - 1).max() > 0.01


def test_predict_then_agrees_with_forward_over_all_data() -> None:
    net = two()
    X = dlarray(np.concatenate([numbers(x) for x in batches()], axis=1), "CB")
    net.State = population_statistics(net, batches())
    np.testing.assert_allclose(numbers(predict(net, X)), numbers(forward(net, X)[0]), atol=1e-12)


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5), seed=st.integers(0, 9999))
def test_how_data_is_cut_does_not_matter(sizes: list[int], seed: int) -> None:
    net = two()
    x = normal((3, sum(sizes) + 2), seed) * 5 + 100
    cuts = np.cumsum([0, *sizes, 2])
    data = [dlarray(x[:, a:b], "CB") for a, b in itertools.pairwise(cuts)]
    expected = population_statistics(net, [dlarray(x, "CB")])
    assert_near(population_statistics(net, data), [numbers(v) for v in expected.Value], 1e-10)


def test_moments_far_from_zero_are_not_cancelled() -> None:
    x = normal((2, 1000), 1) + 1e7
    parts = [Moments.of(dlarray(p, "CB")) for p in np.split(x, [10, 500, 501], axis=1)]
    merged = parts[0].merged(parts[1]).merged(parts[2]).merged(parts[3])
    np.testing.assert_allclose(merged.variance, x.var(axis=1), rtol=1e-10)


@pytest.mark.parametrize("method", ["exact", "one-pass"])
def test_dropout_does_nothing_and_draws_nothing(method: str) -> None:
    net, without = two(dropout=0.5), two()
    rng(7)
    expected = rand(3)
    rng(7)
    state = population_statistics(net, batches((3, 4)), Method=method)
    np.testing.assert_array_equal(rand(3), expected)
    assert state.is_equal_to(population_statistics(without, batches((3, 4)), Method=method))


def test_state_keeps_its_class_and_is_computed_in_double() -> None:
    single = dlupdate(double, small())
    assert {v.dtype.name for v in single.State.Value} == {"float32"}
    found = population_statistics(single, batches())
    assert {v.dtype.name for v in found.Value} == {"float32"}
    exact = population_statistics(in_double(small()), batches())
    for value, other in zip(found.Value, exact.Value, strict=True):
        np.testing.assert_array_equal(numbers(value), numbers(other).astype("float32"))


def by_predict(net: dlnetwork, X: tuple[dlarray, ...], sources: dict[str, str]) -> Any:
    """The same by predict alone: sources names what enters each layer, in their order."""
    for name, source in sources.items():
        Y = predict(net, *X, Outputs=source)
        axis = tuple([i for i, label in enumerate(Y.dims) if label != "C"])
        at = net.State.rows.index((name, "TrainedMean"))
        shape = net.State.Value[at].shape
        net.State.Value[at] = numbers(Y).mean(axis=axis).reshape(shape)
        net.State.Value[at + 1] = numbers(Y).var(axis=axis).reshape(shape)
    return net.State


def forked() -> dlnetwork:
    """Two branches, one with a batch normalization and one with two, and a last one on the sum."""
    graph = layerGraph(
        [featureInputLayer(3, Name="in"), fullyConnectedLayer(4, Name="a"),
         batchNormalizationLayer(Name="n1"), additionLayer(2, Name="add"),
         batchNormalizationLayer(Name="n4"), reluLayer(Name="out")]
    )  # fmt: skip
    graph = addLayers(
        graph, [batchNormalizationLayer(Name="n2"), fullyConnectedLayer(4, Name="b"),
                batchNormalizationLayer(Name="n3"), tanhLayer(Name="tanh")]
    )  # fmt: skip
    rng(4)
    return in_double(dlnetwork(connectLayers(connectLayers(graph, "in", "n2"), "tanh", "add/in2")))


def test_branches_and_layers_at_one_depth() -> None:
    data = batches()
    X = dlarray(np.concatenate([numbers(x) for x in data], axis=1), "CB")
    passes = 0

    def again() -> Iterator[dlarray]:
        nonlocal passes
        passes += 1
        return iter(data)

    state = population_statistics(forked(), again)
    expected = by_predict(forked(), (X,), {"n2": "in", "n1": "a", "n3": "b", "n4": "add"})
    assert_near(state, [numbers(v) for v in expected.Value])
    assert passes == 3  # n1 and n2 share one


def nested() -> dlnetwork:
    """A batch normalization, and two within networks, the first of which a network begins with."""
    inner = dlnetwork([fullyConnectedLayer(3, Name="fc"), batchNormalizationLayer(Name="bn")],
                      Initialize=False)  # fmt: skip
    block = dlnetwork([batchNormalizationLayer(Name="bn"), networkLayer(inner, Name="inner")],
                      Initialize=False)  # fmt: skip
    rng(2)
    return in_double(dlnetwork([networkLayer(block, Name="outer"), tanhLayer(Name="tanh"),
                                batchNormalizationLayer(Name="last")],
                               dlarray(normal((3, 2), 1), "CB")))  # fmt: skip


def test_nested_networks_and_no_input_layer() -> None:
    data = batches()
    net = nested()
    state = population_statistics(net, data)
    X = np.concatenate([numbers(x) for x in data], axis=1)
    fc = numbers(net.Learnables.get("outer/inner/fc", "Weights"))
    expected = []
    for step in (lambda x: x, lambda x: fc @ x, np.tanh):
        X = step(X)
        mean, variance = X.mean(axis=1, keepdims=True), X.var(axis=1, keepdims=True)
        expected += [mean, variance]
        X = (X - mean) / np.sqrt(variance + 1e-5)
    assert [row.Layer for row in state[::2]] == ["outer/bn", "outer/inner/bn", "last"]
    assert_near(state, expected)


def test_some_layers_only() -> None:
    net = two()
    only = population_statistics(net, iter(batches()), "bn2")
    assert only[:2].is_equal_to(net.State[:2])
    expected = by_predict(two(), (joined(),), {"bn2": "fc2"})
    assert_near(only, [numbers(v) for v in expected.Value])
    both = population_statistics(net, batches(), ["bn1", "bn2"])
    assert both.is_equal_to(population_statistics(net, batches()))


def test_images_and_several_inputs() -> None:
    rng(0)
    graph = layerGraph([imageInputLayer([5, 5, 2], Name="x", Normalization="none"),
                        convolution2dLayer(3, 4, Name="conv"), batchNormalizationLayer(Name="bn"),
                        additionLayer(2, Name="add")])  # fmt: skip
    graph = addLayers(graph, imageInputLayer([3, 3, 4], Name="y", Normalization="none"))
    net = in_double(dlnetwork(connectLayers(graph, "y", "add/in2")))
    data = [(dlarray(normal((5, 5, 2, n), n), "SSCB"), dlarray(normal((3, 3, 4, n), n), "SSCB"))
            for n in (2, 5)]  # fmt: skip
    X = tuple([dlarray(np.concatenate([numbers(p[i]) for p in data], axis=3), "SSCB")
               for i in (0, 1)])  # fmt: skip
    state = population_statistics(net, data)
    assert state.Value[0].shape == (1, 1, 4)
    assert_near(state, [numbers(v) for v in by_predict(net, X, {"bn": "conv"}).Value])


def test_sequences_count_by_their_length_and_keep_their_state() -> None:
    rng(0)
    net = in_double(dlnetwork([sequenceInputLayer(2), lstmLayer(3, Name="lstm"),
                               batchNormalizationLayer(Name="bn")]))  # fmt: skip
    data = [dlarray(normal((2, 4, t), t), "CBT") for t in (2, 9)]
    state = population_statistics(net, data)
    made = np.concatenate([numbers(predict(net, x, Outputs="lstm")).reshape(3, -1) for x in data],
                          axis=1)  # fmt: skip
    found = state[state.Layer == "bn"]
    assert_near(found, [made.mean(axis=1, keepdims=True), made.var(axis=1, keepdims=True)])
    rest = state.Layer == "lstm"
    assert state[rest].is_equal_to(net.State[rest])


def test_a_network_without_statistics() -> None:
    net = dlnetwork([featureInputLayer(3), reluLayer()])
    assert len(population_statistics(net, iter(batches()))) == 0


def test_data_that_does_not_do() -> None:
    net, data = two(), batches()
    with pytest.raises(ValueError, match=r"this list_iterator .* once, and 2 passes .*one-pass"):
        population_statistics(net, iter(data))
    for wrong in (data[0], numbers(data[0]), 5):
        with pytest.raises(TypeError, match=r"a list of mini-batches, or a function .* \[X\]"):
            population_statistics(net, wrong)
    for empty in ([], [dlarray(np.zeros((3, 0)), "CB")]):
        with pytest.raises(ValueError, match="population_statistics: the data has no observations"):
            population_statistics(net, empty)
    with pytest.raises(ValueError, match="Method is one of exact, one-pass, not 'two'"):
        population_statistics(net, data, Method="two")
    with pytest.raises(ValueError, match="layer 'fc1' keeps no statistics; those that do are bn1"):
        population_statistics(net, data, "fc1")
    with pytest.raises(ValueError, match="population_statistics: the network has 1 inputs"):
        population_statistics(net, [(data[0], data[1])])
    with pytest.raises(TypeError, match="population_statistics: the first argument is a dlnetwork"):
        population_statistics([net], data)


# ---- several forwards in one step ----------------------------------------------------------------


def merged_and_one(net: dlnetwork, data: list[dlarray]) -> tuple[Any, Any]:
    states = [forward(net, X)[-1] for X in data]
    whole = dlarray(np.concatenate([numbers(X) for X in data], axis=1), "CB")
    return merge_states(net, states, [X.shape[1] for X in data]), forward(net, whole)[-1]


@settings(deadline=None, max_examples=25)
@given(
    sizes=st.lists(st.integers(2, 6), min_size=1, max_size=4),
    decays=st.tuples(st.floats(0.05, 1.0), st.floats(0.05, 1.0)),
    seed=st.integers(0, 9999),
)
def test_merged_states_are_those_of_one_forward(sizes: Any, decays: Any, seed: int) -> None:
    options = dict(zip(("MeanDecay", "VarianceDecay"), decays, strict=True))
    start = {"TrainedMean": normal((4, 1), 5), "TrainedVariance": np.full((4, 1), 2.0)}
    net = in_double(small(**options, **start))
    data = [dlarray(normal((3, n), seed + i) + i, "CB") for i, n in enumerate(sizes)]
    merged, one = merged_and_one(net, data)
    assert_near(merged, [numbers(v) for v in one.Value], 1e-11)


def test_merged_states_in_single_precision() -> None:
    net = small()
    merged, one = merged_and_one(net, [features(5), features(9, seed=2)])
    assert {v.dtype.name for v in merged.Value} == {"float32"}
    assert_near(merged, [numbers(v) for v in one.Value], 1e-6)


def test_only_the_first_layer_is_that_of_one_forward() -> None:
    merged, one = merged_and_one(two(), batches((3, 6)))
    assert_near(merged[:2], [numbers(v) for v in one.Value[:2]], 1e-11)
    assert np.abs(numbers(merged.Value[3]) - numbers(one.Value[3])).max() > 1e-5
    net, parts = two(), [numbers(x) for x in batches((3, 6))]
    expected = by_hand(parts, net)  # each part normalized by its own statistics
    start = [numbers(v) for v in net.State.Value]
    assert_near(merged, [0.1 * a + 0.9 * b for a, b in zip(expected, start, strict=True)], 1e-11)


def test_fixed_statistics_and_decays_of_0_stay() -> None:
    for options, call in (({}, {"Statistics": "fixed"}),
                          ({"MeanDecay": 0, "VarianceDecay": 0}, {})):  # fmt: skip
        net = small(TrainedMean=normal((4, 1), 5) / 3, TrainedVariance=np.full((4, 1), 0.7),
                    **options)  # fmt: skip
        states = [forward(net, X, **call)[-1] for X in (features(5), features(4, seed=3))]
        merged = merge_states(net, states, [5, 4])
        for value, old in zip(merged.Value, net.State.Value, strict=True):
            np.testing.assert_array_equal(numbers(value), numbers(old))
    net = small(VarianceDecay=0)
    merged, one = merged_and_one(net, [features(5), features(9, seed=2)])
    assert_near(merged, [numbers(v) for v in one.Value], 1e-6)
    net = small(MeanDecay=0)
    with pytest.raises(ValueError, match="layer 'bn' has MeanDecay=0; State does not tell"):
        merged_and_one(net, [features(5), features(9, seed=2)])


def test_sequences_keep_their_state_while_statistics_merge() -> None:
    rng(0)
    net = dlnetwork([sequenceInputLayer(2), batchNormalizationLayer(Name="bn"),
                     lstmLayer(3, Name="lstm")])  # fmt: skip
    X = [dlarray(normal((2, 4, t), t), "CBT") for t in (2, 9)]
    merged = merge_states(net, [forward(net, x)[-1] for x in X], [4 * 2, 4 * 9])
    whole = forward(net, dlarray(np.concatenate([numbers(x) for x in X], axis=2), "CBT"))[-1]
    rest = merged.Layer == "lstm"
    assert merged[rest].is_equal_to(net.State[rest])
    assert_near(merged[~rest], [numbers(v) for v in whole[~rest].Value], 1e-6)


def test_states_that_cannot_be_merged() -> None:
    net = small()
    states = [forward(net, X)[-1] for X in (features(5), features(4, seed=3))]
    call: Callable[..., Any] = lambda *a: merge_states(net, *a)
    with pytest.raises(ValueError, match="2 states and 1 counts were given"):
        call(states, [5])
    with pytest.raises(ValueError, match="0 states and 0 counts were given"):
        call([], [])
    for n in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="counts are numbers of observations, not"):
            call(states, [5, n])
    with pytest.raises(TypeError, match=r"tables of the rows of net\.State, not list"):
        call([states[0], [1]], [5, 4])
    with pytest.raises(ValueError, match="the tables have different rows"):
        call([states[0], two().State], [5, 4])
    for _ in range(30):
        _, net.State = forward(net, dlarray(numbers(features()) * 9, "CB"))
    with pytest.raises(ValueError, match=r"do not follow from net\.State as it is"):
        call(states, [5, 4])


class Counting(Layer):
    """A layer of a user whose State sums up what it saw."""

    Stateful = ("Count",)

    def __init__(self) -> None:
        self.Name = "counting"
        self.Count = [[0.0]]

    def predict(self, X: dlarray) -> dlarray:
        return X

    def forward(self, X: dlarray) -> tuple[dlarray, dlarray]:
        return X, self.Count + X[0, 0]


def test_the_state_of_other_layers_must_agree() -> None:
    net = dlnetwork([featureInputLayer(3), Counting()])
    one, two_ = [forward(net, dlarray(np.full((3, 2), x), "CB"))[-1] for x in (1.0, 2.0)]
    assert float(merge_states(net, [one, one], [2, 2]).Value[0]) == 1.0
    with pytest.raises(ValueError, match="'Count' of layer 'counting' differs between the states"):
        merge_states(net, [one, two_], [2, 2])
