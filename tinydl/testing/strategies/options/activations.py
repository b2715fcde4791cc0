"""Layers that act on each element, and softmax."""

from __future__ import annotations

from typing import Any

from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.options.catalogue import (
    anything,
    entry,
    learning,
    some,
    without_options,
)
from tinydl.testing.strategies.values import FACTORS

for name in ("tanhLayer", "reluLayer", "sigmoidLayer", "swishLayer", "softplusLayer",
             "softmaxLayer"):  # fmt: skip
    without_options(name, anything)


@entry("geluLayer", anything)
def gelu(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return some(draw, Approximation=st.just("tanh"))


@entry("leakyReluLayer", anything)
def leaky_relu(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return some(draw, Scale=st.sampled_from([0.5, -0.25]))


@entry("eluLayer", anything)
def elu(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return some(draw, Alpha=FACTORS)


@entry("clippedReluLayer", anything)
def clipped_relu(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return {"Ceiling": draw(st.sampled_from([1.0, 0.5, 6.0]))}


@entry("preluLayer", anything)
def prelu(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    start = some(draw, AlphaInitializer=st.sampled_from([0.5, -0.25, "zeros"]))
    return {**start, **learning(draw, "Alpha")}


@entry("dropoutLayer", anything)
def dropout(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return some(draw, Probability=st.sampled_from([0.0, 0.25, 0.75]))
