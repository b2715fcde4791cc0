"""Convolution of CuPy arrays, in any number of spatial dimensions, with both of its gradients.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

x is (*spatial, C, B), w is (*window, C, K), y is (*outputs, K, B). The inputs under the window, its
*patches*, are copied side by side by one kernel; then the sum is one product of two matrices. The
gradient by x is gathered, not added up by many threads in any order: it is the same bits each time.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import cupy

from tinydl.backend.windows import Shape, Slide, phases, reach


def convolve(x: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape) -> Any:
    """The convolution y of x with w; size is the spatial shape of y."""
    return _correlate(x, w, size, Slide(stride, dilation, before))


def convolve_input_gradient(
    d: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape
) -> Any:
    """The gradient by x, from that by y, called d; size is the spatial shape of x.

    Inputs that have the same taps together are a convolution of d with stride 1, see ``phases``.
    """
    x = cupy.empty((*size, w.shape[-2], d.shape[-1]), cupy.result_type(d, w))
    lines = zip(size, w.shape, stride, dilation, before, strict=False)
    for found in itertools.product(*[phases(*line) for line in lines]):
        inputs, taps, apart, shift = zip(*found, strict=True)
        slide = Slide((1,) * len(size), apart, shift)
        part = x[inputs]
        part[...] = _correlate(d, w[taps].swapaxes(-1, -2), part.shape[:-2], slide)
    return x


def convolve_weight_gradient(
    x: Any, d: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape
) -> Any:
    """The gradient by w, from that by y, called d: wᵢ = Σ_{o,b} x[o · stride + i …] d[o]ᵀ.

    size is the shape of the window.
    """
    patches = _patches(x, size, d.shape[:-2], Slide(stride, dilation, before))
    filters = d.shape[-2]
    by_filter = cupy.moveaxis(d, -2, 0).reshape(filters, math.prod(d.shape[:-2]) * d.shape[-1])
    return (patches @ by_filter.T).reshape(*size, x.shape[-2], filters)


def _correlate(x: Any, w: Any, outputs: Shape, slide: Slide) -> Any:
    """Σᵢ wᵢᵀ x[o · stride + i · dilation − before] at each o of the outputs, as one product."""
    patches = _patches(x, w.shape[:-2], outputs, slide)
    filters = w.shape[-1]
    y = w.reshape(len(patches), filters).T @ patches
    return cupy.ascontiguousarray(cupy.moveaxis(y.reshape(filters, *outputs, x.shape[-1]), 0, -2))


def _patches(x: Any, window: Shape, outputs: Shape, slide: Slide) -> Any:
    """The inputs under the window, a matrix (taps · C, outputs · B), with 0 for padding."""
    needed, there, inside = reach(x.shape, window, outputs, slide)
    channels, images = x.shape[-2:]
    padded = cupy.zeros((*needed, channels, images), x.dtype)
    padded[inside] = x[there]
    *steps, channel, image = padded.strides
    by_tap = [step * dilation for step, dilation in zip(steps, slide.dilation, strict=True)]
    by_output = [step * stride for step, stride in zip(steps, slide.stride, strict=True)]
    view = cupy.lib.stride_tricks.as_strided(
        padded, (*window, channels, *outputs, images), (*by_tap, channel, *by_output, image)
    )
    return view.reshape(math.prod(window) * channels, math.prod(outputs) * images)
