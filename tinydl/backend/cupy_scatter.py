"""Sums of the elements that go to the same place, for CuPy arrays."""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np

from tinydl.backend.kernels import index_type, real_type
from tinydl.backend.kernels import scatter as kernels
from tinydl.backend.numpy_scatter import names_columns

THREADS = 256


def scatter(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of the given shape with x added at index; an element named twice receives both."""
    if x.dtype.char in "fd" and x.size and names_columns(index, shape):
        return _add_columns(x, index[1], shape)
    total = cupy.zeros(shape, x.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all([isinstance(part, (slice, int)) or part is Ellipsis for part in parts]):
        total[index] = x
    else:
        cupy.add.at(total, index, x)
    return total


def _add_columns(x: Any, positions: Any, shape: tuple[int, ...]) -> Any:
    """Columns added up by their positions, in the order in which they stand, in double precision.

    Sorted positions bring together what one thread adds up: atomic additions would come in any
    order, and the sums would differ from run to run.
    """
    total = cupy.empty(shape, x.dtype)
    positions = (positions % shape[1]).astype(cupy.int64, copy=False)  # −1 is the last column
    order = cupy.argsort(positions)  # CuPy's is stable
    counts = index_type(total.size, x.size)
    number = np.int32 if counts == "int" else np.int64
    kernels.ADD_COLUMNS.launch(
        (-(-total.size // THREADS),), (THREADS,),
        (cupy.ascontiguousarray(x), positions[order], order.astype(cupy.int64, copy=False), total,
         *map(number, (*shape, positions.size))),
        real=real_type(x.dtype), index=counts,
    )  # fmt: skip
    return total


def put_along_axis(x: Any, index: Any, axis: int, length: int) -> Any:
    """Zeros with x written at index along axis: the adjoint of take_along_axis for one position."""
    shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
    inner = int(np.prod(x.shape[axis + 1 :]))
    return kernels.PUT_ALONG(x, index, length, inner, cupy.empty(shape, x.dtype))
