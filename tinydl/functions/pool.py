"""Pooling: the largest element, or the average, under a window."""

from __future__ import annotations

from typing import Any

from tinydl.functions.formats import data_format
from tinydl.functions.reduce import max, mean
from tinydl.functions.window import padding_widths, per_dimension
from tinydl.labels import dlarray
from tinydl.labels.classes import arithmetic
from tinydl.labels.format import find
from tinydl.labels.options import named_options
from tinydl.primitives import pool
from tinydl.primitives.window import Shape, Widths


@named_options
def maxpool(
    X: dlarray,
    poolsize: Any,
    *,
    Stride: Any = 1,
    Padding: Any = 0,
    DataFormat: str | None = None,
) -> dlarray:
    """The largest element under a window slid over the spatial dimensions.

    poolsize is a number, one for each S, or "global" for a window as large as X. Stride and Padding
    as in dlconv; padding counts as −Inf. Of equal elements the first gets the derivative.

    Example:
        >>> from tinydl import dlarray, maxpool
        >>> maxpool(dlarray([[1, 5], [3, 2]], "SS"), 2)
        1(S) × 1(S) dlarray
        [[5.]]
    """
    labelled = data_format(X, DataFormat, "maxpool", needs="S")
    if _is_global(poolsize, Stride, Padding, "maxpool"):
        return labelled.back(_largest(labelled.X))
    size, stride, widths = _window(labelled.X, poolsize, Stride, Padding, "maxpool")
    value = pool.maxpool(arithmetic(labelled.X._value), size=size, stride=stride, padding=widths)
    return labelled.back(dlarray._make(value, labelled.X.dims))


@named_options
def avgpool(
    X: dlarray,
    poolsize: Any,
    *,
    Stride: Any = 1,
    Padding: Any = 0,
    PaddingValue: Any = 0,
    DataFormat: str | None = None,
) -> dlarray:
    """The average under a window slid over the spatial dimensions.

    poolsize is a number, one for each S, or "global" for a window as large as X. Stride and Padding
    as in dlconv. PaddingValue=0 counts padding as zeros, "mean" leaves it out of the average.

    Example:
        >>> from tinydl import avgpool, dlarray
        >>> avgpool(dlarray([[1, 5], [3, 3]], "SS"), "global")
        1(S) × 1(S) dlarray
        [[3.]]
    """
    labelled = data_format(X, DataFormat, "avgpool", needs="S")
    if PaddingValue != "mean" and (isinstance(PaddingValue, str) or PaddingValue != 0):
        raise ValueError(f'avgpool: PaddingValue is 0 or "mean", not {PaddingValue!r}')
    if _is_global(poolsize, Stride, Padding, "avgpool"):
        return labelled.back(mean(labelled.X, "S"))
    size, stride, widths = _window(labelled.X, poolsize, Stride, Padding, "avgpool")
    value = pool.avgpool(
        arithmetic(labelled.X._value),
        size=size,
        stride=stride,
        padding=widths,
        padding_value="mean" if PaddingValue == "mean" else "zero",
    )
    return labelled.back(dlarray._make(value, labelled.X.dims))


def _is_global(poolsize: Any, Stride: Any, Padding: Any, caller: str) -> bool:
    """Whether the window is as large as X; it then has nowhere to go, and nothing around it."""
    if not isinstance(poolsize, str):
        return False
    if poolsize != "global":
        raise ValueError(f'{caller}: poolsize is numbers or "global", not {poolsize!r}')
    if not (isinstance(Stride, int) and Stride == 1 and isinstance(Padding, int) and Padding == 0):
        raise ValueError(f'{caller}: with the poolsize "global" there is no Stride and no Padding')
    return True


def _largest(X: dlarray) -> dlarray:
    for i in find(X.dims, "S"):
        X = max(X, axis=i)
    return X


def _window(
    X: dlarray, poolsize: Any, Stride: Any, Padding: Any, caller: str
) -> tuple[Shape, Shape, Widths]:
    rank = X.dims.count("S")
    stride = per_dimension(Stride, rank, f"{caller}: Stride")
    size = per_dimension(poolsize, rank, f"{caller}: poolsize")
    return size, stride, padding_widths(Padding, X.shape[:rank], size, stride, (1,) * rank)
