"""One call of forward or predict: each layer once, in the order of the graph."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from tinydl.autodiff.record import Record, is_recorded, plain
from tinydl.backend import computing, xp
from tinydl.functions.arguments import one_of
from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.layers.layer import Layer
from tinydl.layers.normalization import StatisticsWarning, batchNormalizationLayer
from tinydl.network import fusion
from tinydl.network.graph import Graph
from tinydl.network.paths import by_layer, row
from tinydl.network.table import Table

if TYPE_CHECKING:
    from tinydl.network.net import dlnetwork

STATISTICS = ("batch", "fixed")


def run(
    net: dlnetwork,
    inputs: Sequence[Any],
    verb: str,
    outputs: Sequence[str] | str | None = None,
    statistics: str | Mapping[str, str] | None = None,
) -> tuple[list[dlarray], Table]:
    """The named results, and the new State.

    The network is initialized, inputs are dlarrays with labels. verb is "forward" or "predict".
    statistics says for all layers, or by name, how those that keep statistics normalize in this
    call.
    """
    names = result_names(net, outputs)
    modes = _statistics(net, statistics) if verb == "forward" else {}
    fed = _check_inputs(net, inputs, verb)
    attributes = net._parameters()
    record = _record(itertools.chain(inputs, *[bound.values() for bound in attributes.values()]))
    for name, mode in modes.items():
        attributes[name].update(mode)
    layers = {name: layer.copy(**attributes[name]) if attributes[name] else layer
              for name, layer in net._graph.layers.items()}  # fmt: skip
    following = _followers(net._graph, tuple(names))
    taken_in: set[str] = set()

    results: dict[str | None, dlarray] = {}
    changed: dict[tuple[str, str], dlarray] = {}
    with computing(), _noting(record) as note:
        for step in net._graph.plan(names):
            if step.name in taken_in:  # the layer before has computed it
                results[step.name] = results.pop(step.sources[0])
                continue
            layer = layers[step.name]
            # Handles of its own: what a layer assigns to its input changes that of no other.
            xs = [_handle(fed[entry] if source is None else results[source])
                  for source, entry in zip(step.sources, step.entries, strict=True)]  # fmt: skip
            if step.name in following:
                group = following[step.name]
                layer, count = fusion.together(layer, [layers[name] for name in group], verb, xs)
                taken_in.update(group[:count])
            note(layer)
            made, new = _call(net, layer, verb, xs)
            results.update(zip(step.results, made, strict=True))
            for path, value in new.items():
                changed[row(layer.Name, path)] = value
            for name in step.last_use:
                del results[name]
    return [_handle(results[name]) for name in names], _new_state(net.State, changed)


def _handle(x: dlarray) -> dlarray:
    """Another handle on the value of x."""
    return dlarray._make(x._value, x._format)


def _followers(graph: Graph, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return graph.remembered(fusion.followers, names) if fusion.get_fusion() else {}


def _record(values: Iterable[dlarray]) -> Record | None:
    """The recording that this call is a part of."""
    return next((x._value.node.record for x in values if is_recorded(x._value)), None)


@contextmanager
def _noting(record: Record | None) -> Iterator[Callable[[Layer], None]]:
    """A function to call before each layer, so that what is recorded knows where it belongs."""
    if record is None:
        yield lambda layer: None
        return
    around = record.note
    outer = f" of {around}" if around else ""

    def note(layer: Layer) -> None:
        record.note = f"layer {layer.Name!r}{outer}"

    try:
        yield note
    finally:
        record.note = around


def _call(
    net: dlnetwork, layer: Layer, verb: str, xs: list[dlarray]
) -> tuple[tuple[dlarray, ...], dict[str, dlarray]]:
    """The results of one layer, one for each of its outputs, and its new state."""
    try:
        if verb == "forward":
            _warn_once(net, layer, xs)
        Y, new = layer.evaluate(verb, xs)
    except (ValueError, TypeError, NotImplementedError) as error:
        if type(error) not in (ValueError, TypeError, NotImplementedError):
            raise  # their constructors may want other arguments
        raise type(error)(f"{_where(layer)}: {error}") from error
    made = Y if isinstance(Y, tuple) else (Y,)
    if len(made) != len(layer.OutputNames):
        raise TypeError(f"{_where(layer)}: {verb} gives {len(made)} results for the outputs "
                        f"{', '.join(layer.OutputNames)}")  # fmt: skip
    for part in made:
        if not isinstance(part, dlarray):
            raise TypeError(f"{_where(layer)}: {verb} gives a {type(part).__name__}; a dlarray is "
                            "needed")  # fmt: skip
    for name in new:
        if name not in layer.Stateful:
            raise ValueError(f"{_where(layer)}: {verb} gives a new {name!r}, which is not "
                             f"declared; Stateful is {layer.Stateful}")  # fmt: skip
    return made, new


def _where(layer: Layer) -> str:
    return f"layer {layer.Name!r} ({type(layer).__name__})"


def _warn_once(net: dlnetwork, layer: Layer, xs: list[dlarray]) -> None:
    if layer.Name not in net._warned and (advice := layer.caution(*xs)) is not None:
        warn_once(net, layer.Name, advice)


def warn_once(net: dlnetwork, subject: str, advice: str) -> None:
    """A StatisticsWarning at the line that calls forward or predict, once for each subject."""
    if subject not in net._warned:
        net._warned.add(subject)
        warnings.warn(advice, StatisticsWarning, stacklevel=_levels_to_the_caller())


def _levels_to_the_caller() -> int:
    """The stacklevel of the line that calls forward, from the one that warns."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and frame.f_globals.get("__name__", "").startswith("tinydl."):
        frame, level = frame.f_back, level + 1
    return level


