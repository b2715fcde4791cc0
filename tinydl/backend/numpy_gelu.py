"""The normal distribution of many numbers at once, and with it gelu, x Φ(x), and its slope.

For a = |x| the lower tail is a smooth, slowly varying factor times an exponential:

    Φ(−a) = M(a) e^(−a²/2),   M(a) ≈ P(a) / Q(a)   with polynomials P and Q

Such quotients are how Hart and others' tables of 1968 ("Computer Approximations", function 5666)
state the error function. The coefficients here are an own fit, by least squares in 50 digits, of
degrees 8 and 9 in double and 3 and 4 in single: Hart's keep the *absolute* error small, and lose
half of the digits of Φ(−8). These keep the relative one, so that x Φ(x) is right to 12 digits
(5 in single) down to where it underflows. All are positive: no sum loses digits.

A pass over an array costs more than the arithmetic in it. P and Q are therefore kept as products of
two factors each, which need only half of the powers of a; and the four factors, with −a²/2 beside
them, are one product of a small matrix and these powers, which the matrix library does in one pass.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinydl.backend.compiled import kernels_for
from tinydl.backend.threads import Work, par

INVERSE_ROOT_TWO_PI = 0.3989422804014327  # 1/√(2π)

PIECE = 40_000
"""How many elements are worked on at a time, if there are twice as many.

