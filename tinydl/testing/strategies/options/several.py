"""Layers with several inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.labels import dlarray
from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.pooling import maxPooling2dLayer
from tinydl.testing.strategies.arrays import dlarrays
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.options.catalogue import anything, entry, some
from tinydl.testing.strategies.options.images import has
from tinydl.testing.strategies.options.sequences import attending, is_sequence

COUNTS = st.integers(2, 3)


def array(draw: st.DrawFn, layout: networkDataLayout) -> dlarray:
    """One input, away from kinks and ties."""
    return draw(dlarrays(layout.Format, sizes=layout.Size, domain="apart"))  # type: ignore[arg-type]


def alike(draw: st.DrawFn, layout: networkDataLayout, layer: Layer) -> list[dlarray]:
    return [array(draw, layout) for _ in layer.InputNames]


def expanding(draw: st.DrawFn, layout: networkDataLayout, layer: Layer) -> list[dlarray]:
    """Inputs some of which have one channel."""
    narrow = layout.replace("C", [1])
    others = [narrow if draw(st.booleans()) else layout for _ in layer.InputNames[1:]]
    return [array(draw, one) for one in (layout, *others)]


def of_other_channels(draw: st.DrawFn, layout: networkDataLayout, layer: Layer) -> list[dlarray]:
    return [array(draw, layout.replace("C", [draw(st.integers(1, 3))])) for _ in layer.InputNames]


def join(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return {"NumInputs": draw(COUNTS)}


entry("additionLayer", anything, expanding)(join)
entry("multiplicationLayer", anything, expanding)(join)
entry("depthConcatenationLayer", has("SS"), of_other_channels)(join)


@entry("concatenationLayer", anything, of_other_channels)
def concatenation(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return {"Dim": "C", "NumInputs": draw(COUNTS)}


# ---- images of two sizes ------------------------------------------------------------------------


def with_corner(draw: st.DrawFn, layout: networkDataLayout, layer: Any) -> list[dlarray]:
    """An image, and another that is not larger than what is left of the first from the place."""
    rows, columns = layout.size("S")
    left, top = (0, 0) if layer.Location == "centercrop" else layer.Location
    sizes = [draw(st.integers(1, rows - top)), draw(st.integers(1, columns - left))]
    return [array(draw, layout), array(draw, layout.replace("S", sizes).replace("C", [1]))]


@entry("crop2dLayer", has("SS"), with_corner)
def crop(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    rows, columns = layout.size("S")
    place = st.tuples(st.integers(0, columns - 1), st.integers(0, rows - 1)).map(list)
    return {"Location": draw(st.just("centercrop") | place)}


def pooled(draw: st.DrawFn, layout: networkDataLayout, layer: Layer) -> list[dlarray]:
    """What a maxPooling2dLayer hands on: its result, and where in which size that was."""
    sizes: Sequence[Any] = layout.size("S")
    window = [draw(st.integers(1, min(n, 2))) for n in sizes]
    pool = maxPooling2dLayer(window, Stride=window, HasUnpoolingOutputs=True)
    return list(pool.predict(array(draw, layout)))


@entry("maxUnpooling2dLayer", has("SS"), pooled)
def unpooling(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return {}


# ---- attention ----------------------------------------------------------------------------------


def queries_keys_values(draw: st.DrawFn, layout: networkDataLayout, layer: Layer) -> list[dlarray]:
    """Keys and values have a number of times of their own."""
    other = layout.replace("T", [draw(st.integers(1, 3))])
    return [array(draw, one) for one in (layout, other, other)]


@entry("attentionLayer", is_sequence, queries_keys_values)
def attention(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    heads = [n for n in (1, 2, 3) if layout.channels % n == 0]
    scale = some(draw, Scale=st.sampled_from([0.5, 2.0]))
    return {"NumHeads": draw(st.sampled_from(heads)), **scale, **attending(draw)}
