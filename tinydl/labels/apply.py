"""Primitives applied to dlarrays: format in, plain or recorded values through, format out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinydl.autodiff.record import is_recorded, plain
from tinydl.backend import xp
from tinydl.labels import align
from tinydl.labels.classes import arithmetic, as_array
from tinydl.labels.handle import Handle

if TYPE_CHECKING:
    from tinydl.labels.array import dlarray

NUMBERS = frozenset({int, float, bool})


def unary(primitive: Callable[..., Any], x: dlarray, **static: Any) -> dlarray:
    """A primitive element by element: the format stays."""
    return type(x)._make(primitive(arithmetic(x._value), **static), x._format)


def binary(primitive: Callable[..., Any], a: Any, b: Any) -> dlarray:
    """A primitive of two operands, at least one of which is a dlarray."""
    kind = type(a) if isinstance(a, Handle) else type(b)
    if type(a) is type(b) and a._format == b._format and align.is_alike(a._value, b._value):
        return kind._make(primitive(a._value, b._value), a._format)  # nothing to do: the usual case
    x, y, fmt = operands(a, b)
    return kind._make(primitive(x, y), fmt)


def comparison(operator: Callable[..., Any], a: Any, b: Any) -> dlarray:
    """A comparison of two operands: logical, and never followed by differentiation."""
    kind = type(a) if isinstance(a, Handle) else type(b)
    x, y, fmt = operands(a, b)
    return kind._make(operator(plain(x), plain(y)), fmt)


def operands(a: Any, b: Any) -> tuple[Any, Any, str]:
    """The values of two operands in one class and rank, and the format of what they make.

    A Python number stays one: it takes on the class of the other operand.
    """
    if type(b) in NUMBERS:
        return arithmetic(a._value), float(b), a._format
    if type(a) in NUMBERS:
        return float(a), arithmetic(b._value), b._format
    x, x_format = value_and_format(a, "the left operand", beside=(b,))
    y, y_format = value_and_format(b, "the right operand", beside=(a,))
    x, y = align.classes(x, y)
    return align.labels(x, x_format, y, y_format)


def value_and_format(x: Any, argument: str = "x", beside: tuple[Any, ...] = ()) -> tuple[Any, str]:
    """What a dlarray holds, or an array or number without labels.

    Beside an operand that is recorded an array is copied: the record may keep it for its rules,
    and whoever passed it may write into it before they run.
    """
    if isinstance(x, Handle):
        return x._value, x._format
    array = as_array(x, argument)
    if any([isinstance(other, Handle) and is_recorded(other._value) for other in beside]):
        array = xp(array).as_own_copy(array)
    return array, ""
