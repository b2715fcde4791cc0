"""Fully connected, batch normalization and gelu, as networks have them one after the other.

Each is an operation of its own elsewhere. These two do the same with fewer passes over the arrays,
and stand beside their definitions: kernels give values and first derivatives, and higher ones
follow the definitions.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.contract import affine, matmul, turned
from tinydl.primitives.gelu import gelu
from tinydl.primitives.normalize import normalize, variance
from tinydl.primitives.reduce import mean
from tinydl.primitives.shape import concatenate, take

ROWS, MU, VARIANCE = [(slice(None), slice(*at)) for at in ((None, -2), (-2, -1), (-1, None))]
"""Where these are in the result of centred_affine."""


@Primitive
def centred_affine(w: Any, x: Any, b: Any) -> Any:
    """The rows of z = w x + b less their means μ and, in two more columns, μ and the variances."""
    if _is_complex(w, x, b):
        return _centred_affine(w, x, b)
    return xp(x).centred_affine(w, x, b)


@centred_affine.gradients("w", "x", "b")
def _(g: Any, w: Any, x: Any, y: Any, need: tuple[bool, ...]) -> tuple[Any, ...]:
    to_centred, to_mu, to_variance = [take(g, index=at) for at in (ROWS, MU, VARIANCE)]
    share = 1.0 / x.shape[1]
    dz = to_centred - mean(to_centred, axis=(1,)) + to_mu * share
    dz = dz + take(y, index=ROWS) * (to_variance * (2.0 * share))
    return (
        matmul(dz, turned(x)) if need[0] else None,
        matmul(turned(w), dz) if need[1] else None,
        to_mu if need[2] else None,  # the bias is a part of μ alone
    )


@centred_affine.definition
def _centred_affine(w: Any, x: Any, b: Any) -> Any:
    z = affine(w, x, b)
    mu = mean(z, axis=(1,))
    return concatenate(z - mu, mu, variance(z, mu, axis=(1,)), axis=1)


@Primitive.saving("slope")
def affine_normalize_gelu(
    w: Any, x: Any, centred: Any, scale: Any, offset: Any, *, epsilon: float, save: bool = False
) -> Any:
    """gelu(scale · (z − μ) / √(σ² + epsilon) + offset) for the rows of z = w x.

    centred is what centred_affine gives for w and x, worked out before. In the gradient w and x
    stand for it too: it gets none.
    """
    if _is_complex(w, x, scale, offset):
        return _affine_normalize_gelu(w, x, centred, scale, offset, epsilon=epsilon)
    return xp(x).normalize_gelu(centred, scale, offset, epsilon, save)


@affine_normalize_gelu.gradients("w", "x", "centred", "scale", "offset")
def _(
    g: Any, w: Any, x: Any, centred: Any, slope: Any, scale: Any, epsilon: float,
    need: tuple[bool, ...],
) -> tuple[Any, ...]:  # fmt: skip
    dz, to_scale, to_offset = xp(g).normalize_gelu_gradients(g, centred, slope, scale, epsilon)
    return (
        matmul(dz, turned(x)) if need[0] else None,
        matmul(turned(w), dz) if need[1] else None,
        None,
        to_scale,
        to_offset,
    )


@affine_normalize_gelu.definition
def _affine_normalize_gelu(
    w: Any, x: Any, centred: Any, scale: Any, offset: Any, *, epsilon: float
) -> Any:
    z = matmul(w, x)
    mu = mean(z, axis=(1,))
    return gelu(normalize(z, mu, variance(z, mu, axis=(1,)), scale, offset, epsilon=epsilon))


def _is_complex(*arrays: Any) -> bool:
    """Whether there is a complex array among them, for which there are no kernels."""
    return any([array.dtype.kind == "c" for array in arrays])
