"""minibatchpredict and testnet: what a network says of data that is too large for one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.functions.convert import extractdata, stripdims
from tinydl.functions.device import gather, gpuArray
from tinydl.functions.shape import cat
from tinydl.labels import dlarray
from tinydl.labels.options import named_options
from tinydl.layers.options import whole
from tinydl.network.call import predict
from tinydl.network.defaults import plain_order
from tinydl.network.net import dlnetwork, only_network
from tinydl.training.metrics import Evaluation, checked_metrics, observations
from tinydl.training.observations import (
    device_of,
    labelled_predictors,
    placed,
    some_observations,
    training_data,
)


def predictions(net: dlnetwork, X: Sequence[dlarray]) -> list[dlarray]:
    """The outputs of a network, as a list however many there are."""
    return list(predict(net, *X, nargout=len(net.OutputNames) + 1)[:-1])


@named_options
def minibatchpredict(
    net: dlnetwork, *X: Any, MiniBatchSize: int = 128, ExecutionEnvironment: str = "auto"
) -> Any:
    """What predict gives, found mini-batch by mini-batch: ``Y = minibatchpredict(net, X)``.

    There is one X for each input, as predict takes it. Plain arrays in give plain arrays out, in
    the same order of dimensions and in the class of the network; several outputs are a tuple.
    ExecutionEnvironment is "auto", a GPU if there is one, "cpu" or "gpu".

    Raises ValueError where inputs differ in their number of observations.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), reluLayer()])
        >>> minibatchpredict(net, double([[-1.0], [3.0], [4.0]]), MiniBatchSize=2)
        array([[0.],
               [3.],
               [4.]])
    """
    caller = "minibatchpredict"
    size = whole(MiniBatchSize, f"{caller}: MiniBatchSize")
    device = device_of(ExecutionEnvironment, caller)
    inputs = labelled_predictors(only_network(net, caller), X, caller)
    counts = {observations(x) for x in inputs}
    if len(counts) > 1:
        raise ValueError(f"{caller}: the inputs have different numbers of observations: {counts}")
    count = counts.pop()
    net = gpuArray(net) if device == "gpu" else net
    parts = []
    for start in range(0, max(count, 1), size):
        batch = [some_observations(x, slice(start, min(start + size, count))) for x in inputs]
        parts.append(gather(predictions(net, placed(batch, device))))
    whole_outputs = [cat("B", *output) if "B" in output[0].dims else output[0]
                     for output in zip(*parts, strict=True)]  # fmt: skip
    if not any([isinstance(x, dlarray) for x in X]):
        whole_outputs = [extractdata(stripdims(Y, plain_order(Y.dims))).copy()
                         for Y in whole_outputs]  # fmt: skip
    return whole_outputs[0] if len(whole_outputs) == 1 else tuple(whole_outputs)


@named_options
def testnet(
    net: dlnetwork,
    *data: Any,
    MiniBatchSize: int = 128,
    ExecutionEnvironment: str = "auto",
) -> float | list[float]:
    """How good a network is: ``accuracy = testnet(net, X, T, "accuracy")``.

    X and T are given as to trainnet, or one source of mini-batches, and then the metric: "accuracy"
    (the share of right classes, from 0 to 1), "rmse", a function of Y and T, or a list of those,
    which gives a list of numbers. Other options are those of minibatchpredict.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), reluLayer()])
        >>> testnet(net, double([[-1.0], [3.0]]), double([[0.0], [1.0]]), "rmse") ** 2
        2.0000000000000004
    """
    caller = "testnet"
    only_network(net, caller)
    if len(data) < 2:
        raise TypeError('testnet is called testnet(net, X, T, "accuracy") or testnet(net, data, '
                        '"accuracy")')  # fmt: skip
    *given, metrics = data
    chosen = checked_metrics(metrics, caller)
    size = whole(MiniBatchSize, f"{caller}: MiniBatchSize")
    device = device_of(ExecutionEnvironment, caller)
    net = gpuArray(net) if device == "gpu" else net
    source = training_data(net, given, None, device, caller)
    evaluation = Evaluation(None, chosen)
    evaluation.add_all((predictions(net, X), T) for X, T in source.all(size))
    is_one = isinstance(metrics, str) or callable(metrics)
    return evaluation.metrics[0] if is_one else evaluation.metrics


setattr(testnet, "__test__", False)  # pytest would take it for a test  # noqa: B010
