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


def pages(a: Any, b: Any) -> Any:
    """The product of pages, which are the last dimensions, number by number."""
    last = lambda x: np.moveaxis(x, (0, 1), (-2, -1))
    return np.moveaxis(product(last(a), last(b)), (-2, -1), (0, 1))


def blocks(a: Any, b: Any) -> Any:
    (m, n), (p, q) = a.shape, b.shape
    y = np.empty((m * p, n * q))
    for i, j, k, h in itertools.product(range(m), range(n), range(p), range(q)):
        y[i * p + k, j * q + h] = a[i, j] * b[k, h]
    return y


PAGES = [
    Row("page_by_page", "page_by_page", c.page_by_page, normal((2, 3, 5), (3, 4, 5)),
        reference=pages, also=[normal((2, 3, 2, 1), (3, 1, 1, 4)), normal((2, 3, 1), (3, 4, 5)),
                               normal((2, 3, 0), (3, 4, 0)), normal((2, 0, 3), (0, 4, 3))],
        errors=[([np.ones((2, 3, 4)), np.ones((2, 3, 4))], ValueError, "mismatch")]),
    *[Row(f"pagemtimes[{name}]", "", c.pagemtimes, draw, reference=pages, also=also)
      for name, draw, *also in (
          ("pages", normal((2, 3, 5), (3, 4, 5)), normal((2, 3, 2, 1), (3, 1, 1, 4))),
          ("one left", normal((2, 3, 1), (3, 4, 5)), normal((2, 3), (3, 4)),
           normal((1, 3, 1, 1), (3, 1, 2, 3)), normal((2, 3, 1), (3, 4, 0))),
          ("one right", normal((2, 3, 5), (3, 4, 1)), normal((2, 3, 2, 3), (3, 1, 1, 1)),
           normal((2, 0, 3), (0, 4, 1))))],
    Row("pages_turned", "transpose", c.pages_turned, normal((2, 3, 4)),
        reference=lambda x: np.einsum("ij...->ji...", x), also=[normal((2, 3))]),
    Row("kron", "", c.kron, normal((2, 3), (4, 2)), reference=blocks,
        also=[normal((1, 1), (2, 2)), normal((0, 2), (3, 1))]),
]  # fmt: skip

ROWS = [
    *PAGES,
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
    Row("affine", "affine", c.affine, normal((2, 3), (3, 4), (2, 1)),
        reference=lambda w, x, b: product(w, x) + b,
        also=[normal((1, 3), (3, 1), (1, 1)), normal((2, 0), (0, 3), (2, 1)),
              normal((2, 3), (3, 0), (2, 1))],
        errors=[([np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 1))], ValueError, "mismatch")]),
    Row("matmul[by itself]", "matmul", lambda x: c.matmul(x, x), normal((3, 3)),
        reference=lambda x: product(x, x)),
    Row("turned", "transpose", c.turned, normal((2, 3, 4)),
        reference=lambda x: np.einsum("...ij->...ji", x), also=[normal((2, 3))]),
]  # fmt: skip
