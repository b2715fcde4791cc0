"""Rows of hyperbolic functions beside sinh, cosh and tanh; references by Python's math module."""

from __future__ import annotations

import math

import numpy as np

from tinydl.primitives import hyperbolic as h

from .elementwise import AT_ZERO, away_from_zero, between, each, unary

FAR = [[np.array([20.0, -20.0, 1.5])]]

ROWS = [
    unary("sech", h.sech, each(lambda x: 1.0 / math.cosh(x)), 0.5, special=[AT_ZERO, *FAR]),
    unary("csch", h.csch, each(lambda x: 1.0 / math.sinh(x)), 0.25, away_from_zero, special=FAR),
    unary("coth", h.coth, each(lambda x: 1.0 / math.tanh(x)), 0.25, away_from_zero, special=FAR),
    unary("asinh", h.asinh, each(math.asinh), 0.5, special=[AT_ZERO]),
    unary("acosh", h.acosh, each(math.acosh), 0.25, between(1.5, 4.0)),
    unary("atanh", h.atanh, each(math.atanh), 0.2, between(-0.5, 0.5), special=[AT_ZERO]),
    unary("asech", h.asech, each(lambda x: math.acosh(1.0 / x)), 0.125, between(0.25, 0.75)),
    unary("acsch", h.acsch, each(lambda x: math.asinh(1.0 / x)), 0.25, away_from_zero),
    unary("acoth", h.acoth, each(lambda x: math.atanh(1.0 / x)), 0.25, between(1.5, 4.0)),
    unary("acoth_negative", lambda x: h.acoth(-x), each(lambda x: math.atanh(-1.0 / x)), 0.25,
          between(1.5, 4.0), primitive=""),
]  # fmt: skip
