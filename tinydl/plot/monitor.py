"""The progress of training: metrics recorded step by step, shown, and kept."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Sequence
from typing import Any

from tinydl.labels.options import named_options
from tinydl.plot.clock import duration
from tinydl.plot.interrupt import Interrupt
from tinydl.plot.progress_figure import ProgressFigure, has_a_place
from tinydl.plot.progress_text import ProgressText

_PAUSE = 0.5  # seconds between two redraws: drawing takes longer than a step of training
DISPLAYS = ("auto", "text", "figure")


class trainingProgressMonitor:
    """What a custom training loop tells about its progress, and where the user stops it.

    Metrics and Info are the names of what recordMetrics and updateInfo will be given; a name is a
    word. XLabel names the steps, Title heads the figure. Status is text, Progress a number from 0
    to 100. They may be options or assigned later, Metrics and Info until something is recorded.

    Stop becomes True when the user presses Ctrl-C or the figure's button: the loop asks for it,
    ``while epoch < numEpochs and not monitor.Stop``, so that the current step is finished and all
    that was recorded is kept. A second Ctrl-C is an exception as ever, as is one before the first
    recordMetrics or after the end, which is Progress = 100, Stop, or close().

    Display="text" writes lines, "figure" draws with matplotlib, and "auto" draws where there is a
    display or a notebook, and writes else. Nothing is shown more than twice a second, but the end
    is always. Visible=False shows nothing. CSVFile is a file that gets a row for each recordMetrics
    at once. MetricData and InfoData hold what was recorded: for each metric a list of (step,
    value), for each information the latest. ``figure`` is matplotlib's figure, to save it.

    Raises ValueError for names and values that are none of these, ImportError for
    Display="figure" without matplotlib.

    Example:
        >>> from tinydl import recordMetrics, trainingProgressMonitor, updateInfo
        >>> monitor = trainingProgressMonitor(Metrics=["Loss"], Info=["Epoch"], XLabel="Iteration",
        ...                                   Visible=False)
        >>> for iteration in range(1, 4):
        ...     recordMetrics(monitor, iteration, Loss=1 / iteration)
        ...     updateInfo(monitor, Epoch=1)
        ...     monitor.Progress = 100 * iteration / 3
        >>> monitor.MetricData["Loss"][:2], monitor.Stop
        ([(1.0, 1.0), (2.0, 0.5)], False)
    """

    XLabel: str
    Title: str

    @named_options
    def __init__(
        self,
        *,
        Metrics: Sequence[str] | str = (),
        Info: Sequence[str] | str = (),
        XLabel: str = "",
        Title: str = "Training progress",
        Status: str = "",
        Progress: float = 0.0,
        Visible: bool = True,
        Display: str = "auto",
        CSVFile: str | None = None,
    ) -> None:
        if Display not in DISPLAYS:
            raise ValueError(f"trainingProgressMonitor: Display must be one of "
                             f"{', '.join(map(repr, DISPLAYS))}, not {Display!r}")  # fmt: skip
        self.MetricData: dict[str, list[tuple[float, float]]] = {}
        self.InfoData: dict[str, Any] = {}
        self._groups: dict[str, list[str]] = {}
        self._scales: dict[str, str] = {}
        self._info: tuple[str, ...] = ()
        self._step: float | None = None
        self._start = time.monotonic()
        self._next_redraw = 0.0
        self._interrupt = Interrupt()
        self._has_ended = False
        self._is_figure = Display == "figure" or (Display == "auto" and Visible and has_a_place())
        self._figure = ProgressFigure() if self._is_figure else None
        self.Visible, self.XLabel, self.Title = bool(Visible), XLabel, Title
        self.CSVFile = CSVFile
        self.Metrics, self.Info = Metrics, Info
        self._status = str(Status)
        self._progress = _percent(Progress)
        self._text = ProgressText()

    # ---- what is set ----------------------------------------------------------------------------

    @property
    def Metrics(self) -> tuple[str, ...]:
        """The names of the metrics."""
        return tuple(self.MetricData)

    @Metrics.setter
    def Metrics(self, names: Sequence[str] | str) -> None:
        checked = _names(names, "Metrics")
        if self._step is not None:
            raise ValueError("trainingProgressMonitor: Metrics are named before the first is "
                             "recorded; make a new monitor for others")  # fmt: skip
        self.MetricData = {name: [] for name in checked}

    @property
    def Info(self) -> tuple[str, ...]:
        """The names of the information beside the metrics."""
        return self._info

    @Info.setter
    def Info(self, names: Sequence[str] | str) -> None:
        checked = _names(names, "Info")
        if self._step is not None or self.InfoData:
            raise ValueError("trainingProgressMonitor: Info is named before the first is recorded; "
                             "make a new monitor for others")  # fmt: skip
        self._info = checked

    @property
    def Status(self) -> str:
        """What training does now, such as "Running"."""
        return self._status

    @Status.setter
    def Status(self, text: str) -> None:
        self._status = str(text)
        self._show(is_last=self._has_ended)

    @property
    def Progress(self) -> float:
        """How much of the training is done, from 0 to 100; with 100 it has ended."""
        return self._progress

    @Progress.setter
    def Progress(self, percent: float) -> None:
        self._progress = _percent(percent)
        if self._progress == 100.0:
            self.close()
        else:
            self._show()

    @property
    def Stop(self) -> bool:
        """Whether the user wants training to stop. It cannot be set."""
        if self._interrupt.seen and not self._has_ended:
            self.close()
        return self._interrupt.seen

    @property
    def elapsed(self) -> duration:
        """The time since the monitor was made."""
        return duration(0, 0, time.monotonic() - self._start)

    @property
    def figure(self) -> Any:
        """matplotlib's figure with all that was recorded. Raises ImportError without matplotlib."""
        if self._figure is None:
            self._figure = ProgressFigure()
        return self._figure.update(self)

    def close(self) -> None:
        """End: show the last values, and leave Ctrl-C to what it did before."""
        if not self._has_ended:
            self._has_ended = True
            self._interrupt.ignore()
            self._show(is_last=True)

    def __enter__(self) -> trainingProgressMonitor:
        self._interrupt.listen()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        count = max([len(points) for points in self.MetricData.values()], default=0)
        return (f"trainingProgressMonitor of {', '.join(self.Metrics) or 'no metrics'}: {count} "
                f"points, {self.Progress:.0f} %")  # fmt: skip

    # ---- what recordMetrics and the others do ---------------------------------------------------

    def _record(self, step: Any, values: dict[str, Any]) -> None:
        step = number(step, "recordMetrics: step")
        points = {}
        for name, value in values.items():
            if name not in self.MetricData:
                raise ValueError(f"recordMetrics: the monitor has no metric {name!r}; it has "
                                 f"{', '.join(self.Metrics) or 'none'}")  # fmt: skip
            points[name] = number(value, f"recordMetrics: {name}")
        if not self._has_ended:
            self._interrupt.listen()
        self._write(step, points)
        for name, value in points.items():
            self.MetricData[name].append((step, value))
        self._step = step
        self._show()

    def _write(self, step: float, points: dict[str, float]) -> None:
        """A row of the file; it is closed each time, so that nothing is lost with the program."""
        if self.CSVFile is None:
            return
        is_first = self._step is None
        with open(self.CSVFile, "w" if is_first else "a", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            if is_first:
                writer.writerow([self.XLabel or "Step", "Seconds", *self.Metrics, *self.Info])
            metrics = [points.get(name, "") for name in self.Metrics]
            information = [self.InfoData.get(name, "") for name in self.Info]
            seconds = f"{time.monotonic() - self._start:.3f}"
            writer.writerow([f"{step:.15g}", seconds, *metrics, *information])

    def _all_groups(self) -> dict[str, list[str]]:
        """The metrics of each axes: the groups, and the others one by one."""
        grouped = {name for names in self._groups.values() for name in names}
        single = {name: [name] for name in self.Metrics if name not in grouped}
        return {**self._groups, **single}

    def _wish_to_stop(self) -> None:
        self._interrupt.seen = True

    def _show(self, is_last: bool = False) -> None:
        now = time.monotonic()
        if not self.Visible or self._step is None or (now < self._next_redraw and not is_last):
            return
        view = self._figure if self._is_figure else self._text
        assert view is not None
        view.draw(self, is_last)
        self._next_redraw = time.monotonic() + _PAUSE


# ---- what is given ------------------------------------------------------------------------------


def _names(given: Any, option: str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"trainingProgressMonitor: {option} are words of letters, digits and "
                             f"_, not {name!r}")  # fmt: skip
    if len(set(names)) < len(names):
        raise ValueError(f"trainingProgressMonitor: {option} names one twice: {', '.join(names)}")
    return names


def number(value: Any, what: str) -> float:
    """One number, of Python, NumPy or a dlarray, as Python's."""
    try:
        if isinstance(value, str):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{what} must be one number, not {value!r}") from None


def _percent(value: Any) -> float:
    percent = number(value, "trainingProgressMonitor: Progress")
    if not (0.0 <= percent <= 100.0) or math.isnan(percent):
        raise ValueError(f"trainingProgressMonitor: Progress is from 0 to 100, not {value!r}")
    return percent
