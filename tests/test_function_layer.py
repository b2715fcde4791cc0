"""functionLayer and the input layers of sequences and of any format: what is special to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.strategies import normal, numbers
from tinydl import (
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    functionLayer,
    inputLayer,
    mean,
    networkDataLayout,
    predict,
    save,
    sequenceInputLayer,
    stripdims,
    sum,
)

FEATURES = networkDataLayout([4, None], "CB")


def test_a_function_gets_no_labels_unless_it_is_formattable() -> None:
    seen: list[str] = []

    def function(X: dlarray) -> dlarray:
        seen.append(X.dims)
        return X * 2.0

    X = dlarray(normal((4, 2), 1), "CB")
    for formattable, labels in ((False, ""), (True, "CB")):
        seen.clear()
        Y = functionLayer(function, Formattable=formattable).predict(X)
        assert (seen, Y.dims) == ([labels], "CB")


def test_sizes_that_depend_on_the_input_are_foretold() -> None:
    layer = functionLayer(lambda X: dlarray(mean(X, "B"), "CB"), Formattable=True)
    assert layer.output(FEATURES) == networkDataLayout([4, 1], "CB")
    layer = functionLayer(lambda X: X[:2, :])
    assert layer.output(FEATURES) == networkDataLayout([2, None], "CB")
    net = dlnetwork([featureInputLayer(4), layer, fullyConnectedLayer(3)])
    assert net.Learnables.Value[0].shape == (3, 2)


def test_several_inputs_and_outputs() -> None:
    layer = functionLayer(lambda X, Y: (X + Y, X - Y), NumOutputs=2, OutputNames=["sum", "rest"])
    assert (layer.InputNames, layer.OutputNames) == (("in1", "in2"), ("sum", "rest"))
    net = dlnetwork([layer], FEATURES, FEATURES)
    x, y = normal((4, 2), 1), normal((4, 2), 2)
    for verb in (predict, forward):
        total, rest, *_ = verb(net, dlarray(x, "CB"), dlarray(y, "CB"))
        np.testing.assert_array_equal(numbers(total), x + y)
        np.testing.assert_array_equal(numbers(rest), x - y)


def test_it_is_differentiated() -> None:
    net = dlnetwork([featureInputLayer(4), functionLayer(lambda X: X**3)])
    x = normal((4, 2), 1)
    slope = dlfeval(lambda X: dlgradient(sum(predict(net, X), "all"), X), dlarray(x, "CB"))
    np.testing.assert_allclose(numbers(slope), 3 * x**2, rtol=1e-14)


def test_how_many_inputs_a_function_has() -> None:
    assert functionLayer(lambda X, scale=2.0: X * scale).NumInputs == 1
    assert functionLayer(lambda *X: X[0], NumInputs=3).InputNames == ("in1", "in2", "in3")
    assert functionLayer(lambda *X: X[0], InputNames=["a", "b"]).NumInputs == 2
    assert functionLayer(np.tanh).NumInputs == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: functionLayer(3), "3 is no function"),
        (lambda: functionLayer(np.tanh, InputNames=["a", "a"]), "different names are needed"),
        (lambda: functionLayer(np.tanh, NumInputs=2, InputNames=["a"]), "2 different names"),
        (lambda: functionLayer(np.tanh, NumOutputs=0), "NumOutputs must be a whole number"),
        (lambda: dlnetwork([functionLayer(numbers)], FEATURES), "returns a ndarray; a dlarray"),
        (lambda: dlnetwork([functionLayer(lambda X: sum(X, "all"))], FEATURES),
         r"makes 1×1 dlarray of 4\(C\) × 2\(B\) dlarray, so that its labels are not known"),
        (lambda: dlnetwork([functionLayer(stripdims, Formattable=True)], FEATURES), "without lab"),
        (lambda: dlnetwork([functionLayer(lambda X: (X, X))], FEATURES), "returns 2 results"),
        (lambda: sequenceInputLayer([1, 2, 3, 4, 5]), "InputSize is the number of channels, or"),
        (lambda: inputLayer([1, 2], "CBT"), "2 sizes for the 3 labels"),
    ],
)  # fmt: skip
def test_errors(make: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_a_file_holds_no_functions(tmp_path: Any) -> None:
    net = dlnetwork([featureInputLayer(4), functionLayer(lambda X: X)])
    with pytest.raises(TypeError, match="function"):
        save(tmp_path / "net.npz", net)


def test_sequences_shorter_than_the_least_length() -> None:
    net = dlnetwork([sequenceInputLayer(2, MinLength=3)])
    assert predict(net, dlarray(np.ones((2, 1, 3)), "CBT")).shape == (2, 1, 3)
    with pytest.raises(ValueError, match="the sequence has 2 times; MinLength is 3"):
        predict(net, dlarray(np.ones((2, 1, 2)), "CBT"))
    with pytest.raises(ValueError, match=r"2\(C\) × \?\(B\) × \?\(T\) is needed"):
        predict(net, dlarray(np.ones((2, 1)), "CB"))
    with pytest.raises(ValueError, match=r"3\(C\) × 2\(T\) is needed"):
        predict(dlnetwork([inputLayer([2, 3], "TC")]), dlarray(np.ones((3, 3)), "CT"))
