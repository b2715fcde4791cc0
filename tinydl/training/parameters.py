"""The parameters that solvers take, and the gradients and solver states that go with them.

Gradients and states look like the parameters, with tables in place of networks.
"""

from __future__ import annotations

from typing import Any

from tinydl.labels import dlarray
from tinydl.labels.containers import dlarrays_in
from tinydl.labels.display import header
from tinydl.network.net import dlnetwork
from tinydl.network.table import Table


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


def is_empty(state: Any) -> bool:
    """Whether a solver state is one that a loop starts with: [] or None."""
    return state is None or (isinstance(state, (list, tuple, dict)) and len(state) == 0)


def check_fits(caller: str, w: dlarray, g: Any, what: str) -> None:
    """Raise a ValueError unless g is a dlarray of the size of the parameter it belongs to."""
    if not isinstance(g, dlarray) or g._value.shape != w._value.shape:
        given = header(g._value, g.dims) if isinstance(g, dlarray) else type(g).__name__
        raise ValueError(
            f"{caller}: a parameter of {header(w._value, w.dims)} meets a {what} of {given}"
        )


def factors(parameters: Any) -> list[float]:
    """The learn-rate factor of every parameter, in the order in which they are walked."""
    if isinstance(parameters, dlnetwork):
        known, table = parameters._graph.learn_rate_factors, parameters.Learnables
        return [known[row] for row, value in zip(table._rows, table.Value, strict=True)
                if value is not None]  # fmt: skip
    if isinstance(parameters, dict):
        return [factor for part in parameters.values() for factor in factors(part)]
    if isinstance(parameters, Table):
        return [1.0] * len(dlarrays_in(parameters))
    if isinstance(parameters, (list, tuple)):
        return [factor for part in parameters for factor in factors(part)]
    return [1.0] if isinstance(parameters, dlarray) else []
