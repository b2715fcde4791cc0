"""What trainnet tells about a training."""

from __future__ import annotations

from typing import Any

Table = dict[str, list[Any]]


class TrainingInfo:
    """What happened in a training: the second result of trainnet.

    * TrainingHistory: for each iteration Iteration, Epoch, TimeElapsed (in seconds), LearnRate,
      TrainingLoss (without the regularization), and the metrics, such as TrainingAccuracy.
    * ValidationHistory: for each validation Iteration, ValidationLoss, and ValidationAccuracy etc.
    * OutputNetworkIteration: the iteration that the network is from.
    * StopReason: why training ended.

    Both histories are dicts of columns: lists of equal length.

    Example:
        >>> from tinydl.training.history import TrainingInfo
        >>> TrainingInfo({"TrainingLoss": [0.5]}, {}, 1, "Max epochs completed")
        TrainingInfo: 1 iterations, Max epochs completed
    """

    def __init__(
        self, training: Table, validation: Table, output_iteration: int, reason: str
    ) -> None:
        self.TrainingHistory, self.ValidationHistory = training, validation
        self.OutputNetworkIteration, self.StopReason = output_iteration, reason

    def __repr__(self) -> str:
        count = len(self.TrainingHistory.get("TrainingLoss", []))
        return f"TrainingInfo: {count} iterations, {self.StopReason}"


def append(table: Table, row: dict[str, Any]) -> None:
    """Add a row to a dict of columns."""
    for name, value in row.items():
        table.setdefault(name, []).append(value)
