"""Derivatives of every order without differentiation, to hold the engine against.

For inputs x and directions v let f(t) = Σ w · op(x + t v). Cauchy's integral formula over a circle
around 0 gives every derivative of f from values of f at complex t:

    f⁽ᵏ⁾(0) = k! / (n rᵏ) · Σⱼ f(r zⱼ) zⱼ⁻ᵏ,   zⱼ the n-th roots of one.

It holds where op is analytic within the circle, and where its code accepts complex arrays and is
the analytic continuation of itself: abs, max and norms are not.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinydl.autodiff import Record, Recorded, gradient, plain
from tinydl.labels.classes import to_class
from tinydl.primitives.elementwise import add, multiply
from tinydl.primitives.reduce import sum_to

Operation = Callable[..., Any]

MARGIN = 50
"""How many times its computed bound a rounding error may be."""


def contour_derivative(
    op: Operation,
    xs: Sequence[Any],
    vs: Sequence[Any],
    w: Any,
    order: int,
    *,
    radius: float = 1.0,
    points: int = 64,
) -> tuple[float, float]:
    """The derivative of Σ w · op(x + t v) by t, at t = 0, and a bound for its rounding error.

    A direction may be None: that input is held constant. The radius must be at most half of the
    distance to the nearest singularity; the truncation error is then below 2⁻⁶⁴ of the value.

    Example:
        >>> import numpy as np
        >>> value, _ = contour_derivative(np.exp, [np.zeros(1)], [np.ones(1)], np.ones(1), 3)
        >>> round(value, 12)
        1.0
    """
    z = np.exp(2j * np.pi * np.arange(points) / points)
    terms = [w * op(*moved(xs, vs, radius * t)) for t in z]
    factor = math.factorial(order) / radius**order
    value = factor * np.mean([np.sum(term) for term in terms] * z**-order)
    magnitude = max(float(np.sum(np.abs(term))) for term in terms)
    return float(value.real), float(np.finfo(float).eps * magnitude * factor)


def moved(xs: Sequence[Any], vs: Sequence[Any], t: complex) -> list[Any]:
    """x + t v. Held numbers take the class of t too: an operation may write into one of them."""
    held = [v is None and np.asarray(x).dtype.kind in "biu" for x, v in zip(xs, vs, strict=True)]
    return [
        x if constant else x + t * (0.0 if v is None else v)
        for x, v, constant in zip(xs, vs, held, strict=True)
    ]


def difference_derivative(
    op: Operation,
    xs: Sequence[Any],
    vs: Sequence[Any],
    w: Any,
    order: int,
    *,
    step: float = 2.0**-5,
) -> tuple[float, float]:
    """The derivative of Σ w · op(x + t v) by t, at t = 0, by differences, and a bound of its error.

    For operations whose code is not analytic. The first order comes from values of op; order k
    from what the engine gives as order k − 1, which has been checked before. With the central
    difference D(h) = (f(h) − f(−h)) / 2h, whose error is c h² + O(h⁴), the extrapolation
    R(h) = (4 D(h/2) − D(h)) / 3 has the error O(h⁴). The value is R(h/2). The bound is what
    halving the step has changed, |R(h/2) − R(h)|, and the rounding of f divided by the step.
    The operation must be smooth for |t| ≤ step.

    Example:
        >>> import numpy as np
        >>> from tinydl.primitives.elementwise import sin
        >>> value, _ = difference_derivative(sin, [np.zeros(1)], [np.ones(1)], np.ones(1), 3)
        >>> round(value, 6)
        -1.0
    """

    def f(t: float) -> float:
        there = moved(xs, vs, t)
        if order == 1:
            return float(np.sum(w * op(*there)))
        return directional_derivatives(op, there, vs, w, order - 1)[-1]

    central = [(f(h) - f(-h)) / (2 * h) for h in (step, step / 2, step / 4)]
    coarse, fine = [(4 * half - full) / 3 for full, half in itertools.pairwise(central)]
    y = op(*xs)
    size = float(np.sum(np.abs(w * y)))
    size += engine_derivatives(op, xs, vs, w, order - 1)[-1].magnitude if order > 1 else 0.0
    # D(h) rounds to ε · size / h, hence R(h/2) to (4/3 · 4 + 1/3 · 2) times that.
    return fine, abs(fine - coarse) + 6 * float(np.finfo(y.dtype).eps) * size / step


def directional_derivatives(
    op: Operation, xs: Sequence[Any], vs: Sequence[Any], w: Any, orders: int
) -> list[float]:
    """The derivatives of Σ w · op(x + t v) by t, at t = 0, of orders 1 to `orders`.

    They are found by the engine: the gradient, its product with the directions, the gradient of
    that, and so on. A direction of None holds its input constant.
    """
    return [found.value for found in engine_derivatives(op, xs, vs, w, orders)]


class Found(NamedTuple):
    """A sum, and the sum of the sizes of its terms, which says how it rounds."""

    value: float
    magnitude: float


def engine_derivatives(
    op: Operation, xs: Sequence[Any], vs: Sequence[Any], w: Any, orders: int
) -> list[Found]:
    """directional_derivatives, each with the size of its terms."""
    record = Record()
    inputs = [x if v is None else record.leaf(x) for x, v in zip(xs, vs, strict=True)]
    leaves = [x for x in inputs if type(x) is Recorded]
    directions = [v for v in vs if v is not None]
    y: Any = sum_to(multiply(op(*inputs), w), shape=())
    found: list[Found] = []
    while len(found) < orders:
        if type(y) is not Recorded:  # the last derivative was a constant
            return found + [Found(0.0, 0.0)] * (orders - len(found))
        slopes = gradient(y, leaves, higher=True)
        terms = [to_class(multiply(slope, v), y.dtype)  # variables may be of several classes
                 for slope, v in zip(slopes, directions, strict=True)]  # fmt: skip
        y = functools.reduce(add, [sum_to(term, shape=()) for term in terms])
        magnitude = sum(float(np.sum(np.abs(plain(term)))) for term in terms)
        found.append(Found(float(plain(y)), magnitude))
    return found
