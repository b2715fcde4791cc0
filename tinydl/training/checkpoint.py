"""Checkpoints: all that trainnet needs to go on as if it had not been interrupted."""

from __future__ import annotations

import math
import os
import re
from typing import Any

from tinydl.functions.device import gather
from tinydl.functions.random import rng
from tinydl.network.net import dlnetwork
from tinydl.network.solver_state import lbfgsState
from tinydl.network.table import Table
from tinydl.store.files import load, save

NAME = "net_checkpoint__{iteration}.npz"
PATTERN = re.compile(r"net_checkpoint__(\d+)\.npz")
PARTS = {"net", "solver", "solverState", "epoch", "iteration", "position", "order", "generator",
         "training", "validation", "best", "worse", "seconds"}  # fmt: skip


def write(folder: str, parts: dict[str, Any]) -> None:
    """A file with these parts and the position of the random numbers.

    save gives it its name when it is complete: a program that is killed leaves whole files only.
    """
    os.makedirs(folder, exist_ok=True)
    file = os.path.join(folder, NAME.format(iteration=parts["iteration"]))
    save(file, **gather(parts), generator=rng())


def read(place: Any) -> tuple[str, dict[str, Any]]:
    """The name and the parts of a file, or of the latest one in a folder.

    Raises ValueError for one that trainnet did not write, OSError if there is none.
    """
    path = os.fspath(place)
    if os.path.isdir(path):
        found = {int(m[1]): m[0] for m in map(PATTERN.fullmatch, os.listdir(path)) if m}
        if not found:
            raise FileNotFoundError(f"trainnet: Resume: the folder {path} has no checkpoint; leave "
                                    "Resume= out to begin anew")  # fmt: skip
        path = os.path.join(path, found[max(found)])
    parts = load(path)
    if not isinstance(parts, dict) or set(parts) != PARTS:
        raise ValueError(f"trainnet: Resume: {path} is not a checkpoint of trainnet; a network "
                         "goes on from load(file) as the third argument")  # fmt: skip
    for name, value in parts.items():
        if not _is_possible(name, value, parts):
            raise ValueError(f"trainnet: Resume: {path} is damaged: its {name} is none that "
                             "trainnet writes; take another checkpoint")  # fmt: skip
    return path, parts


def sizes(net: dlnetwork) -> list[Any]:
    """Layer, name and size of every learnable parameter."""
    return _sizes(net.Learnables)


def _is_possible(name: str, value: Any, parts: dict[str, Any]) -> bool:
    """Whether a part has a value that a training can have."""
    if name == "net":
        return _is_network(value)
    if name == "solverState":
        return _is_solver_state(value, parts["solver"], parts["net"])
    if name == "best":
        return isinstance(value, dict) and (not value or _is_best(value, parts["net"]))
    if name in ("training", "validation"):
        return isinstance(value, dict) and _are_columns(list(value.values()))
    if name == "order":
        return value is None or (isinstance(value, list) and all(map(_is_count, value))
                                 and sorted(value) == list(range(len(value))))  # fmt: skip
    if name in ("epoch", "iteration", "position", "worse"):
        return _is_count(value)
    if name == "seconds":
        return type(value) is float and 0 <= value < math.inf
    return isinstance(value, dict if name == "generator" else str)


def _is_network(value: Any) -> bool:
    return isinstance(value, dlnetwork) and value.Initialized


def _is_solver_state(value: Any, solver: Any, net: Any) -> bool:
    if isinstance(value, list) and not value:  # before the first step
        return True
    if solver == "lbfgs":
        return isinstance(value, lbfgsState) and _fits(value.Gradients, net)
    if solver == "adam":
        return isinstance(value, list) and len(value) == 2 and all([_fits(t, net) for t in value])
    return _fits(value, net)


def _is_best(value: dict[Any, Any], net: Any) -> bool:
    """Whether this is what is kept of the network with the least loss of validation."""
    return (
        value.keys() == {"loss", "iteration", "net"}
        and isinstance(value["loss"], float)
        and _is_count(value["iteration"])
        and _is_network(value["net"])
        and _fits(value["net"].Learnables, net)
    )


def _fits(table: Any, net: Any) -> bool:
    """Whether a table has a value for each learnable parameter of a network."""
    return _is_network(net) and isinstance(table, Table) and _sizes(table) == sizes(net)


def _sizes(table: Table) -> list[Any]:
    return [(*row[:2], None if row.Value is None else row.Value.shape) for row in table]


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _are_columns(columns: list[Any]) -> bool:
    """Whether these are lists of numbers, all of one length."""
    return all([isinstance(c, list) and len(c) == len(columns[0]) for c in columns]) and all(
        [hasattr(x, "__float__") for c in columns for x in c]
    )
