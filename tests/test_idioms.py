"""Turns of phrase that recur in MATLAB's custom loops, line by line, against plain NumPy.

Steps with solvers, weight decay on rows of a table, and several networks in one gradient are in
test_training_loops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import features, small
from tests.strategies import normal, numbers
from tinydl import (
    adamupdate,
    crossentropy,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    exp,
    featureInputLayer,
    finddim,
    forward,
    fullyConnectedLayer,
    mean,
    mse,
    numel,
    onehotencode,
    pagemtimes,
    permute,
    predict,
    rand,
    reshape,
    rng,
    sin,
    size,
    softmax,
    sqrt,
    stripdims,
    sum,
    tanhLayer,
    vertcat,
    zeros,
)


def test_rows_laid_below_each_other_and_taken_apart() -> None:
    """[x; y] goes into a network, U(1,:) comes out; a mean is a sum over finddim by numel."""

    def loss(x: dlarray, y: dlarray) -> tuple[dlarray, ...]:
        XY = vertcat(x, y)
        U = vertcat(sin(XY[0, :]) * XY[1, :], XY[0, :])
        u = U[0, :]
        assert (XY.dims, u.dims, size(u)) == ("CB", "CB", (1, 3))
        value = sum(u**2, axis=finddim(u, "B")) / numel(x)
        return value, *dlgradient(value, x, y)

    x, y = normal((1, 3), 1), normal((1, 3), 2)
    value, to_x, to_y = dlfeval(loss, dlarray(x, "CB"), dlarray(y, "CB"))
    u = np.sin(x) * y
    assert float(value) == pytest.approx(np.mean(u**2), rel=1e-14)
    np.testing.assert_allclose(numbers(to_x), 2 * u * np.cos(x) * y / 3, rtol=1e-13)
    np.testing.assert_allclose(numbers(to_y), 2 * u * np.sin(x) / 3, rtol=1e-13)


def test_a_gradient_of_a_gradient_by_rows() -> None:
    """gradU = dlgradient(sum(U,'all'), XY, …), then of its rows: all second derivatives."""

    def second(XY: dlarray) -> tuple[dlarray, ...]:
        U = sin(XY[0, :]) * XY[1, :] ** 3
        gradU = dlgradient(sum(U, "all"), XY, EnableHigherDerivatives=True)
        rows = [dlgradient(sum(gradU[i, :], "all"), XY, EnableHigherDerivatives=True)
                for i in range(2)]  # fmt: skip
        return gradU, *rows

    xy = normal((2, 4), 3)
    (x, y), found = xy, [numbers(g) for g in dlfeval(second, dlarray(xy, "CB"))]
    for got, expected in zip(found, (
        [np.cos(x) * y**3, 3 * np.sin(x) * y**2],
        [-np.sin(x) * y**3, 3 * np.cos(x) * y**2],
        [3 * np.cos(x) * y**2, 6 * np.sin(x) * y],
    ), strict=True):  # fmt: skip
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-13)


def test_a_physics_informed_loss_trains() -> None:
    """u'' = −u with u(0) = 0 and u'(0) = 1, whose solution is the sine."""
    rng(0)
    net = dlnetwork([featureInputLayer(1), fullyConnectedLayer(16), tanhLayer(),
                     fullyConnectedLayer(1)])  # fmt: skip
    net = dlupdate(double, net)
    t = dlarray(np.linspace(0, 2, 20)[None], "CB")

    def modelLoss(net: dlnetwork, t: dlarray, t0: dlarray) -> tuple[Any, ...]:
        u = forward(net, t)[0]
        ut = dlgradient(sum(u, "all"), t, EnableHigherDerivatives=True)
        utt = dlgradient(sum(ut, "all"), t, EnableHigherDerivatives=True)
        u0 = predict(net, t0)
        slope = dlgradient(sum(u0, "all"), t0, EnableHigherDerivatives=True)
        loss = mse(utt + u, zeros(size(u), like=u)) + mse(u0, [[0.0]]) + mse(slope, [[1.0]])
        return loss, dlgradient(loss, net.Learnables)

    m: Any = []
    v: Any = []
    for iteration in range(1, 301):
        loss, gradients = dlfeval(modelLoss, net, t, dlarray([[0.0]], "CB"))
        net, m, v = adamupdate(net, gradients, m, v, iteration, 0.02)
    error = np.abs(numbers(predict(net, t)) - np.sin(numbers(t))).max()
    assert float(loss) < 1e-2 and error < 0.1


