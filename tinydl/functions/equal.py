"""isequal and isequaln: whether whole values are equal, whatever they are made of."""

from __future__ import annotations

from numbers import Real
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, is_array, xp
from tinydl.labels import dlarray
from tinydl.labels.align import of_rank


def isequal(A: Any, B: Any, *more: Any) -> bool:
    """Whether all arguments are equal: arrays, numbers, text, lists, dicts, tables, networks.

    Arrays are equal if their sizes (those beyond the last that is not 1 are not counted), their
    formats and all of their elements are; plain arrays and numbers have no format. Neither the
    class nor the device matters. NaN equals nothing: isequaln compares it as a number. Lists and
    tuples are compared part by part, dicts by their keys, whatever the order.

    An object of another kind may say itself what it equals, by a method
    ``is_equal_to(other, nan_equal)``; without it Python's == decides.

    Example:
        >>> from tinydl import dlarray, isequal, single
        >>> X = dlarray([1, 2], "C")
        >>> isequal(X, single(X)), isequal(X, dlarray([1, 2], "B")), isequal([1, 2], X)
        (True, False, False)
        >>> isequal({"W": X, "b": 0}, {"b": 0, "W": X}, {"b": 0, "W": X})
        True
    """
    return all([_are_equal(A, other, nan_equal=False) for other in (B, *more)])


def isequaln(A: Any, B: Any, *more: Any) -> bool:
    """Whether all arguments are equal, as isequal says, with NaN equal to NaN.

    Example:
        >>> from tinydl import isequaln
        >>> isequaln([1.0, float("nan")], [1.0, float("nan")])
        True
    """
    return all([_are_equal(A, other, nan_equal=True) for other in (B, *more)])


def _are_equal(a: Any, b: Any, *, nan_equal: bool) -> bool:
    for one, other in ((a, b), (b, a)):
        if hasattr(one, "is_equal_to"):
            return bool(one.is_equal_to(other, nan_equal))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and _all_equal([a[key] for key in b], b.values(), nan_equal)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return _all_equal(a, b, nan_equal)
    if _is_numeric(a) and _is_numeric(b):
        return _arrays_equal(a, b, nan_equal)
    return _objects_equal(a, b)


def _all_equal(parts: Any, others: Any, nan_equal: bool) -> bool:
    if len(parts) != len(others):
        return False
    pairs = zip(parts, others, strict=True)
    return all([_are_equal(a, b, nan_equal=nan_equal) for a, b in pairs])


def _is_numeric(x: Any) -> bool:
    """Whether x is an array of numbers, a number, or a list of numbers."""
    if is_array(x):
        return x.dtype.kind in "fiub"
    return isinstance(x, (dlarray, Real)) or _is_list_of_numbers(x)


def _is_list_of_numbers(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and all(
        [isinstance(part, Real) or _is_list_of_numbers(part) for part in x]
    )


def _arrays_equal(a: Any, b: Any, nan_equal: bool) -> bool:
    try:
        (x, x_format), (y, y_format) = _array_and_format(a), _array_and_format(b)
    except ValueError:  # a list with rows of different lengths is no array
        return False
    rank = max(x.ndim, y.ndim)
    shape = of_rank(x.shape, rank)
    if x_format != y_format or shape != of_rank(y.shape, rank):
        return False
    x, y = x.reshape(shape), y.reshape(shape)
    same = x == y
    if nan_equal:
        same = same | ((x != x) & (y != y))  # only NaN differs from itself
    return bool(same.all())


def _array_and_format(x: Any) -> tuple[Any, str]:
    """The numbers of x in the computer's own memory, and their format."""
    value, fmt = (plain(x._value), x.dims) if isinstance(x, dlarray) else (x, "")
    return xp(value).to_host(value) if is_array(value) else host.asarray(value), fmt


def _objects_equal(a: Any, b: Any) -> bool:
    """What holds no numbers: Python's == decides. Values of two kinds, or sizes, are not equal."""
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    if type(a) is not type(b) or getattr(a, "shape", None) != getattr(b, "shape", None):
        return False
    same = a == b
    return bool(same.all()) if hasattr(same, "all") else bool(same)
