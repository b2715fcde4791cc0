"""Mean and variance of data that comes in parts, merged exactly.

The variances of parts cannot be averaged: what their means differ by is missing. Count, mean and
the sum of squared deviations can be merged, without cancellation. Chan, Golub and LeVeque,
"Updating formulae and a pairwise algorithm for computing sample variances", 1979.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.labels import dlarray
from tinydl.labels.classes import DOUBLE, to_class


class Moments(NamedTuple):
    """Statistics of some elements of each channel, in double precision, in the computer's memory.

    elements  how many elements each channel has
    mean      their mean μ
    squares   Σ (x − μ)²
    """

    elements: float
    mean: Any
    squares: Any

    @classmethod
    def of(cls, X: dlarray) -> Moments:
        """The moments of each channel of X, over all other dimensions."""
        x = to_class(plain(X._value), DOUBLE)
        axis = tuple([i for i, label in enumerate(X.dims) if label != "C"])
        count = math.prod([x.shape[i] for i in axis])
        mean = x.sum(axis=axis, keepdims=True) / max(count, 1)
        centred = x - mean
        squares = (centred * centred).sum(axis=axis)
        to_host = xp(x).to_host
        return cls(count, to_host(mean.reshape(squares.shape)), to_host(squares))

    def merged(self, other: Moments) -> Moments:
        """The moments of all elements of both."""
        count = self.elements + other.elements
        if not count:
            return self
        between = other.mean - self.mean
        return Moments(
            count,
            self.mean + between * (other.elements / count),
            self.squares + other.squares + between**2 * (self.elements * other.elements / count),
        )

    @property
    def variance(self) -> Any:
        """σ², divided by the number of elements, as batch normalization does."""
        return self.squares / self.elements
