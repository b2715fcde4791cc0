"""Losses: one number that says how far predictions are from their targets.

All of them are sums over the elements, divided by a number N. NormalizationFactor= chooses N:

    "batch-size"       the number of observations (the default)
    "all-elements"     the number of elements of Y
    "target-included"  the number of elements whose target is not 0
    "mask-included"    the number of elements that Mask= lets take part
    "none"             1

Reduction="none" leaves the loss of each element, neither summed nor divided.
"""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import as_dlarray, one_of
from tinydl.functions.formats import data_format
from tinydl.labels import align, devices, dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import elementwise as e
from tinydl.primitives.reduce import sum_to
from tinydl.primitives.surprise import surprise, total_surprise

FACTORS = ("batch-size", "all-elements", "target-included", "mask-included", "none")


@named_options
def crossentropy(
    Y: dlarray,
    targets: Any,
    weights: Any = None,
    *,
    ClassificationMode: str = "single-label",
    Mask: Any = None,
    Reduction: str = "sum",
    NormalizationFactor: str = "batch-size",
    DataFormat: str | None = None,
    WeightsFormat: str | None = None,
) -> dlarray:
    """How improbable the targets are to predicted probabilities: −1/N Σ T ln Y.

    Y holds probabilities (of softmax, not its input) and targets has its sizes: one-hot columns,
    or probabilities. An array without labels is taken in the order of Y's dimensions.
    ClassificationMode="multilabel" sums −T ln Y − (1 − T) ln(1 − Y) instead. weights multiply each
    element: a vector with one number for each class, or an array that expands to Y, with labels of
    its own, by WeightsFormat=, or by position. Probabilities below the smallest normal number of
    their class count as that number.

    Example:
        >>> from tinydl import crossentropy, dlarray
        >>> Y = dlarray([[0.25, 0.5], [0.75, 0.5]], "CB")
        >>> print(f"{crossentropy(Y, [[0, 1], [1, 0]]):.4f}")
        0.4904
    """
    one_of(ClassificationMode, ("single-label", "multilabel"), "ClassificationMode", "crossentropy")
    pair = Pair(Y, targets, Mask, DataFormat, "crossentropy")
    least = xp(plain(pair.y)).smallest_normal(pair.y.dtype)
    is_plain = Reduction == "sum" and ClassificationMode == "single-label"
    if is_plain and weights is None and WeightsFormat is None:
        scale = 1.0 / pair.count(NormalizationFactor)
        return dlarray._make(total_surprise(pair.y, pair.t, least=least, scale=scale), "")
    terms = surprise(pair.y, pair.t, least=least)
    if ClassificationMode == "multilabel":
        terms = e.add(terms, surprise(1.0 - pair.y, 1.0 - pair.t, least=least))
    return pair.reduced(terms, weights, WeightsFormat, Reduction, NormalizationFactor)


@named_options
def mse(Y: dlarray, targets: Any, *, DataFormat: str | None = None) -> dlarray:
    """Half the squared distance for each observation: 1/(2N) Σ (Y − T)², N the observations.

    N is the size of the B dimension, not the number of elements, and there is a factor ½: that is
    MATLAB's definition.

    Example:
        >>> from tinydl import dlarray, mse
        >>> float(mse(dlarray([[1.0, 2.0]], "CB"), [[0.0, 0.0]]))
        1.25
    """
    pair = Pair(Y, targets, None, DataFormat, "mse")
    error = e.subtract(pair.y, pair.t)
    return pair.reduced(e.multiply(error, error) * 0.5, None, None, "sum", "batch-size")


