"""gelu in compiled form, by Numba, and what ``numpy_dense`` does with rows of features.

The formulas are those of ``numpy_gelu`` and ``numpy_dense``; see ``numba_kernels`` for the rest.
exp is here too, by the method that every library has
(Cody and Waite, Software Manual for the Elementary Functions, 1980, chapter 6):

    x = n ln 2 + r  with an integer n and |r| ≤ ½ ln 2,    e^x = 2ⁿ e^r

* n is x / ln 2 rounded. Adding 1.5 · 2⁵² to a double rounds it: there is no room for a fraction,
  and the integer stands in the lowest bits of the sum.
* ln 2 is the sum of a number with so few digits that n times it is exact, and a small rest.
* e^r is its Taylor polynomial.
* 2ⁿ is made of bits: n + 1023 is what the field of the exponent of a double holds. Half of n is
  applied at a time, since 2ⁿ itself may be too small where the result is not normal.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from tinydl.backend.compiled.numba_options import (
    AS_WRITTEN,
    in_long_vectors,
    kernel,
    scalar,
    sum_of_many,
)
from tinydl.backend.numpy_gelu import FACTORS, INVERSE_ROOT_TWO_PI

LONG = 1024
"""How many terms are added up in their own class. Such sums are added up in double."""


# ---- e^x -----------------------------------------------------------------------------------------


@scalar
def polynomial(coefficients: Any, x: Any) -> Any:
    """Horner's rule; the highest power is first."""
    y = coefficients[0]
    for c in coefficients[1:]:
        y = y * x + c
    return y


def _taylor(degree: int, kind: Any) -> tuple[Any, ...]:
    """The coefficients of exp."""
    return tuple([kind(1 / math.factorial(k)) for k in range(degree, -1, -1)])


_TAYLOR = _taylor(12, np.float64)
_SHIFT, _SHIFT_BITS = 1.5 * 2.0**52, int(np.float64(1.5 * 2.0**52).view(np.int64))
_PER_LN_2 = 1.4426950408889634
_LN_2, _LN_2_REST = 762123384786 / 2.0**40, -1.7239444525614835e-13

_TAYLOR_SINGLE = _taylor(7, np.float32)
_SHIFT_SINGLE = np.float32(1.5 * 2.0**23)
_SHIFT_BITS_SINGLE = _SHIFT_SINGLE.view(np.int32)
_PER_LN_2_SINGLE = np.float32(_PER_LN_2)
_LN_2_SINGLE, _LN_2_REST_SINGLE = np.float32(45426 / 2.0**16), np.float32(1.4286068e-6)


@scalar
def split_double(x: Any) -> Any:
    """n, as an integer, and r."""
    shifted = x * _PER_LN_2 + _SHIFT
    n = shifted - _SHIFT
    r = (x - n * _LN_2) - n * _LN_2_REST
    return np.float64(shifted).view(np.int64) - _SHIFT_BITS, r


@scalar
def power_of_two_double(n: Any) -> Any:
    """2ⁿ where that is normal."""
    return np.int64((n + 1023) << 52).view(np.float64)


@scalar
def exp_double(x: Any) -> Any:
    n, r = split_double(x)
    half = n >> 1
    return polynomial(_TAYLOR, r) * power_of_two_double(half) * power_of_two_double(n - half)


@scalar
def split_single(x: Any) -> Any:
    shifted = np.float32(x * _PER_LN_2_SINGLE + _SHIFT_SINGLE)
    n = np.float32(shifted - _SHIFT_SINGLE)
    r = (x - n * _LN_2_SINGLE) - n * _LN_2_REST_SINGLE
    return np.int32(shifted.view(np.int32) - _SHIFT_BITS_SINGLE), r


@scalar
def power_of_two_single(n: Any) -> Any:
    return np.int32(np.int32(n + np.int32(127)) << np.int32(23)).view(np.float32)


@scalar
def exp_single(x: Any) -> Any:
    n, r = split_single(x)
    half = np.int32(n >> np.int32(1))
    rest = np.int32(n - half)
    y = polynomial(_TAYLOR_SINGLE, r) * power_of_two_single(half)
    return y * power_of_two_single(rest)


# ---- gelu of a number: see numpy_gelu ------------------------------------------------------------


def _quotient(dtype: Any) -> tuple[tuple[Any, ...], tuple[Any, ...], Any, Any]:
    """P and Q of a class, highest power first, the largest a, and 1/√(2π)."""
    (p1, q1, p2, q2), largest = FACTORS[np.dtype(dtype)]
    p, q = [tuple(np.convolve(*pair)[::-1].astype(dtype)) for pair in ((p1, p2), (q1, q2))]
    return p, q, dtype(largest), dtype(INVERSE_ROOT_TWO_PI)


_P, _Q, _LARGEST, _DENSITY = _quotient(np.float64)
_P_SINGLE, _Q_SINGLE, _LARGEST_SINGLE, _DENSITY_SINGLE = _quotient(np.float32)


def _lower_tail(a: Any) -> Any:
    """For a ≥ 0: a, no larger than where e^(−a²/2) is 0, and of it φ(a) and Φ(−a)."""
    raise NotImplementedError("it exists in compiled form only")


