"""Rows of attention. The reference takes one query of one head after the other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinydl import attention, dlarray
from tinydl.autodiff import plain
from tinydl.backend import xp
from tinydl.primitives.attend import attend

from .row import Row, Shape, normal

KEYS, QUERIES, B = 4, 3, 2
SEEN = np.ones((KEYS, QUERIES, B))
SEEN[1:, 0, 0] = SEEN[2, 1, 1] = SEEN[:, 2, 1] = 0.0
SHAPES: tuple[Shape, ...] = ((4, B, QUERIES), (4, B, KEYS), (6, B, KEYS))
MASKS = {
    "none": np.ones_like(SEEN),
    "causal": np.broadcast_to(np.triu(np.ones((KEYS, QUERIES)))[..., None], SEEN.shape),
    "array": SEEN,
    "padding": np.broadcast_to(
        np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [0.0, 1.0]])[:, None], SEEN.shape
    ),
}


def reference(seen: Any, scale: float, q: Any, k: Any, v: Any, *, heads: int = 2) -> Any:
    width, deep = q.shape[0] // heads, v.shape[0] // heads
    y = np.zeros((v.shape[0], *q.shape[1:]))
    for b, t, h in itertools.product(range(q.shape[1]), range(q.shape[2]), range(heads)):
        rows = slice(h * width, (h + 1) * width)
        weight = np.exp([scale * q[rows, b, t] @ k[rows, b, s] for s in range(k.shape[2])])
        weight = weight * seen[:, t, b]
        if weight.sum() > 0:
            values = v[h * deep : (h + 1) * deep, b]
            y[h * deep : (h + 1) * deep, b, t] = values @ (weight / weight.sum())
    return y


def _row(mask: str, scale: Any, factor: float) -> Row:
    given: dict[str, Any] = {"AttentionMask": SEEN if mask == "array" else mask, "Scale": scale}
    if mask == "padding":
        given |= {"AttentionMask": "none", "PaddingMask": dlarray(MASKS[mask][None, :, 0], "CTB")}

    def call(*xs: Any) -> Any:
        return attention(*[dlarray._make(x, "CBT") for x in xs], 2, **given)._value

    return Row(f"attention[{mask}, {scale}]", "", call, normal(*SHAPES), radius=0.05,
               reference=lambda *xs: reference(MASKS[mask], factor, *xs))  # fmt: skip


def _kernel(name: str, seen: Any, *shapes: Shape) -> Row:
    """A row of the operation alone, on (heads, d, B, positions)."""
    allowed = None if seen is None else seen.transpose(2, 1, 0)[:, None] != 0

    def by_loops(q: Any, k: Any, v: Any) -> Any:
        heads = q.shape[0]
        rows = [x.reshape(x.shape[0] * x.shape[1], *x.shape[2:]) for x in (q, k, v)]
        every = np.ones((k.shape[3], q.shape[3], q.shape[2]))
        y = reference(every if seen is None else seen, 0.3, *rows, heads=heads)
        return y.reshape(*v.shape[:3], q.shape[3])

    def call(*xs: Any) -> Any:
        lib = xp(plain(xs[0]))
        return attend(*xs, scale=0.3, allowed=None if seen is None else lib.asarray(allowed))

    return Row(f"attend[{name}]", "attend", call, normal(*shapes), radius=0.05, reference=by_loops)


OF_HEADS: tuple[Shape, ...] = ((2, 2, B, QUERIES), (2, 2, B, KEYS), (2, 3, B, KEYS))

ROWS = [
    _kernel("all", None, *OF_HEADS),
    _kernel("some", SEEN, *OF_HEADS),
    _kernel("no observations", None, (2, 2, 0, 3), (2, 2, 0, 4), (2, 3, 0, 4)),
    _row("none", "auto", 0.5**0.5),
    _row("causal", 0.3, 0.3),
    _row("array", "auto", 0.5**0.5),
    _row("padding", 0.3, 0.3),
]
