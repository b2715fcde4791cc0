"""Random small programs of smooth operations, differentiated to third order.

Values are used several times, written into each other, expanded and reduced; a gradient of one
value may be a value itself. On plain arrays such a gradient comes from Cauchy's formula, so that
the whole program can be held against an oracle that contains no differentiation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.checks import MARGIN
from tinydl.autodiff import Record, gradient, is_recorded, plain
from tinydl.primitives import activation
from tinydl.primitives import elementwise as e
from tinydl.primitives import gelu as ge
from tinydl.primitives import reduce as r
from tinydl.primitives import shape as s
from tinydl.primitives.contract import matmul
from tinydl.testing import contour_derivative, directional_derivatives

RADIUS = 0.05  # every slope below is about 1 at most: singularities stay ten times as far away
POINTS = 16  # the truncation error is (1/10)¹⁶
GRADIENT_SCALE = 0.1


class Step(NamedTuple):
    """An operation and which earlier values it works on; counted around."""

    name: str
    first: int
    second: int


def full(x: Any, n: int) -> Any:
    """x repeated to n × n."""
    return r.broadcast(x, shape=(n, n))


def by_columns(a: Any, b: Any, n: int) -> Any:
    """The first column of one matrix before the others of another."""
    first = s.take(full(a, n), index=(slice(None), slice(0, 1)))
    others = s.take(full(b, n), index=(slice(None), slice(1, None)))
    return s.concatenate(first, others, axis=1)


OPERATIONS: dict[str, Callable[[Any, Any, int], Any]] = {
    "sin": lambda a, b, n: e.sin(a),
    "cos": lambda a, b, n: e.cos(a),
    "tanh": lambda a, b, n: e.tanh(a * 0.5),
    "sigmoid": lambda a, b, n: activation.sigmoid(a),
    "erf": lambda a, b, n: e.erf(a * 0.5),
    "exp": lambda a, b, n: e.exp(e.sin(a) - 1.0),
    "gelu": lambda a, b, n: ge.gelu(a) * 0.5,
    "square": lambda a, b, n: e.power(e.sin(a), p=2) * 0.5,
    "add": lambda a, b, n: (a + b) * 0.5,
    "subtract": lambda a, b, n: (a - b) * 0.5,
    "multiply": lambda a, b, n: a * b * 0.5,
    "divide": lambda a, b, n: a / (e.cos(b) + 3.0),
    "matmul": lambda a, b, n: matmul(full(a, n), full(b, n)) * (1.0 / n),
    "column means": lambda a, b, n: r.mean(full(a, n), axis=(0,)),
    "mean": lambda a, b, n: r.mean(full(a, n), axis=(0, 1)),
    "softmax": lambda a, b, n: r.softmax(full(a, n), axis=(1,)),
    "logsumexp": lambda a, b, n: r.logsumexp(full(a, n), axis=(0,)) * 0.5,
    "transpose": lambda a, b, n: s.transpose(a, axes=(1, 0)),
    "reshape": lambda a, b, n: s.reshape(full(a, n), shape=(n, n), order="C"),
    "columns": by_columns,
    "assign row": lambda a, b, n: s.put(
        full(a, n), s.take(full(b, n), index=slice(1, 2)), index=slice(0, 1)
    ),
    "assign rectangle": lambda a, b, n: s.put(
        full(a, n), r.mean(full(b, n), axis=(0, 1)), index=np.ix_([n - 1, 0], [1])
    ),
}
STEPS = st.builds(Step, st.sampled_from(sorted(OPERATIONS)), st.integers(0, 9), st.integers(0, 9))
GRADIENT = st.builds(Step, st.just("gradient"), st.integers(0, 9), st.integers(0, 1))


class Program(NamedTuple):
    """Steps on two variables, one n × n and one 1 × n. Its result is the sum of the last values."""

    n: int
    steps: Sequence[Step]

    def __call__(self, *variables: Any) -> Any:
        values = self.values(variables)
        return full(values[-1], self.n) + full(values[-2], self.n) * 0.5

    def values(self, variables: Sequence[Any]) -> list[Any]:
        """Every value on the way, the variables first."""
        values = list(variables)
        for number, step in enumerate(self.steps):
            first = step.first % len(values)
            if step.name == "gradient":
                slope = self.gradient(number, first, step.second, values)
                values.append(slope * GRADIENT_SCALE)
            else:
                second = step.second % len(values)
                values.append(OPERATIONS[step.name](values[first], values[second], self.n))
        return values

    def gradient(self, steps: int, of: int, by: int, values: Sequence[Any]) -> Any:
        """The gradient of the sum of one value by one variable, made from the first steps."""
        if is_recorded(values[by]):
            y = values[of]
            if not is_recorded(y):  # a gradient of something linear
                return np.zeros(values[by].shape)
            return gradient(r.sum_to(y, shape=()), [values[by]], higher=True)[0]
        before = Program(self.n, self.steps[:steps])
        total = lambda *variables: np.sum(before.values(variables)[of])
        return gradient_by_contour(total, values[:2], by)


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


def check(program: Program, seed: int, noise: float = 0.0) -> None:
    """Hold three orders of a program's derivatives against the contour oracle.

    noise: by how much the values of the program on plain arrays may be wrong.
    """
    rng = np.random.default_rng(seed)
    shapes = [(program.n, program.n), (1, program.n)]
    xs = [rng.uniform(-1.0, 1.0, shape) for shape in shapes]
    vs = [rng.uniform(-1.0, 1.0, shape) for shape in shapes]
    w = rng.standard_normal((program.n, program.n))
    found = directional_derivatives(program, xs, vs, w, 3)
    for order, value in enumerate(found, start=1):
        expected, bound = contour_derivative(
            program, xs, vs, w, order, radius=RADIUS, points=POINTS
        )
        bound += noise * float(np.sum(np.abs(w))) * math.factorial(order) / RADIUS**order
        assert abs(value - expected) <= MARGIN * bound, (order, value, expected, bound)


@given(st.integers(2, 3), st.lists(STEPS, min_size=2, max_size=8), st.integers(0, 2**32 - 1))
def test_programs(n: int, steps: list[Step], seed: int) -> None:
    check(Program(n, steps), seed)


@given(
    st.lists(STEPS, min_size=1, max_size=4),
    GRADIENT,
    st.lists(STEPS, min_size=1, max_size=3),
    st.integers(0, 2**32 - 1),
)
def test_programs_with_a_gradient_in_the_middle(
    before: list[Step], middle: Step, after: list[Step], seed: int
) -> None:
    use = Step("multiply", len(before) + 2, len(before) + 2)  # of the gradient by itself
    program = Program(2, [*before, middle, use, *after])
    # The inner contour divides the rounding of a sum of n² values, all below 2, by its radius.
    check(program, seed, noise=np.finfo(float).eps * 4 * 2 / RADIUS * GRADIENT_SCALE)


@given(st.integers(2, 3), st.lists(STEPS, min_size=2, max_size=8), st.integers(0, 2**32 - 1))
def test_plain_and_recorded_walks_agree(n: int, steps: list[Step], seed: int) -> None:
    """Also: what is recorded of a program is its plain value, and repetition changes nothing."""
    program = Program(n, steps)
    rng = np.random.default_rng(seed)
    xs = [rng.uniform(-1.0, 1.0, (n, n)), rng.uniform(-1.0, 1.0, (1, n))]
    record = Record()
    leaves = [record.leaf(x) for x in xs]
    y = program(*leaves)
    np.testing.assert_array_equal(plain(y), program(*xs))
    y = r.sum_to(y, shape=())
    slow = [plain(g) for g in gradient(y, leaves, higher=True)]
    kept = gradient(y, leaves, retain=True)
    fast = gradient(y, leaves)
    for a, b, c in zip(slow, kept, fast, strict=True):
        np.testing.assert_array_equal(b, c)
        np.testing.assert_allclose(a, c, rtol=1e-12, atol=1e-14)
