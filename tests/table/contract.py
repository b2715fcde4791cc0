"""Rows of the matrix products. The reference is the sum over products, written as loops."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinydl.primitives import contract as c

from .row import Row, normal


def product(a: Any, b: Any) -> Any:
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, stack + a.shape[-2:])
    b = np.broadcast_to(b, stack + b.shape[-2:])
    y = np.zeros((*stack, a.shape[-2], b.shape[-1]))
    for *at, i, j in itertools.product(*map(range, y.shape)):
        for k in range(a.shape[-1]):
            y[(*at, i, j)] += a[(*at, i, k)] * b[(*at, k, j)]
    return y


ROWS = [
    Row(
        "matmul",
        "matmul",
        c.matmul,
        normal((2, 3), (3, 4)),
        reference=product,
        also=[normal((1, 3), (3, 1)), normal((0, 3), (3, 2)), normal((2, 0), (0, 3))],
        errors=[([np.ones((2, 3)), np.ones((2, 3))], ValueError, "mismatch")],
    ),
    Row(
        "matmul[stacks]",
        "matmul",
        c.matmul,
        normal((5, 2, 3), (5, 3, 4)),
        reference=product,
        also=[
            normal((1, 2, 3), (5, 3, 4)),
            normal((5, 2, 3), (1, 3, 1)),
            normal((2, 3), (5, 3, 4)),
        ],
    ),
    Row(
        "matmul[two stacks]",
        "matmul",
        c.matmul,
        normal((2, 1, 2, 3), (1, 3, 3, 2)),
        reference=product,
    ),
    Row("matmul[by itself]", "matmul", lambda x: c.matmul(x, x), normal((3, 3)),
        reference=lambda x: product(x, x)),
    Row("turned", "transpose", c.turned, normal((2, 3, 4)),
        reference=lambda x: np.einsum("...ij->...ji", x), also=[normal((2, 3))]),
]  # fmt: skip
