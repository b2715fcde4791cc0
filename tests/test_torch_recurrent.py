"""lstm, gru, attention and ctc beside those of PyTorch: values, first and second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.beside_torch import assert_agree
from tests.strategies import SEEDS, normal
from tinydl import attention, ctc, dlarray, gru, lstm, softmax

torch = pytest.importorskip("torch")
F = torch.nn.functional
SIZES = st.integers(1, 4)


def arrays(seed: int, *shapes: tuple[int, ...]) -> list[Any]:
    return [normal(shape, seed + i) for i, shape in enumerate(shapes)]


def module(kind: Any, w: Any, r: Any, b: Any, q: Any) -> Callable[..., Any]:
    """A recurrent layer as a function of x and its first states."""
    layer = kind(w.shape[1], r.shape[1]).double()
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    parameters = dict(zip(names, (w, r, b, q), strict=True))
    return lambda *given: torch.func.functional_call(layer, parameters, given)


@given(SIZES, SIZES, SIZES, SIZES, st.integers(0, 2), SEEDS)
def test_lstm(C: int, H: int, B: int, T: int, output: int, seed: int) -> None:
    xs = arrays(seed, (C, B, T), (H, B), (H, B), (4 * H, C), (4 * H, H), (4 * H,))

    def ours(X: dlarray, *others: dlarray) -> dlarray:
        return lstm(X, *others, nargout=3)[output]

    def theirs(x: Any, h: Any, c: Any, w: Any, r: Any, b: Any) -> Any:
        layer = module(torch.nn.LSTM, w, r, b, torch.zeros_like(b))
        y, (h, c) = layer(x.permute(2, 1, 0), (h.T[None], c.T[None]))
        return [y.permute(2, 1, 0), h[0].T, c[0].T][output]

    assert_agree(ours, theirs, xs, ["CBT", "CB", "CB", "", "", ""])


@given(SIZES, SIZES, SIZES, SIZES, st.integers(0, 1), SEEDS)
def test_gru_with_a_recurrent_bias(C: int, H: int, B: int, T: int, output: int, seed: int) -> None:
    xs = arrays(seed, (C, B, T), (H, B), (3 * H, C), (3 * H, H), (6 * H,))
    mode = "recurrent-bias-after-multiplication"

    def ours(X: dlarray, *others: dlarray) -> dlarray:
        return gru(X, *others, ResetGateMode=mode, nargout=2)[output]

    def theirs(x: Any, h: Any, w: Any, r: Any, b: Any) -> Any:
        layer = module(torch.nn.GRU, w, r, b[: 3 * H], b[3 * H :])
        y, h = layer(x.permute(2, 1, 0), h.T[None])
        return [y.permute(2, 1, 0), h[0].T][output]

    assert_agree(ours, theirs, xs, ["CBT", "CB", "", "", ""])


@given(SIZES, SIZES, SIZES, SIZES, SEEDS)
def test_gru_with_one_bias(C: int, H: int, B: int, T: int, seed: int) -> None:
    xs = arrays(seed, (C, B, T), (H, B), (3 * H, C), (3 * H, H), (3 * H,))

    def theirs(x: Any, h: Any, w: Any, r: Any, b: Any) -> Any:
        layer = module(torch.nn.GRU, w, r, b, torch.zeros_like(b))
        return layer(x.permute(2, 1, 0), h.T[None])[0].permute(2, 1, 0)

    assert_agree(gru, theirs, xs, ["CBT", "CB", "", "", ""])


@st.composite
def masks(draw: st.DrawFn, keys: int, queries: int, observations: int) -> Any:
    """A mask that shows each query one key at least."""
    seen = normal((keys, queries, observations), draw(SEEDS)) > 0.0
    seen[draw(st.integers(0, keys - 1))] = True
    return seen if draw(st.booleans()) else seen[:, :, 0]


@given(st.data(), SIZES, SIZES, SIZES, SIZES, SIZES, SIZES, SEEDS)
def test_attention(
    data: st.DataObject, heads: int, d: int, e: int, B: int, Tq: int, Tk: int, seed: int
) -> None:
    xs = arrays(seed, (heads * d, B, Tq), (heads * d, B, Tk), (heads * e, B, Tk))
    mask = data.draw(st.one_of(st.sampled_from(["none", "causal"]), masks(Tk, Tq, B)))
    scale = data.draw(st.sampled_from(["auto", 0.7]))

    def theirs(*tensors: Any) -> Any:
        q, k, v = [x.unflatten(0, (heads, -1)).permute(2, 0, 3, 1) for x in tensors]
        given = None if isinstance(mask, str) else torch.tensor(
            np.atleast_3d(mask).transpose(2, 1, 0)[:, None])  # fmt: skip
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            y = F.scaled_dot_product_attention(
                q, k, v, given, is_causal=mask is not given and str(mask) == "causal",
                scale=None if scale == "auto" else scale,
            )  # fmt: skip
        return y.permute(1, 3, 0, 2).flatten(0, 1)

    assert_agree(
        lambda Q, K, V: attention(Q, K, V, heads, AttentionMask=mask, Scale=scale),
        theirs,
        xs,
        ["CBT"] * 3,
    )


@given(SIZES, st.integers(2, 5), st.integers(1, 9), st.booleans(), st.data(), SEEDS)
def test_ctc(B: int, C: int, T: int, is_last: bool, data: st.DataObject, seed: int) -> None:
    """Scores through softmax: PyTorch's gradient is only right behind its log_softmax.

    It has no second derivative; the table of operations holds ours against other oracles.
    """
    times = np.array(data.draw(st.lists(st.integers(1, T), min_size=B, max_size=B)))
    lengths = np.array([data.draw(st.integers(0, (n + 1) // 2)) for n in times])
    L = max(1, int(lengths.max()))
    labels = np.random.default_rng(seed).integers(0 if is_last else 1, C - is_last, (B, L))

    def ours(X: dlarray) -> dlarray:
        masks = [dlarray(np.arange(n)[None] < counts[:, None], "BT")
                 for n, counts in ((T, times), (L, lengths))]  # fmt: skip
        blank = "last" if is_last else "first"
        return ctc(softmax(X), dlarray(labels.astype(float), "BT"), *masks, BlankIndex=blank)

    def theirs(x: Any) -> Any:
        losses = F.ctc_loss(
            torch.log_softmax(x, 0).permute(2, 1, 0), torch.tensor(labels), torch.tensor(times),
            torch.tensor(lengths), blank=C - 1 if is_last else 0, reduction="none",
        )  # fmt: skip
        return losses.mean()

    assert_agree(ours, theirs, arrays(seed, (C, B, T)), ["CBT"], orders=1)
