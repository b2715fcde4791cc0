"""Layers that change the size of images: resizing, cropping, unpooling, depth to space and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinydl.functions.arguments import one_of
from tinydl.functions.convert import extractdata
from tinydl.functions.device import gather
from tinydl.functions.image import depthToSpace, dlresize, spaceToDepth
from tinydl.functions.unpool import maxunpool
from tinydl.functions.window import per_dimension
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import Sizes, networkDataLayout


class _Resizing(Layer):
    """What resize2dLayer and resize3dLayer share."""

    rank: int

    def __init__(
        self,
        *,
        Name: str = "",
        Scale: Any = None,
        OutputSize: Any = None,
        EnableReferenceInput: bool = False,
        Method: str = "nearest",
        GeometricTransformMode: str = "half-pixel",
        NearestRoundingMode: str = "round",
    ) -> None:
        kind = type(self).__name__
        self.Name = Name
        self.EnableReferenceInput = bool(EnableReferenceInput)
        if (Scale is not None) + (OutputSize is not None) + self.EnableReferenceInput != 1:
            raise ValueError(f"{kind}: give one of Scale=, OutputSize= and "
                             "EnableReferenceInput=True")  # fmt: skip
        self.Scale = None if Scale is None else _scales(Scale, self.rank, kind)
        self.OutputSize = (
            None if OutputSize is None
            else per_dimension(OutputSize, self.rank, f"{kind}: OutputSize")
        )  # fmt: skip
        one_of(Method, ("nearest", "linear"), "Method", kind)
        modes = ("half-pixel", "asymmetric")
        one_of(GeometricTransformMode, modes, "GeometricTransformMode", kind)
        one_of(NearestRoundingMode, ("round", "floor", "onnx-10"), "NearestRoundingMode", kind)
        self.Method = Method
        self.GeometricTransformMode = GeometricTransformMode
        self.NearestRoundingMode = NearestRoundingMode

    @property
    def InputNames(self) -> tuple[str, ...]:
        return ("in", "ref") if self.EnableReferenceInput else ("in",)

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layout = layouts[0]
        layout.need("S" * self.rank)
        if self.EnableReferenceInput:
            layouts[1].need("S" * self.rank)
            sizes = layouts[1].size("S")
        elif self.Scale is not None:
            sizes = tuple([None if n is None else math.floor(s * n)
                           for s, n in zip(self.Scale, layout.size("S"), strict=True)])  # fmt: skip
        else:
            sizes = self.OutputSize or ()
        return layout.replace("S", sizes)

    def predict(self, *X: dlarray) -> dlarray:
        size = X[1].shape[: self.rank] if self.EnableReferenceInput else self.OutputSize
        return dlresize(
            X[0], Scale=self.Scale, OutputSize=size, Method=self.Method,
            GeometricTransformMode=self.GeometricTransformMode,
            NearestRoundingMode=self.NearestRoundingMode,
        )  # fmt: skip


def _scales(value: Any, rank: int, kind: str) -> tuple[float, ...]:
    given = tuple(value) if hasattr(value, "__len__") else (value,) * rank
    if len(given) != rank or not all([hasattr(s, "__float__") and s > 0 for s in given]):
        raise ValueError(f"{kind}: Scale is a positive number, or {rank} of them, not {value!r}")
    return tuple([float(s) for s in given])


@register
class resize2dLayer(_Resizing):
    """Images in another size, interpolated.

    One of Scale, a number or [vertical, horizontal], OutputSize, [height, width], and
    EnableReferenceInput=True, which adds an input "ref" whose size is taken. Method is "nearest" or
    "linear"; GeometricTransformMode and NearestRoundingMode are those of ``dlresize``.

    Example:
        >>> from tinydl import dlarray, ones, resize2dLayer
        >>> resize2dLayer(Scale=2).predict(dlarray(ones(2, 3, 1, 4), "SSCB")).shape
        (4, 6, 1, 4)
    """

    short = "resize"
    rank = 2


@register
class resize3dLayer(_Resizing):
    """Volumes in another size, interpolated; options as in resize2dLayer, for three dimensions.

    Example:
        >>> from tinydl import dlarray, ones, resize3dLayer
        >>> layer = resize3dLayer(OutputSize=[2, 2, 2])
        >>> layer.predict(dlarray(ones(4, 4, 4, 1, 1), "SSSCB")).shape
        (2, 2, 2, 1, 1)
    """

    short = "resize3d"
    rank = 3


@register
class crop2dLayer(Layer):
    """The part of the first input, "in", that is as large as the second, "ref".

    Location is "centercrop" for the middle, or [x, y], the column and the row where the part
    begins, counted from 0.

    Example:
        >>> from tinydl import crop2dLayer, dlarray, ones
        >>> X, ref = dlarray(ones(5, 5, 1, 2), "SSCB"), dlarray(ones(3, 2, 4, 2), "SSCB")
        >>> crop2dLayer("centercrop").predict(X, ref).shape
        (3, 2, 1, 2)
    """

    short = "crop2d"

    def __init__(self, Location: str | Sequence[int], *, Name: str = "") -> None:
        self.Name = Name
        if isinstance(Location, str):
            one_of(Location, ("centercrop",), "Location", "crop2dLayer")
            self.Location: Any = Location
        else:
            self.Location = per_dimension(Location, 2, "crop2dLayer: Location", 0)

    @property
    def InputNames(self) -> tuple[str, ...]:
        return ("in", "ref")

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        for layout in layouts:
            layout.need("SS")
        whole, part = layouts[0].size("S"), layouts[1].size("S")
        if None not in (*whole, *part):
            self._first(whole, part)
        return layouts[0].replace("S", part)

    def predict(self, *X: dlarray) -> dlarray:
        x, ref = X
        rows, columns = ref.shape[:2]
        top, left = self._first(x.shape[:2], ref.shape[:2])
        return x[(slice(top, top + rows), slice(left, left + columns), ...)]

    def _first(self, whole: Sizes, part: Sizes) -> tuple[int, int]:
        """The row and the column where the part begins."""
        pairs = [(n or 0, m or 0) for n, m in zip(whole, part, strict=True)]
        if self.Location == "centercrop":
            top, left = [(n - m) // 2 for n, m in pairs]
        else:
            left, top = self.Location
        if any(
            [first < 0 or first + m > n for first, (n, m) in zip((top, left), pairs, strict=True)]
        ):
            raise ValueError(
                f"a part of {part[0]} × {part[1]} beginning at row {top} and column {left} is not "
                f"inside of {whole[0]} × {whole[1]}"
            )
        return top, left


@register
class maxUnpooling2dLayer(Layer):
    """What maxPooling2dLayer took away is zeros, and its result is back where it was.

    The inputs are called in, indices and size; the last two are connected to the outputs of the
    same name of a maxPooling2dLayer with HasUnpoolingOutputs=True.

    Example:
        >>> from tinydl import dlarray, maxPooling2dLayer, maxUnpooling2dLayer
        >>> pool = maxPooling2dLayer(2, HasUnpoolingOutputs=True)
        >>> maxUnpooling2dLayer().predict(*pool.predict(dlarray([[1, 5], [3, 2]], "SS")))
        2(S) × 2(S) dlarray
        [[0. 5.]
         [0. 0.]]
    """

    short = "maxunpool"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    @property
    def InputNames(self) -> tuple[str, ...]:
        return ("in", "indices", "size")

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layout, positions, _ = layouts
        layout.need("SS")
        if positions != layout:
            raise ValueError(f"its input is {layout} and the indices are {positions}; they come "
                             "from one maxPooling2dLayer")  # fmt: skip
        return layout.replace("S", [None, None])  # the numbers in size are not known yet

    def predict(self, *X: dlarray) -> dlarray:
        Y, positions, size = X
        numbers = [int(n) for n in gather(extractdata(size))]
        return maxunpool(Y, extractdata(positions).astype("int64"), numbers)


@register
class depthToSpace2dLayer(Layer):
    """Channels laid out as blocks of pixels: images grow by BlockSize, their channels get fewer.

    BlockSize is a whole number, or [height, width]. Mode is "dcr" or "crd", as in ``depthToSpace``.

    Example:
        >>> from tinydl import depthToSpace2dLayer, dlarray, ones
        >>> depthToSpace2dLayer(2).predict(dlarray(ones(3, 3, 8, 1), "SSCB")).shape
        (6, 6, 2, 1)
    """

    short = "depthToSpace"

    def __init__(self, BlockSize: Any, *, Name: str = "", Mode: str = "dcr") -> None:
        self.Name = Name
        self.BlockSize = per_dimension(BlockSize, 2, "depthToSpace2dLayer: BlockSize")
        one_of(Mode, ("dcr", "crd"), "Mode", "depthToSpace2dLayer")
        self.Mode = Mode

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        layout.need("SSC")
        area = math.prod(self.BlockSize)
        if layout.channels % area:
            raise ValueError(f"its blocks of {area} pixels need a multiple of {area} channels, and "
                             f"it gets {layout}")  # fmt: skip
        sizes = [None if n is None else n * b
                 for n, b in zip(layout.size("S"), self.BlockSize, strict=True)]  # fmt: skip
        return layout.replace("S", sizes).replace("C", [layout.channels // area])

    def predict(self, *X: dlarray) -> dlarray:
        return depthToSpace(X[0], self.BlockSize, Mode=self.Mode)


@register
class spaceToDepthLayer(Layer):
    """Blocks of pixels laid out as channels: images shrink by BlockSize, their channels get more.

    BlockSize is a whole number, or [height, width].

    Example:
        >>> from tinydl import dlarray, ones, spaceToDepthLayer
        >>> spaceToDepthLayer(2).predict(dlarray(ones(6, 6, 2, 1), "SSCB")).shape
        (3, 3, 8, 1)
    """

    short = "spaceToDepth"

    def __init__(self, BlockSize: Any, *, Name: str = "") -> None:
        self.Name = Name
        self.BlockSize = per_dimension(BlockSize, 2, "spaceToDepthLayer: BlockSize")

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        layout.need("SSC")
        sizes = [None if n is None else n // b
                 for n, b in zip(layout.size("S"), self.BlockSize, strict=True)]  # fmt: skip
        channels = layout.channels * math.prod(self.BlockSize)
        return layout.replace("S", sizes).replace("C", [channels])

    def predict(self, *X: dlarray) -> dlarray:
        return spaceToDepth(X[0], self.BlockSize)
