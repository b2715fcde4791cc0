"""tinydl: MATLAB's custom training loops in Python, on NumPy.

The names are MATLAB's, letter for letter.
"""

from tinydl.backend.threads import get_num_threads, set_num_threads
from tinydl.data import (
    categorical,
    categories,
    digitTest4DArrayData,
    digitTrain4DArrayData,
    onehotdecode,
    onehotencode,
)
from tinydl.functions.activate import gelu, leakyrelu, relu, sigmoid, softmax
from tinydl.functions.arithmetic import (
    ldivide,
    minus,
    mtimes,
    plus,
    power,
    rdivide,
    realpow,
    times,
    uminus,
    uplus,
)
from tinydl.functions.arrange import (
    blkdiag,
    circshift,
    flip,
    fliplr,
    flipud,
    ipermute,
    repelem,
    shiftdim,
)
from tinydl.functions.attention import attention
from tinydl.functions.compare import eq, ge, gt, isfinite, isinf, isnan, le, lt, ne
from tinydl.functions.convert import (
    cast,
    double,
    extractdata,
    logical,
    single,
    stripdims,
)
from tinydl.functions.convolve import dlconv
from tinydl.functions.create import eye, false, inf, linspace, nan, ones, true, zeros
from tinydl.functions.ctc import ctc
from tinydl.functions.cumulate import cummax, cummin, cumprod, cumsum, trapz
from tinydl.functions.decompose import chol, eig, expm, lu, svd
from tinydl.functions.describe import (
    dims,
    finddim,
    height,
    iscolumn,
    isdlarray,
    isempty,
    isfloat,
    islogical,
    ismatrix,
    isnumeric,
    isrow,
    isscalar,
    isUnderlyingType,
    isvector,
    length,
    ndims,
    numel,
    size,
    underlyingType,
    width,
)
from tinydl.functions.device import canUseGPU, gather, gpuArray, gpuDevice
from tinydl.functions.embed import embed
from tinydl.functions.equal import isequal, isequaln
from tinydl.functions.equations import det, inv, mldivide, mrdivide
from tinydl.functions.group import accumarray, discretize
from tinydl.functions.hyperbolic import (
    acosh,
    acoth,
    acsch,
    asech,
    asinh,
    atanh,
    cosh,
    coth,
    csch,
    sech,
    sinh,
    tanh,
)
from tinydl.functions.image import depthToSpace, dlresize, spaceToDepth
from tinydl.functions.image_losses import focalCrossEntropy, generalizedDice
from tinydl.functions.index_losses import indexcrossentropy
from tinydl.functions.interpolate import interp1
from tinydl.functions.layerwise import fullyconnect
from tinydl.functions.logic import all, any, xor
from tinydl.functions.losses import crossentropy, huber, l1loss, l2loss, mse
from tinydl.functions.math import exp, expm1, log, log1p, log2, log10, nthroot, sqrt
from tinydl.functions.matrix import (
    ctranspose,
    diag,
    dot,
    kron,
    pagectranspose,
    pagemtimes,
    pagetranspose,
    trace,
    tril,
    triu,
)
from tinydl.functions.norm import norm, vecnorm
from tinydl.functions.normalization import (
    batchnorm,
    crosschannelnorm,
    groupnorm,
    instancenorm,
    layernorm,
)
from tinydl.functions.ode import dlode45
from tinydl.functions.parts import abs, angle, conj, imag, isreal, real, sign
from tinydl.functions.pool import avgpool, maxpool
from tinydl.functions.random import rand, randi, randn, randperm, rng
from tinydl.functions.recurrent import gru, lstm
from tinydl.functions.reduce import bounds, max, mean, min, prod, sum
from tinydl.functions.rescale import normalize, rescale
from tinydl.functions.rounding import ceil, fix, floor, mod, rem, round
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
from tinydl.functions.similarity import multissim, psnr, ssim
from tinydl.functions.sort import find, sort, sortrows, topkrows
from tinydl.functions.special import erf, erfc, erfinv, gamma, gammaln, psi
from tinydl.functions.statistics import cov, median, mode, std, var
from tinydl.functions.stft import dlstft
from tinydl.functions.transposed import dltranspconv
from tinydl.functions.trigonometry import (
    acos,
    acot,
    acsc,
    asec,
    asin,
    atan,
    atan2,
    cos,
    cot,
    csc,
    hypot,
    sec,
    sin,
    tan,
)
from tinydl.functions.unpool import maxunpool
from tinydl.labels import dlarray
from tinydl.layers.activation import (
    clippedReluLayer,
    eluLayer,
    geluLayer,
    leakyReluLayer,
    preluLayer,
    reluLayer,
    sigmoidLayer,
    softmaxLayer,
    softplusLayer,
    swishLayer,
    tanhLayer,
)
from tinydl.layers.attention import attentionLayer
from tinydl.layers.bidirectional import bilstmLayer
from tinydl.layers.combine import (
    additionLayer,
    concatenationLayer,
    depthConcatenationLayer,
    multiplicationLayer,
)
from tinydl.layers.convolution import (
    convolution1dLayer,
    convolution2dLayer,
    convolution3dLayer,
    groupedConvolution2dLayer,
)
from tinydl.layers.custom import Layer
from tinydl.layers.dense import flattenLayer, fullyConnectedLayer
from tinydl.layers.dropout import dropoutLayer
from tinydl.layers.embedding import (
    positionEmbeddingLayer,
    sinusoidalPositionEncodingLayer,
    wordEmbeddingLayer,
)
from tinydl.layers.function import functionLayer
from tinydl.layers.global_pooling import (
    globalAveragePooling1dLayer,
    globalAveragePooling2dLayer,
    globalAveragePooling3dLayer,
    globalMaxPooling1dLayer,
    globalMaxPooling2dLayer,
    globalMaxPooling3dLayer,
)
from tinydl.layers.gru import gruLayer
from tinydl.layers.image import (
    crop2dLayer,
    depthToSpace2dLayer,
    maxUnpooling2dLayer,
    resize2dLayer,
    resize3dLayer,
    spaceToDepthLayer,
)
from tinydl.layers.input import featureInputLayer, image3dInputLayer, imageInputLayer
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.lstm import lstmLayer
from tinydl.layers.normalization import StatisticsWarning, batchNormalizationLayer
from tinydl.layers.observation_normalization import (
    crossChannelNormalizationLayer,
    groupNormalizationLayer,
    instanceNormalizationLayer,
    layerNormalizationLayer,
)
from tinydl.layers.pooling import (
    averagePooling1dLayer,
    averagePooling2dLayer,
    averagePooling3dLayer,
    maxPooling1dLayer,
    maxPooling2dLayer,
    maxPooling3dLayer,
)
from tinydl.layers.self_attention import selfAttentionLayer
from tinydl.layers.sequence import indexing1dLayer
from tinydl.layers.sequence_input import inputLayer, sequenceInputLayer
from tinydl.layers.transposed import (
    transposedConv1dLayer,
    transposedConv2dLayer,
    transposedConv3dLayer,
)
from tinydl.network.analyze import analyzeNetwork
from tinydl.network.call import forward, initialize, predict
from tinydl.network.describe import summary
from tinydl.network.edit import (
    addInputLayer,
    addLayers,
    connectLayers,
    disconnectLayers,
    layerGraph,
    removeLayers,
    replaceLayer,
)
from tinydl.network.factors import (
    freezeNetwork,
    getL2Factor,
    getLearnRateFactor,
    setL2Factor,
    setLearnRateFactor,
    unfreezeNetwork,
)
from tinydl.network.fold import fold_batch_normalization
from tinydl.network.fusion import get_fusion, set_fusion
from tinydl.network.merge import merge_states
from tinydl.network.nested import expandLayers, networkLayer
from tinydl.network.net import dlnetwork
from tinydl.network.population import population_statistics
from tinydl.network.solver_state import lbfgsState
from tinydl.network.statistics import fix_statistics, release_statistics, resetState
from tinydl.network.trust import statistics_report
from tinydl.network.update import dlupdate
from tinydl.plot import (
    addpoints,
    animatedline,
    drawnow,
    duration,
    figure,
    getpoints,
    plot,
    tic,
    toc,
    ylim,
)
from tinydl.store.archive import FileFormatError
from tinydl.store.files import load, save
from tinydl.testing.layers import checkLayer
from tinydl.training.accelerate import (
    AcceleratedFunction,
    AccelerationWarning,
    clearCache,
    dlaccelerate,
)
from tinydl.training.differentiate import dlfeval, dlgradient
from tinydl.training.jacobian import (
    dldivergence,
    dljacobian,
    dllaplacian,
    observation_jacobian,
)
from tinydl.training.lbfgs import lbfgsupdate
from tinydl.training.solver import adamupdate, rmspropupdate, sgdmupdate

