"""How Numba is to compile: loops, functions of a number that are part of them, and sums."""

from __future__ import annotations

from typing import Any

import numba
from numba import types
from numba.extending import intrinsic

AS_WRITTEN: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
"""But for a product and a sum that follows, which are rounded together."""

_IN_ANY_ORDER: dict[str, Any] = {**AS_WRITTEN, "fastmath": {"contract", "reassoc", "nsz"}}
"""The terms of a sum, which several lanes of a vector add up."""

kernel = numba.njit(cache=True, **AS_WRITTEN)
scalar = numba.njit(forceinline=True, **AS_WRITTEN)
sum_of_many = numba.njit(forceinline=True, **_IN_ANY_ORDER)


@intrinsic
def in_long_vectors(typing: Any) -> Any:
    """Let the loops of the function that says this have vectors of 64 bytes.

    Processors that have those get vectors of 32 from LLVM unless they are asked for, since some run
    more slowly with long ones. The matrix products around these loops have long ones anyway.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # llvmlite's own add() knows those attributes alone that are a word; this one is a pair.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


@sum_of_many
def sum_in_double(x: Any) -> float:
    """The sum of numbers that lie side by side.

    Whose indices might be negative, as those of range(first, end), are loaded one by one instead of
    as a vector: a part of an array is passed as a slice.
    """
    in_long_vectors()
    total = 0.0
    for i in range(len(x)):
        total += x[i]
    return total
