"""check_gradients: right derivatives pass, and each mistake is named for what it is."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, normal, numbers
from tinydl import (
    Layer,
    dlarray,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    extractdata,
    forward,
    gpuArray,
    predict,
    rng,
    single,
    tanh,
)
from tinydl.autodiff import Primitive, plain
from tinydl.backend import on_device_of
from tinydl.labels.apply import binary, unary
from tinydl.primitives import elementwise as e
from tinydl.primitives import reduce as r
from tinydl.primitives import shape as s
from tinydl.testing import GradientError, GradientReport, check_gradients

X = normal((4, 3), 1)


def array(device: Any, value: Any = X, fmt: str = "CB") -> dlarray:
    return dlarray(device.put(np.asarray(value, float)), fmt)


def complaint(f: Callable[..., Any], *x: Any, **options: Any) -> str:
    """What check_gradients says."""
    with pytest.raises(AssertionError) as got:
        check_gradients(f, *x, **options)
    return str(got.value)


# ---- what is right passes -----------------------------------------------------------------------


def test_a_report_says_what_was_compared(device: Any) -> None:
    x = array(device)
    report = check_gradients(lambda x, y: tanh(x) * y, x, {"a": [1.0 * x]}["a"][0], orders=[1, 3])
    assert isinstance(report, GradientReport) and report.Passed
    assert (report.Inputs, report.Orders) == (("x", "y"), (1, 3))
    assert repr(report) == "derivatives by x, y, orders 1, 3 (contour): no issues"
    assert "no issues" in report._repr_html_()


def test_what_is_not_analytic_is_held_against_differences(device: Any) -> None:
    report = check_gradients(lambda x: dl.sqrt(dl.abs(x)) * x, array(device), orders=(1, 2, 3))
    assert report.Oracles == ("differences",)
    report = check_gradients(lambda x: dl.relu(x) * x, array(device), orders=(1, 2))
    assert report.Oracles == ("contour",)  # a circle that holds no kink


def test_a_kink_close_by_is_no_fault(device: Any) -> None:
    for close in (1e-3, 1e-4, 1e-5):
        x = array(device, [[close, -3 * close, 2.0, 1.0]])
        assert check_gradients(lambda x: dl.relu(x) * x + dl.abs(x), x, orders=(1, 2, 3)).Passed
    text = complaint(lambda x: dl.relu(x) * x + dl.abs(x), array(device, [[1e-9, 2.0]]))
    assert "one side of a kink" in text and "at C=0, B=0" in text


def test_containers_tables_and_networks(device: Any) -> None:
    rng(1)
    layers = [dl.fullyConnectedLayer(5), dl.batchNormalizationLayer(), dl.geluLayer()]
    net = dlnetwork([dl.featureInputLayer(4), *layers, dl.fullyConnectedLayer(2)])
    net = dlupdate(double, net)
    net = gpuArray(net) if device.name == "gpu" else net
    before = [numbers(dl.gather(v)) for v in (*net.Learnables.Value, *net.State.Value)]

    def loss(net: dlnetwork, data: dict[str, Any], power: int) -> Any:
        Y, _ = forward(net, data["x"][0])
        Z = predict(net, data["x"][0])
        return {"loss": [dl.mse(Y, Z) ** power]}, dl.sum(Y * data["scale"], "all")

    data = {"x": (array(device),), "scale": dlarray(device.put(np.array(2.0))), "name": "text"}
    report = check_gradients(loss, net, data, 2)
    assert report.Inputs[:2] == ('net.Learnables "fc_1/Weights"', 'net.Learnables "fc_1/Bias"')
    assert repr(report).startswith('derivatives by net.Learnables "fc_1/Weights", net.')
    assert 'Offset", 5 more, orders 1, 2 (contour)' in repr(report)
    assert report.Inputs[-2:] == ('data["x"][0]', 'data["scale"]')
    after = [numbers(dl.gather(v)) for v in (*net.Learnables.Value, *net.State.Value)]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    table = lambda t: dl.sum(t.Value[0] * 2.0, "all") + dl.sum(t.Value[1] ** 2, "all")
    assert 't "fc_1/Bias"' in check_gradients(table, net.Learnables).Inputs


def test_a_part_of_the_inputs(device: Any) -> None:
    x = array(device)
    f = lambda x, y: dl.tanh(x["a"] * y) + extractdata(x["b"][0]).sum()
    options = {"a": x, "b": [x]}
    assert check_gradients(f, options, x, follow=[1]).Inputs == ("y",)
    assert check_gradients(f, options, x, follow=['x["a"]', "y"]).Inputs == ('x["a"]', "y")
    assert 'gradient by x["b"][0], order 1, gives 0' in complaint(f, options, x, follow=["x"])
    with pytest.raises(ValueError, match="follow names '7'"):
        check_gradients(f, options, x, follow=[7])
    with pytest.raises(ValueError, match=r"follow names 'z'.* are: x\[\"a\"\], x\[\"b\"\]\[0\], y"):
        check_gradients(f, options, x, follow=["z"])


def test_a_function_may_differentiate_itself(device: Any) -> None:
    def loss(x: dlarray, w: dlarray) -> Any:
        y = dl.sum(tanh(x * w) ** 2, "all")
        slope = dlgradient(y, x, EnableHigherDerivatives=True)
        return dl.sum(slope**2, "all") + y

    assert check_gradients(loss, array(device), array(device, X + 1.0)).Passed
    wrong = lambda x, w: loss(x, w) + dl.sum(extractdata(x).sum() * w, "all")
    assert "by x, order 1" in complaint(wrong, array(device), array(device, X + 1.0))


def test_random_numbers_start_at_the_same_position(device: Any) -> None:
    rng(3)
    net = dlnetwork([dl.featureInputLayer(4), dl.dropoutLayer(0.5)])
    f = lambda x: forward(net, tanh(x))[0] * dl.rand(1, 1)[0, 0]
    assert check_gradients(f, array(device)).Passed
    drawn = dl.rand(1, 2)
    rng(3)
    assert np.array_equal(numbers(dl.rand(1, 2)), numbers(drawn))


def test_single_inputs_are_held_to_what_singles_can(device: Any) -> None:
    x = single(array(device))
    assert check_gradients(lambda x: dl.softmax(tanh(x) * 3.0), x, orders=(1, 2, 3)).Passed
    assert check_gradients(lambda x, y: tanh(x) * y, x, array(device)).Passed
    slightly_off = lambda x: x * x + 0.01 * extractdata(x).sum()
    assert "gradient by x, order 1" in complaint(lambda x: slightly_off(x), x)


def test_a_tolerance_lets_pass_what_is_nearly_right(device: Any) -> None:
    nearly = lambda x: _flat(x, lambda g: g * 1.01)
    assert check_gradients(nearly, array(device), tolerance=0.02).Passed
    assert "is 1.01 times the derivative" in complaint(nearly, array(device), tolerance=0.001)


def test_what_f_takes_from_outside(device: Any) -> None:
    weights = single(array(device))
    f = lambda x: tanh(x * weights)
    if device.name == "gpu":
        with pytest.raises(ValueError, match="Pass that as an argument too, and say by follow"):
            check_gradients(f, array(device))
    else:  # the result is single, and bounds are those of singles
        assert check_gradients(f, array(device)).Passed
    assert check_gradients(lambda x, w: tanh(x * w), array(device), weights, follow=[0]).Passed


def test_no_bound_depends_on_units(device: Any) -> None:
    for unit in (1e-6, 1e6):
        x = array(device, X * unit)
        assert check_gradients(lambda x, u=unit: tanh(x / u) * u, x).Passed
        assert "wrong sign" in complaint(lambda x, u=unit: _flat(x, lambda g: -g) / u, x)


@given(seed=SEEDS, rows=st.integers(1, 3), columns=st.integers(1, 3), data=st.data())
def test_random_programs(seed: int, rows: int, columns: int, data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=3))
    x = dlarray(normal((rows, columns), seed), "CB")

    def program(x: dlarray, y: dlarray) -> dlarray:
        for step in steps:
            x, y = STEPS[step](x, y), x
        return x

    assert check_gradients(program, x, dlarray(normal((rows, columns), seed + 1), "CB")).Passed


STEPS: dict[str, Callable[..., Any]] = {
    "tanh": lambda x, y: tanh(x),
    "product": lambda x, y: x * y,
    "sum": lambda x, y: x + dl.sum(y, "C"),
    "softmax": lambda x, y: dl.softmax(x) * y,
    "layernorm": lambda x, y: dl.layernorm(x * 0.1, np.zeros(x.shape[0]), np.ones(x.shape[0])),
    "relu": lambda x, y: dl.relu(x) + y,
    "gelu": lambda x, y: dl.gelu(x),
    "abs": lambda x, y: dl.sqrt(dl.abs(x) + 1.0) * y,
}


# ---- what is wrong is named ---------------------------------------------------------------------


@pytest.fixture(autouse=True)
def own_primitives(declared: None) -> Iterator[None]:
    """The primitives of these tests are forgotten."""
    yield


def own(call: Callable[..., Any], rule: Callable[..., Any]) -> Callable[[dlarray], dlarray]:
    """An operation of one input x with a derivative rule of its own."""

    def operation(x: dlarray) -> dlarray:
        def function(x: Any) -> Any:
            return call(x)

        function.__name__ = f"own{next(COUNT)}"
        primitive = Primitive(function)
        primitive.gradient(x=rule)
        return unary(primitive, x)

    return operation


COUNT = itertools.count()


def _flat(x: dlarray, change: Callable[[Any], Any]) -> dlarray:
    """x², whose gradient is changed."""
    return own(lambda x: x * x, lambda g, x: change(g * (2.0 * x)))(x)


def mean_of_rows(x: Any) -> Any:
    return x.mean(axis=1, keepdims=True)


def bump(g: Any) -> Any:
    """One entry is wrong."""
    change = np.zeros(g.shape)
    change[2, 1] = 0.25
    return e.add(g, s.reshape(e.cast(_on(g, change), dtype=g.dtype), shape=g.shape))


def _on(g: Any, a: np.ndarray) -> Any:
    return on_device_of(plain(g), a)


def normalized(held: str) -> Callable[[dlarray], dlarray]:
    """Batch normalization with some statistics taken as constants."""

    def constant(x: dlarray) -> dlarray:
        return dlarray(extractdata(x), x.dims)

    def f(x: dlarray) -> dlarray:
        mu = dl.mean(x, "B")
        mu = constant(mu) if "m" in held else mu
        variance = dl.mean((x - dl.mean(x, "B")) ** 2, "B")
        variance = constant(variance) if "v" in held else variance
        return tanh((x - mu) / dl.sqrt(variance + 1e-3))

    return f


def tie(x: dlarray) -> dlarray:
    return dl.max(x, "C") ** 2


WIDE = normal((3, 6), 5)
SQUARE = normal((3, 3), 4)
AT = (np.arange(12) == 7).reshape(4, 3)
TIED = np.where(np.arange(12).reshape(4, 3) // 3 < 2, 1.5, X)

FAULTS: dict[str, tuple[str, Callable[[dlarray], Any], Any, str]] = {
    "sign": ("sign", lambda x: _flat(x, lambda g: -g), X, "has the wrong sign.*multiply .* by −1"),
    "twice": ("factor", lambda x: _flat(x, lambda g: 2.0 * g), X, r"is 2 times .*\(2, as of a sq"),
    "half": ("factor", lambda x: _flat(x, lambda g: 0.5 * g), X, r"is 0.5 times .*\(1/2, as"),
    "sum for mean": ("factor",
        own(mean_of_rows, lambda g, x_shape: r.broadcast(g, shape=x_shape)), WIDE,
        "is 6 times .*6, the size of B of x"),
    "mean for sum": ("factor",
        own(lambda x: x.sum(axis=0, keepdims=True),
            lambda g, x_shape: r.broadcast(g / 4.0, shape=x_shape)), X,
        "is 0.25 times .*1/4: 4 is the size of C of x"),
    "one less": ("factor", lambda x: _flat(x, lambda g: g * (6.0 / 5.0)), WIDE,
        "is 1.2 times .*6/5: 6 is the size of B"),
    "any factor": ("factor", lambda x: _flat(x, lambda g: g * 0.77), X,
        "is 0.77 times the derivative.*divide this gradient by that$"),
    "transposed": ("transposed", lambda x: _flat(x, lambda g: s.transpose(g, axes=(1, 0))), SQUARE,
        "is transposed"),
    "flipped": ("transposed", lambda x: _flat(x, lambda g: s.take(
        g, index=(slice(None), slice(None, None, -1)))), X, "is flipped along axis 1"),
    "column-major": ("transposed", lambda x: _flat(x, lambda g: s.reshape(
        s.reshape(g, shape=(12,), order="C"), shape=(4, 3), order="F")), X, "in another order"),
    "zero": ("zero", lambda x: _flat(x, lambda g: g * 0.0), X, "gives 0; nothing reaches"),
    "mean held": ("statistic", normalized("m"), WIDE, "treats the mean over B as a constant"),
    "variance held": ("statistic", normalized("v"), WIDE, "treats the variance over B as a const"),
    "both held": ("statistic", normalized("mv"), WIDE, "treats the mean and variance over B as a"),
    "relu at 0": ("kink", lambda x: dl.relu(x) * 2.0, np.where(AT, 0.0, 1.0),
        "one side of a kink: f has the slope 0 below this point and .*at C=2, B=1"),
    "abs at 0": ("kink", lambda x: dl.abs(x), np.where(AT, 0.0, X),
        "one side of a kink.*at C=2, B=1"),
    "a tie": ("kink", tie, TIED, "one side of a kink"),
    "y held": ("higher order", own(np.tanh, lambda g, y: g * (1.0 - plain(y) * plain(y))), X,
        "order 2, gives 0, though order 1 is right.*not differentiable itself"),
    "half of it held": ("higher order", own(np.tanh, lambda g, y: g * (1.0 - y * plain(y))), X,
        "order 2, gives another number, though order 1 is right"),
    "single on the way": ("single", lambda x: double(single(x)) ** 2, X,
        "has the precision of singles: cast .*makes singles of doubles"),
    "written by f": ("in place", lambda x: _written(x), X, "x is modified in place"),
    "written by a rule": ("in place", own(lambda x: x * x, lambda g, x: _writing(g, x)), X,
        "x is modified in place"),
    "NumPy's numbers": ("random", lambda x: x**2 * np.random.rand(), X, "seed their generator"),
    "Python's numbers": ("random", lambda x: x**2 * random.random(), X, "are not tinydl's"),
    "a counter": ("another result", lambda x: x * float(next(COUNT)), X, "keeps something between"),
    "a random rule": ("not deterministic",
        lambda x: _flat(x, lambda g: g * (1.0 + float(np.random.rand()))), X,
        "another one the second time, though f is the same"),
    "not finite": ("not finite", lambda x: dl.log(x * 0.0), X, "gives NaN or Inf"),
    "one entry": ("", lambda x: _flat(x, bump), X, "order 1, is wrong: at C=2, B=1 it is"),
    "a constant more": ("", lambda x: _flat(x, lambda g: g + 0.5), X, "is wrong"),
    "another function": ("", own(np.tanh, lambda g, x: g * e.cos(x)), X, "is wrong"),
}  # fmt: skip


def _written(x: dlarray) -> dlarray:
    plain(x._value)[0, 0] += 1.0
    return x * x


def _writing(g: Any, x: Any) -> Any:
    slope = g * (2.0 * x)
    plain(x)[0, 0] += 1.0
    return slope


@pytest.mark.parametrize("fault", FAULTS)
def test_each_mistake_is_named_for_what_it_is(fault: str, device: Any) -> None:
    kind, f, value, words = FAULTS[fault]
    with pytest.raises(GradientError) as got:
        check_gradients(lambda x: f(x), array(device, value))
    (issue,) = got.value.report.Issues
    assert issue.Cause == kind, issue
    assert re.search(words, issue.Sentence), issue


def test_an_issue_has_the_numbers(device: Any) -> None:
    with pytest.raises(GradientError) as got:
        check_gradients(lambda a: {"y": _flat(a, bump)}, array(device))
    (issue,) = got.value.report.Issues
    assert (issue.Input, issue.Order, issue.Index, issue.Labels) == ("a", 1, (2, 1), "C=2, B=1")
    assert issue.Found - issue.Expected == pytest.approx(0.25)
    assert "1 issue\nissue 1: the gradient by a, order 1, is wrong" in repr(got.value.report)
    assert got.value.report._repr_html_().count("<li>") == 1


def test_places_without_labels(device: Any) -> None:
    assert "at [2, 1] it is" in complaint(lambda x: _flat(x, bump), array(device, X, ""))
    number = complaint(lambda x: _flat(x, lambda g: g + 1.0), array(device, 2.0, ""))
    assert "order 1, is wrong: at its only element it is" in number  # one number is any multiple


def test_all_inputs_that_are_wrong_are_reported(device: Any) -> None:
    f = lambda x, y, z: _flat(x, lambda g: -g) * y + extractdata(z).sum() + z
    text = complaint(f, array(device), array(device), array(device))
    assert "issue 1: the gradient by x, order 1, has the wrong sign" in text
    assert "issue 2: the gradient by z" in text and "by y" not in text


def test_single_precision_is_told_from_a_mistake(device: Any) -> None:
    steep = lambda x: dl.sin(x * 1e4)
    assert check_gradients(steep, array(device)).Passed
    text = complaint(steep, single(array(device)))
    assert "is right in double precision: in single it drowns in rounding" in text
    assert "wrong sign" in complaint(lambda x: _flat(x, lambda g: -g), single(array(device)))


def test_a_mixed_derivative_may_be_wrong_alone(device: Any) -> None:
    def product(a: Any, b: Any) -> Any:
        return a * b

    product.__name__ = f"own{next(COUNT)}"
    wrong = Primitive(product)
    wrong.gradient(a=lambda g, b: g * plain(b), b=lambda g, a: g * plain(a))
    text = complaint(lambda x, y: binary(wrong, x, y), array(device), array(device, X + 2.0))
    assert re.search("gradient by [xy], order 2, mixed with the others, gives 0, though", text)


def test_the_rule_that_is_wrong_is_told_from_the_other(device: Any) -> None:
    def square(x: Any, *, save: bool = False) -> Any:
        return (x * x, 2.0 * x) if save else x * x

    for fast, higher in ((2.0, 1.0), (1.0, 2.0)):
        square.__name__ = f"own{next(COUNT)}"
        primitive = Primitive(square, ("slope",))
        primitive.gradient(x=_multiplied(fast))
        primitive.definition(lambda x, c=higher: e.power(x, p=2) * c)
        text = complaint(lambda x, p=primitive: unary(p, x), array(device))
        assert "is 2 times the derivative" in text
        words = (
            "with EnableHigherDerivatives=True it is right, so that the fault lies in a backward"
        )
        without = "without EnableHigherDerivatives it is right, so that the fault lies in a rule or"
        assert (words if fast == 2.0 else without) in text


def _multiplied(factor: float) -> Callable[..., Any]:
    return lambda g, slope: g * slope * factor


class scaleLayer(Layer):
    """x times its weight, with a rule that forgets the sum over the batch in a mean."""

    Learnable = ("Weight",)

    def initialize(self, layout: Any) -> None:
        self.Weight = double(dl.ones(layout.channels, 1)) * 1.5

    def predict(self, X: dlarray) -> dlarray:
        return self.Weight * X

    def backward(self, X: dlarray, Y: dlarray, dLdY: dlarray) -> Any:
        return self.Weight * dLdY, dl.mean(dLdY * X, axis=1)


def test_a_backward_of_a_layer_is_checked_within_its_network(device: Any) -> None:
    rng(1)
    net = dlupdate(double, dlnetwork([dl.featureInputLayer(4), scaleLayer()]))
    net = gpuArray(net) if device.name == "gpu" else net
    text = complaint(forward_of, net, array(device))
    assert 'net.Learnables "layer/Weight", order 1, is 0.3333 times the derivative' in text
    assert "1/3: 3 is the size of B of X" in text
    assert check_gradients(forward_of, net, array(device), follow=["X"]).Passed


def forward_of(net: dlnetwork, X: dlarray) -> dlarray:
    return forward(net, X)[0]


def test_large_gradients_are_looked_at_in_part(device: Any) -> None:
    x = array(device, normal((20, 30), 2))
    assert "has the wrong sign" in complaint(lambda x: _flat(x, lambda g: -g), x)
    rearranged = lambda g: s.take(g, index=(slice(None, None, -1),))
    assert "is flipped along axis 0" in complaint(lambda x: _flat(x, rearranged), x)


def test_an_entry_that_was_not_looked_at_is_missed_by_name_only(device: Any) -> None:
    x = array(device, normal((50, 80), 2))
    text = complaint(lambda x: _flat(x, bump), x, orders=[1])
    assert "is wrong: along a random direction it is" in text


def test_what_never_settles_is_no_success(device: Any) -> None:
    def rough(x: dlarray) -> dlarray:
        noise = 1e-3 * np.sin(1e9 * numbers(dl.gather(extractdata(x))))
        return x + _beside(x, noise)

    assert "cannot be checked: differences of f do not settle" in complaint(rough, array(device))


def _beside(x: dlarray, values: np.ndarray) -> dlarray:
    """Numbers that were worked out elsewhere, on the device of x."""
    return dlarray(_on(x._value, values), x.dims)


def test_what_else_is_written_into_is_found(device: Any) -> None:
    noise = device.put(np.ones((4, 3)))

    def f(x: dlarray, more: dict[str, Any]) -> dlarray:
        more["noise"] += 1.0
        return x * 2.0

    assert "an array among the arguments is modified in place" in complaint(
        f, array(device), {"noise": noise}
    )
    assert (device.take(noise) == 1.0).all()


def test_wrong_calls_are_refused(device: Any) -> None:
    x = array(device)
    with pytest.raises(ValueError, match=r"orders are such as \(1, 2\)"):
        check_gradients(tanh, x, orders=[])
    with pytest.raises(ValueError, match="an order must be a whole number from 1 on"):
        check_gradients(tanh, x, orders=[0])
    with pytest.raises(TypeError, match="nothing to differentiate by"):
        check_gradients(tanh, dl.dlarray(np.array([True])), 3.0)
    with pytest.raises(TypeError, match="f returns ndarray without a dlarray"):
        check_gradients(lambda x: extractdata(x), x)
    with pytest.raises(RuntimeError, match="outside dlfeval"):
        dl.dlfeval(lambda x: check_gradients(tanh, x), x)


def test_checks_leave_no_trace(device: Any) -> None:
    rng(7)
    complaint(lambda x: x * np.random.rand() * dl.rand(1, 1)[0, 0], array(device))
    drawn = dl.rand(1, 3)
    rng(7)
    np.testing.assert_array_equal(numbers(drawn), numbers(dl.rand(1, 3)))
