"""Options: what to say where one is misspelt, or written as MATLAB's 'Name', value pairs."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_written_as: dict[FunctionType, str] = {}


def no_value(written: str) -> Callable[[Function], Function]:
    """Decorator of MATLAB's functions that are also values there: what to write for an option.

    ``Initialize=false`` would give the function, and that counts as true.
    """

    def enter(function: Function) -> Function:
        assert isinstance(function, FunctionType)
        _written_as[function] = written
        return function

    return enter


def named_options(function: Function) -> Function:
    """Say what to write when an option is misspelt, or given as MATLAB's 'Name', value pairs."""
    parameters = inspect.signature(function).parameters.values()
    names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
    options = [p.name for p in parameters if p.name in names and p.default is not p.empty]
    caller = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*given: Any, **named: Any) -> Any:
        check_options(caller, names, options, given, named)
        return function(*given, **named)

    return checked  # type: ignore[return-value]


def check_options(
    caller: str,
    names: Sequence[str],
    options: Sequence[str],
    given: tuple[Any, ...],
    named: dict[str, Any],
) -> None:
    """Raise a TypeError for names that are none of a call's, and for options written as text."""
    for i, value in enumerate(given):
        if isinstance(value, str) and value in options:
            following = repr(given[i + 1]) if i + 1 < len(given) else "…"
            raise TypeError(
                f"{caller}: options are written {value}={following}, not {value!r}, {following}"
            )
    for name, value in named.items():
        if isinstance(value, FunctionType) and value in _written_as:
            raise TypeError(f"{caller}: {value.__name__} is a function; write {name}="
                            f"{_written_as[value]}")  # fmt: skip
        if name not in names:
            near = difflib.get_close_matches(name, names, 1, 0.5)
            meant = f"; {near[0]} was meant?" if near else "."
            raise TypeError(
                f"{caller} has no option {name}{meant} Its options are {', '.join(options)}"
            )
