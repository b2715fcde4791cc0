"""The laws of tinydl.testing: right functions pass, and every law finds the faults it is for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import tinydl as dl
from tests import pretend_gpu
from tests.conftest import ON_GPU
from tests.strategies import SEEDS, labelled, normal, numbers
from tinydl import (
    Layer,
    dlarray,
    dlnetwork,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    networkDataLayout,
    predict,
    rng,
)
from tinydl.layers import LAYERS
from tinydl.layers.layer import register
from tinydl.testing import assert_close, laws, tolerance
from tinydl.testing.promises import CHECKS

X = dlarray(normal((3, 4), 0), "CB")
SEQUENCE = dlarray(normal((3, 2, 5), 1), "CBT")
IMAGE = dlarray(normal((2, 3, 2, 2), 2), "SSCB")


def network(*layers: Layer) -> dlnetwork:
    """A small one, in double precision, always the same."""
    rng(1)
    net = dlnetwork([featureInputLayer(3), *layers, fullyConnectedLayer(2)])
    return dl.dlupdate(dl.double, net)


def broken(law: Callable[..., None], words: str, *arguments: Any, **options: Any) -> None:
    """The law is not kept, and the sentence says so."""
    before = dl.rng()
    with pytest.raises(laws.BrokenLawError, match=words):
        law(*arguments, **options)
    assert dl.isequal(dl.rng(), before), "a law has moved the random numbers"


def apart(law: Callable[..., None], words: str, *arguments: Any) -> None:
    """The law says nothing of these inputs, and tells what it needs."""
    with pytest.raises(laws.NotApplicableError, match=f"{law.__name__}: .*{words}"):
        law(*arguments)


# ---- all of them --------------------------------------------------------------------------------

RIGHT: dict[str, Callable[..., Any]] = {
    "softmax": dl.softmax,
    "several": lambda X: (X * dl.tanh(X) - 1.0, dl.exp(X)),
    "total": lambda X: dl.sum(X * X, "all"),
}


LAWS = [law.__name__ for law in laws.OF_FUNCTIONS]


@pytest.mark.parametrize("name", RIGHT)
@given(pair=labelled(need="C"))
def test_right_functions_keep_all_laws(device: Any, name: str, pair: tuple[Any, str]) -> None:
    laws.check(RIGHT[name], dlarray(device.put(pair[0]), pair[1]))


@given(a=labelled(most=3), b=labelled(most=3))
def test_functions_of_two_arrays_keep_them_too(a: tuple[Any, str], b: tuple[Any, str]) -> None:
    A, B = (dlarray(np.mean(x, keepdims=True), fmt) for x, fmt in (a, b))
    laws.check(lambda A, B: A * B + dl.sin(A), A, B)


def test_networks_keep_them(device: Any) -> None:
    put = dl.gpuArray if device.name == "gpu" else dl.gather
    net = network(fullyConnectedLayer(4), dl.batchNormalizationLayer(), dl.dropoutLayer())
    given_net, given_array = put(net), put(X)
    laws.check(given_net, given_array)
    laws.check(predict, given_net, given_array)
    with pytest.raises(AssertionError, match="forward draws random numbers"):
        laws.check(forward, given_net, given_array, without=["batch", "derivatives"])


def test_a_law_can_be_left_out() -> None:
    centered = lambda X: X - dl.mean(X, "B")
    with pytest.raises(AssertionError, match="observation 0 alone"):
        laws.check(centered, X, without="purity")
    laws.check(centered, X, without=["batch"])
    laws.check(centered, X, without="batch")
    with pytest.raises(ValueError, match="without='batsh' is no law; there are formats, labels"):
        laws.check(centered, X, without="batsh")


def test_what_is_not_checked_is_said() -> None:
    with pytest.raises(TypeError, match=r"for a layer write check_layer\(layer, layout\)"):
        laws.check(dl.reluLayer(), X)
    with pytest.raises(TypeError, match="int is no function, network or layer"):
        laws.check(3, X)
    with pytest.raises(TypeError, match="batch: options are for layers"):
        laws.tests_of(dl.relu, X, batch=3)


def test_every_law_of_functions_is_public() -> None:
    assert {*LAWS, "state"} <= set(laws.__all__)
    promised = {check.__name__.removeprefix("check_") for check in CHECKS}
    assert promised >= {"permutation", "batch", "classes", "devices", "saving", "derivatives"}


# ---- labels -------------------------------------------------------------------------------------


def test_formats_that_are_not_sorted() -> None:
    turned = lambda X: dlarray._make(X._value.T, "BC")
    broken(laws.formats, "<lambda> of 3.C. × 4.B. gives a 2-dim.* the format 'BC'; .*S C B T U",
           turned, X)  # fmt: skip
    broken(laws.formats, "'CBT'", lambda X: (X, dlarray._make(X._value, "CBT")), X)
    laws.formats(lambda X: dlarray(extractdata(X).T, "BC"), X)


def test_labels_that_decide_about_numbers() -> None:
    doubled = lambda X: X * 2.0 if X.dims else X
    broken(laws.labels, r"of 3\(C\) × 4\(B\) gives other numbers without the labels .*element",
           doubled, X)  # fmt: skip
    along = lambda X: X - (dl.mean(X, "B") if X.dims else dl.mean(X, axis=0))
    broken(laws.labels, "name dimensions by their labels", along, X)
    laws.labels(lambda X: X - (dl.mean(X, "B") if X.dims else dl.mean(X, axis=1)), X)


def test_labels_may_be_demanded() -> None:
    laws.labels(dl.softmax, X)  # refuses what has none
    by_position = lambda axis: lambda X: dl.sum(X, axis=axis)
    laws.labels(lambda X: dl.sum(X, "B"), X, unlabelled=by_position(1))
    broken(laws.labels, "the size is", lambda X: dl.sum(X, "B"), X, unlabelled=by_position(0))
    with pytest.raises(ValueError, match="without labels; use dlarray"):
        laws.labels(dl.softmax, X, unlabelled=dl.softmax)
    apart(laws.labels, "given are 3×4", dl.relu, dl.stripdims(X))


@given(a=labelled(most=3), seed=SEEDS)
def test_inputs_of_different_formats_are_matched_first(a: tuple[Any, str], seed: int) -> None:
    A, B = dlarray(*a), dlarray(normal((1, 1), seed), "SC")
    laws.labels(operator.mul, A, B)
    swapped = lambda A, B: A * B if A.dims else B - A
    broken(laws.labels, "without the labels", swapped, A + 2.0, B)


def test_functions_that_see_how_an_array_lies() -> None:
    flat = lambda X: dlarray(extractdata(X).ravel(order="K").reshape(X.shape), X.dims)
    for given_array in (X, SEQUENCE, IMAGE):
        broken(laws.permutation, "dimensions are given in reversed order: element .*memory",
               flat, given_array)  # fmt: skip
    lies_rotated = lambda X: np.argsort(extractdata(X).strides).tolist() == [0, 2, 1]
    broken(laws.permutation, "in rotated order", lambda X: flat(X) if lies_rotated(X) else X,
           SEQUENCE)  # fmt: skip
    laws.permutation(lambda X: dlarray(extractdata(X).ravel().reshape(X.shape), X.dims), X)
    apart(laws.permutation, "two different labels", dl.relu, dlarray(normal((2, 2), 0), "SS"))


def test_plain_arrays_are_permuted_with_their_format() -> None:
    x = normal((3, 4, 2), 0)
    laws.permutation(lambda x, fmt: dl.softmax(dlarray(x, fmt)), x, "CBT")
    broken(laws.permutation, "the size is 2×4×3 instead of 3×4×2|the size is",
           lambda x, fmt: dl.softmax(dlarray(x, "CBT")), x, "CBT")  # fmt: skip


# ---- calls --------------------------------------------------------------------------------------


def test_observations_that_see_each_other(device: Any) -> None:
    far = dlarray(device.put(numbers(X)), "CB")
    broken(laws.batch, "alone differs .*no sums", lambda X: X - dl.mean(X, "B"), far)
    for mixed in (
        lambda X: X - dl.mean(X, "B"),
        lambda X: X * X[:, 0:1],
        lambda X: (X, X / dl.max(X, "B")),
        lambda X: dlarray(extractdata(X)[:, ::-1].copy(), "CB"),
    ):
        broken(laws.batch, "of observation . alone differs .*no sums or means over B", mixed, X)
    broken(laws.batch, r"of 4 observations gives 3\(C\) × 1\(B\)", lambda X: dl.sum(X, "B"), X)
    laws.batch(lambda X, W: dl.fullyconnect(X, W, [0.5, 1.0]), X, normal((2, 3), 1))
    laws.batch(lambda X, T: X * T, X, dlarray([[2.0]], "CB"))
    apart(laws.batch, r"dimension B .*given are 3\(C\) × 4\(T\)", dl.relu,
          dlarray(numbers(X), "CT"))  # fmt: skip
    apart(laws.batch, "no result of relu_total", relu_total, X)


def relu_total(X: dlarray) -> Any:
    return dl.sum(dl.relu(X), "all")


def test_positions_within_a_batch_are_left_alone() -> None:
    where = lambda X: (X * 2.0, dlarray(np.arange(4.0)[None], "CB"))
    laws.batch(where, X)
    laws.classes(where, X)
    broken(laws.batch, "alone differs .*the size is", lambda X: where(X)[1], X)


def test_classes_that_change(device: Any) -> None:
    far = dlarray(device.put(numbers(X)), "CB")
    broken(laws.classes, "of float32 gives float64", dl.double, far)
    up = lambda X: X * np.ones((3, 4))
    laws.classes(up, dl.single(X))  # single stays single beside a double constant
    broken(laws.classes, "of float32 gives float64; make arrays like others", dl.double, X)
    broken(laws.classes, "of float64 gives float32", lambda X: (X, dl.single(X) * 2.0), X)
    broken(laws.classes, "gives float64", lambda net, X: dl.double(predict(net, X)), network(), X)
    laws.classes(lambda X: (X > 0.0, X), X)
    laws.classes(predict, network(), X)


@pytest.fixture
def there(device: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A GPU: the one that the tests run on, or a pretended one."""
    if not ON_GPU:
        pretend_gpu.install(monkeypatch)
    yield


