"""dlode45: accuracy, steps, derivatives, formats, messages."""

from __future__ import annotations

import itertools
import math
import weakref
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import tinydl as dl
from tests.strategies import SEEDS, normal, numbers
from tinydl import dlarray, dlfeval, dlgradient, dlode45
from tinydl.functions.ode import BETWEEN, ERROR, NODES, STAGES

TIGHT = {"RelativeTolerance": 1e-10, "AbsoluteTolerance": 1e-12}
FIXED = {"RelativeTolerance": 1e6, "AbsoluteTolerance": 1e6}


def decay(t: float, y: dlarray, rate: Any) -> dlarray:
    return -rate * y


def fixed_step(h: float) -> dict[str, float]:
    """Options that make all steps h long."""
    return {**FIXED, "InitialStepSize": h, "MaxStepSize": h}


# ---- the method ----------------------------------------------------------------------------------


def conditions(order: int) -> list[tuple[Any, Any]]:
    """What the weights of a method of an order are multiplied by, and what must come out.

    One for each rooted tree of at most that many nodes, from their recursive definition.
    """
    a = np.array([[*row, *[0.0] * (7 - len(row))] for row in STAGES])
    trees: dict[int, list[tuple[Any, float]]] = {1: [(np.ones(7), 1.0)]}
    for n in range(2, order + 1):
        found = []
        for parts in partitions(n - 1):
            for children in itertools.product(*[trees[size] for size in parts]):
                stages = math.prod([a @ values for values, _ in children])
                found.append((stages, n * math.prod([gamma for _, gamma in children])))
        trees[n] = found
    return [(values, (n, gamma)) for n, listed in trees.items() for values, gamma in listed]


