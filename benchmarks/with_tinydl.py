"""The workloads in tinydl, by its public names."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinydl as dl
from benchmarks.problems import LEARN_RATE, WINDOWS, Problem, few, numbered, together
from benchmarks.workloads import Prepared, Workload
from tinydl import dlarray, dlfeval, dlgradient, forward, predict

VERSION = dl.__version__


def prepare(workload: Workload, problem: Problem) -> dict[str, Prepared]:
    """The ways to do it, by name: there is one."""
    if workload.needs and not hasattr(dl, workload.needs):
        return {}
    return {"": globals()[workload.does](problem, **workload.options)}


def set_threads(threads: int) -> None:
    """Nothing to do: tinydl reads TINYDL_NUM_THREADS, which the driver has set."""


def _accelerated(function: Any, accelerate: bool) -> Any:
    return dl.dlaccelerate(function) if accelerate else function


def _numbers(**found: Any) -> dict[str, Any]:
    """What was found, as arrays."""
    return {name: np.asarray(dl.extractdata(v)) for name, v in numbered(found).items()}


# ---- A: a network for images ---------------------------------------------------------------------


def _with_parameters(net: Any, problem: Problem) -> Any:
    net.Learnables.Value = problem.learnables
    net.State.Value = problem.state
    return net


def _image_network(problem: Problem) -> Any:
    size, channels = problem.data["images"].shape[0], problem.learnables[0].shape[3]
    first, *others = WINDOWS
    block = lambda window, padding: [
        dl.convolution2dLayer(window, channels, Padding=padding),
        dl.batchNormalizationLayer(),
        dl.reluLayer(),
    ]
    net = dl.dlnetwork(
        [
            dl.imageInputLayer([size, size, 1], Mean=problem.data["mean"]),
            block(first, 0),
            [block(window, 1) for window in others],
            dl.fullyConnectedLayer(problem.data["targets"].shape[0]),
            dl.softmaxLayer(),
        ]
    )
    return _with_parameters(net, problem)


def _image_loss(net: Any, X: dlarray, T: Any) -> Any:
    Y, state = forward(net, X)
    loss = dl.crossentropy(Y, T)
    return dlgradient(loss, net.Learnables), state, loss


def _images_and_targets(problem: Problem) -> list[dlarray]:
    return [dlarray(problem.data["images"], "SSCB"), dlarray(problem.data["targets"], "CB")]


def train_images(problem: Problem, accelerate: bool = False) -> Prepared:
    net = _image_network(problem)
    velocity: Any = []
    X, T = _images_and_targets(problem)
    model_loss = _accelerated(_image_loss, accelerate)

    def run() -> float:
        nonlocal net, velocity
        gradients, net.State, loss = dlfeval(model_loss, net, X, T)
        net, velocity = dl.sgdmupdate(net, gradients, velocity, LEARN_RATE, 0.9)
        return float(loss)

    def answers() -> dict[str, Any]:
        before = _image_network(problem)
        gradients, state, loss = dlfeval(model_loss, before, X, T)
        of_few, _, _ = dlfeval(model_loss, before, *_images_and_targets(few(problem)))
        means = state[state.Parameter == "TrainedMean"].Value
        run()
        return {
            "all gradients": together(_numbers(of=list(gradients.Value))),
            **_numbers(loss=loss, mean=list(means), gradient=list(of_few.Value)),
            **_numbers(loss_of_the_second=dlarray(run())),
        }

    return Prepared(run, answers)


def infer_images(problem: Problem) -> Prepared:
    net, X = _image_network(problem), dlarray(problem.data["images"], "SSCB")
    run = lambda: predict(net, X)
    return Prepared(run, lambda: _numbers(scores=run()))


# ---- B: a deep network for points, and a residual of it ------------------------------------------


def _point_network(problem: Problem) -> Any:
    neurons, hidden = problem.learnables[0].shape[0], len(problem.state) // 2
    block = lambda: [
        dl.fullyConnectedLayer(neurons), dl.batchNormalizationLayer(), dl.geluLayer()
    ]  # fmt: skip
    layers = [dl.featureInputLayer(2), [block() for _ in range(hidden)], dl.fullyConnectedLayer(4)]
    return _with_parameters(dl.dlnetwork(layers), problem)


def _points(problem: Problem) -> list[dlarray]:
    return [dlarray(problem.data[name], "CB") for name in ("x", "t")]


def forward_points(problem: Problem, recorded: bool = False) -> Prepared:
    """The outputs and the new State in training mode; recorded for a gradient that is not taken."""
    net, XT = _point_network(problem), dl.cat("C", *_points(problem))
    values_only = lambda net, XT: forward(net, XT)
    recording = lambda net, XT: dlfeval(lambda x: forward(net, x), XT)
    call = recording if recorded else values_only
    return Prepared(lambda: call(net, XT), lambda: _numbers(outputs=call(net, XT)[0]))


def _point_loss(net: Any, XT: dlarray, T: dlarray) -> Any:
    Y, state = forward(net, XT)
    loss = dl.mse(Y, T)
    return dlgradient(loss, net.Learnables), state, loss


def gradient_points(problem: Problem, accelerate: bool = False) -> Prepared:
    net, XT = _point_network(problem), dl.cat("C", *_points(problem))
    T = dlarray(problem.data["targets"], "CB")
    model_loss = _accelerated(_point_loss, accelerate)
    run = lambda: dlfeval(model_loss, net, XT, T)

    def answers() -> dict[str, Any]:
        gradients, state, loss = run()
        means = state[state.Parameter == "TrainedMean"].Value
        return _numbers(loss=loss, gradient=list(gradients.Value), mean=list(means))

    return Prepared(run, answers)


def _residual_loss(net: Any, X: dlarray, T: dlarray, by_laplacian: bool) -> Any:
    """Burgers' equation for the first output: how far u_t + u u_x is from 0.01 u_xx."""
    U = predict(net, dl.cat("C", X, T))[0, :]
    Ux, Ut = dlgradient(dl.sum(U, "all"), X, T, EnableHigherDerivatives=True)
    if by_laplacian:
        Uxx = dl.dllaplacian(U, X, "C")
    else:
        Uxx = dlgradient(dl.sum(Ux, "all"), X, EnableHigherDerivatives=True)
    residual = Ut + U * Ux - 0.01 * Uxx
    loss = dl.mse(residual, dl.zeros(dl.size(residual), like=residual))
    return dlgradient(loss, net.Learnables), loss


