"""Fully connected, batch normalization and gelu, as networks have them one after the other.

Each is an operation of its own elsewhere. One operation does the same with fewer passes over the
arrays, and stands beside its definition: kernels give the value and the first derivatives, and
higher ones follow the definition. The statistics, which networks keep too, come before it.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.contract import affine, matmul, turned
from tinydl.primitives.gelu import gelu
from tinydl.primitives.normalize import normalize, variance
from tinydl.primitives.reduce import mean
from tinydl.primitives.shape import concatenate

MU, VARIANCE = [(slice(None), slice(*at)) for at in ((-2, -1), (-1, None))]
"""Where the statistics are in the result of centred_affine."""


def centred_affine(w: Any, x: Any, b: Any) -> Any:
    """The rows of z = w x + b less their means μ and, in two more columns, μ and the variances.

    It takes arrays that are not recorded: affine_normalize_gelu has the derivatives.
    """
    if not _is_complex(w, x, b):
        return xp(x).centred_affine(w, x, b)
    z = affine(w, x, b)
    mu = mean(z, axis=(1,))
    return concatenate(z - mu, mu, variance(z, mu, axis=(1,)), axis=1)


@Primitive.saving("slope")
def affine_normalize_gelu(
    w: Any, x: Any, centred: Any, scale: Any, offset: Any, *, epsilon: float, save: bool = False
) -> Any:
    """gelu(scale · (z − μ) / √(σ² + epsilon) + offset) for the rows of z = w x.

    centred is what centred_affine gives for w and x, and any bias, worked out before. In the
    gradient w and x stand for it too: it gets none.
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
