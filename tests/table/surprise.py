"""Rows of what crossentropy adds up. The references add numbers one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinydl.primitives.surprise import surprise, total_surprise

from .row import Draw, Row, Shape

LEAST = 1e-3
SCALE = 0.7


def probabilities(*shape: int) -> Draw:
    """Predictions well between 0 and 1, and targets, two of which are 0 where there are many."""

    def draw(rng: np.random.Generator) -> list[Any]:
        targets = rng.uniform(-1.0, 1.0, shape)
        targets[..., :2] *= targets.size < 4
        return [rng.uniform(0.2, 0.9, shape), targets]

    return draw


def terms(p: Any, t: Any) -> Any:
    return np.array(
        [-b * math.log(max(a, LEAST)) for a, b in zip(p.ravel(), t.ravel(), strict=True)]
    ).reshape(p.shape)


def total(p: Any, t: Any) -> Any:
    return np.array(SCALE * math.fsum(terms(p, t).ravel()))


SHAPES: tuple[Shape, ...] = ((1,), (0, 3), (2, 3, 2))
BELOW = [np.array([-0.9, -0.5, 0.5]), np.array([1.0, 2.0, 0.0])]  # where the slope is 0

ROWS = [
    Row(name, name, call, probabilities(3, 5), radius=0.1, reference=reference,
        also=[probabilities(*shape) for shape in SHAPES], special=[BELOW])
    for name, call, reference in (
        ("surprise", lambda p, t: surprise(p, t, least=LEAST), terms),
        ("total_surprise", lambda p, t: total_surprise(p, t, least=LEAST, scale=SCALE), total),
    )
]  # fmt: skip
