"""Observations put together: arrays as one array, labels as one categorical array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinydl.backend import is_array, xp
from tinydl.data.categorical import categorical
from tinydl.labels import dlarray
from tinydl.labels import format as formats

_NUMBERS = "fiub"


def collate(observations: Sequence[Any], fmt: str, axis: int | None, caller: str) -> Any:
    """One array of the observations of a variable; what is neither numbers nor labels is a list.

    Arrays are joined along the dimension that fmt labels B: there they have the size 1, and
    trailing dimensions of size 1 count as always. If fmt has no B, they are joined along axis, or,
    where that is None, along a new dimension behind the others.
    """
    values = [x._numbers() if isinstance(x, dlarray) else x for x in observations]
    if all([isinstance(x, categorical) for x in values]):
        return join_labels(values)
    if not all([_is_numbers(x) for x in values]):
        return values
    arrays = [x if is_array(x) else np.asarray(x) for x in values]
    sizes = {x.shape: None for x in arrays}
    if len(sizes) > 1:
        shown = " and ".join([formats.describe("", shape) for shape in list(sizes)[:2]])
        raise ValueError(
            f"{caller}: observations of the sizes {shown} make no array; give a MiniBatchFcn that "
            "makes them equal, such as padsequences(data, axis=…) does"
        )
    arrays, at = _aligned(arrays, fmt, axis, caller)
    return arrays[0] if at is None else xp(arrays[0]).concatenate(arrays, axis=at)


def _is_numbers(x: Any) -> bool:
    return isinstance(x, (int, float)) or (is_array(x) and x.dtype.kind in _NUMBERS)


def _aligned(
    arrays: list[Any], fmt: str, axis: int | None, caller: str
) -> tuple[list[Any], int | None]:
    """The arrays, with the dimension to join them along; None for one array that has none."""
    shape = arrays[0].shape
    if "B" not in fmt:
        if axis is not None:
            return arrays, axis
        if fmt and len(arrays) == 1:
            return arrays, None
        return [x[..., None] for x in arrays], len(shape)
    at = fmt.index("B")
    sizes = (*shape, *(1,) * (len(fmt) - len(shape)))
    if len(sizes) != len(fmt) or sizes[at] != 1:
        raise ValueError(
            f"{caller}: the format {fmt} does not fit with observations of "
            f"{formats.describe('', shape)}, which are joined along B: one label for each "
            "dimension, and B where the size is 1 or behind the last one"
        )
    return [x.reshape(sizes) for x in arrays], at


def join_labels(parts: Sequence[categorical]) -> categorical:
    """Categorical arrays one after the other; the categories of the first come first."""
    first = parts[0]
    if all([part._names == first._names for part in parts]):
        return categorical._make(np.concatenate([part.codes for part in parts]), first._names)
    names = list(dict.fromkeys([name for part in parts for name in part._names]))
    return categorical([name for part in parts for name in part], names)


def is_labels(observations: Sequence[Any]) -> bool:
    """Whether there are only categorical arrays."""
    return all([isinstance(x, categorical) for x in observations])
