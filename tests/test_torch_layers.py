"""Layers beside those of PyTorch: values and gradients, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal, numbers
from tinydl import (
    averagePooling2dLayer,
    batchNormalizationLayer,
    convolution2dLayer,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    forward,
    fullyConnectedLayer,
    geluLayer,
    globalAveragePooling2dLayer,
    leakyReluLayer,
    maxPooling2dLayer,
    networkDataLayout,
    predict,
    reluLayer,
    sigmoidLayer,
    softmaxLayer,
    sum,
    tanhLayer,
)

torch = pytest.importorskip("torch")
F = torch.nn.functional

OBSERVATIONS = 3
AXES = {"SSCB": (3, 2, 0, 1), "CB": (1, 0), "CBT": (1, 0, 2)}
"""How our dimensions become PyTorch's: observations, channels, then the rest."""

IMAGES, FEATURES = ((7, 6, 2, OBSERVATIONS), "SSCB"), ((5, OBSERVATIONS), "CB")
SEQUENCES = ((5, OBSERVATIONS, 4), "CBT")
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
    "relu": (reluLayer(), IMAGES, F.relu),
    "leakyrelu": (leakyReluLayer(0.3), FEATURES, lambda x: F.leaky_relu(x, 0.3)),
    "gelu": (geluLayer(), FEATURES, F.gelu),
    "gelu, tanh": (geluLayer(Approximation="tanh"), FEATURES,
                   lambda x: F.gelu(x, approximate="tanh")),
    "tanh": (tanhLayer(), SEQUENCES, torch.tanh),
    "sigmoid": (sigmoidLayer(), FEATURES, torch.sigmoid),
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
    out = next(f for f in AXES if len(f) == y.ndim and ("T" in f) == ("T" in fmt))
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
