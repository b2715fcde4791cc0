"""A tape as a program: the same calls on other arrays, without the work of choosing them.

The program is a Python function, written out call by call (`Program.source` shows it), so that its
lines cost what the calls cost. Two things are not as on the tape:

* calls whose results nobody uses are left out;
* functions that work element by element write into buffers that the program keeps. A buffer serves
  one array after the other, each from the call that makes it to its last use, views included. What
  the program returns never lies in a buffer. (On a GPU CuPy's pool does the same for all calls.)
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from tinydl.backend import dispatch
from tinydl.backend.random import generator
from tinydl.backend.tape import Call, Kind, Tape
from tinydl.backend.traced import Slot, captured, parts

_SYMBOLS = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
            operator.floordiv: "//", operator.mod: "%", operator.pow: "**", operator.matmul: "@",
            operator.and_: "&", operator.or_: "|", operator.xor: "^", operator.eq: "==",
            operator.ne: "!=", operator.lt: "<", operator.le: "<=", operator.gt: ">",
            operator.ge: ">="}  # fmt: skip
# The power of an array has short cuts that the ufunc has not, and rounds otherwise.
_UFUNCS = {operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply,
           operator.truediv: np.divide, operator.neg: np.negative, operator.eq: np.equal,
           operator.ne: np.not_equal, operator.lt: np.less, operator.le: np.less_equal,
           operator.gt: np.greater, operator.ge: np.greater_equal}  # fmt: skip
_SIZED_BY_SIZES = frozenset({
    "all", "any", "as_own_copy", "asarray", "astype", "broadcast_to", "chain", "concatenate",
    "full", "getitem", "iadd", "imul", "isub", "itruediv", "max", "mean", "min", "ones", "reshape",
    "sum", "transpose", "uniform", "where", "zeros", *[f.__name__ for f in (*_SYMBOLS, *_UFUNCS)],
})  # fmt: skip


class SizeError(Exception):
    """A result has another size than when the tape ran."""


class Program:
    """What a tape says, for other arrays in the place of its inputs.

    program(arrays) gives the outputs. Raises SizeError if sizes turn out to depend on numbers; then
    random numbers are drawn as if it had not run. It must not run twice at a time.
    """

    def __init__(self, tape: Tape, inputs: Sequence[Slot], outputs: Sequence[Any]) -> None:
        self.kinds = tape.kinds
        self.outputs = list(outputs)
        self.calls = list(_needed(tape.calls, self.kinds, self.outputs))
        self._draws = any([_name(call) == "uniform" for call in self.calls])
        writer = _Writer(self.kinds, self.calls, self.outputs)
        self.source = writer.write(inputs)
        exec(compile(self.source, "<a program from a tape>", "exec"), writer.namespace)
        self._run = writer.namespace["program"]

    def __call__(self, arrays: list[Any]) -> list[Any]:
        before = generator.getstate() if self._draws else None
        try:
            return self._run(arrays)
        except SizeError:
            if before is not None:
                generator.setstate(before)
            raise

    def does_the_same(self, other: Program) -> bool:
        """Whether another program has the same calls, with the same constants."""
        return (
            self.kinds == other.kinds
            and self.source == other.source
            and _same([call[:3] for call in self.calls], [call[:3] for call in other.calls])
            and _same(self.outputs, other.outputs)
        )


def _same(a: Any, b: Any) -> bool:
    """Whether constants are equal, to the bit; NaN equals NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all([_same(*pair) for pair in zip(a, b, strict=True)])
    if isinstance(a, dict):
        return a.keys() == b.keys() and all([_same(a[key], b[key]) for key in a])
    if isinstance(a, FunctionType):
        return a.__code__ is b.__code__ and _same(captured(a), captured(b))
    if isinstance(a, np.generic) or dispatch.is_array(a):
        return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return a.hex() == b.hex()
    return a is b or bool(a == b)


def _name(call: Call) -> str:
    function = call.function
    return function if isinstance(function, str) else getattr(function, "__name__", "")


def _slots(x: Any) -> Iterator[Slot]:
    """The slots in nested arguments. (A Slot is a tuple itself.)"""
    return (part for part in parts(x) if type(part) is Slot)


def _needed(calls: list[Call], kinds: list[Kind], outputs: list[Any]) -> Iterator[Call]:
    """The calls that outputs depend on, those that draw random numbers, and effects."""
    live = {kinds[slot.number].owner for slot in _slots(outputs)}
    needed = []
    for call in reversed(calls):
        touched = call.args[0] if call.function is operator.setitem else call.results
        is_effect = touched is None or _name(call) == "uniform"
        if is_effect or any([kinds[s.number].owner in live for s in _slots(touched)]):
            needed.append(call)
            live.update([kinds[s.number].owner for s in _slots((call.args, call.options))])
    return reversed(needed)


