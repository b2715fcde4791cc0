"""The Laplacian pushed forward through the record, in the place of gradients of gradients.

The values are there already. The first derivatives by all n elements of x along one dimension go
through the record once, and the sum of the second ones with them (see primitives/push.py). Walking
back instead, each of the m elements of u takes a gradient, n further ones for its second
derivatives, and a gradient for each of both that shows whether observations are coupled.

So the streams are pushed wherever every primitive on the way has a rule: that was faster in all
networks that were measured. Times of walking back over times of pushing, the network included,
with 2000 observations in double precision on one thread:

    hidden layers        n   m    Laplacian    with its gradient by the weights
    4 × 32, tanh         1   1       2.4          1.9
                         2   1       2.5          2.2
                         2   2       4.2          3.8
                         2   4       7.3          6.9
                         3   1       2.7          2.3
                        10   1       3.0          2.7
    4 × 32, gelu         1   1       1.8          1.6
                         2   1       1.9          1.8
                         2   4       4.6          5.7
                        10   1       2.4          2.9
    8 × 80, tanh         2   4       7.6          7.9
    8 × 80, gelu         2   1       2.1          1.9
                         2   4       5.2          5.9

Without the network's own time it is about a third of the time of walking back, or less.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinydl.autodiff import Node, Recorded, plain
from tinydl.autodiff.gradient import ancestors_of, as_recorded, on_a_path
from tinydl.backend import host, on_device_of, xp
from tinydl.labels import dlarray
from tinydl.primitives.elementwise import cast
from tinydl.primitives.push import PUSH_RULES, Axes, Call, Streams
from tinydl.primitives.push_linear import full
from tinydl.primitives.reduce import sum
from tinydl.primitives.shape import reshape, take, transpose
from tinydl.training.coupling import observation_dimensions

Followed = Mapping[Node, Axes]


def followed(u: dlarray, x: dlarray, at: int) -> Followed | None:
    """Where the dimensions of observations are in all values between x and u, the oldest first.

    None if it is not certain that each observation of u depends on its own one of x only, or
    where a primitive is not in the table.
    """
    pairs = observation_dimensions(u, x, at)
    start, end = x._value.node, u._value.node
    found: dict[Node, Axes] = {start: tuple([k for _, k in pairs])}
    wanted = frozenset([start])
    for node in on_a_path(ancestors_of(end, wanted), wanted):
        if node is start:
            continue
        rule = PUSH_RULES.get(node.primitive.name) if node.primitive else None
        inputs = [None if parent is None else found.get(parent) for parent in node.parents]
        axes = None if rule is None or node.kept is None else rule.follow(node, inputs)
        if axes is None:
            return None
        found[node] = axes
    return found if found.get(end) == tuple([i for i, _ in pairs]) else None


def pushed_laplacian(u: dlarray, x: dlarray, at: int, along: int, higher: bool) -> dlarray | None:
    """Σⱼ ∂²u/∂xⱼ² as dllaplacian returns it; None where it has to be found by gradients.

    That is so where `followed` is not certain, and where x has further dimensions beside j and
    those of observations: then mixed derivatives take part. Also where a result is not finite:
    an infinite slope that a later factor of 0 takes out, as of √x at 0, is 0 only to gradients.
    """
    in_x = [k for _, k in observation_dimensions(u, x, at)]
    further = [n for k, n in enumerate(x.shape) if k != along and k not in in_x]
    if along in in_x or 0 in x.shape or (u.ndim and not x.ndim) or any([n != 1 for n in further]):
        return None
    axes = followed(u, x, at)
    if axes is None:
        return None
    streams = _pushed(u, x, along, axes, higher)
    value = _placed(streams, u, x, at, along)
    array = plain(value)
    if not bool(xp(array).isfinite(array).all()):
        return None
    if not higher:
        value = xp(array).as_own_copy(value)
    elif type(value) is not Recorded:
        value = u._value.node.record.leaf(value)
    return dlarray._make(value, x.dims)


def _pushed(u: dlarray, x: dlarray, along: int, axes: Followed, higher: bool) -> Streams:
    """The streams of u."""
    start, record = x._value.node, u._value.node.record
    note = record.note
    streams = {start: _directions(x, along, axes[start])}
    try:
        for node, at in axes.items():
            if node is start:
                continue
            record.note = node.note  # what is recorded meanwhile is its derivative
            assert node.primitive is not None and node.kept is not None
            kept = as_recorded(node) if higher else node.kept
            known = {**node.primitive.defaults, **node.static, **kept}
            inputs = [None if p is None else streams.get(p) for p in node.parents]
            call = Call(node, known, inputs, at, higher)
            streams[node] = full(PUSH_RULES[call.name].push(call), node.shape, keep=at)
    finally:
        record.note = note
    return streams[u._value.node]


def _directions(x: dlarray, along: int, at: Axes) -> Streams:
    """∂x/∂xⱼ: 1 for element j along the dimension, and 0 for the others; for all observations."""
    n = x.shape[along] if x.ndim else 1
    sizes = [n if k == along else 1 for k in range(x.ndim)]
    array = plain(x._value)
    unit = host.identity(n).reshape([n, *sizes]).astype(array.dtype)
    return Streams(on_device_of(array, unit), n, at)


def _placed(streams: Streams, u: dlarray, x: dlarray, at: int, along: int) -> Any:
    """The second derivatives in the dimensions of x; what only u has is summed."""
    pairs = observation_dimensions(u, x, at)
    m = u.shape[at] if u.ndim else 1
    shape = tuple([m if k == along else n for k, n in enumerate(x.shape)])
    if streams.is_straight:
        return xp(plain(x._value)).zeros(shape, x.dtype)
    second = take(streams.stack, index=(slice(streams.n, None),))
    value = full(Streams(second, 1, streams.at), u.shape).stack
    place = dict([(at, along), *pairs])
    if rest := tuple([i + 1 for i in range(u.ndim) if i not in place]):
        value = sum(value, axis=rest)
    order = (*sorted(place, key=place.__getitem__), *[i - 1 for i in rest])
    if u.ndim:
        value = transpose(value, axes=(0, *[i + 1 for i in order]))
    value = reshape(value, shape=shape, order="C")
    return value if value.dtype == x.dtype else cast(value, dtype=x.dtype)