def test_results_that_leave_their_device(there: None) -> None:
    laws.devices(lambda X: 2.0 * X, X)
    laws.devices(predict, network(), X)
    home = lambda X: dl.gather(2.0 * X)
    broken(laws.devices, r"gives 3\(C\) × 4\(B\) in the computer's own memory; .*like=X", home, X)
    another = lambda X: 2.0 * X + (1.0 if isinstance(extractdata(X), np.ndarray) and
                                   type(extractdata(X)) is np.ndarray else 0.0)  # fmt: skip
    broken(laws.devices, "another result on the GPU than on the CPU: element", another, X)


def test_without_a_gpu_there_is_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinydl.backend.gpu.why_not", lambda: "pulled out")
    apart(laws.devices, "there is no GPU: pulled out", dl.relu, X)


def writes(X: Any) -> Any:
    X._value[0] += 1.0
    return X * 2.0


def test_inputs_that_are_written_into(device: Any) -> None:
    far = dlarray(device.put(numbers(X)), "CB")
    broken(laws.purity, "writes into its input 1: element", writes, far)
    given_array = dlarray(numbers(X), "CB")
    broken(laws.purity, r"writes into its input 2: element \[0\(C\), .*compute a new array",
           lambda a, X: writes(X), 1.0, given_array)  # fmt: skip
    plain = normal((2, 2), 0)
    broken(laws.purity, "writes into its input 1: element", lambda x: x.sort(), plain)
    broken(laws.purity, r"writes into its input 1: in part b: element",
           lambda p: writes(p["b"]), {"a": X, "b": dlarray(numbers(X))})  # fmt: skip

    def trains(net: dlnetwork, X: dlarray) -> Any:
        writes(net.Learnables.Value[0])
        return X

    broken(laws.purity, "trains changes the parameters of its network; .*Learnables.*fc/Weights",
           trains, network(), X)  # fmt: skip
    broken(laws.purity, "changes the parameters of its table",
           lambda t, X: writes(t.Value[1]), network().Learnables, X)  # fmt: skip


