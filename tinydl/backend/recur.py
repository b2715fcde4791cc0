"""LSTM and GRU over a whole sequence, and backpropagation through time, for every library.

From outside arrays are (channels, B, T) with time running fastest. Inside time comes first, so that
what one step needs lies together in memory, and the products that do not wait for the step before
(those with x, and those that give the gradients of the weights) are taken for all steps at once.

Gates are activated in place. The slopes of all activations used here can be told from their values,
so nothing is kept of what they were applied to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.backend.dispatch import xp

# ---- activations, in place, and their slopes by their values -------------------------------------


def _sigmoid(a: Any) -> None:
    a *= -1.0
    xp(a).exp(a, out=a)
    a += 1.0
    xp(a).reciprocal(a, out=a)


def _hard_sigmoid(a: Any) -> None:
    a *= 0.2
    a += 0.5
    xp(a).maximum(a, 0.0, out=a)
    xp(a).minimum(a, 1.0, out=a)


def _tanh(a: Any) -> None:
    xp(a).tanh(a, out=a)


def _softsign(a: Any) -> None:
    a /= xp(a).abs(a) + 1.0


def _relu(a: Any) -> None:
    xp(a).maximum(a, 0.0, out=a)


_APPLY = {"sigmoid": _sigmoid, "hard-sigmoid": _hard_sigmoid, "tanh": _tanh,
          "softsign": _softsign, "relu": _relu}  # fmt: skip
_SLOPE = {
    "sigmoid": lambda y: y * (1.0 - y),
    "hard-sigmoid": lambda y: ((y > 0.0) & (y < 1.0)) * y.dtype.type(0.2),
    "tanh": lambda y: 1.0 - y * y,
    "softsign": lambda y: (1.0 - xp(y).abs(y)) ** 2,
    "relu": lambda y: (y > 0.0).astype(y.dtype),
}


# ---- layouts ------------------------------------------------------------------------------------


def _time_first(x: Any) -> Any:
    """(n, B, T) as (T, n, B), in an array of its own."""
    return xp(x).as_own_copy(xp(x).moveaxis(x, 2, 0))


def _time_last(x: Any) -> Any:
    """(T, n, B) as (n, B, T)."""
    return xp(x).ascontiguousarray(xp(x).moveaxis(x, 0, 2))


def _flat(x: Any) -> Any:
    """(T, n, B) as (n, T · B): all steps and observations side by side."""
    return x.transpose(1, 0, 2).reshape(x.shape[1], x.shape[0] * x.shape[2])


def _input_gradient(w: Any, d: Any, x_shape: tuple[int, ...]) -> Any:
    """The gradient by x from that by w x, which is flat."""
    channels, observations, steps = x_shape
    dx = (w.T @ d).reshape(channels, steps, observations)
    return xp(d).ascontiguousarray(dx.swapaxes(1, 2))


def _blocks(x: Any, count: int) -> Any:
    """(T, count · H, B) seen as (T, count, H, B)."""
    steps, rows, observations = x.shape
    return x.reshape(steps, count, rows // count, observations)


def _states(first: Any, steps: int, observations: int, like: Any) -> Any:
    """Room for a state before the first step and after each step, the first one filled in."""
    states = xp(like).empty((steps + 1, first.shape[0], observations), like.dtype)
    states[0] = first
    return states


# ---- LSTM ---------------------------------------------------------------------------------------


def lstm(
    x: Any, h0: Any, c0: Any, w: Any, r: Any, b: Any, *, state: str, gate: str
) -> tuple[Any, ...]:
    """The hidden states of all steps with the last cell state behind them, as (H, B, T + 1).

    Then what the gradients need: the activated gates, all hidden and cell states, and the
    activated cell states.
    """
    lib, units = xp(x), r.shape[1]
    to_gate, to_state = _APPLY[gate], _APPLY[state]
    with lib.quiet():
        gates = lib.matmul(w, _time_first(x))
        gates += b
        steps, _, observations = gates.shape
        hidden = _states(h0, steps, observations, gates)
        cells = _states(c0, steps, observations, gates)
        shown = lib.empty((steps, units, observations), gates.dtype)
        recurrent = lib.empty(gates.shape[1:], gates.dtype)
        for t in range(steps):
            now = gates[t]
            now += lib.matmul(r, hidden[t], out=recurrent)
            to_gate(now[: 2 * units])
            to_state(now[2 * units : 3 * units])
            to_gate(now[3 * units :])
            i, f, g, o = now.reshape(4, units, observations)
            lib.multiply(f, cells[t], out=cells[t + 1])
            cells[t + 1] += i * g
            shown[t] = cells[t + 1]
            to_state(shown[t])
            lib.multiply(o, shown[t], out=hidden[t + 1])
        y = lib.empty((units, observations, steps + 1), gates.dtype)
        y[..., :steps] = lib.moveaxis(hidden[1:], 0, 2)
        y[..., steps] = cells[-1]
    return y, gates, hidden, cells, shown


def lstm_gradients(
    dy: Any, x: Any, w: Any, r: Any, kept: Sequence[Any], *, state: str, gate: str,
    need: Sequence[bool],
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients by x, h0, c0, w, r and b, from the gradient dy by the packed result."""
    lib = xp(x)
    gates, hidden, cells, shown = kept
    by_gate, by_state = _SLOPE[gate], _SLOPE[state]
    i, f, g, o = [_blocks(gates, 4)[:, k] for k in range(4)]
    into_cell = o * by_state(shown)
    # How much reaches each gate for one unit of the cell state's gradient (of h's for the output
    # gate). The loop turns these in place into the gradients themselves.
    d = lib.empty(_blocks(gates, 4).shape, gates.dtype)
    lib.multiply(g, by_gate(i), out=d[:, 0])
    lib.multiply(cells[:-1], by_gate(f), out=d[:, 1])
    lib.multiply(i, by_state(g), out=d[:, 2])
    lib.multiply(shown, by_gate(o), out=d[:, 3])
    steps = d.reshape(gates.shape)
    dy = _time_first(dy)
    dc, dh = dy[-1], lib.zeros(dy.shape[1:], dy.dtype)
    for t in reversed(range(len(gates))):
        dh += dy[t]
        dc += dh * into_cell[t]
        d[t, :3] *= dc
        d[t, 3] *= dh
        dc *= f[t]
        lib.matmul(r.T, steps[t], out=dh)
    flat = _flat(steps)
    dx = _input_gradient(w, flat, x.shape) if need[0] else None
    dw = flat @ _flat(lib.moveaxis(x, 2, 0)).T if need[3] else None
    dr = flat @ _flat(hidden[:-1]).T if need[4] else None
    db = flat.sum(axis=1, keepdims=True) if need[5] else None
    return dx, dh, dc, dw, dr, db


