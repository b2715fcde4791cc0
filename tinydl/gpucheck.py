"""``python -m tinydl.gpucheck``: whether this machine's GPU computes what NumPy does.

Every function that has a form of its own for the GPU is compared with NumPy's, then 50 training
steps of a network that reads digits, operation by operation. Then the steps are timed. What is
printed is one text, to be pasted into a report; it names no places of the machine. The exit status
is 0 if all agreed, 1 if something differed, and 2 if there is no GPU.

--quick compares one step of a few images; --steps N compares N steps.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from tinydl import __version__
from tinydl.backend import dispatch, gpu, gpu_versions
from tinydl.backend.kernels import all_kernels
from tinydl.functions.device import gpuDevice
from tinydl.testing import device_check, device_steps
from tinydl.testing.device_check import Finding

COLUMNS = 90
SHOWN = 3
"""How many complaints about one function are printed."""

ALL_AGREED, SOMETHING_DIFFERS, NO_GPU = 0, 1, 2

# A place has two parts or more, and does not follow a letter: 3/4 and and/or are none.
_PLACE = re.compile(
    r"(?<![\w.])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\":;,()<>]+)+[/\\]([^\s/\\'\":;,()<>]*)"
)


def without_places(text: str) -> str:
    """A text with the last part alone of each place in the machine's files.

    Example:
        >>> without_places("error in /a/b/c.cu: line 3")
        'error in …/c.cu: line 3'
    """
    return _PLACE.sub(r"…/\1", text)


class _Report:
    """The lines of the report, printed as they come, and the names of what differed."""

    def __init__(self) -> None:
        self.differing: list[str] = []
        self.compared = 0

    def say(self, text: str = "", indent: str = "") -> None:
        """A paragraph, in lines that are short enough."""
        told = without_places(text)
        for line in told.splitlines() or [""]:
            hanging = indent + "  " if indent else ""
            wrapped = textwrap.wrap(line, COLUMNS, initial_indent=indent, subsequent_indent=hanging)
            print("\n".join(wrapped), flush=True)

    def title(self, text: str) -> None:
        self.say()
        self.say(text)
        self.say("-" * min(len(text), COLUMNS))

    def row(self, finding: Finding) -> None:
        """One function: how often it was called, and how far from NumPy's result it was."""
        errors = [f"{finding.errors[kind]:.3f}" if kind in finding.errors else "-"
                  for kind in ("single", "double")]  # fmt: skip
        verdict = "DIFFERS" if finding.complaints else "ok"
        print(f"{finding.name:<36} {finding.calls:>7} {errors[0]:>10} {errors[1]:>10}   {verdict}",
              flush=True)  # fmt: skip
        self.compared += finding.calls
        if finding.complaints:
            self.differs(finding.name, finding.complaints)

    def differs(self, name: str, complaints: Sequence[str]) -> None:
        self.differing.append(name)
        for complaint in complaints[:SHOWN]:
            self.say(textwrap.shorten(without_places(complaint), 400), indent="    ")
        if len(complaints) > SHOWN:
            self.say(f"and {len(complaints) - SHOWN} more", indent="    ")


HEAD = f"{'':<36} {'calls':>7} {'single':>10} {'double':>10}"


def _describe_environment(report: _Report) -> None:
    """Versions, and the card if there is one."""
    report.say("tinydl on a GPU")
    report.say("===============")
    report.say(
        f"tinydl {__version__}, Python {platform.python_version()}, NumPy {version('numpy')}, "
        f"{platform.system()} {platform.machine()}"
    )
    if gpu.why_not():
        return
    report.say(", ".join([f"{name} {number}" for name, number in gpu_versions.versions()]))
    card = gpuDevice()
    report.say(
        f"{card.Name}, compute capability {card.ComputeCapability}, "
        f"{card.TotalMemory / 2**30:.1f} GB, of which {card.AvailableMemory / 2**30:.1f} GB free"
    )


