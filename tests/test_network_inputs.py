"""What enters and leaves a network: plain arrays, several inputs and outputs, input layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import branches, digits, features, small
from tests.strategies import normal, numbers
from tinydl import (
    addInputLayer,
    additionLayer,
    addLayers,
    connectLayers,
    convolution2dLayer,
    disconnectLayers,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    functionLayer,
    imageInputLayer,
    initialize,
    layerGraph,
    networkDataLayout,
    predict,
    reluLayer,
    removeLayers,
    replaceLayer,
    sequenceInputLayer,
    softmaxLayer,
    stripdims,
    sum,
    tanhLayer,
)
from tinydl.layers import Layer

# ---- plain arrays -------------------------------------------------------------------------------

FEATURES, IMAGES, SEQUENCES = normal((5, 3), 1), normal((6, 5, 2, 4), 2), normal((7, 3, 4), 3)


def images() -> dlnetwork:
    return dlnetwork([imageInputLayer([6, 5, 2], Normalization="none", Name="in"),
                      convolution2dLayer(3, 2, Name="conv"), reluLayer()])  # fmt: skip


def sequences() -> dlnetwork:
    return dlnetwork([sequenceInputLayer(3, Name="in"), fullyConnectedLayer(2, Name="fc"),
                      tanhLayer()])  # fmt: skip


CASES = {
    "features": (small, FEATURES, "BC", "BC", (5, 2)),
    "images": (images, IMAGES, "SSCB", "SSCB", (4, 3, 2, 4)),
    "sequences": (sequences, SEQUENCES, "TCB", "TCB", (7, 2, 4)),
    "classes of images": (digits, normal((28, 28, 1, 3), 4), "SSCB", "BC", (3, 10)),
}
SUBJECT = ("build", "x", "fmt", "made", "size")
every_case = pytest.mark.parametrize(SUBJECT, CASES.values(), ids=CASES)


@every_case
@pytest.mark.parametrize("verb", ["forward", "predict"])
def test_plain_arrays_are_read_as_the_input_layer_says(
    verb: str, build: Any, x: Any, fmt: str, made: str, size: tuple[int, ...]
) -> None:
    net, kept = build(), x.copy()
    call = lambda x, **o: forward(net, x, **o) if verb == "forward" else predict(net, x, nargout=2)
    Y, state = call(x)
    labelled, state_labelled = call(dlarray(x, fmt))
    assert type(Y) is np.ndarray and Y.shape == size and Y.dtype == labelled.dtype
    np.testing.assert_array_equal(Y, numbers(stripdims(labelled, made)))
    assert state.is_equal_to(state_labelled)
    Y[...] = 0.0  # an array of its own
    np.testing.assert_array_equal(x, kept)


def test_each_output_has_its_order() -> None:
    net = images()
    first, last = predict(net, IMAGES, Outputs=["in", "relu"])
    np.testing.assert_array_equal(first, IMAGES)
    assert last.shape == (4, 3, 2, 4)
    flat = replaceLayer(net, "relu", fullyConnectedLayer(3, Name="fc"))
    assert [y.shape for y in predict(initialize(flat), IMAGES, Outputs=["fc", "conv"])] == [
        (4, 3), (4, 3, 2, 4)]  # fmt: skip


def test_one_feature_and_one_image() -> None:
    net = dlnetwork([featureInputLayer(1), fullyConnectedLayer(1)])
    assert predict(net, np.ones(6)).shape == predict(net, np.ones((6, 1))).shape == (6, 1)
    assert predict(images(), IMAGES[..., 0]).shape == (4, 3, 2, 1)


def test_formats_that_are_given() -> None:
    net = small()
    expected = predict(net, FEATURES)
    for x in (FEATURES.T, np.asfortranarray(FEATURES.T)):
        found = predict(net, x, InputDataFormats="CB")
        np.testing.assert_array_equal(found, expected)
        found = predict(net, x, InputDataFormats=["CB"], OutputDataFormats=["CB"])
        np.testing.assert_array_equal(found, expected.T)
    assert predict(net, FEATURES, InputDataFormats="auto", OutputDataFormats="auto").shape == (5, 2)
    Y, _ = forward(net, FEATURES.T, InputDataFormats="CB", OutputDataFormats="CB")
    np.testing.assert_array_equal(Y, forward(net, FEATURES)[0].T)
    rows = predict(sequences(), SEQUENCES.transpose(2, 0, 1), InputDataFormats="BTC",
                   OutputDataFormats="CTB")  # fmt: skip
    assert rows.shape == (2, 7, 4)


def test_dlarrays_without_labels_stay_dlarrays() -> None:
    net = small()
    Y = predict(net, dlarray(FEATURES), InputDataFormats="BC")
    assert isinstance(Y, dlarray) and Y.dims == ""
    np.testing.assert_array_equal(extractdata(Y), predict(net, FEATURES))


def test_networks_without_input_layers_need_a_format() -> None:
    net = dlnetwork([fullyConnectedLayer(2, Name="fc")], features())
    with pytest.raises(TypeError, match=r"the input 'fc' must be .* is a ndarray. .*InputDataForm"):
        predict(net, FEATURES)
    assert predict(net, FEATURES, InputDataFormats="BC").shape == (5, 2)


def test_gradients_go_through_plain_inputs() -> None:
    """Inside dlfeval a result is followed, so it stays a dlarray."""

    def slope(net: dlnetwork, x: Any, fmt: str) -> Any:
        Y = predict(net, x)
        assert isinstance(Y, dlarray) and Y.dims == fmt
        return dlgradient(sum(Y, "all"), net)

    net = small()
    found = dlfeval(lambda net: slope(net, FEATURES, ""), net)
    expected = dlfeval(lambda net: slope(net, dlarray(FEATURES, "BC"), "CB"), net)
    assert found.is_equal_to(expected)


def test_labelled_and_plain_inputs_together() -> None:
    net = two_inputs()
    X, Y = features(), normal((5, 2), 3)
    mixed = predict(net, X, Y)
    assert mixed.dims == "CB"
    np.testing.assert_array_equal(numbers(mixed), predict(net, numbers(X).T, Y).T)
    both = predict(net, numbers(X), Y, InputDataFormats=["CB", "auto"], OutputDataFormats="CB")
    np.testing.assert_array_equal(both, numbers(mixed))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda net: predict(net, FEATURES.T), ValueError,
         r"predict: the dimensions of 'in', an array of 3×5, are read as BC: the input is 5\(C\) × "
         r"3\(B\); 3\(C\) × \?\(B\) is needed; transpose it, or say what they are, InputDataForm"),
        (lambda net: forward(net, IMAGES), ValueError, "an array of 6×5×2×4, are read as BC"),
        (lambda net: predict(net, FEATURES, InputDataFormats="CB"), ValueError, "are read as CB"),
        (lambda net: predict(net, FEATURES, InputDataFormats=["BC", "BC"]), ValueError,
         "predict: InputDataFormats has 2 formats for 1 arrays: in"),
        (lambda net: predict(net, FEATURES, InputDataFormats="BX"), ValueError,
         "predict: InputDataFormats 'BX': 'X' is no label"),
        (lambda net: predict(net, features(), InputDataFormats="CB"), ValueError,
         r"InputDataFormats is for inputs without labels; the input 'in' is 3\(C\) × 5\(B\)"),
        (lambda net: predict(net, features(), OutputDataFormats="BC"), ValueError,
         r"OutputDataFormats is for results without labels; .* stripdims\(Y, fmt\)"),
        (lambda net: predict(net, FEATURES, OutputDataFormats="BT"), ValueError,
         r"OutputDataFormats says BT of 'out', which is 2\(C\) × 5\(B\)"),
        (lambda net: forward(net, FEATURES, OutputDataFormats=["BC", "BC"]), ValueError,
         "forward: OutputDataFormats has 2 formats for 1 arrays: out"),
        (lambda net: predict(net, FEATURES.astype(int)), TypeError, "integers are converted by"),
        (lambda net: predict(net, FEATURES.tolist()), TypeError, "it is a list"),
        (lambda net: forward(net, FEATURES[:0]), ValueError, "forward: the batch is empty"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call(small())


# ---- several inputs -----------------------------------------------------------------------------


def two_inputs() -> dlnetwork:
    graph = layerGraph([featureInputLayer(3, Name="x"), fullyConnectedLayer(2, Name="fc"),
                        additionLayer(2, Name="add")])  # fmt: skip
    graph = addLayers(graph, featureInputLayer(2, Name="y"))
    return dlnetwork(connectLayers(graph, "y", "add/in2"))


def test_an_empty_network_is_built_step_by_step() -> None:
    net = dlnetwork()
    assert (net.InputNames, net.OutputNames, net.Initialized) == ((), (), False)
    net = addLayers(net, [featureInputLayer(3, Name="in"), fullyConnectedLayer(4, Name="a")])
    net = addLayers(net, fullyConnectedLayer(4, Name="b"))
    net = addLayers(net, [additionLayer(2, Name="add"), softmaxLayer(Name="out")])
    for pair in (("in", "b"), ("a", "add/in1"), ("b/out", "add/in2")):
        net = connectLayers(net, *pair)
    assert not net.Initialized and net.Learnables.Value == [None] * 4
    net = initialize(net)
    assert net.Initialized and (net.InputNames, net.OutputNames) == (("in",), ("out",))
    np.testing.assert_allclose(predict(net, FEATURES).sum(1), 1.0, rtol=1e-6)


def test_input_layers_are_added() -> None:
    net = dlnetwork([fullyConnectedLayer(2, Name="fc"), reluLayer()], Initialize=False)
    made = addInputLayer(net, featureInputLayer(3, Name="in"))
    assert made.InputNames == ("in",) and made.Initialized and not net.Initialized
    assert list(made.Connections) == [("fc", "relu"), ("in", "fc")]
    assert predict(made, FEATURES).shape == (5, 2)
    assert not addInputLayer(net, featureInputLayer(3), Initialize=False).Initialized
    ready = initialize(net, features())
    kept = addInputLayer(ready, featureInputLayer(3))
    assert kept.Learnables.is_equal_to(ready.Learnables)


def test_input_layers_keep_the_order_of_inputs() -> None:
    net = dlnetwork([additionLayer(2, Name="add")], *[networkDataLayout([3, None], "CB")] * 2)
    for first, second in (("add/in1", "add/in2"), ("add/in2", "add/in1")):
        half = addInputLayer(net, featureInputLayer(3, Name="new"), first)
        assert set(half.InputNames) == {"new", second} and half.Initialized
        full = addInputLayer(half, featureInputLayer(3, Name="newer"), second)
        assert set(full.InputNames) == {"new", "newer"}
        assert ("new", first) in list(full.Connections)
    graph = layerGraph([fullyConnectedLayer(2, Name="a"), additionLayer(2, Name="add")])
    graph = connectLayers(addLayers(graph, fullyConnectedLayer(2, Name="b")), "b", "add/in2")
    net = dlnetwork(graph, Initialize=False)
    one = addInputLayer(net, featureInputLayer(3, Name="for a"), "a")
    assert one.InputNames == ("for a", "b") and not one.Initialized
    two = addInputLayer(one, featureInputLayer(4, Name="for b"), "b")
    assert two.InputNames == ("for a", "for b") and two.Initialized


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: addInputLayer(small(), featureInputLayer(3)), ValueError,
         "say which input it feeds; without an input layer are none"),
        (lambda: addInputLayer(two_open(), featureInputLayer(3)), ValueError,
         "say which input it feeds; without an input layer are 'add/in1', 'add/in2'"),
        (lambda: addInputLayer(two_open(), featureInputLayer(3), "add"), ValueError,
         "there is no input 'add' without an input layer; there are 'add/in1', 'add/in2'"),
        (lambda: addInputLayer(two_open(), reluLayer(), "add/in1"), TypeError,
         r"addInputLayer: reluLayer\(\) is no input layer; addLayers"),
        (lambda: addInputLayer(layerGraph(), featureInputLayer(3)), TypeError,
         "addInputLayer: the first argument is a dlnetwork"),
    ],
)  # fmt: skip
def test_input_layers_that_cannot_be_added(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def two_open() -> dlnetwork:
    return dlnetwork([additionLayer(2, Name="add")], Initialize=False)


# ---- several outputs ----------------------------------------------------------------------------


def divided() -> dlnetwork:
    """in → halves, whose outputs are big and small; small → relu."""
    halves = functionLayer(lambda x: (x * 2.0, x * 0.5), NumOutputs=2, Name="halves",
                           OutputNames=["big", "small"])  # fmt: skip
    graph = addLayers(layerGraph([featureInputLayer(3, Name="in"), halves]), reluLayer(Name="relu"))
    return dlnetwork(connectLayers(graph, "halves/small", "relu"))


@pytest.mark.parametrize("verb", ["forward", "predict"])
def test_layers_with_several_outputs(verb: str) -> None:
    net, x = divided(), FEATURES
    call = lambda *a, **o: forward(net, *a, **o) if verb == "forward" else predict(
        net, *a, nargout=3 if "Outputs" not in o else len(o["Outputs"]) + 1, **o)  # fmt: skip
    assert net.OutputNames == ("halves/big", "relu")
    assert list(net.Connections) == [("in", "halves"), ("halves/small", "relu")]
    big, relu, state = call(x)
    np.testing.assert_array_equal(big, 2 * x)
    np.testing.assert_array_equal(relu, np.maximum(x / 2, 0))
    assert len(state) == 0
    small_, entered, _ = call(x, Outputs=["halves/small", "in/out"])
    np.testing.assert_array_equal(small_, x / 2)
    np.testing.assert_array_equal(entered, x)
    net.OutputNames = ["relu/out", "halves/small"]
    assert net.OutputNames == ("relu", "halves/small")
    np.testing.assert_array_equal(call(x)[1], x / 2)


def test_outputs_are_named_when_there_are_several() -> None:
    net = divided()
    words = "layer 'halves' has 2 outputs; name one of them: 'halves/big', 'halves/small'"
    for call in (lambda: predict(net, FEATURES, Outputs="halves"),
                 lambda: connectLayers(addLayers(net, tanhLayer()), "halves", "tanh"),
                 lambda: setattr(net, "OutputNames", "halves")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(ValueError, match="'halves/x': layer 'halves' has the outputs big, small"):
        disconnectLayers(net, "halves/x", "relu")
    with pytest.raises(ValueError, match="Outputs: 'relu/out2': layer 'relu' has the outputs out"):
        predict(net, FEATURES, Outputs="relu/out2")
    assert disconnectLayers(net, "halves/small", "relu").InputNames == ("in", "relu")
    assert removeLayers(net, "halves").InputNames == ("in", "relu")
    chained = dlnetwork([featureInputLayer(3), net.Layers[1], reluLayer()])
    assert chained.OutputNames == ("halves/small", "relu"), "a list connects the first output"


def test_results_must_be_as_many_as_outputs() -> None:
    class Faulty(Layer):
        short = "faulty"

        def __init__(self, *, Name: str = "") -> None:
            self.Name = Name

        def predict(self, *X: dlarray) -> Any:
            return X[0], X[0]

    with pytest.raises(TypeError, match=r"'faulty' \(Faulty\): predict gives 2 results for"):
        predict(dlnetwork([featureInputLayer(3), Faulty()]), FEATURES)


# ---- replacing ----------------------------------------------------------------------------------


def ordered(*names: str) -> functionLayer:
    return functionLayer(lambda a, b: a - b, InputNames=names, Name="minus")


def test_layers_are_reconnected_by_name_or_by_order() -> None:
    graph = layerGraph([featureInputLayer(3, Name="in"), reluLayer(Name="r"), ordered("a", "b")])
    net = dlnetwork(connectLayers(graph, "in", "minus/b"))
    swapped = ordered("b", "a")
    by_name = replaceLayer(net, "minus", swapped)
    by_order = replaceLayer(net, "minus", swapped, ReconnectBy="order")
    expected = predict(net, FEATURES)
    np.testing.assert_array_equal(predict(by_order, FEATURES), expected)
    np.testing.assert_array_equal(predict(by_name, FEATURES), -expected)
    other = replaceLayer(net, "minus", additionLayer(2, Name="sum"), ReconnectBy="order")
    assert list(other.Connections)[1:] == [("r", "sum/in1"), ("in", "sum/in2")]
    with pytest.raises(ValueError, match="'sum/a': layer 'sum' has the inputs in1, in2"):
        replaceLayer(net, "minus", additionLayer(2, Name="sum"))
    with pytest.raises(ValueError, match="layer 'one' has the inputs in, and 2 are connected"):
        replaceLayer(net, "minus", reluLayer(Name="one"), ReconnectBy="order")
    with pytest.raises(ValueError, match="ReconnectBy is one of name, order, not 'x'"):
        replaceLayer(net, "minus", swapped, ReconnectBy="x")


def test_outputs_are_reconnected_too() -> None:
    net = divided()
    other = functionLayer(lambda x: (x * 3.0, x * 5.0), NumOutputs=2, OutputNames=["small", "big"],
                          Name="other")  # fmt: skip
    x = np.abs(FEATURES)
    for how, factor in (("name", 3.0), ("order", 5.0)):
        new = replaceLayer(net, "halves", other, ReconnectBy=how)
        np.testing.assert_array_equal(predict(new, x, Outputs="relu"), factor * x)
    several = replaceLayer(branches(), "a", [tanhLayer(Name="t"), fullyConnectedLayer(4, Name="n")])
    assert ("n", "add/in1") in list(several.Connections)


# ---- size ---------------------------------------------------------------------------------------


def test_three_hundred_layers() -> None:
    net = dlnetwork([featureInputLayer(3), [[fullyConnectedLayer(3), tanhLayer()]] * 150])
    for i in range(5):
        net = connectLayers(addLayers(net, tanhLayer(Name=f"more_{i}")), net.OutputNames[0],
                            f"more_{i}")  # fmt: skip
    assert len(net.Layers) == 306 and net.Initialized
    slopes = dlfeval(lambda net: dlgradient(sum(predict(net, features()), "all"), net), net)
    assert len(slopes) == 300 and np.isfinite(numbers(slopes.Value[0])).all()
