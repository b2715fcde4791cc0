"""The same workloads in PyTorch, eager, as one would write them there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.problems import LEARN_RATE, WINDOWS, Problem, few, numbered, together
from benchmarks.workloads import Prepared, Workload

VERSION = torch.__version__
HAS_TWO_FORMATS = ("train_images", "infer_images", "pooling", "convolution")
TINYDL_ONLY = ("accelerate", "by_laplacian")
FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def prepare(workload: Workload, problem: Problem) -> dict[str, Prepared]:
    """The ways to do it, by name: in both memory formats where PyTorch has two."""
    options = {name: v for name, v in workload.options.items() if name not in TINYDL_ONLY}
    does = globals()[workload.does]
    if workload.does not in HAS_TWO_FORMATS:
        return {"": does(problem, **options)}
    first = next(iter(problem.data.values()))
    formats = {"channels first": torch.contiguous_format}
    if first.ndim in FORMATS:
        formats["channels last"] = FORMATS[first.ndim]
    return {name: does(problem, fmt, **options) for name, fmt in formats.items()}


set_threads = torch.set_num_threads


def _tensor(array: Any, memory_format: Any = torch.contiguous_format) -> Any:
    """Dimensions in PyTorch's order, which is the reverse."""
    return torch.tensor(np.ascontiguousarray(array.T)).contiguous(memory_format=memory_format)


def _numbers(**found: Any) -> dict[str, Any]:
    """What was found, as arrays in the order of the problem."""
    arrays = {name: torch.as_tensor(v).detach() for name, v in numbered(found).items()}
    return {name: array.numpy().T for name, array in arrays.items()}


# ---- A: a network for images ---------------------------------------------------------------------


def _parameters(net: Any) -> list[Any]:
    """In tinydl's order, in which the offset of batch normalization comes before its scale."""
    found = []
    for layer in net:
        own = list(layer.parameters())
        found += own[::-1] if isinstance(layer, nn.modules.batchnorm._BatchNorm) else own
    return found


def _with_parameters(net: Any, problem: Problem) -> Any:
    """Weights of full layers are outputs × inputs in both libraries; all others are reversed."""
    with torch.no_grad():
        for parameter, value in zip(_parameters(net), problem.learnables, strict=True):
            there = value if value.ndim == 2 else value.T
            parameter.copy_(torch.tensor(there.reshape(parameter.shape)))
        state = [p for name, p in net.named_buffers() if "running" in name]
        for parameter, value in zip(state, problem.state, strict=True):
            parameter.copy_(torch.tensor(value.reshape(parameter.shape)))
    return net


def _by_parameter(gradients: Any, problem: Problem) -> list[Any]:
    """Gradients so that _numbers, which reverses them, gives those of the problem's parameters."""
    pairs = zip(gradients, problem.learnables, strict=True)
    return [(g.T if g.ndim == 2 else g).reshape(p.T.shape) for g, p in pairs]


def _means(net: Any, problem: Problem) -> list[Any]:
    means = [p for name, p in net.named_buffers() if name.endswith("running_mean")]
    return [m.clone().reshape(p.T.shape) for m, p in zip(means, problem.state[::2], strict=True)]


class _Centered(nn.Module):
    """What tinydl's input layer does: subtract the mean image."""

    def __init__(self, mean: Any) -> None:
        super().__init__()
        self.mean = mean

    def forward(self, x: Any) -> Any:
        return x - self.mean


def _image_network(problem: Problem, memory_format: Any) -> Any:
    channels, size = problem.learnables[0].shape[3], problem.data["images"].shape[0]
    layers: list[nn.Module] = [_Centered(_tensor(problem.data["mean"]))]
    given, rest = 1, size - WINDOWS[0] + 1
    for i, window in enumerate(WINDOWS):
        layers += [nn.Conv2d(given, channels, window, padding=1 if i else 0),
                   nn.BatchNorm2d(channels), nn.ReLU()]  # fmt: skip
        given = channels
    layers += [nn.Flatten(), nn.Linear(rest * rest * channels, problem.data["targets"].shape[0])]
    net = _with_parameters(nn.Sequential(*layers), problem)
    return net.to(memory_format=memory_format)


