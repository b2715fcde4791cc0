"""What several test modules do with a row of the table."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.table import ROWS, Row
from tinydl.autodiff import Record, Recorded, gradient, plain
from tinydl.backend import is_array
from tinydl.primitives.elementwise import multiply
from tinydl.primitives.reduce import sum_to
from tinydl.testing import (
    contour_derivative,
    difference_derivative,
    directional_derivatives,
)

DRAWS = 20 if os.environ.get("TINYDL_TEST_PROFILE") == "deep" else 1
"""How often the inputs of a row are drawn anew."""

MARGIN = 50
"""How many times its computed bound a rounding error may be."""


class Case(NamedTuple):
    """One list of inputs of a row."""

    row: Row
    label: str
    xs: list[Any]

    def __repr__(self) -> str:
        return f"{self.row.name}-{self.label}"


def generator(*names: object) -> np.random.Generator:
    """Random numbers that depend on these names only."""
    return np.random.default_rng(zlib.crc32(repr(names).encode()))


def cases(rows: Sequence[Row] = ROWS) -> Iterator[Case]:
    """Every row with its usual inputs, then with further shapes, then at its marked points."""
    for row in rows:
        for number, draw in enumerate([row.draw] * DRAWS + list(row.also)):
            shapes = draw(generator(row.name, number))
            yield Case(row, f"{number}:{','.join(str(np.shape(x)) for x in shapes)}", shapes)
        for number, xs in enumerate(row.special):
            yield Case(row, f"special{number}", xs)


def subsets(row: Row, xs: Sequence[Any]) -> list[tuple[int, ...]]:
    """Each followed input alone, and all of them together."""
    every = row.followed(xs)
    return [every] if len(every) == 1 else [*[(i,) for i in every], every]


def check_derivatives(case: Case, follow: tuple[int, ...], device: Any) -> None:
    """Hold all orders that the engine gives against an oracle that does not differentiate."""
    row, xs = case.row, case.xs
    rng = generator(row.name, case.label, follow)
    vs = [rng.uniform(-1.0, 1.0, np.shape(x)) if i in follow else None for i, x in enumerate(xs)]
    w = rng.standard_normal(np.shape(row.call(*xs)))
    found = directional_derivatives(
        row.call,
        [device.put(x) for x in xs],
        [None if v is None else device.put(v) for v in vs],
        device.put(w),
        row.orders,
    )
    # The rules run on plain arrays for a first derivative; fast ones run in no other case.
    for order, value in [(1, first_on_plain_arrays(case, vs, w, device)), *enumerate(found, 1)]:
        if row.radius is None:
            expected, bound = difference_derivative(row.call, xs, vs, w, order)
        else:
            expected, bound = contour_derivative(row.call, xs, vs, w, order, radius=row.radius)
        assert abs(value - expected) <= MARGIN * bound, (
            f"{case} by inputs {follow}, order {order}: {value} instead of {expected}, "
            f"{abs(value - expected) / bound if bound else np.inf:.3g} bounds off"
        )


def first_on_plain_arrays(case: Case, vs: Sequence[Any], w: Any, device: Any) -> float:
    """The derivative of Σ w · op(x + t v) by t, at t = 0, as a training step finds it."""
    record = Record()
    inputs = [device.put(x) if v is None else record.leaf(device.put(x))
              for x, v in zip(case.xs, vs, strict=True)]  # fmt: skip
    y = sum_to(multiply(case.row.call(*inputs), device.put(w)), shape=())
    slopes = gradient(y, [x for x in inputs if type(x) is Recorded])
    directions = [v for v in vs if v is not None]
    return float(sum(np.sum(device.take(plain(slope)) * v)
                     for slope, v in zip(slopes, directions, strict=True)))  # fmt: skip


class Recording(NamedTuple):
    """A recorded call of a row, and its weighted sum, ready to be differentiated."""

    y: Recorded
    total: Recorded
    wanted: list[Recorded]

    def gradients(self, higher: bool = False) -> list[Any]:
        """The gradients of the sum by the followed inputs, as plain arrays."""
        return [plain(g) for g in gradient(self.total, self.wanted, higher=higher)]

    def kept(self) -> list[Any]:
        """Every array that the record holds."""
        nodes, todo = set(), [self.total.node]
        while todo:
            node = todo.pop()
            if node in nodes:  # come to by another path
                continue
            nodes.add(node)
            todo += [parent for parent in node.parents if parent is not None]
        values = [value for node in nodes for value in (node.kept or {}).values()]
        return [self.y.data, *[v for v in values if isinstance(v, np.generic) or is_array(v)]]


def recorded(row: Row, xs: Sequence[Any], w: Any = None) -> Recording:
    """Record Σ w · op(x). Without w the operation will receive a gradient with strides of 0."""
    record = Record()
    follow = row.followed(xs)
    inputs = [record.leaf(x) if i in follow else x for i, x in enumerate(xs)]
    y = row.call(*inputs)
    total = sum_to(y if w is None else multiply(y, w), shape=())
    return Recording(y, total, [inputs[i] for i in follow])


def leaf(*values: Any) -> Recorded:
    """A vector of these numbers, in a record of its own."""
    return Record().leaf(np.array(values, float))


def leaves(*arrays: Any) -> list[Recorded]:
    """These arrays in one record."""
    record = Record()
    return [record.leaf(np.array(x, float)) for x in arrays]


def total(x: Any) -> Any:
    """The sum of all elements."""
    return sum_to(x, shape=())


def assert_close(found: Any, expected: Any, what: str, eps: float | None = None) -> None:
    """Equal shapes, and numbers that differ by rounding of the largest of them only."""
    assert np.shape(found) == np.shape(expected), f"{what}: shapes differ"
    if np.size(expected) == 0:
        return
    precision = np.finfo(np.asarray(found).dtype).eps if eps is None else eps
    bound = MARGIN * precision * max(1.0, float(np.max(np.abs(expected))))
    off = float(np.max(np.abs(np.asarray(found, float) - np.asarray(expected, float))))
    assert off <= bound, f"{what}: {off} apart, {bound} allowed"
