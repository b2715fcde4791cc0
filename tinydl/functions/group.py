"""Numbers in groups: accumarray, discretize."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of, xp
from tinydl.functions.arguments import as_dlarray, one_of, whole_sizes
from tinydl.labels import dlarray
from tinydl.labels.classes import arithmetic, as_array
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import elementwise as e
from tinydl.primitives import shape
from tinydl.primitives.reduce import broadcast

FUNCTIONS = ("sum", "mean", "max", "min")


def accumarray(subs: Any, vals: Any, sz: Any = None, fun: str = "sum") -> Any:
    """The vals of each group put together: those whose subs name the same element of the result.

    subs has one row for each value, with the position of its element, counted from 0: N × 1 or N
    numbers for a 1-D result, N × d for one of d dimensions. vals holds N numbers, or one for all.
    sz are the sizes of the result; without it they are as large as subs needs. fun is "sum",
    "mean", "max" or "min"; of equal extremes the first gets the derivative, and NaN wins only in
    groups of nothing else. Elements without values are 0. A dlarray as vals makes a dlarray,
    without labels.

    Raises ValueError for positions that are not whole numbers inside sz.

    Example:
        >>> from tinydl import accumarray
        >>> accumarray([0, 2, 0], [10, 20, 30])
        array([40.,  0., 20.])
        >>> accumarray([[0, 0], [1, 1], [0, 0]], [1, 2, 3], (2, 2), "max")
        array([[3., 0.],
               [0., 2.]])
    """
    one_of(fun, FUNCTIONS, "fun", "accumarray")
    values = as_dlarray(vals, "accumarray: vals")
    positions = _positions(subs)
    sizes, sizes_inside = _sizes_of_result(positions, sz)
    count = positions.shape[0]
    v = _one_for_each(values, count)
    flat = host.zeros(count, "int64")  # which element of the result, the last dimension fastest
    for column, n in zip(positions.T, sizes_inside, strict=True):
        flat = flat * n + column
    if fun in ("max", "min"):
        chosen = _extremes(plain(v), flat, fun)
        v, flat = shape.take(v, index=(on_device_of(plain(v), chosen),)), flat[chosen]
    total = _added(v, flat, sizes)
    if fun == "mean":
        members = _added(xp(plain(v)).ones(count, v.dtype), flat, sizes)
        total = e.divide(total, e.maximum(members, 1.0))
    return dlarray._make(total, "") if isinstance(vals, dlarray) else total


def _positions(subs: Any) -> Any:
    """The subscripts as an N × d array of whole numbers in the computer's own memory."""
    subs = plain(subs._value) if isinstance(subs, dlarray) else subs
    given = subs if hasattr(subs, "dtype") and subs.dtype.kind in "iu" else as_array(subs, "subs")
    given = xp(given).to_host(given)
    if given.ndim not in (1, 2):
        raise ValueError(f"accumarray: subs has {given.ndim} dimensions; it is N × d, one row for "
                         "each value")  # fmt: skip
    columns = given.reshape(-1, 1) if given.ndim == 1 else given
    whole = host.asarray(columns, "int64") if (abs(columns) < 2**48).all() else None
    if whole is None or (whole != columns).any() or (whole < 0).any():
        raise ValueError("accumarray: subs are positions, whole numbers from 0 on")
    return whole


def _sizes_of_result(positions: Any, sz: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sizes that are asked for, and those of the dimensions that have subscripts."""
    depth = positions.shape[1]
    needed = tuple([int(c.max()) + 1 if len(c) else 0 for c in positions.T])
    if sz is None:
        return needed, needed
    sizes = whole_sizes(tuple(sz) if hasattr(sz, "__len__") else (sz,), "accumarray: sz")
    inside = sizes[:1] if depth == 1 and sizes[1:] == (1,) else sizes  # n × 1 is a column
    if len(inside) != depth:
        raise ValueError(f"accumarray: sz has {len(sizes)} sizes for subs of {depth} columns")
    for i, (n, most) in enumerate(zip(needed, inside, strict=True)):
        if n > most:
            raise ValueError(
                f"accumarray: column {i} of subs has the position {n - 1}, and sz has {most} "
                "there; positions count from 0"
            )
    return sizes, inside


def _one_for_each(values: dlarray, count: int) -> Any:
    """vals as a vector with one number for each row of subs."""
    v = arithmetic(values._value)
    if v.ndim == 0 or (v.shape == (1, 1) and count != 1):
        return broadcast(shape.reshape(v, shape=(1,)), shape=(count,))
    long = [n for n in v.shape if n != 1] or [1]
    if len(long) > 1 or long[0] != count:
        raise ValueError(f"accumarray: vals is {header(values, values.dims)} for {count} rows of "
                         "subs; give one number for each, or one for all")  # fmt: skip
    return shape.reshape(v, shape=(count,))


def _extremes(v: Any, flat: Any, fun: str) -> Any:
    """The position in v of each group's first extreme element; NaN only where all are."""
    v = xp(v).to_host(v)
    order = host.stable_argsort(-v if fun == "max" else v, 0)
    order = order[host.stable_argsort(flat[order], 0)]
    groups = flat[order]
    is_first = host.ones(len(order), bool)
    is_first[1:] = groups[1:] != groups[:-1]
    return order[is_first]


def _added(v: Any, flat: Any, sizes: tuple[int, ...]) -> Any:
    """Zeros of the given sizes with the numbers added at their elements."""
    size = 1
    for n in sizes:
        size *= n
    total = shape.scatter(v, index=on_device_of(plain(v), flat), shape=(size,))
    return shape.reshape(total, shape=sizes, order="C")


@named_options
def discretize(X: Any, edges: Any, *, IncludedEdge: str = "left") -> Any:
    """In which bin each element lies: bin i from 0 holds edges[i] ≤ x < edges[i + 1].

    The last bin holds its right edge too. IncludedEdge="right" makes it edges[i] < x ≤ edges[i + 1]
    and the first bin holds its left edge too. The positions are a plain array of doubles, because
    elements outside of all bins, and NaN, are NaN.

    Raises ValueError if edges are not at least two numbers that increase.

    Example:
        >>> from tinydl import discretize
        >>> discretize([1, 2.5, 4, 7], [1, 2, 4])
        array([ 0.,  1.,  1., nan])
    """
    one_of(IncludedEdge, ("left", "right"), "IncludedEdge", "discretize")
    x, given = _plain(X, "X"), _plain(edges, "edges").reshape(-1)
    bounds = on_device_of(x, xp(given).to_host(given))
    count = bounds.shape[0] - 1
    if count < 1 or not bool((bounds[1:] > bounds[:-1]).all()):
        raise ValueError("discretize: edges are at least two numbers, each larger than the last")
    m = xp(x)
    left = IncludedEdge == "left"
    bins = m.searchsorted(bounds, x, side="right" if left else "left") - 1
    # The outer edge that its own side leaves out belongs to the bin beside it.
    bins = m.where(x == bounds[-1], count - 1, bins) if left else m.where(x == bounds[0], 0, bins)
    is_inside = (x >= bounds[0]) & (x <= bounds[-1])
    return m.where(is_inside, bins.astype("float64"), float("nan"))


def _plain(x: Any, argument: str) -> Any:
    """The numbers of a dlarray or of anything that can be one, as floating-point numbers."""
    return plain(arithmetic(as_dlarray(x, f"discretize: {argument}")._value))
