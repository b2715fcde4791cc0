"""Streams of derivatives of CuPy arrays: the functions of ``numpy_bend``, in one piece."""

from __future__ import annotations

from typing import Any

import cupy

from tinydl.backend.numpy_bend import bend_gradients_part, bend_part


def bend(stack: Any, slope: Any, curvature: Any, count: int) -> tuple[Any, Any]:
    """The streams behind the function, and Σⱼ yⱼ²."""
    y = cupy.empty((count + 1, *slope.shape), stack.dtype)
    squares = cupy.empty(slope.shape, stack.dtype)
    bend_part(stack, slope, curvature, y, squares, count=count)
    return y, squares


def bend_gradients(
    g: Any, stack: Any, slope: Any, curvature: Any, squares: Any, count: int
) -> tuple[Any, Any, Any]:
    """The gradients by stack (as long as slope along every dimension), slope and curvature."""
    to_stack = cupy.empty((len(stack), *slope.shape), g.dtype)
    to_slope, to_curvature = [cupy.empty(slope.shape, g.dtype) for _ in range(2)]
    made = to_stack, to_slope, to_curvature
    bend_gradients_part(g, stack, slope, curvature, squares, *made, count=count)
    return made
