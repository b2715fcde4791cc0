"""Losses by name, and metrics: what tells how good a network is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinydl.backend import computing
from tinydl.functions.convert import double, extractdata
from tinydl.functions.index_losses import indexcrossentropy
from tinydl.functions.losses import crossentropy, huber, l1loss, l2loss, mse
from tinydl.functions.reduce import max, sum
from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.labels.format import find

Metric = str | Callable[..., Any]


def _binary_crossentropy(Y: Any, T: Any) -> dlarray:
    return crossentropy(Y, T, ClassificationMode="multilabel")


LOSSES: dict[str, Callable[..., Any]] = {
    "crossentropy": crossentropy,
    "index-crossentropy": indexcrossentropy,
    "binary-crossentropy": _binary_crossentropy,
    "mse": mse,
    "mean-squared-error": mse,
    "mae": l1loss,
    "mean-absolute-error": l1loss,
    "l1loss": l1loss,
    "l2loss": l2loss,
    "huber": huber,
}
METRICS = ("accuracy", "rmse")


def loss_function(given: Any, caller: str) -> Callable[..., Any]:
    """The loss of a name, or the function itself."""
    if isinstance(given, str) and given in LOSSES:
        return LOSSES[given]
    if not callable(given):
        raise ValueError(f"{caller}: lossFcn is a function of outputs and targets, or one of "
                         f"{', '.join(LOSSES)}, not {given!r}")  # fmt: skip
    return given


def checked_metrics(given: Any, caller: str) -> tuple[Metric, ...]:
    """Metrics as a tuple of names and functions."""
    metrics = (given,) if isinstance(given, str) or callable(given) else tuple(given)
    for metric in metrics:
        if not callable(metric) and metric not in METRICS:
            raise ValueError(f"{caller}: a metric is one of {', '.join(METRICS)}, or a function of "
                             f"Y and T, not {metric!r}")  # fmt: skip
    names = metric_names(metrics)
    if len(set(names)) < len(names):
        raise ValueError(f"{caller}: two metrics have the same name: {', '.join(names)}")
    return metrics


def metric_names(metrics: Sequence[Metric]) -> list[str]:
    """Accuracy, RMSE, and the names of functions."""
    known = {"accuracy": "Accuracy", "rmse": "RMSE"}
    return [known[m] if isinstance(m, str) else getattr(m, "__name__", type(m).__name__)
            for m in metrics]  # fmt: skip


class Evaluation:
    """The means of loss and metrics over mini-batches, each weighted by its observations.

    "accuracy" is the share of positions whose largest score is that of the target, "rmse" the root
    of the mean squared error of all elements; a function is averaged.
    """

    def __init__(self, loss: Callable[..., Any] | None, metrics: Sequence[Metric]) -> None:
        self._loss, self._metrics = loss, metrics
        self._totals = [[0.0, 0.0] for _ in range(len(metrics) + 1)]

    def add(self, Y: Sequence[dlarray], T: Sequence[dlarray]) -> None:
        """Take a mini-batch of outputs and targets into account."""
        with computing():
            self._add_batch(Y, T)

    def _add_batch(self, Y: Sequence[dlarray], T: Sequence[dlarray]) -> None:
        count = observations(T[0])
        if self._loss is not None:
            self._add(0, float(self._loss(*Y, *T)) * count, count)
        for i, metric in enumerate(self._metrics, start=1):
            if metric == "accuracy":
                self._add(i, *_right(Y[0], T[0]))
            elif metric == "rmse":
                error = double(Y[0]) - double(T[0])
                self._add(i, float(sum(error * error, "all")), float(math.prod(error.shape)))
            elif callable(metric):
                self._add(i, float(metric(*Y, *T)) * count, count)

    def add_all(self, pairs: Iterable[tuple[Sequence[dlarray], Sequence[dlarray]]]) -> Evaluation:
        """Take all mini-batches into account, and give itself."""
        for Y, T in pairs:
            self.add(Y, T)
        return self

    @property
    def loss(self) -> float:
        return self._mean(0)

    @property
    def metrics(self) -> list[float]:
        values = [self._mean(i) for i in range(1, len(self._totals))]
        return [math.sqrt(value) if metric == "rmse" else value
                for value, metric in zip(values, self._metrics, strict=True)]  # fmt: skip

    def _add(self, i: int, total: float, count: float) -> None:
        self._totals[i][0] += total
        self._totals[i][1] += count

    def _mean(self, i: int) -> float:
        total, count = self._totals[i]
        if not count:
            raise ValueError("the data has no observations; a loss needs one at least")
        return total / count


def observations(x: dlarray) -> int:
    """How many observations an array holds."""
    return math.prod([x.shape[i] for i in find(x.dims, "B")])


def _right(Y: dlarray, T: dlarray) -> tuple[float, float]:
    """How many of the targets have the largest score, and how many targets there are."""
    if "C" not in Y.dims or Y.dims != T.dims:
        raise ValueError(f"accuracy: predictions are {header(Y._value, Y.dims)} and targets "
                         f"{header(T._value, T.dims)}; both need the classes along C")  # fmt: skip
    channel = Y.dims.index("C")
    found = max(Y, "C", nargout=2)[1]
    is_index = T.shape[channel] == 1 < Y.shape[channel]
    wanted = extractdata(T) if is_index else max(T, "C", nargout=2)[1]
    right = found.reshape(-1) == wanted.reshape(-1)
    return float(right.sum()), float(len(right))
