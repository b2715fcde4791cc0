"""What LSTM and GRU share, for every library: activations and layouts.

From outside arrays are (channels, B, T) with time running fastest. Inside time comes first, so that
what one step needs lies together in memory, and the products that do not wait for the step before
(those with x, and those that give the gradients of the parameters) are taken for all steps at once.
A step writes into memory that is there already: for small units a new array costs as much as what
is computed into it.

Gates are activated in place. The slopes of all activations used here can be told from their values,
so nothing is kept of what they were applied to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinydl.backend.dispatch import xp
from tinydl.backend.numpy_runs import have_runs, runs

Activation = Callable[[Any, Any], None]

# ---- activations, written to y, and their slopes, worked out from y ------------------------------


def _sigmoid(a: Any, y: Any) -> None:
    lib = xp(a)
    lib.negative(a, out=y)
    lib.exp(y, out=y)
    y += 1.0
    lib.reciprocal(y, out=y)


def _hard_sigmoid(a: Any, y: Any) -> None:
    lib = xp(a)
    lib.multiply(a, 0.2, out=y)
    y += 0.5
    lib.maximum(y, 0.0, out=y)
    lib.minimum(y, 1.0, out=y)


def _tanh(a: Any, y: Any) -> None:
    xp(a).tanh(a, out=y)


def _softsign(a: Any, y: Any) -> None:
    xp(a).divide(a, xp(a).abs(a) + 1.0, out=y)


def _relu(a: Any, y: Any) -> None:
    xp(a).maximum(a, 0.0, out=y)


APPLY = {"sigmoid": _sigmoid, "hard-sigmoid": _hard_sigmoid, "tanh": _tanh,
         "softsign": _softsign, "relu": _relu}  # fmt: skip


def _sigmoid_slope(y: Any, slope: Any) -> None:
    xp(y).subtract(1.0, y, out=slope)
    slope *= y


def _hard_sigmoid_slope(y: Any, slope: Any) -> None:
    slope[...] = (y > 0.0) & (y < 1.0)
    slope *= 0.2


def _tanh_slope(y: Any, slope: Any) -> None:
    xp(y).multiply(y, y, out=slope)
    xp(y).subtract(1.0, slope, out=slope)


def _softsign_slope(y: Any, slope: Any) -> None:
    xp(y).subtract(1.0, xp(y).abs(y), out=slope)
    slope *= slope


def _relu_slope(y: Any, slope: Any) -> None:
    slope[...] = y > 0.0


SLOPE = {"sigmoid": _sigmoid_slope, "hard-sigmoid": _hard_sigmoid_slope, "tanh": _tanh_slope,
         "softsign": _softsign_slope, "relu": _relu_slope}  # fmt: skip


# ---- layouts ------------------------------------------------------------------------------------


def time_first(x: Any) -> Any:
    """(n, B, T) as (T, n, B), in an array of its own."""
    n, observations, steps = x.shape
    y = xp(x).empty((steps, n, observations), x.dtype)
    copy(x, y.transpose(1, 2, 0))
    return y


def flat(x: Any) -> Any:
    """(T, n, B) as (n, T · B): all steps and observations side by side."""
    steps, n, observations = x.shape
    y = xp(x).empty((n, steps, observations), x.dtype)
    copy(x.transpose(1, 0, 2), y)
    return y.reshape(n, steps * observations)


def unflat(d: Any, steps: int) -> Any:
    """What `flat` has put side by side, as (n, B, T)."""
    n, observations = d.shape[0], d.shape[1] // steps
    y = xp(d).empty((n, observations, steps), d.dtype)
    copy(d.reshape(n, steps, observations).swapaxes(1, 2), y)
    return y


def copy(x: Any, y: Any) -> None:
    """y[...] = x, in pieces along the first axis."""
    work = 4 * x.size  # the order of the axes changes: more than adding
    if have_runs(x, y):
        x, y, work = runs(x), runs(y), work // 2

    def piece(first: int, end: int) -> None:
        y[first:end] = x[first:end]

    xp(x).par(len(x), piece, work=work)


def row_sums(x: Any) -> Any:
    return xp(x).matmul(x, xp(x).ones((x.shape[1], 1), x.dtype))


def blocks(x: Any, count: int) -> list[Any]:
    """(T, count · H, B) as views (T, H, B)."""
    units = x.shape[1] // count
    return [x[:, k * units : (k + 1) * units] for k in range(count)]


def states(first: Any, like: Any) -> Any:
    """Room for a state before the first step and after each step, the first one filled in."""
    steps, _, observations = like.shape
    room = xp(like).empty((steps + 1, first.shape[0], observations), like.dtype)
    room[0] = first
    return room
