"""Normalization, cut at its statistics.

Mean, variance and the normalization itself are three operations, and the statistics between them
are values of the record. Derivatives of every order follow from short rules; statistics that are
given as constants (predict, fixed statistics) are the same operation with nothing to follow.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.primitives.elementwise import power
from tinydl.primitives.reduce import Axes, count, sum_to


@Primitive
def variance(x: Any, mu: Any, *, axis: Axes) -> Any:
    """The mean of (x − mu)² over the axes: divided by the number of elements, not one less."""
    centred = x - mu
    return (centred * centred).mean(axis=axis, keepdims=True)


@variance.gradients("x", "mu")
def _(g: Any, x: Any, mu: Any, axis: Axes, need: tuple[bool, ...]) -> tuple[Any, Any]:
    slope = (x - mu) * (g * (2.0 / count(x.shape, axis)))
    return slope, -sum_to(slope, shape=mu.shape) if need[1] else None


@Primitive
def normalize(x: Any, mu: Any, var: Any, scale: Any, offset: Any, *, epsilon: float) -> Any:
    """scale · (x − mu) / √(var + epsilon) + offset."""
    return (x - mu) * (scale * (var + epsilon) ** -0.5) + offset


@normalize.gradients("x", "mu", "var", "scale", "offset")
def _(
    g: Any, x: Any, mu: Any, var: Any, scale: Any, epsilon: float, need: tuple[bool, ...]
) -> tuple[Any, ...]:
    inverse = power(var + epsilon, p=-0.5)
    to_x = g * (scale * inverse)
    if not any(need[1:]):
        return to_x, None, None, None, None
    by_centred = g * (x - mu)
    to_var = by_centred * (scale * power(inverse, p=3) * -0.5)
    return to_x, -to_x, to_var, by_centred * inverse, g  # the walk sums each to its input's shape
