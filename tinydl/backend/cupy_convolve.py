"""Convolution of CuPy arrays, in up to three spatial dimensions, with both of its gradients.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

x is (*spatial, C, B), w is (*window, C / groups, K), y is (*outputs, K, B). The inputs under the
window, its *patches*, are copied side by side by one kernel; then the sum is one product of two
matrices, or of two for each group of channels at once. Its columns are the outputs of all images.
Patches that would take more than LIMIT bytes are made and used in pieces, some columns at a time.

The gradient by x is gathered, not added up by many threads in any order: it is the same bits each
time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import cupy

from tinydl.backend.kernels import index_type, real_type, windows
from tinydl.backend.kernels import patches as kernels
from tinydl.backend.windows import Shape, Slide

LIMIT = 1 << 28
"""Bytes of patches at a time."""


class _Sizes(NamedTuple):
    """What all three functions work with: the window, and the sizes of its matrices."""

    window: Any
    taps: int
    channels: int
    filters: int
    images: int
    groups: int
    columns: int
    counter: str  # the type of an index

    def pieces(self, itemsize: int) -> Iterator[tuple[int, int]]:
        """The first column and the number of columns of each piece."""
        rows = self.taps * self.channels
        step = max(1, min(self.columns, LIMIT // max(1, rows * itemsize)))
        for first in range(0, self.columns, step):
            yield first, min(step, self.columns - first)

    def typed(self, *numbers: int) -> tuple[Any, ...]:
        """Numbers that count columns, as the kernels take them."""
        kind = cupy.int32 if self.counter == "int" else cupy.int64
        return tuple([kind(number) for number in numbers])

    def by_group(self, w: Any) -> Any:
        """The weights as (taps · C, K), or a matrix (taps · C / groups, K / groups) a group."""
        if self.groups == 1:
            return w.reshape(self.taps * self.channels, self.filters)
        rows, share = self.taps * (self.channels // self.groups), self.filters // self.groups
        return w.reshape(rows, self.groups, share).swapaxes(0, 1)

    def dealt(self, rows: Any) -> Any:
        """A matrix of patches, or of filters, by group."""
        return rows if self.groups == 1 else rows.reshape(self.groups, -1, rows.shape[-1])


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
    is_relu: bool = False,
) -> Any:
    """The convolution y of x with w, plus a bias (K, 1); size is the spatial shape of y.

    is_relu: 0 where that is negative.
    """
    x, w = _prepared(x, w)
    sizes = _sizes(x.shape[:-2], w.shape[:-2], size, Slide(stride, dilation, before),
                   x.shape[-2:], w.shape[-1], groups)  # fmt: skip
    y = cupy.empty((*size, sizes.filters, sizes.images), x.dtype)
    if y.size == 0:
        return y
    if bias is not None:
        bias = cupy.ascontiguousarray(bias, x.dtype)
    weights = sizes.by_group(w).swapaxes(-1, -2)
    for first, count in sizes.pieces(x.itemsize):
        columns = cupy.empty((sizes.filters, count), x.dtype)
        patches = sizes.dealt(_patches(x, sizes, first, count))
        cupy.matmul(weights, patches, out=sizes.dealt(columns))
        kernels.FROM_COLUMNS.launch(
            windows.grid_of_rows(count, sizes.filters), (windows.THREADS,),
            (columns, y, bias, cupy.bool_(is_relu), *_int32(sizes.filters, sizes.images),
             *sizes.typed(first, count)),
            real=real_type(x.dtype), index=sizes.counter,
        )  # fmt: skip
    return y


def convolve_input_gradient(
    d: Any, w: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> Any:
    """The gradient by x, from that by y, called d; size is the spatial shape of x."""
    slide = Slide(stride, dilation, before)
    return _gradients(d, None, w, size, w.shape[:-2], slide, groups)[0]


def convolve_weight_gradient(
    x: Any, d: Any, *, size: Shape, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> Any:
    """The gradient by w, from that by y, called d: wᵢ = Σ_{o,b} x[o · stride + i …] d[o]ᵀ.

    size is the shape of the window.
    """
    slide = Slide(stride, dilation, before)
    return _gradients(d, x, None, x.shape[:-2], size, slide, groups)[1]


def convolve_gradients(
    d: Any, x: Any, w: Any, *, stride: Shape, dilation: Shape, before: Shape, groups: int
) -> tuple[Any, Any]:
    """Both gradients, which share the columns of d."""
    slide = Slide(stride, dilation, before)
    return _gradients(d, x, w, x.shape[:-2], w.shape[:-2], slide, groups)


def _gradients(
    d: Any, x: Any, w: Any, size: Shape, taps: Shape, slide: Slide, groups: int
) -> tuple[Any, Any]:
    """The gradient by x if w is given, and that by w if x is given."""
    dtype = cupy.result_type(*[v for v in (d, x, w) if v is not None])
    d, x, w = [None if v is None else cupy.ascontiguousarray(v, dtype) for v in (d, x, w)]
    channels = x.shape[-2] if w is None else w.shape[-2] * groups
    rest = (channels, d.shape[-1])
    sizes = _sizes(size, taps, d.shape[:-2], slide, rest, d.shape[-2], groups)
    shape = (*taps, channels // groups, sizes.filters)
    is_empty = 0 in (*size, *rest, *shape, sizes.columns)
    if is_empty:
        zeros = [cupy.zeros(made, dtype) for made in ((*size, *rest), shape)]
        return None if w is None else zeros[0], None if x is None else zeros[1]
    to_x = None if w is None else cupy.empty((*size, *rest), dtype)
    to_w: Any = None
    for first, count in sizes.pieces(d.itemsize):
        columns = sizes.dealt(_columns(d, sizes, first, count))
        if w is not None:
            _put_patches(to_x, sizes.by_group(w), columns, sizes, first, count)
        if x is not None:
            part = sizes.dealt(_patches(x, sizes, first, count)) @ columns.swapaxes(-1, -2)
            to_w = part if to_w is None else cupy.add(to_w, part, out=to_w)
    if x is not None:
        to_w = (to_w if groups == 1 else to_w.swapaxes(0, 1)).reshape(shape)
    return to_x, to_w


def _put_patches(
    to_x: Any, weights: Any, columns: Any, sizes: _Sizes, first: int, count: int
) -> None:
    """Add to the gradient by x what comes back through some columns."""
    patches = cupy.empty((sizes.taps * sizes.channels, count), to_x.dtype)
    cupy.matmul(weights, columns, out=sizes.dealt(patches))
    kernels.FROM_PATCHES.launch(
        windows.grid(to_x.size), (windows.THREADS,),
        (patches, to_x, *_of_patches(sizes, first, count)),
        real=real_type(to_x.dtype), index=sizes.counter,
    )  # fmt: skip


def _prepared(a: Any, b: Any) -> tuple[Any, Any]:
    """Both in C order and of one class; copied only where they are not."""
    dtype = cupy.result_type(a, b)
    return cupy.ascontiguousarray(a, dtype), cupy.ascontiguousarray(b, dtype)


def _sizes(
    size: Shape, taps: Shape, outputs: Shape, slide: Slide, rest: Shape, filters: int, groups: int
) -> _Sizes:
    channels, images = rest
    columns = math.prod(outputs) * images
    rows = math.prod(taps) * channels
    largest = max(math.prod(size) * channels * images, columns * filters, LIMIT // 4, rows)
    return _Sizes(
        windows.window(size, taps, outputs, slide), math.prod(taps), channels, filters, images,
        groups, columns, index_type(largest),
    )  # fmt: skip


def _patches(x: Any, sizes: _Sizes, first: int, count: int) -> Any:
    """The inputs under the window at some columns: (taps · C, count), with 0 for padding."""
    patches = cupy.empty((sizes.taps * sizes.channels, count), x.dtype)
    if patches.size:
        kernels.PATCHES.launch(
            windows.grid_of_rows(count, len(patches)), (windows.THREADS,),
            (x, patches, *_of_patches(sizes, first, count)),
            real=real_type(x.dtype), index=sizes.counter,
        )  # fmt: skip
    return patches


def _columns(y: Any, sizes: _Sizes, first: int, count: int) -> Any:
    """Some columns of y: (filters, count)."""
    columns = cupy.empty((sizes.filters, count), y.dtype)
    if columns.size:
        kernels.COLUMNS.launch(
            windows.grid_of_rows(count, sizes.filters), (windows.THREADS,),
            (y, columns, *_int32(sizes.filters, sizes.images), *sizes.typed(first, count)),
            real=real_type(y.dtype), index=sizes.counter,
        )  # fmt: skip
    return columns


def _of_patches(sizes: _Sizes, first: int, count: int) -> tuple[Any, ...]:
    numbers = _int32(sizes.channels, sizes.images, sizes.groups)
    return (sizes.window, *numbers, *sizes.typed(first, count))


def _int32(*numbers: int) -> tuple[Any, ...]:
    return tuple([cupy.int32(number) for number in numbers])
