"""Numbers brought to their places, each sum by one thread in a fixed order."""

from __future__ import annotations

from tinydl.backend.kernels import INDICES, REALS, Elementwise, Kernel

ADD_COLUMNS = Kernel(
    "tinydl_add_columns",
    """
// x is (rows, count); sorted has the positions in rising order, and order where each came from.
extern "C" __global__ void tinydl_add_columns(
    const real *x, const long long *sorted, const long long *order, real *total,
    index rows, index columns, index count) {
  const index place = (index)blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= rows * columns) return;
  const index row = place / columns, column = place % columns;
  index first = 0, end = count;  // the first position that is not before this column
  while (first < end) {
    const index middle = first + (end - first) / 2;
    if (sorted[middle] < column) first = middle + 1; else end = middle;
  }
  double sum = 0;
  for (index k = first; k < count && sorted[k] == column; ++k) sum += x[row * count + order[k]];
  total[place] = sum;
}
""",
    real=REALS,
    index=INDICES,
)

PUT_ALONG = Elementwise(
    "tinydl_put_along",
    "raw T x, raw I index, int64 length, int64 inner",
    "T y",
    """
    const long long line = i / (inner * length) * inner + i % inner, here = i / inner % length;
    long long there = index[line];
    if (there < 0) there += length;
    y = there == here ? x[line] : T(0);
""",
)
