"""Line search: how far to go along a direction in which the loss falls.

The loss φ(t) after a step t, with φ′(0) < 0, must fall enough,

    φ(t) ≤ φ(0) + c₁ t φ′(0),                                       (backtracking)

and the slope must have become flatter, so that a step is not needlessly short,

    φ′(t) ≥ c₂ φ′(0), or on both sides |φ′(t)| ≤ c₂ |φ′(0)|.        (weak, strong Wolfe)

The step is doubled until it is too long, and then the interval between a step that was too short
and one that was too long is halved: it always holds steps that meet the conditions. Nocedal and
Wright, Numerical Optimization, section 3.1; Lewis and Overton, 2013, algorithm 2.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

METHODS = ("weak-wolfe", "strong-wolfe", "backtracking")
ENOUGH_DECREASE, FLAT_ENOUGH = 1e-4, 0.9  # c₁, c₂


class Trial(NamedTuple):
    """One step along the line: the loss and its slope there, and all else that was found there."""

    step: float
    loss: float
    slope: float
    found: Any


def search(
    line: Callable[[float], Trial], start: Trial, method: str, most: int
) -> tuple[Trial, bool]:
    """A step that meets the conditions of the method, and True.

    After `most` steps without one it is the best of those tried, the start among them, and False.
    A loss or slope that is Inf or NaN means that the step was too long.
    """
    too_short, too_long, step = 0.0, math.inf, 1.0
    best = start
    for _ in range(most):
        trial = line(step)
        if not _is_low_enough(trial, start):
            too_long = step
        elif method == "backtracking":
            return trial, True
        elif trial.slope < FLAT_ENOUGH * start.slope:
            too_short = step
        elif method == "strong-wolfe" and trial.slope > -FLAT_ENOUGH * start.slope:
            too_long = step
        else:
            return trial, True
        if _is_finite(trial) and trial.loss < best.loss:
            best = trial
        step = 2 * step if too_long == math.inf else (too_short + too_long) / 2
    return best, False


def _is_low_enough(trial: Trial, start: Trial) -> bool:
    bound = start.loss + ENOUGH_DECREASE * trial.step * start.slope
    return _is_finite(trial) and trial.loss <= bound


def _is_finite(trial: Trial) -> bool:
    return math.isfinite(trial.loss) and math.isfinite(trial.slope)
