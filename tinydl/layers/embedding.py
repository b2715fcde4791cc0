"""Layers that turn words, and positions, into vectors."""

from __future__ import annotations

from typing import Any

from tinydl.backend import host
from tinydl.functions.arguments import one_of
from tinydl.functions.create import placed
from tinydl.functions.embed import embed
from tinydl.functions.shape import repmat
from tinydl.functions.trigonometry import cos, sin
from tinydl.labels import align, dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import arithmetic
from tinydl.layers import initializers
from tinydl.layers.layer import Layer, Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import not_negative, whole


class EmbeddingLayer(Layer):
    """A layer with one matrix of Weights, whose columns are the vectors."""

    Learnable = ("Weights",)

    Weights: Any

    def _set_weights(self, WeightsInitializer: Any, Weights: Any, **factors: float) -> None:
        self.WeightsInitializer = initializers.check(WeightsInitializer, "WeightsInitializer")
        self.Weights = Weights
        for name, factor in factors.items():
            setattr(self, name, not_negative(factor, name))

    def _matrix(self, rows: int, columns: int) -> dict[str, Parameter]:
        return {"Weights": Parameter((rows, columns), columns, rows)}


@register
class wordEmbeddingLayer(EmbeddingLayer):
    """Each word replaced by a vector of Dimension numbers, a column of Weights; see embed.

    The input holds positions in a vocabulary of NumWords words, whole numbers from 0 to
    NumWords − 1 (MATLAB counts from 1), in a C dimension of size 1, or without C. A word that
    stands for padding is one of them: it has a vector of its own, and losses leave it out by Mask=.

    Weights is Dimension × NumWords and starts from WeightsInitializer ("narrow-normal"), or with
    the values given, such as those of words learned elsewhere.

    Example:
        >>> from tinydl import dlarray, wordEmbeddingLayer
        >>> layer = wordEmbeddingLayer(2, 3, Weights=dlarray([[1, 2, 3], [4, 5, 6]]))
        >>> layer.predict(dlarray([[2, 0]], "CT"))
        2(C) × 2(T) dlarray
        [[3. 1.]
         [6. 4.]]
    """

    short = "wordembedding"

    def __init__(
        self,
        Dimension: int,
        NumWords: int,
        *,
        Name: str = "",
        WeightsInitializer: Any = "narrow-normal",
        Weights: Any = None,
        WeightLearnRateFactor: float = 1.0,
        WeightL2Factor: float = 1.0,
    ) -> None:
        self.Name = Name
        self.Dimension = whole(Dimension, "wordEmbeddingLayer: Dimension")
        self.NumWords = whole(NumWords, "wordEmbeddingLayer: NumWords")
        self._set_weights(
            WeightsInitializer, Weights, WeightLearnRateFactor=WeightLearnRateFactor,
            WeightL2Factor=WeightL2Factor,
        )  # fmt: skip

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        if layout.channels != 1:
            raise ValueError(f"words are single numbers, with a C dimension of size 1 or none; it "
                             f"gets {layout}")  # fmt: skip
        return _with_channels(layout, self.Dimension)

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        return self._matrix(self.Dimension, self.NumWords)

    def predict(self, *X: dlarray) -> dlarray:
        return embed(X[0], self.Weights)


@register
class positionEmbeddingLayer(EmbeddingLayer):
    """A vector of OutputSize numbers for each position in a sequence, a column of Weights.

    Only the sizes of the input matter: the result has its format with OutputSize channels, and at
    position i of time column i of Weights, in each observation. Add it to what stands at the
    positions, by an additionLayer. PositionDimension says which positions are meant: "temporal"
    (T), "spatial" (the one S), or "auto" (default): T if there is one, else S.

    Weights is OutputSize × MaxPosition, the longest sequence that can enter; it starts from
    WeightsInitializer ("narrow-normal"), or with the values given.

    Example:
        >>> from tinydl import dlarray, positionEmbeddingLayer
        >>> layer = positionEmbeddingLayer(2, 3, Weights=dlarray([[1, 2, 3], [4, 5, 6]]))
        >>> layer.predict(dlarray([[7, 7]], "CT"))
        2(C) × 2(T) dlarray
        [[1. 2.]
         [4. 5.]]
    """

    short = "positionembedding"

    def __init__(
        self,
        OutputSize: int,
        MaxPosition: int,
        *,
        Name: str = "",
        PositionDimension: str = "auto",
        WeightsInitializer: Any = "narrow-normal",
        Weights: Any = None,
        WeightLearnRateFactor: float = 1.0,
        WeightL2Factor: float = 1.0,
    ) -> None:
        kind = "positionEmbeddingLayer"
        self.Name = Name
        self.OutputSize = whole(OutputSize, f"{kind}: OutputSize")
        self.MaxPosition = whole(MaxPosition, f"{kind}: MaxPosition")
        choices = ("auto", "temporal", "spatial")
        self.PositionDimension = one_of(PositionDimension, choices, "PositionDimension", kind)
        self._set_weights(
            WeightsInitializer, Weights, WeightLearnRateFactor=WeightLearnRateFactor,
            WeightL2Factor=WeightL2Factor,
        )  # fmt: skip

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        (layout,) = layouts
        (count,) = layout.size(_positions(layout, self.PositionDimension))
        self._check_count(count or 0, layout)
        return _with_channels(layout, self.OutputSize)

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        return self._matrix(self.OutputSize, self.MaxPosition)

    def predict(self, *X: dlarray) -> dlarray:
        (x,) = X
        layout = networkDataLayout(x.shape, x.dims)
        label = _positions(layout, self.PositionDimension)
        (count,) = layout.size(label)
        self._check_count(count, layout)
        vectors = dlarray(self.Weights[:, :count], "C" + label)
        return _repeated(vectors, x)

    def _check_count(self, count: int, layout: networkDataLayout) -> None:
        if count > self.MaxPosition:
            raise ValueError(f"MaxPosition is {self.MaxPosition}, and it gets {count} positions: "
                             f"{layout}")  # fmt: skip


