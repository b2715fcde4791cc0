"""Activation functions."""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import numbers_too, one_of
from tinydl.functions.formats import data_format
from tinydl.labels import dlarray
from tinydl.labels.apply import unary
from tinydl.labels.classes import arithmetic
from tinydl.labels.format import find
from tinydl.labels.options import named_options
from tinydl.primitives import activation, reduce
from tinydl.primitives import gelu as gelus


@numbers_too
def relu(X: Any) -> Any:
    """max(x, 0) element by element; its derivative at 0 is 0.

    Example:
        >>> from tinydl import relu
        >>> relu([-1.0, 2.0])
        array([0., 2.])
    """
    return unary(activation.relu, X)


@numbers_too
def leakyrelu(X: Any, scaleFactor: float = 0.01) -> Any:
    """x where x > 0 and scaleFactor · x elsewhere.

    Example:
        >>> from tinydl import leakyrelu
        >>> leakyrelu([-1.0, 2.0], 0.1)
        array([-0.1,  2. ])
    """
    return unary(activation.leakyrelu, X, scale=float(scaleFactor))


@named_options
@numbers_too
def gelu(X: Any, Approximation: str = "none") -> Any:
    """x Φ(x) with the normal distribution Φ; with Approximation="tanh" the usual approximation.

    "none" is x/2 (1 + erf(x/√2)), "tanh" is x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))); Hendrycks
    and Gimpel, "Gaussian error linear units", 2016.

    Example:
        >>> from tinydl import gelu
        >>> gelu([1.0]).round(4), gelu([1.0], Approximation="tanh").round(4)
        (array([0.8413]), array([0.8412]))
    """
    one_of(Approximation, ("none", "tanh"), "Approximation", "gelu")
    return unary(gelus.gelu if Approximation == "none" else gelus.gelu_tanh, X)


@numbers_too
def sigmoid(X: Any) -> Any:
    """1 / (1 + e⁻ˣ).

    Example:
        >>> from tinydl import sigmoid
        >>> sigmoid([0.0])
        array([0.5])
    """
    return unary(activation.sigmoid, X)


@named_options
def softmax(X: dlarray, DataFormat: str | None = None) -> dlarray:
    """eˣ / Σ eˣ over the channels: probabilities that add up to 1.

    X has a C dimension; DataFormat= names the dimensions of one without labels.

    Example:
        >>> from tinydl import dlarray, softmax
        >>> softmax(dlarray([[0.0], [0.0]], "CB"))
        2(C) × 1(B) dlarray
        [[0.5]
         [0.5]]
    """
    labelled = data_format(X, DataFormat, "softmax", needs="C")
    value = reduce.softmax(arithmetic(labelled.X._value), axis=find(labelled.X.dims, "C"))
    return labelled.back(dlarray._make(value, labelled.X.dims))
