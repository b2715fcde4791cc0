"""Linear operations pushed forward: products with matrices, sums, and the same numbers elsewhere.

Each does with the streams what it does with the values, one dimension further on: the directions
come first. Where it mixes the elements along a dimension, that may not be one of observations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinydl.autodiff import Node, plain
from tinydl.backend import xp
from tinydl.primitives.contract import matmul
from tinydl.primitives.push import (
    Axes,
    Call,
    Streams,
    element_by_element,
    lifted,
    product,
    rule,
)
from tinydl.primitives.reduce import broadcast, mean, sum
from tinydl.primitives.shape import concatenate, crop, pad, reshape, scatter, take, transpose

Sizes = tuple[int, ...]


def only(inputs: Sequence[Axes | None]) -> Axes:
    """The dimensions of observations of the first input that has streams."""
    return next(at for at in inputs if at is not None)


def sizes_of(stack: Any, at: Axes, new_at: Axes, shape: Sizes) -> Sizes:
    """The shape of streams that become a value's; what has size 1 for all observations keeps it."""
    short = [new for old, new in zip(at, new_at, strict=True) if stack.shape[old + 1] == 1]
    return (stack.shape[0], *[1 if i in short else n for i, n in enumerate(shape)])


def full(s: Streams, shape: Sizes, keep: Axes = ()) -> Streams:
    """Streams as long as their value along each dimension, except those that are to be kept."""

    def widen(stack: Any) -> Any:
        wide = list(stack.shape)
        wide[1:] = [wide[i + 1] if i in keep else n for i, n in enumerate(shape)]
        return stack if stack.shape == tuple(wide) else broadcast(stack, shape=tuple(wide))

    return s.map(widen, s.at)


# ---- products of matrices -----------------------------------------------------------------------


