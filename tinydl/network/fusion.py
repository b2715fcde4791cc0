"""Neighbouring layers that are computed together, because that is faster.

The results are those of the layers one by one, to rounding, and so are all derivatives. Layers
stay apart where someone asks for what lies between them: an output, or a second layer.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from tinydl.autodiff.record import is_recorded, plain
from tinydl.functions.batch_normalization import moved
from tinydl.labels import devices, dlarray
from tinydl.labels.classes import LOGICAL
from tinydl.layers.activation import geluLayer, reluLayer
from tinydl.layers.convolution import ConvolutionLayer
from tinydl.layers.dense import fullyConnectedLayer
from tinydl.layers.layer import Layer
from tinydl.layers.normalization import batchNormalizationLayer
from tinydl.network.folded import folded, pairs
from tinydl.network.graph import Graph
from tinydl.primitives import dense
from tinydl.primitives.normalize import batch_normalize_relu, regardless
from tinydl.primitives.shape import in_shape, take


def set_fusion(enabled: bool) -> None:
    """Whether networks compute neighbouring layers together where that is faster.

    It is on unless the environment variable TINYDL_FUSION=0 was set when tinydl was imported.
    Without it, predict and forward call each layer by itself, and their results differ by rounding
    at most. In predict, and with fixed statistics, a batch normalization is folded into the weights
    of the fully connected layer or convolution before it. A relu is done by the convolution or the
    batch normalization before it. The gradient by the bias of a layer before a batch normalization
    is exactly 0 where that takes the statistics of the batch, and not what rounding leaves of it.

    Example:
        >>> from tinydl import get_fusion, set_fusion
        >>> set_fusion(False)
        >>> get_fusion()
        False
        >>> set_fusion(True)
    """
    global _enabled
    if not isinstance(enabled, bool):
        raise TypeError(f"set_fusion: True or False, not {enabled!r}")
    _enabled = enabled


def get_fusion() -> bool:
    """Whether networks compute neighbouring layers together; see set_fusion.

    Example:
        >>> from tinydl import get_fusion
        >>> get_fusion()
        True
    """
    return _enabled


_enabled = os.environ.get("TINYDL_FUSION", "1") != "0"


def followers(graph: Graph, outputs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The layers that one before them could take in: after each of these, which, in order."""
    if not _enabled:
        return {}
    before = pairs(graph, tuple(outputs))
    found: dict[str, tuple[str, ...]] = {}
    for name, layer in graph.layers.items():
        if not isinstance(layer, (batchNormalizationLayer, ConvolutionLayer)):
            continue
        after = _activation(graph, name) if name not in outputs else ()
        if name in before:
            found[before[name]] = (name, *after)
        if after:
            found[name] = after
    return found


def _activation(graph: Graph, name: str) -> tuple[str, ...]:
    """relu or gelu, if that is all that a layer feeds."""
    users = [user for user, feeds in graph.inputs_of.items() if name in feeds.values()]
    is_followed = len(users) == 1 and isinstance(graph.layers[users[0]], (geluLayer, reluLayer))
    return tuple(users) if is_followed else ()


def together(
    layer: Layer, others: Sequence[Layer], verb: str, xs: Sequence[dlarray]
) -> tuple[Layer, int]:
    """A layer that does what these do one after the other, and how many of the others it takes in.

    All hold their parameters. The others are a batch normalization, an activation, or both.
    """
    normalization: Any = others[0]
    if not isinstance(normalization, batchNormalizationLayer):
        can_be = not isinstance(layer, batchNormalizationLayer) or _is_by_batch(layer, verb)
        return _with_relu(layer, others) if can_be else (layer, 0)
    if not _is_by_batch(normalization, verb):
        layer, count = _with_relu(layer, others[1:])
        return Folded(layer, normalization), 1 + count
    if len(others) == 2 and NormalizedGelu.fits(layer, *others, X=xs[0]):
        return NormalizedGelu(layer, normalization), 2
    return _without_shift(layer), 0


def _is_by_batch(normalization: Any, verb: str) -> bool:
    return verb == "forward" and normalization.Statistics == "batch"


