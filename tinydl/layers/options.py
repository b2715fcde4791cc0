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
