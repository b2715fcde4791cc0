"""Rows of functions that place, repeat or add up elements. References take them one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinydl as dl
from tinydl import dlarray
from tinydl.autodiff import plain
from tinydl.backend import on_device_of

from .row import Draw, Row, Shape, apart, normal
from .shape import columns_first, places


def on_values(function: Callable[..., Any], fmt: str = "") -> Callable[..., Any]:
    """A function of dlarrays, called with plain or recorded values."""
    return lambda *xs: function(*[dlarray._make(x, fmt) for x in xs])._value


def circshift(k: Sequence[int], *shapes: Shape) -> Row:
    """A row for one number of positions along each of the first dimensions."""

    def reference(x: Any) -> Any:
        y = np.empty(x.shape)
        for at in places(x.shape):
            moved = [i + (k[d] if d < len(k) else 0) for d, i in enumerate(at)]
            y[tuple(i % n for i, n in zip(moved, x.shape, strict=True))] = x[at]
        return y

    draw, *also = [normal(shape) for shape in shapes]
    call = on_values(lambda X: dl.circshift(X, list(k)))
    return Row(f"circshift[{k}]", "", call, draw, reference=reference, also=also)


def repelem(times: Sequence[Any], *shapes: Shape) -> Row:
    """A row for one number, or list of numbers, of repetitions along each dimension."""

    def reference(x: Any) -> Any:
        sources = []
        for n, r in zip(x.shape, times, strict=True):
            counts = [r] * n if isinstance(r, int) else r
            sources.append([i for i, count in enumerate(counts) for _ in range(count)])
        y = np.empty([len(s) for s in sources])
        for at in places(y.shape):
            y[at] = x[tuple(s[i] for s, i in zip(sources, at, strict=True))]
        return y

    draw, *also = [normal(shape) for shape in shapes]
    call = on_values(lambda X: dl.repelem(X, *times))
    return Row(f"repelem[{times}]", "", call, draw, reference=reference, also=also)


def _diagonal(a: Any, b: Any) -> Any:
    y = np.zeros((len(a) + len(b), a.shape[1] + b.shape[1]))
    y[: len(a), : a.shape[1]] = a
    y[len(a) :, a.shape[1] :] = b
    return y


SUBS = np.array([[1, 0], [0, 2], [1, 0], [0, 2], [1, 0]])
"""Positions of five numbers in a 2 × 4 array, some of them of several numbers."""


def accumarray(fun: str, together: Callable[[list[float]], float], draw: Draw, **more: Any) -> Row:
    """A row for one function of the numbers of a group."""

    def reference(vals: Any) -> Any:
        y = np.zeros((2, 4))
        for at in places(y.shape):
            group = [v for s, v in zip(SUBS.tolist(), vals.tolist(), strict=True) if tuple(s) == at]
            y[at] = together(group) if group else 0.0
        return y

    call = on_values(lambda V: dl.accumarray(SUBS, V, (2, 4), fun))
    wrong = ([np.ones(3)], ValueError, "vals is 3 dlarray for 5 rows of subs")
    return Row(f"accumarray[{fun}]", "", call, draw, reference=reference, errors=[wrong], **more)


def embed(fmt: str, positions: Any, joined: str) -> Row:
    """A row for positions in one format; it is followed by the matrix."""
    X = dlarray(np.array(positions, float), fmt)

    def reference(weights: Any) -> Any:
        sizes = dict(zip(X.dims, X.shape, strict=True))
        rest = joined.replace("C", "")
        y = np.empty([len(weights) if d == "C" else sizes[d] for d in joined])
        lookup = np.array(X).reshape([sizes[d] for d in rest])
        for at in columns_first(y.shape):
            c = at[joined.index("C")]
            where = tuple(i for i, d in zip(at, joined, strict=True) if d != "C")
            y[at] = weights[c, int(lookup[where])]
        return y

    def call(weights: Any) -> Any:
        here = dlarray._make(on_device_of(plain(weights), np.array(X)), X.dims)
        return dl.embed(here, dlarray._make(weights, ""))._value

    wrong = ([np.ones((3, 2))], ValueError, "embed: X: 2 is no position.*from 0 to 1")
    return Row(f"embed[{fmt}]", "", call, normal((3, 4)), reference=reference, also=[
        normal((1, 4)), normal((0, 4))], errors=[wrong])  # fmt: skip


ROWS = [
    circshift([1, -2], (3, 4), (1, 1), (0, 2), (2, 3, 2)),
    repelem([2, 3], (2, 3), (0, 2), (1, 1)),
    repelem([[2, 0, 1], 2], (3, 2)),
    Row("blkdiag", "", on_values(dl.blkdiag), normal((2, 3), (1, 2)), reference=_diagonal,
        also=[normal((0, 2), (2, 1)), normal((1, 1), (2, 0))]),
    accumarray("sum", sum, normal((5,))),
    accumarray("mean", lambda group: sum(group) / len(group), normal((5,))),
    accumarray("max", max, apart((5,)), radius=None),
    accumarray("min", min, apart((5,)), radius=None),
    embed("B", [2, 0, 2], "CB"),
    embed("CBT", [[[2, 1], [0, 2]]], "CBT"),
    embed("SB", [[2, 1, 0], [0, 2, 2]], "SCB"),
]  # fmt: skip
