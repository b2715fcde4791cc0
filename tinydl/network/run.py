"""One call of forward or predict: each layer once, in the order of the graph."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from tinydl.autodiff.record import plain
from tinydl.backend import computing
from tinydl.functions.arguments import one_of
from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.layers.layer import Layer
from tinydl.layers.normalization import StatisticsWarning
from tinydl.network.table import Table

if TYPE_CHECKING:
    from tinydl.network.net import dlnetwork

STATISTICS = ("batch", "fixed")


def run(
    net: dlnetwork,
    inputs: Sequence[Any],
    verb: str,
    outputs: Sequence[str] | str | None,
    statistics: str | Mapping[str, str] | None,
) -> tuple[list[dlarray], Table]:
    """The named results, and the new State.

    verb is "forward" or "predict". statistics says for all layers, or by name, how those that keep
    statistics normalize in this call.
    """
    if not net.Initialized:
        raise ValueError(f"{verb}: the network is not initialized; use net = initialize(net) or "
                         "net = initialize(net, X)")  # fmt: skip
    names = _output_names(net, outputs)
    modes = _statistics(net, statistics) if verb == "forward" else {}
    fed = _check_inputs(net, inputs, verb)
    parameters = net._parameters()
    results: dict[str | None, dlarray] = {}
    changed: dict[tuple[str, str], dlarray] = {}
    with computing():
        for step in net._graph.plan(names):
            bound = parameters[step.name] | modes.get(step.name, {})
            layer = net._graph.layers[step.name].copy(**bound)
            # Handles of its own: what a layer assigns to its input changes that of no other.
            xs = [copy(fed[entry] if source is None else results[source])
                  for source, entry in zip(step.sources, step.entries, strict=True)]  # fmt: skip
            results[step.name], new = _call(net, layer, verb, xs)
            changed |= {(step.name, name): value for name, value in new.items()}
            for name in step.last_use:
                del results[name]
    return [copy(results[name]) for name in names], _new_state(net.State, changed)


def _call(
    net: dlnetwork, layer: Layer, verb: str, xs: list[dlarray]
) -> tuple[dlarray, dict[str, dlarray]]:
    where = f"layer {layer.Name!r} ({type(layer).__name__})"
    new: dict[str, dlarray] = {}
    try:
        if verb == "predict":
            Y = layer.predict(*xs)
        else:
            _warn_once(net, layer, xs)
            Y, new = layer.forward(*xs)
    except (ValueError, TypeError, NotImplementedError) as error:
        if type(error) not in (ValueError, TypeError, NotImplementedError):
            raise  # their constructors may want other arguments
        raise type(error)(f"{where}: {error}") from error
    if not isinstance(Y, dlarray):
        raise TypeError(f"{where}: {verb} gives a {type(Y).__name__}; a dlarray is needed")
    for name in new:
        if name not in layer.Stateful:
            raise ValueError(f"{where}: forward gives a new {name!r}, which is not declared; "
                             f"Stateful is {layer.Stateful}")  # fmt: skip
    return Y, new


def _warn_once(net: dlnetwork, layer: Layer, xs: list[dlarray]) -> None:
    if layer.Name not in net._warned and (advice := layer.caution(*xs)) is not None:
        net._warned.add(layer.Name)
        warnings.warn(advice, StatisticsWarning, stacklevel=6)  # the line that calls forward


def _new_state(state: Table, changed: Mapping[tuple[str, str], dlarray]) -> Table:
    """The State after this call. It is never followed by differentiation."""
    values = [changed.get(row, old) for row, old in zip(state.rows, state.Value, strict=True)]
    return state._like(range(len(state)), [dlarray._make(plain(v._value), "") for v in values])


def _check_inputs(net: dlnetwork, inputs: Sequence[Any], verb: str) -> dict[str, dlarray]:
    names = net.InputNames
    if len(inputs) != len(names):
        raise ValueError(f"{verb}: the network has {len(names)} inputs ({', '.join(names)}); "
                         f"{len(inputs)} were given")  # fmt: skip
    for name, x in zip(names, inputs, strict=True):
        if not isinstance(x, dlarray) or not x.dims:
            kind = header(x._value, "") if isinstance(x, dlarray) else type(x).__name__
            raise TypeError(
                f"{verb}: the input {name!r} must be a dlarray with labels, such as "
                f'dlarray(X, "SSCB") for images or dlarray(X, "CB") for features; it is a {kind}'
            )
        if verb == "forward" and 0 in x.shape:
            raise ValueError(f"forward: the batch is empty: the input {name!r} is "
                             f"{header(x._value, x.dims)}")  # fmt: skip
    return dict(zip(names, inputs, strict=True))


def _output_names(net: dlnetwork, outputs: Sequence[str] | str | None) -> Sequence[str]:
    names = [outputs] if isinstance(outputs, str) else outputs
    if names is None:
        return net.OutputNames
    for name in names:
        if name.removesuffix("/out") not in net._graph.layers:
            raise ValueError(
                f"Outputs: there is no layer {name!r}; the layers are "
                f"{', '.join(net._graph.layers)}"
            )
    return [name.removesuffix("/out") for name in names]


def _statistics(
    net: dlnetwork, statistics: str | Mapping[str, str] | None
) -> dict[str, dict[str, str]]:
    """The option Statistics= of this call as attributes of the layers that have it."""
    layers = {name: layer for name, layer in net._graph.layers.items()
              if hasattr(layer, "Statistics")}  # fmt: skip
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
    fixed = {n: modes.get(n, layer.Statistics) == "fixed" for n, layer in layers.items()}
    never = [name for name, is_fixed in fixed.items() if is_fixed and _unset(net, name)]
    if never:
        raise ValueError(
            f"layer {never[0]!r}: fixed statistics were never given nor learned; use "
            "batchNormalizationLayer(TrainedMean=…, TrainedVariance=…), or forward once with batch "
            "statistics and net.State = state"
        )
    return {name: {"Statistics": mode} for name, mode in modes.items()}


def _unset(net: dlnetwork, name: str) -> bool:
    """Whether a layer's statistics are still those it started with: mean 0 and variance 1."""
    layer: Any = net._graph.layers[name]
    if layer.TrainedMean is not None:
        return False  # given, whatever their values
    mean, variance = (net.State.get(name, p)._value for p in layer.Stateful)
    return bool((mean == 0).all() and (variance == 1).all())
