"""Activations: layers that apply one function to each element, and softmax."""

from __future__ import annotations

from tinydl.functions import activate
from tinydl.functions.arguments import one_of
from tinydl.functions.math import tanh
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import number


@register
class reluLayer(Layer):
    """max(x, 0).

    Example:
        >>> from tinydl import dlarray, reluLayer
        >>> reluLayer().predict(dlarray([-1, 2], "C"))
        2(C) × 1(U) dlarray
        [0. 2.]
    """

    short = "relu"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def predict(self, *X: dlarray) -> dlarray:
        return activate.relu(X[0])


@register
class leakyReluLayer(Layer):
    """x where x > 0, and Scale · x elsewhere; Scale is 0.01 unless given.

    Example:
        >>> from tinydl import dlarray, leakyReluLayer
        >>> leakyReluLayer(0.5).predict(dlarray([-1, 2], "C"))
        2(C) × 1(U) dlarray
        [-0.5  2. ]
    """

    short = "leakyrelu"

    def __init__(self, Scale: float = 0.01, *, Name: str = "") -> None:
        self.Name = Name
        self.Scale = number(Scale, "leakyReluLayer: Scale")

    def predict(self, *X: dlarray) -> dlarray:
        return activate.leakyrelu(X[0], self.Scale)


@register
class geluLayer(Layer):
    """x Φ(x); with Approximation="tanh" the usual approximation instead of "none".

    Example:
        >>> from tinydl import dlarray, geluLayer
        >>> geluLayer().predict(dlarray([1], "C"))
        1(C) × 1(U) dlarray
        [0.8413]
    """

    short = "gelu"

    def __init__(self, *, Name: str = "", Approximation: str = "none") -> None:
        self.Name = Name
        one_of(Approximation, ("none", "tanh"), "Approximation", "geluLayer")
        self.Approximation = Approximation

    def predict(self, *X: dlarray) -> dlarray:
        return activate.gelu(X[0], Approximation=self.Approximation)


@register
class tanhLayer(Layer):
    """The hyperbolic tangent.

    Example:
        >>> from tinydl import dlarray, tanhLayer
        >>> tanhLayer().predict(dlarray([0], "C"))
        1(C) × 1(U) dlarray
        [0.]
    """

    short = "tanh"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def predict(self, *X: dlarray) -> dlarray:
        return tanh(X[0])


@register
class sigmoidLayer(Layer):
    """1 / (1 + e⁻ˣ).

    Example:
        >>> from tinydl import dlarray, sigmoidLayer
        >>> sigmoidLayer().predict(dlarray([0], "C"))
        1(C) × 1(U) dlarray
        [0.5]
    """

    short = "sigmoid"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def predict(self, *X: dlarray) -> dlarray:
        return activate.sigmoid(X[0])


@register
class softmaxLayer(Layer):
    """eˣ / Σ eˣ over the channels.

    Example:
        >>> from tinydl import dlarray, softmaxLayer
        >>> softmaxLayer().predict(dlarray([0, 0], "C"))
        2(C) × 1(U) dlarray
        [0.5 0.5]
    """

    short = "softmax"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layouts[0].need("C")
        return layouts[0]

    def predict(self, *X: dlarray) -> dlarray:
        return activate.softmax(X[0])
