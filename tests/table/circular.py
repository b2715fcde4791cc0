"""Rows of circular functions beside sin, cos and tan; references by Python's math module."""

from __future__ import annotations

import math

from tinydl.primitives import circular as c

from .elementwise import AT_ZERO, BAD_LIST, away_from_zero, between, binary, each, unary

ROWS = [
    unary("sec", c.sec, each(lambda x: 1.0 / math.cos(x)), 0.25, between(-1.0, 1.0),
          special=[AT_ZERO], errors=[BAD_LIST]),
    unary("csc", c.csc, each(lambda x: 1.0 / math.sin(x)), 0.25, between(0.5, 2.5)),
    unary("cot", c.cot, each(lambda x: math.cos(x) / math.sin(x)), 0.25, between(0.5, 2.5)),
    unary("asec", c.asec, each(lambda x: math.acos(1.0 / x)), 0.25, between(1.5, 4.0)),
    unary("asec_negative", lambda x: c.asec(-x), each(lambda x: math.acos(-1.0 / x)), 0.25,
          between(1.5, 4.0), primitive=""),
    unary("acsc", c.acsc, each(lambda x: math.asin(1.0 / x)), 0.25, between(1.5, 4.0)),
    unary("acsc_negative", lambda x: c.acsc(-x), each(lambda x: math.asin(-1.0 / x)), 0.25,
          between(1.5, 4.0), primitive=""),
    unary("acot", c.acot, each(lambda x: math.atan(1.0 / x)), 0.25, away_from_zero),
    binary("hypot", c.hypot, each(math.hypot), None, away_from_zero),
    binary("atan2", c.atan2, each(math.atan2), None, away_from_zero),
    unary("atan2_of_number", lambda x: c.atan2(0.5, x), each(lambda x: math.atan2(0.5, x)), None,
          primitive="atan2", special=[AT_ZERO]),
]  # fmt: skip
