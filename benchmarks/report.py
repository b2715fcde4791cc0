"""What was measured, as a page (results.md) and a plot (results.png)."""

from __future__ import annotations

import datetime
import os
import platform
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Measurement
from benchmarks.workloads import DOUBLE, SINGLE

TITLE = "# tinydl beside {other}"

HOW = [
    "Times of one run in milliseconds, and their ratio, tinydl ÷ {other}: **below 1 tinydl is "
    "faster**. All do the same work with {threads} threads, each in a process of its own, in "
    "turns within one run, and no variable of the environment chooses kernels of OpenBLAS.",
    "{about_numba}",
    "The times are medians; the ratio is the median over turns that stand beside each other, the "
    "ratio of p20 that of the 20th percentiles of all times. The check is the largest relative "
    "difference of losses, gradients and State from {other}'s; allowed are {single:g} in single "
    "and {double:g} in double precision.",
    "{machine}, {versions}, {date}.",
]

FORMATS = "Where PyTorch has two memory formats, the faster one counts, and is named."

SMALL_ARRAYS = "The cost of an operation on small arrays, in µs for each operation of the function:"

MEMORY = (
    "The peak memory in MiB of a process that does nothing but A train. Before the first run it "
    "holds the library and one batch; there is no other data."
)


class Memory(NamedTuple):
    """Peaks of a process in MiB: before the first run, and after all of them."""

    name: str
    before: float
    peak: float


@dataclass(frozen=True)
class Report:
    measurements: list[Measurement]
    memory: list[Memory]
    machine: str
    versions: dict[str, str]
    threads: int
    ours: list[str]
    other: str
    about_numba: str

    def text(self) -> str:
        how = [*HOW[:1], *([FORMATS] if self.other == "PyTorch" else []), *HOW[1:]]
        parts = [TITLE, *how, self._table(), *self._small_arrays(), *self._memory()]
        return (
            "\n\n".join([part if part.startswith("|") else self._filled(part) for part in parts])
            + "\n"
        )

    def _filled(self, paragraph: str) -> str:
        others = {name: version(name.lower()) for name in ("NumPy", "SciPy")}
        versions = self.versions | others | {"Python": platform.python_version()}
        text = paragraph.format(
            other=self.other, threads=self.threads, machine=self.machine,
            about_numba=self.about_numba, single=SINGLE, double=DOUBLE,
            versions=", ".join([f"{name} {v}" for name, v in versions.items()]),
            date=f"{datetime.date.today():%d %B %Y}",
        )  # fmt: skip
        return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)

    def _table(self) -> str:
        whose = ["", *[f" {name}" for name in self.ours[1:]]]
        ratios = [f"{ratio}{name}" for ratio in ("ratio", "ratio of p20") for name in whose]
        head = ["", *self.ours, self.other, *ratios, "check"]
        return table(head, [cells(m) for m in self.measurements])

    def _small_arrays(self) -> list[str]:
        found = [m for m in self.measurements if m.workload.operations]
        rows = [
            [m.workload.name.split(", ", 1)[1],
             *[f"{1e6 * times.median / m.workload.operations:.2f}"
               for times in (*m.ours.values(), m.other)]]
            for m in found
        ]  # fmt: skip
        return [SMALL_ARRAYS, table(["", *self.ours, self.other], rows)] if rows else []

    def _memory(self) -> list[str]:
        rows = [[m.name, *[f"{v:.0f}" for v in (m.before, m.peak, m.peak - m.before)]]
                for m in self.memory]  # fmt: skip
        return [MEMORY, table(["", "before", "peak", "difference"], rows)] if rows else []

    def write(self, folder: Path) -> None:
        """results.md and results.png, each whole or not at all."""
        text = self.text()
        folder.mkdir(parents=True, exist_ok=True)
        plot(self, folder / "results.new.png")
        (folder / "results.new.md").write_text(text, encoding="utf-8")
        for name in ("results{}.png", "results{}.md"):
            (folder / name.format(".new")).replace(folder / name.format(""))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of Markdown; the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join([f"| {' | '.join(row)} |" for row in (head, rule, *rows)])


class Figures(NamedTuple):
    """A measurement as text; the other library's time is the last one."""

    name: str
    times: list[str]
    ratios: list[str]
    p20: list[str]
    check: str


def figures(m: Measurement) -> Figures:
    name = f"{m.workload.name} ({m.way})" if m.way else m.workload.name
    times = [milliseconds(times.median) for times in (*m.ours.values(), m.other)]
    ratios, p20 = ([f"{v:.2f}" for v in found.values()] for found in (m.ratios, m.ratios_p20))
    check = f"{m.error:.0e}" if m.is_right else f"**{m.error:.0e}, WRONG**"
    return Figures(name, times, ratios, p20, check)


def cells(m: Measurement) -> list[str]:
    name, times, ratios, p20, check = figures(m)
    return [name, *times, *[f"**{ratio}**" for ratio in ratios], *p20, check]


def milliseconds(seconds: float) -> str:
    """Three digits."""
    value = 1e3 * seconds
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def line(m: Measurement) -> str:
    """One line for who watches."""
    name, *columns, check = figures(m)
    times, ratios, p20 = (" ".join([f"{text:>5}" for text in column]) for column in columns)
    return f"{name:48} {times} ms   ratio {ratios}   p20 {p20}   {check}"


def machine() -> str:
    """The processor and how many of it, without a name of the machine."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [text.split(":", 1)[1].strip() for text in lines if text.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def plot(report: Report, file: Path) -> None:
    """Bars of the ratios on a logarithmic axis, from 1 to the left and to the right.

    A workload has a bar for each contestant, the first one's on top.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = report.measurements[::-1]
    inches = (9, 1.4 + (0.16 + 0.1 * len(report.ours)) * len(found))
    figure, axes = plt.subplots(figsize=inches, layout="constrained")
    height = 0.8 / len(report.ours)
    for i, name in enumerate(report.ours):
        ratios = [m.ratios[name] for m in found]
        places = [place + 0.4 - (i + 0.5) * height for place in range(len(found))]
        axes.barh(places, [r - 1 for r in ratios], height, left=1, label=name)
        for place, ratio in zip(places, ratios, strict=True):
            axes.annotate(
                f"{ratio:.2f}", (ratio, place), (4 if ratio > 1 else -4, 0), va="center",
                textcoords="offset points", ha="left" if ratio > 1 else "right", fontsize=7,
            )  # fmt: skip
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=1)
    all_ratios = [ratio for m in found for ratio in m.ratios.values()]
    axes.set_xlim(min([*all_ratios, 0.5]) / 1.5, max([*all_ratios, 2.0]) * 1.5)
    ticks = [t for t in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if axes.get_xlim()[0] < t
             < axes.get_xlim()[1]]  # fmt: skip
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(found)), [m.workload.name for m in found], fontsize=8)
    axes.set_ylim(-0.7, len(found) - 0.3)
    axes.set_xlabel(f"time of tinydl ÷ time of {report.other}")
    axes.set_title(f"tinydl beside {report.other}, {report.threads} threads: left of 1 is faster")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=len(report.ours))
    figure.savefig(file, dpi=110)
    plt.close(figure)
