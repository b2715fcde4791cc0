"""Along dimensions: sums, products, means, extremes.

A dimension is named by its label, ``sum(X, "C")``, or by its position from 0, ``sum(X, axis=0)``;
``"all"`` names all of them. It stays, with size 1 and its label, except that "all" gives a number.
Without a name the only dimension longer than 1 is meant; if there are several an error asks which.

NaN among the elements makes the result NaN. With nanflag="omitnan" it is left out: nothing left
makes a sum 0, a product 1, and everything else NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import axes, numbers_too, one_of, outputs
from tinydl.labels import dlarray
from tinydl.labels.apply import binary
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.primitives import elementwise, reduce
from tinydl.primitives.product import product
from tinydl.primitives.shape import reshape
from tinydl.primitives.statistics import weighted_mean

Axis = int | tuple[int, ...] | None


class _Extreme(NamedTuple):
    """The three operations behind max, or behind min."""

    along: Callable[..., Any]
    position: Callable[..., Any]
    of_two: Callable[..., Any]
    position_but_nan: Callable[..., Any]


_MAX = _Extreme(
    reduce.max, reduce.first_max, elementwise.maximum,
    reduce.but_nan(reduce.first_max, -math.inf),
)  # fmt: skip
_MIN = _Extreme(
    reduce.min, reduce.first_min, elementwise.minimum,
    reduce.but_nan(reduce.first_min, math.inf),
)  # fmt: skip


@numbers_too
def sum(X: Any, dim: str | None = None, *, axis: Axis = None, nanflag: str = "includenan") -> Any:
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
    value, chosen = value_along(X, dim, axis, "sum")
    if omits_nan(nanflag, "sum"):
        value = reduce.nan_to(value, 0.0)
    return finish(X, reduce.sum(value, axis=chosen), dim, axis)


@numbers_too
def prod(X: Any, dim: str | None = None, *, axis: Axis = None, nanflag: str = "includenan") -> Any:
    """The product over the named dimensions, with exact derivatives at zeros too.

    Example:
        >>> from tinydl import prod
        >>> prod([[1.0, 2.0], [3.0, 4.0]], axis=0)
        array([[3., 8.]])
    """
    value, chosen = value_along(X, dim, axis, "prod")
    if omits_nan(nanflag, "prod"):
        value = reduce.nan_to(value, 1.0)
    for i in chosen:
        value = product(value, axis=i)
    return finish(X, value, dim, axis)


@numbers_too
def mean(X: Any, dim: str | None = None, *, axis: Axis = None, nanflag: str = "includenan") -> Any:
    """The mean over the named dimensions. Of no elements it is NaN.

    Example:
        >>> from tinydl import mean
        >>> mean([[1.0, 2.0], [3.0, 6.0]], axis=1)
        array([[1.5],
               [4.5]])
    """
    value, chosen = value_along(X, dim, axis, "mean")
    if omits_nan(nanflag, "mean"):
        value, weight = but_nan(value)
        return finish(X, weighted_mean(value, weight, axis=chosen), dim, axis)
    return finish(X, reduce.mean(value, axis=chosen), dim, axis)


@numbers_too
def max(
    X: Any,
    other: Any = None,
    *,
    axis: Axis = None,
    nanflag: str = "includenan",
    nargout: int = 1,
) -> Any:
    """The largest elements along a dimension, or the larger of two arrays element by element.

    ``max(X, "C")`` and ``max(X, axis=0)`` reduce; nargout=2 also gives the positions, from 0, as a
    plain integer array. ``max(X, Y)`` compares two arrays. Of equal elements along a dimension the
    first one gets the derivative; between two arrays they share it. NaN is passed on, unlike in
    MATLAB, unless nanflag="omitnan" asks for the largest number.

    Example:
        >>> from tinydl import max
        >>> max([[1.0, 5.0], [4.0, 2.0]], axis=0, nargout=2)
        (array([[4., 5.]]), array([[1, 0]]))
        >>> max([1.0, -1.0], 0)
        array([1., 0.])
    """
    return _extreme(X, other, axis, omits_nan(nanflag, "max"), nargout, "max", _MAX)


@numbers_too
def min(
    X: Any,
    other: Any = None,
    *,
    axis: Axis = None,
    nanflag: str = "includenan",
    nargout: int = 1,
) -> Any:
    """The smallest elements along a dimension, or the smaller of two arrays; see max.

    Example:
        >>> from tinydl import min
        >>> min([[1.0, 5.0], [4.0, 2.0]], axis=1)
        array([[1.],
               [2.]])
    """
    return _extreme(X, other, axis, omits_nan(nanflag, "min"), nargout, "min", _MIN)


@numbers_too
def bounds(
    X: Any,
    dim: str | None = None,
    *,
    axis: Axis = None,
    nanflag: str = "includenan",
    nargout: int = 1,
) -> Any:
    """The smallest elements along a dimension, and with nargout=2 the largest ones too.

    Example:
        >>> from tinydl import bounds
        >>> S, L = bounds([[1.0, 5.0], [4.0, 2.0]], axis=1, nargout=2)
        >>> S.tolist(), L.tolist()
        ([[1.0], [2.0]], [[5.0], [4.0]])
    """
    but_nan = omits_nan(nanflag, "bounds")
    axes(X, dim, axis, "bounds")  # a wrong dimension is refused under this name
    smallest = _extreme(X, dim, axis, but_nan, 1, "bounds", _MIN)
    if outputs(nargout, 2, "bounds") == 1:
        return smallest
    return smallest, _extreme(X, dim, axis, but_nan, 1, "bounds", _MAX)


# ---- what reductions have in common --------------------------------------------------------------


def value_along(X: dlarray, dim: Any, axis: Any, caller: str) -> tuple[Any, tuple[int, ...]]:
    """What a reduction works on: numbers, not logical ones, and the axes that are meant."""
    chosen = axes(X, dim, axis, caller)
    return arithmetic(X._value), chosen


def omits_nan(nanflag: str, caller: str) -> bool:
    """Whether NaN is to be left out."""
    return one_of(nanflag, ("includenan", "omitnan"), "nanflag", caller) == "omitnan"


def but_nan(value: Any) -> tuple[Any, Any]:
    """The value with 0 for NaN, and weights that leave those elements out."""
    numbers = plain(value)
    is_number = xp(numbers).logical_not(xp(numbers).isnan(numbers))
    return reduce.nan_to(value, 0.0), is_number.astype(numbers.dtype)


def finish(X: dlarray, value: Any, dim: Any, axis: Any) -> dlarray:
    """The labels of a reduction: they stay, except that "all" and plain vectors give a number."""
    if dim == "all" or (dim is None and axis is None and not X.dims):
        return dlarray._make(reshape(value, shape=(), order="C"), "")
    return dlarray._make(value, X.dims)


def _extreme(
    X: dlarray,
    other: Any,
    axis: Any,
    omit_nan: bool,
    nargout: int,
    caller: str,
    extreme: _Extreme,
) -> Any:
    if other is not None and not isinstance(other, str):
        if axis is not None or outputs(nargout, 2, caller) == 2:
            raise TypeError(f"{caller} of two arrays has no axis and one output")
        return binary(_but_nan_of_two(extreme.of_two) if omit_nan else extreme.of_two, X, other)
    value, chosen = value_along(X, other, axis, caller)
    for i in chosen:
        if X.shape[i] == 0:
            raise ValueError(f"{caller}: {header(X, X.dims)} has no elements to choose from")
    position = extreme.position_but_nan if omit_nan else extreme.position
    if outputs(nargout, 2, caller) == 1:
        for i in chosen:
            if omit_nan:
                value = reduce.take_along(value, position(plain(value), i), axis=i)
            else:
                value = extreme.along(value, axis=i)
        return finish(X, value, other, axis)
    longer = [i for i in chosen if X.shape[i] != 1] or list(chosen[:1])
    if len(longer) != 1:
        raise ValueError(f"{caller}: positions are given along one dimension, not {len(longer)}")
    where = position(plain(value), longer[0])
    largest = finish(X, reduce.take_along(value, where, axis=longer[0]), other, axis)
    return largest, where.reshape(largest.shape)


def _but_nan_of_two(of_two: Callable[..., Any]) -> Callable[..., Any]:
    """max or min of two arrays, in which a number wins over NaN."""
    return lambda a, b: of_two(_unless_nan(a, b), _unless_nan(b, a))


def _unless_nan(x: Any, other: Any) -> Any:
    if isinstance(x, float):
        return other if math.isnan(x) else x
    return reduce.nan_to(x, other)
