"""The steps of recurrent units behind their matrix product: all gates of a step in one launch.

Arrays are (units, observations) for one step; gates have the blocks of their units one after the
other, as ``lstm`` and ``gru`` describe them. block is the number of elements of one of these.
"""

from __future__ import annotations

from tinydl.backend.kernels import Elementwise

NUMBERS = {"sigmoid": 0, "hard-sigmoid": 1, "tanh": 2, "softsign": 3, "relu": 4}

_ACTIVATIONS = """
template <typename T> __device__ T tinydl_apply(int kind, T a) {
  if (kind == 0) return T(1) / (T(1) + exp(-a));
  if (kind == 1) {
    a = a * T(0.2) + T(0.5);
    return a < T(0) ? T(0) : a > T(1) ? T(1) : a;
  }
  if (kind == 2) return tanh(a);
  if (kind == 3) return a / ((a < T(0) ? -a : a) + T(1));
  return a < T(0) ? T(0) : a;
}

// The slope of an activation, by its value.
template <typename T> __device__ T tinydl_slope(int kind, T y) {
  if (kind == 0) return y * (T(1) - y);
  if (kind == 1) return y > T(0) && y < T(1) ? T(0.2) : T(0);
  if (kind == 2) return T(1) - y * y;
  if (kind == 3) {
    const T rest = T(1) - (y < T(0) ? -y : y);
    return rest * rest;
  }
  return y > T(0) ? T(1) : T(0);
}
"""


def _step(name: str, inputs: str, outputs: str, body: str) -> Elementwise:
    return Elementwise(f"tinydl_{name}", inputs, outputs, body, preamble=_ACTIVATIONS)


LSTM = _step(
    "lstm",
    "raw T product, T cell, int64 block, int32 gate, int32 state",
    "raw T gates, T shown, T next_cell, T next_hidden",
    """
    const T o = tinydl_apply<T>(gate, gates[i] + product[i]);
    const T in = tinydl_apply<T>(gate, gates[block + i] + product[block + i]);
    const T f = tinydl_apply<T>(gate, gates[2 * block + i] + product[2 * block + i]);
    const T g = tinydl_apply<T>(state, gates[3 * block + i] + product[3 * block + i]);
    gates[i] = o; gates[block + i] = in; gates[2 * block + i] = f; gates[3 * block + i] = g;
    const T c = f * cell + in * g;
    const T s = tinydl_apply<T>(state, c);
    next_cell = c; shown = s; next_hidden = o * s;
""",
)

LSTM_GRADIENT = _step(
    "lstm_gradient",
    "raw T gates, T cell, T shown, T dy, int64 block, int32 gate, int32 state",
    "raw T d, T dh, T dc",
    """
    const T o = gates[i], in = gates[block + i], f = gates[2 * block + i], g = gates[3 * block + i];
    const T to_hidden = dh + dy;
    const T to_cell = dc + to_hidden * (o * tinydl_slope<T>(state, shown));
    d[i] = to_hidden * (shown * tinydl_slope<T>(gate, o));
    d[block + i] = to_cell * (g * tinydl_slope<T>(gate, in));
    d[2 * block + i] = to_cell * (cell * tinydl_slope<T>(gate, f));
    d[3 * block + i] = to_cell * (in * tinydl_slope<T>(state, g));
    dc = to_cell * f;
""",
)

GRU_AFTER = _step(
    "gru_after",
    "raw T product, raw T q, T hidden, int64 block, int64 observations, int32 gate, int32 state",
    "raw T gates, T inner, T next_hidden",
    """
    const T r = tinydl_apply<T>(gate, gates[i] + product[i]);
    const T z = tinydl_apply<T>(gate, gates[block + i] + product[block + i]);
    inner = product[2 * block + i] + q[i / observations];
    const T c = tinydl_apply<T>(state, gates[2 * block + i] + r * inner);
    gates[i] = r; gates[block + i] = z; gates[2 * block + i] = c;
    next_hidden = (hidden - c) * z + c;
""",
)

GRU_OPEN = _step(
    "gru_open",
    "raw T product, T hidden, int64 block, int32 gate",
    "raw T gates, T inner",
    """
    const T r = tinydl_apply<T>(gate, gates[i] + product[i]);
    gates[i] = r;
    gates[block + i] = tinydl_apply<T>(gate, gates[block + i] + product[block + i]);
    inner = r * hidden;
""",
)

GRU_MIX = _step(
    "gru_mix",
    "T product, T hidden, int64 block, int32 state",
    "raw T gates, T next_hidden",
    """
    const T c = tinydl_apply<T>(state, gates[2 * block + i] + product);
    gates[2 * block + i] = c;
    next_hidden = (hidden - c) * gates[block + i] + c;
""",
)

GRU_AFTER_GRADIENT = _step(
    "gru_after_gradient",
    "raw T gates, T hidden, T inner, T dy, T by_product, int64 block, int32 gate, int32 state",
    "raw T d, raw T to_product, T dh",
    """
    const T r = gates[i], z = gates[block + i], c = gates[2 * block + i];
    const T to_hidden = dh + by_product + dy;
    const T to_c = to_hidden * ((T(1) - z) * tinydl_slope<T>(state, c));
    const T to_z = to_hidden * ((hidden - c) * tinydl_slope<T>(gate, z));
    const T to_r = inner * tinydl_slope<T>(gate, r) * to_c;
    d[i] = to_r; d[block + i] = to_z; d[2 * block + i] = to_c;
    to_product[i] = to_r; to_product[block + i] = to_z; to_product[2 * block + i] = to_c * r;
    dh = to_hidden * z;
""",
)

GRU_MIX_GRADIENT = _step(
    "gru_mix_gradient",
    "raw T gates, T hidden, T dy, T by_product, int64 block, int32 gate, int32 state",
    "raw T d, T dh",
    """
    const T z = gates[block + i], c = gates[2 * block + i], to_hidden = dh + by_product + dy;
    d[block + i] = to_hidden * ((hidden - c) * tinydl_slope<T>(gate, z));
    d[2 * block + i] = to_hidden * ((T(1) - z) * tinydl_slope<T>(state, c));
    dh = to_hidden * z;
""",
)

GRU_OPEN_GRADIENT = _step(
    "gru_open_gradient",
    "raw T gates, T hidden, T by_product, int32 gate",
    "raw T d, T dh",
    """
    const T r = gates[i];
    d[i] = hidden * tinydl_slope<T>(gate, r) * by_product;
    dh += by_product * r;
""",
)
