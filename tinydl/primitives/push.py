"""Second derivatives pushed forward, along with the values: the forward Laplacian.

For a value y of a computation that starts at x, and directions j of x, two things go along:

    first    yⱼ = ∂y/∂xⱼ, one beside the other in a new leading dimension
    second   s = Σⱼ ∂²y/∂xⱼ², one for all directions together

The sum over j can be taken at once because everything but Σⱼ yⱼ² is linear in s. For a function
f of each element, a product and a linear map A

    f(y)     first  f'(y) yⱼ          second  f'(y) s + f''(y) Σⱼ yⱼ²
    a · b    first  aⱼ b + a bⱼ        second  s_a b + a s_b + 2 Σⱼ aⱼ bⱼ
    A y      first  A yⱼ              second  A s

Li et al., "A computational framework for neural network-based variational Monte Carlo with forward
Laplacian", 2024. Everything is made of recorded operations on values that carry their history, so
that the result can be differentiated like any other.

A rule has a second part. It says where the dimensions of the observations are in the result, if
each observation still depends on its own observation of x only, and None where that is not certain.

Streams may have size 1 along the dimensions of observations where they are equal for all of them:
so they are at x itself, and up to the first function that is not linear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tinydl.autodiff import Node
from tinydl.primitives.bend import bend
from tinydl.primitives.elementwise import cast, chain, power
from tinydl.primitives.reduce import broadcast, sum
from tinydl.primitives.shape import concatenate, pad, reshape, take

Axes = tuple[int, ...]
"""Where the dimensions of observations are in a value."""


class Streams(NamedTuple):
    """The derivatives that go along with a value, in one array, so that one product serves all."""

    stack: Any  # n first derivatives, then the second one unless it is 0; × shape of the value
    n: int  # directions
    at: Axes

    @property
    def is_straight(self) -> bool:
        """Whether the second derivative is 0."""
        return bool(self.stack.shape[0] == self.n)

    def first(self) -> Any:
        """The first derivatives alone."""
        return self.stack if self.is_straight else take(self.stack, index=(slice(0, self.n),))

    def complete(self) -> Any:
        """The stack with the second derivative, also if it is 0."""
        if not self.is_straight:
            return self.stack
        return pad(self.stack, widths=((0, 1), *((0, 0),) * (self.stack.ndim - 1)))

    def map(self, linear: Callable[[Any], Any], at: Axes) -> Streams:
        """What a linear function makes of them."""
        return Streams(linear(self.stack), self.n, at)


class Call(NamedTuple):
    """A recorded call through which streams are pushed."""

    node: Node
    known: Mapping[str, Any]  # what the node keeps, with its history, and its statics
    inputs: Sequence[Streams | None]  # None for constants
    at: Axes  # of the result
    higher: bool  # whether the history is wanted

    @property
    def name(self) -> str:
        """The name of the primitive."""
        assert self.node.primitive is not None
        return self.node.primitive.name

    @property
    def input(self) -> Streams:
        """The streams of the only input that has some."""
        (found,) = [s for s in self.inputs if s is not None]
        return found


Follow = Callable[[Node, Sequence[Axes | None]], Axes | None]


class PushRule(NamedTuple):
    """How a primitive is passed: by the dimensions of observations, and by the streams."""

    follow: Follow
    push: Callable[[Call], Streams]


PUSH_RULES: dict[str, PushRule] = {}
"""The rules by the name of the primitive. What is not here cannot be pushed through."""


def rule(
    *names: str, follow: Follow
) -> Callable[[Callable[[Call], Streams]], Callable[[Call], Streams]]:
    """Decorator: the rule of the primitives of these names."""

    def declare(push: Callable[[Call], Streams]) -> Callable[[Call], Streams]:
        PUSH_RULES.update({name: PushRule(follow, push) for name in names})
        return push

    return declare


# ---- parts of rules -----------------------------------------------------------------------------


def element_by_element(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    """Dimensions stay where they are, counted from the last; all inputs have to agree."""
    found = {
        tuple([i + len(node.shape) - len(parent.shape) for i in at])
        for parent, at in zip(node.parents, inputs, strict=True)
        if parent is not None and at is not None
    }
    return found.pop() if len(found) == 1 else None


def lifted(call: Call) -> list[Streams | None]:
    """The inputs' streams with as many dimensions as the result has."""

    def lift(stack: Any) -> Any:
        missing = len(call.node.shape) + 1 - stack.ndim
        shape = (stack.shape[0], *(1,) * missing, *stack.shape[1:])
        return reshape(stack, shape=shape, order="C") if missing else stack

    return [None if s is None else s.map(lift, call.at) for s in call.inputs]


