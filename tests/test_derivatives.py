"""Every operation, every input, three orders, against oracles that do not differentiate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.checks import (
    Case,
    assert_close,
    cases,
    check_derivatives,
    generator,
    recorded,
    subsets,
)
from tinydl.autodiff import Record, gradient, plain
from tinydl.backend import host
from tinydl.primitives import activation, circular, hyperbolic, logarithm, recur, special
from tinydl.primitives import elementwise as e
from tinydl.primitives import reduce as r
from tinydl.testing import directional_derivatives

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_order_agrees_with_the_oracle(case: Case, device: Any) -> None:
    for follow in subsets(case.row, case.xs):
        check_derivatives(case, follow, device)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_rules_on_plain_arrays_agree_with_recorded_rules(case: Case, device: Any) -> None:
    rng = generator(case)
    w = device.put(rng.standard_normal(np.shape(case.row.call(*case.xs))))
    xs = [device.put(x) for x in case.xs]
    fast = recorded(case.row, xs, w).gradients()
    slow = recorded(case.row, xs, w).gradients(higher=True)
    for a, b in zip(fast, slow, strict=True):
        assert_close(device.take(a), device.take(b), repr(case))


# ---- corners: what holds at the edge of a domain and at kinks ------------------------------------


def derivatives(f: Callable[[Any], Any], *points: float) -> list[list[float]]:
    """The derivatives of orders 1 to 3 of a function of one number, at each point."""
    ones = [np.ones(1)]
    with host.quiet():
        return [directional_derivatives(f, [np.array([x])], ones, np.ones(1), 3) for x in points]


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0, [0.0, 0.0, 0.0]), (1, [1.0, 0.0, 0.0]), (2, [0.0, 2.0, 0.0]), (3, [0.0, 0.0, 6.0]),
     (4, [0.0, 0.0, 0.0])],
)  # fmt: skip
def test_whole_powers_at_zero(p: int, expected: list[float]) -> None:
    assert derivatives(lambda x: e.power(x, p=p), 0.0, -0.0) == [expected, expected]
    by_numbers = derivatives(lambda x: e.exponentiate(x, float(p)), 0.0)
    assert by_numbers == [expected]


@pytest.mark.parametrize(
    "f",
    [e.sqrt, e.log, lambda x: e.power(x, p=0.5), lambda x: e.power(x, p=-1),
     lambda x: e.divide(1.0, x), lambda x: e.exponentiate(x, 0.5), lambda x: e.exponentiate(x, x),
     lambda x: e.divide(x, x), lambda x: e.asin(1.0 - x), lambda x: e.acos(1.0 - x),
     lambda x: e.log1p(x - 1.0), logarithm.log2, logarithm.log10, special.gamma, special.gammaln,
     circular.csc, circular.cot, lambda x: circular.asec(x + 1.0), lambda x: circular.acsc(x + 1.0),
     hyperbolic.csch, hyperbolic.coth, lambda x: hyperbolic.acosh(x + 1.0),
     lambda x: hyperbolic.atanh(1.0 - x), hyperbolic.asech, hyperbolic.acsch,
     lambda x: hyperbolic.acoth(x + 1.0), lambda x: special.erfinv(1.0 - x)],
    ids=["sqrt", "log", "root", "reciprocal", "divide", "exponentiate", "to itself", "by itself",
         "asin", "acos", "log1p", "log2", "log10", "gamma", "gammaln", "csc", "cot", "asec", "acsc",
         "csch", "coth", "acosh", "atanh", "asech", "acsch", "acoth", "erfinv"],
)  # fmt: skip
def test_what_is_not_chosen_contributes_nothing(f: Callable[[Any], Any]) -> None:
    """At 0 these have infinite slopes, but their value is masked out there: derivative 0."""
    chosen = lambda x: e.where(plain(x) > 0, f(x), 0.0)
    assert derivatives(chosen, 0.0) == [[0.0, 0.0, 0.0]]
    scaled = lambda x: e.where(plain(x) > 0, f(x), 0.0) * x
    assert derivatives(scaled, 0.0) == [[0.0, 0.0, 0.0]]
    assert derivatives(chosen, 0.25) == derivatives(f, 0.25)


def test_a_zero_gradient_stays_zero_through_infinite_slopes() -> None:
    for f in (e.sqrt, e.log, lambda x: e.divide(1.0, x), lambda x: e.power(x, p=-2)):
        record = Record()
        x = record.leaf(np.zeros(2))
        with host.quiet():
            (g,) = gradient(r.sum_to(f(x) * 0.0, shape=()), [x])
        assert g.tolist() == [0.0, 0.0]


def test_true_infinite_slopes_are_passed_on() -> None:
    assert derivatives(e.sqrt, 0.0)[0][0] == np.inf
    assert derivatives(e.log, 0.0)[0][:2] == [np.inf, -np.inf]


def test_relu_and_abs_are_flat_at_their_corner() -> None:
    assert derivatives(activation.relu, 0.0, -0.0) == [[0.0, 0.0, 0.0]] * 2
    assert derivatives(activation.relu, 1e-300, -1e-300) == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert derivatives(e.abs, 0.0, 2.0, -2.0) == [[s, 0.0, 0.0] for s in (0.0, 1.0, -1.0)]
    assert derivatives(lambda x: activation.leakyrelu(x, scale=0.25), 0.0) == [[0.25, 0.0, 0.0]]


def test_slopes_at_the_corners_of_composed_activations() -> None:
    elu = lambda x: activation.elu(x, alpha=0.5)
    assert derivatives(elu, 0.0, -0.0, 1e-300) == [[0.5] * 3, [0.5] * 3, [1.0, 0.0, 0.0]]
    clipped = lambda x: activation.clipped_relu(x, ceiling=2.0)
    inside, outside = [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    assert derivatives(clipped, 0.0, 1e-300, 1.0, 2.0) == [outside, inside, inside, outside]
    assert derivatives(recur.hard_sigmoid, -9.0, -2.5, 0.0, 2.5, 9.0) == [
        outside, outside, [0.2, 0.0, 0.0], outside, outside
    ]  # fmt: skip
    by_x, by_alpha = by_each(activation.prelu, [-0.5, 0.0, 0.5], [0.25, 0.25, 0.25])
    assert by_x == [0.25, 0.25, 1.0] and by_alpha == [-0.5, 0.0, 0.0]


def test_the_mantissa_of_zero_has_the_slope_of_one() -> None:
    assert derivatives(logarithm.mantissa, 0.0, 1.0) == [[0.5, 0.0, 0.0]] * 2


def by_each(f: Callable[..., Any], *xs: Any, higher: bool = False) -> list[list[float]]:
    """The gradient of the sum of f by each of its inputs."""
    record = Record()
    leaves = [record.leaf(np.array(x)) for x in xs]
    y = r.sum_to(f(*leaves), shape=())
    return [plain(g).tolist() for g in gradient(y, leaves, higher=higher)]


@pytest.mark.parametrize("higher", [False, True])
def test_equal_operands_share_the_gradient(higher: bool) -> None:
    for f, winner in ((e.maximum, 0), (e.minimum, 1)):
        found = by_each(f, [1.0, 2.0, 0.0], [1.0, 1.0, -0.0], higher=higher)
        expected = [[0.5, 1.0, 0.5], [0.5, 0.0, 0.5]]
        assert found == [expected[winner], expected[1 - winner]]
    assert by_each(lambda x: e.maximum(x, 0.0), [0.0, -1.0, 1.0]) == [[0.5, 0.0, 1.0]]
    assert by_each(lambda x: e.maximum(x, x), [3.0]) == [[1.0]]


@pytest.mark.parametrize("higher", [False, True])
def test_the_first_of_equal_elements_is_the_extreme(higher: bool) -> None:
    x = [[1.0, 3.0, 3.0], [3.0, 1.0, 1.0]]
    assert by_each(lambda x: r.max(x, axis=1), x, higher=higher) == [[[0, 1, 0], [1, 0, 0]]]
    assert by_each(lambda x: r.min(x, axis=1), x, higher=higher) == [[[1, 0, 0], [0, 1, 0]]]
    assert by_each(lambda x: r.max(x, axis=0), x, higher=higher) == [[[0, 1, 1], [1, 0, 0]]]


def test_the_gradient_of_a_cast_is_cast_back() -> None:
    w = np.array([1.0, 2.0**-30 + 1.0])
    for to, seen in ((np.float32, np.float32), (np.float64, np.float64)):
        record = Record()
        x = record.leaf(np.array([0.1, 0.2]))
        y = e.cast(x, dtype=to)
        assert y.dtype == to
        (g,) = gradient(r.sum_to(y * w.astype(to), shape=()), [x])
        assert g.dtype == np.float64
        np.testing.assert_array_equal(g, w.astype(seen).astype(float))


def test_single_stays_single_at_every_order(device: Any) -> None:
    """Constants in rules are Python's numbers: no rule makes a double out of a single."""
    wrong = []
    for case in CASES:
        xs = [device.put(x.astype(np.float32) if x.dtype == float else x) for x in case.xs]
        y, _, wanted = recorded(case.row, xs)
        for order in (1, 2, 3):
            slopes = gradient(r.sum_to(y, shape=()), wanted, higher=True)
            wrong += [f"{case}, order {order}" for g in slopes if g.dtype != np.float32]
            for g in slopes:
                y = e.add(y, r.sum_to(g, shape=()))
    assert not wrong, "\n".join(wrong)
