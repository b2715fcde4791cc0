"""The numbers that a workload is about: drawn from a fixed seed, the same for every library.

Arrays stand in tinydl's order of dimensions (space, channels, batch); PyTorch's, which counts the
last dimension fastest, is the reverse.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

WINDOWS = (5, 3, 3)  # of the convolutions of the image network; the second and third are padded
CLASSES = 10
LEARN_RATE = 1e-6
"""Small, as the offsets of the image network are large: the loss falls, however often it is run."""


@dataclass(frozen=True)
class Problem:
    """Arrays by name, and the parameters of a network in the order of its tables."""

    data: dict[str, Any]
    learnables: list[Any] = field(default_factory=list)
    state: list[Any] = field(default_factory=list)


def images(batch: int, channels: int, size: int) -> Problem:
    """Square grey images in single precision, their classes, and a network of three convolutions.

    The images look like nothing: what is measured does not depend on what they show.
    """
    draw = np.random.default_rng(1)
    given, rest = 1, size - WINDOWS[0] + 1
    learnables: list[Any] = []
    state: list[Any] = []
    for window in WINDOWS:
        shape = (window, window, given, channels)
        learnables += [draw.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:3]))]
        learnables += _bias_offset_scale(draw, (1, 1, channels))
        learnables[-2] = _off_the_kink(learnables[-1])
        state += _statistics(draw, (1, 1, channels))
        given = channels
    count = rest * rest * channels
    learnables += [draw.standard_normal((CLASSES, count)) / np.sqrt(count), np.zeros((CLASSES, 1))]
    labels = draw.integers(0, CLASSES, batch)
    data = {
        "images": _single(draw.random((size, size, 1, batch))),
        "mean": _single(np.full((size, size, 1), 0.5)),
        "labels": labels,
        "targets": _single(np.eye(CLASSES)[:, labels]),
    }
    return Problem(data, [_single(p) for p in learnables], [_single(p) for p in state])


def few(problem: Problem) -> Problem:
    """The first two images, for the comparison of each parameter's gradient by itself.

    Among the millions of arguments of relu in a whole batch some are so close to 0 that rounding
    decides on which side they are; a gradient in single precision then differs by more than 1e-4.
    """
    fewer = {name: problem.data[name][..., :2] for name in ("images", "targets", "labels")}
    return replace(problem, data=problem.data | {k: np.array(v) for k, v in fewer.items()})


def numbered(found: dict[str, Any]) -> dict[str, Any]:
    """Lists taken apart: an entry for each of their elements."""
    lists = {name: v if isinstance(v, list) else [v] for name, v in found.items()}
    return {f"{name} {i}": v for name, values in lists.items() for i, v in enumerate(values)}


def together(arrays: dict[str, Any]) -> Any:
    """All in one, so that what is compared is relative to the largest element of all."""
    return np.concatenate([array.ravel() for array in arrays.values()])


def points(count: int, hidden: int, neurons: int) -> Problem:
    """Points (x, t) in double precision, four targets each, and a deep network of full layers."""
    draw = np.random.default_rng(2)
    given = 2
    learnables: list[Any] = []
    state: list[Any] = []
    for _ in range(hidden):
        learnables += [draw.standard_normal((neurons, given)) * np.sqrt(2 / given)]
        learnables += _bias_offset_scale(draw, (neurons, 1))
        state += _statistics(draw, (neurons, 1))
        given = neurons
    learnables += [draw.standard_normal((4, given)) / np.sqrt(given), np.zeros((4, 1))]
    x, t = 2 * np.pi * draw.standard_normal((2, 1, count))
    return Problem({"x": x, "t": t, "targets": draw.standard_normal((4, count))}, learnables, state)


def vector(elements: int, steps: int) -> Problem:
    """A few numbers in double precision, for many operations on small arrays."""
    draw = np.random.default_rng(3)
    start, factor, shift = draw.standard_normal((3, elements))
    return Problem({"start": start, "factor": factor, "shift": shift, "steps": np.array(steps)})


def sequences(channels: int, units: int, batch: int, steps: int) -> Problem:
    """Sequences for one long short-term memory, in single precision."""
    draw = np.random.default_rng(4)
    scaled = lambda rows, columns: draw.standard_normal((rows, columns)) / np.sqrt(columns)
    arrays = {
        "X": draw.standard_normal((channels, batch, steps)),
        "weights": scaled(4 * units, channels),
        "recurrent": scaled(4 * units, units),
        "bias": 0.1 * draw.standard_normal((4 * units, 1)),
    }
    return Problem({name: _single(array) for name, array in arrays.items()})


def attended(channels: int, heads: int, batch: int, steps: int) -> Problem:
    """Queries, keys and values in single precision."""
    arrays = np.random.default_rng(5).standard_normal((3, channels, batch, steps))
    queries, keys, values = map(_single, arrays)
    return Problem({"queries": queries, "keys": keys, "values": values, "heads": np.array(heads)})


def pooled(size: int, channels: int, batch: int) -> Problem:
    """Images no two numbers of which are equal, so that every window has one largest element."""
    shape = (size, size, channels, batch)
    numbers = np.random.default_rng(6).permutation(np.prod(shape)) / np.prod(shape)
    return Problem({"X": _single(numbers.reshape(shape))})


def filtered(
    space: tuple[int, ...], channels: int, batch: int, window: int, filters: int, groups: int = 1
) -> Problem:
    """Something with channels over one to three dimensions of space, and filters for it."""
    draw = np.random.default_rng(7)
    windows = (window,) * len(space)
    shape: tuple[int, ...] = (*windows, channels // groups, filters // groups)
    deviation = 1 / np.sqrt(np.prod(shape[:-1]))
    shape = (*shape, groups) if groups > 1 else shape
    return Problem(
        {
            "X": _single(draw.standard_normal((*space, channels, batch))),
            "weights": _single(deviation * draw.standard_normal(shape)),
            "bias": _single(draw.standard_normal(filters)),
        }
    )


def _bias_offset_scale(draw: np.random.Generator, shape: tuple[int, ...]) -> list[Any]:
    return [np.zeros(shape), 0.1 * draw.standard_normal(shape), draw.uniform(0.5, 1.5, shape)]


def _off_the_kink(scale: Any) -> Any:
    """Offsets of batch normalization that keep relu's argument away from 0, in either direction.

    There rounding decides whether a gradient passes: see few.
    """
    signs = np.where(np.arange(scale.size) % 4 == 3, -1, 1)
    return 3 * scale * signs


def _statistics(draw: np.random.Generator, shape: tuple[int, ...]) -> list[Any]:
    """A mean and a variance."""
    return [0.1 * draw.standard_normal(shape), draw.uniform(0.5, 1.5, shape)]


def _single(array: Any) -> Any:
    return np.ascontiguousarray(array, dtype=np.float32)
