"""The GPU itself: whether there is one that works, what it is called, and what its errors mean."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

from tinydl.backend import dispatch, numpy_backend
from tinydl.backend.process import keep_memory, one_blas_thread

INSTALL = (
    "pip install 'tinydl[gpu]' for most cards of NVIDIA, or 'tinydl[gpu13]' for CUDA 13 drivers"
)


class Facts(NamedTuple):
    """What is known about a GPU."""

    name: str
    compute_capability: str
    total: int  # bytes
    available: int  # bytes, those that CuPy keeps for new arrays among them


@functools.cache
def why_not() -> str:
    """Why computations cannot run on a GPU; "" if they can. Asked once: a trial costs time."""
    try:
        import cupy
    except ImportError as error:
        return f"CuPy cannot be imported ({error}); {INSTALL}"
    try:
        if not cupy.cuda.is_available():
            return "there is no GPU, or no driver for one"
    except Exception as error:
        return f"there is no driver for a GPU ({error})"
    try:
        trial = cupy.arange(4.0)
        worked = float((trial * trial).sum()) == 14.0
    except Exception as error:
        return f"a first computation on the GPU failed ({type(error).__name__}: {error}); {INSTALL}"
    return "" if worked else "a first computation on the GPU gave a wrong result"


def facts() -> Facts:
    """The current GPU, which must be usable."""
    import cupy

    device = cupy.cuda.Device()
    properties = cupy.cuda.runtime.getDeviceProperties(device.id)
    free, total = device.mem_info
    kept = cupy.get_default_memory_pool().free_bytes()
    digits = device.compute_capability
    return Facts(properties["name"].decode(), f"{digits[:-1]}.{digits[-1]}", total, free + kept)


def upload(x: Any) -> Any:
    """An array on the GPU, which must be usable; the same one if it is there."""
    return dispatch.cupy().asarray(x)


class computing:
    """A context for computations: Inf and NaN without a warning, and words for a full memory.

    Meanwhile the threads are tinydl's own, see `set_num_threads`. The first one tells the allocator
    to keep memory, see `keep_memory`.
    """

    def __enter__(self) -> None:
        keep_memory()
        self._quiet = numpy_backend.quiet()
        self._quiet.__enter__()
        try:
            one_blas_thread.begin()
        except BaseException:  # an interrupt
            self._quiet.__exit__(None, None, None)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            one_blas_thread.end()
        finally:
            self._quiet.__exit__(kind, error, trace)
        if error is not None and _means_a_full_memory(error):
            raise MemoryError(_of_a_full_memory(error)) from error


def _means_a_full_memory(error: BaseException) -> bool:
    """Whether CuPy's pool, or the driver beneath, had no room for an array."""
    kind = type(error)
    if kind.__module__.partition(".")[0] not in ("cupy", "cupy_backends"):
        return False
    told = str(error)
    return kind.__name__ == "OutOfMemoryError" or "OutOfMemory" in told or "MemoryAlloc" in told


def _of_a_full_memory(error: BaseException) -> str:
    import cupy

    pool = cupy.get_default_memory_pool()
    free, total = cupy.cuda.Device().mem_info
    return (
        f"there is no room on the GPU: {error} Of its {_megabytes(total)} {_megabytes(free)} are "
        f"free; CuPy holds {_megabytes(pool.total_bytes())}, of which arrays use "
        f"{_megabytes(pool.used_bytes())}. Use smaller mini-batches; after deleting arrays, "
        "cupy.get_default_memory_pool().free_all_blocks() gives back what no array uses"
    )


def _megabytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MB"


def observed(forward: Callable[..., Any]) -> Callable[..., Any]:
    """The forward of a primitive; with TINYDL_GPU_DEBUG=1 each call waits and names itself.

    The GPU works behind the program, so an error otherwise shows in some later call.
    """
    if os.environ.get("TINYDL_GPU_DEBUG", "0") in ("", "0"):
        return forward
    return waiting(forward)


def waiting(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A forward that is over when it returns, and whose errors say whose they are."""

    @functools.wraps(forward)
    def waited(*inputs: Any, **static: Any) -> Any:
        result = forward(*inputs, **static)
        try:
            dispatch.synchronize()
        except Exception as error:
            raise RuntimeError(f"{forward.__name__} failed on the GPU: {error}") from error
        return result

    return waited
