"""One State out of several, where a step calls forward more than once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from tinydl.backend import computing
from tinydl.layers.normalization import batchNormalizationLayer
from tinydl.network.compare import same_values
from tinydl.network.moments import Moments
from tinydl.network.net import dlnetwork, only_network
from tinydl.network.paths import split
from tinydl.network.run import keeping_statistics
from tinydl.network.statistics import host_numbers, like
from tinydl.network.table import Row, Table

CALLER = "merge_states"


def merge_states(net: dlnetwork, states: Sequence[Table], counts: Sequence[float]) -> Table:
    """The State of one forward with all data, from those of several forwards with parts of it.

    states are what forward returned for each part, all from the present net.State; counts are the
    numbers of observations in the parts, or of their elements in each channel, if images or
    sequences of one part are larger than those of another. Assign the result once:
    ``net.State = merge_states(net, [state1, state2], [n1, n2])``.

    The statistics of each part follow from the running ones, μᵢ = (newᵢ − (1 − φ) old) / φ with
    φ = MeanDecay, and σᵢ² likewise with VarianceDecay. They are pooled, with N = Σ nᵢ,

        μ = Σ nᵢ μᵢ / N,    σ² = Σ nᵢ (σᵢ² + (μᵢ − μ)²) / N,

    and State moves towards them once. For batch normalizations with no other before them that is
    exactly what one forward would give. Deeper ones normalized what each part had made by its own
    statistics; their result is exact for these values, which one forward would not have made. The
    state of sequences, such as HiddenState, stays as it is in net.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer(MeanDecay=0.5)])
        >>> _, state1 = forward(net, dlarray([[1.0, 3.0]], "CB"))
        >>> _, state2 = forward(net, dlarray([[7.0, 9.0]], "CB"))
        >>> net.State = merge_states(net, [state1, state2], [2, 2])
        >>> float(net.State.Value[0])  # halfway from 0 to the mean of 1, 3, 7 and 9
        2.5
    """
    states, counts = list(states), [float(n) for n in counts]
    _check(only_network(net, CALLER), states, counts)
    layers = keeping_statistics(net)
    values = dict(zip(net.State.rows, net.State.Value, strict=True))
    with computing():
        for name, layer in layers.items():
            new = _merged(net.State, states, counts, name, layer)
            values |= {(name, p): like(v, values[name, p]) for p, v in new.items()}
    for row in net.State:
        if row.Layer not in layers and not _is_of_sequences(net, row):
            values[row[:2]] = _common(row, states)
    return net.State._with(list(values.values()))


def _merged(
    old: Table, states: list[Table], counts: list[float], name: str, layer: batchNormalizationLayer
) -> dict[str, Any]:
    """The running statistics of one layer after all parts; nothing where they stay."""
    decays = {"TrainedMean": layer.MeanDecay, "TrainedVariance": layer.VarianceDecay}
    before = {p: host_numbers(old, name, p) for p in decays}
    after = [{p: host_numbers(state, name, p) for p in decays} for state in states]
    if all([(new[p] == before[p]).all() for new in after for p in decays]):
        return {}  # fixed statistics, or decays of 0
    if layer.MeanDecay == 0:
        raise ValueError(f"{CALLER}: layer {name!r} has MeanDecay=0; State does not tell the means "
                         "of the parts, which their common variance depends on")  # fmt: skip
    if layer.VarianceDecay == 0:
        decays.pop("TrainedVariance")
    parts = [Moments(n, *[_behind(new, before, p, decays.get(p, 1.0), name) * weight
                          for p, weight in (("TrainedMean", 1.0), ("TrainedVariance", n))])
             for n, new in zip(counts, after, strict=True)]  # fmt: skip
    pooled = functools.reduce(Moments.merged, parts)
    batch = {"TrainedMean": pooled.mean, "TrainedVariance": pooled.variance}
    return {p: decay * batch[p] + (1.0 - decay) * before[p] for p, decay in decays.items()}


def _behind(
    new: dict[str, Any], old: dict[str, Any], parameter: str, decay: float, name: str
) -> Any:
    """The statistic of a batch, from the running one before and after it."""
    moved = new[parameter] - (1.0 - decay) * old[parameter]
    # Rounding of single precision can make a variance of 0 a little less; more is no rounding.
    if parameter == "TrainedVariance" and (moved < -1e-5 * abs(old[parameter])).any():
        raise ValueError(f"{CALLER}: the states of layer {name!r} do not follow from net.State as "
                         "it is now; merge them before net.State is assigned")  # fmt: skip
    return moved / decay


def _is_of_sequences(net: dlnetwork, row: Row) -> bool:
    name, path = split(row.Layer, row.Parameter)
    return path in net._graph.layers[name].Resettable


def _common(row: Row, states: list[Table]) -> Any:
    """A value of another kind of layer, if all states agree in it."""
    first, *others = [state.get(row.Layer, row.Parameter) for state in states]
    if not all([same_values(first, other, True) for other in others]):
        raise ValueError(
            f"{CALLER}: {row.Parameter!r} of layer {row.Layer!r} differs between the states, and "
            "only the statistics of batch normalization can be merged; decide which one is right "
            "and put it into all of them, state.Value[i] = v"
        )
    return first


def _check(net: dlnetwork, states: list[Table], counts: list[float]) -> None:
    if len(states) != len(counts) or not states:
        raise ValueError(f"{CALLER}: {len(states)} states and {len(counts)} counts were given; "
                         "there is one count for each state")  # fmt: skip
    for n in counts:
        if not 0 < n < float("inf"):
            raise ValueError(f"{CALLER}: counts are numbers of observations, not {n!r}")
    for state in states:
        if not isinstance(state, Table):
            raise TypeError(f"{CALLER}: states are what forward returned last, tables of the rows "
                            f"of net.State, not {type(state).__name__}")  # fmt: skip
        net.State._check_rows(state)
