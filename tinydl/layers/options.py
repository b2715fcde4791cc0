"""Checks that the constructors of several layers share."""

from __future__ import annotations

import math
from typing import Any


def whole(value: Any, option: str, least: int = 1) -> int:
    """A whole number from `least` on."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        if isinstance(value, float) and value.is_integer() and value >= least:
            return int(value)  # MATLAB's whole numbers are doubles
        raise ValueError(f"{option} must be a whole number from {least} on, not {value!r}")
    return int(value)


def number(value: Any, option: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A number between two bounds."""
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise ValueError(f"{option} must be a number, not {value!r}")
    if not low <= float(value) <= high:
        raise ValueError(f"{option} must lie between {low} and {high}, not at {value!r}")
    return float(value)


def not_negative(value: Any, option: str) -> float:
    """A number from 0 on."""
    return number(value, option, 0.0)


def pair(value: Any, option: str, least: int = 1) -> tuple[int, int]:
    """Two whole numbers: for the height and the width, or one for both."""
    given = tuple(value) if hasattr(value, "__len__") else (value, value)
    if len(given) != 2:
        raise ValueError(f"{option} is one whole number or two (height, width), not {value!r}")
    return whole(given[0], option, least), whole(given[1], option, least)


def sides(value: Any, option: str) -> Any:
    """Padding of images: "same", or two rows, (top, left) and (bottom, right).

    It is given as one number, [vertical, horizontal], or [top, bottom, left, right].

    Example:
        >>> sides([1, 2, 3, 4], "Padding")
        ((1, 3), (2, 4))
    """
    if isinstance(value, str):
        if value != "same":
            raise ValueError(f'{option} is numbers or "same", not {value!r}')
        return value
    given = list(value) if hasattr(value, "__len__") else [value]
    if len(given) == 2 and all([hasattr(row, "__len__") for row in given]):
        return pair(given[0], option, 0), pair(given[1], option, 0)  # as this function returns it
    if len(given) == 4:
        top, bottom, left, right = (whole(n, option, 0) for n in given)
        return (top, left), (bottom, right)
    vertical, horizontal = pair(value, option, 0)
    return (vertical, horizontal), (vertical, horizontal)
