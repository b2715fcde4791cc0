"""Convolution of a single image by the compiled tiles of ``numba_single_image``.

    y[o, k] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c]

Arrays are those of ``numpy_groups``, with one group and one image. Lines are what lies along the
last dimension, where the window moves by one; tables as in ``compiled.convolve`` tell which line
lies under which. The image is copied once, with its positions along a line side by side and 0 for
padding. The gradient by the inputs is a convolution of that by the outputs, as there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinydl.backend.compiled import kernels_for
from tinydl.backend.compiled.convolve import TERMS, in_rows, in_rows_back
from tinydl.backend.compiled.windows import Sight
from tinydl.backend.threads import par
from tinydl.backend.windows import Shape, Slide

CHANNELS = 48
"""With more of them a product of the patches is as fast."""


def single_image_for(
    sight: Sight, groups: int, filters: int, size: Shape, x: Any, w: Any
) -> SingleImage | None:
    """The tiles for an image x and weights w; None where another form is to be used.

    filters is how many channels the result has, and size its shape in space.
    """
    if x.shape[-1] != 1 or groups > 1 or not size or sight.slide.stride[-1] > 1:
        return None
    if x.shape[-2] > CHANNELS or not x.size:
        return None
    kernels = kernels_for("single image", math.prod(size) * w.size // TERMS, x, w)
    if kernels is None or size[-1] < kernels.HEIGHTS[-1]:
        return None
    return SingleImage(kernels, sight) if kernels.lanes_for(filters, x.itemsize) else None


class SingleImage:
    """Convolution of one image for one geometry.

    The functions give what those of the same names in ``numpy_groups`` give.
    """

    def __init__(self, kernels: Any, sight: Sight) -> None:
        self.kernels, self.sight = kernels, sight
        inputs, window, outputs, slide = sight
        self.lines = Sight(inputs[:-1], window[:-1], outputs[:-1], Slide(*[n[:-1] for n in slide]))
        self.taps, self.dilation = window[-1], slide.dilation[-1]
        self.before, self.reach = slide.before[-1], (self.taps - 1) * self.dilation

    def convolve(self, x: Any, w: Any, bias: Any, is_relu: bool) -> Any:
        w = w.reshape(-1, w.shape[-1])
        plus = np.zeros(w.shape[1]) if bias is None else bias[:, 0]
        near = in_rows(self.lines)
        return self._correlate(x, w, plus, is_relu, self.sight.outputs, near, self.before)

    def convolve_input_gradient(self, d: Any, w: Any) -> Any:
        channels, filters = w.shape[-2:]
        w = w.reshape(-1, channels, filters)[::-1].swapaxes(1, 2).reshape(-1, channels)
        near, before = in_rows_back(self.lines), self.reach - self.before
        return self._correlate(d, w, np.zeros(channels), False, self.sight.inputs, near, before)

    def _correlate(
        self, x: Any, w: Any, plus: Any, is_relu: bool, size: Shape, near: Any, before: int
    ) -> Any:
        """The convolution along a table; before is how far the first window is outside a line."""
        y = np.empty((math.prod(size), w.shape[1]), x.dtype)
        rows = _channels_of_lines(x, size[-1] + self.reach, before)
        weights = np.empty((len(w) + 1, w.shape[1]), x.dtype)
        weights[:-1], weights[-1] = w, plus
        least = x.dtype.type(0.0 if is_relu else -np.inf)

        def lines(first: int, end: int) -> None:
            self.kernels.line_tiles(
                rows, weights, least, y, near, self.taps, self.dilation, first, end
            )

        par(len(near), lines, work=y.size * (1 + len(w) // TERMS))
        return y.reshape(*size, -1, 1)


def _channels_of_lines(x: Any, width: int, before: int) -> Any:
    """An image as (lines · channels, positions along a line), and a row of ones.

    A line has a width, and begins so many positions before that of x. There is 0 outside.
    """
    *_, columns, channels, _ = x.shape
    rows = np.zeros((x.size // columns + 1, width), x.dtype)
    first, end = max(0, -before), min(columns, width - before)
    by_channel = x.reshape(-1, columns, channels).swapaxes(1, 2)[..., first:end]
    rows[:-1].reshape(-1, channels, width)[..., first + before : end + before] = by_channel
    rows[-1] = 1.0
    return rows