def test_results_that_change_from_call_to_call() -> None:
    stream = np.random.default_rng(0)
    broken(laws.purity, "gives another result the second time: element .*nothing but its inputs",
           lambda X: X * stream.random(), X)  # fmt: skip
    broken(laws.purity, "from the same random numbers: .*tinydl's rand and randn",
           lambda X: X * stream.random(), X, draws=True)  # fmt: skip
    buffer = normal((3, 4), 0)

    def reuses(X: dlarray) -> dlarray:
        buffer[...] += 1.0
        return dlarray._make(buffer, "CB")

    broken(laws.purity, "another result the second time", reuses, X)


def test_random_numbers_that_are_drawn() -> None:
    noisy = lambda X: X * dl.rand(3, 4)
    broken(laws.purity, "draws random numbers; where it is meant to, check it with draws=True",
           noisy, X)  # fmt: skip
    broken(laws.purity, "draws random numbers", lambda X: (dl.randn(1, 1), X)[1], X)
    broken(laws.purity, "draws random numbers", lambda X: (rng(4), X)[1], X)
    laws.purity(noisy, X, draws=True)
    laws.purity(forward, network(dl.dropoutLayer()), X, draws=True)


# ---- networks -----------------------------------------------------------------------------------


class countsLayer(Layer):
    """Everything in order; those below are not."""

    Stateful = ("Count",)

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name
        self.seen: list[int] = []

    def initialize(self, layout: networkDataLayout) -> None:
        self.Count = dl.zeros(1, 1)

    def predict(self, X: dlarray) -> Any:
        return X * 2.0

    def forward(self, X: dlarray) -> Any:
        return self.predict(X), self.Count + 1.0


