"""Population statistics: mean and variance of batch normalization, of a whole data set."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tinydl.backend import computing, is_array
from tinydl.functions.arguments import one_of
from tinydl.functions.batch_normalization import batchnorm
from tinydl.functions.convert import double
from tinydl.labels import dlarray
from tinydl.labels.containers import map_arrays
from tinydl.labels.options import named_options
from tinydl.layers.layer import Layer
from tinydl.layers.normalization import batchNormalizationLayer
from tinydl.network.defaults import with_labels
from tinydl.network.graph import Graph, layer_of
from tinydl.network.moments import Moments
from tinydl.network.nested import expandLayers
from tinydl.network.net import dlnetwork, only_network
from tinydl.network.run import run
from tinydl.network.statistics import like, with_statistics
from tinydl.network.table import Table

Data = Iterable[Any] | Callable[[], Iterator[Any]]

CALLER = "population_statistics"
METHODS = ("exact", "one-pass")


@named_options
def population_statistics(
    net: dlnetwork,
    data: Data,
    layers: Sequence[str] | str | None = None,
    *,
    Method: str = "exact",
) -> Table:
    """A State whose statistics are those of all the data: ``net.State = population_statistics(…)``.

    data gives mini-batches, each an input as predict takes it, or a tuple of several inputs; their
    sizes may differ. layers names the batch normalizations to compute, without it all are; the rest
    of State stays as it is. The layers between them work as in predict: dropout does nothing.
    Variances are divided by the number of elements N, not by N − 1.

    * Method="exact": layer after layer. When the statistics of one are taken, all before it
      normalize by theirs already, as predict will. There is one pass over the data for each layer
      on the longest way, so data must start anew: a list, or a function that returns an iterator.
    * Method="one-pass": each layer normalizes by the statistics of the mini-batch, as in forward,
      and all are taken in one pass. The result depends on how the data is cut into mini-batches.

    Parts are merged exactly, in double precision, and the result gets the class of the old State.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer()])
        >>> data = [dlarray([[1.0, 3.0, 5.0]], "CB"), dlarray([[7.0]], "CB")]
        >>> net.State = population_statistics(net, data)
        >>> [float(value) for value in net.State.Value]
        [4.0, 5.0]
    """
    one_of(Method, METHODS, "Method", CALLER)
    # Without nested networks each input of a layer is the result of another; State in double
    # precision keeps the rounding of one layer's statistics out of the next one's.
    inner = {name.replace("/", ":"): name
             for name in with_statistics(only_network(net, CALLER), layers)}  # fmt: skip
    flat = expandLayers(net)
    flat = flat._with(state=map_arrays(double, flat.State))
    levels = _levels(flat._graph, list(inner))
    if Method == "one-pass":
        levels = [list(inner)] if inner else []
        flat = normalizing_by_batch(flat, list(inner))
    batches = _restarting(data, len(levels))
    found: dict[str, Moments] = {}
    for level in levels:
        new = gather_moments(net, flat, batches(), level, CALLER)
        flat = flat._with(state=with_moments(flat.State, new))
        found |= {inner[name]: moments for name, moments in new.items()}
    return with_moments(net.State, found)


def with_moments(state: Table, found: Mapping[str, Moments]) -> Table:
    """A State with these statistics of some layers, in the class and on the device of the old."""
    values = []
    for row in state:
        new = row.Value
        if new is not None and row.Layer in found:
            moments = found[row.Layer]
            vector = moments.mean if row.Parameter == "TrainedMean" else moments.variance
            new = like(vector.reshape(new.shape), new)
        values.append(new)
    return state._with(values)


def gather_moments(
    net: dlnetwork, flat: dlnetwork, batches: Iterable[Any], names: Sequence[str], caller: str
) -> dict[str, Moments]:
    """The moments of what enters some layers of `flat`, which is `net` without nested networks."""
    graph = flat._graph
    sources = {name: graph.inputs_of[name]["in"] for name in names}
    wanted = list(dict.fromkeys([source for source in sources.values() if source is not None]))
    found: dict[str, Moments] = {}
    for batch in batches:
        inputs = batch if isinstance(batch, tuple) else (batch,)
        arrays = with_labels(net, inputs, caller, None).arrays
        results, _ = run(flat, arrays, "predict", wanted)
        values = dict(zip(wanted, results, strict=True))
        entering = dict(zip(flat.InputNames, arrays, strict=True))
        with computing():
            for name, source in sources.items():
                X = entering[name] if source is None else values[source]
                moments = Moments.of(X)
                found[name] = found[name].merged(moments) if name in found else moments
    if not found or not functools.reduce(lambda n, m: n + m.elements, found.values(), 0.0):
        raise ValueError(f"{caller}: the data has no observations")
    return found


def normalizing_by_batch(net: dlnetwork, names: Sequence[str]) -> dlnetwork:
    """A network in which some layers normalize by the batch in predict too."""
    layers = [_ByBatch.of(layer) if name in names else layer
              for name, layer in net._graph.layers.items()]  # fmt: skip
    return net._with(graph=Graph(layers, net._graph.connections))


class _ByBatch(batchNormalizationLayer):
    """Batch normalization by the statistics of the batch, whatever the verb."""

    @classmethod
    def of(cls, layer: Layer) -> _ByBatch:
        made = object.__new__(cls)
        made.__dict__.update(layer.__dict__)
        return made

    def predict(self, *X: dlarray) -> dlarray:
        Y: dlarray = batchnorm(X[0], self.Offset, self.Scale, Epsilon=self.Epsilon)[0]
        return Y


def _levels(graph: Graph, names: Sequence[str]) -> list[list[str]]:
    """The layers with these names, those first that have none of the others before them."""
    depth: dict[str, int] = {}
    for name in graph.order:
        before = [depth[layer_of(s)] for s in graph.inputs_of[name].values() if s]
        depth[name] = max(before, default=0) + (name in names)
    deepest = max(depth.values(), default=0)
    return [[name for name in names if depth[name] == n] for n in range(1, deepest + 1)]


def _restarting(data: Any, passes: int) -> Callable[[], Iterator[Any]]:
    """A function that begins a pass over the data."""
    if callable(data):
        return lambda: iter(data())
    if isinstance(data, dlarray) or is_array(data) or not isinstance(data, Iterable):
        raise TypeError(
            f"{CALLER}: data is a list of mini-batches, or a function that returns an iterator of "
            f"them, not a {type(data).__name__}; write [X] for a single one"
        )
    if iter(data) is data and passes > 1:
        raise ValueError(
            f"{CALLER}: this {type(data).__name__} can be gone through once, and {passes} passes "
            "over the data are needed; give a list, a function that returns an iterator, or "
            'Method="one-pass"'
        )
    return lambda: iter(data)
