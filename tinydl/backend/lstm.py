"""LSTM over a whole sequence, and backpropagation through time, for every library.

Outside the four blocks of rows are those of i, f, g and o. Inside they are o, i, f, g: the gates'
activation is applied to the first three at once, and the cell state depends on the last three.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from tinydl.backend import recur
from tinydl.backend.compiled import lstm as compiled_lstm
from tinydl.backend.dispatch import xp
from tinydl.backend.recur import Activation


def _inside(rows: Any) -> Any:
    end = 3 * (rows.shape[0] // 4)
    return xp(rows).concatenate([rows[end:], rows[:end]])


def _outside(rows: Any) -> Any:
    end = rows.shape[0] // 4
    return xp(rows).concatenate([rows[end:], rows[:end]])


def lstm(
    x: Any, h0: Any, c0: Any, w: Any, r: Any, b: Any, *, state: str, gate: str
) -> tuple[Any, Any]:
    """The hidden states of all steps with the last cell state behind them, as (H, B, T + 1).

    Then what the gradients need: the activated gates, all hidden and cell states, and the
    activated cell states.
    """
    lib, units = xp(x), r.shape[1]
    _, observations, steps = x.shape
    w, r, b = [_inside(rows) for rows in (w, r, b)]
    kernels = compiled_lstm.kernels_of(x, h0, c0, w, r, b, state=state, gate=gate)
    if kernels is not None:
        return compiled_lstm.forward(kernels, x, h0, c0, w, r, b)
    with lib.quiet():
        gates = lib.matmul(w, recur.time_first(x))
        gates += b
        hidden, cells = recur.states(h0, gates), recur.states(c0, gates)
        kept = gates, hidden, cells, lib.empty(hidden[1:].shape, gates.dtype)
        lib.lstm_forward(r, gate, state, *kept)
    y = lib.empty((units, observations, steps + 1), gates.dtype)
    recur.copy(lib.moveaxis(hidden[1:], 0, 2), y[..., :steps])
    y[..., steps] = cells[-1]
    return y, kept


def lstm_forward(
    r: Any, gate: str, state: str, gates: Any, hidden: Any, cells: Any, shown: Any
) -> None:
    """Turn the products with x into the gates, and write the states, step by step."""
    lib, to_gate, to_state = xp(gates), recur.APPLY[gate], recur.APPLY[state]
    open_, (o, i, f, g) = gates[:, : 3 * r.shape[1]], recur.blocks(gates, 4)
    recurrent = lib.empty(gates.shape[1:], gates.dtype)
    steps = zip(gates, open_, o, i, f, g, shown, hidden, cells, hidden[1:], cells[1:],
                strict=False)  # fmt: skip
    for now, opened, o_t, i_t, f_t, g_t, shown_t, h, c, next_h, next_c in steps:
        lib.matmul(r, h, out=recurrent)
        now += recurrent
        to_gate(opened, opened)
        to_state(g_t, g_t)
        lib.multiply(i_t, g_t, out=shown_t)
        lib.multiply(f_t, c, out=next_c)
        next_c += shown_t
        to_state(next_c, shown_t)
        lib.multiply(o_t, shown_t, out=next_h)


def lstm_gradients(
    dy: Any, x: Any, w: Any, r: Any, kept: Sequence[Any], *, state: str, gate: str,
    need: Sequence[bool],
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients by x, h0, c0, w, r and b, from the gradient dy by the packed result."""
    lib = xp(x)
    gates, hidden, cells, shown = kept
    if gates.ndim == 4:  # compiled loops have kept them, in lines
        d, dh, dc = compiled_lstm.backward(dy, _inside(r), kept)
        before = functools.partial(compiled_lstm.flat_states, hidden, x.shape[1])
    else:
        dh, dy = lib.zeros(shown.shape[1:], shown.dtype), recur.time_first(dy)
        back = lib.ascontiguousarray(_inside(r).T)
        d = recur.flat(lib.lstm_backward(back, gate, state, gates, cells, shown, dy, dh))
        dc, before = dy[-1], functools.partial(recur.flat, hidden[:-1])
    dx = dw = dr = db = None
    if need[0]:
        dx = recur.unflat(lib.matmul(_inside(w).T, d), x.shape[2])
    if need[3]:
        dw = _outside(lib.matmul(d, recur.flat(lib.moveaxis(x, 2, 0)).T))
    if need[4]:
        dr = _outside(lib.matmul(d, before().T))
    if need[5]:
        db = _outside(recur.row_sums(d))
    return dx, dh, dc, dw, dr, db


def lstm_backward(
    back: Any, gate: str, state: str, gates: Any, cells: Any, shown: Any, dy: Any, dh: Any
) -> Any:
    """The gradients by the gates, from those of all steps by the states.

    Behind it dh and the last of dy hold the gradients by the first hidden and cell state.
    """
    d, into_cell = _factors(gates, cells, shown, recur.SLOPE[gate], recur.SLOPE[state])
    _backward(back, d, into_cell, gates, dy, dh)
    return d


def _factors(
    gates: Any,
    cells: Any,
    shown: Any,
    to_gate_slope: Activation,
    to_state_slope: Activation,
) -> tuple[Any, Any]:
    """How much reaches each gate for one unit of the cell state's gradient (o: of h's).

    And how much of the hidden state's gradient reaches the cell state.
    """
    lib = xp(gates)
    d, into_cell = lib.empty(gates.shape, gates.dtype), lib.empty(shown.shape, gates.dtype)
    open_ = 3 * shown.shape[1]

    def write(first: int, end: int) -> None:
        now, s, into = gates[first:end], shown[first:end], into_cell[first:end]
        o, i, _, g = recur.blocks(now, 4)
        to_o, to_i, to_f, to_g = recur.blocks(d[first:end], 4)
        to_gate_slope(now[:, :open_], d[first:end, :open_])
        to_o *= s
        to_i *= g
        to_f *= cells[first:end]
        to_state_slope(g, to_g)
        to_g *= i
        to_state_slope(s, into)
        into *= o

    lib.par(len(gates), write, work=4 * gates.size)
    return d, into_cell


def _backward(back: Any, d: Any, into_cell: Any, gates: Any, dy: Any, dh: Any) -> None:
    """Turn the factors d into the gradients by the gates, from the last step to the first."""
    lib, units, forget = xp(d), len(dh), recur.blocks(gates, 4)[2]
    dc, part = dy[-1], lib.empty(dh.shape, dh.dtype)
    to_others = d.reshape(len(d), 4, *dh.shape)[:, 1:]
    steps = [v[::-1] for v in (d, d[:, :units], to_others, into_cell, forget, dy[:-1])]
    for d_t, to_output, to_cell, into_cell_t, f_t, dy_t in zip(*steps, strict=True):
        dh += dy_t
        lib.multiply(dh, into_cell_t, out=part)
        dc += part
        to_output *= dh
        to_cell *= dc
        dc *= f_t
        lib.matmul(back, d_t, out=dh)
