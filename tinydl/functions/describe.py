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


def length(X: Any) -> int:
    """The size of the longest dimension; 0 if there are no elements.

    Example:
        >>> from tinydl import length, ones, zeros
        >>> length(ones(4, 3)), length(zeros(0, 3))
        (4, 0)
    """
    return 0 if isempty(X) else max(matlab_size(X))


def height(X: Any) -> int:
    """The number of rows: the size of the first dimension.

    Example:
        >>> from tinydl import height, ones
        >>> height(ones(4, 3))
        4
    """
    return matlab_size(X)[0]


def width(X: Any) -> int:
    """The number of columns: the size of the second dimension, 1 if there is none.

    Example:
        >>> from tinydl import ones, width
        >>> width(ones(4, 3)), width([1, 2, 3])
        (3, 1)
    """
    return matlab_size(X)[1]


def matlab_size(X: Any) -> tuple[int, ...]:
    """The sizes as MATLAB has them, two at least: a 1-D array is a column, a number is 1×1."""
    sizes: tuple[int, ...] = size(X)
    return (*sizes, *(1,) * (2 - len(sizes)))


def isempty(X: Any) -> bool:
    """Whether a dimension has the size 0.

    Example:
        >>> from tinydl import isempty, zeros
        >>> isempty(zeros(0, 3)), isempty(0.0)
        (True, False)
    """
    return 0 in size(X)


def isscalar(X: Any) -> bool:
    """Whether all dimensions, at most two, have the size 1: one number.

    Example:
        >>> from tinydl import isscalar, ones
        >>> isscalar(3.0), isscalar(ones(1, 1)), isscalar(ones(1, 2))
        (True, True, False)
    """
    return matlab_size(X) == (1, 1)


def isvector(X: Any) -> bool:
    """Whether X is a column or a row. A 1-D array is a column.

    Example:
        >>> from tinydl import isvector, ones
        >>> isvector([1, 2]), isvector(ones(1, 2)), isvector(ones(2, 2))
        (True, True, False)
    """
    return iscolumn(X) or isrow(X)


def iscolumn(X: Any) -> bool:
    """Whether X is n × 1, as a 1-D array is too.

    Example:
        >>> from tinydl import iscolumn, ones
        >>> iscolumn(ones(2, 1)), iscolumn([1, 2]), iscolumn(ones(1, 2))
        (True, True, False)
    """
    return ismatrix(X) and width(X) == 1


def isrow(X: Any) -> bool:
    """Whether X is 1 × n.

    Example:
        >>> from tinydl import isrow, ones
        >>> isrow(ones(1, 2)), isrow([1, 2])
        (True, False)
    """
    return ismatrix(X) and height(X) == 1


def ismatrix(X: Any) -> bool:
    """Whether X has at most two dimensions.

    Example:
        >>> from tinydl import ismatrix, ones
        >>> ismatrix(ones(2, 3)), ismatrix(ones(2, 3, 4))
        (True, False)
    """
    return ndims(X) <= 2


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


def isfloat(X: Any) -> bool:
    """Whether the numbers are of the class single or double; False for what holds none.

    Example:
        >>> from tinydl import dlarray, isfloat
        >>> isfloat(dlarray([1.0])), isfloat([True, False]), isfloat("text")
        (True, False, False)
    """
    return _kind(X) in tuple("fc")


def isnumeric(X: Any) -> bool:
    """Whether X holds numbers, also whole ones; False for truth values and for text.

    Example:
        >>> from tinydl import isnumeric, randperm
        >>> isnumeric([1, 2]), isnumeric(randperm(3)), isnumeric([True, False])
        (True, True, False)
    """
    return _kind(X) in tuple("fciu")


def islogical(X: Any) -> bool:
    """Whether X holds truth values.

    Example:
        >>> from tinydl import dlarray, islogical
        >>> islogical(dlarray([1.0, 2.0]) > 1), islogical(1.0)
        (True, False)
    """
    return _kind(X) == "b"


def _kind(X: Any) -> str:
    """NumPy's letter for the kind of numbers that X holds; '' if it holds none."""
    if isinstance(X, (bool, int, float, list, tuple)):
        try:
            X = as_array(X)
        except (TypeError, ValueError):  # a list, but not of numbers
            return ""
    return X.dtype.kind if hasattr(X, "dtype") else ""
