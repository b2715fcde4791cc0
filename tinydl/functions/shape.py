"""The same numbers in another shape, in MATLAB's column-major order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinydl.functions.arguments import axes, numbers_too, whole_sizes
from tinydl.labels import align, dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.classes import common, to_class
from tinydl.labels.devices import together
from tinydl.labels.display import header
from tinydl.primitives import shape


@numbers_too
def reshape(X: Any, *sizes: Any) -> Any:
    """The elements in another shape, both read with the first index running fastest.

    One size may be -1 or []: it is worked out from the others. The result has no labels.

    Example:
        >>> from tinydl import reshape
        >>> reshape([[1, 2], [3, 4]], 1, 4)
        array([[1., 3., 2., 4.]])
        >>> reshape([[1, 2], [3, 4]], -1)
        array([1., 3., 2., 4.])
    """
    if len(sizes) == 1 and hasattr(sizes[0], "__iter__"):
        sizes = tuple(sizes[0])
    open_sizes = [-1 if isinstance(n, list) and not n else n for n in sizes]
    wanted = list(whole_sizes(tuple(open_sizes), "reshape", least=-1))
    count = math.prod(X.shape)
    if wanted.count(-1) == 1:
        known = math.prod(n for n in wanted if n != -1)
        if known and count % known == 0:
            wanted[wanted.index(-1)] = count // known
    if -1 in wanted or math.prod(wanted) != count:
        raise ValueError(
            f"reshape: the {count} elements of {header(X, X.dims)} do not fill "
            f"{' × '.join(map(str, sizes))}"
        )
    return dlarray._make(shape.reshape(X._value, shape=tuple(wanted)), "")


@numbers_too
def permute(X: Any, order: Sequence[int]) -> Any:
    """Dimension i of the result is dimension order[i] of X, counted from 0.

    Positions beyond the last dimension of X stand for dimensions of size 1. A labelled array can
    only be permuted among equal labels, since its labels have a fixed order.

    Example:
        >>> from tinydl import ones, permute, size
        >>> size(permute(ones(2, 3), (1, 2, 0)))
        (3, 1, 2)
    """
    order = tuple(order)
    if sorted(order) != list(range(len(order))) or len(order) < X.ndim:
        raise ValueError(
            f"permute: {order} is no order of the dimensions 0 … {max(X.ndim - 1, 0)} of "
            f"{header(X, X.dims)}"
        )
    if X.dims and (len(order) > X.ndim or formats.permute(X.dims, order) != X.dims):
        raise ValueError(
            f"permute: the labels of {header(X, X.dims)} keep their order; use "
            "permute(stripdims(X), …) and dlarray(…, format)"
        )
    value = X._value
    if len(order) > X.ndim:
        longer = (*X.shape, *(1,) * (len(order) - X.ndim))
        value = shape.reshape(value, shape=longer, order="C")
    return dlarray._make(shape.transpose(value, axes=order), X.dims)


@numbers_too
def transpose(X: Any) -> Any:
    """Rows and columns exchanged. A labelled array needs the same label on both.

    Example:
        >>> from tinydl import transpose
        >>> transpose([[1, 2]])
        array([[1.],
               [2.]])
    """
    if X.ndim != 2:
        raise ValueError(f"transpose: {header(X, X.dims)} is no matrix; use permute")
    return permute(X, (1, 0))


@numbers_too
def squeeze(X: Any) -> Any:
    """X without its dimensions of size 1; what has two dimensions or fewer stays.

    Example:
        >>> from tinydl import ones, size, squeeze
        >>> size(squeeze(ones(2, 1, 3))), size(squeeze(ones(1, 3)))
        ((2, 3), (1, 3))
    """
    if X.ndim <= 2:
        return dlarray(X)
    short = tuple([i for i, n in enumerate(X.shape) if n == 1])
    sizes = tuple([n for n in X.shape if n != 1])
    value = shape.reshape(X._value, shape=sizes, order="C")
    return dlarray._make(value, formats.without(X.dims, short))


@numbers_too
def repmat(X: Any, *times: Any) -> Any:
    """X laid side by side, times[i] copies along dimension i. Labels stay.

    repmat(X, n) makes n × n copies, as in MATLAB.

    Example:
        >>> from tinydl import repmat
        >>> repmat([[1, 2]], 2, 2)
        array([[1., 2., 1., 2.],
               [1., 2., 1., 2.]])
    """
    if len(times) == 1:
        times = tuple(times[0]) if hasattr(times[0], "__iter__") else (times[0], times[0])
    times = whole_sizes(times, "repmat")
    rank = max(X.ndim, len(times))
    if X.dims and rank > X.ndim:
        if any(n != 1 for n in times[X.ndim :]):
            raise ValueError(
                f"repmat: {len(times)} numbers of copies for {header(X, X.dims)}; a new dimension "
                "would have no label"
            )
        times, rank = times[: X.ndim], X.ndim
    value = shape.reshape(X._value, shape=(*X.shape, *(1,) * (rank - X.ndim)), order="C")
    copies = (*times, *(1,) * (rank - len(times)))
    return dlarray._make(shape.repmat(value, times=copies), X.dims)


def cat(dim: str | None, *arrays: Any, axis: int | None = None) -> Any:
    """Arrays laid one after the other along a dimension.

    The dimension is a label, ``cat("C", X, T)``, or a position from 0, ``cat(None, X, T, axis=0)``;
    ``vertcat`` and ``horzcat`` name the first two. Labelled arrays must have equal formats; those
    without labels are taken as having the same. One operand of class single makes it all single.

    Example:
        >>> from tinydl import cat, dlarray
        >>> cat("C", dlarray([[1, 2]], "CB"), dlarray([[3, 4]], "CB"))
        2(C) × 2(B) dlarray
        [[1. 2.]
         [3. 4.]]
    """
    if dim is not None and not isinstance(dim, str):
        raise TypeError(
            f"cat: the first argument names the dimension, and a {type(dim).__name__} does not; "
            'write cat("C", …) by label, or cat(None, …, axis=0) by position, counted from 0'
        )
    if not arrays:
        raise ValueError("cat: there is nothing to join")
    pairs = [value_and_format(x, f"cat: array {i}") for i, x in enumerate(arrays)]
    formats_given = {fmt for _, fmt in pairs if fmt}
    if len(formats_given) > 1:
        raise ValueError(
            f"cat: arrays of the formats {' and '.join(sorted(formats_given))} cannot be joined; "
            "give them one format with dlarray(stripdims(X), format)"
        )
    fmt = "".join(formats_given)
    rank = len(fmt) or max([value.ndim for value, _ in pairs])
    names = [f"array {i}" for i in range(len(pairs))]
    values = _alike(together([value for value, _ in pairs], names), rank)
    at = _joining_axis(dlarray._make(values[0], fmt), dim, axis)
    values = [_with_rank(v, max(rank, at + 1)) for v in values]
    _check_sizes(values, at)
    joined = dlarray._make(shape.concatenate(*values, axis=at), fmt)
    return joined if any(isinstance(x, dlarray) for x in arrays) else joined._value


def _joining_axis(first: dlarray, dim: str | None, axis: int | None) -> int:
    if dim is None and axis is None:
        raise TypeError('cat: name the dimension, cat("C", …) or cat(None, …, axis=0)')
    if dim is None and not first.dims and isinstance(axis, int) and axis >= first.ndim:
        return axis  # beyond the last dimension: the arrays are stacked
    found = axes(first, dim, axis, "cat")
    if len(found) != 1:
        raise ValueError(f"cat: {header(first, first.dims)} has {len(found)} dimensions {dim}; "
                         "name one with axis=")  # fmt: skip
    return found[0]


def _alike(values: Sequence[Any], rank: int) -> list[Any]:
    """The values in one class and rank."""
    classes = {v.dtype for v in values}
    dtype = classes.pop() if len(classes) == 1 else common(*classes)
    for i, v in enumerate(values):
        if v.ndim == 1 < rank:
            raise ValueError(
                f"cat: array {i} is a vector of {v.shape[0]} elements among arrays of {rank} "
                "dimensions; say which way it lies: v[:, None] is a column, v[None, :] is a row"
            )
        if len(align.of_rank(v.shape, rank)) > rank:
            raise ValueError(
                f"cat: array {i} is {formats.describe('', v.shape)}, which has more dimensions "
                f"than the {rank} labels of the others"
            )
    return [_with_rank(to_class(v, dtype), rank) for v in values]


def _with_rank(x: Any, rank: int) -> Any:
    return shape.reshape(x, shape=align.of_rank(x.shape, rank), order="C")


def _check_sizes(values: list[Any], at: int) -> None:
    for i, v in enumerate(values):
        if v.shape[:at] + v.shape[at + 1 :] != values[0].shape[:at] + values[0].shape[at + 1 :]:
            raise ValueError(
                f"cat: array 0 is {formats.describe('', values[0].shape)} and array {i} is "
                f"{formats.describe('', v.shape)}; they may differ in dimension {at} only"
            )


def vertcat(*arrays: Any) -> Any:
    """Arrays one below the other: joined along the first dimension, MATLAB's [A; B].

    Example:
        >>> from tinydl import vertcat
        >>> vertcat([[1, 2]], [[3, 4]])
        array([[1., 2.],
               [3., 4.]])
    """
    return cat(None, *arrays, axis=0)


def horzcat(*arrays: Any) -> Any:
    """Arrays side by side: joined along the second dimension, MATLAB's [A, B].

    Example:
        >>> from tinydl import horzcat
        >>> horzcat([[1], [2]], [[3], [4]])
        array([[1., 3.],
               [2., 4.]])
    """
    return cat(None, *arrays, axis=1)
