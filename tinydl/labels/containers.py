"""The dlarrays inside lists, tuples, dicts, tables and networks.

A class that holds dlarrays joins in by a method ``_map_arrays(function, *others)``, which returns a
new object of its kind with the function applied to each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinydl.backend import is_array
from tinydl.labels.dlarray_ import dlarray


def map_arrays(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """A structure of the same form with function(x, …) in place of every dlarray x.

    Other structures of equal form are walked together; what is no dlarray stays as it is.

    Example:
        >>> from tinydl import dlarray
        >>> map_arrays(float, {"a": dlarray(1.0), "b": [dlarray(2.0), "text"]})
        {'a': 1.0, 'b': [2.0, 'text']}
    """
    if isinstance(structure, dlarray):
        for other in others:
            if isinstance(other, (list, tuple, dict)) or hasattr(other, "_map_arrays"):
                raise ValueError(
                    f"an array on one side meets a {type(other).__name__} on the other"
                )
        return function(structure, *others)
    if hasattr(structure, "_map_arrays"):
        return structure._map_arrays(function, *others)
    if isinstance(structure, dict):
        for other in others:
            if not isinstance(other, dict) or other.keys() != structure.keys():
                raise ValueError(f"structures differ: a dict with the keys {list(structure)} meets "
                                 f"{_form(other)}")  # fmt: skip
        return {key: map_arrays(function, structure[key], *[other[key] for other in others])
                for key in structure}  # fmt: skip
    if isinstance(structure, (list, tuple)):
        for other in others:
            if not isinstance(other, (list, tuple)) or len(other) != len(structure):
                raise ValueError(f"structures differ: a {_form(structure)} meets {_form(other)}")
        parts = [map_arrays(function, *together)
                 for together in zip(structure, *others, strict=True)]  # fmt: skip
        if hasattr(structure, "_fields"):  # a named tuple
            return type(structure)(*parts)
        return type(structure)(parts)
    return structure


def refuse_plain(structure: Any, message: str) -> None:
    """Raise a TypeError for arrays that are no dlarrays, which map_arrays would pass over.

    The message is about {kind}, which stands for what was found.
    """
    parts = list(structure.values()) if isinstance(structure, dict) else structure
    if isinstance(parts, (list, tuple)):
        for part in parts:
            if is_array(part) or isinstance(part, (list, tuple, dict)):
                refuse_plain(part, message)
    elif not isinstance(structure, dlarray) and not hasattr(structure, "_map_arrays"):
        raise TypeError(message.format(kind=f"a {type(structure).__name__}"))


def _form(structure: Any) -> str:
    if isinstance(structure, dict):
        return f"a dict with the keys {list(structure)}"
    if isinstance(structure, (list, tuple)):
        return f"{type(structure).__name__} of {len(structure)}"
    return type(structure).__name__
