"""Normalization of NumPy arrays by their own statistics, in pieces that threads share.

Neighbouring axes that play the same part are taken as one. Then the work is cut along the first
axis, so that each piece lies together in memory: sums over that axis are made of the sums of the
pieces, added in order, and all else belongs to one piece.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinydl.backend.threads import par

Axes = tuple[int, ...]
Shape = tuple[int, ...]

BLOCK = 1 << 20
"""Bytes in a piece: it and what is computed from it stay in a cache, and calls are long."""


def normalize_by_own(
    x: Any, scale: Any, offset: Any, axis: Axes, epsilon: float
) -> tuple[Any, Any, Any]:
    """scale · (x − μ) / √(σ² + epsilon) + offset, then x − μ and 1/√(σ² + epsilon).

    μ and σ² are mean and variance along the axes.
    """
    sizes, own, channel = _merged(x.shape, scale.shape, axis)
    x2, scale2, offset2 = x.reshape(sizes), scale.reshape(channel), offset.reshape(channel)
    reduced = _differing(sizes, own)
    count = math.prod([sizes[i] for i in reduced]) or math.nan  # the mean of nothing is NaN
    centred, y = np.empty(sizes, x.dtype), np.empty(sizes, x.dtype)
    mean = _in_pieces(x2, own, lambda at: _sum(x2[at], reduced))
    mean /= x.dtype.type(count)

    def squares(at: slice) -> Any:
        np.subtract(x2[at], _part(mean, at), out=centred[at])
        return _sum(centred[at] * centred[at], reduced)

    variance = _in_pieces(x2, own, squares)
    variance /= x.dtype.type(count)
    inverse = (variance + x.dtype.type(epsilon)) ** -0.5
    scaled = _scaled(centred, inverse, scale2)

    def write(first: int, end: int) -> None:
        at = slice(first, end)
        scaled(at, y[at])
        y[at] += _part(offset2, at)

    par(len(y), write, work=3 * y.size, step=_step(y))
    kept = tuple([1 if i in axis else n for i, n in enumerate(x.shape)])
    return y.reshape(x.shape), centred.reshape(x.shape), inverse.reshape(kept)


def _scaled(x: Any, inverse: Any, scale: Any) -> Callable[[slice, Any], None]:
    """A function that writes a piece of x · inverse · scale to an array."""
    factors = [inverse, scale]
    if np.broadcast(inverse, scale).size <= x.size // 4:  # one factor, where it is a small array
        factors = [inverse * scale]

    def write(at: slice, y: Any) -> None:
        np.multiply(x[at], _part(factors[0], at), out=y)
        for factor in factors[1:]:
            np.multiply(y, _part(factor, at), out=y)

    return write


def normalize_by_own_gradients(
    g: Any, centred: Any, inverse: Any, scale: Any, axis: Axes, need: Sequence[bool]
) -> tuple[Any, Any, Any]:
    """The gradients by x, scale and offset from the gradient g by the result.

    With u = scale · g, and means along the axes, that by x is

        inverse · (u − mean(u) − inverse² · (x − μ) · mean(u · (x − μ)))
    """
    sizes, own, channel = _merged(g.shape, scale.shape, axis)
    g2, centred2 = g.reshape(sizes), centred.reshape(sizes)
    inverse2, scale2 = inverse.reshape(own), scale.reshape(channel)
    reduced, beside = _differing(sizes, own), _differing(sizes, channel)
    shared = tuple([i for i in reduced if i in beside])  # neither statistics nor scale know these
    means, spread = _Gathered(own), _Gathered(own)
    of_scale, of_offset = _Gathered(channel), _Gathered(channel)

    def sums(first: int, end: int) -> None:
        at = slice(first, end)
        of_g = _sum(g2[at], shared)
        of_products = _sum(g2[at] * centred2[at], shared)  # the rest is small if these are sums
        if need[0]:
            factor = _part(scale2, at)
            means.add(first, _sum(of_g * factor, reduced))
            spread.add(first, _sum(of_products * factor, reduced))
        if need[1]:
            of_scale.add(first, _sum(of_products * _part(inverse2, at), beside))
        if need[2]:
            of_offset.add(first, _sum(of_g, beside))

    par(sizes[0], sums, work=6 * g.size, step=_step(g2))
    dx = None
    if need[0]:
        share = g.dtype.type(1.0 / (math.prod([sizes[i] for i in reduced]) or 1))
        shift = means.array(g.dtype) * (share * inverse2)
        slope = spread.array(g.dtype) * (share * inverse2**3)
        dx = _less(g2, inverse2, scale2, centred2, slope, shift).reshape(g.shape)
    to_scale, to_offset = [
        found.array(g.dtype).reshape(scale.shape) if wanted else None
        for found, wanted in zip((of_scale, of_offset), need[1:], strict=True)
    ]
    return dx, to_scale, to_offset


def _less(g: Any, inverse: Any, scale: Any, centred: Any, slope: Any, shift: Any) -> Any:
    """inverse · scale · g − slope · centred − shift."""
    y, scaled = np.empty(g.shape, g.dtype), _scaled(g, inverse, scale)

    def write(first: int, end: int) -> None:
        at = slice(first, end)
        scaled(at, y[at])
        y[at] -= centred[at] * _part(slope, at)
        y[at] -= _part(shift, at)

    par(len(y), write, work=6 * y.size, step=_step(y))
    return y


# ---- axes ---------------------------------------------------------------------------------------


def _merged(x: Shape, scale: Shape, axis: Axes) -> tuple[Shape, Shape, Shape]:
    """The shapes of x, of its statistics and of scale, with neighbouring axes taken as one."""
    sizes, own, channel = [1], [1], [1]
    kind: tuple[bool, bool] | None = None
    for i, n in enumerate(x):
        if n == 1:
            continue
        now = (i in axis, scale[i] == 1)
        if now != kind:
            sizes, own, channel = [*sizes, 1], [*own, 1], [*channel, 1]
            kind = now
        sizes[-1] *= n
        own[-1] *= 1 if now[0] else n
        channel[-1] *= 1 if now[1] else n
    if len(sizes) > 1:
        return tuple(sizes[1:]), tuple(own[1:]), tuple(channel[1:])
    return (1,), (1,), (1,)


def _differing(sizes: Shape, others: Shape) -> Axes:
    """The axes that a sum over turns the one shape into the other."""
    return tuple([i for i, n in enumerate(sizes) if others[i] != n])


# ---- pieces along the first axis ----------------------------------------------------------------


def _step(x: Any) -> int:
    """How many positions along the first axis make a piece."""
    return max(1, int(BLOCK * len(x) // (x.nbytes or 1)))


def _part(x: Any, at: slice) -> Any:
    """The part of x that belongs to a piece; all of it where it is repeated along the axis."""
    return x if len(x) == 1 else x[at]


class _Gathered:
    """An array that is made in pieces along the first axis, or as a sum of pieces."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.pieces: dict[int, Any] = {}

    def add(self, first: int, piece: Any) -> None:
        self.pieces[first] = piece

    def array(self, dtype: Any) -> Any:
        pieces = [self.pieces[first] for first in sorted(self.pieces)]
        if not pieces:
            return np.zeros(self.shape, dtype)
        if self.shape[0] != 1:
            return np.concatenate(pieces)
        total = pieces[0]
        for piece in pieces[1:]:
            total = total + piece
        return total


def _in_pieces(x: Any, shape: Shape, sums: Callable[[slice], Any]) -> Any:
    """sums of pieces of x, gathered in a shape."""
    found = _Gathered(shape)
    par(len(x), lambda i, j: found.add(i, sums(slice(i, j))), work=3 * x.size, step=_step(x))
    return found.array(x.dtype)


def _sum(x: Any, axes: Axes) -> Any:
    """The sum over axes, which stay. BLAS adds up the outermost several times faster."""
    for i in axes:
        n, others = x.shape[i], (*x.shape[:i], 1, *x.shape[i + 1 :])
        if n == 1:
            continue
        if i == 0 and x.flags.c_contiguous and x.size:
            x = (np.ones(n, x.dtype) @ x.reshape(n, -1)).reshape(others)
        elif i == x.ndim - 1 and x.flags.c_contiguous and x.size:
            x = (x.reshape(-1, n) @ np.ones(n, x.dtype)).reshape(others)
        else:
            x = x.sum(axis=i, keepdims=True)
    return x
