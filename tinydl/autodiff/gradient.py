"""The walk back through the record: from a value to the variables it was computed from."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from tinydl.autodiff.record import PRIMITIVES, Node, Recorded
from tinydl.backend import xp


def gradient(
    y: Recorded, variables: Sequence[Recorded], *, higher: bool = False, retain: bool = False
) -> list[Any]:
    """The gradient of the one number y with respect to each variable.

    higher: record the computation of the gradient, so that it can be differentiated again.
    retain: keep what the rules need for another gradient through the same record.
    Without either, kept arrays are released as the walk passes them.
    A variable that y does not depend on has the gradient zeros.
    """
    record, note = y.node.record, y.node.record.note
    record.check_open()
    nodes = [x.node for x in variables]
    ancestors = ancestors_of(y.node, stop=frozenset())
    for node in nodes:
        if node not in ancestors and node.primitive is not None:
            raise ValueError(
                f"y was not computed from this array: it was made by {node.maker} and not "
                "used after that. Differentiate with respect to the array that y was computed "
                "from, or compute y from this one"
            )
    seed = xp(y.data).ones(y.shape, y.dtype)
    try:
        found = _walk(y.node, seed, frozenset(nodes), ancestors, higher, retain or higher)
    finally:
        record.note = note
    return [
        found[x.node] if x.node in found else xp(x.data).zeros(x.shape, x.dtype) for x in variables
    ]


def _walk(
    start: Node, seed: Any, wanted: frozenset[Node], ancestors: set[Node],
    higher: bool, retain: bool,
) -> dict[Node, Any]:  # fmt: skip
    """The gradients of the wanted nodes, by their node. Only ancestors are visited."""
    order = on_a_path(ancestors, wanted)
    useful = set(order)
    gradients: dict[Node, Any] = {start: seed}
    summed: set[Node] = set()  # whose gradient is an array that this walk made
    found: dict[Node, Any] = {}
    for node in reversed(order):  # the youngest first: all its uses have been added up by then
        g = gradients.pop(node, None)
        if g is None:  # the rules have sent it nothing
            continue
        if node in wanted:
            found[node] = g
        if node.primitive is None:
            continue
        node.record.note = node.note  # what is recorded meanwhile is its derivative
        need = tuple([parent in useful for parent in node.parents])
        for index, part in _contributions(node, g, need, higher):
            if part is None or not need[index]:
                continue
            parent: Any = node.parents[index]
            if part.shape != parent.shape:  # undo implicit expansion, once, here
                part = PRIMITIVES["sum_to"](part, shape=parent.shape)
            if parent not in gradients:
                gradients[parent] = part  # borrowed: a rule may have handed on g itself
            elif parent in summed and not higher:
                gradients[parent] += part
            else:
                gradients[parent] = gradients[parent] + part
                summed.add(parent)
        if not retain:
            node.kept = None
    return found


Parts = Iterable[tuple[int, Any]]
"""Gradients of some inputs of a node, each with the input's place."""


def _contributions(node: Node, g: Any, need: tuple[bool, ...], higher: bool) -> Parts:
    """What the rules of a node send to its parents; at least to those that are needed."""
    if True not in need:
        return ()
    if node.kept is None:
        raise RuntimeError(
            f"the record of {node.maker} was released by an earlier dlgradient; "
            "pass RetainData=True to that one"
        )
    assert node.primitive is not None
    if higher and node.primitive.define is not None:
        return _replay(node, g, need)
    return _run(node, g, as_recorded(node) if higher else node.kept, need, higher)


def _run(
    node: Node, g: Any, kept: dict[str, Any], need: tuple[bool, ...], higher: bool
) -> list[tuple[int, Any]]:
    """Call the rules, which get by name what the node keeps, its options, and `need`."""
    assert node.primitive is not None
    static = node.static
    parts: list[tuple[int, Any]] = []
    for rule, places in node.primitive.due(need, higher):
        arguments = [g]
        for name in rule.wants:
            if name in kept:
                arguments.append(kept[name])
            elif name == "need":
                arguments.append(need)
            else:
                arguments.append(static[name] if name in static else node.primitive.defaults[name])
        result = rule.function(*arguments)
        if rule.gives_several:
            parts += zip(places, result, strict=True)
        else:
            parts.append((places[0], result))
    return parts


def as_recorded(node: Node) -> dict[str, Any]:
    """What the node keeps, with its history: the output is this node's, an input its parent's.

    By-products stay plain arrays: they are piecewise constant, or only a fast rule names them.
    """
    assert node.primitive is not None and node.kept is not None
    history: dict[str, Node | None] = dict(zip(node.primitive.inputs, node.parents, strict=False))
    history["y"] = node
    recorded = dict(node.kept)
    for name, maker in history.items():
        if name in recorded and maker is not None:
            recorded[name] = Recorded(recorded[name], maker)
    return recorded


def _replay(node: Node, g: Any, need: tuple[bool, ...]) -> Parts:
    """Record the primitive's definition on the recorded inputs, and walk that."""
    assert node.primitive is not None and node.primitive.define is not None
    kept = as_recorded(node)
    inputs = [kept[name] for name in node.primitive.inputs[: len(node.parents)]]
    define = functools.partial(node.primitive.define, **node.static)
    return enumerate(pull_back(define, inputs, g, need))


def pull_back(
    function: Callable[..., Any], inputs: Sequence[Any], g: Any, need: Sequence[bool]
) -> list[Any]:
    """What g, the gradient of function(*inputs), is for each input that is needed; else None.

    The computation and its gradients are recorded. Every input goes through an identity of its
    own, so that an array which is passed twice gets the gradient of each of its places.
    """
    inputs = [PRIMITIVES["identity"](x) if type(x) is Recorded else x for x in inputs]
    y = function(*inputs)
    if type(y) is not Recorded:  # it depends on none of them
        return [None] * len(inputs)
    wanted = [x.node if is_needed else None for x, is_needed in zip(inputs, need, strict=True)]
    stops = frozenset([node for node in wanted if node is not None])
    found = _walk(y.node, g, stops, ancestors_of(y.node, stops), True, True)
    return [None if node is None else found.get(node) for node in wanted]


def ancestors_of(start: Node, stop: frozenset[Node]) -> set[Node]:
    """The node itself and all that it was computed from; what lies behind `stop` is left out."""
    seen, found = {start}, [start]
    for node in found:  # which grows meanwhile
        if node in stop:
            continue
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                found.append(parent)
    return seen


def on_a_path(ancestors: set[Node], wanted: frozenset[Node]) -> list[Node]:
    """Those ancestors that are wanted or were computed from something wanted, the oldest first."""
    useful = set(wanted)
    order = []
    for node in sorted(ancestors, key=attrgetter("time")):
        if node in wanted or not useful.isdisjoint(node.parents):
            useful.add(node)
            order.append(node)
    return order
