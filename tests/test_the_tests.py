"""Seeded faults: derivative rules are made wrong on purpose, and the derivative checks must notice.

A mechanical fault (sign, factor, dropped term) goes into the rule of every input of every primitive
in the table. The faults below them are the mistakes that people make.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tests import test_derivatives, test_values
from tests.checks import MARGIN, Case, cases, check_derivatives, recorded, subsets
from tests.table import ROWS, Row
from tinydl.autodiff import PRIMITIVES, Node, Primitive, plain
from tinydl.autodiff.gradient import ancestors_of
from tinydl.autodiff.primitive import Rule
from tinydl.backend import xp
from tinydl.primitives import elementwise as e
from tinydl.primitives import reduce as r
from tinydl.primitives import shape as s
from tinydl.primitives.contract import turned
from tinydl.testing import difference_derivative

CONSTANT = {"sign", "power[0]", "floor", "ceil", "fix", "round", "imag", "regardless[shift]"}
"""Rows whose derivative is zero: a wrong sign or factor changes nothing."""

USED_BY_THE_CHECK = {"multiply", "sum_to"}
"""The check's own weighted sum is made of these, so that a wrong sign would cancel itself."""


@contextmanager
def faulty(primitive: Primitive, place: int, wrong: Callable[[Rule], Rule]) -> Iterator[None]:
    """Replace the rules for one input, those for first order and those for higher orders."""
    tables = primitive.rules, primitive.higher_rules
    before = [list(table) for table in tables]
    try:
        for table in tables:
            table[:] = [wrong(rule) if place in rule.inputs else rule for rule in table]
        _forget(primitive)  # a wrong rule may ask for other things to be kept
        yield
    finally:
        for table, old in zip(tables, before, strict=True):
            table[:] = old
        _forget(primitive)


def _forget(primitive: Primitive) -> None:
    """What was worked out from its rules."""
    primitive._plans.clear()
    primitive._due.clear()


def altered(place: int, change: Callable[[Any], Any]) -> Callable[[Rule], Rule]:
    """A rule that changes what the right one gives to one input."""

    def wrong(rule: Rule) -> Rule:
        def function(g: Any, *kept: Any) -> Any:
            result = rule.function(g, *kept)
            if not rule.gives_several:
                return result if result is None else change(result)
            parts = list(result)
            for i in range(len(parts)) if rule.inputs == (0,) else [rule.inputs.index(place)]:
                parts[i] = parts[i] if parts[i] is None else change(parts[i])
            return parts

        return rule._replace(function=function)

    return wrong


def replaced(function: Callable[..., Any]) -> Callable[[Rule], Rule]:
    """Another rule in the place of the right one; of one input it returns just the gradient."""
    _, *wants = inspect.signature(function).parameters

    def wrong(rule: Rule) -> Rule:
        several = rule.gives_several and len(rule.inputs) > 1
        return Rule(rule.inputs, function, tuple(wants), several)

    return wrong


MECHANICAL = {
    "sign": lambda g: -g,
    "factor": lambda g: g * 2.0,
    "dropped": lambda g: g * 0.0,
}


def usual(row: Row) -> Case:
    return next(cases([row]))


def seeded() -> Iterator[Any]:
    """For every primitive and followed input, a row and a fault; the kinds take turns."""
    seen: set[tuple[str, int]] = set()
    for row in ROWS:
        if not row.primitive or row.name in CONSTANT:
            continue
        xs = usual(row).xs
        y, _, wanted = recorded(row, xs)
        assert y.node.primitive is PRIMITIVES[row.primitive], f"{row} is of another primitive"
        for input_number, x in zip(row.followed(xs), wanted, strict=True):
            place = 0 if y.node.primitive.variadic else _place(y.node, x.node)
            if (row.primitive, place) not in seen:
                seen.add((row.primitive, place))
                kind = sorted(MECHANICAL)[len(seen) % len(MECHANICAL)]
                kind = "factor" if row.primitive in USED_BY_THE_CHECK else kind
                name = f"{row.name}-{input_number}-{kind}"
                yield pytest.param(row, input_number, place, kind, id=name)


def _place(node: Node, given: Node) -> int:
    """Which input of a node was computed from a variable; the row may prepare it first."""
    inputs = [parent and ancestors_of(parent, frozenset()) for parent in node.parents]
    return next(i for i, found in enumerate(inputs) if found and given in found)


