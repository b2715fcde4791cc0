"""Gradient thresholds: gradients made smaller where they are too large for a step.

gradients are a dlarray, or a list, tuple, dict or table of them; the result has the same form.
They can be called inside dlfeval, and are differentiated like other functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinydl.backend import computing
from tinydl.functions.convert import double
from tinydl.functions.math import sqrt
from tinydl.functions.reduce import max, min, sum
from tinydl.labels import dlarray
from tinydl.labels.containers import dlarrays_in, map_arrays, refuse_plain
from tinydl.layers.options import number


def thresholdL2Norm(gradients: Any, gradientThreshold: float) -> Any:
    """Each gradient whose Euclidean length exceeds the threshold, shortened to it.

    g ← g · gradientThreshold / ‖g‖₂ where ‖g‖₂ > gradientThreshold, for each array by itself: the
    GradientThresholdMethod "l2norm". A gradient with NaN keeps it; Inf becomes NaN.

    Raises ValueError for a threshold that is not a positive number, TypeError for plain arrays.

    Example:
        >>> from tinydl import dlarray, thresholdL2Norm
        >>> thresholdL2Norm({"a": dlarray([3.0, 4.0]), "b": dlarray([0.3, 0.4])}, 1)
        {'a': 2 dlarray
        [0.6 0.8], 'b': 2 dlarray
        [0.3 0.4]}
    """
    limit = _limit(gradients, gradientThreshold, "thresholdL2Norm")
    return map_arrays(lambda g: _shortened(g, limit, _squared(g)), gradients)


def thresholdGlobalL2Norm(gradients: Any, gradientThreshold: float) -> Any:
    """All gradients scaled by one factor if their common length exceeds the threshold.

    g ← g · gradientThreshold / L with L = √(Σ ‖g‖₂²) over all arrays, if L > gradientThreshold: the
    GradientThresholdMethod "global-l2norm". It keeps the direction of the step. NaN and Inf are
    passed on as NaN. Pascanu, Mikolov and Bengio, 2013.

    Raises as thresholdL2Norm does.

    Example:
        >>> from tinydl import dlarray, thresholdGlobalL2Norm
        >>> thresholdGlobalL2Norm([dlarray(3.0), dlarray(4.0)], 1)
        [1×1 dlarray
        0.6, 1×1 dlarray
        0.8]
    """
    limit = _limit(gradients, gradientThreshold, "thresholdGlobalL2Norm")
    squares = [_squared(g) for g in dlarrays_in(gradients)]
    if not squares:
        return gradients
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    return map_arrays(lambda g: _shortened(g, limit, total), gradients)


def thresholdAbsoluteValue(gradients: Any, gradientThreshold: float) -> Any:
    """Each number of the gradients brought into −gradientThreshold … gradientThreshold.

    It is the GradientThresholdMethod "absolute-value". NaN stays NaN.

    Raises as thresholdL2Norm does.

    Example:
        >>> from tinydl import dlarray, thresholdAbsoluteValue
        >>> thresholdAbsoluteValue(dlarray([-3.0, 0.5, 4.0]), 1)
        3 dlarray
        [-1.   0.5  1. ]
    """
    limit = _limit(gradients, gradientThreshold, "thresholdAbsoluteValue")
    return map_arrays(lambda g: min(max(g, -limit), limit), gradients)


METHODS: dict[str, Callable[[Any, float], Any]] = {
    "l2norm": thresholdL2Norm,
    "global-l2norm": thresholdGlobalL2Norm,
    "absolute-value": thresholdAbsoluteValue,
}


def _limit(gradients: Any, threshold: Any, caller: str) -> float:
    refuse_plain(gradients, caller + ": {kind} is no gradient; make it a dlarray")
    limit = number(threshold, f"{caller}: gradientThreshold")
    if not limit > 0:
        raise ValueError(f"{caller}: gradientThreshold must be a number above 0, not {threshold!r}")
    return limit


def _squared(g: dlarray) -> dlarray:
    """‖g‖², in double precision: squares of single numbers soon leave their range."""
    with computing():
        wide = double(dlarray._make(g._value, ""))
        return sum(wide * wide, "all")


def _shortened(g: dlarray, limit: float, square: dlarray) -> dlarray:
    """g · limit/max(√square, limit). Without a question, so that dlaccelerate may record it."""
    if math.isinf(limit):
        return g
    with computing():
        return g * (limit / max(sqrt(square), limit))
