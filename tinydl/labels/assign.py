"""What an assignment x[key] = values writes: the class of x, and sizes that fit the subscripts."""

from __future__ import annotations

from typing import Any

from tinydl.labels import align, devices
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.classes import to_class
from tinydl.primitives.shape import reshape

Sizes = tuple[int, ...]


def values_for(region: Sizes, values: Any, fmt: str, x: Any) -> Any:
    """The values for a region of x, which has this format.

    As in MATLAB dimensions of size 1 do not matter where values carry no labels: a vector fits into
    a row and into a column. Apart from that, dimensions of size 1 expand.
    """
    value, value_format = value_and_format(values, "the value")
    _, value = devices.together((x, value), ("the array", "the value"))
    given = value.shape
    if value_format and fmt and value_format != fmt:
        if formats.join(value_format, fmt) != fmt:
            raise ValueError(
                f"an array with the format {value_format} cannot be written into one with the "
                f"format {fmt}"
            )
        value = align.expand(value, value_format, fmt)
    elif not (value_format and fmt) and _long(given) == _long(region):
        return to_class(reshape(value, shape=region, order="C"), x.dtype)
    if value.ndim == 1 < len(region) and given[0] != 1 and given[0] in region:
        raise ValueError(
            f"a vector of {given[0]} elements for {formats.describe('', region)} elements; say "
            "which way it lies: v[:, None] is a column, v[None, :] is a row"
        )
    sizes = align.of_rank(value.shape, len(region))
    if len(sizes) > len(region) or any(n not in (1, m) for n, m in zip(sizes, region, strict=True)):
        raise ValueError(
            f"{formats.describe(value_format, given)} values do not fit into the "
            f"{formats.describe('', region)} elements that the subscripts select"
        )
    return to_class(reshape(value, shape=sizes, order="C"), x.dtype)


def _long(sizes: Sizes) -> Sizes:
    return tuple([n for n in sizes if n != 1])
