"""Streams of derivatives through a function of each element; see primitives/bend.py.

Every element is a small computation of its own. They go in pieces that stay in the cache, so that
memory is read and written once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.dispatch import xp
from tinydl.backend.threads import par

STEP = 40_000
"""How many elements make a piece: calls are long enough for threads, and a cache holds results."""

PASSES = 6
"""How many additions one element of one stream takes, or as long."""


def bend_part(stack: Any, slope: Any, curvature: Any, y: Any, squares: Any, *, count: int) -> None:
    """Write f' yⱼ and f' s + f'' Σⱼ yⱼ² into y, and Σⱼ yⱼ² into squares."""
    multiply = xp(stack).multiply
    multiply(stack[0], stack[0], out=squares)
    for j in range(1, count):
        squares += stack[j] * stack[j]
    multiply(stack, slope, out=y[: len(stack)])
    if len(stack) > count:
        y[count] += squares * curvature
    else:
        multiply(squares, curvature, out=y[count])


def bend_gradients_part(
    g: Any,
    stack: Any,
    slope: Any,
    curvature: Any,
    squares: Any,
    to_stack: Any,
    to_slope: Any,
    to_curvature: Any,
    *,
    count: int,
) -> None:
    """Write the gradients by stack, slope and curvature."""
    multiply = xp(g).multiply
    multiply(g[: len(stack)], slope, out=to_stack)
    bent = g[count] * curvature * 2.0
    for j in range(count):
        to_stack[j] += stack[j] * bent
    multiply(g[0], stack[0], out=to_slope)
    for j in range(1, len(stack)):
        to_slope += g[j] * stack[j]
    multiply(g[count], squares, out=to_curvature)


def bend(stack: Any, slope: Any, curvature: Any, count: int) -> tuple[Any, Any]:
    """The streams behind the function, and Σⱼ yⱼ²."""
    y = np.empty((count + 1, *slope.shape), stack.dtype)
    squares = np.empty(slope.shape, stack.dtype)
    given = _rows(stack, slope.shape), slope.reshape(-1), curvature.reshape(-1)
    made = y.reshape(count + 1, -1), squares.reshape(-1)

    def work_on(i: int, j: int) -> None:
        parts = [v[..., i:j] for v in (*given, *made)]
        bend_part(*parts, count=count)

    par(slope.size, work_on, work=PASSES * y.size, step=STEP)
    return y, squares


def bend_gradients(
    g: Any, stack: Any, slope: Any, curvature: Any, squares: Any, count: int
) -> tuple[Any, Any, Any]:
    """The gradients by stack (as long as slope along every dimension), slope and curvature."""
    to_stack = np.empty((len(stack), *slope.shape), g.dtype)
    to_slope, to_curvature = np.empty(slope.shape, g.dtype), np.empty(slope.shape, g.dtype)
    rows = _rows(g, slope.shape), _rows(stack, slope.shape)
    single = [v.reshape(-1) for v in (slope, curvature, squares)]
    made = to_stack.reshape(len(stack), -1), to_slope.reshape(-1), to_curvature.reshape(-1)

    def work_on(i: int, j: int) -> None:
        parts = [v[..., i:j] for v in (*rows, *single, *made)]
        bend_gradients_part(*parts, count=count)

    par(slope.size, work_on, work=2 * PASSES * g.size, step=STEP)
    return to_stack, to_slope, to_curvature


def _rows(stack: Any, shape: tuple[int, ...]) -> Any:
    """Each stream as one row."""
    return np.broadcast_to(stack, (len(stack), *shape)).reshape(len(stack), -1)
