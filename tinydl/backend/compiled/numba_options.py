"""How Numba is to compile: loops, functions of a number that are part of them, and long sums."""

from __future__ import annotations

from typing import Any

import numba

AS_WRITTEN: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
"""But for a product and a sum that follows, which are rounded together."""

_IN_ANY_ORDER: dict[str, Any] = {**AS_WRITTEN, "fastmath": {"contract", "reassoc", "nsz"}}
"""The terms of a sum, which several lanes of a vector add up."""

kernel = numba.njit(cache=True, **AS_WRITTEN)
scalar = numba.njit(forceinline=True, **AS_WRITTEN)
sum_of_many = numba.njit(forceinline=True, **_IN_ANY_ORDER)
