"""The progress of training as a figure: one axes for each group of metrics."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

from tinydl.plot import notebook
from tinydl.plot.progress_text import shown
from tinydl.plot.window import has_window, pyplot, redraw, watched

if TYPE_CHECKING:
    from tinydl.plot.monitor import trainingProgressMonitor


class ProgressFigure:
    """A figure with the lines of all metrics, made when it is drawn for the first time.

    Raises ImportError without matplotlib.
    """

    def __init__(self) -> None:
        self._plt = pyplot()
        self.figure: Any = None
        self._lines: dict[str, Any] = {}
        self._axes: dict[str, Any] = {}
        self._button: Any = None  # matplotlib forgets a button that nothing else holds

    def update(self, monitor: trainingProgressMonitor) -> Any:
        """The figure, with all that was recorded."""
        if self.figure is None:
            self._make(monitor)
        for name, line in self._lines.items():
            points = monitor.MetricData[name]
            line.set_data([x for x, _ in points], [y for _, y in points])
            line.set_marker("o" if len(points) < _FEW else "None")
        for group, axes in self._axes.items():
            axes.set_yscale(monitor._scales.get(group, "linear"))
            axes.relim()
            axes.autoscale_view()
        information = [f"{name}: {shown(value)}" for name, value in monitor.InfoData.items()]
        state = [f"{monitor.Progress:.0f} %", f"elapsed {monitor.elapsed}", monitor.Status]
        self._text.set_text("   ".join(filter(None, [*state, *information])))
        return self.figure

    def draw(self, monitor: trainingProgressMonitor, is_last: bool) -> None:
        redraw(self.update(monitor))

    def _make(self, monitor: trainingProgressMonitor) -> None:
        groups = monitor._all_groups()
        count = max(len(groups), 1)
        self.figure = watched(self._plt.figure(figsize=(8.0, 1.4 + 2.4 * count)))
        all_axes = self.figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
        for axes, (group, metrics) in zip(all_axes, groups.items(), strict=False):
            self._axes[group] = axes
            axes.set_ylabel(group)
            axes.grid(True, alpha=0.3)
            for name in metrics:
                (self._lines[name],) = axes.plot([], [], label=name, markersize=4)
            if len(metrics) > 1:
                axes.legend()
        all_axes[-1].set_xlabel(monitor.XLabel)
        self.figure.suptitle(monitor.Title)
        self._text = self.figure.text(0.5, 0.015, "", ha="center", fontsize="small")
        inches = self.figure.get_figheight()
        self.figure.subplots_adjust(bottom=0.75 / inches, top=1.0 - 0.5 / inches, hspace=0.12,
                                    left=0.12, right=0.97)  # fmt: skip
        if has_window(self.figure.canvas):
            self._add_button(monitor)

    def _add_button(self, monitor: trainingProgressMonitor) -> None:
        from matplotlib.widgets import Button

        height = self.figure.get_figheight()
        place = self.figure.add_axes((0.89, 1.0 - 0.4 / height, 0.08, 0.3 / height))
        self._button = Button(place, "Stop")
        self._button.on_clicked(lambda event: monitor._wish_to_stop())


_WRITES_FILES = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")
_FEW = 20  # points that are marked, for a line through one of them would not be seen


def has_a_place() -> bool:
    """Whether a figure would be seen: in a notebook, or on a display."""
    if importlib.util.find_spec("matplotlib") is None:
        return False
    if "ipykernel" in sys.modules or notebook.is_inline():
        return True
    if sys.platform.startswith(("win", "darwin")):
        is_display = True
    else:
        is_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return is_display and pyplot().get_backend().lower() not in _WRITES_FILES