def _images_and_labels(problem: Problem, memory_format: Any) -> tuple[Any, Any]:
    return _tensor(problem.data["images"], memory_format), torch.tensor(problem.data["labels"])


def train_images(problem: Problem, memory_format: Any) -> Prepared:
    net = _image_network(problem, memory_format).train()
    x, labels = _images_and_labels(problem, memory_format)
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARN_RATE, momentum=0.9)

    def run() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    def answers() -> dict[str, Any]:
        before = _image_network(problem, memory_format).train()
        x_of_few, labels_of_few = _images_and_labels(few(problem), memory_format)
        loss_of_few = F.cross_entropy(before(x_of_few), labels_of_few)
        of_few = _by_parameter(torch.autograd.grad(loss_of_few, _parameters(before)), problem)
        loss = run()
        gradients = _by_parameter([p.grad for p in _parameters(net)], problem)
        return {
            "all gradients": together(_numbers(of=gradients)),
            **_numbers(loss=loss, mean=_means(net, problem), gradient=of_few),
            **_numbers(loss_of_the_second=run()),
        }

    return Prepared(run, answers)


def infer_images(problem: Problem, memory_format: Any) -> Prepared:
    net = _image_network(problem, memory_format).eval()
    x = _tensor(problem.data["images"], memory_format)

    def run() -> Any:
        with torch.no_grad():
            return F.softmax(net(x), 1)

    return Prepared(run, lambda: _numbers(scores=run()))


# ---- B: a deep network for points, and a residual of it ------------------------------------------


def _point_network(problem: Problem) -> Any:
    neurons, hidden = problem.learnables[0].shape[0], len(problem.state) // 2
    layers: list[nn.Module] = []
    given = 2
    for _ in range(hidden):
        layers += [nn.Linear(given, neurons), nn.BatchNorm1d(neurons), nn.GELU()]
        given = neurons
    return _with_parameters(nn.Sequential(*layers, nn.Linear(given, 4)).double(), problem)


def _half_mean_square(error: Any) -> Any:
    """tinydl's mse: half the squares, divided by the number of observations."""
    return 0.5 * (error**2).sum() / error.shape[0]


def _points(problem: Problem) -> list[Any]:
    return [_tensor(problem.data[name]) for name in ("x", "t")]


def forward_points(problem: Problem, recorded: bool = False) -> Prepared:
    net = _point_network(problem).train()
    xt = torch.cat(_points(problem), 1)

    def run() -> Any:
        with torch.set_grad_enabled(recorded):
            return net(xt)

    return Prepared(run, lambda: _numbers(outputs=run()))


def gradient_points(problem: Problem) -> Prepared:
    net = _point_network(problem).train()
    xt = torch.cat(_points(problem), 1)
    targets, parameters = _tensor(problem.data["targets"]), _parameters(net)

    def run() -> Any:
        loss = _half_mean_square(net(xt) - targets)
        return loss, torch.autograd.grad(loss, parameters)

    def answers() -> dict[str, Any]:
        loss, gradients = run()
        return _numbers(loss=loss, gradient=_by_parameter(gradients, problem),
                        mean=_means(net, problem))  # fmt: skip

    return Prepared(run, answers)


def residual(problem: Problem) -> Prepared:
    net = _point_network(problem).eval()
    x, t = (points.requires_grad_() for points in _points(problem))
    parameters = _parameters(net)

    def run() -> Any:
        u = net(torch.cat([x, t], 1))[:, :1]
        u_x, u_t = torch.autograd.grad(u.sum(), (x, t), create_graph=True)
        (u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)
        loss = _half_mean_square(u_t + u * u_x - 0.01 * u_xx)
        return loss, torch.autograd.grad(loss, parameters)

    def answers() -> dict[str, Any]:
        loss, gradients = run()
        return _numbers(loss=loss, gradient=_by_parameter(gradients, problem))

    return Prepared(run, answers)


