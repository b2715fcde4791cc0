"""Reductions, statistics and running functions beside PyTorch's, to second order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.beside_torch import assert_agree
from tests.strategies import SEEDS, labelled, normal

torch = pytest.importorskip("torch")

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
Draw = st.DataObject


def array_and_axis(data: Draw) -> tuple[Any, int]:
    shape = data.draw(SHAPES)
    return normal(shape, data.draw(SEEDS)), data.draw(st.integers(0, len(shape) - 1))


@pytest.mark.parametrize("name", ["sum", "mean"])
@given(pair=labelled(), data=st.data())
def test_sums_and_means(name: str, pair: tuple[Any, str], data: Draw) -> None:
    x, fmt = pair
    axes = tuple(data.draw(st.sets(st.integers(0, x.ndim - 1), min_size=1)))
    ours, theirs = getattr(dl, name), getattr(torch, name)
    assert_agree(lambda X: ours(X**3, axis=axes),
                 lambda t: theirs(t**3, dim=axes, keepdim=True), [x], [fmt])  # fmt: skip


@pytest.mark.parametrize("name", ["max", "min", "median", "prod"])
@given(data=st.data())
def test_along_one_dimension(name: str, data: Draw) -> None:
    x, axis = array_and_axis(data)
    if name == "median" and x.shape[axis] % 2 == 0:  # PyTorch takes the lower one
        x = np.take(x, range(1, x.shape[axis]), axis)
    theirs = {"max": torch.amax, "min": torch.amin, "prod": torch.prod,
              "median": lambda t, *o: torch.median(t, *o).values}[name]  # fmt: skip
    assert_agree(lambda X: getattr(dl, name)(X, axis=axis) ** 2,
                 lambda t: theirs(t, axis, True) ** 2, [x])  # fmt: skip


@pytest.mark.parametrize("name", ["var", "std"])
@given(pair=labelled(), w=st.sampled_from([0, 1]), data=st.data())
def test_variances(name: str, pair: tuple[Any, str], w: int, data: Draw) -> None:
    x, fmt = pair
    axes = tuple(data.draw(st.sets(st.integers(0, x.ndim - 1), min_size=1)))
    if math.prod(x.shape[i] for i in axes) == 1:
        return  # PyTorch gives NaN
    ours, theirs = getattr(dl, name), getattr(torch, name)
    assert_agree(lambda X: ours(X, w, axis=axes),
                 lambda t: theirs(t, dim=axes, correction=1 - w, keepdim=True), [x], [fmt],
                 tolerance=1e-8 if name == "std" else 1e-10)  # fmt: skip


@given(observations=st.integers(2, 5), variables=st.integers(2, 4), w=st.sampled_from([0, 1]),
       seed=SEEDS)  # fmt: skip
def test_covariance(observations: int, variables: int, w: int, seed: int) -> None:
    x = normal((observations, variables), seed)
    assert_agree(lambda X: dl.cov(X, w), lambda t: torch.cov(t.T, correction=1 - w), [x])


@pytest.mark.parametrize("p", [1, 2, 3, 2.5, math.inf])
@given(data=st.data())
def test_vector_norms(p: float, data: Draw) -> None:
    x, axis = array_and_axis(data)
    x = x + np.copysign(0.5, x)  # away from corners
    assert_agree(lambda X: dl.vecnorm(X, p, axis=axis) ** 2,
                 lambda t: torch.linalg.vector_norm(t, p, axis, True) ** 2, [x])  # fmt: skip


@pytest.mark.parametrize(("p", "name"), [(1, 1), (2, 2), (math.inf, math.inf), ("fro", "fro")])
@given(rows=st.integers(2, 4), columns=st.integers(2, 4), seed=SEEDS)
def test_matrix_norms(p: Any, name: Any, rows: int, columns: int, seed: int) -> None:
    assert_agree(lambda X: dl.norm(X, p), lambda t: torch.linalg.matrix_norm(t, name),
                 [normal((rows, columns), seed)], orders=1)  # fmt: skip


RUNNING: dict[str, Callable[..., Any]] = {
    "cumsum": torch.cumsum, "cumprod": torch.cumprod,
    "cummax": lambda t, axis: torch.cummax(t, axis).values,
    "cummin": lambda t, axis: torch.cummin(t, axis).values,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(RUNNING))
@pytest.mark.parametrize("direction", ["forward", "reverse"])
@given(data=st.data())
def test_running(name: str, direction: str, data: Draw) -> None:
    x, axis = array_and_axis(data)
    turn = (lambda t: t.flip(axis)) if direction == "reverse" else (lambda t: t)
    assert_agree(lambda X: getattr(dl, name)(X, axis=axis, direction=direction) ** 2,
                 lambda t: turn(RUNNING[name](turn(t), axis)) ** 2, [x])  # fmt: skip


@given(n=st.integers(1, 6), zeros=st.sets(st.integers(0, 5)), seed=SEEDS)
def test_products_with_zeros(n: int, zeros: set[int], seed: int) -> None:
    x = normal((n,), seed)
    x[[i for i in zeros if i < n]] = 0.0
    assert_agree(dl.cumprod, lambda t: torch.cumprod(t, 0), [x])
    assert_agree(dl.prod, lambda t: torch.prod(t), [x])


@given(data=st.data())
def test_areas(data: Draw) -> None:
    y, axis = array_and_axis(data)
    x = normal((y.shape[axis],), data.draw(SEEDS))
    keep = lambda area: area.unsqueeze(axis)
    assert_agree(lambda X, Y: dl.trapz(X, Y, axis=axis),
                 lambda s, t: keep(torch.trapezoid(t, s, dim=axis)), [x, y])  # fmt: skip
    assert_agree(lambda Y: dl.trapz(0.3, Y, axis=axis),
                 lambda t: keep(torch.trapezoid(t, dx=0.3, dim=axis)), [y])  # fmt: skip


@given(shape=st.tuples(st.integers(3, 5), st.integers(1, 3)), seed=SEEDS)
def test_normalization(shape: tuple[int, int], seed: int) -> None:
    x = normal(shape, seed)
    rank = np.argsort(np.argsort(x, axis=0), axis=0)
    x = x + 0.5 * rank  # spread out, so that no slope is steep

    def by_moments(t: Any) -> Any:
        return (t - t.mean(0, True)) / t.std(0, keepdim=True)

    def by_ends(t: Any) -> Any:
        low, high = t.amin(0, True), t.amax(0, True)
        return (t - low) / (high - low) * 3 - 1

    assert_agree(lambda X: dl.normalize(X, axis=0), by_moments, [x])
    assert_agree(lambda X: dl.normalize(X, "range", [-1, 2], axis=0), by_ends, [x])
    assert_agree(lambda X: dl.normalize(X, "norm", 3, axis=0),
                 lambda t: t / torch.linalg.vector_norm(t, 3, 0, True), [x + 1.0])  # fmt: skip
    assert_agree(lambda X: dl.rescale(X, -1, 2), lambda t: (t - t.min()) / (t.max() - t.min()) * 3
                 - 1, [x])  # fmt: skip
