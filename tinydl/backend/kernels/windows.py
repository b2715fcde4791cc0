"""What the kernels for windows that slide over arrays share.

Arrays are (*spatial, …) with three spatial dimensions, the leading ones of size 1 where there are
fewer. At output o, tap t of a window lies on the input at o · stride + t · dilation − before.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinydl.backend.windows import Shape, Slide

DIMENSIONS = 3
THREADS = 256
BLOCKS = 1024
"""Enough to keep all processors of a GPU busy; with more work, each block does more."""
MOST_BLOCKS = 1 << 16

GEOMETRY = """
struct Window { int size[3], taps[3], outputs[3], stride[3], dilation[3], before[3]; };

// The output at which a tap lies on position h of the input, inside of all outputs or not; −1 if
// it lies there at none.
__device__ int output_over(const Window &w, int k, int h, int tap) {
    int distance = h + w.before[k] - tap * w.dilation[k];
    return distance % w.stride[k] == 0 ? distance / w.stride[k] : -1;
}

// Take the number of a position apart, the last dimension running fastest.
__device__ void position(index number, const int *sizes, int *at) {
    for (int k = 2; k >= 0; --k) { at[k] = number % sizes[k]; number /= sizes[k]; }
}

__device__ index number(const int *at, const int *sizes) {
    return ((index)at[0] * sizes[1] + at[1]) * sizes[2] + at[2];
}

__device__ bool is_inside(const int *at, const int *sizes) {
    for (int k = 0; k < 3; ++k)
        if (at[k] < 0 || at[k] >= sizes[k]) return false;
    return true;
}
"""

_NAMES = ("size", "taps", "outputs", "stride", "dilation", "before")
_WINDOW = np.dtype([(name, np.int32, DIMENSIONS) for name in _NAMES])


@functools.lru_cache(maxsize=2048)
def window(size: Shape, taps: Shape, outputs: Shape, slide: Slide) -> Any:
    """A window as the kernels take it, with dimensions of size 1 before the others.

    Raises ValueError for more than three spatial dimensions.
    """
    missing = DIMENSIONS - len(size)
    if missing < 0:
        raise ValueError(
            f"windows over {len(size)} spatial dimensions do not run on a GPU, only up to "
            f"{DIMENSIONS}; bring the arrays into the computer's memory with gather"
        )
    ones, none = (1,) * missing, (0,) * missing
    rows = (ones + size, ones + taps, ones + outputs,
            ones + slide.stride, ones + slide.dilation, none + slide.before)  # fmt: skip
    return np.array(rows, _WINDOW)


def grid(elements: int) -> tuple[int, ...]:
    """Blocks for a kernel in which each thread takes single elements."""
    return (min(-(-elements // THREADS), MOST_BLOCKS),)


def grid_of_rows(columns: int, rows: int) -> tuple[int, ...]:
    """Blocks for a kernel in which each thread keeps to its columns and goes through rows."""
    across = min(-(-columns // THREADS), MOST_BLOCKS)
    return (across, min(rows, max(1, -(-BLOCKS // across))))
