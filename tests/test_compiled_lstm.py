"""LSTM in compiled loops, held against NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiled_kernels import by_numpy
from tests.strategies import SEEDS, normal, with_threads
from tests.test_kernels_elementwise import EPSILON, every_class
from tinydl.backend import compiled, host
from tinydl.backend.compiled import lstm as compiled_lstm

Sizes = tuple[int, int, int, int]
"""Channels, units, observations and time steps."""

PLAIN = (3, 13, 37, 9)


def numbers(sizes: Sizes, kind: Any, seed: int = 0, first: int | None = None) -> list[Any]:
    """An input, first states (of all observations, or so many), weights and a bias."""
    channels, units, observations, steps = sizes
    states = units, first or observations
    shapes = ((channels, observations, steps), states, states, (4 * units, channels),
              (4 * units, units), (4 * units, 1))  # fmt: skip
    xs = [normal(shape, seed + i, kind) for i, shape in enumerate(shapes)]
    return [*xs[:3], xs[3] / 2, xs[4] / kind(np.sqrt(units)), xs[5]]


def everything(*xs: Any, gate: str = "sigmoid", state: str = "tanh") -> list[Any]:
    """The states, and all gradients."""
    options = {"gate": gate, "state": state}
    y, kept = host.lstm(*xs, **options)
    dy = normal(y.shape, 99, y.dtype.type)
    gradients = host.lstm_gradients(dy, xs[0], *xs[3:5], kept, need=[True] * 6, **options)
    return [y, *gradients]


def is_in_use(*xs: Any, gate: str = "sigmoid", state: str = "tanh") -> bool:
    return compiled_lstm.kernels_of(*xs, state=state, gate=gate) is not None


def both(*xs: Any) -> tuple[list[Any], list[Any]]:
    assert is_in_use(*xs)
    return everything(*xs), by_numpy(lambda: everything(*xs))


@pytest.fixture
def small_arrays_too(monkeypatch: pytest.MonkeyPatch, numba: None) -> None:
    monkeypatch.setattr(compiled, "LEAST", 1)


@every_class
@given(
    sizes=st.tuples(st.integers(1, 5), st.integers(4, 27), st.integers(8, 70), st.integers(1, 6)),
    seed=SEEDS,
)
def test_it_gives_the_same_to_rounding(kind: Any, sizes: Sizes, seed: int, numba: None) -> None:
    xs = numbers(sizes, kind, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "LEAST", 1)
        found, expected = both(*xs)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert np.all(np.abs(one - other) <= 200 * EPSILON[kind] * np.abs(other).max())


@every_class
def test_long_sequences(kind: Any, numba: None) -> None:
    found, expected = both(*numbers((2, 20, 33, 100), kind))
    for one, other in zip(found, expected, strict=True):
        assert np.all(np.abs(one - other) <= 500 * EPSILON[kind] * np.abs(other).max())


@every_class
def test_gates_have_all_their_digits(kind: Any, small_arrays_too: None) -> None:
    """One step without a recurrent product, from a state of zero: h = σ(o) tanh(σ(i) tanh(g))."""
    large = np.concatenate([np.linspace(-30, 30, 601), np.logspace(-6, 0, 200)])
    small = large.astype(kind)
    weights, bias = np.zeros((16, 1), kind), np.zeros((16, 1), kind)
    weights[8:12], bias[:4], bias[12:] = 1, 30, 0.5
    zeros = np.zeros((4, 1), kind)
    xs = small[None, :, None], zeros, zeros, weights, np.zeros((16, 4), kind), bias
    assert is_in_use(*xs)
    y, _ = host.lstm(*xs, gate="sigmoid", state="tanh")
    exact = small.astype(np.float64)
    c = np.tanh(exact) / (1 + np.exp(-30.0))
    assert np.all(np.abs(y[0, :, 1] - c) <= 4 * EPSILON[kind] * np.abs(c))
    h = np.tanh(c) / (1 + np.exp(-0.5))
    assert np.all(np.abs(y[0, :, 0] - h) <= 8 * EPSILON[kind] * np.abs(h))
    weights[8:12], weights[:4], bias[:4], bias[8:12] = 0, 1, 0, 30
    y, _ = host.lstm(*xs, gate="sigmoid", state="tanh")
    open_ = 1 / (1 + np.exp(-exact))
    assert np.all(np.abs(y[0, :, 1] - open_) <= 4 * EPSILON[kind] * open_)


@every_class
def test_saturated_gates_are_zero_or_one(kind: Any, numba: None) -> None:
    xs = numbers((1, 13, 64, 9), kind)
    xs[0], xs[3] = kind(1e4) * np.sign(xs[0]), np.sign(xs[3])
    found, expected = both(*xs)
    for one, other in zip(found, expected, strict=True):
        assert np.isfinite(one).all()
        assert np.all(np.abs(one - other) <= 20 * EPSILON[kind] * np.abs(other).max())
    assert set(np.unique(np.abs(host.lstm(*xs, gate="sigmoid", state="tanh")[1][0]))) == {0, 1}


@every_class
def test_what_is_not_finite_stays_in_its_column(kind: Any, numba: None) -> None:
    xs = numbers(PLAIN, kind)
    xs[0][1, 3, 2], xs[0][0, 5, 1], xs[0][2, 36, 4] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        found, expected = both(*xs)
    for one, other in zip(found[:4], expected[:4], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert np.isnan(found[0][:, 3, 2:]).all() and np.isfinite(found[0][:, 3, :2]).all()
    assert np.isfinite(np.delete(found[0], [3, 5, 36], axis=1)).all()


@pytest.mark.parametrize(("observations", "lines"), [(8, 1), (16, 1), (17, 2), (32, 2), (33, 2)])
def test_a_single_line_is_cut_in_two_for_threads(
    observations: int, lines: int, numba: None
) -> None:
    xs = numbers((3, 24, observations, 30), np.float32)
    _, kept = host.lstm(*xs, gate="sigmoid", state="tanh")
    assert [len(part) for part in kept] == [lines] * 4


@every_class
@pytest.mark.parametrize("observations", [150, 32])
def test_threads_change_no_bit(kind: Any, observations: int, numba: None) -> None:
    xs = numbers((3, 24, observations, 8), kind)
    assert is_in_use(*xs)
    first, *others = with_threads((1, 2, 3), lambda: everything(*xs))
    for found in others:
        assert all(map(np.array_equal, found, first))


def test_arrays_may_be_read_only_expanded_or_at_odd_addresses(numba: None) -> None:
    xs = numbers(PLAIN, np.float64, first=1)
    expected = everything(*xs)
    full = [np.broadcast_to(s, (13, 37)) for s in xs[1:3]]
    aside = np.zeros(xs[0].nbytes + 1, np.uint8)[1:].view(float).reshape(xs[0].shape)
    aside[...] = xs[0]
    for x in xs:
        x.flags.writeable = False
    for changed in ([aside, *full, *xs[3:]], [np.asfortranarray(x) for x in xs]):
        assert is_in_use(*changed)
        assert all(map(np.array_equal, everything(*changed), expected))


def test_nothing_that_is_kept_or_given_is_changed(numba: None) -> None:
    xs = numbers(PLAIN, np.float64)
    before = [x.copy() for x in xs]
    first = everything(*xs)
    assert all(map(np.array_equal, xs, before))
    y, kept = host.lstm(*xs, gate="sigmoid", state="tanh")
    copies, dy = [k.copy() for k in kept], np.ones_like(y)
    for _ in range(2):
        host.lstm_gradients(dy, xs[0], *xs[3:5], kept, need=[True] * 6, gate="sigmoid",
                            state="tanh")  # fmt: skip
    assert all(map(np.array_equal, kept, copies)) and np.all(dy == 1)
    assert all(map(np.array_equal, everything(*xs), first))


def test_which_arrays_it_is_for(numba: None) -> None:
    xs = numbers(PLAIN, np.float64)
    assert is_in_use(*xs)
    assert not is_in_use(*xs, gate="hard-sigmoid") and not is_in_use(*xs, state="relu")
    assert not is_in_use(*xs[:5], xs[5].astype(np.float32))
    assert not is_in_use(*numbers((3, 3, 370, 9), np.float64)), "few units"
    assert not is_in_use(*numbers((3, 200, 3, 9), np.float64)), "few observations"
    assert not is_in_use(*numbers((3, 13, 20, 2), np.float64)), "little to do"
    assert not is_in_use(*numbers((3, 400, 20, 2), np.float64)), "many weights"
    for kind in (np.float16, np.longdouble):
        assert not is_in_use(*[x.astype(kind) for x in xs])


@pytest.mark.parametrize(("gate", "state"), [("hard-sigmoid", "tanh"), ("sigmoid", "softsign")])
def test_other_activations_are_as_ever(gate: str, state: str, numba: None) -> None:
    xs = numbers(PLAIN, np.float64)
    expected = by_numpy(lambda: everything(*xs, gate=gate, state=state))
    found = everything(*xs, gate=gate, state=state)
    assert all(map(np.array_equal, found, expected))
