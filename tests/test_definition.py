"""Fused operations: a fast rule for first order beside a way to go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.checks import MARGIN, leaf, leaves, total
from tinydl.autodiff import Primitive, Record, gradient, plain
from tinydl.primitives import elementwise as e
from tinydl.primitives import gelu as ge
from tinydl.testing import contour_derivative, directional_derivatives


def points(count: int) -> tuple[list[Any], list[Any], Any]:
    rng = np.random.default_rng(3)
    xs = [rng.standard_normal((2, 3)) for _ in range(count)]
    return xs, [rng.uniform(-1, 1, (2, 3)) for _ in xs], rng.standard_normal((2, 3))


@pytest.mark.parametrize(
    ("places", "count"),
    [((0, 1, 2), 3), ((0, 0, 1), 2), ((0, 0, 0), 1), ((0, 1, 0), 2), ((1, 0, 0), 2)],
)
def test_a_replayed_definition_has_every_order(
    cube: Primitive, places: tuple[int, ...], count: int
) -> None:
    xs, vs, w = points(count)
    call = lambda *given: cube(*[e.sin(given[i]) if i else given[i] for i in places])
    found = directional_derivatives(call, xs, vs, w, 3)
    for order, value in enumerate(found, start=1):
        expected, bound = contour_derivative(call, xs, vs, w, order)
        assert abs(value - expected) <= MARGIN * bound


def test_a_replay_stops_at_the_inputs(cube: Primitive) -> None:
    """What comes before them is walked once, by the walk that asked for the replay."""
    calls: list[str] = []

    @Primitive
    def before(x: Any) -> Any:
        return x * 1.0

    before.gradient(x=lambda g: calls.append("before") or g)
    x = leaf(1.0, 2.0)
    z = before(x)
    (g,) = gradient(total(cube(z, z, z)), [x], higher=True)
    assert plain(g).tolist() == [3.0, 12.0]
    assert calls == ["before"]


def test_a_fast_rule_and_the_definition_agree(cube: Primitive) -> None:
    xs, _, w = points(3)
    for follow in ((0,), (1, 2), (0, 1, 2)):
        record = Record()
        inputs = [record.leaf(x) if i in follow else x for i, x in enumerate(xs)]
        wanted = [inputs[i] for i in follow]
        slow = gradient(total(cube(*inputs) * w), wanted, higher=True)
        fast = gradient(total(cube(*inputs) * w), wanted)
        for a, b in zip(fast, slow, strict=True):
            np.testing.assert_allclose(a, plain(b), rtol=1e-14)


def test_a_replay_with_constants_and_statics(declared: None) -> None:
    @Primitive
    def scaled(a: Any, b: Any, *, p: float = 2.0) -> Any:
        return a**p * b

    @scaled.gradients("a", "b")
    def _(g: Any, a: Any, b: Any, p: float) -> tuple[Any, Any]:
        return g * (p * a ** (p - 1) * b), g * a**p

    @scaled.definition
    def _(a: Any, b: Any, *, p: float = 2.0) -> Any:
        return e.multiply(e.power(a, p=p), b)

    xs, vs, w = points(2)
    for static in ({}, {"p": 3.0}):
        call = lambda a, b, static=static: scaled(a, b, **static)
        for held in (None, 0, 1):
            moved = [None if i == held else v for i, v in enumerate(vs)]
            found = directional_derivatives(call, xs, moved, w, 3)
            for order, value in enumerate(found, start=1):
                expected, bound = contour_derivative(call, xs, moved, w, order)
                assert abs(value - expected) <= MARGIN * bound


def test_a_definition_that_hands_an_input_through(declared: None) -> None:
    @Primitive
    def through(a: Any, b: Any) -> Any:
        return a

    through.gradient(a=lambda g: g, b=lambda g: None)
    through.definition(lambda a, b: a)
    a, b = leaves([1.0, 2.0], [3.0, 4.0])
    to_a, to_b = gradient(total(through(a, b)), [a, b], higher=True)
    assert plain(to_a).tolist() == [1.0, 1.0] and plain(to_b).tolist() == [0.0, 0.0]


def test_higher_rules_take_over_when_recorded() -> None:
    """gelu's slope is a constant to its fast rule; the second table knows its derivative."""
    xs, vs, w = points(1)
    assert ge.gelu.higher_rules
    found = directional_derivatives(ge.gelu, xs, vs, w, 3)
    for order, value in enumerate(found, start=1):
        expected, bound = contour_derivative(ge.gelu, xs, vs, w, order)
        assert abs(value - expected) <= MARGIN * bound
