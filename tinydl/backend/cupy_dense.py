"""A fully connected layer with batch normalization and gelu, by CuPy: see ``numpy_dense``."""

from __future__ import annotations

from typing import Any

import cupy

from tinydl.backend.cupy_statistics import alike, moments, sums
from tinydl.backend.kernels import normalize


def centred_affine(w: Any, x: Any, b: Any) -> Any:
    """The rows of z = w x + b less their means, then these means and the variances: (C, n + 2)."""
    z, b = alike(w @ x, b)
    channels, n = z.shape
    packed = cupy.empty((channels, n + 2), z.dtype)
    return normalize.DENSE_CENTRED(z, *moments(z, (1,)), b, n, packed)


def normalize_gelu(packed: Any, scale: Any, offset: Any, epsilon: float, save: bool) -> Any:
    """gelu of the normalized z; with save also its slope."""
    packed, scale, offset = alike(packed, scale, offset)
    y, slope = normalize.DENSE_GELU(packed[:, :-2], packed[:, -1:], scale, offset, epsilon)
    return (y, slope) if save else y


def normalize_gelu_gradients(
    g: Any, packed: Any, slope: Any, scale: Any, epsilon: float
) -> tuple[Any, Any, Any]:
    """The gradients by z, scale and offset; z stands for its μ and σ² too."""
    g, packed, slope, scale = alike(g, packed, slope, scale)
    variance = packed[:, -1:]
    d, z = normalize.DENSE_GELU_SLOPED(g, slope, packed[:, :-2])
    to_offset, to_scale = sums(d, z, (1,), None, cupy.ascontiguousarray(variance), epsilon)
    share = 1.0 / max(z.shape[1], 1)
    dz = normalize.DENSE_GELU_GRADIENT(d, z, variance, scale, to_scale, to_offset, epsilon, share)
    return dz, to_scale, to_offset
