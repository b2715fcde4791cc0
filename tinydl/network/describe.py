"""A few lines about a network."""

from __future__ import annotations

from tinydl.layers.layer import Layer
from tinydl.network.analyze import analyzeNetwork
from tinydl.network.graph import layer_of
from tinydl.network.net import dlnetwork, only_network


def summary(net: dlnetwork) -> None:
    """Print whether a network is initialized, its number of learnable values, and its inputs.

    Example:
        >>> from tinydl import *
        >>> summary(dlnetwork([imageInputLayer([28, 28, 1], Name="in"), fullyConnectedLayer(107)]))
        Initialized: true
        <BLANKLINE>
        Number of learnables: 84k
        <BLANKLINE>
        Inputs:
            1    'in'    28×28×1 images
    """
    only_network(net, "summary")
    total = analyzeNetwork(net).TotalLearnables
    names = [repr(name) for name in net.InputNames]
    width = max(map(len, names), default=0)
    inputs = [f"    {i}    {name.ljust(width)}    {_data(net._graph.layers[layer_of(name[1:-1])])}"
              for i, name in enumerate(names, start=1)]  # fmt: skip
    lines = [
        f"Initialized: {str(net.Initialized).lower()}",
        "",
        f"Number of learnables: {'not known' if total is None else short_number(total)}",
        "",
        "Inputs:" if inputs else "Inputs: none",
        *inputs,
    ]
    print("\n".join(lines))


def short_number(n: int) -> str:
    """A number of learnable values, rounded to a tenth of a thousand, million or billion.

    Example:
        >>> [short_number(n) for n in (999, 84000, 84260, 999_960, 3_500_000)]
        ['999', '84k', '84.3k', '1M', '3.5M']
    """
    if n < 1000:
        return str(n)
    value, letters = n / 1000, "kMB"
    while round(value, 1) >= 1000 and len(letters) > 1:
        value, letters = value / 1000, letters[1:]
    return f"{value:.1f}".removesuffix(".0") + letters[0]


def _data(layer: Layer) -> str:
    """What an input layer takes, in words."""
    if not layer.is_input:
        return "any data that fits"
    layout = layer.output()
    sizes = "×".join(["?" if n is None else str(n) for n in layout.size("SC")])
    if "T" in layout.Format:
        return f"sequences of {sizes} " + ("images" if "S" in layout.Format else "channels")
    kinds = {0: "features", 2: "images", 3: "volumes"}
    return f"{sizes} {kinds.get(layout.Format.count('S'), 'arrays')}"
