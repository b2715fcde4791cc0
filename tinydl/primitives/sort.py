"""Elements in another order along one axis."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp


@Primitive
def reorder(x: Any, index: Any, *, axis: int) -> Any:
    """The elements of each line along an axis in the order of index, which names each once."""
    return xp(x).take_along_axis(x, index, axis)


# A permutation is undone by its inverse, so the adjoint writes nothing and adds nothing up.
reorder.gradient(x=lambda g, index, axis: reorder(g, inverse_order(index, axis), axis=axis))


def sorting_order(x: Any, axis: int, *, descend: bool = False) -> Any:
    """The positions that sort a plain array along an axis; equal elements keep their order.

    NaN counts as larger than all numbers: it is last, and in descending order first.
    """
    if not descend:
        return xp(x).stable_argsort(x, axis)
    # Sorted backwards and turned round: equal elements are then in their first order again.
    turn = (*(slice(None),) * axis, slice(None, None, -1))
    return x.shape[axis] - 1 - xp(x).stable_argsort(x[turn], axis)[turn]


def inverse_order(index: Any, axis: int) -> Any:
    """The positions that bring reordered lines back into their first order."""
    grid = [
        xp(index).arange(n).reshape((1,) * i + (n,) + (1,) * (index.ndim - i - 1))
        for i, n in enumerate(index.shape)
    ]
    first, grid[axis] = grid[axis], index
    inverse = xp(index).empty(index.shape, index.dtype)
    inverse[tuple(grid)] = first
    return inverse
