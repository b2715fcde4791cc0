"""Values as a description in JSON, and arrays beside it.

None, True, False, text, whole numbers, finite numbers and lists stand in the description as
themselves; everything else is an object {"type": …}, and its arrays are named in it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np

from tinydl.autodiff.record import is_recorded
from tinydl.backend import is_array, xp
from tinydl.labels import dlarray
from tinydl.labels.classes import refuse_hidden
from tinydl.layers.layer import Layer
from tinydl.network.edit import layerGraph
from tinydl.network.graph import Graph
from tinydl.network.net import dlnetwork
from tinydl.network.solver_state import lbfgsState
from tinydl.network.table import Table
from tinydl.store.archive import NATIVE
from tinydl.store.layers import check_restored, options_of

DEEPEST = 100

Place = tuple[str, ...]
"""Where a value stands, as one would write it in Python: ("net", ".Layers[0]", ".Mean")."""


class Encoder:
    """The arrays of one file, collected while its values are walked."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        # By identity, because nothing writes to the arrays of dlarrays, and networks share them.
        # The arrays are kept so that no other one gets the same identity.
        self._shared: dict[int, tuple[Any, dict[str, Any]]] = {}

    def encode(self, x: Any, place: Place) -> Any:
        """The description of one value. Raises TypeError for what a file cannot hold."""
        if len(place) > DEEPEST:
            raise ValueError(f"save: {place[0]} is nested more than {DEEPEST} deep; does it "
                             "contain itself?")  # fmt: skip
        encoder = _ENCODERS.get(type(x))
        if encoder is not None:
            return encoder(self, x, place)
        if isinstance(x, Layer):
            return self.layer(x, place)
        if isinstance(x, np.generic) or is_array(x):
            return self.array(x, place)
        _refuse(x, place)

    def itself(self, x: Any, place: Place) -> Any:
        return x

    def text(self, x: str, place: Place) -> str:
        return str(x)  # NumPy's strings too, such as those of a table's columns

    def whole(self, x: int, place: Place) -> Any:
        return x if abs(x) < 2**63 else {"type": "int", "hex": hex(x)}  # as JSON readers expect

    def number(self, x: float, place: Place) -> Any:
        return x if math.isfinite(x) else {"type": "float", "bits": struct.pack(">d", x).hex()}

    # ---- containers -----------------------------------------------------------------------------

    def items(self, x: Iterable[Any], place: Place) -> list[Any]:
        return [self.encode(item, (*place, f"[{i}]")) for i, item in enumerate(x)]

    def pair(self, x: tuple[Any, ...], place: Place) -> dict[str, Any]:
        return {"type": "tuple", "items": self.items(x, place)}

    def mapping(self, x: dict[Any, Any], place: Place) -> dict[str, Any]:
        for key in x:
            if not isinstance(key, (str, int, float, tuple, type(None))):
                raise TypeError(f"save: {_at(place)} has a {type(key).__name__} as a key; keys are "
                                "text, numbers, or tuples of those")  # fmt: skip
        return {
            "type": "dict",
            "keys": [self.encode(key, (*place, f".keys()[{i}]")) for i, key in enumerate(x)],
            "values": [self.encode(value, (*place, f"[{key!r}]")) for key, value in x.items()],
        }

    # ---- arrays ---------------------------------------------------------------------------------

    def array(self, x: Any, place: Place) -> dict[str, Any]:
        kind = "scalar" if isinstance(x, np.generic) else "array"
        return {"type": kind, **self._entry(x, place)}

    def labelled(self, x: dlarray, place: Place) -> dict[str, Any]:
        value = x._value
        if is_recorded(value):
            raise TypeError(
                f"save: {_at(place)} is recorded for differentiation; return it from the function "
                "given to dlfeval and save it there, or save extractdata of it"
            )
        if id(value) not in self._shared:
            self._shared[id(value)] = value, self._entry(value, place)
        return {"type": "dlarray", "format": x.dims, **self._shared[id(value)][1]}

    def _entry(self, x: Any, place: Place) -> dict[str, Any]:
        """An array of the file: its name, class and size."""
        array = np.asarray(xp(x).to_host(x)) if is_array(x) else np.asarray(x)
        if array.dtype not in NATIVE:
            raise TypeError(
                f"save: {_at(place)} is of the class {array.dtype}; files hold single, double, "
                "logical and integer arrays: convert it, or save x.tolist()"
            )
        name = f"array_{len(self.arrays)}"
        self.arrays[name] = array
        return {"entry": name, "class": NATIVE[array.dtype], "size": list(array.shape)}

    # ---- networks -------------------------------------------------------------------------------

    def table(self, x: Table, place: Place) -> dict[str, Any]:
        return {
            "type": "table",
            "Layer": [layer for layer, _ in x.rows],
            "Parameter": [parameter for _, parameter in x.rows],
            "Value": self.items(x.Value, (*place, ".Value")),
            "shows_class": x._shows_class,
        }

    def layer(self, x: Layer, place: Place) -> dict[str, Any]:
        try:
            options = options_of(x)
            described = {k: self.encode(v, (*place, f".{k}")) for k, v in options.items()}
            check_restored(x, options)
        except (TypeError, ValueError) as error:
            if str(error).startswith("save: "):
                raise
            raise TypeError(f"save: {_at(place)}, layer {x.Name!r}: {error}") from error
        return {"type": "layer", "class": type(x).__name__, "options": described}

    def graph(self, x: Graph, place: Place) -> dict[str, Any]:
        return {
            "type": "layerGraph",
            "layers": self.items(x.layers.values(), (*place, ".Layers")),
            "connections": [list(pair) for pair in x.connections],
        }

    def network(self, x: dlnetwork, place: Place) -> dict[str, Any]:
        return {
            "type": "dlnetwork",
            "graph": self.graph(x._graph, place),
            "OutputNames": list(x.OutputNames),
            "Learnables": self.table(x.Learnables, (*place, ".Learnables")),
            "State": self.table(x.State, (*place, ".State")),
        }

    def solver_state(self, x: lbfgsState, place: Place) -> dict[str, Any]:
        attributes = {k: self.encode(v, (*place, f".{k}")) for k, v in vars(x).items()}
        return {"type": "lbfgsState", "attributes": attributes}


