"""Rows of the gamma family and the relatives of erf.

References are Python's math module, and sums of series that use no special function.
"""

from __future__ import annotations

import math

import numpy as np

from tinydl.primitives import special as s

from .elementwise import AT_ZERO, between, each, unary


def psi(x: float, order: int) -> float:
    """ψ⁽ᵏ⁾ by ψ⁽ᵏ⁾(x) = ψ⁽ᵏ⁾(x + 1) − (−1)ᵏ k! x⁻ᵏ⁻¹ and the asymptotic series at x ≥ 30.

    Abramowitz and Stegun, 6.3.18 and 6.4.11, with the Bernoulli numbers 1/6, −1/30, 1/42, −1/30.
    """
    total = 0.0
    while x < 30:
        total -= (-1) ** order * math.factorial(order) / x ** (order + 1)
        x += 1
    if order == 0:
        tail = math.log(x) - 0.5 / x
    else:
        tail = math.factorial(order - 1) / x**order + math.factorial(order) / (2 * x ** (order + 1))
    for j, bernoulli in enumerate([1 / 6, -1 / 30, 1 / 42, -1 / 30], start=1):
        term = bernoulli * math.factorial(2 * j + order - 1) / math.factorial(2 * j)
        term /= x ** (2 * j + order)
        tail += -term if order == 0 else term
    return total + (tail if order == 0 else (-1) ** (order + 1) * tail)


def erfinv(y: float) -> float:
    """By halving an interval, of erfc where erf has no digits left."""
    low, high = 0.0, 6.0
    for _ in range(200):
        x = (low + high) / 2
        below = math.erfc(x) > 1 - abs(y) if abs(y) > 0.5 else math.erf(x) < abs(y)
        low, high = (x, high) if below else (low, x)
    return math.copysign(low, y)


POSITIVE = between(1.5, 3.0)

ROWS = [
    unary("gamma", s.gamma, each(math.gamma), 0.5, POSITIVE),
    unary("gamma_negative", lambda x: s.gamma(x - 3.0), each(lambda x: math.gamma(x - 3.0)), 0.125,
          between(1.25, 1.75), primitive=""),
    unary("gammaln", s.gammaln, each(math.lgamma), None, POSITIVE,
          special=[[np.array([100.0, 0.75, 1e3])]]),
    unary("polygamma[0]", s.polygamma, each(lambda x: psi(x, 0)), 0.5, POSITIVE,
          primitive="polygamma"),
    *[unary(f"polygamma[{k}]", lambda x, k=k: s.polygamma(x, order=k),
            each(lambda x, k=k: psi(x, k)), None, POSITIVE, primitive="polygamma")
      for k in (1, 2, 3)],
    unary("erfc", s.erfc, each(math.erfc), special=[AT_ZERO, [np.array([3.0, -6.0])]]),
    unary("erfinv", s.erfinv, each(erfinv), None, between(-0.75, 0.75), special=[AT_ZERO]),
]  # fmt: skip
