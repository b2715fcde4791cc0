"""The row of the operation that brings its rule along."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.autodiff import plain, pull_back
from tinydl.primitives.elementwise import multiply
from tinydl.primitives.own_rule import own_rule

from .row import Row, normal


def own_product(x: Any, w: Any) -> Any:
    """x² w, whose rule is written on plain arrays."""
    a, b = plain(x), plain(w)
    return own_rule(
        x, w,
        result=a * a * b,
        backward=lambda g: (g * 2.0 * a * b, g * a * a),
        exact=lambda g, need: pull_back(
            lambda x, w: multiply(multiply(x, x), w), (x, w), g, need),
    )  # fmt: skip


def by_loops(x: Any, w: Any) -> Any:
    elements = [a * a * b for a, b in zip(x.ravel(), w.ravel(), strict=True)]
    return np.array(elements, x.dtype).reshape(x.shape)


ROWS = [
    Row("own_rule", "own_rule", own_product, normal((3, 4), (3, 4)), reference=by_loops,
        also=[normal((), ()), normal((0, 2), (0, 2))]),
]  # fmt: skip
