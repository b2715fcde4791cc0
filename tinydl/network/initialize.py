"""Sizes through the graph, and the first values of all parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinydl.layers.layout import networkDataLayout
from tinydl.network.graph import Graph
from tinydl.network.paths import row
from tinydl.network.table import Table

Given = Mapping[tuple[str, str], Any]
Layouts = tuple[networkDataLayout, ...]


def layouts(graph: Graph, examples: Sequence[Any] = ()) -> dict[str, Layouts]:
    """What enters each layer. Raises a ValueError that names both layers where they do not fit.

    examples are given for the network's inputs, in the order of their names; without any, input
    layers know their sizes themselves.
    """
    entering, _ = follow(graph, examples, _raise)
    return {name: feeds for name, feeds in entering.items() if feeds is not None}


def _raise(layer: str, error: ValueError) -> None:
    raise error from None


def follow(
    graph: Graph, examples: Sequence[Any], on_error: Callable[[str, ValueError], None]
) -> tuple[dict[str, Layouts | None], dict[str, networkDataLayout | None]]:
    """What enters each layer, and what leaves each output; None behind what does not fit.

    on_error is told of each layer that does not fit, with an error that names both ends.
    """
    names = graph.input_names
    if examples and len(examples) != len(names):
        raise ValueError(f"the network has {len(names)} inputs ({', '.join(names)}); "
                         f"{len(examples)} examples were given")  # fmt: skip
    given = dict(zip(names, map(networkDataLayout.of, examples), strict=False))
    leaving: dict[str, networkDataLayout | None] = {}
    entering: dict[str, Layouts | None] = {}
    for name in graph.order:
        entering[name] = None
        leaving |= dict.fromkeys(graph.results(name))
        try:
            entering[name] = feeds = _feeds(graph, name, given, leaving)
            if feeds is not None:
                made = _output(graph, name, feeds)
                leaving |= dict(zip(graph.results(name), made, strict=True))
        except ValueError as error:
            on_error(name, error)
    return entering, leaving


def _feeds(
    graph: Graph,
    name: str,
    given: Mapping[str, networkDataLayout],
    leaving: Mapping[str, networkDataLayout | None],
) -> Layouts | None:
    """What enters one layer; nothing if it is an input layer, None if that is not known."""
    layer = graph.layers[name]
    feeds: list[networkDataLayout | None] = []
    for port, source in graph.inputs_of[name].items():
        entry = graph.entry(name, port)
        if source is not None:
            feeds.append(leaving[source])
        elif entry in given:
            feeds.append(given[entry])
        elif not layer.is_input:
            raise ValueError(
                f"the size of what enters {entry!r} ({type(layer).__name__}) is not known: "
                "begin with an input layer, connect it, or give an example, "
                "dlnetwork(layers, X); Initialize=False leaves the parameters unset"
            )
    known = tuple([feed for feed in feeds if feed is not None])
    return known if len(known) == len(feeds) else None


def _output(graph: Graph, name: str, feeds: Layouts) -> Layouts:
    layer = graph.layers[name]
    try:
        made = layer.output(*feeds)
    except ValueError as error:
        sources = [source for source in graph.inputs_of[name].values() if source]
        fed_by = " and ".join([repr(source) for source in sources]) or "the network's input"
        raise ValueError(f"layer {name!r} ({type(layer).__name__}) does not fit after {fed_by}: "
                         f"{error}{_unsaid(sources, feeds, str(error))}") from None  # fmt: skip
    return made if isinstance(made, tuple) else (made,)


def _unsaid(sources: Sequence[str], feeds: Layouts, said: str) -> str:
    """Which layer gives what, where an error does not say it."""
    if len(sources) != len(feeds) or (len(feeds) == 1 and str(feeds[0]) in said):
        return ""
    return f" ({', '.join([f'{s!r} gives {x}' for s, x in zip(sources, feeds, strict=True)])})"


def empty_tables(graph: Graph) -> tuple[Table, Table]:
    """Learnables and State with rows for all parameters, unset but for those given to layers."""
    learnables = [(*row(layer.Name, path), layer.value(path))
                  for layer in graph.layers.values() for path in layer.Learnable]  # fmt: skip
    state = [(*row(layer.Name, path), layer.value(path))
             for layer in graph.layers.values() for path in layer.Stateful]  # fmt: skip
    return table(learnables), table(state, shows_class=True)


def tables(graph: Graph, examples: Sequence[Any], kept: Given) -> tuple[Table, Table]:
    """Learnables and State with a value everywhere. Values in `kept` stay as they are."""
    entering = layouts(graph, examples)
    learnables: list[tuple[str, str, Any]] = []
    state: list[tuple[str, str, Any]] = []
    for name, layer in graph.layers.items():
        known = {p: kept[row(name, p)] for p in (*layer.Learnable, *layer.Stateful)
                 if kept.get(row(name, p)) is not None}  # fmt: skip
        layer = layer.copy(**known)
        new = layer.initial_learnables(*entering[name])
        learnables += [(*row(name, p), new[p]) for p in layer.Learnable]
        state += [(*row(name, p), v) for p, v in layer.initial_state(*entering[name]).items()]
    return table(learnables), table(state, shows_class=True)


def table(rows: list[tuple[str, str, Any]], shows_class: bool = False) -> Table:
    """A table from its rows."""
    layer, parameter, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Table(layer, parameter, value, shows_class=shows_class)
