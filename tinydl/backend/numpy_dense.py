"""A fully connected layer with batch normalization and gelu, by NumPy, in two passes.

Features are (C, observations). All three layers treat each channel by itself once w x is there, so
a thread takes some channels and goes through everything with them while they are in its cache.

The first pass gives z − μ for z = w x + b and, in two more columns, the mean μ and the variance σ²
of each row of z. The second gives gelu(γ (z − μ) / √(σ² + ε) + β). The bias shifts μ alone.

Each function has a function that works on rows, which may be taken from ``numba_kernels`` instead.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tinydl.backend.compiled import kernels_for
from tinydl.backend.numpy_blocks import channel_sums
from tinydl.backend.numpy_gelu import COMPILED_WORK, PIECE, gelu_piece
from tinydl.backend.numpy_gelu import WORK as GELU_WORK
from tinydl.backend.numpy_matmul import PRODUCTS
from tinydl.backend.threads import MOST, par


def centred_affine(w: Any, x: Any, b: Any) -> Any:
    """The rows of z = w x + b less their means, then these means and the variances: (C, n + 2)."""
    (channels, inputs), n = w.shape, x.shape[1]
    packed = np.empty((channels, n + 2), x.dtype)
    bias = np.ascontiguousarray(b)
    kernels = kernels_for("gelu", channels * n, x, bias)

    def rows(first: int, end: int) -> None:
        z = packed[first:end, :n]
        np.matmul(w[first:end], x, out=z)
        if kernels is not None:
            kernels.centre(packed, bias, first, end)
            return
        mean = channel_sums(z[None]) / n
        z -= mean[:, None]
        packed[first:end, n] = mean + bias[first:end, 0]
        packed[first:end, n + 1] = np.vecdot(z, z) / n

    work = channels * n * (inputs // PRODUCTS + 4) + x.size
    par(channels, rows, work=work, step=None if kernels else _step(channels, n))
    return packed


def normalize_gelu(packed: Any, scale: Any, offset: Any, epsilon: float, save: bool) -> Any:
    """gelu of the normalized z; with save also its slope."""
    channels, n = packed.shape[0], packed.shape[1] - 2
    y = np.empty((channels, n), packed.dtype)
    slope = np.empty_like(y) if save else None
    factor = scale * (packed[:, n + 1, None] + epsilon) ** -0.5
    kernels = kernels_for("gelu", y.size, packed, factor, offset)
    if kernels is not None:
        given = map(np.ascontiguousarray, (packed, factor, offset))
        par(channels, partial(kernels.normalize_gelu, *given, y, slope),
            work=y.size * COMPILED_WORK)  # fmt: skip
        return y if slope is None else (y, slope)

    def rows(first: int, end: int) -> None:
        part = np.multiply(packed[first:end, :n], factor[first:end], out=y[first:end])
        part += offset[first:end]
        for start in range(first * n, end * n, PIECE):
            piece = slice(start, min(start + PIECE, end * n))
            values = y.reshape(-1)[piece]
            gelu_piece(values, values, None if slope is None else slope.reshape(-1)[piece])

    par(channels, rows, work=y.size * (GELU_WORK + 2), step=_step(channels, n))
    return y if slope is None else (y, slope)


def normalize_gelu_gradients(
    g: Any, packed: Any, slope: Any, scale: Any, epsilon: float
) -> tuple[Any, Any, Any]:
    """The gradients by z, scale and offset; z stands for its μ and σ² too.

    With d = g · slope, ẑ = (z − μ) / σ and means ⟨ ⟩ over the n elements of a row,

        ∂z = γ / σ · (d − ⟨d⟩ − ẑ ⟨d ẑ⟩)        ∂γ = n ⟨d ẑ⟩        ∂β = n ⟨d⟩
    """
    channels, n = slope.shape
    dz = np.empty_like(slope)
    inverse = (packed[:, n + 1, None] + epsilon) ** -0.5
    factor = scale * inverse
    to_scale, to_offset = np.empty_like(inverse), np.empty_like(inverse)
    kernels = kernels_for("gelu", slope.size, g, packed, slope, factor)
    if kernels is not None:
        given = map(np.ascontiguousarray, (g, packed, slope, factor, inverse))
        par(channels, partial(kernels.normalize_gelu_gradients, *given, dz, to_scale, to_offset),
            work=5 * slope.size)  # fmt: skip
        return dz, to_scale, to_offset

    def rows(first: int, end: int) -> None:
        at = slice(first, end)
        z, d = packed[at, :n], np.multiply(g[at], slope[at], out=dz[at])
        to_offset[at, 0] = channel_sums(d[None])
        to_scale[at] = np.vecdot(d, z)[:, None] * inverse[at]
        along = z * (to_scale[at] * inverse[at] / n)
        along += to_offset[at] / n
        d -= along
        d *= factor[at]

    par(channels, rows, work=8 * slope.size, step=_step(channels, n))
    return dz, to_scale, to_offset


def _step(channels: int, n: int) -> int:
    """Rows to a piece: many calls are made with each, which must be long for threads to pay."""
    return max(-(-channels // MOST), -(-PIECE // max(1, n)))
