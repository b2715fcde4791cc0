"""Recurrent layers, attention and embedding beside those of PyTorch, to second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.beside_torch import assert_agree
from tests.strategies import SEEDS, normal
from tinydl import (
    attentionLayer,
    bilstmLayer,
    dlarray,
    dlnetwork,
    dlupdate,
    double,
    gruLayer,
    lstmLayer,
    networkDataLayout,
    positionEmbeddingLayer,
    predict,
    selfAttentionLayer,
    wordEmbeddingLayer,
)

torch = pytest.importorskip("torch")
F = torch.nn.functional
SIZES = st.integers(1, 4)


def network(layer: Any, *layouts: networkDataLayout) -> dlnetwork:
    net = dlnetwork([layer], *layouts)
    net.State = dlupdate(double, net.State)
    return net


def of_parameters(net: dlnetwork, *fixed: dlarray) -> Callable[..., dlarray]:
    """A network's result as a function of its first inputs and all its learnable parameters.

    The inputs that are fixed are its last ones.
    """
    count = len(net.InputNames) - len(fixed)

    def call(*given: dlarray) -> dlarray:
        net.Learnables.Value = list(given[count:])
        return predict(net, *given[:count], *fixed)

    return call


def arrays(net: dlnetwork, seed: int, *shapes: tuple[int, ...]) -> list[Any]:
    """Random inputs, and random values of the learnable parameters."""
    every = [*shapes, *[value.shape for value in net.Learnables.Value]]
    return [normal(shape, seed + i) for i, shape in enumerate(every)]


def module(kind: Any, w: Any, r: Any, b: Any, q: Any = None, **options: Any) -> Callable[..., Any]:
    """A recurrent layer as a function of x and its first states; with two directions also the
    parameters have two halves."""
    directions = 2 if options.get("bidirectional") else 1
    layer = kind(w.shape[1], r.shape[1], **options).double()
    q = torch.zeros_like(b) if q is None else q
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    parameters = {}
    for name, value in zip(names, (w, r, b.flatten(), q.flatten()), strict=True):
        for suffix, part in zip(("", "_reverse"), value.chunk(directions), strict=False):
            parameters[name + suffix] = part
    return lambda *given: torch.func.functional_call(layer, parameters, given)


def last_or_all(y: Any, mode: str, units: int) -> Any:
    """T × B × channels as we have it; where a backward LSTM ends is at the first time."""
    if mode == "sequence":
        return y.permute(2, 1, 0)
    return torch.cat([y[-1, :, :units], y[0, :, units:]], 1).T


MODES = st.sampled_from(["sequence", "last"])


@given(SIZES, SIZES, SIZES, SIZES, MODES, st.booleans(), SEEDS)
def test_lstm(C: int, H: int, B: int, T: int, mode: str, is_both: bool, seed: int) -> None:
    kind = bilstmLayer if is_both else lstmLayer
    net = network(kind(H, OutputMode=mode), networkDataLayout([C, B, T], "CBT"))

    def theirs(x: Any, w: Any, r: Any, b: Any) -> Any:
        y, _ = module(torch.nn.LSTM, w, r, b, bidirectional=is_both)(x.permute(2, 1, 0))
        return last_or_all(y, mode, H)

    assert_agree(of_parameters(net), theirs, arrays(net, seed, (C, B, T)), ["CBT", "", "", ""])


@given(SIZES, SIZES, SIZES, SIZES, st.booleans(), SEEDS)
def test_states_of_lstm(C: int, H: int, B: int, T: int, is_both: bool, seed: int) -> None:
    """States go in, and come out: the last hidden state and cell state, one below the other."""
    directions = 2 if is_both else 1
    kind = bilstmLayer if is_both else lstmLayer
    layouts = [networkDataLayout([C, B, T], "CBT"),
               *[networkDataLayout([directions * H, B], "CB")] * 2]  # fmt: skip
    net = network(kind(H, HasStateInputs=True, HasStateOutputs=True, Name="r"), *layouts)
    net.OutputNames = ["r/hidden", "r/cell"]
    both = of_parameters(net)

    def ours(*given: dlarray) -> dlarray:
        hidden, cell = both(*given)
        return hidden * 2.0 + cell

    def theirs(x: Any, h: Any, c: Any, w: Any, r: Any, b: Any) -> Any:
        layer = module(torch.nn.LSTM, w, r, b, bidirectional=is_both)
        first = [torch.stack([part.T for part in s.chunk(directions)]) for s in (h, c)]
        _, (h, c) = layer(x.permute(2, 1, 0), tuple(first))
        return (h * 2.0 + c).permute(0, 2, 1).flatten(0, 1)

    states = [(directions * H, B)] * 2
    xs = arrays(net, seed, (C, B, T), *states)
    assert_agree(ours, theirs, xs, ["CBT", "CB", "CB", "", "", ""])


@given(SIZES, SIZES, SIZES, SIZES, MODES, st.booleans(), SEEDS)
def test_gru(C: int, H: int, B: int, T: int, mode: str, has_two: bool, seed: int) -> None:
    reset = "recurrent-bias-after-multiplication" if has_two else "after-multiplication"
    layer = gruLayer(H, OutputMode=mode, ResetGateMode=reset)
    net = network(layer, networkDataLayout([C, B, T], "CBT"))

    def theirs(x: Any, w: Any, r: Any, b: Any) -> Any:
        biases = b.chunk(2) if has_two else (b,)
        y, _ = module(torch.nn.GRU, w, r, *biases)(x.permute(2, 1, 0))
        return last_or_all(y, mode, H)

    assert_agree(of_parameters(net), theirs, arrays(net, seed, (C, B, T)), ["CBT", "", "", ""])


# ---- attention ----------------------------------------------------------------------------------


def padding(B: int, T: int, seed: int) -> Any:
    """True where there is no padding: one time at least of each observation."""
    lengths = np.random.default_rng(seed).integers(1, T + 1, B)
    return np.arange(T) < lengths[:, None]


def attended(q: Any, k: Any, v: Any, heads: int, causal: bool, seen: Any) -> Any:
    """PyTorch's attention of C × B × T arrays; seen is B × T."""
    pages = [x.unflatten(0, (heads, -1)).permute(2, 0, 3, 1) for x in (q, k, v)]
    mask = torch.tensor(seen)[:, None, None, :]
    if causal:
        count = q.shape[2], k.shape[2]
        mask = mask & torch.ones(count, dtype=bool).tril()
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        y = F.scaled_dot_product_attention(*pages, mask)
    return y.permute(1, 3, 0, 2).flatten(0, 1)


