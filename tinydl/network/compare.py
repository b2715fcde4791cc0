"""Whether two networks, tables or layers are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinydl.autodiff.record import plain
from tinydl.backend import is_array, xp
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer

if TYPE_CHECKING:
    from tinydl.network.net import dlnetwork
    from tinydl.network.table import Table


def same_networks(a: dlnetwork, b: Any, nan_equal: bool) -> bool:
    """Whether layers, connections, outputs and all values are equal."""
    return (
        type(a) is type(b)
        and a._graph.connections == b._graph.connections
        and a.OutputNames == b.OutputNames
        and list(a._graph.layers) == list(b._graph.layers)
        and all([same_layers(x, y, nan_equal)
                 for x, y in zip(a.Layers, b.Layers, strict=True)])
        and same_tables(a.Learnables, b.Learnables, nan_equal)
        and same_tables(a.State, b.State, nan_equal)
    )  # fmt: skip


def same_tables(a: Table, b: Any, nan_equal: bool) -> bool:
    """Whether rows and values are equal; whether they are single or double does not count."""
    return (
        type(a) is type(b)
        and a.rows == b.rows
        and all([same_values(x, y, nan_equal) for x, y in zip(a.Value, b.Value, strict=True)])
    )


def same_layers(a: Layer, b: Layer, nan_equal: bool) -> bool:
    """Whether two layers are of one class and have equal options."""
    if type(a) is not type(b):
        return False
    try:
        mine, theirs = a.options(), b.options()
    except AttributeError:  # a user's constructor need not keep them
        mine, theirs = vars(a), vars(b)
    return mine.keys() == theirs.keys() and all(
        [same_values(mine[name], theirs[name], nan_equal) for name in mine]
    )


def same_values(a: Any, b: Any, nan_equal: bool) -> bool:
    """Whether two options or parameters are equal."""
    if hasattr(a, "is_equal_to"):
        return bool(a.is_equal_to(b, nan_equal))
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(
            [same_values(x, y, nan_equal) for x, y in zip(a, b, strict=True)]
        )
    x, y = _array(a), _array(b)
    if not (is_array(x) and is_array(y)):
        return not (is_array(x) or is_array(y)) and bool(a == b)
    here, there = (xp(array).to_host(array) for array in (x, y))
    if here.shape != there.shape:
        return False
    equal = here == there
    return bool((equal | ((here != here) & (there != there)) if nan_equal else equal).all())


def _array(x: Any) -> Any:
    return plain(x._value) if isinstance(x, dlarray) else x
