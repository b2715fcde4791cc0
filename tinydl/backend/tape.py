"""What the array library is asked to do while a function runs, so that it can be asked again.

A `Traced` array stands for an array of NumPy or CuPy. It does what that array does, and has each
request written on a `Tape`: the function, its arguments, its results. The tape is a straight line
of calls; `replay` makes a program of it. Nothing above this folder knows about tapes: `xp(x)` of a
traced array is the library of x whose functions are written down.

Only calls between arrays can be repeated with other numbers. Whatever takes numbers out of a traced
array in another way (``bool``, ``float``, NumPy's ``__array__``, a text), or has shapes that depend
on numbers, makes the tape useless, and `Tape.refusal` says why. So a tape that is not refused has
seen everything that numbers were used for. Random numbers belong to the calls only if they are
drawn through the library of a traced array, ``xp(x).uniform(shape)``.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend import dispatch
from tinydl.backend.random import generator
from tinydl.backend.traced import Slot, Traced, TracedOnGPU, bare, captured, parts, slots, traced_in

_LEAVE = frozenset({"as_numpy", "as_text", "read_only", "to_host"})
"""Functions of a library whose results leave it, although they may be arrays."""

_COMPOSED = frozenset({"between", "kept", "leakyrelu", "relu"})
"""Functions of NumPy's backend that are a few of NumPy's calls, which are written down one by one:
each of these can write into a buffer. (On a GPU each is one kernel.)"""

_SIZED_BY_NUMBERS = frozenset({"argwhere", "compress", "extract", "flatnonzero", "nonzero",
                               "repeat", "unique"})  # fmt: skip
_IN_PLACE = frozenset({operator.iadd, operator.isub, operator.imul, operator.itruediv})


class Kind(NamedTuple):
    """What is known of the array in a slot, whatever its numbers are."""

    shape: tuple[int, ...]
    dtype: Any
    strides: tuple[int, ...]
    is_of_numpy: bool  # and no array scalar, which NumPy makes of 0-d arrays
    owner: int  # arrays that share memory have the same number


class Call(NamedTuple):
    """One request. Slots stand for the traced arrays among its arguments and results."""

    function: Any  # a function, or the name of a method of the first argument
    args: tuple[Any, ...]
    options: dict[str, Any]
    results: Any


class Tape:
    """The calls of one run, and what is known of the arrays."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.kinds: list[Kind] = []
        self.refusal: str | None = None
        self.draws = 0
        self._is_running = True
        self._drawn_before = generator.draws
        self._owners: dict[int, tuple[int, Any]] = {}
        self._foreign: set[int] = set()  # owners that were not made by a call
        self._libraries: dict[int, Library] = {}
        dispatch.tapes.append(self)

    def enter(self, array: Any) -> Traced:
        """A traced array for an input of the program."""
        self._foreign.add(self._owner(array))
        return self._traced(array)

    def refuse(self, reason: str) -> None:
        """Say why the calls cannot be repeated; the first reason counts."""
        if self.refusal is None:
            self.refusal = reason

    def close(self) -> None:
        """End the tape. Traced arrays that outlive it make plain ones."""
        self._is_running = False
        dispatch.tapes.remove(self)
        if generator.draws - self._drawn_before != self.draws:
            self.refuse("it draws random numbers (rand, randn, randi, rng) other than those of "
                        "dropout")  # fmt: skip
        self._owners.clear()

    def ask(self, function: Any, *args: Any, **options: Any) -> Any:
        """function(*args, **options) on the arrays that are meant, written down."""
        given, named = bare(args), bare(options)
        if isinstance(function, str):
            result = getattr(given[0], function)(*given[1:], **named)
        else:
            result = function(*given, **named)
        if result is NotImplemented or not self._is_running:
            return result
        return self._note(function, args, options, result)

    def _note(self, function: Any, args: Any, options: Any, result: Any) -> Any:
        name = function if isinstance(function, str) else getattr(function, "__name__", "a call")
        operands = list(traced_in((args, options)))
        if name in _SIZED_BY_NUMBERS or (name == "where" and len(args) == 1):
            self.refuse(f"the size of a result of {name} depends on numbers")
            return result
        if function in _IN_PLACE or "out" in options:
            self._check_own(options.get("out", args[0]))
        elif dispatch.is_array(result):
            for x in operands:
                if x.array is result:
                    return x
        if any([_takes_along(part) for part in parts((args, options))]):
            self.refuse(f"a function given to {name} takes an array along")
        for array in _arrays_in((bare(args), bare(options))):
            owner = self._owner(array)
            if not any([x.array is array for x in operands]):
                self._foreign.add(owner)
        if not _is_of_arrays(result):
            if operands or result is None:
                self.refuse(f"numbers are taken out of an array ({name})")
            return result
        results = self._wrapped(result)
        self.calls.append(Call(function, slots(args), slots(options), slots(results)))
        return results

    def put(self, x: Traced, index: Any, values: Any) -> None:
        """x[index] = values."""
        self._check_own(x)
        x.array[bare(index)] = bare(values)
        if not self._is_running:
            return
        if any([part.dtype == bool for part in traced_in(index)]):
            self.refuse("the size of a selection depends on numbers")
        self.calls.append(Call(operator.setitem, slots((x, index, values)), {}, None))

    def perform(self, effect: Callable[[list[Any]], None], arrays: list[Any]) -> None:
        """effect(arrays), and again with each replay."""
        effect(bare(arrays))
        if self._is_running:
            self.calls.append(Call(effect, (slots(arrays),), {}, None))

    def library(self, array: Any) -> Library:
        """The functions for an array, written down."""
        module = dispatch.xp(array)
        return self._libraries.setdefault(id(module), Library(self, module))

    def _check_own(self, x: Any) -> None:
        """Refuse writing into an array that no call has made: it would stay written to."""
        if not isinstance(x, Traced) or self._owner(x.array) in self._foreign:
            self.refuse("it writes into an array that it was given")

    def _wrapped(self, result: Any) -> Any:
        if isinstance(result, (tuple, list)):
            return type(result)([self._wrapped(part) for part in result])
        return None if result is None else self._traced(result)

    def _traced(self, array: Any) -> Traced:
        is_of_numpy = type(array) is np.ndarray
        owner = self._owner(array)
        self.kinds.append(Kind(array.shape, array.dtype, array.strides, is_of_numpy, owner))
        kind = TracedOnGPU if dispatch.is_on_gpu(array) else Traced
        return kind(self, array, Slot(len(self.kinds) - 1))

    def _owner(self, array: Any) -> int:
        """A number for the memory of an array. The array that owns it is kept meanwhile."""
        while getattr(array, "base", None) is not None:
            array = array.base
        return self._owners.setdefault(id(array), (len(self._owners), array))[0]


