"""The record: what it keeps, when it lets go, and what it refuses."""

from __future__ import annotations

import gc
import operator
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tinydl.autodiff import (
    PRIMITIVES,
    Node,
    Primitive,
    Record,
    Recorded,
    gradient,
    is_recorded,
    plain,
)
from tinydl.backend import is_array, xp
from tinydl.primitives import elementwise as e
from tinydl.primitives import gelu as ge
from tinydl.primitives import normalize as n
from tinydl.primitives import reduce as r
from tinydl.primitives import shape as s
from tinydl.primitives.contract import matmul
from tinydl.testing import contour_derivative, directional_derivatives


@pytest.fixture
def declared() -> Iterator[None]:
    """Primitives that a test declares are forgotten after it."""
    before = dict(PRIMITIVES)
    yield
    PRIMITIVES.clear()
    PRIMITIVES.update(before)


@contextmanager
def no_collector() -> Iterator[None]:
    """Run without the collector of reference cycles."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def leaf(*values: Any) -> Recorded:
    return Record().leaf(np.array(values, float))


def leaves(*arrays: Any) -> list[Recorded]:
    record = Record()
    return [record.leaf(np.array(x, float)) for x in arrays]


def total(x: Any) -> Any:
    return r.sum_to(x, shape=())


# ---- retention ----------------------------------------------------------------------------------

A, B = np.ones((2, 3)), np.ones((3, 2))
ROW = np.ones((1, 3))
POSITION = np.zeros((1, 3), int)


@pytest.mark.parametrize(
    ("call", "inputs", "follow", "kept"),
    [
        (e.add, [A, A], (0, 1), set()),
        (e.negative, [A], (0,), set()),
        (e.multiply, [A, A], (0,), {"b"}),
        (e.multiply, [A, A], (1,), {"a"}),
        (e.multiply, [A, A], (0, 1), {"a", "b"}),
        (e.divide, [A, A], (0,), {"b"}),
        (e.divide, [A, A], (1,), {"b", "y"}),
        (e.exp, [A], (0,), {"y"}),
        (e.tanh, [A], (0,), {"y"}),
        (e.sqrt, [A], (0,), {"y"}),
        (e.log, [A], (0,), {"x"}),
        (e.relu, [A], (0,), {"mask"}),
        (e.maximum, [A, A], (0,), {"share"}),
        (e.where, [A > 0, A, A], (1,), {"condition"}),
        (ge.gelu, [A], (0,), {"slope", "x"}),
        (lambda x: r.sum(x, axis=(0,)), [A], (0,), {"x_shape"}),
        (lambda x: r.max(x, axis=0), [A], (0,), {"index", "x_shape"}),
        (lambda x: r.softmax(x, axis=(0,)), [A], (0,), {"y"}),
        (lambda x, i: r.take_along(x, i, axis=0), [A, POSITION], (0,), {"index", "x_shape"}),
        (lambda x: s.reshape(x, shape=(6,)), [A], (0,), {"x_shape"}),
        (lambda x: s.transpose(x, axes=(1, 0)), [A], (0,), set()),
        (lambda x: s.take(x, index=0), [A], (0,), {"x_shape"}),
        (lambda x, v: s.put(x, v, index=0), [A, ROW[0]], (0, 1), set()),
        (lambda *xs: s.concatenate(*xs, axis=0), [A, A], (1,), {"xs_shape"}),
        (matmul, [A, B], (0,), {"b"}),
        (matmul, [A, B], (1,), {"a"}),
        (lambda x, m: n.variance(x, m, axis=(0,)), [A, ROW], (0, 1), {"x", "mu"}),
        (lambda *xs: n.normalize(*xs, epsilon=1.0), [A] + [ROW] * 4, (0,),
         {"x", "mu", "var", "scale"}),
    ],
)  # fmt: skip
def test_only_what_the_rules_name_is_kept(
    call: Any, inputs: list[Any], follow: tuple[int, ...], kept: set[str]
) -> None:
    record = Record()
    y = call(*[record.leaf(x) if i in follow else x for i, x in enumerate(inputs)])
    assert set(y.node.kept) == kept
    for name, value in y.node.kept.items():
        if name.endswith("_shape"):
            assert value == (A.shape if name == "x_shape" else (A.shape, A.shape))
        elif name == "y":
            assert value is y.data
        elif name in y.node.primitive.inputs:
            assert value is inputs[y.node.primitive.inputs.index(name)]


def test_by_products_are_worked_out_only_while_recording(declared: None) -> None:
    asked: list[bool] = []

    @Primitive.saving("twice")
    def counted(x: Any, *, save: bool = False) -> Any:
        asked.append(save)
        return (x * x, x * 2.0) if save else x * x

    counted.gradient(x=lambda g, twice: g * twice)
    x = np.array([3.0])
    assert counted(x)[0] == 9.0 and asked == [False]
    y = counted(leaf(3.0))
    assert asked == [False, True]
    assert set(y.node.kept) == {"twice"}


def test_nothing_is_recorded_of_plain_arrays() -> None:
    y = e.exp(np.ones(2))
    assert type(y) is np.ndarray and not is_recorded(y) and plain(y) is y


def test_only_needed_rules_are_called(declared: None) -> None:
    called: list[str] = []

    @Primitive
    def product(a: Any, b: Any) -> Any:
        return a * b

    def rule(name: str) -> Callable[..., Any]:
        def by_a(g: Any, b: Any) -> Any:
            called.append(name)
            return g * b

        return by_a

    product.gradient(a=rule("a"), b=lambda g, a: called.append("b") or g * a)
    a, b = leaves(2.0, 3.0)
    y = product(a, b)
    gradient(y, [a])
    assert called == ["a"]


def test_a_joint_rule_is_told_what_is_needed(declared: None) -> None:
    seen: list[tuple[bool, ...]] = []

    @Primitive
    def three(a: Any, b: Any, c: Any) -> Any:
        return a + b + c

    @three.gradients("a", "b", "c")
    def _(g: Any, need: tuple[bool, ...]) -> tuple[Any, ...]:
        seen.append(need)
        return tuple(g if wanted else None for wanted in need)

    record = Record()
    a, b = record.leaf(np.ones(2)), record.leaf(np.ones(2))
    assert [x.tolist() for x in gradient(total(three(a, 5.0, b)), [b, a])] == [[1, 1], [1, 1]]
    assert [x.tolist() for x in gradient(total(three(a, 5.0, b)), [b])] == [[1, 1]]
    assert seen == [(True, False, True), (False, False, True)]


# ---- release ------------------------------------------------------------------------------------


def test_a_walk_releases_and_says_how_to_keep() -> None:
    x = leaf(1.0, 2.0)
    y = total(e.exp(x) * x)
    assert gradient(y, [x])[0] == pytest.approx(np.exp([1, 2]) * [2, 3])
    assert y.node.kept is None
    with pytest.raises(RuntimeError, match="RetainData=True"):
        gradient(y, [x])


def test_retained_data_serve_again() -> None:
    x = leaf(1.0, 2.0)
    y = total(e.exp(x) * x)
    (first,) = gradient(y, [x], retain=True)
    (second,) = gradient(y, [x], higher=True)
    (third,) = gradient(y, [x])
    np.testing.assert_array_equal(first, plain(second))
    np.testing.assert_array_equal(first, third)
    with pytest.raises(RuntimeError, match="record of sum_to was released"):
        gradient(y, [x])


def test_what_is_not_needed_may_have_been_released() -> None:
    """The gradient by an array on the way needs nothing of how that array was made."""
    x = leaf(1.0, 2.0)
    z = e.exp(x)
    gradient(total(z * z), [z])
    assert gradient(total(z * 3.0), [z])[0].tolist() == [3.0, 3.0]


def test_a_part_that_was_not_walked_is_not_released() -> None:
    a, b = leaves([1.0], [2.0])
    on_a, on_b = e.exp(a), e.exp(b)
    y = total(on_a * on_b)
    gradient(y, [a])
    assert on_a.node.kept is None
    assert on_b.node.kept is not None
    assert gradient(total(on_b), [b])[0] == pytest.approx(np.exp(2.0))


def test_arrays_are_freed_while_the_walk_goes_on(declared: None) -> None:
    """When the first operation's rule runs, what the later ones kept is gone already."""
    alive: list[bool] = []

    @Primitive
    def first(x: Any) -> Any:
        return x + 0.0

    @Primitive
    def middle(x: Any) -> Any:
        return x * x

    middle.gradient(x=lambda g, x: g * (x * 2.0))
    first.gradient(x=lambda g: alive.append(of_middle() is not None) or g)
    with no_collector():
        x = leaf(1.0, 2.0)
        z = first(x)
        y = middle(z)
        of_middle = weakref.ref(z.data)
        y = total(y * 3.0)
        del z
        assert of_middle() is not None
        gradient(y, [x])
        assert alive == [False]


