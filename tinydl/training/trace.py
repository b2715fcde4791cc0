"""One computation of an accelerated function: noted down, compared with the next, and repeated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tinydl.backend import computing, host, xp
from tinydl.backend.random import generator
from tinydl.backend.replay import Program
from tinydl.backend.tape import Tape
from tinydl.backend.traced import bare, is_traced
from tinydl.labels import dlarray
from tinydl.labels.containers import map_all_arrays
from tinydl.network.net import dlnetwork
from tinydl.network.table import Table

Evaluate = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
"""How a function is called: plainly, or recorded by dlfeval."""

SIMPLE = (bool, int, float, complex, str, type(None))
_HOLE: Any = host.zeros(0)


class Trace:
    """What is known of the calls with one fingerprint.

    The first call is noted down, the second too: if it made the same calls with the same constants,
    the later ones repeat them.
    """

    def __init__(self, held: list[Any]) -> None:
        self.lock = threading.Lock()  # the program's buffers serve one call at a time
        self.refusal: str | None = None  # why the function itself is called
        self.is_confirmed = False
        self._held = held  # objects whose identity is in the fingerprint
        self._program: Program | None = None
        self._form: Any = None  # of the results

    def repeat(self, arrays: list[Any]) -> Any:
        """What the function gives for other arrays. Raises SizeError if it cannot be repeated."""
        assert self._program is not None
        with computing():
            made = iter(self._program(arrays))
        return map_all_arrays(lambda x: dlarray._make(next(made), x.dims), self._form)

    def refuse(self, reason: str) -> None:
        """Never repeat such calls."""
        self.refusal, self._program, self._form = reason, None, None
        self.is_confirmed = False

    def note(
        self,
        function: Callable[..., Any],
        evaluate: Evaluate,
        args: tuple[Any, ...],
        options: dict[str, Any],
    ) -> Any:
        """A call while a tape runs."""
        tape, inputs, before = Tape(), [], generator.getstate()

        def enter(x: Any) -> Any:
            if not isinstance(x, dlarray):
                return x
            traced = tape.enter(x._value)
            inputs.append(traced.slot)
            return dlarray._make(traced, x.dims)

        try:
            made = evaluate(function, *map_all_arrays(enter, (args, options)))
        finally:
            tape.close()
        if strange := _strange(made):  # traced arrays must not get out
            self.refuse(f"it returns a {strange}, which may hold arrays")
            generator.setstate(before)
            return evaluate(function, args, options)
        outputs: list[Any] = []

        def leave(x: Any) -> Any:
            if not isinstance(x, dlarray):
                tape.refuse("it returns a plain array; return dlarrays")
                return bare(x)
            outputs.append(x._value.slot if is_traced(x._value) else x._value)
            return dlarray._make(bare(x._value), x.dims)

        results = map_all_arrays(leave, made)
        if tape.refusal is not None:
            self.refuse(tape.refusal)
        else:
            self._keep(Program(tape, inputs, outputs), results)
        return results

    def _keep(self, program: Program, results: Any) -> None:
        if self._program is not None and not self._program.does_the_same(program):
            self.refuse("it used other constants, or made other calls, than before with equal "
                        "arguments; pass what changes as a dlarray")  # fmt: skip
            return
        self.is_confirmed = self._program is not None
        self._program = program
        self._form = map_all_arrays(lambda x: dlarray._make(_HOLE, x.dims), results)


def _strange(results: Any) -> str | None:
    """A class among results that may hide arrays."""
    if isinstance(results, dict):
        results = list(results.values())
    if isinstance(results, (list, tuple)):
        return next((name for part in results if (name := _strange(part))), None)
    known = isinstance(results, (dlarray, Table, dlnetwork, *SIMPLE)) or hasattr(results, "dtype")
    return None if known else type(results).__name__


# ---- checks --------------------------------------------------------------------------------------


def largest_excess(results: Any, expected: Any, tolerance: float) -> float | None:
    """By how much an array of results is off, if that is too much; None if all are right."""
    for made, right in zip(_arrays(results), _arrays(expected), strict=True):
        error, size = _difference(made, right)
        if not error <= tolerance * size:
            return error
    return None


def _arrays(structure: Any) -> list[Any]:
    found: list[Any] = []

    def find(x: Any) -> Any:
        found.append(x._value)
        return x

    map_all_arrays(find, structure)
    return found


def _difference(made: Any, right: Any) -> tuple[float, float]:
    """The largest difference of two arrays, and the largest number among the right ones."""
    if not right.size:
        return 0.0, 0.0
    lib, made, right = xp(right), made.astype("float64"), right.astype("float64")
    is_equal = (made == right) | (lib.isnan(made) & lib.isnan(right))  # Inf − Inf would be NaN
    size = lib.where(lib.isfinite(right), lib.abs(right), 0.0).max()
    return float(lib.where(is_equal, 0.0, lib.abs(made - right)).max()), float(size)