@register
class sinusoidalPositionEncodingLayer(Layer):
    """Positions as waves: sines and cosines of OutputSize/2 wavelengths from 2π to nearly 10⁴·2π.

    The encoding of the position t has OutputSize channels, an even number,

        Y[2i] = sin(t / 10000^(2i / OutputSize)),  Y[2i + 1] = cos(t / 10000^(2i / OutputSize))

    Positions says what t is: "temporal-indices" (0, 1, 2, … along T), "spatial-indices" (along the
    one S), "data-values" (the input itself, which has one channel), or "auto" (default): along T if
    there is one, else along S, else the values. With indices only the sizes of the input matter.
    The result has the format of the input with OutputSize channels. Vaswani et al., "Attention is
    all you need", 2017.

    Example:
        >>> from tinydl import dlarray, sinusoidalPositionEncodingLayer
        >>> sinusoidalPositionEncodingLayer(2).predict(dlarray([[7, 7]], "CT"))
        2(C) × 2(T) dlarray
        [[0.     0.8415]
         [1.     0.5403]]
    """

    short = "sinusoidalposition"

    def __init__(self, OutputSize: int, *, Name: str = "", Positions: str = "auto") -> None:
        kind = "sinusoidalPositionEncodingLayer"
        self.Name = Name
        self.OutputSize = whole(OutputSize, f"{kind}: OutputSize", 2)
        if self.OutputSize % 2:
            raise ValueError(f"{kind}: OutputSize must be even, for pairs of a sine and a cosine; "
                             f"not {OutputSize!r}")  # fmt: skip
        choices = ("auto", "temporal-indices", "spatial-indices", "data-values")
        self.Positions = one_of(Positions, choices, "Positions", kind)

    def _label(self, layout: networkDataLayout) -> str | None:
        """The dimension along which positions are counted; None if the values are positions."""
        is_apart = self.Positions == "auto" and not layout.size("ST")
        if self.Positions != "data-values" and not is_apart:
            return _positions(layout, self.Positions.removesuffix("-indices"))
        if layout.channels != 1:
            raise ValueError(f"positions are single numbers, with a C dimension of size 1 or none; "
                             f"it gets {layout}")  # fmt: skip
        return None

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        self._label(layouts[0])
        return _with_channels(layouts[0], self.OutputSize)

    def predict(self, *X: dlarray) -> dlarray:
        (x,) = X
        label = self._label(networkDataLayout.of(x))
        if label is None:
            return self._waves(x)
        count = x.shape[x.dims.index(label)]
        return _repeated(self._waves(_beside(x, host.arange(count), label)), x)

    def _waves(self, positions: dlarray) -> dlarray:
        channels = host.arange(self.OutputSize)
        pairs = channels - channels % 2
        rates = _beside(positions, 10000.0 ** (-pairs / self.OutputSize), "C")
        is_even = _beside(positions, channels % 2 == 0, "C")
        angles = positions * rates
        return is_even * sin(angles) + (1.0 - is_even) * cos(angles)


def _with_channels(layout: networkDataLayout, channels: int) -> networkDataLayout:
    """The layout with another number of channels, also if it had none."""
    rest = layout.without("C")
    return networkDataLayout([channels, *rest.Size], "C" + rest.Format)


def _positions(layout: networkDataLayout, dimension: str) -> str:
    """The label of the positions. Raises a ValueError if there is not just one."""
    label = {"temporal": "T", "spatial": "S"}.get(dimension, "T" if "T" in layout.Format else "S")
    if len(layout.size(label)) != 1:
        needed = "one dimension T, or one S," if dimension == "auto" else f"one dimension {label}"
        raise ValueError(f"it needs {needed} for positions, and gets {layout}")
    return label


def _beside(x: dlarray, numbers: Any, fmt: str) -> dlarray:
    """Numbers made here as a constant in the class of x, where x is."""
    dtype = arithmetic(x._value).dtype
    return dlarray(placed(numbers, dtype, x, "positions"), fmt)


def _repeated(vectors: dlarray, x: dlarray) -> dlarray:
    """Vectors along C and positions, the same for all that x has besides."""
    whole_format = formats.join(x.dims, "C")
    sizes = dict(zip(x.dims, x.shape, strict=True))
    times = [1 if label in vectors.dims else sizes[label] for label in whole_format]
    value = align.expand(vectors._value, vectors.dims, whole_format)
    copies: dlarray = repmat(dlarray._make(value, whole_format), times)
    return copies
