"""GRU over a whole sequence, and backpropagation through time, for every library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.backend import recur
from tinydl.backend.dispatch import xp
from tinydl.backend.recur import Activation


def gru(
    x: Any, h0: Any, w: Any, r: Any, b: Any, q: Any, *, reset: str, state: str, gate: str
) -> tuple[Any, Any]:
    """The hidden states of all steps, as (H, B, T).

    Then what the gradients need: the activated gates, all hidden states, and what the reset gate
    was multiplied with ("after") or the product ("before").
    """
    lib, units = xp(x), r.shape[1]
    # What q adds to the gates is added for all steps at once; "before" that is all of it.
    now = 2 * units if reset == "after" else 3 * units
    b = lib.concatenate([b[:now] + q[:now], b[now:]])
    with lib.quiet():
        gates = lib.matmul(w, recur.time_first(x))
        gates += b
        hidden = recur.states(h0, gates)
        kept = gates, hidden, lib.empty(hidden[1:].shape, gates.dtype)
        lib.gru_forward(r, q[2 * units :], reset, gate, state, *kept)
    y = lib.empty((units, *x.shape[1:]), gates.dtype)
    recur.copy(lib.moveaxis(hidden[1:], 0, 2), y)
    return y, kept


def gru_forward(
    r: Any, q: Any, reset: str, gate: str, state: str, gates: Any, hidden: Any, inner: Any
) -> None:
    """Turn the products with x into the gates, and write the states, step by step."""
    forward = _forward_after if reset == "after" else _forward_before
    forward(r, q, recur.APPLY[gate], recur.APPLY[state], gates, hidden, inner)


def _forward_after(
    r: Any, q: Any, to_gate: Activation, to_state: Activation, gates: Any, hidden: Any, inner: Any
) -> None:
    """With the reset gate behind the product."""
    lib, units = xp(gates), r.shape[1]
    opened, held, candidate = recur.blocks(gates, 3)
    recurrent, part = [lib.empty((n, gates.shape[2]), gates.dtype) for n in (len(r), units)]
    to_open, to_inner = recurrent[: 2 * units], recurrent[2 * units :]
    q = q + lib.zeros(part.shape, part.dtype)  # a sum that expands takes several times as long
    steps = zip(gates[:, : 2 * units], opened, held, candidate, inner, hidden, hidden[1:],
                strict=False)  # fmt: skip
    for open_t, opened_t, held_t, candidate_t, inner_t, h, next_h in steps:
        lib.matmul(r, h, out=recurrent)
        open_t += to_open
        to_gate(open_t, open_t)
        lib.add(to_inner, q, out=inner_t)
        lib.multiply(opened_t, inner_t, out=part)
        candidate_t += part
        to_state(candidate_t, candidate_t)
        _mix(lib, h, held_t, candidate_t, next_h)


def _forward_before(
    r: Any, _: Any, to_gate: Activation, to_state: Activation, gates: Any, hidden: Any, inner: Any
) -> None:
    """As _forward_after, with the reset gate before the product."""
    lib, units = xp(gates), r.shape[1]
    opened, held, candidate = recur.blocks(gates, 3)
    r_open, r_candidate = r[: 2 * units], r[2 * units :]
    to_open, part = [lib.empty((n, gates.shape[2]), gates.dtype) for n in (2 * units, units)]
    steps = zip(gates[:, : 2 * units], opened, held, candidate, inner, hidden, hidden[1:],
                strict=False)  # fmt: skip
    for open_t, opened_t, held_t, candidate_t, inner_t, h, next_h in steps:
        lib.matmul(r_open, h, out=to_open)
        open_t += to_open
        to_gate(open_t, open_t)
        lib.multiply(opened_t, h, out=inner_t)
        lib.matmul(r_candidate, inner_t, out=part)
        candidate_t += part
        to_state(candidate_t, candidate_t)
        _mix(lib, h, held_t, candidate_t, next_h)


def _mix(lib: Any, h: Any, held: Any, candidate: Any, next_h: Any) -> None:
    """The part of h that is held, and the rest from the candidate."""
    lib.subtract(h, candidate, out=next_h)
    next_h *= held
    next_h += candidate


def gru_gradients(
    dy: Any, x: Any, w: Any, r: Any, kept: Sequence[Any], *, reset: str, state: str, gate: str,
    need: Sequence[bool],
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients by x, h0, w, r, b and q, from the gradient dy by the hidden states."""
    lib, units, is_after = xp(x), r.shape[1], reset == "after"
    gates, hidden, inner = kept
    dh, dy = lib.zeros(hidden.shape[1:], hidden.dtype), recur.time_first(dy)
    d, to_product = lib.gru_backward(r, reset, gate, state, gates, hidden, inner, dy, dh)
    d = recur.flat(d)
    to_product = recur.flat(to_product) if is_after else d
    dx = dw = dr = None
    if need[0]:
        dx = recur.unflat(lib.matmul(w.T, d), x.shape[2])
    if need[2]:
        dw = lib.matmul(d, recur.flat(lib.moveaxis(x, 2, 0)).T)
    if need[3]:
        dr = lib.matmul(to_product, recur.flat(hidden[:-1]).T)
        if not is_after:
            dr[2 * units :] = lib.matmul(d[2 * units :], recur.flat(inner).T)
    db = recur.row_sums(d) if need[4] else None
    dq = recur.row_sums(to_product) if need[5] else None
    return dx, dh, dw, dr, db, dq


