"""Layers beside those of PyTorch: values and gradients, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal, numbers
from tinydl import (
    averagePooling1dLayer,
    averagePooling2dLayer,
    averagePooling3dLayer,
    batchNormalizationLayer,
    clippedReluLayer,
    convolution1dLayer,
    convolution2dLayer,
    convolution3dLayer,
    crossChannelNormalizationLayer,
    depthToSpace2dLayer,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    eluLayer,
    forward,
    fullyConnectedLayer,
    geluLayer,
    globalAveragePooling1dLayer,
    globalAveragePooling2dLayer,
    globalAveragePooling3dLayer,
    globalMaxPooling1dLayer,
    globalMaxPooling2dLayer,
    globalMaxPooling3dLayer,
    groupedConvolution2dLayer,
    groupNormalizationLayer,
    instanceNormalizationLayer,
    layerNormalizationLayer,
    leakyReluLayer,
    maxPooling1dLayer,
    maxPooling2dLayer,
    maxPooling3dLayer,
    networkDataLayout,
    predict,
    preluLayer,
    reluLayer,
    resize2dLayer,
    sigmoidLayer,
    softmaxLayer,
    softplusLayer,
    sum,
    swishLayer,
    tanhLayer,
    transposedConv1dLayer,
    transposedConv2dLayer,
    transposedConv3dLayer,
)

torch = pytest.importorskip("torch")
F = torch.nn.functional

OBSERVATIONS = 3
AXES = {"SSCB": (3, 2, 0, 1), "CB": (1, 0), "CBT": (1, 0, 2), "SCB": (2, 1, 0),
        "SSSCB": (4, 3, 0, 1, 2)}  # fmt: skip
"""How our dimensions become PyTorch's: observations, channels, then the rest."""

IMAGES, FEATURES = ((7, 6, 2, OBSERVATIONS), "SSCB"), ((5, OBSERVATIONS), "CB")
SEQUENCES = ((5, OBSERVATIONS, 4), "CBT")
LINES, VOLUMES = ((9, 2, OBSERVATIONS), "SCB"), ((4, 3, 5, 2, OBSERVATIONS), "SSSCB")
Case = tuple[Any, tuple[tuple[int, ...], str], Callable[..., Any]]


def assert_close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def to_torch(array: Any, fmt: str) -> Any:
    return torch.tensor(array.transpose(AXES[fmt]).copy(), requires_grad=True)


def from_torch(tensor: Any, fmt: str) -> Any:
    return tensor.detach().numpy().transpose(np.argsort(AXES[fmt]))


def network(layer: Any, shape: tuple[int, ...], fmt: str) -> dlnetwork:
    """A network of one layer, with random parameters in double precision."""
    net = dlnetwork([layer], networkDataLayout(shape, fmt))
    return dlupdate(lambda w: double(w) + normal(w.shape, w.shape[0]), net)


def ours(net: dlnetwork, X: dlarray, w: Any, verb: Callable[..., Any]) -> tuple[Any, ...]:
    """The result, and the gradients of Σ w Y by the input and by each learnable."""

    def loss(net: dlnetwork, X: dlarray) -> tuple[Any, ...]:
        Y = verb(net, X)
        slope_X, slopes = dlgradient(sum(Y * dlarray(w, Y.dims), "all"), X, net)
        return Y, slope_X, slopes.Value

    Y, slope_X, slopes = dlfeval(loss, net, X)
    return numbers(Y), numbers(slope_X), [numbers(g) for g in slopes]


def filters(W: Any) -> Any:
    """Height × width × channels × filters, as PyTorch wants them."""
    return W.permute(3, 2, 0, 1)


def of_groups(W: Any) -> Any:
    """Height × width × channels × filters × groups: PyTorch counts the filters group by group."""
    return W.permute(4, 3, 2, 0, 1).flatten(0, 1)


def padded(x: Any, top: int, bottom: int, left: int, right: int, *how: Any) -> Any:
    return F.pad(x, (left, right, top, bottom), *how)


def dense(x: Any, W: Any, b: Any) -> Any:
    """PyTorch's linear layer over the channels; ours counts pixels and channels column-major."""
    if x.ndim == 4:
        x = x.permute(0, 1, 3, 2).reshape(OBSERVATIONS, -1)
    x = x.movedim(1, -1)
    return F.linear(x, W, b[:, 0]).movedim(-1, 1)