def test_nothing_survives_without_the_collector() -> None:
    def run(higher: bool) -> list[weakref.ref[Any]]:
        x, b = leaves(np.ones((3, 4)), np.ones((4, 2)))
        hidden = ge.gelu(e.tanh(matmul(x, b)))
        y = total(r.softmax(s.concatenate(hidden, hidden, axis=1), axis=(1,)) * hidden.data[:, :1])
        slopes = gradient(y, [x, b], higher=higher)
        if higher:
            slopes = gradient(total(slopes[0] * slopes[0]), [x, b])
        return [weakref.ref(a) for a in (x.data, b.data, hidden.data, *map(plain, slopes))]

    with no_collector():
        nodes = sum(type(o) is Node for o in gc.get_objects())
        for higher in (False, True):
            assert all(ref() is None for ref in run(higher))
        assert sum(type(o) is Node for o in gc.get_objects()) == nodes


def test_a_fused_primitive_leaves_no_cycles(cube: Primitive) -> None:
    with no_collector():
        nodes = sum(type(o) is Node for o in gc.get_objects())
        x = leaf(2.0)
        gone = weakref.ref(x.data)
        (slope,) = gradient(total(cube(x, x, x)), [x], higher=True)
        del x, slope
        assert gone() is None
        assert sum(type(o) is Node for o in gc.get_objects()) == nodes


