"""Solvers: their formulas, what they take, and the ways of calling them that users have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.networks import small
from tests.strategies import normal, numbers
from tinydl import (
    adamupdate,
    batchNormalizationLayer,
    dlarray,
    dlnetwork,
    dlupdate,
    double,
    featureInputLayer,
    fullyConnectedLayer,
    rmspropupdate,
    sgdmupdate,
    single,
    tanhLayer,
)
from tinydl.network.table import Table
from tinydl.training.parameters import learnables

Step = Callable[..., tuple[Any, ...]]


class Solver(NamedTuple):
    """A solver, how many states it has, and the same with all arrays in NumPy."""

    update: Step
    states: int
    by_hand: Step

    def run(self, w: Any, gradients: Sequence[Any], **options: Any) -> tuple[Any, ...]:
        """Some steps, one for each gradient."""
        state: tuple[Any, ...] = ([],) * self.states
        for t, g in enumerate(gradients, start=1):
            w, *state = self.step(w, g, state, t, **options)
        return (w, *state)

    def step(self, w: Any, g: Any, state: Sequence[Any], t: int, **options: Any) -> Any:
        number = (t,) if self.update is adamupdate else ()
        return self.update(w, g, *state, *number, **options)


def sgdm(w: Any, gradients: Any, learnRate: float = 0.01, momentum: float = 0.9) -> Any:
    v = np.zeros_like(w)
    for g in gradients:
        v = momentum * v - learnRate * g
        w = w + v
    return w, v


def adam(
    w: Any, gradients: Any, learnRate: float = 0.001, gradDecay: float = 0.9,
    sqGradDecay: float = 0.999, epsilon: float = 1e-8,
) -> Any:  # fmt: skip
    """The textbook's, except for where epsilon stands."""
    m = v = np.zeros_like(w)
    for t, g in enumerate(gradients, start=1):
        m = gradDecay * m + (1 - gradDecay) * g
        v = sqGradDecay * v + (1 - sqGradDecay) * g * g
        first, second = m / (1 - gradDecay**t), v / (1 - sqGradDecay**t)
        w = w - learnRate * first / (np.sqrt(second) + epsilon / np.sqrt(1 - sqGradDecay**t))
    return w, m, v


def rmsprop(
    w: Any, gradients: Any, learnRate: float = 0.001, sqGradDecay: float = 0.9,
    epsilon: float = 1e-8,
) -> Any:  # fmt: skip
    v = np.zeros_like(w)
    for g in gradients:
        v = sqGradDecay * v + (1 - sqGradDecay) * g * g
        w = w - learnRate * g / (np.sqrt(v) + epsilon)
    return w, v


SOLVERS = {
    "sgdm": Solver(sgdmupdate, 1, sgdm),
    "adam": Solver(adamupdate, 2, adam),
    "rmsprop": Solver(rmspropupdate, 1, rmsprop),
}
OPTIONS: dict[str, dict[str, float]] = {
    "sgdm": {"learnRate": 0.3, "momentum": 0.5},
    "adam": {"learnRate": 0.3, "gradDecay": 0.5, "sqGradDecay": 0.7, "epsilon": 0.1},
    "rmsprop": {"learnRate": 0.3, "sqGradDecay": 0.7, "epsilon": 0.1},
}
every_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)

W = normal((3, 4), 1)
GRADIENTS = [normal((3, 4), i) for i in range(2, 8)]


def arrays(gradients: Sequence[Any], fmt: str = "CB") -> list[dlarray]:
    return [dlarray(g, fmt) for g in gradients]


