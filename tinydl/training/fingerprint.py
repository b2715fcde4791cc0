"""When two calls of a function do the same computation, on other numbers.

They do if their fingerprints are equal. Of the dlarrays among the arguments these hold all but the
numbers: format, size, class, device, and how the array lies in memory. Of all other arguments they
hold the value. Of what a function takes from outside, the variables around it and global ones, they
hold values of numbers, texts and small arrays, and otherwise which object it is; of dlarrays, which
array.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable
from typing import Any

from tinydl.autodiff import Recorded
from tinydl.backend import is_array, xp
from tinydl.backend.traced import captured, is_traced
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer
from tinydl.network.net import dlnetwork
from tinydl.network.table import Table

VALUES = (bool, int, str, bytes, type(None), range, slice)
LARGE = 1_000_000
"""Arrays from outside are compared up to so many bytes."""


MANY = 10_000
"""Objects from outside that are looked at."""


class UnknownError(Exception):
    """Something whose numbers might change unseen."""


class RecordedError(Exception):
    """An argument is part of a recording, or of another trace."""


class Fingerprint:
    """The fingerprint of a call, and the arrays of its dlarrays in order.

    It holds on to the objects whose identity counts, so that no other gets the same.
    """

    def __init__(self, fun: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.arrays: list[Any] = []
        self.held: list[Any] = []
        self._seen: set[int] = set()
        self.key = self._of(args), self._of(options), self._around(fun)

    # ---- arguments ------------------------------------------------------------------------------

    def _of(self, x: Any) -> Any:
        """Arrays without their numbers, everything else with its value."""
        kind = type(x)
        if kind is dlarray:
            return self._of_array(x)
        if kind in VALUES:
            return (kind, x) if kind is not slice else (slice, x.start, x.stop, x.step)
        if kind is float or kind is complex:
            return kind, repr(x)  # tells −0 from 0, and NaN equals itself
        if isinstance(x, (tuple, list)):
            return kind, tuple([self._of(part) for part in x])
        if kind is dict:
            return dict, tuple(x), tuple([self._of(part) for part in x.values()])
        if kind is Table:
            values = tuple([self._of(v) for v in x.Value])
            return Table, x.Layer.tobytes(), x.Parameter.tobytes(), values
        if kind is dlnetwork:
            around = self._network(x)
            return dlnetwork, around, self._of(x.Learnables), self._of(x.State)
        if is_array(x):
            return self._numbers(x)
        if callable(x):
            return self._around(x)
        raise UnknownError(f"an argument is a {kind.__name__}, which may change unseen")

    def _of_array(self, x: dlarray) -> Any:
        array = x._value
        if type(array) is Recorded or is_traced(array):
            raise RecordedError
        self.arrays.append(array)
        return x._format, type(array), array.shape, array.dtype, array.strides

    def _numbers(self, x: Any) -> Any:
        if is_traced(x):
            raise RecordedError
        return type(x), x.shape, x.dtype, xp(x).to_host(x).tobytes()

    def _network(self, net: dlnetwork) -> Any:
        """Layers are compared by the graph, which never changes; those of users by content too."""
        users = [getattr(layer, "PredictFcn", layer)
                 for layer in net._graph.all_layers.values()
                 if not _is_ours(type(layer)) or hasattr(layer, "PredictFcn")]  # fmt: skip
        return (self._identity(net._graph), net.OutputNames, self._identity(net._history),
                tuple([self._around(x) for x in users]))  # fmt: skip

    # ---- what comes from outside ----------------------------------------------------------------

    def _identity(self, x: Any) -> int:
        self.held.append(x)
        return id(x)

    def _around(self, x: Any) -> Any:
        """What x is, and what it takes from outside if it is a function or an object of users."""
        kind = type(x)
        if kind is dlarray:
            return dlarray, x.dims, self._identity(x._value)
        if kind in VALUES or kind in (float, complex):
            return self._of(x)
        if is_array(x):
            if x.nbytes > LARGE:
                raise UnknownError("it uses a large array from outside; pass that as an argument")
            return self._numbers(x)
        identity = self._identity(x)
        if identity in self._seen or kind is types.ModuleType or _is_ours(x):
            return identity
        self._seen.add(identity)
        if len(self._seen) > MANY:
            raise UnknownError("it reaches too many objects from outside; pass what it needs")
        return identity, tuple([self._around(part) for part in self._inside(x)])

    def _inside(self, x: Any) -> Iterable[Any]:
        """What may change within an object while it stays the same object."""
        if isinstance(x, types.FunctionType):
            names = [x.__globals__[n] for n in _names(x.__code__) if n in x.__globals__]
            return [*captured(x), *names, *(x.__kwdefaults__ or {}).values()]
        if isinstance(x, types.MethodType):
            return [x.__func__, x.__self__]
        if isinstance(x, functools.partial):
            return [x.func, *x.args, *x.keywords.values()]
        if isinstance(x, property):
            return [x.fget]
        if isinstance(x, (list, tuple, set, frozenset)):
            return x
        if isinstance(x, dict):
            return [*x.keys(), *x.values()]
        if isinstance(x, Table):
            return x.Value
        if isinstance(x, dlnetwork):
            return [x._graph, *x.Learnables.Value, *x.State.Value]
        if hasattr(x, "_accelerated_function"):
            return [x._accelerated_function]
        return _of_class(x) if isinstance(x, type) else [*_attributes(x), *_of_class(type(x))]


def _attributes(x: Any) -> list[Any]:
    """The attributes of an object of a user's class. Raises UnknownError if it has others."""
    kind = type(x)
    named = [getattr(x, name, None) for base in kind.__mro__
             for name in getattr(base, "__slots__", ()) if name != "__weakref__"]  # fmt: skip
    hides = not hasattr(x, "__dict__") and not named and hasattr(x, "__len__")
    if hides or hasattr(x, "__next__") or hasattr(x, "__array__"):
        raise UnknownError(f"it uses a {kind.__name__} from outside, which may change unseen")
    if kind.__module__.startswith("numpy.random"):
        raise UnknownError(f"it draws random numbers from a {kind.__name__} of NumPy")
    return [*named, *getattr(x, "__dict__", {}).values()]


def _of_class(kind: type) -> list[Any]:
    """What a user's class has in common for its objects: methods, and values."""
    users = [base for base in kind.__mro__ if not _is_ours(base)]
    return [value for base in users for name, value in vars(base).items()
            if name == "__call__" or not name.startswith("__")]  # fmt: skip


def _is_ours(x: Any) -> bool:
    """Whether this package, NumPy or Python brought x along, so that it does not vary.

    Of objects of this package only layers do, and accelerated functions, which lead to others.
    """
    if isinstance(x, (type, types.FunctionType, types.BuiltinFunctionType)):
        return _home(x) in ("tinydl", "numpy", "cupy", "builtins")
    kind = type(x)
    if _home(kind) == "numpy":  # classes and functions of arrays; neither arrays nor streams
        return not hasattr(x, "__array__") and not kind.__module__.startswith("numpy.random")
    varies = isinstance(x, (Layer, Table, dlnetwork)) or hasattr(x, "_accelerated_function")
    return _home(kind) == "tinydl" and not varies


def _home(x: Any) -> str:
    return (getattr(x, "__module__", None) or "").partition(".")[0]


@functools.lru_cache(maxsize=1024)
def _names(code: types.CodeType) -> tuple[str, ...]:
    """The names that a function, and those written inside of it, may look up outside."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return tuple(dict.fromkeys([*code.co_names, *[n for c in inner for n in _names(c)]]))
