"""The elements in another order or repeated: flip, circshift, shiftdim, repelem, blkdiag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of
from tinydl.functions.arguments import axes, numbers_too, whole_sizes
from tinydl.functions.shape import permute
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.classes import common, to_class
from tinydl.labels.devices import together
from tinydl.labels.display import header
from tinydl.primitives import shape
from tinydl.primitives.reduce import broadcast

Axis = int | tuple[int, ...] | None


@numbers_too
def ipermute(X: Any, order: Sequence[int]) -> Any:
    """What permute with the same order has made X from: dimension order[i] is dimension i of X.

    The order names every dimension of X once, counted from 0; labels as in permute.

    Example:
        >>> from tinydl import ipermute, ones, permute, size
        >>> order = (1, 2, 0)
        >>> size(ipermute(permute(ones(2, 3, 4), order), order))
        (2, 3, 4)
    """
    order = tuple(order)
    if sorted(order) != list(range(len(order))) or len(order) < X.ndim:
        raise ValueError(
            f"ipermute: {order} is no order of the dimensions 0 … {max(X.ndim - 1, 0)} of "
            f"{header(X, X.dims)}"
        )
    return permute(X, shape.inverse(order))


# ---- turned round -------------------------------------------------------------------------------


@numbers_too
def flip(X: Any, dim: str | None = None, *, axis: Axis = None) -> Any:
    """X with the elements along the named dimensions in reverse order. Labels stay.

    Without a name the only dimension longer than 1 is meant.

    Example:
        >>> from tinydl import flip
        >>> flip([[1, 2], [3, 4]], axis=1)
        array([[2., 1.],
               [4., 3.]])
    """
    turned = axes(X, dim, axis, "flip")
    index = tuple([slice(None, None, -1 if i in turned else 1) for i in range(X.ndim)])
    return dlarray._make(shape.take(X._value, index=index), X.dims)


@numbers_too
def fliplr(X: Any) -> Any:
    """X with left and right exchanged: its second dimension reversed.

    Example:
        >>> from tinydl import fliplr
        >>> fliplr([[1, 2, 3]])
        array([[3., 2., 1.]])
    """
    if X.ndim < 2:
        raise ValueError(f"fliplr: {header(X, X.dims)} has no second dimension; use flip(X)")
    return flip(X, axis=1)


@numbers_too
def flipud(X: Any) -> Any:
    """X upside down: its first dimension reversed.

    Example:
        >>> from tinydl import flipud
        >>> flipud([[1], [2], [3]])
        array([[3.],
               [2.],
               [1.]])
    """
    return flip(X, axis=0 if X.ndim else ())


@numbers_too
def circshift(X: Any, k: Any, dim: str | None = None, *, axis: Axis = None) -> Any:
    """X with its elements moved k positions on along a dimension; the last come in at the front.

    A negative k moves them back. Several numbers shift along as many dimensions: those that the
    label or axis= names, or without a name the first ones. One number without a name shifts along
    the only dimension longer than 1. Labels stay.

    Example:
        >>> from tinydl import circshift
        >>> circshift([1, 2, 3, 4], 1)
        array([4., 1., 2., 3.])
        >>> circshift([[1, 2], [3, 4], [5, 6]], (1, 1))
        array([[6., 5.],
               [2., 1.],
               [4., 3.]])
    """
    several = isinstance(k, (tuple, list))
    shifts = whole_numbers(tuple(k) if several else (k,), "circshift: k")
    if several and dim is None and axis is None:
        axis = tuple(range(len(shifts)))
    along = axes(X, dim, axis, "circshift")
    if not several:
        shifts = shifts * len(along)
    if len(shifts) != len(along):
        raise ValueError(f"circshift: {len(shifts)} shifts along {len(along)} dimensions")
    value = X._value
    for i, n in zip(along, shifts, strict=True):
        value = _rolled(value, i, n)
    return dlarray._make(value, X.dims)


def _rolled(value: Any, axis: int, k: int) -> Any:
    length = value.shape[axis]
    if length == 0 or k % length == 0:
        return value
    before, cut = (slice(None),) * axis, length - k % length
    front = shape.take(value, index=(*before, slice(cut, None)))
    back = shape.take(value, index=(*before, slice(None, cut)))
    return shape.concatenate(front, back, axis=axis)


def whole_numbers(given: tuple[Any, ...], what: str) -> tuple[int, ...]:
    """Numbers of positions, which may be negative, as Python's integers."""
    for n in given:
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise ValueError(f"{what} is a whole number, such as 2 or -1, not {n!r}")
    return tuple([int(n) for n in given])


@numbers_too
def shiftdim(X: Any, n: int | None = None, *, nargout: int = 1) -> Any:
    """The dimensions of X moved n places to the left; the first ones come in at the end.

    A negative n puts as many dimensions of size 1 in front instead. Without n the dimensions of
    size 1 in front go away, down to two dimensions, and nargout=2 also gives their number; a
    labelled array then loses their labels. Otherwise the dimensions of a labelled array stay where
    its labels must stand, and shiftdim raises ValueError.

    Example:
        >>> from tinydl import ones, shiftdim, size
        >>> size(shiftdim(ones(2, 3, 4), 1)), size(shiftdim(ones(2, 3), -1))
        ((3, 4, 2), (1, 2, 3))
        >>> size(shiftdim(ones(1, 1, 3)))
        (3, 1)
    """
    if nargout not in (1, 2) or (nargout == 2 and n is not None):
        raise ValueError("shiftdim gives one output, or without n one or two (nargout=2)")
    if n is None:
        leading = next((i for i, size in enumerate(X.shape) if size != 1), 0)
        Y = _without_first(X, leading)
        return (Y, leading) if nargout == 2 else Y
    (n,) = whole_numbers((n,), "shiftdim: n")
    if n < 0:
        if X.dims:
            raise ValueError(f"shiftdim: a new dimension of {header(X, X.dims)} would have no "
                             "label; use dlarray(X, format) with more labels")  # fmt: skip
        sizes = (*(1,) * -n, *X.shape)
        return dlarray._make(shape.reshape(X._value, shape=sizes, order="C"), "")
    places = tuple(range(X.ndim))
    n = n % X.ndim if X.ndim else 0
    return permute(X, (*places[n:], *places[:n]))


