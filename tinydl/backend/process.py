"""What belongs to the whole process: the threads of the BLAS library, and the allocator.

Both are in other hands and are set through the C libraries that NumPy has loaded anyway. Where
these are different ones (another BLAS, another system than Linux) nothing is set, and everything
computes the same, only slower.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

# ---- BLAS: one thread while tinydl computes -----------------------------------------------------

_SETTERS = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads",
            "openblas_{}_num_threads64_", "openblas_{}_num_threads")  # fmt: skip
"""What the function is called in the OpenBLAS of a NumPy wheel, or in one of the system's."""


@functools.cache
def _openblas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How to get and set the number of threads of NumPy's OpenBLAS; None with another library."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            try:
                library = ctypes.CDLL(str(path))  # loaded already: this is a second name for it
            except OSError:
                continue
            for name in _SETTERS:
                if hasattr(library, name.format("set")):
                    return getattr(library, name.format("get")), getattr(
                        library, name.format("set")
                    )
    return None


class _OneBlasThread:
    """The limit that lasts from the first computation that begins to the last that ends.

    Computations may be nested, and several threads of a program may compute at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    def begin(self) -> None:
        blas = _openblas()
        if blas is None:
            return
        get, set = blas
        counted = False
        try:
            with self._lock:
                if self._inside == 0:
                    self._before = get()
                self._inside += 1
                counted = True
                if self._inside == 1 and self._before != 1:
                    set(1)
        except BaseException:  # an interrupt
            if counted:
                self.end()
            raise

    def end(self) -> None:
        blas = _openblas()
        if blas is None:
            return
        _, set = blas
        with self._lock:
            try:
                if self._inside == 1 and self._before != 1:
                    set(self._before)
            finally:  # also if it is interrupted
                self._inside -= 1


one_blas_thread = _OneBlasThread()


# ---- the allocator: memory that is given back to the system comes back page by page --------------

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # the numbers of mallopt's parameters in glibc


@functools.cache
def keep_memory() -> bool:
    """Let the C library keep freed memory for the next arrays; whether it was told so.

    What a training step keeps for its gradients is freed at its end, and needed again in the next;
    so are the results of layers in a prediction. By default glibc returns large blocks to the
    system, which then clears each of their pages when they are first written to: that costs up to a
    third of the step. The thresholds are set for the whole process, once, when the first dlfeval,
    forward, predict or step of a solver runs: blocks from 1 GiB on are returned at once, and free
    memory at the end of the heap from 2 GiB on. The environment variable TINYDL_MALLOPT=0 leaves
    them alone.
    """
    if os.environ.get("TINYDL_MALLOPT", "1") == "0" or sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library than glibc
        return False
    return bool(mallopt(_MMAP_THRESHOLD, 1 << 30)) and bool(mallopt(_TRIM_THRESHOLD, (1 << 31) - 1))
