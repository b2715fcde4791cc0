"""The dlarrays inside lists, tuples, dicts, tables and networks.

A class that holds dlarrays joins in by a method ``_map_arrays(function, *others)``, which returns a
new object of its kind with the function applied to each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinydl.backend import is_array
from tinydl.labels.array import dlarray


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
                                 f"{form_of(other)}")  # fmt: skip
        return {key: map_arrays(function, structure[key], *[other[key] for other in others])
                for key in structure}  # fmt: skip
    if isinstance(structure, (list, tuple)):
        for other in others:
            if not isinstance(other, (list, tuple)) or len(other) != len(structure):
                raise ValueError(f"structures differ: {form_of(structure)} meets {form_of(other)}")
        parts = [map_arrays(function, *together)
                 for together in zip(structure, *others, strict=True)]  # fmt: skip
        return _of_the_same_kind(structure, parts)
    return structure


def dlarrays_in(structure: Any) -> list[dlarray]:
    """The dlarrays in a structure, in the order in which map_arrays comes to them.

    Example:
        >>> from tinydl import dlarray
        >>> [float(x) for x in dlarrays_in({"a": dlarray(1.0), "b": [dlarray(2.0), "text"]})]
        [1.0, 2.0]
    """
    found: list[dlarray] = []

    def note(x: dlarray) -> dlarray:
        found.append(x)
        return x

    map_arrays(note, structure)
    return found


def map_all_arrays(function: Callable[..., Any], structure: Any) -> Any:
    """A structure with function(x) in place of every array x that it holds.

    Beside what map_arrays changes these are plain arrays of numbers, and the State of networks. A
    class with more than ``_map_arrays`` shows defines ``_map_all_arrays(function)``.
    """
    if isinstance(structure, dlarray) or (is_array(structure) and structure.dtype.kind in "fiubc"):
        return function(structure)
    if hasattr(structure, "_map_all_arrays"):
        return structure._map_all_arrays(function)
    if hasattr(structure, "_map_arrays"):
        return structure._map_arrays(function)
    if isinstance(structure, dict):
        return {key: map_all_arrays(function, part) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return _of_the_same_kind(structure, [map_all_arrays(function, p) for p in structure])
    return structure


def _of_the_same_kind(structure: Any, parts: list[Any]) -> Any:
    """A list, tuple or named tuple of these parts."""
    named = hasattr(structure, "_fields")
    return type(structure)(*parts) if named else type(structure)(parts)


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


def form_of(structure: Any) -> str:
    """What a structure is, for messages."""
    if isinstance(structure, dict):
        return f"a dict with the keys {list(structure)}"
    if isinstance(structure, (list, tuple)):
        return f"a {'list' if isinstance(structure, list) else 'tuple'} of {len(structure)}"
    return f"a {type(structure).__name__}"
