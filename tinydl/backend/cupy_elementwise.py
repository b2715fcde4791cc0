"""Functions number by number of CuPy arrays, one kernel each: the twins of NumPy's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cupy

from tinydl.backend.kernels import elementwise as kernels
from tinydl.backend.kernels import losses

INVERSE_ROOT_TWO_PI = 0.3989422804014327


def _fit(*operands: Any) -> bool:
    """Whether a kernel takes these: arrays of one real class, and numbers."""
    classes = {x.dtype.char for x in operands if isinstance(x, cupy.ndarray)}
    are_real = all([isinstance(x, (cupy.ndarray, float, int)) for x in operands])
    return are_real and (classes == {"f"} or classes == {"d"})


def gelu(x: Any, save: bool) -> Any:
    """x Φ(x) with the normal distribution Φ; with save also its slope Φ(x) + x φ(x)."""
    return kernels.GELU_AND_SLOPE(x) if save else kernels.GELU(x)


def gelu_derivative(x: Any, coefficients: Sequence[float], is_odd: bool) -> Any:
    """r(x²) φ(x), times x if it is odd, with the coefficients of r, highest power first."""
    spare = kernels.MOST_COEFFICIENTS - len(coefficients)
    if spare >= 0:
        return kernels.GELU_DERIVATIVE(x, *[0.0] * spare, *coefficients, is_odd)
    square = cupy.minimum(x * x, 1600.0)  # Inf · 0 would be NaN
    value = 0.0
    for coefficient in coefficients:
        value = value * square + coefficient
    value = value * cupy.exp(square * -0.5) * INVERSE_ROOT_TWO_PI
    return value * x if is_odd else value


def relu(x: Any, save: bool) -> Any:
    """max(x, 0); with save also where x is positive."""
    if not _fit(x):
        y = cupy.maximum(x, 0.0)
        return (y, x > 0) if save else y
    return kernels.RELU_AND_MASK(x) if save else kernels.RELU(x)


def leakyrelu(x: Any, scale: float) -> tuple[Any, Any]:
    """x where x > 0, scale · x elsewhere, and the slope."""
    return kernels.LEAKYRELU(x, scale)


def kept(draws: Any, probability: float, dtype: Any) -> Any:
    """1/(1 − probability) where a draw reaches the probability, else 0: what dropout multiplies."""
    larger = 1.0 / (1.0 - probability)
    return kernels.KEPT(draws, probability, larger, cupy.empty(draws.shape, dtype))


def between(a: Any, b: Any, weight: float) -> Any:
    """(1 − weight) · a + weight · b."""
    if not _fit(a, b):
        return a * (1.0 - weight) + b * weight
    return kernels.BETWEEN(a, b, 1.0 - weight, weight)


def chain(g: Any, slope: Any, either: bool = False) -> Any:
    """g · slope, and exactly 0 wherever g is 0 (or slope, with either), even where that is NaN.

    Whether a second pass is needed is not asked: the answer would have to come from the GPU.
    """
    if _fit(g, slope):
        return kernels.CHAIN(g, slope, either)
    product = g * slope
    is_zero = (g == 0) | (slope == 0) if either else g == 0
    if isinstance(is_zero, bool):  # g is a Python number
        return cupy.zeros_like(product) if is_zero else product
    return cupy.where(is_zero, 0.0, product)


def surprise(y: Any, t: Any, least: float) -> Any:
    """−t ln y, with y kept above `least`."""
    if not _fit(y, t):
        return -(t * cupy.log(cupy.maximum(y, least)))
    return kernels.SURPRISE(y, t, least)


def surprise_gradient(g: Any, y: Any, t: Any, least: float, scale: float) -> Any:
    """The gradient by y, from g by −t ln y · scale: −g t / y, 0 below `least`, half of it there."""
    return kernels.SURPRISE_GRADIENT(g, y, t, least, scale)


def total_surprise(p: Any, t: Any, least: float, scale: float) -> Any:
    """Σ −t ln p · scale."""
    if not _fit(p, t):
        return surprise(p, t, least).sum() * scale
    return losses.TOTAL_SURPRISE(p, t, least, scale)