__version__ = "0.1.0"

# Names that Python has too (sum, max, min, abs) are imported one by one, not by `*`.
__all__ = [
    "AcceleratedFunction",
    "AccelerationWarning",
    "accumarray",
    "acos",
    "acosh",
    "acot",
    "acoth",
    "acsc",
    "acsch",
    "adamupdate",
    "addInputLayer",
    "additionLayer",
    "addLayers",
    "addpoints",
    "analyzeNetwork",
    "angle",
    "animatedline",
    "asec",
    "asech",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "attention",
    "attentionLayer",
    "averagePooling1dLayer",
    "averagePooling2dLayer",
    "averagePooling3dLayer",
    "avgpool",
    "batchnorm",
    "batchNormalizationLayer",
    "bilstmLayer",
    "blkdiag",
    "bounds",
    "canUseGPU",
    "cast",
    "cat",
    "categorical",
    "categories",
    "ceil",
    "checkLayer",
    "chol",
    "circshift",
    "clearCache",
    "clippedReluLayer",
    "concatenationLayer",
    "conj",
    "connectLayers",
    "convolution1dLayer",
    "convolution2dLayer",
    "convolution3dLayer",
    "cos",
    "cosh",
    "cot",
    "coth",
    "cov",
    "crop2dLayer",
    "crosschannelnorm",
    "crossChannelNormalizationLayer",
    "crossentropy",
    "csc",
    "csch",
    "ctc",
    "ctranspose",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "depthConcatenationLayer",
    "depthToSpace",
    "depthToSpace2dLayer",
    "det",
    "diag",
    "digitTest4DArrayData",
    "digitTrain4DArrayData",
    "dims",
    "disconnectLayers",
    "discretize",
    "dlaccelerate",
    "dlarray",
    "dlconv",
    "dldivergence",
    "dlfeval",
    "dlgradient",
    "dljacobian",
    "dllaplacian",
    "dlnetwork",
    "dlode45",
    "dlresize",
    "dlstft",
    "dltranspconv",
    "dlupdate",
    "dot",
    "double",
    "drawnow",
    "dropoutLayer",
    "duration",
    "eig",
    "eluLayer",
    "embed",
    "eq",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "expandLayers",
    "expm",
    "expm1",
    "extractdata",
    "eye",
    "false",
    "featureInputLayer",
    "figure",
    "FileFormatError",
    "find",
    "finddim",
    "fix",
    "fix_statistics",
    "flattenLayer",
    "flip",
    "fliplr",
    "flipud",
    "floor",
    "focalCrossEntropy",
    "fold_batch_normalization",
    "forward",
    "freezeNetwork",
    "fullyconnect",
    "fullyConnectedLayer",
    "functionLayer",
    "gamma",
    "gammaln",
    "gather",
    "ge",
    "gelu",
    "geluLayer",
    "generalizedDice",
    "get_fusion",
    "get_num_threads",
    "getL2Factor",
    "getLearnRateFactor",
    "getpoints",
    "globalAveragePooling1dLayer",
    "globalAveragePooling2dLayer",
    "globalAveragePooling3dLayer",
    "globalMaxPooling1dLayer",
    "globalMaxPooling2dLayer",
    "globalMaxPooling3dLayer",
    "gpuArray",
    "gpuDevice",
    "groupedConvolution2dLayer",
    "groupnorm",
    "groupNormalizationLayer",
    "gru",
    "gruLayer",
    "gt",
    "height",
    "horzcat",
    "huber",
    "hypot",
    "imag",
    "image3dInputLayer",
    "imageInputLayer",
    "indexcrossentropy",
    "indexing1dLayer",
    "inf",
    "initialize",
    "inputLayer",
    "instancenorm",
    "instanceNormalizationLayer",
    "interp1",
    "inv",
    "ipermute",
    "iscolumn",
    "isdlarray",
    "isempty",
    "isequal",
    "isequaln",
    "isfinite",
    "isfloat",
    "isinf",
    "islogical",
    "ismatrix",
    "isnan",
    "isnumeric",
    "isreal",
    "isrow",
    "isscalar",
    "isUnderlyingType",
    "isvector",
    "kron",
    "l1loss",
    "l2loss",
    "Layer",
    "layerGraph",
    "layernorm",
    "layerNormalizationLayer",
    "lbfgsState",
    "lbfgsupdate",
    "ldivide",
    "le",
    "leakyrelu",
    "leakyReluLayer",
    "length",
    "linspace",
    "load",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical",
    "lstm",
    "lstmLayer",
    "lt",
    "lu",
    "maxpool",
    "maxPooling1dLayer",
    "maxPooling2dLayer",
    "maxPooling3dLayer",
    "maxunpool",
    "maxUnpooling2dLayer",
    "mean",
    "median",
    "merge_states",
    "minus",
    "mldivide",
    "mod",
    "mode",
    "mrdivide",
    "mse",
    "mtimes",
    "multiplicationLayer",
    "multissim",
    "nan",
    "ndims",
    "ne",
    "networkDataLayout",
    "networkLayer",
    "norm",
    "normalize",
    "nthroot",
    "numel",
    "observation_jacobian",
    "onehotdecode",
    "onehotencode",
    "ones",
    "pagectranspose",
    "pagemtimes",
    "pagetranspose",
    "permute",
    "plot",
    "plus",
    "population_statistics",
    "positionEmbeddingLayer",
    "power",
    "predict",
    "preluLayer",
    "prod",
    "psi",
    "psnr",
    "rand",
    "randi",
    "randn",
    "randperm",
    "rdivide",
    "real",
    "realpow",
    "release_statistics",
    "relu",
    "reluLayer",
    "rem",
    "removeLayers",
    "repelem",
    "replaceLayer",
    "repmat",
    "rescale",
    "resetState",
    "reshape",
    "resize2dLayer",
    "resize3dLayer",
    "rmspropupdate",
    "rng",
    "save",
    "sec",
    "sech",
    "selfAttentionLayer",
    "sequenceInputLayer",
    "set_fusion",
    "set_num_threads",
    "setL2Factor",
    "setLearnRateFactor",
    "sgdmupdate",
    "shiftdim",
    "sigmoid",
    "sigmoidLayer",
    "sign",
    "sin",
    "single",
    "sinh",
    "sinusoidalPositionEncodingLayer",
    "size",
    "softmax",
    "softmaxLayer",
    "softplusLayer",
    "sort",
    "sortrows",
    "spaceToDepth",
    "spaceToDepthLayer",
    "sqrt",
    "squeeze",
    "ssim",
    "statistics_report",
    "StatisticsWarning",
    "std",
    "stripdims",
    "summary",
    "svd",
    "swishLayer",
    "tan",
    "tanh",
    "tanhLayer",
    "tic",
    "times",
    "toc",
    "topkrows",
    "trace",
    "transpose",
    "transposedConv1dLayer",
    "transposedConv2dLayer",
    "transposedConv3dLayer",
    "trapz",
    "tril",
    "triu",
    "true",
    "uminus",
    "underlyingType",
    "unfreezeNetwork",
    "uplus",
    "var",
    "vecnorm",
    "vertcat",
    "width",
    "wordEmbeddingLayer",
    "xor",
    "ylim",
    "zeros",
]
