"""Rows of logarithms to other bases, the mantissa and real roots."""

from __future__ import annotations

import math

import numpy as np

from tinydl.primitives import logarithm as l

from .elementwise import away_from_zero, between, each, unary
from .row import Row


def root(n: float, **more: object) -> Row:
    """A row for one root, whose reference takes the sign out first."""
    reference = each(lambda x: math.copysign(math.pow(abs(x), 1.0 / n), x))
    domain = away_from_zero if n % 2 == 1 else between(0.5, 2.0)
    name = f"nthroot[{n}]"
    return unary(name, lambda x: l.nthroot(x, n=n), reference, None, domain, primitive="nthroot",
                 **more)  # fmt: skip


# A mantissa jumps at the powers of 2, from which these numbers keep away.
ROWS = [
    unary("log2", l.log2, each(math.log2), 0.25, between(0.5, 2.0)),
    unary("log10", l.log10, each(math.log10), 0.25, between(0.5, 2.0)),
    unary("mantissa", l.mantissa, each(lambda x: math.frexp(x)[0]), None, between(4.5, 7.5),
          special=[[np.array([-3.0, 0.75, 48.0, -2.5])]]),
    root(3.0),
    root(5.0),
    root(-3.0),
    root(2.0),
    root(1.0),
    root(2.5),
]  # fmt: skip