# ---- GRU ----------------------------------------------------------------------------------------


def gru(
    x: Any, h0: Any, w: Any, r: Any, b: Any, q: Any, *, reset: str, state: str, gate: str
) -> tuple[Any, ...]:
    """The hidden states of all steps, as (H, B, T).

    Then what the gradients need: the activated gates, all hidden states, and what the reset gate
    was multiplied with ("after") or the product ("before").
    """
    lib, units = xp(x), r.shape[1]
    to_gate, to_state = _APPLY[gate], _APPLY[state]
    with lib.quiet():
        gates = lib.matmul(w, _time_first(x))
        gates += b
        steps, _, observations = gates.shape
        hidden = _states(h0, steps, observations, gates)
        inner = lib.empty((steps, units, observations), gates.dtype)
        for t in range(steps):
            open_, candidate = gates[t, : 2 * units], gates[t, 2 * units :]
            recurrent = (r if reset == "after" else r[: 2 * units]) @ hidden[t]
            recurrent += q[: len(recurrent)]
            open_ += recurrent[: 2 * units]
            to_gate(open_)
            opened, kept = open_[:units], open_[units:]
            if reset == "after":
                inner[t] = recurrent[2 * units :]
                candidate += opened * inner[t]
            else:
                lib.multiply(opened, hidden[t], out=inner[t])
                candidate += r[2 * units :] @ inner[t]
                candidate += q[2 * units :]
            to_state(candidate)
            hidden[t + 1] = candidate + kept * (hidden[t] - candidate)
    return _time_last(hidden[1:]), gates, hidden, inner


def gru_gradients(
    dy: Any, x: Any, w: Any, r: Any, kept: Sequence[Any], *, reset: str, state: str, gate: str,
    need: Sequence[bool],
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients by x, h0, w, r, b and q, from the gradient dy by the hidden states."""
    lib, units = xp(x), r.shape[1]
    gates, hidden, inner = kept
    by_gate, by_state = _SLOPE[gate], _SLOPE[state]
    opened, held, candidate = [_blocks(gates, 3)[:, k] for k in range(3)]
    is_after = reset == "after"
    # As in lstm_gradients: first the factors, which the loop turns into gradients in place.
    d = lib.empty(_blocks(gates, 3).shape, gates.dtype)
    lib.multiply(inner if is_after else hidden[:-1], by_gate(opened), out=d[:, 0])
    lib.multiply(hidden[:-1] - candidate, by_gate(held), out=d[:, 1])
    lib.multiply(1.0 - held, by_state(candidate), out=d[:, 2])
    steps = d.reshape(gates.shape)
    # What reaches r h: the same, but behind the reset gate where that multiplies the product.
    recurrent = lib.empty(gates.shape, gates.dtype) if is_after else steps
    dy = _time_first(dy)
    dh = lib.zeros(dy.shape[1:], dy.dtype)
    for t in reversed(range(len(gates))):
        dh += dy[t]
        d[t, 1:] *= dh
        dh *= held[t]
        if is_after:
            d[t, 0] *= d[t, 2]
            recurrent[t, : 2 * units] = steps[t, : 2 * units]
            lib.multiply(d[t, 2], opened[t], out=recurrent[t, 2 * units :])
            dh += r.T @ recurrent[t]
        else:
            by_product = r[2 * units :].T @ d[t, 2]
            d[t, 0] *= by_product
            dh += opened[t] * by_product
            dh += r[: 2 * units].T @ steps[t, : 2 * units]
    flat, flat_recurrent = _flat(steps), _flat(recurrent)
    dx = _input_gradient(w, flat, x.shape) if need[0] else None
    dw = flat @ _flat(lib.moveaxis(x, 2, 0)).T if need[2] else None
    dr = None
    if need[3]:
        dr = flat_recurrent @ _flat(hidden[:-1]).T
        if not is_after:
            dr[2 * units :] = flat[2 * units :] @ _flat(inner).T
    db = flat.sum(axis=1, keepdims=True) if need[4] else None
    dq = flat_recurrent.sum(axis=1, keepdims=True) if need[5] else None
    return dx, dh, dw, dr, db, dq
