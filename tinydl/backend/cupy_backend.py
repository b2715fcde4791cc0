"""CuPy: the functions it shares with NumPy, by name, and those that need a form of their own.

A form of its own is there where CuPy's would be wrong, or would let the computer wait for the GPU
in the middle of a training step. What is made in the computer's memory whatever the device (texts,
first values of parameters) is NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import cupy
from cupy import (
    abs,
    add,
    allclose,
    arange,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    argmax,
    argmin,
    array_equal,
    asarray,
    ascontiguousarray,
    broadcast_to,
    ceil,
    concatenate,
    cos,
    cosh,
    cumsum,
    empty,
    exp,
    expm1,
    floor,
    fmod,
    full,
    hypot,
    identity,
    isfinite,
    isinf,
    isnan,
    log,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    matmul,
    maximum,
    mean,
    minimum,
    moveaxis,
    multiply,
    nonzero,
    ones,
    pad,
    reciprocal,
    remainder,
    rint,
    searchsorted,
    sign,
    sin,
    sinh,
    sort,
    sqrt,
    sum,
    swapaxes,
    take_along_axis,
    tan,
    tanh,
    tile,
    transpose,
    tril,
    triu,
    trunc,
    unique,
    where,
    zeros,
)
from cupyx.scipy.special import digamma, erf, erfc, gammaln, zeta

from tinydl.backend import numpy_backend
from tinydl.backend.ctc import ctc_backward, ctc_forward
from tinydl.backend.cupy_convolve import (
    convolve,
    convolve_input_gradient,
    convolve_weight_gradient,
)
from tinydl.backend.cupy_linalg import (
    cholesky,
    determinant,
    eigh,
    expm,
    indefinite_from,
    inverse,
    least_norm,
    least_squares,
    lu,
    pivoted_columns,
    precision,
    solve,
    svd,
)
from tinydl.backend.erfinv import erfinv
from tinydl.backend.numpy_backend import dtype_of, orthogonal, quiet, smallest_normal, strings
from tinydl.backend.pool import (
    pool_max,
    pool_positions,
    pool_put,
    pool_spread,
    pool_sum,
    pool_take,
)
from tinydl.backend.recur import gru, gru_gradients, lstm, lstm_gradients

name = "CuPy"
ARRAY_TYPES = (cupy.ndarray,)


def synchronize() -> None:
    """Wait until the GPU has done what it was asked for; its errors show here at the latest."""
    cupy.cuda.Device().synchronize()


_frexp = cupy.ElementwiseKernel(
    "T x",
    "T mantissa, int32 exponent",
    "int e; mantissa = frexp(x, &e); exponent = e",
    "tinydl_frexp",
)


def frexp(x: Any) -> Any:
    """Mantissa and exponent. On AMD's GPUs CuPy's own computes them in single precision."""
    return _frexp(x)


_gamma = cupy.ElementwiseKernel("T x", "T y", "y = tgamma(x)", "tinydl_gamma")


def gamma(x: Any) -> Any:
    """Γ(x), of real x. CuPy's own also brings complex code, which not all compilers take."""
    return _gamma(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), to full precision for large negative x; where e⁻ˣ is Inf it is rightly 0."""
    return 1.0 / (1.0 + cupy.exp(-x))


def chain(g: Any, slope: Any, either: bool = False) -> Any:
    """g · slope, and exactly 0 wherever g is 0 (or slope, with either), even where that is NaN.

    Whether a second pass is needed is not asked: the answer would have to come from the GPU.
    """
    product = g * slope
    is_zero = (g == 0) | (slope == 0) if either else g == 0
    if isinstance(is_zero, bool):  # g is a Python number
        return cupy.zeros_like(product) if is_zero else product
    return cupy.where(is_zero, 0.0, product)


def chooser(x: Any) -> Callable[[Any, Any], Any]:
    """A function of a mask and parts of x: x where the mask holds, else 0."""
    return lambda mask, part: cupy.where(mask, part, 0.0)


def scatter(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of the given shape with x added at index; an element named twice receives both."""
    total = cupy.zeros(shape, x.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all([isinstance(part, (slice, int)) or part is Ellipsis for part in parts]):
        total[index] = x
    else:
        cupy.add.at(total, index, x)
    return total


def put_along_axis(x: Any, index: Any, axis: int, length: int) -> Any:
    """Zeros with x written at index along axis: the adjoint of take_along_axis for one position."""
    along = (1,) * axis + (length,) + (1,) * (x.ndim - axis - 1)
    is_chosen = cupy.arange(length).reshape(along) == index % length  # −1 is the last position
    return cupy.where(is_chosen, x, 0.0)


def stable_argsort(x: Any, axis: int) -> Any:
    """The positions that sort x along an axis: NaN last, equal elements in their order."""
    return cupy.argsort(x, axis=axis)  # CuPy has only this one, and it is stable


def as_text(x: Any) -> str:
    """The numbers, for people: four digits, and the middle of long arrays left out."""
    return numpy_backend.as_text(to_host(x))


def to_host(x: Any) -> Any:
    """The same array in the computer's own memory."""
    return x.get()


def as_own_copy(x: Any) -> Any:
    """A copy that nobody else holds, in C order."""
    return cupy.array(x, order="C", copy=True)


def as_numpy(x: Any, dtype: Any, copy: bool | None) -> NoReturn:
    """NumPy asks for an array that is on the GPU: refused, since it would wait without a word."""
    raise TypeError(
        "this array is on the GPU, and NumPy works in the computer's own memory; bring it there "
        "with gather(X), or use tinydl's own functions"
    )


def read_only(x: Any) -> Any:
    """A copy, which nobody else holds: CuPy has no arrays that cannot be written to."""
    return as_own_copy(x)
