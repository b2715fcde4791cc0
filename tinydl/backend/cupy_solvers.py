"""Steps of solvers for CuPy arrays: all parameters of a class in one launch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cupy

from tinydl.backend.kernels import solvers as kernels

Rule = Callable[..., tuple[Any, ...]]


def update_all(
    name: str, constants: Sequence[float], rule: Rule, rows: Sequence[Any]
) -> tuple[tuple[Any, ...], ...]:
    """rule(w, g, factor, *states) for each row (w, g, factor, *states): new w, new states.

    The kernel of that name does the same with the rule's constants.
    """
    results: list[tuple[Any, ...]] = []
    by_class: dict[str, list[Any]] = {}
    for w, g, factor, *old in rows:
        kind = w.dtype.char
        if kind not in "fd" or not w.size:
            results.append(rule(w, g, factor, *old))
            continue
        new_w, *new = [cupy.empty(w.shape, w.dtype) for _ in range(1 + len(old))]
        w, g, *old = [None if x is None else cupy.ascontiguousarray(x) for x in (w, g, *old)]
        by_class.setdefault(kind, []).append((w, g, factor, old, new_w, new))
        results.append((new_w, *new))
    for group in by_class.values():
        kernels.launch(name, constants, group)
    return tuple(results)
