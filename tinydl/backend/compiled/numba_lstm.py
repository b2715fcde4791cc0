"""LSTM in compiled form, by Numba: the loop over time, with products in tiles and gates in one go.

The formulas are those of ``lstm``, with gates in the order o, i, f, g. Observations do not meet, so
each line of them goes through all steps alone: as many as it has room for, padded with zeros. What
belongs to a line and a step lies together in memory, in arrays (lines, steps, rows, length).

σ(a) = 1 / (1 + e⁻ᵃ). tanh a = E / (E + 2) with E = e²ᵃ − 1, which keeps its digits where it is
small: by the method of ``numba_gelu``, E = 2ⁿ (eʳ − 1) + (2ⁿ − 1), and (eʳ − 1) / r is a Taylor
polynomial.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from tinydl.backend.compiled.numba_convolve import fitting
from tinydl.backend.compiled.numba_gelu import (
    exp_double,
    exp_single,
    polynomial,
    power_of_two_double,
    power_of_two_single,
    split_double,
    split_single,
)
from tinydl.backend.compiled.numba_options import AS_WRITTEN, kernel, scalar
from tinydl.backend.compiled.numba_tiles import BYTES, HEIGHTS, WIDTHS, write_tile

LINES = (128, 64)
"""How many bytes a line may have: one or more vectors, or pairs of them."""

# ---- activations of a number ---------------------------------------------------------------------


def _per_power(degree: int, kind: Any) -> tuple[Any, ...]:
    """The coefficients of (eʳ − 1) / r."""
    return tuple([kind(1 / math.factorial(k + 1)) for k in range(degree, -1, -1)])


_TAYLOR, _TAYLOR_SINGLE = _per_power(12, np.float64), _per_power(6, np.float32)
_LARGEST, _LARGEST_SINGLE = 720.0, np.float32(90)
"""From here on 1 / (1 + e⁻ᵃ) is 0 or 1."""
_FLAT, _FLAT_SINGLE = 22.0, np.float32(11)
"""From here on tanh is −1 or 1."""


@scalar
def _between(a: Any, largest: Any) -> Any:
    """a, but no farther from 0 than this; NaN stays."""
    a = largest if a > largest else a
    return -largest if a < -largest else a


def _sigmoid(a: Any) -> Any:
    raise NotImplementedError("it exists in compiled form only")


@overload(_sigmoid, jit_options={"forceinline": True, **AS_WRITTEN})
def _sigmoid_of_class(a: Any) -> Any:
    def of_double(a: Any) -> Any:
        return 1.0 / (1.0 + exp_double(_between(-a, _LARGEST)))

    def of_single(a: Any) -> Any:
        one = np.float32(1)
        return one / (one + exp_single(_between(-a, _LARGEST_SINGLE)))

    return of_single if a == types.float32 else of_double


def _tanh(a: Any) -> Any:
    raise NotImplementedError("it exists in compiled form only")


@overload(_tanh, jit_options={"forceinline": True, **AS_WRITTEN})
def _tanh_of_class(a: Any) -> Any:
    def of_double(a: Any) -> Any:
        n, r = split_double(2.0 * _between(a, _FLAT))
        power = power_of_two_double(n)
        e = power * (r * polynomial(_TAYLOR, r)) + (power - 1.0)
        return e / (e + 2.0)

    def of_single(a: Any) -> Any:
        n, r = split_single(np.float32(2) * _between(a, _FLAT_SINGLE))
        power = power_of_two_single(n)
        e = power * (r * polynomial(_TAYLOR_SINGLE, r)) + (power - np.float32(1))
        return e / (e + np.float32(2))

    return of_single if a == types.float32 else of_double


# ---- products in tiles ---------------------------------------------------------------------------


def in_tiles(w: Any) -> Any:
    """The rows of w, as many beside each other as a tile has, as (tiles, terms, height).

    A tile reads them in one go then. The last one may overlap the one before.
    """
    rows = len(w)
    height = fitting(rows, HEIGHTS)
    first = np.minimum(np.arange(0, rows, height), rows - height)
    return np.ascontiguousarray(w[first[:, None] + np.arange(height)].swapaxes(1, 2))


@scalar
def _multiply(w: Any, plus: Any, x: Any, y: Any, run: Any) -> None:
    """y = w x + plus, of a line of observations; run is room for a run of ``write_tile``."""
    height, rows, length = w.shape[2], len(y), y.shape[1]
    lanes, least = BYTES // w.itemsize, type(w[0, 0, 0])(-np.inf)
    width = min(WIDTHS[0], length // lanes)
    run[0, 2] = w.shape[1]
    for n in range(len(w)):
        row = min(n * height, rows - height)
        for b in range(0, length, width * lanes):
            write_tile(height, width, lanes, x, w[n], plus[n, 0], least, y, row, 0, b, run, 1)


# ---- the loops over time -------------------------------------------------------------------------


@kernel
def lstm_forward(
    w: Any, plus: Any, x: Any, gates: Any, hidden: Any, cells: Any, shown: Any,
    first: int, end: int,
) -> None:  # fmt: skip
    """Write the gates and the states of some lines; w has columns for h, and then those for x."""
    steps, units, channels = shown.shape[1], shown.shape[2], x.shape[2]
    both = np.empty((units + channels, x.shape[3]), x.dtype)
    run = np.zeros((1, 4), np.intp)
    for line in range(first, end):
        for t in range(steps):
            both[:units], both[units:] = hidden[line, t], x[line, t]
            _multiply(w, plus, both, gates[line, t], run)
            _forward(
                gates[line, t].reshape(-1), cells[line, t].reshape(-1),
                cells[line, t + 1].reshape(-1), shown[line, t].reshape(-1),
                hidden[line, t + 1].reshape(-1),
            )  # fmt: skip


@scalar
def _forward(gates: Any, c: Any, next_c: Any, shown: Any, h: Any) -> None:
    n = len(h)
    o, i, f, g = gates[:n], gates[n : 2 * n], gates[2 * n : 3 * n], gates[3 * n :]
    for k in range(n):
        o[k], i[k], f[k], g[k] = _sigmoid(o[k]), _sigmoid(i[k]), _sigmoid(f[k]), _tanh(g[k])
        next_c[k] = f[k] * c[k] + i[k] * g[k]
        shown[k] = _tanh(next_c[k])
        h[k] = o[k] * shown[k]


@kernel
def lstm_backward(
    w: Any, gates: Any, cells: Any, shown: Any, dy: Any, dh: Any, d: Any, first: int, end: int
) -> None:
    """Write the gradients by the gates as (rows, steps, observations), from those by the states.

    Behind it dh and the last step of dy hold the gradients by the first hidden and cell state.
    """
    steps = shown.shape[1]
    now, run = np.empty_like(gates[0, 0]), np.zeros((1, 4), np.intp)
    plus = np.zeros((len(w), 1, w.shape[2]), w.dtype)
    for line in range(first, end):
        for t in range(steps - 1, -1, -1):
            _backward(
                now.reshape(-1), dh[line, 0].reshape(-1), dy[line, steps].reshape(-1),
                gates[line, t].reshape(-1), cells[line, t].reshape(-1),
                shown[line, t].reshape(-1), dy[line, t].reshape(-1),
            )  # fmt: skip
            _put(now, d, t, line * now.shape[1])
            _multiply(w, plus, now, dh[line, 0], run)


@scalar
def _backward(d: Any, dh: Any, dc: Any, gates: Any, c: Any, shown: Any, dy: Any) -> None:
    n = len(dh)
    o, i, f, g = gates[:n], gates[n : 2 * n], gates[2 * n : 3 * n], gates[3 * n :]
    to_o, to_i, to_f, to_g = d[:n], d[n : 2 * n], d[2 * n : 3 * n], d[3 * n :]
    one = type(d[0])(1)
    for k in range(n):
        by_h = dh[k] + dy[k]
        by_c = dc[k] + by_h * o[k] * (one - shown[k] * shown[k])
        to_o[k] = by_h * shown[k] * o[k] * (one - o[k])
        to_i[k] = by_c * g[k] * i[k] * (one - i[k])
        to_f[k] = by_c * c[k] * f[k] * (one - f[k])
        to_g[k] = by_c * i[k] * (one - g[k] * g[k])
        dc[k] = by_c * f[k]


@scalar
def _put(line: Any, x: Any, t: int, b: int) -> None:
    """Copy the rows of a line to a step of x, from observation b on, but for what fills it up."""
    count = min(line.shape[1], x.shape[2] - b)
    for r in range(len(x)):
        to, row = x[r, t, b:], line[r]
        for k in range(count):
            to[k] = row[k]
