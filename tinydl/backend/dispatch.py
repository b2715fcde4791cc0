"""Which library an array belongs to. CuPy joins the table when it is asked for, or first met."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

# The table is keyed by exact type, because a dictionary costs tens of nanoseconds and an
# isinstance chain ten times as much. NumPy's scalars are what its functions return for 0-d arrays.
_MODULE_OF: dict[type, Any] = {}
_in_use: list[ModuleType] = []
tapes: list[Any] = []
"""Those that are running, in any thread: see `tape`."""


def join(module: Any) -> Any:
    """Enter a backend into the table, and give it back. The first to join is the host's."""
    if module not in _in_use:
        _in_use.append(module)
        _MODULE_OF.update(dict.fromkeys(module.ARRAY_TYPES, module))
    return module


def cupy() -> Any:
    """The backend of the GPU. Raises an ImportError where CuPy cannot be imported."""
    return join(importlib.import_module("tinydl.backend.cupy_backend"))


def stand_in(kind: type) -> None:
    """Enter a class whose objects stand for arrays: they know their library, x.library, and x.array
    is what they stand for."""
    _MODULE_OF[kind] = None


def xp(*operands: Any) -> Any:
    """The module of array functions for the first operand that is an array.

    Python numbers among the operands are skipped: they belong to every library. If all of them
    are Python numbers the answer is NumPy.
    """
    for operand in operands:
        module = _MODULE_OF.get(type(operand))
        if module is not None:
            return module if not tapes else _followed(operands, module)
        if hasattr(operand, "library"):
            return operand.library
        if _is_of_cupy(operand):
            return cupy()
        if not isinstance(operand, (int, float, complex)):
            raise TypeError(f"expected an array, got {type(operand).__name__}")
    return _in_use[0]


def _followed(operands: tuple[Any, ...], module: Any) -> Any:
    """The library of the first operand that stands for an array, if there is one."""
    return next((x.library for x in operands if hasattr(x, "library")), module)


def is_array(x: object) -> bool:
    """Whether x is an array (or an array scalar) of a library that is in use."""
    if _is_of_cupy(x):
        cupy()
    return type(x) in _MODULE_OF


def on_device_of(x: Any, made: Any) -> Any:
    """What was made in the computer's own memory, where the array x is.

    It is an array, or a tuple of subscripts with arrays among them.
    """
    module = xp(getattr(x, "array", x))  # what is made here is a constant, also beside a traced x
    if module is _in_use[0]:
        return made
    if isinstance(made, tuple):
        return tuple([on_device_of(x, p) if is_array(p) else p for p in made])
    return made if is_on_gpu(made) else module.asarray(made)


def is_gpu_in_use() -> bool:
    """Whether there can be arrays on a GPU."""
    return len(_in_use) > 1


def is_on_gpu(array: Any) -> bool:
    """Whether an array is on the GPU; numbers and what is no array are not."""
    if len(_in_use) == 1:
        return False
    return _MODULE_OF.get(type(getattr(array, "array", array)), _in_use[0]) is not _in_use[0]


def synchronize() -> None:
    """Wait until every device in use has done what it was asked for."""
    for module in _in_use:
        module.synchronize()


def _is_of_cupy(x: object) -> bool:
    """Whether x is an array of CuPy's, which the user has imported if there is one."""
    return type(x).__module__ == "cupy" and type(x).__name__ == "ndarray"
