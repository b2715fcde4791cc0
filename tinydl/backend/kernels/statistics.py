"""Sums over any axes of an array, in two stages, for statistics and gradients of normalizations.

Neighbouring axes that play the same part are taken as one, so that an array is

    (outer, a, middle, b, inner)    with the groups (a, b) and the members (outer, middle, inner),

some of them of size 1. Each group has numbers of its own. In the first stage a block takes some
groups beside each other and a *piece* of their members: blockDim.x groups, whose members
blockDim.y threads share. The second stage brings the pieces together; one piece needs none. Sums
of many threads are in double precision, and their order depends on the shape alone.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from tinydl.backend.kernels import INDICES, REALS, Kernel, index_type

THREADS = 256
WARP = 32
BLOCKS = 512
"""Enough blocks for all processors of a GPU; with more members, each does more."""
LEAST = 8
"""Members that a thread takes at least, before another piece is begun."""
MOST_PIECES = 256

RUNS = """
struct Runs { index outer, a, middle, b, inner, groups, members, piece; };

__device__ index place(const Runs &r, index group, index member) {
    index rest = member / r.inner;
    index row = (rest / r.middle * r.a + group / r.b) * r.middle + rest % r.middle;
    return (row * r.b + group % r.b) * r.inner + member % r.inner;
}

// The sum over threadIdx.y, for every thread; each of threadIdx.x has one of its own.
__device__ double together(double *sums, double mine) {
    int width = blockDim.x, at = threadIdx.y * width + threadIdx.x;
    sums[at] = mine;
    __syncthreads();
    for (int half = blockDim.y / 2; half > 0; half /= 2) {
        if (threadIdx.y < half) sums[at] += sums[at + half * width];
        __syncthreads();
    }
    double sum = sums[threadIdx.x];
    __syncthreads();
    return sum;
}
"""

WRITE_MOMENTS = """
// Behind mean and variance stands the inverse of the deviation, or the old ones moved towards them.
__device__ void write(real *results, int count, index groups, index group, double m, double v,
                      double epsilon, const real *mean, const real *variance, double mean_decay,
                      double variance_decay) {
    results += group;
    results[0] = m;
    results[groups] = v;
    if (count == 3) results[2 * groups] = 1.0 / sqrt(v + epsilon);
    if (count < 4) return;
    results[2 * groups] = m * mean_decay + mean[group] * (1.0 - mean_decay);
    results[3 * groups] = v * variance_decay + variance[group] * (1.0 - variance_decay);
}
"""

MOMENTS = Kernel(
    "tinydl_moments",
    RUNS
    + WRITE_MOMENTS
    + """
extern "C" __global__ void tinydl_moments(
    const real *x, real *results, const real *mean, const real *variance, int made,
    double *parts, Runs r, double epsilon, double mean_decay, double variance_decay
) {
    extern __shared__ double sums[];
    index group = (index)blockIdx.x * blockDim.x + threadIdx.x;
    bool is_there = group < r.groups;
    index first = blockIdx.y * r.piece, left = r.members - first;
    index count = left < r.piece ? left : r.piece;
    index begin = is_there ? threadIdx.y : count;  // all threads meet at the barriers
    // Around a number close to the mean the sums lose nothing: the mean of the first members.
    int sample = count < blockDim.y ? (int)count : (int)blockDim.y;
    double start = begin < count ? (double)x[place(r, group, first + begin)] : 0.0;
    real centre = together(sums, start) / sample;
    if (!(centre - centre == 0)) centre = 0;  // it is Inf or NaN
    real sum = 0, squares = 0;
    for (index m = begin; m < count; m += blockDim.y) {
        real v = x[place(r, group, first + m)] - centre;
        sum += v;
        squares += v * v;
    }
    double shift = together(sums, sum) / count;
    double around = together(sums, squares) - shift * shift * count;
    if (around < 0) around = 0;  // by rounding, of very many members
    if (threadIdx.y != 0 || !is_there) return;
    if (gridDim.y == 1) {
        write(results, made, r.groups, group, centre + shift, around / count, epsilon,
              mean, variance, mean_decay, variance_decay);
    } else {
        parts[(index)blockIdx.y * 2 * r.groups + group] = centre + shift;
        parts[((index)blockIdx.y * 2 + 1) * r.groups + group] = around;
    }
}
""",
    real=REALS,
    index=INDICES,
)
"""Mean and variance of each group, and what follows from them; of several pieces, the mean of each
and the sum of the squares around it."""

MOMENTS_TOGETHER = Kernel(
    "tinydl_moments_together",
    RUNS
    + WRITE_MOMENTS
    + """
