"""NumPy: the functions it shares with CuPy, by name, and those that need a form of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy import (
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
    cosh,
    cumsum,
    divide,
    empty,
    expm1,
    floor,
    fmod,
    frexp,
    full,
    hypot,
    identity,
    isfinite,
    isinf,
    isnan,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
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
    sinh,
    sort,
    sqrt,
    subtract,
    sum,
    swapaxes,
    take_along_axis,
    tan,
    tile,
    transpose,
    tril,
    triu,
    trunc,
    unique,
    where,
    zeros,
)

from tinydl.backend.ctc import ctc_backward, ctc_forward
from tinydl.backend.erfinv import erfinv
from tinydl.backend.gru import gru, gru_backward, gru_forward, gru_gradients
from tinydl.backend.lstm import lstm, lstm_backward, lstm_forward, lstm_gradients
from tinydl.backend.numpy_attend import attend, attend_gradients
from tinydl.backend.numpy_bend import bend, bend_gradients
from tinydl.backend.numpy_dense import (
    centred_affine,
    normalize_gelu,
    normalize_gelu_gradients,
)
from tinydl.backend.numpy_elementwise import (
    between,
    chain,
    chooser,
    cos,
    erf,
    exp,
    in_pieces,
    kept,
    leakyrelu,
    log,
    relu,
    sigmoid,
    sin,
    surprise,
    surprise_gradient,
    tanh,
    total_surprise,
)
from tinydl.backend.numpy_gelu import gelu, gelu_derivative
from tinydl.backend.numpy_groups import (
    convolve,
    convolve_gradients,
    convolve_input_gradient,
    convolve_weight_gradient,
)
from tinydl.backend.numpy_layernorm import normalize_by_own, normalize_by_own_gradients
from tinydl.backend.numpy_linalg import (
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
from tinydl.backend.numpy_matmul import matmul
from tinydl.backend.numpy_normalize import (
    channel_moments,
    channel_normalize,
    channel_normalize_gradients,
    moved_moments,
)
from tinydl.backend.numpy_reduce import mean_over, sum_over
from tinydl.backend.numpy_scatter import scatter
from tinydl.backend.numpy_softmax import logsumexp, softmax, softmax_gradient
from tinydl.backend.numpy_solvers import update_all
from tinydl.backend.numpy_special import digamma, erfc, gamma, gammaln, zeta
from tinydl.backend.pool import (
    pool_max,
    pool_positions,
    pool_put,
    pool_spread,
    pool_sum,
    pool_take,
)
from tinydl.backend.random import generator
from tinydl.backend.threads import par

name = "NumPy"
ARRAY_TYPES = (np.ndarray, np.float32, np.float64, np.bool_, np.complex128)


def quiet() -> AbstractContextManager[None]:
    """A context in which division by zero and overflow give Inf and NaN without a warning."""
    return np.errstate(divide="ignore", over="ignore", invalid="ignore", under="ignore")


def synchronize() -> None:
    """Nothing to wait for: NumPy has finished when it returns."""


def put_along_axis(x: Any, index: Any, axis: int, length: int) -> Any:
    """Zeros with x written at index along axis: the adjoint of take_along_axis for one position."""
    shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
    total = np.zeros(shape, x.dtype)
    np.put_along_axis(total, index, x, axis)
    return total


def stable_argsort(x: Any, axis: int) -> Any:
    """The positions that sort x along an axis: NaN last, equal elements in their order."""
    return np.argsort(x, axis=axis, kind="stable")


def as_text(x: Any) -> str:
    """The numbers, for people: four digits, and the middle of long arrays left out."""
    return np.array2string(np.asarray(x), precision=4, suppress_small=False, threshold=200)


def to_host(x: Any) -> np.ndarray:
    """The same array in the computer's own memory."""
    return np.asarray(x)


def as_own_copy(x: Any) -> np.ndarray:
    """A copy that nobody else holds, in C order."""
    return np.array(x, order="C", copy=True)


def own_all(arrays: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """The arrays, in full and sharing no memory: views, and what comes again, are copied."""
    own: list[np.ndarray] = []
    taken: set[int] = set()
    for x in map(np.asarray, arrays):
        own.append(x if x.base is None and id(x) not in taken else as_own_copy(x))
        taken.add(id(x))
    return tuple(own)


def dtype_of(name: str) -> np.dtype:
    """The dtype with a name such as 'float32'."""
    return np.dtype(name)


def as_numpy(x: Any, dtype: Any, copy: bool | None) -> np.ndarray:
    """What NumPy's __array__ protocol asks for: read-only where it is not a copy."""
    if copy or (dtype is not None and np.dtype(dtype) != x.dtype):
        return np.array(x, dtype=dtype)
    return read_only(x)


def read_only(x: Any) -> np.ndarray:
    """A view through which the array cannot be written to."""
    view = np.asarray(x).view()
    view.flags.writeable = False
    return view


def smallest_normal(dtype: Any) -> float:
    """The smallest positive number of full precision in a floating-point class."""
    return float(np.finfo(dtype).tiny)


def uniform(shape: tuple[int, ...]) -> np.ndarray:
    """The next random numbers between 0 and 1, in double precision."""
    return generator.uniform(shape)


def orthogonal(x: np.ndarray) -> np.ndarray:
    """A matrix with orthonormal columns, or rows if there are fewer, by QR decomposition."""
    rows, columns = x.shape
    q, r = np.linalg.qr(x if rows >= columns else x.T)
    q = q * np.sign(np.diag(r))  # makes the decomposition unique, and q uniformly distributed
    return q if rows >= columns else q.T


def strings(names: Any) -> np.ndarray:
    """An array of strings, also of none."""
    return np.array([str(name) for name in names], dtype=np.str_)
