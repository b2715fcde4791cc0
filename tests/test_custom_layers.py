"""Layers that users write: MATLAB's form, derivative rules of their own, and checkLayer."""

from __future__ import annotations

import copy
import gc
import pickle
import re
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinydl as dl
from tests.strategies import normal, numbers
from tinydl import (
    Layer,
    adamupdate,
    additionLayer,
    checkLayer,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    gather,
    gpuArray,
    imageInputLayer,
    mse,
    networkDataLayout,
    predict,
    reluLayer,
    rng,
)
from tinydl.autodiff import is_recorded
from tinydl.layers import LAYERS
from tinydl.layers.layer import Parameter, register
from tinydl.testing import check_layer

FEATURES = networkDataLayout([3, None], "CB")


class scaleLayer(Layer):
    """Each channel times a number, divided by the largest size that training has seen."""

    Learnable = ("Scale",)
    Stateful = ("Peak",)

    def initialize(self, layout: networkDataLayout) -> None:
        self.Scale = dl.ones(layout.channels, 1)
        self.Peak = dl.zeros(layout.channels, 1)

    def predict(self, X: dlarray) -> Any:
        return self.Scale * X / (1.0 + self.Peak)

    def forward(self, X: dlarray) -> Any:
        seen = dl.max(dl.abs(dl.extractdata(X)), axis=1)
        return self.predict(X), dl.max(self.Peak, seen)


class ruledLayer(scaleLayer):
    """The same, with its rule."""

    calls = 0

    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> Any:
        assert not any([is_recorded(v._value) for v in (X, Y, dLdY, self.Scale)])
        type(self).calls += 1
        factor = dLdY / (1.0 + self.Peak)
        return factor * self.Scale, dl.sum(factor * X, axis=1)


class plainLayer(Layer):
    """x², by NumPy alone: without its rule it would have no derivative."""

    Formattable = True

    def predict(self, X: dlarray) -> dlarray:
        return dlarray(np.square(numbers(X)), X.dims)

    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> Any:
        return 2.0 * numbers(X) * numbers(dLdY)


class splitLayer(Layer):
    """Weighted sum and difference of two inputs, with the rule of both."""

    InputNames = ("left", "right")
    NumOutputs = 2
    Learnable = ("Weight",)

    def initialize(self, *layouts: networkDataLayout) -> None:
        self.Weight = 2.0

    def predict(self, A: dlarray, B: dlarray) -> Any:
        return A * self.Weight + B, A * A - B

    def backward(
        self, A: dlarray, B: dlarray, P: dlarray, M: dlarray, dP: dlarray, dM: dlarray
    ) -> Any:
        return dP * self.Weight + 2.0 * A * dM, dP - dM, dl.sum(dP * A, "all")


def feed(device: Any, seed: int = 0, batch: int = 4) -> dlarray:
    return dlarray(device.put(normal((3, batch), seed)), "CB")


def network(layer: Layer, device: Any, last: int = 2) -> dlnetwork:
    rng(1)
    net = dlnetwork([featureInputLayer(3), layer, fullyConnectedLayer(last)])
    return gpuArray(net) if device.name == "gpu" else net


def loss(net: dlnetwork, X: dlarray, higher: bool = False) -> Any:
    Y, state = forward(net, X)
    value = mse(Y, Y * 0.0)
    return value, dlgradient(value, net.Learnables, EnableHigherDerivatives=higher), state


# ---- in networks --------------------------------------------------------------------------------


def test_initialize_sets_what_is_not_set() -> None:
    net = dlnetwork([featureInputLayer(3), scaleLayer()])
    assert list(net.Learnables.rows) == [("layer", "Scale")]
    assert list(net.State.rows) == [("layer", "Peak")]
    assert [v.dtype for v in (*net.Learnables.Value, *net.State.Value)] == [np.float32] * 2
    layer = scaleLayer(Name="scale")
    layer.Scale = [[1.0], [2.0], [3.0]]
    net = dlnetwork([featureInputLayer(3), layer])
    assert net.Learnables.Value[0].dtype == np.float64
    np.testing.assert_array_equal(numbers(net.Learnables.Value[0]), [[1.0], [2.0], [3.0]])
    assert layer.Peak is None and list(net.State.rows) == [("scale", "Peak")]
    unset = dlnetwork([scaleLayer()], Initialize=False)
    assert not unset.Initialized
    assert dl.initialize(unset, FEATURES).Initialized


