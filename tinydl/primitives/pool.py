"""Pooling over the leading dimensions: the largest element, or the average, under a window.

x is (*spatial, …) and the result (*outputs, …). Statics: size, the window; stride; padding, a pair
(before, after) for each spatial dimension; and shape, the whole shape of x, where a result cannot
be told from the inputs.

Which element of a window was the largest does not change when the numbers change a little. So
``maxpool`` is locally the linear ``take_winners``, whose adjoint is ``spread_winners``; they are
each other's derivatives. So are ``avgpool`` and ``spread``.
"""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.window import Shape, Widths, leading, output_size, visible_taps

# ---- the largest --------------------------------------------------------------------------------


@Primitive.saving("winner")
def maxpool(x: Any, *, size: Shape, stride: Shape, padding: Widths, save: bool = False) -> Any:
    """The largest element under each window; of equal ones the first in column-major order.

    Padding counts as −Inf. With save, also the winner: for each window the column-major number of
    its largest element within the window. ``winner_positions`` turns it into places in x.
    """
    counts = visible_taps(x.shape[: len(size)], size, stride=stride, padding=padding)
    outputs = tuple([len(count) for count in counts])
    before = leading(padding)
    return xp(x).pool_max(x, window=size, size=outputs, stride=stride, before=before, save=save)


@Primitive
def take_winners(x: Any, winner: Any, *, size: Shape, stride: Shape, padding: Widths) -> Any:
    """The elements of x that won elsewhere."""
    outputs, before = winner.shape[: len(size)], leading(padding)
    return xp(x).pool_take(x, winner, window=size, size=outputs, stride=stride, before=before)


@Primitive
def spread_winners(
    d: Any, winner: Any, *, size: Shape, stride: Shape, padding: Widths, shape: Shape
) -> Any:
    """Zeros of the given shape with each element of d added at the winner of its window."""
    spatial, before = shape[: len(size)], leading(padding)
    return xp(d).pool_put(d, winner, window=size, size=spatial, stride=stride, before=before)


def _to_winners(
    g: Any, winner: Any, x_shape: Shape, size: Shape, stride: Shape, padding: Widths
) -> Any:
    return spread_winners(g, winner, size=size, stride=stride, padding=padding, shape=x_shape)


maxpool.gradient(x=_to_winners)
take_winners.gradient(x=_to_winners)
spread_winners.gradient(
    d=lambda g, winner, size, stride, padding: take_winners(
        g, winner, size=size, stride=stride, padding=padding
    )
)


def winner_positions(
    winner: Any, *, size: Shape, stride: Shape, padding: Widths, steps: Shape
) -> Any:
    """Where in x the winners are: the numbers of their elements, from 0, as plain integers.

    steps says how the elements of x are numbered: by how much the number grows from one position
    to the next, along each of its dimensions.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 5.0, 2.0, 0.0], [4.0, 3.0, 0.0, 7.0]])
        >>> options = dict(size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)))
        >>> y, winner = maxpool(x, **options, save=True)
        >>> y, winner_positions(winner, **options, steps=(1, 2))
        (array([[5., 7.]]), array([[2, 7]]))
    """
    before = leading(padding)
    return xp(winner).pool_positions(winner, window=size, steps=steps, stride=stride, before=before)


# ---- the average --------------------------------------------------------------------------------


@Primitive
def avgpool(
    x: Any, *, size: Shape, stride: Shape, padding: Widths, padding_value: str = "zero"
) -> Any:
    """The average under each window.

    padding_value="zero" counts padding as zeros; "mean" takes the average over the elements of x
    alone, as if the padding held just that average.
    """
    spatial, dilation, before = x.shape[: len(size)], (1,) * len(size), leading(padding)
    outputs = output_size(spatial, size, stride=stride, dilation=dilation, padding=padding)
    total = xp(x).pool_sum(x, window=size, size=outputs, stride=stride, before=before)
    return total / _divisor(x, x.shape, size, stride, padding, padding_value)


@Primitive
def spread(
    d: Any,
    *,
    size: Shape,
    stride: Shape,
    padding: Widths,
    padding_value: str = "zero",
    shape: Shape,
) -> Any:
    """Zeros of the given shape with each element of d shared among the elements of its window."""
    share = d / _divisor(d, shape, size, stride, padding, padding_value)
    spatial, before = shape[: len(size)], leading(padding)
    return xp(d).pool_spread(share, window=size, size=spatial, stride=stride, before=before)


def _divisor(
    like: Any, shape: Shape, size: Shape, stride: Shape, padding: Widths, padding_value: str
) -> Any:
    """By what the sum under each window is divided."""
    if padding_value == "zero":
        return float(math.prod(size))
    if padding_value != "mean":
        raise ValueError(f'PaddingValue must be 0 or "mean", not {padding_value!r}')
    counts = visible_taps(shape[: len(size)], size, stride=stride, padding=padding)
    divisor: Any = 1.0
    for i, count in enumerate(counts):
        along = (1,) * i + (len(count),) + (1,) * (len(shape) - i - 1)
        divisor = divisor * xp(like).asarray(count, dtype=like.dtype).reshape(along)
    return divisor


avgpool.gradient(
    x=lambda g, x_shape, size, stride, padding, padding_value: spread(
        g, size=size, stride=stride, padding=padding, padding_value=padding_value, shape=x_shape
    )
)
spread.gradient(
    d=lambda g, size, stride, padding, padding_value: avgpool(
        g, size=size, stride=stride, padding=padding, padding_value=padding_value
    )
)
