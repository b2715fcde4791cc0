"""Random numbers: one generator for the whole package.

It is the Mersenne twister of MATLAB's default stream. Uniform numbers are drawn as MATLAB draws
them and fill arrays in column-major order, so they are the same; normal numbers are NumPy's.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

_SEED_OF_ZERO = 5489  # what MATLAB's seed 0 stands for


class Generator:
    """A stream of random numbers that threads can share."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self.draws = 0  # how often numbers were drawn, or the position changed
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start the stream anew, from a whole number between 0 and 2³² − 1."""
        restarted = np.random.RandomState(_SEED_OF_ZERO if seed == 0 else seed)
        with self._lock:
            self._state = restarted
            self.draws += 1

    def uniform(self, shape: tuple[int, ...]) -> np.ndarray:
        """Numbers between 0 and 1, in double precision."""
        with self._lock:
            self.draws += 1
            return self._filled(self._state.random_sample, shape)

    def normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """Numbers of mean 0 and variance 1, in double precision. Not MATLAB's."""
        with self._lock:
            self.draws += 1
            return self._filled(self._state.standard_normal, shape)

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> np.ndarray:
        """Whole numbers from low to high, both included, as doubles."""
        return np.floor(self.uniform(shape) * (high - low + 1)) + low

    def permutation(self, n: int) -> np.ndarray:
        """The numbers 0 … n − 1 in random order."""
        return np.argsort(self.uniform((n,)), kind="stable")

    def getstate(self) -> dict[str, Any]:
        """The position in the stream, of plain values and one array."""
        with self._lock:
            return dict(self._state.get_state(legacy=False))

    def setstate(self, state: dict[str, Any]) -> None:
        """Continue from a position that getstate gave."""
        restored = np.random.RandomState()
        restored.set_state(state)
        with self._lock:
            self._state = restored
            self.draws += 1

    @staticmethod
    def _filled(draw: Any, shape: tuple[int, ...]) -> np.ndarray:
        """Column-major, in an array that lies in C order like all others."""
        return np.asarray(draw(math.prod(shape)).reshape(shape, order="F"), order="C")


generator = Generator()
"""The generator that rand, initial weights and dropout draw from."""
