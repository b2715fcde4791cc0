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
    convolve_gradients,
    convolve_input_gradient,
    convolve_weight_gradient,
)
from tinydl.backend.cupy_dense import (
    centred_affine,
    normalize_gelu,
    normalize_gelu_gradients,
)
from tinydl.backend.cupy_elementwise import (
    between,
    chain,
    gelu,
    gelu_derivative,
    kept,
    leakyrelu,
    relu,
    surprise,
    surprise_gradient,
    total_surprise,
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
    moved_moments,
)
from tinydl.backend.cupy_pool import (
    pool_max,
    pool_positions,
    pool_put,
    pool_spread,
    pool_sum,
    pool_take,
)
from tinydl.backend.cupy_recur import gru_backward, gru_forward, lstm_backward, lstm_forward
from tinydl.backend.cupy_scatter import put_along_axis, scatter
from tinydl.backend.cupy_softmax import logsumexp, softmax, softmax_gradient
from tinydl.backend.cupy_solvers import update_all
from tinydl.backend.erfinv import erfinv
from tinydl.backend.gru import gru, gru_gradients
from tinydl.backend.lstm import lstm, lstm_gradients
from tinydl.backend.numpy_backend import dtype_of, orthogonal, quiet, smallest_normal, strings
from tinydl.backend.random import generator

name = "CuPy"
ARRAY_TYPES = (cupy.ndarray,)
_MOST_HELD = 4
"""How much more memory than its own an array may hold on to."""


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


def sum_over(x: Any, axis: tuple[int, ...]) -> Any:
    """The sum over axes, which stay with size 1."""
    return x.sum(axis=axis, keepdims=True)


def mean_over(x: Any, axis: tuple[int, ...]) -> Any:
    """The mean over axes, which stay with size 1; of no elements it is NaN, without a warning."""
    added = sum_over(x, axis)
    count = math.prod([x.shape[i] for i in axis])
    return added / count if count else added * math.nan


def uniform(shape: tuple[int, ...]) -> Any:
    """The next random numbers between 0 and 1: the same as in the computer's memory."""
    return cupy.asarray(generator.uniform(shape))


def in_pieces(function: Callable[..., tuple[Any, ...]], *arrays: Any) -> tuple[Any, ...]:
    """function(*arrays), which works number by number."""
    return function(*arrays)


def chooser(x: Any) -> Callable[..., Any]:
    """A function of a mask and parts of x: x where the mask holds, else 0; out= says where to."""

    def choose(mask: Any, part: Any, out: Any = None) -> Any:
        chosen = cupy.where(mask, part, 0.0)
        if out is None:
            return chosen
        out[...] = chosen
        return out

    return choose


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


def own_all(arrays: Sequence[Any]) -> tuple[Any, ...]:
    """The arrays, in full and sharing no memory.

    Nobody else uses what they may be views of. Such a view is copied only if it lies scattered, or
    is small and would hold on to a large array: a copy is a launch.
    """
    own: list[Any] = []
    taken: dict[int, list[tuple[int, int]]] = {}  # where arrays lie within each piece of memory
    for x in map(cupy.asarray, arrays):
        start, end = x.data.ptr, x.data.ptr + x.nbytes
        others = taken.setdefault(x.data.mem.ptr, [])
        is_apart = x.flags.c_contiguous and all([end <= a or b <= start for a, b in others])
        if not is_apart or (x.base is not None and x.base.nbytes > _MOST_HELD * x.nbytes):
            own.append(as_own_copy(x))
            continue
        others.append((start, end))
        own.append(x if x.base is None else cupy.ndarray(x.shape, x.dtype, memptr=x.data))
    return tuple(own)


def as_numpy(x: Any, dtype: Any, copy: bool | None) -> NoReturn:
    """NumPy asks for an array that is on the GPU: refused, since it would wait without a word."""
    raise TypeError(
        "this array is on the GPU, and NumPy works in the computer's own memory; bring it there "
        "with gather(X), or use tinydl's own functions"
    )


def read_only(x: Any) -> Any:
    """A copy, which nobody else holds: CuPy has no arrays that cannot be written to."""
    return as_own_copy(x)