_ENCODERS: dict[type, Callable[[Encoder, Any, Place], Any]] = {
    type(None): Encoder.itself,
    bool: Encoder.itself,
    str: Encoder.text,
    np.str_: Encoder.text,
    int: Encoder.whole,
    float: Encoder.number,
    list: Encoder.items,
    tuple: Encoder.pair,
    dict: Encoder.mapping,
    dlarray: Encoder.labelled,
    Table: Encoder.table,
    layerGraph: Encoder.graph,
    dlnetwork: Encoder.network,
    lbfgsState: Encoder.solver_state,
}
"""By exact class: an object of a derived class would come back without what is its own."""


def _at(place: Place) -> str:
    return "".join(place)


def _refuse(x: Any, place: Place) -> NoReturn:
    kind = type(x).__name__
    refuse_hidden(x, f"save: {_at(place)}")
    if callable(x):
        raise TypeError(
            f"save: {_at(place)} is a function, which a file cannot hold; in a network replace its "
            "layer by one without it: replaceLayer(net, name, layer)"
        )
    for basis in (list, tuple, dict, np.ndarray):
        if isinstance(x, basis):
            plain = "numpy.asarray" if basis is np.ndarray else basis.__name__
            raise TypeError(f"save: {_at(place)} is of the class {kind}, and would come back as "
                            f"another; save {plain}(x)")  # fmt: skip
    raise TypeError(
        f"save: {_at(place)} is of the class {kind}, which a file cannot hold; it holds networks, "
        "tables, layers, arrays, numbers, text, None, and lists, tuples and dicts of those"
    )
