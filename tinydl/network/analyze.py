"""What can be said of a network before it runs: sizes, numbers of parameters, and what is wrong."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.network.display import as_html, lines_of
from tinydl.network.graph import Graph
from tinydl.network.initialize import Layouts, empty_tables, follow
from tinydl.network.net import dlnetwork
from tinydl.network.paths import row
from tinydl.network.table import Table

Sizes = dict[str, tuple[int, ...] | None]


class LayerInfo(NamedTuple):
    """What is known of one layer; None stands for what is not known."""

    Name: str
    Type: str
    Activations: tuple[networkDataLayout | None, ...]  # of each output
    Learnables: Sizes
    State: Sizes

    @property
    def NumLearnables(self) -> int | None:
        """How many learnable values the layer has."""
        return _total(self.Learnables)


class NetworkAnalysis:
    """What analyzeNetwork found.

    LayerInfo        a row for each layer: Name, Type, Activations (format and sizes of each
                     output), Learnables and State (size of each parameter), NumLearnables
    TotalLearnables  the number of learnable values; None if it is not known
    TotalState       the number of values in State; None if it is not known
    Issues           what does not fit, one sentence each
    """

    def __init__(self, layers: Sequence[LayerInfo], issues: Sequence[str]) -> None:
        self.LayerInfo = tuple(layers)
        self.Issues = tuple(issues)
        self.TotalLearnables = _total({layer.Name: _count(layer.Learnables) for layer in layers})
        self.TotalState = _total({layer.Name: _count(layer.State) for layer in layers})

    def _columns(self) -> dict[str, list[str]]:
        return {
            "Name": [layer.Name for layer in self.LayerInfo],
            "Type": [layer.Type for layer in self.LayerInfo],
            "Activations": [", ".join(["not known" if layout is None else str(layout)
                                       for layout in layer.Activations])
                            for layer in self.LayerInfo],
            "Learnables": [_shown(layer.Learnables) for layer in self.LayerInfo],
            "State": [_shown(layer.State) for layer in self.LayerInfo],
        }  # fmt: skip

    def _title(self) -> str:
        total = "an unknown number of" if self.TotalLearnables is None else self.TotalLearnables
        counts = [f"{len(self.LayerInfo)} layers", f"{total} learnable values",
                  "1 issue" if len(self.Issues) == 1 else f"{len(self.Issues)} issues"]  # fmt: skip
        return "Network of " + ", ".join(counts)

    def __repr__(self) -> str:
        issues = [f"issue {i}: {issue}" for i, issue in enumerate(self.Issues, start=1)]
        lines = [("    " + line).rstrip() for line in lines_of(self._columns())]
        return "\n".join([self._title(), *issues, "", *lines])

    def _repr_html_(self) -> str:
        issues = "".join([f"<li>{html.escape(issue)}</li>" for issue in self.Issues])
        return as_html(self._columns(), self._title()) + (f"<ol>{issues}</ol>" if issues else "")


def analyzeNetwork(net: Any, *X: Any) -> NetworkAnalysis:
    """Sizes of all activations and parameters of a network, and what is wrong with it.

    net is a dlnetwork, initialized or not, a layerGraph, or a list of layers. X are example inputs
    or networkDataLayouts, one for each input, needed where no input layer says the sizes. What does
    not fit is reported as an issue, and does not raise. See NetworkAnalysis for what is found.

    Example:
        >>> from tinydl import *
        >>> analyzeNetwork([featureInputLayer(2), fullyConnectedLayer(3), tanhLayer()])
        Network of 3 layers, 9 learnable values, 0 issues
        <BLANKLINE>
            Name            Type           Activations          Learnables         State
            _____    ___________________    ___________    _____________________    _____
        <BLANKLINE>
            input    featureInputLayer      2(C) × ?(B)
            fc       fullyConnectedLayer    3(C) × ?(B)    Weights 3×2, Bias 3×1
            tanh     tanhLayer              3(C) × ?(B)
    """
    try:
        graph, learnables, state = _parts(net)
    except ValueError as error:
        return NetworkAnalysis([], [str(error)])
    misfits: dict[str, str] = {}
    entering, leaving = follow(graph, X, lambda name, error: misfits.update({name: str(error)}))
    issues: list[str] = []
    rows = []
    for name, layer in graph.layers.items():
        issues += [misfits[name]] if name in misfits else []
        sizes = [_sizes(layer, entering[name], kind, table, issues)
                 for kind, table in (("Learnable", learnables), ("Stateful", state))]  # fmt: skip
        made = tuple([leaving[result] for result in graph.results(name)])
        rows.append(LayerInfo(name, type(layer).__name__, made, *sizes))
    return NetworkAnalysis(rows, [*issues, *_alone(graph)])


def _parts(net: Any) -> tuple[Graph, Table, Table]:
    if isinstance(net, dlnetwork):
        return net._graph, net.Learnables, net.State
    graph = net if isinstance(net, Graph) else Graph.chain(net)
    return graph, *empty_tables(graph)


def _sizes(
    layer: Layer, entering: Layouts | None, kind: str, table: Table, issues: list[str]
) -> Sizes:
    """The sizes of a layer's parameters: of their values, or those that it will give them."""
    names = getattr(layer, kind)
    needed = _needed(layer, entering, kind, issues) if names else {}
    sizes: Sizes = {}
    for name in names:
        value = table.get(*row(layer.Name, name))
        sizes[name] = needed.get(name) if value is None else value.shape
        is_free = name in layer.Resettable  # has the batch size of what was seen last
        if name in needed and not is_free and _long(sizes[name]) != _long(needed[name]):
            issues.append(
                f"layer {layer.Name!r} ({type(layer).__name__}): {name} is {_times(sizes[name])}, "
                f"and what enters needs {_times(needed[name])}; put a new layer in its place, "
                "replaceLayer, and initialize the network"
            )
    return sizes


def _needed(
    layer: Layer, entering: Layouts | None, kind: str, issues: list[str]
) -> dict[str, tuple[int, ...]]:
    """The sizes that parameters must have for what enters; nothing if that is not known."""
    if entering is None:
        return {}
    try:
        if kind == "Learnable":
            return {name: p.size for name, p in layer.parameters(*entering).items()}
        return {name: value.shape for name, value in layer.initial_state(*entering).items()}
    except ValueError as error:
        issues.append(f"layer {layer.Name!r} ({type(layer).__name__}): {error}")
        return {}


def _alone(graph: Graph) -> list[str]:
    """Layers that are connected to nothing, in a graph of several."""
    ends = {end.partition("/")[0] for pair in graph.connections for end in pair}
    return [f"layer {name!r} is connected to nothing; connect it, connectLayers, or take it away, "
            "removeLayers" for name in graph.layers
            if name not in ends and len(graph.layers) > 1]  # fmt: skip


def _count(sizes: Sizes) -> tuple[int, ...] | None:
    total = _total(sizes)
    return None if total is None else (total,)


def _total(sizes: Mapping[str, tuple[int, ...] | None]) -> int | None:
    counts = [None if size is None else math.prod(size) for size in sizes.values()]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _long(size: tuple[int, ...] | None) -> list[int]:
    return [n for n in size or () if n != 1]


def _times(size: tuple[int, ...] | None) -> str:
    return "?" if size is None else "×".join(map(str, size)) or "1×1"


def _shown(sizes: Sizes) -> str:
    return ", ".join([f"{name} {_times(size)}" for name, size in sizes.items()])
