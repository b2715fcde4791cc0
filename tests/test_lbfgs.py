"""lbfgsupdate: its mathematics, its line search, what it takes, and what it leaves alone."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from tests.conftest import Device
from tests.forms import through_file
from tests.networks import features, small
from tests.strategies import SEEDS, normal, numbers
from tinydl import (
    FileFormatError,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    forward,
    freezeNetwork,
    fullyConnectedLayer,
    gather,
    gpuArray,
    lbfgsState,
    lbfgsupdate,
    log,
    mse,
    rng,
    single,
    sum,
    tanhLayer,
)
from tinydl.training.lbfgs import direction
from tinydl.training.line_search import METHODS, Trial, search

Loss = Callable[[Any], Any]
every_method = pytest.mark.parametrize("method", METHODS)


def loss_of(function: Callable[[Any], Any]) -> Loss:
    """The loss function of parameters in any container, with their gradients."""

    def modelLoss(x: Any) -> Any:
        value = function(x)
        return value, dlgradient(value, x)

    return lambda x: dlfeval(modelLoss, x)


def run(x: Any, loss: Loss, steps: int, state: Any = None, **options: Any) -> Any:
    """Parameters and state after some steps, and the loss after each."""
    losses = []
    for _ in range(steps):
        x, state = lbfgsupdate(x, loss, state, **options)
        losses.append(float(state.Loss))
    return x, state, losses


def rosenbrock(x: Any) -> Any:
    a, b = x[0], x[1]
    return sum((1.0 - a) ** 2 + 100.0 * (b - a**2) ** 2, "all")


def random_bowl(n: int, seed: int) -> tuple[Any, Any]:
    """A symmetric positive definite matrix with eigenvalues from 0.1 to 10, and a vector."""
    random = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(random.standard_normal((n, n)))
    eigenvalues = 10.0 ** random.uniform(-1, 1, n)
    return basis * eigenvalues @ basis.T, random.standard_normal(n)


def bowl(A: Any, b: Any) -> Loss:
    """½ xᵀA x − bᵀx of a column x."""
    column = dlarray(b[:, None])
    return loss_of(lambda x: sum(x * (0.5 * (dlarray(A) @ x) - column), "all"))


# ---- the method ---------------------------------------------------------------------------------


# From the classical start backtracking meets no positive curvature, and crawls.
@pytest.mark.parametrize(
    ("method", "start"),
    [("weak-wolfe", [-1.2, 1.0]), ("strong-wolfe", [-1.2, 1.0]), ("backtracking", [-1.0, -1.0])],
)
def test_rosenbrock_s_valley(method: str, start: list[float]) -> None:
    x, state, losses = run(dlarray(start), loss_of(rosenbrock), 60, LineSearchMethod=method)
    np.testing.assert_allclose(numbers(x), [1.0, 1.0], atol=1e-8)
    assert losses[-1] < 1e-16 and (np.diff(losses) <= 0).all()
    assert state.GradientsNorm < 1e-6


@given(st.integers(1, 8), SEEDS)
def test_a_quadratic_takes_as_many_exact_steps_as_it_has_dimensions(n: int, seed: int) -> None:
    A, b = random_bowl(n, seed)
    x, pairs = np.zeros(n), []
    for _ in range(n):
        g = A @ x - b
        p = direction(g, pairs, 1.0)
        s = -(g @ p) / (p @ A @ p) * p
        x, pairs = x + s, [*pairs, (s, A @ s)]
    np.testing.assert_allclose(A @ x, b, atol=1e-8 * np.linalg.norm(b))


@given(st.integers(1, 6), st.integers(0, 5), SEEDS)
def test_the_two_loops_multiply_by_the_matrix_of_bfgs(n: int, known: int, seed: int) -> None:
    A, g = random_bowl(n, seed)
    pairs = [(s, A @ s) for s in normal((known, n), seed + 1)]
    H = 0.3 * np.eye(n)
    for s, y in pairs:  # equation 7.16
        V = np.eye(n) - np.outer(y, s) / (y @ s)
        H = V.T @ H @ V + np.outer(s, s) / (y @ s)
    p = direction(g, pairs, 0.3)
    np.testing.assert_allclose(p, -H @ g, rtol=1e-6, atol=1e-8 * np.linalg.norm(H, 2))


@given(st.integers(1, 6), SEEDS, st.sampled_from(METHODS), st.integers(1, 20), st.integers(1, 5))
def test_the_loss_never_increases(n: int, seed: int, method: str, most: int, history: int) -> None:
    A, b = random_bowl(n, seed)
    loss, start = bowl(A, b), dlarray(normal((n, 1), seed + 1))
    state = lbfgsState(HistorySize=history)
    x, state, losses = run(start, loss, 10, state, LineSearchMethod=method,
                           MaxNumLineSearchIterations=most)  # fmt: skip
    assert (np.diff([float(loss(start)[0]), *losses]) <= 0).all()
    assert len(state.StepHistory) <= history and float(loss(x)[0]) == losses[-1]


def test_what_the_state_says() -> None:
    loss, start = loss_of(rosenbrock), dlarray([-1.2, 1.0])
    first, state = lbfgsupdate(start, loss)
    second, later = lbfgsupdate(first, loss, state)
    value, gradients = loss(second)
    assert float(later.Loss) == float(value) and later.LineSearchStatus == "completed"
    np.testing.assert_array_equal(numbers(later.Gradients), numbers(gradients))
    assert later.GradientsNorm == pytest.approx(np.linalg.norm(numbers(gradients)))
    step = numbers(second) - numbers(first)
    assert later.StepNorm == pytest.approx(np.linalg.norm(step))
    np.testing.assert_array_equal(numbers(later.StepHistory[-1]), step)
    change = numbers(gradients) - numbers(state.Gradients)
    np.testing.assert_array_equal(numbers(later.GradientsDifferenceHistory[-1]), change)
    assert later.AdditionalLossFunctionOutputs == []
    assert (len(state.StepHistory), len(later.StepHistory)) == (1, 2)


@pytest.mark.parametrize(
    ("options", "first"),
    [({}, 1.0), ({"InitialInverseHessianFactor": 0.25}, 0.25),
     ({"InitialStepSize": 0.5}, 0.5 / 4), ({"InitialStepSize": "auto"}, (0.5 * 4 + 0.1) / 4),
     ({"InitialStepSize": []}, 1.0)],
)  # fmt: skip
def test_the_first_step(options: Any, first: float) -> None:
    """On ½x² the gradient is x itself."""
    start = np.array([1.0, -4.0])
    x, _ = lbfgsupdate(dlarray(start), loss_of(lambda x: 0.5 * sum(x**2, "all")),
                       lbfgsState(**options))  # fmt: skip
    np.testing.assert_allclose(numbers(x), start - first * start, atol=1e-15)


# ---- the line search ----------------------------------------------------------------------------


@given(st.floats(-3, 3), st.floats(0.1, 10), st.sampled_from(METHODS))
def test_the_conditions_hold_where_the_search_succeeds(
    logarithm: float, waves: float, method: str
) -> None:
    """A loss with a minimum at some distance, and waves on it."""
    far = 10.0**logarithm
    value = lambda t: (t / far - 1) ** 2 + 0.05 * math.sin(waves * t / far)
    slope = lambda t: (2 * (t / far - 1) + 0.05 * waves * math.cos(waves * t / far)) / far
    start = Trial(0.0, value(0.0), slope(0.0), None)
    trial, succeeded = search(lambda t: Trial(t, value(t), slope(t), None), start, method, 50)
    assert succeeded and trial.step > 0
    assert trial.loss <= start.loss + 1e-4 * trial.step * start.slope
    if method != "backtracking":
        assert trial.slope >= 0.9 * start.slope
    if method == "strong-wolfe":
        assert abs(trial.slope) <= 0.9 * abs(start.slope)


def test_the_interval_is_doubled_and_halved() -> None:
    """(t − far)² is too steep before far/10, and too high behind 2 far."""
    steps: list[float] = []

    def line(t: float) -> Trial:
        steps.append(t)
        return Trial(t, (t - far) ** 2, 2 * (t - far), None)

    for far, expected in ((6.0, [1.0]), (30.0, [1.0, 2.0, 4.0]), (0.2, [1.0, 0.5, 0.25])):
        steps.clear()
        search(line, Trial(0.0, far**2, -2 * far, None), "weak-wolfe", 20)
        assert steps == expected


def test_a_search_that_fails_leaves_the_parameters() -> None:
    """A gradient of the wrong sign: every step raises the loss."""
    wrong = lambda x: (float(numbers(x)[0]) ** 2, -2.0 * x)
    _, known, _ = run(dlarray([1.7]), loss_of(lambda x: sum(x**4 + x, "all")), 3)
    x, state = lbfgsupdate(dlarray([1.5]), wrong, known)
    assert float(x) == 1.5 and state.LineSearchStatus == "failed" and state.StepNorm == 0.0
    assert state.Loss == 2.25 and state.GradientsNorm == 3.0
    assert state.StepHistory == [] and len(known.StepHistory) == 3


def test_a_search_that_fails_takes_the_best_step() -> None:
    """The first step is far too short, and two doublings do not reach the minimum."""
    state = lbfgsState(InitialInverseHessianFactor=1e-3)
    x, state = lbfgsupdate(dlarray([1.0]), loss_of(lambda x: sum(x**2, "all")), state,
                           MaxNumLineSearchIterations=3)  # fmt: skip
    assert float(x) == pytest.approx(1 - 4 * 2e-3) and state.LineSearchStatus == "failed"
    assert float(state.Loss) == pytest.approx(float(x) ** 2)


@every_method
def test_steps_to_where_there_is_no_number_are_too_long(method: str) -> None:
    """x − log x is NaN below 0, and Inf at 0, where the first step from 1/2 with λ = ½ leads."""
    loss = loss_of(lambda x: sum(x - log(x), "all"))
    for factor in (0.5, 100.0):
        state = lbfgsState(InitialInverseHessianFactor=factor)
        x, state, losses = run(dlarray([0.5]), loss, 15, state, LineSearchMethod=method)
        assert float(x) == pytest.approx(1.0, abs=1e-6) and np.isfinite(losses).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_start_without_a_number_stays(bad: float) -> None:
    for loss in (lambda x: (bad, x), lambda x: (1.0, x * bad)):
        x, state = lbfgsupdate(dlarray([1.0, 2.0]), loss)
        assert numbers(x).tolist() == [1.0, 2.0] and state.LineSearchStatus == "failed"


def test_a_minimum_is_kept_at_once() -> None:
    calls: list[int] = []
    x, state = lbfgsupdate(dlarray([0.0]), lambda x: (calls.append(1) or 1.0, 2.0 * x))
    assert float(x) == 0.0 and state.LineSearchStatus == "completed"
    assert state.StepNorm == state.GradientsNorm == 0.0 and len(calls) == 1


def test_differences_that_underflow_are_not_kept() -> None:
    """Gradients of 1e-170 have a square of 0."""
    loss = loss_of(lambda x: 0.5e-170 * sum(x**2, "all"))
    x, state, _ = run(dlarray([1.0, 2.0]), loss, 3, lbfgsState(InitialStepSize=0.5))
    assert np.isfinite(numbers(x)).all() and state.StepHistory == []


def test_steps_without_curvature_are_not_kept() -> None:
    """−x² falls ever more steeply: backtracking takes the step, and it tells no curvature."""
    x, state = lbfgsupdate(dlarray([1.0]), loss_of(lambda x: -sum(x**2, "all")), [],
                           LineSearchMethod="backtracking")  # fmt: skip
    assert float(x) == 3.0 and state.LineSearchStatus == "completed"
    assert state.StepHistory == state.GradientsDifferenceHistory == []


# ---- networks -----------------------------------------------------------------------------------


def modelLoss(net: Any, X: dlarray, T: dlarray) -> Any:
    Y, state = forward(net, X)
    loss = mse(Y, T)
    return loss, dlgradient(loss, net.Learnables), state


def regression(seed: int = 0) -> tuple[dlnetwork, Loss]:
    """A network, and its loss on a curve."""
    rng(seed)
    layers = [featureInputLayer(1), fullyConnectedLayer(10), tanhLayer(), fullyConnectedLayer(1)]
    net = dlupdate(double, dlnetwork(layers))
    X = np.linspace(-2, 2, 50)[None]
    X, T = dlarray(X, "CB"), dlarray(np.sin(2 * X) + 0.5 * X, "CB")
    return net, lambda net: dlfeval(modelLoss, net, X, T)


def vector(net: dlnetwork) -> Any:
    return np.concatenate([numbers(w).ravel() for w in net.Learnables.Value])


def with_vector(net: dlnetwork, v: Any) -> dlnetwork:
    parts = iter(np.split(v, np.cumsum([w.size for w in map(numbers, net.Learnables.Value)])))
    return dlupdate(lambda w: dlarray(next(parts).reshape(w.shape)), net)


def test_beside_scipy() -> None:
    """After as many iterations as L-BFGS-B the loss is as low: one is ahead, then the other."""
    ratios = []
    options = {"maxcor": 10, "maxiter": 50, "ftol": 0, "gtol": 0}
    for seed in range(4):
        net, loss = regression(seed)

        def fun(v: Any, net: Any = net, loss: Loss = loss) -> Any:
            value, gradients, _ = loss(with_vector(net, v))
            return float(value), np.concatenate([numbers(g).ravel() for g in gradients.Value])

        theirs = minimize(fun, vector(net), jac=True, method="L-BFGS-B", options=options)
        _, state, losses = run(net, loss, 50)
        assert theirs.nit == 50 and state.LineSearchStatus == "completed"
        assert losses[-1] < 1e-2 * losses[0]
        ratios.append(losses[-1] / theirs.fun)
    assert max(ratios) < 4 and np.exp(np.mean(np.log(ratios))) < 1.5


class Both(NamedTuple):
    net: Any
    scale: Any


CONTAINERS: dict[str, Callable[[dlnetwork], Any]] = {
    "network": lambda net: net,
    "table": lambda net: net.Learnables,
    "list": lambda net: list(net.Learnables.Value),
    "tuple": lambda net: tuple(net.Learnables.Value),
    "dict": lambda net: {"net": net, "note": "kept", "none": None},
    "named tuple": lambda net: Both(net, [dlarray(2.0, "CB")]),
}


def leaves(x: Any) -> list[Any]:
    found: list[Any] = []
    dlupdate(lambda w: found.append(w) or w, x)
    return found


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(name: str) -> None:
    """The same numbers in any container make the same steps, as those in one vector do."""
    made = CONTAINERS[name](small())
    before = [numbers(w).copy() for w in leaves(made)]
    ends = np.cumsum([w.size for w in before])
    whole = dlarray(np.concatenate([w.ravel() for w in before]))
    targets = normal(whole.shape, 3)
    flat = loss_of(lambda v: sum((v - dlarray(targets)) ** 4, "all"))

    def loss(x: Any) -> Any:
        parts = zip(leaves(x), np.split(targets, ends), strict=False)
        differences = [w - dlarray(t.reshape(w.shape), w.dims) for w, t in parts]
        value: Any = 0.0
        for d in differences:
            value = value + sum(d**4, "all")
        return value, dlgradient(value, x)

    x, state, losses = run(made, lambda x: dlfeval(loss, x), 4)
    y, expected, others = run(whole, flat, 4)
    assert type(x) is type(made)
    found = np.concatenate([numbers(w).ravel() for w in leaves(x)])
    np.testing.assert_allclose(found, numbers(y), rtol=1e-9)
    np.testing.assert_allclose(losses, others, rtol=1e-9)
    assert [w.dims for w in leaves(x)] == [w.dims for w in leaves(made)]
    assert len(state.StepHistory) == len(expected.StepHistory) == 4
    assert [np.array_equal(numbers(w), b) for w, b in zip(leaves(made), before, strict=True)]
    if name == "dict":
        assert x["note"] == "kept" and x["none"] is None


def test_the_state_of_batch_normalization_as_a_third_result() -> None:
    net, X, T = small(), features(20), features(20, 2, 3)
    lossFcn = lambda net: dlfeval(modelLoss, net, X, T)
    before, solverState = numbers(net.State.Value[0]).copy(), None
    for _ in range(3):
        old = net
        net, solverState = lbfgsupdate(net, lossFcn, solverState, NumLossFunctionOutputs=3)
        assert old.State.rows == net.State.rows
        for a, b in zip(old.State.Value, net.State.Value, strict=True):
            np.testing.assert_array_equal(numbers(a), numbers(b))
        expected = lossFcn(net)[2]
        net.State = solverState.AdditionalLossFunctionOutputs[0]
        np.testing.assert_array_equal(numbers(net.State.Value[0]), numbers(expected.Value[0]))
    assert not np.array_equal(before, numbers(net.State.Value[0]))


def test_what_a_loss_function_assigns_does_not_come_back() -> None:
    net, X, T = small(), features(20), features(20, 2, 3)

    def lossFcn(net: Any) -> Any:
        loss, gradients, net.State = dlfeval(modelLoss, net, X, T)
        net.Learnables.Value[0] = 0.0 * net.Learnables.Value[0]
        return loss, gradients

    before = [numbers(v).copy() for v in (*net.Learnables.Value, *net.State.Value)]
    new, _ = lbfgsupdate(net, lossFcn)
    after = [numbers(v) for v in (*net.Learnables.Value, *net.State.Value)]
    assert all(map(np.array_equal, before, after))
    assert all(map(np.array_equal, map(numbers, net.State.Value), map(numbers, new.State.Value)))
    assert numbers(new.Learnables.Value[0]).any()


def test_frozen_parameters_stay_and_the_rest_moves_as_if_they_were_constants() -> None:
    net, loss = regression()
    frozen = freezeNetwork(net, "fc_1")
    x, state, losses = run(frozen, loss, 10)
    for a, b, stays in zip(net.Learnables.Value, x.Learnables.Value, (1, 1, 0, 0), strict=True):
        assert np.array_equal(numbers(a), numbers(b)) == bool(stays)
    assert state.StepHistory[0].shape == (11,) and losses[-1] < losses[0]
    tail = {"W": net.Learnables.Value[2], "b": net.Learnables.Value[3]}

    def of_tail(p: Any) -> Any:
        whole = dlupdate(lambda w: w, net)
        whole.Learnables.Value[2:] = [p["W"], p["b"]]
        value, gradients, _ = loss(whole)
        return value, {"W": gradients.Value[2], "b": gradients.Value[3]}

    y, expected, others = run(tail, of_tail, 10)
    assert losses == others and state.GradientsNorm == expected.GradientsNorm
    np.testing.assert_array_equal(numbers(x.Learnables.Value[2]), numbers(y["W"]))


def test_a_network_that_is_frozen_as_a_whole() -> None:
    net, loss = regression()
    x, state = lbfgsupdate(freezeNetwork(net), loss)
    assert np.array_equal(vector(x), vector(net)) and state.LineSearchStatus == "completed"
    assert state.GradientsNorm == 0.0 and state.StepHistory == []


def test_another_loss_in_every_call() -> None:
    """Mini-batches: pairs are differences of one loss, and Loss is that of the new parameters."""
    x, state = dlarray([3.0, -2.0]), None
    for i in range(30):
        scale = np.array([1.0, 10.0]) * (1 + 0.5 * np.sin(i))
        loss = loss_of(lambda x, s=scale: 0.5 * sum(dlarray(s) * x**2, "all"))
        x, state = lbfgsupdate(x, loss, state)
        assert float(state.Loss) == float(loss(x)[0]) and state.LineSearchStatus == "completed"
        for s, y in zip(state.StepHistory[-1:], state.GradientsDifferenceHistory[-1:],
                        strict=True):  # fmt: skip
            np.testing.assert_allclose(numbers(y), scale * numbers(s), atol=1e-12)
    assert np.abs(numbers(x)).max() < 1e-6


# ---- classes and devices ------------------------------------------------------------------------


def test_classes_are_kept() -> None:
    loss = loss_of(lambda p: sum((p[0] - 1.0) ** 2, "all") + sum((double(p[1]) + 2.0) ** 4, "all"))
    for classes, of_steps in (((single, single), "float32"), ((single, double), "float64"),
                              ((double, double), "float64")):  # fmt: skip
        start = [c(dlarray([0.5, 3.0])) for c in classes]
        x, state, losses = run(start, loss, 20)
        assert [w.dtype for w in x] == [w.dtype for w in start]
        assert {s.dtype.name for s in state.StepHistory} == {of_steps}
        assert losses[-1] < 1e-4
        _, later = lbfgsupdate([double(w) for w in x], loss, state)
        assert later.StepHistory[-1].dtype == np.float64


@every_method
@pytest.mark.parametrize(("convert", "bound"), [(single, 1e-3), (double, 1e-9)])
def test_both_devices(device: Device, method: str, convert: Any, bound: float) -> None:
    """The same problem gives the same steps wherever the parameters are."""
    start = [normal((5,), 1), np.array(2.0)]

    def lossFcn(p: Any) -> Any:
        return sum((p[0] - 1.0) ** 4, "all") + p[1] ** 2 * sum(p[0] ** 2, "all")

    loss, here = loss_of(lossFcn), [convert(dlarray(x)) for x in start]
    there = [dlarray(device.put(numbers(x))) for x in here]
    x, state, losses = run(there, loss, 8, LineSearchMethod=method)
    _, _, expected = run(here, loss, 8, LineSearchMethod=method)
    np.testing.assert_allclose(losses, expected, rtol=bound)
    assert all([type(w._value) is type(old._value) for w, old in zip(x, there, strict=True)])
    home = gather(state)
    for a, b in zip(home.StepHistory, state.StepHistory, strict=True):
        np.testing.assert_array_equal(numbers(a), device.take(b._value))
    if device.name == "gpu":
        assert lbfgsupdate(x, loss, gpuArray(home))[1].LineSearchStatus == "completed"
        with pytest.raises(ValueError, match=r"the parameters .* is on the GPU, and solverS"):
            lbfgsupdate(x, loss, home)


# ---- the state as a value -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "pickle", "copy", "deepcopy"])
def test_a_state_that_was_kept_continues_to_the_same_numbers(kind: str, tmp_path: Path) -> None:
    net, loss = regression()
    net, state, _ = run(net, loss, 5, NumLossFunctionOutputs=3)
    ways: dict[str, Callable[[Any], Any]] = {
        "file": lambda x: through_file(tmp_path, x),
        "pickle": lambda x: pickle.loads(pickle.dumps(x)),
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
    }
    other, kept = ways[kind](net), ways[kind](state)
    assert repr(kept) == repr(state) and type(kept) is lbfgsState
    assert kept.AdditionalLossFunctionOutputs[0].rows == net.State.rows
    x, end, losses = run(net, loss, 10, state)
    y, other_end, others = run(other, loss, 10, kept)
    assert losses == others and np.array_equal(vector(x), vector(y))
    assert repr(end) == repr(other_end)


def test_a_new_state_in_a_file(tmp_path: Path) -> None:
    for state in (lbfgsState(HistorySize=3, InitialStepSize="auto"), lbfgsState()):
        assert vars(through_file(tmp_path, state)) == vars(state)


def test_a_state_that_is_none_in_a_file(tmp_path: Path) -> None:
    """What save would write for states that cannot be is refused by load."""
    _, state, _ = run(dlarray([-1.2, 1.0]), loss_of(rosenbrock), 3)
    for changes in ({"StepHistory": state.StepHistory[1:]}, {"HistorySize": 2},
                    {"InitialInverseHessianFactor": -1.0}, {"Further": 1},
                    {"GradientsDifferenceHistory": [1.0, 2.0, 3.0]}):  # fmt: skip
        with pytest.raises(FileFormatError):
            through_file(tmp_path, state._with(**changes))


def test_states_are_not_changed() -> None:
    loss = loss_of(rosenbrock)
    x, state, _ = run(dlarray([-1.2, 1.0]), loss, 3)
    before = pickle.dumps(state)
    lbfgsupdate(x, loss, state)
    assert pickle.dumps(state) == before
    with pytest.raises(AttributeError, match="read-only, HistorySize too"):
        state.HistorySize = 3


def test_a_state_is_a_container_of_arrays() -> None:
    _, state, _ = run(dlarray([-1.2, 1.0]), loss_of(rosenbrock), 2)
    shorter = dlupdate(single, state)
    assert {s.dtype.name for s in (*shorter.StepHistory, shorter.Loss)} == {"float32"}
    doubled = dlupdate(lambda a, b: a + b, state, state)
    np.testing.assert_array_equal(numbers(doubled.Gradients), 2 * numbers(state.Gradients))
    with pytest.raises(ValueError, match="an lbfgsState meets a list of 1"):
        dlupdate(lambda a, b: a + b, state, [dlarray(1.0)])


def test_ways_to_start() -> None:
    loss, start = loss_of(rosenbrock), dlarray([-1.2, 1.0])
    expected = numbers(lbfgsupdate(start, loss)[0])
    for empty in ([], None, (), {}, lbfgsState()):
        np.testing.assert_array_equal(numbers(lbfgsupdate(start, loss, empty)[0]), expected)


# ---- what is refused ----------------------------------------------------------------------------


def test_states_that_do_not_fit() -> None:
    loss = loss_of(lambda x: sum(x**4, "all"))
    _, state, _ = run(dlarray([1.0, 2.0]), loss, 2)
    with pytest.raises(ValueError, match=r"comes from 2 numbers that move, and these .* 3;"):
        lbfgsupdate(dlarray([1.0, 2.0, 3.0]), loss, state)
    with pytest.raises(TypeError, match=r"solverState is an lbfgsState, \[\] or None, not a dlarr"):
        lbfgsupdate(dlarray([1.0]), loss, dlarray([1.0]))


def test_loss_functions_that_do_not_fit() -> None:
    x = dlarray([1.0, 2.0])
    for lossFcn, words in (
        (lambda x: 1.0, "must return 2 results, .* it returned 1"),
        (lambda x: (1.0,), "must return 2 results, .* it returned 1"),
        (lambda x: (x, x), r"the loss must be one number, not a dlarray of the size \(2,\)"),
        (lambda x: (None, x), "the loss must be one number, not a NoneType"),
        (lambda x: (1.0, x[0]), "a parameter of 2 dlarray meets a gradient of 1 "),
        (lambda x: (1.0, numbers(x)), "meets a gradient of ndarray"),
    ):
        with pytest.raises(ValueError, match=words):
            lbfgsupdate(x, lossFcn)
    with pytest.raises(ValueError, match="NumLossFunctionOutputs=3 says; it returned 2"):
        lbfgsupdate(x, lambda x: (1.0, x), NumLossFunctionOutputs=3)
    with pytest.raises(TypeError, match=r"lossFcn is a function of net, not a float; write"):
        lbfgsupdate(x, 1.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"LineSearchMethod": "wolfe"}, "must be one of 'weak-wolfe', 'strong-wolfe', 'backtracking'"),
     ({"MaxNumLineSearchIterations": 0}, "LineSearchIterations must be a whole number from 1"),
     ({"NumLossFunctionOutputs": 1}, "NumLossFunctionOutputs must be a whole number from 2")],
)  # fmt: skip
def test_options_that_are_none(options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lbfgsupdate(dlarray([1.0]), loss_of(lambda x: sum(x, "all")), **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"HistorySize": 0}, "HistorySize must be a whole number from 1"),
     ({"InitialInverseHessianFactor": 0}, "InitialInverseHessianFactor must be a number above 0"),
     ({"InitialInverseHessianFactor": math.inf}, "must be a number above 0, not inf"),
     ({"InitialStepSize": -1}, "InitialStepSize must be a number above 0"),
     ({"InitialStepSize": "automatic"}, 'must be a number, None or "auto"')],
)  # fmt: skip
def test_states_that_are_none(options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lbfgsState(**options)


def test_parameters_that_are_none() -> None:
    loss = lambda x: (1.0, x)
    with pytest.raises(TypeError, match="lbfgsupdate: a ndarray cannot be updated; make it a dlar"):
        lbfgsupdate(np.ones(2), loss)
    with pytest.raises(ValueError, match="cannot be updated; make it double"):
        lbfgsupdate([dlarray([True])], loss)
