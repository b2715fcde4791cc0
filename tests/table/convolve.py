"""Rows of the convolution trio. The reference runs over all pairs of an output and a tap."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tinydl.primitives import convolve as c

from .row import Draw, Row, Shape, normal


class Geometry(NamedTuple):
    """Spatial shapes, and how the window slides."""

    name: str
    spatial: Shape
    window: Shape
    outputs: Shape
    stride: Shape
    dilation: Shape
    padding: tuple[tuple[int, int], ...]

    @property
    def options(self) -> dict[str, Any]:
        return {"stride": self.stride, "dilation": self.dilation, "padding": self.padding}

    def pairs(self) -> Iterator[tuple[Shape, Shape, Shape]]:
        """Every output with every tap that lies on the input, and the position where."""
        for o in itertools.product(*map(range, self.outputs)):
            for i in itertools.product(*map(range, self.window)):
                lines = zip(o, i, self.stride, self.dilation, self.padding, strict=True)
                at = tuple([a * s + b * d - before for a, b, s, d, (before, _) in lines])
                if all(0 <= p < n for p, n in zip(at, self.spatial, strict=True)):
                    yield o, i, at


NONE, ONE, TWO = (0, 0), (1, 1), (2, 2)
GEOMETRIES = [
    Geometry("plain", (4, 5), (3, 2), (2, 4), (1, 1), (1, 1), (NONE, NONE)),
    Geometry("same", (4, 4), (3, 4), (4, 4), (1, 1), (1, 1), (ONE, (1, 2))),
    Geometry("uneven padding", (3, 4), (2, 3), (5, 5), (1, 1), (1, 1), ((0, 3), (3, 0))),
    Geometry("stride with a remainder", (6, 8), (3, 3), (2, 3), (2, 3), (1, 1), (NONE, ONE)),
    Geometry("stride beyond the window", (7, 5), (1, 2), (3, 2), (3, 3), (1, 1), (NONE, NONE)),
    Geometry("dilation", (6, 7), (3, 2), (2, 5), (1, 1), (2, 3), (NONE, (1, 0))),
    Geometry("stride and dilation", (9, 8), (3, 3), (3, 2), (2, 4), (2, 2), (NONE, ONE)),
    Geometry("window beyond the input", (2, 2), (5, 3), (2, 2), (1, 1), (1, 1), (TWO, ONE)),
    Geometry("one dimension", (7,), (3,), (4,), (2,), (1,), ((1, 1),)),
    Geometry("one dimension, dilation", (8,), (3,), (6,), (1,), (3,), (TWO,)),
    Geometry("a long window", (26,), (25,), (3,), (1,), (1,), ((1, 0),)),
    Geometry(
        "three dimensions", (3, 4, 3), (2, 3, 2), (2, 2, 3), (1, 2, 1), (1, 1, 1),
        (NONE, ONE, (1, 0)),
    ),
]  # fmt: skip

SIZES = [(2, 3, 2)]  # channels, filters, images
MORE_SIZES = [(1, 1, 1), (9, 2, 10), (1, 3, 9), (2, 2, 0)]
ALL_SIZES = {"same", "stride with a remainder", "a long window"}  # where all of them are drawn


def _output(geometry: Geometry, x: Any, w: Any) -> Any:
    y = np.zeros((*geometry.outputs, w.shape[-1], x.shape[-1]))
    for o, i, at in geometry.pairs():
        y[o] += np.einsum("ck,cb->kb", w[i], x[at])
    return y


def _input(geometry: Geometry, d: Any, w: Any) -> Any:
    x = np.zeros((*geometry.spatial, w.shape[-2], d.shape[-1]))
    for o, i, at in geometry.pairs():
        x[at] += np.einsum("ck,kb->cb", w[i], d[o])
    return x


def _weight(geometry: Geometry, x: Any, d: Any) -> Any:
    w = np.zeros((*geometry.window, x.shape[-2], d.shape[-2]))
    for o, i, at in geometry.pairs():
        w[i] += np.einsum("cb,kb->ck", x[at], d[o])
    return w


def _draws(geometry: Geometry, first: str, second: str) -> list[Draw]:
    sizes = SIZES + MORE_SIZES if geometry.name in ALL_SIZES else SIZES
    shapes = [
        {
            "x": (*geometry.spatial, channels, images),
            "w": (*geometry.window, channels, filters),
            "d": (*geometry.outputs, filters, images),
        }
        for channels, filters, images in sizes
    ]
    return [normal(shape[first], shape[second]) for shape in shapes]


def _rows(geometry: Geometry) -> list[Row]:
    """The three operations with one geometry."""
    options, to_x, to_w = geometry.options, geometry.spatial, geometry.window
    trio = [
        ("convolve", "xw", lambda x, w: c.convolve(x, w, **options), _output),
        ("convolve_input", "dw", lambda d, w: c.convolve_input(d, w, **options, size=to_x), _input),
        ("convolve_weight", "xd", lambda x, d: c.convolve_weight(x, d, **options, size=to_w),
         _weight),
    ]  # fmt: skip
    rows = []
    for name, inputs, call, reference in trio:
        usual, *also = _draws(geometry, *inputs)
        rows.append(
            Row(
                f"{name}[{geometry.name}]",
                name,
                call,
                usual,
                reference=lambda a, b, reference=reference: reference(geometry, a, b),
                also=also,
            )
        )
    return rows


def _with_gaps(x: Any, w: Any) -> Any:
    return c.convolve(x, w, stride=(1,), dilation=(2,), padding=((1, 0),))


ROWS = [
    *[row for geometry in GEOMETRIES for row in _rows(geometry)],
    Row(
        "convolve[by itself]",
        "convolve",
        lambda x: c.convolve(x, x, stride=(1,), dilation=(1,), padding=(ONE,)),
        normal((2, 3, 3)),
        reference=lambda x: np.stack([x[1].T @ x[0], x[0].T @ x[0] + x[1].T @ x[1], x[0].T @ x[1]]),
    ),
    Row(
        "convolve[refusals]",
        "convolve",
        _with_gaps,
        normal((4, 1, 1), (3, 1, 1)),
        reference=lambda x, w: np.array([w[1, 0, 0] * x[1] + w[2, 0, 0] * x[3]]),
        errors=[
            ([np.ones((9, 2, 1)), np.ones((3, 1, 4))], ValueError, "2 channels .* are for 1"),
            ([np.ones((3, 2, 1)), np.ones((3, 2, 4))], ValueError, "over 5 .* 1 has 3 .* 1 \\+ 0"),
        ],
    ),
]
