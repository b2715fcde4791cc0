"""Memory for large arrays: where a line of the cache begins.

A vector of 64 bytes that lies across two lines takes as long as two vectors. NumPy's memory begins
at any multiple of 16 bytes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

LINE = 64
LARGE = 1 << 15
"""Bytes from which on it is worth the time of a second array."""


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """np.empty, at the beginning of a line if it is large; the array is a view then."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < LARGE:
        return np.empty(shape, dtype)
    room = np.empty(size + LINE, np.uint8)
    return np.ndarray(shape, dtype, room, -room.ctypes.data % LINE)