def added(a: Streams | None, b: Streams | None) -> Streams:
    """The streams of a sum."""
    if a is None or b is None:
        s = b if a is None else a
        assert s is not None
        return s
    if a.is_straight == b.is_straight:
        return Streams(a.stack + b.stack, a.n, a.at)
    return Streams(a.complete() + b.complete(), a.n, a.at)


def with_second(s: Streams, more: Any) -> Streams:
    """The streams with something added to the second derivative."""
    sizes = (1, *s.stack.shape[1:])
    more = more if more.shape == sizes else broadcast(more, shape=sizes)
    if not s.is_straight:
        more = take(s.stack, index=(slice(s.n, None),)) + more
    return Streams(concatenate(s.first(), more, axis=0), s.n, s.at)


def bent(s: Streams, slope: Any, curvature: Any) -> Streams:
    """Through a function of each element with the slope f' and the curvature f'', None for 0."""
    if curvature is None:
        return s.map(lambda v: v * slope, s.at)
    return Streams(bend(s.stack, slope, curvature, count=s.n), s.n, s.at)


def product(
    a: Streams | None, x: Any, b: Streams | None, y: Any, times: Callable[[Any, Any], Any]
) -> Streams:
    """Through x · y, where times is a product that is linear on either side."""
    by_a = a and a.map(lambda v: times(v, y), a.at)
    by_b = b and b.map(lambda v: times(x, v), b.at)
    both = added(by_a, by_b)
    if a is None or b is None:
        return both
    return with_second(both, sum(times(a.first(), b.first()), axis=(0,)) * 2.0)


# ---- arithmetic ---------------------------------------------------------------------------------


@rule("identity", follow=element_by_element)
def _(call: Call) -> Streams:
    return call.input


@rule("negative", follow=element_by_element)
def _(call: Call) -> Streams:
    return call.input.map(lambda v: -v, call.at)


@rule("cast", follow=element_by_element)
def _(call: Call) -> Streams:
    return call.input.map(lambda v: cast(v, dtype=call.known["dtype"]), call.at)


@rule("add", "subtract", follow=element_by_element)
def _(call: Call) -> Streams:
    a, b = lifted(call)
    if b is not None and call.name == "subtract":
        b = b.map(lambda v: -v, call.at)
    return added(a, b)


@rule("multiply", follow=element_by_element)
def _(call: Call) -> Streams:
    a, b = lifted(call)
    return product(a, call.known.get("a"), b, call.known.get("b"), lambda v, w: v * w)


@rule("chain", follow=element_by_element)
def _(call: Call) -> Streams:
    g, slope = lifted(call)
    times = lambda v, w: chain(v, w, either=call.known["either"])
    return product(g, call.known.get("g_out"), slope, call.known.get("slope"), times)


@rule("divide", follow=element_by_element)
def _(call: Call) -> Streams:
    """From a = y b, whose derivatives are those of a product, for those of y."""
    a, b = lifted(call)
    by = call.known["b"]
    rest = a if b is None else added(a, b.map(lambda v: -(v * call.known["y"]), call.at))
    assert rest is not None
    y = rest.map(lambda v: v / by, call.at)
    if b is None:
        return y
    return with_second(y, sum(y.first() * b.first(), axis=(0,)) * -2.0 / by)


def only_the_first(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    """Statistics and parameters may not depend on x."""
    is_only = all([at is None for at in inputs[1:]])
    return element_by_element(node, inputs) if is_only else None


@rule("normalize", follow=only_the_first)
def _(call: Call) -> Streams:
    scale, var, epsilon = [call.known[name] for name in ("scale", "var", "epsilon")]
    slope = scale * power(var + epsilon, p=-0.5)
    return call.input.map(lambda v: v * slope, call.at)
