"""Rows of normalization: its three parts, and the parts together."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from tinydl.primitives import normalize as n
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


ROWS = [
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
