"""How much a training step asks of a GPU: launches, products of matrices, and nothing to wait for.

A launch costs the computer several microseconds, whatever the kernel does: a small network is as
fast as its launches are few. Who adds one finds it in the list that a failure prints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.cpuhip import standin
from tests.networks import digits
from tests.strategies import normal
from tinydl import (
    adamupdate,
    crossentropy,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dropoutLayer,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    gpuArray,
    rmspropupdate,
    sgdmupdate,
    softmaxLayer,
)

standin.cupy_or_skip()
pytestmark = pytest.mark.usefixtures("device", "memory_pool")

LAUNCHES = 40
"""Of a step of the digits network: 14 of the convolutions (patches, columns, and back), 15 of the
batch normalizations with relu and State (two stages of the statistics and the numbers; sums and the
gradient), 2 that rearrange the weights of the fully connected layer and their gradient, 2 of its
bias, and 7 more."""

FILLS = 3
"""Gradients by biases before a normalization, which are 0."""

GEMMS = 11
"""One for each layer with weights, two for its gradients, less the gradient by the images."""

OBSERVATIONS = 5

Step = Callable[[], None]
Update = Callable[..., tuple[Any, ...]]

UPDATES: dict[str, tuple[int, Update]] = {
    "sgdm": (1, lambda net, g, states, t: sgdmupdate(net, g, *states, 0.01)),
    "adam": (2, lambda net, g, states, t: adamupdate(net, g, *states, t)),
    "rmsprop": (1, lambda net, g, states, t: rmspropupdate(net, g, *states)),
}


def training(net: dlnetwork, X: dlarray, solver: str = "sgdm") -> Step:
    """A step of training: forward, loss, gradients, State, update. Everything lies on the GPU."""
    count, update = UPDATES[solver]
    net, X = gpuArray(net), gpuArray(X)
    T = gpuArray(dlarray(np.eye(10, dtype=np.float32)[:, np.arange(X.shape[-1]) % 10], "CB"))
    states: list[Any] = [[]] * count
    iteration = 0

    def model(net: dlnetwork, X: dlarray) -> Any:
        Y, state = forward(net, X)
        loss = crossentropy(Y, T)
        return loss, dlgradient(loss, net.Learnables), state

    def step() -> None:
        nonlocal net, states, iteration
        iteration += 1
        _, gradients, net.State = dlfeval(model, net, X)
        net, *states = update(net, gradients, states, iteration)

    return step


def counted(step: Step) -> standin.Counts:
    """What a step asks for, after two that compile kernels and fill the pool of memory."""
    step()
    step()
    with standin.counted() as counts:
        step()
    return counts


def images() -> dlarray:
    return dlarray(normal((28, 28, 1, OBSERVATIONS), 1, np.float32), "SSCB")


def classifier(*layers: Any) -> dlnetwork:
    return dlnetwork([featureInputLayer(6), *layers, fullyConnectedLayer(10), softmaxLayer()])


@pytest.mark.parametrize("solver", UPDATES)
def test_a_step_of_the_digits_network(solver: str) -> None:
    counts = counted(training(digits(), images(), solver))
    assert counts.launches <= LAUNCHES, counts.by_name
    assert counts.by_name.get("fill", 0) <= FILLS
    assert counts.gemms == GEMMS
    assert counts.launches_of(f"tinydl_{solver}") == 1
    assert (counts.uploads, counts.downloads, counts.waits, counts.allocations) == (0, 0, 0, 0)


def test_dropout_uploads_its_draws_and_nothing_else() -> None:
    X = dlarray(normal((6, OBSERVATIONS), 1, np.float32), "CB")
    without = counted(training(classifier(fullyConnectedLayer(7)), X))
    counts = counted(training(classifier(fullyConnectedLayer(7), dropoutLayer(0.4)), X))
    assert (without.uploads, counts.uploads) == (0, 1)
    assert (counts.downloads, counts.allocations) == (0, 0)
    # One makes the mask, one applies it, and one applies it to the gradient.
    assert counts.launches - without.launches == 3
