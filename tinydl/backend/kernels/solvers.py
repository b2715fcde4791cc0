"""Steps of solvers for many parameters at a time: one launch, whatever the number of arrays.

The addresses and sizes of the arrays are an argument of the kernel: nothing is copied together, and
nothing uploaded. blockIdx.y says which parameter a block works on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinydl.backend.kernels import REALS, Kernel, real_type

MOST = 48
"""Parameters in one launch: the arguments of a kernel must not exceed 4 KB."""

STATES = 2
THREADS = 256
MOST_BLOCKS = 128  # for one parameter

ROW = np.dtype([
    ("w", "u8"), ("g", "u8"), ("old", "u8", STATES), ("new_w", "u8"), ("new", "u8", STATES),
    ("size", "i8"), ("factor", "f8"),
])  # fmt: skip
TABLE = np.dtype([("row", ROW, MOST)])
CONSTANTS = 4

_HEAD = """
struct Row {
  const real *w, *g, *old[2];  // an old state may be 0: it starts from zeros
  real *new_w, *new_states[2];
  long long size;
  double factor;
};
struct Rows { Row row[MOST]; };
""".replace("MOST", str(MOST))


def _kernel(name: str, body: str) -> Kernel:
    """A kernel whose body turns w, g, s0, s1 and the constants into new ones, for one element."""
    return Kernel(
        f"tinydl_{name}",
        _HEAD
        + """
extern "C" __global__ void tinydl_NAME(Rows rows, double c0, double c1, double c2, double c3) {
  const Row r = rows.row[blockIdx.y];
  const long long step = (long long)gridDim.x * blockDim.x;
  for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < r.size; i += step) {
    real w = r.w[i], s0 = r.old[0] ? r.old[0][i] : real(0), s1 = r.old[1] ? r.old[1][i] : real(0);
    const real g = r.g[i];
    BODY
    r.new_w[i] = w;
    r.new_states[0][i] = s0;
    if (r.new_states[1]) r.new_states[1][i] = s1;
  }
}
""".replace("NAME", name).replace("BODY", body),
        real=REALS,
    )


RULES = {
    "sgdm": _kernel("sgdm", "s0 = g * real(-c0 * r.factor) + s0 * real(c1); w += s0;"),
    "adam": _kernel(
        "adam",
        """s0 = g * real(1.0 - c1) + s0 * real(c1);
    s1 = g * g * real(1.0 - c2) + s1 * real(c2);
    w -= s0 * real(c0 * r.factor) / (sqrt(s1) + real(c3));""",
    ),
    "rmsprop": _kernel(
        "rmsprop",
        """s0 = g * g * real(1.0 - c1) + s0 * real(c1);
    w -= g * real(c0 * r.factor) / (sqrt(s0) + real(c2));""",
    ),
}


def launch(name: str, constants: Sequence[float], rows: Sequence[Any]) -> None:
    """A solver's step for (w, g, factor, old states, new w, new states), all of one class."""
    given = [float(c) for c in constants] + [0.0] * (CONSTANTS - len(constants))
    for first in range(0, len(rows), MOST):
        part = rows[first : first + MOST]
        table, largest = _table(part)
        blocks = min(-(-largest // THREADS), MOST_BLOCKS)
        RULES[name].launch(
            (max(blocks, 1), len(part)), (THREADS,), (table, *map(np.float64, given)),
            real=real_type(part[0][0].dtype),
        )  # fmt: skip


def _table(rows: Sequence[Any]) -> tuple[Any, int]:
    """The kernel's first argument, and the largest number of elements."""
    table = np.zeros(1, TABLE)
    for row, (w, g, factor, old, new_w, new) in zip(table["row"][0], rows, strict=False):
        row["w"], row["g"], row["new_w"] = w.data.ptr, g.data.ptr, new_w.data.ptr
        row["size"], row["factor"] = w.size, factor
        for k, (state, new_state) in enumerate(zip(old, new, strict=True)):
            row["old"][k] = 0 if state is None else state.data.ptr
            row["new"][k] = new_state.data.ptr
    return table[0], max([w.size for w, *_ in rows])
