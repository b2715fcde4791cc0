"""Rows of the operations along axes. References are loops over the lines of an array."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.primitives import reduce as r
from tinydl.primitives.product import product

from .row import Draw, Row, Shape, apart, normal


def lines(function: Callable[[list[float]], float], *axes: int) -> Callable[[Any], Any]:
    """A function of a list of numbers, called for all that is reduced to each element."""

    def reference(x: Any) -> Any:
        axis = [a % x.ndim for a in axes]
        y = np.empty([1 if i in axis else n for i, n in enumerate(x.shape)])
        for at in itertools.product(*map(range, y.shape)):
            line = tuple(slice(None) if i in axis else at[i] for i in range(x.ndim))
            y[at] = function(x[line].ravel().tolist())
        return y

    return reference


def repeated(shape: Shape) -> Callable[[Any], Any]:
    """The array of that shape whose element at each position is x at the position it came from."""

    def reference(x: Any) -> Any:
        y = np.empty(shape)
        full = x.reshape((1,) * (len(shape) - x.ndim) + x.shape)
        for at in itertools.product(*map(range, shape)):
            y[at] = full[tuple(i if n > 1 else 0 for i, n in zip(at, full.shape, strict=True))]
        return y

    return reference


def folded(shape: Shape) -> Callable[[Any], Any]:
    """Every element added at the position that it would have been repeated from."""

    def reference(x: Any) -> Any:
        y = np.zeros((1,) * (x.ndim - len(shape)) + shape)
        for at in itertools.product(*map(range, x.shape)):
            y[tuple(i if n > 1 else 0 for i, n in zip(at, y.shape, strict=True))] += x[at]
        return y.reshape(shape)

    return reference


def sum_to(shape: Shape, *draws: Draw) -> Row:
    """A row for one shape to sum to."""
    name = f"sum_to[{shape}]"
    call = lambda x: r.sum_to(x, shape=shape)
    return Row(name, "sum_to", call, draws[0], reference=folded(shape), also=draws[1:])


def broadcast(shape: Shape, *draws: Draw) -> Row:
    """A row for one shape to repeat to."""
    name = f"broadcast[{shape}]"
    call = lambda x: r.broadcast(x, shape=shape)
    wrong = ([np.ones((5, 5))], ValueError, "broadcast")
    reference = repeated(shape)
    return Row(name, "broadcast", call, draws[0], reference=reference, also=draws[1:],
               errors=[wrong])  # fmt: skip


def reduction(
    primitive: Any, function: Callable[[list[float]], float], axis: Any, *draws: Draw, **more: Any
) -> Row:
    """A row of one reduction along the given axes."""
    name = primitive.name
    axes = axis if isinstance(axis, tuple) else (axis,)
    call = lambda x: primitive(x, axis=axis)
    return Row(f"{name}[{axis}]", name, call, draws[0], reference=lines(function, *axes),
               also=draws[1:], **more)  # fmt: skip


def average(line: list[float]) -> float:
    return math.fsum(line) / len(line)


def log_of_sum(line: list[float]) -> float:
    return max(line) + math.log(math.fsum(math.exp(x - max(line)) for x in line))


EMPTY = ([np.ones((0, 3))], ValueError, "empty")
OUT_OF_RANGE = ([np.ones(2)], ValueError, "axis 1 is out of bounds")

LINEAR = [
    sum_to((2, 1, 4), normal((2, 3, 4)), normal((5, 2, 3, 4)), normal((2, 0, 4)),
           normal((2, 1, 4))),
    sum_to((), normal((2, 3)), normal(()), normal((0, 3)), normal((1, 1))),
    sum_to((3, 1), normal((3, 5)), normal((2, 3, 1)), normal((2, 3, 4)),
           normal((1, 3, 4))),
    broadcast((2, 3, 4), normal((2, 1, 4)), normal((3, 1)), normal(()), normal((2, 3, 4))),
    broadcast((2, 0), normal((2, 1)), normal(()), normal((1, 0))),
    reduction(r.sum, math.fsum, (0,), normal((3, 4)), normal((3,)), normal((0, 4)), normal((1, 2)),
              errors=[([np.float64(1.0)], ValueError, "axis")]),
    reduction(r.sum, math.fsum, (0, 2), normal((3, 2, 4)), normal((2, 0, 3))),
    reduction(r.sum, math.fsum, (-1,), normal((3, 4)), normal((4,))),
    reduction(r.sum, math.fsum, (), normal((3, 2)), normal(())),
    reduction(r.mean, average, (1,), normal((3, 4)), normal((2, 3, 4)), normal((0, 3))),
    reduction(r.mean, average, (0, 2, 3), normal((3, 2, 4, 2)), normal((1, 2, 1, 1))),
]  # fmt: skip

EXTREMES = [
    reduction(r.max, max, 0, apart((3, 4)), apart((3,)), apart((1, 2)), apart((2, 0)),
              radius=0.25, errors=[EMPTY]),
    reduction(r.max, max, 1, apart((3, 4)), apart((2, 3, 2)), radius=0.25, errors=[OUT_OF_RANGE]),
    reduction(r.min, min, 0, apart((3, 4)), apart((3,)), apart((2, 0)), radius=0.25,
              errors=[EMPTY]),
    reduction(r.min, min, 2, apart((2, 3, 4)), radius=0.25),
]  # fmt: skip

EXPONENTIALS = [
    reduction(r.logsumexp, log_of_sum, (0,), normal((3, 4)), normal((3,)), normal((1, 2)),
              normal((2, 0)), radius=0.3,
              special=[[np.zeros((3, 2))], [np.array([1000.0, 1000.0, -1000.0])],
                       [np.array([-900.0, 900.0])]]),
    reduction(r.logsumexp, log_of_sum, (0, 2), normal((2, 3, 2)), radius=0.3),
]  # fmt: skip


def softmax(axis: tuple[int, ...], *draws: Draw, **more: Any) -> Row:
    """A row for one choice of axes."""

    def reference(x: Any) -> Any:
        weight = np.vectorize(math.exp, otypes=[float])(x - lines(max, *axis)(x))
        return weight / lines(math.fsum, *axis)(weight)

    name, call = f"softmax[{axis}]", lambda x: r.softmax(x, axis=axis)
    return Row(name, "softmax", call, draws[0], (), 0.3, reference, draws[1:], **more)


SOFTMAX = [
    softmax((0,), normal((3, 4)), normal((3,)), normal((1, 2)), normal((2, 0)),
            special=[[np.zeros((3, 2))], [np.array([1000.0, 1000.0, -1000.0])]]),
    softmax((1,), normal((3, 4))),
    softmax((0, 1), normal((2, 3, 2))),
]  # fmt: skip


def product_row(axis: int, *draws: Draw, **more: Any) -> Row:
    """A row for one axis of the product, which is composed of multiplications."""
    call = lambda x: product(x, axis=axis)
    return Row(f"product[{axis}]", "", call, draws[0], reference=lines(math.prod, axis),
               also=draws[1:], **more)  # fmt: skip


PRODUCTS = [
    product_row(0, normal((3, 4)), normal((1,)), normal((2, 2)), normal((7,)), normal((2, 0)),
                special=[[np.array([0.0, 2.0, -1.0])], [np.zeros((4, 2))]]),
    product_row(1, normal((2, 5, 2))),
]  # fmt: skip


# ---- by position along one axis ------------------------------------------------------------------


def positions(shape: Shape, axis: int, length: int, start: int) -> Draw:
    """An array of the given shape, and one position below `length` for each of its lines."""

    def draw(rng: np.random.Generator) -> list[Any]:
        one = tuple(1 if i == axis else n for i, n in enumerate(shape))
        return [rng.standard_normal(shape), rng.integers(start, length, one)]

    return draw


def taken(x: Any, index: Any, axis: int) -> Any:
    y = np.empty(index.shape)
    for at in itertools.product(*map(range, index.shape)):
        y[at] = x[(*at[:axis], index[at], *at[axis + 1 :])]
    return y


def placed(x: Any, index: Any, axis: int, length: int) -> Any:
    y = np.zeros((*x.shape[:axis], length, *x.shape[axis + 1 :]))
    for at in itertools.product(*map(range, index.shape)):
        y[(*at[:axis], index[at], *at[axis + 1 :])] = x[at]
    return y


def take_along(axis: int, *shapes: Shape) -> Row:
    """A row for one axis."""
    draw, *also = [positions(shape, axis, shape[axis], -shape[axis]) for shape in shapes]
    return Row(
        f"take_along[{axis}]",
        "take_along",
        lambda x, index: r.take_along(x, index, axis=axis),
        draw,
        follow=(0,),
        reference=lambda x, index: taken(x, index, axis),
        also=also,
        errors=[([np.ones((2, 2, 2)), np.full((2, 2, 2), 2)], IndexError, "out of bounds")],
    )


def put_along(axis: int, length: int, *shapes: Shape) -> Row:
    """A row for one axis."""
    draw, *also = [positions(shape, axis, length, 0) for shape in shapes]
    return Row(
        f"put_along[{axis}]",
        "put_along",
        lambda x, index: r.put_along(x, index, axis=axis, length=length),
        draw,
        follow=(0,),
        reference=lambda x, index: placed(x, index, axis, length),
        also=also,
    )


BY_POSITION = [
    take_along(0, (3, 4), (3,), (2, 0)),
    take_along(1, (2, 3, 4), (2, 1)),
    put_along(0, 3, (1, 4), (1,), (1, 0)),
    put_along(1, 5, (2, 1, 3)),
]

ROWS = [*LINEAR, *EXTREMES, *EXPONENTIALS, *SOFTMAX, *PRODUCTS, *BY_POSITION]
