"""The progress of training as lines of text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinydl.plot.monitor import trainingProgressMonitor


class ProgressText:
    """One line: the step, the latest value of each metric, the information, the progress.

    In a terminal it is written over again; in a file or a pipe the lines follow each other.
    """

    def __init__(self) -> None:
        self._width = 0

    def draw(self, monitor: trainingProgressMonitor, is_last: bool) -> None:
        line = line_of(monitor)
        stream = sys.stdout
        if stream.isatty():
            stream.write("\r" + line.ljust(self._width) + ("\n" if is_last else ""))
            self._width = 0 if is_last else len(line)
        else:
            stream.write(line + "\n")
        stream.flush()


def line_of(monitor: trainingProgressMonitor) -> str:
    """What there is to tell about the state of training."""
    parts = []
    if monitor._step is not None:
        parts.append(f"{monitor.XLabel or 'Step'} {shown(monitor._step)}")
    for name, points in monitor.MetricData.items():
        if points:
            parts.append(f"{name} {shown(points[-1][1])}")
    parts += [f"{name} {shown(value)}" for name, value in monitor.InfoData.items()]
    parts += [f"{monitor.Progress:.0f} %", str(monitor.elapsed), monitor.Status]
    return " | ".join(filter(None, parts))


def shown(value: Any) -> str:
    """A number with five digits, anything else as text."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
