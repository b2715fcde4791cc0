"""LSTM by the compiled loops of ``numba_lstm``: for whom they are, and how arrays come in lines.

A line holds a row's numbers for some observations. What is kept for the gradients has one axis more
here than in ``lstm``: arrays (lines, steps, rows, length), where zeros fill the last line.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinydl.backend import recur
from tinydl.backend.compiled import kernels_for
from tinydl.backend.memory import empty
from tinydl.backend.threads import par

WEIGHTS = 1 << 20
"""Bytes of recurrent weights that stay in the cache from one step to the next."""

PRODUCTS = 16
"""So many of them take as long as the addition of two numbers, as ``par`` counts work."""


def kernels_of(x: Any, h0: Any, c0: Any, w: Any, r: Any, b: Any, *, state: str, gate: str) -> Any:
    """The compiled kernels; None where they do not suit."""
    if not isinstance(x, np.ndarray) or (gate, state) != ("sigmoid", "tanh"):
        return None
    (_, observations, steps), (rows, units) = x.shape, r.shape
    kernels = kernels_for("lstm", rows * observations * steps, x, h0, c0, w, r, b)
    if kernels is None or units < kernels.HEIGHTS[-1] or r.nbytes > WEIGHTS:
        return None
    lines, length = _lines(kernels, observations, x.itemsize)
    return kernels if lines * length <= 2 * observations else None


def _lines(kernels: Any, observations: int, size: int) -> tuple[int, int]:
    """How many lines there are, and how many observations of so many bytes each has.

    Long lines take 0.93 of the time of short ones. But a thread works on a line alone: what would
    be a single long one is cut in two, and what fits into a short one is not padded beyond that.
    """
    long, short = [line // size for line in kernels.LINES]
    length = long if observations > long else short
    return -(-observations // length), length


def forward(
    kernels: Any, x: Any, h0: Any, c0: Any, w: Any, r: Any, b: Any
) -> tuple[Any, tuple[Any, ...]]:
    """The packed result, and what the gradients need; the weights have rows of o, i, f, g."""
    (_, observations, steps), (rows, units) = x.shape, r.shape
    lines, length = _lines(kernels, observations, x.itemsize)
    room = lambda steps, rows: empty((lines, steps, rows, length), x.dtype)
    gates, shown, inputs = room(steps, rows), room(steps, units), room(steps, len(x))
    hidden, cells = room(steps + 1, units), room(steps + 1, units)
    _to_lines(x, inputs)
    for first, states in ((h0, hidden), (c0, cells)):
        _to_lines(np.broadcast_to(first, (units, observations))[..., None], states[:, :1])
    weights = kernels.in_tiles(np.concatenate([r, w], axis=1)), kernels.in_tiles(b)
    kept = gates, hidden, cells, shown
    loop = functools.partial(kernels.lstm_forward, *weights, inputs, *kept)
    par(len(gates), loop, work=gates.size * (2 + (units + len(x)) // PRODUCTS))
    y = empty((units, observations, steps + 1), x.dtype)
    _from_lines(hidden[:, 1:], y[..., :steps])
    _from_lines(cells[:, -1:], y[..., steps:])
    return y, kept


def backward(dy: Any, r: Any, kept: Any) -> tuple[Any, Any, Any]:
    """The gradients by the gates (rows, steps · observations), and by the first two states."""
    from tinydl.backend.compiled import (
        numba_kernels as kernels,  # it is there: it made what is kept
    )

    gates, _, cells, shown = kept
    (lines, steps, rows, length), (units, observations, _) = gates.shape, dy.shape
    by_states = empty((lines, steps + 1, units, length), gates.dtype)
    _to_lines(dy, by_states)
    dh = np.zeros((lines, 1, units, length), gates.dtype)
    d = empty((rows, steps, observations), gates.dtype)
    options = kernels.in_tiles(r.T), gates, cells, shown, by_states, dh, d
    loop = functools.partial(kernels.lstm_backward, *options)
    par(lines, loop, work=gates.size * (2 + units // PRODUCTS))
    firsts = [np.empty((units, observations, 1), gates.dtype) for _ in range(2)]
    _from_lines(dh, firsts[0])
    _from_lines(by_states[:, -1:], firsts[1])
    return d.reshape(rows, -1), firsts[0][..., 0], firsts[1][..., 0]


def flat_states(states: Any, observations: int) -> Any:
    """The states before each step, as (units, steps · observations)."""
    _, steps, units, _ = states.shape
    y = empty((units, steps - 1, observations), states.dtype)
    _from_lines(states[:, :-1], y.swapaxes(1, 2))
    return y.reshape(units, -1)


def _parts(x: Any, lines: Any) -> Iterator[tuple[Any, Any]]:
    """Of x (n, B, T) and of its lines, with axes in the same order, what belongs together."""
    length = lines.shape[3]
    for line, first in zip(lines, range(0, x.shape[1], length), strict=True):
        part = x[:, first : first + length]
        yield part, line[..., : part.shape[1]].transpose(1, 2, 0)


def _to_lines(x: Any, lines: Any) -> None:
    """Write x (n, B, T) into lines (lines, T, n, length), and zeros after its observations."""
    lines[-1, ..., x.shape[1] - (len(lines) - 1) * lines.shape[3] :] = 0
    for part, line in _parts(x, lines):
        recur.copy(part, line)


def _from_lines(lines: Any, x: Any) -> None:
    """The way back."""
    for part, line in _parts(x, lines):
        recur.copy(line, part)
