"""A process that runs workloads in one library: requests and answers are JSON, one a line.

    python -m benchmarks.worker tinydl DIRECTORY
    python -m benchmarks.worker torch

The directory is where tinydl is taken from. client.py starts these processes.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workloads import Prepared, named

PROCESS = Path("/proc/self/status")


def peak_memory() -> float:
    """The most memory that this process has had in real memory so far, in MiB.

    Where the system says it: ru_maxrss begins with what the process that started this one had.
    """
    if PROCESS.exists():
        lines = dict(line.split(":", 1) for line in PROCESS.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


class Server:
    """Keeps one workload, in all the ways that the library has for it."""

    def __init__(self, library: str, place: str) -> None:
        if place:
            sys.path.insert(0, place)
        self.library = importlib.import_module(f"benchmarks.with_{library}")
        package = Path(str(importlib.import_module(library).__file__)).resolve()
        if place and Path(place).resolve() not in package.parents:
            raise ImportError(f"{library} was to be found in {place}, and came from {package}")
        self.library.set_threads(int(os.environ["TINYDL_NUM_THREADS"]))
        self.ways: dict[str, Prepared] = {}

    def hello(self) -> dict[str, Any]:
        return {"version": self.library.VERSION}

    def prepare(self, name: str, is_tiny: bool) -> dict[str, Any]:
        workload = named(name)
        self.ways = {}  # the last one's memory is free before the next is made
        self.ways = self.library.prepare(workload, workload.draw(is_tiny))
        return {"ways": list(self.ways)}

    def answers(self, way: str, file: str) -> dict[str, Any]:
        """Writes loss and gradients; to be asked for before anything is timed."""
        np.savez(file, **self.ways[way].answers())
        return {}

    def time(self, way: str, repeats: int) -> dict[str, Any]:
        run, seconds = self.ways[way].run, []
        for _ in range(repeats):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds}

    def memory(self, name: str, repeats: int) -> dict[str, Any]:
        """The peak with the library and the numbers alone, and the peak after some runs."""
        workload = named(name)
        problem = workload.draw()
        before = peak_memory()
        self.ways = self.library.prepare(workload, problem)
        first = next(iter(self.ways.values()))
        for _ in range(repeats):
            first.run()
        return {"before": before, "peak": peak_memory()}


def serve(library: str, place: str = "") -> None:
    """Answer until the requests end. What libraries print goes to the error stream."""
    answers, sys.stdout = sys.stdout, sys.stderr
    try:
        server: Any = Server(library, place)
    except Exception:
        print(json.dumps({"error": traceback.format_exc()}), file=answers, flush=True)
        return
    print(json.dumps(server.hello()), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(server, request.pop("do"))(**request)
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
