"""Lengths of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

from tinydl.functions.arguments import axes, numbers_too
from tinydl.functions.reduce import Axis, finish
from tinydl.labels import dlarray
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.primitives import decompose, reduce, statistics
from tinydl.primitives.elementwise import abs
from tinydl.primitives.shape import reshape, take


@numbers_too
def norm(X: Any, p: Any = 2) -> Any:
    """The norm of a vector or of a matrix, a number.

    Of a vector: (Σ |x|ᵖ)^(1/p) for a number p ≠ 0, the largest |x| for p = Inf (``math.inf``), the
    smallest for p = −Inf; "fro" is p = 2. Of a matrix: the largest singular value for p = 2, the
    largest sum of |x| over a column for p = 1 and over a row for p = Inf, and √Σ x² for "fro".
    The default is p = 2. At the zero vector the derivative is 0; where svd has none, there is none
    of the largest singular value either.

    Example:
        >>> from math import inf
        >>> from tinydl import norm
        >>> norm([3.0, -4.0]), norm([3.0, -4.0], 1), norm([3.0, -4.0], inf)
        (array(5.), array(7.), array(4.))
        >>> norm([[1.0, 1.0], [1.0, 1.0]], "fro")
        array(2.)
    """
    value = arithmetic(X._value)
    every = tuple(range(value.ndim))
    if value.ndim > 2:
        raise ValueError(
            f"norm: {header(X, X.dims)} is neither a vector nor a matrix; vecnorm(X, p, axis=…) "
            "goes along one dimension"
        )
    if p == "fro" or 0 in value.shape:
        y = statistics.norm(value, p=2, axis=every)
    elif len([n for n in value.shape if n != 1]) < 2:
        y = statistics.norm(value, p=number_of_norm(p, "norm"), axis=every)
    else:
        y = _of_matrix(X, value, p)
    return dlarray._make(reshape(y, shape=()), "")


@numbers_too
def vecnorm(X: Any, p: Any = 2, dim: str | None = None, *, axis: Axis = None) -> Any:
    """The norm (Σ |x|ᵖ)^(1/p) of each vector along a dimension, for p > 0 or p = Inf.

    At the zero vector the derivative is 0. A label may take the place of p: ``vecnorm(X, "C")``.

    Example:
        >>> from tinydl import vecnorm
        >>> vecnorm([[3.0, 4.0], [5.0, 12.0]], axis=1)
        array([[ 5.],
               [13.]])
    """
    if isinstance(p, str) and dim is None:
        p, dim = 2, p
    if number_of_norm(p, "vecnorm") < 0:
        raise ValueError(f"vecnorm: p is a positive number or Inf, not {p!r}")
    chosen = axes(X, dim, axis, "vecnorm")
    y = statistics.norm(arithmetic(X._value), p=number_of_norm(p, "vecnorm"), axis=chosen)
    return finish(X, y, dim, axis)


def number_of_norm(p: Any, caller: str) -> float:
    """p as a number, if it is one that a norm can have."""
    if isinstance(p, (bool, str)) or not hasattr(p, "__float__") or p == 0 or math.isnan(p):
        raise ValueError(f"{caller}: p is a number other than 0, or Inf (math.inf), not {p!r}")
    return float(p)


def _of_matrix(X: dlarray, value: Any, p: Any) -> Any:
    if p not in (1, 2, math.inf):
        raise ValueError(
            f"norm: p={p!r} is for vectors; of the matrix {header(X, X.dims)} there are p = 1, 2, "
            'Inf (math.inf) and "fro"'
        )
    if p == 2:
        return _largest_singular_value(value)
    summed, compared = (0, 1) if p == 1 else (1, 0)
    return reduce.max(reduce.sum(abs(value), axis=(summed,)), axis=compared)


def _largest_singular_value(a: Any) -> Any:
    rows = a.shape[0]  # singular values stand below as many rows of left singular vectors
    return take(decompose.svd(a), index=(slice(rows, rows + 1), slice(0, 1)))
