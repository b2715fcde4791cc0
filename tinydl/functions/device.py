"""Devices: the computer's own memory, and a graphics processor if there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


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
    """Whether computations can run on a GPU. They cannot in this version.

    Example:
        >>> from tinydl import canUseGPU
        >>> canUseGPU()
        False
    """
    return False


def gpuArray(X: Any) -> NoReturn:
    """X on the GPU. This version computes in the computer's own memory only and raises an error.

    Ask canUseGPU() first, as in ``if executionEnvironment == "auto" and canUseGPU():``.
    """
    raise RuntimeError(
        "gpuArray: this version of tinydl has no GPU support; keep the array where it is, and "
        "ask canUseGPU() before calling gpuArray"
    )
