"""Order, repetition, groups, embedding and positions of classes beside PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.beside_torch import assert_agree
from tests.strategies import SEEDS, labelled, normal
from tinydl import dlarray

torch = pytest.importorskip("torch")


@given(pair=labelled(), data=st.data(), is_down=st.booleans())
def test_sort(pair: tuple[Any, str], data: st.DataObject, is_down: bool) -> None:
    array, fmt = pair
    axis = data.draw(st.integers(0, array.ndim - 1))
    direction = "descend" if is_down else "ascend"
    assert_agree(
        lambda X: dl.sort(X, axis=axis, direction=direction) ** 3,
        lambda x: torch.sort(x, dim=axis, descending=is_down, stable=True).values ** 3,
        [array], [fmt],
    )  # fmt: skip


@given(pair=labelled(), data=st.data(), shift=st.integers(-4, 4))
def test_flip_and_circshift(pair: tuple[Any, str], data: st.DataObject, shift: int) -> None:
    array, fmt = pair
    axis = data.draw(st.integers(0, array.ndim - 1))
    assert_agree(
        lambda X: dl.circshift(dl.flip(X, axis=axis), shift, axis=axis) ** 3 * X,
        lambda x: torch.roll(torch.flip(x, [axis]), shift, axis) ** 3 * x,
        [array], [fmt],
    )  # fmt: skip


@given(pair=labelled(least=2, most=3), data=st.data())
def test_repelem(pair: tuple[Any, str], data: st.DataObject) -> None:
    array, fmt = pair
    axis = data.draw(st.integers(0, array.ndim - 1))
    counts = data.draw(
        st.lists(st.integers(0, 3), min_size=array.shape[axis], max_size=array.shape[axis])
    )
    times: list[Any] = [1] * array.ndim
    times[axis] = counts
    assert_agree(
        lambda X: dl.repelem(X, *times) ** 3,
        lambda x: torch.repeat_interleave(x, torch.tensor(counts), axis) ** 3,
        [array], [fmt],
    )  # fmt: skip


@given(data=st.data(), seed=SEEDS)
def test_embed(data: st.DataObject, seed: int) -> None:
    D, n, B, T = [data.draw(st.integers(1, 4)) for _ in range(4)]
    positions = np.random.default_rng(seed).integers(0, n, (B, T))
    X = dlarray(positions.astype(float), "BT")
    assert_agree(
        lambda W: dl.embed(X, W) ** 3,
        lambda w: torch.nn.functional.embedding(torch.tensor(positions), w.T).permute(2, 0, 1) ** 3,
        [normal((D, n), seed)],
    )


@given(data=st.data(), seed=SEEDS)
def test_indexcrossentropy(data: st.DataObject, seed: int) -> None:
    C, B, T = [data.draw(st.integers(1, 4)) for _ in range(3)]
    targets = np.random.default_rng(seed).integers(0, C, (B, T))
    weights = np.abs(normal((C,), seed))
    reduction = data.draw(st.sampled_from(["sum", "none"]))

    def ours(X: dlarray) -> dlarray:
        Y = dl.softmax(X)
        factor = {"NormalizationFactor": "none"} if reduction == "sum" else {}
        return dl.indexcrossentropy(Y, targets, weights, Reduction=reduction, **factor)

    def theirs(x: Any) -> Any:
        loss = torch.nn.functional.nll_loss(
            torch.log_softmax(x, 0).permute(1, 0, 2),
            torch.tensor(targets), torch.tensor(weights), reduction=reduction,
        )  # fmt: skip
        return loss if reduction == "sum" else loss[None]

    assert_agree(ours, theirs, [normal((C, B, T), seed)], ["CBT"])


@given(data=st.data(), seed=SEEDS)
def test_accumarray(data: st.DataObject, seed: int) -> None:
    N, n = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 4))
    subs = np.random.default_rng(seed).integers(0, n, N)
    fun = data.draw(st.sampled_from(["sum", "mean", "max", "min"]))
    name = {"max": "amax", "min": "amin"}.get(fun, fun)
    zeros = torch.zeros(n, dtype=torch.float64)
    assert_agree(
        lambda V: dl.accumarray(subs, V, n, fun) ** 3,
        lambda v: zeros.scatter_reduce(0, torch.tensor(subs), v, name, include_self=False) ** 3,
        [normal((N,), seed)],
    )  # fmt: skip