class _Writer:
    """The source of a program, and the names that it uses."""

    def __init__(self, kinds: list[Kind], calls: list[Call], outputs: list[Any]) -> None:
        self.namespace: dict[str, Any] = {"SizeError": SizeError}
        self.kinds = kinds
        self.calls = calls
        self.outputs = outputs
        self._names: dict[int, str] = {}
        self._free: dict[Any, list[str]] = {}  # buffers that hold nothing any more
        self._buffer_of: dict[int, tuple[Any, str]] = {}  # by owner
        self._variables: dict[int, list[str]] = {}  # by owner: names to forget
        self._made: set[int] = set()

    def write(self, inputs: Sequence[Slot]) -> str:
        """The source of the whole program."""
        lines = ["def program(arrays):"]
        if inputs:
            lines.append(f"    [{', '.join([self._text(slot) for slot in inputs])}] = arrays")
        self._made = {self._owner(slot) for slot in inputs}
        effects = [c.args for c in self.calls if c.results is None and _name(c) != "setitem"]
        self._kept = self._made | {self._owner(slot) for slot in _slots([self.outputs, effects])}
        ends = self._ends()
        for i, call in enumerate(self.calls):
            lines += ["    " + line for line in self._lines(call)]
            done = [name for owner in ends.get(i, ()) for name in self._forgotten(owner)]
            if done:
                lines.append(f"    del {', '.join(done)}")
        lines.append(f"    return [{', '.join([self._text(x) for x in self.outputs])}]")
        return "\n".join(lines) + "\n"

    def _owner(self, slot: Slot) -> int:
        return self.kinds[slot.number].owner

    def _ends(self) -> dict[int, list[int]]:
        """The arrays, by owner, that are needed no more after each call."""
        last: dict[int, int] = {}
        for i, call in enumerate(self.calls):
            last.update([(self._owner(slot), i) for slot in _slots(list(call[1:]))])
        ends: dict[int, list[int]] = {}
        for owner, i in last.items():
            if owner not in self._kept:
                ends.setdefault(i, []).append(owner)
        return ends

    def _forgotten(self, owner: int) -> list[str]:
        """The variables of an array that is needed no more; its buffer is free now."""
        if owner in self._buffer_of:
            layout, name = self._buffer_of[owner]
            self._free[layout].append(name)
        return self._variables.pop(owner, [])

    def _lines(self, call: Call) -> Iterator[str]:
        buffer = self._buffer(call)
        if buffer:
            ufunc = _UFUNCS.get(call.function, call.function)
            made = f"{self._named(ufunc)}({self._arguments(call)}, out={buffer})"
        else:
            made = self._call(call)
        for slot in _slots((call.results,)):
            self._made.add(self._owner(slot))
            self._variables.setdefault(self._owner(slot), []).append(self._text(slot))
        yield made if call.results is None else f"{self._target(call.results)} = {made}"
        if _name(call) not in _SIZED_BY_SIZES and not isinstance(call.function, np.ufunc):
            for slot in _slots((call.results,)):
                shape = self.kinds[slot.number].shape
                yield f"if {self._text(slot)}.shape != {shape!r}: raise SizeError"

    def _call(self, call: Call) -> str:
        if call.function in _SYMBOLS:
            a, b = [self._text(x) for x in call.args]
            return f"{a} {_SYMBOLS[call.function]} {b}"
        if call.function is operator.getitem:
            return f"{self._text(call.args[0])}[{self._text(call.args[1])}]"
        if isinstance(call.function, str):
            rest = call._replace(args=call.args[1:])
            return f"{self._text(call.args[0])}.{call.function}({self._arguments(rest)})"
        return f"{self._named(call.function)}({self._arguments(call)})"

    def _arguments(self, call: Call) -> str:
        named = [f"{key}={self._text(value)}" for key, value in call.options.items()]
        return ", ".join([*[self._text(x) for x in call.args], *named])

    def _target(self, results: Any) -> str:
        if type(results) is Slot:
            return self._text(results)
        return "_" if results is None else f"[{', '.join([self._target(r) for r in results])}]"

    def _text(self, x: Any) -> str:
        """A value as an expression."""
        if type(x) is Slot:
            return f"v{x.number}"
        if type(x) is tuple and any(_slots(x)):
            return f"({', '.join([self._text(part) for part in x])},)"
        if type(x) is list and any(_slots(x)):
            return f"[{', '.join([self._text(part) for part in x])}]"
        if type(x) is float and math.isfinite(x):
            return repr(x) if math.copysign(1.0, x) > 0 else f"({x!r})"
        if type(x) in (bool, type(None), str):
            return repr(x)
        if type(x) is int:
            return repr(x) if x >= 0 else f"({x!r})"
        return self._named(x)

    def _named(self, x: Any) -> str:
        """A name for a constant or a function."""
        name = getattr(x, "__name__", "")
        if id(x) not in self._names:
            stem = f"{name}_" if name.isidentifier() else "c"
            self._names[id(x)] = f"{stem}{len(self._names)}"
            self.namespace[self._names[id(x)]] = x
        return self._names[id(x)]

    # ---- buffers --------------------------------------------------------------------------------

    def _buffer(self, call: Call) -> str | None:
        """A buffer for the result, if the call can write into one."""
        if call.function not in _UFUNCS and not isinstance(call.function, np.ufunc):
            return None
        if call.options or type(call.results) is not Slot:
            return None
        kind = self.kinds[call.results.number]
        if not kind.is_of_numpy or kind.owner in self._made or kind.owner in self._kept:
            return None
        layout = kind.shape, kind.dtype, kind.strides
        free = self._free.setdefault(layout, [])
        if not free:
            array = _empty(kind)
            if array is None:
                return None
            name = f"b{len(self.namespace)}"
            self.namespace[name] = array
            free.append(name)
        name = free.pop()
        self._buffer_of[kind.owner] = layout, name
        return name


def _empty(kind: Kind) -> Any:
    """An array of this kind, whose numbers do not matter; None if its memory has gaps."""
    order = sorted(range(len(kind.shape)), key=lambda i: -kind.strides[i])
    back = sorted(range(len(order)), key=order.__getitem__)
    array = np.empty([kind.shape[i] for i in order], kind.dtype).transpose(back)
    return array if array.strides == kind.strides else None
