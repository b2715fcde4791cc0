"""Rows of normalization: its three parts, and the parts together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.functions.normalization import crosschannelnorm, groupnorm, instancenorm, layernorm
from tinydl.labels import dlarray
from tinydl.primitives import normalize as n
from tinydl.primitives.own_statistics import normalize_by_own
from tinydl.primitives.reduce import mean

from .reduce import average, lines
from .row import Draw, Row, Shape, normal


def variance(axis: tuple[int, ...], *shapes: tuple[Shape, Shape]) -> Row:
    """A row for one choice of axes."""

    def reference(x: Any, mu: Any) -> Any:
        centred = x - np.broadcast_to(mu, x.shape)
        return lines(lambda line: average([v * v for v in line]), *axis)(centred)

    draw, *also = [normal(*pair) for pair in shapes]
    call = lambda x, mu: n.variance(x, mu, axis=axis)
    return Row(f"variance[{axis}]", "variance", call, draw, reference=reference, also=also)


def statistics(shape: Shape, part: Shape) -> Draw:
    """x, mu, var, scale, offset, with var between 1 and 2."""

    def draw(rng: np.random.Generator) -> list[Any]:
        x, mu, scale, offset = normal(shape, part, part, part)(rng)
        return [x, mu, rng.uniform(1.0, 2.0, part), scale, offset]

    return draw


def normalized(x: Any, mu: Any, var: Any, scale: Any, offset: Any) -> Any:
    full = [np.broadcast_to(v, x.shape) for v in (mu, var, scale, offset)]
    y = np.empty(x.shape)
    for at in itertools.product(*map(range, x.shape)):
        m, v, s, o = (part[at] for part in full)
        y[at] = s * (x[at] - m) / math.sqrt(v + 0.01) + o
    return y


def spread(shape: Shape) -> Draw:
    """x whose deviation along its first dimension is at least 2, a scale and an offset."""

    def draw(rng: np.random.Generator) -> list[Any]:
        steps = np.linspace(-4.0, 4.0, shape[0]).reshape((-1,) + (1,) * (len(shape) - 1))
        x = rng.permuted(np.broadcast_to(steps, shape), axis=0)
        part = (1, *shape[1:])
        return [x, rng.standard_normal(part), rng.standard_normal(part)]

    return draw


def batch_normalized(x: Any, scale: Any, offset: Any) -> Any:
    """Normalization by the statistics of x itself."""
    mu = mean(x, axis=(0,))
    return n.normalize(x, mu, n.variance(x, mu, axis=(0,)), scale, offset, epsilon=0.01)


def batch_normalized_by_loops(x: Any, scale: Any, offset: Any) -> Any:
    y = np.empty(x.shape)
    for at in itertools.product(*map(range, x.shape[1:])):
        line = x[(slice(None), *at)].tolist()
        mu = average(line)
        deviation = math.sqrt(average([(v - mu) ** 2 for v in line]) + 0.01)
        for i, v in enumerate(line):
            y[(i, *at)] = (v - mu) / deviation * scale[(0, *at)] + offset[(0, *at)]
    return y


def moments(shape: Shape, channel: int) -> Row:
    """The statistics of channels, at one place among the dimensions."""
    others = tuple([i for i in range(len(shape)) if i != channel])

    def reference(x: Any) -> Any:
        mu = lines(average, *others)(x)
        squares = (x - mu) ** 2
        return np.stack([mu, lines(average, *others)(squares)])

    call = lambda x: n.channel_moments(x, channel=channel)
    return Row(f"channel_moments[{len(shape)},{channel}]", "channel_moments", call, normal(shape),
               reference=reference)  # fmt: skip


def moved(shape: Shape, channel: int) -> Row:
    """The same, and running statistics behind it."""
    plain = moments(shape, channel)
    part = tuple([m if i == channel else 1 for i, m in enumerate(shape)])

    def reference(x: Any, mean: Any, variance: Any) -> Any:
        assert plain.reference is not None
        new = plain.reference(x)
        return np.stack([*new, 0.25 * new[0] + 0.75 * mean, 0.125 * new[1] + 0.875 * variance])

    call = lambda *xs: n.moved_moments(*xs, channel=channel, decays=(0.25, 0.125))
    return Row(f"moved_moments[{len(shape)},{channel}]", "moved_moments", call,
               normal(shape, part, part), reference=reference)  # fmt: skip


def fused(shape: Shape, channel: int, given: Shape | None = None) -> Row:
    """Batch normalization by kernels: of x, scale and offset, as the functions use them.

    given is the shape of scale, if it has not the dimensions of x.
    """
    part = tuple([m if i == channel else 1 for i, m in enumerate(shape)])

    def call(x: Any, scale: Any, offset: Any) -> Any:
        moments = n.channel_moments(x, channel=channel)
        return n.batch_normalize(x, moments, scale, offset, channel=channel, epsilon=0.01)

    def reference(x: Any, scale: Any, offset: Any) -> Any:
        first = [np.moveaxis(v, channel, 0).reshape(v.shape[channel], -1).T
                 for v in (x, scale.reshape(part), offset)]  # fmt: skip
        y = batch_normalized_by_loops(*first).T
        turned = (shape[channel], *[m for i, m in enumerate(shape) if i != channel])
        return np.moveaxis(y.reshape(turned), 0, channel)

    def draw(rng: np.random.Generator) -> list[Any]:
        x = rng.permutation(np.linspace(-4.0, 4.0, math.prod(shape))).reshape(shape)
        return [x, rng.standard_normal(given or part), rng.standard_normal(part)]

    name = f"batch_normalize[{len(shape)},{channel}{',scale of its own shape' if given else ''}]"
    return Row(name, "batch_normalize", call, draw,
               radius=0.1, reference=reference)  # fmt: skip


def regardless(name: str, place: int) -> Row:
    """A row for one of the two inputs; the derivative by the second is 0."""
    return Row(f"regardless[{name}]", "regardless", n.regardless, normal((2, 3), (1, 3)),
               follow=(place,), reference=lambda x, shift: x)  # fmt: skip


def rectified(shape: Shape, channel: int) -> Row:
    """The same behind relu, for inputs with no result close to its corner."""
    plain = fused(shape, channel)
    assert plain.reference is not None
    apart = plain.reference

    def call(x: Any, scale: Any, offset: Any) -> Any:
        moments = n.channel_moments(x, channel=channel)
        return n.batch_normalize_relu(x, moments, scale, offset, channel=channel, epsilon=0.01)

    def reference(x: Any, scale: Any, offset: Any) -> Any:
        y = apart(x, scale, offset)
        return np.where(y > 0, y, 0.0)

    def draw(rng: np.random.Generator) -> list[Any]:
        while True:
            x, scale, offset = plain.draw(rng)
            scale, offset = 20.0 * np.sign(scale), 20.0 * offset
            if np.abs(apart(x, scale, offset)).min() > 4.0:
                return [x, scale, offset]

    return Row(f"batch_normalize_relu[{len(shape)},{channel}]", "batch_normalize_relu", call, draw,
               radius=0.1, reference=reference)  # fmt: skip


# ---- functions: which elements share their statistics --------------------------------------------

Together = Callable[[tuple[int, ...], str], Any]


def normalization(name: str, call: Callable[..., dlarray], fmt: str, together: Together,
                  *shapes: Shape) -> Row:  # fmt: skip
    """A row of a normalization of x, offset and scale, for one format.

    together gives a key for a position in x; the elements with equal keys share their statistics.
    """
    at = fmt.index("C")

    def by_labels(x: Any, offset: Any, scale: Any) -> Any:
        return call(dlarray._make(x, fmt), *[dlarray._make(p, "") for p in (offset, scale)])._value

    def reference(x: Any, offset: Any, scale: Any) -> Any:
        sets: dict[Any, list[float]] = {}
        for where in itertools.product(*map(range, x.shape)):
            sets.setdefault(together(where, x.shape), []).append(float(x[where]))
        y = np.empty(x.shape)
        for where in itertools.product(*map(range, x.shape)):
            line, c = sets[together(where, x.shape)], where[at]
            mu = average(line)
            deviation = math.sqrt(average([(v - mu) ** 2 for v in line]) + 0.01)
            y[where] = (x[where] - mu) / deviation * scale[c] + offset[c]
        return y

    def draw(shape: Shape) -> Draw:
        def drawn(rng: np.random.Generator) -> list[Any]:
            x = rng.permutation(np.linspace(-4.0, 4.0, math.prod(shape))).reshape(shape)
            return [x, *rng.standard_normal((2, shape[at]))]

        return drawn

    first, *also = [draw(shape) for shape in shapes]
    return Row(f"{name}[{fmt}]", "", by_labels, first, reference=reference, radius=0.1, also=also)


def but(*axes: int) -> Together:
    """All elements together whose positions along these axes are equal."""
    return lambda where, shape: tuple([where[i] for i in axes])


def local_responses(width: int, fmt: str, *draws: Draw) -> Row:
    at = fmt.index("C")
    options = {"Alpha": 0.5, "Beta": 0.75, "K": 2.0}

    def reference(x: Any) -> Any:
        y = np.empty(x.shape)
        for where in itertools.product(*map(range, x.shape)):
            c, total = where[at], 0.0
            for k in range(c - (width - 1) // 2, c + width // 2 + 1):
                if 0 <= k < x.shape[at]:
                    total += float(x[(*where[:at], k, *where[at + 1 :])]) ** 2
            y[where] = x[where] / (2.0 + 0.5 / width * total) ** 0.75
        return y

    call = lambda x: crosschannelnorm(dlarray._make(x, fmt), width, **options)._value
    return Row(f"crosschannelnorm[{width},{fmt}]", "", call, draws[0], reference=reference,
               radius=0.3, also=draws[1:])  # fmt: skip


def own(axis: tuple[int, ...], *shapes: tuple[Shape, Shape]) -> Row:
    """A row of normalize_by_own, for one choice of axes."""

    def by_loops(x: Any, scale: Any, offset: Any) -> Any:
        y, full = np.empty(x.shape), [np.broadcast_to(v, x.shape) for v in (scale, offset)]
        for at in itertools.product(*map(range, x.shape)):
            together = tuple([slice(None) if i in axis else at[i] for i in range(x.ndim)])
            line = np.ravel(x[together]).tolist()
            mu = average(line)
            deviation = math.sqrt(average([(v - mu) ** 2 for v in line]) + 0.01)
            y[at] = (x[at] - mu) / deviation * full[0][at] + full[1][at]
        return y

    def drawn(shape: Shape, part: Shape) -> Draw:
        def draw(rng: np.random.Generator) -> list[Any]:
            x = rng.permutation(np.linspace(-4.0, 4.0, math.prod(shape))).reshape(shape)
            return [x, *normal(part, part)(rng)]

        return draw

    draw, *also = [drawn(*pair) for pair in shapes]
    call = lambda *xs: normalize_by_own(*xs, axis=axis, epsilon=0.01)
    return Row(f"normalize_by_own[{axis}]", "normalize_by_own", call, draw, reference=by_loops,
               radius=0.1, also=also)  # fmt: skip


ROWS = [
    own((0,), ((4, 3), (4, 1)), ((3, 2, 2), (3, 1, 1)), ((4, 0), (4, 1))),
    own((1, 3), ((2, 2, 2, 2), (2, 2, 1, 1)), ((1, 3, 2, 1), (1, 3, 1, 1))),
    own((0, 2), ((3, 2, 2), (1, 2, 1)), ((2, 1, 3), (1, 1, 3)), ((5, 1, 1), (1, 1, 1))),
    normalization(
        "layernorm",
        lambda *xs: layernorm(*xs, Epsilon=0.01),
        "SSCB",
        but(3),
        (2, 2, 3, 2),
        (2, 1, 2, 1),
    ),
    normalization(
        "layernorm",
        lambda *xs: layernorm(*xs, Epsilon=0.01),
        "CBT",
        but(1, 2),
        (5, 2, 2),
        (3, 1, 1),
    ),
    normalization(
        "layernorm,batch-excluded",
        lambda *xs: layernorm(*xs, Epsilon=0.01, OperationDimension="batch-excluded"),
        "CBT",
        but(1),
        (3, 2, 2),
    ),
    normalization(
        "groupnorm",
        lambda x, *p: groupnorm(x, 2, *p, Epsilon=0.01),
        "SCBT",
        lambda where, shape: (where[1] // (shape[1] // 2), where[2]),
        (2, 4, 2, 1),
        (1, 6, 1, 2),
    ),
    normalization(
        "instancenorm",
        lambda *xs: instancenorm(*xs, Epsilon=0.01),
        "SSCB",
        but(2, 3),
        (2, 3, 2, 2),
        (2, 2, 1, 1),
    ),
    local_responses(3, "SSCB", normal((2, 1, 4, 2)), normal((1, 1, 1, 1)), normal((2, 0, 3, 1))),
    local_responses(4, "CB", normal((5, 2)), normal((2, 1))),
    moments((3, 4), 0),
    moments((4, 3), 1),
    moments((2, 2, 3, 2), 2),
    moved((3, 4), 0),
    moved((2, 2, 3, 2), 2),
    fused((2, 6), 0),
    fused((6, 2), 1),
    fused((6, 2), 1, given=(2,)),
    fused((2, 2, 2, 2), 2),
    rectified((2, 6), 0),
    regardless("x", 0),
    regardless("shift", 1),
    rectified((6, 2), 1),
    rectified((2, 2, 2, 2), 2),
    variance((0,), ((5, 3), (1, 3)), ((4,), (1,)), ((4,), ())),
    variance((0, 2), ((2, 3, 4), (1, 3, 1)), ((2, 3, 1), (1, 1, 1))),
    Row(
        "normalize",
        "normalize",
        lambda *xs: n.normalize(*xs, epsilon=0.01),
        statistics((4, 3, 2), (1, 3, 1)),
        radius=0.4,
        reference=normalized,
        also=[
            statistics((3, 2), (3, 2)),
            statistics((3, 2), ()),
            statistics((), ()),
            statistics((0, 2), (1, 2)),
        ],
        errors=[([np.ones((2, 3)), *[np.ones((2, 2))] * 4], ValueError, "broadcast")],
    ),
    Row(
        "normalize[its own statistics]",
        "",
        batch_normalized,
        spread((6, 3)),
        radius=0.5,
        reference=batch_normalized_by_loops,
        also=[spread((5, 2, 2))],
    ),
]
