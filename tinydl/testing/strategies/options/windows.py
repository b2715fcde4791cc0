"""Layers with a sliding window: convolution, its transpose, pooling; and pooling of everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinydl.functions.window import PADDING_VALUES
from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.options.catalogue import divisors, entry, some, without_options
from tinydl.testing.strategies.options.dense import weighted
from tinydl.testing.strategies.values import FEW

LARGEST = 3


def slides(rank: int) -> Callable[[str], bool]:
    """Formats with so many dimensions for a window to slide over: S, the last perhaps T."""
    return lambda format: (
        "C" in format
        and (format.count("S") == rank or (format.count("S") == rank - 1 and "T" in format))
    )


def extents(layout: networkDataLayout, rank: int) -> list[int]:
    """The sizes of the dimensions that a window of so many slides over."""
    return list(layout.size("S" if layout.Format.count("S") == rank else "ST"))


def window(draw: st.DrawFn, sizes: list[int]) -> list[int]:
    """A window that lies inside of an array of these sizes."""
    return [draw(st.integers(1, min(n, LARGEST))) for n in sizes]


def strides(rank: int) -> st.SearchStrategy[Any]:
    return st.integers(1, 2) | st.lists(st.integers(1, 2), min_size=rank, max_size=rank)


def padding(draw: st.DrawFn, largest: list[int], *words: str) -> dict[str, Any]:
    """Padding= that is at most so wide along each dimension: left out, a number, one for each
    dimension, one for each side, or a word."""
    sides = [st.integers(0, n) for n in largest]
    ways = [st.integers(0, min(largest)), st.sampled_from(words), st.tuples(*sides).map(list)]
    if len(largest) < 3:
        both = [side for side in sides for _ in range(2)]
        ways.append(st.tuples(*both).map(list))
    return some(draw, Padding=st.one_of(*ways))


# ---- convolution --------------------------------------------------------------------------------


def convolution(draw: st.DrawFn, layout: networkDataLayout, rank: int) -> dict[str, Any]:
    sizes = extents(layout, rank)
    filters = window(draw, sizes)
    options: dict[str, Any] = {"FilterSize": filters}
    room = [(n - 1) // max(f - 1, 1) for n, f in zip(sizes, filters, strict=True)]
    if min(room) > 1:  # a window with gaps still lies inside
        options |= some(draw, DilationFactor=st.integers(1, min(2, *room)))
    # A mirror shows no more than there is.
    largest = [min(2, n - 1) for n in sizes]
    words = ("same", "causal") if rank == 1 else ("same",)
    options |= {**some(draw, Stride=strides(rank)), **padding(draw, largest, *words)}
    if "Padding" in options and not isinstance(options["Padding"], str):
        values = st.sampled_from([0.5, *sorted(PADDING_VALUES)])
        options |= some(draw, PaddingValue=values)
    return options


def plain_convolution(rank: int) -> Any:
    return lambda draw, layout: {
        **convolution(draw, layout, rank),
        "NumFilters": draw(FEW),
        **some(draw, NumChannels=st.just(layout.channels)),
        **weighted(draw),
    }


for rank in (1, 2, 3):
    entry(f"convolution{rank}dLayer", slides(rank))(plain_convolution(rank))


@entry("groupedConvolution2dLayer", slides(2))
def grouped_convolution(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
    groups = st.sampled_from([*divisors(layout.channels), "channel-wise"])
    return {
        **convolution(draw, layout, 2),
        "NumFiltersPerGroup": draw(FEW),
        "NumGroups": draw(groups),
        **weighted(draw),
    }


def transposed_convolution(rank: int) -> Any:
    def options(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
        sizes = [draw(st.integers(1, LARGEST)) for _ in range(rank)]
        steps = [draw(st.integers(1, 2)) for _ in range(rank)]
        left = [(n - 1) * s + f - 1
                for n, s, f in zip(extents(layout, rank), steps, sizes, strict=True)]  # fmt: skip
        cropping = st.integers(0, min(1, *[n // 2 for n in left])) | st.just("same")
        return {
            "FilterSize": sizes,
            "NumFilters": draw(FEW),
            **({"Stride": steps} if max(steps) > 1 else {}),
            **some(draw, Cropping=cropping, NumChannels=st.just(layout.channels)),
            **weighted(draw),
        }

    return options


for rank in (1, 2, 3):
    entry(f"transposedConv{rank}dLayer", slides(rank))(transposed_convolution(rank))

# ---- pooling ------------------------------------------------------------------------------------


def max_pooling(rank: int) -> Any:
    def options(draw: st.DrawFn, layout: networkDataLayout) -> dict[str, Any]:
        sizes = window(draw, extents(layout, rank))
        largest = [min(1, n - 1) for n in sizes]  # no window lies in the padding alone
        return {"PoolSize": sizes, **some(draw, Stride=strides(rank)),
                **padding(draw, largest, "same")}  # fmt: skip

    return options


def average_pooling(rank: int) -> Any:
    return lambda draw, layout: {
        **max_pooling(rank)(draw, layout),
        **some(draw, PaddingValue=st.just("mean")),
    }


for rank in (1, 2, 3):
    entry(f"maxPooling{rank}dLayer", slides(rank))(max_pooling(rank))
    entry(f"averagePooling{rank}dLayer", slides(rank))(average_pooling(rank))
    without_options(f"globalMaxPooling{rank}dLayer", slides(rank))
    without_options(f"globalAveragePooling{rank}dLayer", slides(rank))
