"""Which versions of everything a GPU computes with, for a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def versions() -> Iterator[tuple[str, str]]:
    """What is installed and what the driver offers, as pairs of a name and a version."""
    import cupy

    runtime = cupy.cuda.runtime
    number = str if runtime.is_hip else _number
    yield "CuPy", f"{cupy.__version__} for {'AMD' if runtime.is_hip else 'NVIDIA'}"
    yield "driver", _asked(lambda: number(runtime.driverGetVersion()))
    yield "runtime", _asked(lambda: number(runtime.runtimeGetVersion()))
    if not runtime.is_hip:
        yield "compiler", _asked(lambda: ".".join(map(str, cupy.cuda.nvrtc.getVersion())))


def _number(version: int) -> str:
    """12090 is CUDA 12.9."""
    return f"{version // 1000}.{version % 1000 // 10}"


def _asked(question: Callable[[], str]) -> str:
    """The answer, or what went wrong: a report tells all that it can."""
    try:
        return question()
    except Exception as error:
        return f"unknown ({type(error).__name__})"
