"""Coupled observations are found, named and refused; everything else passes, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.networks import features, small
from tests.strategies import SEEDS, normal, numbers
from tinydl import (
    batchnorm,
    cat,
    dlarray,
    dldivergence,
    dlfeval,
    dlgradient,
    dljacobian,
    dllaplacian,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    fix_statistics,
    forward,
    fullyconnect,
    fullyConnectedLayer,
    functionLayer,
    layernorm,
    lstm,
    max,
    mean,
    mtimes,
    networkLayer,
    observation_jacobian,
    permute,
    predict,
    reshape,
    single,
    sort,
    stripdims,
    sum,
    tanh,
)
from tinydl.autodiff import Recorded
from tinydl.training.coupling import observation_dimensions

OPERATORS = (dljacobian, dldivergence, dllaplacian)
X = dlarray(normal((2, 5), 1), "CB")
W = normal((2, 2), 2)


def refused(call: Callable[..., Any], *xs: Any) -> str:
    """The message with which coupled observations are refused."""
    with pytest.raises(ValueError, match="couples observations") as caught:
        dlfeval(call, *xs)
    return str(caught.value)


def normalized(x: dlarray) -> dlarray:
    return batchnorm(tanh(fullyconnect(x, W)), [0.1, 0.2], [1.0, 2.0])[0]


COUPLED: dict[str, tuple[Callable[[dlarray], dlarray], str]] = {
    "batchnorm": (normalized, "batchnorm couples"),
    "mean": (lambda x: tanh(x) - 0.5 * mean(tanh(x), "B"), "the operation mean couples"),
    "sum": (lambda x: x * sum(x**2, "B"), "the operation sum"),
    "max": (lambda x: x + max(x, "B"), "the operation max couples"),
    "sort": (lambda x: sort(tanh(x**3), "B"), "the operation reorder couples"),
    "one other": (lambda x: x + cat("B", x[:, 1:] * 0.0, x[:, :1] ** 2), "the operation"),
    "product": (lambda x: dlarray(mtimes(stripdims(x), normal((5, 5), 3)), "CB"),
                "the operation matmul couples"),
}  # fmt: skip


@pytest.mark.parametrize("call", OPERATORS)
@pytest.mark.parametrize("name", COUPLED)
def test_the_function_is_named(name: str, call: Callable[..., dlarray]) -> None:
    f, words = COUPLED[name]
    message = refused(lambda x: call(f(x), x, "C"), X)
    assert words in message and message.startswith(f"{call.__name__}: ")
    for way_out in ("predict(net, X)", 'Statistics="fixed"', "fix_statistics(net)",
                    "observation_jacobian(u, x)", "along 'B'"):  # fmt: skip
        assert way_out in message


def without_labels(x: dlarray) -> dlarray:
    return dljacobian(tanh(x) - mean(x, axis=1), x, axis=0)


def test_labels_are_not_needed() -> None:
    assert "elements along dimension 1" in refused(without_labels, stripdims(X))
    by_rows = lambda x: dljacobian(x * mean(x, axis=0), x, axis=1)
    assert "elements along dimension 0" in refused(by_rows, stripdims(X))

    def of_a_vector(t: dlarray) -> dlarray:
        return dljacobian(cat(None, reshape(t**2, (1, 4)), reshape(t - mean(t), (1, 4)), axis=0),
                          t, axis=0)  # fmt: skip

    assert "elements along dimension 1" in refused(of_a_vector, dlarray([1.0, 2.0, 4.0, 7.0]))


@pytest.mark.parametrize("verb", ["layer", "of a network", "own layer"])
def test_the_layer_is_named(verb: str) -> None:
    if verb == "layer":
        net, name = small(), "layer 'bn' couples"
    elif verb == "of a network":
        block = dlnetwork(small().Layers[1:], Initialize=False)
        net = dlnetwork([featureInputLayer(3), networkLayer(block, Name="block")])
        name = "layer 'bn' of layer 'block' couples"
    else:
        centred = functionLayer(lambda x: x - mean(x, "B"), Name="centre", Formattable=True)
        net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(4), centred,
                         fullyConnectedLayer(2)])  # fmt: skip
        name = "layer 'centre' couples"
    net = dlupdate(double, net)
    call = lambda net, x: dljacobian(forward(net, x)[0], x, "C")
    assert f"dljacobian: {name} observations" in refused(call, net, features())


@pytest.mark.parametrize("call", OPERATORS)
def test_fixed_statistics_pass(call: Callable[..., dlarray]) -> None:
    net = small()
    _, net.State = forward(net, features())
    fixed = fix_statistics(net)
    x = features(6, seed=4)
    outputs = lambda u: u if call is not dldivergence else cat("C", u, u[:1, :])
    results = [
        dlfeval(lambda net, x, u=u: call(outputs(u(net, x)), x, "C"), net, x)
        for u in (predict, lambda net, x: forward(fixed, x)[0],
                  lambda net, x: forward(net, x, Statistics="fixed")[0])
    ]  # fmt: skip
    for result in results[1:]:
        np.testing.assert_allclose(numbers(result), numbers(results[0]), atol=1e-12)


def test_time_steps_are_observations_where_both_have_them() -> None:
    x = dlarray(normal((2, 3, 4), 1), "CBT")
    weights = [normal((8, 2), 2), normal((8, 2), 3), normal((8,), 4)]
    run = lambda x: lstm(x, np.zeros((2, 1)), np.zeros((2, 1)), *weights)
    message = refused(lambda x: dljacobian(run(x), x, "C"), x)
    assert "along 'B' and 'T'" in message
    last = dlfeval(lambda x: dljacobian(run(x)[:, :, 3], x, "C"), x)
    assert last.shape == (2, 2, 3, 4)
    of_sum = dlfeval(lambda x: dljacobian(sum(run(x), "T"), x, "C"), x)
    assert of_sum.shape == (2, 2, 3, 4)


def test_what_is_summed_already_passes() -> None:
    for f in (lambda x: sum(tanh(x), "B"), lambda x: mean(x**2, "B")):
        assert dlfeval(lambda x, f=f: dljacobian(f(x), x, "C"), X).shape == (2, 2, 5)


# ---- what is not coupled passes, however it rounds -----------------------------------------------


@given(st.integers(2, 9), st.integers(1, 3), SEEDS, st.sampled_from([single, double]))
def test_cancellation_is_no_coupling(n: int, c: int, seed: int, to: Any) -> None:
    """A derivative far below its terms has rounding errors of its own size."""

    def flat(x: dlarray) -> dlarray:
        h = tanh(fullyconnect(x, to(dlarray(normal((7, c), seed)))))
        big = fullyconnect(h, to(dlarray(normal((c, 7), seed + 1)))) * 1e6
        return layernorm(x, [0.0] * c, [1.0] * c) + (big + x) - big

    x = to(dlarray(normal((c, n), seed + 2), "CB"))
    for call in OPERATORS:
        dlfeval(lambda x, call=call: call(flat(x), x, "C"), x)


def test_a_coupling_of_exactly_zero_passes() -> None:
    f = lambda x: x**2 + 0.0 * mean(x, "B")
    jac = dlfeval(lambda x: dljacobian(f(x), x, "C"), X)
    np.testing.assert_array_equal(numbers(jac)[0, 0], 2 * numbers(X)[0])
    cancels = lambda x: x**2 - mean(x, "B") + mean(x, "B")
    dlfeval(lambda x: dljacobian(cancels(x), x, "C"), X)


@given(st.integers(2, 60), SEEDS, st.data())
def test_one_pair_is_enough(n: int, seed: int, data: Any) -> None:
    """u of one observation depends on x of one other."""
    to, source = data.draw(st.permutations(range(n)))[:2]
    place = np.zeros((1, n))
    place[0, to] = 1e-3

    def f(x: dlarray) -> dlarray:
        return tanh(x) + place * x[:, source : source + 1]

    refused(lambda x: dljacobian(f(x), x, "C"), dlarray(normal((2, n), seed), "CB"))


def test_second_derivatives_alone_may_be_coupled() -> None:
    """At mean 0 the first derivative of mean² is 0, and the second is not."""
    x = dlarray([[-2.0, -1.0, 0.0, 3.0]], "CB")
    f = lambda x: x**3 + mean(x, "B") ** 2
    dlfeval(lambda x: dljacobian(f(x), x, "C"), x)
    message = refused(lambda x: dllaplacian(f(x), x, "C"), x)
    assert message.startswith("dllaplacian: the computation couples")


def test_linear_functions_have_no_second_derivative() -> None:
    lap = dlfeval(lambda x: dllaplacian(fullyconnect(x, W), x, "C"), X)
    assert numbers(lap).tolist() == np.zeros((2, 5)).tolist()


# ---- the dimensions of observations --------------------------------------------------------------


@pytest.mark.parametrize(
    ("u", "x", "at", "pairs"),
    [
        (("CB", (2, 5)), ("CB", (3, 5)), 0, [(1, 1)]),
        (("CB", (2, 5)), ("CB", (3, 1)), 0, []),
        (("CB", (2, 1)), ("CB", (3, 1)), 0, []),
        (("CB", (2, 5)), ("SSCB", (4, 4, 1, 5)), 0, [(1, 3)]),
        (("SCB", (4, 2, 5)), ("SSCB", (4, 4, 1, 5)), 1, [(0, 0), (2, 3)]),
        (("CBT", (2, 5, 3)), ("CBT", (3, 5, 3)), 0, [(1, 1), (2, 2)]),
        (("", (2, 5)), ("", (3, 5)), 0, [(1, 1)]),
        (("", (5, 2)), ("", (5, 3)), 1, [(0, 0)]),
        (("CB", (2, 5)), ("", (3, 5)), 0, [(1, 1)]),
        (("", (2, 5)), ("CB", (3, 5)), 0, [(1, 1)]),
        (("", (2, 5)), ("", (5,)), 0, [(1, 0)]),
        (("", (3,)), ("", (3,)), 0, []),
    ],
)  # fmt: skip
def test_observation_dimensions(u: Any, x: Any, at: int, pairs: list[tuple[int, int]]) -> None:
    made = [dlarray(np.zeros(shape), fmt) for fmt, shape in (u, x)]
    assert observation_dimensions(*made, at) == pairs


# ---- one by one ----------------------------------------------------------------------------------


def differences(f: Callable[[dlarray], dlarray], x: Any, step: float = 2.0**-12) -> Any:
    """∂uᵢₙ/∂xⱼₙ by central differences of a function of CB arrays."""
    blocks = np.empty((numbers(f(dlarray(x, "CB"))).shape[0], *x.shape))
    for j, n in np.ndindex(x.shape):
        moved = [x.copy(), x.copy()]
        moved[0][j, n] += step
        moved[1][j, n] -= step
        plus, minus = (numbers(f(dlarray(m, "CB")))[:, n] for m in moved)
        blocks[:, j, n] = (plus - minus) / (2 * step)
    return blocks


@pytest.mark.parametrize("name", COUPLED)
def test_observation_jacobian_beside_differences(name: str) -> None:
    f, _ = COUPLED[name]
    jac = dlfeval(lambda x: observation_jacobian(f(x), x, "C"), X)
    np.testing.assert_allclose(numbers(jac), differences(f, numbers(X)), rtol=1e-5, atol=1e-6)


def test_observation_jacobian_on_a_device(device: Any) -> None:
    x = dlarray(device.put(numbers(X)), "CB")
    f = lambda x: x**2 - mean(x, "B")
    jac = dlfeval(lambda x: observation_jacobian(f(x), x, "C"), x)
    expected = np.eye(2)[:, :, None] * (2 * numbers(X) - 1 / 5)
    np.testing.assert_allclose(numbers(jac, device), expected, atol=1e-14)
    assert "the operation mean couples" in refused(lambda x: dljacobian(f(x), x, "C"), x)
    dlfeval(lambda x: dllaplacian(fullyconnect(tanh(x), device.put(W)), x, "C"), x)


def test_observation_jacobian_twice_is_the_second_derivative() -> None:
    """u = x · mean(x): u' is mean + x/N, and u'' is 2/N."""
    x = dlarray([[1.0, 2.0, 5.0]], "CB")

    def derivatives(x: dlarray) -> tuple[dlarray, ...]:
        first = observation_jacobian(x * mean(x, "B"), x, "C")
        return first, observation_jacobian(first, x, "C")

    first, second = dlfeval(derivatives, x)
    np.testing.assert_allclose(numbers(first), [[3.0, 10 / 3, 13 / 3]], rtol=1e-14)
    np.testing.assert_allclose(numbers(second), [[2 / 3] * 3], rtol=1e-14)


