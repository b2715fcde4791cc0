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
from tinydl.backend.compiled.numba_lstm import LINES as LINES
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
    """For each family its kernels, and what each takes, for numbers of a class."""
    return {**_forms_of_normalization(number), **_forms_of_windows(number)}


def _arrays(number: Any, dimensions: int) -> tuple[Any, Any]:
    """One that is only read, which may be read-only and lie at any address; one to be written."""
    given = types.Array(number, dimensions, "C", readonly=True, aligned=False)
    return given, types.Array(number, dimensions, "C")


_ROWS = (types.intp, types.intp)
"""A first row, and the end."""

_, _TOTALS = _arrays(types.float64, 2)


def _forms_of_normalization(number: Any) -> dict[str, dict[Any, list[Any]]]:
    (x, y), (xs, ys) = _arrays(number, 1), _arrays(number, 2)
    size, real = types.intp, types.float64
    behind_relu = (types.none, xs)
    return {
        "gelu": {
            gelu: [(x, y, slope) for slope in (types.none, y)],
            gelu_derivative: [(number, number, number, types.boolean, x, y)],
            normalize_gelu: [(xs, xs, xs, ys, slope, *_ROWS) for slope in (types.none, ys)],
            normalize_gelu_gradients: [(xs, xs, xs, xs, xs, ys, ys, ys, *_ROWS)],
            centre: [(ys, xs, *_ROWS)],
        },
        "normalize": {
            block_moments: [(xs, size, *_ROWS, _TOTALS)],
            normalize: [(xs, x, x, x, number, ys, *_ROWS)],
            block_gradients: [(xs, xs, shown, x, size, *_ROWS, _TOTALS) for shown in behind_relu],
            write_gradient: [(xs, xs, shown, *4 * [x], ys, *_ROWS) for shown in behind_relu],
            channel_moments: [(xs, size, ys)],
            moved_moments: [(xs, size, x, x, types.UniTuple(real, 2), ys)],
            channel_normalize: [(xs, size, *4 * [x], real, types.boolean, ys)],
            channel_normalize_gradients: [
                (xs, xs, shown, size, *3 * [x], real, ys, ys) for shown in behind_relu
            ],
        },
    }


def _forms_of_windows(number: Any) -> dict[str, dict[Any, list[Any]]]:
    """Those of windows that slide over positions, and of steps in time."""
    (x, _), (xs, ys), (_, weights), (_, lines) = [_arrays(number, n) for n in (1, 2, 3, 4)]
    won, winner = _arrays(types.uint8, 2)
    near, size = types.Array(types.int32, 2, "C", readonly=True), types.intp
    return {
        "windows": {
            largest: [(xs, ys, winner, near, *_ROWS)],
            add_up: [(xs, chosen, ys, near, *_ROWS) for chosen in (types.none, won)],
            correlate: [(xs, xs, x, number, ys, near, *_ROWS)],
            add_products: [(xs, xs, _TOTALS, near, *_ROWS)],
        },
        "tiles": {
            output_tiles: [(xs, xs, x, number, ys, near, size, *_ROWS)],
            weight_tiles: [(xs, xs, _TOTALS, near, size, *_ROWS)],
        },
        "single image": {
            line_tiles: [(xs, xs, number, ys, near, size, size, *_ROWS)],
        },
        "lstm": {
            lstm_forward: [(weights, weights, *5 * [lines], *_ROWS)],
            lstm_backward: [(weights, *5 * [lines], weights, *_ROWS)],
        },
    }
