"""Dot-product attention of NumPy arrays, in pages that threads share.

A page is one head of one observation. From outside arrays are (heads, d, B, positions). Weights are
keys × queries, so that softmax runs along the first axis of a page: its sums and maxima are then
taken of whole rows. A few pages are worked on at a time, from scores to the result, in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.threads import par

BLOCK = 1 << 18
"""Bytes of weights that are worked on at a time."""


def attend(q: Any, k: Any, v: Any, scale: float, allowed: Any) -> tuple[Any, Any]:
    """The weighted means of v as (heads, e, B, queries), and the weights of all pages.

    allowed is None or (B or 1, 1, queries, keys): True where a key is seen.
    """
    heads, _, observations, queries = q.shape
    q, k, v = _pages(q, 0, 1) * q.dtype.type(scale), _pages(k, 1, 0), _pages(v, 0, 1)
    weights = np.empty((len(q), k.shape[1], queries), q.dtype)
    y = np.empty((len(q), v.shape[1], queries), q.dtype)

    def work_on(first: int, end: int) -> None:
        at = slice(first, end)
        np.matmul(k[at], q[at], out=weights[at])
        _softmax(weights[at], None if allowed is None else _of_pages(allowed, first, end, heads))
        np.matmul(v[at], weights[at], out=y[at])

    par(len(q), work_on, work=8 * weights.size, step=_step(weights))
    return _from_pages(y, heads, observations), weights


def attend_gradients(
    g: Any, q: Any, k: Any, v: Any, y: Any, weights: Any, scale: float
) -> tuple[Any, Any, Any]:
    """The gradients by q, k and v from the gradient g by the result y."""
    heads, _, observations, _ = q.shape
    scale = q.dtype.type(scale)
    slope = _pages(g * y, 0, 1).sum(axis=1, keepdims=True)  # the mean of the weights' gradient
    q, k, v, g = _pages(q, 0, 1) * scale, _pages(k, 0, 1) * scale, _pages(v, 1, 0), _pages(g, 0, 1)
    dq, dk = np.empty(q.shape, q.dtype), np.empty(k.shape, q.dtype)
    dv = np.empty((len(g), v.shape[2], v.shape[1]), q.dtype)

    def work_on(first: int, end: int) -> None:
        at = slice(first, end)
        turned = weights[at].swapaxes(1, 2)
        np.matmul(g[at], turned, out=dv[at])
        d = np.matmul(v[at], g[at])
        d -= slope[at]
        d *= weights[at]
        np.matmul(k[at], d, out=dq[at])
        np.matmul(q[at], d.swapaxes(1, 2), out=dk[at])

    par(len(q), work_on, work=8 * weights.size, step=_step(weights))
    dq, dk, dv = [_from_pages(x, heads, observations) for x in (dq, dk, dv)]
    return dq, dk, dv


def _pages(x: Any, *order: int) -> Any:
    """(heads, d, B, positions) as (B · heads, d, positions), or with the last two exchanged."""
    heads, width, observations, positions = x.shape
    last = [(1, 3)[i] for i in order]
    sizes = [(width, positions)[i] for i in order]
    pages = np.ascontiguousarray(x.transpose(2, 0, *last))
    return pages.reshape(observations * heads, *sizes)


def _from_pages(x: Any, heads: int, observations: int) -> Any:
    return x.reshape(observations, heads, *x.shape[1:]).transpose(1, 2, 0, 3)


def _step(weights: Any) -> int:
    """How many pages are worked on at a time."""
    return max(1, BLOCK // max(1, weights[:1].nbytes))


def _of_pages(allowed: Any, first: int, end: int, heads: int) -> Any:
    """Which keys are seen, as keys × queries, for some pages or for all of them."""
    seen = allowed[:, 0].swapaxes(1, 2)
    return seen if len(seen) == 1 else seen[np.arange(first, end) // heads]


def _softmax(scores: Any, seen: Any) -> None:
    """In place, over the keys that are seen; zeros where there are none."""
    if seen is not None:
        np.copyto(scores, -np.inf, where=~seen)
    top = scores.max(axis=1, keepdims=True)
    if seen is not None:
        sees_any = seen.any(axis=1, keepdims=True)
        top = np.where(sees_any, top, np.zeros((), top.dtype))  # −Inf less −Inf would be NaN
    scores -= top
    np.exp(scores, out=scores)
    total = np.matmul(np.ones((1, scores.shape[1]), scores.dtype), scores)
    if seen is not None:
        total = np.where(sees_any, total, np.ones((), total.dtype))
    scores *= np.reciprocal(total)
