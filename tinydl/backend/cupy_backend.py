"""CuPy: the functions it shares with NumPy, by name, and those that need a form of their own.

A form of its own is there where CuPy's would be wrong, or would let the computer wait for the GPU
in the middle of a training step. What is made in the computer's memory whatever the device (texts,
first values of parameters) is NumPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
    divide,
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
    negative,
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
    subtract,
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
from tinydl.backend.cupy_attend import attend, attend_gradients
from tinydl.backend.cupy_bend import bend, bend_gradients
from tinydl.backend.cupy_convolve import (
    convolve,
    convolve_input_gradient,
    convolve_weight_gradient,
)
from tinydl.backend.cupy_layernorm import normalize_by_own, normalize_by_own_gradients
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
from tinydl.backend.cupy_normalize import (
    channel_moments,
    channel_normalize,
    channel_normalize_gradients,
)
from tinydl.backend.erfinv import erfinv
from tinydl.backend.gru import gru, gru_gradients
from tinydl.backend.lstm import lstm, lstm_gradients
from tinydl.backend.numpy_backend import dtype_of, orthogonal, quiet, smallest_normal, strings
from tinydl.backend.pool import (
    pool_max,
    pool_positions,
    pool_put,
    pool_spread,
    pool_sum,
    pool_take,
)
from tinydl.backend.random import generator

name = "CuPy"
ARRAY_TYPES = (cupy.ndarray,)


def synchronize() -> None:
    """Wait until the GPU has done what it was asked for; its errors show here at the latest."""
    cupy.cuda.Device().synchronize()


def par(n: int, work_on: Callable[[int, int], object], *, work: int) -> None:
    """work_on(0, n): the GPU shares the work among its processors by itself."""
    work_on(0, n)


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


def gelu(x: Any, save: bool) -> Any:
    """x Φ(x) with the normal distribution Φ; with save also its slope Φ(x) + x φ(x)."""
    normal = (erf(x * 0.7071067811865476) + 1.0) * 0.5
    return (x * normal, normal + x * _density(x)) if save else x * normal


def gelu_derivative(x: Any, coefficients: Sequence[float], is_odd: bool) -> Any:
    """r(x²) φ(x), times x if it is odd, with the coefficients of r, highest power first."""
    value, square = 0.0, x * x
    for coefficient in coefficients:
        value = value * square + coefficient
    return value * _density(x) * (x if is_odd else 1.0)


def _density(x: Any) -> Any:
    """φ(x), the density of the normal distribution."""
    return cupy.exp(x * x * -0.5) * 0.3989422804014327  # 1/√(2π)


# ---- a fully connected layer with batch normalization and gelu: see ``numpy_dense`` --------------


def centred_affine(w: Any, x: Any, b: Any) -> Any:
    """The rows of z = w x + b less their means, then these means and the variances: (C, n + 2)."""
    z = w @ x
    average = z.mean(axis=1, keepdims=True)
    z -= average
    return cupy.concatenate([z, average + b, (z * z).mean(axis=1, keepdims=True)], axis=1)


def centred_affine_gradient(g: Any, packed: Any) -> Any:
    """The gradient by z, from that by z − μ, μ and σ²."""
    n = packed.shape[1] - 2
    to_centred, to_mean, to_variance = g[:, :n], g[:, n, None], g[:, n + 1, None]
    shift = to_centred.mean(axis=1, keepdims=True) - to_mean / n
    return to_centred - shift + to_variance * (2.0 / n) * packed[:, :n]


def normalize_gelu(packed: Any, scale: Any, offset: Any, epsilon: float, save: bool) -> Any:
    """gelu of the normalized z; with save also its slope."""
    return gelu(packed[:, :-2] * (scale * (packed[:, -1:] + epsilon) ** -0.5) + offset, save)


def normalize_gelu_gradients(
    g: Any, packed: Any, slope: Any, scale: Any, epsilon: float
) -> tuple[Any, Any, Any]:
    """The gradients by the packed array, scale and offset; z − μ stands for its σ² too."""
    z, narrow, d = packed[:, :-2], (packed[:, -1:] + epsilon) ** -0.5, g * slope
    to_scale = (d * z).sum(axis=1, keepdims=True) * narrow
    dz = (d - z * (to_scale * narrow / z.shape[1])) * (scale * narrow)
    return cupy.pad(dz, ((0, 0), (0, 2))), to_scale, d.sum(axis=1, keepdims=True)


def sum_over(x: Any, axis: tuple[int, ...]) -> Any:
    """The sum over axes, which stay with size 1."""
    return x.sum(axis=axis, keepdims=True)


def mean_over(x: Any, axis: tuple[int, ...]) -> Any:
    """The mean over axes, which stay with size 1; of no elements it is NaN, without a warning."""
    added = sum_over(x, axis)
    count = math.prod([x.shape[i] for i in axis])
    return added / count if count else added * math.nan


def softmax(x: Any, axis: tuple[int, ...]) -> Any:
    """eˣ / Σ eˣ, with the largest element taken out first so that nothing overflows."""
    weight = cupy.exp(x - x.max(axis=axis, keepdims=True))
    return weight / weight.sum(axis=axis, keepdims=True)


def logsumexp(x: Any, axis: tuple[int, ...]) -> Any:
    """log Σ eˣ, likewise; the axes stay with size 1."""
    top = x.max(axis=axis, keepdims=True)
    top = cupy.where(cupy.isfinite(top), top, 0.0)  # ±Inf would give Inf − Inf
    return cupy.log(cupy.exp(x - top).sum(axis=axis, keepdims=True)) + top


def uniform(shape: tuple[int, ...]) -> Any:
    """The next random numbers between 0 and 1: the same as in the computer's memory."""
    return cupy.asarray(generator.uniform(shape))


def in_pieces(function: Callable[..., tuple[Any, ...]], *arrays: Any) -> tuple[Any, ...]:
    """function(*arrays), which works number by number."""
    return function(*arrays)


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
