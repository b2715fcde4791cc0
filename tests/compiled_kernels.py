"""Kernels of the backend, compiled and by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from tinydl.backend import compiled, numpy_groups
from tinydl.backend.compiled.windows import Sight


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


def convolved(sight: Sight, groups: int, x: Any, w: Any, g: Any, bias: Any) -> list[Any]:
    """All that a convolution computes."""
    options: dict[str, Any] = {**sight.slide._asdict(), "groups": groups}
    convolve = partial(numpy_groups.convolve, x, w, size=sight.outputs, **options)
    return [
        convolve(), convolve(bias=bias), convolve(bias=bias, is_relu=True),
        numpy_groups.convolve_input_gradient(g, w, size=sight.inputs, **options),
        numpy_groups.convolve_weight_gradient(x, g, size=sight.window, **options),
    ]  # fmt: skip


def assert_any_arrays_will_do(
    everything: Callable[..., list[Any]], x: Any, w: Any, g: Any, bias: Any
) -> None:
    """The same bits for arrays that are read-only, at odd addresses, in another order, expanded."""
    expected = everything(x, w, g, bias)
    for v in (x, w, g, bias):
        v.flags.writeable = False
    aside = np.zeros(x.nbytes + 1, np.uint8)[1:].view(float).reshape(x.shape)
    aside[...] = x
    found = everything(aside, np.asfortranarray(w), np.asfortranarray(g), bias)
    assert all(map(np.array_equal, found, expected))
    one = np.broadcast_to(g[:1, :1, :1], g.shape)
    found, expected = everything(x, w, one, bias), everything(x, w, one.copy(), bias)
    assert all(map(np.array_equal, found, expected))
