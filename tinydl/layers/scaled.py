"""What the normalization layers with Offset and Scale share: these two, and their options."""

from __future__ import annotations

from typing import Any

from tinydl.layers import initializers
from tinydl.layers.layer import Layer, Parameter
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import not_negative


class ScaledLayer(Layer):
    """A layer with a learnable Offset and Scale for each channel.

    They have the shape 1×1×C after images and C×1 otherwise, and start from OffsetInitializer
    ("zeros") and ScaleInitializer ("ones"), or with the values given.
    """

    Learnable = ("Offset", "Scale")

    Offset: Any
    Scale: Any

    def _set_scale(
        self,
        Offset: Any,
        Scale: Any,
        OffsetInitializer: Any,
        ScaleInitializer: Any,
        factors: dict[str, float],
    ) -> None:
        self.Offset = Offset
        self.Scale = Scale
        self.OffsetInitializer = initializers.check(OffsetInitializer, "OffsetInitializer")
        self.ScaleInitializer = initializers.check(ScaleInitializer, "ScaleInitializer")
        for name, factor in factors.items():
            setattr(self, name, not_negative(factor, name))

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layouts[0].need("C")
        return layouts[0]

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        size = layouts[0].channel_shape()
        return {"Offset": Parameter(size), "Scale": Parameter(size)}
