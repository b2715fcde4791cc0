"""Rows of NumPy arrays that are moved as wholes, when the order of the other axes changes.

NumPy copies an array with short rows row by row, which takes longer than what is in them. An item
of any size it moves at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def runs(x: Any) -> Any:
    """A view of x without its last axis, which lies in one piece: each row of it is one item."""
    return x.view(np.dtype((np.void, x.shape[-1] * x.itemsize)))[..., 0]


def have_runs(*arrays: Any) -> bool:
    """Whether these are arrays of NumPy whose rows lie in one piece, and are not empty."""
    for x in arrays:
        if not isinstance(x, np.ndarray) or x.size == 0 or x.strides[-1] != x.itemsize:
            return False
    return True
