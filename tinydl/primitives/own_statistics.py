"""Normalization by the statistics of the same array: of layers, groups of channels, instances.

One operation that works out mean and variance and normalizes by them. Its rule for a first
derivative is a kernel; higher ones follow the definition, which is the three operations of
``normalize`` one after the other.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.normalize import normalize, variance
from tinydl.primitives.reduce import Axes, mean


@Primitive.saving("centred", "inverse")
def normalize_by_own(
    x: Any, scale: Any, offset: Any, *, axis: Axes, epsilon: float, save: bool = False
) -> Any:
    """scale · (x − μ) / √(σ² + epsilon) + offset, with mean and variance of x along axes.

    scale and offset have one shape, which expands to that of x and has as many dimensions.
    """
    results = xp(x).normalize_by_own(x, scale, offset, axis, epsilon)
    return results if save else results[0]


@normalize_by_own.gradients("x", "scale", "offset")
def _(
    g: Any, scale: Any, centred: Any, inverse: Any, axis: Axes, need: tuple[bool, ...]
) -> tuple[Any, ...]:
    return xp(g).normalize_by_own_gradients(g, centred, inverse, scale, axis, need)


@normalize_by_own.definition
def _(x: Any, scale: Any, offset: Any, *, axis: Axes, epsilon: float) -> Any:
    mu = mean(x, axis=axis)
    return normalize(x, mu, variance(x, mu, axis=axis), scale, offset, epsilon=epsilon)