def test_finding_the_sizes_draws_no_random_numbers() -> None:
    class drawsLayer(Layer):
        Learnable = ("Weight",)

        def initialize(self, layout: networkDataLayout) -> None:
            self.Weight = dl.rand(1, 3)

        def predict(self, X: dlarray) -> dlarray:
            return X * self.Weight[0, 1]

    rng(5)
    net = dlnetwork([featureInputLayer(3), drawsLayer()])
    rng(5)
    np.testing.assert_array_equal(
        numbers(net.Learnables.Value[0]), np.float32(numbers(dl.rand(1, 3)))
    )


def test_labels_are_taken_away_unless_it_is_formattable() -> None:
    seen: list[str] = []

    class looksLayer(Layer):
        def predict(self, X: dlarray) -> dlarray:
            seen.append(X.dims)
            return X * 2.0

    X = dlarray(normal((3, 2), 1), "CB")
    for labels, is_formattable in (("", False), ("CB", True)):
        layer = looksLayer()
        layer.Formattable = is_formattable
        net = dlnetwork([layer], FEATURES)
        seen.clear()
        assert predict(net, X).dims == "CB"
        assert seen == [labels]


@pytest.mark.parametrize("kind", [scaleLayer, ruledLayer])
def test_state_comes_from_forward(kind: type[Layer], device: Any) -> None:
    net = network(kind(), device)
    X = feed(device)
    _, state = forward(net, X)
    largest = np.abs(device.take(dl.extractdata(X))).max(axis=1, keepdims=True)
    np.testing.assert_allclose(numbers(gather(state.Value[0])), largest, rtol=1e-6)
    assert not numbers(gather(net.State.Value[0])).any()
    _, same = predict(net, X, nargout=2)
    assert not numbers(gather(same.Value[0])).any()


@pytest.mark.parametrize("form", ["alone", "dict", "tuple", "nested"])
def test_the_forms_in_which_results_are_returned(form: str) -> None:
    class formsLayer(Layer):
        Stateful = ("A", "B")
        NumOutputs = 2

        def initialize(self, *layouts: networkDataLayout) -> None:
            self.A, self.B = 0.0, 0.0

        def predict(self, X: dlarray) -> Any:
            Y, Z = X * 1.0, X * 2.0
            return {
                "alone": (Y, Z),
                "dict": (Y, Z, {"B": self.B + 1.0}),
                "tuple": (Y, Z, self.A, self.B + 1.0),
                "nested": ((Y, Z), {"B": self.B + 1.0}),
            }[form]

    net = dlnetwork([formsLayer()], FEATURES)
    X = dlarray(normal((3, 2), 1), "CB")
    for verb in (predict, forward):
        options = {"nargout": 3} if verb is predict else {}
        Y, Z, state = verb(net, X, **options)
        np.testing.assert_array_equal(numbers(Z), 2.0 * numbers(Y))
        assert [float(v) for v in state.Value] == [0.0, 0.0 if form == "alone" else 1.0]


def test_several_inputs_and_outputs_have_names() -> None:
    layer = splitLayer()
    assert (layer.NumInputs, layer.InputNames) == (2, ("left", "right"))
    assert (layer.NumOutputs, layer.OutputNames) == (2, ("out1", "out2"))
    layer.OutputNames, layer.Weight = ["sum", "rest"], 2.0
    net = dlnetwork([layer], FEATURES, FEATURES)
    assert net.OutputNames == ("layer/sum", "layer/rest")
    added = additionLayer(2, Name="add")
    net = dl.connectLayers(dl.addLayers(net, added), "layer/sum", "add/in1")
    net = dl.initialize(dl.connectLayers(net, "layer/rest", "add/in2"), FEATURES, FEATURES)
    a, b = normal((3, 2), 1), normal((3, 2), 2)
    found = predict(net, dlarray(a, "CB"), dlarray(b, "CB"))
    np.testing.assert_allclose(numbers(found), 2.0 * a + a * a, rtol=1e-12)


def test_sizes_that_change_are_found() -> None:
    class halfLayer(Layer):
        def predict(self, X: dlarray) -> dlarray:
            return X[:, :2, ...]

    net = dlnetwork([imageInputLayer([4, 4, 2]), halfLayer(), fullyConnectedLayer(3)])
    assert net.Learnables.Value[0].shape == (3, 16)


