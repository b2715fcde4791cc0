"""Batch normalization in compiled form, by Numba: what ``numpy_blocks`` does with blocks of pixels.

A row holds the channels of a pixel, each for all observations. Beside it lie rows of numbers for
the channels, one for each place. Sums of channels are added up in double for each place by itself.
"""

from __future__ import annotations

from typing import Any

from tinydl.backend.numba_options import kernel


@kernel
def add_squares(x: Any, centre: Any, total: Any, first: int, end: int) -> None:
    """Add to total, place by place, (x − centre)² for some rows."""
    for row in range(first, end):
        for i in range(total.size):
            distance = x[row, i] - centre[i]
            total[i] += distance * distance


@kernel
def normalize(
    x: Any, centre: Any, times: Any, plus: Any, least: Any, y: Any, first: int, end: int
) -> None:
    """Rows of y: times · (x − centre) + plus, but no less than least."""
    for row in range(first, end):
        for i in range(centre.size):
            value = (x[row, i] - centre[i]) * times[i] + plus[i]
            y[row, i] = least if value < least else value


@kernel
def add_gradients(
    g: Any, x: Any, y: Any, centre: Any, total: Any, by_centred: Any, first: int, end: int
) -> None:
    """Add to the two totals g and g · (x − centre), where y is positive or None."""
    zero = type(x[0, 0])(0)
    for row in range(first, end):
        for i in range(centre.size):
            passed = g[row, i]
            if y is not None:
                passed = passed if y[row, i] > zero else zero
            total[i] += passed
            by_centred[i] += passed * (x[row, i] - centre[i])


@kernel
def write_gradient(
    g: Any, x: Any, y: Any, centre: Any, times: Any, along: Any, plus: Any, dx: Any,
    first: int, end: int,
) -> None:  # fmt: skip
    """Rows of dx: times · g, where y is positive or None, + along · (x − centre) + plus."""
    zero = type(x[0, 0])(0)
    for row in range(first, end):
        for i in range(centre.size):
            passed = g[row, i]
            if y is not None:
                passed = passed if y[row, i] > zero else zero
            dx[row, i] = passed * times[i] + (x[row, i] - centre[i]) * along[i] + plus[i]
