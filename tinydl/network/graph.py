"""Layers with names, and what is connected to what. A graph never changes; edits make a new one."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from tinydl.layers.layer import Layer
from tinydl.network.factors import factor_of

Connection = tuple[str, str]


class Step(NamedTuple):
    """One layer in the order of computation."""

    name: str
    sources: tuple[str | None, ...]  # the results it takes; None for a network input
    entries: tuple[str, ...]  # what each of its inputs is called as an input of the network
    results: tuple[str, ...]  # what each of its outputs is called as a source
    last_use: tuple[str, ...]  # the results that nobody needs after this


class Graph:
    """Layers by name, and connections as pairs (source, destination), such as ("fc", "add/in2").

    The destination is the layer's name if it has one input, and "layer/input" if it has several;
    the source is the layer's name if it has one output, and "layer/output" if it has several.
    """

    def __init__(self, layers: Iterable[Layer], connections: Iterable[Connection]) -> None:
        self.layers = {layer.Name: layer for layer in layers}
        self.inputs_of: dict[str, dict[str, str | None]] = {
            name: dict.fromkeys(layer.InputNames) for name, layer in self.layers.items()
        }
        self.connections = tuple([self._connect(*pair) for pair in connections])
        self.order = self._sorted()
        self._known: dict[Any, Any] = {}
        self.input_names = tuple(
            [self.entry(name, port) for name, feeds in self.inputs_of.items()
             for port, source in feeds.items() if source is None]
        )  # fmt: skip
        feeding = {source for feeds in self.inputs_of.values() for source in feeds.values()}
        self.output_names = tuple(
            [result for name in self.layers for result in self.results(name)
             if result not in feeding]
        )  # fmt: skip

    @classmethod
    def chain(cls, layers: Any) -> Graph:
        """Layers one after the other, in lists or lists of lists; those without a name get one."""
        named = name_all(flatten(layers))
        pairs = itertools.pairwise(named)
        return cls(named, [(first_output(a), first_input(b)) for a, b in pairs])

    def remembered(self, work_out: Callable[..., Any], *arguments: Any) -> Any:
        """work_out(graph, *arguments), which is only worked out once: a graph never changes."""
        key = work_out, arguments
        if key not in self._known:
            self._known[key] = work_out(self, *arguments)
        return self._known[key]

    @functools.cached_property
    def all_layers(self) -> dict[str, Layer]:
        """The layers by name, and those in nested networks by path, such as "outer/fc"."""
        found: dict[str, Layer] = {}
        for name, layer in self.layers.items():
            found[name] = layer
            found |= {f"{name}/{path}": part for path, part in layer.parts().items()}
        return found

    @functools.cached_property
    def learn_rate_factors(self) -> dict[tuple[str, str], float]:
        """The factor by which solvers multiply the learning rate, of each layer and parameter."""
        return {(name, parameter): factor_of(layer, parameter, "LearnRate")
                for name, layer in self.all_layers.items()
                for parameter in layer.Learnable}  # fmt: skip

    def entry(self, name: str, port: str) -> str:
        """What an input of a layer is called in connections, and as an input of the network."""
        return name if len(self.inputs_of[name]) == 1 else f"{name}/{port}"

    def results(self, name: str) -> tuple[str, ...]:
        """What the outputs of a layer are called as sources, and as outputs of the network."""
        ports = self.layers[name].OutputNames
        return (name,) if len(ports) == 1 else tuple([f"{name}/{port}" for port in ports])

    def result(self, source: str) -> str:
        """A source as the graph names it: "fc/out" is "fc". Raises ValueError if there is none."""
        name, _, port = source.partition("/")
        if name not in self.layers:
            raise ValueError(f"there is no layer {name!r}; the layers are {', '.join(self.layers)}")
        ports, results = self.layers[name].OutputNames, self.results(name)
        if not port and len(ports) > 1:
            raise ValueError(f"layer {name!r} has {len(ports)} outputs; name one of them: "
                             f"{', '.join(map(repr, results))}")  # fmt: skip
        if port and port not in ports:
            raise ValueError(f"{source!r}: layer {name!r} has the outputs {', '.join(ports)}")
        return results[ports.index(port)] if port else name

    def checked_results(self, names: Sequence[str] | str, option: str) -> tuple[str, ...]:
        """The sources that an option names. Raises ValueError for what is none."""
        try:
            return tuple([self.result(n) for n in ([names] if isinstance(names, str) else names)])
        except ValueError as error:
            raise ValueError(f"{option}: {error}") from None

    def named(self, source: str, destination: str) -> Connection:
        """A connection as the graph names it: "fc/out" is "fc", and "relu/in" is "relu"."""
        name, _, port = destination.partition("/")
        for known in (layer_of(source), name):
            if known not in self.layers:
                raise ValueError(f"there is no layer {known!r} to connect; the layers are "
                                 f"{', '.join(self.layers)}")  # fmt: skip
        ports = self.inputs_of[name]
        port = port or next((p for p, feed in ports.items() if feed is None), next(iter(ports)))
        if port not in ports:
            raise ValueError(f"{destination!r}: layer {name!r} has the inputs {', '.join(ports)}")
        return self.result(source), self.entry(name, port)

    def _connect(self, source: str, destination: str) -> Connection:
        """Enter a connection into inputs_of."""
        source, destination = self.named(source, destination)
        name, _, port = destination.partition("/")
        if self.layers[name].is_input:
            raise ValueError(
                f"layer {name!r} is an input layer and cannot follow another layer; add it with "
                "addLayers"
            )
        ports = self.inputs_of[name]
        port = port or next(iter(ports))
        if ports[port] is not None:
            raise ValueError(f"input {destination!r} is connected to {ports[port]!r} already")
        ports[port] = source
        return source, destination

    def _sorted(self) -> tuple[str, ...]:
        """The layers in an order in which each comes after those that feed it."""
        waiting = {name: {layer_of(s) for s in feeds.values() if s}
                   for name, feeds in self.inputs_of.items()}  # fmt: skip
        order: list[str] = []
        done: set[str] = set()
        while waiting:
            ready = [name for name, sources in waiting.items() if sources <= done]
            if not ready:
                raise ValueError(f"the connections of {', '.join(waiting)} form a circle")
            for name in ready:
                del waiting[name]
            order += ready
            done.update(ready)
        return tuple(order)

    def plan(self, outputs: Sequence[str]) -> list[Step]:
        """The layers that these outputs need, in order, and when a result can be forgotten."""
        return self.remembered(Graph._plan, tuple(outputs))

    def _plan(self, outputs: Sequence[str]) -> list[Step]:
        needed = {layer_of(result) for result in outputs}
        for name in reversed(self.order):
            if name in needed:
                needed.update([layer_of(s) for s in self.inputs_of[name].values() if s])
        order = [name for name in self.order if name in needed]
        last_user = {result: name for name in order for result in self.results(name)}
        last_user |= {s: name for name in order for s in self.inputs_of[name].values() if s}
        last_use: dict[str, list[str]] = {name: [] for name in order}
        for result, user in last_user.items():
            if result not in outputs:
                last_use[user].append(result)
        return [
            Step(
                name,
                tuple(self.inputs_of[name].values()),
                tuple([self.entry(name, port) for port in self.inputs_of[name]]),
                self.results(name),
                tuple(last_use[name]),
            )
            for name in order
        ]


def layer_of(end: str) -> str:
    """The layer of a source or destination: that of "add/in2" is "add"."""
    return end.partition("/")[0]


def flatten(layers: Any) -> list[Layer]:
    """The layers in lists, and lists of lists."""
    if isinstance(layers, Layer):
        return [layers]
    if isinstance(layers, (list, tuple)):
        return [layer for part in layers for layer in flatten(part)]
    if isinstance(layers, type) and issubclass(layers, Layer):
        raise TypeError(f"{layers.__name__} is a class; write {layers.__name__}() for a layer")
    raise TypeError(f"a network is made of layers, not of {type(layers).__name__} {layers!r}")


def name_all(layers: Sequence[Layer], taken: Iterable[str] = ()) -> list[Layer]:
    """Copies of the layers, with names: short where a type occurs once, else short_1, short_2, …

    Names that were given must be different from each other.
    """
    used = set(taken)
    for layer in layers:
        if layer.Name and layer.Name in used:
            raise ValueError(f"two layers have the name {layer.Name!r}; give each its own Name=")
        if "/" in layer.Name:
            raise ValueError(f"layer {layer.Name!r}: a name has no /, which names its inputs")
        used.add(layer.Name)
    unnamed = [layer.short for layer in layers if not layer.Name]
    counter: dict[str, int] = {}
    named = []
    for layer in layers:
        name = layer.Name or _new_name(layer.short, unnamed.count(layer.short), counter, used)
        used.add(name)
        named.append(layer.copy(Name=name, _read_only=True))
    return named


def _new_name(short: str, occurrences: int, counter: dict[str, int], used: set[str]) -> str:
    if occurrences == 1 and short not in used:
        return short
    while True:
        counter[short] = counter.get(short, 0) + 1
        name = f"{short}_{counter[short]}"
        if name not in used:
            return name


def first_input(layer: Layer) -> str:
    """The destination that is a layer's first, or only, input."""
    ports = layer.InputNames
    return layer.Name if len(ports) == 1 else f"{layer.Name}/{ports[0]}"


def first_output(layer: Layer) -> str:
    """The source that is a layer's first, or only, output."""
    ports = layer.OutputNames
    return layer.Name if len(ports) == 1 else f"{layer.Name}/{ports[0]}"
