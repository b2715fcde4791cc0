"""Dot-product attention of CuPy arrays: the functions of ``numpy_attend``."""

from __future__ import annotations

import math
from typing import Any

import cupy as cp


def attend(q: Any, k: Any, v: Any, scale: float, allowed: Any) -> tuple[Any, Any]:
    """The weighted means of v as (heads, e, B, queries), and the weights (B, heads, queries, keys).

    allowed is None or (B or 1, 1, queries, keys): True where a key is seen.
    """
    scores = cp.matmul(q.transpose(2, 0, 3, 1) * scale, k.transpose(2, 0, 1, 3))
    sees_any = cp.ones((1, 1, 1, 1), bool)
    if allowed is not None:
        sees_any = allowed.any(axis=3, keepdims=True)
        scores = cp.where(allowed, scores, -math.inf)
    top = cp.where(sees_any, scores.max(axis=3, keepdims=True), 0.0)  # −Inf less −Inf is NaN
    weights = cp.exp(scores - top)
    weights = weights / cp.where(sees_any, weights.sum(axis=3, keepdims=True), 1.0)
    return cp.matmul(weights, v.transpose(2, 0, 3, 1)).transpose(1, 3, 0, 2), weights


def attend_gradients(
    g: Any, q: Any, k: Any, v: Any, y: Any, weights: Any, scale: float
) -> tuple[Any, Any, Any]:
    """The gradients by q, k and v from the gradient g by the result y."""
    slope = (g * y).sum(axis=1).transpose(1, 0, 2)[..., None]
    g = g.transpose(2, 0, 3, 1)
    d = (cp.matmul(g, v.transpose(2, 0, 1, 3)) - slope) * weights * scale
    turned = d.swapaxes(2, 3)
    dq = cp.matmul(d, k.transpose(2, 0, 3, 1)).transpose(1, 3, 0, 2)
    dk = cp.matmul(turned, q.transpose(2, 0, 3, 1)).transpose(1, 3, 0, 2)
    dv = cp.matmul(weights.swapaxes(2, 3), g).transpose(1, 3, 0, 2)
    return dq, dk, dv
