"""The recursion over the states of label sequences, and back, for every library of arrays.

In one step a state is reached from itself, from the state before it, or, where that is allowed,
from the one before that. How much each of the three has added is all that the way back needs.
"""

from __future__ import annotations

from typing import Any

from tinydl.backend.dispatch import xp


def ctc_forward(
    emitted: Any, may_pass: Any, is_end: Any, present: Any, *, never: float
) -> tuple[Any, Any, Any]:
    """The logarithm of the sum over all paths (B,), the shares of the three sources in each step
    (T, 3, S, B), and the shares of the states at the end (S, B).

    emitted is (S, B, T), may_pass and is_end are (S, B), present is (T, B) or None; never stands
    for the logarithm of 0.
    """
    lib = xp(emitted)
    with lib.quiet():
        emissions = lib.as_own_copy(lib.moveaxis(emitted, 2, 0))
        steps, count, observations = emissions.shape
        padded = lib.full((count + 2, observations), never, emitted.dtype)
        alpha = padded[2:]
        alpha[0] = 0.0
        barrier = lib.where(may_pass, 0.0, never).astype(emitted.dtype)
        shares = lib.empty((steps, 3, count, observations), emitted.dtype)
        for t in range(steps):
            sources = shares[t]
            sources[0] = alpha
            sources[1] = padded[1:-1]
            lib.add(padded[:-2], barrier, out=sources[2])
            total = _to_shares(sources)
            total += emissions[t]
            alpha[...] = total if present is None else lib.where(present[t], total, alpha)
        if present is not None:
            stay = lib.asarray([1.0, 0.0, 0.0], dtype=emitted.dtype)[:, None, None]
            shares = lib.where(present[:, None, None], shares, stay)
        ends = lib.where(is_end, alpha, never)
        return _to_shares(ends), shares, ends


def _to_shares(x: Any) -> Any:
    """The logarithm of the sum of eˣ over the first axis; x becomes their shares in it."""
    lib = xp(x)
    top = x.max(axis=0)
    x -= top
    lib.exp(x, out=x)
    total = x.sum(axis=0)
    x /= total
    return lib.log(total) + top


def ctc_backward(g: Any, shares: Any, ends: Any, present: Any) -> Any:
    """The gradient by what is emitted, from the gradient g by the logarithms."""
    lib = xp(shares)
    steps, _, count, observations = shares.shape
    found = lib.empty((steps, count, observations), shares.dtype)
    slope = ends * g
    for t in reversed(range(steps)):
        found[t] = slope
        stay, go_on, skip = shares[t] * slope
        slope = stay
        slope[:-1] += go_on[1:]
        slope[:-2] += skip[2:]
    if present is not None:
        found *= present[:, None]
    return lib.ascontiguousarray(lib.moveaxis(found, 0, 2))
