"""tinydl: MATLAB's custom training loops in Python, on NumPy.

The names are MATLAB's, letter for letter.
"""

from tinydl.data import categorical, categories, digitTest4DArrayData, digitTrain4DArrayData
from tinydl.functions.activate import gelu, leakyrelu, relu, sigmoid, softmax
from tinydl.functions.convert import (
    cast,
    double,
    extractdata,
    logical,
    single,
    stripdims,
)
from tinydl.functions.convolve import dlconv
from tinydl.functions.create import ones, zeros
from tinydl.functions.describe import (
    dims,
    finddim,
    isdlarray,
    isUnderlyingType,
    ndims,
    numel,
    size,
    underlyingType,
)
from tinydl.functions.device import canUseGPU, gather, gpuArray, gpuDevice
from tinydl.functions.layerwise import batchnorm, fullyconnect
from tinydl.functions.losses import crossentropy, huber, l1loss, l2loss, mse
from tinydl.functions.math import (
    abs,
    acos,
    asin,
    atan,
    cos,
    cosh,
    erf,
    exp,
    expm1,
    log,
    log1p,
    mtimes,
    power,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from tinydl.functions.pool import avgpool, maxpool
from tinydl.functions.random import rand, randi, randn, randperm, rng
from tinydl.functions.reduce import max, mean, min, sum
from tinydl.functions.shape import (
    cat,
    horzcat,
    permute,
    repmat,
    reshape,
    squeeze,
    transpose,
    vertcat,
)
from tinydl.labels import dlarray
from tinydl.layers.activation import (
    geluLayer,
    leakyReluLayer,
    reluLayer,
    sigmoidLayer,
    softmaxLayer,
    tanhLayer,
)
from tinydl.layers.combine import additionLayer
from tinydl.layers.convolution import convolution2dLayer
from tinydl.layers.dense import flattenLayer, fullyConnectedLayer
from tinydl.layers.dropout import dropoutLayer
from tinydl.layers.input import featureInputLayer, imageInputLayer
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.normalization import StatisticsWarning, batchNormalizationLayer
from tinydl.layers.pooling import (
    averagePooling2dLayer,
    globalAveragePooling2dLayer,
    maxPooling2dLayer,
)
from tinydl.network.edit import (
    addLayers,
    connectLayers,
    disconnectLayers,
    expandLayers,
    layerGraph,
    removeLayers,
    replaceLayer,
)
from tinydl.network.net import dlnetwork, forward, initialize, predict
from tinydl.network.statistics import fix_statistics, release_statistics
from tinydl.network.update import dlupdate
from tinydl.plot import (
    addpoints,
    animatedline,
    drawnow,
    duration,
    figure,
    getpoints,
    tic,
    toc,
    ylim,
)
from tinydl.store.archive import FileFormatError
from tinydl.store.files import load, save
from tinydl.training.differentiate import dlfeval, dlgradient
from tinydl.training.jacobian import dldivergence, dljacobian, dllaplacian
from tinydl.training.solver import adamupdate, rmspropupdate, sgdmupdate

__version__ = "0.1.0"

# Names that Python has too (sum, max, min, abs) are imported one by one, not by `*`.
__all__ = [
    "acos",
    "adamupdate",
    "additionLayer",
    "addLayers",
    "addpoints",
    "animatedline",
    "asin",
    "atan",
    "averagePooling2dLayer",
    "avgpool",
    "batchnorm",
    "batchNormalizationLayer",
    "canUseGPU",
    "cast",
    "cat",
    "categorical",
    "categories",
    "connectLayers",
    "convolution2dLayer",
    "cos",
    "cosh",
    "crossentropy",
    "digitTest4DArrayData",
    "digitTrain4DArrayData",
    "dims",
    "disconnectLayers",
    "dlarray",
    "dlconv",
    "dldivergence",
    "dlfeval",
    "dlgradient",
    "dljacobian",
    "dllaplacian",
    "dlnetwork",
    "dlupdate",
    "double",
    "drawnow",
    "dropoutLayer",
    "duration",
    "erf",
    "exp",
    "expandLayers",
    "expm1",
    "extractdata",
    "featureInputLayer",
    "figure",
    "FileFormatError",
    "finddim",
    "fix_statistics",
    "flattenLayer",
    "forward",
    "fullyconnect",
    "fullyConnectedLayer",
    "gather",
    "gelu",
    "geluLayer",
    "getpoints",
    "globalAveragePooling2dLayer",
    "gpuArray",
    "gpuDevice",
    "horzcat",
    "huber",
    "imageInputLayer",
    "initialize",
    "isdlarray",
    "isUnderlyingType",
    "l1loss",
    "l2loss",
    "layerGraph",
    "leakyrelu",
    "leakyReluLayer",
    "load",
    "log",
    "log1p",
    "logical",
    "maxpool",
    "maxPooling2dLayer",
    "mean",
    "mse",
    "mtimes",
    "ndims",
    "networkDataLayout",
    "numel",
    "ones",
    "permute",
    "power",
    "predict",
    "rand",
    "randi",
    "randn",
    "randperm",
    "release_statistics",
    "relu",
    "reluLayer",
    "removeLayers",
    "replaceLayer",
    "repmat",
    "reshape",
    "rmspropupdate",
    "rng",
    "save",
    "sgdmupdate",
    "sigmoid",
    "sigmoidLayer",
    "sign",
    "sin",
    "single",
    "sinh",
    "size",
    "softmax",
    "softmaxLayer",
    "sqrt",
    "squeeze",
    "StatisticsWarning",
    "stripdims",
    "tan",
    "tanh",
    "tanhLayer",
    "tic",
    "toc",
    "transpose",
    "underlyingType",
    "vertcat",
    "ylim",
    "zeros",
]
