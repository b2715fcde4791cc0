"""Rows of rounding and remainders. The inputs keep away from the jumps between which they live."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinydl.primitives import steps as s

from .elementwise import BAD_SHAPES, each, unary
from .row import Draw, Row, apart


def remainder_inputs(sign: float, *shapes: tuple[int, ...]) -> Draw:
    """Dividends and divisors near ±2 whose quotients are no closer than 0.2 to a whole number."""

    def draw(rng: np.random.Generator) -> list[Any]:
        a = 2.0 * rng.integers(-2, 2, shapes[0]) + rng.uniform(0.7, 1.3, shapes[0])
        return [a, sign * rng.uniform(1.95, 2.05, shapes[1])]

    return draw


def remainder(name: str, call: Any, reference: Any, sign: float, primitive: str) -> Row:
    shapes = [((), (2, 3)), ((2, 3), ()), ((), ()), ((0, 3), (1, 3)), ((4, 2), (4, 2))]
    return Row(
        name,
        primitive,
        call,
        remainder_inputs(sign, (2, 3, 1), (1, 3, 4)),
        radius=None,
        reference=each(reference),
        also=[remainder_inputs(sign, *pair) for pair in shapes],
        errors=[BAD_SHAPES],
    )


def to_tenths(x: Any) -> Any:
    return s.round(x * 0.1, digits=1)


def to_tens(x: Any) -> Any:
    return s.round(x * 10.0, digits=-1)


ROWS = [
    unary("floor", s.floor, each(math.floor), None, apart),
    unary("ceil", s.ceil, each(math.ceil), None, apart),
    unary("fix", s.fix, each(math.trunc), None, apart),
    unary("round", s.round, each(round), None, apart),
    unary("round_to_tenths", to_tenths, each(lambda x: round(x / 10, 1)), None, apart,
          primitive=""),
    unary("round_to_tens", to_tens, each(lambda x: 10.0 * round(x)), None, apart,
          primitive=""),
    unary("imag", s.imag, np.zeros_like),
    remainder("mod", s.mod, lambda a, b: a - b * math.floor(a / b), 1.0, "mod"),
    remainder("mod_negative", s.mod, lambda a, b: a - b * math.floor(a / b), -1.0, "mod"),
    remainder("rem", s.rem, math.fmod, 1.0, "rem"),
    remainder("rem_negative", s.rem, math.fmod, -1.0, "rem"),
]  # fmt: skip
