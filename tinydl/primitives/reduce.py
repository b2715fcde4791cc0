"""Along axes: sums, means, extremes. A reduced axis stays, with size 1.

``sum_to`` and ``broadcast`` are an adjoint pair: each is the derivative of the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.elementwise import exp, where

Axes = tuple[int, ...]


@Primitive
def sum_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    """The sum over everything that an array of the given shape would be repeated along."""
    lead = x.ndim - len(shape)
    grown = tuple(i + lead for i, n in enumerate(shape) if n == 1 and x.shape[i + lead] != 1)
    return xp(x).sum_over(x, (*range(lead), *grown)).reshape(shape)


@Primitive
def broadcast(x: Any, *, shape: tuple[int, ...]) -> Any:
    """x repeated along its dimensions of size 1, and along new leading ones, to the given shape."""
    return xp(x).broadcast_to(x, shape)


sum_to.gradient(x=lambda g, x_shape: broadcast(g, shape=x_shape))
broadcast.gradient(x=lambda g, x_shape: sum_to(g, shape=x_shape))


@Primitive
def sum(x: Any, *, axis: Axes) -> Any:
    return xp(x).sum_over(x, axis)


sum.gradient(x=lambda g, x_shape: broadcast(g, shape=x_shape))


@Primitive
def mean(x: Any, *, axis: Axes) -> Any:
    """The mean; of no elements it is NaN."""
    return xp(x).mean_over(x, axis)


mean.gradient(x=lambda g, x_shape, axis: broadcast(g * _share(x_shape, axis), shape=x_shape))


def _share(shape: tuple[int, ...], axis: Axes) -> float:
    """One part of as many as a mean is made of; of none it does not matter."""
    return 1.0 / (count(shape, axis) or 1)


def count(shape: tuple[int, ...], axis: Axes) -> int:
    """How many elements one reduction over these axes takes in."""
    return math.prod(shape[i] for i in axis)


def nan_to(x: Any, number: Any) -> Any:
    """x with a number in place of NaN, which then has no derivative."""
    return where(xp(plain(x)).isnan(plain(x)), number, x)


# ---- extremes along one axis: the first of equal elements counts ---------------------------------


@Primitive.saving("index")
def max(x: Any, *, axis: int, save: bool = False) -> Any:
    return _extreme(x, first_max(x, axis), axis, save)


@Primitive.saving("index")
def min(x: Any, *, axis: int, save: bool = False) -> Any:
    return _extreme(x, first_min(x, axis), axis, save)


def first_max(x: Any, axis: int) -> Any:
    """Where the largest elements of a plain array are along one axis, counted from 0."""
    return xp(x).argmax(x, axis=axis, keepdims=True)


def first_min(x: Any, axis: int) -> Any:
    """Where the smallest elements of a plain array are along one axis, counted from 0."""
    return xp(x).argmin(x, axis=axis, keepdims=True)


def but_nan(find: Callable[[Any, int], Any], worst: float) -> Callable[[Any, int], Any]:
    """first_max or first_min with NaN left out; worst is what no element is worse than."""

    def position(x: Any, axis: int) -> Any:
        m, is_nan = xp(x), xp(x).isnan(x)
        found = find(m.where(is_nan, worst, x), axis)
        # NaN was found where all numbers are as bad as `worst`: then the first of them is meant.
        first_number = m.argmin(is_nan, axis=axis, keepdims=True)
        return m.where(m.take_along_axis(is_nan, found, axis), first_number, found)

    return position


def _extreme(x: Any, index: Any, axis: int, save: bool) -> Any:
    y = xp(x).take_along_axis(x, index, axis)
    return (y, index) if save else y


@Primitive
def take_along(x: Any, index: Any, *, axis: int) -> Any:
    """The elements of x at the given positions along one axis, one position a line."""
    return xp(x).take_along_axis(x, index, axis)


@Primitive
def put_along(x: Any, index: Any, *, axis: int, length: int) -> Any:
    """Zeros, `length` long along one axis, with x at the given positions."""
    return xp(x).put_along_axis(x, index, axis, length)


def _to_chosen(g: Any, index: Any, axis: int, x_shape: tuple[int, ...]) -> Any:
    return put_along(g, index, axis=axis, length=x_shape[axis])


max.gradient(x=_to_chosen)
min.gradient(x=_to_chosen)
take_along.gradient(x=_to_chosen)
put_along.gradient(x=lambda g, index, axis: take_along(g, index, axis=axis))


# ---- sums of exponentials -----------------------------------------------------------------------


@Primitive.saving("nothing")
def logsumexp(x: Any, *, axis: Axes, save: bool = False) -> Any:
    """log Σ eˣ."""
    y = xp(x).logsumexp(x, axis)
    return (y, y == -math.inf) if save else y  # where nothing is summed up: all x are −Inf


logsumexp.gradient(x=lambda g, x, y, nothing: g * exp(x - where(nothing, 0.0, y)))


@Primitive
def softmax(x: Any, *, axis: Axes) -> Any:
    """eˣ / Σ eˣ."""
    return xp(x).softmax(x, axis)


@softmax.gradients("x")
def _(g: Any, y: Any, axis: Axes) -> tuple[Any]:
    return (xp(y).softmax_gradient(g, y, axis),)


@softmax.higher("x")
def _(g: Any, y: Any, axis: Axes) -> tuple[Any]:
    return (y * (g - sum(g * y, axis=axis)),)
