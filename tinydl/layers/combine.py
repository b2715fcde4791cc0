"""Layers with several inputs: sums, products, and inputs laid one after the other."""

from __future__ import annotations

import functools
import operator

from tinydl.functions.shape import cat
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import Sizes, networkDataLayout
from tinydl.layers.options import whole


class _Combining(Layer):
    """A layer with the inputs in1, in2, …"""

    NumInputs: int

    @property
    def InputNames(self) -> tuple[str, ...]:
        return tuple([f"in{i + 1}" for i in range(self.NumInputs)])


class _Expanding(_Combining):
    """A layer whose inputs have one format, and sizes that are equal or 1."""

    verb: str

    def __init__(self, NumInputs: int, *, Name: str = "") -> None:
        self.Name = Name
        self.NumInputs = whole(NumInputs, f"{type(self).__name__}: NumInputs", 2)

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        first = layouts[0]
        for other in layouts[1:]:
            if other.Format != first.Format or any(
                m != n and 1 not in (m, n) for m, n in zip(first.Size, other.Size, strict=True)
            ):
                raise ValueError(f"it {self.verb} inputs of equal sizes and gets {first} and "
                                 f"{other}")  # fmt: skip
        sizes = [_larger(n) for n in zip(*[layout.Size for layout in layouts], strict=True)]
        return networkDataLayout(sizes, first.Format)


@register
class additionLayer(_Expanding):
    """The sum of NumInputs inputs, which are called in1, in2, …

    They have one format, and equal sizes or size 1, which is repeated.

    Example:
        >>> from tinydl import additionLayer, dlarray
        >>> additionLayer(2).predict(dlarray([1], "C"), dlarray([2], "C"))
        1(C) × 1(U) dlarray
        [3.]
    """

    short = "addition"
    verb = "adds"

    def __init__(self, NumInputs: int, *, Name: str = "") -> None:
        super().__init__(NumInputs, Name=Name)

    def predict(self, *X: dlarray) -> dlarray:
        return functools.reduce(operator.add, X)


@register
class multiplicationLayer(_Expanding):
    """The product, element by element, of NumInputs inputs, which are called in1, in2, …

    They have one format, and equal sizes or size 1, which is repeated.

    Example:
        >>> from tinydl import dlarray, multiplicationLayer
        >>> multiplicationLayer(2).predict(dlarray([3], "C"), dlarray([2], "C"))
        1(C) × 1(U) dlarray
        [6.]
    """

    short = "multiplication"
    verb = "multiplies"

    def __init__(self, NumInputs: int, *, Name: str = "") -> None:
        super().__init__(NumInputs, Name=Name)

    def predict(self, *X: dlarray) -> dlarray:
        return functools.reduce(operator.mul, X)


class _Joining(_Combining):
    """A layer that lays its inputs one after the other along one dimension."""

    def _along(self, layout: networkDataLayout) -> int:
        raise NotImplementedError

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        first = layouts[0]
        at = self._along(first)
        for other in layouts[1:]:
            if other.Format != first.Format or _without(other, at) != _without(first, at):
                raise ValueError(
                    f"it joins inputs of one format, whose sizes differ only in dimension {at} "
                    f"({first.Format[at]}), and gets {first} and {other}"
                )
        sizes = list(first.Size)
        joined = [layout.Size[at] for layout in layouts]
        sizes[at] = None if None in joined else sum([n for n in joined if n is not None])
        return networkDataLayout(sizes, first.Format)

    def predict(self, *X: dlarray) -> dlarray:
        joined: dlarray = cat(None, *X, axis=self._along(networkDataLayout.of(X[0])))
        return joined


@register
class concatenationLayer(_Joining):
    """NumInputs inputs, called in1, in2, …, laid one after the other along a dimension.

    The dimension is a label, ``concatenationLayer("C", 2)``, or a position from 0,
    ``concatenationLayer(None, 2, axis=0)``, as in ``cat``. The inputs have one format, and equal
    sizes in the other dimensions.

    Example:
        >>> from tinydl import concatenationLayer, dlarray
        >>> concatenationLayer("C", 2).predict(dlarray([1], "C"), dlarray([2, 3], "C"))
        3(C) × 1(U) dlarray
        [1. 2. 3.]
    """

    short = "concat"

    def __init__(
        self, Dim: str | None, NumInputs: int, *, Name: str = "", axis: int | None = None
    ) -> None:
        self.Name = Name
        self.NumInputs = whole(NumInputs, "concatenationLayer: NumInputs", 2)
        if (Dim is None) == (axis is None):
            raise ValueError(
                'concatenationLayer: name the dimension once, concatenationLayer("C", 2) by label '
                "or concatenationLayer(None, 2, axis=0) by position"
            )
        if Dim is not None and not isinstance(Dim, str):
            raise TypeError(
                f"concatenationLayer: {Dim!r} as a dimension could count from 0 or from 1; write "
                f'concatenationLayer("C", {NumInputs}) by label or concatenationLayer(None, '
                f"{NumInputs}, axis=0) by position, counted from 0"
            )
        self.Dim = None if Dim is None else formats.check(Dim, "concatenationLayer: the dimension")
        self.axis = None if axis is None else whole(axis, "concatenationLayer: axis", 0)

    def _along(self, layout: networkDataLayout) -> int:
        if self.axis is not None:
            if self.axis >= len(layout.Format):
                raise ValueError(f"axis={self.axis} of {layout}; its axes are 0 to "
                                 f"{len(layout.Format) - 1}")  # fmt: skip
            return self.axis
        found = formats.find(layout.Format, self.Dim or "")
        if len(found) != 1:
            raise ValueError(f"{layout} has {len(found)} dimensions {self.Dim}; name one by axis=")
        return found[0]


@register
class depthConcatenationLayer(_Joining):
    """NumInputs inputs, called in1, in2, …, laid one after the other along their channels.

    Example:
        >>> from tinydl import depthConcatenationLayer, dlarray
        >>> depthConcatenationLayer(2).predict(dlarray([1], "C"), dlarray([2, 3], "C"))
        3(C) × 1(U) dlarray
        [1. 2. 3.]
    """

    short = "depthcat"

    def __init__(self, NumInputs: int, *, Name: str = "") -> None:
        self.Name = Name
        self.NumInputs = whole(NumInputs, "depthConcatenationLayer: NumInputs", 2)

    def _along(self, layout: networkDataLayout) -> int:
        layout.need("C")
        return layout.Format.index("C")


def _larger(sizes: Sizes) -> int | None:
    """The size after expansion: what varies, or the largest."""
    return None if None in sizes else max([n for n in sizes if n is not None])


def _without(layout: networkDataLayout, at: int) -> Sizes:
    return layout.Size[:at] + layout.Size[at + 1 :]
