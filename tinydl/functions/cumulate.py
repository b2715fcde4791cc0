"""Running along a dimension: sums, products, extremes, and the area under a curve.

The dimension is named by its label or by axis=; without a name it is the only one longer than 1.
direction="reverse" runs from the last element back to the first. NaN, once met, stays; with
nanflag="omitnan" it is left out.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.functions.arguments import as_dlarray, axes, numbers_too, one_of, outputs
from tinydl.functions.reduce import finish, omits_nan
from tinydl.labels import align, dlarray
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.primitives import cumulate, elementwise, reduce
from tinydl.primitives.shape import reshape, take


@numbers_too
def cumsum(
    X: Any,
    dim: str | None = None,
    *,
    axis: int | None = None,
    direction: str = "forward",
    nanflag: str = "includenan",
) -> Any:
    """Each element plus all before it along a dimension. NaN that is left out counts as 0.

    Example:
        >>> from tinydl import cumsum
        >>> cumsum([1.0, 2.0, 4.0])
        array([1., 3., 7.])
        >>> cumsum([[1.0, 2.0], [4.0, 8.0]], axis=0, direction="reverse")
        array([[ 5., 10.],
               [ 4.,  8.]])
    """
    return _running(cumulate.cumsum, 0.0, X, dim, axis, direction, nanflag, "cumsum")


@numbers_too
def cumprod(
    X: Any,
    dim: str | None = None,
    *,
    axis: int | None = None,
    direction: str = "forward",
    nanflag: str = "includenan",
) -> Any:
    """Each element times all before it along a dimension, with exact derivatives at zeros too.

    NaN that is left out counts as 1.

    Example:
        >>> from tinydl import cumprod
        >>> cumprod([1.0, 2.0, 4.0])
        array([1., 2., 8.])
    """
    return _running(cumulate.cumprod, 1.0, X, dim, axis, direction, nanflag, "cumprod")


@numbers_too
def cummax(
    X: Any,
    dim: str | None = None,
    *,
    axis: int | None = None,
    direction: str = "forward",
    nanflag: str = "includenan",
    nargout: int = 1,
) -> Any:
    """The largest element up to each one along a dimension.

    nargout=2 also gives the positions, from 0, as a plain integer array. Of equal elements the
    one that is met first stays, and gets the derivative. NaN is passed on, as in max.

    Example:
        >>> from tinydl import cummax
        >>> cummax([1.0, 5.0, 3.0, 7.0], nargout=2)
        (array([1., 5., 5., 7.]), array([0, 1, 1, 3]))
    """
    return _extreme(operator.gt, X, dim, axis, direction, nanflag, nargout, "cummax")


@numbers_too
def cummin(
    X: Any,
    dim: str | None = None,
    *,
    axis: int | None = None,
    direction: str = "forward",
    nanflag: str = "includenan",
    nargout: int = 1,
) -> Any:
    """The smallest element up to each one along a dimension; see cummax.

    Example:
        >>> from tinydl import cummin
        >>> cummin([4.0, 5.0, 3.0, 7.0])
        array([4., 4., 3., 3.])
    """
    return _extreme(operator.lt, X, dim, axis, direction, nanflag, nargout, "cummin")


@numbers_too
def trapz(X: Any, Y: Any = None, dim: str | None = None, *, axis: int | None = None) -> Any:
    """The area Σ (yᵢ + yᵢ₊₁)/2 · (xᵢ₊₁ − xᵢ) under straight lines through points.

    ``trapz(Y)`` has points one apart. In ``trapz(X, Y)`` X is their distance, a vector with one
    coordinate for each point, or an array of Y's size. Both are differentiated. The dimension
    stays with size 1. A label may take the place of Y: ``trapz(Y, "T")``.

    Example:
        >>> from tinydl import trapz
        >>> trapz([0.0, 1.0, 4.0]), trapz([0.0, 1.0, 3.0], [0.0, 1.0, 4.0])
        (array(3.), array(5.5))
    """
    if isinstance(Y, str) and dim is None:
        Y, dim = None, Y
    curve = X if Y is None else as_dlarray(Y, "Y", (X,))
    along = _one_axis(curve, dim, axis, "trapz")
    y = arithmetic(curve._value)
    if y.ndim == 0:
        return dlarray._make(y * 0.0, "")
    widths: Any = 1.0
    if Y is not None:
        x, y = align.classes(arithmetic(X._value), y)
        widths = _widths(X, x, curve, along)
    heights = elementwise.add(_but_last(y, along), _but_first(y, along)) * 0.5
    area = reduce.sum(elementwise.multiply(heights, widths), axis=(along,))
    return finish(curve, area, dim, axis)


# ---- what they have in common --------------------------------------------------------------------


def _one_axis(X: dlarray, dim: Any, axis: Any, caller: str) -> int:
    """The one dimension to run along; of several of size 1 it does not matter which."""
    chosen = axes(X, dim, axis, caller)
    if dim == "all" or ((dim is not None or axis is not None) and len(chosen) != 1):
        raise ValueError(
            f"{caller} runs along one dimension; of {header(X, X.dims)} axis=0 is the first"
        )
    return next((i for i in chosen if X.shape[i] != 1), chosen[0] if chosen else 0)


def _is_reverse(direction: str, caller: str) -> bool:
    return one_of(direction, ("forward", "reverse"), "direction", caller) == "reverse"


def _running(
    primitive: Callable[..., Any],
    neutral: float,
    X: dlarray,
    dim: Any,
    axis: Any,
    direction: str,
    nanflag: str,
    caller: str,
) -> dlarray:
    """cumsum or cumprod. Left out is what does not change the result."""
    along, reverse = _one_axis(X, dim, axis, caller), _is_reverse(direction, caller)
    value = arithmetic(X._value)
    if omits_nan(nanflag, caller):
        value = reduce.nan_to(value, neutral)
    if value.ndim > 0:
        value = primitive(value, axis=along, reverse=reverse)
    return dlarray._make(value, X.dims)


def _extreme(
    wins: Callable[..., Any],
    X: dlarray,
    dim: Any,
    axis: Any,
    direction: str,
    nanflag: str,
    nargout: int,
    caller: str,
) -> Any:
    along, reverse = _one_axis(X, dim, axis, caller), _is_reverse(direction, caller)
    skip_nan, two = omits_nan(nanflag, caller), outputs(nargout, 2, caller) == 2
    shape, value = X.shape, arithmetic(X._value)
    if value.ndim == 0:
        value = reshape(value, shape=(1,))
    where = cumulate.running_extreme(
        plain(value), axis=along, wins=wins, reverse=reverse, skip_nan=skip_nan
    )
    value = reshape(cumulate.gather(value, where, axis=along), shape=shape, order="C")
    Y = dlarray._make(value, X.dims)
    return (Y, where.reshape(shape)) if two else Y


def _but_last(x: Any, axis: int) -> Any:
    return take(x, index=(*(slice(None),) * axis, slice(0, -1)))


def _but_first(x: Any, axis: int) -> Any:
    return take(x, index=(*(slice(None),) * axis, slice(1, None)))


def _widths(X: dlarray, x: Any, curve: dlarray, axis: int) -> Any:
    """The distances between neighbouring points, which expand to the heights between them."""
    n = curve.shape[axis]
    if x.ndim == 0:
        return x
    lengths = [size for size in x.shape if size != 1]
    if x.shape != curve.shape:
        if lengths != [n] and not (n == 1 and not lengths):
            raise ValueError(
                f"trapz: X is {header(X, X.dims)}; it is a distance, a vector of {n} coordinates, "
                f"or an array of the size of {header(curve, curve.dims)}"
            )
        x = reshape(x, shape=tuple([n if i == axis else 1 for i in range(curve.ndim)]))
    return elementwise.subtract(_but_first(x, axis), _but_last(x, axis))