def _without_first(X: dlarray, leading: int) -> dlarray:
    """X without its first dimensions, which have size 1."""
    sizes = X.shape[leading:]
    if not X.dims:
        sizes = (*sizes, *(1,) * (min(X.ndim, 2) - len(sizes)))
    return dlarray._make(shape.reshape(X._value, shape=sizes, order="C"), X.dims[leading:])


# ---- repeated and joined ------------------------------------------------------------------------


@numbers_too
def repelem(X: Any, *times: Any) -> Any:
    """Each element several times in a row: of a vector times[0] times, or times[i] by dimension.

    Each of the numbers may also be a list with one number for every position along its dimension.
    With one argument X must be a vector; a number becomes a row. Labels stay.

    Example:
        >>> from tinydl import repelem
        >>> repelem([1, 2], 2)
        array([1., 1., 2., 2.])
        >>> repelem([[1, 2]], 2, [1, 3])
        array([[1., 2., 2., 2.],
               [1., 2., 2., 2.]])
    """
    if not times:
        raise TypeError("repelem: say how often, repelem(X, 2) or repelem(X, 2, 3)")
    if len(times) == 1:
        X, times = _along_its_length(X, times[0])
    if X.dims and len(times) > X.ndim:
        raise ValueError(f"repelem: {len(times)} numbers for {header(X, X.dims)}; a new dimension "
                         "would have no label")  # fmt: skip
    sizes = (*X.shape, *(1,) * (len(times) - X.ndim))
    value = shape.reshape(X._value, shape=sizes, order="C")
    for i, r in enumerate(times):
        value = _each_in_a_row(value, i, r)
    return dlarray._make(value, X.dims)


def _along_its_length(X: dlarray, times: Any) -> tuple[dlarray, tuple[Any, ...]]:
    """A vector, and the number of repetitions along each of its dimensions."""
    if X.ndim == 0:
        X = dlarray._make(shape.reshape(X._value, shape=(1, 1)), "")
    long = [i for i, n in enumerate(X.shape) if n != 1] or [X.ndim - 1]
    if len(long) > 1 or X.ndim > 2:
        raise ValueError(
            f"repelem: {header(X, X.dims)} is no vector; give one number for each dimension, "
            f"such as repelem(X, {', '.join(['2'] * X.ndim)})"
        )
    return X, tuple([times if i == long[0] else 1 for i in range(X.ndim)])


def _each_in_a_row(value: Any, axis: int, times: Any) -> Any:
    length = value.shape[axis]
    if not hasattr(times, "__len__"):
        (r,) = whole_sizes((times,), "repelem")
        before, after = value.shape[:axis], value.shape[axis + 1 :]
        apart = shape.reshape(value, shape=(*before, length, 1, *after), order="C")
        repeated = broadcast(apart, shape=(*before, length, r, *after))
        return shape.reshape(repeated, shape=(*before, length * r, *after), order="C")
    counts = whole_sizes(tuple(times), "repelem")
    if len(counts) != length:
        raise ValueError(f"repelem: {len(counts)} numbers for the {length} positions of "
                         f"dimension {axis}")  # fmt: skip
    positions = [i for i, r in enumerate(counts) for _ in range(r)]
    at = on_device_of(plain(value), host.asarray(positions, "int64"))
    return shape.take(value, index=(*(slice(None),) * axis, at))


def blkdiag(*arrays: Any) -> Any:
    """The matrices one below the other and beside the other along the diagonal, zeros elsewhere.

    Numbers count as 1×1. Labelled arrays raise ValueError: strip their labels first. One matrix of
    class single makes the result single.

    Example:
        >>> from tinydl import blkdiag
        >>> blkdiag([[1, 2]], 3)
        array([[1., 2., 0.],
               [0., 0., 3.]])
    """
    if not arrays:
        raise ValueError("blkdiag: there is nothing to join")
    names = [f"blkdiag: array {i}" for i in range(len(arrays))]
    values = [_matrix(x, name) for x, name in zip(arrays, names, strict=True)]
    classes = {v.dtype for v in values}
    dtype = classes.pop() if len(classes) == 1 else common(*classes)
    blocks = [to_class(v, dtype) for v in together(values, names)]
    width, left, rows = sum([v.shape[1] for v in blocks]), 0, []
    for v in blocks:
        right = width - left - v.shape[1]
        rows.append(shape.pad(v, widths=((0, 0), (left, right))))
        left += v.shape[1]
    joined = dlarray._make(shape.concatenate(*rows, axis=0), "")
    return joined if any([isinstance(x, dlarray) for x in arrays]) else joined._value


def _matrix(x: Any, name: str) -> Any:
    value, fmt = value_and_format(x, name)
    if value.ndim == 1:
        raise ValueError(f"{name} is a vector of {value.shape[0]} elements; say which way it lies: "
                         "v[:, None] is a column, v[None, :] is a row")  # fmt: skip
    if fmt or value.ndim > 2:
        raise ValueError(f"{name} is {formats.describe(fmt, value.shape)}; matrices without labels "
                         "are joined: stripdims(X)")  # fmt: skip
    return shape.reshape(value, shape=(1, 1), order="C") if value.ndim == 0 else value
