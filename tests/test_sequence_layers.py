"""Sequence layers in networks: State, padding, positions, training, files, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal, numbers, same
from tinydl import (
    adamupdate,
    addLayers,
    analyzeNetwork,
    attentionLayer,
    bilstmLayer,
    connectLayers,
    crossentropy,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    expandLayers,
    extractdata,
    forward,
    freezeNetwork,
    fullyConnectedLayer,
    getLearnRateFactor,
    globalAveragePooling1dLayer,
    gruLayer,
    indexing1dLayer,
    initialize,
    l2loss,
    layerGraph,
    load,
    lstmLayer,
    networkDataLayout,
    networkLayer,
    positionEmbeddingLayer,
    predict,
    resetState,
    rng,
    save,
    selfAttentionLayer,
    sequenceInputLayer,
    setLearnRateFactor,
    sinusoidalPositionEncodingLayer,
    softmaxLayer,
    sum,
    wordEmbeddingLayer,
)

CBT = networkDataLayout([3, None, None], "CBT")
RECURRENT = {"lstm": lstmLayer, "bilstm": bilstmLayer, "gru": gruLayer}
every_recurrent = pytest.mark.parametrize("kind", RECURRENT.values(), ids=RECURRENT)
forwards_only = pytest.mark.parametrize("kind", [lstmLayer, gruLayer])
verbs = pytest.mark.parametrize("verb", ["forward", "predict"])


def network(*layers: Any) -> dlnetwork:
    """Layers behind a sequence input, in double precision."""
    rng(1)
    net = dlupdate(double, dlnetwork([sequenceInputLayer(3, Name="in"), *layers]))
    net.State = dlupdate(double, net.State)
    return net


def sequences(times: int = 5, observations: int = 2, seed: int = 0) -> dlarray:
    return dlarray(normal((3, observations, times), seed), "CBT")


def run(verb: str, net: dlnetwork, X: dlarray) -> Any:
    return forward(net, X) if verb == "forward" else predict(net, X, nargout=2)


def assert_close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-13, atol=1e-13)


# ---- first values -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "halves"), [(lstmLayer, 1), (bilstmLayer, 2)])
def test_the_forget_gates_start_open(kind: Any, halves: int) -> None:
    net = dlnetwork([kind(2)], CBT)
    W, R, b = [numbers(v) for v in net.Learnables.Value]
    assert W.shape == (8 * halves, 3) and R.shape == (8 * halves, 2) and b.shape == (8 * halves, 1)
    np.testing.assert_array_equal(b[:, 0], [0, 0, 1, 1, 0, 0, 0, 0] * halves)
    np.testing.assert_allclose(R.T @ R, np.eye(2), atol=1e-6)
    assert np.abs(W).max() <= np.sqrt(6 / (3 + 8 * halves))
    assert {v.dtype for v in (W, R, b)} == {np.dtype("float32")}


@every_recurrent
def test_states_start_with_single_zeros_or_as_given(kind: Any) -> None:
    units = 4 if kind is bilstmLayer else 2
    for value in dlnetwork([kind(2)], CBT).State.Value:
        assert value.shape == (units, 1) and value.dtype == np.float32 and not numbers(value).any()
    given = np.arange(1.0, units + 1)
    net = dlnetwork([kind(2, HiddenState=given)], CBT)
    np.testing.assert_array_equal(numbers(net.State.Value[0]), given[:, None])
    with pytest.raises(ValueError, match=rf"HiddenState of layer '\w+': 7 was given, {units}×1 is"):
        dlnetwork([kind(2, HiddenState=np.ones(7))], CBT)


# ---- State --------------------------------------------------------------------------------------


@forwards_only
@verbs
@pytest.mark.parametrize("cut", [1, 3])
def test_a_sequence_in_two_parts_is_the_whole_one(verb: str, kind: Any, cut: int) -> None:
    net, X = network(kind(4)), sequences()
    whole, last = run(verb, net, X)
    first, net.State = run(verb, net, X[:, :, :cut])
    second, state = run(verb, net, X[:, :, cut:])
    assert_close(np.concatenate([numbers(first), numbers(second)], 2), whole)
    for a, b in zip(state.Value, last.Value, strict=True):
        assert_close(a, b)
    np.testing.assert_array_equal(numbers(last.Value[0]), numbers(whole)[:, :, -1])


@every_recurrent
@verbs
def test_resetting_begins_again(verb: str, kind: Any) -> None:
    net, X = network(kind(2, HiddenState=[0.5] * (4 if kind is bilstmLayer else 2))), sequences()
    first, state = run(verb, net, X)
    before = net.State
    assert before.Value[0].shape[1] == 1, "a call does not change its network"
    net.State = state
    assert [v.shape[1] for v in net.State.Value] == [2] * len(state)
    again, _ = run(verb, net, X)
    assert not same(again, first)
    assert same(run(verb, resetState(net), X)[0], first)


@every_recurrent
def test_other_observations_need_a_new_state(kind: Any) -> None:
    net = network(kind(2, Name="r"))
    _, net.State = predict(net, sequences(), nargout=2)
    words = (r"layer 'r' .*: HiddenState is that of 2 sequences, and the input is 3\(C\) × 4\(B\) "
             r"× 5\(T\) dlarray; use net = resetState\(net\)")  # fmt: skip
    with pytest.raises(ValueError, match=words):
        predict(net, sequences(5, 4))
    assert predict(resetState(net), sequences(5, 4)).shape[1:] == (4, 5)


def test_state_inside_of_nested_networks() -> None:
    inner = dlnetwork([lstmLayer(2, Name="r")], CBT)
    net = network(networkLayer(inner, Name="deep"))
    X = sequences()
    whole = predict(net, X)
    _, net.State = predict(net, X[:, :, :2], nargout=2)
    assert net.State.rows == [("deep/r", "HiddenState"), ("deep/r", "CellState")]
    assert net.State.Value[0].shape == (2, 2)
    assert_close(predict(net, X[:, :, 2:]), whole[:, :, 2:])
    assert_close(predict(expandLayers(net), X[:, :, 2:]), whole[:, :, 2:])
    assert same(predict(resetState(net), X), whole)
    assert not same(predict(net, X), whole)


def test_the_state_is_a_constant_of_the_next_step() -> None:
    """Differentiation ends where a sequence was cut."""
    net, X = network(gruLayer(2)), sequences()

    def slopes(net: dlnetwork, X: dlarray) -> Any:
        _, net.State = forward(net, X[:, :, :3])
        Y, _ = forward(net, X[:, :, 3:])
        return dlgradient(sum(Y, "all"), X)

    found = numbers(dlfeval(slopes, net, X))
    assert not found[:, :, :3].any() and found[:, :, 3:].all()


def test_of_a_single_state_comes_a_single_result() -> None:
    net = dlupdate(double, dlnetwork([sequenceInputLayer(3), lstmLayer(2)]))
    assert predict(net, sequences()).dtype == np.float32
    net.State = dlupdate(double, net.State)
    Y, state = predict(net, sequences(), nargout=2)
    assert {v.dtype for v in (Y, *state.Value)} == {np.dtype(float)}


@every_recurrent
def test_networks_with_a_state_are_kept_in_files(kind: Any, tmp_path: Path) -> None:
    net, X = network(kind(2)), sequences()
    _, net.State = predict(net, X, nargout=2)
    save(tmp_path / "net", net=net)
    restored = load(tmp_path / "net")["net"]
    assert restored.is_equal_to(net)
    assert same(predict(restored, X), predict(net, X))
    assert same(predict(resetState(restored), X), predict(resetState(net), X))


@every_recurrent
def test_a_state_that_is_set_survives_initialize_and_analysis(kind: Any) -> None:
    net = network(kind(2), fullyConnectedLayer(1))
    _, net.State = predict(net, sequences(), nargout=2)
    assert initialize(net).State.is_equal_to(net.State)
    assert not analyzeNetwork(net).Issues
    layer = net.Layers[1]
    assert same(layer.HiddenState, net.State.Value[0])
    assert type(layer)(**layer.options()).HiddenState is layer.HiddenState


# ---- outputs ------------------------------------------------------------------------------------


@forwards_only
def test_the_last_output_is_that_of_the_last_time(kind: Any) -> None:
    X = sequences()
    every, last = [predict(network(kind(2, OutputMode=mode)), X) for mode in ("sequence", "last")]
    assert last.dims == "CB"
    np.testing.assert_array_equal(numbers(last), numbers(every)[:, :, -1])
    one = predict(network(kind(2, OutputMode="last")), dlarray(numbers(X)[:, 0], "CT"))
    assert one.dims == "C"
    assert_close(one, numbers(last)[:, 0])


def test_two_directions_are_two_lstms() -> None:
    X = sequences()
    both = network(bilstmLayer(2))
    ahead, back = network(lstmLayer(2)), network(lstmLayer(2))
    W, R, b = both.Learnables.Value
    ahead.Learnables.Value = [W[:8, :], R[:8, :], b[:8, :]]
    back.Learnables.Value = [W[8:, :], R[8:, :], b[8:, :]]
    Y, state = predict(both, X, nargout=2)
    Y1, state1 = predict(ahead, X, nargout=2)
    Y2, state2 = predict(back, dlarray(numbers(X)[:, :, ::-1], "CBT"), nargout=2)
    assert_close(Y, np.concatenate([numbers(Y1), numbers(Y2)[:, :, ::-1]]))
    for both_, one, other in zip(state.Value, state1.Value, state2.Value, strict=True):
        assert_close(both_, np.concatenate([numbers(one), numbers(other)]))
    last = predict(network(bilstmLayer(2, OutputMode="last")), X)
    assert_close(last, np.concatenate([numbers(Y)[:2, :, -1], numbers(Y)[2:, :, 0]]))


def test_an_encoder_hands_its_state_to_a_decoder() -> None:
    graph = layerGraph([sequenceInputLayer(3, Name="source"),
                        lstmLayer(2, HasStateOutputs=True, Name="encoder")])  # fmt: skip
    graph = addLayers(graph, [sequenceInputLayer(3, Name="target"),
                              lstmLayer(2, HasStateInputs=True, Name="decoder")])  # fmt: skip
    for port in ("hidden", "cell"):
        graph = connectLayers(graph, f"encoder/{port}", f"decoder/{port}")
    net = dlnetwork(graph, OutputNames=["decoder"])
    assert net.State.rows == [("encoder", "HiddenState"), ("encoder", "CellState")]
    X, T = sequences(), sequences(4, 2, 1)
    parameters = [{row.Parameter: row.Value for row in net.Learnables if row.Layer == name}
                  for name in ("encoder", "decoder")]  # fmt: skip
    first = dlnetwork([sequenceInputLayer(3), lstmLayer(2, **parameters[0])])
    _, state = predict(first, X, nargout=2)
    states = {row.Parameter: row.Value for row in state}
    second = dlnetwork([sequenceInputLayer(3), lstmLayer(2, **parameters[1], **states)])
    np.testing.assert_allclose(numbers(predict(net, X, T)), numbers(predict(second, T)), rtol=1e-6)


# ---- padding ------------------------------------------------------------------------------------

LENGTHS = [3, 5]
SEEN = np.arange(5) < np.array(LENGTHS)[:, None]


def padded(fill: float) -> dlarray:
    """A batch of sequences of several lengths, with something behind their ends."""
    return dlarray(np.where(SEEN, numbers(sequences()), fill), "CBT")


@pytest.mark.parametrize(
    "layer",
    [lstmLayer(2), gruLayer(2), selfAttentionLayer(2, 4, AttentionMask="causal")],
    ids=lambda layer: layer.short,
)
def test_what_stands_behind_the_end_does_not_reach_earlier_outputs(layer: Any) -> None:
    found, other = [numbers(predict(network(layer), padded(fill))) for fill in (0.0, 9.0)]
    np.testing.assert_array_equal(found[:, SEEN], other[:, SEEN])
    assert (found[:, ~SEEN] != other[:, ~SEEN]).any()


@forwards_only
def test_the_last_output_of_a_sequence_padded_at_its_end_is_that_of_padding(kind: Any) -> None:
    net = network(kind(2, OutputMode="last"))
    alone = [numbers(predict(net, sequences()[:, i, :n])) for i, n in enumerate(LENGTHS)]
    together = numbers(predict(net, padded(0.0)))
    assert not np.allclose(together[:, :1], alone[0])
    assert_close(together[:, 1:], alone[1])


def test_a_mask_hides_padding_from_attention() -> None:
    attend = selfAttentionLayer(2, 4, HasPaddingMaskInput=True, Name="attend")
    graph = layerGraph([sequenceInputLayer(3, Name="in"), attend])
    graph = connectLayers(addLayers(graph, sequenceInputLayer(1, Name="m")), "m", "attend/mask")
    net, mask = dlupdate(double, dlnetwork(graph)), dlarray(SEEN[None] * 1.0, "CBT")
    found = numbers(predict(net, padded(0.0), mask))
    assert_close(found[:, SEEN], numbers(predict(net, padded(np.nan), mask))[:, SEEN])
    alone = predict(net, sequences()[:, 0, :3], dlarray(np.ones((1, 1, 3)), "CBT"))
    assert_close(found[:, :1, :3], alone)


@every_recurrent
def test_a_mask_hides_padding_from_a_loss(kind: Any) -> None:
    """Its gradients then are those of the sequences without padding, but for bilstm, which reads
    padding first."""
    net = network(kind(2), fullyConnectedLayer(1))
    T = dlarray(normal((1, 2, 5), 3), "CBT")

    def slopes(net: dlnetwork, X: dlarray, T: dlarray, mask: Any) -> Any:
        loss = l2loss(forward(net, X)[0], T, Mask=mask, NormalizationFactor="none")
        return dlgradient(loss, net)

    mask = dlarray(SEEN[None], "CBT")
    masked = dlfeval(slopes, net, padded(0.0), T, mask)
    alone = [dlfeval(slopes, net, *[array[:, i, :n] for array in (sequences(), T, mask)])
             for i, n in enumerate(LENGTHS)]  # fmt: skip
    agree = [np.allclose(numbers(m), numbers(a) + numbers(b), rtol=1e-12, atol=1e-12)
             for m, a, b in zip(masked.Value, *[g.Value for g in alone], strict=True)]  # fmt: skip
    assert all(agree) == (kind is not bilstmLayer)


# ---- attention ----------------------------------------------------------------------------------


def test_positions_may_be_those_of_space() -> None:
    x = normal((3, 2, 5), 0)
    along_time, along_space = [
        dlupdate(double, dlnetwork([selfAttentionLayer(1, 2, Name="a")], X))
        for X in (dlarray(x, "CBT"), dlarray(x, "CBS"))
    ]
    along_space.Learnables = along_time.Learnables
    Y = predict(along_space, dlarray(x, "CBS"))
    assert Y.dims == "SCB"
    assert_close(numbers(Y).transpose(1, 2, 0), predict(along_time, dlarray(x, "CBT")))


def test_scores_are_the_weights_of_the_mean() -> None:
    net = network(selfAttentionLayer(2, 4, HasScoresOutput=True, AttentionMask="causal"))
    Y, scores = predict(net, sequences())
    assert (scores.dims, scores.shape) == ("SSCB", (5, 5, 2, 2)) and Y.shape == (3, 2, 5)
    np.testing.assert_allclose(numbers(scores).sum(0), 1.0)
    below = np.tril_indices(5, -1)
    assert not numbers(scores)[below].any(), "a query sees a later key"


def test_dropout_is_for_training_only() -> None:
    net = network(selfAttentionLayer(2, 4, DropoutProbability=0.9))
    X = sequences()
    assert same(predict(net, X), predict(net, X))
    assert not same(forward(net, X)[0], forward(net, X)[0])


def test_attention_weights_have_one_factor() -> None:
    net = network(selfAttentionLayer(2, 4, WeightLearnRateFactor=0.5, Name="a"))
    assert getLearnRateFactor(net, "a", "KeyWeights") == 0.5
    net = setLearnRateFactor(net, "a", "QueryBias", 0.25)
    assert getLearnRateFactor(net, "a/OutputBias") == net.Layers[1].BiasLearnRateFactor == 0.25
    frozen = freezeNetwork(net)
    factors = [getLearnRateFactor(frozen, *row) for row in frozen.Learnables.rows]
    assert factors == [0.0] * 8 and frozen.Layers[1].options()["BiasLearnRateFactor"] == 0.0


# ---- embedding and positions --------------------------------------------------------------------


def test_waves_are_those_of_the_formula() -> None:
    t, i = np.arange(7.0)[None], np.arange(3)[:, None]
    angles = t / 10000 ** (2 * i / 6)
    expected = np.stack([np.sin(angles), np.cos(angles)], 1).reshape(6, 7)
    layer = sinusoidalPositionEncodingLayer(6)
    found = numbers(layer.predict(dlarray(normal((2, 3, 7), 0), "CBT")))
    np.testing.assert_allclose(found, np.repeat(expected[:, None], 3, 1), rtol=1e-13, atol=1e-15)
    of_values = layer.predict(dlarray(t * 1.0, "CB"))
    np.testing.assert_allclose(numbers(of_values), expected, rtol=1e-13, atol=1e-15)
    spatial = layer.predict(dlarray(np.ones((7, 2)), "SC"))
    np.testing.assert_allclose(numbers(spatial), expected.T, rtol=1e-13, atol=1e-15)


def test_positions_and_words_that_do_not_fit() -> None:
    net = dlnetwork([sequenceInputLayer(3), positionEmbeddingLayer(2, 4)])
    with pytest.raises(ValueError, match=r"MaxPosition is 4, and it gets 5 positions: 3.C. × 2.B."):
        predict(net, sequences())
    net = dlnetwork([sequenceInputLayer(1), wordEmbeddingLayer(2, 4)])
    for wrong in (4.0, -1.0, 0.5):
        with pytest.raises(ValueError, match=f"{wrong:g} is no position; .* from 0 to 3"):
            predict(net, dlarray(np.full((1, 2, 3), wrong), "CBT"))


def test_one_position_of_a_sequence() -> None:
    X = sequences()
    for index, place in (("first", 0), ("last", 4), (3, 3)):
        Y = predict(network(indexing1dLayer(index)), X)
        assert Y.dims == "CB"
        np.testing.assert_array_equal(numbers(Y), numbers(X)[:, :, place])
    line = indexing1dLayer(1).predict(dlarray(normal((4, 3, 2), 0), "SCB"))
    assert line.dims == "CB"
    np.testing.assert_array_equal(numbers(line), normal((4, 3, 2), 0)[1])
    with pytest.raises(ValueError, match=r"Index is 5, and it gets .*: positions are 0 to 4"):
        predict(network(indexing1dLayer(5)), X)


# ---- training -----------------------------------------------------------------------------------


def parity(count: int = 32, times: int = 6) -> tuple[Any, dlarray]:
    """Random words, and whether the first of them comes again as the last."""
    words = np.random.default_rng(0).integers(0, 3, (1, count, times)).astype(float)
    is_same = words[0, :, 0] == words[0, :, -1]
    return dlarray(words, "CBT"), dlarray(np.stack([is_same, ~is_same]) * 1.0, "CB")


@pytest.mark.parametrize(
    "layers",
    [
        [lstmLayer(8, OutputMode="last")],
        [bilstmLayer(6, OutputMode="last")],
        [gruLayer(8, OutputMode="last")],
        [selfAttentionLayer(2, 8), globalAveragePooling1dLayer(), lstmLayer(4, OutputMode="last")],
    ],
    ids=["lstm", "bilstm", "gru", "attention"],
)
def test_a_small_network_learns(layers: list[Any]) -> None:
    X, T = parity()
    rng(0)
    net = dlnetwork([sequenceInputLayer(1), wordEmbeddingLayer(4, 3, WeightsInitializer="glorot"),
                     layers, fullyConnectedLayer(2), softmaxLayer()])  # fmt: skip

    def loss_and_slopes(net: dlnetwork, X: dlarray, T: dlarray) -> Any:
        loss = crossentropy(forward(net, X)[0], T)
        return loss, dlgradient(loss, net)

    losses, average, square = [], [], []
    for step in range(1, 61):
        loss, slopes = dlfeval(loss_and_slopes, net, X, T)
        net, average, square = adamupdate(net, slopes, average, square, step, 0.05)
        losses.append(float(extractdata(loss)))
    assert losses[-1] < 0.3 * losses[0]


# ---- what does not fit --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: lstmLayer(0), "lstmLayer: NumHiddenUnits must be a whole number from 1 on"),
        (lambda: gruLayer(2, OutputMode="first"), "OutputMode is one of sequence, last"),
        (lambda: bilstmLayer(2, StateActivationFunction="sin"), "one of tanh, softsign, relu"),
        (lambda: lstmLayer(2, GateActivationFunction="tanh"), "one of sigmoid, hard-sigmoid"),
        (lambda: lstmLayer(2, BiasInitializer="unit"), "ones, unit-forget-gate, or a number"),
        (lambda: gruLayer(2, BiasInitializer="unit-forget-gate"), "narrow-normal, zeros, ones, or"),
        (lambda: gruLayer(2, ResetGateMode="after"), "ResetGateMode is one of after-multi"),
        (lambda: lstmLayer(2, HasStateInputs=True, CellState=np.ones(2)),
         "the first state comes from the input 'cell'; leave out CellState="),
        (lambda: lstmLayer(2, InputWeightsLearnRateFactor=[1, 2]), "must be a number, not"),
        (lambda: selfAttentionLayer(2, 3), "3 channels of NumKeyChannels are not dealt evenly"),
        (lambda: selfAttentionLayer(2, 4, NumValueChannels=3), "3 channels of NumValueChannels"),
        (lambda: selfAttentionLayer(2, 4, OutputSize="all"), "OutputSize, if it is not \"auto\""),
        (lambda: attentionLayer(2, DropoutProbability=1), "nothing would be left"),
        (lambda: attentionLayer(2, AttentionMask="future"), "AttentionMask is one of none, causal"),
        (lambda: attentionLayer(2, Scale="small"), "must be a number"),
        (lambda: wordEmbeddingLayer(2, 0), "NumWords must be a whole number from 1"),
        (lambda: positionEmbeddingLayer(2, 3, PositionDimension="T"), "one of auto, temporal"),
        (lambda: indexing1dLayer("middle"), 'Index is "first", "last" or a position from 0'),
        (lambda: indexing1dLayer(-1), "Index must be a whole number from 0 on"),
        (lambda: sinusoidalPositionEncodingLayer(3), "OutputSize must be even"),
        (lambda: sinusoidalPositionEncodingLayer(2, Positions="values"), "Positions is one of"),
    ],
)  # fmt: skip
def test_bad_options_raise(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def layout(sizes: list[Any], fmt: str) -> networkDataLayout:
    return networkDataLayout(sizes, fmt)


@pytest.mark.parametrize(
    ("layer", "layouts", "words"),
    [
        (lstmLayer(2), [layout([4, 3, None, None], "SCBT")], r"flattenLayer\(\) makes channels"),
        (gruLayer(2), [layout([None, None], "BT")], "needs the dimensions C"),
        (lstmLayer(2), [layout([None, None, None], "CBT")], "sizes of S and C to be known"),
        (lstmLayer(2, HasStateInputs=True), [CBT, layout([2, None], "CB"), CBT],
         "its input 'cell' is a state of 2 channels"),
        (bilstmLayer(2, HasStateInputs=True), [CBT, *[layout([2, None], "CB")] * 2],
         "its input 'hidden' is a state of 4 channels"),
        (selfAttentionLayer(1, 2), [layout([3, None], "CB")], "one dimension T or S"),
        (selfAttentionLayer(1, 2), [layout([4, 3, None, None], "SCBT")], "one dimension T or S"),
        (selfAttentionLayer(1, 2, HasPaddingMaskInput=True), [CBT, layout([2, None, None], "CBT")],
         "its input 'mask' has the format of the keys"),
        (attentionLayer(2), [CBT, CBT, CBT], "3 channels of queries are not dealt evenly to 2"),
        (attentionLayer(1), [CBT, layout([2, None, None], "CBT"), CBT], "need equal channels"),
        (attentionLayer(1), [CBT, layout([3, 2, 4], "CBT"), layout([3, 2, 5], "CBT")],
         "equal positions"),
        (wordEmbeddingLayer(2, 3), [CBT], "words are single numbers"),
        (positionEmbeddingLayer(2, 3), [layout([3, None], "CB")], "one dimension T, or one S"),
        (positionEmbeddingLayer(2, 3, PositionDimension="spatial"), [CBT], "one dimension S"),
        (sinusoidalPositionEncodingLayer(2), [layout([3, None], "CB")], "are single numbers"),
        (indexing1dLayer(), [layout([4, 3, None, None], "SCBT")], "one dimension T or S"),
        (indexing1dLayer(4), [layout([3, 4], "CT")], "positions are 0 to 3"),
    ],
)  # fmt: skip
def test_layouts_that_do_not_fit_name_the_layer(layer: Any, layouts: Any, words: str) -> None:
    with pytest.raises(ValueError, match=rf"{type(layer).__name__}. does not fit .*{words}"):
        dlnetwork([layer], *layouts)
