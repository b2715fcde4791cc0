"""Whether a wrong gradient is the one in which a statistic was held constant.

Let y = f(x, m, s) with the mean m and the variance s of x over some dimensions, n elements. Then

    dy/dx = ∂y/∂x + ∂y/∂m · 1/n + ∂y/∂s · 2 (x − m)/n.

Whoever forgets that m depends on x is off by the same number everywhere in those n elements;
whoever forgets s, by a multiple of x − m; whoever forgets both, by a sum of these. Each is a line
or a plane in a space of n dimensions, so that another mistake is there by chance only.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

FEWEST = 4
"""Elements: with fewer, a line through two numbers fits nearly everything."""


def held_statistic(x: Any, off: Any, allowed: Any) -> tuple[str, tuple[int, ...]] | None:
    """Which statistic was held, and the dimensions that it is over; None if none explains it.

    off is what a gradient is off by, and allowed by what each of its elements may be.

    Example:
        >>> import numpy as np
        >>> x = np.arange(12.0).reshape(4, 3) ** 2
        >>> held_statistic(x, np.ones((4, 1)) * [1.0, 2.0, 3.0], np.full((4, 3), 1e-12))
        ('mean', (0,))
    """
    for count in range(x.ndim, 0, -1):  # the largest claim first: it includes the smaller ones
        for axes in itertools.combinations(range(x.ndim), count):
            if any(x.shape[axis] == 1 for axis in axes):
                continue
            rows, errors, bounds = [_rows(a, axes) for a in (x, off, allowed)]
            if rows.shape[1] < FEWEST:
                continue
            centred = rows - rows.mean(axis=1, keepdims=True)
            for name, columns in (
                ("mean", [np.ones_like(rows)]),
                ("variance", [centred]),
                ("mean and variance", [np.ones_like(rows), centred]),
            ):
                if _lies_in(errors, np.stack(columns, axis=2), bounds):
                    return name, axes
    return None


def _rows(a: Any, axes: tuple[int, ...]) -> Any:
    """The elements that share a statistic, one row for each statistic."""
    others = [axis for axis in range(a.ndim) if axis not in axes]
    moved = np.transpose(a, [*others, *axes])
    return moved.reshape(-1, int(np.prod([a.shape[axis] for axis in axes])))


def _lies_in(errors: Any, spaces: Any, bounds: Any) -> bool:
    """Whether each row is, up to rounding, a combination of the columns of its own space."""
    for error, space, bound in zip(errors, spaces, bounds, strict=True):
        weights, *_ = np.linalg.lstsq(space, error, rcond=None)
        if np.any(np.abs(error - space @ weights) > bound):
            return False
    return True
