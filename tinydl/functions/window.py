"""Strides, paddings and padding values of convolution and pooling, as MATLAB writes them."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of
from tinydl.primitives.shape import pad, take
from tinydl.primitives.window import Shape, Widths, same_padding

PADDING_VALUES = ("symmetric-include-edge", "symmetric-exclude-edge", "replicate")


def per_dimension(value: Any, rank: int, option: str, least: int = 1) -> Shape:
    """One whole number for each spatial dimension; a single one is meant for all."""
    given = list(value) if hasattr(value, "__len__") and not isinstance(value, str) else [value]
    numbers = given * rank if len(given) == 1 else given
    if len(numbers) != rank or not all(_is_whole(n, least) for n in numbers):
        raise ValueError(
            f"{option} is a whole number from {least} on, or {rank} of them, one for each spatial "
            f"dimension; not {value!r}"
        )
    return tuple([int(n) for n in numbers])


def padding_widths(
    value: Any, spatial: Shape, window: Shape, stride: Shape, dilation: Shape
) -> Widths:
    """Padding= as (before, after) for each spatial dimension.

    It is a number for all sides, one for each dimension, or two rows: what comes before, and what
    comes after. "same" is what makes the output ⌈input / stride⌉ long.

    Example:
        >>> padding_widths([[1, 2], [3, 4]], (9, 9), (3, 3), (1, 1), (1, 1))
        ((1, 3), (2, 4))
    """
    rank = len(spatial)
    if isinstance(value, str):
        if value != "same":
            raise ValueError(f'Padding is numbers or "same", not {value!r}')
        return same_padding(spatial, window, stride=stride, dilation=dilation)
    if hasattr(value, "__len__") and len(value) == 2 and hasattr(value[0], "__len__"):
        before, after = (per_dimension(row, rank, "Padding", 0) for row in value)
    else:
        before = after = per_dimension(value, rank, "Padding", 0)
    return tuple(zip(before, after, strict=True))


def padded(x: Any, widths: Widths, value: Any) -> tuple[Any, Widths]:
    """x with the padding that is no zeros, and what is left to pad with zeros.

    The value is a number, "replicate" for the outermost element, or one of the two mirrors:
    "symmetric-include-edge" repeats the outermost element, "symmetric-exclude-edge" does not.
    """
    none = ((0, 0),) * len(widths)
    if isinstance(value, str):
        if value not in PADDING_VALUES:
            raise ValueError(
                f"PaddingValue is a number or one of {', '.join(PADDING_VALUES)}, not {value!r}"
            )
        for axis, (before, after) in enumerate(widths):
            x = _mirrored(x, axis, before, after, value)
        return x, none
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ValueError(
            f"PaddingValue is a number or one of {', '.join(PADDING_VALUES)}, not {value!r}"
        )
    if float(value) == 0:
        return x, widths
    rest = ((0, 0),) * (x.ndim - len(widths))
    return pad(x, widths=(*widths, *rest), value=float(value)), none


def _mirrored(x: Any, axis: int, before: int, after: int, value: str) -> Any:
    """x with its own elements repeated beyond both ends of one dimension."""
    n = x.shape[axis]
    most = n - 1 if value == "symmetric-exclude-edge" else n
    if value != "replicate" and max(before, after) > most:
        raise ValueError(f"PaddingValue={value!r} mirrors at most {most} of {n} elements; Padding "
                         f"asks for {max(before, after)}")  # fmt: skip
    if before == after == 0:
        return x
    positions = [_inside(i, n, value) for i in range(-before, n + after)]
    there = on_device_of(plain(x), host.asarray(positions))
    return take(x, index=(*(slice(None),) * axis, there))


def _inside(i: int, n: int, value: str) -> int:
    """The position of the element that stands at a place outside of 0 … n − 1."""
    if 0 <= i < n:
        return i
    if value == "replicate":
        return 0 if i < 0 else n - 1
    shift = 1 if value == "symmetric-include-edge" else 0
    return -i - shift if i < 0 else 2 * (n - 1) - i + shift


def _is_whole(n: Any, least: int) -> bool:
    if isinstance(n, bool) or not hasattr(n, "__float__"):
        return False
    return float(n).is_integer() and n >= least
