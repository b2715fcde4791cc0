"""What a function must not do to be differentiated: write into its inputs, or give two results."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinydl.autodiff import Record, Recorded, gradient, plain
from tinydl.labels import dlarray
from tinydl.labels.containers import map_all_arrays
from tinydl.primitives.reduce import sum_to
from tinydl.testing.operation import Operation, Variable, as_doubles
from tinydl.testing.oracle import MARGIN

Fault = tuple[str, str]
"""Its kind, and a sentence."""


class Numbers:
    """The numbers of all arrays in the arguments, to see later whether they have changed."""

    def __init__(self, arguments: tuple[Any, ...], variables: Sequence[Variable]) -> None:
        self.names = {id(v.array): v.name for v in variables}
        self.arrays: list[Any] = []
        map_all_arrays(self._note, arguments)
        self.before = [_bits(array) for array in self.arrays]

    def _note(self, x: Any) -> Any:
        self.arrays.append(plain(x._value) if isinstance(x, dlarray) else x)
        return x

    def written_into(self) -> Fault | None:
        """The first array that is no longer what it was."""
        for array, before in zip(self.arrays, self.before, strict=True):
            if _bits(array) != before:
                name = self.names.get(id(array), "an array among the arguments")
                return "in place", (
                    f"{name} is modified in place, by f or by a derivative rule; compute a new "
                    "array instead"
                )
        return None


def _bits(array: Any) -> bytes:
    return as_doubles(array).tobytes()


def impurity(op: Operation, arrays: Sequence[Any], numbers: Numbers) -> Fault | None:
    """What makes derivatives of op meaningless, if anything does."""
    y = op(*arrays)
    eps = float(np.finfo(y.dtype).eps)
    y, again = as_doubles(y), _values(op, arrays)
    if numbers.written_into():
        return numbers.written_into()
    if not np.isfinite(y).all():
        return "not finite", "f is not finite at this point: it gives NaN or Inf"
    if not _same(y, again, eps):
        if _agree_on_equal_streams(lambda: _values(op, arrays), eps):
            return "random", (
                "f draws random numbers that are not tinydl's: two calls differ; draw them by "
                "tinydl's rand and randn, or seed their generator at the head of f"
            )
        return "another result", (
            "f gives another result the second time: it keeps something between calls, or has a "
            "generator of its own; seed that at the head of f"
        )
    first, second = _gradient(op, arrays), _gradient(op, arrays)
    if numbers.written_into():
        return numbers.written_into()
    if not all([_same(a, b, eps) for a, b in zip(first, second, strict=True)]):
        return "not deterministic", (
            "the gradient is another one the second time, though f is the same: a derivative rule "
            "draws random numbers, or keeps something between calls"
        )
    return None


def _values(op: Operation, arrays: Sequence[Any]) -> np.ndarray:
    return as_doubles(op(*arrays))


def _gradient(op: Operation, arrays: Sequence[Any]) -> list[np.ndarray]:
    record = Record()
    leaves = [record.leaf(x) for x in arrays]
    y = sum_to(op(*leaves), shape=())
    return [as_doubles(g) for g in gradient(y, leaves)] if type(y) is Recorded else []


def _same(a: np.ndarray, b: np.ndarray, eps: float) -> bool:
    """Whether two results of one computation are equal, but for the order of sums on a GPU."""
    if a.shape != b.shape:
        return False
    bound = MARGIN * eps * np.abs(a).max(initial=0.0)
    return bool(np.all((np.abs(a - b) <= bound) | np.isnan(a)))


def _agree_on_equal_streams(call: Callable[[], np.ndarray], eps: float) -> bool:
    """Whether two calls agree that start at equal positions of NumPy's and Python's streams."""
    before = np.random.get_state(), random.getstate()
    try:
        first = call()
        np.random.set_state(before[0])
        random.setstate(before[1])
        return _same(first, call(), eps)
    finally:
        np.random.set_state(before[0])
        random.setstate(before[1])