# ---- small arrays --------------------------------------------------------------------------------


def small_arrays(problem: Problem, what: str) -> Prepared:
    start, a, b = (torch.tensor(problem.data[name]) for name in ("start", "factor", "shift"))
    steps = int(problem.data["steps"])

    def total(x: Any) -> Any:
        for _ in range(steps):
            x = x + 0.1 * torch.sin(torch.tanh(a * x - b))
        return x.sum()

    def gradient(x: Any) -> Any:
        return torch.autograd.grad(total(x), x)[0]

    def second(x: Any) -> Any:
        (slope,) = torch.autograd.grad(total(x), x, create_graph=True)
        return torch.autograd.grad((slope * slope).sum(), x)[0]

    function = {"recorded": total, "gradient": gradient, "second": second}[what]
    start.requires_grad_()
    return Prepared(lambda: function(start), lambda: _numbers(result=function(start)))


# ---- single operations: the sum of squares of the result, and its gradients ----------------------


def _operation(function: Any, *xs: Any, back: Callable[..., Any] = lambda *gs: gs) -> Prepared:
    """back brings gradients to the reverse of the order of the problem, where they are not."""
    for x in xs:
        x.requires_grad_()

    def run() -> Any:
        y = function(*xs)
        loss = (y * y).sum()
        return loss, torch.autograd.grad(loss, xs)

    def answers() -> dict[str, Any]:
        loss, gradients = run()
        return _numbers(loss=loss, gradient=list(back(*gradients)))

    return Prepared(run, answers)


def lstm(problem: Problem) -> Prepared:
    X, weights, recurrent, bias = problem.data.values()
    layer = nn.LSTM(weights.shape[1], recurrent.shape[1])
    parameters = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0
    for parameter, value in zip(parameters, (weights, recurrent, bias), strict=True):
        parameter.data = torch.tensor(value.reshape(parameter.shape))
    layer.bias_hh_l0.requires_grad_(False).zero_()
    back = lambda x, w, r, b: (x, w.T, r.T, b[None])
    return _operation(lambda x, *_: layer(x)[0], _tensor(X), *parameters, back=back)


def attention(problem: Problem) -> Prepared:
    *arrays, heads = problem.data.values()
    by_head = lambda x: x.unflatten(2, (int(heads), -1)).transpose(1, 2)

    def attend(*xs: Any) -> Any:
        return F.scaled_dot_product_attention(*map(by_head, xs)).transpose(1, 2).flatten(2)

    xs = [torch.tensor(array).permute(1, 2, 0).contiguous() for array in arrays]
    return _operation(attend, *xs, back=lambda *gs: [g.transpose(0, 1) for g in gs])


def pooling(problem: Problem, memory_format: Any, kind: str, window: int) -> Prepared:
    pool = {"max": F.max_pool2d, "average": F.avg_pool2d}[kind]
    x = _tensor(problem.data["X"], memory_format)
    return _operation(lambda x: pool(x, window, stride=2), x)


def convolution(
    problem: Problem, memory_format: Any, stride: int = 1, dilation: int = 1, padding: int = 0
) -> Prepared:
    X, weights, bias = problem.data.values()
    groups = weights.shape[X.ndim] if weights.ndim > X.ndim else 1
    convolve = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[X.ndim]
    function = lambda x, w, b: convolve(x, w, b, stride, padding, dilation, groups)
    w = _tensor(weights)
    w = (w.flatten(0, 1) if groups > 1 else w).contiguous(memory_format=memory_format)
    back = lambda x, w, b: (x, w.reshape(weights.T.shape), b)
    return _operation(function, _tensor(X, memory_format), w, torch.tensor(bias), back=back)
