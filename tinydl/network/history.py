"""Whether State has followed the training, and a warning where predict would not notice.

The dangerous order is: forward with the statistics of the batch, a step of a solver, and so on, and
then predict, while what forward returned was never assigned to net.State. predict then normalizes
by statistics of long ago. What is harmless must not be warned of: forward without steps, steps
whose loss was computed by predict or with fixed statistics, a network that is never asked to
predict, several forwards in one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tinydl.backend.traced import bare, each_time
from tinydl.network.run import is_unlearned, keeping_statistics, warn_once
from tinydl.network.table import Table

if TYPE_CHECKING:
    from tinydl.network.net import dlnetwork

MANY = 10
"""After so many steps State that was learned is called old."""


class History:
    """What happened to one network: assignments of State, and steps of training without any.

    updates   how many assignments to net.State changed each layer's statistics, by layer
    steps     steps since State was last other than it is, each after a forward that moved it
    """

    def __init__(self, updates: Mapping[str, int] | None = None) -> None:
        self.updates = dict(updates or {})
        self.steps = 0
        self._met: list[Any] = []  # the statistics that the last such forward was given
        self._awaits_step = False

    def forwarded(self, statistics: list[Any]) -> None:
        """Take note of a forward that gives new statistics in the place of these."""
        if not _same(statistics, self._met):
            self._met, self.steps = statistics, 0
        self._awaits_step = True

    def stepped(self) -> None:
        """Take note of new Learnables; several in a row are one step."""
        if self._awaits_step:
            self.steps += 1
        self._awaits_step = False

    def behind(self, statistics: list[Any]) -> int:
        """The number of steps during which these statistics stayed what they are."""
        return self.steps if _same(statistics, self._met) else 0

    def assigned(self, old: Table, new: Table) -> None:
        """Take note of an assignment to net.State."""
        changed: set[str] = set()
        for (layer, _), before, after in zip(old.rows, old.Value, new.Value, strict=True):
            if before is None or after is None or before._value is not after._value:
                changed.add(layer)
        for layer in changed:
            self.updates[layer] = self.updates.get(layer, 0) + 1

    def copy(self) -> History:
        """The same history, which goes on separately."""
        made = History(self.updates)
        made.steps, made._met, made._awaits_step = self.steps, self._met, self._awaits_step
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return History, (self.updates,)  # arrays of a file are not those that forward was given


def follow(net: dlnetwork, verb: str, state: Table) -> None:
    """Take note of a call of forward, which made a new State, or warn of one of predict."""
    history = net._history
    if verb == "predict" and not history.steps:
        return
    statistics = statistics_of(net, net.State)
    if verb == "forward":
        if not _same(statistics, statistics_of(net, state)):
            each_time(history.forwarded, statistics)
    elif steps := history.behind([bare(x) for x in statistics]):
        unlearned = [name for name, layer in keeping_statistics(net).items()
                     if is_unlearned(net, name, layer)]  # fmt: skip
        if unlearned or steps >= MANY:
            which = ("the statistics that State started with" if unlearned else
                     f"State as it was {steps} steps of training ago")  # fmt: skip
            warn_once(net, "/State", f"predict uses {which}: the State that forward returns was "
                      "not assigned; write net.State = state in each step, or net.State = "
                      "population_statistics(net, data) now")  # fmt: skip


def statistics_of(net: dlnetwork, state: Table) -> list[Any]:
    """The arrays of a State that are statistics."""
    layers = keeping_statistics(net)
    rows = zip(state._rows, state.Value, strict=True)
    return [value._value for (layer, _), value in rows if layer in layers and value is not None]


def _same(these: list[Any], those: list[Any]) -> bool:
    """Whether two lists hold the same arrays; equal numbers do not count."""
    return len(these) == len(those) and all([a is b for a, b in zip(these, those, strict=True)])
