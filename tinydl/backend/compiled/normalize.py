"""Batch normalization of a few images by the compiled functions of ``numba_normalize``.

The work on an array that is one block takes 5 to 100 µs. NumPy's calls on the numbers of the
channels alone would take as long, so each function of ``numpy_normalize`` is one call here.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend.compiled import kernels_for
from tinydl.backend.numpy_blocks import BLOCK

WIDE = 128
"""Places in a row: with fewer it takes as long to begin with a row as to work on it."""


def one_block(x: Any, channel: int, *others: Any) -> OneBlock | None:
    """The functions for an array, beside which lie others; None where they do not suit.

    It has pixels, and fits into the cache. Features and large arrays go through ``numpy_blocks``.
    """
    observations = math.prod(x.shape[channel + 1 :])
    places = x.shape[channel] * observations
    if x.nbytes > BLOCK or places == x.size:
        return None
    kernels = kernels_for("normalize", x.size, x, *others)
    if kernels is None:
        return None
    rows = x.size // places
    while places < WIDE and rows % 2 == 0:
        rows, places = rows // 2, 2 * places
    return OneBlock(kernels, (rows, places), observations)


class OneBlock(NamedTuple):
    """The functions for arrays of one shape, which are seen in rows of one or more pixels.

    They give what those of the same names in ``numpy_normalize`` give.
    """

    kernels: Any
    shape: tuple[int, int]
    observations: int

    def channel_moments(self, x: Any, keeping: tuple[int, ...]) -> Any:
        moments = np.empty((2, *keeping), x.dtype)
        self.kernels.channel_moments(self._rows(x), self.observations, _lines(moments))
        return moments

    def moved_moments(self, x: Any, mean: Any, variance: Any, decays: tuple[float, float]) -> Any:
        moments, olds = np.empty((4, *mean.shape), x.dtype), (mean.ravel(), variance.ravel())
        self.kernels.moved_moments(self._rows(x), self.observations, *olds, decays, _lines(moments))
        return moments

    def channel_normalize(
        self, x: Any, mean: Any, variance: Any, scale: Any, offset: Any, epsilon: float,
        is_relu: bool,
    ) -> Any:  # fmt: skip
        y = np.empty(self.shape, x.dtype)
        numbers = [v.ravel() for v in (mean, variance, scale, offset)]
        self.kernels.channel_normalize(
            self._rows(x), self.observations, *numbers, epsilon, is_relu, y
        )
        return y.reshape(x.shape)

    def channel_normalize_gradients(
        self, g: Any, x: Any, mean: Any, variance: Any, scale: Any, epsilon: float, y: Any
    ) -> tuple[Any, Any, Any]:
        dx, sums = np.empty(self.shape, x.dtype), np.empty((2, *mean.shape), x.dtype)
        arrays = [None if v is None else self._rows(v) for v in (g, x, y)]
        numbers = [v.ravel() for v in (mean, variance, scale)]
        self.kernels.channel_normalize_gradients(
            *arrays, self.observations, *numbers, epsilon, dx, _lines(sums)
        )
        return dx.reshape(x.shape), sums[0], sums[1]

    def _rows(self, x: Any) -> Any:
        return x.ravel().reshape(self.shape)


def _lines(numbers: Any) -> Any:
    """Several numbers for each channel, as a line for each of the several."""
    return numbers.reshape(len(numbers), -1)
