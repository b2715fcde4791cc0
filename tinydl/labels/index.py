"""Subscripts as MATLAB reads them, with Python's count.

There are as many subscripts as dimensions. Each keeps its dimension: a whole number leaves a
dimension of size 1. Several lists of positions select the rectangle of their rows and columns, not
pairs. A mask of the whole shape selects single elements, in column-major order.

A subscript is turned into an index that NumPy understands in just that way. Arrays among the
subscripts are in the computer's own memory: there they are checked, which a GPU does not do.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

from tinydl.backend import host, is_array
from tinydl.labels import format as formats


class Selection(NamedTuple):
    """An index for the primitives take and put, and what it leaves of the format."""

    at: tuple[Any, ...]
    fmt: str
    new_axes: tuple[int, ...] = ()  # where None asks for a dimension of size 1


class Target(NamedTuple):
    """Where an assignment writes: no element is named twice."""

    at: tuple[Any, ...]
    shape: tuple[int, ...]  # of the values that the subscripts ask for
    chosen: tuple[Any, ...] | None  # which of those are written, if some would be overwritten


def select(key: Any, shape: tuple[int, ...], fmt: str) -> Selection:
    """What x[key] means for an array of this shape and format."""
    parts = key if isinstance(key, tuple) else (key,)
    if len(parts) == 1 and _is_mask(parts[0]) and parts[0].ndim > 1:
        return Selection(_elements(parts[0], shape, fmt), "")
    full, new_axes = _full(parts, shape, fmt)
    return Selection(_assemble(_subscripts(full, shape, fmt), shape), fmt, new_axes)


def target(key: Any, shape: tuple[int, ...], fmt: str) -> Target:
    """What x[key] = values means. Of several values for one element the last one counts."""
    parts = key if isinstance(key, tuple) else (key,)
    if len(parts) == 1 and _is_mask(parts[0]) and parts[0].ndim > 1:
        at = _elements(parts[0], shape, fmt)
        return Target(at, at[0].shape, None)
    full, new_axes = _full(parts, shape, fmt)
    if new_axes:
        raise IndexError("None has no place among the subscripts of an assignment")
    subscripts = _subscripts(full, shape, fmt)
    region = tuple(
        len(range(*part.indices(n))) if isinstance(part, slice) else len(part)
        for part, n in zip(subscripts, shape, strict=True)
    )
    last = [slice(None) if isinstance(part, slice) else _last(part) for part in subscripts]
    if all(isinstance(part, slice) for part in last):
        return Target(_assemble(subscripts, shape), region, None)
    once = [p if isinstance(k, slice) else p[k] for p, k in zip(subscripts, last, strict=True)]
    return Target(_assemble(once, shape), region, _assemble(last, region))


def _last(positions: Any) -> Any:
    """Which entries of a list of positions are the last of their value; a slice if all are."""
    _, from_the_end = host.unique(positions[::-1], return_index=True)
    if len(from_the_end) == len(positions):
        return slice(None)
    return host.sort(len(positions) - 1 - from_the_end)


def _subscripts(parts: list[Any], shape: tuple[int, ...], fmt: str) -> list[Any]:
    return [
        _subscript(part, n, _name(i, fmt))
        for i, (part, n) in enumerate(zip(parts, shape, strict=True))
    ]


def _assemble(subscripts: list[Any], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """One index. Several lists of positions become an open grid, which selects a rectangle."""
    if sum(not isinstance(part, slice) for part in subscripts) < 2:
        return tuple(subscripts)
    positions = [
        host.arange(*part.indices(n)) if isinstance(part, slice) else part
        for part, n in zip(subscripts, shape, strict=True)
    ]
    rank = len(shape)
    return tuple(
        [p.reshape((1,) * i + (-1,) + (1,) * (rank - 1 - i)) for i, p in enumerate(positions)]
    )


def _is_mask(part: Any) -> bool:
    return is_array(part) and part.dtype == bool


def _elements(mask: Any, shape: tuple[int, ...], fmt: str) -> tuple[Any, ...]:
    """The positions at which a mask of the whole shape holds, the first index running fastest."""
    if mask.shape != shape:
        raise IndexError(
            f"a mask of {formats.describe('', mask.shape)} cannot select from "
            f"{formats.describe(fmt, shape)}; their sizes must be equal"
        )
    return tuple(reversed(host.nonzero(mask.T)))


def _full(
    parts: tuple[Any, ...], shape: tuple[int, ...], fmt: str
) -> tuple[list[Any], tuple[int, ...]]:
    """One subscript for every dimension: `...` written out, None taken out."""
    new_axes: tuple[int, ...] = ()
    if any(part is None for part in parts):
        if fmt:
            raise IndexError(
                f"None adds a dimension without a label to {formats.describe(fmt, shape)}; "
                "use stripdims(X) first, and dlarray(…, format) afterwards"
            )
        new_axes = _places_of_none(parts, len(shape))
        parts = tuple(part for part in parts if part is not None)
    if (count := sum(part is Ellipsis for part in parts)) > 1:
        raise IndexError("only one ... may stand among the subscripts")
    if count:
        at = next(i for i, part in enumerate(parts) if part is Ellipsis)
        missing = len(shape) - len(parts) + 1
        parts = (*parts[:at], *(slice(None),) * missing, *parts[at + 1 :])
    if len(parts) != len(shape):
        _raise_count(parts, shape, fmt)
    return list(parts), new_axes


def _places_of_none(parts: tuple[Any, ...], rank: int) -> tuple[int, ...]:
    given = sum(part is not None and part is not Ellipsis for part in parts)
    places, position = [], 0
    for part in parts:
        if part is None:
            places.append(position)
        position += rank - given if part is Ellipsis else 1
    return tuple(places)


def _raise_count(parts: tuple[Any, ...], shape: tuple[int, ...], fmt: str) -> None:
    array = formats.describe(fmt, shape)
    if len(parts) > len(shape):
        raise IndexError(f"{len(parts)} subscripts for {array}, which has {len(shape)} dimensions")
    colons = ", ".join([":"] * (len(shape) - len(parts)))
    raise IndexError(
        f"{len(parts)} subscripts for {array}, which has {len(shape)} dimensions; write "
        f"X[i, {colons}] or X[i, ...] for a part of the first dimension, or "
        "reshape(X, -1)[i] to count through all elements in column-major order"
    )


def _name(i: int, fmt: str) -> str:
    return f"dimension {i}" + (f" ({fmt[i]})" if fmt else "")


def _subscript(part: Any, n: int, name: str) -> Any:
    """A slice, or an array of positions, that keeps the dimension."""
    if isinstance(part, slice):
        return part
    if isinstance(part, bool) or (_is_mask(part) and part.ndim == 0):
        raise IndexError(f"{name}: {part} is no subscript; use a position, a slice or a mask")
    if hasattr(part, "__index__") and getattr(part, "ndim", 0) == 0:
        i = operator.index(part)
        if not -n <= i < n:
            raise IndexError(f"{name} has {n} positions, counted from 0; {i} is not one of them")
        i %= n
        return slice(i, i + 1)
    return _positions(part, n, name)


def _positions(part: Any, n: int, name: str) -> Any:
    positions = part if _counts(part) else host.asarray(part)
    if positions.size == 0:
        positions = positions.astype(int)
    if sum(m != 1 for m in positions.shape) > 1 or not _counts(positions):
        raise IndexError(
            f"{name}: a subscript is a whole number, a slice, a vector of whole numbers, or a mask "
            f"of {n} booleans; this is a {positions.dtype} array of "
            f"{formats.describe('', positions.shape)}"
        )
    positions = positions.reshape(-1)
    if positions.dtype == bool:
        if len(positions) != n:
            raise IndexError(f"{name} has {n} positions; this mask has {len(positions)}")
        return host.nonzero(positions)[0]
    outside = positions[(positions < -n) | (positions >= n)]
    if len(outside):
        raise IndexError(
            f"{name} has {n} positions, counted from 0; {int(outside[0])} is not one of them"
        )
    return positions.astype(int) % n if n else positions.astype(int)


def _counts(x: Any) -> bool:
    """Whether x is an array of whole numbers or booleans."""
    return getattr(getattr(x, "dtype", None), "kind", "") in ("i", "u", "b")
