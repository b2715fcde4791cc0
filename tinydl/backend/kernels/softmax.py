"""Softmax and sums of exponentials over a middle axis: x is (outer, n, inner), C order.

A block has blockDim.x neighbouring lines, each of which blockDim.y threads share: rows of memory
are read side by side whether the lines lie along them or across.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.kernels import INDICES, REALS, Kernel, index_type, real_type

THREADS = 256
WIDEST = 32  # lines side by side: a whole row of memory is read at once

_INTEGER = {"int": np.int32, "long long": np.int64}

_HEAD = """
// What all threads of a line have found, joined in a fixed order.
__device__ real join(real *s, real mine, bool by_sum) {
  const int width = blockDim.x, here = threadIdx.y * width + threadIdx.x;
  s[here] = mine;
  for (int half = blockDim.y / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.y < half) {
      const real other = s[here + half * width];
      s[here] = by_sum ? s[here] + other : (other > s[here] ? other : s[here]);
    }
  }
  __syncthreads();
  const real all = s[threadIdx.x];
  __syncthreads();
  return all;
}
"""

_PLACE = """
  extern __shared__ double room[];  // aligned for either class
  real *s = (real *)room;
  const index line = (index)blockIdx.x * blockDim.x + threadIdx.x;
  const bool is_there = line < lines;  // all threads of the block meet at the barriers
  const index first = is_there ? line / inner * inner * n + line % inner : 0;
  const index count = is_there ? n : 0;
"""

_TOP = """
  real top = x[first];
  for (index k = threadIdx.y; k < count; k += blockDim.y) {
    const real value = x[first + k * inner];
    if (value > top) top = value;
  }
  top = join(s, top, false);
"""

_WEIGHT = """
  real weight = 0;
  for (index k = threadIdx.y; k < count; k += blockDim.y) weight += exp(x[first + k * inner] - top);
  weight = join(s, weight, true);
"""

SOFTMAX = Kernel(
    "tinydl_softmax",
    _HEAD
    + """
extern "C" __global__ void tinydl_softmax(
    const real *x, real *y, index lines, index n, index inner) {"""
    + _PLACE
    + _TOP
    + _WEIGHT
    + """
  for (index k = threadIdx.y; k < count; k += blockDim.y)
    y[first + k * inner] = exp(x[first + k * inner] - top) / weight;
}
""",
    real=REALS,
    index=INDICES,
)

LOGSUMEXP = Kernel(
    "tinydl_logsumexp",
    _HEAD
    + """
extern "C" __global__ void tinydl_logsumexp(
    const real *x, real *y, index lines, index n, index inner) {"""
    + _PLACE
    + _TOP
    + """
  if (!(top - top == 0)) top = 0;  // Inf less Inf would be NaN
"""
    + _WEIGHT
    + """
  if (is_there && threadIdx.y == 0) y[line] = log(weight) + top;
}
""",
    real=REALS,
    index=INDICES,
)

SOFTMAX_GRADIENT = Kernel(
    "tinydl_softmax_gradient",
    _HEAD
    + """
extern "C" __global__ void tinydl_softmax_gradient(
    const real *g, const real *y, real *d, index lines, index n, index inner) {"""
    + _PLACE
    + """
  real mean = 0;
  for (index k = threadIdx.y; k < count; k += blockDim.y)
    mean += g[first + k * inner] * y[first + k * inner];
  mean = join(s, mean, true);
  for (index k = threadIdx.y; k < count; k += blockDim.y)
    d[first + k * inner] = y[first + k * inner] * (g[first + k * inner] - mean);
}
""",
    real=REALS,
    index=INDICES,
)


def along(kernel: Kernel, arrays: tuple[Any, ...], lines: tuple[int, int, int]) -> None:
    """Run one of the kernels on arrays in C order, of (outer, n, inner) elements."""
    outer, n, inner = lines
    width = min(WIDEST, _power_of_two(inner))
    height = min(THREADS // width, _power_of_two(n))
    x = arrays[0]
    index = index_type(x.size)
    counted = [_INTEGER[index](k) for k in (outer * inner, n, inner)]
    kernel.launch(
        (-(-outer * inner // width),), (width, height), (*arrays, *counted),
        width * height * x.itemsize, real=real_type(x.dtype), index=index,
    )  # fmt: skip


def _power_of_two(n: int) -> int:
    """The least power of two from n on."""
    return 1 << max(n - 1, 0).bit_length()