def test_observation_jacobian_over_time() -> None:
    """Two dimensions of observations: the derivative by the same observation at the same time."""
    x = dlarray(normal((2, 3, 4), 1), "CBT")
    f = lambda x: x**3 + 7.0 * mean(x, "T") + 5.0 * mean(x, "B")
    jac = dlfeval(lambda x: observation_jacobian(f(x), x, "C"), x)
    expected = np.eye(2)[:, :, None, None] * (3 * numbers(x) ** 2 + 7 / 4 + 5 / 3)
    np.testing.assert_allclose(numbers(jac), expected, atol=1e-13)


def test_observation_jacobian_is_dljacobian_where_nothing_is_coupled() -> None:
    both = lambda x: [call(tanh(fullyconnect(x, W)), x, "C")
                      for call in (dljacobian, observation_jacobian)]  # fmt: skip
    one, other = dlfeval(both, X)
    assert one.dims == other.dims
    np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-13)


# ---- who made a value ----------------------------------------------------------------------------


def test_messages_name_the_layer() -> None:
    made: list[Any] = []

    def loss(net: dlnetwork, x: dlarray) -> dlarray:
        Y, _ = forward(net, x)
        made.append(repr(Y._value))
        total = sum(Y, "all")
        made.append(repr(total._value))
        slope = dlgradient(total, x, EnableHigherDerivatives=True)
        assert type(slope._value) is Recorded
        made.append(slope._value.node.note)
        made.append(repr((slope * 2.0)._value))
        return slope

    dlfeval(loss, small(), features())
    assert made[0].endswith(" in layer 'out'>") and "layer" not in made[1]
    assert made[2] == "layer 'fc'" and "layer" not in made[3]


def test_the_name_goes_with_the_layer_also_after_an_error() -> None:
    def fails(x: dlarray) -> dlarray:
        raise ValueError("no")

    net = dlnetwork([featureInputLayer(3), functionLayer(fails, Name="bad")], Initialize=False)

    def after(x: dlarray) -> dlarray:
        with pytest.raises(ValueError, match="no"):
            forward(net, x)
        assert x._value.node.record.note is None
        return x

    dlfeval(after, features())


def test_a_permuted_copy_has_its_own_positions() -> None:
    turned = lambda x: dljacobian(permute(tanh(x), (1, 0)), x, axis=1)
    square = stripdims(dlarray(normal((3, 3), 1)))
    refused(turned, square)
