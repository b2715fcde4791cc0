"""What the engine finds beside what is true: along directions, and where it fails by entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinydl.autodiff import Record, Recorded, gradient, plain
from tinydl.autodiff.gradient import ancestors_of
from tinydl.backend import on_device_of
from tinydl.labels.classes import SINGLE
from tinydl.primitives.elementwise import multiply
from tinydl.primitives.reduce import sum_to
from tinydl.testing.operation import Variable, as_doubles
from tinydl.testing.oracle import MARGIN, Found, Operation, engine_derivatives
from tinydl.testing.truth import Direction, Oracle, Truth

ENTRIES = 200
"""So many entries of a gradient are looked at when it is wrong."""


class Wrong(NamedTuple):
    """A derivative that is not the true one.

    follow    the positions of the variables that it is about
    order     of the derivative
    recorded  whether it was found with EnableHigherDerivatives, by the rules that are recorded
    """

    follow: tuple[int, ...]
    vs: Direction
    order: int
    recorded: bool
    found: Found
    truth: Truth


@dataclass
class Case:
    """Σ w · op by its variables.

    given      op on arrays as the variables were given; it may be recorded
    exact      op on doubles in the computer's own memory
    variables  with the arrays as they were given
    in_double  given, where that is not double already, made double; on the same device
    tolerance  a relative error that is passed whatever rounding says
    """

    given: Operation
    exact: Operation
    variables: Sequence[Variable]
    rng: np.random.Generator
    tolerance: float = 0.0
    in_double: Callable[[], Case] | None = None
    oracle: Oracle = field(init=False)
    oracles: set[str] = field(init=False, default_factory=set)
    """Those that truths came from."""

    def __post_init__(self) -> None:
        self.there = [v.array for v in self.variables]
        self.xs = [as_doubles(x) for x in self.there]
        # Directions are as large as the variable, so that the result knows no units.
        self.scales = [float(np.abs(x).max(initial=0.0)) or 1.0 for x in self.xs]
        w = self.rng.standard_normal(np.shape(self.exact(*self.xs)))
        self.oracle = Oracle(self.exact, self.xs, w)
        y = plain(self.given(*self.there))
        classes = [y.dtype, *[x.dtype for x in self.there]]
        self.eps = max(float(np.finfo(dtype).eps) for dtype in classes)
        self.weights = on_device_of(y, w.astype(y.dtype))

    # ---- directions -----------------------------------------------------------------------------

    def direction(self, follow: Sequence[int]) -> list[Any]:
        """A random direction in which these variables move, and no others."""
        return [scale * self.rng.uniform(-1.0, 1.0, x.shape) if i in follow else None
                for i, (x, scale) in enumerate(zip(self.xs, self.scales, strict=True))]  # fmt: skip

    def unit(self, i: int, at: tuple[int, ...]) -> list[Any]:
        """The direction in which one entry of one variable moves."""
        vs: list[Any] = [None] * len(self.xs)
        vs[i] = np.zeros(self.xs[i].shape)
        vs[i][at] = self.scales[i]
        return vs

    # ---- the engine -----------------------------------------------------------------------------

    def found(self, vs: Direction, orders: int) -> list[Found]:
        """Derivatives along a direction by the rules that are recorded themselves."""
        return engine_derivatives(self.given, self.there, self._there(vs), self.weights, orders)

    def found_plainly(self, vs: Direction) -> Found:
        """The first derivative along a direction by the rules of a training step."""
        slopes = self.gradients([i for i, v in enumerate(vs) if v is not None])
        terms = [slope * v for slope, v in
                 zip(slopes, [v for v in vs if v is not None], strict=True)]  # fmt: skip
        total = float(sum(np.sum(term) for term in terms))
        return Found(total, float(sum(np.sum(np.abs(term)) for term in terms)))

    def gradients(self, follow: Sequence[int]) -> list[Any]:
        """The gradients of Σ w · op by these variables, found on plain arrays."""
        leaves, y = self._recorded(follow)
        if type(y) is not Recorded:
            return [np.zeros(x.shape) for x in leaves]
        return [as_doubles(g) for g in gradient(y, leaves)]

    def slopes(self, wrong: Wrong, i: int) -> Any:
        """The gradient by one variable of what is differentiated last in a wrong derivative."""
        if not wrong.recorded:
            return self.gradients([i])[0]
        leaves, y = self._recorded(wrong.follow)
        directions = [self._there(wrong.vs)[k] for k in wrong.follow]
        for order in range(1, wrong.order + 1):
            if type(y) is not Recorded:
                return np.zeros(self.xs[i].shape)
            slopes = gradient(y, leaves, higher=True)
            if order < wrong.order:
                terms = [sum_to(multiply(g, v), shape=()) for g, v in
                         zip(slopes, directions, strict=True)]  # fmt: skip
                y = sum(terms[1:], terms[0])
        return as_doubles(slopes[wrong.follow.index(i)])

    def single_on_the_way(self) -> str | None:
        """What first makes singles, if all that is given is double."""
        _, y = self._recorded(range(len(self.xs)))
        if type(y) is not Recorded:
            return None
        nodes = sorted(ancestors_of(y.node, frozenset()), reverse=True)
        return next((node.maker for node in nodes if node.dtype == SINGLE), None)

    def _recorded(self, follow: Sequence[int]) -> tuple[list[Recorded], Any]:
        """The variables in a record, and Σ w · op."""
        record = Record()
        inputs = [record.leaf(x) if i in follow else x for i, x in enumerate(self.there)]
        y = sum_to(multiply(self.given(*inputs), self.weights), shape=())
        return [inputs[i] for i in follow], y

    def _there(self, vs: Direction) -> list[Any]:
        """A direction in the classes and on the device of the variables."""
        return [None if v is None else on_device_of(x, v.astype(x.dtype))
                for x, v in zip(self.there, vs, strict=True)]  # fmt: skip

    # ---- the verdict ----------------------------------------------------------------------------

    def allowed(self, truth: Truth, size: float) -> float:
        """How far from the truth the engine may be, if its terms are of this size."""
        rounding = self.eps * (self.oracle.size + size)
        return MARGIN * (truth.bound + rounding) + self.tolerance * max(size, abs(truth.value))

    def is_right(self, found: Found, truth: Truth, size: float) -> bool:
        """Whether a derivative is the true one, as far as rounding lets one know."""
        close = abs(found.value - truth.value) <= self.allowed(truth, size)
        return close and self.oracle.is_settled(truth)

    def first_wrong(self, follow: Sequence[int], orders: Sequence[int]) -> Wrong | None:
        """The lowest of these orders that is wrong when these variables move."""
        vs, highest = self.direction(follow), max(orders)
        truths = self.oracle.derivatives(vs, highest)
        self.oracles |= {truth.oracle for truth in truths}
        if 1 in orders:
            found = self.found_plainly(vs)
            if not self.is_right(found, truths[0], found.magnitude):
                return Wrong(tuple(follow), vs, 1, False, found, truths[0])
        if highest == 1:
            return None
        size = 0.0
        for order, found in enumerate(self.found(vs, highest), start=1):
            size += found.magnitude
            truth = truths[order - 1]
            if order in orders and not self.is_right(found, truth, size):
                return Wrong(tuple(follow), vs, order, True, found, truth)
        return None


class Entries:
    """A gradient and what it should be, entry by entry: all entries, or some of a large one."""

    def __init__(self, case: Case, wrong: Wrong, i: int) -> None:
        self.i = i
        self.variable = case.variables[i]
        self.found = case.slopes(wrong, i)
        self.places = self._chosen(case.rng)
        self.true = np.full(self.found.shape, np.nan)
        self.allowed = np.full(self.found.shape, np.nan)
        for at in self.places:
            circles = wrong.truth.oracle == "contour"  # where there is none they take time
            truth = case.oracle.mixed(wrong.vs, case.unit(i, at), wrong.order, circles)
            scale = case.scales[i]
            size = abs(float(self.found[at])) * scale + wrong.found.magnitude * (wrong.order > 1)
            self.true[at] = truth.value / scale
            self.allowed[at] = case.allowed(truth, size) / scale

    def _chosen(self, rng: np.random.Generator) -> list[tuple[int, ...]]:
        """All places, or the largest entry and some others."""
        size = self.found.size
        flat = np.arange(size)
        if size > ENTRIES:
            largest = int(np.nan_to_num(np.abs(self.found), nan=np.inf).argmax())
            flat = np.unique([largest, *rng.choice(size, ENTRIES - 1, replace=False)])
        return [tuple([int(k) for k in np.unravel_index(j, self.found.shape)]) for j in flat]

    @property
    def are_all(self) -> bool:
        """Whether no entry was left out."""
        return len(self.places) == self.found.size

    def agree(self, other: Any) -> bool:
        """Whether an array has the true entries, where they are known."""
        known = ~np.isnan(self.true)
        return bool(np.all(np.abs(other - self.true)[known] <= self.allowed[known]))

    def excess(self) -> Any:
        """By how much each entry is off, in units of what is allowed; 0 where it is not known."""
        off = np.abs(self.found - self.true) / self.allowed
        return np.where(np.isnan(self.found), np.inf, np.nan_to_num(off, nan=0.0, posinf=np.inf))

    @property
    def worst(self) -> tuple[int, ...]:
        """The place of the entry that is furthest off; if none is, of that least known."""
        excess = self.excess()
        is_off = excess > 1.0
        sizes = (
            np.where(is_off, np.abs(self.found - self.true), 0.0) if is_off.any() else self.allowed
        )
        off = np.where(np.isnan(self.found), np.inf, np.nan_to_num(sizes, posinf=np.inf))
        return tuple([int(k) for k in np.unravel_index(off.argmax(), off.shape)])

    @property
    def place(self) -> str:
        """The worst entry, with labels if there are any: S=2, C=0, B=1."""
        at, labels = self.worst, self.variable.format
        if not labels:
            return f"[{', '.join(map(str, at))}]" if at else "its only element"
        return ", ".join([f"{letter}={k}" for letter, k in zip(labels, at, strict=True)])