@pytest.mark.parametrize(("row", "input_number", "place", "kind"), list(seeded()))
def test_a_mechanical_fault_is_noticed(
    row: Row, input_number: int, place: int, kind: str, device: Any
) -> None:
    case, follow = usual(row), (input_number,)
    with faulty(PRIMITIVES[row.primitive], place, altered(place, MECHANICAL[kind])):
        with pytest.raises(AssertionError, match="order 1"):
            check_derivatives(case, follow, device)
    check_derivatives(case, follow, device)


# ---- mistakes that people make ------------------------------------------------------------------

MISTAKES: dict[str, tuple[str, int, Callable[..., Any]]] = {
    "divide: the square of b forgotten": ("divide", 1, lambda g, a, b: -(g * a) / b),
    "divide: y without its b": ("divide", 1, lambda g, y: -(g * y)),
    "exp: x kept in the place of y": ("exp", 0, lambda g, x: g * x),
    "expm1: the one forgotten": ("expm1", 0, lambda g, y: g * y),
    "sqrt: x kept in the place of y": ("sqrt", 0, lambda g, x: g * 0.5 / x),
    "log: y kept in the place of x": ("log", 0, lambda g, y: g / y),
    "log1p: the one forgotten": ("log1p", 0, lambda g, x: g / x),
    "tanh: the square forgotten": ("tanh", 0, lambda g, y: g * (1.0 - y)),
    "tan: x kept in the place of y": ("tan", 0, lambda g, x: g * (x * x + 1.0)),
    "sigmoid: half of the product": ("sigmoid", 0, lambda g, y: g * y),
    "erf: the two forgotten": ("erf", 0, lambda g, x: g * e.exp(-x) * e.TWO_OVER_ROOT_PI),
    "cos: its own name": ("cos", 0, lambda g, x: g * e.sin(x)),
    "asin: the root forgotten": ("asin", 0, lambda g, x: g / (1.0 - x * x)),
    "power: the exponent not lowered": ("power", 0, lambda g, x, p: g * (e.power(x, p=p) * p)),
    "exponentiate: the logarithm forgotten": ("exponentiate", 1, lambda g, y: g * y),
    "maximum: the other one's share": ("maximum", 0, lambda g, share: g * (1.0 - share)),
    "where: the branches exchanged": (
        "where", 1, lambda g, condition: e.where(condition, 0.0, g)),
    "mean: a sum's rule": ("mean", 0, lambda g, x_shape: r.broadcast(g, shape=x_shape)),
    "max: the first position": (
        "max", 0, lambda g, index, axis, x_shape: r.put_along(
            g, index * 0, axis=axis, length=x_shape[axis])),
    "logsumexp: not normalized": ("logsumexp", 0, lambda g, x: g * e.exp(x)),
    "softmax: the sum forgotten": ("softmax", 0, lambda g, y: g * y),
    "softmax: the sum not weighted": (
        "softmax", 0, lambda g, y, axis: y * (g - r.sum(g, axis=axis))),
    "softmax: another axis": (
        "softmax", 0, lambda g, y: y * (g - r.sum(g * y, axis=tuple(range(y.ndim))))),
    "reshape: the other order": (
        "reshape", 0, lambda g, x_shape, order: s.reshape(
            g, shape=x_shape, order="C" if order == "F" else "F")),
    "transpose: not inverted": ("transpose", 0, lambda g, axes: s.transpose(g, axes=axes)),
    "put: the written part not cleared": ("put", 0, lambda g: g),
    "scatter and take: duplicates written once": (
        "take", 0, lambda g, index, x_shape: s.put(r.broadcast(
            xp(plain(g)).zeros((), g.dtype), shape=x_shape), g, index=index)),
    "pad: cropped at the other end": (
        "pad", 0, lambda g, widths: s.crop(g, widths=tuple((b, a) for a, b in widths))),
    "repmat: one copy only": (
        "repmat", 0, lambda g, x_shape: s.take(g, index=tuple(slice(n) for n in x_shape))),
    "matmul: not transposed": ("matmul", 0, lambda g, b: g @ b),
    "matmul: from the wrong side": ("matmul", 1, lambda g, a: g @ turned(a)),
    "variance: one less than the number": (
        "variance", 0, lambda g, x, mu, axis: (
            (x - mu) * (g * (2.0 / (r.count(x.shape, axis) - 1))), None)),
}  # fmt: skip


def fails(case: Case, device: Any) -> bool:
    """Whether the derivative check finds wrong numbers; a clash of shapes shows by itself."""
    try:
        for follow in subsets(case.row, case.xs):
            check_derivatives(case, follow, device)
    except AssertionError:
        return True
    except ValueError:
        return False
    return False


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_noticed(mistake: str, device: Any) -> None:
    name, place, function = MISTAKES[mistake]
    every = [case for case in cases() if case.row.primitive == name]
    with faulty(PRIMITIVES[name], place, replaced(function)):
        assert any(fails(case, device) for case in every)
    assert not any(fails(case, device) for case in every)


