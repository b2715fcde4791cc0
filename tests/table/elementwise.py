"""Rows of the operations element by element, gelu included.

References are the functions of Python's math module, called for each element: another
implementation than the one inside NumPy.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from tinydl.autodiff.record import plain
from tinydl.primitives import activation
from tinydl.primitives import elementwise as e
from tinydl.primitives import gelu as g

from .row import Draw, Row, apart, normal, uniform

Function = Callable[..., Any]
BAD_LIST = ([[1.0, 2.0]], TypeError, "expected an array, got list")
BAD_SHAPES = ([np.ones((2, 3)), np.ones((3, 2))], ValueError, "broadcast")


def each(function: Function) -> Function:
    """A function of numbers, called for every element."""
    return np.vectorize(function, otypes=[float])


def unary(
    name: str,
    call: Function,
    reference: Function,
    radius: float | None = 1.0,
    domain: Callable[..., Draw] = normal,
    **more: Any,
) -> Row:
    """An operation of one array: of two dimensions, of none, and of no elements."""
    primitive = more.pop("primitive", name)
    shapes = [domain(()), domain((0, 3)), domain((2, 1, 3))]
    return Row(name, primitive, call, domain((3, 4)), (), radius, reference, shapes, **more)


def binary(
    name: str,
    call: Function,
    reference: Function,
    radius: float | None = 1.0,
    domain: Callable[..., Draw] = normal,
    **more: Any,
) -> Row:
    """An operation of two arrays: both expand, one is 0-d, both are, they have no elements."""
    more.setdefault("errors", [BAD_SHAPES])
    shapes = [
        domain((), (2, 3)),
        domain((2, 3), ()),
        domain((), ()),
        domain((0, 3), (1, 3)),
        domain((4, 2), (4, 2)),
    ]
    draw = domain((2, 3, 1), (1, 3, 4))
    return Row(name, more.pop("primitive", name), call, draw, (), radius, reference, shapes, **more)


def between(low: float, high: float) -> Callable[..., Draw]:
    return functools.partial(uniform, low, high)


def away_from_zero(*shapes: tuple[int, ...]) -> Draw:
    """Of either sign, with sizes from 0.5 to 1.5."""

    def draw(rng: np.random.Generator) -> list[Any]:
        sizes = uniform(0.5, 1.5, *shapes)(rng)
        return [size * rng.choice([-1.0, 1.0], size.shape) for size in sizes]

    return draw


ARITHMETIC = [
    unary("identity", e.identity, lambda x: x.copy()),
    binary("add", e.add, each(operator.add)),
    unary("add_number", lambda x: e.add(2.5, x), each(lambda x: x + 2.5), primitive="add"),
    binary("subtract", e.subtract, each(operator.sub)),
    unary("subtract_from_number", lambda x: e.subtract(2.5, x), each(lambda x: 2.5 - x),
          primitive="subtract"),
    binary("multiply", e.multiply, each(operator.mul)),
    unary("multiply_number", lambda x: e.multiply(x, 3.0), each(lambda x: 3.0 * x),
          primitive="multiply"),
    unary("multiply_itself", lambda x: e.multiply(x, x), each(lambda x: x * x),
          primitive="multiply"),
    binary("between", lambda a, b: e.between(a, b, weight=0.1),
           each(lambda a, b: 0.9 * a + 0.1 * b)),
    binary("chain", e.chain, each(operator.mul), special=[[np.zeros((2, 3)), np.ones((2, 3))]]),
    binary("divide", e.divide, each(operator.truediv), 0.25, away_from_zero),
    unary("divide_number", lambda x: e.divide(2.0, x), each(lambda x: 2.0 / x), 0.25,
          away_from_zero, primitive="divide"),
    unary("negative", e.negative, each(operator.neg)),
]  # fmt: skip


def power(p: float, domain: Callable[..., Draw], radius: float = 1.0, **more: Any) -> Row:
    """A row for one exponent."""
    return unary(
        f"power[{p}]",
        lambda x: e.power(x, p=p),
        each(lambda x: math.pow(x, p)),
        radius,
        domain,
        primitive="power",
        **more,
    )


AT_ZERO = [np.array([0.0, -0.0, 1e-9, -1e-9])]

POWERS = [
    power(0, normal, special=[AT_ZERO]),
    power(1, normal, special=[AT_ZERO]),
    power(2, normal, special=[AT_ZERO]),
    power(3, normal, special=[AT_ZERO]),
    power(-1, away_from_zero, 0.25),
    power(0.5, between(0.5, 1.5), 0.25),
    power(-0.5, between(0.5, 1.5), 0.25),
    power(2.5, between(0.5, 1.5), 0.25),
    binary("exponentiate", e.exponentiate, each(math.pow), 0.25, between(0.5, 1.5)),
    unary("exponentiate_number", lambda x: e.exponentiate(2.0, x), each(lambda x: 2.0**x),
          primitive="exponentiate"),
    unary("sqrt", e.sqrt, each(math.sqrt), 0.25, between(0.5, 2.0)),
]  # fmt: skip

EXPONENTIALS = [
    unary("exp", e.exp, each(math.exp), special=[[np.array([0.0, 20.0, -40.0])]],
          errors=[BAD_LIST]),
    unary("expm1", e.expm1, each(math.expm1), special=[AT_ZERO, [np.array([20.0, -40.0])]]),
    unary("log", e.log, each(math.log), 0.25, between(0.5, 2.0), errors=[BAD_LIST]),
    unary("log1p", e.log1p, each(math.log1p), 0.25, between(-0.5, 2.0), special=[AT_ZERO]),
    unary("erf", e.erf, each(math.erf), special=[AT_ZERO, [np.array([6.0, -6.0])]]),
]  # fmt: skip

CIRCULAR = [
    unary("sin", e.sin, each(math.sin), special=[AT_ZERO]),
    unary("cos", e.cos, each(math.cos), special=[AT_ZERO]),
    unary("tan", e.tan, each(math.tan), 0.25, between(-1.0, 1.0), special=[AT_ZERO]),
    unary("sinh", e.sinh, each(math.sinh), special=[AT_ZERO]),
    unary("cosh", e.cosh, each(math.cosh), special=[AT_ZERO]),
    unary("tanh", e.tanh, each(math.tanh), 0.75, special=[AT_ZERO, [np.array([20.0, -20.0])]]),
    unary("asin", e.asin, each(math.asin), 0.2, between(-0.5, 0.5), special=[AT_ZERO]),
    unary("acos", e.acos, each(math.acos), 0.2, between(-0.5, 0.5), special=[AT_ZERO]),
    unary("atan", e.atan, each(math.atan), 0.5, special=[AT_ZERO]),
]

# A kink at 0, or at equality: `apart` keeps 1 away from both. NumPy orders complex numbers by
# their real parts, so the choices below are continued analytically; its abs and sign are not.
CHOICES = [
    unary("abs", e.abs, each(math.fabs), None, apart),
    unary("sign", e.sign, each(lambda x: math.copysign(1.0, x)), None, apart),
    binary("maximum", e.maximum, each(max), 0.25, apart),
    binary("minimum", e.minimum, each(min), 0.25, apart),
    unary("maximum_number", lambda x: e.maximum(x, 0.5), each(lambda x: max(x, 0.5)), 0.2, apart,
          primitive="maximum"),
    unary("relu", activation.relu, each(lambda x: max(x, 0.0)), 0.25, apart),
    unary("leakyrelu", lambda x: activation.leakyrelu(x, scale=0.1),
          each(lambda x: x if x > 0 else 0.1 * x), 0.25, apart, primitive="leakyrelu"),
    unary("sigmoid", activation.sigmoid, special.expit, 1.0,
          special=[AT_ZERO, [np.array([700.0, -700.0, 40.0, -40.0])]]),
]  # fmt: skip


def with_mask(*shapes: tuple[int, ...]) -> Draw:
    """A mask of the first shape, then arrays."""
    return lambda rng: [rng.random(shapes[0]) < 0.5, *normal(*shapes[1:])(rng)]


SELECTION = [
    Row(
        "where",
        "where",
        e.where,
        with_mask((2, 3, 4), (2, 1, 4), (1, 3, 1)),
        follow=(1, 2),
        reference=lambda c, a, b: a * c + b * ~c,
        also=[with_mask((2, 3), (), (2, 3)), with_mask((), (), ()), with_mask((0, 2), (0, 2), ())],
        errors=[([np.ones((2, 3)) > 0, np.ones((3, 2)), 0.0], ValueError, "broadcast")],
    ),
    Row(
        "where_number",
        "where",
        lambda c, x: e.where(c, x, 0.0),
        with_mask((2, 3), (2, 3)),
        follow=(1,),
        reference=lambda c, x: x * c,
    ),
    unary("cast_to_single", lambda x: e.cast(x, dtype=np.float32),
          lambda x: x.astype(np.float32), None, primitive="cast"),
]  # fmt: skip


# ---- gelu ---------------------------------------------------------------------------------------


def _distribution(x: Any) -> Any:
    """The normal distribution, of real or complex x."""
    return special.erfc(-x / math.sqrt(2.0)) / 2.0


def _density(x: Any) -> Any:
    return np.exp(-(x**2) / 2.0) / math.sqrt(2.0 * math.pi)


def _slope(x: Any) -> Any:
    return (_distribution(x) + x * _density(x)).astype(x.dtype)


def _by_tanh(x: Any) -> Any:
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))


SATURATED = [np.array([0.0, 9.0, -9.0])]

GELU = [
    unary("gelu", g.gelu, lambda x: x * _distribution(x), special=[AT_ZERO, SATURATED]),
    unary("gelu_slope", lambda x: g.gelu_slope(x, _slope(plain(x))), _slope,
          special=[AT_ZERO, SATURATED]),
    unary("gelu_derivative[2]", lambda x: g.gelu_derivative(x, order=2),
          lambda x: (2.0 - x**2) * _density(x), primitive="gelu_derivative"),
    unary("gelu_derivative[3]", lambda x: g.gelu_derivative(x, order=3),
          lambda x: (x**3 - 4.0 * x) * _density(x), primitive="gelu_derivative"),
    unary("gelu_tanh", g.gelu_tanh, _by_tanh, 0.2, primitive="", special=[AT_ZERO]),
]  # fmt: skip

SMOOTH_RELUS = [
    unary("softplus", activation.softplus, each(lambda x: math.log1p(math.exp(x))),
          special=[AT_ZERO, [np.array([40.0, -40.0])]]),
    unary("swish", activation.swish, each(lambda x: x / (1.0 + math.exp(-x))), primitive="",
          special=[AT_ZERO]),
    unary("elu", lambda x: activation.elu(x, alpha=2.0),
          each(lambda x: x if x > 0 else 2.0 * math.expm1(x)), 0.25, apart, primitive="",
          special=[[np.array([800.5, -800.5])]]),
    unary("clipped_relu", lambda x: activation.clipped_relu(x, ceiling=3.75),
          each(lambda x: min(max(x, 0.0), 3.75)), 0.25, apart, primitive=""),
    Row("prelu", "", activation.prelu, apart((2, 3), (2, 1)), radius=0.25,
        reference=lambda x, alpha: np.where(x > 0, x, alpha * x), also=[apart((0, 3), (1, 3))]),
]  # fmt: skip

ROWS = [*ARITHMETIC, *POWERS, *EXPONENTIALS, *CIRCULAR, *CHOICES, *SELECTION, *GELU, *SMOOTH_RELUS]
