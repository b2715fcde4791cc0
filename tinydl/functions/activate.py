"""Activation functions."""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import numbers_too, one_of
from tinydl.functions.formats import data_format
from tinydl.labels import dlarray
from tinydl.labels.apply import binary, unary
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


def swish(X: dlarray) -> dlarray:
    """x / (1 + e⁻ˣ), also called SiLU. Ramachandran et al., "Searching for activation functions",
    2017.

    Example:
        >>> from tinydl import dlarray
        >>> print(f"{swish(dlarray(1.0)):.4f}")
        0.7311
    """
    return unary(activation.swish, X)


def softplus(X: dlarray) -> dlarray:
    """log(1 + eˣ), a smooth relu.

    Example:
        >>> from tinydl import dlarray
        >>> print(f"{softplus(dlarray(0.0)):.4f}")
        0.6931
    """
    return unary(activation.softplus, X)


def elu(X: dlarray, alpha: float = 1.0) -> dlarray:
    """x where x > 0, and alpha (eˣ − 1) elsewhere. Clevert et al., 2015.

    Example:
        >>> from tinydl import dlarray
        >>> print(f"{elu(dlarray(-1.0)):.4f}")
        -0.6321
    """
    return unary(activation.elu, X, alpha=float(alpha))


def clippedrelu(X: dlarray, ceiling: float) -> dlarray:
    """x between 0 and the ceiling, and the nearer of the two beyond.

    Example:
        >>> from tinydl import dlarray
        >>> clippedrelu(dlarray([-1.0, 3.0, 9.0]), 6.0)
        3 dlarray
        [0. 3. 6.]
    """
    return unary(activation.clipped_relu, X, ceiling=float(ceiling))


def prelu(X: dlarray, alpha: dlarray) -> dlarray:
    """x where x > 0, and alpha · x elsewhere; alpha has labels, or expands to X by position.

    Example:
        >>> from tinydl import dlarray
        >>> prelu(dlarray([[-1.0], [-1.0]], "CB"), dlarray([0.25, 0.5], "C"))
        2(C) × 1(B) dlarray
        [[-0.25]
         [-0.5 ]]
    """
    return binary(activation.prelu, X, alpha)


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