def partitions(n: int, least: int = 1) -> list[tuple[int, ...]]:
    return [(n,)] + [(k, *rest) for k in range(least, n // 2 + 1) for rest in partitions(n - k, k)]


def test_the_steps_are_of_order_five_and_the_estimate_compares_with_order_four() -> None:
    weights = np.array([*STAGES[-1], 0.0])
    np.testing.assert_allclose([sum(row) for row in STAGES], NODES, atol=1e-15)
    for stages, (_, gamma) in conditions(5):
        np.testing.assert_allclose(weights @ stages, 1 / gamma, atol=1e-14)
    for stages, _ in conditions(4):
        np.testing.assert_allclose(np.array(ERROR) @ stages, 0, atol=1e-14)
    assert max([abs(np.array(ERROR) @ stages) for stages, _ in conditions(5)]) > 1e-4


@pytest.mark.parametrize("s", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_between_steps_the_order_is_four(s: float) -> None:
    weights = np.array(BETWEEN) @ [s, s**2, s**3, s**4]
    for stages, (n, gamma) in conditions(4):
        np.testing.assert_allclose(weights @ stages, s**n / gamma, atol=1e-14)
    if s == 1.0:
        np.testing.assert_allclose(weights, [*STAGES[-1], 0.0], atol=1e-15)


def test_the_coefficients_are_fractions_without_error() -> None:
    for number in (*ERROR, *itertools.chain(*STAGES, *BETWEEN)):
        assert float(Fraction(number).limit_denominator(400_000)) == number


@pytest.mark.parametrize(("tspan", "order"), [([0.0, 2.0], 5), ([0.0, 0.9, 2.0], 4)])
def test_the_error_falls_with_the_order_of_the_method(tspan: list[float], order: int) -> None:
    """Halving the steps divides the error by 2⁵; in the middle of a step, by 2⁴ or more."""
    errors = []
    for h in (0.4, 0.2, 0.1):
        # Each time stands at the middle of a step.
        times = [0.0, 1.0 + h / 2, 2.0] if order == 4 else tspan
        Y = numbers(dlode45(decay, times, dlarray(1.0), 1.5, **fixed_step(h)))
        errors.append(abs(np.ravel(Y)[0] - math.exp(-1.5 * times[1])))
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (rates > order - 0.35).all(), rates


def pendulum(t: float, y: dlarray, theta: Any) -> dlarray:
    """A pendulum with friction that is pushed: angles in row 0, velocities in row 1."""
    angle, speed = y[0:1], y[1:2]
    return dl.vertcat(speed, math.cos(t) - theta * speed - dl.sin(angle))


@pytest.mark.parametrize("ends", [(0.0, 7.0), (3.0, -2.0)])
def test_solutions_agree_with_scipy(ends: tuple[float, float], device: Any) -> None:
    times = [float(t) for t in np.linspace(*ends, 12)]
    start = np.array([0.5, -1.0])
    Y = dlode45(pendulum, times, dlarray(device.put(start)), 0.3, **TIGHT)
    right = lambda t, y: [y[1], math.cos(t) - 0.3 * y[1] - math.sin(y[0])]
    expected = solve_ivp(right, ends, start, "DOP853", times[1:], rtol=1e-12, atol=1e-13).y
    assert Y.shape == (2, 11)
    np.testing.assert_allclose(device.take(dl.extractdata(Y)), expected, rtol=1e-8, atol=1e-8)


@given(seed=SEEDS, size=st.integers(0, 4), batch=st.integers(1, 3), end=st.floats(-2.0, 2.0))
def test_linear_systems(seed: int, size: int, batch: int, end: float) -> None:
    """y' = A y has the solution exp(t A) y₀."""
    a, start = normal((size, size), seed), normal((size, batch), seed + 1)
    end = end if abs(end) > 1e-3 else 1.0
    Y = dlode45(lambda t, y, A: A @ y, [0.0, end / 2, end], start, dlarray(a), **TIGHT)
    assert Y.shape == (size, batch, 2)
    for i, t in enumerate((end / 2, end)):
        expected = expm(t * a) @ start
        bound = 1e-8 * max(1.0, np.abs(expected).max(initial=0.0))
        np.testing.assert_allclose(numbers(Y)[:, :, i], expected, rtol=0, atol=bound)


# ---- steps ---------------------------------------------------------------------------------------


def times_of(f: Any, *args: Any, **options: Any) -> list[float]:
    """The times at which the slope was asked for."""
    seen: list[float] = []

    def watched(t: float, y: dlarray, theta: Any) -> dlarray:
        seen.append(t)
        return f(t, y, theta)

    dlode45(watched, *args, **options)
    return seen


@pytest.mark.parametrize("tolerance", [1e-3, 1e-5, 1e-7])
def test_the_error_is_near_the_tolerance(tolerance: float) -> None:
    options = {"RelativeTolerance": tolerance, "AbsoluteTolerance": 1e-14, "MaxStepSize": 10.0}
    y = float(dlode45(decay, [0.0, 5.0], dlarray(1.0), 1.0, **options))
    assert 1e-3 * tolerance < abs(y / math.exp(-5.0) - 1) < 10 * tolerance


def test_the_absolute_tolerance_holds_where_the_solution_is_small() -> None:
    few, many = [
        times_of(decay, [0.0, 30.0], 1.0, 1.0, MaxStepSize=30.0, AbsoluteTolerance=tolerance)
        for tolerance in (1e-2, 1e-12)
    ]
    assert len(few) < 0.8 * len(many)


def test_step_sizes_are_those_asked_for() -> None:
    ends = times_of(decay, [0.0, 1.0], dlarray(1.0), 1.0, **fixed_step(0.25))
    assert len(ends) == 1 + 4 * 6 and ends[6::6] == [0.25, 0.5, 0.75, 1.0]
    tenths = times_of(decay, [0.0, 1.0], dlarray(1.0), 0.0)  # a tenth, where nothing changes
    np.testing.assert_allclose(tenths[6::6], np.arange(1, 11) / 10, atol=1e-12)
    assert times_of(decay, [0.0, 1.0], dlarray(1.0), 0.0, InitialStepSize=0.01)[6] == 0.01


def test_the_last_step_is_no_splinter() -> None:
    """What remains after the next step would be small: both are made equally long."""
    ends = times_of(decay, [0.0, 1.0], dlarray(1.0), 1.0, **fixed_step(0.3))[6::6]
    np.testing.assert_allclose(ends, [0.3, 0.6, 0.8, 1.0])


def test_many_times_cost_no_further_slopes() -> None:
    few = times_of(pendulum, [0.0, 5.0], dlarray([1.0, 0.0]), 0.1)
    many = times_of(pendulum, list(np.linspace(0.0, 5.0, 300)), dlarray([1.0, 0.0]), 0.1)
    assert few == many


def test_a_jump_is_crossed_with_small_steps() -> None:
    jump = lambda t, y, theta: y * 0.0 + (1.0 if t > 0.5 else 0.0)
    y = dlode45(jump, [0.0, 1.0], dlarray(0.0), None, **TIGHT)
    np.testing.assert_allclose(float(y), 0.5, atol=1e-9)


def test_steps_that_overflow_are_tried_with_less() -> None:
    """y' = −y⁹ from 10: a first step of 1 leads to infinity. The truth is (10⁻⁸ + 8 t)^(−1/8)."""
    seen: list[bool] = []

    def steep(t: float, y: dlarray, theta: Any) -> dlarray:
        seen.append(bool(np.isfinite(numbers(y))))
        return -(y**9)

    sizes = {"InitialStepSize": 1.0, "MaxStepSize": 1.0}
    found = float(dlode45(steep, [0.0, 1.0], dlarray(10.0), None, **sizes, **TIGHT))
    assert not all(seen)
    np.testing.assert_allclose(found, (1e-8 + 8) ** (-1 / 8), rtol=1e-7)


def test_rejected_steps_leave_nothing_in_the_record() -> None:
    """What the slopes keep for their derivatives goes with the steps that are not taken."""
    times: list[float] = []
    kept: list[Any] = []

    def steep(t: float, y: dlarray, rate: dlarray) -> dlarray:
        wave = dl.exp(dl.sin(rate * y))
        times.append(t)
        kept.append(weakref.ref(wave._value.data))
        return -rate * wave

    def run(y: dlarray, rate: dlarray) -> tuple[dlarray, list[bool]]:
        Y = dlode45(steep, [0.0, 1.0], y, rate, InitialStepSize=1.0, MaxStepSize=1.0)
        return Y, [ref() is not None for ref in kept]

    _, alive = dlfeval(run, dlarray([1.0]), dlarray([8.0]))
    steps = [slice(i, i + 6) for i in range(1, len(times), 6)]
    # The step after a rejected one begins at the same time, and asks within it.
    taken = [times[s.stop] > times[s.stop - 1] for s in steps[:-1]]
    assert taken.count(False) >= 2 and taken.count(True) >= 2
    for s, is_taken in zip(steps, taken, strict=False):
        assert alive[s] == [is_taken] * 6


# ---- derivatives ---------------------------------------------------------------------------------


def test_derivatives_of_exponential_decay(device: Any) -> None:
    """y = y₀ exp(−r t): ∂y/∂r = −t y, ∂²y/∂r² = t² y, ∂²y/∂r∂y₀ = −t exp(−r t)."""

    def slopes(y0: dlarray, rate: dlarray) -> Any:
        y = dlode45(decay, [0.0, 0.7, 1.5], y0, rate, **TIGHT)[:, 1:2]
        total = dl.sum(y, "all")
        by_start, by_rate = dlgradient(total, y0, rate, EnableHigherDerivatives=True)
        mixed, twice = dlgradient(dl.sum(by_rate, "all"), y0, rate, EnableHigherDerivatives=True)
        (third,) = [dlgradient(dl.sum(twice, "all"), rate)]
        return total, by_start, by_rate, mixed, twice, third

    t, start, rate = 1.5, np.array([2.0, -0.5]), 0.8
    found = dlfeval(slopes, dlarray(device.put(start)), dlarray(device.put(np.array(rate))))
    e, total = math.exp(-rate * t), start.sum() * math.exp(-rate * t)
    expected = [total, [e, e], -t * total, [-t * e, -t * e], t**2 * total, -(t**3) * total]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(device.take(dl.extractdata(a)), b, rtol=1e-6)


def test_gradients_of_many_times_agree_with_differences() -> None:
    times, weights = [0.0, 0.3, 1.1, 2.0], normal((2, 3), 3)

    def loss(y: dlarray, theta: dict[str, dlarray]) -> dlarray:
        Y = dlode45(lambda t, y, p: pendulum(t, y, p["friction"]), times, y, theta, **TIGHT)
        return dl.sum(Y * weights, "all")

    def slopes(y: dlarray, theta: dict[str, dlarray]) -> Any:
        return dlgradient(loss(y, theta), y, theta)

    start, h = np.array([0.5, -1.0]), 1e-4
    by_start, by_theta = dlfeval(slopes, dlarray(start), {"friction": dlarray(0.3)})
    at = lambda y, theta: float(loss(dlarray(y), {"friction": dlarray(theta)}))
    for i, step in enumerate(np.eye(2) * h):
        difference = (at(start + step, 0.3) - at(start - step, 0.3)) / (2 * h)
        np.testing.assert_allclose(numbers(by_start)[i], difference, rtol=1e-5)
    difference = (at(start, 0.3 + h) - at(start, 0.3 - h)) / (2 * h)
    np.testing.assert_allclose(float(by_theta["friction"]), difference, rtol=1e-5)


def test_a_neural_ode_learns_a_rotation() -> None:
    """One hidden layer learns y' = (y₂, −y₁) from the ends of short pieces of its circles."""
    dl.rng(1)
    field = lambda t, y, net: dl.predict(net, y)
    net = dl.dlnetwork([dl.featureInputLayer(2), dl.fullyConnectedLayer(8), dl.tanhLayer(),
                        dl.fullyConnectedLayer(2)])  # fmt: skip
    start, times = normal((2, 16), 5), [0.0, 0.5, 1.0]
    turned = [np.array([[math.cos(t), math.sin(t)], [-math.sin(t), math.cos(t)]]) @ start
              for t in times[1:]]  # fmt: skip
    targets = dlarray(np.stack(turned, 2), "CBT")

    def loss(net: dl.dlnetwork, y: dlarray) -> Any:
        Y = dlode45(field, times, y, net)
        error = dl.l2loss(Y, targets)
        return error, dlgradient(error, net.Learnables)

    Y0 = dlarray(start, "CB")
    average, squares, errors = [], [], []
    for i in range(1, 61):
        error, slope = dlfeval(loss, net, Y0)
        errors.append(float(error))
        net, average, squares = dl.adamupdate(net, slope, average, squares, i, 0.05)
    assert errors[-1] < 0.05 * errors[0], (errors[0], errors[-1])


# ---- formats and classes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fmt", "shape", "several", "expected"),
    [("CB", (2, 3), "CBT", (2, 3, 2)), ("C", (2,), "CT", (2, 2)), ("", (2, 3), "", (2, 3, 2)),
     ("SCB", (4, 2, 3), "SCBT", (4, 2, 3, 2)), ("CU", (2, 3), "CTU", (2, 2, 3)), ("", (), "", (2,)),
     ("U", (3,), "TU", (2, 3))],
)  # fmt: skip
def test_formats(fmt: str, shape: Any, several: str, expected: Any) -> None:
    y = normal(shape, 1)
    Y0 = dlarray(y, fmt) if fmt else dlarray(y)
    seen = []

    def watched(t: float, y: dlarray, rate: float) -> dlarray:
        seen.append((y.dims, y.shape))
        return -rate * y

    end = dlode45(watched, [0, 1], Y0, 1.0)
    assert (end.dims, end.shape) == (fmt, shape) and set(seen) == {(fmt, shape)}
    Y = dlode45(decay, [0, 1, 2], Y0, 1.0)
    assert (Y.dims, Y.shape) == (several, expected)
    axis = several.find("T") if fmt else len(shape)
    np.testing.assert_allclose(numbers(Y).take(1, axis), y * math.exp(-2), rtol=1e-3)


def test_a_format_beside_an_array_without_labels() -> None:
    y = normal((2, 3), 1)
    Y = dlode45(decay, [0, 1, 2], dlarray(y), 1.0, DataFormat="BC")
    assert (Y.dims, Y.shape) == ("", (2, 3, 2))
    same = dlode45(decay, [0, 1, 2], y, 1.0)
    np.testing.assert_array_equal(numbers(Y), numbers(same))


def test_sequences_are_carried_to_one_time_only() -> None:
    Y0 = dlarray(normal((2, 3, 4), 1), "CBT")
    assert dlode45(decay, [0, 1], Y0, 1.0).dims == "CBT"
    with pytest.raises(ValueError, match=r"results at several times need T; relabel it"):
        dlode45(decay, [0, 1, 2], Y0, 1.0)
    with pytest.raises(ValueError, match="results at several times need T"):
        dlode45(decay, [0, 1, 2], dl.stripdims(Y0), 1.0, DataFormat="CBT")


def test_classes() -> None:
    one, half = dlarray(1.0), dlarray(np.float32(0.5))
    for y0, rate in ((dl.single(one), 0.5), (one, half), (dl.single(one), half)):
        y = dlode45(decay, [0, 1], y0, rate)
        assert dl.underlyingType(y) == "single"
        np.testing.assert_allclose(float(y), math.exp(-0.5), rtol=1e-3)
    assert dl.underlyingType(dlode45(decay, [0, 1], dlarray(True), 0.5)) == "double"
    assert dl.underlyingType(dlode45(decay, [0, 1], one, 0.5)) == "double"


@pytest.mark.parametrize("tspan", [[0, 1], (0.0, 1.0), np.array([0.0, 1.0]), np.arange(2),
                                   np.array([[0.0], [1.0]]), dlarray([0.0, 1.0])])  # fmt: skip
def test_times_may_come_in_any_vector(tspan: Any) -> None:
    assert float(dlode45(decay, tspan, 1.0, 1.0)) == float(dlode45(decay, [0, 1], 1.0, 1.0))


# ---- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tspan", [[0.0], [0.0, 0.0], [0.0, 1.0, 0.5], [0.0, np.nan], [0, np.inf],
                                   5.0, [], [[0.0, 1.0], [2.0, 3.0]]])  # fmt: skip
