"""Kernels in compiled form, by Numba, and their compilation.

NumPy goes over an array once for each operation. A compiled loop goes over it once, and what lies
between stays in the registers of the processor, which works on 4 to 16 numbers at a time there.
``numba_gelu``, ``numba_normalize``, ``numba_windows``, ``numba_convolve``, ``numba_single_image``
and ``numba_lstm`` hold the loops; their formulas are those of the modules of NumPy that call them.
This module is imported by ``compiled`` alone, when there is work for it, and by what has its
results. Each kernel is compiled in ``compile_for``, or read from the files in which Numba keeps
compiled code (``__pycache__``, or the user's folder for such things).

What vectors need is written out: no branch that is not a choice between two numbers, and no call of
the C library, which takes one number.
"""

from __future__ import annotations

from typing import Any

import numba
from numba import types

from tinydl.backend.compiled.numba_convolve import lanes_for as lanes_for
from tinydl.backend.compiled.numba_convolve import output_tiles, weight_tiles
from tinydl.backend.compiled.numba_gelu import (
    centre,
    gelu,
    gelu_derivative,
    normalize_gelu,
    normalize_gelu_gradients,
)
from tinydl.backend.compiled.numba_lstm import LINE as LINE
from tinydl.backend.compiled.numba_lstm import in_tiles as in_tiles
from tinydl.backend.compiled.numba_lstm import lstm_backward, lstm_forward
from tinydl.backend.compiled.numba_normalize import (
    block_gradients,
    block_moments,
    channel_moments,
    channel_normalize,
    channel_normalize_gradients,
    moved_moments,
    normalize,
    write_gradient,
)
from tinydl.backend.compiled.numba_single_image import line_tiles
from tinydl.backend.compiled.numba_tiles import BYTES as BYTES
from tinydl.backend.compiled.numba_tiles import HEIGHTS as HEIGHTS
from tinydl.backend.compiled.numba_windows import add_products, add_up, correlate, largest


def compile_for(family: str, dtype: Any) -> None:
    """Compile the kernels of a family for numbers of a class, or find them compiled.

    Afterwards a kernel takes what it was compiled for and refuses the rest: nothing is compiled by
    surprise.
    """
    for kernel, forms in _forms(numba.from_dtype(dtype))[family].items():
        kernel.disable_compile(False)
        for form in forms:
            kernel.compile(form)
        kernel.disable_compile()


def _forms(number: Any) -> dict[str, dict[Any, list[Any]]]:
    """For each family its kernels, and what each takes, for numbers of a class.

    Arrays that are only read may be read-only, and lie at any address.
    """
    x, xs = [types.Array(number, n, "C", readonly=True, aligned=False) for n in (1, 2)]
    y, ys = [types.Array(number, n, "C") for n in (1, 2)]
    row, totals = (types.intp, types.intp), types.Array(types.float64, 2, "C")
    winner = types.Array(types.uint8, 2, "C")
    won = types.Array(types.uint8, 2, "C", readonly=True, aligned=False)
    near = types.Array(types.int32, 2, "C", readonly=True)
    weights, lines = [types.Array(number, n, "C") for n in (3, 4)]
    return {
        "gelu": {
            gelu: [(x, y, slope) for slope in (types.none, y)],
            gelu_derivative: [(number, number, number, types.boolean, x, y)],
            normalize_gelu: [(xs, xs, xs, ys, slope, *row) for slope in (types.none, ys)],
            normalize_gelu_gradients: [(xs, xs, xs, xs, xs, ys, ys, ys, *row)],
            centre: [(ys, xs, *row)],
        },
        "normalize": {
            block_moments: [(xs, types.intp, *row, totals)],
            normalize: [(xs, x, x, x, number, ys, *row)],
            block_gradients: [
                (xs, xs, shown, x, types.intp, *row, totals) for shown in (types.none, xs)
            ],
            write_gradient: [(xs, xs, shown, *4 * [x], ys, *row) for shown in (types.none, xs)],
            channel_moments: [(xs, types.intp, ys)],
            moved_moments: [(xs, types.intp, x, x, types.UniTuple(types.float64, 2), ys)],
            channel_normalize: [(xs, types.intp, *4 * [x], types.float64, types.boolean, ys)],
            channel_normalize_gradients: [
                (xs, xs, shown, types.intp, *3 * [x], types.float64, ys, ys)
                for shown in (types.none, xs)
            ],
        },
        "windows": {
            largest: [(xs, ys, winner, near, *row)],
            add_up: [(xs, chosen, ys, near, *row) for chosen in (types.none, won)],
            correlate: [(xs, xs, x, number, ys, near, *row)],
            add_products: [(xs, xs, totals, near, *row)],
        },
        "tiles": {
            output_tiles: [(xs, xs, x, number, ys, near, types.intp, *row)],
            weight_tiles: [(xs, xs, totals, near, types.intp, *row)],
        },
        "single image": {
            line_tiles: [(xs, xs, number, ys, near, types.intp, types.intp, *row)],
        },
        "lstm": {
            lstm_forward: [(weights, weights, *5 * [lines], *row)],
            lstm_backward: [(weights, *5 * [lines], weights, *row)],
        },
    }
