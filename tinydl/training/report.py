"""What trainnet shows while it trains: rows of a table, and a trainingProgressMonitor."""

from __future__ import annotations

from typing import Any

from tinydl.plot.clock import duration
from tinydl.plot.monitor import trainingProgressMonitor
from tinydl.plot.record import groupSubPlot, recordMetrics, updateInfo
from tinydl.training.metrics import metric_names
from tinydl.training.options import trainingOptions

COLUMNS = ("Iteration", "Epoch", "TimeElapsed", "LearnRate")


class Report:
    """Rows and plots of the iterations, as the options ask for them.

    A row is a dict with Iteration, Epoch, TimeElapsed in seconds, LearnRate, TrainingLoss and the
    metrics; those of validation are there when it took place.
    """

    def __init__(self, options: trainingOptions) -> None:
        self._options = options
        kinds = ["Training", *(["Validation"] if options.ValidationData is not None else [])]
        groups = {name: [kind + name for kind in kinds]
                  for name in ("Loss", *metric_names(options.Metrics))}  # fmt: skip
        self._metrics = [name for names in groups.values() for name in names]
        information = ["Epoch"] if options.SolverName == "lbfgs" else ["Epoch", "LearnRate"]
        self.monitor = trainingProgressMonitor(
            Metrics=self._metrics, Info=information, XLabel="Iteration",
            Visible=options.Plots == "training-progress",
        )  # fmt: skip
        for name, members in groups.items():
            groupSubPlot(self.monitor, name, members)
        shown = ("Iteration", "TimeElapsed", *information)
        self._columns = [*[name for name in COLUMNS if name in shown], *self._metrics]
        self._latest: dict[str, Any] = {}
        self._last_printed = 0

    def start(self) -> None:
        if self._options.Verbose:
            print(" | ".join([f"{name:>{_width(name)}}" for name in self._columns]))
        self.monitor.Status = "Running"

    def add(self, row: dict[str, Any], progress: float) -> None:
        """Show an iteration; progress is from 0 to 1."""
        self._latest = row
        iteration = row["Iteration"]
        recordMetrics(self.monitor, iteration, **{n: row[n] for n in self._metrics if n in row})
        updateInfo(self.monitor, **{name: row[name] for name in self.monitor.Info})
        self.monitor.Progress = min(99.0, 100.0 * progress)  # 100 is the end
        if iteration == 1 or iteration % self._options.VerboseFrequency == 0:
            self._print()

    def finish(self, validation: dict[str, Any], reason: str) -> None:
        """Show the last iteration, with what was found of the validation data after it."""
        if self._latest:
            self._latest = {**self._latest, **validation}
            found = {name: validation[name] for name in self._metrics if name in validation}
            if found:
                recordMetrics(self.monitor, self._latest["Iteration"], **found)
            if validation or self._last_printed != self._latest["Iteration"]:
                self._print()
        if self._options.Verbose:
            print(f"Training stopped: {reason}")
        self.monitor.Status = reason
        self.monitor.Progress = 100.0

    def _print(self) -> None:
        if self._options.Verbose:
            print(" | ".join([f"{self._cell(name):>{_width(name)}}" for name in self._columns]))
        self._last_printed = self._latest["Iteration"]

    def _cell(self, name: str) -> str:
        value = self._latest.get(name, "")
        if name == "TimeElapsed":
            return str(duration(0, 0, value))
        return f"{value:.5g}" if isinstance(value, float) else str(value)


def _width(name: str) -> int:
    """Columns are alike, but for those of metrics with a long name."""
    return max(14, len(name))
