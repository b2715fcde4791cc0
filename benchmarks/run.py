"""Run the benchmarks: tinydl beside PyTorch, or beside another commit of its own.

    python -m benchmarks.run                            all of it; writes results.md, results.png
    python -m benchmarks.run --quick --only "A train|B|PINN"     prints a table, writes nothing
    python -m benchmarks.run --against v0.1.0           the same workloads in two commits

Beside PyTorch tinydl is measured twice, with nothing but NumPy and with Numba, where that is.

It ends with 1 if a loss or a gradient is not the other's. Times are never judged.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.client import ROOT, Contestant, Worker, WorkerError
from benchmarks.measure import Measurement, Settings, measure
from benchmarks.report import Memory, Report, line, machine
from benchmarks.workloads import TRAIN, chosen

RUNS_FOR_MEMORY = 10

WITH_NUMBA = (
    'What is called "with Numba" is tinydl after `pip install "tinydl[fast]"`; "tinydl" alone has '
    "nothing but NumPy and SciPy. Numba is loaded, and compiles its kernels once on a machine, at "
    "their first use, which is not timed."
)
NO_NUMBA = (
    'Numba, which `pip install "tinydl[fast]"` adds to tinydl, could not be imported and is not '
    "measured."
)
BOTH_ALIKE = 'Both are {} Numba, which `pip install "tinydl[fast]"` adds to tinydl.'


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


def has_numba() -> bool:
    """Whether this interpreter, which the contestants run in too, can import it."""
    try:
        importlib.import_module("numba")
    except ImportError:  # also for a release of NumPy that Numba does not know
        return False
    return True


def contestants(options: argparse.Namespace, place: Path | None) -> tuple[list[Contestant], str]:
    """Who takes part, the one that all are compared with last, and what to say about Numba."""
    if place is not None:
        both = (("tinydl", ROOT), (options.against, place))
        about = BOTH_ALIKE.format("with" if options.numba else "without")
        return [Contestant(name, "tinydl", folder, options.numba) for name, folder in both], about
    alone, torch = Contestant("tinydl", "tinydl", ROOT), Contestant("PyTorch", "torch")
    if not has_numba():
        return [alone, torch], NO_NUMBA
    return [alone, Contestant("with Numba", "tinydl", ROOT, numba=True), torch], WITH_NUMBA


def measured_memory(all_of_them: list[Contestant], threads: int) -> list[Memory]:
    """Of A train, in a process of its own for each."""
    found = []
    for contestant in all_of_them:
        with Worker(contestant, threads) as worker:
            answer = worker.ask("memory", name=TRAIN.name, repeats=RUNS_FOR_MEMORY)
            found.append(Memory(worker.name, answer["before"], answer["peak"]))
    return found


def measurements(
    options: argparse.Namespace, how: Settings, ours: Sequence[Worker], other: Worker
) -> Iterator[Measurement]:
    """Those that all have, printed one by one."""
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
    all_of_them, about_numba = contestants(options, place)
    with contextlib.ExitStack() as stack:
        *ours, other = (
            stack.enter_context(Worker(contestant, options.threads)) for contestant in all_of_them
        )
        found = list(measurements(options, how, ours, other))
        versions = {worker.name: worker.version for worker in (ours[0], other)}
    if any(contestant.numba for contestant in all_of_them):
        versions["Numba"] = version("numba")
    has_memory = any(m.workload is TRAIN for m in found)
    memory = measured_memory(all_of_them, options.threads) if has_memory else []
    return Report(found, memory, machine(), versions, options.threads,
                  [worker.name for worker in ours], other.name, about_numba)  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="*", help='names or their beginnings, "A train|B|PINN"')
    parser.add_argument("--quick", action="store_true", help="a rough table in a minute or two")
    parser.add_argument("--rounds", type=int, default=0, help="turns of each library")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--against", default=None, metavar="REV", help="a commit, or its folder")
    parser.add_argument("--numba", action="store_true", help="with --against: both with Numba")
    parser.add_argument("--output", type=Path, help="the folder for results.md and results.png")
    options = parser.parse_args()
    if options.against == "":
        parser.error("--against needs a commit: make bench-against REV=main")
    if options.numba and not options.against:
        parser.error("--numba is for --against; beside PyTorch tinydl is measured with and without")
    if options.numba and not has_numba():
        parser.error('--numba needs Numba: pip install "tinydl[fast]"')
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