# ---- formulas -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("given", [False, True], ids=["defaults", "options"])
def test_the_formula(name: str, given: bool) -> None:
    solver, options = SOLVERS[name], OPTIONS[name] if given else {}
    found = solver.run(dlarray(W, "CB"), arrays(GRADIENTS), **options)
    for x, expected in zip(found, solver.by_hand(W, GRADIENTS, **options), strict=True):
        assert x.dims == "CB"
        np.testing.assert_allclose(numbers(x), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", SOLVERS)
def test_each_option_changes_the_result(name: str) -> None:
    solver, first = SOLVERS[name], arrays(GRADIENTS)
    usual = numbers(solver.run(dlarray(W, "CB"), first)[0])
    for option, value in OPTIONS[name].items():
        found = numbers(solver.run(dlarray(W, "CB"), first, **{option: value})[0])
        assert (found != usual).all(), option


def test_the_argument_order_is_matlab_s() -> None:
    w, g = dlarray(W, "CB"), dlarray(GRADIENTS[0], "CB")
    same = lambda a, b: [np.array_equal(numbers(x), numbers(y)) for x, y in zip(a, b, strict=True)]
    assert all(same(sgdmupdate(w, g, [], 0.3, 0.5), sgdmupdate(w, g, [], **OPTIONS["sgdm"])))
    assert all(same(adamupdate(w, g, [], [], 1, 0.3, 0.5, 0.7, 0.1),
                    adamupdate(w, g, [], [], 1, **OPTIONS["adam"])))  # fmt: skip
    assert all(same(rmspropupdate(w, g, [], 0.3, 0.7, 0.1),
                    rmspropupdate(w, g, [], **OPTIONS["rmsprop"])))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "make", "rtol"),
    [
        ("sgdm", lambda t, w: t.optim.SGD([w], lr=0.01, momentum=0.9), 1e-12),
        ("rmsprop", lambda t, w: t.optim.RMSprop([w], lr=0.001, alpha=0.9, eps=1e-8), 1e-12),
        # PyTorch adds ε after the bias correction: the results agree where it is small beside √v.
        ("adam", lambda t, w: t.optim.Adam([w], lr=0.001, eps=1e-8), 1e-6),
    ],
)
def test_beside_pytorch(name: str, make: Any, rtol: float) -> None:
    torch = pytest.importorskip("torch")
    w = torch.tensor(W.copy(), requires_grad=True)
    optimizer = make(torch, w)
    for g in GRADIENTS:
        w.grad = torch.tensor(g)
        optimizer.step()
    found = SOLVERS[name].run(dlarray(W, "CB"), arrays(GRADIENTS))
    np.testing.assert_allclose(numbers(found[0]), w.detach().numpy(), rtol=rtol)
    if name == "sgdm":  # PyTorch keeps the velocity without the rate, and subtracts it
        buffer = optimizer.state[w]["momentum_buffer"].numpy()
        np.testing.assert_allclose(numbers(found[1]), -0.01 * buffer, rtol=rtol)


# ---- containers ---------------------------------------------------------------------------------


class Both(NamedTuple):
    encoder: Any
    decoder: Any


def gradient_of(x: Any) -> Any:
    """A gradient for each parameter: any function of it will do."""
    return learnables(dlupdate(lambda w: w * w - 1.0, x))


def leaves(x: Any) -> list[dlarray]:
    found: list[dlarray] = []
    dlupdate(lambda w: found.append(w) or w, x)
    return found


CONTAINERS: dict[str, Callable[[], Any]] = {
    "dlarray": lambda: dlarray(W, "CB"),
    "network": small,
    "table": lambda: small().Learnables,
    "rows": lambda: small().Learnables[1:3],
    "list": lambda: [dlarray(W), dlarray(W[0])],
    "tuple": lambda: (dlarray(W), [dlarray(W[0])]),
    "dict": lambda: {"W": dlarray(W), "b": dlarray(W[0])},
    "dict of networks": lambda: {"generator": small(), "critic": small(), "scale": dlarray(2.0)},
    "named tuple": lambda: Both(small(), [dlarray(W)]),
    "with a note": lambda: ["note", {"net": small(), "none": None}],
}


@every_solver
@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(solver: Solver, name: str) -> None:
    parameters = CONTAINERS[name]()
    gradients = gradient_of(parameters)
    first = solver.step(parameters, gradients, ([],) * solver.states, 1)
    w, *state = solver.step(first[0], gradients, first[1:], 2)
    assert type(w) is type(parameters)
    assert [type(s) for s in state] == [type(learnables(parameters))] * solver.states
    columns = [leaves(part) for part in (parameters, gradients, w, *state)]
    for old, g, *found in zip(*columns, strict=True):
        expected = solver.by_hand(numbers(old), [numbers(g)] * 2)
        for x, array in zip(found, expected, strict=True):
            np.testing.assert_allclose(numbers(x), array, rtol=1e-13, atol=1e-15)
            assert x.dims == old.dims and x.dtype == old.dtype
    if name == "with a note":
        assert w[0] == state[0][0] == "note" and w[1]["none"] is None
    if isinstance(w, Table):
        assert w.rows == parameters.rows == state[0].rows


