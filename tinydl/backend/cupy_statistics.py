"""Sums over any axes of CuPy arrays, for all normalizations: see ``kernels.statistics``."""

from __future__ import annotations

import math
from typing import Any

import cupy

from tinydl.backend.kernels import real_type, statistics

Axes = tuple[int, ...]


def moments(
    x: Any,
    axis: Axes,
    epsilon: float | None = None,
    running: tuple[Any, Any] | None = None,
    decays: tuple[float, float] = (0.0, 0.0),
) -> Any:
    """Mean and variance over axes, which stay with size 1; of no elements they are NaN.

    With epsilon also 1 / √(variance + epsilon); or running ones, moved towards these two by decays.
    They lie in one array, one behind the other.
    """
    count = 4 if running is not None else 2 if epsilon is None else 3
    results = cupy.empty((count, *_kept(x.shape, axis)), x.dtype)
    if x.size == 0:
        results.fill(math.nan)
        return results
    x, plan = _planned(x, axis)
    given = (None, None) if running is None else alike(*running)
    outputs = (results, *given, cupy.int32(count))
    numbers = plan.runs, *map(cupy.float64, (epsilon or 0.0, *decays))
    parts = _parts(plan)
    _launch_first(statistics.MOMENTS, plan, x.dtype, (x, *outputs, parts, *numbers))
    if parts is not None:
        statistics.MOMENTS_TOGETHER.launch(
            *_second(plan), (*outputs, parts, *numbers, cupy.int32(plan.pieces)),
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
    _launch_first(statistics.SUMS, plan, u.dtype,
                  (u, x, None, centre, variance, parts, plain, product, *numbers))  # fmt: skip
    if parts is not None:
        statistics.SUMS_TOGETHER.launch(
            *_second(plan), (parts, variance, plain, product, *numbers, cupy.int32(plan.pieces)),
            8 * statistics.THREADS, real=real_type(u.dtype), index=plan.counter,
        )  # fmt: skip
    return plain, product


def normalize_gradients(
    g: Any, x: Any, mean: Any, variance: Any, scale: Any, axis: Axes, epsilon: float, shown: Any
) -> tuple[Any, Any, Any]:
    """The gradients by x, scale and offset of a normalization by statistics of x over axes.

    These alternate no more than once. Of g only what stands where `shown` is positive, if that is
    given.
    """
    d = cupy.empty(x.shape, x.dtype)
    to_scale, to_offset = by_parameters = cupy.empty((2, *_kept(x.shape, axis)), x.dtype)
    if x.size == 0:
        by_parameters.fill(0)
        return d, to_scale, to_offset
    plan = statistics.plan(x.shape, axis)
    assert plan is not None
    parts = cupy.empty((plan.pieces, 2, plan.groups))
    numbers = plan.runs, cupy.float64(epsilon)
    _launch_first(statistics.SUMS, plan, x.dtype,
                  (g, x, shown, mean, None, parts, None, None, *numbers))  # fmt: skip
    _launch_first(statistics.NORMALIZE_GRADIENT, plan, x.dtype,
                  (g, shown, x, mean, variance, scale, parts, d, to_scale, to_offset, *numbers)
                  )  # fmt: skip
    return d, to_scale, to_offset


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


def _launch_first(kernel: Any, plan: statistics.Plan, dtype: Any, args: tuple[Any, ...]) -> None:
    """A kernel each block of which has a piece of the members of some groups."""
    shared = 8 * math.prod(plan.block)
    kernel.launch(plan.grid, plan.block, args, shared, real=real_type(dtype), index=plan.counter)


def _second(plan: statistics.Plan) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Blocks and threads of the second stage."""
    block = statistics.WARP, statistics.THREADS // statistics.WARP
    return (-(-plan.groups // statistics.WARP),), block