def test_times_that_are_none(tspan: Any) -> None:
    with pytest.raises(ValueError, match="all growing or all falling, such as"):
        dlode45(decay, tspan, 1.0, 1.0)


def test_times_are_not_differentiated() -> None:
    with pytest.raises(TypeError, match=r"tspan is followed .* extractdata\(tspan\)"):
        dlfeval(lambda t: dlode45(decay, t, 1.0, 1.0), dlarray([0.0, 1.0]))


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [(lambda y: numbers(y), TypeError, "odefun returned a ndarray instead of a dlarray"),
     (lambda y: None, TypeError, "odefun returned a NoneType"),
     (lambda y: dl.stripdims(y), ValueError, r"returned 2×1 .* for y of 2\(C\) × 1\(B\)"),
     (lambda y: y[0:1, :], ValueError, r"returned 1\(C\) × 1\(B\) .* the size and labels of y")],
)  # fmt: skip
def test_results_of_odefun_that_do_not_fit(returned: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        dlode45(lambda t, y, theta: returned(y), [0, 1], dlarray([[1.0], [2.0]], "CB"), None)


def test_a_solution_that_grows_without_bound_names_the_time() -> None:
    """y' = y² from 1 is 1 / (1 − t)."""
    with pytest.raises(ArithmeticError, match=r"at the time 1 no step is small enough"):
        dlode45(lambda t, y, theta: y * y, [0, 2], dlarray(1.0), None, **TIGHT)
    for returned in (np.nan, np.inf):
        with pytest.raises(ArithmeticError, match="at the time 3 odefun gives values that are not"):
            dlode45(lambda t, y, theta: y * 0.0 + theta, [3, 4], dlarray(1.0), returned)


def test_options_that_are_refused() -> None:
    for name in ("RelativeTolerance", "AbsoluteTolerance", "InitialStepSize", "MaxStepSize"):
        for value in (0, -1.0, np.inf, "1", True):
            with pytest.raises(ValueError, match=f"{name} is a positive number"):
                dlode45(decay, [0, 1], 1.0, 1.0, **{name: value})
    for mode in ("adjoint", "adjoint-seminorm", "reverse"):
        with pytest.raises(ValueError, match=f'"direct", which gives .* higher ones .* {mode!r}'):
            dlode45(decay, [0, 1], 1.0, 1.0, GradientMode=mode)
    with pytest.raises(TypeError, match=r"odefun is a list; .* lambda t, y, net: predict"):
        dlode45([decay], [0, 1], 1.0, 1.0)
    with pytest.raises(ValueError, match="Y0 has the format CB; DataFormat= is for arrays without"):
        dlode45(decay, [0, 1], dlarray([[1.0]], "CB"), 1.0, DataFormat="CB")
