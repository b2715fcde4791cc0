"""What a training loop tells its monitor: metrics, information, and how they are grouped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.plot.monitor import number, trainingProgressMonitor

SCALES = ("linear", "log")


def recordMetrics(monitor: trainingProgressMonitor, step: float, /, **metrics: Any) -> None:
    """Values of metrics in a step: numbers, or arrays and dlarrays of one number.

    ``recordMetrics(monitor, iteration, Loss=loss)``. Metrics that are not given have no value in
    this step. NaN and Inf are recorded as they are.

    Raises ValueError for a metric that the monitor does not have, TypeError for no number.

    Example: see trainingProgressMonitor.
    """
    _checked(monitor, "recordMetrics")._record(step, metrics)


def updateInfo(monitor: trainingProgressMonitor, /, **information: Any) -> None:
    """The latest values of information: numbers or text, ``updateInfo(monitor, Epoch=3)``.

    Raises ValueError for a name that is not in the monitor's Info.

    Example: see trainingProgressMonitor.
    """
    for name in information:
        if name not in _checked(monitor, "updateInfo").Info:
            raise ValueError(f"updateInfo: the monitor has no information {name!r}; it has "
                             f"{', '.join(monitor.Info) or 'none'}")  # fmt: skip
    plain = {name: value if isinstance(value, (str, int)) or not hasattr(value, "__float__")
             else number(value, name) for name, value in information.items()}  # fmt: skip
    monitor.InfoData.update(plain)
    monitor._show()


def groupSubPlot(
    monitor: trainingProgressMonitor, groupName: str, metrics: Sequence[str] | str
) -> None:
    """Several metrics in one axes of the figure, ``groupSubPlot(monitor, "Loss", ["a", "b"])``.

    Raises ValueError for metrics that the monitor does not have, and once something was recorded.

    Example:
        >>> from tinydl import groupSubPlot, trainingProgressMonitor
        >>> monitor = trainingProgressMonitor(Metrics=["TrainingLoss", "ValidationLoss"])
        >>> groupSubPlot(monitor, "Loss", ["TrainingLoss", "ValidationLoss"])
    """
    known = _checked(monitor, "groupSubPlot").Metrics
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    for name in names:
        if name not in known:
            raise ValueError(f"groupSubPlot: the monitor has no metric {name!r}; it has "
                             f"{', '.join(known) or 'none'}")  # fmt: skip
    if monitor._step is not None:
        raise ValueError("groupSubPlot: metrics are grouped before the first is recorded")
    others = {group: [n for n in members if n not in names]
              for group, members in monitor._groups.items() if group != groupName}  # fmt: skip
    monitor._groups = {**{g: n for g, n in others.items() if n}, groupName: names}


def yscale(monitor: trainingProgressMonitor, name: str, scale: str) -> None:
    """The scale of the y axis of a group, or of a metric without one: "linear" or "log".

    Example:
        >>> from tinydl import trainingProgressMonitor, yscale
        >>> monitor = trainingProgressMonitor(Metrics="Loss")
        >>> yscale(monitor, "Loss", "log")
    """
    groups = list(_checked(monitor, "yscale")._all_groups())
    if name not in groups:
        raise ValueError(f"yscale: the monitor has no axes {name!r}; it has "
                         f"{', '.join(groups) or 'none'}")  # fmt: skip
    if scale not in SCALES:
        raise ValueError(f'yscale: scale must be "linear" or "log", not {scale!r}')
    monitor._scales[name] = scale


def _checked(monitor: Any, caller: str) -> trainingProgressMonitor:
    if not isinstance(monitor, trainingProgressMonitor):
        raise TypeError(f"{caller}: the first argument is a trainingProgressMonitor, not a "
                        f"{type(monitor).__name__}")  # fmt: skip
    return monitor