@pytest.mark.parametrize("higher", [False, True])
def test_a_long_chain_needs_no_recursion(higher: bool) -> None:
    length = 20_000 if higher else 100_000
    with no_collector():
        x = leaf(1.0)
        gone = weakref.ref(x.data)
        y = x
        for _ in range(length):
            y = e.add(y, 1.0)
        (g,) = gradient(y, [x], higher=higher)
        assert y.data == [1.0 + length] and plain(g) == [1.0]
        del y, x, g
        assert gone() is None


# ---- sums of gradients --------------------------------------------------------------------------


@pytest.mark.parametrize("higher", [False, True])
@pytest.mark.parametrize("uses", [1, 2, 3, 4, 50])
def test_many_uses_add_up(uses: int, higher: bool) -> None:
    x = leaf(1.0, 2.0)
    y: Any = 0.0
    for k in range(uses):
        y = y + x * float(k + 1)
    (g,) = gradient(total(y), [x], higher=higher)
    assert plain(g).tolist() == [uses * (uses + 1) / 2] * 2


def test_the_sum_of_gradients_does_not_write_into_borrowed_ones() -> None:
    """a and c both receive g itself. a's then grows by further uses; c's must not."""
    a, c = leaves([1.0, 2.0], [3.0, 4.0])
    weights = np.array([5.0, 7.0])
    later = e.identity(a)
    y = e.add(later, c) * weights
    y = total(y + a * 2.0 + a * 3.0 + a * 4.0)
    to_a, to_c, to_later = gradient(y, [a, c, later])
    assert to_a.tolist() == [14.0, 16.0]
    assert to_c.tolist() == to_later.tolist() == [5.0, 7.0] == weights.tolist()


def test_a_constant_passed_on_as_gradient_stays_what_it_was() -> None:
    """multiply's rule for a hands 1.0 · b on; b itself is never the array that is added to."""
    b = np.array([2.0, 3.0])
    x = leaf(1.0, 1.0)
    gradient(total(x * b + x * b + x * b + x * b), [x])
    assert b.tolist() == [2.0, 3.0]


