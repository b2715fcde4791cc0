"""Rows of another order along an axis. References move or sort the elements line by line."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import tinydl as dl
from tinydl.autodiff import plain
from tinydl.backend import on_device_of
from tinydl.primitives.sort import reorder

from .arrange import on_values
from .row import Row, Shape, apart, normal


def lines(index: Any, axis: int) -> Any:
    """The array whose element at each position along the axis comes from the index there."""

    def reference(x: Any) -> Any:
        y = np.empty(index.shape)
        for at in itertools.product(*map(range, index.shape)):
            source = list(at)
            source[axis] = index[at]
            y[at] = x[tuple(source)]
        return y

    return reference


def row(shape: Shape, axis: int) -> Row:
    """A row for one shape, with a random order of every line."""
    places = np.broadcast_to(np.arange(shape[axis]).reshape(
        [-1 if i == axis else 1 for i in range(len(shape))]), shape)  # fmt: skip
    index = np.random.default_rng(3).permuted(places, axis=axis)

    def call(x: Any) -> Any:
        return reorder(x, on_device_of(plain(x), index), axis=axis)

    wrong = ([np.ones((1,) * (len(shape) + 1))], ValueError, "dimensions")
    return Row(f"reorder[{shape}, {axis}]", "reorder", call, normal(shape),
               reference=lines(index, axis), errors=[wrong])  # fmt: skip


def sort(axis: int, direction: str, *shapes: Shape) -> Row:
    """A row of sorting by size."""

    def reference(x: Any) -> Any:
        y = np.empty(x.shape)
        for at in itertools.product(*map(range, np.delete(x.shape, axis))):
            line = (*at[:axis], slice(None), *at[axis:])
            y[line] = sorted(x[line].tolist(), reverse=direction == "descend")
        return y

    draw, *also = [apart(shape) for shape in shapes]
    call = on_values(lambda X: dl.sort(X, axis=axis, direction=direction))
    return Row(f"sort[{axis}, {direction}]", "", call, draw, reference=reference, also=also,
               radius=0.25)  # fmt: skip


ROWS = [
    row((5,), 0),
    row((4, 3), 0),
    row((2, 5), 1),
    row((3, 4, 2), 1),
    row((0, 2), 0),
    sort(0, "ascend", (5, 2), (4,)),
    sort(1, "descend", (2, 4), (2, 3, 2)),
]
