"""Steps of training, written as MATLAB's users write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import features, small
from tests.strategies import numbers
from tinydl import (
    adamupdate,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    forward,
    mse,
    rmspropupdate,
    sgdmupdate,
    sum,
)
from tinydl.network.table import Table


def modelLoss(net: dlnetwork, X: dlarray, T: dlarray) -> Any:
    Y, state = forward(net, X)
    loss = mse(Y, T)
    return loss, dlgradient(loss, net.Learnables), state


def train(step: Any, states: int) -> list[float]:
    """The losses of a hundred steps."""
    net, X = small(), features(50)
    T = dlarray(np.sin(2 * numbers(X)[:2]), "CB")
    state: Any = ([],) * states
    losses = []
    for iteration in range(1, 101):
        loss, gradients, net.State = dlfeval(modelLoss, net, X, T)
        net, *state = step(net, gradients, *state, iteration)
        losses.append(float(loss))
    return losses


@pytest.mark.parametrize(
    ("step", "states"),
    [
        (lambda net, g, vel, t: sgdmupdate(net, g, vel, 0.02), 1),
        (lambda net, g, m, v, t: adamupdate(net, g, m, v, t, 0.02), 2),
        (lambda net, g, v, t: rmspropupdate(net, g, v, 0.02), 1),
    ],
    ids=["sgdm", "adam", "rmsprop"],
)
def test_a_training_loop(step: Any, states: int) -> None:
    losses = train(step, states)
    assert losses[-1] < 0.5 * losses[0]


def test_tables_in_tables_out() -> None:
    net, X, T = small(), features(), features(5, 2, 3)
    _, gradients, _ = dlfeval(modelLoss, net, X, T)
    whole, velocity = sgdmupdate(net, gradients, [])
    net.Learnables, vel = sgdmupdate(net.Learnables, gradients, [])
    for a, b in ((whole.Learnables, net.Learnables), (velocity, vel)):
        for x, y in zip(a.Value, b.Value, strict=True):
            np.testing.assert_array_equal(numbers(x), numbers(y))


def test_weight_decay_and_clipping_by_hand() -> None:
    net, X, T = small(), features(), features(5, 2, 3)
    _, gradients, _ = dlfeval(modelLoss, net, X, T)
    raw = [numbers(g) for g in gradients.Value]
    rows = net.Learnables.Parameter == "Weights"
    gradients[rows, :] = dlupdate(
        lambda g, w: g + 0.1 * w, gradients[rows, :], net.Learnables[rows, :]
    )
    gradients = dlupdate(lambda g: g / max(1.0, float(sum(g**2, "all")) ** 0.5), gradients)
    for g, before, w, is_weight in zip(
        gradients.Value, raw, net.Learnables.Value, rows, strict=True
    ):
        expected = before + 0.1 * numbers(w) * is_weight
        np.testing.assert_allclose(numbers(g), expected / max(1, np.linalg.norm(expected)))


def test_two_networks_and_a_coefficient_in_one_gradient() -> None:
    parameters = {"u": small(), "f": small(), "coefficient": dlarray(2.0)}

    def loss(p: Any, X: dlarray) -> Any:
        value = mse(forward(p["u"], X)[0] * p["coefficient"], forward(p["f"], X)[0])
        by_dict = dlgradient(value, p, RetainData=True)
        by_list = dlgradient(value, [p["u"].Learnables, p["f"], p["coefficient"]], RetainData=True)
        return value, by_dict, by_list, dlgradient(value, p["u"], p["f"].Learnables)

    value, by_dict, by_list, separate = dlfeval(loss, parameters, features())
    assert isinstance(separate, tuple) and isinstance(by_list, list)
    for name, table in zip(("u", "f"), separate, strict=True):
        for a, b, c in zip(table.Value, by_dict[name].Value,
                           by_list["uf".index(name)].Value, strict=True):  # fmt: skip
            np.testing.assert_array_equal(numbers(a), numbers(b))
            np.testing.assert_array_equal(numbers(a), numbers(c))
    updated, *state = adamupdate(parameters, by_dict, [], [], 1, 0.01)
    assert float(updated["coefficient"]) == pytest.approx(
        2.0 - 0.01 * np.sign(float(by_dict["coefficient"])), abs=1e-6
    )
    assert float(dlfeval(loss, updated, features())[0]) < float(value)
    assert [list(s) for s in state] == [["u", "f", "coefficient"]] * 2


def test_a_loss_function_as_a_closure() -> None:
    net, X, T = small(), features(), features(5, 2, 3)
    lossFcn = lambda net: dlfeval(modelLoss, net, X, T)
    loss, gradients, state = lossFcn(net)
    assert isinstance(gradients, Table) and state.rows == net.State.rows
    assert float(lossFcn(sgdmupdate(net, gradients, [], 0.01)[0])[0]) < float(loss)
