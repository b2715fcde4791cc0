"""Convolution over three dimensions of space, for few images: products with long rows all the same.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

o and i have three parts each. A product for each position would have B columns, and volumes come in
small batches. So the last dimension of space joins the images, S · B columns, and the window is
taken apart, each of its dimensions in a way that copies little:

* first: the inputs under its taps become further channels. That copy has long runs.
* second: the channels under adjacent taps lie side by side in a *view* of that copy.
* third: it stays out of the products. Each tap j has filters of its own, and what these give at
  all positions along the last dimension is added up with a shift:

    z[j, k, s, b] = Σ_{h, i, c} w[h, i, j, c, k] · x[…, s − before, c, b]
    y[o, k, b] = Σⱼ z[j, k, o · stride + j · dilation, b]

The functions work on a block of rows of y, as those of numpy_convolve do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinydl.backend.numpy_runs import runs
from tinydl.backend.windows import Shape, Slide, inputs_of, reach, tap_by_tap

OUTPUTS, WEIGHTS = 480, 800
"""So many numbers may lie at a position, in x and y together, for this to be the faster way."""

FEWEST = 4
"""Channels below which the copies of numpy_convolve, which hold the whole window, are better."""


def suits_outputs(x: Any, window: Shape, y: Shape, slide: Slide) -> bool:
    """Whether this is the faster way to the result of a convolution, of shape y."""
    return x.shape[-2] >= FEWEST and _suits(x, window, y, slide, OUTPUTS)


def suits_weights(x: Any, window: Shape, y: Shape, slide: Slide) -> bool:
    """The same for the gradient by the weights; y is the shape of the gradient by the result."""
    return _suits(x, window, y, slide, WEIGHTS)


def _suits(x: Any, window: Shape, y: Shape, slide: Slide, most: int) -> bool:
    """Whether products for each position would be small, and few columns here are no output's."""
    *outputs, filters, images = y
    if len(window) != 3 or window[-1] == 1 or images * (x.shape[-2] + filters) > most:
        return False
    needed, _, _ = reach(x.shape, window, tuple(outputs), slide)
    return needed[-1] <= 2 * outputs[-1]


def room(x: Any, window: Shape, y: Shape, slide: Slide) -> int:
    """How many bytes are written on the way to all rows of outputs, whose shape is y."""
    *outputs, filters, _ = y
    needed, _, _ = reach(x.shape, window, tuple(outputs), slide)
    rows = window[0] * x.shape[-2] + window[-1] * filters
    return x.itemsize * outputs[0] * outputs[1] * rows * needed[-1] * x.shape[-1]


def by_last_tap(w: Any) -> Any:
    """The weights (*window, C, K) as output_rows takes them: (taps₃, K, taps₂, taps₁, C)."""
    return np.ascontiguousarray(w.transpose(2, 4, 1, 0, 3))


def output_rows(x: Any, w: Any, y: Any, slide: Slide) -> None:
    """Fill rows y of outputs, from the weights as by_last_tap gives them."""
    last, filters, second, first, _ = w.shape
    outputs, images = y.shape[:3], x.shape[-1]
    seen = _seen(x, (first, second, last), outputs, slide)
    z = np.matmul(w.reshape(last * filters, -1), seen)
    z = z.reshape(*outputs[:2], last, filters, -1, images)
    stride, dilation = slide.stride[-1], slide.dilation[-1]
    end = (outputs[-1] - 1) * stride + 1
    shifted = [z[:, :, j, :, j * dilation : j * dilation + end : stride] for j in range(last)]
    total = shifted[0] + shifted[1]
    for others in shifted[2:]:
        total += others
    runs(y)[...] = runs(total).swapaxes(-1, -2)


def weights_of_rows(x: Any, d: Any, window: Shape, slide: Slide) -> Any:
    """What rows d of the gradient by y give to that by w: (*window, C, K)."""
    outputs, (filters, images) = d.shape[:3], d.shape[3:]
    first, second, last = window
    stride, dilation = slide.stride[-1], slide.dilation[-1]
    seen = _seen(x, window, outputs, slide)
    apart = np.zeros((*outputs[:2], (outputs[-1] - 1) * stride + 1, images, filters), d.dtype)
    apart[:, :, ::stride] = d.swapaxes(-1, -2)
    apart = apart.reshape(*outputs[:2], -1, filters)
    w = np.empty((second, first, x.shape[-2], last, filters), d.dtype)
    ones = np.ones(math.prod(outputs[:2]), d.dtype)
    for j in range(last):
        at = j * dilation * images
        each = np.matmul(seen[..., at : at + apart.shape[-2]], apart)
        w[..., j, :] = (ones @ each.reshape(len(ones), -1)).reshape(w[..., j, :].shape)
    return w.transpose(1, 0, 3, 2, 4)


def _seen(x: Any, window: Shape, outputs: Shape, slide: Slide) -> Any:
    """The inputs under the window's first two dimensions, (*outputs₁₂, taps₂ · taps₁ · C, S · B).

    S counts the positions that the window comes over in the last dimension, padding among them.
    """
    (first, second, _), (stride, dilation) = window, (slide.stride[1], slide.dilation[1])
    needed, there, inside = reach(x.shape, window, outputs, slide)
    channels, images = x.shape[-2:]
    beside = np.zeros((outputs[0], needed[1], first, channels, needed[2], images), x.dtype)
    into, source = runs(beside), runs(x)
    line = [n[0] for n in (x.shape, window, outputs, *slide)]
    for part in tap_by_tap(*line):
        under = source[(inputs_of(part, slide.stride[0]), *there[1:])]
        into[part.outputs, inside[1], part.taps.start, :, inside[2]] = under.swapaxes(-1, -2)
    row, position, _, channel, *_ = beside.strides
    shape = (*outputs[:2], second, first * channels, needed[2] * images)
    steps = (row, stride * position, dilation * position, channel, x.itemsize)
    return np.ndarray(shape, x.dtype, beside, 0, steps).reshape(*outputs[:2], -1, shape[-1])
