"""lstm and gru as users call them: formats, states, modes, messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import SEEDS, normal, numbers, total
from tinydl import dlarray, dlfeval, dlgradient, gru, lstm, single, stripdims

C, H, B, T = 2, 3, 4, 5
X, STATE = normal((C, B, T), 1), normal((H, B), 2)


def parameters(blocks: int, biases: int) -> list[Any]:
    shapes = ((blocks * H, C), (blocks * H, H), (biases * H, 1))
    return [normal(shape, 10 + i) for i, shape in enumerate(shapes)]


LSTM, GRU = parameters(4, 4), parameters(3, 3)


def run_lstm(x: Any = None, h: Any = STATE, c: Any = STATE, **options: Any) -> Any:
    x = dlarray(X, "CBT") if x is None else x
    return lstm(x, h, c, *LSTM, **{"nargout": 3, **options})


def run_gru(x: Any = None, h: Any = STATE, **options: Any) -> Any:
    x = dlarray(X, "CBT") if x is None else x
    return gru(x, h, *GRU, **{"nargout": 2, **options})


RUNS = pytest.mark.parametrize("run", [run_lstm, run_gru])
Run = Callable[..., Any]


def assert_same(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-13, atol=1e-13)


@RUNS
def test_the_last_states_are_those_of_the_last_step(run: Run) -> None:
    Y, hidden, *cell = run()
    assert (Y.dims, Y.shape) == ("CBT", (H, B, T))
    assert all([(s.dims, s.shape) == ("CB", (H, B)) for s in (hidden, *cell)])
    np.testing.assert_array_equal(numbers(hidden), numbers(Y)[:, :, -1])
    np.testing.assert_array_equal(numbers(run(nargout=1)), numbers(Y))


@RUNS
def test_a_sequence_may_be_cut_where_its_states_are_handed_on(run: Run) -> None:
    Y, *states = run()
    first, *between = run(dlarray(X[:, :, :2], "CBT"))
    second, *last = run(dlarray(X[:, :, 2:], "CBT"), *between)
    assert_same([np.concatenate([numbers(first), numbers(second)], 2), *last], [Y, *states])


@RUNS
def test_without_time_it_is_one_step_and_without_batch_one_observation(run: Run) -> None:
    Y, _, *cell = run()
    step = run(dlarray(X[:, :, 0], "CB"))
    assert step[0].dims == "CB"
    assert_same([step[0]], [numbers(Y)[:, :, 0]])
    one = [STATE[:, :1]] * (1 + len(cell))
    alone = run(dlarray(X[:, 0], "CT"), *one)
    assert (alone[0].dims, alone[1].dims) == ("CT", "CB")
    whole = run(dlarray(X[:, :1], "CBT"), *one)
    assert_same([alone[0]], [numbers(whole[0])[:, 0]])
    assert_same(alone[1:], whole[1:])


@RUNS
def test_arrays_without_labels(run: Run) -> None:
    expected = run()
    found = run(dlarray(X.transpose(2, 1, 0)), DataFormat="TBC")
    assert [y.dims for y in found] == [""] * len(found)
    assert_same([found[0], *[numbers(s).T for s in found[1:]]],
                [stripdims(expected[0], "TBC"), *expected[1:]])  # fmt: skip


@RUNS
def test_one_first_state_for_all_observations(run: Run) -> None:
    count = 2 if run is run_lstm else 1
    expected = run(None, *[np.repeat(STATE[:, :1], B, axis=1)] * count)
    for state in (STATE[:, 0], STATE[:, :1], dlarray(STATE[:, 0], "C"),
                  dlarray(STATE[:, :1], "CB")):  # fmt: skip
        assert_same(run(None, *[state] * count), expected)


@RUNS
@pytest.mark.parametrize("higher", [False, True])
def test_a_shared_first_state_collects_the_gradients_of_all_observations(
    run: Run, higher: bool
) -> None:
    def loss(h: dlarray) -> dlarray:
        return dlgradient(total(*run(None, h)[:2]), h, EnableHigherDerivatives=higher)

    shared, full = STATE[:, :1], np.repeat(STATE[:, :1], B, axis=1)
    found, each = dlfeval(loss, dlarray(shared)), dlfeval(loss, dlarray(full))
    np.testing.assert_allclose(numbers(found), numbers(each).sum(1, keepdims=True), rtol=1e-12)


@given(SEEDS, st.sampled_from(["after", "before", "recurrent-bias-after"]))
def test_an_open_reset_gate_makes_the_modes_equal(seed: int, mode: str) -> None:
    """With the gate at 1 and no second bias all modes are the same unit."""
    w, r, b = GRU[0].copy(), GRU[1].copy(), np.zeros((3 * H, 1))
    w[:H] = r[:H] = 0.0
    b[:H] = 50.0
    x = dlarray(normal((C, B, T), seed), "CBT")
    full = np.concatenate([b, np.zeros_like(b)]) if mode.startswith("recurrent") else b
    found = gru(x, STATE, w, r, full, ResetGateMode=f"{mode}-multiplication")
    assert_same([found], [gru(x, STATE, w, r, b)])


@pytest.mark.parametrize("higher", [False, True])
@pytest.mark.parametrize("gate", ["sigmoid", "hard-sigmoid"])
@pytest.mark.parametrize("state", ["tanh", "softsign", "relu"])
@RUNS
def test_saturated_units_have_finite_gradients(
    run: Run, state: str, gate: str, higher: bool
) -> None:
    def slope(x: dlarray) -> dlarray:
        Y = run(x, StateActivationFunction=state, GateActivationFunction=gate)[0]
        return dlgradient(total(Y), x, EnableHigherDerivatives=higher)

    assert np.isfinite(numbers(dlfeval(slope, dlarray(1e3 * X, "CBT")))).all()


def test_one_single_argument_makes_it_single() -> None:
    Y, hidden, cell = lstm(dlarray(X, "CBT"), STATE, STATE, *map(single, LSTM), nargout=3)
    assert {y.dtype.name for y in (Y, hidden, cell)} == {"float32"}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"x": dlarray(normal((4, C, B, T), 3), "SCBT")}, "has more than the labels C, B and T"),
    ({"x": dlarray(X[0], "BT")}, "has no C dimension"),
    ({"x": dlarray(X[:, :, :0], "CBT")}, "has no time steps"),
    ({"x": dlarray(X)}, "without labels"),
    ({"x": dlarray(normal((C + 1, B, T), 3), "CBT")}, r"weights of \d+×2 for 3\(C\) × 4\(B\)"),
    ({"h": STATE[:2]}, r"H0 is 2×4 for 3 units .* must be 3×1 or 3×4"),
    ({"h": STATE[:, :2]}, r"H0 is 3×2 for 3 units"),
    ({"h": dlarray(STATE, "CT")}, r"H0 is 3\(C\) × 4\(T\) for 3 units"),
    ({"nargout": 4}, r"gives 1 to \d outputs; nargout=4"),
    ({"StateActivationFunction": "sigmoid"}, "StateActivationFunction is one of tanh, softsign"),
    ({"GateActivationFunction": "tanh"}, "GateActivationFunction is one of sigmoid, hard-sigmoid"),
]


@pytest.mark.parametrize(("options", "words"), BAD)
@RUNS
def test_what_does_not_fit_raises(run: Run, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(**options)


def test_parameters_that_do_not_fit_raise() -> None:
    x = dlarray(X, "CBT")
    w, r, b = LSTM
    with pytest.raises(ValueError, match="C0 is 1×4 for 3 units"):
        run_lstm(c=STATE[:1])
    with pytest.raises(ValueError, match="recurrentWeights of 9×3; for H units they are 4H×H"):
        lstm(x, STATE, STATE, w, GRU[1], b)
    with pytest.raises(ValueError, match="recurrentWeights of 3; for H units they are 4H×H"):
        lstm(x, STATE, STATE, w, r[0], b)
    with pytest.raises(ValueError, match="a bias of 9×1 for 3 units; it needs 12 elements"):
        lstm(x, STATE, STATE, w, r, GRU[2])
    with pytest.raises(ValueError, match="a bias of 9×1 for 3 units; it needs 18 elements"):
        run_gru(ResetGateMode="recurrent-bias-after-multiplication")
    with pytest.raises(ValueError, match="ResetGateMode is one of after-multiplication, before"):
        run_gru(ResetGateMode="after")
