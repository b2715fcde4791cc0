"""Kernels for pooling: x is (*spatial, rest) and y is (*outputs, rest), rest being one dimension.

Taps are numbered in column-major order. Gradients are gathered by the thread that writes the sum,
in that order: the same bits each time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tinydl.backend.kernels import INDICES, REALS, Kernel
from tinydl.backend.kernels.windows import GEOMETRY
from tinydl.backend.windows import Shape

WINNERS = ("unsigned char", "unsigned short", "unsigned int")

POOL_MAX = Kernel(
    "tinydl_pool_max",
    GEOMETRY
    + """
extern "C" __global__ void tinydl_pool_max(
    const real *x, real *y, winner_number *winners, Window w, index rest, index elements
) {
    for (index i = blockIdx.x * (index)blockDim.x + threadIdx.x; i < elements;
         i += gridDim.x * (index)blockDim.x) {
        int corner[3], visible[3], at[3];
        position(i / rest, w.outputs, corner);
        for (int k = 0; k < 3; ++k) {
            corner[k] = corner[k] * w.stride[k] - w.before[k];
            visible[k] = corner[k] < 0 ? -corner[k] : 0;
        }
        int winner = visible[0] + w.taps[0] * (visible[1] + w.taps[1] * visible[2]), tap = 0;
        real best = log((real)0);  // −Inf
        for (int c = 0; c < w.taps[2]; ++c)
            for (int b = 0; b < w.taps[1]; ++b)
                for (int a = 0; a < w.taps[0]; ++a, ++tap) {
                    at[0] = corner[0] + a; at[1] = corner[1] + b; at[2] = corner[2] + c;
                    if (!is_inside(at, w.size)) continue;
                    real here = x[number(at, w.size) * rest + i % rest];
                    if (here > best) { best = here; winner = tap; }
                    if (here != here) best = here;  // NaN, which nothing exceeds any more
                }
        y[i] = best;
        if (winners) winners[i] = winner;
    }
}
""",
    real=REALS,
    index=INDICES,
    winner_number=WINNERS,
)

POOL_SUM = Kernel(
    "tinydl_pool_sum",
    GEOMETRY
    + """
extern "C" __global__ void tinydl_pool_sum(
    const real *x, real *y, Window w, index rest, index elements
) {
    for (index i = blockIdx.x * (index)blockDim.x + threadIdx.x; i < elements;
         i += gridDim.x * (index)blockDim.x) {
        int output[3], at[3];
        position(i / rest, w.outputs, output);
        real sum = 0;
        for (int c = 0; c < w.taps[2]; ++c)
            for (int b = 0; b < w.taps[1]; ++b)
                for (int a = 0; a < w.taps[0]; ++a) {
                    int tap[3] = {a, b, c};
                    for (int k = 0; k < 3; ++k)
                        at[k] = output[k] * w.stride[k] - w.before[k] + tap[k];
                    if (is_inside(at, w.size)) sum += x[number(at, w.size) * rest + i % rest];
                }
        y[i] = sum;
    }
}
""",
    real=REALS,
    index=INDICES,
)

POOL_TAKE = Kernel(
    "tinydl_pool_take",
    GEOMETRY
    + """
extern "C" __global__ void tinydl_pool_take(
    const real *x, real *y, const winner_number *winners, Window w, index rest, index elements
) {
    for (index i = blockIdx.x * (index)blockDim.x + threadIdx.x; i < elements;
         i += gridDim.x * (index)blockDim.x) {
        int output[3], at[3], tap = winners[i];
        position(i / rest, w.outputs, output);
        for (int k = 0; k < 3; ++k) {
            at[k] = output[k] * w.stride[k] - w.before[k] + tap % w.taps[k];
            tap /= w.taps[k];
        }
        y[i] = is_inside(at, w.size) ? x[number(at, w.size) * rest + i % rest] : (real)0;
    }
}
""",
    real=REALS,
    index=INDICES,
    winner_number=WINNERS,
)

POOL_GATHER = Kernel(
    "tinydl_pool_gather",
    GEOMETRY
    + """
extern "C" __global__ void tinydl_pool_gather(
    const real *d, real *x, const winner_number *winners, Window w, index rest, index elements
) {
    for (index i = blockIdx.x * (index)blockDim.x + threadIdx.x; i < elements;
         i += gridDim.x * (index)blockDim.x) {
        int at[3], o[3], tap = 0;
        position(i / rest, w.size, at);
        real sum = 0;
        for (int c = 0; c < w.taps[2]; ++c)
            for (int b = 0; b < w.taps[1]; ++b)
                for (int a = 0; a < w.taps[0]; ++a, ++tap) {
                    o[0] = output_over(w, 0, at[0], a);
                    o[1] = output_over(w, 1, at[1], b);
                    o[2] = output_over(w, 2, at[2], c);
                    if (!is_inside(o, w.outputs)) continue;
                    index from = number(o, w.outputs) * rest + i % rest;
                    if (!winners || winners[from] == tap) sum += d[from];
                }
        x[i] = sum;
    }
}
""",
    real=REALS,
    index=INDICES,
    winner_number=WINNERS,
)
"""The gradient of both poolings: each input adds up the outputs that it won, or all above it."""

POOL_POSITIONS = Kernel(
    "tinydl_pool_positions",
    """
struct Places { long long size[8], by_output[8], taps[8], by_tap[8], start; };

extern "C" __global__ void tinydl_pool_positions(
    const winner_number *winners, long long *places, Places p, index elements
) {
    for (index i = blockIdx.x * (index)blockDim.x + threadIdx.x; i < elements;
         i += gridDim.x * (index)blockDim.x) {
        long long place = p.start;
        index rest = i, tap = winners[i];
        for (int k = 7; k >= 0; --k) {
            place += rest % p.size[k] * p.by_output[k];
            rest /= p.size[k];
        }
        for (int k = 0; k < 8; ++k) {
            place += tap % p.taps[k] * p.by_tap[k];
            tap /= p.taps[k];
        }
        places[i] = place;
    }
}
""",
    index=INDICES,
    winner_number=WINNERS,
)
"""Where in the input the winners are, whose elements have numbers that grow by steps."""

MOST_DIMENSIONS = 8
_PLACES = np.dtype(
    [(name, np.int64, MOST_DIMENSIONS) for name in ("size", "by_output", "taps", "by_tap")]
    + [("start", np.int64)]
)


@functools.lru_cache(maxsize=2048)
def places(shape: Shape, taps: Shape, steps: Shape, stride: Shape, before: Shape) -> Any:
    """What the kernel of positions takes: the shape of the winners, the window, and the steps."""
    others = len(shape) - len(taps)
    by_output = [s * step for s, step in zip(stride + (1,) * others, steps, strict=True)]
    start = -sum([b * step for b, step in zip(before, steps, strict=False)])
    rows = [(shape, 1), (by_output, 0), (taps, 1), (steps[: len(taps)], 0)]
    filled = [(*row, *(neutral,) * (MOST_DIMENSIONS - len(row))) for row, neutral in rows]
    return np.array((*filled, start), _PLACES)


def winner_type(dtype: Any) -> str:
    """What CUDA calls that class."""
    return {"B": WINNERS[0], "H": WINNERS[1], "I": WINNERS[2]}[dtype.char]
