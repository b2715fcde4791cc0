"""What gradients and solver states look like: the parameters, with tables in place of networks."""

from __future__ import annotations

from typing import Any

from tinydl.network.net import dlnetwork


def learnables(parameters: Any) -> Any:
    """The same lists, tuples and dicts, with the Learnables of each network in its place.

    Example:
        >>> from tinydl import *
        >>> learnables({"net": dlnetwork([featureInputLayer(1)]), "scale": dlarray(2.0)})
        {'net': 0×3 table
            Layer    Parameter    Value
            _____    _________    _____, 'scale': 1×1 dlarray
        2.}
    """
    if isinstance(parameters, dlnetwork):
        return parameters.Learnables
    if isinstance(parameters, dict):
        return {key: learnables(part) for key, part in parameters.items()}
    if isinstance(parameters, (list, tuple)):
        parts = [learnables(part) for part in parameters]
        named = hasattr(parameters, "_fields")
        return type(parameters)(*parts) if named else type(parameters)(parts)
    return parameters