def test_expanded_operands_get_sums() -> None:
    a, b, c = leaves(np.ones((2, 1)), np.ones((1, 3)), 2.0)
    for higher in (False, True):
        y = total((a * b + a * b) * c)
        to_a, to_b, to_c = [plain(g) for g in gradient(y, [a, b, c], higher=higher)]
        assert to_a.tolist() == [[12.0], [12.0]]
        assert to_b.tolist() == [[8.0, 8.0, 8.0]]
        assert to_c.tolist() == 12.0 and to_c.shape == ()


@pytest.mark.parametrize("higher", [False, True])
def test_one_array_at_several_places(higher: bool) -> None:
    x = leaf(3.0)
    for f, slope in ((e.multiply, 6.0), (e.add, 2.0), (e.subtract, 0.0), (e.divide, 0.0)):
        (g,) = gradient(total(f(x, x)), [x], higher=higher)
        assert plain(g) == [slope]
    y = s.concatenate(x, np.ones(1), x, axis=0) * np.array([2.0, 5.0, 4.0])
    assert plain(gradient(total(y), [x], higher=higher)[0]) == [6.0]


# ---- variables ----------------------------------------------------------------------------------


def test_a_variable_that_does_not_matter_has_zeros() -> None:
    record = Record()
    a, b = record.leaf(np.ones(2)), record.leaf(np.ones((2, 3), np.float32))
    for higher in (False, True):
        _, g = gradient(total(a * 2.0), [a, b], higher=higher)
        assert g.shape == (2, 3) and g.dtype == np.float32 and not g.any()


def test_masked_out_branches_have_zeros() -> None:
    x = leaf(2.0)
    (g,) = gradient(total(e.sign(x) * 1.0), [x])
    assert g.tolist() == [0.0]


def test_an_array_made_on_the_way_is_a_variable_too() -> None:
    x = leaf(1.0, 2.0)
    z = x * 3.0
    y = total(z * z)
    to_x, to_z, to_y = gradient(y, [x, z, y])
    assert to_z.tolist() == [6.0, 12.0] and to_x.tolist() == [18.0, 36.0] and to_y == 1.0


def test_an_array_derived_afterwards_raises() -> None:
    x = leaf(1.0, 2.0)
    y = total(x * x)
    with pytest.raises(ValueError, match="made by take and not used after that"):
        gradient(y, [s.take(x, index=0)])
    assert gradient(y, [x])[0].tolist() == [2.0, 4.0]  # the refusal has released nothing


def test_a_closed_record_refuses() -> None:
    record = Record()
    x = record.leaf(np.ones(2))
    y = total(x * x)
    record.close()
    with pytest.raises(RuntimeError, match="dlfeval that has ended"):
        gradient(y, [x])
    with pytest.raises(RuntimeError, match="dlfeval that has ended"):
        e.exp(x)


# ---- what a recorded value refuses --------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [np.asarray, np.array, float, int, bool, complex, len, list, np.sum,
     lambda x: np.concatenate([x, x]),
     lambda x: np.where(np.ones(2) > 0, x, 0.0), lambda x: x[0], lambda x: np.reshape(x, (1, 2)),
     lambda x: [1, 2][x], lambda x: 1 if x else 0, lambda x: np.stack([x, x])],
    ids=["asarray", "array", "float", "int", "bool", "complex", "len", "list", "sum",
         "concatenate", "where", "[]", "reshape", "index", "if", "stack"],
)  # fmt: skip
def test_a_recorded_value_names_extractdata(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="extractdata"):
        use(leaf(1.0, 2.0))


@pytest.mark.parametrize("use", [np.exp, np.negative, lambda x: np.add(x, np.ones(2)),
                                 lambda x: np.add.reduce(x), lambda x: x**2, lambda x: x > 0,
                                 lambda x: np.ones(2).__iadd__(x)])  # fmt: skip
