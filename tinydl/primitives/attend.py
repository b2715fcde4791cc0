"""Dot-product attention as one operation.

Its rule for a first derivative is a kernel that needs the weights; higher ones follow the
definition out of products of matrices and softmax.
"""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.contract import matmul
from tinydl.primitives.elementwise import where
from tinydl.primitives.reduce import softmax
from tinydl.primitives.shape import transpose


@Primitive.saving("weights")
def attend(q: Any, k: Any, v: Any, *, scale: float, allowed: Any = None, save: bool = False) -> Any:
    """For each query the mean of v, weighted by softmax(scale · kᵀ q) over the keys allowed.

    Arrays are (heads, d, B, positions); allowed is None or (B or 1, 1, queries, keys).
    """
    results = xp(q).attend(q, k, v, scale, allowed)
    return results if save else results[0]


@attend.gradients("q", "k", "v")
def _(g: Any, q: Any, k: Any, v: Any, y: Any, weights: Any, scale: float) -> tuple[Any, ...]:
    return xp(g).attend_gradients(g, q, k, v, y, weights, scale)


@attend.definition
def _(q: Any, k: Any, v: Any, *, scale: float, allowed: Any = None) -> Any:
    weights = attention_weights(q, k, scale, allowed)
    return transpose(matmul(weights, transpose(v, axes=(2, 0, 3, 1))), axes=(1, 3, 0, 2))


def attention_weights(q: Any, k: Any, scale: float, allowed: Any) -> Any:
    """How much each query sees of each key: (B, heads, queries, keys)."""
    scores = matmul(transpose(q * scale, axes=(2, 0, 3, 1)), transpose(k, axes=(2, 0, 1, 3)))
    if allowed is None:
        return softmax(scores, axis=(3,))
    lib = xp(plain(allowed))
    # −Inf everywhere would give 0/0: a query that sees nothing gets zeros before and after.
    hidden = lib.where(allowed.any(axis=3, keepdims=True), -math.inf, 0.0).astype(scores.dtype)
    return where(allowed, softmax(where(allowed, scores, hidden), axis=(3,)), 0.0)