@every_solver
def test_states_may_start_empty_in_several_ways(solver: Solver) -> None:
    w, g = small(), gradient_of(small())
    first = solver.step(w, g, ([],) * solver.states, 1)
    for empty in (None, (), {}):
        again = solver.step(w, g, (empty,) * solver.states, 1)
        for a, b in zip(first, again, strict=True):
            assert all([np.array_equal(numbers(x), numbers(y))
                        for x, y in zip(leaves(a), leaves(b), strict=True)])  # fmt: skip


def test_adam_may_have_one_empty_state() -> None:
    w, g = dlarray(W, "CB"), dlarray(GRADIENTS[0], "CB")
    _, m, v = adamupdate(w, g, [], [], 1)
    _, m2, v2 = adamupdate(w, g, m, [], 2)
    np.testing.assert_allclose(numbers(m2), 0.9 * numbers(m) + 0.1 * GRADIENTS[0])
    np.testing.assert_array_equal(numbers(v2), numbers(v))


# ---- learn-rate factors -------------------------------------------------------------------------


@every_solver
def test_learn_rate_factors_of_layers_multiply_the_rate(solver: Solver) -> None:
    net = dlnetwork(
        [featureInputLayer(3), fullyConnectedLayer(2, Name="fc", WeightLearnRateFactor=0.0,
                                                   BiasLearnRateFactor=2.0),
         batchNormalizationLayer(Name="bn", OffsetLearnRateFactor=0.5, ScaleLearnRateFactor=3)]
    )  # fmt: skip
    net = dlupdate(double, net)
    gradients = gradient_of(net)
    factors = [0.0, 2.0, 0.5, 3.0]
    w = {"before": [dlarray(1.0), None, "text"], "net": net}
    g = {"before": [dlarray(1.0), None, "text"], "net": gradients}
    w, *_ = solver.run(w, [g, g])
    for old, g, new, factor in zip(
        net.Learnables.Value, gradients.Value, w["net"].Learnables.Value, factors, strict=True
    ):
        rate = (0.01 if solver.update is sgdmupdate else 0.001) * factor
        expected = solver.by_hand(numbers(old), [numbers(g)] * 2, learnRate=rate)[0]
        np.testing.assert_allclose(numbers(new), expected, rtol=1e-12)
    table, *_ = solver.step(net.Learnables, gradients, ([],) * solver.states, 1)
    assert (numbers(table.Value[0]) != numbers(net.Learnables.Value[0])).all()


# ---- classes, purity ----------------------------------------------------------------------------


@every_solver
@pytest.mark.parametrize("w_class", [single, double])
@pytest.mark.parametrize("g_class", [single, double])
def test_parameters_keep_their_class(solver: Solver, w_class: Any, g_class: Any) -> None:
    w = w_class(dlarray(W, "CB"))
    found = solver.run(w, [g_class(g) for g in arrays(GRADIENTS)])
    assert {x.dtype for x in found} == {w.dtype}
    expected = solver.by_hand(W, GRADIENTS)[0]
    np.testing.assert_allclose(numbers(found[0]), expected, rtol=1e-5, atol=1e-6)


@every_solver
def test_nothing_is_written_into(solver: Solver) -> None:
    w, g = small(), gradient_of(small())
    state = solver.step(w, g, ([],) * solver.states, 1)[1:]
    given = [w, g, *state]
    before = [[np.array(numbers(x)) for x in leaves(part)] for part in given]
    solver.step(w, g, state, 2)
    for part, copies in zip(given, before, strict=True):
        for x, copy in zip(leaves(part), copies, strict=True):
            np.testing.assert_array_equal(numbers(x), copy)


@every_solver
def test_infinite_gradients_are_passed_on_without_warnings(solver: Solver) -> None:
    w, *_ = solver.step(single(dlarray([1.0, 1.0])), dlarray([np.inf, 1e30]),
                        ([],) * solver.states, 1)  # fmt: skip
    assert not np.isfinite(numbers(w)[0])
    zero, *_ = solver.step(dlarray([1.0]), dlarray([0.0]), ([],) * solver.states, 1)
    assert float(zero) == 1.0


# ---- what is refused ----------------------------------------------------------------------------


