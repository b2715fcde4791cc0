"""The probability that a sequence of class probabilities reads as a sequence of labels.

Graves et al., "Connectionist temporal classification: labelling unsegmented sequence data with
recurrent neural networks", 2006. A path runs through the states  blank, l₁, blank, l₂, …, blank.
With each time step it stays, goes on by one state, or passes over a blank that stands between two
different labels; what it emits is the class of the state. α(s) is the logarithm of the probability
of having come to state s.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.elementwise import where
from tinydl.primitives.recur import time_steps
from tinydl.primitives.reduce import logsumexp
from tinydl.primitives.shape import concatenate, pad, reshape, take

NEVER = -1e30
"""The logarithm of a probability of 0. It is finite, so that differences of two of them exist."""


def log_likelihood(log_y: Any, states: Any, may_pass: Any, is_end: Any, present: Any = None) -> Any:
    """The logarithm of the sum over all paths, for each observation; −Inf where there is none.

    log_y is (C, B, T). The others are plain arrays: states (S, B), the class of each state;
    may_pass (S, B), where a path may come from the state before the last; is_end (S, B), where it
    may end; present (T, B), which time steps count (all, if it is None).
    """
    observations = xp(states).arange(states.shape[1])[None, :]
    emitted = take(log_y, index=(states, observations))
    total = over_paths(emitted, may_pass, is_end, present)
    return where(plain(total).real < NEVER / 2, -float("inf"), total)


@Primitive.saving("shares", "ends")
def over_paths(
    emitted: Any, may_pass: Any, is_end: Any, present: Any, *, save: bool = False
) -> Any:
    """log Σ exp of what the paths emit (S, B, T); at most NEVER / 2 where there is no path."""
    results = xp(emitted).ctc_forward(emitted, may_pass, is_end, present, never=NEVER)
    return results if save else results[0]


over_paths.gradient(
    emitted=lambda g, shares, ends, present: xp(shares).ctc_backward(g, shares, ends, present)
)


@over_paths.definition
def _(emitted: Any, may_pass: Any, is_end: Any, present: Any) -> Any:
    count, observations, _ = emitted.shape
    lib = xp(may_pass)
    # From before the first state one step leads to it or, going on, to the first label.
    is_first = (lib.arange(count) == 0)[:, None]
    alpha = lib.where(is_first, 0.0, lib.full((count, observations), NEVER, emitted.dtype))
    for t, emission in enumerate(time_steps(emitted)):
        later = _arriving(alpha, may_pass) + emission
        alpha = later if present is None else where(present[t], later, alpha)
    total = logsumexp(where(is_end, alpha, NEVER), axis=(0,))
    return reshape(total, shape=(observations,), order="C")


def _arriving(alpha: Any, may_pass: Any) -> Any:
    """The logarithm of the probability with which a path comes to each state in one step."""
    count, observations = alpha.shape
    behind = pad(alpha, widths=((2, 0), (0, 0)), value=NEVER)
    sources = [
        alpha,
        take(behind, index=(slice(1, count + 1),)),
        where(may_pass, take(behind, index=(slice(0, count),)), NEVER),
    ]
    stack = [reshape(x, shape=(1, count, observations), order="C") for x in sources]
    total = logsumexp(concatenate(*stack, axis=0), axis=(0,))
    return reshape(total, shape=(count, observations), order="C")