extern "C" __global__ void tinydl_moments_together(
    real *results, const real *mean, const real *variance, int made, const double *parts,
    Runs r, double epsilon, double mean_decay, double variance_decay, int pieces
) {
    extern __shared__ double sums[];
    index group = (index)blockIdx.x * blockDim.x + threadIdx.x;
    int begin = group < r.groups ? threadIdx.y : pieces;
    double sum = 0, squares = 0;
    for (index p = begin; p < pieces; p += blockDim.y) {
        index left = r.members - p * r.piece, count = left < r.piece ? left : r.piece;
        sum += count * parts[p * 2 * r.groups + group];
    }
    double m = together(sums, sum) / r.members;
    for (index p = begin; p < pieces; p += blockDim.y) {
        index left = r.members - p * r.piece, count = left < r.piece ? left : r.piece;
        double off = parts[p * 2 * r.groups + group] - m;
        squares += parts[(p * 2 + 1) * r.groups + group] + count * off * off;
    }
    squares = together(sums, squares);
    if (threadIdx.y == 0 && group < r.groups)
        write(results, made, r.groups, group, m, squares / r.members, epsilon, mean,
              variance, mean_decay, variance_decay);
}
""",
    real=REALS,
    index=INDICES,
)
"""The same of all pieces, by the rule of Chan, Golub and LeVeque."""

WRITE_SUMS = """
__device__ void write(real *plain, real *product, const real *variance, double epsilon,
                      index group, double p, double q) {
    plain[group] = p;
    product[group] = variance ? q / sqrt(variance[group] + epsilon) : q;
}
"""

SUMS = Kernel(
    "tinydl_sums",
    RUNS
    + WRITE_SUMS
    + """
extern "C" __global__ void tinydl_sums(
    const real *u, const real *x, const real *shown, const real *centre, const real *variance,
    double *parts, real *plain, real *product, Runs r, double epsilon
) {
    extern __shared__ double sums[];
    index group = (index)blockIdx.x * blockDim.x + threadIdx.x;
    bool is_there = group < r.groups;
    index first = blockIdx.y * r.piece, left = r.members - first;
    index count = left < r.piece ? left : r.piece;
    real p = 0, q = 0, c = centre && is_there ? centre[group] : (real)0;
    for (index m = is_there ? threadIdx.y : count; m < count; m += blockDim.y) {
        index at = place(r, group, first + m);
        if (shown && !(shown[at] > 0)) continue;
        p += u[at];
        q += u[at] * (x[at] - c);
    }
    double all_p = together(sums, p), all_q = together(sums, q);
    if (threadIdx.y != 0 || !is_there) return;
    if (!parts) {
        write(plain, product, variance, epsilon, group, all_p, all_q);
    } else {
        parts[(index)blockIdx.y * 2 * r.groups + group] = all_p;
        parts[((index)blockIdx.y * 2 + 1) * r.groups + group] = all_q;
    }
}
""",
    real=REALS,
    index=INDICES,
)
"""Σ u and Σ u (x − centre) of each group, the latter divided by √(variance + epsilon) if there is
one; over those elements at which `shown` is positive, if there is that."""

SUMS_TOGETHER = Kernel(
    "tinydl_sums_together",
    RUNS
    + WRITE_SUMS
    + """
extern "C" __global__ void tinydl_sums_together(
    const double *parts, const real *variance, real *plain, real *product, Runs r, double epsilon,
    int pieces
) {
    extern __shared__ double sums[];
    index group = (index)blockIdx.x * blockDim.x + threadIdx.x;
    double p = 0, q = 0;
    for (index k = group < r.groups ? threadIdx.y : pieces; k < pieces; k += blockDim.y) {
        p += parts[k * 2 * r.groups + group];
        q += parts[(k * 2 + 1) * r.groups + group];
    }
    p = together(sums, p);
    q = together(sums, q);
    if (threadIdx.y == 0 && group < r.groups)
        write(plain, product, variance, epsilon, group, p, q);
}
""",
    real=REALS,
    index=INDICES,
)

NORMALIZE_GRADIENT = Kernel(
    "tinydl_normalize_gradient",
    RUNS
    + """
