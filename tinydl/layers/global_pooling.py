"""Pooling of everything: one number for each channel and observation."""

from __future__ import annotations

from typing import Any

from tinydl.functions.pool import avgpool, maxpool
from tinydl.functions.shape import reshape
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.window import Windowed


class _GlobalPooling(Windowed, Layer):
    """Pooling over all that a window could slide over.

    Spatial dimensions stay, with size 1. The time of a sequence goes: what is left are features.
    """

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        labels = self.labels(layout.Format)
        after = layout.replace(labels, [1] * self.rank)
        return after.without("T") if "T" in labels else after

    def predict(self, *X: dlarray) -> dlarray:
        (x,) = X
        labels = self.labels(x.dims)
        Y = self._pool(x, labels)
        if "T" not in labels:
            return Y
        at = Y.dims.index("T")  # of size 1 now
        rest = reshape(Y, *Y.shape[:at], *Y.shape[at + 1 :])
        return dlarray(rest, Y.dims.replace("T", ""))

    def _pool(self, x: dlarray, labels: str) -> Any:
        raise NotImplementedError


class _GlobalMaxPooling(_GlobalPooling):
    def _pool(self, x: dlarray, labels: str) -> Any:
        return maxpool(x, "global", PoolFormat=labels)


class _GlobalAveragePooling(_GlobalPooling):
    def _pool(self, x: dlarray, labels: str) -> Any:
        return avgpool(x, "global", PoolFormat=labels)


@register
class globalMaxPooling1dLayer(_GlobalMaxPooling):
    """The largest element of each whole line, or of each sequence, which then has no T any more.

    Example:
        >>> from tinydl import dlarray, globalMaxPooling1dLayer
        >>> globalMaxPooling1dLayer().predict(dlarray([[1, 5, 3]], "CT"))
        1(C) × 1(U) dlarray
        [5.]
    """

    short = "gmp1d"
    rank = 1


@register
class globalMaxPooling2dLayer(_GlobalMaxPooling):
    """The largest element of each whole image; the spatial dimensions stay, with size 1.

    Example:
        >>> from tinydl import dlarray, globalMaxPooling2dLayer
        >>> globalMaxPooling2dLayer().predict(dlarray([[1, 5], [3, 2]], "SS"))
        1(S) × 1(S) dlarray
        [[5.]]
    """

    short = "gmp"
    rank = 2


@register
class globalMaxPooling3dLayer(_GlobalMaxPooling):
    """The largest element of each whole volume; the spatial dimensions stay, with size 1.

    Example:
        >>> from tinydl import dlarray, globalMaxPooling3dLayer, ones
        >>> globalMaxPooling3dLayer().predict(dlarray(ones(4, 4, 4, 2, 1), "SSSCB")).shape
        (1, 1, 1, 2, 1)
    """

    short = "gmp3d"
    rank = 3


@register
class globalAveragePooling1dLayer(_GlobalAveragePooling):
    """The average over each whole line, or over each sequence, which then has no T any more.

    Example:
        >>> from tinydl import dlarray, globalAveragePooling1dLayer
        >>> globalAveragePooling1dLayer().predict(dlarray([[1, 5, 3]], "CT"))
        1(C) × 1(U) dlarray
        [3.]
    """

    short = "gap1d"
    rank = 1


@register
class globalAveragePooling2dLayer(_GlobalAveragePooling):
    """The average over each whole image; the spatial dimensions stay, with size 1.

    Example:
        >>> from tinydl import dlarray, globalAveragePooling2dLayer
        >>> globalAveragePooling2dLayer().predict(dlarray([[1, 5], [3, 3]], "SS"))
        1(S) × 1(S) dlarray
        [[3.]]
    """

    short = "gap"
    rank = 2


@register
class globalAveragePooling3dLayer(_GlobalAveragePooling):
    """The average over each whole volume; the spatial dimensions stay, with size 1.

    Example:
        >>> from tinydl import dlarray, globalAveragePooling3dLayer, ones
        >>> globalAveragePooling3dLayer().predict(dlarray(ones(4, 4, 4, 2, 1), "SSSCB")).shape
        (1, 1, 1, 2, 1)
    """

    short = "gap3d"
    rank = 3
