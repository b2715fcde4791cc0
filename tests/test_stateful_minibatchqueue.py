"""Several queues at a time, of one datastore and of its parts, each against a list of positions."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

import tinydl as dl
from tests.checks import DRAWS
from tinydl import (
    arrayDatastore,
    categorical,
    combine,
    dlarray,
    extractdata,
    minibatchqueue,
    randperm,
    readall,
    rng,
    transform,
)

ERRORS = [OSError("unreadable"), KeyboardInterrupt(), MemoryError()]
CLASSES = {"single": np.float32, "double": np.float64, "logical": np.bool_}
NAMES = ["ant", "bee", "cat"]


class Variable(NamedTuple):
    """One variable of a datastore: how it is kept, and what its mini-batch has to be."""

    kind: str
    format: str
    cast: str
    as_dlarray: bool

    def store(self, n: int) -> Any:
        if self.kind == "columns":
            return arrayDatastore(columns(np.arange(n)), axis=1)
        if self.kind == "images":
            return arrayDatastore([image(i) for i in range(n)])
        return arrayDatastore(categorical([NAMES[i % 3] for i in range(n)], NAMES))

    def joined(self, parts: list[Any]) -> Any:
        """The arrays side by side, or, where no label says how, along a new last dimension."""
        return np.concatenate(parts, 1) if "B" in self.format[:2] else np.stack(parts, -1)

    def check(self, made: Any, positions: list[int]) -> None:
        """The mini-batch of these positions, in its class, format and size, and nothing else."""
        if self.kind == "labels" and not self.as_dlarray:
            assert isinstance(made, categorical)
            assert list(made) == [NAMES[i % 3] for i in positions]
            return
        expected = {
            "columns": lambda: self.joined([columns(np.array([i])) for i in positions]),
            "images": lambda: self.joined([image(i) for i in positions]),
            "labels": lambda: np.array([i % 3 + 1 for i in positions]),
        }[self.kind]()
        if self.as_dlarray and self.kind == "labels" and self.format == "CB":
            expected = expected[None, :]
        assert isinstance(made, dlarray) == self.as_dlarray
        assert not self.as_dlarray or made.dims == self.format
        found = extractdata(made) if self.as_dlarray else made
        assert found.dtype == CLASSES[self.cast]
        np.testing.assert_array_equal(found, expected.astype(CLASSES[self.cast]))


def columns(positions: Any) -> Any:
    """Two numbers for each position, side by side; the second is never 0."""
    return np.stack([positions, 10.0 * positions + 1.0])


def image(i: int) -> Any:
    return np.array([[[i], [i + 1.0]], [[-i], [0.5]]])


FORMATS = {"columns": ["CB", "SB", ""], "images": ["SSCB", ""], "labels": ["CB", "B", ""]}


@st.composite
def variables(draw: st.DrawFn) -> Variable:
    kind = draw(st.sampled_from(list(FORMATS)))
    return Variable(kind, draw(st.sampled_from(FORMATS[kind])),
                    draw(st.sampled_from(list(CLASSES))), draw(st.booleans()))  # fmt: skip


class Followed:
    """A queue, and the positions that are still to come of it."""

    def __init__(self, queue: minibatchqueue, order: list[int], left: list[int]) -> None:
        self.queue, self.order, self.left = queue, order, left
        self.seen: list[int] = order[: len(order) - len(left)]


class QueuesMachine(RuleBasedStateMachine):
    """Whatever happens to one queue, the others and the datastore do not notice."""

    queues = Bundle("queues")

    @initialize(target=queues, n=st.integers(1, 11), size=st.integers(1, 5),
                partial=st.sampled_from(["return", "discard"]), own=st.booleans(),
                kinds=st.lists(variables(), min_size=1, max_size=3),
                seed=st.integers(0, 99))  # fmt: skip
    def start(self, n: int, size: int, partial: str, own: bool, kinds: list[Variable],
              seed: int) -> Any:  # fmt: skip
        rng(seed)
        self.size, self.partial, self.n = size, partial, n
        self.error: BaseException | None = None
        self.fails_after = 0
        stores = [kind.store(n) for kind in kinds]
        self.store = transform(combine(*stores), self.passed_on)
        self.all: list[Followed] = []
        options: dict[str, Any] = {"MiniBatchFcn": self.prepared} if own else {}
        self.kinds = kinds = [*kinds, kinds[0]] if own else kinds
        queue = minibatchqueue(
            self.store, len(kinds) if own else None, MiniBatchSize=size, PartialMiniBatch=partial,
            MiniBatchFormat=[kind.format for kind in kinds],
            OutputCast=[kind.cast for kind in kinds],
            OutputAsDlarray=[kind.as_dlarray for kind in kinds], **options,
        )  # fmt: skip
        return self.follow(Followed(queue, list(range(n)), list(range(n))))

    def follow(self, followed: Followed) -> Followed:
        self.all.append(followed)
        return followed

    def passed_on(self, observation: list[Any]) -> list[Any]:
        """The observation itself, or the error that is planned."""
        if self.error is not None:
            self.fails_after -= 1
            if self.fails_after < 0:
                raise self.error
        return observation

    def prepared(self, *columns: Any) -> Any:
        """By hand what "collate" does, and the first variable once more."""
        made = [column if kind.kind == "labels" else kind.joined(column)
                for kind, column in zip(self.kinds, columns, strict=False)]  # fmt: skip
        return (*made, made[0])

    def expected(self, q: Followed) -> list[int]:
        batch = q.left[: self.size]
        return batch if len(batch) == self.size or self.partial == "return" else []

    def take(self, q: Followed) -> None:
        batch = self.expected(q)
        if not batch:
            with pytest.raises(RuntimeError, match="the end of the data is reached"):
                next(q.queue)
            return
        made = next(q.queue)
        made = made if isinstance(made, tuple) else (made,)
        for kind, part in zip(self.kinds, made, strict=True):
            kind.check(part, batch)
        q.left, q.seen = q.left[len(batch) :], q.seen + batch

    @invariant()
    def says_whether_there_is_more(self) -> None:
        for q in getattr(self, "all", ()):
            assert dl.hasdata(q.queue) == bool(self.expected(q))

    # ---- what may happen ------------------------------------------------------------------------

    @rule(q=queues)
    def takes(self, q: Followed) -> None:
        self.take(q)

    @rule(q=queues)
    def goes_to_the_end(self, q: Followed) -> None:
        """A pass has every observation once, but for a discarded rest."""
        while self.expected(q):
            self.take(q)
        self.take(q)
        count = len(q.order)
        whole = count if self.partial == "return" else count - count % self.size
        assert q.seen == q.order[:whole]

    @rule(q=queues)
    def resets(self, q: Followed) -> None:
        dl.reset(q.queue)
        q.left, q.seen = list(q.order), []

    @rule(q=queues)
    def shuffles(self, q: Followed) -> None:
        before = rng()
        drawn = randperm(len(q.order))
        rng(before)
        dl.shuffle(q.queue)
        assert sorted(drawn) == list(range(len(q.order)))
        q.order = [q.order[i] for i in drawn]
        q.left, q.seen = list(q.order), []

    @rule(target=queues, q=queues, parts=st.integers(1, 3))
    def is_divided(self, q: Followed, parts: int) -> Any:
        """The parts together have every observation once; they stay, and are used on."""
        n, made = len(q.order), []
        for index in range(parts):
            order = q.order[index * n // parts : (index + 1) * n // parts]
            part = dl.partition(q.queue, parts, index)
            made.append(self.follow(Followed(part, order, list(order))))
        assert [i for part in made for i in part.order] == q.order
        return multiple(*made)

    @rule(target=queues, q=queues)
    def is_copied(self, q: Followed) -> Any:
        other = Followed(copy.copy(q.queue), q.order, list(q.left))
        other.seen = list(q.seen)
        return self.follow(other)

    @rule(q=queues, after=st.integers(0, 4), error=st.sampled_from(ERRORS))
    def fails_and_keeps_its_place(self, q: Followed, after: int, error: BaseException) -> None:
        self.error, self.fails_after = error, after
        try:
            dl.next(q.queue)
        except RuntimeError:
            assert not self.expected(q)
        except type(error) as caught:
            assert caught is error
        else:  # what was needed had been read before
            batch = self.expected(q)
            q.left, q.seen = q.left[len(batch) :], q.seen + batch
        finally:
            self.error = None

    @rule()
    def leaves_the_datastore_alone(self) -> None:
        assert len(readall(self.store)) == self.n == len(self.store)


QueuesMachine.TestCase.settings = settings(
    max_examples=40 * DRAWS, stateful_step_count=20, deadline=None
)
TestQueues = QueuesMachine.TestCase
