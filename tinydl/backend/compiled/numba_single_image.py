"""Convolution of a single image in compiled form, by Numba: filters lie along the vectors.

One image does not fill a vector. The rows of a tile are adjacent outputs along the last dimension
instead, and its vectors hold filters. The other dimensions are *lines*: near (lines of outputs,
taps) holds the line that lies under a tap, and −1 where that is outside. Along the last dimension
the image has 0 for padding, and the window moves by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.compiled.numba_convolve import fitting_size, longest_lanes
from tinydl.backend.compiled.numba_options import kernel
from tinydl.backend.compiled.numba_tiles import HEIGHTS, write_tile


@kernel
def line_tiles(
    x: Any, w: Any, least: Any, y: Any, near: Any, taps: int, dilation: int, first: int, end: int
) -> None:
    """Σ w · x over taps and channels, but no less than least, for some lines of y.

    x has a row of positions for each channel of a line, w a row of filters for each channel under a
    tap, and y one for each output. One more row is of ones in x, and of biases in w. There are so
    many taps along the last dimension.
    """
    columns, filters, outer = len(y) // len(near), w.shape[1], near.shape[1]
    channels, lanes = (len(w) - 1) // (outer * taps), longest_lanes(filters, x.itemsize)
    height, nothing = fitting_size(columns, HEIGHTS), np.zeros(columns, x.dtype)
    runs = np.empty((1 + outer * taps, 4), np.intp)
    for line in range(first, end):
        count = 0
        for i in range(outer * taps):
            place, tap = near[line, i // taps], i % taps
            if place >= 0:
                runs[count] = i * channels, place * channels, channels, tap * dilation
                count += 1
        runs[count] = len(w) - 1, len(x) - 1, 1, 0  # the bias comes last
        for column in range(0, columns, height):
            at = min(column, columns - height)
            row = line * columns + at
            for k in range(0, filters, lanes):
                f = min(k, filters - lanes)
                write_tile(height, 1, lanes, w, x, nothing, least, y, row, at, f, runs, count + 1)
