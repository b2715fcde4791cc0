"""What is known of an array before there is one: its labels and sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.layers.options import whole

Sizes = tuple[int | None, ...]
"""Sizes of dimensions; None where a size may vary."""


class networkDataLayout:
    """The labels and sizes of a network's input; NaN (or None) for a size that may vary.

    It stands in for an example input: ``dlnetwork(layers, networkDataLayout([28, 28, 1, NaN],
    "SSCB"))``. Size and Format are in the order S, C, B, T, U.

    Example:
        >>> from tinydl import networkDataLayout
        >>> networkDataLayout([float("nan"), 5], "BC")
        networkDataLayout(5(C) × ?(B))
    """

    def __init__(self, Size: Sequence[Any], Format: str) -> None:
        fmt = formats.check(Format, "networkDataLayout: the format")
        sizes = [None if n is None or n != n else whole(n, "networkDataLayout: a size", 0)
                 for n in Size]  # fmt: skip
        if len(sizes) != len(fmt):
            raise ValueError(f"networkDataLayout: {len(sizes)} sizes for the {len(fmt)} labels of "
                             f"{Format!r}")  # fmt: skip
        order = formats.sorting(fmt)
        self.Format = formats.permute(fmt, order)
        self.Size: Sizes = tuple([sizes[i] for i in order])

    @classmethod
    def of(cls, X: Any) -> networkDataLayout:
        """The layout of a labelled dlarray, with B and T free to vary; a layout as it is."""
        if isinstance(X, networkDataLayout):
            return X
        if not isinstance(X, dlarray) or not X.dims:
            raise TypeError(
                "an example input is a dlarray with labels, such as dlarray(zeros(28, 28, 1, 1), "
                f'"SSCB"), or a networkDataLayout; not {type(X).__name__} without labels'
            )
        return cls([None if label in "BT" else n for n, label in zip(X.shape, X.dims, strict=True)],
                   X.dims)  # fmt: skip

    def size(self, labels: str) -> tuple[Any, ...]:
        """The sizes of the dimensions with these labels."""
        return tuple([self.Size[i] for i in formats.find(self.Format, labels)])

    @property
    def channels(self) -> int:
        """The size of the C dimension; 1 if there is none."""
        return next(iter(self.size("C")), 1)

    def channel_shape(self) -> tuple[int, ...]:
        """The shape of a parameter with one value for each channel.

        It is 1×1×C after images, with as many 1 as spatial dimensions, and C×1 otherwise.
        """
        spatial = len(self.size("S"))
        return (*(1,) * spatial, self.channels) if spatial else (self.channels, 1)

    def features(self) -> int:
        """The number of elements of one observation: channels times pixels."""
        sizes = self.size("SC")
        if None in sizes:
            raise ValueError(f"it needs the sizes of S and C to be known, and gets {self}")
        return math.prod(sizes)

    def replace(self, labels: str, sizes: Sequence[Any]) -> networkDataLayout:
        """The same layout with other sizes for some labels."""
        new = list(self.Size)
        for i, n in zip(formats.find(self.Format, labels), sizes, strict=True):
            new[i] = n
        return networkDataLayout(new, self.Format)

    def without(self, labels: str) -> networkDataLayout:
        """The layout after the dimensions with these labels have gone."""
        gone = formats.find(self.Format, labels)
        sizes = [n for i, n in enumerate(self.Size) if i not in gone]
        return networkDataLayout(sizes, formats.without(self.Format, gone))

    def need(self, labels: str) -> None:
        """Raise an error if one of the labels is missing."""
        for label in labels:
            if self.Format.count(label) != labels.count(label):
                raise ValueError(
                    f"it needs the dimensions {labels} and gets {self} ({formats.MEANING})"
                )

    def __str__(self) -> str:
        sizes = ["?" if n is None else n for n in self.Size]
        return " × ".join([f"{n}({label})" for n, label in zip(sizes, self.Format, strict=True)])

    def __repr__(self) -> str:
        return f"networkDataLayout({self})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, networkDataLayout)
            and self.Format == other.Format
            and self.Size == other.Size
        )

    def __hash__(self) -> int:
        return hash((self.Format, self.Size))
