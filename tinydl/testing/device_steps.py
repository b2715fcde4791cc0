"""Training steps of the digits network on a GPU: compared operation by operation, and timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinydl.backend import dispatch
from tinydl.data.digits import digitTrain4DArrayData
from tinydl.functions.convert import single
from tinydl.functions.device import gpuArray
from tinydl.functions.losses import crossentropy
from tinydl.functions.random import rng
from tinydl.labels import dlarray
from tinydl.layers.activation import reluLayer, softmaxLayer
from tinydl.layers.convolution import convolution2dLayer
from tinydl.layers.dense import fullyConnectedLayer
from tinydl.layers.input import imageInputLayer
from tinydl.layers.normalization import batchNormalizationLayer
from tinydl.network.call import forward, predict
from tinydl.network.net import dlnetwork
from tinydl.testing.device_check import Finding, compared
from tinydl.training.differentiate import dlfeval, dlgradient
from tinydl.training.solver import sgdmupdate

WARM_UP = 3
"""Steps before the clock starts: kernels are compiled in them, and memory is found."""


def digits_network() -> dlnetwork:
    """Three convolutions with batch normalization, and a class for each digit."""
    layers: list[Any] = [imageInputLayer([28, 28, 1])]
    for window, padding in [(5, 0), (3, 1), (3, 1)]:
        convolution = convolution2dLayer(window, 20, Padding=padding)
        layers += [convolution, batchNormalizationLayer(), reluLayer()]
    rng(0)
    return dlnetwork([*layers, fullyConnectedLayer(10), softmaxLayer()])


@dataclass
class Training:
    """A network on the GPU that learns from the same mini-batches again and again."""

    images: int
    net: dlnetwork = field(init=False)
    velocity: Any = field(default_factory=list)
    losses: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        X, labels, _ = digitTrain4DArrayData()
        chosen = np.random.default_rng(3).permutation(X.shape[-1])[: 4 * self.images]
        kinds = np.unique(np.asarray(labels).astype(str))
        T = np.asarray(labels).astype(str)[chosen] == kinds[:, None]
        parts = [slice(i * self.images, (i + 1) * self.images) for i in range(4)]
        self.batches = [
            (gpuArray(single(dlarray(X[..., chosen[part]], "SSCB"))),
             gpuArray(T[:, part].astype(np.float32)))
            for part in parts
        ]  # fmt: skip
        self.net = gpuArray(digits_network())

    def step(self) -> None:
        """One step of stochastic gradient descent with momentum."""
        X, T = self.batches[len(self.losses) % len(self.batches)]
        loss, self.net.State, slopes = dlfeval(_gradients, self.net, X, T)
        self.net, self.velocity = sgdmupdate(self.net, slopes, self.velocity, 0.01, 0.9)
        self.losses.append(loss)

    def look(self) -> None:
        """The scores of a mini-batch, as after training."""
        predict(self.net, self.batches[0][0])


def _gradients(net: dlnetwork, X: dlarray, T: Any) -> tuple[Any, ...]:
    Y, state = forward(net, X)
    loss = crossentropy(Y, T)
    return loss, state, dlgradient(loss, net.Learnables)


def check_steps(steps: int, images: int) -> tuple[list[Finding], float, float]:
    """Train, comparing every operation; the findings, and the first and the last loss."""
    training = Training(images)
    with compared() as findings:
        for _ in range(steps):
            training.step()
    ordered = [findings[name] for name in sorted(findings)]
    return ordered, float(training.losses[0]), float(training.losses[-1])


@dataclass(frozen=True)
class Timing:
    """How long one call takes, in seconds, and how many images a second that is."""

    what: str
    seconds: float
    images: int

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds


def time_steps(steps: int, images: int) -> list[Timing]:
    """The digits network's training step and its prediction; the GPU is waited for at the end."""
    training = Training(images)
    return [
        Timing("train, one step", _seconds(training.step, steps), images),
        Timing("predict", _seconds(training.look, steps), images),
    ]


def _seconds(function: Callable[[], None], count: int) -> float:
    for _ in range(WARM_UP):
        function()
    dispatch.synchronize()
    start = time.perf_counter()
    for _ in range(count):
        function()
    dispatch.synchronize()
    return (time.perf_counter() - start) / count


def count_steps(count: Callable[[], Any], images: int) -> Any:
    """What a context such as ``count()`` gives for one training step, after those of warming up."""
    training = Training(images)
    for _ in range(WARM_UP):
        training.step()
    with count() as counts:
        training.step()
    return counts