def test_parameters_may_be_declared_by_their_sizes() -> None:
    class bothLayer(Layer):
        Learnable = ("Weights", "Shift")
        WeightsInitializer = "glorot"

        def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
            return {"Weights": Parameter((2, 3), 3, 2)}

        def initialize(self, layout: networkDataLayout) -> None:
            self.Shift = dl.zeros(2, 1)

        def predict(self, X: dlarray) -> dlarray:
            return self.Weights @ X + self.Shift

    net = dlnetwork([featureInputLayer(3), bothLayer()])
    assert [v.shape for v in net.Learnables.Value] == [(2, 3), (2, 1)]
    assert numbers(net.Learnables.Value[0]).all()
    check_layer(bothLayer(), FEATURES)


def test_a_network_can_be_analyzed_and_printed() -> None:
    net = dlnetwork([featureInputLayer(3), scaleLayer(), splitLayer()], Initialize=False)
    assert "scaleLayer" in repr(dl.analyzeNetwork(net))
    assert dl.analyzeNetwork([featureInputLayer(3), scaleLayer()]).TotalLearnables == 3
    assert repr(scaleLayer(Name="a")) == "scaleLayer(Name='a')"


class keptLayer(Layer):
    """A layer that a file can hold."""

    Learnable = ("Scale",)

    def __init__(self, Factor: float = 1.0, *, Name: str = "") -> None:
        self.Name, self.Factor = Name, Factor

    def initialize(self, layout: networkDataLayout) -> None:
        self.Scale = dl.ones(layout.channels, 1)

    def predict(self, X: dlarray) -> dlarray:
        return self.Scale * X * self.Factor


class forgetfulLayer(keptLayer):
    """One whose constructor does not keep what it is given."""

    def __init__(self, count: int) -> None:
        super().__init__(float(count))


@pytest.fixture
def registered() -> Iterator[None]:
    register(keptLayer)
    register(forgetfulLayer)
    yield
    del LAYERS["keptLayer"], LAYERS["forgetfulLayer"]


def test_it_is_saved_if_its_class_is_registered(tmp_path: Path, registered: None) -> None:
    net = dlnetwork([featureInputLayer(3), keptLayer(2.0)])
    net.Learnables.Value[0] = normal((3, 1), 1)
    dl.save(tmp_path / "net.npz", net)
    assert dl.isequal(dl.load(tmp_path / "net.npz"), net)
    with pytest.raises(TypeError, match=r"does not keep its option .*count"):
        dl.save(tmp_path / "net.npz", dlnetwork([featureInputLayer(3), forgetfulLayer(2)]))


def test_it_is_not_saved_otherwise(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="load could not find the class scaleLayer"):
        dl.save(tmp_path / "net.npz", dlnetwork([featureInputLayer(3), scaleLayer()]))


