"""Rows of the layers: how each is made, with several sets of options, and what enters it.

A layer that is registered without a row here fails tests/test_layers.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinydl as dl
from tinydl import (
    additionLayer,
    attentionLayer,
    averagePooling1dLayer,
    averagePooling2dLayer,
    averagePooling3dLayer,
    batchNormalizationLayer,
    bilstmLayer,
    clippedReluLayer,
    concatenationLayer,
    convolution1dLayer,
    convolution2dLayer,
    convolution3dLayer,
    crop2dLayer,
    crossChannelNormalizationLayer,
    depthConcatenationLayer,
    depthToSpace2dLayer,
    dlarray,
    dropoutLayer,
    eluLayer,
    featureInputLayer,
    flattenLayer,
    fullyConnectedLayer,
    functionLayer,
    geluLayer,
    globalAveragePooling1dLayer,
    globalAveragePooling2dLayer,
    globalAveragePooling3dLayer,
    globalMaxPooling1dLayer,
    globalMaxPooling2dLayer,
    globalMaxPooling3dLayer,
    groupedConvolution2dLayer,
    groupNormalizationLayer,
    gruLayer,
    image3dInputLayer,
    imageInputLayer,
    indexing1dLayer,
    inputLayer,
    instanceNormalizationLayer,
    layerNormalizationLayer,
    leakyReluLayer,
    lstmLayer,
    maxPooling1dLayer,
    maxPooling2dLayer,
    maxPooling3dLayer,
    maxUnpooling2dLayer,
    multiplicationLayer,
    networkDataLayout,
    networkLayer,
    positionEmbeddingLayer,
    preluLayer,
    reluLayer,
    resize2dLayer,
    resize3dLayer,
    selfAttentionLayer,
    sequenceInputLayer,
    sigmoidLayer,
    sinusoidalPositionEncodingLayer,
    softmaxLayer,
    softplusLayer,
    spaceToDepthLayer,
    squeeze,
    swishLayer,
    tanhLayer,
    transposedConv1dLayer,
    transposedConv2dLayer,
    transposedConv3dLayer,
    wordEmbeddingLayer,
)

Layouts = tuple[networkDataLayout, ...]


def block() -> dl.dlnetwork:
    """A network to put into others, whose sizes what enters it decides."""
    return dl.dlnetwork([fullyConnectedLayer(3), batchNormalizationLayer(), tanhLayer()],
                        Initialize=False)  # fmt: skip


@dataclass(frozen=True)
class LayerRow:
    """One layer with one set of options.

    make     makes the layer; a function, so that an error of the constructor fails one test only
    layouts  the layouts of its inputs, one tuple for each way of calling it
    label    what is particular about the options
    inputs   arrays to use as they are, where drawn ones make no sense, such as indices
    follow   the inputs that it can be differentiated by, if not by all
    """

    make: Callable[[], Any]
    layouts: tuple[Layouts, ...]
    label: str = ""
    inputs: Sequence[dlarray] | None = None
    follow: Sequence[int] | None = None

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
LINES_IN_TIME = networkDataLayout([4, 2, None, None], "SCBT")
LINES = networkDataLayout([5, 2, None], "SCB")
VOLUMES = networkDataLayout([3, 2, 3, 2, None], "SSSCB")
VIDEOS = networkDataLayout([3, 2, 2, None, None], "SSCBT")
STEP = networkDataLayout([3, None], "CB")
ONE_SEQUENCE = networkDataLayout([3, None], "CT")
OF_TWO = networkDataLayout([2, None], "CB")
EVEN = networkDataLayout([4, None, None], "CBT")
LINE_OF_THREE = networkDataLayout([6, 3, None], "SCB")
ONE_CHANNEL = networkDataLayout([1, None], "CB")
ONE_NUMBER = networkDataLayout([1, None, None], "CBT")
SIGNALS = [dlarray(np.random.default_rng(i).standard_normal((4, 2, 3)), "CBT") for i in range(3)]
PADDED = dlarray([[[1, 1, 0], [1, 1, 1]]], "CBT")
WORDS = dlarray([[[0, 4, 1, 4], [2, 2, 0, 3]]], "CBT")
NAN = float("nan")
ANY: tuple[Layouts, ...] = ((FEATURES,), (SEQUENCES,), (IMAGES,), (LONE,))
IMAGES_ONLY: tuple[Layouts, ...] = ((IMAGES,), (images(5, 4, 1),))
PICTURE = np.arange(40.0).reshape(5, 4, 2)
TWO_FILTERS = np.arange(36.0).reshape(3, 3, 2, 2) / 10 - 1
FROM_TWO = TWO_FILTERS[..., ::-1]


def squared(X: dlarray) -> dlarray:
    return X * X


def difference(X: dlarray, Y: dlarray) -> dlarray:
    return X - 2.0 * Y


def largest(X: dlarray) -> dlarray:
    return dl.max(X, "C")


def pooled() -> list[dlarray]:
    """What a maxPooling2dLayer hands on: its result, and where in which size that was."""
    X = dlarray(np.random.default_rng(1).permutation(np.arange(120.0)).reshape(5, 4, 2, 3), "SSCB")
    return list(maxPooling2dLayer(2, Stride=2, HasUnpoolingOutputs=True).predict(X))


POOLED = (images(2, 2, 2), images(2, 2, 2), networkDataLayout([4], "U"))

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
    LayerRow(lambda: image3dInputLayer([3, 2, 3, 2], Mean=[0.5, 1.0]), ((VOLUMES,),)),
    LayerRow(lambda: sequenceInputLayer(3), ((SEQUENCES,),)),
    LayerRow(lambda: sequenceInputLayer([4, 2], Normalization="zscore", Mean=[0.5, 1.0],
                                        StandardDeviation=2.0, MinLength=2),
             ((LINES_IN_TIME,),), "lines"),
    LayerRow(lambda: sequenceInputLayer(3, Normalization="rescale-symmetric", Min=-4.0, Max=4.0,
                                        NormalizationDimension="all"), ((SEQUENCES,),), "all"),
    LayerRow(lambda: inputLayer([4, NAN], "CB"), ((FEATURES,),)),
    LayerRow(lambda: inputLayer([NAN, NAN, 3], "TBC"), ((SEQUENCES,),), "sequences"),
    # ---- a function
    LayerRow(lambda: functionLayer(squared), ANY),
    LayerRow(lambda: functionLayer(largest, Formattable=True), ((IMAGES,), (FEATURES,)),
             "labelled"),
    LayerRow(lambda: functionLayer(difference), ((FEATURES, FEATURES),), "two inputs"),
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
    LayerRow(lambda: swishLayer(), ANY),
    LayerRow(lambda: softplusLayer(), ANY),
    LayerRow(lambda: eluLayer(), ANY),
    LayerRow(lambda: eluLayer(0.5), ((FEATURES,),), "another slope"),
    LayerRow(lambda: clippedReluLayer(1.3), ((FEATURES,), (IMAGES,))),
    LayerRow(lambda: preluLayer(), ANY),
    LayerRow(lambda: preluLayer(Alpha=[0.1, -0.5]), ((IMAGES,),), "given"),
    LayerRow(lambda: softmaxLayer(), ANY),
    LayerRow(lambda: dropoutLayer(), ((FEATURES,), (IMAGES,))),
    LayerRow(lambda: dropoutLayer(0.0), ((FEATURES,),), "of nothing"),
    LayerRow(lambda: convolution1dLayer(3, 2), ((LINES,),)),
    LayerRow(lambda: convolution1dLayer(2, 3, Padding="causal", DilationFactor=2),
             ((SEQUENCES,),), "causal"),
    LayerRow(lambda: convolution3dLayer(2, 2, Padding="same"), ((VOLUMES,), (VIDEOS,))),
    LayerRow(lambda: convolution3dLayer([2, 1, 2], 2, Stride=[1, 2, 1],
                                        Padding=[[1, 0, 0], [0, 0, 1]]), ((VOLUMES,),), "uneven"),
    LayerRow(lambda: groupedConvolution2dLayer(2, 3, 2), ((IMAGES,),)),
    LayerRow(lambda: groupedConvolution2dLayer(3, 2, "channel-wise", Padding="same"),
             ((IMAGES,), (images(5, 4, 3),)), "channel-wise"),
    LayerRow(lambda: transposedConv1dLayer(3, 2, Stride=2), ((LINES,), (SEQUENCES,))),
    LayerRow(lambda: transposedConv2dLayer(3, 2), ((IMAGES,),)),
    LayerRow(lambda: transposedConv2dLayer([3, 2], 3, Stride=2, Cropping="same"),
             ((IMAGES,),), "same"),
    LayerRow(lambda: transposedConv2dLayer(3, 2, Cropping=[1, 0, 0, 1], Weights=FROM_TWO),
             ((IMAGES,),), "given"),
    LayerRow(lambda: transposedConv3dLayer(2, 2, Stride=[1, 2, 1]), ((VOLUMES,),)),
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
    LayerRow(lambda: maxPooling1dLayer(2), ((SEQUENCES,), (LINES,))),
    LayerRow(lambda: maxPooling1dLayer(3, Stride=2, Padding=[1, 0]), ((LINES,),), "uneven"),
    LayerRow(lambda: maxPooling3dLayer(2, Padding=[[1, 0, 1], [0, 1, 0]]), ((VOLUMES,),)),
    LayerRow(lambda: averagePooling1dLayer(2, Padding="same"), ((SEQUENCES,), (LINES,))),
    LayerRow(lambda: averagePooling3dLayer([2, 1, 2]), ((VOLUMES,), (VIDEOS,))),
    LayerRow(lambda: globalMaxPooling1dLayer(), ((SEQUENCES,), (LINES,))),
    LayerRow(lambda: globalMaxPooling2dLayer(), IMAGES_ONLY),
    LayerRow(lambda: globalMaxPooling3dLayer(), ((VOLUMES,),)),
    LayerRow(lambda: globalAveragePooling1dLayer(), ((SEQUENCES,), (LINES,))),
    LayerRow(lambda: globalAveragePooling3dLayer(), ((VOLUMES,),)),
    # ---- normalization of each observation
    LayerRow(lambda: layerNormalizationLayer(Epsilon=0.01), ANY),
    LayerRow(lambda: layerNormalizationLayer(Epsilon=0.01, OperationDimension="batch-excluded"),
             ((SEQUENCES,), (IMAGES,)), "batch-excluded"),
    LayerRow(lambda: groupNormalizationLayer(2, Epsilon=0.01), ((FEATURES,), (IMAGES,))),
    LayerRow(lambda: groupNormalizationLayer("all-channels", Epsilon=0.01, Scale=[1.0, 2.0]),
             ((IMAGES,),), "all channels"),
    LayerRow(lambda: instanceNormalizationLayer(Epsilon=0.01), ((IMAGES,), (SEQUENCES,))),
    LayerRow(lambda: crossChannelNormalizationLayer(3, Alpha=0.5), ((FEATURES,), (IMAGES,))),
    # ---- the size of images
    LayerRow(lambda: resize2dLayer(Scale=[2, 1.5]), IMAGES_ONLY),
    LayerRow(lambda: resize2dLayer(OutputSize=[3, 6], Method="linear"), IMAGES_ONLY, "linear"),
    LayerRow(lambda: resize2dLayer(EnableReferenceInput=True, Method="linear"),
             ((IMAGES, images(7, 3, 1)),), "by reference"),
    LayerRow(lambda: resize3dLayer(Scale=2, Method="linear"), ((VOLUMES,),)),
    LayerRow(lambda: crop2dLayer("centercrop"), ((IMAGES, images(3, 2, 1)),)),
    LayerRow(lambda: crop2dLayer([1, 2]), ((IMAGES, images(3, 2, 1)),), "from a place"),
    LayerRow(lambda: maxPooling2dLayer(2, HasUnpoolingOutputs=True), ((IMAGES,),), "with places"),
    LayerRow(lambda: maxUnpooling2dLayer(), (POOLED,), inputs=pooled(), follow=[0]),
    LayerRow(lambda: depthToSpace2dLayer([1, 2]), ((IMAGES,),)),
    LayerRow(lambda: depthToSpace2dLayer(2, Mode="crd"), ((images(2, 3, 8),),), "crd"),
    LayerRow(lambda: spaceToDepthLayer(2), IMAGES_ONLY),
    # ---- sequences
    LayerRow(lambda: lstmLayer(2), ((SEQUENCES,), (STEP,), (ONE_SEQUENCE,), (LONE,))),
    LayerRow(lambda: lstmLayer(2, OutputMode="last", GateActivationFunction="hard-sigmoid",
                               StateActivationFunction="softsign"),
             ((SEQUENCES,), (ONE_SEQUENCE,)), "last, other functions"),
    LayerRow(lambda: lstmLayer(2, HiddenState=[0.5, -1.0], CellState=np.ones((2, 1))),
             ((SEQUENCES,),), "state given"),
    LayerRow(lambda: lstmLayer(2, HasStateInputs=True), ((SEQUENCES, OF_TWO, OF_TWO),),
             "state inputs"),
    LayerRow(lambda: bilstmLayer(2), ((SEQUENCES,), (STEP,))),
    LayerRow(lambda: bilstmLayer(1, OutputMode="last", HasStateInputs=True),
             ((SEQUENCES, OF_TWO, OF_TWO),), "last, state inputs"),
    LayerRow(lambda: gruLayer(2), ((SEQUENCES,), (STEP,), (ONE_SEQUENCE,))),
    LayerRow(lambda: gruLayer(2, OutputMode="last", ResetGateMode="before-multiplication",
                              HasStateInputs=True), ((SEQUENCES, OF_TWO),), "last, state inputs"),
    LayerRow(lambda: gruLayer(2, ResetGateMode="recurrent-bias-after-multiplication",
                              HiddenState=[0.5, -1.0]), ((SEQUENCES,),), "two biases"),
    LayerRow(lambda: attentionLayer(2), ((EVEN, EVEN, EVEN),)),
    LayerRow(lambda: attentionLayer(1, AttentionMask="causal", Scale=0.3, DropoutProbability=0.4),
             ((SEQUENCES, LINE_OF_THREE, LINE_OF_THREE),), "causal, dropout"),
    LayerRow(lambda: selfAttentionLayer(2, 4), ((SEQUENCES,), (LINES,), (ONE_SEQUENCE,))),
    LayerRow(lambda: selfAttentionLayer(1, 2, NumValueChannels=3, OutputSize=2,
                                        AttentionMask="causal", DropoutProbability=0.4),
             ((SEQUENCES,),), "causal, dropout"),
    LayerRow(lambda: attentionLayer(2, HasPaddingMaskInput=True, HasScoresOutput=True),
             ((EVEN, EVEN, EVEN, ONE_NUMBER),), "mask and scores", inputs=[*SIGNALS, PADDED],
             follow=(0, 1, 2)),
    LayerRow(lambda: selfAttentionLayer(2, 2, HasPaddingMaskInput=True, HasScoresOutput=True),
             ((EVEN, ONE_NUMBER),), "mask and scores", inputs=[SIGNALS[0], PADDED], follow=(0,)),
    LayerRow(lambda: lstmLayer(2, HasStateInputs=True, HasStateOutputs=True),
             ((SEQUENCES, OF_TWO, OF_TWO),), "state inputs and outputs"),
    LayerRow(lambda: gruLayer(2, OutputMode="last", HasStateOutputs=True),
             ((SEQUENCES,), (ONE_SEQUENCE,)), "state outputs"),
    LayerRow(lambda: wordEmbeddingLayer(2, 5), ((ONE_NUMBER,),), inputs=[WORDS], follow=()),
    LayerRow(lambda: wordEmbeddingLayer(2, 5, Weights=np.arange(10.0).reshape(2, 5)),
             ((networkDataLayout([None, None], "BT"),),), "given, no channels",
             inputs=[squeeze(WORDS)], follow=()),
    LayerRow(lambda: indexing1dLayer(), ((SEQUENCES,), (LINES,), (ONE_SEQUENCE,))),
    LayerRow(lambda: indexing1dLayer("last"), ((SEQUENCES,), (LINES,)), "last"),
    LayerRow(lambda: indexing1dLayer(1), ((SEQUENCES,),), "by position"),
    LayerRow(lambda: positionEmbeddingLayer(2, 9), ((SEQUENCES,), (LINES,), (LINES_IN_TIME,))),
    LayerRow(lambda: positionEmbeddingLayer(3, 6, PositionDimension="spatial"),
             ((LINES_IN_TIME,),), "spatial"),
    LayerRow(lambda: sinusoidalPositionEncodingLayer(4), ((SEQUENCES,), (LINES,), (ONE_CHANNEL,))),
    LayerRow(lambda: sinusoidalPositionEncodingLayer(2, Positions="data-values"),
             ((networkDataLayout([None, None], "BT"),),), "of values"),
    # ---- several inputs
    LayerRow(lambda: additionLayer(2), ((FEATURES, FEATURES), (IMAGES, images(5, 4, 1)))),
    LayerRow(lambda: additionLayer(3), ((FEATURES,) * 3,), "three"),
    LayerRow(lambda: multiplicationLayer(2), ((FEATURES, FEATURES), (IMAGES, images(5, 4, 1)))),
    LayerRow(lambda: multiplicationLayer(3), ((FEATURES,) * 3,), "three"),
    LayerRow(lambda: concatenationLayer("C", 2), ((FEATURES, FEATURES), (SEQUENCES, SEQUENCES))),
    LayerRow(lambda: concatenationLayer(None, 2, axis=1), ((IMAGES, images(5, 3, 2)),), "by axis"),
    LayerRow(lambda: depthConcatenationLayer(3), ((IMAGES, images(5, 4, 1), IMAGES),)),
    # ---- networks in networks
    LayerRow(lambda: networkLayer(block()), ((FEATURES,), (IMAGES,))),
    LayerRow(lambda: networkLayer(dl.dlnetwork([networkLayer(block(), Name="inner"), reluLayer()],
                                               FEATURES)),
             ((FEATURES,),), "twice, with values"),
]  # fmt: skip
