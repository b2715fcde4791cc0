"""Pooling layers: the largest element, or the average, under a window or of everything."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of
from tinydl.functions.pool import avgpool, maxpool
from tinydl.functions.window import padding_widths
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.window import Windowed, chosen
from tinydl.primitives.window import visible_taps


class _Pooling(Windowed, Layer):
    """A layer that slides a window of PoolSize."""

    PoolSize: tuple[int, ...]
    Stride: tuple[int, ...]
    Padding: Any

    def _set_window(self, PoolSize: Any, Name: str, Stride: Any, Padding: Any) -> None:
        self.Name = Name
        self.PoolSize = self._numbers(PoolSize, "PoolSize")
        self.Stride = self._numbers(Stride, "Stride")
        self.Padding = self._sides(Padding, "Padding")

    def output(self, *layouts: networkDataLayout) -> Any:
        return self.slid(layouts[0], self._slide)

    def _slide(self, spatial: tuple[int, ...], places: tuple[int, ...]) -> tuple[int, ...]:
        size, stride = chosen(self.PoolSize, places), chosen(self.Stride, places)
        padding = self.Padding
        if not isinstance(padding, str):
            padding = [chosen(row, places) for row in padding]
        if not places:
            return ()
        widths = padding_widths(padding, spatial, size, stride, (1,) * len(places))
        taps = visible_taps(spatial, size, stride=stride, padding=widths)
        return tuple([len(outputs) for outputs in taps])


class _MaxPooling(_Pooling):
    """What maxPooling1dLayer and maxPooling3dLayer share."""

    def __init__(self, PoolSize: Any, *, Name: str = "", Stride: Any = 1, Padding: Any = 0) -> None:
        self._set_window(PoolSize, Name, Stride, Padding)

    def predict(self, *X: dlarray) -> Any:
        return maxpool(
            X[0], self.PoolSize, Stride=self.Stride, Padding=self.Padding,
            PoolFormat=self.labels(X[0].dims),
        )  # fmt: skip


@register
class maxPooling1dLayer(_MaxPooling):
    """The largest element under a window of PoolSize slid over sequences, or over lines.

    The window slides over S, or over T if there is no S. PoolSize and Stride (1) are whole numbers.
    Padding is a number, [left, right] or "same", and counts as −Inf.

    Example:
        >>> from tinydl import dlarray, maxPooling1dLayer
        >>> maxPooling1dLayer(2).predict(dlarray([[1, 5, 2]], "CT"))
        1(C) × 2(T) dlarray
        [[5. 5.]]
    """

    short = "maxpool1d"
    rank = 1


@register
class maxPooling2dLayer(_MaxPooling):
    """The largest element under a window of PoolSize slid over images.

    PoolSize and Stride (1) are one whole number, or [height, width]. Padding is a number,
    [vertical, horizontal], [top, bottom, left, right] or "same", and counts as −Inf.

    With HasUnpoolingOutputs=True there are three outputs, out, indices and size, which
    maxUnpooling2dLayer takes: connect each to the input of its name.

    Example:
        >>> from tinydl import dlarray, maxPooling2dLayer
        >>> maxPooling2dLayer(2).predict(dlarray([[1, 5], [3, 2]], "SS"))
        1(S) × 1(S) dlarray
        [[5.]]
    """

    short = "maxpool"
    rank = 2

    def __init__(
        self,
        PoolSize: Any,
        *,
        Name: str = "",
        Stride: Any = 1,
        Padding: Any = 0,
        HasUnpoolingOutputs: bool = False,
    ) -> None:
        self._set_window(PoolSize, Name, Stride, Padding)
        self.HasUnpoolingOutputs = bool(HasUnpoolingOutputs)

    @property
    def OutputNames(self) -> tuple[str, ...]:
        return ("out", "indices", "size") if self.HasUnpoolingOutputs else ("out",)

    def output(self, *layouts: networkDataLayout) -> Any:
        after = super().output(*layouts)
        if not self.HasUnpoolingOutputs:
            return after
        return after, after, networkDataLayout([len(layouts[0].Format)], "U")

    def predict(self, *X: dlarray) -> Any:
        if not self.HasUnpoolingOutputs:
            return super().predict(*X)
        (x,) = X
        Y, positions, size = maxpool(
            x, self.PoolSize, Stride=self.Stride, Padding=self.Padding,
            PoolFormat=self.labels(x.dims), nargout=3,
        )  # fmt: skip
        sizes = on_device_of(plain(x._value), host.asarray(size, "float64"))
        return Y, dlarray(positions.astype("float64"), Y.dims), dlarray(sizes, "U")


@register
class maxPooling3dLayer(_MaxPooling):
    """The largest element under a window of PoolSize slid over volumes, or over images and time.

    PoolSize and Stride (1) are one whole number, or [height, width, depth]. Padding is a number,
    one for each dimension, two rows of three (before and after) or "same", and counts as −Inf.

    Example:
        >>> from tinydl import dlarray, maxPooling3dLayer, ones
        >>> maxPooling3dLayer(2).predict(dlarray(ones(4, 4, 4, 1, 1), "SSSCB")).shape
        (3, 3, 3, 1, 1)
    """

    short = "maxpool3d"
    rank = 3


class _AveragePooling(_Pooling):
    """What averagePooling1dLayer to averagePooling3dLayer share."""

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
                f'{type(self).__name__}: PaddingValue is 0 or "mean", not {PaddingValue!r}'
            )
        self.PaddingValue = PaddingValue

    def predict(self, *X: dlarray) -> dlarray:
        return avgpool(
            X[0], self.PoolSize, Stride=self.Stride, Padding=self.Padding,
            PaddingValue=self.PaddingValue, PoolFormat=self.labels(X[0].dims),
        )  # fmt: skip


@register
class averagePooling1dLayer(_AveragePooling):
    """The average under a window of PoolSize slid over sequences, or over lines.

    Options as in maxPooling1dLayer. PaddingValue=0 counts padding as zeros, "mean" leaves it out
    of the average.

    Example:
        >>> from tinydl import averagePooling1dLayer, dlarray
        >>> averagePooling1dLayer(2).predict(dlarray([[1, 5, 3]], "CT"))
        1(C) × 2(T) dlarray
        [[3. 4.]]
    """

    short = "avgpool1d"
    rank = 1


@register
class averagePooling2dLayer(_AveragePooling):
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
    rank = 2


@register
class averagePooling3dLayer(_AveragePooling):
    """The average under a window of PoolSize slid over volumes, or over images and time.

    Options as in maxPooling3dLayer. PaddingValue=0 counts padding as zeros, "mean" leaves it out
    of the average.

    Example:
        >>> from tinydl import averagePooling3dLayer, dlarray, ones
        >>> averagePooling3dLayer(2).predict(dlarray(ones(4, 4, 4, 1, 1), "SSSCB")).shape
        (3, 3, 3, 1, 1)
    """

    short = "avgpool3d"
    rank = 3
