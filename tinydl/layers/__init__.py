"""Layers: options, learnable parameters and state, and one call of one function.

``layer``          the base class, and the catalogue of all layers
``layout``         labels and sizes that are known before there is data
``initializers``   first values of parameters
``input`` ``dense`` ``convolution`` ``normalization`` ``activation`` ``dropout`` ``pooling``
``combine``        one family of layers each
"""

from tinydl.layers import (
    activation,
    combine,
    convolution,
    dense,
    dropout,
    input,
    normalization,
    pooling,
)
from tinydl.layers.layer import LAYERS, Layer

__all__ = ["LAYERS", "Layer", "activation", "combine", "convolution", "dense", "dropout", "input",
           "normalization", "pooling"]  # fmt: skip