On one thread half as long pieces, all of whose powers lie in the second-level cache, take 0.9 of
the time. On two threads they take 1.1 of it, for between their calls, which are twice as many, one
thread waits for the other to leave the interpreter.
"""

WORK, COMPILED_WORK = 25, 6
"""What an element costs, in additions: here, and in compiled form."""

BEYOND = 1600.0
"""A number whose e^(−n/2) is 0 in either class."""

_DOUBLE = (
    [2.0207540739466197, 1.5751237100721547, 0.5017825865263231, 0.07695310479411319,
     0.004783416088380602],
    [4.041508147893239, 4.724647016158182, 2.1860012886527116, 0.47388927816535387,
     0.04099292610834487],
    [1.0, 0.5861891639986625, 0.21986556887006936, 0.038279394653173274, 0.004237216099421752],
    [1.0, 0.9945162778285277, 0.4478520169837022, 0.11529427340080295, 0.016807422254196066,
     0.0012393665992764666],
)  # fmt: skip
_SINGLE = (
    [0.17323206169912417, 0.04784777755941356],
    [0.3464641314816178, 0.3256665858294973, 0.08305728325965427],
    [1.0, 0.40641726370875564, 0.10290574445734502],
    [1.0, 0.5405342185607632, 0.14864053491552967],
)

FACTORS = {np.dtype(np.float64): (_DOUBLE, 39.0), np.dtype(np.float32): (_SINGLE, 15.0)}
"""By class: P₁, Q₁, P₂ and Q₂, lowest power first, and from where on e^(−a²/2) is 0."""

_SIGN_BITS: dict[Any, tuple[Any, Any]] = {
    np.dtype(np.float64): (np.int64, np.int64(-(1 << 63))),
    np.dtype(np.float32): (np.int32, np.int32(-(1 << 31))),
}
"""By class: integers of its size, and the one in which only the bit of the sign is set."""


def gelu(x: Any, save: bool) -> Any:
    """x Φ(x); with save also its slope Φ(x) + x φ(x), where φ is the normal density."""
    if x.dtype not in FACTORS:
        return _by_erf(x, save)
    flat = np.ascontiguousarray(x).reshape(-1)
    y = np.empty_like(flat)
    slope = np.empty_like(flat) if save else None
    kernels = kernels_for("gelu", flat.size, flat)
    of_piece = gelu_piece if kernels is None else kernels.gelu

    def work_on(first: int, end: int) -> None:
        part = slice(first, end)
        of_piece(flat[part], y[part], None if slope is None else slope[part])

    _by_pieces(flat.size, work_on, kernels, 1.0)
    return y.reshape(x.shape) if slope is None else (y.reshape(x.shape), slope.reshape(x.shape))


def gelu_derivative(x: Any, coefficients: Sequence[float], is_odd: bool) -> Any:
    """r(x²) φ(x), times x if it is odd, with the coefficients of r, highest power first."""
    flat = np.ascontiguousarray(x).reshape(-1)
    y = np.empty_like(flat)
    kernels = kernels_for("gelu", flat.size, flat) if len(coefficients) <= 3 else None
    if kernels is None:
        of_piece = functools.partial(_derivative_piece, coefficients, is_odd)
    else:
        abc = [flat.dtype.type(c) for c in [0.0] * (3 - len(coefficients)) + [*coefficients]]
        of_piece = functools.partial(kernels.gelu_derivative, *abc, is_odd)
    _by_pieces(flat.size, lambda i, j: of_piece(flat[i:j], y[i:j]), kernels, 0.4)
    return y.reshape(x.shape)


def _derivative_piece(coefficients: Sequence[float], is_odd: bool, x: Any, y: Any) -> None:
    """Write a piece of gelu_derivative into y."""
    first, *rest = [c * INVERSE_ROOT_TWO_PI for c in coefficients]
    square = x * x
    if square.dtype in FACTORS:
        np.minimum(square, BEYOND, out=square)  # Inf · 0 would be NaN
    np.multiply(square, first, out=y)
    for i, c in enumerate(rest):
        np.add(y, c, out=y)
        if i < len(rest) - 1:
            np.multiply(y, square, out=y)
    np.multiply(square, -0.5, out=square)
    np.multiply(y, np.exp(square, out=square), out=y)
    if is_odd:
        np.multiply(y, x, out=y)


def _by_pieces(n: int, work_on: Work, kernels: Any, part: float) -> None:
    """work_on for pieces of n elements, which cost so much of what gelu costs.

    NumPy has an even number of equal pieces; a single one, if there is little to do.
    """
    step = None
    if kernels is None:
        pieces = -(-n // PIECE)
        pieces += pieces % 2 if n > PIECE // 2 else 0
        step = -(-n // max(1, pieces)) or 1
    work = int(n * part * (WORK if kernels is None else COMPILED_WORK))
    with np.errstate(all="ignore"):
        par(n, work_on, work=work, step=step)


def gelu_piece(x: Any, y: Any, slope: Any = None) -> None:
    """Write gelu(x) into y and, if it is an array, gelu'(x) into slope.

    All are contiguous arrays of one dimension and class; y may be x itself.
    """
    s = _space(x)
    powers, a = s.powers, s.powers[1]
    np.abs(x, out=a)
    np.minimum(a, s.bound, out=a)
    _multiply_up(powers)
    np.matmul(s.matrix, powers, out=s.factors)
    first, second, decay = s.factors[:2], s.factors[2:4], s.factors[4]
    np.multiply(first, second, out=first)
    np.exp(decay, out=decay)
    tail, q = first
    np.multiply(tail, decay, out=tail)
    np.divide(tail, q, out=tail)  # Φ(−a)
    if slope is not None:
        _write_slope(x, a, tail, decay, slope)
    np.multiply(tail, a, out=tail)
    np.maximum(x, s.zero, out=q)
    np.subtract(q, tail, out=y)  # x Φ(x) = max(x, 0) − a Φ(−a), for x of either sign


def _multiply_up(powers: Any) -> None:
    """From 1 and a all powers of a up to the second or fifth, in as few calls as possible."""
    np.multiply(powers[1], powers[1], out=powers[2])
    if len(powers) > 3:
        np.multiply(powers[1:3], powers[2], out=powers[3:5])
        np.multiply(powers[1], powers[4], out=powers[5])


@functools.cache
def _matrix(dtype: Any) -> Any:
    """What makes P₁, Q₁, P₂, Q₂ and −a²/2 out of the powers of a."""
    factors, _ = FACTORS[dtype]
    rows = [*factors, [0.0, 0.0, -0.5]]
    width = max(map(len, rows))
    return np.array([row + [0.0] * (width - len(row)) for row in rows], dtype)


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
        self.matrix = _matrix(dtype)
        self.length = length
        factors, terms = self.matrix.shape
        width = length + (-length % 16) + 8  # rows that are not whole pages apart
        rows = np.empty((terms + factors + 2, width), dtype)
        rows[0], rows[-2], rows[-1] = 1.0, FACTORS[dtype][1], 0.0
        self._rows = rows

    def cut(self, n: int) -> _Space:
        """The same for pieces of length n."""
        rows = self._rows[:, :n]
        terms = self.matrix.shape[1]
        self.powers, self.factors = rows[:terms], rows[terms:-2]
        self.bound, self.zero = rows[-2:]
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