@given(SIZES, SIZES, SIZES, SIZES, SIZES, SIZES, st.booleans(), SEEDS)
def test_attention(
    heads: int, d: int, e: int, B: int, Tq: int, Tk: int, causal: bool, seed: int
) -> None:
    shapes = (heads * d, B, Tq), (heads * d, B, Tk), (heads * e, B, Tk)
    seen = padding(B, Tk, seed)
    layer = attentionLayer(
        heads, HasPaddingMaskInput=True, AttentionMask="causal" if causal else "none"
    )
    mask = dlarray(seen[None].astype(float), "CBT")
    net = network(layer, *[networkDataLayout(shape, "CBT") for shape in shapes], mask)
    assert_agree(
        of_parameters(net, mask), lambda q, k, v: attended(q, k, v, heads, causal, seen),
        arrays(net, seed, *shapes), ["CBT"] * 3,
    )  # fmt: skip


@given(SIZES, SIZES, SIZES, SIZES, SIZES, SIZES, SIZES, st.booleans(), SEEDS)
def test_self_attention(
    heads: int, C: int, d: int, e: int, outputs: int, B: int, T: int, causal: bool, seed: int
) -> None:
    seen = padding(B, T, seed)
    layer = selfAttentionLayer(
        heads, heads * d, NumValueChannels=heads * e, OutputSize=outputs, HasPaddingMaskInput=True,
        AttentionMask="causal" if causal else "none",
    )  # fmt: skip
    mask = dlarray(seen[None].astype(float), "CBT")
    net = network(layer, networkDataLayout([C, B, T], "CBT"), mask)

    def theirs(x: Any, *parameters: Any) -> Any:
        weights, biases = parameters[:4], parameters[4:]
        project = lambda x, i: torch.einsum("oi,ibt->obt", weights[i], x) + biases[i][:, :, None]
        y = attended(*[project(x, i) for i in range(3)], heads, causal, seen)
        return project(y, 3)

    xs = arrays(net, seed, (C, B, T))
    assert_agree(of_parameters(net, mask), theirs, xs, ["CBT"] + [""] * 8)


@given(SIZES, SIZES, SIZES, SIZES, SEEDS)
def test_self_attention_is_the_module_of_pytorch(
    heads: int, d: int, B: int, T: int, seed: int
) -> None:
    C = heads * d
    net = network(selfAttentionLayer(heads, C), networkDataLayout([C, B, T], "CBT"))

    def theirs(x: Any, *parameters: Any) -> Any:
        weights, biases = parameters[:4], [b.flatten() for b in parameters[4:]]
        layer = torch.nn.MultiheadAttention(C, heads).double()
        named = {
            "in_proj_weight": torch.cat(weights[:3]), "in_proj_bias": torch.cat(biases[:3]),
            "out_proj.weight": weights[3], "out_proj.bias": biases[3],
        }  # fmt: skip
        x = x.permute(2, 1, 0)
        y, _ = torch.func.functional_call(layer, named, (x, x, x))
        return y.permute(2, 1, 0)

    assert_agree(of_parameters(net), theirs, arrays(net, seed, (C, B, T)), ["CBT"] + [""] * 8)


# ---- embedding ----------------------------------------------------------------------------------


@given(SIZES, SIZES, SIZES, SIZES, SEEDS)
def test_word_embedding(D: int, N: int, B: int, T: int, seed: int) -> None:
    words = np.random.default_rng(seed).integers(0, N, (1, B, T))
    X = dlarray(words.astype(float), "CBT")
    net = network(wordEmbeddingLayer(D, N), networkDataLayout([1, B, T], "CBT"))

    def theirs(w: Any) -> Any:
        return F.embedding(torch.tensor(words[0]), w.T).permute(2, 0, 1)

    def ours(w: dlarray) -> dlarray:
        net.Learnables.Value = [w]
        return predict(net, X)

    assert_agree(ours, theirs, [normal((D, N), seed)])


@given(SIZES, SIZES, SIZES, SIZES, st.integers(0, 2), SEEDS)
def test_position_embedding(D: int, C: int, B: int, T: int, more: int, seed: int) -> None:
    net = network(positionEmbeddingLayer(D, T + more), networkDataLayout([C, B, T], "CBT"))

    def theirs(x: Any, w: Any) -> Any:
        return F.embedding(torch.arange(T), w.T).T[:, None].expand(D, B, T) + 0.0 * x.sum()

    assert_agree(of_parameters(net), theirs, arrays(net, seed, (C, B, T)), ["CBT", ""])