def _of_matmul(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    """Observations may be a stack of matrices, rows of the left one or columns of the right one."""
    if node.kept is None:
        return None
    a, b = inputs
    ranks = [node.kept[name].ndim if parent is None else len(parent.shape)
             for name, parent in zip("ab", node.parents, strict=True)]  # fmt: skip
    rank = max(ranks)
    if min(ranks) < 2 or any([at is not None and n < rank
                              for at, n in zip(inputs, ranks, strict=True)]):  # fmt: skip
        return None
    inner = {rank - 1} if b is None else {rank - 2} if a is None else {rank - 2, rank - 1}
    found = {at for at in inputs if at is not None}
    return found.pop() if len(found) == 1 and inner.isdisjoint(only(inputs)) else None


@rule("matmul", follow=_of_matmul)
def _(call: Call) -> Streams:
    a, b = call.inputs
    return product(a, call.known.get("a"), b, call.known.get("b"), matmul)


def _of_affine(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    """Each column of x has its own column of the result; weights and bias may not depend on x."""
    w, at, b = inputs
    return at if w is None and b is None and at is not None and 0 not in at else None


@rule("affine", follow=_of_affine)
def _(call: Call) -> Streams:
    return call.input.map(lambda v: matmul(call.known["w"], v), call.at)


# ---- sums along dimensions ----------------------------------------------------------------------


def _of_sum(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    at = only(inputs)
    return at if set(node.static["axis"]).isdisjoint(at) else None


@rule("sum", "mean", follow=_of_sum)
def _(call: Call) -> Streams:
    reduced = sum if call.name == "sum" else mean
    axis = tuple([i + 1 for i in call.known["axis"]])
    return call.input.map(lambda v: reduced(v, axis=axis), call.at)


def _summed(before: Sizes, after: Sizes) -> Axes:
    """The dimensions that sum_to adds up."""
    lead = len(before) - len(after)
    return tuple([i for i, n in enumerate(before) if i < lead or (after[i - lead] == 1 != n)])


def _of_sum_to(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    at, before = only(inputs), _parent(node).shape
    lead = len(before) - len(node.shape)
    if not set(_summed(before, node.shape)).isdisjoint(at):
        return None
    return tuple([i - lead for i in at])


@rule("sum_to", follow=_of_sum_to)
def _(call: Call) -> Streams:
    shape, at = call.node.shape, call.input.at
    axis = tuple([i + 1 for i in _summed(_parent(call.node).shape, shape)])

    def summed(stack: Any) -> Any:
        sizes = sizes_of(stack, at, call.at, shape)
        return reshape(sum(stack, axis=axis), shape=sizes, order="C")

    return call.input.map(summed, call.at)


@rule("broadcast", follow=element_by_element)
def _(call: Call) -> Streams:
    (s,) = lifted(call)
    assert s is not None
    return s  # it is made as long as its value afterwards


# ---- the same numbers elsewhere -----------------------------------------------------------------


def _parent(node: Node) -> Node:
    """The only parent with streams, of a primitive with one input."""
    parent = node.parents[0]
    assert parent is not None
    return parent


def _of_reshape(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    """A dimension is still there if as many elements lie before it, and after it, as did."""
    before, after = _parent(node).shape, node.shape
    places = {(math.prod(after[:i]), n): i for i, n in enumerate(after) if n > 1}
    found = [places.get((math.prod(before[:i]), before[i])) for i in only(inputs)]
    return None if None in found else tuple([i for i in found if i is not None])


@rule("reshape", follow=_of_reshape)
def _(call: Call) -> Streams:
    shape, order, at = call.node.shape, call.known["order"], call.input.at

    def reshaped(stack: Any) -> Any:
        sizes = sizes_of(stack, at, call.at, shape)
        return stack if stack.shape == sizes else reshape(stack, shape=sizes, order=order)

    return call.input.map(reshaped, call.at)


def _of_transpose(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    return tuple([node.static["axes"].index(i) for i in only(inputs)])


@rule("transpose", follow=_of_transpose)
def _(call: Call) -> Streams:
    axes = (0, *[i + 1 for i in call.known["axes"]])
    return call.input.map(lambda v: transpose(v, axes=axes), call.at)


def _of_concatenate(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    found = {at for at in inputs if at is not None}
    agreed = found.pop() if len(found) == 1 else None
    return None if agreed is None or node.static["axis"] in agreed else agreed


@rule("concatenate", follow=_of_concatenate)
def _(call: Call) -> Streams:
    """Constants have zeros, as many as there are elements along the other dimensions."""
    axis, shapes = call.known["axis"] + 1, call.known["xs_shape"]
    given = [s for s in call.inputs if s is not None]
    is_straight = all([s.is_straight for s in given])
    stacks = [s and (s.stack if is_straight else s.complete()) for s in call.inputs]
    like = next(stack for stack in stacks if stack is not None)
    widest = [max(n) for n in zip(*[v.shape for v in stacks if v is not None], strict=True)]
    pieces = []
    for stack, shape in zip(stacks, shapes, strict=True):
        sizes = (*widest[:axis], shape[axis - 1], *widest[axis + 1 :])
        if stack is None:
            pieces.append(xp(plain(like)).zeros(sizes, like.dtype))
        else:
            pieces.append(stack if stack.shape == sizes else broadcast(stack, shape=sizes))
    return Streams(concatenate(*pieces, axis=axis), given[0].n, call.at)


def _of_take(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    """Slices, and at most one list of positions, leave the dimensions where they are."""
    index, at = node.static["index"], only(inputs)
    parts = index if isinstance(index, tuple) else (index,)
    lists = [part for part in parts if not isinstance(part, slice)]
    if len(lists) > 1 or any([getattr(part, "ndim", 0) != 1 for part in lists]):
        return None
    named = [parts[i] for i in at if i < len(parts)]
    is_whole = all([isinstance(part, slice) and part == slice(None) for part in named])
    return at if is_whole else None


def _behind(index: Any) -> tuple[Any, ...]:
    """The index for streams."""
    return (slice(None), *(index if isinstance(index, tuple) else (index,)))


@rule("take", follow=_of_take)
def _(call: Call) -> Streams:
    index = _behind(call.known["index"])
    return call.input.map(lambda v: take(v, index=index), call.at)


def _of_scatter(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    return _of_take(node, inputs) if len(_parent(node).shape) == len(node.shape) else None


@rule("scatter", follow=_of_scatter)
def _(call: Call) -> Streams:
    index, shape, at = _behind(call.known["index"]), call.node.shape, call.at

    def scattered(stack: Any) -> Any:
        return scatter(stack, index=index, shape=sizes_of(stack, at, at, shape))

    return call.input.map(scattered, at)


# ---- the rim ------------------------------------------------------------------------------------


def _of_rim(node: Node, inputs: Sequence[Axes | None]) -> Axes | None:
    at, widths = only(inputs), node.static["widths"]
    return at if all([widths[i] == (0, 0) for i in at]) else None


@rule("pad", "crop", follow=_of_rim)
def _(call: Call) -> Streams:
    moved = pad if call.name == "pad" else crop  # with zeros: what stands there is constant
    widths = ((0, 0), *call.known["widths"])
    return call.input.map(lambda v: moved(v, widths=widths), call.at)
