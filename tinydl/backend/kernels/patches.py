"""Kernels for convolution: patches, which are the inputs under a window, and columns.

A *column* is one output of one image. Patches are a matrix: its rows are (group, tap, channel of
the group), its columns those from ``first`` on, ``count`` of them. The threads of a block stand
beside each other along the columns, where both arrays lie in one run of memory. What is added up
is gathered by the thread that writes the sum, in one order: the same bits each time.
"""

from __future__ import annotations

from tinydl.backend.kernels import INDICES, REALS, Kernel
from tinydl.backend.kernels.windows import GEOMETRY

PATCHES = Kernel(
    "tinydl_patches",
    GEOMETRY
    + """
extern "C" __global__ void tinydl_patches(
    const real *x, real *patches, Window w, int channels, int images, int groups,
    index first, index count
) {
    int taps = w.taps[0] * w.taps[1] * w.taps[2], share = channels / groups;
    for (index column = blockIdx.x * (index)blockDim.x + threadIdx.x; column < count;
         column += gridDim.x * (index)blockDim.x) {
        int image = (first + column) % images, output[3];
        position((first + column) / images, w.outputs, output);
        for (int row = blockIdx.y; row < taps * channels; row += gridDim.y) {
            int channel = row / (taps * share) * share + row % share, tap[3], at[3];
            position(row / share % taps, w.taps, tap);
            for (int k = 0; k < 3; ++k)
                at[k] = output[k] * w.stride[k] + tap[k] * w.dilation[k] - w.before[k];
            patches[row * count + column] = is_inside(at, w.size)
                ? x[(number(at, w.size) * channels + channel) * images + image] : (real)0;
        }
    }
}
""",
    real=REALS,
    index=INDICES,
)
"""The inputs under the window side by side, 0 for padding: im2col."""

FROM_PATCHES = Kernel(
    "tinydl_from_patches",
    GEOMETRY
    + """
extern "C" __global__ void tinydl_from_patches(
    const real *patches, real *x, Window w, int channels, int images, int groups,
    index first, index count
) {
    int taps = w.taps[0] * w.taps[1] * w.taps[2], share = channels / groups;
    index elements = (index)w.size[0] * w.size[1] * w.size[2] * channels * images;
    for (index i = blockIdx.x * (index)blockDim.x + threadIdx.x; i < elements;
         i += gridDim.x * (index)blockDim.x) {
        int image = i % images, channel = i / images % channels, at[3], o[3];
        position(i / images / channels, w.size, at);
        index row = (index)(channel / share) * taps * share + channel % share;
        real sum = first > 0 ? x[i] : (real)0;
        for (int t = 0; t < taps; ++t, row += share) {
            int tap[3];
            position(t, w.taps, tap);
            for (int k = 0; k < 3; ++k) o[k] = output_over(w, k, at[k], tap[k]);
            if (!is_inside(o, w.outputs)) continue;
            index column = number(o, w.outputs) * images + image - first;
            if (column >= 0 && column < count) sum += patches[row * count + column];
        }
        x[i] = sum;
    }
}
""",
    real=REALS,
    index=INDICES,
)
"""The adjoint, col2im: each input adds up the patches it is in. After the first columns it adds to
what the columns before have given."""

COLUMNS = Kernel(
    "tinydl_columns",
    """
extern "C" __global__ void tinydl_columns(
    const real *y, real *columns, int filters, int images, index first, index count
) {
    for (index column = blockIdx.x * (index)blockDim.x + threadIdx.x; column < count;
         column += gridDim.x * (index)blockDim.x) {
        index output = (first + column) / images, image = (first + column) % images;
        for (int k = blockIdx.y; k < filters; k += gridDim.y)
            columns[k * count + column] = y[(output * filters + k) * images + image];
    }
}
""",
    real=REALS,
    index=INDICES,
)
"""Of y (outputs, filters, images) some columns, as the matrix (filters, columns)."""

FROM_COLUMNS = Kernel(
    "tinydl_from_columns",
    """
extern "C" __global__ void tinydl_from_columns(
    const real *columns, real *y, const real *bias, bool is_relu, int filters, int images,
    index first, index count
) {
    for (index column = blockIdx.x * (index)blockDim.x + threadIdx.x; column < count;
         column += gridDim.x * (index)blockDim.x) {
        index output = (first + column) / images, image = (first + column) % images;
        for (int k = blockIdx.y; k < filters; k += gridDim.y) {
            real sum = columns[k * count + column] + (bias ? bias[k] : (real)0);
            y[(output * filters + k) * images + image] = is_relu && sum <= 0 ? (real)0 : sum;
        }
    }
}
""",
    real=REALS,
    index=INDICES,
)
"""Put such columns back into y, with a bias for each filter if there is one, and relu (of which NaN
stays NaN) if it is asked for."""
