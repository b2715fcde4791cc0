"""Fixed statistics: batch normalization with State as constants, in forward too."""

from __future__ import annotations

from collections.abc import Sequence

from tinydl.network.graph import Graph
from tinydl.network.net import dlnetwork, only_network


def fix_statistics(net: dlnetwork, layers: Sequence[str] | str | None = None) -> dlnetwork:
    """A network whose batch normalization uses State in forward too, and leaves it unchanged.

    State is a constant of differentiation then, so each result depends on its own observation
    only. Everything else stays in training mode; Scale and Offset stay learnable. layers names
    those to fix; without it all are. Layers whose statistics were never given nor learned raise an
    error when forward is called.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer()])
        >>> _, net.State = forward(net, dlarray([[1.0, 3.0]], "CB"))
        >>> fixed = fix_statistics(net)
        >>> X = dlarray([[5.0, 6.0]], "CB")
        >>> extractdata(forward(fixed, X)[0] == predict(net, X)).all()
        np.True_
    """
    return _with_statistics(net, layers, "fixed")


def release_statistics(net: dlnetwork, layers: Sequence[str] | str | None = None) -> dlnetwork:
    """A network whose batch normalization uses the statistics of the batch in forward again."""
    return _with_statistics(net, layers, "batch")


def _with_statistics(net: dlnetwork, names: Sequence[str] | str | None, mode: str) -> dlnetwork:
    only_network(net, "fix_statistics" if mode == "fixed" else "release_statistics")
    able = [name for name, layer in net._graph.layers.items() if hasattr(layer, "Statistics")]
    chosen = able if names is None else [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in able:
            raise ValueError(f"layer {name!r} keeps no statistics; those that do are "
                             f"{', '.join(able) or 'none'}")  # fmt: skip
    layers = [layer.copy(Statistics=mode) if name in chosen else layer
              for name, layer in net._graph.layers.items()]  # fmt: skip
    return net._with(graph=Graph(layers, net._graph.connections))
