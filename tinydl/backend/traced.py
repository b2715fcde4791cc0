"""Arrays that have everything that is done with them written on a tape."""

from __future__ import annotations

import contextlib
import functools
import operator
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinydl.backend import dispatch

if TYPE_CHECKING:
    from tinydl.backend.tape import Library, Tape

_STATIC = (bool, int, str, tuple, type(None), np.dtype)


class Slot(NamedTuple):
    """The place of an array in a program."""

    number: int


class Traced:
    """Stands for an array while a tape runs."""

    __slots__ = ("array", "slot", "tape")

    def __init__(self, tape: Tape, array: Any, slot: Slot) -> None:
        self.tape = tape
        self.array = array
        self.slot = slot

    @property
    def library(self) -> Library:
        """The functions for this array: what xp(x) gives."""
        return self.tape.library(self.array)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    @property
    def base(self) -> Any:
        """Not None for a view. What it is a view of does not matter."""
        return self.array.base

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.array, name)
        if callable(found):
            return functools.partial(self.tape.ask, name, self)
        if dispatch.is_array(found):
            return self.tape.ask(getattr, self, name)
        if not isinstance(found, _STATIC):
            self.tape.refuse(f"the memory of an array is looked at ({name})")
        return found

    def __getitem__(self, index: Any) -> Any:
        if any([part.dtype == bool for part in traced_in(index)]):
            self.tape.refuse("the size of a selection depends on numbers")
        return self.tape.ask(operator.getitem, self, index)

    def __setitem__(self, index: Any, values: Any) -> None:
        self.tape.put(self, index, values)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and "out" not in options:
            return self.tape.ask(ufunc, *inputs, **options)
        self.tape.refuse(f"numpy.{ufunc.__name__} is called in a way that is not followed")
        return getattr(ufunc, method)(*bare(inputs), **bare(options))

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return self.tape.ask(function, *args, **options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        self.tape.refuse("numbers are taken out of an array (by NumPy)")
        return np.array(self.array, dtype=dtype, copy=copy)

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self.array))])

    def __len__(self) -> int:
        return len(self.array)

    __hash__ = object.__hash__


class TracedOnGPU(Traced):
    """The same for CuPy, whose arrays leave their operators to classes that say so."""

    __slots__ = ()
    __array_ufunc__ = None  # type: ignore[assignment]


def _may(others: tuple[Any, ...]) -> bool:
    """Whether other operands leave an operator to arrays, as recorded values do not."""
    return not others or (
        isinstance(others[0], Traced) or getattr(others[0], "__array_ufunc__", others) is not None
    )


def _follow(name: str, function: Callable[..., Any]) -> None:
    def method(self: Traced, *others: Any) -> Any:
        return self.tape.ask(function, self, *others) if _may(others) else NotImplemented

    setattr(Traced, f"__{name}__", method)


def _follow_reflected(name: str, function: Callable[..., Any]) -> None:
    def method(self: Traced, other: Any) -> Any:
        return self.tape.ask(function, other, self)

    setattr(Traced, f"__r{name}__", method)


def _take_out(name: str, function: Callable[..., Any], what: str) -> None:
    def method(self: Traced, *others: Any) -> Any:
        self.tape.refuse(what)
        return function(self.array, *bare(others))

    setattr(Traced, f"__{name}__", method)


_ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_",
               "xor")  # fmt: skip
_OTHERS = ("neg", "pos", "abs", "invert", "eq", "ne", "lt", "le", "gt", "ge", "iadd", "isub",
           "imul", "itruediv")  # fmt: skip
for _name in (*_ARITHMETIC, *_OTHERS):
    _follow(_name.strip("_"), getattr(operator, _name))
for _name in _ARITHMETIC:
    _follow_reflected(_name.strip("_"), getattr(operator, _name))
_DECISION = "what happens depends on the numbers of an array"
_TAKERS: dict[str, Callable[..., Any]] = {
    "float": float, "int": int, "complex": complex, "index": operator.index, "repr": repr,
    "format": format,
}  # fmt: skip
_take_out("bool", bool, f"{_DECISION} (if, while, and, or)")
_take_out("contains", operator.contains, f"{_DECISION} (in)")
for _name, _function in _TAKERS.items():
    _take_out(_name, _function, f"numbers are taken out of an array ({_name})")
dispatch.stand_in(Traced)
dispatch.stand_in(TracedOnGPU)


# ---- arrays, traced arrays and slots in nested arguments -----------------------------------------


def _map(function: Callable[[Any], Any], x: Any) -> Any:
    if type(x) in (tuple, list):
        return type(x)([_map(function, part) for part in x])
    if type(x) is dict:
        return {key: _map(function, part) for key, part in x.items()}
    return function(x)


def bare(x: Any) -> Any:
    """With arrays in place of traced ones."""
    return _map(lambda part: part.array if isinstance(part, Traced) else part, x)


def slots(x: Any) -> Any:
    """With slots in place of traced arrays."""
    return _map(lambda part: part.slot if isinstance(part, Traced) else part, x)


def parts(x: Any) -> Iterator[Any]:
    """What nested tuples, lists and dicts hold."""
    if type(x) in (tuple, list):
        for part in x:
            yield from parts(part)
    elif type(x) is dict:
        yield from parts(list(x.values()))
    else:
        yield x


def traced_in(x: Any) -> Iterator[Traced]:
    return (part for part in parts(x) if isinstance(part, Traced))


def captured(function: FunctionType) -> list[Any]:
    """The values that a function takes along, if it was made within another."""
    found = list(function.__defaults__ or ())
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # a variable that has no value yet
            found.append(cell.cell_contents)
    return found


# ---- for those who make or compare arrays --------------------------------------------------------


def is_traced(x: Any) -> bool:
    """Whether x stands for an array while a tape runs."""
    return isinstance(x, Traced)


def each_time(effect: Callable[[list[Any]], None], arrays: list[Any]) -> None:
    """effect(arrays); if they are traced, with each replay too."""
    tape = next((x.tape for x in arrays if isinstance(x, Traced)), None)
    if tape is None:
        effect(arrays)
    else:
        tape.perform(effect, arrays)
