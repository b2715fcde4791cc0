"""The row of the streams that go through a function of each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.primitives.bend import bend

from .row import Row, Shape, normal


def by_loops(count: int) -> Any:
    """Each element by itself."""

    def reference(stack: Any, slope: Any, curvature: Any) -> Any:
        stack = np.broadcast_to(stack, (len(stack), *slope.shape))
        y = np.zeros((count + 1, *slope.shape), stack.dtype)
        for at in np.ndindex(slope.shape):
            streams = [row[at] for row in stack]
            for j, stream in enumerate(streams):
                y[(j, *at)] = slope[at] * stream
            y[(count, *at)] += curvature[at] * sum([v * v for v in streams[:count]])
        return y

    return reference


def bent(count: int, *shapes: tuple[Shape, Shape]) -> Row:
    draw, *also = [normal(stack, values, values) for stack, values in shapes]
    return Row(f"bend[{count}]", "bend", lambda *xs: bend(*xs, count=count), draw,
               reference=by_loops(count), also=also)  # fmt: skip


ROWS = [
    bent(1, ((2, 3, 4), (3, 4)), ((1, 3, 4), (3, 4)), ((2, 3, 1), (3, 4)), ((1,), ()),
         ((2, 0, 3), (0, 3))),
    bent(3, ((4, 2, 3), (2, 3)), ((3, 2, 1), (2, 3)), ((4,), ())),
]  # fmt: skip