def counting(forward: Callable[..., Any]) -> dlnetwork:
    return network(type("faultyLayer", (countsLayer,), {"forward": forward})())


def remembers(self: Any, X: dlarray) -> Any:
    self.seen.append(X.shape[1])
    return X * 2.0, self.Count


def writes_state(self: Any, X: dlarray) -> Any:
    self.Count._value[...] += 1.0
    return X * 2.0


def test_states_that_are_not_returned_as_they_were() -> None:
    laws.state(network(countsLayer(), dl.batchNormalizationLayer(), dl.dropoutLayer()), X)
    faults = {
        "changes the size or class of Count, from 1×1 float32 to 1×2 float32":
            lambda self, X: (X * 2.0, dl.repmat(self.Count, 1, 2)),
        "changes the size or class of Count, from 1×1 float32 to 1×1 float64":
            lambda self, X: (X * 2.0, dl.double(self.Count)),
        "changes the parameters of its network; return the new state": writes_state,
        "changes the attribute seen of layer 'layer'; return what is to be kept": remembers,
        "another result from the same random numbers":
            lambda self, X: (X * float(np.random.default_rng().random()), self.Count),
    }  # fmt: skip
    for words, fault in faults.items():
        broken(laws.state, words, counting(fault), X)


def test_a_state_is_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(countsLayer())
    for words, make in (
        ("the network's own State", lambda net: net.State),
        ("a State of the rows .*not", lambda net: net.Learnables),
    ):
        wrong = lambda net, X, make=make: (X, make(net))
        monkeypatch.setattr("tinydl.testing.laws_state.forward", wrong)
        broken(laws.state, words, net, X)


class forgetsLayer(Layer):
    """Computes with an attribute that is no option: a file does not have it."""

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name
        self.factor = 1.0

    def predict(self, X: dlarray) -> dlarray:
        return X * self.factor


@pytest.fixture
def registered() -> Iterator[None]:
    register(forgetsLayer)
    yield
    del LAYERS["forgetsLayer"]


def test_layers_that_lose_something_in_a_file(registered: None) -> None:
    layer = forgetsLayer()
    laws.saving(predict, network(layer), X)
    layer.factor = 3.0
    broken(laws.saving, "another result after save and load: element .*self.Name = Name",
           predict, network(layer), X)  # fmt: skip
    scaled = lambda p, X: X * p["a"] + p["b"][0]
    laws.saving(scaled, {"a": dlarray(2.0), "b": [1.0, 3.0]}, X)
    apart(laws.saving, "a network, a table, a list or a dict", dl.relu, X)


# ---- derivatives --------------------------------------------------------------------------------


