"""Sizes through the graph, and the first values of all parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.network.graph import Graph
from tinydl.network.table import Table

Given = Mapping[tuple[str, str], Any]


def layouts(graph: Graph, examples: Sequence[Any] = ()) -> dict[str, tuple[networkDataLayout, ...]]:
    """What enters each layer. Raises a ValueError that names both layers where they do not fit.

    examples are given for the network's inputs, in the order of their names; without any, input
    layers know their sizes themselves.
    """
    given = dict(zip(graph.input_names, map(networkDataLayout.of, examples), strict=False))
    if examples and len(examples) != len(graph.input_names):
        raise ValueError(
            f"the network has {len(graph.input_names)} inputs ({', '.join(graph.input_names)}); "
            f"{len(examples)} examples were given"
        )
    results: dict[str, networkDataLayout] = {}
    entering: dict[str, tuple[networkDataLayout, ...]] = {}
    for name in graph.order:
        layer = graph.layers[name]
        feeds = []
        for port, source in graph.inputs_of[name].items():
            entry = graph.entry(name, port)
            if source is None and entry not in given and not layer.is_input:
                raise ValueError(
                    f"the size of what enters {entry!r} ({type(layer).__name__}) is not known: "
                    "begin with an input layer, connect it, or give an example, "
                    "dlnetwork(layers, X); Initialize=False leaves the parameters unset"
                )
            feeds += [given[entry]] if entry in given else [results[source]] if source else []
        entering[name] = tuple(feeds)
        results[name] = _output(layer, feeds, [s for s in graph.inputs_of[name].values() if s])
    return entering


def _output(layer: Layer, feeds: list[networkDataLayout], sources: list[str]) -> networkDataLayout:
    try:
        return layer.output(*feeds)
    except ValueError as error:
        fed_by = " and ".join([repr(source) for source in sources]) or "the network's input"
        raise ValueError(
            f"layer {layer.Name!r} ({type(layer).__name__}) does not fit after {fed_by}: {error}"
        ) from None


def empty_tables(graph: Graph) -> tuple[Table, Table]:
    """Learnables and State with rows for all parameters, unset but for those given to layers."""
    learnables = [(layer.Name, name, getattr(layer, name))
                  for layer in graph.layers.values() for name in layer.Learnable]  # fmt: skip
    state = [(layer.Name, name, getattr(layer, name))
             for layer in graph.layers.values() for name in layer.Stateful]  # fmt: skip
    return table(learnables), table(state, shows_class=True)


def tables(graph: Graph, examples: Sequence[Any], kept: Given) -> tuple[Table, Table]:
    """Learnables and State with a value everywhere. Values in `kept` stay as they are."""
    entering = layouts(graph, examples)
    learnables: list[tuple[str, str, Any]] = []
    state: list[tuple[str, str, Any]] = []
    for name, layer in graph.layers.items():
        known = {p: kept[name, p] for p in (*layer.Learnable, *layer.Stateful)
                 if kept.get((name, p)) is not None}  # fmt: skip
        layer = layer.copy(**known)
        new = layer.initial_learnables(*entering[name])
        learnables += [(name, p, new[p]) for p in layer.Learnable]
        state += [(name, p, v) for p, v in layer.initial_state(*entering[name]).items()]
    return table(learnables), table(state, shows_class=True)


def table(rows: list[tuple[str, str, Any]], shows_class: bool = False) -> Table:
    """A table from its rows."""
    layer, parameter, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Table(layer, parameter, value, shows_class=shows_class)
