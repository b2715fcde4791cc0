"""Recurrent units over a whole sequence: LSTM and GRU.

x is (C, B, T), states are (H, B) or (H, 1), biases have one column. The forward and its rule for
first derivatives are loops over time that work in place; derivatives of higher orders follow from
the definition, which says the same with one recorded operation after the other.

    Hochreiter and Schmidhuber, "Long short-term memory", 1997; with the forget gate of Gers,
    Schmidhuber and Cummins, "Learning to forget", 2000
    Cho et al., "Learning phrase representations using RNN encoder–decoder", 2014

σ is the gate's activation, "sigmoid" or "hard-sigmoid" (0.2 x + 0.5, kept between 0 and 1); τ is
the state's, "tanh", "softsign" (x / (1 + |x|)) or "relu".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.primitives.activation import relu, sigmoid
from tinydl.primitives.elementwise import abs, tanh, where
from tinydl.primitives.shape import concatenate, reshape, take


def hard_sigmoid(x: Any) -> Any:
    """0.2 x + 0.5 where that is between 0 and 1, else the nearer of the two; flat at both."""
    line = x * 0.2 + 0.5
    value = plain(line)
    is_inside = (value > 0.0) & (value < 1.0)
    return where(is_inside, line, xp(value).minimum(xp(value).maximum(value, 0.0), 1.0))


def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return x / (abs(x) + 1.0)


GATES: dict[str, Callable[[Any], Any]] = {"sigmoid": sigmoid, "hard-sigmoid": hard_sigmoid}
STATES: dict[str, Callable[[Any], Any]] = {"tanh": tanh, "softsign": softsign, "relu": relu}


def time_steps(x: Any) -> list[Any]:
    """The slices of x along its last axis.

    They are taken by halves: the gradient of a slice is as large as what it was cut from, and n
    slices of the whole would cost n² where this costs n log n.
    """
    count = x.shape[-1]
    if count == 0:
        return []
    if count == 1:
        return [reshape(x, shape=x.shape[:-1], order="C")]
    halves = slice(0, count // 2), slice(count // 2, None)
    return [step for half in halves for step in time_steps(take(x, index=(..., half)))]


def rows(x: Any, count: int) -> list[Any]:
    """x cut into this many blocks of rows."""
    size = x.shape[0] // count
    return [take(x, index=(slice(k * size, (k + 1) * size),)) for k in range(count)]


def _of_inputs(x: Any, w: Any, b: Any) -> list[Any]:
    """w x + b for each time step."""
    channels, observations, steps = x.shape
    flat = w @ reshape(x, shape=(channels, observations * steps), order="C") + b
    return time_steps(reshape(flat, shape=(w.shape[0], observations, steps), order="C"))


def _full(state: Any, x: Any) -> Any:
    """A state with a column for each observation and a last axis for time, to be joined."""
    filler = xp(plain(x)).zeros((1, x.shape[1]), x.dtype)
    return reshape(state + filler, shape=(state.shape[0], x.shape[1], 1), order="C")


# ---- LSTM ---------------------------------------------------------------------------------------


@Primitive.saving("kept")
def lstm(
    x: Any, h0: Any, c0: Any, w: Any, r: Any, b: Any, *, state: str, gate: str, save: bool = False
) -> Any:
    """The hidden states of all T steps and, behind them, the last cell state: (H, B, T + 1).

    In each step, the four blocks of rows being those of i, f, g and o:

        i, f, g, o = σ, σ, τ, σ of  w xₜ + r hₜ₋₁ + b
        cₜ = f ∘ cₜ₋₁ + i ∘ g
        hₜ = o ∘ τ(cₜ)
    """
    results = xp(x).lstm(x, h0, c0, w, r, b, state=state, gate=gate)
    return results if save else results[0]


@lstm.gradients("x", "h0", "c0", "w", "r", "b")
def _(
    g: Any, x: Any, w: Any, r: Any, kept: Any, state: str, gate: str, need: tuple[bool, ...]
) -> tuple[Any, ...]:
    return xp(x).lstm_gradients(g, x, w, r, kept, state=state, gate=gate, need=need)


@lstm.definition
def _(x: Any, h: Any, c: Any, w: Any, r: Any, b: Any, *, state: str, gate: str) -> Any:
    to_gate, to_state = GATES[gate], STATES[state]
    hidden = []
    for inputs in _of_inputs(x, w, b):
        i, f, g, o = rows(inputs + r @ h, 4)
        c = to_gate(f) * c + to_gate(i) * to_state(g)
        h = to_gate(o) * to_state(c)
        hidden.append(_full(h, x))
    return concatenate(*hidden, _full(c, x), axis=2)


# ---- GRU ----------------------------------------------------------------------------------------


@Primitive.saving("kept")
def gru(
    x: Any, h0: Any, w: Any, r: Any, b: Any, q: Any, *, reset: str, state: str, gate: str,
    save: bool = False,
) -> Any:  # fmt: skip
    """The hidden states of all T steps: (H, B, T).

    w, r and the biases b (of the input) and q (of the recurrence) have a block of rows for the
    reset gate, the update gate and the candidate:

        s, z = σ of the first two blocks of  w xₜ + b + r hₜ₋₁ + q
        h̃ = τ(w xₜ + b + s ∘ (r hₜ₋₁ + q))    with reset="after", in the third block
        h̃ = τ(w xₜ + b + r (s ∘ hₜ₋₁) + q)    with reset="before"
        hₜ = (1 − z) ∘ h̃ + z ∘ hₜ₋₁
    """
    results = xp(x).gru(x, h0, w, r, b, q, reset=reset, state=state, gate=gate)
    return results if save else results[0]


@gru.gradients("x", "h0", "w", "r", "b", "q")
def _(
    g: Any, x: Any, w: Any, r: Any, kept: Any, reset: str, state: str, gate: str,
    need: tuple[bool, ...],
) -> tuple[Any, ...]:  # fmt: skip
    return xp(x).gru_gradients(g, x, w, r, kept, reset=reset, state=state, gate=gate, need=need)


@gru.definition
def _(x: Any, h: Any, w: Any, r: Any, b: Any, q: Any, *, reset: str, state: str, gate: str) -> Any:
    to_gate, to_state = GATES[gate], STATES[state]
    (r_s, r_z, r_h), (q_s, q_z, q_h) = rows(r, 3), rows(q, 3)
    hidden = []
    for inputs in _of_inputs(x, w, b):
        s, z, candidate = rows(inputs, 3)
        s, z = to_gate(s + r_s @ h + q_s), to_gate(z + r_z @ h + q_z)
        recurrent = s * (r_h @ h + q_h) if reset == "after" else r_h @ (s * h) + q_h
        candidate = to_state(candidate + recurrent)
        h = (1.0 - z) * candidate + z * h
        hidden.append(_full(h, x))
    return concatenate(*hidden, axis=2)
