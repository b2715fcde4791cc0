"""What an array is: its labels, sizes and class."""

from __future__ import annotations

import math
from typing import Any

from tinydl.backend import host
from tinydl.functions.arguments import axes, only_dlarray
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import NAME, as_array


def dims(X: dlarray) -> str:
    """The format of a dlarray, '' without labels.

    Example:
        >>> from tinydl import dlarray, dims
        >>> dims(dlarray([[1, 2], [3, 4]], "TS"))
        'ST'
    """
    return only_dlarray(X, "dims").dims


def finddim(X: dlarray, label: str) -> tuple[int, ...]:
    """The positions, from 0, of the dimensions with a label; empty if there is none.

    Pass them on as ``axis=``: ``sum(X, axis=finddim(X, "S"))``.

    Example:
        >>> from tinydl import dlarray, finddim, ones
        >>> finddim(dlarray(ones(4, 3, 2, 5), "SSCB"), "S")
        (0, 1)
    """
    return formats.find(only_dlarray(X, "finddim").dims, formats.check(label, "finddim: the label"))


def size(X: Any, dim: str | None = None, *, axis: int | tuple[int, ...] | None = None) -> Any:
    """The sizes of all dimensions as a tuple, or the size of the one that is named.

    dim is a label, such as "B"; axis a position from 0. Several dimensions give a tuple.

    Example:
        >>> from tinydl import dlarray, ones, size
        >>> X = dlarray(ones(4, 3, 2, 5), "SSCB")
        >>> size(X), size(X, "B"), size(X, "S"), size(X, axis=2)
        ((4, 3, 2, 5), 5, (4, 3), 2)
    """
    shape = X.shape if hasattr(X, "shape") else as_array(X, "X").shape
    if dim is None and axis is None:
        return tuple(shape)
    # Indices and labels have sizes too, though their class is none of a dlarray's.
    array = X if isinstance(X, dlarray) else dlarray._make(host.broadcast_to(0.0, shape), "")
    sizes = tuple([shape[i] for i in axes(array, dim, axis, "size")])
    return sizes[0] if len(sizes) == 1 else sizes


def numel(X: Any) -> int:
    """The number of elements of an array or a categorical array, of entries of a list.

    Example:
        >>> from tinydl import numel, ones
        >>> numel(ones(4, 3))
        12
    """
    return len(X) if isinstance(X, (list, tuple)) else math.prod(size(X))


def ndims(X: Any) -> int:
    """The number of dimensions.

    Example:
        >>> from tinydl import ndims, ones
        >>> ndims(ones(4, 3, 2))
        3
    """
    return len(size(X))


def isdlarray(X: Any) -> bool:
    """Whether X is a dlarray.

    Example:
        >>> from tinydl import dlarray, isdlarray
        >>> isdlarray(dlarray(1.0)), isdlarray(1.0)
        (True, False)
    """
    return isinstance(X, dlarray)


def underlyingType(X: Any) -> str:
    """The class of the numbers: 'single', 'double' or 'logical'.

    Example:
        >>> from tinydl import dlarray, single, underlyingType
        >>> underlyingType(dlarray(single([1, 2])))
        'single'
    """
    return NAME[X.dtype if isinstance(X, dlarray) else as_array(X, "X").dtype]


def isUnderlyingType(X: Any, typename: str) -> bool:
    """Whether the numbers are of the class 'single', 'double' or 'logical'.

    Example:
        >>> from tinydl import dlarray, isUnderlyingType
        >>> isUnderlyingType(dlarray(1.0), "double")
        True
    """
    return underlyingType(X) == typename
