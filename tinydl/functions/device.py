"""Devices: the computer's own memory, and a graphics processor if there is one.

A computation runs where its arrays are; only gpuArray and gather move them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from tinydl.autodiff.record import plain
from tinydl.backend import computing, gpu, is_array, is_on_gpu, xp
from tinydl.labels import dlarray
from tinydl.labels.classes import as_array
from tinydl.labels.containers import map_all_arrays


class _Question:
    """A function without arguments that MATLAB users write without parentheses.

    Handed on as a value it would count as true: its truth is refused instead.
    """

    def __init__(self, function: Callable[[], bool]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__module__ = function.__module__
        self.__wrapped__ = function

    def __call__(self) -> bool:
        return self.function()

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self.__name__} is a function; call it with parentheses: "
                        f"{self.__name__}()")  # fmt: skip

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"


@_Question
def canUseGPU() -> bool:
    """Whether computations can run on a GPU; gpuDevice() says why not.

    They can if CuPy is installed, finds a GPU, and a first computation there gives the right
    result. The answer is found once: asking again costs nothing.

    Example:
        >>> from tinydl import canUseGPU
        >>> executionEnvironment = "gpu" if canUseGPU() else "cpu"
    """
    return not gpu.why_not()


@dataclass(frozen=True)
class GPUDevice:
    """What gpuDevice tells about a GPU. It counts as false if there is none to compute on."""

    Name: str = ""
    ComputeCapability: str = ""
    TotalMemory: int = 0  # bytes
    AvailableMemory: int = 0  # bytes, those that CuPy keeps for new arrays among them
    reason: str = ""  # why there is none; "" if there is one

    def __bool__(self) -> bool:
        return not self.reason

    def __repr__(self) -> str:
        if self.reason:
            return f"no GPU: {self.reason}"
        properties = {
            "Name": self.Name,
            "ComputeCapability": self.ComputeCapability,
            "TotalMemory": f"{self.TotalMemory / 2**30:.2f} GB",
            "AvailableMemory": f"{self.AvailableMemory / 2**30:.2f} GB",
        }
        lines = [f"{name:>21}: {value}" for name, value in properties.items()]
        return "\n".join(["GPUDevice with properties:", "", *lines])


def gpuDevice() -> GPUDevice:
    """The GPU that gpuArray moves to: Name, ComputeCapability, TotalMemory and AvailableMemory.

    Memory is counted in bytes. MATLAB raises an error where there is no GPU; this function returns
    an object that counts as false, and prints the reason: CuPy is not installed (and how to install
    it), there is no driver, or a first computation failed.

    Example:
        >>> from tinydl import canUseGPU, gpuDevice
        >>> bool(gpuDevice()) == canUseGPU()
        True
    """
    reason = gpu.why_not()
    return GPUDevice(reason=reason) if reason else GPUDevice(*gpu.facts())


def gpuArray(X: Any) -> Any:
    """X on the GPU: an array or a dlarray, or all that a list, dict, table or network holds.

    Of a network Learnables and State move, ``net = gpuArray(net)``; ``dlupdate(gpuArray, net)``
    moves Learnables alone, and State follows when it is used. What is on the GPU already is not
    copied. Plain arrays become arrays of CuPy, numbers and lists of numbers too. Computations run
    where their arrays are, and give the same initial weights, dropout masks and permutations for a
    given rng on either device.

    Raises RuntimeError where there is no GPU, and says why; ask canUseGPU() first. Raises
    MemoryError if it is full, and says what uses it.

    Example:
        >>> from tinydl import canUseGPU, dlarray, gpuArray
        >>> X = dlarray([[1.0, 2.0]], "CB")
        >>> if canUseGPU():
        ...     X = gpuArray(X)
    """
    reason = gpu.why_not()
    if reason:
        raise RuntimeError(
            f"gpuArray: there is no GPU to move to: {reason}. Leave the array where it is, and ask "
            "canUseGPU() before calling gpuArray"
        )
    if not (isinstance(X, (dlarray, dict)) or hasattr(X, "_map_arrays") or _holds_more(X)):
        X = X if is_array(X) and X.dtype.kind in "iu" else as_array(X, "gpuArray: X")
    with computing():
        return map_all_arrays(_upload, X)


def gather(X: Any) -> Any:
    """X in the computer's own memory: what gpuArray moves, back again.

    A dlarray stays one, a plain array becomes NumPy's. What is there already is not copied, and
    what is no array stays as it is. The program waits until the GPU has computed the numbers.

    Example:
        >>> from tinydl import dlarray, gather
        >>> gather(dlarray([1, 2], "C")).dims
        'C'
    """
    return map_all_arrays(_download, X)


def _upload(x: Any) -> Any:
    if isinstance(x, dlarray):
        if is_on_gpu(plain(x._value)):
            return dlarray._make(x._value, x.dims)  # nothing moves, so its history stays
        return dlarray._make(gpu.upload(x._numbers()), x.dims)
    return gpu.upload(x)


def _download(x: Any) -> Any:
    if isinstance(x, dlarray):
        if not is_on_gpu(plain(x._value)):
            return dlarray._make(x._value, x.dims)
        return dlarray._make(_download(x._numbers()), x.dims)
    return xp(x).to_host(x) if is_on_gpu(x) else x


def _holds_more(X: Any) -> bool:
    """Whether a list or tuple is more than numbers, which make an array: nothing, or arrays."""
    if not isinstance(X, (list, tuple)):
        return False
    return not X or any([not isinstance(p, (bool, int, float, list, tuple)) or _holds_more(p)
                         for p in X])  # fmt: skip
