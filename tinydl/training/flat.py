"""Parameters as one vector: all that solvers may move, one after the other."""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, xp
from tinydl.labels import dlarray
from tinydl.labels.classes import DOUBLE, LOGICAL, SINGLE, to_class
from tinydl.labels.containers import map_arrays, refuse_plain
from tinydl.labels.devices import together
from tinydl.labels.display import header
from tinydl.training.parameters import check_fits, factors


class Flat:
    """Parameters of one form, and the vectors that stand for them.

    A learn-rate factor of 0 keeps a parameter out of the vector. Its class is that of the
    parameters, double if they differ.
    """

    def __init__(self, parameters: Any, caller: str) -> None:
        refuse_plain(parameters, caller + ": {kind} cannot be updated; make it a dlarray")
        self._parameters, self._caller = parameters, caller
        self._moves = [factor != 0 for factor in factors(parameters)]
        classes: set[Any] = set()

        def look(w: dlarray) -> dlarray:
            if w.dtype == LOGICAL:
                raise ValueError(f"{caller}: a parameter of {header(w._value, w.dims)} cannot be "
                                 "updated; make it double(…) or single(…)")  # fmt: skip
            classes.add(w.dtype)
            return w

        map_arrays(look, parameters)
        self.dtype = SINGLE if classes == {SINGLE} else DOUBLE

    def vector(self, arrays: Any, what: str) -> Any:
        """The arrays of a container of the parameters' form, `what` they are to a parameter."""
        moves, parts = iter(self._moves), []

        def one(w: dlarray, x: Any) -> dlarray:
            check_fits(self._caller, w, x, what)
            if next(moves):
                parts.append(plain(x._value))
            return w

        map_arrays(one, self._parameters, arrays)
        parts = list(together(parts, [f"one {what}", *[f"another {what}"] * (len(parts) - 1)]))
        if not parts:
            return host.zeros(0, self.dtype)
        return xp(*parts).concatenate([to_class(x, self.dtype).reshape(-1) for x in parts])

    def parameters(self, vector: Any) -> Any:
        """The parameters with the numbers of a vector. What does not move is as it was."""
        moves, start = iter(self._moves), 0

        def one(w: dlarray) -> dlarray:
            nonlocal start
            if not next(moves):
                return dlarray._make(w._value, w.dims)
            part = vector[start : start + math.prod(w.shape)]
            start += len(part)
            return dlarray._make(part.reshape(w.shape).astype(w.dtype), w.dims)

        return map_arrays(one, self._parameters)
