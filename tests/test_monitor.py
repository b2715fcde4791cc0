"""trainingProgressMonitor: what it keeps, shows and writes, how often, and how Ctrl-C ends it."""

from __future__ import annotations

import csv
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from tinydl import (
    dlarray,
    groupSubPlot,
    recordMetrics,
    single,
    trainingProgressMonitor,
    updateInfo,
    yscale,
)
from tinydl.plot import monitor as module
from tinydl.plot import progress_figure, window

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Ctrl-C as in a new program: another test's monitor may be waiting for garbage collection."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    plt.close("all")
    window._figures.clear()
    yield
    plt.close("all")
    found = signal.signal(signal.SIGINT, before)
    assert found is signal.default_int_handler, "a monitor kept Ctrl-C"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """The time, which a test sets."""
    clock = types.SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock.seconds)
    return clock


def loop(monitor: trainingProgressMonitor, count: int = 10) -> None:
    for iteration in range(1, count + 1):
        recordMetrics(monitor, iteration, Loss=1.0 / iteration)
        updateInfo(monitor, Epoch=1, Text="going on")
        monitor.Progress = 100 * iteration / count


def made(**options: Any) -> trainingProgressMonitor:
    return trainingProgressMonitor(
        Metrics=["Loss", "Accuracy"], Info=["Epoch", "Text"], XLabel="Iteration", **options
    )


# ---- what it keeps ------------------------------------------------------------------------------


def test_it_keeps_numbers_of_every_kind() -> None:
    with made(Visible=False) as monitor:
        recordMetrics(monitor, 1, Loss=single(dlarray([[0.5]], "CB")), Accuracy=np.float32(0.25))
        recordMetrics(monitor, np.int64(2), Loss=dlarray(float("nan")))
        updateInfo(monitor, Epoch=dlarray(3.0), Text="abc")
    assert monitor.MetricData["Accuracy"] == [(1.0, 0.25)]
    assert monitor.MetricData["Loss"][0] == (1.0, 0.5)
    assert np.isnan(monitor.MetricData["Loss"][1][1])
    assert monitor.InfoData == {"Epoch": 3.0, "Text": "abc"}
    assert repr(monitor) == "trainingProgressMonitor of Loss, Accuracy: 2 points, 0 %"


def test_properties_may_be_assigned() -> None:
    monitor = trainingProgressMonitor(Visible=False)
    monitor.Metrics, monitor.Info, monitor.XLabel = ["a", "b"], "c", "Step"
    assert monitor.Metrics == ("a", "b") and monitor.Info == ("c",)
    recordMetrics(monitor, 1, a=1)
    with pytest.raises(ValueError, match="Metrics are named before the first is recorded"):
        monitor.Metrics = ["d"]
    with pytest.raises(ValueError, match="Info is named before"):
        monitor.Info = ["d"]
    with pytest.raises(AttributeError):
        monitor.Stop = True  # type: ignore[misc]
    monitor.close()


def test_wrong_names_and_values_are_refused() -> None:
    with pytest.raises(ValueError, match="Metrics are words of letters"):
        trainingProgressMonitor(Metrics=["training loss"])
    with pytest.raises(ValueError, match="Metrics names one twice"):
        trainingProgressMonitor(Metrics=["a", "a"])
    with pytest.raises(ValueError, match="Display must be one of"):
        trainingProgressMonitor(Display="window")
    monitor = made(Visible=False)
    with pytest.raises(ValueError, match="has no metric 'Lose'; it has Loss, Accuracy"):
        recordMetrics(monitor, 1, Loss=1, Lose=2)
    with pytest.raises(TypeError, match="recordMetrics: Loss must be one number"):
        recordMetrics(monitor, 1, Accuracy=1.0, Loss=dlarray([1.0, 2.0]))
    assert monitor.MetricData == {"Loss": [], "Accuracy": []}, "nothing is kept by halves"
    with pytest.raises(ValueError, match="has no information 'epoch'; it has Epoch, Text"):
        updateInfo(monitor, epoch=1)
    with pytest.raises(ValueError, match="has no metric 'x'"):
        groupSubPlot(monitor, "Group", ["Loss", "x"])
    with pytest.raises(ValueError, match="has no axes 'x'; it has Loss, Accuracy"):
        yscale(monitor, "x", "log")
    with pytest.raises(ValueError, match='scale must be "linear" or "log"'):
        yscale(monitor, "Loss", "loglog")
    for percent in (-1, 101, float("nan")):
        with pytest.raises(ValueError, match="Progress is from 0 to 100"):
            monitor.Progress = percent
    with pytest.raises(TypeError, match="the first argument is a trainingProgressMonitor"):
        recordMetrics("monitor", 1)  # type: ignore[arg-type]


