"""Measure one workload: check that all contestants find the same, then time them in turns."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.client import Worker
from benchmarks.workloads import Workload

SMALL = 1e-2
"""A gradient is compared relative to its own largest element or, where it is all but zero (as for
a bias before batch normalization), to this part of the largest element of all gradients."""


@dataclass(frozen=True)
class Settings:
    """How long to measure: rounds, seconds of a turn, and seconds for a workload."""

    rounds: int = 15
    turn: float = 0.1
    most: float = 12.0
    quiet: float = 0.3
    is_tiny: bool = False


class Times(NamedTuple):
    """Seconds of one way to do a workload: all of them, and the median of each turn."""

    all: list[float]
    turns: list[float]

    @property
    def median(self) -> float:
        return median(self.all)

    @property
    def p20(self) -> float:
        return float(np.quantile(self.all, 0.2))


@dataclass(frozen=True)
class Measurement:
    """A workload: tinydl's times by the contestant's name, and those of the other's better way."""

    workload: Workload
    ours: dict[str, Times]
    other: Times
    way: str
    error: float
    where: str  # of the largest error

    @property
    def ratios(self) -> dict[str, float]:
        """The median of the ratios of turns that stood beside each other."""
        return {
            name: median([a / b for a, b in zip(times.turns, self.other.turns, strict=True)])
            for name, times in self.ours.items()
        }

    @property
    def ratios_p20(self) -> dict[str, float]:
        return {name: times.p20 / self.other.p20 for name, times in self.ours.items()}

    @property
    def is_right(self) -> bool:
        return self.error <= self.workload.tolerance  # False for NaN


def measure(
    workload: Workload, ours: Sequence[Worker], other: Worker, how: Settings
) -> Measurement | None:
    """None where a contestant does not have what the workload needs."""
    ways = {worker: worker.ask("prepare", name=workload.name, is_tiny=how.is_tiny)["ways"]
            for worker in (*ours, other)}  # fmt: skip
    if not all(ways.values()):
        return None
    everything = [(worker, way) for worker in (*ours, other) for way in ways[worker]]
    error, where = _error_of_all(everything, other)
    times = dict(zip(everything, _times(everything, how), strict=True))
    mine = {worker.name: times[worker, ways[worker][0]] for worker in ours}
    theirs = {way: times[other, way] for way in ways[other]}
    way = min(theirs, key=lambda name: theirs[name].median)
    return Measurement(workload, mine, theirs[way], way, error, where)


def _error_of_all(everything: Sequence[tuple[Worker, str]], other: Worker) -> tuple[float, str]:
    """The largest error of any contestant, beside each way of the other, and where it is."""
    answers = [(worker, _answers(worker, way)) for worker, way in everything]
    expected = [found for worker, found in answers if worker is other]
    errors = [
        (error, f"{where} of {worker.name}")
        for worker, found in answers if worker is not other
        for error, where in (largest_error(found, right) for right in expected)
    ]  # fmt: skip
    return max(errors, key=_nan_is_largest)


def largest_error(ours: dict[str, Any], others: dict[str, Any]) -> tuple[float, str]:
    """The largest relative difference of two sets of arrays, and the name of its array."""
    if ours.keys() != others.keys():
        return np.inf, "the names of the results"
    parts = [np.abs(v).max() for name, v in others.items() if name.startswith("gradient")]
    least = SMALL * max(parts, default=0.0)
    found = []
    for name, expected in others.items():
        if ours[name].shape != expected.shape:
            return np.inf, f"the shape of {name}"
        gradient = name.startswith("gradient")
        scale = max(float(np.abs(expected).max()), least if gradient else 0.0) or 1.0
        found.append((float(np.abs(ours[name] - expected).max()) / scale, name))
    return max(found, key=_nan_is_largest)


def _nan_is_largest(error: tuple[float, str]) -> float:
    return np.inf if np.isnan(error[0]) else error[0]


def _answers(worker: Worker, way: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.npz"
        worker.ask("answers", way=way, file=str(file))
        with np.load(file) as arrays:
            return dict(arrays)


def _times(everything: Sequence[tuple[Worker, str]], how: Settings) -> list[Times]:
    """In turns: each way some runs, then the next, and around again."""
    found = [Times([], []) for _ in everything]
    repeats = []
    for worker, way in everything:
        worker.ask("time", way=way, repeats=2)
        usual = min(worker.ask("time", way=way, repeats=2)["seconds"])
        repeats.append(max(1, min(1000, round(how.turn / usual))))
    start = time.monotonic()
    for turn in range(how.rounds):
        if turn >= 3 and time.monotonic() - start > how.most:
            break
        for (worker, way), times, count in zip(everything, found, repeats, strict=True):
            wait_until_quiet(how.quiet)
            seconds = worker.ask("time", way=way, repeats=count)["seconds"]
            times.all.extend(seconds)
            times.turns.append(median(seconds))
    return found


def wait_until_quiet(most: float) -> None:
    """Until the processor has little to do, as threads of the last turn spin for a while."""
    end = time.monotonic() + most
    while time.monotonic() < end and _busy(min(0.03, most)) > 0.2:
        pass


def _busy(seconds: float) -> float:
    """The part of all processors that was in use for some seconds; 0 where nothing tells."""
    before = _processor_times()
    time.sleep(seconds)
    idle, total = (b - a for a, b in zip(before, _processor_times(), strict=True))
    return 1 - idle / total if total else 0.0


def _processor_times() -> tuple[int, int]:
    """Idle, and all: ticks since the start of the system."""
    file = Path("/proc/stat")
    if not file.exists():
        return 0, 0
    numbers = [int(n) for n in file.read_text().split("\n", 1)[0].split()[1:9]]
    return numbers[3] + numbers[4], sum(numbers)
