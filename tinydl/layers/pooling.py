"""Pooling layers."""

from __future__ import annotations

from typing import Any

from tinydl.functions.pool import avgpool, maxpool
from tinydl.functions.reduce import mean
from tinydl.functions.window import padding_widths
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import pair, sides
from tinydl.primitives.window import visible_taps


class Pooling2dLayer(Layer):
    """What the pooling layers share: a window slid over images."""

    def _set_window(self, PoolSize: Any, Name: str, Stride: Any, Padding: Any) -> None:
        kind = type(self).__name__
        self.Name = Name
        self.PoolSize = pair(PoolSize, f"{kind}: PoolSize")
        self.Stride = pair(Stride, f"{kind}: Stride")
        self.Padding = sides(Padding, f"{kind}: Padding")

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        layout.need("SS")
        spatial = layout.size("S")
        widths = padding_widths(self.Padding, spatial, self.PoolSize, self.Stride, (1, 1))
        try:
            taps = visible_taps(spatial, self.PoolSize, stride=self.Stride, padding=widths)
        except ValueError as error:
            raise ValueError(f"it gets {layout}: {error}") from None
        return layout.replace("S", [len(outputs) for outputs in taps])


@register
class maxPooling2dLayer(Pooling2dLayer):
    """The largest element under a window of PoolSize slid over images.

    PoolSize and Stride (1) are one whole number, or [height, width]. Padding is a number,
    [vertical, horizontal], [top, bottom, left, right] or "same", and counts as −Inf.

    Example:
        >>> from tinydl import dlarray, maxPooling2dLayer
        >>> maxPooling2dLayer(2).predict(dlarray([[1, 5], [3, 2]], "SS"))
        1(S) × 1(S) dlarray
        [[5.]]
    """

    short = "maxpool"

    def __init__(self, PoolSize: Any, *, Name: str = "", Stride: Any = 1, Padding: Any = 0) -> None:
        self._set_window(PoolSize, Name, Stride, Padding)

    def predict(self, *X: dlarray) -> dlarray:
        return maxpool(X[0], self.PoolSize, Stride=self.Stride, Padding=self.Padding)


@register
class averagePooling2dLayer(Pooling2dLayer):
    """The average under a window of PoolSize slid over images.

    Options as in maxPooling2dLayer. PaddingValue=0 counts padding as zeros, "mean" leaves it out
    of the average.

    Example:
        >>> from tinydl import averagePooling2dLayer, dlarray
        >>> averagePooling2dLayer(2).predict(dlarray([[1, 5], [3, 3]], "SS"))
        1(S) × 1(S) dlarray
        [[3.]]
    """

    short = "avgpool2d"

    def __init__(
        self,
        PoolSize: Any,
        *,
        Name: str = "",
        Stride: Any = 1,
        Padding: Any = 0,
        PaddingValue: int | str = 0,
    ) -> None:
        self._set_window(PoolSize, Name, Stride, Padding)
        if PaddingValue not in (0, "mean"):
            raise ValueError(
                f'averagePooling2dLayer: PaddingValue is 0 or "mean", not {PaddingValue!r}'
            )
        self.PaddingValue = PaddingValue

    def predict(self, *X: dlarray) -> dlarray:
        return avgpool(
            X[0], self.PoolSize, Stride=self.Stride, Padding=self.Padding,
            PaddingValue=self.PaddingValue,
        )  # fmt: skip


@register
class globalAveragePooling2dLayer(Layer):
    """The average over each whole image; the spatial dimensions stay, with size 1.

    Example:
        >>> from tinydl import dlarray, globalAveragePooling2dLayer
        >>> globalAveragePooling2dLayer().predict(dlarray([[1, 5], [3, 3]], "SS"))
        1(S) × 1(S) dlarray
        [[3.]]
    """

    short = "gap"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layouts[0].need("SS")
        return layouts[0].replace("S", [1, 1])

    def predict(self, *X: dlarray) -> dlarray:
        return mean(X[0], "S")
