"""What is remembered of a computation: recorded values, and the nodes behind them.

A ``Recorded`` value is an array together with the ``Node`` of the call that made it. A node knows
the nodes that fed it, and holds the arrays that its derivative rules asked for. Nothing points
forward, so a record has no reference cycles: it vanishes with its last value.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from tinydl.autodiff.primitive import Primitive

PRIMITIVES: dict[str, Primitive] = {}
"""Every primitive by its name; filled as the primitives are defined."""

_tick: Callable[[], int] = itertools.count().__next__


class Record:
    """One recording, open while the function that is differentiated runs."""

    __slots__ = ("is_open", "note")

    def __init__(self) -> None:
        self.is_open = True
        self.note: str | None = None  # what is running: nodes that are made meanwhile take it over

    def close(self) -> None:
        """End the recording: values that escaped from it refuse to be used."""
        self.is_open = False

    def check_open(self) -> None:
        """Raise an error if the recording has ended."""
        if not self.is_open:
            raise RuntimeError(
                "this value was recorded by a dlfeval that has ended; return it from the function "
                "given to dlfeval, or take its numbers there with extractdata"
            )

    def leaf(self, array: Any) -> Recorded:
        """A value with respect to which can be differentiated."""
        return Recorded(array, Node(None, (), {}, {}, array.shape, array.dtype, self))


class Node:
    """One recorded call: who fed it, and what its rules asked to keep."""

    __slots__ = ("dtype", "kept", "note", "parents", "primitive", "record", "shape", "static",
                 "time")  # fmt: skip

    def __init__(
        self,
        primitive: Primitive | None,
        parents: tuple[Node | None, ...],
        kept: dict[str, Any] | None,
        static: dict[str, Any],
        shape: tuple[int, ...],
        dtype: Any,
        record: Record,
    ) -> None:
        self.primitive = primitive  # None for the variables that a recording starts from
        self.parents = parents
        self.kept = kept  # None after a gradient has released it
        self.static = static
        self.shape = shape
        self.dtype = dtype
        self.record = record
        self.note = record.note  # of those who know labels and layers, for messages
        self.time = _tick()  # whoever is made later depends on whoever was made earlier

    @property
    def maker(self) -> str:
        """Who made the value, in words for messages."""
        name = self.primitive.name if self.primitive else "a variable"
        return f"{name} in {self.note}" if self.note else name

    def __lt__(self, other: Node) -> bool:
        """Sorted nodes begin with the youngest, as a walk back does."""
        return self.time > other.time


def _refuse(self: Recorded, *_: Any, **__: Any) -> NoReturn:
    raise TypeError(
        "this value is recorded for differentiation, and NumPy, float() and if would lose its "
        "derivative; use tinydl's own functions, or take the numbers with extractdata first"
    )


class Recorded:
    """An array whose history is recorded. Python's operators work on it; NumPy's functions refuse.

    Only primitives and their rules see this class: users hold dlarrays, which contain it.
    """

    __slots__ = ("data", "dtype", "node", "shape")

    def __init__(self, data: Any, node: Node) -> None:
        self.data = data
        self.node = node
        self.shape: tuple[int, ...] = data.shape
        self.dtype = data.dtype

    @property
    def ndim(self) -> int:
        return self.data.ndim

    # NumPy asks for these three before it touches an operand. Refusing here is what keeps it from
    # building an array of objects in silence.
    __array_ufunc__ = None
    __array__ = _refuse
    __array_function__ = _refuse
    __float__ = __int__ = __bool__ = __complex__ = __index__ = _refuse
    __len__ = __iter__ = __getitem__ = _refuse

    def __repr__(self) -> str:
        return f"<recorded {self.data.dtype} {self.data.shape}, made by {self.node.maker}>"

    def __neg__(self) -> Any:
        return PRIMITIVES["negative"](self)

    def __add__(self, other: Any) -> Any:
        return PRIMITIVES["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return PRIMITIVES["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return PRIMITIVES["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return PRIMITIVES["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return PRIMITIVES["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return PRIMITIVES["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return PRIMITIVES["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return PRIMITIVES["divide"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return PRIMITIVES["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return PRIMITIVES["matmul"](other, self)


def is_recorded(x: object) -> bool:
    """Whether x carries a history."""
    return type(x) is Recorded


def plain(x: Any) -> Any:
    """The array of x without its history; anything else unchanged."""
    return x.data if type(x) is Recorded else x


def noted(x: Any, note: str) -> Any:
    """x, whose node says in messages that it was made in this function; a layer's name stays."""
    if type(x) is Recorded and x.node.note is None:
        x.node.note = note
    return x
