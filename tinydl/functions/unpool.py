"""Unpooling: what a maxpool chose, back in its place."""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, is_array, on_device_of, xp
from tinydl.functions.arguments import whole_sizes
from tinydl.functions.formats import data_format
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.shape import reshape, scatter, take


@named_options
def maxunpool(Y: dlarray, idx: Any, outputSize: Any, *, DataFormat: str | None = None) -> dlarray:
    """Zeros of the size outputSize, with the elements of Y at the positions idx.

    idx and outputSize are the second and third output of maxpool: idx is an integer array in the
    shape of Y, of positions in the whole result, counted from 0 in column-major order. outputSize
    has a size for each dimension of Y, the same as Y's for channels and observations. The result
    has the labels of Y; DataFormat= names those of a Y without.

    If a position is named several times, by windows that overlap, the last element of Y in
    column-major order stands there, and it alone has a derivative.

    Raises ValueError for an idx of another shape, or a position beyond outputSize.

    Example:
        >>> from tinydl import dlarray, maxpool, maxunpool
        >>> X = dlarray([[1.0, 5.0, 2.0, 0.0], [4.0, 3.0, 0.0, 7.0]], "SS")
        >>> maxunpool(*maxpool(X, 2, Stride=2, nargout=3))
        2(S) × 4(S) dlarray
        [[0. 5. 0. 0.]
         [0. 0. 0. 7.]]
    """
    labelled = data_format(Y, DataFormat, "maxunpool")
    Y = Y if isinstance(Y, dlarray) else dlarray(Y)
    size = _output_size(Y, outputSize, Y.dims if labelled.fmt is None else labelled.fmt)
    where = _positions(Y, idx, math.prod(size), size)
    y = reshape(arithmetic(Y._value), shape=where.shape)
    last = _last_of_each(where, math.prod(size))
    if len(last) < len(where):
        y, where = take(y, index=(last,)), where[last]
    x = scatter(y, index=(where,), shape=(math.prod(size),))
    return dlarray._make(reshape(x, shape=size), Y.dims)


def _output_size(Y: dlarray, outputSize: Any, fmt: str) -> tuple[int, ...]:
    """outputSize, if it fits Y."""
    given = outputSize if hasattr(outputSize, "__len__") else (outputSize,)
    size = whole_sizes(tuple(given), "maxunpool: outputSize")
    dims = zip(size, Y.shape, fmt, strict=False)
    if len(size) != Y.ndim or any([n != m and label not in "ST" for n, m, label in dims]):
        raise ValueError(
            f"maxunpool: outputSize {formats.describe('', size)} for {header(Y, Y.dims)}; it has "
            "the size of each dimension, and only those of S and T differ from Y's"
        )
    return size


def _positions(Y: dlarray, idx: Any, count: int, size: tuple[int, ...]) -> Any:
    """idx as one run of positions in column-major order, on the device of Y."""
    idx = idx if is_array(idx) else host.asarray(idx)
    if idx.dtype.kind not in "iu":
        raise TypeError(
            f"maxunpool: idx has the class {idx.dtype}; positions are integers, as "
            "maxpool(..., nargout=2) gives them"
        )
    if idx.shape != Y.shape:
        raise ValueError(
            f"maxunpool: idx of {formats.describe('', idx.shape)} for {header(Y, Y.dims)}; there "
            "is a position for each element"
        )
    where = on_device_of(plain(Y._value), idx).reshape(-1, order="F")
    if len(where) and not (0 <= int(where.min()) and int(where.max()) < count):
        raise ValueError(
            f"maxunpool: idx has positions from {int(where.min())} to {int(where.max())}; an "
            f"output of {formats.describe('', size)} has those from 0 to {count - 1}"
        )
    return where


def _last_of_each(where: Any, count: int) -> Any:
    """Which entries of a run of positions are the last that name theirs."""
    lib = xp(where)
    entries = lib.arange(len(where))
    last = lib.zeros((count,), entries.dtype)
    lib.maximum.at(last, where, entries)
    (found,) = lib.nonzero(last[where] == entries)
    return found
