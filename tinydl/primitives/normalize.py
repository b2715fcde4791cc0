"""Normalization, cut at its statistics.

Mean, variance and the normalization itself are three operations, and the statistics between them
are values of the record. Derivatives of every order follow from short rules; statistics that are
given as constants (predict, fixed statistics) are the same operation with nothing to follow.

For speed fused operations stand beside the three, for the statistics of channels:
``channel_moments`` is mean and variance together, ``moved_moments`` has running ones moved towards
them, ``batch_normalize`` normalizes by those of its own input, and ``batch_normalize_relu`` goes on
to relu. The first derivatives of the last two are kernels; higher ones follow their definitions.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.activation import relu
from tinydl.primitives.elementwise import power
from tinydl.primitives.reduce import Axes, count, mean, sum_to
from tinydl.primitives.shape import in_shape, take


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


# ---- fused: the statistics of channels, and normalization by those of the same array -------------


@Primitive
def channel_moments(x: Any, *, channel: int) -> Any:
    """The mean and the variance over all axes but one, one after the other: (2, 1, …, C, …, 1)."""
    return xp(x).channel_moments(x, channel=channel)


@channel_moments.gradients("x")
def _(g: Any, x: Any, y: Any, channel: int) -> tuple[Any]:
    return (_by_moments(take(g, index=0), take(g, index=1), x, take(y, index=0), channel),)


def _by_moments(to_mean: Any, to_variance: Any, x: Any, mu: Any, channel: int) -> Any:
    """The gradient by x, from those by its mean μ and its variance."""
    share = 1.0 / (count(x.shape, _others(x, channel)) or 1)
    return to_mean * share + (x - mu) * (to_variance * (2.0 * share))


@Primitive
def regardless(x: Any, shift: Any) -> Any:
    """x itself, for a shift of the channels of x that the normalization after it takes out again.

    What x was computed with counts as a constant there: the gradient by shift is 0.
    """
    return x


regardless.gradient(x=lambda g: g, shift=lambda g: None)


@Primitive
def moved_moments(
    x: Any, mean: Any, variance: Any, *, channel: int, decays: tuple[float, float]
) -> Any:
    """channel_moments(x), and behind it a running mean and variance that have moved towards them.

    Each is decay · new + (1 − decay) · old. Those given have one element for each channel, and the
    dimensions and the class of x.
    """
    return xp(x).moved_moments(x, mean, variance, channel=channel, decays=decays)


@moved_moments.gradients("x", "mean", "variance")
def _(
    g: Any, x: Any, y: Any, channel: int, decays: tuple[float, float], need: tuple[bool, ...]
) -> tuple[Any, ...]:
    m, v, moved_m, moved_v = [take(g, index=i) for i in range(4)]
    to_olds = moved_m * (1.0 - decays[0]), moved_v * (1.0 - decays[1])
    if not need[0]:
        return None, *to_olds
    m, v = m + moved_m * decays[0], v + moved_v * decays[1]
    return _by_moments(m, v, x, take(y, index=0), channel), *to_olds


@Primitive
def batch_normalize(
    x: Any, moments: Any, scale: Any, offset: Any, *, channel: int, epsilon: float
) -> Any:
    """normalize(x, …) by the moments of x itself, which were worked out before.

    In its gradient x stands for them too: they get none. scale and offset have one element for each
    channel, in any shape.
    """
    return _by_channels(x, moments, scale, offset, channel, epsilon)


def _by_channels(
    x: Any, moments: Any, scale: Any, offset: Any, channel: int, epsilon: float,
    is_relu: bool = False,
) -> Any:  # fmt: skip
    mu, var = moments[0], moments[1]
    scale, offset = scale.reshape(mu.shape), offset.reshape(mu.shape)
    return xp(x).channel_normalize(
        x, mu, var, scale, offset, channel=channel, epsilon=epsilon, is_relu=is_relu
    )


@batch_normalize.gradients("x", "moments", "scale", "offset")
def _(
    g: Any, x: Any, moments: Any, scale: Any, offset_shape: tuple[int, ...], channel: int,
    epsilon: float,
) -> tuple[Any, ...]:  # fmt: skip
    return _gradients(g, x, moments, scale, offset_shape, channel, epsilon)


def _gradients(
    g: Any, x: Any, moments: Any, scale: Any, offset_shape: tuple[int, ...], channel: int,
    epsilon: float, y: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients by x, moments, scale and offset; y is the result, if that is after a relu."""
    mu, var = moments[0], moments[1]
    to_x, to_scale, to_offset = xp(x).channel_normalize_gradients(
        g, x, mu, var, scale.reshape(mu.shape), channel=channel, epsilon=epsilon, y=y
    )
    return to_x, None, to_scale.reshape(scale.shape), to_offset.reshape(offset_shape)


@batch_normalize.definition
def _batch_normalize(
    x: Any, moments: Any, scale: Any, offset: Any, *, channel: int, epsilon: float
) -> Any:
    axis = _others(x, channel)
    mu = mean(x, axis=axis)
    scale, offset = in_shape(scale, mu.shape), in_shape(offset, mu.shape)
    return normalize(x, mu, variance(x, mu, axis=axis), scale, offset, epsilon=epsilon)


@Primitive
def batch_normalize_relu(
    x: Any, moments: Any, scale: Any, offset: Any, *, channel: int, epsilon: float
) -> Any:
    """relu of batch_normalize. Its result also tells where the gradient passes."""
    return _by_channels(x, moments, scale, offset, channel, epsilon, is_relu=True)


@batch_normalize_relu.gradients("x", "moments", "scale", "offset")
def _(
    g: Any, x: Any, y: Any, moments: Any, scale: Any, offset_shape: tuple[int, ...], channel: int,
    epsilon: float,
) -> tuple[Any, ...]:  # fmt: skip
    return _gradients(g, x, moments, scale, offset_shape, channel, epsilon, y)


@batch_normalize_relu.definition
def _(x: Any, moments: Any, scale: Any, offset: Any, *, channel: int, epsilon: float) -> Any:
    return relu(_batch_normalize(x, moments, scale, offset, channel=channel, epsilon=epsilon))


def _others(x: Any, channel: int) -> Axes:
    return tuple([i for i in range(x.ndim) if i != channel])
