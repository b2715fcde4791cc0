"""An operation here and in PyTorch: values, first and second derivatives in double precision.

Modules that use it begin with ``torch = pytest.importorskip("torch")``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.strategies import normal, numbers
from tinydl import dlarray, dlfeval, dlgradient, sum

TOLERANCE = 1e-10


def assert_agree(
    ours: Callable[..., dlarray],
    theirs: Callable[..., Any],
    arrays: Sequence[Any],
    formats: Sequence[str] = (),
    *,
    orders: int = 2,
    tolerance: float = TOLERANCE,
) -> None:
    """Hold ours, of dlarrays in the given formats, against theirs, of tensors.

    Both get the same arrays, whose dimensions must already stand in the order of the labels, and
    both must give results of our shape: the conventions are translated inside of theirs. What is
    compared are the value y, the gradients of Σ w y by each array, and the gradients of Σ v times
    those, with fixed random w and v.
    """
    formats = formats or [""] * len(arrays)
    found = _by_tinydl(ours, arrays, formats, orders)
    expected = _by_torch(theirs, arrays, orders)
    for order, (ys, zs) in enumerate(zip(found, expected, strict=True)):
        for i, (y, z) in enumerate(zip(ys, zs, strict=True)):
            assert y.shape == z.shape, f"order {order}, array {i}: {y.shape} and {z.shape}"
            scale = max(1.0, float(np.abs(z).max(initial=0.0)))
            np.testing.assert_allclose(
                y, z, rtol=tolerance, atol=tolerance * scale, err_msg=f"order {order}, array {i}"
            )


def _directions(order: int, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    return [normal(shape, 100 * order + i) for i, shape in enumerate(shapes)]


def _by_tinydl(
    call: Callable[..., dlarray], arrays: Sequence[Any], formats: Sequence[str], orders: int
) -> list[list[Any]]:
    def derivatives(*xs: dlarray) -> list[list[dlarray]]:
        level = [call(*xs)]
        found = [level]
        for order in range(orders):
            total: Any = 0.0
            for w, y in zip(_directions(order, [y.shape for y in level]), level, strict=True):
                total = sum(y * dlarray(w, y.dims), "all") + total
            slopes = dlgradient(total, *xs, EnableHigherDerivatives=True)
            level = list(slopes) if len(xs) > 1 else [slopes]
            found.append(level)
        return found

    xs = [dlarray(x, fmt) for x, fmt in zip(arrays, formats, strict=True)]
    return [[numbers(y) for y in level] for level in dlfeval(derivatives, *xs)]


def _by_torch(call: Callable[..., Any], arrays: Sequence[Any], orders: int) -> list[list[Any]]:
    import torch

    xs = [torch.tensor(np.array(x), dtype=torch.float64, requires_grad=True) for x in arrays]
    level = [call(*xs)]
    found = [level]
    for order in range(orders):
        total = torch.zeros((), dtype=torch.float64, requires_grad=True) * 0.0
        for w, y in zip(_directions(order, [tuple(y.shape) for y in level]), level, strict=True):
            total = total + (y * torch.tensor(w)).sum()
        slopes = torch.autograd.grad(total, xs, create_graph=True, allow_unused=True)
        level = [torch.zeros_like(x) if g is None else g for x, g in zip(xs, slopes, strict=True)]
        found.append(level)
    return [[y.detach().numpy() for y in level] for level in found]
