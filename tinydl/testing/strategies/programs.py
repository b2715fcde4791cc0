"""Random compositions of differentiable functions.

Values are used several times, written into each other, expanded and reduced; the gradient of a
value may be a value itself. Factors keep all values and slopes about 1 at most, and singularities
in the complex plane at a distance of about 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tinydl.functions.activate import gelu, sigmoid, softmax
from tinydl.functions.convert import single, stripdims
from tinydl.functions.hyperbolic import tanh
from tinydl.functions.math import exp, log
from tinydl.functions.reduce import mean, sum
from tinydl.functions.shape import cat, repmat, reshape, transpose
from tinydl.functions.special import erf
from tinydl.functions.trigonometry import cos, sin
from tinydl.labels import dlarray
from tinydl.testing.strategies.arrays import dlarrays
from tinydl.testing.strategies.code import Case
from tinydl.testing.strategies.engine import st
from tinydl.training.differentiate import dlgradient

GRADIENT = "gradient"
GRADIENT_SCALE = 0.1
VARIABLES = 2

Step = tuple[Any, ...]
Differentiate = Callable[[int, int, int, list[dlarray]], dlarray]
"""From the number of steps so far, the value, the variable and all values to a gradient."""


def full(X: dlarray, n: int) -> dlarray:
    """X repeated to n × n."""
    rows, columns = X.shape
    return X if rows == columns == n else repmat(X, n // rows, n // columns)


def relabelled(X: dlarray, like: dlarray) -> dlarray:
    """A matrix without labels in the format of another."""
    return dlarray(X, like.dims) if like.dims else X


def product(a: dlarray, b: dlarray, n: int) -> dlarray:
    """The matrix product, for which labels are taken off."""
    return relabelled(stripdims(full(a, n)) @ stripdims(full(b, n)), a) * (1.0 / n)


def softmax_along_rows(a: dlarray, b: dlarray, n: int) -> dlarray:
    """The softmax of each row."""
    return relabelled(stripdims(softmax(dlarray(stripdims(full(a, n)), "BC"))), a)


def transposed(a: dlarray, b: dlarray, n: int) -> dlarray:
    """Rows as columns."""
    return relabelled(transpose(stripdims(full(a, n))), a)


def reshaped(a: dlarray, b: dlarray, n: int) -> dlarray:
    """All elements in one row, and back."""
    return relabelled(reshape(reshape(stripdims(full(a, n)), (1, n * n)), (n, n)), a)


def by_columns(a: dlarray, b: dlarray, n: int) -> dlarray:
    """The first column of one matrix before the others of another."""
    return cat(None, full(a, n)[:, 0:1], full(b, n)[:, 1:], axis=1)


def with_row(a: dlarray, b: dlarray, n: int) -> dlarray:
    """One matrix with a row of another in it."""
    Y = full(a, n) * 1.0
    Y[0:1, :] = full(b, n)[1:2, :]
    return Y


def with_rectangle(a: dlarray, b: dlarray, n: int) -> dlarray:
    """One matrix with the mean of another at two places."""
    Y = full(a, n) * 1.0
    Y[[n - 1, 0], [1]] = mean(full(b, n), axis=(0, 1))
    return Y


UNARY: dict[str, Callable[..., Any]] = {
    "sin": sin,
    "cos": cos,
    "tanh": lambda a: tanh(a * 0.5),
    "sigmoid": sigmoid,
    "erf": lambda a: erf(a * 0.5),
    "exp": lambda a: exp(sin(a) - 1.0),
    "gelu": lambda a: gelu(a) * 0.5,
    "square": lambda a: sin(a) ** 2 * 0.5,
}
BINARY: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: (a + b) * 0.5,
    "subtract": lambda a, b: (a - b) * 0.5,
    "multiply": lambda a, b: a * b * 0.5,
    "divide": lambda a, b: a / (cos(b) + 3.0),
}
OF_MATRICES: dict[str, Callable[..., Any]] = {
    "product": product,
    "column means": lambda a, b, n: mean(full(a, n), axis=0),
    "mean": lambda a, b, n: mean(full(a, n), axis=(0, 1)),
    "softmax": softmax_along_rows,
    "logsumexp": lambda a, b, n: log(sum(exp(full(a, n)), axis=0)) * 0.5,
    "transpose": transposed,
    "reshape": reshaped,
    "columns": by_columns,
    "assign row": with_row,
    "assign rectangle": with_rectangle,
}
OF_TWO = {*BINARY, "product", "columns", "assign row", "assign rectangle"}


@dataclass(frozen=True, eq=False, repr=False)
class Program(Case):
    """Steps on two variables, one n × n and one 1 × n, which may be labelled.

    Each step is the name of an operation and the positions of the values that it works on, counted
    from 0, the variables first: ``("add", 0, 2)`` adds the first step's result to the first
    variable. ``("gradient", 2, 1)`` is the gradient of the sum of value 2 by variable 1.

    Called with the variables it gives the last value and half of the one before, n × n. A program
    with a gradient is called inside dlfeval.

    inputs  the variables as they were drawn
    steps   the steps
    """

    inputs: Sequence[dlarray]
    steps: Sequence[Step]

    def __call__(self, *variables: dlarray) -> dlarray:
        return self.result(self.values(variables))

    def result(self, values: Sequence[dlarray]) -> dlarray:
        """The result, from all values."""
        n = self.inputs[0].shape[0]
        return full(values[-1], n) + full(values[-2], n) * 0.5

    def values(
        self, variables: Sequence[dlarray], differentiate: Differentiate | None = None
    ) -> list[dlarray]:
        """Every value on the way, the variables first. ``differentiate(steps, of, by, values)``
        finds gradients, dlgradient unless it is given."""
        n = self.inputs[0].shape[0]
        values = list(variables)
        for number, (name, *positions) in enumerate(self.steps):
            if name == GRADIENT:
                of, by = positions
                slope = (differentiate or _gradient)(number, of, by, values)
                values.append(slope * GRADIENT_SCALE)
                continue
            a, b = values[positions[0]], values[positions[-1]]
            if name in UNARY:
                values.append(UNARY[name](a))
            elif name in BINARY:
                values.append(BINARY[name](a, b))
            else:
                values.append(OF_MATRICES[name](a, b, n))
        return values


def _gradient(steps: int, of: int, by: int, values: list[dlarray]) -> dlarray:
    return dlgradient(sum(values[of], "all"), values[by], EnableHigherDerivatives=True)


def programs(
    *,
    most: int = 8,
    gradient: bool = False,
    size: int | None = None,
    format: str | None = None,
    dtype: str = "double",
) -> st.SearchStrategy[Program]:
    """Random differentiable programs, which can be called: each a Program of up to ``most`` steps.

    They are smooth, all derivatives are moderate, and all functions in them accept the complex
    numbers of a contour oracle. With ``gradient`` there is a dlgradient in the middle, whose result
    later steps work on; such a program is called inside dlfeval.

    size    the number n of rows and columns, 2 or 3 unless given
    format  two labels for all values; none or some unless given
    dtype   the class of the variables, "double" or "single"

    Example:
        >>> from hypothesis import given
        >>> from tinydl import dlfeval, dlgradient, sum
        >>> @given(programs(gradient=True))
        ... def test(program):
        ...     def slopes(*X):
        ...         return dlgradient(sum(program(*X), "all"), *X)
        ...     for X, slope in zip(program.inputs, dlfeval(slopes, *program.inputs)):
        ...         assert slope.shape == X.shape and slope.dims == X.dims
        >>> test()
    """
    sizes = st.integers(2, 3) if size is None else st.just(size)
    formats = st.sampled_from(["", "CB", "SS", "BT"]) if format is None else st.just(format)
    return _programs(most, gradient, sizes, formats, dtype)


@st.composite
def _programs(
    draw: st.DrawFn,
    most: int,
    gradient: bool,
    sizes: st.SearchStrategy[int],
    formats: st.SearchStrategy[str],
    dtype: str,
) -> Program:
    n, fmt = draw(sizes), draw(formats)
    bounds = (-1.0, 1.0)
    inputs = [draw(dlarrays(fmt, sizes=shape, bounds=bounds)) for shape in ((n, n), (1, n))]
    if dtype == "single":
        inputs = [single(X) for X in inputs]
    steps: list[Step] = []

    def grow(least: int, most: int) -> None:
        for _ in range(draw(st.integers(least, most))):
            steps.append(draw(_steps(VARIABLES + len(steps))))

    if not gradient:
        grow(2, most)
    else:
        grow(1, most // 2)
        count = VARIABLES + len(steps)
        of, by = draw(st.integers(0, count - 1)), draw(st.integers(0, VARIABLES - 1))
        steps += [(GRADIENT, of, by), ("multiply", count, count)]
        grow(1, most // 2 - 1)
    return Program(inputs, steps)


@st.composite
def _steps(draw: st.DrawFn, count: int) -> Step:
    """An operation on some of so many values."""
    name = draw(st.sampled_from([*UNARY, *BINARY, *OF_MATRICES]))
    return (name, *[draw(st.integers(0, count - 1)) for _ in range(2 if name in OF_TWO else 1)])
