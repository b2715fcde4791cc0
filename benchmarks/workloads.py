"""What is measured: the table of workloads.

A workload names its numbers (a function of problems.py and sizes) and what is done with them: a
function that with_tinydl.py and with_torch.py both have, and its options. The tiny sizes are those
of the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any, NamedTuple

from benchmarks import problems
from benchmarks.problems import Problem

SINGLE, DOUBLE = 1e-4, 1e-9  # how far a loss or a gradient may be from PyTorch's


class Prepared(NamedTuple):
    """A workload that is ready to run in one library."""

    run: Callable[[], Any]
    answers: Callable[[], dict[str, Any]]
    """Loss, gradients and State by name, from the parameters of the problem."""


@dataclass(frozen=True)
class Workload:
    name: str
    problem: Callable[..., Problem]
    sizes: dict[str, Any]
    tiny: dict[str, Any]
    does: str
    options: dict[str, Any] = field(default_factory=dict)
    tolerance: float = SINGLE
    operations: int = 0
    """How many operations on small arrays one run is, where that is what it is about."""
    needs: str = ""
    """A public name of tinydl without which the workload is left out."""

    def draw(self, is_tiny: bool = False) -> Problem:
        return self.problem(**(self.tiny if is_tiny else self.sizes))


def _images(name: str, does: str, **sizes: int) -> Workload:
    usual = {"batch": 128, "channels": 20, "size": 28}
    return Workload(
        name, problems.images, usual | sizes, {"batch": 3, "channels": 2, "size": 8}, does
    )


def _image_rows() -> list[Workload]:
    changes: list[tuple[str, dict[str, int]]] = [("", {})]
    changes += [(f", batch {n}", {"batch": n}) for n in (1, 8, 16, 32, 512)]
    changes += [(f", {n} channels", {"channels": n}) for n in (64, 128)]
    changes += [(", images of 64", {"size": 64})]
    rows = []
    for change, sizes in changes:
        train, infer = (
            _images(f"A {what}{change}", f"{what}_images", **sizes) for what in ("train", "infer")
        )
        rows.append(train)
        if change in ("", ", batch 1", ", batch 8"):
            rows.append(_accelerated(train))
        if change != ", batch 16":
            rows.append(infer)
    return rows


def _points(name: str, does: str, **options: Any) -> Workload:
    usual = {"count": 1000, "hidden": 8, "neurons": 80}
    tiny = {"count": 5, "hidden": 2, "neurons": 3}
    return Workload(name, problems.points, usual, tiny, does, options, DOUBLE)


def _small(name: str, **options: Any) -> Workload:
    usual, tiny = {"elements": 10, "steps": 100}, {"elements": 2, "steps": 2}
    return Workload(f"600 small operations, {name}", problems.vector, usual, tiny, "small_arrays",
                    options, DOUBLE, operations=600)  # fmt: skip


def _accelerated(workload: Workload) -> Workload:
    """The same with tinydl's dlaccelerate; PyTorch does what it did."""
    fields = workload.__dict__ | {
        "name": f"{workload.name}, dlaccelerate",
        "options": workload.options | {"accelerate": True},
        "needs": "dlaccelerate",
    }
    return Workload(**fields)


def _pool(name: str, window: int, kind: str) -> Workload:
    usual, tiny = {"size": 28, "channels": 32, "batch": 64}, {"size": 5, "channels": 2, "batch": 2}
    return Workload(name, problems.pooled, usual, tiny, "pooling", {"kind": kind, "window": window})


def _convolution(
    name: str, space: tuple[int, ...], channels: int, batch: int, window: int = 3, *,
    filters: int, groups: int = 1, **options: int,
) -> Workload:  # fmt: skip
    same = {"window": window, "groups": groups}
    usual = same | {"space": space, "channels": channels, "batch": batch, "filters": filters}
    small = (6,) * len(space)
    tiny = same | {"space": small, "channels": 2 * groups, "batch": 2, "filters": groups}
    return Workload(f"convolution, {name}", problems.filtered, usual, tiny, "convolution", options)


GRADIENT = _small("gradient", what="gradient")
SECOND = _small("gradient of the gradient", what="second")
TRAIN, *OTHER_IMAGES = _image_rows()
POINTS = _points("B forward + gradient", "gradient_points")
RESIDUAL = _points("PINN", "residual")

WORKLOADS: list[Workload] = [
    TRAIN,
    *OTHER_IMAGES,
    _points("B forward", "forward_points"),
    _points("B forward, recorded", "forward_points", recorded=True),
    POINTS,
    _accelerated(POINTS),
    RESIDUAL,
    _accelerated(RESIDUAL),
    _points("PINN, by dllaplacian", "residual", by_laplacian=True),
    _small("recorded", what="recorded"),
    GRADIENT,
    _accelerated(GRADIENT),
    SECOND,
    _accelerated(SECOND),
    Workload("lstm, 100 steps", problems.sequences,
             {"channels": 32, "units": 64, "batch": 32, "steps": 100},
             {"channels": 2, "units": 3, "batch": 2, "steps": 4}, "lstm"),
    Workload("attention", problems.attended,
             {"channels": 64, "heads": 4, "batch": 32, "steps": 100},
             {"channels": 4, "heads": 2, "batch": 2, "steps": 3}, "attention"),
    _pool("max pooling 2×2", 2, "max"),
    _pool("max pooling 3×3, overlapping", 3, "max"),
    _pool("average pooling 2×2", 2, "average"),
    _convolution("3×3", (28, 28), 32, 32, filters=64, padding=1),
    _convolution("strided", (56, 56), 32, 32, filters=64, stride=2, padding=1),
    _convolution("dilated", (28, 28), 32, 32, filters=64, dilation=2, padding=2),
    _convolution("grouped", (28, 28), 64, 32, filters=64, groups=4, padding=1),
    _convolution("channel-wise", (28, 28), 64, 32, filters=64, groups=64, padding=1),
    _convolution("1-D", (256,), 32, 64, 5, filters=64, padding=2),
    _convolution("3-D", (16, 16, 16), 8, 8, filters=16, padding=1),
]  # fmt: skip


def chosen(patterns: str) -> list[Workload]:
    """Those of the given names, which are separated by | and may hold signs like *.

    What is no name is the beginning of names: "A train" is one workload, "A train*" are all of
    them, and so is "A tr".
    """
    wanted = [pattern.strip() for pattern in patterns.split("|")]
    names = {workload.name for workload in WORKLOADS}
    whole = [pattern if pattern in names else f"{pattern}*" for pattern in wanted]
    return [w for w in WORKLOADS if any(fnmatch(w.name, pattern) for pattern in whole)]


def named(name: str) -> Workload:
    return next(workload for workload in WORKLOADS if workload.name == name)
