"""Layers that change the size of images."""

from __future__ import annotations

from typing import Any

from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.options.catalogue import entry, some

BLOCKS = [[1, 1], [1, 2], [2, 1], [2, 2]]


def has(labels: str) -> Any:
    """Formats with channels and just these spatial dimensions."""
    return lambda format: "C" in format and format.count("S") == len(labels)


def resize(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    rank = len(layout.size("S"))
    if draw(st.booleans()):
        sizes: dict[str, Any] = {"OutputSize": [draw(st.integers(1, 4)) for _ in range(rank)]}
    else:
        sizes = {"Scale": draw(st.sampled_from([2.0, 1.5, 1.0]))}
    return {
        **sizes,
        **some(
            draw,
            Method=st.just("linear"),
            GeometricTransformMode=st.just("asymmetric"),
            NearestRoundingMode=st.sampled_from(["floor", "onnx-10"]),
        ),
    }


entry("resize2dLayer", has("SS"))(resize)
entry("resize3dLayer", has("SSS"))(resize)


@entry("depthToSpace2dLayer", has("SS"))
def depth_to_space(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    fitting = [block for block in BLOCKS if layout.channels % (block[0] * block[1]) == 0]
    return {"BlockSize": draw(st.sampled_from(fitting)), **some(draw, Mode=st.just("crd"))}


@entry("spaceToDepthLayer", has("SS"))
def space_to_depth(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    rows, columns = layout.size("S")
    fitting = [block for block in BLOCKS if block[0] <= rows and block[1] <= columns]
    return {"BlockSize": draw(st.sampled_from(fitting))}
