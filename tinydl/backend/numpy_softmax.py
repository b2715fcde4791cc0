"""Softmax and the logarithm of a sum of exponentials, in pieces that threads share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.backend.numpy_reduce import sum_over
from tinydl.backend.threads import par

Axes = tuple[int, ...]

WORK = 5
"""What an element costs, in additions."""

LARGE = 400_000
"""From how many elements on they are worked on in pieces, which are half as large."""

SHORTEST = 4096
"""How many neighbours in memory a piece has at least: shorter lines take NumPy more time."""


def softmax(x: Any, axis: Axes) -> Any:
    """eˣ / Σ eˣ, with the largest element taken out first so that nothing overflows."""
    x = np.asarray(x)
    y = np.empty(x.shape, x.dtype)

    def work_on(part: Any) -> None:
        weight = y[part]
        np.subtract(x[part], x[part].max(axis=axis, keepdims=True), out=weight)
        np.exp(weight, out=weight)
        np.divide(weight, weight.sum(axis=axis, keepdims=True), out=weight)

    _along_another(x.shape, axis, work_on)
    return y


def softmax_gradient(g: Any, y: Any, axis: Axes) -> Any:
    """The gradient by x, from that by y = softmax(x), called g: y (g − Σ g y)."""
    return y * (g - sum_over(g * y, axis))


def logsumexp(x: Any, axis: Axes) -> Any:
    """log Σ eˣ, likewise; the axes stay with size 1."""
    x = np.asarray(x)
    y = x.max(axis=axis, keepdims=True)

    def work_on(part: Any) -> None:
        top = y[part]
        top = np.where(np.isfinite(top), top, np.zeros((), top.dtype))  # ±Inf: Inf − Inf is NaN
        weight = np.subtract(x[part], top)
        np.exp(weight, out=weight)
        np.add(np.log(weight.sum(axis=axis, keepdims=True)), top, out=y[part])

    _along_another(x.shape, axis, work_on)
    return y


def _along_another(shape: tuple[int, ...], axis: Axes, work_on: Callable[[Any], object]) -> None:
    """work_on for parts that lie side by side along the longest axis that is not among `axis`."""
    size = math.prod(shape)
    kept = () if size < LARGE else set(range(len(shape))) - {i % len(shape) for i in axis}
    if not kept:
        work_on(...)
        return
    along = max(sorted(kept), key=lambda i: shape[i])
    whole = (slice(None),) * along
    step = -(-shape[along] * LARGE // (2 * size))
    if along == len(shape) - 1:
        step = max(step, SHORTEST)
    work = WORK * size
    par(shape[along], lambda i, j: work_on((*whole, slice(i, j))), work=work, step=step)
