"""Batch normalization in compiled form, by Numba: what ``numpy_blocks`` does with blocks of pixels.

A row holds the channels of a pixel, each for all observations. Beside it lie rows of numbers for
the channels, one for each place. Each place is added up by itself: over some rows in the class of
the array, and these sums in double.

After these loops come the functions of ``numpy_normalize``, put together from them for an array of
one block, where each is a single call. In its rows several pixels may lie side by side.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinydl.backend.compiled.numba_options import in_long_vectors, kernel, scalar, sum_in_double

NEAR = 4096
"""For so many places sums are added up at a time: they stay in the nearest cache."""

LONG = 64
"""How many rows are added up in the class of x. Such sums are added up in double."""


@kernel
def add(x: Any, total: Any, first: int, end: int) -> None:
    """Add some rows to total, place by place."""
    in_long_vectors()
    for start in range(0, total.size, NEAR):
        totals = total[start : start + NEAR]
        sums = np.zeros(len(totals), x.dtype)
        for row in range(first, end):
            xs = x[row][start : start + NEAR]
            for i in range(len(sums)):
                sums[i] += xs[i]
            if is_full(row, first, end):
                move(sums, totals)


@kernel
def add_squares(x: Any, centre: Any, total: Any, first: int, end: int) -> None:
    """Add to total, place by place, (x − centre)² for some rows."""
    in_long_vectors()
    for start in range(0, total.size, NEAR):
        totals, centres = total[start : start + NEAR], centre[start : start + NEAR]
        sums = np.zeros(len(totals), x.dtype)
        for row in range(first, end):
            xs = x[row][start : start + NEAR]
            for i in range(len(sums)):
                distance = xs[i] - centres[i]
                sums[i] += distance * distance
            if is_full(row, first, end):
                move(sums, totals)


@scalar
def is_full(row: int, first: int, end: int) -> bool:
    """Whether sums go into double after this row."""
    return row == end - 1 or (row - first) % LONG == LONG - 1


@scalar
def move(sums: Any, total: Any) -> None:
    """Add the sums to total, and begin new ones."""
    for i in range(len(sums)):
        total[i] += sums[i]
        sums[i] = 0


@kernel
def block_moments(x: Any, observations: int, first: int, end: int, found: Any) -> None:
    """Write the mean of each channel in some rows, and Σ (x − mean)², into two rows."""
    places, channels = x.shape[1], found.shape[1]
    total, mean = np.zeros(places), np.empty(channels, x.dtype)
    n = (end - first) * places // channels
    add(x, total, first, end)
    write_sums(total, observations, found[0])
    for i in range(channels):
        found[0, i] /= n
        mean[i] = found[0, i]
    total[:] = 0.0
    add_squares(x, for_places(mean, observations, places), total, first, end)
    write_sums(total, observations, found[1])


@kernel
def normalize(
    x: Any, centre: Any, times: Any, plus: Any, least: Any, y: Any, first: int, end: int
) -> None:
    """Rows of y: times · (x − centre) + plus, but no less than least."""
    for row in range(first, end):
        for i in range(centre.size):
            value = (x[row, i] - centre[i]) * times[i] + plus[i]
            y[row, i] = least if value < least else value


@scalar
def shown(g: Any, y: Any, i: int) -> Any:
    """An element of g, and 0 where y is not positive; y may be None."""
    if y is None:
        return g[i]
    return g[i] if y[i] > 0 else type(g[i])(0)


@kernel
def block_gradients(
    g: Any, x: Any, y: Any, centre: Any, observations: int, first: int, end: int, found: Any
) -> None:
    """Write the sums of g and of g · (x − centre) in some rows, where y is positive or None.

    They are those of each channel, in two rows.
    """
    in_long_vectors()
    total, by_centred = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for start in range(0, total.size, NEAR):
        stop = start + NEAR
        totals, products, centres = total[start:stop], by_centred[start:stop], centre[start:stop]
        sums, sums_of_products = np.zeros(len(totals), x.dtype), np.zeros(len(totals), x.dtype)
        for row in range(first, end):
            gs, xs = g[row][start:stop], x[row][start:stop]
            ys = None if y is None else y[row][start:stop]
            for i in range(len(sums)):
                passed = shown(gs, ys, i)
                sums[i] += passed
                sums_of_products[i] += passed * (xs[i] - centres[i])
            if is_full(row, first, end):
                move(sums, totals)
                move(sums_of_products, products)
    write_sums(total, observations, found[0])
    write_sums(by_centred, observations, found[1])


@kernel
def write_gradient(
    g: Any, x: Any, y: Any, centre: Any, times: Any, along: Any, plus: Any, dx: Any,
    first: int, end: int,
) -> None:  # fmt: skip
    """Rows of dx: times · g, where y is positive or None, + along · (x − centre) + plus."""
    for row in range(first, end):
        gs, ys = g[row], None if y is None else y[row]
        for i in range(centre.size):
            by_g = shown(gs, ys, i) * times[i]
            dx[row, i] = by_g + (x[row, i] - centre[i]) * along[i] + plus[i]


# ---- an array of one block ----------------------------------------------------------------------


@kernel
def channel_moments(x: Any, observations: int, moments: Any) -> None:
    """Write the mean and the variance of each channel into the first two rows of moments."""
    found = np.empty((2, moments.shape[1]))
    block_moments(x, observations, 0, len(x), found)
    n = x.size // moments.shape[1]
    for i in range(moments.shape[1]):
        moments[0, i], moments[1, i] = found[0, i], found[1, i] / n


@kernel
def moved_moments(
    x: Any, observations: int, mean: Any, variance: Any, decays: Any, moments: Any
) -> None:
    """The same, and in two more rows decay · new + (1 − decay) · old."""
    channel_moments(x, observations, moments)
    for i in range(mean.size):
        moments[2, i] = decays[0] * moments[0, i] + (1.0 - decays[0]) * mean[i]
        moments[3, i] = decays[1] * moments[1, i] + (1.0 - decays[1]) * variance[i]


@kernel
def channel_normalize(
    x: Any, observations: int, mean: Any, variance: Any, scale: Any, offset: Any, epsilon: float,
    is_relu: bool, y: Any,
) -> None:  # fmt: skip
    """Write scale · (x − mean) / √(variance + epsilon) + offset into y; is_relu: no less than 0."""
    rows, places = x.shape
    factor = np.empty_like(scale)
    for i in range(scale.size):
        factor[i] = scale[i] / math.sqrt(variance[i] + epsilon)
    centre = for_places(mean, observations, places)
    times = for_places(factor, observations, places)
    plus = for_places(offset, observations, places)
    least = type(x[0, 0])(0.0 if is_relu else -np.inf)
    normalize(x, centre, times, plus, least, y, 0, rows)


@kernel
def channel_normalize_gradients(
    g: Any, x: Any, y: Any, observations: int, mean: Any, variance: Any, scale: Any,
    epsilon: float, dx: Any, sums: Any,
) -> None:  # fmt: skip
    """Write the gradient by x into dx, those by scale and offset into the two rows of sums."""
    rows, places = x.shape
    found = np.empty((2, mean.size))
    centre = for_places(mean, observations, places)
    block_gradients(g, x, y, centre, observations, 0, rows, found)
    to_offset, to_scale = found[0], found[1]
    times, along, plus = np.empty_like(mean), np.empty_like(mean), np.empty_like(mean)
    n = x.size // mean.size
    for i in range(mean.size):
        inverse = 1.0 / math.sqrt(variance[i] + epsilon)
        to_scale[i] *= inverse
        sums[0, i], sums[1, i] = to_scale[i], to_offset[i]
        times[i] = scale[i] * inverse
        along[i] = -times[i] * inverse * to_scale[i] / n
        plus[i] = -times[i] * to_offset[i] / n
    times = for_places(times, observations, places)
    along = for_places(along, observations, places)
    plus = for_places(plus, observations, places)
    write_gradient(g, x, y, centre, times, along, plus, dx, 0, rows)


@kernel
def for_places(numbers: Any, observations: int, places: int) -> Any:
    """Numbers for the channels, as one for each place of a row."""
    row, place = np.empty(places, numbers.dtype), 0
    while place < places:
        for number in numbers:
            row[place : place + observations] = number
            place += observations
    return row


@kernel
def write_sums(total: Any, observations: int, sums: Any) -> None:
    """The way back: the sums of channels, from those of the places of a row."""
    sums[:] = 0.0
    for first in range(0, total.size, sums.size * observations):
        for channel in range(sums.size):
            at = first + channel * observations
            sums[channel] += sum_in_double(total[at : at + observations])
