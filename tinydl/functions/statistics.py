"""How elements spread: variance, median, mode, covariance.

Dimensions and nanflag= as for sums and means; see ``reduce``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import as_dlarray, numbers_too, outputs
from tinydl.functions.reduce import Axis, but_nan, finish, omits_nan, value_along
from tinydl.labels import align, dlarray
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.primitives import elementwise, reduce
from tinydl.primitives import statistics as by
from tinydl.primitives.shape import concatenate, reshape, transpose


@numbers_too
def var(
    X: Any,
    w: Any = 0,
    dim: str | None = None,
    *,
    axis: Axis = None,
    nanflag: str = "includenan",
    nargout: int = 1,
) -> Any:
    """The variance Σ (x − mean)² / (N − 1) over the named dimensions; nargout=2 adds the mean.

    w=1 divides by N instead. A vector w, not negative, with one weight for each element along a
    single dimension gives Σ w (x − mean)² / Σ w about the mean Σ w x / Σ w. One element has the
    variance 0, none has NaN. A label may take the place of w: ``var(X, "C")``.

    Example:
        >>> from tinydl import var
        >>> var([1.0, 2.0, 6.0]), var([1.0, 3.0], 1)
        (array(7.), array(1.))
        >>> var([1.0, 2.0, 6.0], [1, 1, 0], nargout=2)
        (array(0.25), array(1.5))
    """
    return _spread(X, w, dim, axis, nanflag, nargout, "var", lambda v: v)


@numbers_too
def std(
    X: Any,
    w: Any = 0,
    dim: str | None = None,
    *,
    axis: Axis = None,
    nanflag: str = "includenan",
    nargout: int = 1,
) -> Any:
    """The standard deviation, the square root of var, whose arguments it has.

    Where all elements are equal it is 0, and so is its derivative.

    Example:
        >>> from tinydl import dlarray, std
        >>> std(dlarray([[1.0, 5.0], [3.0, 3.0]], "CB"), "B", nargout=2)
        (2(C) × 1(B) dlarray
        [[2.8284]
         [0.    ]], 2(C) × 1(B) dlarray
        [[3.]
         [3.]])
    """
    return _spread(X, w, dim, axis, nanflag, nargout, "std", by.root)


@numbers_too
def median(
    X: Any, dim: str | None = None, *, axis: Axis = None, nanflag: str = "includenan"
) -> Any:
    """The middle one of the elements in order, or the mean of the two in the middle.

    The derivative goes to those elements. Of no elements it is NaN.

    Example:
        >>> from tinydl import median
        >>> median([[1.0, 9.0, 2.0], [3.0, 4.0, 8.0]], axis=1)
        array([[2.],
               [4.]])
        >>> median([1.0, 2.0, 4.0, 8.0])
        array(3.)
    """
    value, chosen = value_along(X, dim, axis, "median")
    skip_nan = omits_nan(nanflag, "median")
    return finish(X, by.along_one(by.median, value, chosen, skip_nan=skip_nan), dim, axis)


@numbers_too
def mode(X: Any, dim: str | None = None, *, axis: Axis = None, nargout: int = 1) -> Any:
    """The most frequent element, the smallest one if there are several.

    nargout=2 also gives how often it is there, as a plain integer array. NaN does not count. The
    derivative goes to the first element that is equal to the result. Of no elements it is NaN.

    Example:
        >>> from tinydl import mode
        >>> mode([3.0, 1.0, 3.0, 1.0, 2.0], nargout=2)
        (array(1.), array(2))
    """
    value, chosen = value_along(X, dim, axis, "mode")
    kept = tuple([1 if i in chosen else n for i, n in enumerate(value.shape)])
    frequency = xp(plain(value)).zeros(kept, int)
    if reduce.count(value.shape, chosen) == 0:
        result = xp(plain(value)).full(kept, float("nan"), value.dtype)
    else:
        result = by.along_one(_chosen_mode, value, chosen)
        frequency = by.along_one(_frequency, plain(value), chosen)
    labelled = finish(X, result, dim, axis)
    if outputs(nargout, 2, "mode") == 1:
        return labelled
    return labelled, frequency.reshape(labelled.shape)


def _chosen_mode(x: Any, *, axis: int) -> Any:
    where, _ = by.most_frequent(plain(x), axis=axis)
    return reduce.take_along(x, where, axis=axis)


def _frequency(x: Any, *, axis: int) -> Any:
    return by.most_frequent(x, axis=axis)[1]


@numbers_too
def cov(X: Any, Y: Any = None, w: int = 0) -> Any:
    """The covariance matrix Σ (x − mean) (y − mean)ᵀ / (N − 1) of N observations.

    The rows of a matrix are observations and its columns variables; a vector is one variable.
    Two arrays of the same number of elements are two variables. w=1 divides by N, as does N = 1.
    ``cov(X, 1)`` is ``cov(X, w=1)``. Arrays have no labels: a covariance has none to keep.

    Example:
        >>> from tinydl import cov
        >>> cov([[1.0, 2.0], [3.0, 6.0]])
        array([[2., 4.],
               [4., 8.]])
        >>> cov([1.0, 3.0], [2.0, 6.0], 1)
        array([[1., 2.],
               [2., 4.]])
    """
    if isinstance(Y, int) and Y in (0, 1):
        Y, w = None, Y
    if isinstance(w, (bool, str)) or w not in (0, 1):
        raise ValueError(f"cov: w is 0 for N − 1 or 1 for N, not {w!r}")
    observations = _observations(X, Y)
    n = observations.shape[0]
    c = by.centred(observations, axis=(0,))
    products = transpose(c, axes=(1, 0)) @ c
    divisor = n if w == 1 or n == 1 else n - 1
    value = products * (1.0 / divisor if n else float("nan"))
    is_number = Y is None and observations.shape[1] == 1
    return dlarray._make(reshape(value, shape=()) if is_number else value, "")


def _observations(X: dlarray, Y: Any) -> Any:
    """The matrix with a row for each observation."""
    arrays = [X] if Y is None else [X, as_dlarray(Y, "Y", (X,))]
    for array in arrays:
        if array.dims:
            raise ValueError(
                f"cov: {header(array, array.dims)} has labels, which a covariance matrix could not "
                'keep; use stripdims(X), or stripdims(X, "BC") with the observations first'
            )
    if Y is None:
        if X.ndim > 2:
            raise ValueError(f"cov: {header(X, '')} is no matrix; its rows would be observations")
        is_vector = X.ndim < 2 or X.shape[0] == 1
        value = arithmetic(X._value)
        return reshape(value, shape=(math.prod(X.shape), 1)) if is_vector else value
    x, y = align.classes(arithmetic(X._value), arithmetic(arrays[1]._value))
    sizes = [math.prod(v.shape) for v in (x, y)]
    if sizes[0] != sizes[1]:
        raise ValueError(f"cov: X has {sizes[0]} elements and Y {sizes[1]}; they are paired")
    return concatenate(*[reshape(v, shape=(sizes[0], 1)) for v in (x, y)], axis=1)


# ---- variances ----------------------------------------------------------------------------------


def _spread(
    X: dlarray,
    w: Any,
    dim: Any,
    axis: Any,
    nanflag: str,
    nargout: int,
    caller: str,
    of_variance: Callable[[Any], Any],
) -> Any:
    """std or var: their arguments, and both of their outputs."""
    if isinstance(w, str) and dim is None:
        w, dim = 0, w
    value, chosen = value_along(X, dim, axis, caller)
    omit_nan, two = omits_nan(nanflag, caller), outputs(nargout, 2, caller) == 2
    weights = _weights(X, w, chosen, caller)
    if weights is None and not omit_nan:
        n = reduce.count(value.shape, chosen)
        divisor = n if w == 1 else max(n - 1, 1)
        variance = by.squares(value, axis=chosen) * (1.0 / divisor if n else float("nan"))
        average = reduce.mean(value, axis=chosen) if two else None
    else:
        one_less = weights is None and w == 0
        variance, average = _weighted(value, weights, chosen, omit_nan, one_less)
    result = finish(X, of_variance(variance), dim, axis)
    return (result, finish(X, average, dim, axis)) if two else result


def _weights(X: dlarray, w: Any, chosen: tuple[int, ...], caller: str) -> Any:
    """The weights along their dimension; None if w says by which number to divide."""
    if isinstance(w, (bool, int, float)):
        if w not in (0, 1):
            raise ValueError(f"{caller}: w is 0 for N − 1, 1 for N, or a vector, not {w!r}")
        return None
    weights = as_dlarray(w, "w", (X,))
    n = reduce.count(X.shape, chosen)
    if len(chosen) != 1 or weights.ndim == 0 or math.prod(weights.shape) != n:
        raise ValueError(
            f"{caller}: weights are a vector along one dimension of {header(X, X.dims)}, one for "
            f"each of its {n} elements, not {header(weights, weights.dims)}"
        )
    numbers = plain(weights._value)
    if not bool((numbers >= 0).all()):
        raise ValueError(f"{caller}: weights are not negative, and not NaN")
    sizes = tuple([n if i in chosen else 1 for i in range(X.ndim)])
    return reshape(arithmetic(weights._value), shape=sizes)


def _weighted(
    value: Any, weights: Any, chosen: tuple[int, ...], omit_nan: bool, one_less: bool
) -> tuple[Any, Any]:
    """The variance and the mean with weights; elements left out have the weight 0."""
    is_number: Any = 1.0
    if omit_nan:
        value, is_number = but_nan(value)
    if weights is None:
        weights = is_number
    else:
        value, weights = align.classes(value, weights)
        weights = elementwise.multiply(weights, is_number)
    weights = elementwise.multiply(weights, xp(plain(value)).ones(value.shape, value.dtype))
    total = reduce.sum(weights, axis=chosen)
    divisor = xp(plain(total)).maximum(plain(total) - 1.0, 1.0) if one_less else total
    divisor = elementwise.where(plain(total) == 0, float("nan"), divisor)
    squares = by.squares(value, axis=chosen, weight=weights)
    average = by.weighted_mean(value, weights, axis=chosen)
    return elementwise.divide(squares, divisor), average
