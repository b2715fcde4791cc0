"""Rows of statistics along axes. References are Python's own statistics, line by line."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.autodiff import plain
from tinydl.primitives import statistics as by
from tinydl.primitives.reduce import take_along

from .reduce import lines
from .row import Draw, Row, Shape, apart, normal


def row(
    name: str, call: Callable[..., Any], function: Callable[[list[float]], float],
    axes: tuple[int, ...], *draws: Draw, **more: Any,
) -> Row:  # fmt: skip
    """A row of one reduction along the given axes."""
    return Row(f"{name}{list(axes)}", "", call, draws[0], reference=lines(function, *axes),
               also=draws[1:], **more)  # fmt: skip


# ---- variance -----------------------------------------------------------------------------------


def sum_of_squares(line: list[float]) -> float:
    return statistics.pvariance(line) * len(line)


def squares(axes: tuple[int, ...], *shapes: Shape, **more: Any) -> Row:
    call = lambda x: by.squares(x, axis=axes)
    return row("squares", call, sum_of_squares, axes, *map(normal, shapes), **more)


def deviation(axes: tuple[int, ...], *shapes: Shape) -> Row:
    call = lambda x: by.root(by.squares(x, axis=axes))
    root = lambda line: math.sqrt(sum_of_squares(line))
    return row("deviation", call, root, axes, *map(apart, shapes), radius=0.2)


def weighed(*shapes: Shape) -> Draw:
    """x, and weights between 1 and 2 along its first dimension."""
    (shape,) = shapes
    sizes = (shape[0], *(1,) * (len(shape) - 1))
    return lambda rng: [rng.standard_normal(shape), rng.uniform(1.0, 2.0, sizes)]


def by_columns(function: Callable[[list[float], list[float]], float]) -> Callable[..., Any]:
    """A function of numbers and their weights, for the lines along the first dimension."""

    def reference(x: Any, weight: Any) -> Any:
        y = np.empty((1, *x.shape[1:]))
        for at in itertools.product(*map(range, x.shape[1:])):
            y[(0, *at)] = function(x[(slice(None), *at)].tolist(), weight.ravel().tolist())
        return y

    return reference


def average(xs: list[float], ws: list[float]) -> float:
    return math.fsum(map(math.prod, zip(xs, ws, strict=True))) / math.fsum(ws)


def weighted_squares(xs: list[float], ws: list[float]) -> float:
    mu = average(xs, ws)
    return math.fsum([w * (x - mu) ** 2 for x, w in zip(xs, ws, strict=True)])


VARIANCES = [
    squares((0,), (4, 3), (5,), (1, 2), (2, 0), special=[[np.full((3, 2), 0.1)]]),
    squares((0, 2), (2, 3, 2)),
    deviation((0,), (4, 3), (5,), (2, 0)),
    deviation((0, 2), (2, 3, 2)),
    Row("weighted_mean", "", lambda x, w: by.weighted_mean(x, w, axis=(0,)), weighed((4, 3)),
        radius=0.4, reference=by_columns(average), also=[weighed((5,)), weighed((2, 0))]),
    Row("weighted_squares", "", lambda x, w: by.squares(x, axis=(0,), weight=w), weighed((4, 3)),
        radius=0.4, reference=by_columns(weighted_squares), also=[weighed((5,))]),
]  # fmt: skip


# ---- by order -----------------------------------------------------------------------------------


def quartile(line: list[float]) -> float:
    """By the definition: element i of n, from 1, is the quantile (i − ½)/n."""
    ranked, n = sorted(line), len(line)
    points = [((i + 0.5) / n, x) for i, x in enumerate(ranked)]
    if points[0][0] >= 0.25:
        return ranked[0]
    (p, x), (q, y) = next(pair for pair in itertools.pairwise(points) if pair[1][0] >= 0.25)
    return x + (y - x) * (0.25 - p) / (q - p)


def median(axes: tuple[int, ...], *shapes: Shape) -> Row:
    call = lambda x: by.along_one(by.median, x, axes)
    return row("median", call, statistics.median, axes, *map(apart, shapes), radius=0.25)


def most_frequent(x: Any) -> Any:
    where, _ = by.most_frequent(plain(x), axis=0)
    return take_along(x, where, axis=0)


ORDERED = [
    median((0,), (4, 3), (3, 2), (1, 2), (2, 0)),
    median((1,), (2, 5, 2)),
    median((0, 2), (2, 3, 2)),
    row("quartile", lambda x: by.quantile(x, p=0.25, axis=0), quartile, (0,), apart((7, 2)),
        apart((1, 2)), apart((2, 2)), apart((6,)), radius=0.25),
    row("most_frequent", most_frequent, lambda line: min(statistics.multimode(line)), (0,),
        apart((4, 2)), apart((1, 3)), radius=0.25),
]  # fmt: skip


# ---- norms --------------------------------------------------------------------------------------


def norm_of(p: float) -> Callable[[list[float]], float]:
    if math.isinf(p):
        return lambda line: (max if p > 0 else min)(map(abs, line))
    return lambda line: math.fsum([abs(x) ** p for x in line]) ** (1 / p)


def norm(p: float, axes: tuple[int, ...], *shapes: Shape, **more: Any) -> Row:
    call = lambda x: by.norm(x, p=p, axis=axes)
    draws = [apart(shape) for shape in shapes]
    return row(f"norm {p} ", call, norm_of(p), axes, *draws, **more)


NORMS = [
    norm(2, (0,), (3, 4), (4,), (2, 0), radius=0.3,
         special=[[np.array([0.0, 3.0, 4.0])]]),
    norm(2, (0, 2), (2, 3, 2), radius=0.3),
    norm(4, (1,), (2, 3), radius=0.3, special=[[np.array([[0.0, 1.0, -2.0]])]]),
    *[norm(p, (0,), (3, 2), (4,), radius=None) for p in (1, 1.5, 3, -1, -2, math.inf, -math.inf)],
]  # fmt: skip

ROWS = [*VARIANCES, *ORDERED, *NORMS]
