"""Along dimensions: sums, means, extremes.

A dimension is named by its label, ``sum(X, "C")``, or by its position from 0, ``sum(X, axis=0)``;
``"all"`` names all of them. It stays, with size 1 and its label, except that "all" gives a number.
Without a name the only dimension longer than 1 is meant; if there are several an error asks which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tinydl.autodiff.record import plain
from tinydl.functions.arguments import axes, numbers_too, outputs
from tinydl.labels import dlarray
from tinydl.labels.apply import binary
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.primitives import elementwise, reduce
from tinydl.primitives.shape import reshape

Axis = int | tuple[int, ...] | None


class _Extreme(NamedTuple):
    """The three operations behind max, or behind min."""

    along: Callable[..., Any]
    position: Callable[..., Any]
    of_two: Callable[..., Any]


_MAX = _Extreme(reduce.max, reduce.first_max, elementwise.maximum)
_MIN = _Extreme(reduce.min, reduce.first_min, elementwise.minimum)


@numbers_too
def sum(X: Any, dim: str | None = None, *, axis: Axis = None) -> Any:
    """The sum over the named dimensions.

    Example:
        >>> from tinydl import dlarray, sum
        >>> X = dlarray([[1, 2], [3, 4]], "CB")
        >>> sum(X, "C")
        1(C) × 2(B) dlarray
        [[4. 6.]]
        >>> float(sum(X, "all"))
        10.0
    """
    return _along(X, dim, axis, "sum", reduce.sum)


@numbers_too
def mean(X: Any, dim: str | None = None, *, axis: Axis = None) -> Any:
    """The mean over the named dimensions.

    Example:
        >>> from tinydl import mean
        >>> mean([[1.0, 2.0], [3.0, 6.0]], axis=1)
        array([[1.5],
               [4.5]])
    """
    return _along(X, dim, axis, "mean", reduce.mean)


@numbers_too
def max(X: Any, other: Any = None, *, axis: Axis = None, nargout: int = 1) -> Any:
    """The largest elements along a dimension, or the larger of two arrays element by element.

    ``max(X, "C")`` and ``max(X, axis=0)`` reduce; nargout=2 also gives the positions, from 0, as a
    plain integer array. ``max(X, Y)`` compares two arrays. Of equal elements along a dimension the
    first one gets the derivative; between two arrays they share it.

    Example:
        >>> from tinydl import max
        >>> max([[1.0, 5.0], [4.0, 2.0]], axis=0, nargout=2)
        (array([[4., 5.]]), array([[1, 0]]))
        >>> max([1.0, -1.0], 0)
        array([1., 0.])
    """
    return _extreme(X, other, axis, nargout, "max", _MAX)


@numbers_too
def min(X: Any, other: Any = None, *, axis: Axis = None, nargout: int = 1) -> Any:
    """The smallest elements along a dimension, or the smaller of two arrays; see max.

    Example:
        >>> from tinydl import min
        >>> min([[1.0, 5.0], [4.0, 2.0]], axis=1)
        array([[1.],
               [2.]])
    """
    return _extreme(X, other, axis, nargout, "min", _MIN)


def _along(X: dlarray, dim: Any, axis: Any, caller: str, primitive: Callable[..., Any]) -> dlarray:
    chosen = axes(X, dim, axis, caller)
    return _finish(X, primitive(arithmetic(X._value), axis=chosen), dim, axis)


def _finish(X: dlarray, value: Any, dim: Any, axis: Any) -> dlarray:
    """The labels of a reduction: they stay, except that "all" and plain vectors give a number."""
    if dim == "all" or (dim is None and axis is None and not X.dims):
        return dlarray._make(reshape(value, shape=(), order="C"), "")
    return dlarray._make(value, X.dims)


def _extreme(
    X: dlarray,
    other: Any,
    axis: Any,
    nargout: int,
    caller: str,
    extreme: _Extreme,
) -> Any:
    if other is not None and not isinstance(other, str):
        if axis is not None or outputs(nargout, 2, caller) == 2:
            raise TypeError(f"{caller} of two arrays has no axis and one output")
        return binary(extreme.of_two, X, other)
    chosen = axes(X, other, axis, caller)
    for i in chosen:
        if X.shape[i] == 0:
            raise ValueError(f"{caller}: {header(X, X.dims)} has no elements to choose from")
    value = arithmetic(X._value)
    if outputs(nargout, 2, caller) == 1:
        for i in chosen:
            value = extreme.along(value, axis=i)
        return _finish(X, value, other, axis)
    longer = [i for i in chosen if X.shape[i] != 1] or list(chosen[:1])
    if len(longer) != 1:
        raise ValueError(f"{caller}: positions are given along one dimension, not {len(longer)}")
    where = extreme.position(plain(value), longer[0])
    largest = _finish(X, extreme.along(value, axis=longer[0]), other, axis)
    return largest, where.reshape(largest.shape)
