"""Values between samples."""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import as_dlarray, numbers_too, one_of
from tinydl.functions.layerwise import same_class
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.primitives import elementwise as e
from tinydl.primitives.shape import reshape, take

METHODS = ("linear", "nearest", "previous", "next")


@numbers_too
def interp1(
    x: Any, v: Any, xq: Any, method: str = "linear", extrapolation: float | str | None = None
) -> Any:
    """The values v, sampled at the points x, at the query points xq.

    x is a vector of at least two different points, in any order. v is a vector of as many values,
    or has a column of them for each function: v's first dimension then becomes one for each element
    of xq, which must be a vector. method is "linear", or takes over one sample: "nearest" (the next
    one at the middle), "previous" or "next". Outside of the samples, and where xq is NaN, the
    result is NaN. extrapolation= is a number to stand there instead, or "extrap": the first or last
    line goes on, and "nearest", "previous", "next" repeat the outermost sample on their side.

    All of x, v and xq are differentiated, at a sample from its right. The result has the labels of
    xq if v is a vector, else those of v. Methods of higher degree are not supported.

    Example:
        >>> from tinydl import interp1
        >>> interp1([0.0, 1.0, 2.0], [0.0, 10.0, 40.0], [0.5, 1.5, 3.0])
        array([ 5., 25., nan])
        >>> interp1([0.0, 1.0], [0.0, 10.0], [0.4, 3.0], "nearest", -1)
        array([ 0., -1.])
    """
    one_of(method, METHODS, "method", "interp1")
    if extrapolation is not None and extrapolation != "extrap" and not _is_number(extrapolation):
        raise ValueError(f'interp1: extrapolation is a number or "extrap", not {extrapolation!r}')
    samples = as_dlarray(v, "interp1: v", beside=(x, xq))
    query = as_dlarray(xq, "interp1: xq", beside=(x, v))
    points, values, at = [arithmetic(u) for u in same_class(x=x, v=samples, xq=query)]
    points, values, is_vector = _samples(x, points, values)
    at, shape, fmt = _queries(at, values, samples, query, is_vector)
    points, values = _increasing(points, values)
    found = _linear(points, values, at) if method == "linear" else _one_sample(
        points, values, at, method
    )  # fmt: skip
    kept, fill = _range(plain(points), plain(at), method, extrapolation)
    result = e.where(kept, found, fill)
    return dlarray._make(reshape(result, shape=shape, order="C"), fmt)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _samples(x: dlarray, points: Any, values: Any) -> tuple[Any, Any, bool]:
    """The points as a column, the values as a matrix with a column for each function."""
    n = math.prod(points.shape)
    if max(points.shape, default=1) != n or n < 2:
        raise ValueError(
            f"interp1: x is {header(x, x.dims)}; it is a vector of at least two points"
        )
    is_vector = math.prod(values.shape) == max(values.shape, default=1)
    rows = math.prod(values.shape) if is_vector else values.shape[0]
    if rows != n:
        raise ValueError(
            f"interp1: v of {formats.describe('', values.shape)} for {n} points in x; it needs one "
            "value, or one row, for each"
        )
    columns = math.prod(values.shape) // n
    values = reshape(values, shape=(n, columns), order="C")
    return reshape(points, shape=(n,), order="C"), values, is_vector


def _queries(
    at: Any, values: Any, v: dlarray, xq: dlarray, is_vector: bool
) -> tuple[Any, tuple[int, ...], str]:
    """The query points as a column, and the shape and labels of the result."""
    n = math.prod(at.shape)
    if not is_vector and n != max(at.shape, default=1):
        raise ValueError(
            f"interp1: xq is {header(xq, xq.dims)}; with several columns in v it must be a vector"
        )
    shape = at.shape if is_vector else (n, *v.shape[1:])
    return reshape(at, shape=(n, 1), order="C"), shape, xq.dims if is_vector else v.dims


def _increasing(points: Any, values: Any) -> tuple[Any, Any]:
    """Points and values in the order of the points."""
    array = plain(points)
    if not bool((array[1:] > array[:-1]).all()):
        order = xp(array).stable_argsort(array, 0)
        points, values = take(points, index=(order,)), take(values, index=(order,))
        array = plain(points)
        if not bool((array[1:] > array[:-1]).all()):
            raise ValueError("interp1: two points in x are equal, or one is NaN")
    return points, values


def _left(points: Any, at: Any, side: str) -> Any:
    """The position of the sample before each query point, one that has a next sample."""
    array, queries = plain(points), plain(at)[:, 0]
    found = xp(array).searchsorted(array, queries, side) - 1
    return xp(array).minimum(xp(array).maximum(found, 0), array.shape[0] - 2)


def _linear(points: Any, values: Any, at: Any) -> Any:
    """v₀ (1 − t) + v₁ t with t = (xq − x₀) / (x₁ − x₀)."""
    left = _left(points, at, "right")
    x0, x1 = (_column(take(points, index=(i,))) for i in (left, left + 1))
    v0, v1 = (take(values, index=(i,)) for i in (left, left + 1))
    t = e.divide(e.subtract(at, x0), e.subtract(x1, x0))
    return e.add(e.multiply(v0, 1.0 - t), e.multiply(v1, t))


def _one_sample(points: Any, values: Any, at: Any, method: str) -> Any:
    """The value of the sample that a method takes over."""
    left = _left(points, at, "left" if method == "next" else "right")
    array, queries = plain(points), plain(at)[:, 0]
    if method == "nearest":
        is_right = queries - array[left] >= array[left + 1] - queries
    elif method == "previous":
        is_right = queries >= array[left + 1]
    else:
        is_right = queries > array[left]
    return take(values, index=(left + is_right,))


def _column(x: Any) -> Any:
    return reshape(x, shape=(x.shape[0], 1), order="C")


def _range(points: Any, at: Any, method: str, extrapolation: Any) -> tuple[Any, Any]:
    """Where the interpolated value stands, and what stands elsewhere. Comparing NaN gives False."""
    after, before = at >= points[0], at <= points[-1]
    nan = float("nan")
    if extrapolation != "extrap":
        number = nan if extrapolation is None else float(extrapolation)
        return after & before, xp(at).where(xp(at).isnan(at), nan, number).astype(at.dtype)
    beyond = {"previous": after, "next": before}.get(method, ~xp(at).isnan(at))
    return beyond, xp(at).full(at.shape, nan, at.dtype)
