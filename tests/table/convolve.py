"""Rows of convolution. The reference of the trio runs over all pairs of an output and a tap."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

import tinydl as dl
from tinydl.primitives import convolve as c

from .arrange import on_values
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

# Groups, channels of a group, filters of a group, images.
ONE_GROUP = [(1, 2, 3, 2), (1, 1, 1, 1), (1, 9, 2, 10), (1, 1, 3, 9), (1, 2, 2, 0)]
ALL_SIZES = {"same", "stride with a remainder", "a long window"}  # where all of them are drawn
IN_GROUPS = {"same", "stride and dilation", "one dimension", "three dimensions"}
GROUPS = [(2, 2, 3, 2), (3, 1, 1, 2), (3, 1, 1, 9), (2, 1, 2, 9), (3, 1, 1, 0), (2, 2, 1, 0)]


def _whole(w: Any, groups: int) -> Any:
    """Weights for all channels, which are 0 for those of other groups."""
    channels, filters = w.shape[-2], w.shape[-1] // groups
    whole = np.zeros((*w.shape[:-2], channels * groups, w.shape[-1]))
    for g in range(groups):
        k = slice(g * filters, (g + 1) * filters)
        whole[..., g * channels : (g + 1) * channels, k] = w[..., k]
    return whole


def _output(geometry: Geometry, groups: int, x: Any, w: Any) -> Any:
    y, w = np.zeros((*geometry.outputs, w.shape[-1], x.shape[-1])), _whole(w, groups)
    for o, i, at in geometry.pairs():
        y[o] += np.einsum("ck,cb->kb", w[i], x[at])
    return y


def _input(geometry: Geometry, groups: int, d: Any, w: Any) -> Any:
    w = _whole(w, groups)
    x = np.zeros((*geometry.spatial, w.shape[-2], d.shape[-1]))
    for o, i, at in geometry.pairs():
        x[at] += np.einsum("ck,kb->cb", w[i], d[o])
    return x


def _weight(geometry: Geometry, groups: int, x: Any, d: Any) -> Any:
    w = np.zeros((*geometry.window, x.shape[-2], d.shape[-2]))
    for o, i, at in geometry.pairs():
        w[i] += np.einsum("cb,kb->ck", x[at], d[o])
    runs = [np.split(part, groups, axis=-2)[g] for g, part in enumerate(np.split(w, groups, -1))]
    return np.concatenate(runs, axis=-1)


def _shapes(geometry: Geometry, size: Shape) -> dict[str, Shape]:
    groups, channels, filters, images = size
    return {
        "x": (*geometry.spatial, groups * channels, images),
        "w": (*geometry.window, channels, groups * filters),
        "d": (*geometry.outputs, groups * filters, images),
    }


def _rows(geometry: Geometry, groups: int, sizes: list[Shape], name: str) -> list[Row]:
    """The three operations with one geometry."""
    options = {**geometry.options, "groups": groups}
    to_x, to_w = geometry.spatial, geometry.window
    trio = [
        ("convolve", "xw", lambda x, w: c.convolve(x, w, **options), _output),
        ("convolve_input", "dw", lambda d, w: c.convolve_input(d, w, **options, size=to_x), _input),
        ("convolve_weight", "xd", lambda x, d: c.convolve_weight(x, d, **options, size=to_w),
         _weight),
    ]  # fmt: skip
    rows = []
    for primitive, (first, second), call, reference in trio:
        shapes = [_shapes(geometry, size) for size in sizes]
        usual, *also = [normal(shape[first], shape[second]) for shape in shapes]
        rows.append(
            Row(
                f"{primitive}[{geometry.name}{name}]",
                primitive,
                call,
                usual,
                reference=lambda a, b, reference=reference: reference(geometry, groups, a, b),
                also=also,
            )
        )
    return rows


def _rows_of_groups(geometry: Geometry) -> list[Row]:
    rows = []
    for groups in (2, 3):
        sizes = [size for size in GROUPS if size[0] == groups]
        rows += _rows(geometry, groups, sizes, f", {groups} groups")
    return rows


def _with_gaps(x: Any, w: Any) -> Any:
    return c.convolve(x, w, stride=(1,), dilation=(2,), padding=((1, 0),))


def _rows_with_bias(geometry: Geometry) -> list[Row]:
    """A convolution to which a number for each filter is added."""
    leading = (1,) * len(geometry.spatial)
    rows = []
    for groups, sizes in ((1, ONE_GROUP), (2, GROUPS[:1]), (3, GROUPS[1:3])):
        draws = []
        for size in sizes:
            shapes = _shapes(geometry, size)
            draws.append(normal(shapes["x"], shapes["w"], (*leading, size[0] * size[2], 1)))
        options = {**geometry.options, "groups": groups}
        rows.append(
            Row(
                f"convolve_add[{geometry.name}, {groups}]",
                "convolve_add",
                lambda x, w, b, options=options: c.convolve_add(x, w, b, **options),
                draws[0],
                reference=lambda x, w, b, groups=groups: _output(geometry, groups, x, w) + b,
                also=draws[1:],
            )
        )
        if geometry.name in IN_GROUPS:
            rows.append(_rectified(geometry, groups, draws[0]))
    return rows


def _rectified(geometry: Geometry, groups: int, draw: Draw) -> Row:
    """The same behind relu. The bias keeps all sums away from its corner, on either side."""
    options = {**geometry.options, "groups": groups}

    def away(rng: np.random.Generator) -> list[Any]:
        x, w, b = draw(rng)
        return [x / 4.0, w / 4.0, b + 12.0 * np.sign(b)]

    def reference(x: Any, w: Any, b: Any) -> Any:
        return np.maximum(_output(geometry, groups, x, w) + b, 0.0)

    return Row(f"convolve_relu[{geometry.name}, {groups}]", "convolve_relu",
               lambda *xs: c.convolve_relu(*xs, **options), away, radius=0.1,
               reference=reference)  # fmt: skip


PLAIN = {"stride": (1,), "dilation": (1,), "padding": (NONE,), "groups": 2}


def _in_pairs(x: Any, w: Any) -> Any:
    return c.convolve(x, w, **PLAIN)


def _back_in_pairs(d: Any, w: Any) -> Any:
    return c.convolve_input(d, w, **PLAIN, size=(2,))


def _weights_in_pairs(x: Any, d: Any) -> Any:
    return c.convolve_weight(x, d, **PLAIN, size=(1,))


def _refusals(name: str, call: Any, a: Shape, b: Shape, *wrong: tuple[Shape, Shape, str]) -> Row:
    """A row of two groups, in which every channel has one tap, one filter and the weight it has."""
    errors = [([np.ones(x), np.ones(y)], ValueError, words) for x, y, words in wrong]
    sums = name == "convolve_weight"
    reference = lambda x, y: (x * y).sum((0, 2))[None, None] if sums else x * y.swapaxes(-1, -2)
    return Row(f"{name}[group refusals]", name, call, normal(a, b), reference=reference,
               errors=errors)  # fmt: skip


def _causal(x: Any, w: Any, b: Any) -> Any:
    """Over time, in two groups of two channels and one filter, with gaps of two."""
    y = np.zeros((2, *x.shape[1:]))
    for g, t, i in np.ndindex(2, x.shape[2], len(w)):
        at = t - 2 * (len(w) - 1 - i)
        if at >= 0:
            y[g, :, t] += w[i, :, 0, g] @ x[2 * g : 2 * g + 2, :, at]
    return y + b[:, None, None]


def _enlarged(x: Any, w: Any, b: Any) -> Any:
    """With stride 2, in two groups, and the first position cropped."""
    channels, filters = w.shape[2], w.shape[1]
    y = np.zeros((2 * len(x) + len(w) - 3, 2 * filters, x.shape[2]))
    for o, i, g in np.ndindex(len(x), len(w), 2):
        at, group = 2 * o + i - 1, slice(g * channels, (g + 1) * channels)
        if at >= 0:
            y[at, g * filters : (g + 1) * filters] += w[i, :, :, g] @ x[o, group]
    return y + b.reshape(-1, order="F")[:, None]


FUNCTIONS = [
    Row("dlconv[causal, groups]", "",
        on_values(lambda X, w, b: dl.dlconv(dl.dlarray(X, "CBT"), w, b, Padding="causal",
                                          DilationFactor=2)),
        normal((4, 3, 5), (3, 2, 1, 2), (2,)), reference=_causal,
        also=[normal((4, 0, 5), (2, 2, 1, 2), (2,)), normal((4, 1, 1), (1, 2, 1, 2), (2,))]),
    Row("dltranspconv[groups]", "",
        on_values(lambda X, w, b: dl.dltranspconv(dl.dlarray(X, "SCB"), w, b, Stride=2,
                                                Cropping=[[1], [0]])),
        normal((3, 4, 2), (3, 3, 2, 2), (3, 2)), reference=_enlarged,
        also=[normal((3, 2, 0), (2, 1, 1, 2), (1, 2)), normal((2, 2, 9), (4, 1, 1, 2), (2,))]),
]  # fmt: skip

ROWS = [
    *FUNCTIONS,
    *[row for geometry in GEOMETRIES for row in _rows(
        geometry, 1, ONE_GROUP if geometry.name in ALL_SIZES else ONE_GROUP[:1], "")],
    *[row for geometry in GEOMETRIES if geometry.name in IN_GROUPS
      for row in _rows_of_groups(geometry)],
    *[row for geometry in GEOMETRIES if geometry.name in ("same", "one dimension")
      for row in _rows_with_bias(geometry)],
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
    _refusals("convolve", _in_pairs, (2, 2, 3), (1, 1, 2),
              ((2, 2, 3), (1, 2, 2), "2 channels .* are for 4 in 2 groups"),
              ((2, 2, 3), (1, 1, 3), "3 filters cannot be dealt into 2 groups")),
    _refusals("convolve_input", _back_in_pairs, (2, 2, 3), (1, 1, 2),
              ((2, 3, 3), (1, 1, 3), "3 filters cannot be dealt into 2 groups")),
    _refusals("convolve_weight", _weights_in_pairs, (2, 2, 3), (2, 2, 3),
              ((2, 3, 3), (2, 2, 3), "3 channels cannot be dealt into 2 groups"),
              ((2, 2, 3), (2, 3, 3), "3 filters cannot be dealt into 2 groups")),
]  # fmt: skip
