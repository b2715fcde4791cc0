"""Kernels of the backend, compiled and by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinydl.backend import compiled


def need_numba() -> None:
    """Skip what needs it; otherwise the compiled kernels are those in use."""
    pytest.importorskip("numba")
    if not compiled._enabled:
        pytest.skip("TINYDL_NUMBA=0")
    for family in compiled.FAMILIES:
        for kind in (np.float64, np.float32):
            found = compiled.kernels_for(family, compiled.LEAST, np.zeros(1, kind))
            assert found is not None


def by_numpy(kernel: Callable[[], Any]) -> Any:
    """What a kernel gives when Numba is turned off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "_enabled", False)
        return kernel()


def both_ways(kernel: Callable[..., Any], *args: Any) -> tuple[list[Any], list[Any]]:
    """The results, compiled and by NumPy."""
    found, expected = kernel(*args), by_numpy(lambda: kernel(*args))
    as_list = lambda result: list(result) if isinstance(result, tuple) else [result]
    return as_list(found), as_list(expected)
