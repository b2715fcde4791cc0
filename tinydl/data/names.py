"""From values to categories: which names there are, and the position of each value among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_WHOLE = 1e15  # up to here a double that is a whole number is written with all its digits


def encode(
    values: Any, valueset: Any = None, categorynames: Any = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The code of each value, counted from 0, and the name of each category."""
    given = complete_row(values, "values")
    if valueset is None:
        different, codes = np.unique(given, return_inverse=True)
        codes = codes.reshape(-1)
    else:
        different = complete_row(valueset, "valueset")
        codes = _find(given, different)
    if categorynames is None:
        return codes.astype(np.intp, copy=False), _default_names(different)
    chosen = _chosen_names(categorynames, len(different))
    unique = tuple(dict.fromkeys(chosen))  # values with one name become one category
    place = np.array([unique.index(name) for name in chosen], dtype=np.intp)
    return place[codes], unique


def complete_row(values: Any, argument: str) -> np.ndarray:
    """Values as a one-dimensional array of text, of real numbers or of bool; none is missing."""
    return _complete(_one_row(values, argument), argument)


def _one_row(values: Any, argument: str) -> np.ndarray:
    """Values as a one-dimensional array of text, of real numbers or of bool."""
    if hasattr(values, "filled"):
        raise TypeError(f"{argument} is a masked array; fill it first, with x.filled(value)")
    if hasattr(values, "__array__"):
        array = np.asarray(values)
    else:
        array = np.array([values] if isinstance(values, str) else values, dtype=object)
    if array.size > max(array.shape, default=1):
        raise ValueError(
            f"{argument} is {'×'.join(map(str, array.shape))}; a categorical array has one "
            'dimension: use values.ravel(order="F") for the columns one after the other'
        )
    return _of_one_kind(array.reshape(-1), argument)


def _of_one_kind(array: np.ndarray, argument: str) -> np.ndarray:
    """Objects as what they have in common: text, numbers, or truth values."""
    if array.dtype.kind in "OT":
        elements = array.tolist()
        kinds = {_kind(element, place, argument) for place, element in enumerate(elements)}
        if len(kinds) > 1:
            raise TypeError(f"{argument} mixes {' and '.join(sorted(kinds))}; use one of them")
        array = np.array(elements, dtype=str if kinds <= {"text"} else None)
    if len(array) and array.dtype.kind not in "Ubiuf":
        raise _unfit(array[0], argument)
    return array.astype(float, copy=False) if array.dtype.kind == "f" else array


def _kind(element: Any, place: int, argument: str) -> str:
    if isinstance(element, str):
        return "text"
    if isinstance(element, (bool, np.bool_)):
        return "truth values"
    if element is None or (isinstance(element, float) and element != element):
        raise ValueError(_missing(argument, repr(element), place))
    if isinstance(element, (int, float, np.integer, np.floating)):
        return "numbers"
    raise _unfit(element, argument)


def _unfit(element: Any, argument: str) -> TypeError:
    return TypeError(
        f"{argument} has elements of the kind {type(element).__name__}, for example {element!r}; "
        "text or real numbers of at most 64 bits are needed"
    )


def _complete(array: np.ndarray, argument: str) -> np.ndarray:
    """The array itself, if no element of it stands for a missing one."""
    if array.dtype.kind in "fU":
        missing = np.isnan(array) if array.dtype.kind == "f" else array == ""
        if missing.any():
            place = int(missing.argmax())
            raise ValueError(_missing(argument, repr(array.tolist()[place]), place))
    return array


def _missing(argument: str, value: str, place: int) -> str:
    return (
        f"{argument}[{place}] is {value}: missing elements are not supported; drop them, or give "
        "them a category of their own"
    )


def _find(given: np.ndarray, valueset: np.ndarray) -> np.ndarray:
    """The place of each value in valueset."""
    if len(given) and (given.dtype.kind == "U") != (valueset.dtype.kind == "U"):
        raise TypeError("values and valueset: one is text, the other numbers")
    order = np.argsort(valueset, kind="stable")
    ordered = valueset[order]
    if (ordered[1:] == ordered[:-1]).any():
        raise ValueError("valueset lists a value twice")
    if not len(given):
        return np.zeros(0, np.intp)
    if not len(ordered):
        raise ValueError("valueset is empty, and values are not")
    place = np.minimum(np.searchsorted(ordered, given), len(ordered) - 1)
    outside = ordered[place] != given
    if outside.any():
        first = int(outside.argmax())
        raise ValueError(f"values[{first}] is {given[first]}, which valueset does not list")
    return order[place]


def _default_names(different: np.ndarray) -> tuple[str, ...]:
    names = tuple([_name(value) for value in different.tolist()])
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"values: several numbers have the name {twice!r}, which shows five digits; name them "
            "by valueset and categorynames"
        )
    return names


def _name(value: Any) -> str:
    """The name of one value, a number as MATLAB prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < _WHOLE:
            return str(int(value))
        return f"{value:.5g}".replace("inf", "Inf")
    return str(value)


def _chosen_names(categorynames: Any, count: int) -> Sequence[str]:
    names = complete_row(categorynames, "categorynames")
    if len(names) and names.dtype.kind != "U":
        raise TypeError("categorynames has numbers; names are text")
    if len(names) != count:
        raise ValueError(f"categorynames has {len(names)} names for {count} categories")
    return list(map(str, names))


def to_compare(other: Any) -> np.ndarray:
    """What a categorical array is compared with: one name, 0-dimensional, or a row of names.

    Here "" is allowed: it is equal to no category.
    """
    is_one = isinstance(other, str) or getattr(other, "shape", None) == ()
    row = _one_row(other, "the other side of ==")
    if len(row) and row.dtype.kind != "U":
        raise TypeError(
            f"categories are compared by their names, such as {_name(row.tolist()[0])!r}"
        )
    return row.reshape(()) if is_one else row


def positions(key: Any) -> Any:
    """An index of one dimension, or a whole number, as NumPy understands it."""
    if isinstance(key, slice):
        return key
    if isinstance(key, (tuple, bool, np.bool_)) or key is None:
        raise IndexError(
            f"{key!r} does not index a categorical array: it has one dimension; use a position, a "
            "slice, a list of positions or a mask"
        )
    index = np.asarray(key)
    if index.size > max(index.shape, default=1):
        raise IndexError(
            f"the index is {'×'.join(map(str, index.shape))}; a categorical array has one dimension"
        )
    if index.size == 0 and index.dtype.kind != "b":
        return np.zeros(0, np.intp)  # an empty list has no class of its own
    return index.reshape(-1) if index.ndim else index[()]
