"""Kernels such as a network needs, each with a trial against NumPy: what `faults` damages.

A trial takes CuPy and the kernel's text, runs it on arrays whose sizes fit no block, and raises
AssertionError when a number differs from NumPy's. Images are channels last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Trial = Callable[[Any, str], None]

# ---- windows of an image ------------------------------------------------------------------------

GEOMETRY = (
    "int32 height, int32 width, int32 channels, int32 kernel, int32 rows, int32 columns, "
    "int32 stride, int32 padding"
)
"""What both kernels below are told; there are rows·columns windows of kernel·kernel pixels."""

WINDOWS = """
    long long rest = i;
    int c = rest % channels; rest /= channels;
    int v = rest % kernel; rest /= kernel;
    int u = rest % kernel; rest /= kernel;
    int column = rest % columns; rest /= columns;
    int row = rest % rows;
    long long n = rest / rows;
    int h = row * stride - padding + u, w = column * stride - padding + v;
    bool is_inside = h >= 0 && h < height && w >= 0 && w < width;
    window = is_inside ? image[((n * height + h) * width + w) * channels + c] : T(0);
"""
"""Each window of the image becomes a row, so that a convolution is one product of matrices."""

FROM_WINDOWS = """
    long long rest = i;
    int c = rest % channels; rest /= channels;
    int w = rest % width; rest /= width;
    int h = rest % height;
    long long n = rest / height;
    T sum = T(0);
    for (int u = 0; u < kernel; ++u) {
        int below = h + padding - u, row = below / stride;
        if (below < 0 || below % stride != 0 || row >= rows) continue;
        for (int v = 0; v < kernel; ++v) {
            int right = w + padding - v, column = right / stride;
            if (right < 0 || right % stride != 0 || column >= columns) continue;
            long long place = (n * rows + row) * columns + column;
            sum += window[((place * kernel + u) * kernel + v) * channels + c];
        }
    }
    image = sum;
"""
"""The derivative of `WINDOWS`: each pixel collects what it gave. Nothing is scattered, so that the
result does not depend on the order of threads."""

SHAPE, KERNEL, STRIDE, PADDING = (2, 9, 7, 3), 3, 2, 1


def places() -> tuple[int, int]:
    """How many windows there are below and beside each other."""
    rows, columns = ((size + 2 * PADDING - KERNEL) // STRIDE + 1 for size in SHAPE[1:3])
    return rows, columns


def geometry() -> tuple[np.int32, ...]:
    numbers = (*SHAPE[1:], KERNEL, *places(), STRIDE, PADDING)
    return tuple(np.int32(number) for number in numbers)


def windows_by_numpy(image: Array) -> Array:
    border = (PADDING, PADDING)
    padded = np.pad(image, ((0, 0), border, border, (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL), axis=(1, 2))
    return views[:, ::STRIDE, ::STRIDE].transpose(0, 1, 2, 4, 5, 3).copy()


def image_by_numpy(windows: Array) -> Array:
    batch, height, width, channels = SHAPE
    rows, columns = places()
    padded = np.zeros((batch, height + 2 * PADDING, width + 2 * PADDING, channels))
    for row in range(rows):
        for column in range(columns):
            top, left = row * STRIDE, column * STRIDE
            padded[:, top : top + KERNEL, left : left + KERNEL] += windows[:, row, column]
    return padded[:, PADDING:-PADDING, PADDING:-PADDING]


def try_windows(cupy: Any, text: str) -> None:
    image = random(SHAPE)
    expected = windows_by_numpy(image)
    kernel = cupy.ElementwiseKernel(f"raw T image, {GEOMETRY}", "T window", text, "windows")
    windows = cupy.empty(expected.shape, "f")
    kernel(cupy.asarray(image), *geometry(), windows)
    agree(windows, expected)


def try_from_windows(cupy: Any, text: str) -> None:
    windows = random((SHAPE[0], *places(), KERNEL, KERNEL, SHAPE[3]))
    kernel = cupy.ElementwiseKernel(f"raw T window, {GEOMETRY}", "T image", text, "from_windows")
    image = cupy.empty(SHAPE, "f")
    kernel(cupy.asarray(windows), *geometry(), image)
    agree(image, image_by_numpy(windows))


# ---- sums of columns ----------------------------------------------------------------------------

COLUMN_SUMS = r"""
// Each block adds rows of its own into one part: threads beside each other take a row, threads
// behind each other the next rows. `sums` needs a float for each thread.
extern "C" __global__ void sum_parts(const float *x, float *parts, int rows, int columns) {
    extern __shared__ float sums[];
    int side_by_side = blockDim.x / columns;
    int r = threadIdx.x / columns, c = threadIdx.x % columns;
    float sum = 0;
    if (r < side_by_side)
        for (int row = blockIdx.x * side_by_side + r; row < rows; row += gridDim.x * side_by_side)
            sum += x[row * columns + c];
    sums[threadIdx.x] = sum;
    __syncthreads();
    if (r == 0) {
        for (int k = 1; k < side_by_side; ++k) sum += sums[k * columns + c];
        parts[blockIdx.x * columns + c] = sum;
    }
}

