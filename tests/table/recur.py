"""Rows of recurrent units. The reference takes one observation and one step after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from tinydl.primitives import recur as p

from .row import Draw, Row, Shape, normal

GATES = {"sigmoid": expit, "hard-sigmoid": lambda v: np.clip(0.2 * v + 0.5, 0.0, 1.0)}
STATES = {"tanh": np.tanh, "softsign": lambda v: v / (1.0 + np.abs(v)),
          "relu": lambda v: np.where(v > 0, v, 0.0)}  # fmt: skip
C, H, B, T = 2, 3, 2, 3


def column(state: Any, k: int) -> Any:
    """The state of one observation."""
    return state[:, k if state.shape[1] > 1 else 0]


def lstm(gate: str, state: str, *xs: Any) -> Any:
    x, h0, c0, w, r, b = xs
    units, observations, steps = h0.shape[0], x.shape[1], x.shape[2]
    y = np.empty((units, observations, steps + 1))
    for k in range(observations):
        h, c = column(h0, k), column(c0, k)
        for t in range(steps):
            i, f, g, o = (w @ x[:, k, t] + r @ h + b[:, 0]).reshape(4, units)
            c = GATES[gate](f) * c + GATES[gate](i) * STATES[state](g)
            h = GATES[gate](o) * STATES[state](c)
            y[:, k, t] = h
        y[:, k, steps] = c
    return y


def gru(reset: str, gate: str, state: str, *xs: Any) -> Any:
    x, h0, w, r, b, q = xs
    units, observations, steps = h0.shape[0], x.shape[1], x.shape[2]
    y = np.empty((units, observations, steps))
    for k in range(observations):
        h = column(h0, k)
        for t in range(steps):
            a = (w @ x[:, k, t] + b[:, 0]).reshape(3, units)
            u = (r @ h + q[:, 0]).reshape(3, units)
            s, z = GATES[gate](a[0] + u[0]), GATES[gate](a[1] + u[1])
            inner = s * u[2] if reset == "after" else r[2 * units :] @ (s * h) + q[2 * units :, 0]
            h = (1.0 - z) * STATES[state](a[2] + inner) + z * h
            y[:, k, t] = h
    return y


def sizes(
    blocks: int, biases: int, states: int, *, channels: int = C, units: int = H,
    observations: int = B, steps: int = T, columns: int | None = None,
) -> list[Shape]:  # fmt: skip
    """The shapes of x, the states (with some columns), w, r and the biases."""
    state = (units, observations if columns is None else columns)
    rows = blocks * units
    return [(channels, observations, steps), *[state] * states, (rows, channels), (rows, units),
            *[(rows, 1)] * biases]  # fmt: skip


def smaller(*shapes: Shape) -> Draw:
    """Normal inputs, a third as large: poles of σ and τ stay away from the contour."""
    return lambda rng: [x / 3.0 for x in normal(*shapes)(rng)]


def far_from_kinks(candidate: int, blocks: int, biases: int, states: int) -> Draw:
    """Small inputs, and a bias and a cell state that keep the arguments of the activations where
    hard-sigmoid is linear, and relu and softsign see nothing but positive numbers."""
    plain = normal(*sizes(blocks, biases, states))

    def draw(rng: np.random.Generator) -> list[Any]:
        xs = [x / 10.0 for x in plain(rng)]
        xs[-biases][candidate * H : (candidate + 1) * H] += 2.0
        if states == 2:  # lstm's cell state
            xs[2] += 2.0
        return xs

    return draw


def shapes(*form: int) -> list[Draw]:
    """One step, one observation, states shared by all, and nothing at all of what may be empty."""
    return [
        smaller(*sizes(*form, steps=1)),
        smaller(*sizes(*form, observations=1, units=1)),
        smaller(*sizes(*form, columns=1, steps=2)),
        smaller(*sizes(*form, observations=0)),
        smaller(*sizes(*form, channels=0, steps=2)),
    ]


def _lstm(gate: str, state: str, **more: Any) -> Row:
    call = lambda *xs: p.lstm(*xs, gate=gate, state=state)
    draw = more.pop("draw", smaller(*sizes(4, 1, 2)))
    return Row(f"lstm[{gate}, {state}]", "lstm", call, draw,
               reference=lambda *xs: lstm(gate, state, *xs), **more)  # fmt: skip


def _gru(reset: str, gate: str, state: str, **more: Any) -> Row:
    call = lambda *xs: p.gru(*xs, reset=reset, gate=gate, state=state)
    draw = more.pop("draw", smaller(*sizes(3, 2, 1)))
    return Row(f"gru[{reset}, {gate}, {state}]", "gru", call, draw,
               reference=lambda *xs: gru(reset, gate, state, *xs), **more)  # fmt: skip


MISFIT = (
    [np.ones(s) for s in [(2, 1, 1), (1, 1), (1, 1), (4, 3), (4, 1), (4, 1)]],
    ValueError,
    "mismatch|not aligned",
)

ROWS = [
    _lstm("sigmoid", "tanh", radius=0.25, also=shapes(4, 1, 2), errors=[MISFIT]),
    _lstm("hard-sigmoid", "softsign", radius=None, draw=far_from_kinks(2, 4, 1, 2)),
    _lstm("sigmoid", "relu", radius=0.1, draw=far_from_kinks(2, 4, 1, 2)),
    _gru("after", "sigmoid", "tanh", radius=0.25, also=shapes(3, 2, 1)),
    _gru("before", "sigmoid", "tanh", radius=0.25, also=shapes(3, 2, 1)),
    _gru("after", "hard-sigmoid", "relu", radius=0.1, draw=far_from_kinks(2, 3, 2, 1)),
    _gru("before", "hard-sigmoid", "softsign", radius=None, draw=far_from_kinks(2, 3, 2, 1)),
]
