"""Steps of solvers for NumPy arrays, one parameter after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinydl.backend.numpy_elementwise import in_pieces

Rule = Callable[..., tuple[Any, ...]]


def update_all(
    name: str, constants: Sequence[float], rule: Rule, rows: Sequence[Any]
) -> tuple[tuple[Any, ...], ...]:
    """rule(w, g, factor, *states) for each row (w, g, factor, *states): new w, new states.

    The kernel of that name does the same on a GPU with the rule's constants.
    """
    return tuple([_updated(rule, *row) for row in rows])


def _updated(rule: Rule, w: Any, g: Any, factor: float, *states: Any) -> tuple[Any, ...]:
    return in_pieces(lambda w, g, *old: rule(w, g, factor, *old), w, g, *states)
