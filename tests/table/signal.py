"""Rows of functions of time: the solution of a differential equation, and the spectra of a signal.

With tolerances that are always met the steps do not depend on the numbers: the result is an
analytic function of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import RK45

from tinydl.functions.ode import dlode45
from tinydl.functions.stft import dlstft
from tinydl.labels import dlarray
from tinydl.primitives import elementwise as e

from .row import Draw, Row, normal, uniform

Slope = Callable[[float, Any, Any], Any]


def solution(fmt: str, tspan: list[float], h: float, slope: Slope) -> Row:
    """A row in which every step has the length h, and every time ends a step."""
    loose = {"RelativeTolerance": 1e6, "AbsoluteTolerance": 1e6}
    options = {**loose, "InitialStepSize": abs(h), "MaxStepSize": abs(h)}

    def call(y: Any, theta: Any) -> Any:
        start, factor = dlarray._make(y, fmt), dlarray._make(theta, fmt)
        return dlode45(slope, tspan, start, factor, **options)._value

    def reference(y: Any, theta: Any) -> Any:
        found = []
        for start in tspan[:-1]:
            slopes: list[Any] = []
            for row, node in zip(RK45.A, RK45.C, strict=True):
                point = y + h * sum(a * k for a, k in zip(row, slopes, strict=False))
                slopes.append(slope(start + h * node, point, theta))
            y = y + h * sum(b * k for b, k in zip(RK45.B, slopes, strict=True))
            found.append(y)
        return y if len(tspan) == 2 else np.stack(found, len(fmt) or y.ndim)

    sizes = [(2, 3), (1, 1), (0, 3)] if len(fmt) != 1 else [(2,), (1,), (0,)]
    draw, *also = [uniform(0.2, 0.8, size, size) for size in sizes]
    return Row(f"dlode45[{fmt},{tspan}]", "", call, draw, radius=0.25, reference=reference,
               also=also)  # fmt: skip


def spectra(fmt: str, overlap: int, points: int, *draws: Draw) -> Row:
    """Both parts beside each other, as functions of the signal and the window."""
    options = {"OverlapLength": overlap, "FFTLength": points}

    def call(x: Any, window: Any) -> Any:
        yr, yi = dlstft(dlarray._make(x, fmt), Window=dlarray._make(window, ""), **options)
        return e.add(yr._value, 2.0 * yi._value)

    def reference(x: Any, window: Any) -> Any:
        length, rows = len(window), points // 2 + 1
        places = (x.shape[-1] - overlap) // (length - overlap)
        y = np.empty((rows, *x.shape[:-1], places))
        for at in itertools.product(*map(range, x.shape[:-1]), range(places)):
            start = at[-1] * (length - overlap)
            piece = window * x[at[:-1]][start : start + length]
            found = np.fft.rfft(piece, points)
            y[(slice(None), *at)] = found.real + 2.0 * found.imag
        return y

    return Row(f"dlstft[{fmt},{overlap},{points}]", "", call, draws[0], reference=reference,
               also=draws[1:])  # fmt: skip


ROWS = [
    solution("CB", [0.0, 0.5], 0.5, lambda t, y, theta: theta * y * (1.0 - y) + t),
    solution("C", [0.0, 0.25, 0.5], 0.25, lambda t, y, theta: t - theta * y),
    solution("", [1.0, 0.75, 0.5], -0.25, lambda t, y, theta: t * theta + theta * y),
    spectra("CBT", 2, 4, normal((2, 3, 9), (4,)), normal((0, 1, 5), (4,)), normal((1, 1, 4), (4,))),
    spectra("T", 0, 7, normal((7,), (3,))),
]
