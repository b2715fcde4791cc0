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
from tinydl.primitives.elementwise import power
from tinydl.primitives.gelu import gelu
from tinydl.primitives.normalize import variance
from tinydl.primitives.reduce import mean
from tinydl.primitives.shape import concatenate, take


@Primitive
def centred_affine(w: Any, x: Any, b: Any) -> Any:
    """The rows of z = w x + b less their means μ and, in two more columns, μ and the variances."""
    if _is_complex(w, x, b):
        return _centred_affine(w, x, b)
    return xp(x).centred_affine(w, x, b)


@centred_affine.gradients("w", "x", "b")
def _(g: Any, w: Any, x: Any, y: Any, need: tuple[bool, ...]) -> tuple[Any, ...]:
    dz = xp(g).centred_affine_gradient(g, y)
    return (
        matmul(dz, turned(x)) if need[0] else None,
        matmul(turned(w), dz) if need[1] else None,
        g[:, -2:-1] if need[2] else None,  # the bias is a part of μ alone
    )


@centred_affine.definition
def _centred_affine(w: Any, x: Any, b: Any) -> Any:
    z = affine(w, x, b)
    mu = mean(z, axis=(1,))
    return concatenate(z - mu, mu, variance(z, mu, axis=(1,)), axis=1)


@Primitive.saving("slope")
def normalize_gelu(
    packed: Any, scale: Any, offset: Any, *, epsilon: float, save: bool = False
) -> Any:
    """gelu(scale · (z − μ) / √(σ² + epsilon) + offset), for what centred_affine gives.

    In its gradient z − μ stands for the variance too, which is its mean square.
    """
    if _is_complex(packed, scale, offset):
        return _normalize_gelu(packed, scale, offset, epsilon=epsilon)
    return xp(packed).normalize_gelu(packed, scale, offset, epsilon, save)


@normalize_gelu.gradients("packed", "scale", "offset")
def _(g: Any, packed: Any, slope: Any, scale: Any, epsilon: float) -> tuple[Any, ...]:
    return xp(g).normalize_gelu_gradients(g, packed, slope, scale, epsilon)


@normalize_gelu.definition
def _normalize_gelu(packed: Any, scale: Any, offset: Any, *, epsilon: float) -> Any:
    centred = take(packed, index=(slice(None), slice(None, -2)))
    var = mean(centred * centred, axis=(1,))
    return gelu(centred * (scale * power(var + epsilon, p=-0.5)) + offset)


def _is_complex(*arrays: Any) -> bool:
    """Whether there is a complex array among them, for which there are no kernels."""
    return any([array.dtype.kind == "c" for array in arrays])
