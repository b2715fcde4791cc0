"""Convolution of CuPy arrays, in any number of spatial dimensions, with both of its gradients.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

x is (*spatial, C, B), w is (*window, C / groups, K), y is (*outputs, K, B). The inputs under the
window, its *patches*, are copied side by side by one kernel; then the sum is a product of two
matrices for each group of channels. The gradient by x is gathered, not added up by many threads in
any order: it is the same bits each time.
"""

from __future__ import annotations

import math
from typing import Any

import cupy

from tinydl.backend.windows import Shape, Slide, by_phase, reach


def convolve(
    x: Any,
    w: Any,
    *,
    size: Shape,
    stride: Shape,
    dilation: Shape,
    before: Shape,
    groups: int = 1,
    bias: Any = None,
) -> Any:
    """The convolution y of x with w, plus a bias (K, 1); size is the spatial shape of y."""
    y = _correlate(x, w, size, Slide(stride, dilation, before), groups)
    if bias is not None:
        y += bias
    return y


def convolve_input_gradient(
    d: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> Any:
    """The gradient by x, from that by y, called d; size is the spatial shape of x.

    Inputs that have the same taps together are a convolution of d with stride 1, see ``phases``.
    """
    window, (channels, filters) = w.shape[:-2], w.shape[-2:]
    w = w.reshape(*window, channels, groups, filters // groups).swapaxes(-1, -3)
    w = w.reshape(*window, filters // groups, groups * channels)
    x = cupy.empty((*size, groups * channels, d.shape[-1]), cupy.result_type(d, w))
    for inputs, taps, slide in by_phase(size, window, Slide(stride, dilation, before)):
        part = x[inputs]
        part[...] = _correlate(d, w[taps], part.shape[:-2], slide, groups)
    return x


def convolve_weight_gradient(
    x: Any, d: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> Any:
    """The gradient by w, from that by y, called d: wᵢ = Σ_{o,b} x[o · stride + i …] d[o]ᵀ.

    size is the shape of the window.
    """
    patches = _patches(x, size, d.shape[:-2], Slide(stride, dilation, before), groups)
    filters, pixels = d.shape[-2], math.prod(d.shape[:-2]) * d.shape[-1]
    by_filter = cupy.moveaxis(d, -2, 0).reshape(groups, filters // groups, pixels)
    w = patches @ by_filter.swapaxes(-1, -2)
    return cupy.moveaxis(w, 0, 1).reshape(*size, x.shape[-2] // groups, filters)


def _correlate(x: Any, w: Any, outputs: Shape, slide: Slide, groups: int) -> Any:
    """Σᵢ wᵢᵀ x[o · stride + i · dilation − before] at each o of the outputs."""
    patches = _patches(x, w.shape[:-2], outputs, slide, groups)
    filters, images = w.shape[-1], x.shape[-1]
    by_group = w.reshape(patches.shape[1], groups, filters // groups).transpose(1, 2, 0)
    y = (by_group @ patches).reshape(filters, *outputs, images)
    return cupy.ascontiguousarray(cupy.moveaxis(y, 0, -2))


def _patches(x: Any, window: Shape, outputs: Shape, slide: Slide, groups: int) -> Any:
    """The inputs under the window, a matrix (taps · C, outputs · B) a group, with 0 for padding."""
    needed, there, inside = reach(x.shape, window, outputs, slide)
    channels, images = x.shape[-2:]
    padded = cupy.zeros((*needed, channels, images), x.dtype)
    padded[inside] = x[there]
    *steps, channel, image = padded.strides
    by_tap = [step * dilation for step, dilation in zip(steps, slide.dilation, strict=True)]
    by_output = [step * stride for step, stride in zip(steps, slide.stride, strict=True)]
    count = channels // groups
    view = cupy.lib.stride_tricks.as_strided(
        padded,
        (groups, *window, count, *outputs, images),
        (count * channel, *by_tap, channel, *by_output, image),
    )
    return view.reshape(groups, math.prod(window) * count, math.prod(outputs) * images)
