"""Where sequences, and arrays of any format, enter a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.layers.input import STATISTICS, InputLayer
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import Sizes, networkDataLayout
from tinydl.layers.options import whole


@register
class sequenceInputLayer(InputLayer):
    """Sequences: InputSize numbers at each time, labelled C, B and T.

    InputSize is the number of channels, or [height, channels], [height, width, channels] or
    [height, width, depth, channels] for sequences of images, which have labels S too. A sequence
    has MinLength times at least; MinLength is 1 unless given.

    Normalization is "none" (default), "zerocenter", "zscore", "rescale-symmetric",
    "rescale-zero-one" or a function of the input. The statistics Mean, StandardDeviation, Min and
    Max are numbers for each element, for each channel, or one; a custom loop must supply them. An
    unset Mean counts as 0 and an unset StandardDeviation as 1. NormalizationDimension is "auto",
    "element", "channel" or "all".

    Example:
        >>> from tinydl import dlarray, ones, sequenceInputLayer
        >>> layer = sequenceInputLayer(2, Normalization="zerocenter", Mean=[1, 2])
        >>> layer.predict(dlarray(ones(2, 1, 3), "CBT"))
        2(C) × 1(B) × 3(T) dlarray
        [[[ 0.  0.  0.]]
        <BLANKLINE>
         [[-1. -1. -1.]]]
    """

    short = "sequenceinput"
    rest = "BT"

    def __init__(
        self,
        InputSize: int | Sequence[int],
        *,
        MinLength: int = 1,
        Name: str = "",
        Normalization: str | Callable[[dlarray], dlarray] = "none",
        NormalizationDimension: str = "auto",
        Mean: Any = None,
        StandardDeviation: Any = None,
        Min: Any = None,
        Max: Any = None,
    ) -> None:
        sizes = tuple(InputSize) if isinstance(InputSize, Sequence) else (InputSize,)
        if not 1 <= len(sizes) <= 4:
            raise ValueError(
                "sequenceInputLayer: InputSize is the number of channels, or up to three sizes of "
                f"an image and the channels; not {InputSize!r}"
            )
        self.InputSize = sizes if len(sizes) > 1 else sizes[0]
        self.MinLength = whole(MinLength, "sequenceInputLayer: MinLength")
        self.labels = "S" * (len(sizes) - 1) + "C"
        self.plain_format = "TCB" if len(sizes) == 1 else self.labels + "TB"
        self.dimension_sizes = {"element": self.labels, "channel": "C", "all": ""}
        given = dict(zip(STATISTICS, (Mean, StandardDeviation, Min, Max), strict=True))
        self._set(sizes, Name, Normalization, NormalizationDimension, given)

    def _fits(self, sizes: Sizes, fmt: str) -> bool:
        if "T" not in fmt or not super()._fits(sizes, fmt):
            return False
        length = sizes[fmt.index("T")]
        if length is not None and length < self.MinLength:
            raise ValueError(f"the sequence has {length} times; MinLength is {self.MinLength}")
        return True


@register
class inputLayer(Layer):
    """Arrays of any format: InputSize holds a size for each letter of InputFormat.

    NaN or None stands for a size that may vary.

    Example:
        >>> from tinydl import dlarray, inputLayer, ones
        >>> layer = inputLayer([3, float("nan"), 2], "CTU")
        >>> layer.output()
        networkDataLayout(3(C) × ?(T) × 2(U))
    """

    short = "input"
    is_input = True

    def __init__(self, InputSize: Sequence[Any], InputFormat: str, *, Name: str = "") -> None:
        self.Name = Name
        self.InputSize = tuple([None if n is None or n != n else n for n in InputSize])
        self.InputFormat = InputFormat
        self.layout = networkDataLayout(self.InputSize, InputFormat)
        self.plain_format = InputFormat.upper()

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        if layouts and not self._fits(layouts[0].Size, layouts[0].Format):
            raise ValueError(f"the input is {layouts[0]}; {self.layout} is needed")
        return layouts[0] if layouts else self.layout

    def predict(self, *X: dlarray) -> dlarray:
        (x,) = X
        if not self._fits(x.shape, x.dims):
            raise ValueError(f"the input is {header(x, x.dims)}; {self.layout} is needed")
        return dlarray(x)

    def _fits(self, sizes: Sizes, fmt: str) -> bool:
        return fmt == self.layout.Format and all(
            [m is None or n in (None, m) for n, m in zip(sizes, self.layout.Size, strict=True)]
        )
