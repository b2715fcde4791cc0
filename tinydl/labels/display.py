"""What a dlarray prints: sizes with labels, class, device, values."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import is_on_gpu, xp
from tinydl.labels import format as formats
from tinydl.labels.classes import class_name
from tinydl.labels.handle import Handle


def header(array: Any, fmt: str) -> str:
    """Such as '4(S) × 3(S) single gpuArray dlarray'; double and the host are not mentioned."""
    return " ".join([formats.describe(fmt, array.shape), *_class_and_device(array), "dlarray"])


def class_and_device(array: Any) -> str:
    """Such as 'single gpuArray', or '' for doubles in the computer's own memory."""
    return " ".join(_class_and_device(array))


def _class_and_device(array: Any) -> list[str]:
    kind = class_name(array)
    value = plain(array._value if isinstance(array, Handle) else array)
    return [*([] if kind == "double" else [kind]), *(["gpuArray"] if is_on_gpu(value) else [])]


def text(array: Any, fmt: str) -> str:
    """The header and the values."""
    return f"{header(array, fmt)}\n{xp(array).as_text(array)}"
