"""What a dlarray prints: sizes with labels, class, values."""

from __future__ import annotations

from typing import Any

from tinydl.backend import xp
from tinydl.labels import format as formats
from tinydl.labels.classes import class_name


def header(array: Any, fmt: str) -> str:
    """Such as '4(S) × 3(S) single dlarray'; double is not mentioned."""
    kind = class_name(array)
    sizes = formats.describe(fmt, array.shape)
    return f"{sizes} {'' if kind == 'double' else kind + ' '}dlarray"


def text(array: Any, fmt: str) -> str:
    """The header and the values."""
    return f"{header(array, fmt)}\n{xp(array).as_text(array)}"