@overload(_lower_tail, jit_options={"forceinline": True, **AS_WRITTEN})
def _lower_tail_of_class(a: Any) -> Any:
    def of_double(a: Any) -> Any:
        a = _LARGEST if a > _LARGEST else a
        decay = exp_double(a * a * -0.5)
        return a, decay * _DENSITY, polynomial(_P, a) * decay / polynomial(_Q, a)

    def of_single(a: Any) -> Any:
        a = _LARGEST_SINGLE if a > _LARGEST_SINGLE else a
        decay = exp_single(a * a * np.float32(-0.5))
        tail = polynomial(_P_SINGLE, a) * decay / polynomial(_Q_SINGLE, a)
        return a, decay * _DENSITY_SINGLE, tail

    return of_single if a == types.float32 else of_double


@scalar
def _gelu(x: Any) -> Any:
    """max(x, 0) − a Φ(−a), and its slope, 1 + h or 0 − h with h = a φ(a) − Φ(−a)."""
    zero, one = type(x)(0), type(x)(1)
    a, density, tail = _lower_tail(abs(x))
    h = a * density - tail
    return (x if x > zero else zero) - a * tail, (zero - h if x < zero else one + h)


# ---- loops ---------------------------------------------------------------------------------------


@kernel
def gelu(x: Any, y: Any, slope: Any) -> None:
    """Write gelu(x) into y and, unless it is None, gelu'(x) into slope."""
    in_long_vectors()
    for i in range(x.size):
        value, derivative = _gelu(x[i])
        y[i] = value
        if slope is not None:
            slope[i] = derivative


@kernel
def gelu_derivative(a: Any, b: Any, c: Any, is_odd: bool, x: Any, y: Any) -> None:
    """Write (a x⁴ + b x² + c) φ(x) into y, times x if it is odd."""
    in_long_vectors()
    for i in range(x.size):
        size, density, _ = _lower_tail(abs(x[i]))
        square = size * size
        value = ((a * square + b) * square + c) * density
        y[i] = value * x[i] if is_odd else value


@kernel
def normalize_gelu(
    packed: Any, factor: Any, offset: Any, y: Any, slope: Any, first: int, end: int
) -> None:
    """Rows of gelu(factor (z − μ) + offset)."""
    in_long_vectors()
    for c in range(first, end):
        times, plus = factor[c, 0], offset[c, 0]
        for i in range(y.shape[1]):
            value, derivative = _gelu(packed[c, i] * times + plus)
            y[c, i] = value
            if slope is not None:
                slope[c, i] = derivative


@sum_of_many
def _sum(x: Any) -> Any:
    """The sum of numbers, slice by slice in their class, and these sums in double."""
    in_long_vectors()
    total = 0.0
    for start in range(0, len(x), LONG):
        numbers, part = x[start : start + LONG], type(x[0])(0)
        for i in range(len(numbers)):
            part += numbers[i]
        total += part
    return total


@sum_of_many
def _take_off(mean: Any, z: Any) -> Any:
    """Take the mean off z; the sum of the squares then, in double."""
    in_long_vectors()
    total = 0.0
    for start in range(0, len(z), LONG):
        numbers, part = z[start : start + LONG], type(z[0])(0)
        for i in range(len(numbers)):
            distance = numbers[i] - mean
            numbers[i] = distance
            part += distance * distance
        total += part
    return total


@kernel
def centre(packed: Any, b: Any, first: int, end: int) -> None:
    """Take the mean off rows of z; write it with the bias, and the variance, behind each."""
    n = packed.shape[1] - 2
    for c in range(first, end):
        z = packed[c][:n]
        mean = type(z[0])(_sum(z) / n)
        packed[c, n + 1] = _take_off(mean, z) / n
        packed[c, n] = mean + b[c, 0]


@sum_of_many
def _multiply(g: Any, slope: Any, z: Any, d: Any) -> tuple[Any, Any]:
    """Write d = g · slope; the sums of d and of d z, in double."""
    in_long_vectors()
    total, by_z = 0.0, 0.0
    for start in range(0, len(d), LONG):
        end = start + LONG
        gs, slopes, zs, products = g[start:end], slope[start:end], z[start:end], d[start:end]
        part, part_by_z = type(d[0])(0), type(d[0])(0)
        for i in range(len(products)):
            product = gs[i] * slopes[i]
            products[i] = product
            part += product
            part_by_z += product * zs[i]
        total += part
        by_z += part_by_z
    return total, by_z


@kernel
def normalize_gelu_gradients(
    g: Any, packed: Any, slope: Any, factor: Any, inverse: Any,
    dz: Any, to_scale: Any, to_offset: Any, first: int, end: int,
) -> None:  # fmt: skip
    """Rows of the gradients, where inverse is 1 / σ and factor γ / σ."""
    in_long_vectors()
    n = slope.shape[1]
    for c in range(first, end):
        d, z = dz[c], packed[c]
        total, by_z = _multiply(g[c], slope[c], z, d)
        to_offset[c, 0], to_scale[c, 0] = total, by_z * inverse[c, 0]
        mean, times = to_offset[c, 0] / type(d[0])(n), factor[c, 0]
        along = to_scale[c, 0] * inverse[c, 0] / type(d[0])(n)
        for i in range(n):
            d[i] = (d[i] - mean - z[i] * along) * times