def gru_backward(
    r: Any, reset: str, gate: str, state: str, gates: Any, hidden: Any, inner: Any, dy: Any,
    dh: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """The gradients by the gates and by the product r h; dh is by the first hidden state then.

    That of the product is the same, but behind the reset gate where this multiplies the product.
    """
    is_after = reset == "after"
    d = _factors(gates, hidden, inner if is_after else hidden[:-1],
                 recur.SLOPE[gate], recur.SLOPE[state])  # fmt: skip
    to_product = xp(d).empty(d.shape, d.dtype) if is_after else d
    (_backward_after if is_after else _backward_before)(r, d, to_product, gates, dy, dh)
    return d, to_product


def _factors(
    gates: Any,
    hidden: Any,
    reset_by: Any,
    to_gate_slope: Activation,
    to_state_slope: Activation,
) -> Any:
    """How much reaches each gate for one unit of the gradient of what it is part of."""
    lib = xp(gates)
    d = lib.empty(gates.shape, gates.dtype)

    def write(first: int, end: int) -> None:
        opened, held, candidate = recur.blocks(gates[first:end], 3)
        to_opened, to_held, to_candidate = recur.blocks(d[first:end], 3)
        to_gate_slope(opened, to_opened)
        to_opened *= reset_by[first:end]
        to_gate_slope(held, to_held)
        to_held *= hidden[first:end] - candidate
        to_state_slope(candidate, to_candidate)
        to_candidate *= 1.0 - held

    lib.par(len(gates), write, work=4 * gates.size)
    return d


def _backward_after(r: Any, d: Any, recurrent: Any, gates: Any, dy: Any, dh: Any) -> None:
    """Turn the factors d into the gradients, from the last step to the first; dh is by h0 then."""
    lib, units = xp(d), len(dh)
    back, part = lib.ascontiguousarray(r.T), lib.empty(dh.shape, dh.dtype)
    opened, held, _ = recur.blocks(gates, 3)
    to_opened, _, to_candidate = recur.blocks(d, 3)
    to_others = d.reshape(len(d), 3, *dh.shape)[:, 1:]
    steps = [v[::-1] for v in (dy, to_opened, to_others, to_candidate, opened, held,
                               d[:, : 2 * units], recurrent)]  # fmt: skip
    for dy_t, to_o, to_h_and_c, to_c, opened_t, held_t, open_t, recurrent_t in zip(
        *steps, strict=True
    ):
        dh += dy_t
        to_h_and_c *= dh
        dh *= held_t
        to_o *= to_c
        recurrent_t[: 2 * units] = open_t
        lib.multiply(to_c, opened_t, out=recurrent_t[2 * units :])
        lib.matmul(back, recurrent_t, out=part)
        dh += part


def _backward_before(r: Any, d: Any, _: Any, gates: Any, dy: Any, dh: Any) -> None:
    """As _backward_after, with the reset gate before the product."""
    lib, units = xp(d), len(dh)
    back = [lib.ascontiguousarray(rows.T) for rows in (r[: 2 * units], r[2 * units :])]
    part, by_product = [lib.empty(dh.shape, dh.dtype) for _ in range(2)]
    opened, held, _ = recur.blocks(gates, 3)
    to_opened, _, to_candidate = recur.blocks(d, 3)
    to_others = d.reshape(len(d), 3, *dh.shape)[:, 1:]
    steps = [v[::-1] for v in (dy, to_opened, to_others, to_candidate, opened, held,
                               d[:, : 2 * units])]  # fmt: skip
    for dy_t, to_o, to_h_and_c, to_c, opened_t, held_t, open_t in zip(*steps, strict=True):
        dh += dy_t
        to_h_and_c *= dh
        dh *= held_t
        lib.matmul(back[1], to_c, out=by_product)
        to_o *= by_product
        by_product *= opened_t
        dh += by_product
        lib.matmul(back[0], open_t, out=part)
        dh += part
