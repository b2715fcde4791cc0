"""Sums and means along axes.

A sum is a product with ones. The matrix library does it several times faster than NumPy's own sum
where lines are short, or do not lie in one piece, and not less exactly: it adds in many lanes, and
here long sums are made of the sums of blocks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tinydl.backend.threads import LEAST, par

Axes = tuple[int, ...]

SMALL = 16_384
"""Below so many elements NumPy's own sum is as fast."""

SHORT, LONG = 128, 8192
"""Lines that lie in one piece: below SHORT elements one product of a matrix with ones takes them
all; from LONG on NumPy's own sum is more exact, since it adds pairs of halves."""

BLOCK = 2 * LEAST
"""How many elements are summed up at a time."""


def sum_over(x: Any, axis: Axes) -> Any:
    """The sum over axes, which stay with size 1."""
    if x.size < SMALL or x.dtype.char not in "fd" or not x.flags.c_contiguous:
        return x.sum(axis=axis, keepdims=True)
    axis = normalize_axis_tuple(axis, x.ndim)
    shape = [1 if i in axis else n for i, n in enumerate(x.shape)]
    sizes, summed = _groups(x.shape, axis)
    if not any(summed):
        return x.copy()
    while True in summed:
        at = summed.index(True)
        before, after = math.prod(sizes[:at]), math.prod(sizes[at + 1 :])
        x = _sum_in_the_middle(x.reshape(before, sizes[at], after))
        del sizes[at], summed[at]
    return x.reshape(shape)


def mean_over(x: Any, axis: Axes) -> Any:
    """The mean over axes, which stay with size 1; of no elements it is NaN, without a warning."""
    added = sum_over(x, axis)
    count = math.prod([x.shape[i] for i in axis])
    return added / count if count else added * math.nan


def _groups(shape: tuple[int, ...], axis: Axes) -> tuple[list[int], list[bool]]:
    """Neighbouring axes in one: how long they are together, and whether they are summed over."""
    sizes: list[int] = []
    summed: list[bool] = []
    for i, n in enumerate(shape):
        if n > 1 and summed and summed[-1] == (i in axis):
            sizes[-1] *= n
        elif n > 1:
            sizes.append(n)
            summed.append(i in axis)
    return sizes, summed


def _sum_in_the_middle(x: Any) -> Any:
    """The sum over the second of three axes."""
    before, n, after = x.shape
    if before == after == 1:
        return _sum_of_all(x.reshape(n))
    if after == 1:
        return _sum_of_lines(x.reshape(before, n))
    if before == 1:
        return _sum_of_rows(x.reshape(n, after))
    return x.sum(axis=1) if n * after < SHORT else np.matmul(np.ones(n, x.dtype), x)


def _sum_of_all(x: Any) -> Any:
    """The sum of all numbers in a line."""
    parts = np.empty(-(-x.size // BLOCK), x.dtype)

    def work_on(first: int, end: int) -> None:
        parts[first // BLOCK] = x[first:end].sum()

    par(x.size, work_on, work=x.size // 2, step=BLOCK)
    return parts.sum()


def _sum_of_lines(x: Any) -> Any:
    """The sum of each row of a matrix."""
    lines, n = x.shape
    if n >= LONG:
        function = lambda part: part.sum(axis=1)
    else:
        ones = np.ones(n, x.dtype)
        function = lambda part: part @ ones if n < SHORT else np.vecdot(part, ones)
    if x.size < 2 * BLOCK:
        return function(x)
    y = np.empty(lines, x.dtype)

    def work_on(first: int, end: int) -> None:
        y[first:end] = function(x[first:end])

    par(lines, work_on, work=x.size // 2)
    return y


def _sum_of_rows(x: Any) -> Any:
    """The sum of all rows of a matrix, block of rows by block."""
    rows, n = x.shape
    if x.size < 2 * BLOCK:
        return np.ones(rows, x.dtype) @ x
    step = max(1, BLOCK // n)
    parts = np.empty((-(-rows // step), n), x.dtype)
    ones = np.ones(min(rows, step), x.dtype)

    def work_on(first: int, end: int) -> None:
        np.matmul(ones[: end - first], x[first:end], out=parts[first // step])

    par(rows, work_on, work=x.size // 2, step=step)
    return parts.sum(axis=0)
