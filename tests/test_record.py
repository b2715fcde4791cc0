"""The record: what it keeps, and when it lets go."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tests.checks import leaf, leaves, total
from tinydl.autodiff import (
    PRIMITIVES,
    Node,
    Primitive,
    Record,
    gradient,
    is_recorded,
    plain,
)
from tinydl.primitives import activation
from tinydl.primitives import elementwise as e
from tinydl.primitives import gelu as ge
from tinydl.primitives import normalize as n
from tinydl.primitives import reduce as r
from tinydl.primitives import shape as s
from tinydl.primitives.contract import matmul


@contextmanager
def no_collector() -> Iterator[None]:
    """Run without the collector of reference cycles."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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
        (activation.relu, [A], (0,), {"mask"}),
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


@pytest.mark.parametrize(
    ("call", "worker", "expected"),
    [
        (lambda x: s.concatenate(A, x, A, axis=0), "take", 1),
        (lambda x: n.variance(x, ROW, axis=(0,)), "sum_to", 0),
        (lambda x: n.normalize(x, ROW, ROW, ROW, ROW, epsilon=1.0), "power", 1),
    ],
    ids=["concatenate", "variance", "normalize"],
)
def test_joint_rules_leave_out_what_is_not_needed(
    call: Any, worker: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = leaf(*A)
    y = total(call(x))
    calls: list[str] = []
    forward = PRIMITIVES[worker].forward
    counted = lambda *xs, **static: calls.append(worker) or forward(*xs, **static)
    monkeypatch.setattr(PRIMITIVES[worker], "forward", counted)
    gradient(y, [x])
    assert len(calls) == expected


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
