"""Picking one position out of a sequence."""

from __future__ import annotations

from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.layers.attention import check_positions
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import whole
from tinydl.primitives.shape import reshape, take


@register
class indexing1dLayer(Layer):
    """What stands at one position of a sequence or line, without its dimension T or S.

    Index is "first" (default), "last", or a position counted from 0. Behind selfAttentionLayer it
    takes the position that stands for the whole sequence.

    Example:
        >>> from tinydl import dlarray, indexing1dLayer
        >>> indexing1dLayer("last").predict(dlarray([[1, 2, 3], [4, 5, 6]], "CT"))
        2(C) × 1(U) dlarray
        [3. 6.]
    """

    short = "layer"

    def __init__(self, Index: int | str = "first", *, Name: str = "") -> None:
        self.Name = Name
        if isinstance(Index, str) and Index not in ("first", "last"):
            raise ValueError(
                f'indexing1dLayer: Index is "first", "last" or a position from 0, not {Index!r}'
            )
        self.Index = Index if isinstance(Index, str) else whole(Index, "indexing1dLayer: Index", 0)

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        check_positions(layout)
        (count,) = layout.size("ST")
        if count is not None:
            self._place(count, layout)
        return layout.without("ST")

    def predict(self, *X: dlarray) -> dlarray:
        (x,) = X
        layout = networkDataLayout(x.shape, x.dims)
        (axis,) = formats.find(x.dims, "ST")
        place = self._place(x.shape[axis], layout)
        value = take(x._value, index=(*(slice(None),) * axis, slice(place, place + 1), ...))
        rest = layout.without("ST")
        return dlarray._make(reshape(value, shape=rest.Size, order="C"), rest.Format)

    def _place(self, count: int, layout: networkDataLayout) -> int:
        ends = {"first": 0, "last": count - 1}
        place = ends[self.Index] if isinstance(self.Index, str) else self.Index
        if not 0 <= place < count:
            raise ValueError(f"Index is {self.Index!r}, and it gets {layout}: positions are 0 to "
                             f"{count - 1}")  # fmt: skip
        return place
