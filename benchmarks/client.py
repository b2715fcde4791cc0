"""The driver's end of a worker: start it in a clean environment, ask it, end it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
REMOVED = ("OPENBLAS_", "GOTO_", "OMP_", "MKL_", "PYTHONPATH")


class WorkerError(RuntimeError):
    """What went wrong in a worker, with its traceback."""


class Contestant(NamedTuple):
    """What is measured: a library, the folder that it comes from, and whether Numba helps it."""

    name: str
    library: str
    place: Path | None = None
    numba: bool = False


def clean_environment(
    environment: Mapping[str, str], threads: int, numba: bool = False
) -> dict[str, str]:
    """Libraries see the processor as it is: nothing chooses their kernels or threads but we."""
    kept = {key: v for key, v in environment.items() if not key.startswith(REMOVED)}
    return kept | {"TINYDL_NUM_THREADS": str(threads), "TINYDL_NUMBA": str(int(numba))}


class Worker:
    """A contestant in a process of its own; a context, whose end is the end of the process."""

    def __init__(self, contestant: Contestant, threads: int) -> None:
        self.name, library, place, numba = contestant
        command = [sys.executable, "-m", "benchmarks.worker", library]
        self._process = subprocess.Popen(
            command if place is None else [*command, str(place)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env=clean_environment(os.environ, threads, numba),
        )  # fmt: skip
        try:
            self.version = self._answer()["version"]
        except WorkerError:
            self._end()
            raise

    def ask(self, do: str, **request: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"{self.name}: the process ended with {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self.name}: {answer['error']}")
        return answer

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._end()

    def _end(self) -> None:
        """Without requests the process comes to its end by itself."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
