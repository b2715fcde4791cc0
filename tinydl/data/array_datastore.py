"""Observations that are the slices of an array, or the elements of a list."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend import is_array
from tinydl.data.categorical import categorical
from tinydl.data.datastore import Indexed
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import refuse_hidden
from tinydl.labels.options import named_options


class arrayDatastore(Indexed):
    """A datastore whose observations are the slices of an array along one dimension.

    A is an array, a dlarray or a categorical array, or a list with one element for each
    observation, such as sequences of different lengths: MATLAB's cell array. axis is the dimension,
    counted from 0, along which the observations lie; by default the first. MATLAB's
    IterationDimension, which counts from 1, is refused. A slice keeps that dimension, with size 1.

    OutputType says what read gives: ``"cell"``, the default, a list of one slice; ``"same"`` the
    slice itself. Of a list both give a list of one element.

    The array is not copied. Raises TypeError for what is no array and no list, ValueError for an
    axis that A has not.

    Example:
        >>> import numpy as np
        >>> from tinydl import arrayDatastore, hasdata, read
        >>> ds = arrayDatastore(np.arange(6.0).reshape(2, 3), axis=1)
        >>> while hasdata(ds):
        ...     print(read(ds)[0].tolist())
        [[0.0], [3.0]]
        [[1.0], [4.0]]
        [[2.0], [5.0]]
    """

    @named_options
    def __init__(
        self,
        A: Any,
        *,
        axis: int = 0,
        OutputType: str = "cell",
        IterationDimension: None = None,
    ) -> None:
        if IterationDimension is not None:
            raise TypeError(
                f"arrayDatastore: IterationDimension={IterationDimension!r} could count from 0 or "
                f"from 1; write axis={_from_zero(IterationDimension)}, counted from 0"
            )
        if OutputType not in ("cell", "same"):
            raise ValueError(f"arrayDatastore: OutputType is one of cell, same, not {OutputType!r}")
        self.OutputType = OutputType
        self._data = list(A) if isinstance(A, (list, tuple)) else _admissible(A)
        shape = (len(self._data),) if isinstance(self._data, list) else self._data.shape
        if isinstance(axis, bool) or not hasattr(axis, "__index__") or not 0 <= axis < len(shape):
            raise ValueError(
                f"arrayDatastore: axis={axis!r} of {formats.describe('', shape)}; axes count from "
                f"0 to {len(shape) - 1}"
            )
        self._axis = int(axis)
        self._order = np.arange(shape[axis])

    @property
    def iteration_axes(self) -> list[int | None]:
        """Along which dimension the only variable is taken apart; None for a list."""
        return [None if isinstance(self._data, list) else self._axis]

    def _observation(self, position: int) -> Any:
        here = slice(position, position + 1)
        if isinstance(self._data, list):
            return self._data[here]
        if isinstance(self._data, categorical):
            part = self._data[here]
        else:
            part = self._data[(*(slice(None),) * self._axis, here, ...)]
        return part if self.OutputType == "same" else [part]

    def __repr__(self) -> str:
        kind = "list" if isinstance(self._data, list) else type(self._data).__name__
        return f"arrayDatastore with {len(self)} observations of a {kind}"


def _from_zero(dimension: Any) -> str:
    return str(dimension - 1) if isinstance(dimension, int) and dimension > 0 else "…"


def _admissible(A: Any) -> Any:
    """An array that has at least one dimension."""
    refuse_hidden(A, "arrayDatastore: A")
    if not (isinstance(A, (dlarray, categorical, np.ndarray)) or is_array(A)):
        raise TypeError(
            f"arrayDatastore: A is a {type(A).__name__}; an array, a categorical array, or a list "
            "with one element for each observation is needed"
        )
    if not A.ndim:
        raise ValueError("arrayDatastore: A is one number, which has no observations")
    return A
