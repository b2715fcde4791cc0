"""Batch normalization."""

from __future__ import annotations

from typing import Any, ClassVar

from tinydl.backend import host
from tinydl.functions.arguments import one_of
from tinydl.functions.batch_normalization import batchnorm, by_batch
from tinydl.labels import dlarray
from tinydl.labels.classes import SINGLE
from tinydl.layers.layer import fitting, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import not_negative, number
from tinydl.layers.scaled import ScaledLayer
from tinydl.primitives import normalize


class StatisticsWarning(UserWarning):
    """Statistics of batch normalization that may not mean what they seem to."""


@register
class batchNormalizationLayer(ScaledLayer):
    """Each channel normalized to mean 0 and variance 1, then scaled and shifted.

    Scale · (x − μ) / √(σ² + Epsilon) + Offset, for each channel over all other dimensions. Which
    statistics μ and σ² are used:

    * ``predict``: TrainedMean and TrainedVariance, the network's State.
    * ``forward``: those of the batch. The returned State has moved towards them, by MeanDecay and
      VarianceDecay: new = decay · batch + (1 − decay) · old. The variance is divided by N, in the
      State too. With both decays 1 predict agrees with forward after a single forward.
    * ``forward`` with Statistics="fixed": the State, as constants of differentiation; it is
      returned unchanged. TrainedMean and TrainedVariance must have been given or learned.

    Scale and Offset are learnable, State starts at mean 0 and variance 1, in single precision; all
    have the shape 1×1×C after images and C×1 otherwise. Ioffe and Szegedy, "Batch normalization",
    2015.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer(MeanDecay=1)])
        >>> Y, state = forward(net, dlarray([[1.0, 3.0]], "CB"))
        >>> float(state.Value[0])
        2.0
    """

    short = "batchnorm"
    Stateful = ("TrainedMean", "TrainedVariance")

    TrainedMean: Any
    TrainedVariance: Any
    by_batch: ClassVar[Any] = normalize.batch_normalize
    """The operation of forward, in whose place a network may put one that does more."""

    def __init__(
        self,
        *,
        Name: str = "",
        MeanDecay: float = 0.1,
        VarianceDecay: float = 0.1,
        Epsilon: float = 1e-5,
        Statistics: str = "batch",
        TrainedMean: Any = None,
        TrainedVariance: Any = None,
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
        self.MeanDecay = number(MeanDecay, "MeanDecay", 0.0, 1.0)
        self.VarianceDecay = number(VarianceDecay, "VarianceDecay", 0.0, 1.0)
        self.Epsilon = not_negative(Epsilon, "Epsilon")
        one_of(Statistics, ("batch", "fixed"), "Statistics", "batchNormalizationLayer")
        self.Statistics = Statistics
        if (TrainedMean is None) != (TrainedVariance is None):
            raise ValueError(
                "batchNormalizationLayer: give both TrainedMean and TrainedVariance, or neither"
            )
        self.TrainedMean = TrainedMean
        self.TrainedVariance = TrainedVariance
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

    def initial_state(self, *layouts: networkDataLayout) -> dict[str, Any]:
        size = layouts[0].channel_shape()
        state = {}
        for name, start in (("TrainedMean", 0.0), ("TrainedVariance", 1.0)):
            given = getattr(self, name)
            if given is None:
                state[name] = dlarray._make(host.full(size, start, SINGLE), "")
            else:
                state[name] = fitting(given, size, f"{name} of layer {self.Name!r}")
        return state

    def predict(self, *X: dlarray) -> dlarray:
        return batchnorm(
            X[0], self.Offset, self.Scale, self.TrainedMean, self.TrainedVariance,
            Epsilon=self.Epsilon,
        )  # fmt: skip

    def forward(self, *X: dlarray) -> tuple[dlarray, dict[str, dlarray]]:
        if self.Statistics == "fixed":
            return self.predict(*X), {}
        Y, mean, variance = by_batch(
            X[0], self.Offset, self.Scale, self.TrainedMean, self.TrainedVariance,
            Epsilon=self.Epsilon, MeanDecay=self.MeanDecay, VarianceDecay=self.VarianceDecay,
            function=self.by_batch, follow=False,
        )  # fmt: skip
        return Y, {"TrainedMean": mean, "TrainedVariance": variance}

    def caution(self, *X: dlarray) -> str | None:
        (x,) = X
        channels = x.shape[x.dims.index("C")]
        count = 1
        for n in x.shape:
            count *= n
        if self.Statistics == "batch" and count == channels:
            return (
                f"layer {self.Name!r} normalizes one element for each channel: its variance is 0 "
                "and its result is Offset, whatever the input; use larger batches, predict, or "
                'forward(net, X, Statistics="fixed")'
            )
        return None
