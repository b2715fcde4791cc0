"""Pooling: the largest element, or the average, under a window; and the largest put back."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tinydl.autodiff.record import plain
from tinydl.functions.arguments import outputs
from tinydl.functions.formats import Labelled, data_format
from tinydl.functions.reduce import max, mean
from tinydl.functions.window import leading, padding_widths, per_dimension, permuted, slid_over
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import arithmetic
from tinydl.labels.options import named_options
from tinydl.primitives import pool
from tinydl.primitives.shape import inverse


@named_options
def maxpool(
    X: dlarray,
    poolsize: Any,
    *,
    Stride: Any = 1,
    Padding: Any = 0,
    PoolFormat: str | None = None,
    DataFormat: str | None = None,
    nargout: int = 1,
) -> Any:
    """The largest element under a window slid over space or time.

    The window slides over all S dimensions of X, or over T if there are none; PoolFormat= names
    them otherwise, such as "T" for a video or "SST" for its space and time. poolsize is a number,
    one for each of these dimensions, or "global" for a window as large as X. Stride and Padding
    as in dlconv, without "causal"; padding counts as −Inf. Of equal elements the first in
    column-major order is taken, and gets the derivative.

    ``Y, idx, inSize = maxpool(X, 2, nargout=3)`` also says where in X the largest elements are:
    idx, in the shape of Y, is a plain integer array of positions in the whole of X, counted from 0
    in column-major order, so that ``X.reshape(-1, order="F")[idx]`` of its numbers is Y. inSize is
    the size of X. ``maxunpool`` takes both. (Where the largest is NaN, the position is of another
    element of the window.)

    Raises ValueError for dimensions that X does not have, and for a window that is larger than X
    with its padding, or sees nothing but padding.

    Example:
        >>> from tinydl import dlarray, maxpool
        >>> Y, idx, inSize = maxpool(dlarray([[1, 5], [3, 2]], "SS"), 2, nargout=3)
        >>> Y, idx, inSize
        (1(S) × 1(S) dlarray
        [[5.]], array([[2]]), (2, 2))
    """
    outputs(nargout, 3, "maxpool")
    labelled = data_format(X, DataFormat, "maxpool")
    window = _window(labelled.X, poolsize, Stride, Padding, PoolFormat, "maxpool")
    X, order = labelled.X, window.order
    if isinstance(poolsize, str) and nargout == 1:  # "global"
        for i in window.axes:
            X = max(X, axis=i)
        return labelled.back(X)
    x = permuted(arithmetic(X._value), order)
    y = pool.maxpool(x, **window.options)
    Y = labelled.back(dlarray._make(permuted(y, inverse(order)), X.dims))
    if nargout == 1:
        return Y
    size, steps = _numbering(labelled)
    _, winner = pool.maxpool(plain(x), **window.options, save=True)
    idx = pool.winner_positions(winner, **window.options, steps=tuple([steps[i] for i in order]))
    idx = labelled.back(dlarray._make(permuted(idx, inverse(order)), X.dims))._value
    return (Y, idx, size)[:nargout]


@named_options
def avgpool(
    X: dlarray,
    poolsize: Any,
    *,
    Stride: Any = 1,
    Padding: Any = 0,
    PaddingValue: Any = 0,
    PoolFormat: str | None = None,
    DataFormat: str | None = None,
) -> dlarray:
    """The average under a window slid over space or time.

    poolsize, Stride, Padding and PoolFormat as in maxpool. PaddingValue=0 counts padding as zeros,
    "mean" leaves it out of the average.

    Example:
        >>> from tinydl import avgpool, dlarray
        >>> avgpool(dlarray([[1, 5], [3, 3]], "SS"), "global")
        1(S) × 1(S) dlarray
        [[3.]]
        >>> avgpool(dlarray([[1, 5, 3]], "CT"), 2)
        1(C) × 2(T) dlarray
        [[3. 4.]]
    """
    labelled = data_format(X, DataFormat, "avgpool")
    if PaddingValue != "mean" and (isinstance(PaddingValue, str) or PaddingValue != 0):
        raise ValueError(f'avgpool: PaddingValue is 0 or "mean", not {PaddingValue!r}')
    window = _window(labelled.X, poolsize, Stride, Padding, PoolFormat, "avgpool")
    X, order = labelled.X, window.order
    if isinstance(poolsize, str):  # "global"
        return labelled.back(mean(X, axis=window.axes))
    value = pool.avgpool(
        permuted(arithmetic(X._value), order),
        **window.options,
        padding_value="mean" if PaddingValue == "mean" else "zero",
    )
    return labelled.back(dlarray._make(permuted(value, inverse(order)), X.dims))


class _Window(NamedTuple):
    """How a pool slides."""

    axes: tuple[int, ...]  # the dimensions of X that it slides over
    order: tuple[int, ...]  # the permutation that brings them to the front
    options: dict[str, Any]  # for the primitives


def _window(
    X: dlarray, poolsize: Any, Stride: Any, Padding: Any, PoolFormat: str | None, caller: str
) -> _Window:
    labels = None if PoolFormat is None else formats.check(PoolFormat, f"{caller}: PoolFormat")
    if labels and set(labels) - {"S", "T"}:
        raise ValueError(f"{caller}: PoolFormat is of S and T, not {PoolFormat!r}")
    axes = slid_over(X, labels, "PoolFormat", caller)
    spatial, rank = tuple([X.shape[i] for i in axes]), len(axes)
    if isinstance(poolsize, str):
        _check_global(poolsize, Stride, Padding, caller)
        poolsize = spatial
    size = per_dimension(poolsize, rank, f"{caller}: poolsize")
    stride = per_dimension(Stride, rank, f"{caller}: Stride")
    widths = padding_widths(Padding, spatial, size, stride, (1,) * rank, words=("same",))
    options = {"size": size, "stride": stride, "padding": widths}
    return _Window(axes, leading(axes, X.ndim), options)


def _check_global(poolsize: str, Stride: Any, Padding: Any, caller: str) -> None:
    """A window as large as X has nowhere to go, and nothing around it."""
    if poolsize != "global":
        raise ValueError(f'{caller}: poolsize is numbers or "global", not {poolsize!r}')
    if not (isinstance(Stride, int) and Stride == 1 and isinstance(Padding, int) and Padding == 0):
        raise ValueError(f'{caller}: with the poolsize "global" there is no Stride and no Padding')


def _numbering(labelled: Labelled) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The size of X as it was given, and how the column-major numbers of its elements grow.

    The steps, from one position to the next, are in the order of the labelled X.
    """
    X = labelled.X
    came_from = formats.sorting(X.dims if labelled.fmt is None else labelled.fmt)
    given = sorted(range(X.ndim), key=came_from.__getitem__)
    size = tuple([X.shape[i] for i in given])
    steps = {i: math.prod(size[:place]) for place, i in enumerate(given)}
    return size, tuple([steps[i] for i in range(X.ndim)])
