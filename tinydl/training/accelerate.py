"""dlaccelerate: a computation is noted down once, and then repeated on new numbers."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable
from types import FunctionType
from typing import Any

from tinydl.backend import computing
from tinydl.backend.random import generator
from tinydl.backend.replay import SizeError
from tinydl.labels import dlarray
from tinydl.labels.containers import map_all_arrays
from tinydl.layers.options import not_negative, whole
from tinydl.training.fingerprint import Fingerprint, RecordedError, UnknownError
from tinydl.training.recording import current
from tinydl.training.trace import Evaluate, Trace, largest_excess

CHECKS = ("none", "tolerance")


class AccelerationWarning(UserWarning):
    """A function that cannot be accelerated, or whose repetition gave other numbers."""


class AcceleratedFunction:
    """A function whose calls are repeated without Python's work. See dlaccelerate, which makes it.

    * Function: the function itself.
    * Enabled, True: if False the function is called as if it were not accelerated.
    * CacheSize, 50: for how many different calls (by format, size, class, other values) it keeps
      what it noted down; beyond, it forgets the one that was not used for longest.
    * HitRate: which part of the calls, from 0 to 1, could be repeated, since the last clearCache.
    * Occupancy: which part of CacheSize is in use, from 0 to 1.
    * CheckMode, "none": with "tolerance" each repetition is checked against a call of the function;
      if they differ by more than CheckTolerance (1e-4) times the largest number of an array, there
      is an AccelerationWarning. The results are those of the function, then.
    * Refusals: why calls could not be accelerated; a tuple of sentences. (Not in MATLAB.)
    """

    def __init__(self, fun: Callable[..., Any]) -> None:
        self._accelerated_function = fun
        self._traces: OrderedDict[Any, Trace] = OrderedDict()
        self._lock = threading.Lock()
        self._calls = self._hits = 0
        self._refusals: list[str] = []
        self.Enabled = True
        self.CacheSize = 50
        self.CheckMode = "none"
        self.CheckTolerance = 1e-4

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "CacheSize":
            value = whole(value, "CacheSize")
        elif name == "CheckTolerance":
            value = not_negative(value, "CheckTolerance")
        elif name == "CheckMode" and value not in CHECKS:
            raise ValueError(f"CheckMode is one of {', '.join(CHECKS)}, not {value!r}")
        elif not name.startswith("_") and name not in ("Enabled", "CheckMode"):
            raise AttributeError(f"{name} of an AcceleratedFunction cannot be set")
        super().__setattr__(name, value)
        if name == "CacheSize":
            self._make_room(0)

    @property
    def Function(self) -> Callable[..., Any]:
        """The function that is accelerated."""
        return self._accelerated_function

    @property
    def HitRate(self) -> float:
        """The part of the calls that was repeated."""
        return self._hits / self._calls if self._calls else 0.0

    @property
    def Occupancy(self) -> float:
        """The part of the cache that is in use."""
        return len(self._traces) / self.CacheSize

    @property
    def Refusals(self) -> tuple[str, ...]:
        """Why calls could not be accelerated."""
        return tuple(self._refusals)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._evaluate(_directly, args, options)

    def __repr__(self) -> str:
        names = ("Function", "Enabled", "CacheSize", "HitRate", "Occupancy", "CheckMode",
                 "CheckTolerance")  # fmt: skip
        lines = [f"    {name.rjust(14)}: {getattr(self, name)!r}" for name in names]
        return "\n".join(["AcceleratedFunction with properties:", "", *lines])

    # ---- calls ----------------------------------------------------------------------------------

    def _evaluate(self, evaluate: Evaluate, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """One call: repeated, noted down, or neither."""
        if current.record is not None:
            return self._accelerated_function(*args, **options)
        if not self.Enabled:
            return evaluate(self._accelerated_function, args, options)
        try:
            seen = Fingerprint(self._accelerated_function, args, options)
        except RecordedError:
            return evaluate(self._accelerated_function, args, options)
        except UnknownError as error:
            self._warn(str(error))
            self._calls += 1
            return evaluate(self._accelerated_function, args, options)
        trace = self._trace_of((evaluate, seen.key), seen.held)
        if trace.refusal is not None or not trace.lock.acquire(blocking=False):
            return evaluate(self._accelerated_function, args, options)
        try:
            if trace.is_confirmed:
                return self._repeated(trace, seen.arrays, evaluate, args, options)
            return self._noted(trace, evaluate, args, options)
        finally:
            trace.lock.release()

    def _trace_of(self, key: Any, held: list[Any]) -> Trace:
        with self._lock:
            self._calls += 1
            if key not in self._traces:
                self._make_room(1)
                self._traces[key] = Trace(held)
            self._traces.move_to_end(key)
            return self._traces[key]

    def _make_room(self, count: int) -> None:
        while len(self._traces) > self.CacheSize - count:
            self._traces.popitem(last=False)

    def _clear(self) -> None:
        with self._lock:
            self._traces.clear()
            self._calls = self._hits = 0
            self._refusals.clear()

    def _warn(self, reason: str) -> None:
        """Say once why calls are not accelerated."""
        if reason not in self._refusals:
            self._refusals.append(reason)
            name = getattr(self._accelerated_function, "__name__", "the function")
            warnings.warn(f"{name} runs without acceleration: {reason}", AccelerationWarning,
                          stacklevel=5)  # fmt: skip

    # ---- noting down, and repeating -------------------------------------------------------------

    def _noted(self, trace: Trace, evaluate: Evaluate, args: Any, options: Any) -> Any:
        results = trace.note(self._accelerated_function, evaluate, args, options)
        if trace.refusal is not None:
            self._warn(trace.refusal)
        return results

    def _repeated(
        self, trace: Trace, arrays: list[Any], evaluate: Evaluate, args: Any, options: Any
    ) -> Any:
        before = generator.getstate() if self.CheckMode == "tolerance" else None
        try:
            results = trace.repeat(arrays)
        except SizeError:
            trace.refuse("the size of a result depends on numbers")
            self._warn("the size of a result depends on numbers")
            return evaluate(self._accelerated_function, args, options)
        with self._lock:
            self._hits += 1
        if before is None:
            return results
        generator.setstate(before)
        expected = evaluate(self._accelerated_function, args, options)
        if (error := largest_excess(results, expected, self.CheckTolerance)) is not None:
            warnings.warn(f"a repeated call differs from the function by {error:.3g}; "
                          "clearCache(acc), and pass what changes between calls as arguments",
                          AccelerationWarning, stacklevel=4)  # fmt: skip
        return expected


def _directly(fun: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """fun with handles of its own, as dlfeval gives them."""
    args, options = map_all_arrays(
        lambda x: dlarray._make(x._value, x.dims) if isinstance(x, dlarray) else x, (args, options)
    )
    with computing():
        return fun(*args, **options)


def dlaccelerate(fun: Callable[..., Any]) -> AcceleratedFunction:
    """fun, made faster for repeated calls: ``acc = dlaccelerate(fun)``, then ``dlfeval(acc, …)``.

    The first two calls run fun and note down which computations it asks for; from the third on
    these are repeated on the new numbers, with the same results to the last bit, but without the
    time that Python needs for each, and in buffers that are used again. This pays for small arrays
    and many operations. A second dlaccelerate of the same function gives the same object.

    Calls are alike if their dlarrays (also those in lists, dicts, tables and networks) have equal
    formats, sizes and classes, and all else has equal values: a learning rate that changes has to
    be a dlarray. What fun takes from variables around it is looked at too. A computation is not
    repeated where numbers decide over it (``if loss > 1``), or leave it by extractdata, float or
    print, or where it uses rand: such calls run as ever, an AccelerationWarning says why, and
    acc.Refusals keeps it. (MATLAB would go on with old numbers.) Side effects of fun, and random
    numbers of other packages that decide over something, happen only where fun itself runs.

    acc is a function: outside dlfeval it is fun on handles of its own, and inside of another
    function that dlfeval runs it is fun itself, not accelerated.

    Example:
        >>> from tinydl import dlaccelerate, dlarray, dlfeval, dlgradient
        >>> def slope(x):
        ...     return dlgradient(x**3, x)
        >>> acc = dlaccelerate(slope)
        >>> [float(dlfeval(acc, dlarray(v))) for v in (1.0, 2.0, 3.0, 4.0)]
        [3.0, 12.0, 27.0, 48.0]
        >>> acc.HitRate
        0.5
    """
    if isinstance(fun, AcceleratedFunction):
        return dlaccelerate(fun.Function)
    if not callable(fun):
        raise TypeError(f"dlaccelerate: the argument is a function, not {type(fun).__name__}; "
                        "write dlaccelerate(f), not dlaccelerate(f(x))")  # fmt: skip
    if not isinstance(fun, FunctionType):
        return AcceleratedFunction(fun)
    # Kept by the function itself: both are forgotten together.
    kept = vars(fun).get("_accelerated")
    if kept is None or kept.Function is not fun:  # functools.wraps copies attributes
        kept = fun.__dict__["_accelerated"] = AcceleratedFunction(fun)
    return kept


def clearCache(acc: AcceleratedFunction) -> None:
    """Forget what an accelerated function has noted down, and set its HitRate to 0.

    Example:
        >>> from tinydl import clearCache, dlaccelerate
        >>> acc = dlaccelerate(lambda x: x + 1)
        >>> clearCache(acc)
        >>> acc.Occupancy
        0.0
    """
    if not isinstance(acc, AcceleratedFunction):
        raise TypeError(f"clearCache: the argument is an AcceleratedFunction, not "
                        f"{type(acc).__name__}; make one with dlaccelerate(fun)")  # fmt: skip
    acc._clear()
