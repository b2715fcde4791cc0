"""Layers written in PyTorch: a function of tensors for each of ours, to hold networks against.

``LAYERS[kind](layer, x, fmt, p, state)`` gives the result for an input x, whose dimensions are ours
and in the order of the format fmt, and parameters p by name. A layer that keeps a state writes its
new values into ``state``. All formats have a dimension B.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional

Parameters = dict[str, Any]
PAD_MODES = {"replicate": "edge", "symmetric-include-edge": "symmetric",
             "symmetric-exclude-edge": "reflect"}  # fmt: skip


def find(fmt: str, labels: str) -> list[int]:
    return [i for i, label in enumerate(fmt) if label in labels]


def along_channels(parameter: Any, fmt: str) -> Any:
    """A parameter with one value for each channel, in a shape that expands."""
    return parameter.reshape([-1 if label == "C" else 1 for label in fmt])


def arranged(x: Any, order: Sequence[int], call: Callable[[Any], Any]) -> Any:
    """A call on permuted dimensions, whose result is permuted back."""
    return call(x.permute(*order)).permute(*np.argsort(order).tolist())


def channels_second(x: Any, fmt: str, call: Callable[[Any], Any]) -> Any:
    """A call on an array of observations × channels × all others."""
    order = [*find(fmt, "B"), *find(fmt, "C"), *find(fmt, "STU")]
    return arranged(x, order, lambda t: call(t.flatten(min(2, t.ndim - 1))).reshape(t.shape))


# ---- elements, and everything with everything ---------------------------------------------------


def of_elements(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A layer that needs the layer's options and x only."""
    return lambda layer, x, fmt, p, state: function(layer, x)


