"""dljacobian, dldivergence and dllaplacian: against formulas, and in the ways they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import SEEDS, normal, numbers
from tinydl import (
    adamupdate,
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
    forward,
    fullyconnect,
    fullyConnectedLayer,
    mean,
    mtimes,
    stripdims,
    sum,
    tanh,
    tanhLayer,
)

SIZES = st.integers(1, 4)


class Tanh:
    """u = A tanh(B x) for the columns of x, with its derivatives by formula."""

    def __init__(self, outputs: int, inputs: int, seed: int) -> None:
        self.A, self.B = normal((outputs, 3), seed), normal((3, inputs), seed + 1)

    def __call__(self, x: dlarray) -> dlarray:
        u = mtimes(self.A, tanh(mtimes(self.B, stripdims(x))))
        return dlarray(u, x.dims) if x.dims else u

    def jacobian(self, x: Any) -> Any:
        t = np.tanh(self.B @ x)
        return np.einsum("ik,kn,kj->ijn", self.A, 1 - t**2, self.B)

    def laplacian(self, x: Any) -> Any:
        t = np.tanh(self.B @ x)
        return np.einsum("ik,kn,kj->in", self.A, -2 * t * (1 - t**2), self.B**2)


def on_device(x: Any, device: Any, fmt: str = "") -> dlarray:
    return dlarray(device.put(x), fmt)


@given(SIZES, SIZES, SIZES, SEEDS, st.sampled_from(["", "CB", "CT"]))
def test_by_formulas(outputs: int, inputs: int, observations: int, seed: int, fmt: str) -> None:
    f, x = Tanh(outputs, inputs, seed), normal((inputs, observations), seed)
    by = {"dim": "C"} if fmt else {"axis": 0}

    def derivatives(x: dlarray) -> tuple[dlarray, ...]:
        u = f(x)
        return dljacobian(u, x, **by), dllaplacian(u, x, **by)

    jac, lap = dlfeval(derivatives, dlarray(x, fmt))
    expected = f.jacobian(x)
    assert jac.dims == (fmt if outputs == 1 else "")
    assert jac.shape == (expected.shape[1:] if outputs == 1 else expected.shape)
    np.testing.assert_allclose(numbers(jac).reshape(expected.shape), expected, atol=1e-12)
    assert lap.dims == fmt
    np.testing.assert_allclose(numbers(lap), f.laplacian(x), atol=1e-12)


@given(SIZES, SIZES, SEEDS)
def test_divergence(channels: int, observations: int, seed: int) -> None:
    f, x = Tanh(channels, channels, seed), normal((channels, observations), seed)
    div = dlfeval(lambda x: dldivergence(f(x), x, "C"), dlarray(x, "CB"))
    assert div.dims == "CB" and div.shape == (1, observations)
    np.testing.assert_allclose(numbers(div)[0], np.einsum("iin->n", f.jacobian(x)), atol=1e-12)


def test_on_a_device(device: Any) -> None:
    f, x = Tanh(2, 2, 5), normal((2, 3), 6)
    f.A, f.B = device.put(f.A), device.put(f.B)

    def derivatives(x: dlarray) -> tuple[dlarray, ...]:
        u = f(x)
        return (dljacobian(u, x, axis=0), dldivergence(u, x, axis=0), dllaplacian(u, x, axis=0))

    jac, div, lap = dlfeval(derivatives, on_device(x, device))
    f = Tanh(2, 2, 5)
    np.testing.assert_allclose(numbers(jac, device), f.jacobian(x), atol=1e-12)
    trace = np.einsum("iin->n", f.jacobian(x))
    np.testing.assert_allclose(numbers(div, device)[0], trace, atol=1e-12)
    np.testing.assert_allclose(numbers(lap, device), f.laplacian(x), atol=1e-12)


def test_vectors_and_numbers_have_the_usual_matrix() -> None:
    """Without a dimension of observations the result is the Jacobian matrix."""
    x = np.array([1.0, 2.0, 3.0])

    def products(x: dlarray) -> dlarray:
        return dljacobian(cat(None, x[0:1] * x[1:2], x[2:3] ** 2, axis=0), x)

    assert numbers(dlfeval(products, dlarray(x))).tolist() == [[2, 1, 0], [0, 0, 6]]
    twice = dlfeval(lambda x: (dljacobian(x**3, x), dllaplacian(x**3, x)), dlarray(2.0))
    assert [float(y) for y in twice] == [12.0, 12.0]


def test_images_to_scores() -> None:
    """x has more dimensions than u: each score has a gradient image."""
    x, w = normal((3, 2, 2, 4), 1), normal((5, 12), 2)

    def scores(x: dlarray) -> dlarray:
        return dljacobian(fullyconnect(x, w), x, "C")

    jac = numbers(dlfeval(scores, dlarray(x, "SSCB")))
    assert jac.shape == (5, 3, 2, 2, 4)
    for i in range(5):
        rows = w[i].reshape((3, 2, 2), order="F")
        np.testing.assert_allclose(jac[i], np.repeat(rows[..., None], 4, axis=-1), atol=1e-12)


def test_labels_may_be_stripped_after_the_computation() -> None:
    """Row by row, twice, and by the weights: the form of physics-informed networks."""
    net = dlnetwork([featureInputLayer(2), fullyConnectedLayer(5), tanhLayer(),
                     fullyConnectedLayer(1)])  # fmt: skip
    net = dlupdate(double, net)
    x, t = dlarray(normal((1, 6), 1), "CB"), dlarray(normal((1, 6), 2), "CB")

    def heat(net: dlnetwork, x: dlarray, t: dlarray) -> tuple[Any, ...]:
        U, _ = forward(net, cat("C", x, t))
        x, t, U = stripdims(x), stripdims(t), stripdims(U)
        ux, ut = dljacobian(U, x, axis=0), dljacobian(U, t, axis=0)
        uxx, again = dljacobian(ux, x, axis=0), dllaplacian(U, x, axis=0)
        residual = ut - 0.5 * uxx
        loss = mean(residual**2, "all")
        return loss, dlgradient(loss, net.Learnables), uxx, again

    loss, gradients, uxx, again = dlfeval(heat, net, x, t)
    np.testing.assert_allclose(numbers(uxx), numbers(again), rtol=1e-12)
    assert any([np.abs(numbers(g)).max() > 0 for g in gradients.Value])
    step = 1e-6
    moved = dlupdate(lambda w, g: w - step * g, net.Learnables, gradients)
    decrease = float(loss) - float(dlfeval(heat, _with(net, moved), x, t)[0])
    expected = step * np.sum([np.sum(numbers(g) ** 2) for g in gradients.Value])
    assert decrease == pytest.approx(expected, rel=1e-3)


def _with(net: dlnetwork, learnables: Any) -> dlnetwork:
    net, _, _ = adamupdate(net, dlupdate(lambda w: 0.0 * w, net.Learnables), [], [], 1)
    net.Learnables = learnables
    return net


def test_a_sum_over_observations_counts_for_each() -> None:
    """u may be one number already summed over the observations."""
    x = dlarray([[1.0, 2.0, 3.0]])
    lap = dlfeval(lambda x: dllaplacian(sum(x**3, "all"), x, axis=0), x)
    assert numbers(lap).tolist() == [[6.0, 12.0, 18.0]]


def test_constants_unless_higher_derivatives_are_enabled() -> None:
    def twice(x: dlarray, call: Callable[..., dlarray], higher: bool) -> dlarray:
        y = call(sum(x**4, "C"), x, axis=0, EnableHigherDerivatives=higher)
        return dlgradient(sum(y, "all") + 0.0 * sum(x, "all"), x)

    x = dlarray([[2.0]], "CB")
    for call in (dljacobian, dldivergence, dllaplacian):  # 4x³, 4x³ and 12x² at x = 2
        assert float(dlfeval(twice, x, call, True)) == 48.0
        assert float(dlfeval(twice, x, call, False)) == 0.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: dljacobian(x, x), r"which dimension of 2\(C\) × 3\(B\) dlarray"),
        (lambda x: dljacobian(x, x, 1), "could count from 0 or from 1"),
        (lambda x: dljacobian(x, x, "all"), "one dimension of u with elements is needed"),
        (lambda x: dljacobian(x[0:0, :], x, "C"), "one dimension of u with elements is needed"),
        (lambda x: dldivergence(x[0, :], x, "C"), r"equal sizes, not 1 and 2"),
        (lambda x: dljacobian(dlarray(1.0), x), "dljacobian: the value to differentiate must be"),
        (lambda x: dljacobian(x, dlarray(1.0)), "dljacobian: .* is a constant of this computation"),
        (lambda x: dljacobian(x, 2.0), "dljacobian: a float cannot be differentiated by"),
        (lambda x: dldivergence(x, x > 0, "C"), "dldivergence: .* has no derivative"),
    ],
)  # fmt: skip
def test_errors(call: Callable[..., Any], words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        dlfeval(call, dlarray(normal((2, 3), 1), "CB"))


def test_x_must_have_the_dimension() -> None:
    row = dlarray(np.ones((1, 3)), "CB")
    with pytest.raises(
        ValueError, match=r"x is 2\(C\) × 1\(U\) dlarray and does not have the dim.* B"
    ):
        dlfeval(lambda x: dllaplacian(x * row, x, "B"), dlarray([1.0, 2.0], "C"))


def test_outside_dlfeval() -> None:
    x = dlarray([[1.0]], "CB")
    with pytest.raises(RuntimeError, match="dllaplacian was called outside dlfeval"):
        dllaplacian(x, x, "C")