def _compile_kernels(report: _Report) -> None:
    """All kernels, for all their types."""
    kernels = all_kernels()
    report.title(f"{len(kernels)} kernels")
    failed = 0
    for kernel in kernels:
        for types in kernel.variants():
            try:
                kernel.compile(**types)
            except Exception as error:
                failed += 1
                report.differs(f"kernel {kernel.name}", [f"{kernel.name} {types}: {error}"])
    report.say(f"{failed} could not be compiled" if failed else "all can be compiled")


def _check_functions(report: _Report) -> None:
    """Function by function, and which kernels ran meanwhile."""
    report.title(
        "Function by function, beside NumPy: the largest error as a part of what it may be"
    )
    report.say(HEAD)
    with device_check.launched() as launches:
        for finding in device_check.check_functions():
            report.row(finding)
    idle = [kernel.name for kernel in all_kernels() if kernel.name not in launches]
    if idle:
        report.say(f"kernels that did not run: {', '.join(idle)}")


def _check_steps(report: _Report, steps: int, images: int) -> None:
    """The digits network, operation by operation."""
    report.title(f"Operation by operation: training steps of the digits network: {steps}, "
                 f"of {images} images")  # fmt: skip
    report.say(HEAD)
    findings, first, last = device_steps.check_steps(steps, images)
    for finding in findings:
        report.row(finding)
    report.say(f"the loss went from {first:.4f} to {last:.4f}")


def _time_steps(report: _Report, steps: int, images: int, count: Any) -> None:
    """How long steps take, and what one of them asks of the GPU."""
    report.title(f"Timings: {steps} steps of {images} images, single precision")
    for timing in device_steps.time_steps(steps, images):
        report.say(f"{timing.what:<20} {timing.seconds * 1e3:>10.2f} ms "
                   f"{timing.images_per_second:>12,.0f} images/s")  # fmt: skip
    counts = device_steps.count_steps(count or device_check.launched, images)
    if count:
        report.say(f"one step: {counts.launches} launches, {counts.gemms} products of matrices, "
                   f"{counts.downloads} downloads, {counts.waits} waits, "
                   f"{counts.allocations} allocations")  # fmt: skip
    else:
        report.say(f"one step: {sum(counts.values())} launches of tinydl's own kernels")


def _parts(options: argparse.Namespace, count: Any) -> Iterator[Callable[[_Report], None]]:
    """The parts of the report after the first, in their order."""
    images = 8 if options.quick else 128
    steps = options.steps or (1 if options.quick else 50)
    yield _compile_kernels
    yield _check_functions
    yield lambda report: _check_steps(report, steps, images)
    yield lambda report: _time_steps(report, 2 if options.quick else 50, images, count)


def main(arguments: Sequence[str] | None = None, count: Any = None) -> int:
    """Print the report; the exit status.

    count is a context that gives what a block has asked of the GPU, where something can tell.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tinydl.gpucheck", description="Compare this machine's GPU with NumPy."
    )
    parser.add_argument("--quick", action="store_true", help="one step of a few images")
    parser.add_argument("--steps", type=int, help="how many training steps to compare (50)")
    options = parser.parse_args(arguments)
    if options.steps is not None and options.steps < 1:
        parser.error("--steps takes a whole number from 1 on")

    report = _Report()
    _describe_environment(report)
    if gpu.why_not():
        report.say(f"no GPU: {gpu.why_not()}")
        return NO_GPU
    dispatch.cupy()
    for part in _parts(options, count):
        try:
            part(report)
        except Exception as error:  # the rest of the report is worth as much
            report.differs(getattr(part, "__name__", "step").strip("_"), [f"{error!r}"])
    return _conclude(report)


def _conclude(report: _Report) -> int:
    report.title("Result")
    if report.differing:
        report.say(f"NOT all agreed: {', '.join(dict.fromkeys(report.differing))}")
        return SOMETHING_DIFFERS
    report.say(f"all {report.compared} comparisons agreed")
    return ALL_AGREED


if __name__ == "__main__":
    sys.exit(main())
