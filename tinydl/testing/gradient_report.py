"""What check_gradients found, and each derivative that is wrong."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

SHOWN = 4
"""So many names of inputs are printed."""


class GradientIssue(NamedTuple):
    """One derivative that is wrong.

    Input     what it is by, as one would write it: net.Learnables "fc/Weights", x[1]["a"]
    Order     of the derivative
    Index     of the worst entry, counted from 0
    Labels    the same with labels, such as S=2, C=0, B=1
    Found     the entry as the engine gives it
    Expected  the entry as the oracle gives it
    Cause     one word for the likely cause, "" if none is known: kink, single, zero, sign, factor,
              transposed, statistic, higher order, in place, random, …
    Sentence  all of this for people
    """

    Input: str
    Order: int
    Index: tuple[int, ...]
    Labels: str
    Found: float
    Expected: float
    Cause: str
    Sentence: str


class GradientReport:
    """What check_gradients found.

    Inputs   what was differentiated by
    Orders   the orders of the derivatives
    Oracles  what they were compared with: contour, differences or both
    Issues   what is wrong, a GradientIssue each
    Passed   whether nothing is
    """

    def __init__(
        self, inputs: Sequence[str], orders: Sequence[int], oracles: Sequence[str],
        issues: Sequence[GradientIssue],
    ) -> None:  # fmt: skip
        self.Inputs = tuple(inputs)
        self.Orders = tuple(orders)
        self.Oracles = tuple(oracles)
        self.Issues = tuple(issues)

    @property
    def Passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.Issues

    def _title(self) -> str:
        orders = ", ".join(map(str, self.Orders))
        count = len(self.Issues)
        found = f"{count or 'no'} issue{'s' * (count != 1)}"
        by = f" ({', '.join(self.Oracles)})" if self.Oracles else ""
        names = list(self.Inputs)
        if len(names) > SHOWN:
            names[SHOWN - 1 :] = [f"{len(names) - SHOWN + 1} more"]
        return f"derivatives by {', '.join(names)}, orders {orders}{by}: {found}"

    def __repr__(self) -> str:
        issues = [f"issue {i}: {x.Sentence}" for i, x in enumerate(self.Issues, start=1)]
        return "\n".join([self._title(), *issues])

    def _repr_html_(self) -> str:
        issues = "".join([f"<li>{html.escape(x.Sentence)}</li>" for x in self.Issues])
        return f"<p>{html.escape(self._title())}</p>" + (f"<ol>{issues}</ol>" if issues else "")


class GradientError(AssertionError):
    """Some derivatives are wrong; which ones is in the attribute report."""

    def __init__(self, report: GradientReport) -> None:
        super().__init__(repr(report))
        self.report = report