def _new_state(state: Table, changed: Mapping[tuple[str, str], dlarray]) -> Table:
    """The State after this call. It is never followed by differentiation."""
    values = []
    for at, old in zip(state.rows, state.Value, strict=True):
        new = changed.get(at)
        value = plain((old if new is None else new)._value)
        if new is not None:
            (value,) = xp(value).own_all([value])  # a view holds on to what it is a part of
        values.append(dlarray._make(value, ""))
    return state._of(values)


def _check_inputs(net: dlnetwork, inputs: Sequence[Any], verb: str) -> dict[str, dlarray]:
    for name, x in zip(net.InputNames, inputs, strict=True):
        if verb == "forward" and 0 in x.shape:
            raise ValueError(f"forward: the batch is empty: the input {name!r} is "
                             f"{header(x._value, x.dims)}")  # fmt: skip
    return dict(zip(net.InputNames, inputs, strict=True))


def result_names(net: dlnetwork, outputs: Sequence[str] | str | None) -> Sequence[str]:
    """The results that a call gives, in order."""
    if outputs is None:
        return net.OutputNames
    return net._graph.checked_results(outputs, "Outputs")


def _statistics(
    net: dlnetwork, statistics: str | Mapping[str, str] | None
) -> dict[str, dict[str, str]]:
    """The option Statistics= of this call as attributes of the layers that have it."""
    layers = keeping_statistics(net)
    if statistics is None:
        modes: Mapping[str, str] = {}
    elif isinstance(statistics, str):
        one_of(statistics, STATISTICS, "Statistics", "forward")
        modes = dict.fromkeys(layers, statistics)
    elif isinstance(statistics, Mapping):
        modes = statistics
    else:
        raise TypeError('forward: Statistics is "batch", "fixed", or a dict of layer name and one '
                        f"of these, not {type(statistics).__name__}")  # fmt: skip
    for name, mode in modes.items():
        if name not in layers:
            raise ValueError(f"Statistics: layer {name!r} keeps no statistics; those that do are "
                             f"{', '.join(layers) or 'none'}")  # fmt: skip
        one_of(mode, STATISTICS, "Statistics", "forward")
    for name, layer in layers.items():
        if modes.get(name, layer.Statistics) == "fixed":
            _check_statistics(net, name, layer)
    return by_layer({f"{name}/Statistics": mode for name, mode in modes.items()})


def keeping_statistics(net: dlnetwork) -> dict[str, batchNormalizationLayer]:
    """The layers whose State is statistics, by path."""
    return net._graph.remembered(_keeping_statistics)


def _keeping_statistics(graph: Graph) -> dict[str, batchNormalizationLayer]:
    return {name: layer for name, layer in graph.all_layers.items()
            if isinstance(layer, batchNormalizationLayer)}  # fmt: skip


def is_unlearned(net: dlnetwork, name: str, layer: batchNormalizationLayer) -> bool:
    """Whether statistics are still those a layer starts with: mean 0 and variance 1."""
    if layer.TrainedMean is not None:
        return False  # given, whatever their values
    mean, variance = (plain(net.State.get(name, p)._value) for p in layer.Stateful)
    return bool((mean == 0).all() and (variance == 1).all())


def _check_statistics(net: dlnetwork, name: str, layer: batchNormalizationLayer) -> None:
    """Refuse fixed statistics that mean nothing."""
    if is_unlearned(net, name, layer):
        raise ValueError(
            f"layer {name!r}: fixed statistics were never given nor learned; use "
            "batchNormalizationLayer(TrainedMean=…, TrainedVariance=…), or forward once with batch "
            "statistics and net.State = state"
        )
