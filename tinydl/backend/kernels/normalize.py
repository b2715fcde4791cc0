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

DENSE_CENTRED_GRADIENT = Elementwise(
    "tinydl_dense_centred_gradient",
    "T g, T sum, T to_mean, T to_variance, T centred, T share",
    "T d",
    "d = g - (sum - to_mean) * share + to_variance * 2 * share * centred",
)

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
    "raw T d, raw T z, T variance, T scale, T to_scale, T epsilon, int64 n",
    "T dz",
    """
    long long row = i / (n + 2), column = i % (n + 2), at = row * n + column;
    T inverse = 1 / sqrt(variance + epsilon);
    dz = column < n ? (d[at] - z[at] * (to_scale * inverse / n)) * (scale * inverse) : T(0)
    """,
)
