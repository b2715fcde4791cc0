"""Rows of pooling. The reference looks at one window after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import tinydl as dl
from tinydl.primitives import pool as p

from .arrange import on_values
from .row import Draw, Row, Shape, apart, normal


class Geometry(NamedTuple):
    """Spatial shapes, and how the window slides."""

    name: str
    spatial: Shape
    size: Shape
    outputs: Shape
    stride: Shape
    padding: tuple[tuple[int, int], ...]

    @property
    def options(self) -> dict[str, Any]:
        return {"size": self.size, "stride": self.stride, "padding": self.padding}

    def windows(self) -> Iterator[tuple[Shape, list[tuple[int, Shape]]]]:
        """Every output, with the taps that lie on the input: column-major number, position."""
        for o in itertools.product(*map(range, self.outputs)):
            seen = []
            for number, tap in enumerate(itertools.product(*map(range, self.size[::-1]))):
                lines = zip(o, tap[::-1], self.stride, self.padding, strict=True)
                at = tuple([a * s + i - before for a, i, s, (before, _) in lines])
                if all(0 <= k < n for k, n in zip(at, self.spatial, strict=True)):
                    seen.append((number, at))
            yield o, seen


NONE, ONE = (0, 0), (1, 1)
GEOMETRIES = [
    Geometry("apart", (4, 6), (2, 3), (2, 2), (2, 3), (NONE, NONE)),
    Geometry("overlapping", (4, 5), (2, 3), (3, 3), (1, 1), (NONE, NONE)),
    Geometry("with a remainder", (6, 5), (2, 2), (2, 2), (3, 2), (NONE, NONE)),
    Geometry("padded", (3, 4), (3, 3), (3, 2), (1, 2), (ONE, (1, 0))),
    Geometry("unevenly padded", (2, 3), (3, 4), (2, 5), (1, 1), ((2, 0), (2, 3))),
    Geometry("one dimension", (7,), (3,), (4,), (2,), (ONE,)),
    Geometry("three dimensions", (2, 3, 4), (2, 2, 2), (1, 2, 3), (1, 1, 2), (NONE, NONE, ONE)),
]


def _largest(geometry: Geometry, x: Any) -> tuple[Any, Any]:
    """The largest element of each window and the number of its tap."""
    y = np.full((*geometry.outputs, *x.shape[len(geometry.size) :]), -np.inf)
    winner = np.zeros(y.shape, int)
    for o, seen in geometry.windows():
        for number, at in seen:
            is_larger = x[at] > y[o]
            y[o] = np.where(is_larger, x[at], y[o])
            winner[o] = np.where(is_larger, number, winner[o])
    return y, winner


def _taken(geometry: Geometry, x: Any, winner: Any) -> Any:
    y = np.zeros(winner.shape)
    for o, seen in geometry.windows():
        for number, at in seen:
            y[o] = np.where(winner[o] == number, x[at], y[o])
    return y


def _put(geometry: Geometry, d: Any, winner: Any) -> Any:
    x = np.zeros((*geometry.spatial, *d.shape[len(geometry.size) :]))
    for o, seen in geometry.windows():
        for number, at in seen:
            x[at] += np.where(winner[o] == number, d[o], 0.0)
    return x


def _averages(geometry: Geometry, padding_value: str, x: Any) -> Any:
    y = np.zeros((*geometry.outputs, *x.shape[len(geometry.size) :]))
    for o, seen in geometry.windows():
        share = len(seen) if padding_value == "mean" else np.prod(geometry.size)
        y[o] = sum(x[at] for _, at in seen) / share
    return y


def _shared(geometry: Geometry, padding_value: str, d: Any) -> Any:
    x = np.zeros((*geometry.spatial, *d.shape[len(geometry.size) :]))
    for o, seen in geometry.windows():
        share = len(seen) if padding_value == "mean" else np.prod(geometry.size)
        for _, at in seen:
            x[at] += d[o] / share
    return x


def _with_winners(geometry: Geometry, first: Shape, rest: Shape) -> Draw:
    """An array, and winners as they come from another array."""

    def draw(rng: np.random.Generator) -> list[Any]:
        _, winner = _largest(geometry, rng.standard_normal((*geometry.spatial, *rest)))
        return [rng.standard_normal((*first, *rest)), winner.astype(np.uint8)]

    return draw


def _rows(geometry: Geometry) -> list[Row]:
    """The operations with one geometry."""
    options = geometry.options

    def row(name: str, call: Callable[..., Any], draw: Draw, reference: Any, **more: Any) -> Row:
        return Row(f"{name}[{geometry.name}]", name.split(",")[0], call, draw,
                   reference=reference, **more)  # fmt: skip

    inputs, outputs = (*geometry.spatial, 2, 3), (*geometry.outputs, 2, 3)
    rows = [
        row("maxpool", lambda x: p.maxpool(x, **options), apart(inputs),
            lambda x: _largest(geometry, x)[0], radius=None),
        row("take_winners", lambda x, winner: p.take_winners(x, winner, **options),
            _with_winners(geometry, geometry.spatial, (2, 3)),
            lambda x, winner: _taken(geometry, x, winner), follow=(0,)),
        row("spread_winners",
            lambda d, winner: p.spread_winners(d, winner, **options, shape=inputs),
            _with_winners(geometry, geometry.outputs, (2, 3)),
            lambda d, winner: _put(geometry, d, winner), follow=(0,)),
    ]  # fmt: skip
    for value in ("zero", "mean"):
        average = {**options, "padding_value": value}
        rows += [
            row(f"avgpool,{value}", lambda x, o=average: p.avgpool(x, **o), normal(inputs),
                lambda x, value=value: _averages(geometry, value, x)),
            row(f"spread,{value}", lambda d, o=average: p.spread(d, **o, shape=inputs),
                normal(outputs), lambda d, value=value: _shared(geometry, value, d)),
        ]  # fmt: skip
    return rows


def _pairs(operation: Callable[..., Any], *padding: int, **more: Any) -> Callable[..., Any]:
    """Windows of two over one dimension, each input in one window."""
    return lambda x: operation(x, size=(2,), stride=(2,), padding=(padding,), **more)


def _halves(reduce: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: np.stack([reduce(x[i : i + 2], axis=0) for i in range(0, len(x) - 1, 2)])


IDX = np.array([[0, 5], [5, 1], [7, 0]])  # 0 and 5 are named twice


def _last_put_back(y: Any) -> Any:
    x = np.zeros(8)
    for at, value in zip(IDX.ravel("F"), y.ravel("F"), strict=True):
        x[at] = value
    return x.reshape(4, 2, order="F")


def _largest_in_time(x: Any) -> Any:
    return np.stack([x[:, :, t : t + 2].max(2) for t in range(0, x.shape[2] - 1, 2)], axis=2)


LARGE = ([np.ones((1, 3))], ValueError, r"over 2 positions, but .* 1 has 1 and padding 0 \+ 0")
BLIND = ([np.ones((3, 3))], ValueError, r"of size 2 sees nothing but padding, 1 \+ 2 around the 3")
SHAPES: list[Shape] = [(4,), (5, 0), (4, 1, 2, 1)]

ROWS = [
    Row("maxunpool", "", on_values(lambda Y: dl.maxunpool(Y, IDX, (4, 2)), "SC"), normal((3, 2)),
        reference=_last_put_back),
    Row("maxpool_over_time", "", on_values(lambda X: dl.maxpool(X, 2, Stride=2), "CBT"),
        apart((2, 3, 5)), reference=_largest_in_time, radius=None, also=[apart((2, 0, 4))]),
    *[row for geometry in GEOMETRIES for row in _rows(geometry)],
    Row("maxpool[pairs]", "maxpool", _pairs(p.maxpool, 0, 0), apart((4, 3)), radius=None,
        reference=_halves(np.max), also=[apart(shape) for shape in SHAPES], errors=[LARGE]),
    Row("avgpool[pairs]", "avgpool", _pairs(p.avgpool, 0, 0), normal((4, 3)),
        reference=_halves(np.mean), also=[normal(shape) for shape in SHAPES], errors=[LARGE]),
    Row("avgpool[beyond the input]", "avgpool", _pairs(p.avgpool, 2, 1), normal((3, 3)),
        reference=lambda x: np.stack([0.0 * x[0], (x[0] + x[1]) / 2, x[2] / 2])),
    Row("maxpool[padded pairs]", "maxpool", _pairs(p.maxpool, 1, 2), apart((4, 3)), radius=None,
        reference=lambda x: np.stack([x[0], np.maximum(x[1], x[2]), x[3]]), errors=[BLIND]),
    Row("avgpool,mean[padded pairs]", "avgpool", _pairs(p.avgpool, 1, 2, padding_value="mean"),
        normal((4, 3)), reference=lambda x: np.stack([x[0], (x[1] + x[2]) / 2, x[3]]),
        errors=[BLIND]),
]  # fmt: skip
