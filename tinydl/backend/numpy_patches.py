"""Convolution of NumPy arrays by copies of the inputs under the window, its *patches*.

For a batch of one or a few images the positions are the better long side of a product: with the
patches side by side, a convolution is one product of two matrices for a block of rows of outputs.

The images become the second dimension of space for that, under a window of 1 there. Batches are
small, so that going over them in another order is cheap beside the patches themselves.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinydl.backend.windows import Shape, Slide, reach


def output_rows(x: Any, w: Any, y: Any, slide: Slide) -> None:
    """y[o] = Σᵢ wᵢᵀ x[under tap i at o], one product for all positions."""
    seen = patches(x, w.shape[:-2], y.shape[:-2], slide)
    w = w.reshape(-1, w.shape[-1])
    y[...] = (seen.reshape(-1, len(w)) @ w).reshape(y.shape)


def weights_of_rows(x: Any, d: Any, window: Shape, slide: Slide) -> Any:
    """wᵢ = Σ_o x[under tap i at o] d[o]ᵀ, one product for all positions."""
    seen = patches(x, window, d.shape[:-2], slide)
    return seen.reshape(-1, seen.shape[-2]).T @ d.reshape(-1, d.shape[-2])


def patches(x: Any, window: Shape, outputs: Shape, slide: Slide) -> Any:
    """The inputs under the window side by side, (*outputs, taps · C, B), with 0 for padding."""
    return tap_view(x, window, outputs, slide).reshape(*outputs, -1, x.shape[-1])


def tap_view(x: Any, window: Shape, outputs: Shape, slide: Slide) -> Any:
    """The inputs under the window, (*outputs, *window, C, B), with 0 for padding: a view."""
    needed, there, inside = reach(x.shape, window, outputs, slide)
    x = _with_padding(x, needed, there, inside)
    shape, steps = _tap_layout(x.shape, x.itemsize, window, outputs, slide)
    return np.ndarray(shape, x.dtype, x, 0, steps)


@functools.lru_cache(maxsize=2048)
def _tap_layout(
    shape: Shape, itemsize: int, window: Shape, outputs: Shape, slide: Slide
) -> tuple[Shape, Shape]:
    """The shape and the steps of that view, of positions in C order."""
    *steps, channel, image = distances(shape, itemsize)
    by_output = [step * stride for step, stride in zip(steps, slide.stride, strict=True)]
    by_tap = [step * dilation for step, dilation in zip(steps, slide.dilation, strict=True)]
    return (*outputs, *window, *shape[-2:]), (*by_output, *by_tap, channel, image)


def _with_padding(
    x: Any, needed: Shape, there: tuple[slice, ...], inside: tuple[slice, ...]
) -> Any:
    """Just the positions that the window comes over, in C order, as ``reach`` tells them."""
    if needed == tuple([part.stop - part.start for part in there]):
        return np.ascontiguousarray(x[there])
    padded = np.zeros((*needed, *x.shape[-2:]), x.dtype)
    padded[inside] = x[there]
    return padded


def distances(shape: Shape, itemsize: int) -> list[int]:
    """The distances in memory along each axis, in C order.

    An array's own strides say nothing about axes of length 1.
    """
    return [itemsize * math.prod(shape[i + 1 :]) for i in range(len(shape))]


# ---- the images become the second dimension of space ---------------------------------------------


def images_second(x: Any) -> Any:
    """(S, …, C, B) as (S, B, …, C, 1), in C order."""
    return np.ascontiguousarray(batch_second(x))[..., None]


def batch_second(x: Any) -> Any:
    """(S, …, C, B) as (S, B, …, C): a view."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


@functools.lru_cache(maxsize=2048)
def with_images(window: Shape, slide: Slide) -> tuple[Shape, Slide]:
    """The window and its slide with this dimension inserted."""
    stride, dilation, before = [(a[0], n, *a[1:]) for a, n in zip(slide, (1, 1, 0), strict=True)]
    return (window[0], 1, *window[1:]), Slide(stride, dilation, before)