extern "C" __global__ void tinydl_normalize_gradient(
    const real *g, const real *shown, const real *x, const real *mean, const real *variance,
    const real *scale, const double *parts, real *d, real *to_scale, real *to_offset, Runs r,
    double epsilon
) {
    extern __shared__ double sums[];
    index group = (index)blockIdx.x * blockDim.x + threadIdx.x;
    bool is_there = group < r.groups;
    double p = 0, q = 0;
    for (index k = is_there ? threadIdx.y : gridDim.y; k < gridDim.y; k += blockDim.y) {
        p += parts[k * 2 * r.groups + group];
        q += parts[(k * 2 + 1) * r.groups + group];
    }
    p = together(sums, p);
    q = together(sums, q);
    if (!is_there) return;
    double inverse = 1.0 / sqrt(variance[group] + epsilon);
    if (blockIdx.y == 0 && threadIdx.y == 0) {
        to_offset[group] = p;
        to_scale[group] = q * inverse;
    }
    real m = mean[group], factor = scale[group] * inverse, shift = p / r.members;
    real slope = q * inverse * inverse / r.members;
    index first = blockIdx.y * r.piece, left = r.members - first;
    index count = left < r.piece ? left : r.piece;
    for (index i = threadIdx.y; i < count; i += blockDim.y) {
        index at = place(r, group, first + i);
        real passed = shown && !(shown[at] > 0) ? (real)0 : g[at];
        d[at] = factor * (passed - shift - (x[at] - m) * slope);
    }
}
""",
    real=REALS,
    index=INDICES,
)
"""The gradient by x of scale · (x − μ) / √(σ² + ε) + offset with the mean and variance of x itself,
and those by scale and offset. Each block brings the parts of SUMS together for its own groups, and
goes on with the piece of them that it has had there."""

# ---- what they are called with ------------------------------------------------------------------

_NAMES = ("outer", "a", "middle", "b", "inner", "groups", "members", "piece")
_RUNS = {index: np.dtype([(name, kind) for name in _NAMES])
         for index, kind in zip(INDICES, (np.int32, np.int64), strict=True)}  # fmt: skip


class Plan(NamedTuple):
    """How the sums over some axes of a shape are shared among threads."""

    runs: Any
    groups: int
    members: int
    pieces: int
    counter: str  # the type of an index
    block: tuple[int, int]
    grid: tuple[int, int]


@functools.lru_cache(maxsize=2048)
def plan(shape: tuple[int, ...], axis: tuple[int, ...]) -> Plan | None:
    """The plan, or None if the axes alternate too often: then move them to the end first."""
    runs = _runs(shape, axis)
    if runs is None:
        return None
    outer, a, middle, b, inner = runs
    groups, members = a * b, outer * middle * inner
    tail = inner if inner > 1 or b > 1 else middle  # neighbours in memory that are of one group
    beside = min(_power(groups), max(1, WARP // tail))
    deep = min(_power(members), THREADS // _power(beside))
    beside = _power(beside)
    across = -(-groups // beside)
    pieces = max(1, min(-(-BLOCKS // across), members // (LEAST * deep), MOST_PIECES))
    piece = -(-members // pieces)
    pieces = -(-members // piece)
    index = index_type(groups * members)
    numbers = np.array((*runs, groups, members, piece), _RUNS[index])
    return Plan(numbers, groups, members, pieces, index, (beside, deep), (across, pieces))


def _runs(shape: tuple[int, ...], axis: tuple[int, ...]) -> tuple[int, ...] | None:
    """The sizes of the five runs: those with even numbers are summed over."""
    runs, at = [1, 1, 1, 1, 1], 0
    for i, n in enumerate(shape):
        if n == 1:
            continue
        if (at % 2 == 0) != (i in axis):
            at += 1
        if at == len(runs):
            return None
        runs[at] *= n
    return tuple(runs)


def _power(n: int) -> int:
    """The least power of two that is not less than n."""
    return 1 << (n - 1).bit_length()