extern "C" __global__ void sum_of_parts(const float *parts, float *total, int number, int columns) {
    int c = threadIdx.x;
    if (c >= columns) return;
    double sum = 0;
    for (int k = 0; k < number; ++k) sum += parts[k * columns + c];
    total[c] = sum;
}
"""
"""Sums over many rows in two launches, since blocks cannot wait for each other."""


def try_column_sums(cupy: Any, text: str) -> None:
    rows, columns, blocks, threads = 999, 20, 7, 240
    x = random((rows, columns))
    parts, total = cupy.empty((blocks, columns), "f"), cupy.empty(columns, "f")
    module = cupy.RawModule(code=text)
    first = (cupy.asarray(x), parts, np.int32(rows), np.int32(columns))
    module.get_function("sum_parts")((blocks,), (threads,), first, shared_mem=4 * threads)
    second = (parts, total, np.int32(blocks), np.int32(columns))
    module.get_function("sum_of_parts")((1,), (64,), second)
    agree(total, x.sum(axis=0, dtype=np.float64), tolerance=1e-4)


# ---- softmax and its loss -----------------------------------------------------------------------

SOFTMAX = r"""
// One warp for each row, whose columns may be more than its lanes.
extern "C" __global__ void softmax(const float *x, const int *label, float *y, float *loss,
                                   int rows, int columns) {
    int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    x += row * columns;
    y += row * columns;
    float top = -INFINITY, sum = 0;
    for (int c = lane; c < columns; c += 32) top = fmaxf(top, x[c]);
    for (int by = 16; by > 0; by /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffff, top, by));
    for (int c = lane; c < columns; c += 32) sum += expf(x[c] - top);
    for (int by = 16; by > 0; by /= 2) sum += __shfl_xor_sync(0xffffffff, sum, by);
    for (int c = lane; c < columns; c += 32) {
        y[c] = expf(x[c] - top) / sum;
        if (c == label[row]) loss[row] = logf(sum) + top - x[c];
    }
}
"""


def try_softmax(cupy: Any, text: str) -> None:
    rows, columns, rows_per_block = 37, 70, 4
    x = random((rows, columns))
    label = np.arange(rows, dtype=np.int32) * 11 % columns
    y, loss = cupy.empty_like(cupy.asarray(x)), cupy.empty(rows, "f")
    arguments = (cupy.asarray(x), cupy.asarray(label), y, loss, np.int32(rows), np.int32(columns))
    blocks = -(-rows // rows_per_block)
    cupy.RawKernel(text, "softmax")((blocks,), (32 * rows_per_block,), arguments)
    powers = np.exp(x.astype(np.float64))
    expected = powers / powers.sum(axis=1, keepdims=True)
    agree(y, expected)
    agree(loss, -np.log(expected[np.arange(rows), label]))


# ---- comparing ----------------------------------------------------------------------------------


def random(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(7).standard_normal(shape).astype(np.float32)


def agree(actual: Any, expected: Array, tolerance: float = 1e-5) -> None:
    """Equal to what NumPy has found, without a NaN."""
    np.testing.assert_allclose(actual.get(), expected, rtol=tolerance, atol=tolerance)
