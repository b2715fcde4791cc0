"""Rows of CTC. The reference adds up all alignments that read as the labels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinydl import ctc, dlarray, softmax
from tinydl.autodiff import plain
from tinydl.backend import on_device_of
from tinydl.primitives.ctc import log_likelihood, over_paths

from .row import Row, normal

LABELS = [[1, 2], [1, 1], [3], []]
MASK = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1]])


def read(alignment: Sequence[int], blank: int) -> list[int]:
    """What an alignment says: equal neighbours once, and no blanks."""
    return [label for label, _ in itertools.groupby(alignment) if label != blank]


def likelihood(y: Any, labels: Sequence[int], blank: int) -> float:
    """The probability of the labels, for the classes × time steps of one observation."""
    classes, steps = y.shape
    alignments = itertools.product(range(classes), repeat=steps)
    return math.fsum(
        math.prod(y[k, t] for t, k in enumerate(alignment))
        for alignment in alignments
        if read(alignment, blank) == list(labels)
    )


def probabilities(x: Any) -> Any:
    e = np.exp(x)
    return e / e.sum(axis=0, keepdims=True)


def loss(x: Any, blank: int = 0, mask: Any = None) -> float:
    """The mean over the observations with the labels above."""
    y, losses = probabilities(x), []
    for b, labels in enumerate(LABELS):
        seen = y[:, b] if mask is None else y[:, b, mask[b] == 1]
        own = [k - (1 if blank else 0) for k in labels]
        losses.append(-math.log(likelihood(seen, own, blank)))
    return np.array(np.mean(losses))


TARGETS = np.array([[1, 2], [1, 1], [3, 0], [0, 0]], float)
LENGTHS = np.array([[1, 1], [1, 1], [1, 0], [0, 0]])


def call(x: Any, **options: Any) -> Any:
    Y = softmax(dlarray._make(x, "CBT"))
    last = options.get("BlankIndex") == "last"
    targets = dlarray(TARGETS - 1.0 if last else TARGETS, "BT")
    return ctc(
        Y, targets, options.pop("YMask", None), dlarray(LENGTHS == 1, "BT"), **options
    )._value


# The path of the labels 1, 1, 2 among three classes: the blanks between equal labels stay.
STATES = np.array([[0, 1, 0, 1, 0, 2, 0]]).T
PATH = {"states": STATES, "may_pass": np.arange(7)[:, None] == 5,
        "is_end": np.arange(7)[:, None] >= 5}  # fmt: skip


def summed(log_y: Any) -> Any:
    path = {name: on_device_of(plain(log_y), x) for name, x in PATH.items()}
    return log_likelihood(log_y, **path)


def log_likelihoods(log_y: Any) -> Any:
    return np.array([math.log(likelihood(np.exp(log_y[:, 0]), [1, 1, 2], 0))])


def along_paths(emitted: Any) -> Any:
    return over_paths(emitted, *[on_device_of(plain(emitted), PATH[name])
                                 for name in ("may_pass", "is_end")], None)  # fmt: skip


def paths(emitted: Any) -> Any:
    """Every path through the seven states, one by one."""

    def weights(t: int, state: int) -> float:
        """The sum of all paths that are in a state at a time."""
        sources = [state, state - 1] + [state - 2] * bool(PATH["may_pass"][state, 0])
        before = [weights(t - 1, s) for s in sources if s >= 0] if t else [float(state < 2)]
        return math.exp(emitted[state, 0, t]) * math.fsum(before)

    ends = [s for s in range(len(emitted)) if PATH["is_end"][s, 0]]
    return np.array([math.log(math.fsum(weights(emitted.shape[2] - 1, s) for s in ends))])


ROWS = [
    Row("over_paths", "over_paths", along_paths, normal((7, 1, 5)), radius=0.1, reference=paths),
    Row("ctc[logarithms]", "", summed, normal((3, 1, 5)),
        radius=0.1, reference=log_likelihoods),
    Row("ctc[blank first]", "", call, normal((4, 4, 4)), radius=None, reference=loss),
    Row("ctc[blank last]", "", lambda x: call(x, BlankIndex="last"), normal((4, 4, 4)),
        radius=None, reference=lambda x: loss(x, blank=3)),
    Row("ctc[masked]", "", lambda x: call(x, YMask=dlarray(MASK == 1, "BT")), normal((4, 4, 4)),
        radius=None, reference=lambda x: loss(x, mask=MASK)),
]  # fmt: skip
