"""Kernels of single elements for normalizations, beside the sums of ``statistics``.

In the names of gradients, share is one by the number of elements that were added up.
"""

from __future__ import annotations

from tinydl.backend.kernels import Elementwise

NORMALIZE = Elementwise(
    "tinydl_normalize",
    "T x, T mean, T variance, T scale, T offset, T epsilon, bool is_relu",
    "T y",
    """
    y = (x - mean) * (scale / sqrt(variance + epsilon)) + offset;
    if (is_relu && y <= T(0)) y = T(0);  // NaN stays
    """,
)

OWN = Elementwise(
    "tinydl_normalize_own",
    "T x, T mean, T inverse, T scale, T offset",
    "T y, T centred",
    "centred = x - mean; y = centred * (scale * inverse) + offset",
)

OWN_SCALED = Elementwise(
    "tinydl_normalize_own_scaled",
    "T g, T centred, T inverse, T scale",
    "T u, T normalized",
    "u = g * scale; normalized = centred * inverse",
)

OWN_GRADIENT = Elementwise(
    "tinydl_normalize_own_gradient",
    "T u, T normalized, T inverse, T sum, T product, T share",
    "T d",
    "d = inverse * (u - sum * share - normalized * (product * share))",
)

DENSE_CENTRED = Elementwise(
    "tinydl_dense_centred",
    "raw T z, T mean, T variance, T bias, int64 n",
    "T packed",
    """
    long long row = i / (n + 2), column = i % (n + 2);
    packed = column < n ? z[row * n + column] - mean : column == n ? mean + bias : variance
    """,
)
"""The rows of z less their means, and in two more columns the means and variances."""

DENSE_GELU = Elementwise(
    "tinydl_dense_gelu",
    "T z, T variance, T scale, T offset, T epsilon",
    "T y, T slope",
    """
    T h = z * (scale / sqrt(variance + epsilon)) + offset;
    T normal = erfc(h * T(-0.7071067811865476)) * T(0.5);
    y = h * normal;
    slope = normal + h * exp(h * h * T(-0.5)) * T(0.3989422804014327)
    """,
)
"""gelu of the normalized z, and its slope: x Φ(x) and Φ(x) + x φ(x)."""

DENSE_GELU_SLOPED = Elementwise(
    "tinydl_dense_gelu_sloped", "T g, T slope, T z", "T d, T same", "d = g * slope; same = z"
)

DENSE_GELU_GRADIENT = Elementwise(
    "tinydl_dense_gelu_gradient",
    "T d, T z, T variance, T scale, T to_scale, T to_offset, T epsilon, T share",
    "T dz",
    """
    T inverse = 1 / sqrt(variance + epsilon);
    dz = (d - to_offset * share - z * (to_scale * inverse * share)) * (scale * inverse)
    """,
)
