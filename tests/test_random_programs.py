"""Random small programs of smooth functions, differentiated to third order.

The gradient of one value may be a value itself. On plain arrays such a gradient comes from Cauchy's
formula, so that the whole program can be held against an oracle that contains no differentiation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import given

from tests.checks import MARGIN
from tests.strategies import SEEDS
from tinydl import dlarray
from tinydl.autodiff import Record, gradient, is_recorded, plain
from tinydl.primitives.reduce import sum_to
from tinydl.testing import contour_derivative, directional_derivatives
from tinydl.testing.strategies import Program, programs
from tinydl.testing.strategies.programs import GRADIENT_SCALE

RADIUS = 0.05  # every slope is about 1 at most: singularities stay ten times as far away
POINTS = 16  # the truncation error is (1/10)¹⁶


def values(program: Program, arrays: Sequence[Any]) -> list[dlarray]:
    """All values of a program of plain arrays, real or complex, or of recorded ones."""
    dims = program.inputs[0].dims

    def by_contour(steps: int, of: int, by: int, found: list[dlarray]) -> dlarray:
        before = Program(program.inputs, program.steps[:steps])
        total = lambda *xs: np.sum(values(before, xs)[of]._value)
        return dlarray._make(gradient_by_contour(total, arrays, by), dims)

    is_followed = any(map(is_recorded, arrays))
    handles = [dlarray._make(x, dims) for x in arrays]
    return program.values(handles, None if is_followed else by_contour)


def of_arrays(program: Program) -> Callable[..., Any]:
    """The result of a program as a function of arrays."""
    return lambda *arrays: program.result(values(program, arrays))._value


def gradient_by_contour(f: Callable[..., Any], xs: Sequence[Any], by: int) -> Any:
    """The gradient of a number by an array, real or complex, element by element."""
    slope = np.zeros(xs[by].shape, complex)
    z = np.exp(2j * np.pi * np.arange(POINTS) / POINTS)
    for at in np.ndindex(slope.shape):
        unit = np.zeros(slope.shape)
        unit[at] = RADIUS
        moved = [[x + t * unit if i == by else x for i, x in enumerate(xs)] for t in z]
        slope[at] = np.mean([f(*variables) / t for variables, t in zip(moved, z, strict=True)])
    return slope / RADIUS if np.iscomplexobj(xs[by]) else slope.real / RADIUS


def arrays(program: Program) -> list[Any]:
    return [plain(X._value) for X in program.inputs]


def check(program: Program, seed: int, noise: float = 0.0) -> None:
    """Hold three orders of a program's derivatives against the contour oracle.

    noise: by how much the values of the program on plain arrays may be wrong.
    """
    rng = np.random.default_rng(seed)
    op, xs = of_arrays(program), arrays(program)
    vs = [rng.uniform(-1.0, 1.0, x.shape) for x in xs]
    w = rng.standard_normal(xs[0].shape)
    found = directional_derivatives(op, xs, vs, w, 3)
    for order, value in enumerate(found, start=1):
        expected, bound = contour_derivative(op, xs, vs, w, order, radius=RADIUS, points=POINTS)
        bound += noise * float(np.sum(np.abs(w))) * math.factorial(order) / RADIUS**order
        assert abs(value - expected) <= MARGIN * bound, (order, value, expected, bound)


@given(programs(), SEEDS)
def test_programs(program: Program, seed: int) -> None:
    check(program, seed)


@given(programs(gradient=True, size=2), SEEDS)
def test_programs_with_a_gradient_in_the_middle(program: Program, seed: int) -> None:
    # The inner contour divides the rounding of a sum of n² values, all below 2, by its radius.
    rounding = np.finfo(float).eps * program.inputs[0].shape[0] ** 2 * 2
    check(program, seed, noise=rounding / RADIUS * GRADIENT_SCALE)


@given(programs())
def test_plain_and_recorded_walks_agree(program: Program) -> None:
    """Also: what is recorded of a program is its plain value, and repetition changes nothing."""
    op, xs = of_arrays(program), arrays(program)
    record = Record()
    leaves = [record.leaf(x) for x in xs]
    y = op(*leaves)
    np.testing.assert_array_equal(plain(y), op(*xs))
    y = sum_to(y, shape=())
    slow = [plain(g) for g in gradient(y, leaves, higher=True)]
    kept = gradient(y, leaves, retain=True)
    fast = gradient(y, leaves)
    for a, b, c in zip(slow, kept, fast, strict=True):
        np.testing.assert_array_equal(b, c)
        np.testing.assert_allclose(a, c, rtol=1e-12, atol=1e-14)