@named_options
def l1loss(
    Y: dlarray,
    targets: Any,
    weights: Any = None,
    *,
    Mask: Any = None,
    Reduction: str = "sum",
    NormalizationFactor: str = "batch-size",
    DataFormat: str | None = None,
    WeightsFormat: str | None = None,
) -> dlarray:
    """The distance for each observation: 1/N Σ |Y − T|.

    weights, Mask, Reduction and NormalizationFactor as this module's losses all have them.

    Example:
        >>> from tinydl import dlarray, l1loss
        >>> float(l1loss(dlarray([[1.0, 2.0]], "CB"), [[0.0, 0.0]]))
        1.5
    """
    pair = Pair(Y, targets, Mask, DataFormat, "l1loss")
    terms = e.abs(e.subtract(pair.y, pair.t))
    return pair.reduced(terms, weights, WeightsFormat, Reduction, NormalizationFactor)


@named_options
def l2loss(
    Y: dlarray,
    targets: Any,
    weights: Any = None,
    *,
    Mask: Any = None,
    Reduction: str = "sum",
    NormalizationFactor: str = "batch-size",
    DataFormat: str | None = None,
    WeightsFormat: str | None = None,
) -> dlarray:
    """The squared distance for each observation, without the ½ of mse: 1/N Σ (Y − T)².

    Example:
        >>> from tinydl import dlarray, l2loss
        >>> float(l2loss(dlarray([[1.0, 2.0]], "CB"), [[0.0, 0.0]]))
        2.5
    """
    pair = Pair(Y, targets, Mask, DataFormat, "l2loss")
    error = e.subtract(pair.y, pair.t)
    terms = e.multiply(error, error)
    return pair.reduced(terms, weights, WeightsFormat, Reduction, NormalizationFactor)


@named_options
def huber(
    Y: dlarray,
    targets: Any,
    weights: Any = None,
    *,
    TransitionPoint: float = 1.0,
    Mask: Any = None,
    Reduction: str = "sum",
    NormalizationFactor: str = "batch-size",
    DataFormat: str | None = None,
    WeightsFormat: str | None = None,
) -> dlarray:
    """Squared for small errors, linear for large ones: 1/N Σ h(Y − T).

    With δ = TransitionPoint, h(e) = e²/2 for |e| ≤ δ and δ|e| − δ²/2 beyond. Huber, "Robust
    estimation of a location parameter", 1964.

    Example:
        >>> from tinydl import dlarray, huber
        >>> float(huber(dlarray([[0.5, 3.0]], "CB"), [[0.0, 0.0]]))
        1.3125
    """
    if not TransitionPoint > 0:
        raise ValueError(f"huber: TransitionPoint must be positive, not {TransitionPoint!r}")
    delta = float(TransitionPoint)
    pair = Pair(Y, targets, Mask, DataFormat, "huber")
    error = e.subtract(pair.y, pair.t)
    small = abs(plain(error)) <= delta
    terms = e.where(small, e.multiply(error, error) * 0.5, e.abs(error) * delta - delta**2 / 2)
    return pair.reduced(terms, weights, WeightsFormat, Reduction, NormalizationFactor)


def log_above_zero(y: Any) -> Any:
    """ln y, with y kept above the smallest normal number of its class."""
    return e.log(e.maximum(y, xp(plain(y)).smallest_normal(y.dtype)))


