"""What a dlarray is before it can do anything: a value and a format."""

from __future__ import annotations

from typing import Any

_new = object.__new__


class Handle:
    """A value, plain or recorded, and the format of its dimensions.

    The functions that dlarray's operators call know dlarrays by this class, because they cannot
    import the class that imports them.
    """

    __slots__ = ("__weakref__", "_format", "_value")

    _value: Any
    _format: str

    @classmethod
    def _make(cls, value: Any, fmt: str) -> Any:
        """A handle on a value that is known to be right, without copy or check."""
        made = _new(cls)
        made._value = value
        made._format = fmt
        return made
