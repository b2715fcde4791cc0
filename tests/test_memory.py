"""Where arrays begin in memory."""

from __future__ import annotations

import numpy as np
import pytest

from tinydl.backend.memory import LARGE, LINE, empty


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("bytes_more", [0, 16, 48])
def test_large_arrays_begin_at_a_line(kind: type, bytes_more: int) -> None:
    shape = (2, LARGE // 2 // np.dtype(kind).itemsize, 1 + bytes_more)
    x = empty(shape, kind)
    assert x.shape == shape and x.dtype == kind and x.flags.c_contiguous and x.flags.writeable
    assert x.ctypes.data % LINE == 0
    x[...] = 1  # all of it is there
    assert x.sum() == x.size if kind != np.uint8 else np.all(x == 1)


def test_small_arrays_are_plain() -> None:
    assert empty((2, 3), np.float32).base is None and empty((0, 3), float).shape == (0, 3)
