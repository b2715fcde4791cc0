"""Sums over any axes of CuPy arrays, for all normalizations: see ``kernels.statistics``."""

from __future__ import annotations

import math
from typing import Any

import cupy

from tinydl.backend.kernels import real_type, statistics

Axes = tuple[int, ...]


def moments(x: Any, axis: Axes, epsilon: float | None = None) -> Any:
    """Mean and variance over axes, which stay with size 1; of no elements they are NaN.

    With epsilon also 1 / √(variance + epsilon). They lie in one array, one behind the other.
    """
    results = cupy.empty((2 if epsilon is None else 3, *_kept(x.shape, axis)), x.dtype)
    if x.size == 0:
        results.fill(math.nan)
        return results
    x, plan = _planned(x, axis)
    outputs = (*results, None)[:3]
    numbers = plan.runs, cupy.float64(epsilon or 0.0)
    parts = _parts(plan)
    shared = 8 * math.prod(plan.block)
    statistics.MOMENTS.launch(
        plan.grid,
        plan.block,
        (x, parts, *outputs, *numbers),
        shared,
        real=real_type(x.dtype),
        index=plan.counter,
    )
    if parts is not None:
        statistics.MOMENTS_TOGETHER.launch(
            *_second(plan), (parts, *outputs, *numbers, cupy.int32(plan.pieces)),
            8 * statistics.THREADS, real=real_type(x.dtype), index=plan.counter,
        )  # fmt: skip
    return results


def sums(
    u: Any, x: Any, axis: Axes, centre: Any = None, variance: Any = None, epsilon: float = 0.0
) -> tuple[Any, Any]:
    """Σ u and Σ u (x − centre) over axes, which stay with size 1.

    With a variance, the latter divided by √(variance + epsilon).
    """
    plain, product = cupy.empty((2, *_kept(u.shape, axis)), u.dtype)
    if u.size == 0:
        plain.fill(0)
        product.fill(0)
        return plain, product
    (u, plan), (x, _) = _planned(u, axis), _planned(x, axis)
    numbers = plan.runs, cupy.float64(epsilon)
    parts = _parts(plan)
    statistics.SUMS.launch(
        plan.grid, plan.block, (u, x, centre, variance, parts, plain, product, *numbers),
        8 * math.prod(plan.block), real=real_type(u.dtype), index=plan.counter,
    )  # fmt: skip
    if parts is not None:
        statistics.SUMS_TOGETHER.launch(
            *_second(plan), (parts, variance, plain, product, *numbers, cupy.int32(plan.pieces)),
            8 * statistics.THREADS, real=real_type(u.dtype), index=plan.counter,
        )  # fmt: skip
    return plain, product


def alike(*arrays: Any) -> list[Any]:
    """Arrays of one class in C order; copied only where they are not."""
    dtype = cupy.result_type(*arrays)
    return [cupy.ascontiguousarray(x, dtype) for x in arrays]


def _kept(shape: tuple[int, ...], axis: Axes) -> tuple[int, ...]:
    return tuple([1 if i in axis else n for i, n in enumerate(shape)])


def _planned(x: Any, axis: Axes) -> tuple[Any, statistics.Plan]:
    """x in C order and the plan for it; with the axes moved to its end if they alternate a lot."""
    plan = statistics.plan(x.shape, axis)
    if plan is None:
        kept = [i for i in range(x.ndim) if i not in axis]
        x = x.transpose(*kept, *axis)
        plan = statistics.plan(x.shape, tuple(range(len(kept), x.ndim)))
        assert plan is not None
    return cupy.ascontiguousarray(x), plan


def _parts(plan: statistics.Plan) -> Any:
    """Room for what the pieces give, two numbers for each group; None if there is one piece."""
    return cupy.empty((plan.pieces, 2, plan.groups)) if plan.pieces > 1 else None


def _second(plan: statistics.Plan) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Blocks and threads of the second stage."""
    block = statistics.WARP, statistics.THREADS // statistics.WARP
    return (-(-plan.groups // statistics.WARP),), block
