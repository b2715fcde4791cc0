"""Values beside expected ones: how far numbers may be apart, and a sentence where they differ.

Rounding changes each element of a result by some ε of its class, times the size of the terms that
it was computed from; the largest element of the result stands for that size. The tolerance is

    50 · ε · max(1, largest |expected|),   ε = 2⁻²³ in single, 2⁻⁵² in double precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from tinydl.backend import is_array
from tinydl.functions.convert import extractdata
from tinydl.functions.device import gather
from tinydl.functions.equal import isequaln
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.containers import form_of
from tinydl.network.net import dlnetwork
from tinydl.network.table import Table
from tinydl.testing.oracle import MARGIN


def numbers(x: Any) -> Any:
    """A NumPy array of its own, from either device."""
    return np.array(gather(extractdata(x)))


def tolerance(X: Any, *, margin: float = MARGIN) -> float:
    """How far a result may be from X by rounding: margin · ε · max(1, largest |X|).

    ε belongs to the class of X: 2⁻²³ for single, 2⁻⁵² for double. Logical and whole numbers are
    exact: 0. Elements that are not finite do not count.

    Example:
        >>> from tinydl import dlarray, single
        >>> tolerance(dlarray([1.0, -8.0])) == 400 * 2.0**-52
        True
        >>> tolerance(single([1.0, -8.0])) == 400 * 2.0**-23
        True
    """
    x = numbers(X)
    return _allowed(x, [x.dtype], margin)


def _allowed(x: Any, classes: Sequence[Any], margin: float) -> float:
    """The tolerance beside x, in the least precise of the classes."""
    eps = max([float(np.finfo(kind).eps) for kind in classes if kind.kind == "f"], default=0.0)
    sizes = np.abs(x.astype(float))
    return margin * eps * float(np.max(sizes, initial=1.0, where=np.isfinite(sizes)))


def assert_close(actual: Any, expected: Any, *, margin: float = MARGIN) -> None:
    """Raise an AssertionError if two values differ by more than rounding, and say where.

    Arrays must have one size, and elements apart by no more than tolerance(expected), in the less
    precise of the two classes; NaN equals NaN. dlarrays must have one format and one class too; a
    plain array or a list of numbers, as expected, stands for its numbers alone. Either may be on
    the GPU. Tuples, lists, dicts, tables and networks are compared part by part.

    Example:
        >>> from tinydl import dlarray
        >>> assert_close(dlarray([[0.1], [0.2]], "CB") * 3.0, [[0.3], [0.6]])
        >>> assert_close(dlarray([[1.0, 2.0], [3.0, 4.5]], "CB"), [[1, 2], [3, 4]])
        Traceback (most recent call last):
        ...
        AssertionError: element [1(C), 1(B)] is 4.5 instead of 4: 0.5 apart, 4.44e-14 allowed
    """
    found = difference(actual, expected, margin=margin)
    if found:
        raise AssertionError(found)


def difference(actual: Any, expected: Any, *, margin: float = MARGIN) -> str:
    """Where two values differ, in words; "" if they do not. With margin=0 they must be equal."""
    if _is_numeric(actual) and _is_numeric(expected):
        return _between_arrays(actual, expected, margin)
    a, b = _parts(actual), _parts(expected)
    if a is None or b is None:
        return "" if isequaln(actual, expected) else f"it is {actual!r} instead of {expected!r}"
    if a.keys() != b.keys():
        return f"it is {form_of(actual)} instead of {form_of(expected)}"
    return _between_parts(a, b, margin)


def _parts(x: Any) -> dict[Any, Any] | None:
    """What a network, a table or a container holds, by names or positions."""
    if isinstance(x, dlnetwork):
        return {"Learnables": x.Learnables, "State": x.State}
    if isinstance(x, Table):
        return {"/".join(row): value for row, value in zip(x.rows, x.Value, strict=True)}
    if isinstance(x, (list, tuple)):
        return dict(enumerate(x))
    return x if isinstance(x, dict) else None


def _is_numeric(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return bool(x) and all([isinstance(part, (Real, list, tuple)) and _is_numeric(part)
                                for part in x])  # fmt: skip
    return isinstance(x, (dlarray, Real)) or (is_array(x) and x.dtype.kind in "fiub")


def _between_parts(actual: dict[Any, Any], expected: dict[Any, Any], margin: float) -> str:
    for key, value in actual.items():
        found = difference(value, expected[key], margin=margin)
        if found:
            return found if len(actual) == 1 else f"in part {key}: {found}"
    return ""


def _between_arrays(actual: Any, expected: Any, margin: float) -> str:
    if isinstance(actual, dlarray) and isinstance(expected, dlarray):
        for what, name in (("format", "dims"), ("class", "dtype")):
            a, b = getattr(actual, name), getattr(expected, name)
            if a != b:
                return f"the {what} is {str(a) or 'empty'} instead of {str(b) or 'empty'}"
    x, y = numbers(actual), numbers(expected)
    dims = getattr(actual, "dims", "")
    if x.shape != y.shape:
        sizes = [formats.describe(dims if len(dims) == z.ndim else "", z.shape) for z in (x, y)]
        return f"the size is {sizes[0]} instead of {sizes[1]}"
    return _worst(x, y, dims, _allowed(y, [x.dtype, y.dtype], margin))


def _worst(a: Any, b: Any, dims: str, allowed: float) -> str:
    """The element that is farthest off, if one is too far."""
    x, y = a.astype(float), b.astype(float)
    equal = (x == y) | (np.isnan(x) & np.isnan(y))
    with np.errstate(invalid="ignore"):  # Inf − Inf
        apart = np.asarray(np.where(equal, 0.0, np.abs(x - y)))
    apart[np.isnan(apart)] = np.inf  # NaN beside a number
    if apart.max(initial=0.0) <= allowed:
        return ""
    at = np.unravel_index(apart.argmax(), apart.shape)
    labels = [f"({label})" for label in dims] or [""] * a.ndim
    index = ", ".join([f"{int(i)}{label}" for i, label in zip(at, labels, strict=True)])
    element = f"element [{index}]" if index else "the number"
    return (f"{element} is {a[at].item()!r} instead of {b[at].item()!r}: "
            f"{apart.max():.3g} apart, {allowed:.3g} allowed")  # fmt: skip
