"""Layers: options, learnable parameters and state, and one call of one function.

``layer``          the base class, and the catalogue of all layers
``layout``         labels and sizes that are known before there is data
``initializers``   first values of parameters
``window`` ``weighted`` ``scaled``  what layers share that have a window, Weights, or a Scale
``custom``         the base of layers that users write; ``backward`` their own derivative rules
``users``          what those and functionLayer have in common

One family of layers each: ``input`` ``sequence_input`` ``dense`` ``convolution`` ``transposed``
``pooling`` ``global_pooling`` ``image`` ``normalization`` ``observation_normalization``
``activation`` ``dropout`` ``combine`` ``function`` ``recurrent`` ``lstm`` ``bidirectional`` ``gru``
``attention`` ``self_attention`` ``embedding`` ``sequence``
"""

from tinydl.layers import (
    activation,
    attention,
    bidirectional,
    combine,
    convolution,
    dense,
    dropout,
    embedding,
    function,
    global_pooling,
    gru,
    image,
    input,
    lstm,
    normalization,
    observation_normalization,
    pooling,
    recurrent,
    self_attention,
    sequence,
    sequence_input,
    transposed,
)
from tinydl.layers.layer import LAYERS, Layer

__all__ = ["LAYERS", "Layer", "activation", "attention", "bidirectional", "combine", "convolution",
           "dense", "dropout", "embedding", "function", "global_pooling", "gru", "image", "input",
           "lstm", "normalization", "observation_normalization", "pooling", "recurrent",
           "self_attention", "sequence", "sequence_input", "transposed"]  # fmt: skip