# ---- what it shows ------------------------------------------------------------------------------


def test_text_is_shown_twice_a_second_and_at_the_end(
    now: types.SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor = made(Display="text", Status="Running")
    for iteration in range(1, 101):  # 12.5 seconds
        now.seconds += 0.125
        recordMetrics(monitor, iteration, Loss=1.0 / iteration)
        monitor.Progress = iteration
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 26  # at 0.125, 0.625, … 12.125, and 12.5 seconds
    assert lines[0] == "Iteration 1 | Loss 1 | 0 % | 00:00:00 | Running"
    assert lines[-1] == "Iteration 100 | Loss 0.01 | 100 % | 00:00:12 | Running"


def test_a_terminal_has_one_line_that_is_written_over(
    now: types.SimpleNamespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monitor = made(Display="text")
    for iteration, loss in ((1, 0.123456), (2, 0.5)):
        now.seconds += 1.0
        recordMetrics(monitor, iteration, Loss=loss)
    monitor.close()
    shown = capsys.readouterr().out
    first, second, last = shown.split("\r")[1:]
    assert first == "Iteration 1 | Loss 0.12346 | 0 % | 00:00:01"
    assert second.strip() == "Iteration 2 | Loss 0.5 | 0 % | 00:00:02"
    assert len(second) >= len(first) and last.endswith("\n")


def test_nothing_is_shown_if_it_is_not_visible(capsys: pytest.CaptureFixture[str]) -> None:
    loop(made(Visible=False))
    assert capsys.readouterr().out == "" and not plt.get_fignums()


def test_the_figure_has_all_points_groups_and_scales(tmp_path: Path) -> None:
    monitor = trainingProgressMonitor(
        Metrics=["TrainingLoss", "ValidationLoss", "Accuracy"], Info=["Epoch"], XLabel="Iteration",
        Display="figure", Status="Running",
    )  # fmt: skip
    groupSubPlot(monitor, "Loss", ["TrainingLoss", "ValidationLoss"])
    yscale(monitor, "Loss", "log")
    for iteration in range(1, 31):
        recordMetrics(monitor, iteration, TrainingLoss=1.0 / iteration, Accuracy=iteration / 30)
        if iteration % 10 == 0:
            recordMetrics(monitor, iteration, ValidationLoss=2.0 / iteration)
        updateInfo(monitor, Epoch=1 + iteration // 15)
    monitor.Status, monitor.Progress = "Finished", 100
    losses, accuracy = monitor.figure.axes
    assert [axes.get_ylabel() for axes in (losses, accuracy)] == ["Loss", "Accuracy"]
    assert losses.get_yscale() == "log" and accuracy.get_yscale() == "linear"
    assert [len(line.get_xdata()) for line in losses.lines] == [30, 3]
    assert losses.lines[1].get_ydata()[-1] == 2.0 / 30
    low, high = losses.get_xlim()
    assert low < 1 < 30 < high < 35 and accuracy.get_xlabel() == "Iteration"
    (state,) = [text.get_text() for text in monitor.figure.texts if "%" in text.get_text()]
    assert "100 %" in state and "Finished" in state and "Epoch: 3" in state
    monitor.figure.savefig(tmp_path / "finished.png", dpi=50)
    assert len(plt.imread(tmp_path / "finished.png")) > 100


def test_a_figure_is_drawn_twice_a_second(
    now: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(progress_figure, "redraw", drawn.append)
    monitor = made(Display="figure")
    for iteration in range(1, 101):
        now.seconds += 0.05
        recordMetrics(monitor, iteration, Loss=1.0)
    assert 9 <= len(drawn) <= 11
    monitor.close()
    assert len(drawn) <= 12 and len(set(map(id, drawn))) == 1


def test_the_button_asks_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_figure, "has_window", lambda canvas: True)
    monitor = made(Display="figure")
    recordMetrics(monitor, 1, Loss=1.0)
    assert not monitor.Stop
    button = monitor._figure._button  # type: ignore[union-attr]
    button._observers.process("clicked", None)
    assert monitor.Stop


@pytest.mark.parametrize(("environment", "backend", "expected"), [
    ({"DISPLAY": ":0"}, "TkAgg", True), ({"DISPLAY": ":0"}, "agg", False), ({}, "TkAgg", False),
    ({"WAYLAND_DISPLAY": "w"}, "QtAgg", True),
])  # fmt: skip
def test_figures_only_where_they_are_seen(
    environment: dict[str, str], backend: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(plt, "get_backend", lambda: backend)
    assert progress_figure.has_a_place() is expected
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    assert progress_figure.has_a_place()
    monkeypatch.setattr(progress_figure.importlib.util, "find_spec", lambda name: None)
    assert not progress_figure.has_a_place()


def test_it_needs_no_matplotlib() -> None:
    program = """
        import sys
        sys.modules["matplotlib"] = None
        import importlib.util
        importlib.util.find_spec = lambda name, find=importlib.util.find_spec: (
            None if name == "matplotlib" else find(name))
        from tinydl import recordMetrics, trainingProgressMonitor
        monitor = trainingProgressMonitor(Metrics=["Loss"])
        recordMetrics(monitor, 1, Loss=0.5)
        monitor.Progress = 100
        try:
            trainingProgressMonitor(Display="figure")
        except ImportError as error:
            assert "pip install tinydl[plots]" in str(error)
        else:
            raise AssertionError
    """
    environment = {**os.environ, "DISPLAY": ":0"}
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, check=True,
                            capture_output=True, text=True, env=environment)  # fmt: skip
    assert "Step 1 | Loss 0.5" in result.stdout


# ---- the file -----------------------------------------------------------------------------------


def rows_of(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_the_file_has_a_row_for_each_record_at_once(tmp_path: Path) -> None:
    file = tmp_path / "run.csv"
    file.write_text("an older run\n")
    monitor = made(Visible=False, CSVFile=str(file))
    assert file.read_text() == "an older run\n"
    updateInfo(monitor, Epoch=1, Text="with, comma")
    recordMetrics(monitor, 1, Loss=0.125)
    rows = rows_of(file)
    assert rows[0] == ["Iteration", "Seconds", "Loss", "Accuracy", "Epoch", "Text"]
    assert rows[1][:1] + rows[1][2:] == ["1", "0.125", "", "1", "with, comma"]
    recordMetrics(monitor, 2, Accuracy=1 / 3)
    monitor.close()
    last = rows_of(file)[-1]
    assert float(last[3]) == 1 / 3, "numbers are written with all their digits"


# ---- Ctrl-C -------------------------------------------------------------------------------------


def test_ctrl_c_stops_after_the_step_and_the_second_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    monitor, iteration = made(Display="text"), 0
    while iteration < 100 and not monitor.Stop:
        iteration += 1
        recordMetrics(monitor, iteration, Loss=1.0 / iteration)
        if iteration == 7:
            signal.raise_signal(signal.SIGINT)
            recordMetrics(monitor, iteration, Accuracy=0.5)  # the step is finished
    assert iteration == 7 and len(monitor.MetricData["Loss"]) == 7
    assert monitor.MetricData["Accuracy"] == [(7.0, 0.5)]
    assert capsys.readouterr().out.splitlines()[-1].startswith("Iteration 7 | Loss 0.14286")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_is_what_it_was_before_and_after() -> None:
    before = signal.getsignal(signal.SIGINT)
    monitor = made(Visible=False)
    assert signal.getsignal(signal.SIGINT) is before
    recordMetrics(monitor, 1, Loss=1.0)
    assert signal.getsignal(signal.SIGINT) is not before
    monitor.Progress = 100
    assert signal.getsignal(signal.SIGINT) is before
    recordMetrics(monitor, 2, Loss=1.0)  # after the end
    assert signal.getsignal(signal.SIGINT) is before
    forgotten = made(Visible=False)
    recordMetrics(forgotten, 1, Loss=1.0)
    del forgotten
    gc.collect()
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_leave_ctrl_c_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=loop, args=(made(Visible=False),))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before
