"""Rows of what runs along an axis. References are loops over the lines of an array."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.autodiff import plain
from tinydl.primitives import cumulate as c

from .row import Draw, Row, apart, normal


def runs(function: Callable[[list[float]], float], axis: int, reverse: bool) -> Callable[..., Any]:
    """A function of a list of numbers, called for each element and those before or behind it."""

    def reference(x: Any) -> Any:
        y = np.empty(x.shape)
        for at in itertools.product(*map(range, x.shape)):
            part = slice(at[axis], None) if reverse else slice(0, at[axis] + 1)
            y[at] = function(x[(*at[:axis], part, *at[axis + 1 :])].tolist())
        return y

    return reference


def running(
    name: str,
    primitive: str,
    function: Callable[[list[float]], float],
    call: Callable[..., Any],
    axis: int,
    reverse: bool,
    *draws: Draw,
    **more: Any,
) -> Row:
    """A row of one axis and direction."""
    title = f"{name}[{axis}, {'reverse' if reverse else 'forward'}]"
    return Row(title, primitive, lambda x: call(x, axis=axis, reverse=reverse), draws[0],
               reference=runs(function, axis, reverse), also=draws[1:], **more)  # fmt: skip


def extreme(wins: Callable[..., Any]) -> Callable[..., Any]:
    """The running extremes of recorded values, as the functions choose them."""

    def call(x: Any, axis: int, reverse: bool) -> Any:
        where = c.running_extreme(plain(x), axis=axis, wins=wins, reverse=reverse, skip_nan=False)
        return c.gather(x, where, axis=axis)

    return call


SHAPES = [normal((3, 4)), normal((5,)), normal((1, 2)), normal((0, 2)), normal((2, 0))]
ZEROS = [[np.array([2.0, 0.0, -1.0, 3.0])], [np.array([0.0, 1.0, 0.0])], [np.zeros((4, 2))]]
APART = [apart((3, 4)), apart((7,)), apart((1, 2)), apart((0, 2))]
OUT_OF_RANGE = ([np.ones(2)], (ValueError, IndexError), "axis|out of")


def gathered(x: Any, positions: Any) -> Any:
    y = np.empty(positions.shape)
    for at in itertools.product(*map(range, positions.shape)):
        y[at] = x[at[0], positions[at]]
    return y


def with_positions(rows: int, columns: int, wanted: int) -> Draw:
    """A matrix, and for each of its rows some positions, which may be equal."""
    return lambda rng: [rng.standard_normal((rows, columns)),
                        rng.integers(0, columns, (rows, wanted))]  # fmt: skip


ROWS = [
    *[running("cumsum", "cumsum", math.fsum, c.cumsum, 0, reverse, *SHAPES)
      for reverse in (False, True)],
    running("cumsum", "cumsum", math.fsum, c.cumsum, 1, True, normal((2, 3, 2))),
    *[running("cumprod", "", math.prod, c.cumprod, 0, reverse, *SHAPES, special=ZEROS)
      for reverse in (False, True)],
    running("cumprod", "", math.prod, c.cumprod, 1, False, normal((2, 5, 2))),
    *[running("cummax", "", max, extreme(operator.gt), 0, reverse, *APART, radius=0.25)
      for reverse in (False, True)],
    running("cummax", "", max, extreme(operator.gt), 1, True, apart((2, 5, 2)), radius=0.25),
    running("cummin", "", min, extreme(operator.lt), 0, False, *APART, radius=0.25),
    Row("gather", "", lambda x, positions: c.gather(x, positions, axis=1),
        with_positions(3, 4, 6), follow=(0,), reference=gathered,
        also=[with_positions(2, 1, 3), with_positions(2, 3, 0)],
        errors=[([np.ones((2, 2)), np.full((2, 1), 2)], IndexError, "out of bounds")]),
]  # fmt: skip
