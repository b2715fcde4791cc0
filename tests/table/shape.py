"""Rows of the operations that move numbers. References place the elements one by one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinydl.primitives import shape as s

from .row import Draw, Row, Shape, normal


def places(shape: Shape) -> list[Shape]:
    """All positions of an array, the last index running fastest."""
    return list(itertools.product(*map(range, shape)))


def columns_first(shape: Shape) -> list[Shape]:
    """All positions of an array, the first index running fastest."""
    return [at[::-1] for at in places(shape[::-1])]


def moved(shape: Shape, pairs: Callable[[Shape], list[tuple[Shape, Shape]]]) -> Callable[..., Any]:
    """The array of that shape which takes each element from the position it is paired with."""

    def reference(x: Any) -> Any:
        y = np.zeros(shape)
        for to, source in pairs(x.shape):
            y[to] = x[source]
        return y

    return reference


def reshape(shape: Shape, order: str, *draws: Draw) -> Row:
    """A row for one new shape."""
    every = columns_first if order == "F" else places
    return Row(
        f"reshape[{order}, {shape}]",
        "reshape",
        lambda x: s.reshape(x, shape=shape, order=order),
        draws[0],
        reference=moved(shape, lambda old: list(zip(every(shape), every(old), strict=True))),
        also=draws[1:],
        errors=[([np.ones((5, 7))], ValueError, "reshape")],
    )


def transpose(axes: Shape, *shapes: Shape) -> Row:
    """A row for one order of dimensions."""

    def reference(x: Any) -> Any:
        y = np.empty([x.shape[i] for i in axes])
        for at in places(y.shape):
            source = sorted(zip(axes, at, strict=True))
            y[at] = x[tuple(i for _, i in source)]
        return y

    call = lambda x: s.transpose(x, axes=axes)
    draw, *also = [normal(shape) for shape in shapes]
    wrong = ([np.ones((1, 1, 1, 1, 1))], ValueError, "axes")
    return Row(f"transpose[{axes}]", "transpose", call, draw, reference=reference, also=also,
               errors=[wrong])  # fmt: skip


def concatenate(axis: int, *draws: Draw) -> Row:
    """A row for one axis."""

    def reference(*xs: Any) -> Any:
        slabs = [x[(slice(None),) * axis + (i,)] for x in xs for i in range(x.shape[axis])]
        shape = [sum(x.shape[axis] for x in xs) if i == axis else n
                 for i, n in enumerate(xs[0].shape)]  # fmt: skip
        y = np.empty(shape)
        for i, slab in enumerate(slabs):
            y[(slice(None),) * axis + (i,)] = slab
        return y

    wrong = ([np.ones((2, 3)), np.ones((3, 4))], ValueError, "must match|out of bounds")
    return Row(f"concatenate[{axis}]", "concatenate", lambda *xs: s.concatenate(*xs, axis=axis),
               draws[0], reference=reference, also=draws[1:], errors=[wrong])  # fmt: skip


def repmat(times: Shape, *shapes: Shape) -> Row:
    """A row for one number of copies along each dimension."""

    def reference(x: Any) -> Any:
        y = np.empty([n * t for n, t in zip(x.shape, times, strict=True)])
        for at in places(y.shape):
            y[at] = x[tuple(i % n for i, n in zip(at, x.shape, strict=True))]
        return y

    draw, *also = [normal(shape) for shape in shapes]
    call = lambda x: s.repmat(x, times=times)
    return Row(f"repmat[{times}]", "repmat", call, draw, reference=reference, also=also)


MOVES = [
    reshape((4, 3, 2), "F", normal((2, 3, 4)), normal((24,)), normal((6, 4))),
    reshape((6,), "F", normal((2, 3)), normal((1, 6, 1))),
    reshape((1, 1), "F", normal(()), normal((1,))),
    reshape((0, 3), "F", normal((3, 0)), normal((0,))),
    reshape((4, 3, 2), "C", normal((2, 3, 4)), normal((24,))),
    transpose((2, 0, 1), (2, 3, 4), (2, 0, 1)),
    transpose((1, 0), (2, 3), (1, 3), (0, 2)),
    transpose((3, 1, 0, 2), (2, 3, 1, 2)),
    concatenate(0, normal((2, 3), (1, 3)), normal((2,), (3,), (0,)), normal((2, 3))),
    concatenate(1, normal((2, 3), (2, 1), (2, 2)), normal((2, 0), (2, 0))),
    concatenate(2, normal((2, 1, 3), (2, 1, 1))),
    repmat((2, 3), (3, 2), (1, 1), (0, 2)),
    repmat((1, 2, 1), (2, 3, 2)),
    repmat((3,), (4,), (1,)),
    repmat((2, 0), (2, 3)),
]  # fmt: skip


# ---- indexing -----------------------------------------------------------------------------------

MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, False, True]])

INDICES: dict[str, tuple[Shape, Any]] = {
    "slices": ((3, 4), (slice(0, 2), slice(1, None))),
    "steps": ((5, 4), (slice(None, None, -2), slice(0, 4, 3))),
    "ellipsis": ((2, 3, 4), (Ellipsis, slice(1, 2))),
    "nothing": ((3, 4), (slice(2, 2), slice(None))),
    "mask": ((3, 4), MASK),
    "empty mask": ((3, 4), np.zeros((3, 4), bool)),
    "mask of rows": ((3, 4), (np.array([True, False, True]), slice(None))),
    "rectangle": ((3, 4), np.ix_([2, 0], [3, 1, 0])),
    "positions": ((3, 4), (np.array([2, 0]), np.array([1, 1]))),
    "number": ((3, 4), 1),
}
"""Those that name every element at most once."""

DUPLICATES: dict[str, tuple[Shape, Any]] = {
    "rectangle with duplicates": ((3, 4), np.ix_([2, 0, 2], [3, 1, 1])),
    "positions with duplicates": ((4,), np.array([3, 0, 3, 3, -1])),
    "rows with duplicates": ((3, 4), (np.array([1, 1]), slice(None))),
}


def numbered(shape: Shape, index: Any) -> Any:
    """Which element, counted along the last index first, stands where in x[index]."""
    return np.arange(int(np.prod(shape))).reshape(shape)[index]


def take(label: str, shape: Shape, index: Any) -> Row:
    def reference(x: Any) -> Any:
        at = numbered(shape, index)
        return np.array([x.flat[i] for i in at.ravel()]).reshape(at.shape)

    call = lambda x: s.take(x, index=index)
    wrong = ([np.ones(())], IndexError, "index")
    return Row(f"take[{label}]", "take", call, normal(shape), reference=reference, errors=[wrong])


def scatter(label: str, shape: Shape, index: Any) -> Row:
    def reference(x: Any) -> Any:
        y = np.zeros(shape)
        for i, value in zip(np.ravel(numbered(shape, index)), x.ravel(), strict=True):
            y.flat[i] += value
        return y

    call = lambda x: s.scatter(x, index=index, shape=shape)
    part = np.empty(shape)[index].shape
    return Row(f"scatter[{label}]", "scatter", call, normal(part), reference=reference)


def put(label: str, shape: Shape, index: Any, *values: Shape) -> Row:
    """A row for values of the given shapes; of none, for those that the index asks for."""

    def reference(x: Any, v: Any) -> Any:
        y = x.copy()
        at = numbered(shape, index)
        for i, value in zip(np.ravel(at), np.broadcast_to(v, at.shape).ravel(), strict=True):
            y.flat[i] = value
        return y

    part = np.empty(shape)[index].shape
    draw, *also = [normal(shape, v) for v in [*values, part]]
    call = lambda x, v: s.put(x, v, index=index)
    wrong = ([np.ones(shape), np.ones(11)], ValueError, "broadcast|assign")
    return Row(f"put[{label}]", "put", call, draw, reference=reference, also=also, errors=[wrong])


INDEXING = [
    *[take(label, *place) for label, place in [*INDICES.items(), *DUPLICATES.items()]],
    *[scatter(label, *place) for label, place in [*INDICES.items(), *DUPLICATES.items()]],
    *[put(label, *place) for label, place in INDICES.items()],
    put("slices, expanded", (3, 4), (slice(0, 2), slice(1, None)), (1, 3), (2, 1), ()),
    put("rectangle, expanded", (3, 4), np.ix_([2, 0], [3, 1]), (2, 1), (1, 1), ()),
    put("mask, expanded", (3, 4), MASK, (1,), ()),
    Row("put_number", "put", lambda x: s.put(x, 0.0, index=(slice(1, 2), slice(None))),
        normal((3, 2)), reference=lambda x: x * np.array([[1.0], [0.0], [1.0]])),
    Row("put_into_constant", "put",
        lambda x, v: s.put(x, v, index=(slice(0, 2),)), normal((4,), (2,)), follow=(1,),
        reference=lambda x, v: np.concatenate([v, x[2:]])),
]  # fmt: skip


# ---- the rim ------------------------------------------------------------------------------------


def pad(widths: Sequence[tuple[int, int]], value: float, *shapes: Shape) -> Row:
    def reference(x: Any) -> Any:
        y = np.full([a + n + b for (a, b), n in zip(widths, x.shape, strict=True)], value)
        for at in places(x.shape):
            y[tuple(i + a for i, (a, _) in zip(at, widths, strict=True))] = x[at]
        return y

    call = lambda x: s.pad(x, widths=tuple(widths), value=value)
    draw, *also = [normal(shape) for shape in shapes]
    wrong = ([np.ones((1, 1, 1, 1))], ValueError, "broadcast")
    return Row(f"pad[{widths}, {value}]", "pad", call, draw, reference=reference, also=also,
               errors=[wrong])  # fmt: skip


def crop(widths: Sequence[tuple[int, int]], *shapes: Shape) -> Row:
    def reference(x: Any) -> Any:
        y = np.empty([n - a - b for (a, b), n in zip(widths, x.shape, strict=True)])
        for at in places(y.shape):
            y[at] = x[tuple(i + a for i, (a, _) in zip(at, widths, strict=True))]
        return y

    call = lambda x: s.crop(x, widths=tuple(widths))
    draw, *also = [normal(shape) for shape in shapes]
    wrong = ([np.ones((3,) * (len(widths) + 1))], ValueError, "zip")
    return Row(f"crop[{widths}]", "crop", call, draw, reference=reference, also=also,
               errors=[wrong])  # fmt: skip


RIM = [
    pad(((1, 2), (0, 1)), 0.0, (2, 3), (1, 1), (0, 2)),
    pad(((0, 0), (2, 0), (1, 1)), -1.5, (2, 1, 3)),
    crop(((1, 2), (0, 1)), (5, 3), (3, 1), (4, 2)),
    crop(((0, 0), (1, 1)), (2, 4)),
]

ROWS = [*MOVES, *INDEXING, *RIM]
