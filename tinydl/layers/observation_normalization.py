"""Normalization of each observation by itself: of layers, groups, instances, across channels.

None of these layers couples observations, so none has a State, and forward is predict.
"""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import one_of
from tinydl.functions.normalization import (
    LAYER_LABELS,
    crosschannelnorm,
    groupnorm,
    instancenorm,
    layernorm,
)
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import not_negative, number, whole
from tinydl.layers.scaled import ScaledLayer


@register
class layerNormalizationLayer(ScaledLayer):
    """Each observation normalized by its own mean and variance, then scaled and shifted.

    OperationDimension says what makes one mean: "channel-only", "spatial-channel" or
    "batch-excluded"; "auto" is "channel-only" for sequences without spatial dimensions and
    "spatial-channel" otherwise. Epsilon (1e-5) is added to the variance. Offset and Scale are
    learnable, one for each channel.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(2), layerNormalizationLayer(Epsilon=1e-12)])
        >>> predict(net, dlarray([[1], [3]], "CB"))
        2(C) × 1(B) single dlarray
        [[-1.]
         [ 1.]]
    """

    short = "layernorm"

    def __init__(
        self,
        *,
        Name: str = "",
        Epsilon: float = 1e-5,
        OperationDimension: str = "auto",
        Offset: Any = None,
        Scale: Any = None,
        OffsetInitializer: Any = "zeros",
        ScaleInitializer: Any = "ones",
        OffsetLearnRateFactor: float = 1.0,
        ScaleLearnRateFactor: float = 1.0,
        OffsetL2Factor: float = 1.0,
        ScaleL2Factor: float = 1.0,
    ) -> None:
        self.Name = Name
        self.Epsilon = not_negative(Epsilon, "layerNormalizationLayer: Epsilon")
        choices = ("auto", *LAYER_LABELS)
        one_of(OperationDimension, choices, "OperationDimension", "layerNormalizationLayer")
        self.OperationDimension = OperationDimension
        self._set_scale(
            Offset,
            Scale,
            OffsetInitializer,
            ScaleInitializer,
            {
                "OffsetLearnRateFactor": OffsetLearnRateFactor,
                "ScaleLearnRateFactor": ScaleLearnRateFactor,
                "OffsetL2Factor": OffsetL2Factor,
                "ScaleL2Factor": ScaleL2Factor,
            },
        )

    def predict(self, *X: dlarray) -> dlarray:
        return layernorm(
            X[0], self.Offset, self.Scale, Epsilon=self.Epsilon,
            OperationDimension=self.OperationDimension,
        )  # fmt: skip


@register
class groupNormalizationLayer(ScaledLayer):
    """Groups of neighbouring channels, each normalized by its own statistics in each observation.

    NumGroups divides the number of channels; "all-channels" is one group and "channel-wise" as many
    as there are channels. Epsilon (1e-5) is added to the variance. Offset and Scale are learnable,
    one for each channel.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(4), groupNormalizationLayer(2, Epsilon=1e-12)])
        >>> predict(net, dlarray([[1], [3], [10], [30]], "CB"))
        4(C) × 1(B) single dlarray
        [[-1.]
         [ 1.]
         [-1.]
         [ 1.]]
    """

    short = "groupnorm"

    def __init__(
        self,
        NumGroups: int | str,
        *,
        Name: str = "",
        Epsilon: float = 1e-5,
        Offset: Any = None,
        Scale: Any = None,
        OffsetInitializer: Any = "zeros",
        ScaleInitializer: Any = "ones",
        OffsetLearnRateFactor: float = 1.0,
        ScaleLearnRateFactor: float = 1.0,
        OffsetL2Factor: float = 1.0,
        ScaleL2Factor: float = 1.0,
    ) -> None:
        self.Name = Name
        if isinstance(NumGroups, str):
            choices = ("all-channels", "channel-wise")
            one_of(NumGroups, choices, "NumGroups", "groupNormalizationLayer")
        else:
            NumGroups = whole(NumGroups, "groupNormalizationLayer: NumGroups")
        self.NumGroups = NumGroups
        self.Epsilon = not_negative(Epsilon, "groupNormalizationLayer: Epsilon")
        self._set_scale(
            Offset,
            Scale,
            OffsetInitializer,
            ScaleInitializer,
            {
                "OffsetLearnRateFactor": OffsetLearnRateFactor,
                "ScaleLearnRateFactor": ScaleLearnRateFactor,
                "OffsetL2Factor": OffsetL2Factor,
                "ScaleL2Factor": ScaleL2Factor,
            },
        )

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layout = super().output(*layouts)
        if not isinstance(self.NumGroups, str) and layout.channels % self.NumGroups:
            raise ValueError(f"{layout.channels} channels are not dealt evenly to "
                             f"{self.NumGroups} groups; it gets {layout}")  # fmt: skip
        return layout

    def predict(self, *X: dlarray) -> dlarray:
        return groupnorm(X[0], self.NumGroups, self.Offset, self.Scale, Epsilon=self.Epsilon)