def _with_relu(layer: Layer, others: Sequence[Layer]) -> tuple[Layer, int]:
    """The layer together with a relu after it, if it can do that, and how many these are."""
    if not (others and isinstance(others[0], reluLayer)):
        return layer, 0
    if isinstance(layer, batchNormalizationLayer):
        return layer.copy(by_batch=batch_normalize_relu), 1
    return (layer.copy(is_relu=True), 1) if isinstance(layer, ConvolutionLayer) else (layer, 0)


class Folded(Layer):
    """A fully connected layer or convolution whose weights normalize too."""

    def __init__(self, layer: Layer, normalization: Layer) -> None:
        self.Name = layer.Name
        self.layer = layer
        self.normalization = normalization

    def predict(self, *X: dlarray) -> dlarray:
        return self.layer.copy(**folded(self.layer, self.normalization)).predict(*X)


def _without_shift(layer: Any) -> Layer:
    """A fully connected layer or convolution before a normalization by the batch.

    What Bias adds to a channel the normalization takes out again, with the mean: the derivative of
    all that follows by Bias is exactly 0. So its gradient is not worked out.
    """
    bias = layer.value("Bias")._value
    if not is_recorded(bias):
        return layer
    constant = layer.copy(Bias=dlarray._make(plain(bias), ""))
    if bias.node.primitive is None and is_recorded(layer.value("Weights")._value):
        return constant  # a variable that nothing was computed from has the gradient 0 anyway
    return Shifted(constant, bias)


class Shifted(Layer):
    """Such a layer, whose result counts as computed from its Bias, with the gradient 0."""

    def __init__(self, layer: Layer, bias: Any) -> None:
        self.Name = layer.Name
        self.layer = layer
        self.bias = bias

    def predict(self, *X: dlarray) -> dlarray:
        Y = self.layer.predict(*X)
        return dlarray._make(regardless(Y._value, self.bias), Y.dims)


class NormalizedGelu(Layer):
    """A fully connected layer with batch normalization by the batch, and gelu.

    It is called as the normalization is, whose State it moves, and which couples observations.
    """

    Stateful = batchNormalizationLayer.Stateful

    def __init__(self, layer: Any, normalization: Any) -> None:
        self.Name = normalization.Name
        self.layer = layer
        self.normalization = normalization

    @staticmethod
    def fits(layer: Any, normalization: Any, gelu: Any, *, X: dlarray) -> bool:
        """Whether this is the plain case: several observations of channels, and one class."""
        if not (isinstance(layer, fullyConnectedLayer) and isinstance(gelu, geluLayer)):
            return False
        if gelu.Approximation != "none":
            return False
        if X.dims[0] != "C" or X.ndim < 2 or math.prod(X.shape[1:]) < 2:
            return False
        values = [X, layer.Weights, layer.Bias, normalization.Scale, normalization.Offset]
        arrays = [plain(value._value) for value in values]
        return len({(type(array), array.dtype) for array in arrays}) == 1 and X.dtype != LOGICAL

    def forward(self, *X: dlarray) -> tuple[dlarray, dict[str, dlarray]]:
        (x,), bn = X, self.normalization
        values = [self.layer.Weights, self.layer.Bias, bn.Scale, bn.Offset]
        w, b, scale, offset = [value._value for value in values]
        wide = in_shape(x._value, (x.shape[0], math.prod(x.shape[1:])))
        centred = dense.centred_affine(*map(plain, (w, wide, b)))
        y = dense.affine_normalize_gelu(w, wide, centred, scale, offset, epsilon=bn.Epsilon)
        y = regardless(y, b)  # as in Shifted
        mu, variance = [take(centred, index=at) for at in (dense.MU, dense.VARIANCE)]
        state = {
            "TrainedMean": self._moved(mu, bn.TrainedMean, bn.MeanDecay),
            "TrainedVariance": self._moved(variance, bn.TrainedVariance, bn.VarianceDecay),
        }
        return dlarray._make(in_shape(y, (w.shape[0], *x.shape[1:])), x.dims), state

    def _moved(self, new: Any, old: dlarray, decay: float) -> dlarray:
        """A running statistic after this batch, whose own is new."""
        running = devices.beside(new, old._value)
        return dlarray._make(moved(running, in_shape(new, old.shape), decay), "")
