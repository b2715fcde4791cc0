"""Compile every kernel of tinydl for ten generations of NVIDIA's cards, without a card.

    python -m tests.nvrtc.compile_kernels --at-least=45

prints a table and fails if a kernel does not compile, or if there are fewer than so many kernels.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tests.nvrtc.nvrtc import CompileError, Nvrtc
from tests.nvrtc.texts import Text, program, texts

ARCHITECTURES = (50, 60, 70, 75, 80, 86, 89, 90, 100, 120)

OPTIONS = ("--std=c++17", "--device-as-default-execution-space")
"""What CuPy tells the compiler too."""

COMPILERS = {
    "cuda_nvrtc/lib/libnvrtc.so.12": ARCHITECTURES,
    "cu13/lib/libnvrtc.so.13": (75, 90, 120),
}
"""Where the compilers are, and what each compiles for: 13 knows the cards from 75 on only."""

WRONG = Text("wrong", "", "__global__ void wrong() { this is no program; }", False)


class Job(NamedTuple):
    """Kernels of one sort, for one architecture, by one version of the compiler."""

    compiler: Path
    architecture: int
    parts: list[Text]


def folder(package: str) -> Path:
    """Where a package is installed; it is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"there is no {package}: `make compile-kernels` installs it")
    return Path(next(iter(spec.submodule_search_locations)))


def includes() -> list[str]:
    """Where CuPy's headers and CUDA's are."""
    cupy = folder("cupy") / "_core" / "include"
    parts = [cupy / "cupy" / "_cccl" / name for name in ("cub", "thrust", "libcudacxx")]
    return [f"-I{path}" for path in (cupy, *parts, folder("nvidia") / "cuda_runtime" / "include")]


def run(job: Job) -> tuple[str, float]:
    """What the compiler has against the kernels, "" if nothing, and how long it took."""
    options = [*OPTIONS, *(includes() if job.parts[0].is_elementwise else [])]
    start = time.perf_counter()
    try:
        code = Nvrtc(job.compiler).compile(program(job.parts), job.architecture, options)
        complaint = "" if code else "there is no machine code"
    except CompileError as error:
        complaint = str(error)
    return complaint, time.perf_counter() - start


def jobs(every: list[Text]) -> Iterator[Job]:
    """All that there is to compile: what needs CuPy's headers, and what does without."""
    for name, architectures in COMPILERS.items():
        compiler = folder("nvidia") / name
        for architecture in architectures:
            for is_elementwise in (False, True):
                parts = [text for text in every if text.is_elementwise == is_elementwise]
                yield Job(compiler, architecture, parts)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile every kernel for NVIDIA's cards.")
    parser.add_argument("--at-least", type=int, default=1, help="fail if there are fewer kernels")
    least = parser.parse_args().at_least
    every, start = texts(), time.perf_counter()
    count = len({text.kernel for text in every})
    print(f"{count} kernels, {len(every)} texts")

    work = [*jobs(every), Job(folder("nvidia") / next(iter(COMPILERS)), ARCHITECTURES[0], [WRONG])]
    with ProcessPoolExecutor() as pool:
        *results, (refusal, _) = list(pool.map(run, work))
    failed = report(work[:-1], results)
    print(f"{time.perf_counter() - start:.0f} s")
    if "wrong" not in refusal:
        print("a text that is no program has been compiled")
    if count < least:
        print(f"there have to be {least} kernels at least")
    return 1 if failed or count < least or "wrong" not in refusal else 0


def report(work: list[Job], results: list[tuple[str, float]]) -> int:
    """The table, then what does not compile; how many programs that are."""
    cells: dict[tuple[int, str], list[tuple[str, float]]] = {}
    for job, result in zip(work, results, strict=True):
        version = Nvrtc(job.compiler).version
        cells.setdefault((job.architecture, version), []).append(result)
    versions = sorted({version for _, version in cells})
    print("".join([f"{'':8}", *[f"{'NVRTC ' + version:>16}" for version in versions]]))
    for architecture in ARCHITECTURES:
        row = [shown(cells.get((architecture, version), [])) for version in versions]
        print(f"sm_{architecture:<5}" + "".join([f"{cell:>16}" for cell in row]))
    complaints = [complaint for complaint, _ in results if complaint]
    for complaint in dict.fromkeys(complaints):
        print(complaint[:2000])
    return len(complaints)


def shown(results: list[tuple[str, float]]) -> str:
    if not results:
        return "-"
    verdict = "FAILS" if any(complaint for complaint, _ in results) else "ok"
    return f"{verdict} {sum(seconds for _, seconds in results):.1f} s"


if __name__ == "__main__":
    sys.exit(main())