def test_derivatives_that_are_cut() -> None:
    W = dlarray(normal((2, 3), 1))
    laws.derivatives(lambda X, W: dl.fullyconnect(dl.tanh(X), W, [0.5, 1.0]), X, W)
    laws.derivatives(predict, network(), X)
    with pytest.raises(AssertionError, match="the gradient by X"):
        laws.derivatives(lambda X: X * extractdata(X), X)
    with pytest.raises(AssertionError, match="order"):
        laws.check(lambda X: X * X + extractdata(X) ** 2, X)
    apart(laws.derivatives, "class single or double", dl.logical, dlarray([True, False]))


# ---- closeness ----------------------------------------------------------------------------------


def test_tolerances_follow_from_the_class() -> None:
    for kind, eps in ((np.float32, 2.0**-23), (np.float64, 2.0**-52)):
        x = np.array([[0.5, -4.0]], kind)
        assert tolerance(x) == tolerance(dlarray(x, "CB")) == 200 * eps
        assert tolerance(x / 16) == 50 * eps
        assert_close(x * (1 + 20 * kind(eps)), x)
        with pytest.raises(AssertionError, match="apart"):
            assert_close(x * (1 + 200 * kind(eps)), x)
        with pytest.raises(AssertionError, match="apart"):
            assert_close(x * (1 + 20 * kind(eps)), x, margin=1)
    assert tolerance(np.array([1, 900])) == tolerance([True]) == 0.0
    assert tolerance([np.inf, 2.0, np.nan]) == 100 * 2.0**-52
    assert_close(np.float32(0.1), 0.1)
    with pytest.raises(AssertionError):
        assert_close(np.float32(0.1), 0.1, margin=0)


@pytest.mark.parametrize(
    ("actual", "expected", "words"),
    [
        (dlarray([[1.0], [2.5]], "CB"), [[1.0], [2.0]],
         r"element \[1\(C\), 0\(B\)\] is 2.5 instead of 2.0: 0.5 apart"),
        (dlarray([[1.0, 2.0]], "CB"), dlarray([[1.0, 2.0]], "SC"), "the format is CB .* SC"),
        (dlarray([1.0]), dlarray([1.0], "C"), "the format is empty instead of C"),
        (dl.single(dlarray([1.0])), dlarray([1.0]), "the class is float32 instead of float64"),
        (dlarray([[1.0, 2.0]], "CB"), [1.0, 2.0], r"the size is 1\(C\) × 2\(B\) instead of 2"),
        (1.0, 2, "the number is 1.0 instead of 2"),
        (float("nan"), 1.0, "is nan instead of 1.0: inf apart"),
        (float("inf"), -float("inf"), "inf apart"),
        (np.array([1, 2]), [1, 3], r"element \[1\] is 2 instead of 3: 1 apart, 0 allowed"),
        ({"a": 1.0}, {"b": 1.0}, "the keys .'a'. instead of a dict with the keys .'b'."),
        ([1.0, {"a": X}], [1.0, {"a": X + 1.0}], "in part 1: element"),
        ((X, X), (X,), "a tuple of 2 instead of a tuple of 1"),
        ("left", "right", "it is 'left' instead of 'right'"),
        (X, "text", "instead of 'text'"),
    ],
)  # fmt: skip
def test_differences_are_said(actual: Any, expected: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_close(actual, expected)


def test_equal_values_pass() -> None:
    net = network()
    for value in (X, 1.0, True, "text", None, [], [1.0, None], {"a": X, "b": [X, 2.0]}, net,
                  net.Learnables, float("nan"), [float("inf")], np.zeros((0, 3)),
                  dlnetwork([fullyConnectedLayer(2)], Initialize=False)):  # fmt: skip
        assert_close(value, value)
    other = network()
    other.Learnables.Value[1] = numbers(other.Learnables.Value[1]) + 0.5
    with pytest.raises(AssertionError, match="in part Learnables: in part fc/Bias: element"):
        assert_close(other, net)


def test_both_devices_are_compared(device: Any) -> None:
    assert_close(dlarray(device.put(numbers(X)), "CB"), X)
    assert_close(X, dlarray(device.put(numbers(X)), "CB"))
    with pytest.raises(AssertionError, match="1 apart"):
        assert_close(dlarray(device.put(numbers(X) + 1.0), "CB"), X)
