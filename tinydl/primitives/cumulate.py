"""Running along one axis: sums, products, extremes of all elements up to each.

Forward counts from the first element on, reverse from the last one back. Products and extremes are
found by doubling: after k rounds each element stands for 2ᵏ neighbours, and is combined with the
one that stands for the 2ᵏ before them. That is log₂ n steps of whole arrays, and for products they
are recorded multiplications, whose derivatives are exact at zeros too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.elementwise import multiply
from tinydl.primitives.shape import concatenate, take


@Primitive
def cumsum(x: Any, *, axis: int, reverse: bool = False) -> Any:
    """Each element plus all before it, or plus all behind it."""
    backwards = (*(slice(None),) * axis, slice(None, None, -1))
    if not reverse:
        return xp(x).cumsum(x, axis=axis)
    return xp(x).cumsum(x[backwards], axis=axis)[backwards]


cumsum.gradient(x=lambda g, axis, reverse: cumsum(g, axis=axis, reverse=not reverse))


def cumprod(x: Any, *, axis: int, reverse: bool = False) -> Any:
    """Each element times all before it, or times all behind it."""
    return running(multiply, x, axis, reverse)


def running(combine: Callable[..., Any], x: Any, axis: int, reverse: bool) -> Any:
    """Each element combined with all on one side of it; combine(before, behind) is associative."""
    n, step = x.shape[axis], 1

    def part(start: int, stop: int) -> Any:
        return take(x, index=(*(slice(None),) * axis, slice(start, stop)))

    while step < n:
        pairs = combine(part(0, n - step), part(step, n))
        ends = (pairs, part(n - step, n)) if reverse else (part(0, step), pairs)
        x = concatenate(*ends, axis=axis)
        step *= 2
    return x


def running_extreme(
    x: Any, *, axis: int, wins: Callable[..., Any], reverse: bool, skip_nan: bool
) -> Any:
    """Where the extreme element of a plain array up to each position is, counted from 0.

    wins(challenger, holder) says who is more extreme. Of equal elements the first one that is met
    stays. A NaN, once met, stays; with skip_nan any number takes its place.
    """
    m = xp(x)

    def champion(holder: Any, challenger: Any) -> Any:
        a, b = (m.take_along_axis(x, i, axis) for i in (holder, challenger))
        from_nan, to_nan = m.isnan(a), m.isnan(b)
        has_won = wins(b, a) | (from_nan & ~to_nan if skip_nan else to_nan & ~from_nan)
        return m.where(has_won, challenger, holder)

    def backwards(challenger: Any, holder: Any) -> Any:
        return champion(holder, challenger)

    positions = m.broadcast_to(_along(m, x.shape[axis], axis, x.ndim), x.shape)
    return running(backwards if reverse else champion, positions, axis, reverse)


def gather(x: Any, positions: Any, *, axis: int) -> Any:
    """The elements of x at these positions along one axis; an element may be named repeatedly."""
    m = xp(plain(x))
    index = [_along(m, n, i, positions.ndim) for i, n in enumerate(positions.shape)]
    index[axis] = positions
    return take(x, index=tuple(index))


def _along(m: Any, n: int, axis: int, rank: int) -> Any:
    """0, 1, …, n − 1 lying along one axis."""
    return m.arange(n).reshape([n if i == axis else 1 for i in range(rank)])
