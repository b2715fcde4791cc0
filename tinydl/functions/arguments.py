"""What all functions ask of their arguments: plain numbers as well as dlarrays, and dimensions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.display import header

Function = TypeVar("Function", bound=Callable[..., Any])


def numbers_too(function: Function) -> Function:
    """Let a function of dlarrays take plain arrays and numbers: it then gives plain arrays."""

    first = next(iter(inspect.signature(function).parameters))

    @functools.wraps(function)
    def accepting(*given: Any, **options: Any) -> Any:
        if not given and first in options:
            given = (options.pop(first),)
        if not given or isinstance(given[0], dlarray):
            return function(*given, **options)  # Python's own error names what is missing
        x, *others = given
        beside = (*others, *options.values())
        result = function(as_dlarray(x, first, beside), *others, **options)
        labelled = any([isinstance(argument, dlarray) for argument in beside])
        return result if labelled else _without_labels(result)

    return accepting  # type: ignore[return-value]


def as_dlarray(x: Any, argument: str = "x", beside: tuple[Any, ...] = ()) -> dlarray:
    """x itself, or an array or number as a dlarray without labels.

    It is copied only beside a recorded argument, whose record may keep it.
    """
    if isinstance(x, dlarray):
        return x
    return dlarray._make(*value_and_format(x, argument, beside))


def only_dlarray(x: Any, caller: str) -> dlarray:
    """x itself, if it is a dlarray: the caller asks for labels, which nothing else has."""
    if not isinstance(x, dlarray):
        raise TypeError(f"{caller}: X is a {type(x).__name__}; labels are those of a dlarray, "
                        f"such as dlarray(X, \"CB\")")  # fmt: skip
    return x


def whole_sizes(sizes: tuple[Any, ...], caller: str, least: int = 0) -> tuple[int, ...]:
    """Sizes as Python's integers; `least` is the smallest that is allowed."""
    for n in sizes:
        if isinstance(n, bool) or not hasattr(n, "__index__") or n < least:
            raise ValueError(f"{caller}: a size is a whole number from {least} on, not {n!r}")
    return tuple([int(n) for n in sizes])


def _without_labels(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple([_without_labels(part) for part in result])
    return result._value if isinstance(result, dlarray) else result


def axes(X: dlarray, dim: Any, axis: Any, caller: str) -> tuple[int, ...]:
    """The dimensions that a call names: by label, by axis=, by "all", or the only long one."""
    if dim is not None and axis is not None:
        raise TypeError(f"{caller}: give the dimension once, by label or by axis=")
    if dim is not None:
        return _by_label(X, dim, caller)
    if axis is not None:
        return _by_number(X, axis, caller)
    long = [i for i, n in enumerate(X.shape) if n != 1]
    if len(long) > 1:
        raise ValueError(
            f"{caller}: which dimension of {header(X, X.dims)}? {_example(X, caller)}, "
            f'or {caller}(X, "all")'
        )
    return tuple(range(X.ndim))


def _by_label(X: dlarray, dim: Any, caller: str) -> tuple[int, ...]:
    if not isinstance(dim, str):
        raise TypeError(
            f"{caller}: {dim!r} as a dimension could count from 0 or from 1; write "
            f"{_example(X, caller)}"
        )
    if dim == "all":
        return tuple(range(X.ndim))
    found = formats.find(X.dims, formats.check(dim, f"{caller}: the dimension"))
    if not found:
        raise ValueError(f"{caller}: {header(X, X.dims)} has no dimension labelled {dim}")
    return found


def _by_number(X: dlarray, axis: Any, caller: str) -> tuple[int, ...]:
    chosen = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    for i in chosen:
        if isinstance(i, bool) or not hasattr(i, "__index__") or not -X.ndim <= i < X.ndim:
            raise ValueError(
                f"{caller}: axis={axis!r} of {header(X, X.dims)}; axes are whole numbers from 0 to "
                f"{X.ndim - 1}"
            )
    chosen = tuple([int(i) % X.ndim for i in chosen])
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"{caller}: axis={axis!r} names a dimension twice")
    return chosen


def _example(X: dlarray, caller: str) -> str:
    if X.dims:
        return f'{caller}(X, "{X.dims[0]}") by label or {caller}(X, axis=0) by position'
    return f"{caller}(X, axis=0) for the first, {caller}(X, axis={max(X.ndim - 1, 0)}) for the last"


def one_of(value: Any, choices: tuple[str, ...], option: str, caller: str) -> str:
    """The value of an option that has a few names to choose from."""
    if value not in choices:
        raise ValueError(f"{caller}: {option} is one of {', '.join(choices)}, not {value!r}")
    return value


def outputs(nargout: int, most: int, caller: str) -> int:
    """How many results a call asks for."""
    if nargout not in range(1, most + 1):
        raise ValueError(f"{caller} gives 1 to {most} outputs; nargout={nargout!r}")
    return nargout
