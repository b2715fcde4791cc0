"""The same numbers elsewhere: reshape, transpose, concatenation, indexing, padding.

Linear operations come in adjoint pairs: take and scatter, pad and crop, concatenation and slices.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.reduce import sum


@Primitive
def reshape(x: Any, *, shape: tuple[int, ...], order: str = "F") -> Any:
    """The elements in another shape, read and written with the first index running fastest.

    order="C" lets the last index run fastest instead. That costs no copy, and is for those who
    have made sure that the order does not show.
    """
    return x.reshape(shape, order=order)


reshape.gradient(x=lambda g, x_shape, order: reshape(g, shape=x_shape, order=order))


@functools.lru_cache(maxsize=2048)
def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes another."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


@Primitive
def transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    """Dimension i of the result is dimension axes[i] of x."""
    return x.transpose(axes)


transpose.gradient(x=lambda g, axes: transpose(g, axes=inverse(axes)))


def in_shape(x: Any, shape: tuple[int, ...], order: str = "C") -> Any:
    """reshape, which is not an operation where x has that shape already."""
    return x if x.shape == shape else reshape(x, shape=shape, order=order)


@Primitive
def concatenate(*xs: Any, axis: int) -> Any:
    return xp(*xs).concatenate(xs, axis=axis)


@concatenate.gradients("xs")
def _(
    g: Any, axis: int, xs_shape: tuple[tuple[int, ...], ...], need: tuple[bool, ...]
) -> list[Any]:
    ends = list(itertools.accumulate(shape[axis] for shape in xs_shape))
    pieces = zip([0, *ends], ends, need, strict=False)
    before = (slice(None),) * axis
    return [take(g, index=(*before, slice(i, j))) if wanted else None for i, j, wanted in pieces]


@Primitive
def repmat(x: Any, *, times: tuple[int, ...]) -> Any:
    """x laid side by side, times[i] copies along dimension i."""
    return xp(x).tile(x, times)


@repmat.gradients("x")
def _(g: Any, x_shape: tuple[int, ...], times: tuple[int, ...]) -> tuple[Any]:
    # Splitting every dimension into (copy, position) turns the copies into axes to sum over.
    split = tuple(n for pair in zip(times, x_shape, strict=True) for n in pair)
    copies = tuple(range(0, len(split), 2))
    folded = sum(reshape(g, shape=split, order="C"), axis=copies)
    return (reshape(folded, shape=x_shape, order="C"),)


# ---- indexing -----------------------------------------------------------------------------------


@Primitive
def take(x: Any, *, index: Any) -> Any:
    """x[index], by slices, a mask, or arrays of positions."""
    return x[index]


@Primitive
def scatter(x: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of the given shape with x added at index. The adjoint of take."""
    return xp(x).scatter(x, index, shape)


take.gradient(x=lambda g, index, x_shape: scatter(g, index=index, shape=x_shape))
scatter.gradient(x=lambda g, index: take(g, index=index))


@Primitive
def put(x: Any, values: Any, *, index: Any) -> Any:
    """A copy of x with x[index] = values. No element may be named twice by index."""
    y = xp(x).as_own_copy(x)  # an array even where x is an array scalar
    y[index] = values
    return y


put.gradient(
    x=lambda g, index: put(g, 0.0, index=index),
    values=lambda g, index: take(g, index=index),
)


# ---- the rim ------------------------------------------------------------------------------------

Widths = tuple[tuple[int, int], ...]


@Primitive
def pad(x: Any, *, widths: Widths, value: float = 0.0) -> Any:
    """x with widths[i] = (before, after) more positions along dimension i, filled with a number."""
    return xp(x).pad(x, widths, constant_values=value)


@Primitive
def crop(x: Any, *, widths: Widths) -> Any:
    """x without the outermost widths[i] = (before, after) positions along dimension i."""
    return x[tuple(slice(a, n - b) for (a, b), n in zip(widths, x.shape, strict=True))]


pad.gradient(x=lambda g, widths: crop(g, widths=widths))
crop.gradient(x=lambda g, widths: pad(g, widths=widths))
