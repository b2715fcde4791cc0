"""Layers for sequences: recurrent ones, attention, positions and words."""

from __future__ import annotations

from typing import Any

from tinydl.labels import dlarray
from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies import values
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.options.catalogue import entry, learning, some
from tinydl.testing.strategies.options.dense import WEIGHTS
from tinydl.testing.strategies.values import FEW

WORDS = 5


def is_sequence(format: str) -> bool:
    """Channels with time."""
    return format in ("CBT", "CT")


def has_positions(format: str) -> bool:
    """Formats with one dimension of positions, S or T."""
    return format in ("CBT", "CT", "SCB", "SC")


def recurrent(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return {
        "NumHiddenUnits": draw(FEW),
        **some(
            draw,
            OutputMode=st.just("last"),
            StateActivationFunction=st.just("softsign"),
            GateActivationFunction=st.just("hard-sigmoid"),
            InputWeightsInitializer=WEIGHTS,
            RecurrentWeightsInitializer=WEIGHTS,
            BiasInitializer=st.just("ones"),
        ),
        **learning(draw, "InputWeights", "RecurrentWeights", "Bias"),
    }


entry("lstmLayer", is_sequence)(recurrent)
entry("bilstmLayer", is_sequence)(recurrent)


@entry("gruLayer", is_sequence)
def gru(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    modes = ["before-multiplication", "recurrent-bias-after-multiplication"]
    return {**recurrent(draw, layout), **some(draw, ResetGateMode=st.sampled_from(modes))}


def attending(draw: st.DrawFn) -> dict[str, Any]:
    """Options of both layers with attention."""
    return some(
        draw, AttentionMask=st.just("causal"), DropoutProbability=st.sampled_from([0.25, 0.5])
    )


@entry("selfAttentionLayer", has_positions)
def self_attention(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    heads = draw(st.integers(1, 2))
    multiples = st.integers(1, 2).map(lambda n: n * heads)
    return {
        "NumHeads": heads,
        "NumKeyChannels": draw(multiples),
        **some(draw, NumValueChannels=multiples, OutputSize=FEW),
        **attending(draw),
        **some(draw, WeightsInitializer=WEIGHTS, BiasInitializer=st.just("ones")),
        **learning(draw, "Weight", "Bias"),
    }


@entry("indexing1dLayer", has_positions)
def indexing(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    (count,) = layout.size("ST")
    return some(draw, Index=st.just("last") | st.integers(0, count - 1))


@entry("positionEmbeddingLayer", has_positions)
def position_embedding(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    (count,) = layout.size("ST")
    dimension = "temporal" if "T" in layout.Format else "spatial"
    return {
        "OutputSize": draw(FEW),
        "MaxPosition": draw(st.integers(count, count + 2)),
        **some(draw, PositionDimension=st.just(dimension), WeightsInitializer=WEIGHTS),
        **learning(draw, "Weight"),
    }


@entry("sinusoidalPositionEncodingLayer", has_positions)
def position_encoding(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    indices = "temporal-indices" if "T" in layout.Format else "spatial-indices"
    size = draw(st.sampled_from([2, 4]))
    return {"OutputSize": size, **some(draw, Positions=st.just(indices))}


def words(draw: st.DrawFn, layout: networkDataLayout, layer: Layer) -> list[dlarray]:
    """Positions of words."""
    one = layout.replace("C", [1])
    return [dlarray(values.whole(draw, one.Size, WORDS), one.Format)]  # type: ignore[arg-type]


@entry("wordEmbeddingLayer", is_sequence, words)
def word_embedding(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    start = some(draw, WeightsInitializer=WEIGHTS)
    return {"Dimension": draw(FEW), "NumWords": WORDS, **start, **learning(draw, "Weight")}