@register
class instanceNormalizationLayer(ScaledLayer):
    """Each channel of each observation normalized by its own statistics, over space and time.

    Epsilon (1e-5) is added to the variance. Offset and Scale are learnable, one for each channel.

    Example:
        >>> from tinydl import *
        >>> X = dlarray([[1.0], [3.0]], "SC")
        >>> predict(dlnetwork([instanceNormalizationLayer(Epsilon=1e-12)], X), X)
        2(S) × 1(C) single dlarray
        [[-1.]
         [ 1.]]
    """

    short = "instancenorm"

    def __init__(
        self,
        *,
        Name: str = "",
        Epsilon: float = 1e-5,
        Offset: Any = None,
        Scale: Any = None,
        OffsetInitializer: Any = "zeros",
        ScaleInitializer: Any = "ones",
        OffsetLearnRateFactor: float = 1.0,
        ScaleLearnRateFactor: float = 1.0,
        OffsetL2Factor: float = 1.0,
        ScaleL2Factor: float = 1.0,
    ) -> None:
        self.Name = Name
        self.Epsilon = not_negative(Epsilon, "instanceNormalizationLayer: Epsilon")
        self._set_scale(
            Offset,
            Scale,
            OffsetInitializer,
            ScaleInitializer,
            {
                "OffsetLearnRateFactor": OffsetLearnRateFactor,
                "ScaleLearnRateFactor": ScaleLearnRateFactor,
                "OffsetL2Factor": OffsetL2Factor,
                "ScaleL2Factor": ScaleL2Factor,
            },
        )

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layout = super().output(*layouts)
        if not layout.size("STU"):
            raise ValueError(f"it needs a dimension S or T and gets {layout}")
        return layout

    def predict(self, *X: dlarray) -> dlarray:
        return instancenorm(X[0], self.Offset, self.Scale, Epsilon=self.Epsilon)


@register
class crossChannelNormalizationLayer(Layer):
    """Each element divided by the size of its neighbours in WindowChannelSize channels.

    x / (K + Alpha/WindowChannelSize · ss)^Beta with the sum ss of their squares. Alpha is 1e-4,
    Beta 0.75 and K 2 unless given.

    Example:
        >>> from tinydl import crossChannelNormalizationLayer, dlarray
        >>> layer = crossChannelNormalizationLayer(3, Alpha=3, Beta=1, K=0)
        >>> layer.predict(dlarray([1.0, 2.0, 3.0], "C"))
        3(C) × 1(U) dlarray
        [0.2    0.1429 0.2308]
    """

    short = "crossnorm"

    def __init__(
        self,
        WindowChannelSize: int,
        *,
        Name: str = "",
        Alpha: float = 1e-4,
        Beta: float = 0.75,
        K: float = 2.0,
    ) -> None:
        kind = "crossChannelNormalizationLayer"
        self.Name = Name
        self.WindowChannelSize = whole(WindowChannelSize, f"{kind}: WindowChannelSize")
        self.Alpha = number(Alpha, f"{kind}: Alpha")
        self.Beta = number(Beta, f"{kind}: Beta")
        self.K = number(K, f"{kind}: K")

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layouts[0].need("C")
        return layouts[0]

    def predict(self, *X: dlarray) -> dlarray:
        return crosschannelnorm(
            X[0], self.WindowChannelSize, Alpha=self.Alpha, Beta=self.Beta, K=self.K
        )
