"""Rows of the layers: how each is made, with several sets of options, and what enters it.

A layer that is registered without a row here fails tests/test_layers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinydl import (
    additionLayer,
    averagePooling2dLayer,
    batchNormalizationLayer,
    convolution2dLayer,
    dropoutLayer,
    featureInputLayer,
    flattenLayer,
    fullyConnectedLayer,
    geluLayer,
    globalAveragePooling2dLayer,
    imageInputLayer,
    leakyReluLayer,
    maxPooling2dLayer,
    networkDataLayout,
    reluLayer,
    sigmoidLayer,
    softmaxLayer,
    tanhLayer,
)

Layouts = tuple[networkDataLayout, ...]


@dataclass(frozen=True)
class LayerRow:
    """One layer with one set of options.

    make     makes the layer; a function, so that an error of the constructor fails one test only
    layouts  the layouts of its inputs, one tuple for each way of calling it
    label    what is particular about the options
    """

    make: Callable[[], Any]
    layouts: tuple[Layouts, ...]
    label: str = ""

    @property
    def kind(self) -> str:
        """The name of the constructor, which is the first that `make` calls."""
        return self.make.__code__.co_names[0]

    def __repr__(self) -> str:  # what pytest prints as the test's id
        return f"{self.kind}[{self.label}]" if self.label else self.kind


def images(*sizes: int) -> networkDataLayout:
    """Height, width and channels."""
    return networkDataLayout([*sizes, None], "SSCB")


FEATURES = networkDataLayout([4, None], "CB")
SEQUENCES = networkDataLayout([3, None, None], "CBT")
LONE = networkDataLayout([4], "C")
IMAGES = images(5, 4, 2)
ANY: tuple[Layouts, ...] = ((FEATURES,), (SEQUENCES,), (IMAGES,), (LONE,))
IMAGES_ONLY: tuple[Layouts, ...] = ((IMAGES,), (images(5, 4, 1),))
PICTURE = np.arange(40.0).reshape(5, 4, 2)
TWO_FILTERS = np.arange(36.0).reshape(3, 3, 2, 2) / 10 - 1

ROWS = [
    # ---- inputs
    LayerRow(lambda: featureInputLayer(4), ((FEATURES,), (LONE,))),
    LayerRow(lambda: featureInputLayer(3), ((SEQUENCES,),), "sequences"),
    LayerRow(lambda: featureInputLayer(4, Normalization="zerocenter", Mean=[1, 2, 3, 4]),
             ((FEATURES,),), "zerocenter"),
    LayerRow(lambda: featureInputLayer(4, Normalization="zscore", Mean=0.5, StandardDeviation=2.0),
             ((FEATURES,),), "zscore by numbers"),
    LayerRow(lambda: featureInputLayer(4, Normalization="rescale-zero-one", Min=-3.0,
                                       Max=[3.0, 4.0, 5.0, 6.0]), ((FEATURES,),), "to 0 … 1"),
    LayerRow(lambda: featureInputLayer(4, Normalization=lambda x: x * 2.0), ((FEATURES,),),
             "function"),
    LayerRow(lambda: imageInputLayer([5, 4, 2]), ((IMAGES,),)),
    LayerRow(lambda: imageInputLayer([5, 4, 2], Mean=PICTURE), ((IMAGES,),), "mean image"),
    LayerRow(lambda: imageInputLayer([5, 4, 2], Normalization="zscore", Mean=[0.5, 1.5],
                                     StandardDeviation=PICTURE + 1.0), ((IMAGES,),), "zscore"),
    LayerRow(lambda: imageInputLayer([5, 4, 2], Normalization="rescale-symmetric", Min=-3.0,
                                     Max=[3.0, 4.0], NormalizationDimension="auto"),
             ((IMAGES,),), "to −1 … 1"),
    LayerRow(lambda: imageInputLayer([5, 4, 2], Normalization="none"), ((IMAGES,),), "none"),
    # ---- dense
    LayerRow(lambda: fullyConnectedLayer(3), ANY),
    LayerRow(lambda: fullyConnectedLayer(2, Weights=np.arange(8.0).reshape(2, 4), Bias=[1.0, 2.0]),
             ((FEATURES,),), "given"),
    LayerRow(lambda: flattenLayer(), ANY),
    # ---- convolution
    LayerRow(lambda: convolution2dLayer(3, 2), ((IMAGES,), (images(3, 3, 1),))),
    LayerRow(lambda: convolution2dLayer([2, 3], 3, Stride=[1, 2], Padding=[1, 0, 2, 1]),
             ((IMAGES,),), "uneven"),
    LayerRow(lambda: convolution2dLayer(2, 2, DilationFactor=[2, 1], Padding="same"),
             ((IMAGES,),), "dilated, same"),
    LayerRow(lambda: convolution2dLayer(3, 2, Stride=2, Padding="same"), ((IMAGES,),),
             "strided, same"),
    LayerRow(lambda: convolution2dLayer(3, 2, Padding=1, PaddingValue="replicate", NumChannels=2,
                                        BiasInitializer="ones"), ((IMAGES,),), "replicate"),
    LayerRow(lambda: convolution2dLayer(3, 2, Padding=2, PaddingValue="symmetric-exclude-edge"),
             ((IMAGES,),), "mirrored"),
    LayerRow(lambda: convolution2dLayer(3, 2, Padding=1, PaddingValue=1.5, Weights=TWO_FILTERS),
             ((IMAGES,),), "padded with a number, weights given"),
    # ---- normalization
    LayerRow(lambda: batchNormalizationLayer(), ((FEATURES,), (SEQUENCES,), (IMAGES,))),
    LayerRow(lambda: batchNormalizationLayer(MeanDecay=0.3, VarianceDecay=1.0, Epsilon=0.01,
                                             Offset=[1.0, 2.0], Scale=[3.0, 0.5]),
             ((IMAGES,),), "options"),
    LayerRow(lambda: batchNormalizationLayer(Statistics="fixed", TrainedMean=np.ones(4),
                                             TrainedVariance=np.full(4, 2.0)),
             ((FEATURES,),), "fixed"),
    # ---- activations
    LayerRow(lambda: reluLayer(), ANY),
    LayerRow(lambda: leakyReluLayer(), ANY),
    LayerRow(lambda: leakyReluLayer(-0.5), ((FEATURES,),), "scale"),
    LayerRow(lambda: geluLayer(), ((FEATURES,), (IMAGES,))),
    LayerRow(lambda: geluLayer(Approximation="tanh"), ((FEATURES,), (IMAGES,)), "tanh"),
    LayerRow(lambda: tanhLayer(), ANY),
    LayerRow(lambda: sigmoidLayer(), ANY),
    LayerRow(lambda: softmaxLayer(), ANY),
    LayerRow(lambda: dropoutLayer(), ((FEATURES,), (IMAGES,))),
    LayerRow(lambda: dropoutLayer(0.0), ((FEATURES,),), "of nothing"),
    # ---- pooling
    LayerRow(lambda: maxPooling2dLayer(2), IMAGES_ONLY),
    LayerRow(lambda: maxPooling2dLayer([2, 3], Stride=[2, 1], Padding=[1, 0, 1, 1]),
             ((IMAGES,),), "uneven"),
    LayerRow(lambda: maxPooling2dLayer(3, Stride=2, Padding="same"), ((IMAGES,),), "same"),
    LayerRow(lambda: averagePooling2dLayer(2), IMAGES_ONLY),
    LayerRow(lambda: averagePooling2dLayer([3, 2], Stride=[2, 1], Padding=[1, 1]),
             ((IMAGES,),), "padded"),
    LayerRow(lambda: averagePooling2dLayer(2, Padding="same", PaddingValue="mean"),
             ((IMAGES,),), "same, mean"),
    LayerRow(lambda: globalAveragePooling2dLayer(), IMAGES_ONLY),
    # ---- several inputs
    LayerRow(lambda: additionLayer(2), ((FEATURES, FEATURES), (IMAGES, images(5, 4, 1)))),
    LayerRow(lambda: additionLayer(3), ((FEATURES,) * 3,), "three"),
]  # fmt: skip
