"""Pooling of CuPy arrays: the functions of ``pool``, each in one launch.

x is (*spatial, …) with up to three spatial dimensions and y is (*outputs, …). Gradients are
gathered: each input adds up what comes back to it, in one order.
"""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from tinydl.backend import pool
from tinydl.backend.kernels import index_type, pooling, real_type, windows
from tinydl.backend.kernels.pooling import WINNERS, winner_type
from tinydl.backend.kernels.windows import THREADS
from tinydl.backend.windows import Shape, Slide


def pool_max(
    x: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape, save: bool
) -> Any:
    """The largest element under the window, NaN if there is one; with save, also the winner.

    Padding counts as −Inf and does not win. Of equal elements the first wins. size is the spatial
    shape of y.
    """
    y = cupy.empty((*size, *x.shape[len(window) :]), x.dtype)
    numbers = np.min_scalar_type(math.prod(window) - 1)
    winner = cupy.empty(y.shape, numbers) if save else None
    geometry = _geometry(x.shape, window, y.shape, stride, before)
    _run(pooling.POOL_MAX, x, y, geometry, (winner,), winner_number=winner_type(numbers))
    return (y, winner) if save else y


def pool_take(
    x: Any, winner: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape
) -> Any:
    """The elements of x at the winners; size is the spatial shape of y."""
    y = cupy.empty(winner.shape, x.dtype)
    geometry = _geometry(x.shape, window, y.shape, stride, before)
    winners = (cupy.ascontiguousarray(winner),)
    _run(pooling.POOL_TAKE, x, y, geometry, winners, winner_number=winner_type(winner.dtype))
    return y


def pool_put(
    d: Any, winner: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape
) -> Any:
    """Zeros to which each element of d is added at its winner; size is the spatial shape of x."""
    x = cupy.empty((*size, *d.shape[len(window) :]), d.dtype)
    geometry = _geometry(x.shape, window, d.shape, stride, before)
    winners = (cupy.ascontiguousarray(winner),)
    _run(pooling.POOL_GATHER, d, x, geometry, winners, winner_number=winner_type(winner.dtype))
    return x


def pool_positions(
    winner: Any, *, window: Shape, steps: Shape, stride: Shape, before: Shape
) -> Any:
    """The numbers of the elements of x that won, which grow by steps along its dimensions."""
    if winner.ndim > pooling.MOST_DIMENSIONS:
        return pool.pool_positions(winner, window=window, steps=steps, stride=stride, before=before)
    positions = cupy.empty(winner.shape, cupy.int64)
    if winner.size:
        index = index_type(winner.size)
        places = pooling.places(winner.shape, window, tuple(steps), stride, before)
        pooling.POOL_POSITIONS.launch(
            windows.grid(winner.size), (THREADS,),
            (cupy.ascontiguousarray(winner), positions, places, _count(index)(winner.size)),
            index=index, winner_number=winner_type(winner.dtype),
        )  # fmt: skip
    return positions


def pool_sum(x: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape) -> Any:
    """The sum of the elements under the window; size is the spatial shape of y."""
    y = cupy.empty((*size, *x.shape[len(window) :]), x.dtype)
    _run(pooling.POOL_SUM, x, y, _geometry(x.shape, window, y.shape, stride, before), ())
    return y


def pool_spread(d: Any, *, window: Shape, size: Shape, stride: Shape, before: Shape) -> Any:
    """Zeros to which each element of d is added at all inputs under its window.

    size is the spatial shape of x.
    """
    x = cupy.empty((*size, *d.shape[len(window) :]), d.dtype)
    geometry = _geometry(x.shape, window, d.shape, stride, before)
    _run(pooling.POOL_GATHER, d, x, geometry, (None,), winner_number=WINNERS[0])
    return x


def _count(index: str) -> Any:
    """The class of numbers that count elements."""
    return cupy.int32 if index == "int" else cupy.int64


def _geometry(x: Shape, window: Shape, y: Shape, stride: Shape, before: Shape) -> Any:
    n = len(window)
    return windows.window(x[:n], window, y[:n], Slide(stride, (1,) * n, before)), x[n:]


def _run(kernel: Any, source: Any, result: Any, geometry: Any, winners: Any, **types: str) -> None:
    """Launch a kernel with a thread for each element of the result."""
    if result.size == 0:
        return
    window, rest = geometry
    index = index_type(source.size, result.size)
    count = _count(index)
    kernel.launch(
        windows.grid(result.size), (THREADS,),
        (cupy.ascontiguousarray(source), result, *winners, window, count(math.prod(rest)),
         count(result.size)),
        real=real_type(result.dtype), index=index, **types,
    )  # fmt: skip