# ---- right at first order, wrong from the second on ----------------------------------------------


def variance_of(g: Any, centred: Any, axis: tuple[int, ...]) -> tuple[Any, Any]:
    """The rule of the variance, given x − mu."""
    slope = centred * (g * (2.0 / r.count(centred.shape, axis)))
    return slope, -slope


DETACHED: dict[str, tuple[str, int, Callable[..., Any]]] = {
    "exp: y taken as a constant": ("exp", 0, lambda g, y: g * plain(y)),
    "tanh: y taken as a constant": ("tanh", 0, lambda g, y: g * plain(1.0 - y * y)),
    "multiply: b taken as a constant": ("multiply", 0, lambda g, b: g * plain(b)),
    "softmax: y taken as a constant": (
        "softmax", 0, lambda g, y, axis: plain(y) * (g - r.sum(g * plain(y), axis=axis))),
    "gelu: its slope taken as a constant": ("gelu", 0, lambda g, slope: g * slope),
    "variance: x taken as a constant": ("variance", 0, lambda g, x, mu, axis: variance_of(
        g, plain(x) - plain(mu), axis)),
}  # fmt: skip


@pytest.mark.parametrize("mistake", DETACHED)
def test_a_rule_that_stops_after_first_order_is_noticed(mistake: str, device: Any) -> None:
    name, place, function = DETACHED[mistake]
    case = usual(next(row for row in ROWS if row.primitive == name))
    with faulty(PRIMITIVES[name], place, replaced(function)):
        with pytest.raises(AssertionError, match=r"order [23]"):
            check_derivatives(case, case.row.followed(case.xs), device)


# ---- right numbers, wrong manners ----------------------------------------------------------------


def writing_into_what_is_kept(g: Any, y: Any) -> Any:
    y *= 1.5
    return g * y


def writing_into_the_gradient(g: Any, y: Any) -> Any:
    g *= y
    return g


@pytest.mark.parametrize("function", [writing_into_what_is_kept, writing_into_the_gradient])
def test_a_rule_that_writes_is_noticed(function: Callable[..., Any], device: Any) -> None:
    case = usual(next(row for row in ROWS if row.primitive == "exp"))
    with faulty(PRIMITIVES["exp"], 0, replaced(function)):
        with pytest.raises((AssertionError, ValueError), match=r"not equal|read-only|apart"):
            test_values.test_nothing_is_written_into(case, False, device)
            test_values.test_any_strides_read_only_inputs_and_repeated_gradients(case, device)


def test_a_rule_that_makes_doubles_is_noticed(device: Any) -> None:
    with faulty(PRIMITIVES["tanh"], 0, replaced(lambda g, y: g * (np.float64(1.0) - y * y))):
        with pytest.raises(AssertionError, match=r"tanh.*order 1"):
            test_derivatives.test_single_stays_single_at_every_order(device)


FORWARDS: dict[str, Callable[..., Any]] = {
    "sinh": np.cosh,
    "sum": lambda x, axis: x.sum(axis=axis[:1], keepdims=True),
    "gelu": lambda x: 0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x**3))),
    "transpose": lambda x, axes: x.transpose(np.argsort(axes)),
    "scatter": lambda x, index, shape: s.put(xp(x).zeros(shape), x, index=index),
    "variance": lambda x, mu, axis: ((x - mu) ** 2).sum(axis=axis, keepdims=True) / (
        r.count(x.shape, axis) - 1 or 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARDS)
def test_a_wrong_value_is_noticed(name: str, device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PRIMITIVES[name], "forward", FORWARDS[name])
    wrong = 0
    for case in cases():
        if case.row.primitive == name:
            try:
                test_values.test_value(case, device)
            except AssertionError:
                wrong += 1
    assert wrong > 0


# ---- the tolerance -------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_no_bound_is_wide_enough_to_hide_a_fault(row: Row) -> None:
    """At order 3 the oracle's bound is ε · 6 / radius³ of the size of the values."""
    case = usual(row)
    if row.radius is not None:
        assert MARGIN * np.finfo(float).eps * 6 / row.radius**3 < 1e-9
    else:
        vs = [np.ones(np.shape(x)) for x in case.xs]
        w = np.ones(np.shape(row.call(*case.xs)))
        for order in (1, 2, 3):
            _, bound = difference_derivative(row.call, case.xs, vs, w, order)
            assert MARGIN * bound < 0.02 * np.sum(np.abs(row.call(*case.xs)))