class Pair:
    """Predictions and targets in one format and class, and how their loss is reduced."""

    def __init__(self, Y: Any, targets: Any, mask: Any, fmt: str | None, caller: str) -> None:
        self.caller = caller
        self.labelled = data_format(Y, fmt, caller)
        self.Y = self.labelled.X
        T = self._in_format_of_y(self.constant(targets, "targets"), fmt)
        if T.shape != self.Y.shape:
            raise ValueError(
                f"{caller}: predictions are {header(self.Y, self.Y.dims)} and targets are "
                f"{header(T, T.dims)}; their sizes must be equal"
            )
        self.mask = None
        if mask is not None:
            self.mask = plain(self._expanded(self.constant(mask, "Mask"), "Mask")) != 0
        values = arithmetic(self.Y._value), arithmetic(T._value)
        y, t = align.classes(*values, (f"{caller}: Y", f"{caller}: targets"))
        self.y, self.t = self.included(y), self.included(t)

    def constant(self, x: Any, name: str) -> dlarray:
        """A constant of the loss, on the device of the predictions."""
        given = as_dlarray(x, f"{self.caller}: {name}", beside=(self.Y,))
        return dlarray._make(devices.beside(self.Y._value, given._value), given.dims)

    def _in_format_of_y(self, T: dlarray, fmt: str | None) -> dlarray:
        if not T.dims:
            return dlarray(T, fmt) if fmt else T
        if sorted(T.dims) != sorted(self.Y.dims):
            raise ValueError(
                f"{self.caller}: predictions have the format {self.Y.dims} and targets {T.dims}; "
                "they must be equal"
            )
        return T

    def included(self, value: Any) -> Any:
        """The value with zeros, whose loss is 0, where the mask leaves it out.

        The loss is not masked instead: what is left out may be NaN, and 0 · NaN is NaN.
        """
        return value if self.mask is None else e.where(self.mask, value, 0.0)

    def reduced(
        self, terms: Any, weights: Any, weights_format: str | None, reduction: str, factor: str
    ) -> dlarray:
        one_of(reduction, ("sum", "none"), "Reduction", self.caller)
        one_of(factor, FACTORS, "NormalizationFactor", self.caller)
        if weights is not None:
            w = self._expanded(self._weights(weights, weights_format), "weights")
            terms = e.multiply(*align.classes(terms, self.included(arithmetic(w))))
        elif weights_format is not None:
            raise ValueError(f"{self.caller}: WeightsFormat= without weights")
        if reduction == "none":
            if factor != "batch-size":
                raise ValueError(f'{self.caller}: NormalizationFactor= divides the sum; with '
                                 'Reduction="none" there is none')  # fmt: skip
            return self.labelled.back(dlarray._make(terms, self.Y.dims))
        return dlarray._make(sum_to(terms, shape=()) * (1.0 / self.count(factor)), "")

    def count(self, factor: str) -> float:
        """What the sum is divided by."""
        one_of(factor, FACTORS, "NormalizationFactor", self.caller)
        if factor == "mask-included" and self.mask is None:
            raise ValueError(f'{self.caller}: NormalizationFactor="mask-included" needs Mask=')
        if factor == "batch-size":
            count = math.prod([self.Y.shape[i] for i in formats.find(self.Y.dims, "B")])
        elif factor == "all-elements":
            count = math.prod(self.Y.shape)
        elif factor == "target-included":
            count = int((plain(self.t) != 0).sum())
        elif factor == "mask-included":
            count = int((self.mask & xp(self.mask).ones(self.Y.shape, bool)).sum())
        else:
            count = 1
        if count == 0:
            raise ValueError(
                f"{self.caller}: nothing to average: {header(self.Y, self.Y.dims)} has no "
                f"elements that NormalizationFactor={factor!r} counts"
            )
        return count

    def _weights(self, weights: Any, fmt: str | None) -> dlarray:
        array = self.constant(weights, "weights")
        if fmt is not None and array.dims:
            raise ValueError(f"{self.caller}: the weights have the format {array.dims}; "
                             "WeightsFormat= is for arrays without")  # fmt: skip
        if fmt is None and not array.dims and array.ndim == 1 and "C" in self.Y.dims:
            fmt = "C"
        return array if fmt is None else dlarray(array, fmt)

    def _expanded(self, array: dlarray, name: str) -> Any:
        """Weights or a mask, in a shape that expands to that of Y."""
        if array.dims and formats.join(array.dims, self.Y.dims) != self.Y.dims:
            raise ValueError(
                f"{self.caller}: {name} with the format {array.dims} for predictions with the "
                f"format {self.Y.dims}"
            )
        value, _, _ = align.labels(array._value, array.dims, self.Y._value, self.Y.dims)
        for m, n in zip(value.shape, self.Y.shape, strict=False):  # value may have no dimensions
            if m not in (1, n):
                raise ValueError(
                    f"{self.caller}: {name} are {header(array, array.dims)} for predictions of "
                    f"{header(self.Y, self.Y.dims)}"
                )
        return value
