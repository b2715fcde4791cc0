"""Arrays: which library an array belongs to, and the few functions that differ between libraries.

Everything above this folder is written once for all devices. It asks ``xp(x)`` for the module of
array functions that fits ``x`` and calls the functions that NumPy and CuPy share by name.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tinydl.backend import numpy_backend

__all__ = ["host", "xp"]

# The table is keyed by exact type, because a dictionary costs tens of nanoseconds and an
# isinstance chain ten times as much. NumPy's scalars are what its functions return for 0-d arrays.
_MODULE_OF: dict[type, ModuleType] = dict.fromkeys(numpy_backend.ARRAY_TYPES, numpy_backend)

host: Any = numpy_backend
"""The module of array functions in the computer's own memory."""


def xp(*operands: Any) -> Any:
    """The module of array functions for the first operand that is an array.

    Python numbers among the operands are skipped: they belong to every library. If all of them
    are Python numbers the answer is NumPy.
    """
    for operand in operands:
        module = _MODULE_OF.get(type(operand))
        if module is not None:
            return module
        if not isinstance(operand, (int, float, complex)):
            raise TypeError(f"expected an array, got {type(operand).__name__}")
    return numpy_backend


def is_array(x: object) -> bool:
    """Whether x is an array (or an array scalar) of a library that is in use."""
    return type(x) in _MODULE_OF
