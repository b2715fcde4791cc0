"""Descriptions as the values that encode was given. Nothing in them is looked up by name or run."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import NAME
from tinydl.layers.layer import Layer
from tinydl.network.edit import layerGraph
from tinydl.network.graph import Graph
from tinydl.network.net import dlnetwork
from tinydl.network.solver_state import OPTIONS, lbfgsState
from tinydl.network.table import Table
from tinydl.store.archive import Archive, FileFormatError
from tinydl.store.layers import layer_from


class Decoder:
    """The values of one file.

    What does not fit raises any exception: who calls takes it for damage of the file.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._shared: dict[str, Any] = {}  # arrays of dlarrays, which nothing writes to

    def decode(self, d: Any) -> Any:
        """The value of one description."""
        if isinstance(d, list):
            return [self.decode(item) for item in d]
        if not isinstance(d, dict):
            return d
        if d.get("type") not in _DECODERS:
            raise FileFormatError(f"its description holds the type {d.get('type')!r}, which this "
                                  "tinydl does not know; update tinydl")  # fmt: skip
        return _DECODERS[d["type"]](self, d)

    def whole(self, d: dict[str, Any]) -> int:
        return int(d["hex"], 16)

    def number(self, d: dict[str, Any]) -> float:
        return float(struct.unpack(">d", bytes.fromhex(d["bits"]))[0])

    def items(self, d: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self.decode(_list(d["items"])))

    def mapping(self, d: dict[str, Any]) -> dict[Any, Any]:
        keys, values = self.decode(_list(d["keys"])), self.decode(_list(d["values"]))
        found = dict(zip(keys, values, strict=True))
        _check(len(found) == len(keys), "a dict has a key twice")
        return found

    # ---- arrays ---------------------------------------------------------------------------------

    def array(self, d: dict[str, Any]) -> np.ndarray:
        array = self._archive.array(d["entry"])
        self._check_array(d, array)
        return array

    def scalar(self, d: dict[str, Any]) -> Any:
        array = self.array(d)
        _check(array.ndim == 0, "a scalar has dimensions")
        return array[()]

    def labelled(self, d: dict[str, Any]) -> dlarray:
        name, fmt = d["entry"], d["format"]
        if name not in self._shared:
            self._shared[name] = self._archive.array(name)
        array = self._shared[name]
        self._check_array(d, array)
        letters = formats.check(fmt)
        in_order = formats.permute(letters, formats.sorting(letters))
        _check(
            array.dtype in NAME and fmt == in_order and (not fmt or len(fmt) == array.ndim),
            f"a dlarray of {array.dtype} and {array.ndim} dimensions has the format {fmt!r}",
        )
        return dlarray._make(array, fmt)

    def _check_array(self, d: dict[str, Any], array: np.ndarray) -> None:
        _check(
            array.dtype.name == d["class"] and list(array.shape) == d["size"],
            f"the array {d['entry']!r} is {array.dtype} of the size {list(array.shape)}, the "
            f"description says {d['class']} of the size {d['size']}",
        )

    # ---- networks -------------------------------------------------------------------------------

    def table(self, d: dict[str, Any]) -> Table:
        layer, parameter = _texts(d["Layer"]), _texts(d["Parameter"])
        value = self.decode(_list(d["Value"]))
        _check(
            all([v is None or isinstance(v, dlarray) for v in value]),
            "a table has other values than dlarrays",
        )
        return Table(layer, parameter, value, shows_class=d["shows_class"] is True)

    def layer(self, d: dict[str, Any]) -> Layer:
        return layer_from(d["class"], {k: self.decode(v) for k, v in d["options"].items()})

    def graph(self, d: dict[str, Any]) -> Graph:
        layers = [self.layer(part).copy(_read_only=True) for part in _list(d["layers"])]
        names = {layer.Name for layer in layers}
        _check(len(names) == len(layers) and "" not in names, "layers share a name, or have none")
        pairs = [_texts(pair) for pair in _list(d["connections"])]
        return Graph(layers, [(source, destination) for source, destination in pairs])

    def layer_graph(self, d: dict[str, Any]) -> layerGraph:
        graph, made = self.graph(d), layerGraph()
        made.__dict__.update(graph.__dict__)
        return made

    def network(self, d: dict[str, Any]) -> dlnetwork:
        net = dlnetwork(
            self.graph(d["graph"]), Initialize=False, OutputNames=_texts(d["OutputNames"])
        )
        learnables, state = self.table(d["Learnables"]), self.table(d["State"])
        _check(
            learnables.rows == net.Learnables.rows and state.rows == net.State.rows,
            "the tables of a network do not have the rows of its layers",
        )
        return net._with(learnables=learnables, state=state)

    def solver_state(self, d: dict[str, Any]) -> lbfgsState:
        attributes = {k: self.decode(v) for k, v in d["attributes"].items()}
        made = lbfgsState(**{k: attributes[k] for k in OPTIONS})
        _check(vars(made).keys() == attributes.keys(), "an lbfgsState has other attributes")
        steps, differences = attributes["StepHistory"], attributes["GradientsDifferenceHistory"]
        _check(
            len(steps) == len(differences) <= made.HistorySize
            and all([isinstance(v, dlarray) for v in (*steps, *differences)]),
            "the history of an lbfgsState is not one of steps",
        )
        return made._with(**attributes)


_DECODERS: dict[str, Callable[[Decoder, dict[str, Any]], Any]] = {
    "int": Decoder.whole,
    "float": Decoder.number,
    "tuple": Decoder.items,
    "dict": Decoder.mapping,
    "array": Decoder.array,
    "scalar": Decoder.scalar,
    "dlarray": Decoder.labelled,
    "table": Decoder.table,
    "layer": Decoder.layer,
    "layerGraph": Decoder.layer_graph,
    "dlnetwork": Decoder.network,
    "lbfgsState": Decoder.solver_state,
}


def _check(is_right: bool, otherwise: str) -> None:
    if not is_right:
        raise FileFormatError(f"its description does not fit: {otherwise}; take another copy of "
                              "the file")  # fmt: skip


def _list(d: Any) -> list[Any]:
    _check(isinstance(d, list), f"a list was expected, not {type(d).__name__}")
    return d


def _texts(d: Any) -> list[str]:
    _check(all([isinstance(part, str) for part in _list(d)]), "names are text")
    return d
