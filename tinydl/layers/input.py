"""Where data enters a network, and is normalized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of
from tinydl.functions.arguments import one_of
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import arithmetic, as_array
from tinydl.labels.display import header
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout

NORMALIZATIONS = ("none", "zerocenter", "zscore", "rescale-symmetric", "rescale-zero-one")
NEEDS = {
    "none": (),
    "zerocenter": ("Mean",),
    "zscore": ("Mean", "StandardDeviation"),
    "rescale-symmetric": ("Min", "Max"),
    "rescale-zero-one": ("Min", "Max"),
}
UNSET = {"Mean": 0.0, "StandardDeviation": 1.0}
STATISTICS = ("Mean", "StandardDeviation", "Min", "Max")


class InputLayer(Layer):
    """What the input layers share: the check of the data, and its normalization.

    "zerocenter"        x − Mean
    "zscore"            (x − Mean) / StandardDeviation
    "rescale-zero-one"  (x − Min) / (Max − Min)
    "rescale-symmetric" 2 (x − Min) / (Max − Min) − 1

    Statistics are kept as they were given; the computation has the class of the data.
    """

    is_input = True
    labels = ""  # of the data without its batch
    rest = "B"  # the labels that come after those
    plain_format = ""  # what the dimensions of an array without labels are taken for
    dimension_sizes: dict[str, str]  # NormalizationDimension: the labels that statistics vary along

    def _set(
        self, size: tuple[int, ...], name: str, normalization: Any, dimension: str,
        statistics: dict[str, Any],
    ) -> None:  # fmt: skip
        kind = type(self).__name__
        for n in size:
            if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
                raise ValueError(f"{kind}: InputSize holds whole numbers from 1 on, not {n!r}")
        if not callable(normalization):
            one_of(normalization, NORMALIZATIONS, "Normalization", kind)
        one_of(dimension, ("auto", *self.dimension_sizes), "NormalizationDimension", kind)
        self.Name = name
        self._size = tuple([int(n) for n in size])
        self.Normalization = normalization
        self.NormalizationDimension = dimension
        for key, value in statistics.items():
            setattr(self, key, None if value is None else self._statistic(key, value))

    def _statistic(self, name: str, value: Any) -> Any:
        """The numbers of a statistic, with size 1 where it is constant."""
        array = as_array(value, f"{type(self).__name__}: {name}")
        for dimension, varies in self.dimension_sizes.items():
            shape = tuple(
                [n if label in varies else 1
                 for n, label in zip(self._size, self.labels, strict=True)]
            )  # fmt: skip
            allowed = self.NormalizationDimension in ("auto", dimension)
            if allowed and _long(array.shape) == _long(shape):
                return host.as_own_copy(array).reshape(shape)
        raise ValueError(
            f"{type(self).__name__}: {name} of {formats.describe('', array.shape)} does not fit "
            f"InputSize {formats.describe('', self._size)} with "
            f"NormalizationDimension={self.NormalizationDimension!r}"
        )

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        if not layouts:
            return self._layout()
        if not self._fits(layouts[0].Size, layouts[0].Format):
            raise ValueError(f"the input is {layouts[0]}; {self._layout()} is needed")
        return layouts[0]

    def predict(self, *X: dlarray) -> dlarray:
        x = X[0]
        if not self._fits(x.shape, x.dims):
            raise ValueError(f"the input is {header(x, x.dims)}; {self._layout()} is needed, such "
                             f'as dlarray(X, "{self.labels}{self.rest}")')  # fmt: skip
        if callable(self.Normalization):
            return self._checked(self.Normalization(x), x)
        if self.Normalization == "none":
            return dlarray(x)
        missing = [n for n in NEEDS[self.Normalization] if getattr(self, n) is None]
        if any(name not in UNSET for name in missing):
            raise ValueError(
                f"Normalization={self.Normalization!r} needs {' and '.join(missing)}; give "
                f"{type(self).__name__} the option {missing[0]}="
            )
        first, second = (self._number(name, x) for name in (*NEEDS[self.Normalization], None)[:2])
        value = dlarray._make(arithmetic(x._value), x.dims) - first
        if self.Normalization == "zscore":
            return value / second
        if self.Normalization == "rescale-zero-one":
            return value / (second - first)
        if self.Normalization == "rescale-symmetric":
            return value / (second - first) * 2.0 - 1.0
        return value

    def _number(self, name: str | None, x: dlarray) -> Any:
        """A statistic with the labels of the data, in the class of the data."""
        if name is None:
            return None
        value = getattr(self, name)
        if value is None:
            return UNSET[name]
        value = value.astype(arithmetic(x._value).dtype)
        return dlarray._make(on_device_of(plain(x._value), value), self.labels)

    def _layout(self) -> networkDataLayout:
        return networkDataLayout([*self._size, *[None] * len(self.rest)], self.labels + self.rest)

    def _fits(self, sizes: tuple[Any, ...], fmt: str) -> bool:
        """Whether S and C are those of the layer; a size of None fits any."""
        own = [(n, label) for n, label in zip(sizes, fmt, strict=False) if label in "SC"]
        return "".join([label for _, label in own]) == self.labels and all(
            [n in (None, m) for (n, _), m in zip(own, self._size, strict=True)]
        )

    def _checked(self, result: Any, x: dlarray) -> dlarray:
        if not isinstance(result, dlarray) or result.dims != x.dims or result.shape != x.shape:
            raise ValueError(
                f"the Normalization function must return a dlarray like {header(x, x.dims)}"
            )
        return result


def _long(shape: tuple[int, ...]) -> list[int]:
    return [n for n in shape if n != 1]


@register
class featureInputLayer(InputLayer):
    """Feature vectors: InputSize numbers for each observation, labelled C and B.

    Normalization is "none" (default), "zerocenter", "zscore", "rescale-symmetric",
    "rescale-zero-one" or a function of the input. The statistics Mean, StandardDeviation, Min and
    Max have InputSize elements, or one; a custom loop must supply them. An unset Mean counts as 0
    and an unset StandardDeviation as 1. NormalizationDimension is "auto", "channel" or "all".

    Example:
        >>> from tinydl import dlarray, featureInputLayer
        >>> layer = featureInputLayer(2, Normalization="zerocenter", Mean=[1, 2])
        >>> layer.predict(dlarray([[5.0], [5.0]], "CB"))
        2(C) × 1(B) dlarray
        [[4.]
         [3.]]
    """

    short = "input"
    labels = "C"
    plain_format = "BC"
    dimension_sizes = {"channel": "C", "all": ""}

    def __init__(
        self,
        InputSize: int,
        *,
        Name: str = "",
        Normalization: str | Callable[[dlarray], dlarray] = "none",
        NormalizationDimension: str = "auto",
        Mean: Any = None,
        StandardDeviation: Any = None,
        Min: Any = None,
        Max: Any = None,
    ) -> None:
        self.InputSize = InputSize
        given = dict(zip(STATISTICS, (Mean, StandardDeviation, Min, Max), strict=True))
        self._set((InputSize,), Name, Normalization, NormalizationDimension, given)


@register
class imageInputLayer(InputLayer):
    """Images: InputSize = [height, width, channels], labelled SSC, and B for the observations.

    Normalization is "zerocenter" (default), "zscore", "rescale-symmetric", "rescale-zero-one",
    "none" or a function of the input. The statistics Mean, StandardDeviation, Min and Max are one
    image, one number for each channel (1×1×channels), or one number; a custom loop must supply
    them, as ``Mean=mean(XTrain, axis=3)``. An unset Mean counts as 0 and an unset StandardDeviation
    as 1. NormalizationDimension is "auto", "element", "channel" or "all".

    Example:
        >>> from tinydl import dlarray, imageInputLayer, ones, sum
        >>> layer = imageInputLayer([4, 4, 1], Mean=0.25)
        >>> float(sum(layer.predict(dlarray(ones(4, 4, 1, 1), "SSCB")), "all"))
        12.0
    """

    short = "imageinput"
    labels = "SSC"
    plain_format = "SSCB"
    dimension_sizes = {"element": "SSC", "channel": "C", "all": ""}

    def __init__(
        self,
        InputSize: Sequence[int],
        *,
        Name: str = "",
        Normalization: str | Callable[[dlarray], dlarray] = "zerocenter",
        NormalizationDimension: str = "auto",
        Mean: Any = None,
        StandardDeviation: Any = None,
        Min: Any = None,
        Max: Any = None,
    ) -> None:
        if not hasattr(InputSize, "__len__") or len(InputSize) != 3:
            raise ValueError(
                f"imageInputLayer: InputSize is [height, width, channels], not {InputSize!r}"
            )
        self.InputSize = tuple(InputSize)
        given = dict(zip(STATISTICS, (Mean, StandardDeviation, Min, Max), strict=True))
        self._set(self.InputSize, Name, Normalization, NormalizationDimension, given)


@register
class image3dInputLayer(InputLayer):
    """Volumes: InputSize = [height, width, depth, channels], labelled SSSC, and B.

    Options as in imageInputLayer; statistics are one volume, one number for each channel
    (1×1×1×channels), or one number.

    Example:
        >>> from tinydl import dlarray, image3dInputLayer, ones
        >>> layer = image3dInputLayer([2, 2, 2, 1], Mean=1.0)
        >>> float(layer.predict(dlarray(ones(2, 2, 2, 1, 1), "SSSCB"))[0, 0, 0, 0, 0])
        0.0
    """

    short = "image3dinput"
    labels = "SSSC"
    plain_format = "SSSCB"
    dimension_sizes = {"element": "SSSC", "channel": "C", "all": ""}

    def __init__(
        self,
        InputSize: Sequence[int],
        *,
        Name: str = "",
        Normalization: str | Callable[[dlarray], dlarray] = "zerocenter",
        NormalizationDimension: str = "auto",
        Mean: Any = None,
        StandardDeviation: Any = None,
        Min: Any = None,
        Max: Any = None,
    ) -> None:
        if not hasattr(InputSize, "__len__") or len(InputSize) != 4:
            raise ValueError("image3dInputLayer: InputSize is [height, width, depth, channels], "
                             f"not {InputSize!r}")  # fmt: skip
        self.InputSize = tuple(InputSize)
        given = dict(zip(STATISTICS, (Mean, StandardDeviation, Min, Max), strict=True))
        self._set(self.InputSize, Name, Normalization, NormalizationDimension, given)
