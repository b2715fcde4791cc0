"""Activations: layers that apply one function to each element, and softmax."""

from __future__ import annotations

from typing import Any

from tinydl.functions import activate
from tinydl.functions.arguments import one_of
from tinydl.functions.hyperbolic import tanh
from tinydl.functions.shape import reshape
from tinydl.labels import dlarray
from tinydl.layers import initializers
from tinydl.layers.layer import Layer, Parameter, register
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import not_negative, number


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
class swishLayer(Layer):
    """x / (1 + e⁻ˣ), also called SiLU.

    Example:
        >>> from tinydl import dlarray, swishLayer
        >>> swishLayer().predict(dlarray([0, 1], "C"))
        2(C) × 1(U) dlarray
        [0.     0.7311]
    """

    short = "swish"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def predict(self, *X: dlarray) -> dlarray:
        return activate.swish(X[0])


@register
class softplusLayer(Layer):
    """log(1 + eˣ), a smooth relu.

    Example:
        >>> from tinydl import dlarray, softplusLayer
        >>> softplusLayer().predict(dlarray([0], "C"))
        1(C) × 1(U) dlarray
        [0.6931]
    """

    short = "softplus"

    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name

    def predict(self, *X: dlarray) -> dlarray:
        return activate.softplus(X[0])


@register
class eluLayer(Layer):
    """x where x > 0, and Alpha (eˣ − 1) elsewhere; Alpha is 1 unless given.

    Example:
        >>> from tinydl import dlarray, eluLayer
        >>> eluLayer(2).predict(dlarray([-1, 3], "C"))
        2(C) × 1(U) dlarray
        [-1.2642  3.    ]
    """

    short = "elu"

    def __init__(self, Alpha: float = 1.0, *, Name: str = "") -> None:
        self.Name = Name
        self.Alpha = number(Alpha, "eluLayer: Alpha")

    def predict(self, *X: dlarray) -> dlarray:
        return activate.elu(X[0], self.Alpha)


@register
class clippedReluLayer(Layer):
    """x between 0 and Ceiling, and the nearer of the two beyond.

    Example:
        >>> from tinydl import clippedReluLayer, dlarray
        >>> clippedReluLayer(6).predict(dlarray([-1, 3, 9], "C"))
        3(C) × 1(U) dlarray
        [0. 3. 6.]
    """

    short = "clippedrelu"

    def __init__(self, Ceiling: float, *, Name: str = "") -> None:
        self.Name = Name
        self.Ceiling = number(Ceiling, "clippedReluLayer: Ceiling", 0.0)
        if self.Ceiling == 0:
            raise ValueError("clippedReluLayer: with Ceiling 0 nothing would be left")

    def predict(self, *X: dlarray) -> dlarray:
        return activate.clippedrelu(X[0], self.Ceiling)


@register
class preluLayer(Layer):
    """x where x > 0, and Alpha · x elsewhere, with one learnable Alpha for each channel.

    Alpha has the size 1×1×C after images and C×1 otherwise. It starts from AlphaInitializer, which
    is 0.25 unless given, another number, a name such as "narrow-normal" or a function of the size;
    or with the values given as Alpha. He et al., "Delving deep into rectifiers", 2015.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(2), preluLayer()])
        >>> predict(net, dlarray([[-4], [4]], "CB"))
        2(C) × 1(B) single dlarray
        [[-1.]
         [ 4.]]
    """

    short = "prelu"
    Learnable = ("Alpha",)

    Alpha: Any

    def __init__(
        self,
        *,
        Name: str = "",
        Alpha: Any = None,
        AlphaInitializer: Any = 0.25,
        AlphaLearnRateFactor: float = 1.0,
        AlphaL2Factor: float = 0.0,
    ) -> None:
        self.Name = Name
        self.Alpha = Alpha
        self.AlphaInitializer = initializers.check(AlphaInitializer, "AlphaInitializer")
        self.AlphaLearnRateFactor = not_negative(AlphaLearnRateFactor, "AlphaLearnRateFactor")
        self.AlphaL2Factor = not_negative(AlphaL2Factor, "AlphaL2Factor")

    def output(self, *layouts: networkDataLayout) -> networkDataLayout:
        layouts[0].need("C")
        return layouts[0]

    def parameters(self, *layouts: networkDataLayout) -> dict[str, Parameter]:
        return {"Alpha": Parameter(layouts[0].channel_shape())}

    def predict(self, *X: dlarray) -> dlarray:
        along_channels = dlarray(reshape(self.Alpha, -1), "C")
        return activate.prelu(X[0], along_channels)


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