def test_copies_and_equality() -> None:
    net = dlnetwork([featureInputLayer(3), forgetfulLayer(2), ruledLayer()])
    for make in (copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        assert dl.isequal(make(net), net)
    assert repr(net.Layers[1]) == "forgetfulLayer(…)"
    assert not dl.isequal(net, dlnetwork([featureInputLayer(3), forgetfulLayer(3), ruledLayer()]))


# ---- training -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [scaleLayer, ruledLayer])
def test_it_is_trained(kind: type[Layer], device: Any) -> None:
    net, X = network(kind(), device), feed(device)
    values, average, squares = [], None, None
    for step in range(1, 21):
        value, grad, net.State = dlfeval(loss, net, X)
        net, average, squares = adamupdate(net, grad, average, squares, step, 0.05)
        values.append(float(gather(value)))
    assert values[-1] < 0.5 * values[0]
    assert np.abs(numbers(gather(net.Learnables.Value[0])) - 1.0).min() > 0.1


def test_an_own_rule_gives_the_same_gradients(device: Any) -> None:
    X = feed(device)
    ruledLayer.calls = 0
    nets = [network(kind(), device) for kind in (scaleLayer, ruledLayer)]
    for higher in (False, True):
        plain, ruled = [dlfeval(loss, net, X, higher) for net in nets]
        assert ruledLayer.calls == 1 + higher
        for a, b in zip(plain[1].Value, ruled[1].Value, strict=True):
            np.testing.assert_allclose(numbers(gather(b)), numbers(gather(a)), rtol=1e-5)
            assert a.dtype == b.dtype


def test_an_own_rule_may_be_written_in_numpy() -> None:
    net = dlnetwork([plainLayer()], FEATURES)
    x = normal((3, 2), 1)

    def cubes(X: dlarray, higher: bool) -> dlarray:
        return dlgradient(dl.sum(predict(net, X) * X, "all"), X, EnableHigherDerivatives=higher)

    np.testing.assert_allclose(numbers(dlfeval(cubes, dlarray(x, "CB"), False)), 3 * x**2)
    with pytest.raises(NotImplementedError, match="something else than the derivative of predict"):
        dlfeval(cubes, dlarray(x, "CB"), True)


def test_a_second_derivative_is_that_of_predict() -> None:
    layer = splitLayer()
    layer.Weight = 2.0
    net = dlnetwork([layer], FEATURES, FEATURES)
    a, b = normal((3, 2), 1), normal((3, 2), 2)

    def curvature(A: dlarray, B: dlarray) -> Any:
        P, M = predict(net, A, B)
        slope = dlgradient(dl.sum(P * M, "all"), A, EnableHigherDerivatives=True)
        return slope, dlgradient(dl.sum(slope, "all"), A, B)

    slope, (first, second) = dlfeval(curvature, dlarray(a, "CB"), dlarray(b, "CB"))
    np.testing.assert_allclose(numbers(slope), 2 * (a * a - b) + (2 * a + b) * 2 * a, rtol=1e-12)
    np.testing.assert_allclose(numbers(first), 12 * a + 2 * b, rtol=1e-12)
    np.testing.assert_allclose(numbers(second), 2 * a - 2, rtol=1e-12, atol=1e-12)


class reversalLayer(Layer):
    """Nothing forward, the gradient reversed: a rule that is no derivative, on purpose."""

    def predict(self, X: dlarray) -> dlarray:
        return X

    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> dlarray:
        return -dLdY


def test_a_reversed_gradient_is_never_put_right_in_silence() -> None:
    net = dlnetwork([reversalLayer()], FEATURES)

    def slope(X: dlarray, higher: bool) -> dlarray:
        return dlgradient(dl.sum(predict(net, X) ** 2, "all"), X, EnableHigherDerivatives=higher)

    X = dlarray(normal((3, 2), 1), "CB")
    np.testing.assert_allclose(numbers(dlfeval(slope, X, False)), -2.0 * numbers(X))
    for size in (1e-6, 1.0, 1e6):
        with pytest.raises(NotImplementedError, match="EnableHigherDerivatives"):
            dlfeval(slope, X * size, True)
    assert not numbers(dlfeval(slope, X * 0.0, True)).any()


def test_random_numbers_are_the_same_where_forward_is_recorded_again() -> None:
    class noisyLayer(Layer):
        def predict(self, X: dlarray) -> dlarray:
            return X * X

        def forward(self, X: dlarray) -> dlarray:
            return X * X * dl.rand(*X.shape)

        def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> dlarray:
            return 2.0 * dLdY * Y / X

    net = dlnetwork([noisyLayer()], FEATURES)
    X = dlarray(normal((3, 2), 1), "CB")

    def curvature(X: dlarray) -> Any:
        Y, _ = forward(net, X)
        after = dl.rand(1, 1)
        slope = dlgradient(dl.sum(Y, "all"), X, EnableHigherDerivatives=True)
        return Y, after, dlgradient(dl.sum(slope, "all"), X)

    rng(3)
    Y, after, second = dlfeval(curvature, X)
    np.testing.assert_allclose(numbers(second), 2.0 * numbers(Y) / numbers(X) ** 2, rtol=1e-12)
    rng(3)
    dl.rand(3, 2)
    np.testing.assert_array_equal(numbers(dl.rand(1, 1)), numbers(after))


def test_an_own_rule_leaves_nothing_behind() -> None:
    net = dlnetwork([ruledLayer()], FEATURES)
    kept: list[Any] = []

    def slope(X: dlarray) -> dlarray:
        Y = predict(net, X)
        kept.append(weakref.ref(Y))
        return dlgradient(dl.sum(Y, "all"), X)

    gc.disable()
    try:
        dlfeval(slope, dlarray(normal((3, 2), 1), "CB"))
        assert kept[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda self, X, Y, dLdY: dLdY, "returns 1 gradients; needed are those by in, Scale"),
        (lambda self, X, Y, dLdY: (dLdY, dLdY), r"gradient by Scale is 3×2 .*variable is 3×1"),
        (lambda self, X, Y, dLdY: (None, dLdY), "gradient by in is a NoneType"),
        (lambda self, X, Y: (Y, Y), "is called with its inputs, its results, .*3 arrays"),
        (lambda self, X, Y, dLdY, memory: (Y, Y), "missing a required argument: 'memory'"),
    ],
)
def test_a_rule_of_wrong_form_is_refused(backward: Any, words: str) -> None:
    kind = type("wrongLayer", (scaleLayer,), {"backward": backward})
    net = dlnetwork([kind()], FEATURES)
    slope = lambda X: dlgradient(dl.sum(predict(net, X), "all"), X)
    with pytest.raises((ValueError, TypeError), match=f"'layer' .wrongLayer.: backward.*{words}"):
        dlfeval(slope, dlarray(normal((3, 2), 1), "CB"))


