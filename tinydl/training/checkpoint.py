"""Checkpoints: all that trainnet needs to go on as if it had not been interrupted."""

from __future__ import annotations

import os
import re
from typing import Any

from tinydl.functions.device import gather
from tinydl.functions.random import rng
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


def read(place: Any) -> dict[str, Any]:
    """The parts of a file, or of the latest one in a folder; random numbers continue from there."""
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
    rng(parts["generator"])
    return parts