def test_what_has_no_recorded_form_raises(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        use(leaf(1.0, 2.0))


def test_operators_record_from_either_side() -> None:
    x = leaf(1.0, 2.0)
    for other in (2.0, 2, np.float64(2.0), np.float32(2.0), np.array(2.0), np.array([2.0, 2.0])):
        for y, value in (
            (x + other, [3, 4]), (other + x, [3, 4]), (x - other, [-1, 0]), (other - x, [1, 0]),
            (x * other, [2, 4]), (other * x, [2, 4]), (x / other, [0.5, 1]), (other / x, [2, 1]),
        ):  # fmt: skip
            assert type(y) is Recorded and y.data.tolist() == value
    assert (-x).data.tolist() == [-1.0, -2.0]
    a = Record().leaf(np.ones((2, 2)))
    assert type(a @ np.ones((2, 1))) is type(np.ones((1, 2)) @ a) is Recorded


def test_a_recorded_value_shows_what_it_is() -> None:
    x = leaf(1.0, 2.0)
    assert repr(x) == "<recorded float64 (2,), made by a variable>"
    assert repr(e.exp(x)) == "<recorded float64 (2,), made by exp>"
    assert repr(e.exp) == "<primitive exp(x)>"
    assert (x.ndim, x.shape, x.dtype) == (1, (2,), np.float64)


# ---- declarations -------------------------------------------------------------------------------


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


def test_optional_inputs_may_be_left_out(declared: None) -> None:
    @Primitive
    def shifted(x: Any, by: Any = 1.0) -> Any:
        return x + by

    shifted.gradient(x=lambda g: g, by=lambda g: g * 1.0)
    x, by = leaves([1.0], [2.0])
    assert gradient(shifted(x), [x])[0] == [1.0]
    assert gradient(shifted(1.0, by), [by])[0] == [1.0]


# ---- variadic -----------------------------------------------------------------------------------


@pytest.mark.parametrize("higher", [False, True])
def test_concatenation_of_followed_and_constant_parts(higher: bool) -> None:
    record = Record()
    a, b = record.leaf(np.ones((2, 1))), record.leaf(np.ones((2, 2)))
    w = np.arange(12.0).reshape(2, 6)
    y = s.concatenate(np.zeros((2, 2)), b, a, np.zeros((2, 1)), axis=1)
    to_a, to_b = [plain(g) for g in gradient(total(y * w), [a, b], higher=higher)]
    np.testing.assert_array_equal(to_b, w[:, 2:4])
    np.testing.assert_array_equal(to_a, w[:, 4:5])


# ---- a fast rule and a definition ---------------------------------------------------------------


@pytest.fixture
def cube(declared: None) -> Primitive:
    """a · b · c with a joint rule that is only good for first order, beside a definition."""

    @Primitive.saving("ab")
    def cube(a: Any, b: Any, c: Any, *, save: bool = False) -> Any:
        return (a * b * c, a * b) if save else a * b * c

    @cube.gradients("a", "b", "c")
    def _(g: Any, a: Any, b: Any, c: Any, ab: Any, need: tuple[bool, ...]) -> tuple[Any, ...]:
        assert not is_recorded(g), "a fast rule runs on plain arrays only"
        return g * b * c if need[0] else None, g * a * c if need[1] else None, g * ab

    @cube.definition
    def _(a: Any, b: Any, c: Any) -> Any:
        return e.multiply(e.multiply(a, b), c)

    return cube


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
        assert abs(value - expected) <= 50 * bound


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
                assert abs(value - expected) <= 50 * bound


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
        assert abs(value - expected) <= 50 * bound


def test_comparison_gives_plain_booleans() -> None:
    is_larger = e.compare(operator.gt, leaf(1.0, -1.0), 0.0)
    assert type(is_larger) is np.ndarray and is_larger.tolist() == [True, False]


# ---- arrays of which library --------------------------------------------------------------------


def test_the_library_is_that_of_the_first_array() -> None:
    assert xp(1.0, np.ones(2)) is xp(np.float32(1.0)) is xp(2)
    with pytest.raises(TypeError, match="expected an array, got list"):
        xp(1.0, [2.0])
    assert is_array(np.ones(2)) and is_array(np.float32(1.0))
    assert not is_array(1.0) and not is_array([1.0]) and not is_array(leaf(1.0))