# ---- mistakes in the form -----------------------------------------------------------------------


def layer_with(**attributes: Any) -> Layer:
    """A layer that multiplies by 2, but for what is given."""
    methods = {"predict": lambda self, X: X * 2.0}
    return type("givenLayer", (Layer,), methods | attributes)()


def sets(**values: Any) -> Any:
    return lambda self, layout: vars(self).update(values)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layer_with(Learnable="Scale"), r"Learnable is a tuple of names.*\('only',\)|only"),
        (lambda: layer_with(InputNames="in"), "InputNames is a tuple of names"),
        (lambda: layer_with(InputNames=("a", "b"), NumInputs=3).InputNames, "3 different names"),
        (lambda: dlnetwork([layer_with(Learnable=("Scale",))], FEATURES),
         r"Scale of layer 'layer' \(givenLayer\) has no first value; set it in initialize"),
        (lambda: dlnetwork([layer_with(initialize=sets(Count=3))], FEATURES),
         "initialize of givenLayer sets 'Count', which would be lost"),
        (lambda: dlnetwork([layer_with(Learnable=("A",), initialize=sets(A=[True]))], FEATURES),
         "A of layer 'layer' .* is logical"),
        (lambda: dlnetwork([layer_with(Learnable=("A",), initialize=sets(A=np.arange(3)))],
                           FEATURES), r"A of layer 'layer' .*double\(x\)"),
        (lambda: dlnetwork([layer_with(predict=lambda self, X: dl.sum(X, "all"))], FEATURES),
         "predict makes 1×1 dlarray of .* use Formattable=True"),
        (lambda: dlnetwork([layer_with(predict=lambda self, X: (X, X))], FEATURES),
         r"predict returns 2 values; needed is a tuple of 1 \(out\)"),
        (lambda: dlnetwork([layer_with(predict=lambda self, X: 3.0)], FEATURES),
         "predict returns a float; a dlarray is needed .*defines output"),
        (lambda: dlnetwork([layer_with(Formattable=True, predict=lambda self, X: dl.stripdims(X))],
                           FEATURES), "without labels; with Formattable=True it labels"),
    ],
)  # fmt: skip
def test_errors_say_what_to_write(make: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_assigning_to_the_state_is_refused() -> None:
    def predict_wrong(self: Any, X: dlarray) -> dlarray:
        self.Count = self.Count + 1.0
        return X

    layer = layer_with(Stateful=("Count",), initialize=sets(Count=0.0), predict=predict_wrong)
    with pytest.raises(AttributeError, match=r'assigns to its state; .*return Y, \{"Count": value'):
        dlnetwork([layer], FEATURES)


# ---- checkLayer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [scaleLayer, ruledLayer, splitLayer, keptLayer])
def test_layers_in_order_pass(kind: type[Layer], device: Any) -> None:
    layer = kind()
    layouts = [FEATURES] * layer.NumInputs
    report = checkLayer(layer, *layouts, device=device.name)
    assert report.Passed and repr(report) == f"{kind.__name__}: no issues"


def test_a_rule_of_numpy_passes() -> None:
    assert checkLayer(plainLayer(), FEATURES).Passed
    assert checkLayer(plainLayer(), [3], ObservationDimension=1).Passed


class randomLayer(scaleLayer):
    def predict(self, X: dlarray) -> Any:
        return X * self.Scale + 0.0 * dl.rand(1, 1)[0, 0]


class writingLayer(scaleLayer):
    def forward(self, X: dlarray) -> Any:
        self.Peak._value[...] += 1.0
        return self.predict(X)


class foretellingLayer(scaleLayer):
    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        return layouts[0].replace("C", [7])


class convertingLayer(scaleLayer):
    def predict(self, X: dlarray) -> Any:
        return dl.double(X * self.Scale)


class growingLayer(scaleLayer):
    def forward(self, X: dlarray) -> Any:
        return self.predict(X), dl.repmat(self.Peak, 2, 1)


class batchLayer(scaleLayer):
    def predict(self, X: dlarray) -> Any:
        return (X - dl.mean(X, axis=1)) * self.Scale


class cutLayer(scaleLayer):
    def predict(self, X: dlarray) -> Any:
        return X * dl.extractdata(self.Scale)


class factorLayer(ruledLayer):
    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> Any:
        by_X, by_Scale = super().backward(X, Y, dLdY)
        return by_X, by_Scale / float(X.shape[1])


class signLayer(ruledLayer):
    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> Any:
        by_X, by_Scale = super().backward(X, Y, dLdY)
        return -by_X, by_Scale


class zeroLayer(ruledLayer):
    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> Any:
        return super().backward(X, Y, dLdY)[0], 0.0 * self.Scale


class otherLayer(ruledLayer):
    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> Any:
        return super().backward(X, Y, dLdY)[0], dl.sum(dLdY, axis=1)


class turnedLayer(Layer):
    Learnable = ("Weights",)

    def initialize(self, layout: networkDataLayout) -> None:
        self.Weights = dl.rand(3, 3)

    def predict(self, X: dlarray) -> dlarray:
        return self.Weights @ X

    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> Any:
        return dl.transpose(self.Weights) @ dLdY, X @ dl.transpose(dLdY)


class brokenLayer(scaleLayer):
    def forward(self, X: dlarray) -> Any:
        return X.missing


class unsetLayer(scaleLayer):
    def initialize(self, layout: networkDataLayout) -> None:
        self.Scale = dl.ones(3, 1)


FAULTS = [
    (randomLayer, "predict draws random numbers; what only training needs stands in forward"),
    (writingLayer, "forward changes the parameters of its network; return the new state"),
    (foretellingLayer, r"predict gives 3\(C\) × 3\(B\), foretold is 7\(C\) × \?\(B\)"),
    (convertingLayer, "predict of float32 gives float64; make arrays like others"),
    (growingLayer, "forward changes the size or class of Peak, from 3×1 float64 to 6×1"),
    (batchLayer, "predict of observation 0 alone differs .* no sums or means over B"),
    (cutLayer, "the derivative of predict by Scale, order 1, is 0.0 instead of .* extractdata"),
    (factorLayer, "backward, of predict by Scale, is 0.3333 times the derivative"),
    (signLayer, "backward, of predict by input 1, has the wrong sign"),
    (zeroLayer, "backward, of predict by Scale, gives 0"),
    (otherLayer, r"backward, of predict by Scale, is wrong: element \[\d, 0\] is .*the derivative"),
    (turnedLayer, "backward, of predict by Weights, is transposed"),
    (brokenLayer, r"AttributeError: .*missing.* \(line \d+, in forward\)"),
    (unsetLayer, "cannot stand in a network: .* Peak of layer 'layer' .* has no first value"),
]


@pytest.mark.parametrize(("kind", "words"), FAULTS, ids=lambda x: getattr(x, "__name__", ""))
def test_a_fault_gives_a_sentence(kind: type[Layer], words: str) -> None:
    report = checkLayer(kind(), FEATURES)
    assert not report.Passed
    assert any([re.search(words, issue) for issue in report.Issues]), report


def test_the_form_for_tests_raises() -> None:
    with pytest.raises(AssertionError, match=r"signLayer: backward, .*wrong sign") as got:
        check_layer(signLayer(), FEATURES)
    assert got.value.__cause__ is None
    with pytest.raises(AssertionError, match=r"brokenLayer: .*missing") as got:
        check_layer(brokenLayer(), FEATURES)
    assert isinstance(got.value.__cause__, AttributeError)


def test_all_faults_are_reported() -> None:
    class manyLayer(batchLayer):
        def forward(self, X: dlarray) -> Any:
            return X * 2.0, {"Nothing": self.Peak}

    report = checkLayer(manyLayer(), FEATURES)
    shown = repr(report)
    assert shown.startswith(f"manyLayer: {len(report.Issues)} issues\nissue 1: ")
    assert "no sums or means over B" in shown and "'Nothing', which is not declared" in shown
    assert report._repr_html_().count("<li>") == len(report.Issues) == 2


def test_the_sizes_of_the_observations() -> None:
    seen: list[str] = []

    class looksLayer(Layer):
        Formattable = True

        def predict(self, X: dlarray) -> dlarray:
            seen.append(f"{X.dims}{X.shape[0]}")
            return X

    for sizes, options, labels in (
        ([5], {}, "C5"),
        ([4, 5], {}, "SC4"),
        ([4, 4, 2], {"ObservationDimension": 3}, "SSCB4"),
        ([5, 7], {"ObservationDimension": 1}, "CBT5"),
    ):
        seen.clear()
        assert checkLayer(looksLayer(), sizes, **options).Passed
        assert set(seen) == {labels} | ({labels} if "B" in labels else set())
    assert checkLayer(looksLayer(), dlarray(normal((3, 2), 1), "CB")).Passed
    with pytest.raises(ValueError, match="ObservationDimension=5 does not fit 2 sizes"):
        checkLayer(looksLayer(), [3, 4], ObservationDimension=5)
    with pytest.raises(TypeError, match="a networkDataLayout, a dlarray with labels, or sizes"):
        checkLayer(looksLayer(), 3)
    with pytest.raises(TypeError, match=r"is a class; write looksLayer\(\)"):
        checkLayer(looksLayer, [3])
    with pytest.raises(TypeError, match="function is no layer"):
        checkLayer(lambda X: X, [3])
    with pytest.raises(TypeError, match="no option CheckCodegenCompatibility"):
        checkLayer(looksLayer(), [3], CheckCodegenCompatibility=True)


class pickLayer(Layer):
    """Rows of a table by their numbers: an input that it cannot be differentiated by."""

    InputNames = ("x", "indices")
    Formattable = True

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        return layouts[0].replace("C", [1])

    def predict(self, X: dlarray, indices: dlarray) -> dlarray:
        rows = [int(i) for i in numbers(gather(indices)).ravel()]
        assert all([i == j for i, j in zip(rows, numbers(gather(indices)).ravel(), strict=True)])
        return dl.cat("B", *[X[i, k] for k, i in enumerate(rows)])


def test_inputs_are_used_as_they_are() -> None:
    X = dlarray(normal((4, 3), 1), "CB")
    indices = dlarray([[2.0, 0.0, 1.0]], "CB")
    report = checkLayer(pickLayer(), inputs=[X, indices], follow=[0])
    assert report.Passed, report
    layouts = [networkDataLayout([4, None], "CB"), networkDataLayout([1, None], "CB")]
    check_layer(pickLayer(), *layouts, inputs=[X, indices], follow=[0])
    assert not checkLayer(pickLayer(), *layouts).Passed


def test_results_without_derivative_keep_their_class() -> None:
    class whereLayer(Layer):
        NumOutputs = 2

        def predict(self, X: dlarray) -> Any:
            return X * X, dlarray((numbers(gather(X)) > 0).astype(float))

    assert checkLayer(whereLayer(), FEATURES).Passed


def test_checks_leave_no_trace() -> None:
    rng(7)
    checkLayer(randomLayer(), FEATURES)
    drawn = dl.rand(1, 3)
    rng(7)
    np.testing.assert_array_equal(numbers(drawn), numbers(dl.rand(1, 3)))


def test_package_layers_report_too() -> None:
    assert checkLayer(reluLayer(), FEATURES).Passed


def test_the_constructor_may_name_inputs_and_outputs() -> None:
    class twoNamed(dl.Layer):
        def __init__(self, *, Name: str = "") -> None:
            self.Name = Name
            self.InputNames = ("a", "b")
            self.OutputNames = ("sum", "rest")

        def predict(self, A: Any, B: Any) -> Any:
            return A + B, A - B

    layout = dl.networkDataLayout([3, None], "CB")
    net = dl.dlnetwork([twoNamed(Name="both")], layout, layout)
    assert net.InputNames == ("both/a", "both/b")
    assert net.OutputNames == ("both/sum", "both/rest")
