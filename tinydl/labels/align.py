"""Two operands brought to one format, one rank and one class.

Between two formats the common one is their join, and each operand gets dimensions of size 1 where
it lacks a label. An operand without labels is matched by position, from the left, as in MATLAB.
After this NumPy's expansion of dimensions of size 1 does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.labels import devices
from tinydl.labels import format as formats
from tinydl.labels.classes import LOGICAL, common, to_class
from tinydl.primitives.shape import reshape

_joined: dict[tuple[str, str], str] = {}


def classes(x: Any, y: Any, arguments: Sequence[str] = devices.OPERANDS) -> tuple[Any, Any]:
    """Both values in the class that they have together, on one device."""
    x, y = devices.together((x, y), arguments)
    if x.dtype is y.dtype and x.dtype is not LOGICAL:
        return x, y
    dtype = common(x.dtype, y.dtype)
    return to_class(x, dtype), to_class(y, dtype)


def is_alike(x: Any, y: Any) -> bool:
    """Whether two values have the same shape, floating-point class and device."""
    dtype = x.dtype
    return (
        dtype is y.dtype
        and x.shape == y.shape
        and dtype is not LOGICAL
        and not devices.is_gpu_in_use()
    )


def labels(x: Any, x_format: str, y: Any, y_format: str) -> tuple[Any, Any, str]:
    """Both values with equal ranks (or one of them 0-d), and the format of the result."""
    if x.shape == y.shape and x_format == y_format:
        return x, y, x_format
    if x_format and y_format:
        fmt = _joined.get((x_format, y_format)) or formats.join(x_format, y_format)
        _joined[x_format, y_format] = fmt
        a, b = expand(x, x_format, fmt), expand(y, y_format, fmt)
    else:
        fmt = x_format or y_format
        a, b = _by_position(x, x_format, y, y_format)
    _check_sizes(a.shape, b.shape, x, x_format, y, y_format)
    return a, b, fmt


def expand(x: Any, fmt: str, into: str) -> Any:
    """x with dimensions of size 1 for the labels of a larger format that it lacks."""
    if fmt == into:
        return x
    shape = tuple([1 if i is None else x.shape[i] for i in formats.places(fmt, into)])
    return reshape(x, shape=shape, order="C")


def of_rank(sizes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """The sizes with ones added at the end, or ones taken from there, for a number of dimensions.

    There are more if sizes other than 1 stand beyond.
    """
    while len(sizes) > rank and sizes[-1] == 1:
        sizes = sizes[:-1]
    return (*sizes, *(1,) * (rank - len(sizes)))


def _by_position(x: Any, x_format: str, y: Any, y_format: str) -> tuple[Any, Any]:
    rank = len(x_format or y_format) or max(x.ndim, y.ndim)
    return (
        _to_rank(x, x_format, rank, y, y_format),
        _to_rank(y, y_format, rank, x, x_format),
    )


def _to_rank(x: Any, fmt: str, rank: int, other: Any, other_format: str) -> Any:
    """x with dimensions of size 1 at its end, or without some, until its rank is right."""
    if x.ndim in (rank, 0):
        return x
    sizes = of_rank(x.shape, rank)
    if len(sizes) > rank:
        _raise_sizes(x, fmt, other, other_format)
    if x.ndim == 1:
        raise ValueError(
            f"an array of {x.shape[0]} elements without labels meets one of "
            f"{formats.describe(other_format, other.shape)}; say which way it lies: "
            "v[:, None] is a column, v[None, :] is a row"
        )
    return reshape(x, shape=sizes, order="C")


def _check_sizes(
    a: tuple[int, ...], b: tuple[int, ...], x: Any, x_format: str, y: Any, y_format: str
) -> None:
    for m, n in zip(a, b, strict=False):  # one of them may have no dimensions
        if m != n and m != 1 and n != 1:
            _raise_sizes(x, x_format, y, y_format)


def _raise_sizes(x: Any, x_format: str, y: Any, y_format: str) -> None:
    raise ValueError(
        f"sizes do not fit: {formats.describe(x_format, x.shape)} and "
        f"{formats.describe(y_format, y.shape)}; dimensions that meet must have equal sizes or "
        "size 1"
    )
