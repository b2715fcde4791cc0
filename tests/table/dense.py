"""Row of a fully connected layer, batch normalization and gelu, as one operation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinydl.autodiff.record import plain
from tinydl.primitives import dense as d

from .row import Draw, Row


def packed(w: Any, x: Any, b: Any) -> Any:
    """Centred rows, and the means and variances of the rows, by loops."""
    rows = []
    for i in range(len(w)):
        z = [sum(w[i, k] * x[k, j] for k in range(len(x))) + b[i, 0] for j in range(x.shape[1])]
        mean = sum(z) / len(z)
        rows.append([*[v - mean for v in z], mean, sum((v - mean) ** 2 for v in z) / len(z)])
    return np.array(rows)


def activated(w: Any, x: Any, scale: Any, offset: Any) -> Any:
    """gelu of the centred rows over their deviations, by loops."""
    values = packed(w, x, np.zeros((len(w), 1)))
    y = np.empty((len(values), values.shape[1] - 2))
    for i, row in enumerate(values):
        for j in range(len(row) - 2):
            v = row[j] / math.sqrt(row[-1] + 0.01) * scale[i, 0] + offset[i, 0]
            y[i, j] = v / 2 * (1 + math.erf(v / math.sqrt(2)))
    return y


def spread(channels: int, n: int) -> Draw:
    """Weights of one input, which has values from −4 to 4, a scale and an offset."""

    def draw(rng: np.random.Generator) -> list[Any]:
        x = rng.permuted(np.linspace(-4.0, 4.0, n))[None]
        w = rng.uniform(0.8, 1.2, (channels, 1))
        return [w, x, *rng.standard_normal((2, channels, 1))]

    return draw


def whole(w: Any, x: Any, scale: Any, offset: Any) -> Any:
    """Both steps: the second takes what the first has worked out, and no gradient goes there."""
    centred = d.centred_affine(*map(plain, (w, x, w * 0.0)))
    return d.affine_normalize_gelu(w, x, centred, scale, offset, epsilon=0.01)


ROWS = [
    Row("affine_normalize_gelu", "affine_normalize_gelu", whole, spread(2, 5), radius=0.1,
        reference=activated, also=[spread(1, 3)]),
]  # fmt: skip
