"""A function of dlarrays, containers, tables and networks, as one of plain arrays.

An oracle moves arrays, and the engine follows arrays: both need f with its variables taken out of
the structures that they stand in. ``variables_of`` takes them out and names them, and an
``Operation`` puts others in their place and calls f.
"""

from __future__ import annotations

import copy
import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinydl.autodiff import Record, Recorded, plain
from tinydl.backend import computing
from tinydl.backend.random import generator
from tinydl.functions.convert import double
from tinydl.functions.device import gather
from tinydl.labels import dlarray
from tinydl.labels.classes import DOUBLE, LOGICAL, SINGLE, common, to_class
from tinydl.labels.containers import dlarrays_in, map_all_arrays, map_arrays
from tinydl.network.net import dlnetwork
from tinydl.network.table import Table
from tinydl.primitives.shape import concatenate, reshape
from tinydl.training.recording import current


class Variable(NamedTuple):
    """What f is differentiated by: its place in the arguments, its labels and its numbers."""

    name: str
    format: str
    array: Any
    """As it was given: of its class, on its device."""


def own_copy(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with arrays of their own: an f that writes into them harms nobody's."""
    made = copy.deepcopy(arguments)  # of dlarrays it shares the arrays
    return map_all_arrays(_own, made)


def _own(x: Any) -> Any:
    return dlarray._make(x._value.copy(), x.dims) if isinstance(x, dlarray) else x.copy()


def in_double(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments in double precision, State of networks included."""
    widen = lambda x: double(x) if x.dtype == SINGLE else x
    return map_all_arrays(widen, arguments)


def exact(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments as an oracle takes them: double precision, in the computer's own memory."""
    return in_double(gather(arguments))


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """What f calls its positional arguments; input 1, input 2, … if it does not say."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # some functions written in C do not say
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"input {i + 1}" for i in range(count)]


def variables_of(arguments: Sequence[Any], names: Sequence[str]) -> list[Variable]:
    """All dlarrays in the arguments, in the order in which map_arrays comes to them."""
    found: list[Variable] = []
    for argument, name in zip(arguments, names, strict=True):
        places = zip(_places(argument, name), dlarrays_in(argument), strict=True)
        found += [Variable(place, x.dims, x._value) for place, x in places]
    return found


def _places(structure: Any, name: str) -> Iterator[str]:
    """Names of the dlarrays in a structure, as one would write them: x[1]["a"]."""
    if isinstance(structure, dlarray):
        yield name
    elif isinstance(structure, dlnetwork):
        yield from _places(structure.Learnables, f"{name}.Learnables")
    elif isinstance(structure, Table):
        rows = zip(structure.rows, structure.Value, strict=True)
        yield from [f'{name} "{layer}/{parameter}"' for (layer, parameter), value in rows
                    if value is not None]  # fmt: skip
    elif hasattr(structure, "_map_arrays"):  # a class whose parts have no names to show
        yield from [f"{name}, array {i}" for i in range(len(dlarrays_in(structure)))]
    elif isinstance(structure, dict):
        for key, part in structure.items():
            yield from _places(
                part, f'{name}["{key}"]' if isinstance(key, str) else f"{name}[{key!r}]"
            )
    elif hasattr(structure, "_fields"):
        for field, part in zip(structure._fields, structure, strict=True):
            yield from _places(part, f"{name}.{field}")
    elif isinstance(structure, (list, tuple)):
        for i, part in enumerate(structure):
            yield from _places(part, f"{name}[{i}]")


class Operation:
    """f as a function of the arrays of the chosen variables, that gives one vector.

    All that f returns is joined: dlarrays, also those in containers, in the order of map_arrays.
    Every call starts at the same position of the random numbers, and gets fresh containers.
    """

    def __init__(
        self, f: Callable[..., Any], arguments: tuple[Any, ...], chosen: Sequence[int],
        position: dict[str, Any],
    ) -> None:  # fmt: skip
        self.f = f
        self.arguments = arguments
        self.chosen = {place: k for k, place in enumerate(chosen)}
        self.position = position
        self.draws = -1  # of the generator, when it was last put there
        self.needs_record = False

    def __call__(self, *arrays: Any) -> Any:
        record = next((a.node.record for a in arrays if type(a) is Recorded), None)
        if record is not None:
            return self._within(record, arrays)
        if not self.needs_record:
            try:
                return self._vector(arrays, None)
            except RuntimeError:  # f may call dlgradient itself: a loss with derivatives in it
                y = plain(self._within(Record(), arrays))
                self.needs_record = True
                return y
        return plain(self._within(Record(), arrays))

    def _within(self, record: Record, arrays: Sequence[Any]) -> Any:
        """f within a recording, as dlfeval calls it."""
        before, current.record = current.record, record
        try:
            return self._vector(arrays, record)
        finally:
            current.record = before

    def _vector(self, arrays: Sequence[Any], record: Record | None) -> Any:
        if generator.draws != self.draws:
            generator.setstate(self.position)
            self.draws = generator.draws
        counter = itertools.count()

        def handle(x: dlarray) -> dlarray:
            k = self.chosen.get(next(counter))
            value = x._value if k is None else arrays[k]
            if record is not None and type(value) is not Recorded and value.dtype != LOGICAL:
                value = record.leaf(value)
            return dlarray._make(value, x.dims)

        with computing():
            results = self.f(*map_arrays(handle, self.arguments))
            values = [y._value for y in dlarrays_in(results) if y.dtype != LOGICAL]
            if not values:
                raise TypeError(
                    f"check_gradients: f returns {type(results).__name__} without a dlarray of "
                    "class single or double; what is to be differentiated is a dlarray"
                )
            dtype = common(*[v.dtype for v in values])
            flat = [reshape(to_class(v, dtype), shape=(math.prod(v.shape),), order="C")
                    for v in values]  # fmt: skip
            return flat[0] if len(flat) == 1 else concatenate(*flat, axis=0)


def is_variable(x: Any) -> bool:
    """Whether one can differentiate by an array."""
    return x.dtype in (SINGLE, DOUBLE)


def as_doubles(array: Any) -> np.ndarray:
    """A NumPy array of doubles of its own, from either device."""
    return np.array(gather(plain(array)), float)
