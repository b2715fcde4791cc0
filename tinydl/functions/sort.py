"""In order of size: sort, sortrows, topkrows, find.

Equal elements keep their order. NaN counts as larger than every number: last when ascending, first
when descending. Positions are counted from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import axes, numbers_too, one_of, outputs, whole_sizes
from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.primitives import shape
from tinydl.primitives.sort import reorder, sorting_order

DIRECTIONS = ("ascend", "descend")


@numbers_too
def sort(
    X: Any,
    dim: str | None = None,
    *,
    axis: int | None = None,
    direction: str = "ascend",
    nargout: int = 1,
) -> Any:
    """The elements along one dimension in order of size, "ascend" or "descend". Labels stay.

    The dimension is a label or axis=, or the only one longer than 1. nargout=2 also gives the
    positions, from 0, as a plain integer array of the same shape: where each element came from.
    The derivative of each element goes back to that place.

    Example:
        >>> from tinydl import sort
        >>> sort([3, 1, 2])
        array([1., 2., 3.])
        >>> sort([[3, 1, 2]], direction="descend", nargout=2)
        (array([[3., 2., 1.]]), array([[0, 2, 1]]))
    """
    is_down = one_of(direction, DIRECTIONS, "direction", "sort") == "descend"
    chosen = axes(X, dim, axis, "sort")
    longer = [i for i in chosen if X.shape[i] != 1] or list(chosen[:1])
    if len(longer) > 1:
        raise ValueError(f"sort: {header(X, X.dims)} is sorted along one dimension, not "
                         f"{len(longer)}; name one with axis=")  # fmt: skip
    count = outputs(nargout, 2, "sort")
    if not longer:  # one number
        return (X, xp(plain(X._value)).zeros((), "int64")) if count == 2 else X
    order = sorting_order(plain(X._value), longer[0], descend=is_down)
    Y = dlarray._make(reorder(X._value, order, axis=longer[0]), X.dims)
    return (Y, order) if count == 2 else Y


@numbers_too
def sortrows(
    X: Any,
    column: Any = None,
    *,
    direction: str | Sequence[str] = "ascend",
    nargout: int = 1,
) -> Any:
    """The rows of a matrix in order of a column; rows that are equal there, of the next one.

    column is a position from 0 or a list of them, the most important first; without it all columns
    count, from the left. (MATLAB's negative columns are direction="descend" here.) direction is
    one for all, or a list with one for each. nargout=2 also gives the positions of the rows, from
    0. A 1-D array is a column. Labels stay.

    Example:
        >>> from tinydl import sortrows
        >>> sortrows([[2, 1], [1, 5], [1, 3]])
        array([[1., 3.],
               [1., 5.],
               [2., 1.]])
        >>> sortrows([[2, 1], [1, 5], [1, 3]], 1, direction="descend", nargout=2)[1]
        array([1, 2, 0])
    """
    order = _order_of_rows(X, column, direction, "sortrows")
    Y = dlarray._make(shape.take(X._value, index=(order,)), X.dims)
    return (Y, order) if outputs(nargout, 2, "sortrows") == 2 else Y


@numbers_too
def topkrows(
    X: Any,
    k: int,
    column: Any = None,
    *,
    direction: str | Sequence[str] = "descend",
    nargout: int = 1,
) -> Any:
    """The first k rows of a matrix in order, here the largest first; all rows if k is larger.

    column, direction and nargout as in sortrows, except that the direction is "descend" by default.

    Example:
        >>> from tinydl import topkrows
        >>> topkrows([[1, 5], [3, 2], [2, 9]], 2)
        array([[3., 2.],
               [2., 9.]])
    """
    (k,) = whole_sizes((k,), "topkrows: k")
    order = _order_of_rows(X, column, direction, "topkrows")[:k]
    Y = dlarray._make(shape.take(X._value, index=(order,)), X.dims)
    return (Y, order) if outputs(nargout, 2, "topkrows") == 2 else Y


def _order_of_rows(X: dlarray, column: Any, direction: Any, caller: str) -> Any:
    """The positions of the rows in order, as a plain array."""
    if X.ndim not in (1, 2):
        raise ValueError(f"{caller}: {header(X, X.dims)} is no matrix")
    table = plain(X._value)
    table = table.reshape(-1, 1) if X.ndim == 1 else table
    columns = _columns(column, table.shape[1], caller)
    directions = [direction] * len(columns) if isinstance(direction, str) else list(direction)
    if len(directions) != len(columns):
        raise ValueError(f"{caller}: {len(directions)} directions for {len(columns)} columns")
    order = xp(table).arange(table.shape[0])
    # The least important column first: later, stable sorts keep its order among equals.
    for at, way in zip(reversed(columns), reversed(directions), strict=True):
        is_down = one_of(way, DIRECTIONS, "direction", caller) == "descend"
        order = order[sorting_order(table[order, at], 0, descend=is_down)]
    return order


def _columns(column: Any, count: int, caller: str) -> list[int]:
    if column is None:
        return list(range(count))
    columns = list(column) if hasattr(column, "__len__") else [column]
    for at in columns:
        if isinstance(at, bool) or not hasattr(at, "__index__") or not 0 <= at < count:
            raise ValueError(
                f"{caller}: column {at!r} of {count}; columns are whole numbers from 0 on, and "
                'direction="descend" sorts downwards'
            )
    return [int(at) for at in columns]


@numbers_too
def find(X: Any, n: int | None = None, *, direction: str = "first", nargout: int = 1) -> Any:
    """Where X is not 0: the positions from 0, counted down the columns, as a plain integer array.

    n asks for the first n, or with direction="last" for the last n. nargout=2 gives rows and
    columns instead, where all dimensions after the first are counted as one; nargout=3 also gives
    the values there, with their derivative. The arrays are 1-D.

    Example:
        >>> from tinydl import find
        >>> find([[0, 2], [3, 4]])
        array([1, 2, 3])
        >>> find([[0, 2], [3, 4]], 2, nargout=3)
        (array([1, 0]), array([0, 1]), array([3., 2.]))
    """
    one_of(direction, ("first", "last"), "direction", "find")
    flat = shape.reshape(X._value, shape=(-1,))
    at = xp(plain(flat)).nonzero(plain(flat))[0]
    if n is not None:
        (n,) = whole_sizes((n,), "find: n")
        at = at[:n] if direction == "first" else at[max(len(at) - n, 0) :]
    if outputs(nargout, 3, "find") == 1:
        return at
    rows = X.shape[0] if X.ndim else 1
    found = at % max(rows, 1), at // max(rows, 1)
    return found if nargout == 2 else (*found, dlarray._make(shape.take(flat, index=(at,)), ""))
