"""The likely cause of a wrong derivative: a test for each mistake that people make.

A test answers with words or with None. Those that hold for any gradient come first (a kink, single
precision), then what one wrong array can be of a right one: nothing, its multiple, its transpose,
itself with a statistic held. They compare as strictly as the check itself does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from tinydl.testing.compare import Case, Entries, Wrong
from tinydl.testing.oracle import MARGIN, directional_derivatives, moved
from tinydl.testing.statistics import held_statistic
from tinydl.testing.truth import Direction


class Cause(NamedTuple):
    """What is probably wrong.

    kind   one word for it
    words  said of the gradient: "has the wrong sign"
    cure   what to write instead, or where to look
    """

    kind: str
    words: str
    cure: str


def likely_cause(case: Case, wrong: Wrong, entries: Entries) -> Cause | None:
    """The first cause whose test agrees."""
    is_known = case.oracle.is_settled(wrong.truth) and np.any(entries.excess() > 1.0)
    tests = TESTS if is_known else WHERE_NOTHING_IS_KNOWN
    found = (test(case, wrong, entries) for test in tests)
    return next((cause for cause in found if cause is not None), None)


# ---- the point, and the class -------------------------------------------------------------------

NEAR = [2.0**-k for k in (6, 10, 14, 18)]
"""How far from the point a kink is looked for, as a part of the size of the variable."""


def kink(case: Case, wrong: Wrong, entries: Entries) -> Cause | None:
    """Whether one-sided derivatives disagree, of f or of a derivative below the wrong one."""
    along = case.unit(entries.i, entries.worst)
    for order in range(wrong.order):
        vs = along if order == 0 else list(wrong.vs)
        for step in NEAR:
            sides = [_one_sided(case, vs, order, sign * step) for sign in (-1, 1)]
            (below, off_below), (above, off_above) = sides
            if abs(above - below) > 4 * (off_below + off_above):
                what = "f" if order == 0 else f"its derivative of order {order}"
                scale = case.scales[entries.i] if order == 0 else 1.0
                return Cause(
                    "kink",
                    f"is that of one side of a kink: {what} has the slope {below / scale:.6g} "
                    f"below this point and {above / scale:.6g} above it",
                    "move the point away from the kink (a tie, a 0, a border)",
                )
    return None


def _one_sided(case: Case, vs: Direction, order: int, step: float) -> tuple[float, float]:
    """The derivative to one side, and a bound of its error, as difference_derivative has it."""
    oracle = case.oracle

    def f(t: float) -> float:
        if order == 0:
            return oracle.at(vs, t)
        there = moved(oracle.xs, vs, t)
        return directional_derivatives(oracle.op, there, vs, oracle.w, order)[-1]

    here = f(0.0)
    slopes = [(f(h) - here) / h for h in (step, step / 2, step / 4)]
    coarse, fine = [2 * half - full for full, half in itertools.pairwise(slopes)]
    noise = max(oracle.noise(vs), oracle.eps * abs(here))
    return fine, abs(fine - coarse) + MARGIN * noise / abs(step)


def single_precision(case: Case, wrong: Wrong, entries: Entries) -> Cause | None:
    """Whether double precision passes; or whether singles hide in a computation of doubles."""
    if case.in_double is not None:
        same = case.in_double()
        if same.first_wrong(wrong.follow, [wrong.order]) is None:
            return Cause(
                "single",
                "is right in double precision: in single it drowns in rounding",
                "check with double inputs, double(x), or compute in another order",
            )
        return None
    maker = case.single_on_the_way()
    if maker is None:
        return None
    rounding = MARGIN * float(np.finfo(np.float32).eps)
    off = abs(wrong.found.value - wrong.truth.value)
    if off > rounding * (case.oracle.size + wrong.found.magnitude) + MARGIN * wrong.truth.bound:
        return None
    return Cause("single", f"has the precision of singles: {maker} makes singles of doubles",
                 "make arrays like others, zeros(…, like=X), and convert none")  # fmt: skip


def higher_order_only(case: Case, wrong: Wrong, entries: Entries) -> Cause | None:
    """Whether lower orders are right."""
    if wrong.order == 1:
        return None
    if case.first_wrong(wrong.follow, range(1, wrong.order)) is not None:
        return None
    given = "0" if not entries.found.any() else "another number"
    return Cause(
        "higher order",
        f"gives {given}, though order {wrong.order - 1} is right: a derivative rule is not "
        "differentiable itself, and treats as constant what depends on the input",
        "write rules with tinydl's functions and operators, and hand them inputs or the output, "
        "not numbers worked out before",
    )


# ---- what a wrong array is of the right one -----------------------------------------------------


def nothing(case: Case, wrong: Wrong, entries: Entries) -> Cause | None:
    """Whether the gradient is zero."""
    if entries.found.any():
        return None
    return Cause(
        "zero",
        "gives 0; nothing reaches this gradient",
        "a derivative of 0 comes from extractdata, NumPy or a comparison on the way",
    )


def multiple(case: Case, wrong: Wrong, entries: Entries) -> Cause | None:
    """Whether the gradient is the same multiple of the right one everywhere."""
    known = entries.true[~np.isnan(entries.true)]
    found = entries.found[~np.isnan(entries.true)]
    if not known.any() or not np.isfinite(found).all():
        return None
    if entries.agree(-entries.found):
        return Cause("sign", "has the wrong sign", "multiply this gradient by −1")
    factor = float(found @ known / (known @ known))
    if not factor or not entries.agree(entries.found / factor):
        return None
    named = [words for value, words in _factors(case) if abs(factor / value - 1.0) < 1e-6]
    allowed = entries.allowed[~np.isnan(entries.true)]
    if not named and np.sum(np.abs(known) > allowed) < 2:
        return None  # one number is always a multiple of another
    why = f" ({', or '.join(named[:3])})" if named else ""
    return Cause("factor", f"is {factor:.4g} times the derivative",
                 f"divide this gradient by that{why}")  # fmt: skip


def _factors(case: Case) -> Iterator[tuple[float, str]]:
    """Factors that come of a square, of a sum in the place of a mean, of n − 1, with words."""
    yield from [(2.0, "2, as of a square"), (0.5, "1/2, as of a square")]
    sizes = list(_sizes(case))
    for n, what in sizes:
        yield n, f"{n}, {what}"
        yield 1 / n, f"1/{n}: {n} is {what}"
    for n, what in sizes:
        if n > 2:
            yield n / (n - 1), f"{n}/{n - 1}: {n} is {what}"
            yield (n - 1) / n, f"{n - 1}/{n}: {n} is {what}"


def _sizes(case: Case) -> Iterator[tuple[int, str]]:
    """The sizes of the variables, and the numbers of elements over several dimensions."""
    for variable in case.variables:
        shape, labels = variable.array.shape, variable.format
        for count in range(1, len(shape) + 1):
            for axes in itertools.combinations(range(len(shape)), count):
                n = math.prod([shape[axis] for axis in axes])
                over = "".join([labels[axis] for axis in axes]) if labels else f"axes {axes}"
                what = "the size" if count == 1 else "the number of elements"
                if n > 1:
                    yield n, f"{what} of {over} of {variable.name}"


def transposed(case: Case, wrong: Wrong, entries: Entries) -> Cause | None:
    """Whether the right numbers stand in other places."""
    for words, cure, undone in _rearranged(entries.found):
        if undone.shape == entries.found.shape and entries.agree(undone):
            return Cause("transposed", words, cure)
    return None


def _rearranged(found: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """All that could have been done to the places of the elements, undone."""
    axes = range(found.ndim)
    for order in itertools.permutations(axes):
        if order != tuple(axes):
            what = "is transposed" if found.ndim == 2 else f"has its dimensions permuted, {order}"
            yield what, "transpose this gradient", found.transpose(np.argsort(order))
    for count in axes:
        for flipped in itertools.combinations(axes, count + 1):
            what = f"is flipped along axis {', '.join(map(str, flipped))}"
            yield what, "turn this gradient round", np.flip(found, flipped)
    words = "has its elements in another order: rows where columns are meant"
    cure = "MATLAB counts elements along the first dimension first, as reshape does"
    yield words, cure, found.ravel("C").reshape(found.shape, order="F")
    yield words, cure, found.ravel("F").reshape(found.shape, order="C")


def statistic(case: Case, wrong: Wrong, entries: Entries) -> Cause | None:
    """Whether the gradient is right for a mean or variance that does not depend on the input."""
    if not entries.are_all:
        return None
    off = entries.found - entries.true
    held = held_statistic(case.xs[entries.i], off, entries.allowed)
    if held is None:
        return None
    name, axes = held
    if not _are_coupled(case, entries.i, axes):
        return None  # the numbers look like it, but there is no statistic
    labels = entries.variable.format
    over = "".join([labels[axis] for axis in axes]) if labels else f"the axes {axes}"
    return Cause(
        "statistic",
        f"treats the {name} over {over} as a constant",
        "let the statistic stay recorded, without extractdata; in a rule add the derivatives by it",
    )


def _are_coupled(case: Case, i: int, axes: tuple[int, ...]) -> bool:
    """Whether the elements that share a statistic act on f together, not each by itself."""
    oracle, shape = case.oracle, case.xs[i].shape
    sharing = [at for at in np.ndindex(*shape)
               if not any([k for axis, k in enumerate(at) if axis not in axes])]  # fmt: skip
    first, *others = [case.unit(i, at) for at in sharing[:8]]
    for other in others:
        both = [None if v is None else v + other[k] for k, v in enumerate(first)]
        f = [oracle.at(vs, 0.125) for vs in (both, first, other)]
        if abs(f[0] - f[1] - f[2] + oracle.value) <= MARGIN * oracle.noise(both):
            return False
    return True


Test = Callable[[Case, Wrong, Entries], Cause | None]

WHERE_NOTHING_IS_KNOWN: tuple[Test, ...] = (kink, single_precision)
TESTS: tuple[Test, ...] = (
    *WHERE_NOTHING_IS_KNOWN, higher_order_only, nothing, multiple, transposed, statistic,
)  # fmt: skip
