"""DataFormat=: the labels of an argument that carries none itself; and what follows from labels."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from tinydl.functions.convert import stripdims
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.display import header

REMEMBERED = 1000
"""For so many layouts a function by_layout remembers its results; then it starts anew."""


class Labelled(NamedTuple):
    """An argument with labels, and the way back to what it came as."""

    X: dlarray
    fmt: str | None  # as DataFormat= named it; None if X had labels of its own

    def back(self, Y: dlarray) -> dlarray:
        """A result of the argument's labels, without labels again if it came so."""
        if self.fmt is None:
            return Y
        order = "".join([label for label in self.fmt if label in Y.dims])
        return stripdims(Y, order if sorted(order) == sorted(Y.dims) else None)


def data_format(X: dlarray, fmt: str | None, caller: str, needs: str = "") -> Labelled:
    """X with labels, from DataFormat= if it has none; the needed ones are there."""
    X = X if isinstance(X, dlarray) else dlarray(X)  # a copy: the record may keep it for its rules
    if X.dims and fmt is not None:
        raise ValueError(f"{caller}: X has the format {X.dims}; DataFormat= is for arrays without")
    if not X.dims and fmt is None:
        raise ValueError(
            f'{caller}: X is {header(X, "")} without labels; use dlarray(X, "CB") with its own '
            'labels, or DataFormat="CB"'
        )
    labelled = X if fmt is None else dlarray(X, fmt)
    for label in needs:
        if label not in labelled.dims:
            raise ValueError(
                f"{caller}: {header(labelled, labelled.dims)} has no {label} dimension "
                f"({formats.MEANING})"
            )
    return Labelled(labelled, None if fmt is None else formats.check(fmt, "DataFormat"))


def by_layout(work_out: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: what work_out(X, *rest) gives is remembered for labels and sizes of X, and rest.

    It follows from these alone, and may be shared; errors, which may tell more of X, are raised
    each time. Networks meet the same few layouts in every step.

    Example:
        >>> from tinydl import dlarray
        >>> @by_layout
        ... def count(X, label):
        ...     print("counting")
        ...     return X.dims.count(label)
        >>> X = dlarray([[1.0]], "SS")
        >>> count(X, "S"), count(X, "S")
        counting
        (2, 2)
    """
    known: dict[Any, Any] = {}

    @functools.wraps(work_out)
    def remembered(X: dlarray, *rest: Any) -> Any:
        key = X._format, X._value.shape, rest
        found = known.get(key)
        if found is None:
            found = work_out(X, *rest)
            if len(known) >= REMEMBERED:
                known.clear()
            known[key] = found
        return found

    return remembered
