"""The dlarrays inside lists, tuples, dicts, tables and networks.

A structure is walked, which lists its dlarrays, or made again with others in their places. A class
that holds dlarrays joins in by two methods: ``_walk_arrays(found, *others)`` appends to found a
tuple for each of them, of itself and what others have in its place; ``_map_arrays(function,
is_step)`` returns a new object of its kind with function(x) for each dlarray x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tinydl.backend import is_array
from tinydl.labels.array import dlarray


def map_arrays(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """A structure of the same form with function(x, …) in place of every dlarray x.

    Other structures of equal form are walked together; what is no dlarray stays as it is. A dlarray
    that function returns is x itself, or one that nobody else holds: tables keep it.

    Example:
        >>> from tinydl import dlarray
        >>> map_arrays(float, {"a": dlarray(1.0), "b": [dlarray(2.0), "text"]})
        {'a': 1.0, 'b': [2.0, 'text']}
    """
    if not others:
        return _map(structure, function, False)
    new = [function(*place) for place in walk(structure, *others)]
    return rebuild(structure, new, is_step=True)


def dlarrays_in(structure: Any) -> list[dlarray]:
    """The dlarrays in a structure, in the order of walk.

    Example:
        >>> from tinydl import dlarray
        >>> [float(x) for x in dlarrays_in({"a": dlarray(1.0), "b": [dlarray(2.0), "text"]})]
        [1.0, 2.0]
    """
    return [x for (x,) in walk(structure)]


def walk(structure: Any, *others: Any) -> list[tuple[Any, ...]]:
    """For each dlarray of a structure a tuple: itself, and what others have in its place.

    Raises ValueError where they have not the same form.

    Example:
        >>> from tinydl import dlarray
        >>> walk([dlarray(1.0), "text"], ["one", "more"])
        [(1×1 dlarray
        1., 'one')]
    """
    found: list[tuple[Any, ...]] = []
    _walk(found, structure, *others)
    return found


def _walk(found: list[tuple[Any, ...]], structure: Any, *others: Any) -> None:
    if isinstance(structure, dlarray):
        for other in others:
            if isinstance(other, (list, tuple, dict)) or _joins_in(other):
                raise ValueError(
                    f"an array on one side meets a {type(other).__name__} on the other"
                )
        found.append((structure, *others))
    elif isinstance(structure, (list, tuple)):
        for other in others:
            if not isinstance(other, (list, tuple)) or len(other) != len(structure):
                raise ValueError(f"structures differ: {form_of(structure)} meets {form_of(other)}")
        for parts in zip(structure, *others, strict=True):
            _walk(found, *parts)
    elif isinstance(structure, dict):
        for other in others:
            if not isinstance(other, dict) or other.keys() != structure.keys():
                raise ValueError(f"structures differ: a dict with the keys {list(structure)} meets "
                                 f"{form_of(other)}")  # fmt: skip
        for key, part in structure.items():
            _walk(found, part, *[other[key] for other in others])
    elif _joins_in(structure):
        structure._walk_arrays(found, *others)


def rebuild(structure: Any, arrays: Iterable[dlarray], is_step: bool = False) -> Any:
    """A structure of the same form with these dlarrays, in the order of walk.

    is_step: it is a step of training, of which networks take note.

    Example:
        >>> from tinydl import dlarray
        >>> rebuild([dlarray(1.0), "text"], [dlarray(2.0)])
        [1×1 dlarray
        2., 'text']
    """
    new = iter(arrays)
    return _map(structure, lambda _: next(new), is_step)


def _map(structure: Any, function: Callable[[dlarray], Any], is_step: bool) -> Any:
    if isinstance(structure, dlarray):
        return function(structure)
    if isinstance(structure, (list, tuple)):
        return _of_the_same_kind(structure, [_map(part, function, is_step) for part in structure])
    if isinstance(structure, dict):
        return {key: _map(part, function, is_step) for key, part in structure.items()}
    return structure._map_arrays(function, is_step) if _joins_in(structure) else structure


def _joins_in(x: Any) -> bool:
    """Whether x is of a class that joins in."""
    return hasattr(x, "_map_arrays")


def map_all_arrays(function: Callable[..., Any], structure: Any) -> Any:
    """A structure with function(x) in place of every array x that it holds.

    Beside what map_arrays changes these are plain arrays of numbers, and the State of networks. A
    class with more than ``_map_arrays`` shows defines ``_map_all_arrays(function)``.
    """
    if isinstance(structure, dlarray) or (is_array(structure) and structure.dtype.kind in "fiubc"):
        return function(structure)
    if hasattr(structure, "_map_all_arrays"):
        return structure._map_all_arrays(function)
    if _joins_in(structure):
        return map_arrays(function, structure)
    if isinstance(structure, dict):
        return {key: map_all_arrays(function, part) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return _of_the_same_kind(structure, [map_all_arrays(function, p) for p in structure])
    return structure


def _of_the_same_kind(structure: Any, parts: list[Any]) -> Any:
    """A list, tuple or named tuple of these parts."""
    kind = type(structure)
    if kind is list or kind is tuple:
        return parts if kind is list else tuple(parts)
    return kind(*parts) if hasattr(structure, "_fields") else kind(parts)


def refuse_plain(structure: Any, message: str) -> None:
    """Raise a TypeError for arrays that are no dlarrays, which map_arrays would pass over.

    The message is about {kind}, which stands for what was found.
    """
    parts = list(structure.values()) if isinstance(structure, dict) else structure
    if isinstance(parts, (list, tuple)):
        for part in parts:
            if is_array(part) or isinstance(part, (list, tuple, dict)):
                refuse_plain(part, message)
    elif not isinstance(structure, dlarray) and not _joins_in(structure):
        raise TypeError(message.format(kind=f"a {type(structure).__name__}"))


def form_of(structure: Any) -> str:
    """What a structure is, for messages."""
    if isinstance(structure, dict):
        return f"a dict with the keys {list(structure)}"
    if isinstance(structure, (list, tuple)):
        return f"a {'list' if isinstance(structure, list) else 'tuple'} of {len(structure)}"
    return f"a {type(structure).__name__}"
