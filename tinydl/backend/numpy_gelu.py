"""The normal distribution of many numbers at once, and with it gelu, x Φ(x), and its slope.

For a = |x| the lower tail is a smooth, slowly varying factor times an exponential:

    Φ(−a) = M(a) e^(−a²/2),   M(a) ≈ P(a) / Q(a)   with polynomials P and Q

Such quotients are how Hart and others' tables of 1968 ("Computer Approximations", function 5666)
state the error function. The coefficients here are an own fit, by least squares in 50 digits, of
degrees 8 and 9 in double and 3 and 4 in single: Hart's keep the *absolute* error small, and lose
half of the digits of Φ(−8). These keep the relative one, so that x Φ(x) is right to 12 digits
(5 in single) down to where it underflows. All are positive: no sum loses digits.

A pass over an array costs more than the arithmetic in it. Both polynomials are therefore one
product of a matrix with two rows and the powers of a, which the matrix library does in one pass.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinydl.backend.compiled import kernels_for
from tinydl.backend.threads import Work, par

INVERSE_ROOT_TWO_PI = 0.3989422804014327  # 1/√(2π)

PIECE = 20_000
"""How many elements are worked on at a time: long calls, yet all powers lie in the cache."""

WORK, COMPILED_WORK = 25, 6
"""What an element costs, in additions: here, and in compiled form."""

BEYOND = 1600.0
"""A number whose e^(−n/2) is 0 in either class."""

_DOUBLE = np.array([
    [2.0207540739466197, 2.759667851325815, 1.8693972813427748, 0.7947613329484239,
     0.2290743599109693, 0.04560539804241118, 0.006123588021653727, 0.0005091732067715651,
     2.026836765991931e-05, 0.0],
    [4.041508147893239, 8.743992656214633, 8.69473722890606, 5.229808584161861,
     2.1039406921729342, 0.5894518791841094, 0.11559210104999211, 0.015400363813227189,
     0.0012763079616513846, 5.080526342529086e-05],
])  # fmt: skip
_SINGLE = np.array([
    [0.17323206169912417, 0.11825227806179793, 0.037272737103271156, 0.004923811170380899, 0.0],
    [0.3464641314816178, 0.5129423043992472, 0.3105898305748254, 0.09330255922434792,
     0.012345679012345678],
], np.float32)  # fmt: skip

COEFFICIENTS = {np.dtype(np.float64): (_DOUBLE, 39.0), np.dtype(np.float32): (_SINGLE, 15.0)}
"""By class: P and Q, lowest power first, and from where on e^(−a²/2) is 0."""

_SIGN_BITS: dict[Any, tuple[Any, Any]] = {
    np.dtype(np.float64): (np.int64, np.int64(-(1 << 63))),
    np.dtype(np.float32): (np.int32, np.int32(-(1 << 31))),
}
"""By class: integers of its size, and the one in which only the bit of the sign is set."""


def gelu(x: Any, save: bool) -> Any:
    """x Φ(x); with save also its slope Φ(x) + x φ(x), where φ is the normal density."""
    if x.dtype not in COEFFICIENTS:
        return _by_erf(x, save)
    flat = np.ascontiguousarray(x).reshape(-1)
    y = np.empty_like(flat)
    slope = np.empty_like(flat) if save else None
    kernels = kernels_for(flat.size, flat)
    of_piece = gelu_piece if kernels is None else kernels.gelu

    def work_on(first: int, end: int) -> None:
        part = slice(first, end)
        of_piece(flat[part], y[part], None if slope is None else slope[part])

    _by_pieces(flat.size, work_on, WORK if kernels is None else COMPILED_WORK)
    return y.reshape(x.shape) if slope is None else (y.reshape(x.shape), slope.reshape(x.shape))


def gelu_derivative(x: Any, coefficients: Sequence[float], is_odd: bool) -> Any:
    """r(x²) φ(x), times x if it is odd, with the coefficients of r, highest power first."""
    first, *rest = [c * INVERSE_ROOT_TWO_PI for c in coefficients]
    flat = np.ascontiguousarray(x).reshape(-1)
    y = np.empty_like(flat)

    def work_on(start: int, end: int) -> None:
        part, value = flat[start:end], y[start:end]
        square = part * part
        if square.dtype in COEFFICIENTS:
            np.minimum(square, BEYOND, out=square)  # Inf · 0 would be NaN
        np.multiply(square, first, out=value)
        for i, c in enumerate(rest):
            np.add(value, c, out=value)
            if i < len(rest) - 1:
                np.multiply(value, square, out=value)
        np.multiply(square, -0.5, out=square)
        np.multiply(value, np.exp(square, out=square), out=value)
        if is_odd:
            np.multiply(value, part, out=value)

    _by_pieces(flat.size, work_on, WORK // 3)
    return y.reshape(x.shape)


def _by_pieces(n: int, work_on: Work, work: int) -> None:
    """work_on for an even number of equal pieces; for a single one, if there is little to do."""
    pieces = -(-n // PIECE)
    pieces += pieces % 2 if n > PIECE // 2 else 0
    step = -(-n // max(1, pieces)) or 1
    with np.errstate(all="ignore"):
        par(n, work_on, work=work * n, step=step)


def gelu_piece(x: Any, y: Any, slope: Any = None) -> None:
    """Write gelu(x) into y and, if it is an array, gelu'(x) into slope.

    All are contiguous arrays of one dimension and class; y may be x itself.
    """
    s = _space(x)
    powers, a = s.powers, s.powers[1]
    np.abs(x, out=a)
    np.minimum(a, s.bound, out=a)
    _multiply_up(powers)
    decay = np.multiply(powers[2], -0.5, out=s.decay)
    np.exp(decay, out=decay)
    np.matmul(s.coefficients, powers, out=s.quotient)
    tail, q = s.quotient
    np.multiply(tail, decay, out=tail)
    np.divide(tail, q, out=tail)  # Φ(−a)
    if slope is not None:
        _write_slope(x, a, tail, decay, slope)
    np.multiply(tail, a, out=tail)
    np.maximum(x, s.zero, out=q)
    np.subtract(q, tail, out=y)  # x Φ(x) = max(x, 0) − a Φ(−a), for x of either sign


def _multiply_up(powers: Any) -> None:
    """From 1 and a all powers of a, in as few calls as possible."""
    np.multiply(powers[1], powers[1], out=powers[2])
    np.multiply(powers[1:3], powers[2], out=powers[3:5])
    if len(powers) > 5:
        np.multiply(powers[1:5], powers[4], out=powers[5:9])
        np.multiply(powers[1], powers[8], out=powers[9])


def _write_slope(x: Any, a: Any, tail: Any, decay: Any, slope: Any) -> None:
    """Φ(x) + x φ(x) = ½ ± (½ − Φ(−a) + a φ(a)), with the sign of x."""
    np.multiply(decay, a, out=decay)
    np.multiply(decay, INVERSE_ROOT_TWO_PI, out=decay)
    np.subtract(decay, tail, out=decay)
    np.add(decay, 0.5, out=decay)
    # What is in decay is not negative: to give it the sign of x is to copy one bit. NumPy's
    # copysign does that number by number.
    bits, sign_bit = _SIGN_BITS[x.dtype]
    np.bitwise_and(x.view(bits), sign_bit, out=slope.view(bits))
    np.bitwise_or(decay.view(bits), slope.view(bits), out=slope.view(bits))
    np.add(slope, 0.5, out=slope)


class _Space:
    """The arrays that a thread works in, for pieces up to some length, and constants beside them.

    NumPy takes the larger of two arrays faster than the larger of an array and a number.
    """

    def __init__(self, dtype: Any, length: int) -> None:
        self.coefficients, largest = COEFFICIENTS[dtype]
        self.length = length
        degree = self.coefficients.shape[1] - 1
        width = length + (-length % 16) + 8  # rows that are not whole pages apart
        rows = np.empty((degree + 6, width), dtype)
        rows[0], rows[-2], rows[-1] = 1.0, largest, 0.0
        self._rows = rows

    def cut(self, n: int) -> _Space:
        """The same for pieces of length n."""
        rows = self._rows[:, :n]
        self.powers, self.quotient = rows[:-5], rows[-5:-3]
        self.decay, self.bound, self.zero = rows[-3:]
        return self


_local = threading.local()


def _space(x: Any) -> _Space:
    """This thread's space for arrays like x."""
    name = x.dtype.char
    space = getattr(_local, name, None)
    if space is None or space.length < x.size:
        space = _Space(x.dtype, x.size)
        setattr(_local, name, space)
    return space.cut(x.size)


def _by_erf(x: Any, save: bool) -> Any:
    """The same of complex numbers, by the error function: x/2 (1 + erf(x/√2))."""
    from scipy import special

    normal = (special.erf(x * 0.7071067811865476) + 1.0) * 0.5
    density = np.exp(x * x * -0.5) * INVERSE_ROOT_TWO_PI
    return (x * normal, normal + x * density) if save else x * normal
