"""Sequences of different lengths as one array, with a mask of what was there."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend import is_on_gpu
from tinydl.data.datastore import whole
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import as_array, common
from tinydl.labels.options import named_options

_DIRECTIONS = ("right", "left", "both")


@named_options
def padsequences(
    X: Any,
    paddingDim: None = None,
    *,
    axis: int | None = None,
    Length: str | int = "longest",
    Direction: str = "right",
    PaddingValue: float = 0.0,
    UniformOutput: bool = True,
    nargout: int = 1,
) -> Any:
    """Sequences of different lengths, brought to one length, in one array.

    X is a list of plain arrays that have equal sizes but for the dimension axis, counted from 0.
    MATLAB's paddingDim, which counts from 1, is refused. The sequences lie along a new last
    dimension: those of channels × time, with axis=1, make channels × time × sequences, the format
    "CTB". Options:

        Length         "longest", "shortest", or a number: shorter sequences are padded, longer ones
                       cut
        Direction      the end where that happens: "right", the last time steps; "left", the first;
                       "both", half at either end, an odd one at the right
        PaddingValue   the number to pad with, 0
        UniformOutput  False gives a list of arrays instead of one array

    nargout=2 gives a mask too, of the same form: True where an element is of a sequence, False
    where it is padding. One sequence of class single makes the result single.

    Raises ValueError for sequences that do not fit together, TypeError for what is no list.

    Example:
        >>> from tinydl import padsequences
        >>> X, mask = padsequences([[[1, 2, 3]], [[4]]], axis=1, nargout=2)
        >>> X[:, :, 1], mask[:, :, 1]
        (array([[4., 0., 0.]]), array([[ True, False, False]]))
    """
    if paddingDim is not None or axis is None:
        given = "" if paddingDim is None else f"{paddingDim!r} could count from 0 or from 1; "
        raise TypeError(f"padsequences: {given}write axis=1 for sequences of channels × time, "
                        "axis=0 for time × channels")  # fmt: skip
    if Direction not in _DIRECTIONS:
        raise ValueError(
            f"padsequences: Direction is one of {', '.join(_DIRECTIONS)}, not {Direction!r}"
        )
    if nargout not in (1, 2):
        raise ValueError(f"padsequences gives 1 to 2 outputs; nargout={nargout!r}")
    sequences = _fitting(X, axis)
    length = _length([x.shape[axis] for x in sequences], Length)
    padded = [_padded(x, axis, length, Direction, PaddingValue) for x in sequences]
    masks = [_padded(np.ones(x.shape, bool), axis, length, Direction, False) for x in sequences]
    results = [np.stack(part, axis=-1) if UniformOutput else part for part in (padded, masks)]
    return tuple(results) if nargout == 2 else results[0]


def _fitting(X: Any, axis: Any) -> list[np.ndarray]:
    """The sequences as arrays of one class, whose sizes differ along the axis at most."""
    if not isinstance(X, (list, tuple)) or not X:
        what = "an empty list" if isinstance(X, (list, tuple)) else f"a {type(X).__name__}"
        raise TypeError(f"padsequences: X is {what}; a list of sequences is needed: [x1, x2]")
    arrays = [_plain(x, i) for i, x in enumerate(X)]
    first = arrays[0].shape
    if isinstance(axis, bool) or not hasattr(axis, "__index__") or not 0 <= axis < len(first):
        raise ValueError(
            f"padsequences: axis={axis!r} of {formats.describe('', first)}; axes count from 0 to "
            f"{len(first) - 1}"
        )
    for i, x in enumerate(arrays):
        if x.ndim != len(first) or _others(x.shape, axis) != _others(first, axis):
            raise ValueError(
                f"padsequences: sequence {i} is {formats.describe('', x.shape)} and the first one "
                f"{formats.describe('', first)}; only dimension {axis} may differ"
            )
    if any([x.dtype != arrays[0].dtype for x in arrays]):
        return [x.astype(common(*[x.dtype for x in arrays])) for x in arrays]
    return arrays


def _plain(x: Any, place: int) -> np.ndarray:
    if isinstance(x, dlarray) or is_on_gpu(x):
        raise TypeError(
            f"padsequences: sequence {place} is {'a dlarray' if isinstance(x, dlarray) else 'on'}"
            f"{'' if isinstance(x, dlarray) else ' the GPU'}; sequences are padded as plain arrays "
            "in the computer's own memory: gather(extractdata(x))"
        )
    return as_array(x, f"padsequences: sequence {place}")


def _others(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _length(lengths: list[int], wanted: Any) -> int:
    if wanted == "longest":
        return max(lengths)
    if wanted == "shortest":
        return min(lengths)
    if isinstance(wanted, str):
        raise ValueError(
            f"padsequences: Length is longest, shortest or a whole number, not {wanted!r}"
        )
    return whole(wanted, "padsequences: Length")


def _padded(x: np.ndarray, axis: int, length: int, direction: str, value: Any) -> np.ndarray:
    """x with `missing` elements more along the axis, or, if that is negative, with fewer."""
    missing = length - x.shape[axis]
    half = abs(missing) // 2 if direction == "both" else abs(missing)
    at_left = {"right": 0, "left": abs(missing), "both": half}[direction]
    if missing < 0:
        keep = [slice(None)] * x.ndim
        keep[axis] = slice(at_left, at_left + length)
        return x[tuple(keep)].copy()
    widths = [(0, 0)] * x.ndim
    widths[axis] = (at_left, missing - at_left)
    return np.pad(x, widths, constant_values=_fill(value, x))


def _fill(value: Any, x: np.ndarray) -> Any:
    """The padding value, if the class of the sequences has it."""
    if isinstance(value, str) or np.ndim(value) or (x.dtype == bool and value not in (0, 1)):
        raise ValueError(
            f"padsequences: PaddingValue={value!r} is not one {'truth value' * (x.dtype == bool)}"
            f"{'number' * (x.dtype != bool)}"
        )
    return value
