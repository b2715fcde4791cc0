"""Statistics of input layers, taken of the training data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from tinydl.functions.convert import double, extractdata
from tinydl.functions.device import gather
from tinydl.functions.reduce import max, min, sum
from tinydl.labels import dlarray
from tinydl.layers.input import NEEDS, InputLayer
from tinydl.network.net import dlnetwork

Batches = Callable[[], Iterator[Any]]


def with_input_statistics(net: dlnetwork, batches: Batches) -> dlnetwork:
    """The network whose input layers normalize by the statistics of all mini-batches.

    NormalizationDimension="auto" means channel by channel. A standard deviation of 0 becomes 1.
    """
    changes: dict[str, Any] = {}
    for i, name in enumerate(net.InputNames):
        layer = net._graph.layers.get(name)
        if isinstance(layer, InputLayer) and not callable(layer.Normalization):
            for statistic, value in _statistics(layer, batches, i).items():
                changes[f"{name}/{statistic}"] = value
    return net._set(changes) if changes else net


def _statistics(layer: InputLayer, batches: Batches, i: int) -> dict[str, Any]:
    needed = NEEDS[layer.Normalization]
    chosen = layer.NormalizationDimension
    varies = layer.dimension_sizes["channel" if chosen == "auto" else chosen]
    if needed == ("Min", "Max"):
        low = high = None
        for X, _ in batches():
            x, axes = _wide(X[i], varies)
            least, most = min(x, axis=axes), max(x, axis=axes)
            low = least if low is None else min(low, least)
            high = most if high is None else max(high, most)
        if bool((extractdata(gather(low)) == extractdata(gather(high))).any()):
            raise ValueError(f"trainnet: the data of {layer.Name!r} has a constant part, which "
                             f"Normalization={layer.Normalization!r} cannot rescale; use "
                             '"zerocenter" or "none"')  # fmt: skip
        return {"Min": _number(low, layer), "Max": _number(high, layer)}
    if not needed:
        return {}
    mean = _mean(batches, i, varies, lambda x: x)
    found = {"Mean": _number(mean, layer)}
    if "StandardDeviation" in needed:
        squares = _mean(batches, i, varies, lambda x: (x - mean) * (x - mean))
        deviation = _number(squares, layer) ** 0.5
        deviation[deviation == 0.0] = 1.0
        found["StandardDeviation"] = deviation
    return found


def _mean(batches: Batches, i: int, varies: str, function: Callable[[Any], Any]) -> Any:
    """The mean of function(x) over all elements that share a statistic."""
    total, count = 0.0, 0
    for X, _ in batches():
        x, axes = _wide(X[i], varies)
        total = sum(function(x), axis=axes) + total
        count += math.prod([x.shape[axis] for axis in axes])
    return total * (1.0 / count)


def _wide(x: dlarray, varies: str) -> tuple[dlarray, tuple[int, ...]]:
    """x in double precision, and the dimensions over which its statistics are taken."""
    return double(x), tuple([i for i, label in enumerate(x.dims) if label not in varies])


def _number(x: Any, layer: InputLayer) -> Any:
    """A statistic as an array in the layer's own dimensions, that may be written to."""
    array = extractdata(gather(x))
    shape = [n for n, label in zip(x.shape, x.dims, strict=True) if label in layer.labels]
    return array.reshape(shape).copy()