def prelu(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    return channels_second(x, fmt, lambda t: F.prelu(t, p["Alpha"].flatten()))


def softmax(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    return F.softmax(x, fmt.index("C"))


def flat(x: Any, fmt: str) -> Any:
    """Features in the first dimension: pixels in column-major order, then channels."""
    pixels = find(fmt, "S")
    order = [*find(fmt, "C"), *reversed(pixels), *find(fmt, "BT")]
    return x.permute(*order).flatten(0, len(pixels))


def dense(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    return F.linear(flat(x, fmt).movedim(0, -1), p["Weights"], p["Bias"][:, 0]).movedim(-1, 0)


# ---- windows ------------------------------------------------------------------------------------


def under_window(x: Any, fmt: str, rank: int, call: Callable[[Any], Any]) -> Any:
    """A call on an array of observations × channels × the dimensions that a window slides over,
    where T counts to the observations if the window does not slide over it."""
    slid = find(fmt, "S" if fmt.count("S") == rank else "ST")
    lead = [i for i in find(fmt, "BT") if i not in slid]
    order = [*lead, *find(fmt, "C"), *slid]

    def called(t: Any) -> Any:
        y = call(t.flatten(0, len(lead) - 1))
        return y.unflatten(0, t.shape[: len(lead)])

    return arranged(x, order, called)


def widths(layer: Any, sizes: Sequence[int], window: Sequence[int]) -> list[tuple[int, int]]:
    """Padding= as what comes before and after each dimension; window is what a window covers."""
    if layer.Padding == "causal":
        return [(window[0] - 1, 0)]
    if layer.Padding != "same":
        return list(zip(*layer.Padding, strict=True))
    found = []
    for n, f, s in zip(sizes, window, layer.Stride, strict=True):
        total = max(0, (math.ceil(n / s) - 1) * s + f - n)
        found.append((total // 2, total - total // 2))
    return found


def padded(x: Any, sides: Sequence[tuple[int, int]], value: Any) -> Any:
    """x with padding around its last dimensions: a number, or elements of its own."""
    if not isinstance(value, str):
        return F.pad(x, [n for side in reversed(sides) for n in side], value=value)
    for axis, side in enumerate(sides, start=x.ndim - len(sides)):
        places = np.pad(np.arange(x.shape[axis]), side, PAD_MODES[value])
        x = x.index_select(axis, torch.tensor(places))
    return x


def convolution(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    rank, W = layer.rank, p["Weights"]
    groups = W.shape[rank + 2] if W.ndim == rank + 3 else 1
    if groups > 1 or W.ndim == rank + 3:  # PyTorch counts the filters group by group
        W = W.permute(rank + 2, rank + 1, rank, *range(rank)).flatten(0, 1)
        bias = p["Bias"].movedim(-1, 0).flatten()
    else:
        W, bias = W.permute(rank + 1, rank, *range(rank)), p["Bias"].flatten()
    covered = [(f - 1) * d + 1
               for f, d in zip(layer.FilterSize, layer.DilationFactor, strict=True)]  # fmt: skip
    convolve = getattr(F, f"conv{rank}d")

    def call(t: Any) -> Any:
        t = padded(t, widths(layer, t.shape[2:], covered), layer.PaddingValue)
        return convolve(t, W, bias, layer.Stride, 0, layer.DilationFactor, groups)

    return under_window(x, fmt, rank, call)


def transposed_convolution(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    """All of it, cut or extended at the rim, then the bias: it is on what is extended too."""
    rank = layer.rank
    W = p["Weights"].permute(rank + 1, rank, *range(rank))
    spread = getattr(F, f"conv_transpose{rank}d")

    def call(t: Any) -> Any:
        y = spread(t, W, None, layer.Stride)
        sizes = zip(t.shape[2:], layer.FilterSize, layer.Stride, strict=True)
        if layer.Cropping == "same":
            before = [max(0, f - s) // 2 for _, f, s in sizes]
            wanted = [n * s for n, s in zip(t.shape[2:], layer.Stride, strict=True)]
            sides = [(-b, n + b - have)
                     for n, b, have in zip(wanted, before, y.shape[2:], strict=True)]  # fmt: skip
        else:
            sides = [(-b, -a) for b, a in zip(*layer.Cropping, strict=True)]
        return padded(y, sides, 0.0) + p["Bias"].reshape([-1] + [1] * rank)

    return under_window(x, fmt, rank, call)


def max_pooling(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    pool = getattr(F, f"max_pool{layer.rank}d")

    def call(t: Any) -> Any:
        t = padded(t, widths(layer, t.shape[2:], layer.PoolSize), -math.inf)
        return pool(t, layer.PoolSize, layer.Stride)

    return under_window(x, fmt, layer.rank, call)


def average_pooling(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    pool = getattr(F, f"avg_pool{layer.rank}d")

    def call(t: Any) -> Any:
        sides = widths(layer, t.shape[2:], layer.PoolSize)
        mean = pool(padded(t, sides, 0.0), layer.PoolSize, layer.Stride)
        if layer.PaddingValue != "mean":
            return mean
        return mean / pool(padded(torch.ones_like(t), sides, 0.0), layer.PoolSize, layer.Stride)

    return under_window(x, fmt, layer.rank, call)


def global_pooling(kind: str) -> Callable[..., Any]:
    def pooled(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
        pool = getattr(F, f"adaptive_{kind}_pool{layer.rank}d")
        return under_window(x, fmt, layer.rank, lambda t: pool(t, 1))

    return pooled


# ---- normalization ------------------------------------------------------------------------------


def batch_normalization(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    """PyTorch's running variance is divided by N − 1 and has the decay of the mean; so it computes
    those of the batch alone, by a decay of 1, and the documented rule does the rest."""
    scale, offset = p["Scale"].flatten(), p["Offset"].flatten()
    old = [state[name].flatten() for name in ("TrainedMean", "TrainedVariance")]
    if layer.Statistics == "fixed":
        return channels_second(
            x, fmt, lambda t: F.batch_norm(t, *old, scale, offset, False, 0.0, layer.Epsilon)
        )
    mean, variance = torch.zeros_like(offset), torch.ones_like(offset)
    mean, variance = mean.detach().clone(), variance.detach().clone()
    y = channels_second(
        x, fmt, lambda t: F.batch_norm(t, mean, variance, scale, offset, True, 1.0, layer.Epsilon)
    )
    count = x.numel() // len(mean)
    batch = [mean, variance * (count - 1) / count]
    decays = layer.MeanDecay, layer.VarianceDecay
    for name, decay, new in zip(("TrainedMean", "TrainedVariance"), decays, batch, strict=True):
        state[name] = ((1 - decay) * state[name].flatten() + decay * new).reshape(state[name].shape)
    return y


def layer_normalization(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    way = layer.OperationDimension
    if way == "auto":
        way = "channel-only" if "T" in fmt and "S" not in fmt else "spatial-channel"
    axes = find(fmt, {"channel-only": "C", "spatial-channel": "SC", "batch-excluded": "SCT"}[way])
    order = [i for i in range(x.ndim) if i not in axes] + axes
    normalize = lambda t: F.layer_norm(t, t.shape[-len(axes) :], eps=layer.Epsilon)
    y = arranged(x, order, normalize)
    return y * along_channels(p["Scale"], fmt) + along_channels(p["Offset"], fmt)


def group_normalization(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    channels = x.shape[fmt.index("C")]
    groups = {"all-channels": 1, "channel-wise": channels}.get(layer.NumGroups, layer.NumGroups)
    return normalized_by_groups(layer, x, fmt, p, groups)


def instance_normalization(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    return normalized_by_groups(layer, x, fmt, p, x.shape[fmt.index("C")])


def normalized_by_groups(layer: Any, x: Any, fmt: str, p: Parameters, groups: int) -> Any:
    scale, offset = p["Scale"].flatten(), p["Offset"].flatten()
    return channels_second(x, fmt, lambda t: F.group_norm(t, groups, scale, offset, layer.Epsilon))


def cross_channel(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    """Of an even number of channels PyTorch takes one more before, ours one more after."""
    options = (layer.WindowChannelSize, layer.Alpha, layer.Beta, layer.K)

    def call(t: Any) -> Any:
        pixels = t.reshape(*t.shape[:2], -1)  # there has to be such a dimension
        return F.local_response_norm(pixels.flip(1), *options).flip(1)

    return channels_second(x, fmt, call)


# ---- sequences ----------------------------------------------------------------------------------


def activations(layer: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    gates = {"sigmoid": torch.sigmoid, "hard-sigmoid": lambda x: (0.2 * x + 0.5).clamp(0, 1)}
    states = {"tanh": torch.tanh, "softsign": F.softsign}
    return gates[layer.GateActivationFunction], states[layer.StateActivationFunction]


def over_time(layer: Any, x: Any, step: Callable[[Any], Any]) -> Any:
    """C × B × T: the results of a step at each time, or at the last one."""
    found = [step(x[..., t]) for t in range(x.shape[-1])]
    return found[-1] if layer.OutputMode == "last" else torch.stack(found, -1)


def lstm(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    gate, squash = activations(layer)
    h, c = state["HiddenState"], state["CellState"]

    def step(now: Any) -> Any:
        nonlocal h, c
        z = p["InputWeights"] @ now + p["RecurrentWeights"] @ h + p["Bias"]
        i, f, g, o = z.chunk(4)
        c = gate(f) * c + gate(i) * squash(g)
        h = gate(o) * squash(c)
        return h

    y = over_time(layer, x, step)
    state["HiddenState"], state["CellState"] = h.detach(), c.detach()
    return y


def bilstm(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    halves = {name: value.chunk(2) for name, value in {**p, **state}.items()}
    results, states = [], []
    for i, direction in enumerate((x, x.flip(-1))):
        own = {name: halves[name][i] for name in state}
        y = lstm(layer, direction, fmt, {name: halves[name][i] for name in p}, own)
        results.append(y.flip(-1) if i and layer.OutputMode == "sequence" else y)
        states.append(own)
    for name in state:
        state[name] = torch.cat([own[name] for own in states])
    return torch.cat(results)


def gru(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    gate, squash = activations(layer)
    h, w, r = state["HiddenState"], p["InputWeights"].chunk(3), p["RecurrentWeights"].chunk(3)
    b = p["Bias"].chunk(6 if "recurrent-bias" in layer.ResetGateMode else 3)
    q = b[3:] or [torch.zeros_like(b[0])] * 3

    def step(now: Any) -> Any:
        nonlocal h
        reset, update = [gate(w[i] @ now + r[i] @ h + b[i] + q[i]) for i in range(2)]
        if layer.ResetGateMode == "before-multiplication":
            recurrent = r[2] @ (reset * h)
        else:
            recurrent = reset * (r[2] @ h + q[2])
        h = (1 - update) * squash(w[2] @ now + recurrent + b[2]) + update * h
        return h

    y = over_time(layer, x, step)
    state["HiddenState"] = h.detach()
    return y


def self_attention(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    """Positions are those of T, or of S in front: C × B × positions."""
    if fmt[0] == "S":
        return self_attention(layer, x.movedim(0, 2), "CBT", p, state).movedim(2, 0)
    project = lambda part, x: torch.einsum(
        "oi,ibt->obt", p[f"{part}Weights"], x) + p[f"{part}Bias"][:, :, None]  # fmt: skip
    split = lambda x: x.unflatten(0, (layer.NumHeads, -1)).permute(2, 0, 3, 1)
    pages = [split(project(part, x)) for part in ("Query", "Key", "Value")]
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        y = F.scaled_dot_product_attention(*pages, is_causal=layer.AttentionMask == "causal")
    return project("Output", y.permute(1, 3, 0, 2).flatten(0, 1))


def indexing(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    (axis,) = find(fmt, "ST")
    place = {"first": 0, "last": -1}.get(layer.Index, layer.Index)
    return x.select(axis, place)


def position_embedding(layer: Any, x: Any, fmt: str, p: Parameters, state: Parameters) -> Any:
    (axis,) = find(fmt, "ST")
    vectors = F.embedding(torch.arange(x.shape[axis]), p["Weights"].T)
    vectors = vectors if fmt[0] == "S" else vectors.T
    size = [layer.OutputSize if label == "C" else n for label, n in zip(fmt, x.shape, strict=True)]
    return vectors.unsqueeze(fmt.index("B")).expand(size)


OF_ELEMENTS: Mapping[str, Callable[..., Any]] = {
    "tanhLayer": of_elements(lambda layer, x: torch.tanh(x)),
    "reluLayer": of_elements(lambda layer, x: F.relu(x)),
    "sigmoidLayer": of_elements(lambda layer, x: torch.sigmoid(x)),
    "swishLayer": of_elements(lambda layer, x: F.silu(x)),
    "softplusLayer": of_elements(lambda layer, x: F.softplus(x, threshold=50.0)),
    "geluLayer": of_elements(lambda layer, x: F.gelu(x, approximate=layer.Approximation)),
    "leakyReluLayer": of_elements(lambda layer, x: F.leaky_relu(x, layer.Scale)),
    "eluLayer": of_elements(lambda layer, x: F.elu(x, layer.Alpha)),
    "clippedReluLayer": of_elements(lambda layer, x: F.hardtanh(x, 0.0, layer.Ceiling)),
    "functionLayer": of_elements(lambda layer, x: getattr(torch, layer.PredictFcn.__name__)(x)),
    "preluLayer": prelu,
}
OTHERS: Mapping[str, Callable[..., Any]] = {
    "softmaxLayer": softmax,
    "fullyConnectedLayer": dense,
    "flattenLayer": lambda layer, x, fmt, p, state: flat(x, fmt),
    **{f"convolution{rank}dLayer": convolution for rank in (1, 2, 3)},
    "groupedConvolution2dLayer": convolution,
    **{f"transposedConv{rank}dLayer": transposed_convolution for rank in (1, 2, 3)},
    **{f"maxPooling{rank}dLayer": max_pooling for rank in (1, 2, 3)},
    **{f"averagePooling{rank}dLayer": average_pooling for rank in (1, 2, 3)},
    **{f"globalMaxPooling{rank}dLayer": global_pooling("max") for rank in (1, 2, 3)},
    **{f"globalAveragePooling{rank}dLayer": global_pooling("avg") for rank in (1, 2, 3)},
    "batchNormalizationLayer": batch_normalization,
    "layerNormalizationLayer": layer_normalization,
    "groupNormalizationLayer": group_normalization,
    "instanceNormalizationLayer": instance_normalization,
    "crossChannelNormalizationLayer": cross_channel,
    "lstmLayer": lstm,
    "bilstmLayer": bilstm,
    "gruLayer": gru,
    "selfAttentionLayer": self_attention,
    "indexing1dLayer": indexing,
    "positionEmbeddingLayer": position_embedding,
}
LAYERS = {**OF_ELEMENTS, **OTHERS}
JOINS: Mapping[str, Callable[..., Any]] = {
    "additionLayer": lambda xs, fmt: xs[0] + xs[1],
    "multiplicationLayer": lambda xs, fmt: xs[0] * xs[1],
    "concatenationLayer": lambda xs, fmt: torch.cat(xs, fmt.index("C")),
}
