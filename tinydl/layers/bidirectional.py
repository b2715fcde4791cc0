"""A recurrent layer that runs over sequences in both directions."""

from __future__ import annotations

from typing import Any

from tinydl.functions.arrange import flip
from tinydl.functions.shape import cat
from tinydl.labels import dlarray
from tinydl.layers.layer import register
from tinydl.layers.lstm import LongShortTermLayer


@register
class bilstmLayer(LongShortTermLayer):
    """Two LSTMs of NumHiddenUnits units, one from the first time on, one from the last time back.

    The result has 2H channels: the hidden states of the forward LSTM, then those of the backward
    one at the same time. OutputMode="last" gives the state in which each of them ends, which for
    the backward LSTM is that of the first time.

    InputWeights is 8H × channels, RecurrentWeights 8H × H and Bias 8H × 1; the first half belongs
    to the forward LSTM and has the blocks that lstmLayer has. HiddenState and CellState are 2H × 1.
    Everything else is as in lstmLayer. Schuster and Paliwal, "Bidirectional recurrent neural
    networks", 1997.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([sequenceInputLayer(2), bilstmLayer(3)])
        >>> predict(net, dlarray(ones(2, 4, 5), "CBT")).shape
        (6, 4, 5)
    """

    short = "bilstm"
    directions = 2

    def steps(self, x: dlarray, *states: Any) -> tuple[dlarray, ...]:
        given = (*states, self.InputWeights, self.RecurrentWeights, self.Bias)
        ahead, back = zip(*[_halves(array) for array in given], strict=True)
        Y1, *last1 = self.run(x, *ahead)
        Y2, *last2 = self.run(_reversed(x), *back)
        pairs = [(Y1, _reversed(Y2)), *zip(last1, last2, strict=True)]
        return tuple([cat("C", *pair) for pair in pairs])


def _halves(array: Any) -> tuple[Any, Any]:
    half = array.shape[0] // 2
    return array[:half, ...], array[half:, ...]


def _reversed(X: dlarray) -> dlarray:
    return flip(X, "T") if "T" in X.dims else X
