"""Declaring operations: what is refused, and which parameters reach a rule."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks import leaf, leaves
from tinydl.autodiff import (
    PRIMITIVES,
    Primitive,
    gradient,
    plain,
)
from tinydl.primitives import elementwise as e


def declare(**parts: Any) -> Primitive:
    """A primitive whose forward and rule are given."""
    p = Primitive(parts["forward"], parts.get("saves", ()))
    p.gradient(**parts.get("rules", {}))
    return p


def twice(x: Any, *, scale: float = 2.0) -> Any:
    return x * scale


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"x": lambda g, z: g}, r"names \['z'\]"),
        ({"x": lambda y: y}, "its first parameter is g"),
        ({"w": lambda g: g}, r"names \['w'\]"),
        ({"x": lambda g, z_shape: g}, r"names \['z_shape'\]"),
        ({"x": lambda g, scale_shape: g}, r"names \['scale_shape'\]"),
        ({"x": lambda g, slope: g}, r"names \['slope'\]"),
        ({"scale": lambda g: g}, r"names \['scale'\]"),
    ],
)
def test_a_rule_of_unknown_names_is_refused(declared: None, rules: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        declare(forward=twice, rules=rules)


def test_a_variadic_rule_may_not_ask_for_the_values(declared: None) -> None:
    def several(*xs: Any, axis: int) -> Any:
        return xs[0]

    with pytest.raises(TypeError, match=r"names \['xs'\]"):
        declare(forward=several, rules={"xs": lambda g, xs: g})


@pytest.mark.parametrize(
    ("name", "forward"),
    [("g", lambda g: g), ("y", lambda y: y), ("need", lambda need: need),
     ("x_shape", lambda x_shape: x_shape)],
)  # fmt: skip
def test_reserved_parameter_names_are_refused(declared: None, name: str, forward: Any) -> None:
    with pytest.raises(TypeError, match=f"a parameter cannot be called {name}"):
        Primitive(forward)
    assert forward.__name__ not in PRIMITIVES


def test_a_static_that_hides_a_shape_is_refused(declared: None) -> None:
    def hiding(x: Any, *, x_shape: Any = None) -> Any:
        return x

    with pytest.raises(TypeError, match="a parameter cannot be called x_shape"):
        Primitive(hiding)


def test_two_of_one_name_are_refused(declared: None) -> None:
    def exp(x: Any) -> Any:
        return x

    before = PRIMITIVES["exp"]
    with pytest.raises(TypeError, match="two primitives called exp"):
        Primitive(exp)
    assert PRIMITIVES["exp"] is before


def test_a_variadic_input_stands_alone(declared: None) -> None:
    def mixed(x: Any, *xs: Any) -> Any:
        return x

    with pytest.raises(TypeError, match="must be the only input"):
        Primitive(mixed)


def test_a_joint_rule_must_give_as_many_as_it_names(declared: None) -> None:
    @Primitive
    def pair(a: Any, b: Any) -> Any:
        return a + b

    @pair.gradients("a", "b")
    def _(g: Any) -> tuple[Any, ...]:
        return (g,)

    a, b = leaves(1.0, 2.0)
    with pytest.raises(ValueError, match="zip"):
        gradient(pair(a, b), [a, b])


def test_an_input_without_a_rule_says_so(declared: None) -> None:
    x = leaf(1.0, 0.0)
    with pytest.raises(NotImplementedError, match=r"where has no derivative .* condition"):
        e.where(x, 1.0, 0.0)
    assert e.where(x.data > 0, x, 0.0).data.tolist() == [1.0, 0.0]

    @Primitive
    def ruleless(*xs: Any) -> Any:
        return xs[0]

    with pytest.raises(NotImplementedError, match=r"ruleless has no derivative .* xs"):
        ruleless(x)


def test_statics_reach_their_rules_by_default_and_by_name(declared: None) -> None:
    scaled = declare(forward=twice, rules={"x": lambda g, scale: g * scale})
    for static, slope in (({}, 2.0), ({"scale": 5.0}, 5.0)):
        for higher in (False, True):
            x = leaf(1.0)
            assert plain(gradient(scaled(x, **static), [x], higher=higher)[0]) == [slope]


def test_several_by_products_reach_the_rules_by_their_names(declared: None) -> None:
    @Primitive.saving("one", "two")
    def tripled(x: Any, *, save: bool = False) -> Any:
        return (x * 3.0, x + 1.0, x + 4.0) if save else x * 3.0

    tripled.gradient(x=lambda g, two, one: g * (two * 10.0 + one))
    x = leaf(1.0)
    assert gradient(tripled(x), [x])[0] == [52.0]


def test_optional_inputs_may_be_left_out(declared: None) -> None:
    @Primitive
    def shifted(x: Any, by: Any = 1.0) -> Any:
        return x + by

    shifted.gradient(x=lambda g: g, by=lambda g: g * 1.0)
    x, by = leaves([1.0], [2.0])
    assert gradient(shifted(x), [x])[0] == [1.0]
    assert gradient(shifted(1.0, by), [by])[0] == [1.0]
