"""The true derivatives along a direction, by whichever oracle fits, with a bound for their error.

Where f takes complex numbers and is analytic, its values on a circle around the point give every
order. The circle shrinks until no kink or singularity lies in it. Elsewhere there are differences,
whose step shrinks until their error is least.

Both need to know how f rounds. Its size times ε is the least that can be; f is also evaluated at
points so close to each other that it is straight between them, and what is left in third
differences there is rounding.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend import computing
from tinydl.testing.oracle import (
    MARGIN,
    Operation,
    difference_derivative,
    engine_derivatives,
    moved,
)

POINTS = 32
"""On the circle. The orders from 17 to 31 have to be rounding: they say that it is small enough."""

RADII = [2.0**-k for k in range(1, 18, 2)]
STEPS = [2.0**-k for k in range(5, 18, 3)]
CLOSE = 2.0**-40
"""Between points at which f is evaluated to see how it rounds."""

Direction = Sequence[Any]
"""For each input an array, or None if it is held."""


class Truth(NamedTuple):
    """A derivative, a bound for its error, the size of what it was found from, and how."""

    value: float
    bound: float
    size: float
    oracle: str


class Oracle:
    """The derivatives of Σ w · op(x + t v) by t, at t = 0, for any directions v.

    op takes arrays in the computer's own memory, of class double. v should be no larger than x:
    the first circle has the radius 1/2.
    """

    def __init__(self, op: Operation, xs: Sequence[Any], w: Any) -> None:
        self.op, self.xs, self.w = op, list(xs), w
        y = op(*xs)
        self.eps = float(np.finfo(y.dtype).eps)
        self.size = float(np.sum(np.abs(w * y)))
        self.value = float(np.sum(w * y))

    def at(self, vs: Direction, t: float) -> float:
        """Σ w · op(x + t v)."""
        return float(np.sum(self.w * self.op(*moved(self.xs, vs, t))))

    def derivatives(self, vs: Direction, orders: int, circles: bool = True) -> list[Truth]:
        """Those of orders 1 to `orders` along a direction. circles=False tries no circle."""
        noise = self.noise(vs)
        found = self._on_circles(vs, orders, noise) if circles else None
        if found is None:
            return [self._by_differences(vs, k, noise) for k in range(1, orders + 1)]
        for k, truth in enumerate(found, start=1):
            if not self.is_settled(truth):  # the circle is too small for this order
                other = self._by_differences(vs, k, noise)
                found[k - 1] = min(truth, other, key=lambda truth: truth.bound)
        return found

    def mixed(self, vs: Direction, es: Direction, order: int, circles: bool = True) -> Truth:
        """The derivative along v of order − 1, and along e once.

        The derivative of this order along v + s e is a polynomial of s, whose linear coefficient is
        that many times the mixed one. A few s give it.
        """
        if order == 1:
            return self.derivatives(es, 1, circles)[0]
        nodes = np.arange(order + 1.0) - order // 2
        weights = np.linalg.inv(np.vander(nodes, increasing=True))[1] / order
        terms = [(weight, self.derivatives(_sum(vs, es, s), order, circles)[-1])
                 for weight, s in zip(weights, nodes, strict=True) if weight]  # fmt: skip
        value = sum(weight * truth.value for weight, truth in terms)
        bound = sum(abs(weight) * truth.bound for weight, truth in terms)
        return Truth(float(value), float(bound), *terms[0][1][2:])

    def noise(self, vs: Direction) -> float:
        """How far f is off by rounding, in the neighbourhood of the point."""
        values = [self.at(vs, CLOSE * k) for k in range(8)]
        thirds = np.diff(values, 3)  # of independent errors, √20 times one of them
        return max(self.eps * self.size, float(np.sqrt(np.mean(thirds**2) / 20)))

    # ---- Cauchy's integral formula --------------------------------------------------------------

    def _on_circles(self, vs: Direction, orders: int, noise: float) -> list[Truth] | None:
        """None if f does not take complex numbers, or is analytic in no circle."""
        for radius in RADII:
            coefficients, size = self._power_series(vs, radius)
            rounding = max(self.eps * size, noise)
            rest = np.abs(coefficients[POINTS // 2 + 1 :]).max(initial=0.0)
            rest = max(rest, abs(coefficients[0] - self.value))
            if rest <= MARGIN * rounding:  # also false for NaN
                factors = [math.factorial(k) / radius**k for k in range(orders + 1)]
                return [
                    Truth(factors[k] * float(coefficients[k].real),
                          factors[k] * max(rounding, float(rest)), size, "contour")
                    for k in range(1, orders + 1)
                ]  # fmt: skip
        return None

    def _power_series(self, vs: Direction, radius: float) -> tuple[Any, float]:
        """The coefficients of f(r z) in powers of z, and the size of f on the circle."""
        z = np.exp(2j * np.pi * np.arange(POINTS) / POINTS)
        try:
            with warnings.catch_warnings(), computing():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                terms = [self.w * self.op(*moved(self.xs, vs, radius * t)) for t in z]
        except Exception:  # whatever f says to complex numbers: it takes real ones
            return np.full(POINTS, np.nan), np.nan
        values = [np.sum(term) for term in terms]
        size = max(float(np.sum(np.abs(term))) for term in terms)
        return np.fft.fft(values) / POINTS, size

    # ---- differences ----------------------------------------------------------------------------

    def _by_differences(self, vs: Direction, order: int, noise: float) -> Truth:
        """Those of the step whose error is least."""
        find = functools.partial(difference_derivative, self.op, self.xs, vs, self.w, order)
        size = max(self.size, abs(self.at(vs, STEPS[0])))  # f may be 0 at the point itself
        if order > 1:  # it is a difference of derivatives
            size += engine_derivatives(self.op, self.xs, vs, self.w, order - 1)[-1].magnitude
        found = [(find(step=step), step) for step in STEPS]
        tried = [Truth(value, bound + 6 * noise / step, size, "differences")
                 for (value, bound), step in found]  # fmt: skip
        return min(tried, key=lambda truth: truth.bound if truth.bound >= 0 else np.inf)

    def is_settled(self, truth: Truth) -> bool:
        """Whether half of the digits are known, as they are if f is smooth close to the point."""
        return truth.bound <= math.sqrt(self.eps) * (truth.size + abs(truth.value))


def _sum(vs: Direction, es: Direction, s: float) -> list[Any]:
    """v + s e."""
    return [e if v is None else v if e is None else v + s * e
            for v, e in zip(vs, es, strict=True)]  # fmt: skip
