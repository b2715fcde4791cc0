"""Rows of a fully connected layer, batch normalization and gelu in two fused steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinydl.primitives import dense as d
from tinydl.primitives.reduce import mean
from tinydl.primitives.shape import concatenate, take

from .row import Draw, Row, normal


def packed(w: Any, x: Any, b: Any) -> Any:
    """Centred rows, and the means and variances of the rows, by loops."""
    rows = []
    for i in range(len(w)):
        z = [sum(w[i, k] * x[k, j] for k in range(len(x))) + b[i, 0] for j in range(x.shape[1])]
        mean = sum(z) / len(z)
        rows.append([*[v - mean for v in z], mean, sum((v - mean) ** 2 for v in z) / len(z)])
    return np.array(rows)


def with_moments(z: Any) -> Any:
    """Centred rows with two more columns, of which the last is what it is by definition."""
    z = z - z.sum(axis=1, keepdims=True) / z.shape[1]
    squares = (z * z).sum(axis=1, keepdims=True) / z.shape[1]
    return np.concatenate([z, squares * 0.0 + 3.0, squares], axis=1)


def activated(values: Any, scale: Any, offset: Any) -> Any:
    y = np.empty((len(values), values.shape[1] - 2))
    for i, row in enumerate(values):
        for j in range(len(row) - 2):
            v = row[j] / math.sqrt(row[-1] + 0.01) * scale[i, 0] + offset[i, 0]
            y[i, j] = v / 2 * (1 + math.erf(v / math.sqrt(2)))
    return y


def spread(channels: int, n: int) -> Draw:
    """z with its moments, a scale and an offset."""

    def draw(rng: np.random.Generator) -> list[Any]:
        z = rng.permuted(np.broadcast_to(np.linspace(-4.0, 4.0, n), (channels, n)), axis=1)
        return [with_moments(z), *rng.standard_normal((2, channels, 1))]

    return draw


def from_centred(values: Any, scale: Any, offset: Any) -> Any:
    """normalize_gelu as a function of the rows alone, with which their mean square goes along."""
    z = take(values, index=(slice(None), slice(None, -2)))
    whole = concatenate(z, take(values, index=(slice(None), slice(-2, -1))),
                        mean(z * z, axis=(1,)), axis=1)  # fmt: skip
    return d.normalize_gelu(whole, scale, offset, epsilon=0.01)


ROWS = [
    Row("centred_affine", "centred_affine", d.centred_affine, normal((3, 2), (2, 5), (3, 1)),
        reference=packed, also=[normal((1, 1), (1, 2), (1, 1)), normal((2, 3), (3, 1), (2, 1))]),
    Row("normalize_gelu", "normalize_gelu", from_centred, spread(2, 5), radius=0.1,
        reference=activated, also=[spread(1, 3)]),
]  # fmt: skip