def test_a_loss_accumulated_over_a_list() -> None:
    net = small()
    batches = [features(4), features(7), features(2)]

    def total(net: dlnetwork, batches: list[dlarray]) -> tuple[Any, ...]:
        loss: Any = 0
        for X in batches:
            Y, state = forward(net, X)
            loss = loss + mse(Y, zeros(size(Y), like=Y))
        return loss, dlgradient(loss, net.Learnables), state

    loss, gradients, _ = dlfeval(total, net, batches)
    each = [dlfeval(total, net, [X]) for X in batches]
    assert float(loss) == pytest.approx(np.sum([float(part[0]) for part in each]), rel=1e-5)
    for i, g in enumerate(gradients.Value):
        expected = np.sum([numbers(part[1].Value[i]) for part in each], axis=0)
        np.testing.assert_allclose(numbers(g), expected, rtol=1e-4, atol=1e-6)


def test_boxes_from_feature_maps() -> None:
    """reshape(permute(stripdims(x), …)): the numbers move, the derivative follows them."""
    x = normal((2, 3, 8, 5), 4)

    def boxes(X: dlarray) -> tuple[dlarray, dlarray]:
        Y = reshape(permute(stripdims(X), (2, 1, 0, 3)), 4, -1, 5)
        return Y, dlgradient(sum(Y[1, :, :] ** 2, "all"), X)

    Y, slope = dlfeval(boxes, dlarray(x, "SSCB"))
    expected = x.transpose(2, 1, 0, 3).reshape((4, 12, 5), order="F")
    np.testing.assert_array_equal(numbers(Y), expected)
    chosen = np.isin(np.arange(8) % 4, 1)[None, None, :, None]
    np.testing.assert_allclose(numbers(slope), 2 * x * chosen, rtol=1e-14)
    assert slope.dims == "SSCB"


def test_attention_by_hand_after_stripdims() -> None:
    """Labelled arrays are no matrices: strip, permute, pagemtimes, label again."""
    q, k, v = (normal((3, 2, 4), seed) for seed in (5, 6, 7))

    def attend(Q: dlarray, K: dlarray, V: dlarray) -> tuple[dlarray, ...]:
        Q, K, V = (permute(stripdims(A), (0, 2, 1)) for A in (Q, K, V))  # C × T × B
        scores = pagemtimes(K, "transpose", Q, "none") / sqrt(3.0)
        weights = exp(scores) / sum(exp(scores), axis=0)
        Y = dlarray(permute(pagemtimes(V, weights), (0, 2, 1)), "CBT")
        return Y, sum(weights, axis=0)

    Y, ones = dlfeval(attend, *[dlarray(a, "CBT") for a in (q, k, v)])
    scores = np.einsum("cbk,cbq->bkq", k, q) / np.sqrt(3)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(numbers(Y), np.einsum("cbk,bkq->cbq", v, weights), rtol=1e-12)
    np.testing.assert_allclose(numbers(ones), 1.0, rtol=1e-14)


def test_zeros_like_filled_inside_a_model() -> None:
    """zeros(…, like=X) is filled row by row from labelled arrays, and differentiated."""

    def model(X: dlarray) -> tuple[dlarray, dlarray]:
        scores = zeros(2, size(X, "B"), like=X)
        for c in range(2):
            scores[c, :] = mean(X * (c + 1.0), "C")
        return scores, dlgradient(sum(scores[1, :], "all"), X)

    x = normal((3, 4), 8)
    scores, slope = dlfeval(model, dlarray(x, "CB"))
    np.testing.assert_allclose(numbers(scores), [x.mean(0), 2 * x.mean(0)], rtol=1e-14)
    np.testing.assert_allclose(numbers(slope), np.full((3, 4), 2 / 3), rtol=1e-14)


def test_dropout_by_hand() -> None:
    """rand(size(z), like=z) > p is a mask of z's class and device."""
    rng(1)
    Z = dlarray(np.ones((50, 40)), "CB")
    mask = rand(size(Z), like=Z) > 0.25
    Y = Z * mask / 0.75
    assert Y.dims == "CB" and set(np.unique(numbers(Y))) == {0.0, 1 / 0.75}
    assert abs(numbers(Y).mean() - 1.0) < 0.05


def test_one_hot_targets_of_a_classifier() -> None:
    scores = dlarray(normal((3, 4), 9), "CB")
    T = onehotencode(np.array([[0.0, 2.0, 1.0, 2.0]]), axis=0, ClassNames=[0, 1, 2])
    expected = np.log(np.exp(numbers(scores)).sum(0)) - numbers(scores)[[0, 2, 1, 2], range(4)]
    assert float(crossentropy(softmax(scores), T)) == pytest.approx(expected.mean(), rel=1e-12)


def test_states_of_several_workers_combined() -> None:
    """A weighted sum over the rows of State tables, by dlupdate."""
    net = small()
    states = [forward(net, features(n))[1] for n in (4, 12)]
    combined = dlupdate(lambda a, b: a * 0.25 + b * 0.75, *states)
    net.State = combined
    for a, b, c in zip(*[s.Value for s in states], net.State.Value, strict=True):
        np.testing.assert_allclose(numbers(c), 0.25 * numbers(a) + 0.75 * numbers(b), rtol=1e-6)
