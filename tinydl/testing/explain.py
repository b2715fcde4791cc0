"""A wrong derivative in words: which entry, both numbers, and the likely cause."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tinydl.testing.causes import Cause, likely_cause
from tinydl.testing.compare import Case, Entries, Wrong
from tinydl.testing.gradient_report import GradientIssue

UNKNOWN = Cause("", "is wrong", "")


class Explanation(NamedTuple):
    """The entries of the variable that is furthest off, and why."""

    entries: Entries
    cause: Cause


def explained(case: Case, wrong: Wrong) -> Explanation:
    """Look at every entry, and for the cause."""
    looked_at = [Entries(case, wrong, i) for i in wrong.follow]
    entries = max(looked_at, key=lambda entries: entries.excess().max(initial=0.0))
    cause = likely_cause(case, wrong, entries)
    if cause is None and not case.oracle.is_settled(wrong.truth):
        cause = Cause(
            "unsettled",
            "cannot be checked: differences of f do not settle as their step shrinks",
            "f is not smooth here, or drowns in rounding",
        )
    return Explanation(entries, cause or UNKNOWN)


def issue_of(case: Case, wrong: Wrong) -> GradientIssue:
    """What a report says of a wrong derivative."""
    entries, cause = explained(case, wrong)
    at = entries.worst
    found, expected = float(entries.found[at]), float(entries.true[at])
    order = f", order {wrong.order}" + (", mixed with the others" if len(wrong.follow) > 1 else "")
    cure = "; ".join([part for part in (cause.cure, *_beside(case, wrong)) if part])
    sentence = (
        f"the gradient by {entries.variable.name}{order}, {cause.words}: "
        f"{_numbers(case, wrong, entries)}" + (f"; {cure}" if cure else "")
    )
    return GradientIssue(entries.variable.name, wrong.order, at, entries.place, found, expected,
                         cause.kind, sentence)  # fmt: skip


def _numbers(case: Case, wrong: Wrong, entries: Entries) -> str:
    """The worst entry, or what is known instead."""
    at = entries.worst
    found, expected = float(entries.found[at]), float(entries.true[at])
    where = f"at {entries.place}"
    if not case.oracle.is_settled(wrong.truth):
        return f"{where} it is {found:.6g}, and no number is known that it should be"
    if not np.any(entries.excess() > 1.0):  # the entry is not among those that were looked at
        found, expected, where = wrong.found.value, wrong.truth.value, "along a random direction"
    off = abs(found - expected) / abs(expected) if expected else math.inf
    return f"{where} it is {found:.6g} instead of {expected:.6g}, relative error {off:.2g}"


def _beside(case: Case, wrong: Wrong) -> list[str]:
    """What else is known of the rule that is wrong, if there are two rules for a first order."""
    notes: list[str] = []
    if not wrong.recorded:
        try:
            higher = case.found(wrong.vs, 1)[0]
        except NotImplementedError:  # a backward, for what has no other derivative
            return notes
        if case.is_right(higher, wrong.truth, higher.magnitude):
            notes.append("with EnableHigherDerivatives=True it is right, so that the fault lies "
                         "in a backward, or in a rule for first derivatives alone")  # fmt: skip
    elif wrong.order == 1:
        notes.append("without EnableHigherDerivatives it is right, so that the fault lies in a "
                     "rule or a definition for higher derivatives")  # fmt: skip
    return notes
