"""Input layers, with what they do to the data."""

from __future__ import annotations

from typing import Any

from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.options.catalogue import entry, some

QUARTERS = st.integers(-4, 4).map(lambda n: n / 4)


def normalization(draw: st.DrawFn, channels: int) -> dict[str, Any]:
    """Normalization= and its statistics, each a number or one for each channel."""
    ways = ["none", "zerocenter", "zscore", "rescale-symmetric", "rescale-zero-one"]
    way = draw(st.sampled_from(ways))
    each = lambda strategy: draw(
        strategy | st.lists(strategy, min_size=channels, max_size=channels)
    )
    options: dict[str, Any] = {"Normalization": way}
    if way in ("zerocenter", "zscore"):
        options["Mean"] = each(QUARTERS)
    if way == "zscore":
        options["StandardDeviation"] = each(st.sampled_from([2.0, 0.5]))
    if way.startswith("rescale"):
        options |= {"Min": each(QUARTERS), "Max": each(st.sampled_from([2.0, 4.0]))}
    return options


@entry("featureInputLayer", lambda format: format in ("CB", "C"))
def features(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return {"InputSize": layout.channels, **normalization(draw, layout.channels)}


def images(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    return {"InputSize": list(layout.size("SC")), **normalization(draw, layout.channels)}


entry("imageInputLayer", lambda format: format == "SSCB")(images)
entry("image3dInputLayer", lambda format: format == "SSSCB")(images)


@entry("sequenceInputLayer", lambda format: "C" in format and "T" in format)
def sequences(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    sizes = list(layout.size("SC"))
    (count,) = layout.size("T")
    return {
        "InputSize": sizes[0] if len(sizes) == 1 else sizes,
        **normalization(draw, layout.channels),
        **some(draw, MinLength=st.integers(1, count)),
    }


@entry("inputLayer", lambda format: True)
def labelled(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    sizes = [None if label in "BT" else n
             for n, label in zip(layout.Size, layout.Format, strict=True)]  # fmt: skip
    return {"InputSize": sizes, "InputFormat": layout.Format}
