"""Orders 1 to 4 of what networks are made of, in small compositions, against contour integrals.

Each composition is input → operation → smooth function, and is differentiated by its input and by
its parameters together: what an operation hands on is differentiated again by what follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests.checks import MARGIN
from tests.strategies import normal
from tinydl import (
    attention,
    avgpool,
    batchnorm,
    crossentropy,
    dlarray,
    dlconv,
    dlfeval,
    dlgradient,
    exp,
    fullyconnect,
    gelu,
    groupnorm,
    gru,
    instancenorm,
    layernorm,
    lstm,
    maxpool,
    softmax,
    sum,
    tanh,
)
from tinydl.testing import contour_derivative, directional_derivatives

ORDERS = 4
IMAGES, SEQUENCES = (3, 3, 2, 3), (2, 2, 3)
Operation = Callable[..., dlarray]


def gates(blocks: int, seed: int) -> list[Any]:
    """Weights, recurrent weights and bias of a recurrent unit of two channels and two units."""
    shapes = ((2 * blocks, 2), (2 * blocks, 2), (2 * blocks,))
    return [0.5 * normal(shape, seed + i) for i, shape in enumerate(shapes)]


def separated(shape: tuple[int, ...]) -> Any:
    """Numbers at distances of at least 0.5: no window changes its largest within the circle."""
    count = int(np.prod(shape))
    return np.random.default_rng(3).permutation(np.arange(count) * 0.5 - count / 4).reshape(shape)


def scaled_images(call: Operation) -> tuple[Operation, str, list[Any]]:
    """A normalization of images between a smooth function and another."""
    arrays = [normal(IMAGES, 1), normal((2,), 2), normal((2,), 3)]
    return lambda x, b, a: tanh(call(x, b, a) * 0.5), "SSCB", arrays


STATES = [normal((2, 2), 8), normal((2, 2), 9)]
TARGETS = np.eye(3)[:, [0, 2, 1, 0]]

COMPOSITIONS: dict[str, tuple[Operation, str, Sequence[Any]]] = {
    "batchnorm": scaled_images(lambda x, b, a: batchnorm(x, b, a, Epsilon=0.5)[0]),
    "batchnorm of features": (
        lambda x, b, a: tanh(batchnorm(x, b, a, Epsilon=0.5)[0]),
        "CB", [normal((2, 6), 1), normal((2,), 2), normal((2,), 3)],
    ),
    "statistics of batchnorm": (
        lambda x, b, a: exp(batchnorm(x, b, a)[2] * 0.1),
        "CB", [normal((2, 6), 1), normal((2,), 2), normal((2,), 3)],
    ),
    "layernorm": scaled_images(lambda x, b, a: layernorm(x, b, a, Epsilon=0.5)),
    "groupnorm": scaled_images(lambda x, b, a: groupnorm(x, 1, b, a, Epsilon=0.5)),
    "instancenorm": scaled_images(lambda x, b, a: instancenorm(x, b, a, Epsilon=0.5)),
    "softmax and crossentropy": (
        lambda x, w: exp(-crossentropy(softmax(fullyconnect(x, w)), TARGETS)),
        "CB", [normal((2, 4), 1), normal((3, 2), 2)],
    ),
    "gelu": (lambda x, w: tanh(fullyconnect(gelu(x), w)), "CB",
             [normal((2, 4), 1), normal((3, 2), 2)]),
    "gelu by tanh": (lambda x: tanh(gelu(x, Approximation="tanh")), "CB", [normal((2, 4), 1)]),
    "convolution": (
        lambda x, w, b: tanh(dlconv(x, w, b, Padding=1, Stride=2)),
        "SSCB", [0.5 * normal(IMAGES, 1), 0.5 * normal((2, 2, 2, 3), 2), normal((3,), 3)],
    ),
    "max pooling": (lambda x: exp(maxpool(x, 2) * 0.1), "SSCB", [separated((4, 4, 2, 2))]),
    "average pooling": (
        lambda x: exp(avgpool(x, 2, Padding=1)), "SSCB", [0.5 * normal(IMAGES, 1)],
    ),
    "lstm": (
        lambda x, *w: exp(lstm(tanh(x), *w) * 0.5), "CBT",
        [normal(SEQUENCES, 1), *STATES, *gates(4, 2)],
    ),
    "gru": (
        lambda x, *w: exp(gru(tanh(x), *w) * 0.5), "CBT",
        [normal(SEQUENCES, 1), STATES[0], *gates(3, 2)],
    ),
    "attention": (
        lambda x, w: tanh(attention(fullyconnect(x, w), x, tanh(x), 1)), "CBT",
        [normal(SEQUENCES, 1), normal((2, 2), 2)],
    ),
}  # fmt: skip
RADII = {"batchnorm": 0.05, "statistics of batchnorm": 0.2, "max pooling": 0.2}


def composed(name: str) -> tuple[Callable[..., Any], list[Any], float]:
    """The composition on plain or recorded arrays, its inputs, and a radius without a kink."""
    call, fmt, arrays = COMPOSITIONS[name]

    def op(x: Any, *parameters: Any) -> Any:
        return call(dlarray._make(x, fmt), *[dlarray._make(p, "") for p in parameters])._value

    return op, list(arrays), RADII.get(name, 0.1)


def directions(arrays: Sequence[Any]) -> list[Any]:
    rng = np.random.default_rng(5)
    return [rng.uniform(-1.0, 1.0, x.shape) for x in arrays]


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_four_orders(name: str, device: Any) -> None:
    op, xs, radius = composed(name)
    vs, w = directions(xs), normal(np.shape(op(*xs)), 7)
    places = [device.put(x) for x in xs], [device.put(v) for v in vs], device.put(w)
    found = directional_derivatives(op, *places, ORDERS)
    for order, value in enumerate(found, start=1):
        expected, bound = contour_derivative(op, xs, vs, w, order, radius=radius)
        assert abs(value - expected) <= MARGIN * bound, f"order {order}: {value}, not {expected}"
        assert abs(expected) > 1e3 * bound, f"order {order} is too close to 0 to be tested"


@pytest.mark.parametrize("name", ["batchnorm", "gelu", "lstm"])
def test_as_users_write_it(name: str) -> None:
    """The same numbers by dlfeval and dlgradient, order by order."""
    op, xs, radius = composed(name)
    call, fmt, _ = COMPOSITIONS[name]
    vs, w = directions(xs), normal(np.shape(op(*xs)), 7)

    def orders(xs: list[dlarray]) -> list[dlarray]:
        y = sum(call(dlarray(xs[0], fmt), *xs[1:]) * w, "all")
        found = []
        for _ in range(ORDERS):
            slopes = dlgradient(y, xs, EnableHigherDerivatives=True)
            parts = [sum(slope * v, "all") for slope, v in zip(slopes, vs, strict=True)]
            y = parts[0]
            for part in parts[1:]:
                y = y + part
            found.append(y)
        return found

    for order, value in enumerate(dlfeval(orders, [dlarray(x) for x in xs]), start=1):
        expected, bound = contour_derivative(op, xs, vs, w, order, radius=radius)
        assert abs(float(value) - expected) <= MARGIN * bound
