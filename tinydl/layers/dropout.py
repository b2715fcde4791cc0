"""Dropout."""

from __future__ import annotations

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.labels import dlarray
from tinydl.labels.classes import arithmetic
from tinydl.layers.layer import Layer, register
from tinydl.layers.options import number


@register
class dropoutLayer(Layer):
    """Training sets elements to 0 with a Probability (0.5) and divides the others by 1 − p.

    Prediction leaves its input as it is. The draws come from the package's generator, see rng.
    Srivastava et al., "Dropout", 2014.

    Example:
        >>> from tinydl import dlarray, dropoutLayer
        >>> dropoutLayer(0.5).predict(dlarray([1, 2], "C"))
        2(C) × 1(U) dlarray
        [1. 2.]
    """

    short = "dropout"

    def __init__(self, Probability: float = 0.5, *, Name: str = "") -> None:
        self.Name = Name
        self.Probability = number(Probability, "dropoutLayer: Probability", 0.0, 1.0)
        if self.Probability == 1.0:
            raise ValueError("dropoutLayer: with Probability 1 nothing would be left")

    def predict(self, *X: dlarray) -> dlarray:
        return dlarray(X[0])

    def forward(self, *X: dlarray) -> tuple[dlarray, dict[str, dlarray]]:
        (x,) = X
        lib = xp(plain(x._value))
        draws = lib.uniform(x.shape)
        factor = lib.kept(draws, self.Probability, arithmetic(x._value).dtype)
        return x * dlarray._make(factor, x.dims), {}
