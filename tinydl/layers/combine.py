"""Layers with several inputs."""

from __future__ import annotations

from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import whole


@register
class additionLayer(Layer):
    """The sum of NumInputs inputs, which are called in1, in2, …

    Example:
        >>> from tinydl import additionLayer, dlarray
        >>> additionLayer(2).predict(dlarray([1], "C"), dlarray([2], "C"))
        1(C) × 1(U) dlarray
        [3.]
    """

    short = "addition"

    def __init__(self, NumInputs: int, *, Name: str = "") -> None:
        self.Name = Name
        self.NumInputs = whole(NumInputs, "additionLayer: NumInputs", 2)

    @property
    def InputNames(self) -> tuple[str, ...]:
        return tuple([f"in{i + 1}" for i in range(self.NumInputs)])

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        first = layouts[0]
        for other in layouts[1:]:
            if other.Format != first.Format or any(
                m != n and 1 not in (m, n) for m, n in zip(first.Size, other.Size, strict=True)
            ):
                raise ValueError(f"it adds inputs of equal sizes and gets {first} and {other}")
        sizes = [_larger(n) for n in zip(*[layout.Size for layout in layouts], strict=True)]
        return networkDataLayout(sizes, first.Format)

    def predict(self, *X: dlarray) -> dlarray:
        total = X[0]
        for x in X[1:]:
            total = total + x
        return total


def _larger(sizes: tuple[int | None, ...]) -> int | None:
    """The size after expansion: what varies, or the largest."""
    return None if None in sizes else max([n for n in sizes if n is not None])
