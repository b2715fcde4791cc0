"""Layers that normalize."""

from __future__ import annotations

from typing import Any

from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.options.catalogue import (
    anything,
    divisors,
    entry,
    learning,
    observations,
    some,
)
from tinydl.testing.strategies.values import FACTORS

EPSILON = st.sampled_from([0.25, 1e-5, 0.0078125])
"""Large ones first: they keep derivatives moderate where a variance is nearly 0."""
FRACTIONS = st.sampled_from([0.5, 0.25, 1.0])


def scaled(draw: st.DrawFn) -> dict[str, Any]:
    """Epsilon, how Offset and Scale start, and how fast they are learned."""
    start = some(
        draw,
        Epsilon=EPSILON,
        OffsetInitializer=st.just("ones"),
        ScaleInitializer=st.just("narrow-normal"),
    )
    return {**start, **learning(draw, "Offset", "Scale")}


@entry("batchNormalizationLayer", observations, least=2)
def batch(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    options = {**some(draw, MeanDecay=FRACTIONS, VarianceDecay=FRACTIONS), **scaled(draw)}
    if draw(st.booleans()):
        numbers = [st.integers(-4, 4), st.integers(1, 4)]  # a variance is positive
        mean, variance = [[draw(number) / 4 for _ in range(layout.channels)] for number in numbers]
        options |= {"TrainedMean": mean, "TrainedVariance": variance}
        options |= some(draw, Statistics=st.just("fixed"))
    return options


@entry("layerNormalizationLayer", anything)
def layer(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    ways = ["channel-only", "spatial-channel", "batch-excluded"]
    return {**some(draw, OperationDimension=st.sampled_from(ways)), **scaled(draw)}


@entry("groupNormalizationLayer", anything)
def group(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    counts = [*divisors(layout.channels), "all-channels", "channel-wise"]
    return {"NumGroups": draw(st.sampled_from(counts)), **scaled(draw)}


@entry("instanceNormalizationLayer", lambda format: "C" in format and bool(set("ST") & set(format)))
def instance(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return scaled(draw)


@entry("crossChannelNormalizationLayer", anything)
def cross_channel(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    window = draw(st.integers(1, min(layout.channels, 4)))
    return {"WindowChannelSize": window, **some(draw, Alpha=FACTORS, Beta=FACTORS, K=FACTORS)}
