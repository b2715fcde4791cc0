"""Kernels that work number by number: activations, masks, the chain rule, mixtures.

Each is one launch, and one pass over the memory, for what array functions do in several.
"""

from __future__ import annotations

from tinydl.backend.kernels import Elementwise

_TAIL = """
    T a = x < T(0) ? -x : x;
    if (a > T(40)) a = T(40);  // beyond it everything has underflowed, and Inf times 0 would be NaN
    const T tail = T(0.5) * erfc(a * T(0.7071067811865476));  // of the normal distribution
    y = (x > T(0) ? x : T(0)) - a * tail;
"""

GELU = Elementwise("tinydl_gelu", "T x", "T y", _TAIL)

GELU_AND_SLOPE = Elementwise(
    "tinydl_gelu_and_slope",
    "T x",
    "T y, T slope",
    _TAIL
    + """
    const T density = exp(T(-0.5) * a * a) * T(0.3989422804014327);
    slope = x > T(0) ? T(1) - (tail - a * density) : tail - a * density;
""",
)

MOST_COEFFICIENTS = 6

GELU_DERIVATIVE = Elementwise(
    "tinydl_gelu_derivative",
    "T x, T c5, T c4, T c3, T c2, T c1, T c0, bool is_odd",
    "T y",
    """
    T s = x * x;
    if (s > T(1600)) s = T(1600);  // e to the power of minus half of it is 0, and not times Inf
    const T r = ((((c5 * s + c4) * s + c3) * s + c2) * s + c1) * s + c0;
    y = r * exp(T(-0.5) * s) * T(0.3989422804014327);
    if (is_odd) y *= x;
""",
)

RELU = Elementwise("tinydl_relu", "T x", "T y", "y = x <= T(0) ? T(0) : x")  # NaN stays

RELU_AND_MASK = Elementwise(
    "tinydl_relu_and_mask", "T x", "T y, bool mask", "y = x <= T(0) ? T(0) : x; mask = x > T(0)"
)

LEAKYRELU = Elementwise(
    "tinydl_leakyrelu",
    "T x, T scale",
    "T y, T slope",
    "slope = x > T(0) ? T(1) : scale; y = x * slope",
)

KEPT = Elementwise(
    "tinydl_kept",
    "float64 draw, float64 probability, T larger",
    "T factor",
    "factor = draw >= probability ? larger : T(0)",
)

CHAIN = Elementwise(
    "tinydl_chain",
    "T g, T slope, bool either",
    "T y",
    "y = g == T(0) || (either && slope == T(0)) ? T(0) : g * slope",
)

BETWEEN = Elementwise(
    "tinydl_between", "T a, T b, T of_a, T of_b", "T y", "y = a * of_a + b * of_b"
)

SURPRISE = Elementwise(
    "tinydl_surprise",
    "T y, T t, T least",
    "T z",
    "z = -(t * log(y < least ? least : y))",
)

SURPRISE_GRADIENT = Elementwise(
    "tinydl_surprise_gradient",
    "T g, T y, T t, T least, T scale",
    "T d",
    """
    const T u = -(g * scale) * t;
    const T share = y > least ? T(1) : y == least ? T(0.5) : T(0);
    d = (u == T(0) ? T(0) : u * (T(1) / (y < least ? least : y))) * share;
""",
)
