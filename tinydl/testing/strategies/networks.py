"""Networks whose layers fit together."""

from __future__ import annotations

import math
import string
from collections.abc import Collection
from typing import Any

from tinydl.functions.convert import single
from tinydl.layers.layer import LAYERS, Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.arrays import dlarrays
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.formats import layouts_of
from tinydl.testing.strategies.network import Network
from tinydl.testing.strategies.options import Entry, chosen
from tinydl.testing.strategies.values import SEEDS

INPUTS = {"CB": "featureInputLayer", "SSCB": "imageInputLayer", "CBT": "sequenceInputLayer",
          "SSSCB": "image3dInputLayer"}  # fmt: skip
"""The input layer of each format; of others it is inputLayer."""

JOINS = ("additionLayer", "multiplicationLayer", "concatenationLayer")
BRANCHES = 2
LAYER, PAIR = "layer", "branches"
MOST_ELEMENTS = 400
"""A layer that would make a larger array is left out."""


def networks(
    format: str | st.SearchStrategy[str] | None = None,
    *,
    only: Collection[str] | None = None,
    most: int = 4,
    branches: bool = True,
    dtype: str = "double",
) -> st.SearchStrategy[Network]:
    """Networks that fit together, each a Network with ``layers``, ``inputs`` and ``net``.

    They begin with an input layer, then come up to ``most`` layers, or pairs of branches that are
    added, multiplied or joined along C; a branch may be empty, which makes it a skip connection.
    There is one input and one output. Call the network as ``predict(case.net, *case.inputs)``.

    format    that of the input, or a strategy of such; of images, features or sequences by default
    only      the names of the constructors of layers to choose from, all unless given; the input
              layer need not be among them
    most      the largest number of layers, a pair of branches counted as one
    branches  whether there may be branches
    dtype     the class of the inputs and of all parameters, "double" or "single"

    Example:
        >>> from hypothesis import given
        >>> from tinydl import predict
        >>> @given(networks("CB", only=["fullyConnectedLayer", "tanhLayer", "additionLayer"]))
        ... def test(case):
        ...     Y = predict(case.net, *case.inputs)
        ...     assert Y.dims == "CB" and Y.shape[1] == case.inputs[0].shape[1]
        >>> test()
    """
    formats = st.sampled_from(["CB", "SSCB", "CBT"]) if format is None else format
    formats = st.just(formats) if isinstance(formats, str) else formats
    return _networks(formats, chosen(only), most, branches, dtype)


@st.composite
def _networks(
    draw: st.DrawFn,
    formats: st.SearchStrategy[str],
    entries: dict[str, Entry],
    most: int,
    branches: bool,
    dtype: str,
) -> Network:
    layout = draw(layouts_of(draw(formats), 2))
    joins = [name for name in JOINS if name in entries]
    parts = [*[LAYER] * 3, *([PAIR] if branches and joins else [])]
    plan = draw(st.lists(st.sampled_from(parts), min_size=1, max_size=most))
    growth = _Growth(draw, entries, layout, is_named=PAIR in plan)
    for part in plan:
        if part == PAIR:
            growth.add_branches(joins)
        else:
            growth.add_layer()
    X = draw(dlarrays(layout.Format, sizes=layout.Size, domain="apart"))  # type: ignore[arg-type]
    X = single(X) if dtype == "single" else X
    return Network(growth.layers, [X], growth.connections or (), draw(SEEDS))


class _Growth:
    """A network while it is drawn: its layers so far, the last one, and the layout of its result.

    Layers have names, and connections, only if there are branches.
    """

    def __init__(
        self,
        draw: st.DrawFn,
        entries: dict[str, Entry],
        layout: networkDataLayout,
        is_named: bool,
    ) -> None:
        self.draw = draw
        self.is_named = is_named
        self.entries = {name: one for name, one in entries.items()
                        if one.inputs is None and not LAYERS[name].is_input}  # fmt: skip
        self.layers: list[Layer] = []
        self.connections: list[tuple[str, str]] = []
        self.last, self.layout = "", layout
        kind = INPUTS.get(layout.Format, "inputLayer")
        self._enter(chosen([kind])[kind].layer(draw, kind, layout, **self._name()), layout)

    def add_layer(self, keeping: str = "") -> None:
        """One more layer, if there is one that keeps the sizes of these labels."""
        names = [name for name, one in self.entries.items() if one.takes(self.layout.Format)]
        if not names:
            return
        name = self.draw(st.sampled_from(names))
        layer = self.entries[name].layer(self.draw, name, self.layout, **self._name())
        after = layer.output(self.layout)
        keeps = not keeping or (
            after.Format == self.layout.Format and after.size(keeping) == self.layout.size(keeping)
        )
        if keeps and math.prod(after.Size) <= MOST_ELEMENTS:
            self._enter(layer, after, (self.last, layer.Name))

    def add_branches(self, joins: list[str]) -> None:
        """Branches from the last layer on, of up to two layers each, and what joins them."""
        keeping = "SBT" if "concatenationLayer" in joins else "SCBT"
        start, entering = self.last, self.layout
        ends = []
        for _ in range(BRANCHES):
            self.last, self.layout = start, entering
            for _ in range(self.draw(st.integers(0, 2))):
                self.add_layer(keeping)
            ends.append((self.last, self.layout))
        is_equal = ends[0][1] == ends[1][1]
        fitting = [name for name in joins if is_equal or name == "concatenationLayer"]
        name = self.draw(st.sampled_from(fitting))
        options: dict[str, Any] = {"NumInputs": BRANCHES, **self._name()}
        if name == "concatenationLayer":
            options["Dim"] = "C"
        layer = LAYERS[name](**options)
        after = layer.output(*[layout for _, layout in ends])
        pairs = [(end, f"{layer.Name}/in{i}") for i, (end, _) in enumerate(ends, start=1)]
        self._enter(layer, after, *pairs)

    def _name(self) -> dict[str, str]:
        """Name= for the next layer: a, b, c, …"""
        return {"Name": string.ascii_letters[len(self.layers)]} if self.is_named else {}

    def _enter(self, layer: Layer, after: networkDataLayout, *pairs: tuple[str, str]) -> None:
        self.layers.append(layer)
        self.last, self.layout = layer.Name, after
        if self.is_named:
            self.connections.extend(pairs)