@every_solver
def test_gradients_and_states_that_do_not_fit(solver: Solver) -> None:
    net = small()
    gradients, none = gradient_of(net), ([],) * solver.states
    caller = solver.update.__name__
    other = dlnetwork([featureInputLayer(3), tanhLayer(), fullyConnectedLayer(4, Name="other")])
    wider = small().Learnables
    wider = Table(wider.Layer, wider.Parameter, [np.ones((2, 2))] * 6)
    with pytest.raises(ValueError, match="Do they belong to the same network"):
        solver.step(net, other.Learnables, none, 1)
    with pytest.raises(ValueError, match=f"{caller}: a parameter of 4×3 .* meets a gradient of 2×"):
        solver.step(net, wider, none, 1)
    with pytest.raises(ValueError, match=f"{caller}: .* meets a solver state of 2×2 dlarray"):
        solver.step(net, gradients, (wider,) * solver.states, 1)
    with pytest.raises(ValueError, match=r"meets a solver state of 1\(C\) × 4\(B\)"):
        solver.step(dlarray(W, "CB"), dlarray(W, "CB"), (dlarray(W[:1], "CB"),) * solver.states, 1)
    with pytest.raises(ValueError, match="meets a gradient of ndarray"):
        solver.step(dlarray(W), W, none, 1)
    with pytest.raises(ValueError, match="a table meets a list of 6"):
        solver.step(net, gradients.Value, none, 1)
    with pytest.raises(ValueError, match="structures differ"):
        solver.step([dlarray(W)], [dlarray(W)] * 2, none, 1)
    for plain in (W, [W], 3.0):
        with pytest.raises(TypeError, match=f"{caller}: a .* cannot be updated; make it a dlarray"):
            solver.step(plain, plain, none, 1)


@every_solver
@pytest.mark.parametrize("rate", [-1, float("nan"), "0.1", None, True])
def test_rates_that_are_none(solver: Solver, rate: Any) -> None:
    with pytest.raises(ValueError, match=r"learnRate must be a number from 0 on, not"):
        solver.step(dlarray(W), dlarray(W), ([],) * solver.states, 1, learnRate=rate)


def test_counts_and_decays_that_are_none() -> None:
    w = dlarray(W)
    for iteration in (0, -1, float("nan"), True, "1", None, []):
        with pytest.raises(ValueError, match="adamupdate: iteration counts from 1, and is"):
            adamupdate(w, w, [], [], iteration)
    for value in (1, -0.1, 1.5, float("nan"), "0.9"):
        for call in (lambda v: sgdmupdate(w, w, [], momentum=v),
                     lambda v: adamupdate(w, w, [], [], 1, gradDecay=v),
                     lambda v: adamupdate(w, w, [], [], 1, sqGradDecay=v),
                     lambda v: rmspropupdate(w, w, [], sqGradDecay=v)):  # fmt: skip
            with pytest.raises(ValueError, match=r"(momentum|Decay) must be"):
                call(value)
    for value in (-1e-8, float("nan"), "0"):
        for solver in (lambda v: adamupdate(w, w, [], [], 1, epsilon=v),
                       lambda v: rmspropupdate(w, w, [], epsilon=v)):  # fmt: skip
            with pytest.raises(ValueError, match="epsilon must be a number from 0 on"):
                solver(value)


def test_a_rate_may_be_an_array_of_one_element() -> None:
    w, g = dlarray(W), dlarray(GRADIENTS[0])
    for rate in (dlarray(0.5), np.float32(0.5), np.array([0.5])[0]):
        np.testing.assert_allclose(numbers(sgdmupdate(w, g, [], rate)[0]), W - 0.5 * GRADIENTS[0])


def test_the_factors_of_a_network_with_gaps() -> None:
    last = fullyConnectedLayer(
        1, Weights=[[1.0, 2.0]], Bias=[[3.0]], WeightLearnRateFactor=0, BiasLearnRateFactor=10
    )
    net = dlnetwork([fullyConnectedLayer(2), last], Initialize=False)
    ones = dlupdate(lambda w: 0.0 * w + 1.0, net.Learnables)
    made, _ = sgdmupdate(net, ones, [], 0.1)
    first, second, *given = made.Learnables.Value
    assert first is None and second is None
    np.testing.assert_allclose([numbers(v).ravel().tolist() for v in given[:1]], [[1.0, 2.0]])
    np.testing.assert_allclose(numbers(given[1]), [[2.0]], rtol=1e-6)
