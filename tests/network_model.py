"""A model of networks and their edits: names, pairs of ends, and NumPy arrays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl import (
    additionLayer,
    batchNormalizationLayer,
    dlarray,
    featureInputLayer,
    fullyConnectedLayer,
    reluLayer,
    tanhLayer,
)
from tinydl.layers import Layer


class Split(Layer):
    """Two outputs. It is not registered, so that files cannot hold it."""

    short = "split"
    OutputNames = ("plus", "minus")  # type: ignore[assignment]

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def output(self, *layouts: Any) -> Any:
        return layouts[0], layouts[0]

    def predict(self, *X: dlarray) -> tuple[dlarray, dlarray]:
        return X[0] + 0.0, -X[0]


MAKE: dict[str, Callable[[str], Layer]] = {
    "input": lambda name: featureInputLayer(3, Name=name),
    "fc": lambda name: fullyConnectedLayer(3, Name=name),
    "wide": lambda name: fullyConnectedLayer(4, Name=name),
    "bn": lambda name: batchNormalizationLayer(Name=name),
    "relu": lambda name: reluLayer(Name=name),
    "tanh": lambda name: tanhLayer(Name=name),
    "add": lambda name: additionLayer(2, Name=name),
    "split": lambda name: Split(Name=name),
}
SHORT = {"input": "input", "fc": "fc", "wide": "fc", "bn": "batchnorm", "relu": "relu",
         "tanh": "tanh", "add": "addition", "split": "split"}  # fmt: skip
INPUTS = {"add": ("in1", "in2")}
OUTPUTS = {"split": ("plus", "minus")}
LEARNABLE = {"fc": ("Weights", "Bias"), "wide": ("Weights", "Bias"), "bn": ("Offset", "Scale")}
STATE = {"bn": ("TrainedMean", "TrainedVariance")}


class MisfitError(Exception):
    """Sizes, or a part that is missing, for which the network has to raise a ValueError."""


class Model:
    """The same network as a list of names, a set of pairs, and arrays; edits happen in place.

    An end is (layer, port); a connection goes from an end of OUTPUTS to one of INPUTS.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.edges: dict[tuple[str, str], tuple[str, str]] = {}  # what enters each input
        self.values: dict[tuple[str, str], Any] = {}
        self.factors: dict[tuple[str, str], float] = {}

    def inputs(self, name: str) -> tuple[str, ...]:
        return INPUTS.get(self.kinds[name], ("in",))

    def outputs(self, name: str) -> tuple[str, ...]:
        return OUTPUTS.get(self.kinds[name], ("out",))

    def shown(self, end: tuple[str, str]) -> str:
        """An end as Connections, InputNames and OutputNames show it."""
        return end[0] if end[1] in ("in", "out") else "/".join(end)

    def rows(self, of: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
        return [(n, p) for n, kind in self.kinds.items() for p in of.get(kind, ())]

    def input_names(self) -> list[tuple[str, str]]:
        return [(n, p) for n in self.kinds for p in self.inputs(n) if (n, p) not in self.edges]

    def output_names(self) -> list[tuple[str, str]]:
        fed = set(self.edges.values())
        return [(n, p) for n in self.kinds for p in self.outputs(n) if (n, p) not in fed]

    def ends(self, source: str, destination: str) -> tuple[Any, Any]:
        """What two texts mean. Raises MisfitError where they mean nothing."""
        found = []
        for text, ports in ((source, self.outputs), (destination, self.inputs)):
            name, _, port = text.partition("/")
            if name not in self.kinds or (port and port not in ports(name)):
                raise MisfitError
            found.append((name, port))
        (a, out), (b, into) = found
        if not out and len(self.outputs(a)) > 1:
            raise MisfitError
        free = [p for p in self.inputs(b) if (b, p) not in self.edges]
        return (a, out or self.outputs(a)[0]), (b, into or (free or self.inputs(b))[0])

    def connect(self, source: Any, destination: Any) -> None:
        if self.kinds[destination[0]] == "input" or destination in self.edges:
            raise MisfitError
        if self.reaches(destination[0], source[0]):
            raise MisfitError  # a circle
        self.edges[destination] = source

    def reaches(self, start: str, end: str) -> bool:
        follow = [d[0] for d, s in self.edges.items() if s[0] == start]
        return start == end or any([self.reaches(name, end) for name in follow])

    def add(self, new: dict[str, str]) -> None:
        """Layers with names, one after the other."""
        self.kinds |= new
        for a, b in itertools.pairwise(new):
            self.connect((a, self.outputs(a)[0]), (b, self.inputs(b)[0]))
        for row in self.rows(LEARNABLE) + self.rows(STATE):
            self.values.setdefault(row)
        for row in self.rows(LEARNABLE):
            self.factors.setdefault(row, 1.0)

    def named(self, layers: list[tuple[str, str]], taken: Any) -> dict[str, str]:
        """The kinds by name. A layer without a name is called as its kind, or with a number."""
        given = [name for _, name in layers if name]
        if len({*given, *taken}) < len(given) + len(taken):
            raise MisfitError
        used, found = {*given, *taken}, {}
        unnamed = [SHORT[kind] for kind, name in layers if not name]
        for kind, name in layers:
            short = SHORT[kind]
            if not name:
                numbers = (f"{short}_{i}" for i in itertools.count(1))
                free = itertools.chain([short] * (unnamed.count(short) == 1), numbers)
                name = next(n for n in free if n not in used)
            used.add(name)
            found[name] = kind
        return found

    def forget(self, name: str) -> None:
        del self.kinds[name]
        for table in (self.values, self.factors):
            for row in [row for row in table if row[0] == name]:
                del table[row]

    def remove(self, names: set[str]) -> None:
        for name in names:
            self.forget(name)
        self.edges = {d: s for d, s in self.edges.items() if {d[0], s[0]}.isdisjoint(names)}

    def replace(self, name: str, new: dict[str, str], by_order: bool) -> None:
        """Put others in the place of one: the first gets what entered, the last feeds on."""
        old_in, old_out, order = self.inputs(name), self.outputs(name), list(self.kinds)
        edges, self.edges = self.edges, {}
        self.forget(name)
        kept = self.kinds
        place = order.index(name)
        before, after = ({n: kept[n] for n in part} for part in (order[:place], order[place + 1 :]))
        self.kinds = before | new | after
        first, last = next(iter(new)), list(new)[-1]

        def renamed(end: tuple[str, str], old: tuple[str, ...], to: str, ports: Any) -> Any:
            if end[0] != name:
                return end
            if len(old) == 1:
                return to, ports[0]
            found = (
                ports[old.index(end[1]) :][:1] if by_order else [p for p in ports if p == end[1]]
            )
            if not found:
                raise MisfitError
            return to, found[0]

        for destination, source in edges.items():
            self.connect(renamed(source, old_out, last, self.outputs(last)),
                         renamed(destination, old_in, first, self.inputs(first)))  # fmt: skip
        self.add(new)

    # ---- sizes and numbers ----------------------------------------------------------------------

    def sizes(self) -> dict[str, int]:
        """How many channels leave each layer; three enter the network everywhere."""
        found: dict[str, int] = {}

        def size(name: str) -> int:
            if name not in found:
                ends = [self.edges.get((name, p)) for p in self.inputs(name)]
                entering = {3 if end is None else size(end[0]) for end in ends}
                kind = self.kinds[name]
                if len(entering) > 1 or (kind == "input" and entering != {3}):
                    raise MisfitError
                (count,) = entering
                self.check_parameters(name, count)
                found[name] = {"fc": 3, "wide": 4}.get(kind, count)
            return found[name]

        for name in self.kinds:
            size(name)
        return found

    def check_parameters(self, name: str, count: int) -> None:
        W = self.values.get((name, "Weights"))
        scale = self.values.get((name, "Scale"))
        if (W is not None and W.shape[1] != count) or (scale is not None and scale.size != count):
            raise MisfitError

    def predict(self, X: dict[tuple[str, str], Any]) -> list[Any]:
        """What leaves the network, in double precision."""
        if not self.kinds or any([v is None for v in self.values.values()]):
            raise MisfitError
        self.sizes()
        made: dict[str, tuple[Any, ...]] = {}

        def result(end: tuple[str, str]) -> Any:
            name = end[0]
            if name not in made:
                ends = [(name, p) for p in self.inputs(name)]
                made[name] = self.compute(name, [
                    result(self.edges[e]) if e in self.edges else X[e] for e in ends])  # fmt: skip
            return made[name][self.outputs(name).index(end[1])]

        return [result(end) for end in self.output_names()]

    def compute(self, name: str, xs: list[Any]) -> tuple[Any, ...]:
        (x, *more), kind = xs, self.kinds[name]
        p = {row[1]: v.astype(float) for row, v in self.values.items() if row[0] == name}
        if kind in ("fc", "wide"):
            return (p["Weights"] @ x + p["Bias"].reshape(-1, 1),)
        if kind == "bn":
            scale, offset, mean, variance = (p[n].reshape(-1, 1) for n in (
                "Scale", "Offset", "TrainedMean", "TrainedVariance"))  # fmt: skip
            return (scale * (x - mean) / np.sqrt(variance + 1e-5) + offset,)
        if kind == "split":
            return x, -x
        simple = {"relu": lambda: np.maximum(x, 0), "tanh": lambda: np.tanh(x),
                  "add": lambda: x + more[0], "input": lambda: x}  # fmt: skip
        return (simple[kind](),)
