"""Ask the stand-in what has happened, and tell it in which order to run threads.

It works in a process that was started by ``python -m tests.cpuhip`` only; `is_running` says so.
"""

from __future__ import annotations

import ctypes
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

LIBRARY = "CPUHIP_LIBRARY"
"""The environment variable by which a process knows that, and where, the stand-in is."""

REVERSE = "CPUHIP_REVERSE"
"""The environment variable that turns the order of threads round; it is read at every launch."""


def is_running() -> bool:
    """True if CuPy finds the stand-in in this process."""
    return LIBRARY in os.environ


def cupy_or_skip() -> Any:
    """Real CuPy; a test module that asks for it is skipped where the stand-in does not run."""
    import pytest

    if not is_running():
        pytest.skip("`make test-gpu` runs these", allow_module_level=True)
    return importlib.import_module("cupy")


def lend_sorting(cupy: Any) -> None:
    """Let cupy.argsort be NumPy's, on the host: CuPy's own is a kernel that cannot run here.

    What is built on it can be tried so; that CuPy sorts rightly is not shown.
    """
    import numpy as np

    def argsort(a: Any, axis: int = -1, kind: str | None = None) -> Any:
        return cupy.asarray(np.argsort(a.get(), axis=axis, kind="stable"))

    cupy.argsort = argsort


@cache
def library() -> ctypes.CDLL:
    """The stand-in itself; CuPy has loaded the same file, so that both speak to one."""
    loaded = ctypes.CDLL(os.environ[LIBRARY])
    loaded.cpuhip_counters.restype = ctypes.c_size_t
    loaded.cpuhip_counters.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    loaded.cpuhip_damaged_guards.restype = ctypes.c_long
    return loaded


# ---- counters -----------------------------------------------------------------------------------


def counters() -> dict[str, int]:
    """Everything counted since the process started, by the stand-in's own names."""
    room = 0
    while True:
        buffer = ctypes.create_string_buffer(room)
        needed: int = library().cpuhip_counters(buffer, room)
        if needed <= room:
            break
        room = needed
    lines = (line.split(" ", 1) for line in buffer.value.decode().splitlines())
    return {name: int(number) for number, name in lines}


@dataclass
class Counts:
    """What happened within a `counted` block: `by_name`, and the sums that budgets are made of."""

    by_name: dict[str, int] = field(default_factory=dict)

    def _sum(self, *names: str) -> int:
        return sum(self.by_name.get(name, 0) for name in names)

    @property
    def launches(self) -> int:
        """Kernels launched; products of matrices are not among them."""
        return self._sum("launch")

    def launches_of(self, kernel: str) -> int:
        """Launches of the kernel of this name."""
        return self._sum(f"launch {kernel}")

    @property
    def gemms(self) -> int:
        """Products of matrices, or of batches of them."""
        return self._sum("gemm", "gemm_batched")

    @property
    def uploads(self) -> int:
        """Copies from the host to the device."""
        return self._sum("upload")

    @property
    def downloads(self) -> int:
        """Copies from the device to the host."""
        return self._sum("download")

    @property
    def waits(self) -> int:
        """Calls in which the host waits: for a stream, an event, the device, or a copy."""
        return self._sum("wait_stream", "wait_event", "wait_device", "wait_copy")

    @property
    def allocations(self) -> int:
        """Requests for device memory; what CuPy's pool has in store is not asked for."""
        return self._sum("allocate")

    @property
    def compilations(self) -> int:
        """Kernel texts compiled; those in CuPy's cache on disk are not."""
        return self._sum("compile")


@contextmanager
def counted() -> Iterator[Counts]:
    """Count what happens in the block: ``with counted() as counts: …``; read `counts` after it."""
    before = counters()
    counts = Counts()
    yield counts
    for name, number in counters().items():
        if number > before.get(name, 0):
            counts.by_name[name] = number - before.get(name, 0)


# ---- memory, threads, errors --------------------------------------------------------------------


def damaged_guards() -> int:
    """How many allocations had something written just outside them since the last call."""
    return int(library().cpuhip_damaged_guards())


@contextmanager
def threads_run(order: str) -> Iterator[None]:
    """Run blocks, warps and threads in the block "forward" (0, 1, 2, …) or "reversed"."""
    before = os.environ.get(REVERSE)
    os.environ[REVERSE] = {"forward": "0", "reversed": "1"}[order]
    try:
        yield
    finally:
        if before is None:
            del os.environ[REVERSE]
        else:
            os.environ[REVERSE] = before


def forget_errors() -> None:
    """Take back an error that a later call would report, as after a test that expects one."""
    library().hipDeviceSynchronize()
    library().hipGetLastError()