class Library:
    """The functions for the arrays of one library, each call of which a tape writes down."""

    def __init__(self, tape: Tape, module: Any) -> None:
        self._tape = tape
        self._module = module

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._module, name)
        if not callable(function):
            return function
        if name == "uniform":
            return self._uniform
        if name in _COMPOSED and self._module is dispatch.xp():
            return function
        if name in _LEAVE:
            return functools.partial(_leaving, self._tape, function, name)
        return functools.partial(self._tape.ask, function)

    def _uniform(self, shape: tuple[int, ...]) -> Any:
        self._tape.draws += 1
        return self._tape.ask(self._module.uniform, shape)


def _leaving(tape: Tape, function: Callable[..., Any], name: str, *args: Any, **named: Any) -> Any:
    tape.refuse(f"numbers are taken out of an array ({name})")
    return function(*bare(args), **bare(named))


def _takes_along(x: Any) -> bool:
    """Whether x is a function made within another, with a traced array among its variables."""
    if isinstance(x, functools.partial):
        return any(traced_in([x.args, x.keywords])) or _takes_along(x.func)
    return isinstance(x, FunctionType) and any(traced_in(captured(x)))


def _arrays_in(x: Any) -> Iterator[Any]:
    return (part for part in parts(x) if dispatch.is_array(part))


def _is_of_arrays(result: Any) -> bool:
    """Whether a result is an array, or several."""
    return dispatch.is_array(result) or (
        isinstance(result, (tuple, list))
        and all([part is None or _is_of_arrays(part) for part in result])
    )
