"""A library of arrays that stands for a GPU's where there is none: NumPy's, in a class of its own.

What is tested with it is who moves arrays and who refuses to, not what a GPU computes.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tinydl.backend import dispatch, gpu, numpy_backend


class FarArray(np.ndarray):
    """An array that pretends to be far away; functions that make one of it leave it there."""

    downloads = 0

    def get(self) -> Any:
        """The same numbers as an array of NumPy's; counted."""
        FarArray.downloads += 1
        return np.array(self)

    def __getitem__(self, key: Any) -> Any:
        return _far(super().__getitem__(key))  # one element is an array there

    def __bool__(self) -> bool:
        FarArray.downloads += 1
        return bool(np.asarray(self))

    def __float__(self) -> float:
        FarArray.downloads += 1
        return float(np.asarray(self))

    def item(self, *index: Any) -> Any:
        FarArray.downloads += 1
        return np.asarray(self).item(*index)


class _Library(ModuleType):
    """NumPy's backend with FarArray for its arrays, in what goes in and in what comes out."""

    ARRAY_TYPES = (FarArray,)

    def __getattr__(self, name: str) -> Any:
        function = getattr(numpy_backend, name)
        if not callable(function):
            return function

        def far(*given: Any, **options: Any) -> Any:
            return _far(function(*_near(given), **options))

        return far

    @staticmethod
    def to_host(x: Any) -> Any:
        return x.get()

    @staticmethod
    def read_only(x: Any) -> Any:
        return x.copy()

    @staticmethod
    def as_text(x: Any) -> str:
        return numpy_backend.as_text(x.get())

    @staticmethod
    def as_numpy(x: Any, dtype: Any, copy: bool | None) -> Any:
        raise TypeError("this array is on the GPU; bring it back with gather(X)")


def _near(given: Any) -> Any:
    if isinstance(given, (tuple, list)) and not hasattr(given, "_fields"):
        return type(given)([_near(part) for part in given])
    return np.asarray(given) if isinstance(given, FarArray) else given


def _far(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple([_far(part) for part in result])
    if isinstance(result, (np.ndarray, np.floating, np.bool_)):
        return np.asarray(result).view(FarArray)
    return result


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package find the pretended GPU until the test is over."""
    library = _Library("tinydl.backend.cupy_backend")
    monkeypatch.setitem(sys.modules, "tinydl.backend.cupy_backend", library)
    monkeypatch.setattr(dispatch, "_in_use", [numpy_backend])
    monkeypatch.setattr(dispatch, "_MODULE_OF", dict(dispatch._MODULE_OF))
    monkeypatch.setattr(gpu, "why_not", lambda: "")
    monkeypatch.setattr(gpu, "facts", lambda: gpu.Facts("pretended", "0.0", 2**31, 2**30))
    monkeypatch.setattr(FarArray, "downloads", 0)
