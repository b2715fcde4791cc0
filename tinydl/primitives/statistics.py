"""Statistics along axes, composed of sums and selections: variance, quantiles, mode, norms.

A reduced axis stays, with size 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.cumulate import running
from tinydl.primitives.elementwise import abs, divide, multiply, power, where
from tinydl.primitives.reduce import Axes, count, max, mean, min, sum, take_along
from tinydl.primitives.shape import reshape, transpose
from tinydl.primitives.sort import sorting_order

# ---- variance -----------------------------------------------------------------------------------


def weighted_mean(x: Any, weight: Any, *, axis: Axes) -> Any:
    """Σ w x / Σ w; NaN where the weights add up to 0. The weights expand to x."""
    weight = multiply(weight, xp(plain(x)).ones(x.shape, x.dtype))
    total = sum(weight, axis=axis)
    is_zero = plain(total) == 0
    return divide(sum(weight * x, axis=axis), where(is_zero, float("nan"), total))


def centred(x: Any, *, axis: Axes, weight: Any = None) -> Any:
    """x less its mean, exactly 0 for elements that are all equal.

    A rounded mean would leave a rest there, whose square root has an arbitrary slope. So the first
    element is taken away beforehand, as a constant: it shifts x and its mean alike.
    """
    numbers = plain(x)
    shifted = x
    if count(x.shape, axis) > 0:
        first = numbers[tuple([slice(0, 1) if i in axis else slice(None) for i in range(x.ndim)])]
        shifted = x - xp(numbers).where(xp(numbers).isfinite(first), first, 0.0)
    if weight is None:
        return shifted - mean(shifted, axis=axis)
    return shifted - weighted_mean(shifted, weight, axis=axis)


def squares(x: Any, *, axis: Axes, weight: Any = None) -> Any:
    """Σ w (x − mean)², the numerator of the variance."""
    c = centred(x, axis=axis, weight=weight)
    return sum(c * c if weight is None else weight * c * c, axis=axis)


def root(x: Any, *, p: float = 2) -> Any:
    """The p-th root, whose derivative at 0 is 0: there it is the tip of a cone, as of |x|."""
    is_zero = plain(x) == 0
    tip = 0.0 if p > 0 else float("inf")
    return where(is_zero, tip, power(where(is_zero, 1.0, x), p=1.0 / p))


# ---- by order -----------------------------------------------------------------------------------


def along_one(function: Callable[..., Any], x: Any, axes: Axes, **static: Any) -> Any:
    """A reduction along one axis, over several axes taken as one."""
    if len(axes) == 1:
        return function(x, axis=axes[0], **static)
    others = tuple([i for i in range(x.ndim) if i not in axes])
    sizes = (*[x.shape[i] for i in others], count(x.shape, axes))
    lines = reshape(transpose(x, axes=(*others, *axes)), shape=sizes, order="C")
    kept = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
    return reshape(function(lines, axis=len(others), **static), shape=kept, order="C")


def quantile(x: Any, *, p: float, axis: int, skip_nan: bool = False) -> Any:
    """The value below which the share p of the elements lies; NaN if one of them is NaN.

    Of n elements in order the i-th, from 1, is the quantile (i − ½)/n; between two of them it is
    linear, and beyond the outermost ones constant. The derivative goes to the elements it is made
    of. skip_nan leaves NaN out.
    """
    numbers, n = plain(x), x.shape[axis]
    m = xp(numbers)
    if n == 0:
        return m.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), float("nan"), x.dtype)
    order = sorting_order(numbers, axis)  # NaN comes last
    valid = (~m.isnan(numbers)).sum(axis=axis, keepdims=True)
    place = m.maximum(m.minimum(valid * p - 0.5, valid - 1.0), 0.0)
    place = place if skip_nan else m.where(valid < n, n - 1.0, place)
    share = place - m.floor(place)
    share = m.where(share == 0, 0.5, share).astype(x.dtype)  # of one element twice; 0 · Inf is NaN
    below, above = [
        take_along(x, m.take_along_axis(order, i.astype(order.dtype), axis), axis=axis)
        for i in (m.floor(place), m.ceil(place))
    ]
    return below * (1.0 - share) + above * share


def median(x: Any, *, axis: int, skip_nan: bool = False) -> Any:
    """The middle element, or the mean of the two in the middle."""
    return quantile(x, p=0.5, axis=axis, skip_nan=skip_nan)


def most_frequent(x: Any, *, axis: int) -> tuple[Any, Any]:
    """Where the smallest of the most frequent elements of a plain array first is, and how often.

    NaN does not count, unless there is nothing else.
    """
    m, n = xp(x), x.shape[axis]
    order = sorting_order(x, axis)
    ranked = m.take_along_axis(x, order, axis)
    before = (slice(None),) * axis
    is_new = ranked[(*before, slice(1, None))] != ranked[(*before, slice(0, -1))]
    is_new = m.concatenate([m.ones((*x.shape[:axis], 1, *x.shape[axis + 1 :]), bool), is_new], axis)
    places = m.arange(n).reshape([n if i == axis else 1 for i in range(x.ndim)])
    run_starts = running(m.maximum, m.where(is_new, places, 0), axis, reverse=False)
    lengths = m.where(m.isnan(ranked), 0, places - run_starts + 1)
    longest = m.argmax(lengths, axis=axis, keepdims=True)
    start, length = (m.take_along_axis(v, longest, axis) for v in (run_starts, lengths))
    return m.take_along_axis(order, start, axis), length


# ---- norms --------------------------------------------------------------------------------------


def norm(x: Any, *, p: float, axis: Axes) -> Any:
    """(Σ |x|ᵖ)^(1/p) for p ≠ 0, the largest |x| for p = ∞ and the smallest for p = −∞.

    All is measured in units of the element that counts most, so that no power overflows. Where the
    norm has a corner its derivative is 0: at the zero vector, and at zeros of odd or broken powers.
    """
    if p == 1 or count(x.shape, axis) == 0:
        return sum(abs(x), axis=axis)
    if math.isinf(p):
        y = abs(x)
        for i in axis:
            y = max(y, axis=i) if p > 0 else min(y, axis=i)
        return y
    m, sizes = xp(plain(x)), xp(plain(x)).abs(plain(x))
    unit = (sizes.max if p > 0 else sizes.min)(axis=axis, keepdims=True)
    unit = m.where(m.isfinite(unit) & (unit > 0), unit, 1.0).astype(sizes.dtype)
    return root(sum(_powers(x / unit, p), axis=axis), p=p) * unit


def _powers(x: Any, p: float) -> Any:
    """|x|ᵖ; where |x| has its corner the derivative is 0, however steep the power is."""
    if p > 0 and p % 2 == 0:
        return power(x, p=p)
    is_zero = plain(x) == 0
    corner = 0.0 if p > 0 else float("inf")
    return where(is_zero, corner, power(where(is_zero, 1.0, abs(x)), p=p))