CASES: dict[str, Case] = {
    "dense": (fullyConnectedLayer(4), FEATURES, dense),
    "dense, images": (fullyConnectedLayer(4), IMAGES, dense),
    "dense, sequences": (fullyConnectedLayer(4), SEQUENCES, dense),
    "conv": (convolution2dLayer(3, 4), IMAGES,
             lambda x, W, b: F.conv2d(x, filters(W), b.flatten())),
    "conv, stride, dilation": (
        convolution2dLayer([2, 3], 4, Stride=[2, 1], DilationFactor=[1, 2]), IMAGES,
        lambda x, W, b: F.conv2d(x, filters(W), b.flatten(), stride=(2, 1), dilation=(1, 2))),
    "conv, asymmetric padding": (
        convolution2dLayer(3, 4, Padding=[1, 0, 2, 1], Stride=2), IMAGES,
        lambda x, W, b: F.conv2d(padded(x, 1, 0, 2, 1), filters(W), b.flatten(), stride=2)),
    "conv, same": (
        convolution2dLayer([3, 5], 4, Padding="same", DilationFactor=[2, 1]), IMAGES,
        lambda x, W, b: F.conv2d(x, filters(W), b.flatten(), padding="same", dilation=(2, 1))),
    "conv, same, even": (
        convolution2dLayer([4, 2], 4, Padding="same", DilationFactor=[1, 3]), IMAGES,
        lambda x, W, b: F.conv2d(padded(x, 1, 2, 1, 2), filters(W), b.flatten(),
                                 dilation=(1, 3))),
    "conv, same, stride": (
        convolution2dLayer(3, 4, Padding="same", Stride=2), IMAGES,
        lambda x, W, b: F.conv2d(padded(x, 1, 1, 0, 1), filters(W), b.flatten(), stride=2)),
    "conv, replicate": (
        convolution2dLayer(3, 4, Padding=[1, 2], PaddingValue="replicate"), IMAGES,
        lambda x, W, b: F.conv2d(padded(x, 1, 1, 2, 2, "replicate"), filters(W), b.flatten())),
    "conv, mirrored": (
        convolution2dLayer(3, 4, Padding=[1, 2], PaddingValue="symmetric-exclude-edge"), IMAGES,
        lambda x, W, b: F.conv2d(padded(x, 1, 1, 2, 2, "reflect"), filters(W), b.flatten())),
    "conv, padded with a number": (
        convolution2dLayer(3, 4, Padding=1, PaddingValue=-2), IMAGES,
        lambda x, W, b: F.conv2d(padded(x, 1, 1, 1, 1, "constant", -2.0), filters(W),
                                 b.flatten())),
    "conv1d": (convolution1dLayer(3, 4, Stride=2, Padding=[1, 2]), LINES,
               lambda x, W, b: F.conv1d(F.pad(x, (1, 2)), W.permute(2, 1, 0), b.flatten(),
                                        stride=2)),
    "conv1d, causal": (
        convolution1dLayer(3, 4, Padding="causal", DilationFactor=2), SEQUENCES,
        lambda x, W, b: F.conv1d(F.pad(x, (4, 0)), W.permute(2, 1, 0), b.flatten(), dilation=2)),
    "conv3d": (convolution3dLayer([2, 3, 2], 4, Padding=1, Stride=[1, 1, 2]), VOLUMES,
               lambda x, W, b: F.conv3d(x, W.permute(4, 3, 0, 1, 2), b.flatten(), padding=1,
                                        stride=(1, 1, 2))),
    "grouped": (groupedConvolution2dLayer(3, 2, 2, Padding=1), IMAGES,
                lambda x, W, b: F.conv2d(x, of_groups(W), b.permute(3, 2, 0, 1).flatten(),
                                         padding=1, groups=2)),
    "transposed1d": (transposedConv1dLayer(3, 4, Stride=2, Cropping=1), LINES,
                     lambda x, W, b: F.conv_transpose1d(x, W.permute(2, 1, 0), b.flatten(),
                                                        stride=2, padding=1)),
    "transposed": (transposedConv2dLayer([3, 2], 4, Stride=[2, 1]), IMAGES,
                   lambda x, W, b: F.conv_transpose2d(x, filters(W), b.flatten(), stride=(2, 1))),
    "transposed, same": (
        transposedConv2dLayer(4, 3, Stride=2, Cropping="same"), IMAGES,
        lambda x, W, b: F.conv_transpose2d(x, filters(W), b.flatten(), stride=2, padding=1)),
    "transposed3d": (transposedConv3dLayer(2, 3), VOLUMES,
                     lambda x, W, b: F.conv_transpose3d(x, W.permute(4, 3, 0, 1, 2), b.flatten())),
    "maxpool1d": (maxPooling1dLayer(3, Stride=2), LINES, lambda x: F.max_pool1d(x, 3, stride=2)),
    "maxpool1d, time": (maxPooling1dLayer(2), SEQUENCES,
                        lambda x: F.max_pool1d(x, 2, stride=1)),
    "maxpool3d": (maxPooling3dLayer(2, Stride=2), VOLUMES, lambda x: F.max_pool3d(x, 2)),
    "avgpool1d": (averagePooling1dLayer(3, Padding=1), LINES,
                  lambda x: F.avg_pool1d(x, 3, stride=1, padding=1)),
    "avgpool3d": (averagePooling3dLayer([2, 1, 2]), VOLUMES,
                  lambda x: F.avg_pool3d(x, (2, 1, 2), stride=1)),
    "gap1d": (globalAveragePooling1dLayer(), SEQUENCES, lambda x: x.mean(2)),
    "gap3d": (globalAveragePooling3dLayer(), VOLUMES, lambda x: F.adaptive_avg_pool3d(x, 1)),
    "gmp": (globalMaxPooling2dLayer(), IMAGES, lambda x: F.adaptive_max_pool2d(x, 1)),
    "gmp1d": (globalMaxPooling1dLayer(), LINES, lambda x: F.adaptive_max_pool1d(x, 1)),
    "gmp3d": (globalMaxPooling3dLayer(), VOLUMES, lambda x: F.adaptive_max_pool3d(x, 1)),
    "maxpool": (maxPooling2dLayer(2, Stride=2), IMAGES, lambda x: F.max_pool2d(x, 2)),
    "maxpool, overlapping": (maxPooling2dLayer([3, 2], Padding=[1, 1]), IMAGES,
                             lambda x: F.max_pool2d(x, (3, 2), stride=1, padding=1)),
    "maxpool, asymmetric": (
        maxPooling2dLayer(3, Stride=2, Padding=[0, 1, 2, 0]), IMAGES,
        lambda x: F.max_pool2d(padded(x, 0, 1, 2, 0, "constant", -torch.inf), 3, stride=2)),
    "avgpool": (averagePooling2dLayer(2, Stride=[2, 1]), IMAGES,
                lambda x: F.avg_pool2d(x, 2, stride=(2, 1))),
    "avgpool, padded": (averagePooling2dLayer(3, Padding=1), IMAGES,
                        lambda x: F.avg_pool2d(x, 3, stride=1, padding=1)),
    "avgpool, mean": (
        averagePooling2dLayer(3, Padding=1, PaddingValue="mean"), IMAGES,
        lambda x: F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)),
    "gap": (globalAveragePooling2dLayer(), IMAGES, lambda x: F.adaptive_avg_pool2d(x, 1)),
    "layernorm": (layerNormalizationLayer(), SEQUENCES,
                  lambda x, b, a: F.layer_norm(x.movedim(1, -1), [5], a[:, 0], b[:, 0])
                  .movedim(-1, 1)),
    "layernorm, images": (
        layerNormalizationLayer(Epsilon=0.01), IMAGES,
        lambda x, b, a: F.group_norm(x, 1, a.flatten(), b.flatten(), eps=0.01)),
    "groupnorm": (groupNormalizationLayer(2), IMAGES,
                  lambda x, b, a: F.group_norm(x, 2, a.flatten(), b.flatten())),
    "instancenorm": (instanceNormalizationLayer(), IMAGES,
                     lambda x, b, a: F.instance_norm(x, weight=a.flatten(), bias=b.flatten())),
    "crossnorm": (crossChannelNormalizationLayer(3, Alpha=0.1), SEQUENCES,
                  lambda x: F.local_response_norm(x, 3, alpha=0.1, k=2.0)),
    "resize": (resize2dLayer(OutputSize=[5, 9], Method="linear"), IMAGES,
               lambda x: F.interpolate(x, (5, 9), mode="bilinear", align_corners=False)),
    "resize, nearest": (resize2dLayer(Scale=2, GeometricTransformMode="asymmetric",
                                      NearestRoundingMode="floor"), IMAGES,
                        lambda x: F.interpolate(x, scale_factor=2, mode="nearest")),
    "depth to space": (depthToSpace2dLayer(2, Mode="crd"), ((3, 2, 8, OBSERVATIONS), "SSCB"),
                       lambda x: F.pixel_shuffle(x, 2)),
    "relu": (reluLayer(), IMAGES, F.relu),
    "leakyrelu": (leakyReluLayer(0.3), FEATURES, lambda x: F.leaky_relu(x, 0.3)),
    "gelu": (geluLayer(), FEATURES, F.gelu),
    "gelu, tanh": (geluLayer(Approximation="tanh"), FEATURES,
                   lambda x: F.gelu(x, approximate="tanh")),
    "tanh": (tanhLayer(), SEQUENCES, torch.tanh),
    "sigmoid": (sigmoidLayer(), FEATURES, torch.sigmoid),
    "swish": (swishLayer(), FEATURES, F.silu),
    "softplus": (softplusLayer(), FEATURES, F.softplus),
    "elu": (eluLayer(0.7), IMAGES, lambda x: F.elu(x, 0.7)),
    "clippedrelu": (clippedReluLayer(0.8), IMAGES, lambda x: x.clamp(0, 0.8)),
    "prelu": (preluLayer(), IMAGES, lambda x, a: F.prelu(x, a.flatten())),
    "softmax": (softmaxLayer(), FEATURES, lambda x: F.softmax(x, 1)),
    "softmax, images": (softmaxLayer(), IMAGES, lambda x: F.softmax(x, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name: str) -> None:
    layer, (shape, fmt), theirs = CASES[name]
    net, x = network(layer, shape, fmt), normal(shape, 1)
    tensor = to_torch(x, fmt)
    learnables = [torch.tensor(numbers(v).copy(), requires_grad=True)
                  for v in net.Learnables.Value]  # fmt: skip
    y = theirs(tensor, *learnables)
    time = ("T" in fmt) and y.ndim == len(fmt)
    out = next(f for f in AXES if len(f) == y.ndim and ("T" in f) == time)
    expected = from_torch(y, out)
    w = normal(expected.shape, 2)
    Y, slope_X, slopes = ours(net, dlarray(x, fmt), w, predict)
    assert_close(Y, expected)
    (y * to_torch(w, out).detach()).sum().backward()
    assert_close(slope_X, from_torch(tensor.grad, fmt))
    for slope, tensor in zip(slopes, learnables, strict=True):
        assert_close(slope, tensor.grad.numpy())


@pytest.mark.parametrize(("shape", "fmt"), [IMAGES, FEATURES, SEQUENCES], ids=lambda x: str(x))
def test_batch_normalization(shape: tuple[int, ...], fmt: str) -> None:
    """Two steps of training, then prediction. PyTorch's running variance is divided by N − 1."""
    layer = batchNormalizationLayer(MeanDecay=0.3, VarianceDecay=0.2, Epsilon=0.01)
    net = network(layer, shape, fmt)
    net.State = dlupdate(double, net.State)
    channels = shape[fmt.index("C")]
    theirs = (torch.nn.BatchNorm2d if fmt == "SSCB" else torch.nn.BatchNorm1d)(
        channels, eps=0.01, momentum=0.3, dtype=torch.float64
    )
    offset, scale = [numbers(v).reshape(-1) for v in net.Learnables.Value]
    with torch.no_grad():
        theirs.bias[:], theirs.weight[:] = torch.tensor(offset), torch.tensor(scale)
    count = int(np.prod(shape)) // channels
    variance = np.ones(channels)
    for step in range(2):
        x, w = normal(shape, step) * 2.0 + 1.0, normal(shape, 9)
        Y, slope_X, slopes = ours(net, dlarray(x, fmt), w, lambda net, X: forward(net, X)[0])
        _, net.State = forward(net, dlarray(x, fmt))
        tensor = to_torch(x, fmt)
        before = theirs.running_var.numpy().copy()
        y = theirs(tensor)
        theirs.zero_grad()
        (y * to_torch(w, fmt).detach()).sum().backward()
        assert_close(Y, from_torch(y, fmt))
        assert_close(slope_X, from_torch(tensor.grad, fmt))
        assert_close(slopes[0].reshape(-1), theirs.bias.grad.numpy())
        assert_close(slopes[1].reshape(-1), theirs.weight.grad.numpy())
        of_batch = (theirs.running_var.numpy() - 0.7 * before) / 0.3 * (count - 1) / count
        variance = 0.2 * of_batch + 0.8 * variance
        mean, found = [numbers(v).reshape(-1) for v in net.State.Value]
        assert_close(mean, theirs.running_mean.numpy())
        assert_close(found, variance)
    theirs.running_var[:] = torch.tensor(variance)
    x = normal(shape, 5)
    tensor, w = to_torch(x, fmt), normal(shape, 6)
    y = theirs.eval()(tensor)
    Y, slope_X, _ = ours(net, dlarray(x, fmt), w, predict)
    (y * to_torch(w, fmt).detach()).sum().backward()
    assert_close(Y, from_torch(y, fmt))
    assert_close(slope_X, from_torch(tensor.grad, fmt))
