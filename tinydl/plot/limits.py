"""Limits of an axis of which one is fixed and the other follows the data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from tinydl.plot.window import pyplot

_holding: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


def ylim(limits: Any = None) -> tuple[float, float]:
    """Set the limits of the y axis of the current axes, and give them as (lower, upper).

    limits is a pair [lower, upper] with lower < upper. An infinite limit is automatic: it follows
    the data, while the other stays, as in ``ylim([0, inf])``. (plt.ylim(bottom=0) of matplotlib
    instead freezes the upper limit where it is.) Without an argument nothing changes.

    Raises ValueError for anything else, ImportError without matplotlib.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import matplotlib.pyplot as plt
        >>> from tinydl.plot import addpoints, animatedline, ylim
        >>> line = animatedline()
        >>> lower, upper = ylim([0, float("inf")])
        >>> addpoints(line, [1, 2], [3.0, 20.0])
        >>> lower, upper = ylim()
        >>> lower, upper > 20
        (0.0, True)
        >>> plt.close()
    """
    axes = pyplot().gca()
    if limits is not None:
        _set(axes, *_checked(limits))
    lower, upper = axes.get_ylim()
    return float(lower), float(upper)


def _checked(limits: Any) -> tuple[float, float]:
    try:
        lower, upper = (float(limit) for limit in limits)
    except (TypeError, ValueError):
        lower = upper = math.nan
    if not lower < upper or lower == math.inf or upper == -math.inf:
        raise ValueError(f"ylim: limits are [lower, upper] with lower < upper, not {limits!r}")
    return lower, upper


def _set(axes: Any, lower: float, upper: float) -> None:
    if axes in _holding:
        axes.callbacks.disconnect(_holding.pop(axes))
    if math.isfinite(lower) and math.isfinite(upper):
        axes.set_ylim(lower, upper)
        return
    if math.isfinite(lower) or math.isfinite(upper):
        _holding[axes] = axes.callbacks.connect("ylim_changed", _hold(lower, upper))
    axes.set_autoscaley_on(True)
    axes.autoscale_view(scalex=False)


def _hold(lower: float, upper: float) -> Callable[[Any], None]:
    """What brings the fixed limit back whenever matplotlib has adapted both to the data."""

    def hold(axes: Any) -> None:
        if not axes.get_autoscaley_on():
            return  # both limits were set by other means since
        bottom, top = axes.get_ylim()
        if math.isfinite(lower):
            bottom, top = lower, top if top > lower else lower + 1
        else:
            bottom, top = bottom if bottom < upper else upper - 1, upper
        axes.set_ylim(bottom, top, emit=False, auto=None)

    return hold