def residual(problem: Problem, by_laplacian: bool = False, accelerate: bool = False) -> Prepared:
    net, (X, T) = _point_network(problem), _points(problem)
    model_loss = _accelerated(_residual_loss, accelerate)
    run = lambda: dlfeval(model_loss, net, X, T, by_laplacian)

    def answers() -> dict[str, Any]:
        gradients, loss = run()
        return _numbers(loss=loss, gradient=list(gradients.Value))

    return Prepared(run, answers)


# ---- small arrays --------------------------------------------------------------------------------


def small_arrays(problem: Problem, what: str, accelerate: bool = False) -> Prepared:
    """Six operations a step; recorded alone, with their gradient, or with the gradient of that."""
    data, steps = problem.data, int(problem.data["steps"])
    start, a, b = (dlarray(data[name]) for name in ("start", "factor", "shift"))

    def total(x: dlarray) -> dlarray:
        for _ in range(steps):
            x = x + 0.1 * dl.sin(dl.tanh(a * x - b))
        return dl.sum(x, "all")

    def gradient(x: dlarray) -> Any:
        return dlgradient(total(x), x)

    def second(x: dlarray) -> Any:
        slope = dlgradient(total(x), x, EnableHigherDerivatives=True)
        return dlgradient(dl.sum(slope * slope, "all"), x)

    kinds = {"recorded": total, "gradient": gradient, "second": second}
    function = _accelerated(kinds[what], accelerate)
    run = lambda: dlfeval(function, start)
    return Prepared(run, lambda: _numbers(result=run()))


# ---- single operations: the sum of squares of the result, and its gradients ----------------------


def _operation(function: Any, *xs: dlarray) -> Prepared:
    def loss_and_gradients(*xs: dlarray) -> Any:
        y = function(*xs)
        loss = dl.sum(y * y, "all")
        slopes = dlgradient(loss, *xs)
        return loss, list(slopes) if len(xs) > 1 else [slopes]

    run = lambda: dlfeval(loss_and_gradients, *xs)

    def answers() -> dict[str, Any]:
        loss, gradients = run()
        return _numbers(loss=loss, gradient=gradients)

    return Prepared(run, answers)


def lstm(problem: Problem) -> Prepared:
    X, *parameters = problem.data.values()
    zeros = np.zeros((parameters[1].shape[1], 1), np.float32)
    function = lambda X, w, r, b: dl.lstm(X, zeros, zeros, w, r, b)
    return _operation(function, dlarray(X, "CBT"), *map(dlarray, parameters))


def attention(problem: Problem) -> Prepared:
    *arrays, heads = problem.data.values()
    function = lambda Q, K, V: dl.attention(Q, K, V, int(heads))
    return _operation(function, *[dlarray(array, "CBT") for array in arrays])


def pooling(problem: Problem, kind: str, window: int) -> Prepared:
    pool = {"max": dl.maxpool, "average": dl.avgpool}[kind]
    return _operation(lambda X: pool(X, window, Stride=2), dlarray(problem.data["X"], "SSCB"))


def convolution(problem: Problem, stride: int = 1, dilation: int = 1, padding: int = 0) -> Prepared:
    X, weights, bias = problem.data.values()
    options = {"Stride": stride, "DilationFactor": dilation, "Padding": padding}
    function = lambda X, w, b: dl.dlconv(X, w, b, **options)
    fmt = "S" * (X.ndim - 2) + "CB"
    return _operation(function, dlarray(X, fmt), dlarray(weights), dlarray(bias))
