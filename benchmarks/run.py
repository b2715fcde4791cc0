"""Run the benchmarks: tinydl beside PyTorch, or beside another commit of its own.

    python -m benchmarks.run                            all of it; writes results.md, results.png
    python -m benchmarks.run --quick --only "A train|B|PINN"     prints a table, writes nothing
    python -m benchmarks.run --against v0.1.0           the same workloads in two commits

It ends with 1 if a loss or a gradient is not the other's. Times are never judged.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.client import ROOT, Worker, WorkerError
from benchmarks.measure import Measurement, Settings, measure
from benchmarks.report import Memory, Report, line, machine
from benchmarks.workloads import TRAIN, chosen

RUNS_FOR_MEMORY = 10


@contextlib.contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """The files of another commit in a temporary folder, or a folder that already has them."""
    if (Path(revision) / "tinydl").is_dir():
        yield Path(revision).resolve()
        return
    archive = subprocess.run(
        ["git", "archive", revision, "tinydl"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
        yield Path(folder)


def measured_memory(options: argparse.Namespace, place: Path | None) -> list[Memory]:
    """Of A train, in a process of its own for each library."""
    found = []
    for name, library, where in _libraries(options, place):
        with Worker(name, library, where, options.threads) as worker:
            answer = worker.ask("memory", name=TRAIN.name, repeats=RUNS_FOR_MEMORY)
            found.append(Memory(name, answer["before"], answer["peak"]))
    return found


def _libraries(
    options: argparse.Namespace, place: Path | None
) -> list[tuple[str, str, Path | None]]:
    other = ("PyTorch", "torch", None) if place is None else (options.against, "tinydl", place)
    return [("tinydl", "tinydl", ROOT), other]


def measurements(
    options: argparse.Namespace, how: Settings, ours: Worker, other: Worker
) -> Iterator[Measurement]:
    """Those that both have, printed one by one."""
    for workload in chosen(options.only):
        try:
            found = measure(workload, ours, other, how)
        except WorkerError as error:
            if not options.against or not str(error).startswith(f"{other.name}: "):
                raise
            print(f"{workload.name}: not in {other.name}", file=sys.stderr)
            continue
        if found is None:
            print(f"{workload.name}: left out, {workload.needs} is missing", file=sys.stderr)
            continue
        print(line(found), flush=True)
        yield found


def run(options: argparse.Namespace, place: Path | None) -> Report:
    how = Settings(rounds=4, turn=0.05, most=4.0) if options.quick else Settings()
    if options.rounds:
        how = Settings(options.rounds, how.turn, how.most * options.rounds / how.rounds)
    with contextlib.ExitStack() as stack:
        ours, other = (
            stack.enter_context(Worker(name, library, where, options.threads))
            for name, library, where in _libraries(options, place)
        )
        found = list(measurements(options, how, ours, other))
        versions = {ours.name: ours.version, other.name: other.version}
    has_memory = any(m.workload is TRAIN for m in found)
    memory = measured_memory(options, place) if has_memory else []
    return Report(found, memory, machine(), versions, options.threads, other.name)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="*", help='names or their beginnings, "A train|B|PINN"')
    parser.add_argument("--quick", action="store_true", help="a rough table in a minute or two")
    parser.add_argument("--rounds", type=int, default=0, help="turns of each library")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--against", default=None, metavar="REV", help="a commit, or its folder")
    parser.add_argument("--output", type=Path, help="the folder for results.md and results.png")
    options = parser.parse_args()
    if options.against == "":
        parser.error("--against needs a commit: make bench-against REV=main")
    if not chosen(options.only):
        parser.error(f"--only {options.only!r} names no workload")
    return options


def main() -> int:
    options = arguments()
    if options.against:
        with tree_of(options.against) as place:
            report = run(options, place)
    else:
        report = run(options, None)
    is_whole = options.only == "*" and not (options.quick or options.against)
    output = options.output or (Path(__file__).parent if is_whole else None)
    print(report.text())
    if output is not None:
        report.write(output)
    wrong = [m for m in report.measurements if not m.is_right]
    for m in wrong:
        print(f"WRONG: {m.workload.name}: {m.where} differs by {m.error:.1e} from {report.other}'s;"
              f" {m.workload.tolerance:.0e} is allowed", file=sys.stderr)  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
