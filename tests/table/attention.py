"""Rows of attention. The reference takes one query of one head after the other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinydl import attention, dlarray

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


ROWS = [
    _row("none", "auto", 0.5**0.5),
    _row("causal", 0.3, 0.3),
    _row("array", "auto", 0.5**0.5),
    _row("padding", 0.3, 0.3),
]
