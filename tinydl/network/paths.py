"""Names of parameters in networks that hold networks.

A row of a table says where a parameter is: Layer "fc" and Parameter "Weights", or Layer "outer/fc"
for the layer fc of the network in the layer outer. A graph knows its own layers only; for it the
same parameter belongs to the layer "outer", and is called "fc/Weights" there.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any


@functools.lru_cache(maxsize=4096)
def split(layer: str, parameter: str) -> tuple[str, str]:
    """The layer of the graph, and the parameter's name in it.

    Example:
        >>> split("outer/fc", "Weights"), split("fc", "Weights")
        (('outer', 'fc/Weights'), ('fc', 'Weights'))
    """
    name, _, path = f"{layer}/{parameter}".partition("/")
    return name, path


@functools.lru_cache(maxsize=4096)
def row(name: str, path: str) -> tuple[str, str]:
    """The row of a parameter, from the layer of the graph and the parameter's name in it.

    Example:
        >>> row("outer", "fc/Weights")
        ('outer/fc', 'Weights')
    """
    layer, _, parameter = f"{name}/{path}".rpartition("/")
    return layer, parameter


def by_layer(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Values by path, such as "outer/fc/Weights", sorted by the layer of the graph.

    Example:
        >>> by_layer({"outer/fc/Weights": 1, "fc/Bias": 2, "outer/fc/Bias": 3})
        {'outer': {'fc/Weights': 1, 'fc/Bias': 3}, 'fc': {'Bias': 2}}
    """
    found: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        name, _, rest = path.partition("/")
        found.setdefault(name, {})[rest] = value
    return found
