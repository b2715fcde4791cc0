"""Activations, masks, losses, softmax and recurrent steps in kernels: against NumPy's functions.

Both orders of the threads, both classes, sizes that fill no block, and the numbers at which
formulas break. That derivatives of every order fit is held by the table of operations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cpuhip import standin
from tests.strategies import normal
from tinydl import dlarray, dlfeval, dlgradient, gpuArray, gru, lstm, sum
from tinydl.backend import numpy_backend

cupy = standin.cupy_or_skip()
from tinydl.backend import cupy_backend  # noqa: E402

pytestmark = pytest.mark.usefixtures("device")

TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14}
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 20.0, -20.0, 50.0, -50.0]
classes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def drawn(dtype: Any, shape: tuple[int, ...] = (3, 7, 11), seed: int = 1) -> Any:
    return np.asarray(3.0 * normal(shape, seed), dtype)


def agree(name: str, *given: Any, slack: float = 1.0) -> None:
    """The backends' functions of a name on the same arrays."""
    there = [cupy.asarray(x) if isinstance(x, np.ndarray) else x for x in given]
    with np.errstate(all="ignore"):
        expected = getattr(numpy_backend, name)(*given)
    found = getattr(cupy_backend, name)(*there)
    pairs = [(expected, found)]
    if isinstance(expected, tuple):
        pairs = list(zip(expected, found, strict=True))
    for a, b in pairs:
        a = np.asarray(a)
        assert (b.dtype, b.shape) == (a.dtype, a.shape)
        bound = slack * TOLERANCE.get(a.dtype.type, 0.0)
        np.testing.assert_allclose(b.get(), a, rtol=bound, atol=bound)


@classes
@pytest.mark.parametrize("values", ["drawn", "special", "empty", "single"])
def test_activations(values: str, dtype: Any, thread_order: str) -> None:
    x = {"drawn": drawn(dtype), "special": np.array(SPECIAL, dtype),
         "empty": np.zeros((0, 3), dtype), "single": np.array(-0.7, dtype)}[values]  # fmt: skip
    for save in (False, True):
        agree("relu", x, save)
        agree("gelu", x, save, slack=4.0)
    agree("leakyrelu", x, 0.01)
    for count in range(2, 9):  # the last ones have more coefficients than the kernel takes
        for is_odd in (False, True):
            coefficients = [0.5 + 0.1 * k for k in range(count)]
            agree("gelu_derivative", x, coefficients, is_odd, slack=20.0)


@classes
def test_gelu_keeps_its_digits_in_the_tail(dtype: Any, thread_order: str) -> None:
    x = np.linspace(-8.0, -2.0, 61, dtype=dtype)
    found, slope = cupy_backend.gelu(cupy.asarray(x), True)
    expected, expected_slope = numpy_backend.gelu(x.astype(np.float64), True)
    bound = 1e-4 if dtype is np.float32 else 1e-11
    np.testing.assert_allclose(found.get(), expected, rtol=bound)
    np.testing.assert_allclose(slope.get(), expected_slope, atol=10 * TOLERANCE[dtype])


@classes
@pytest.mark.parametrize("either", [False, True])
def test_zero_wins_in_the_chain_rule(either: bool, dtype: Any, thread_order: str) -> None:
    g, slope = np.meshgrid(np.array(SPECIAL, dtype), np.array(SPECIAL, dtype))
    agree("chain", g, slope, either)
    agree("chain", drawn(dtype), drawn(dtype, (7, 1), 2), either)
    agree("chain", 2.0, drawn(dtype), either)
    agree("chain", drawn(dtype).T, 0.0, either)


@classes
def test_mixtures_and_masks(dtype: Any, thread_order: str) -> None:
    agree("between", drawn(dtype), drawn(dtype, seed=2), 0.1)
    agree("between", drawn(dtype), drawn(dtype, (7, 1), 2), 1.0)
    draws = np.random.default_rng(1).uniform(size=(3, 7, 11))
    draws[0, 0, 0] = 0.25
    agree("kept", draws, 0.25, np.dtype(dtype))


@classes
@pytest.mark.parametrize("shape", [(1,), (3, 5), (7, 1001), (0, 3)])
def test_crossentropy_in_one_kernel(shape: tuple[int, ...], dtype: Any, thread_order: str) -> None:
    rng = np.random.default_rng(1)
    p, t = rng.uniform(0.01, 1.0, shape).astype(dtype), rng.uniform(size=shape).astype(dtype)
    least = numpy_backend.smallest_normal(np.dtype(dtype))
    agree("surprise", p, t, least, slack=5.0)
    agree("surprise_gradient", drawn(dtype, shape), p, t, least, 0.3, slack=200.0)
    agree("surprise_gradient", np.array(2.0, dtype) * np.ones(shape, dtype), p, t, 0.3, 1.0,
          slack=200.0)  # fmt: skip
    agree("total_surprise", p, t, least, 1.0 / 7, slack=2000.0)
    p.reshape(-1)[:1] = 0.3
    agree("surprise_gradient", drawn(dtype, shape), p, t, float(dtype(0.3)), 1.0, slack=200.0)


SOFTMAX = [((1,), (0,)), ((10, 1), (0,)), ((10, 37), (0,)), ((5, 300), (1,)), ((1003, 3), (0,)),
           ((3, 4, 5), (1,)), ((3, 4, 5), (0, 1)), ((3, 4, 5), (0, 2)), ((2, 3, 4), (0, 1, 2)),
           ((4, 70, 33), (-2,)), ((2, 1, 9), (1,))]  # fmt: skip


@classes
@pytest.mark.parametrize(("shape", "axis"), SOFTMAX)
def test_softmax(shape: Any, axis: Any, dtype: Any, thread_order: str) -> None:
    x, g = drawn(dtype, shape), drawn(dtype, shape, 2)
    agree("softmax", x, axis)
    agree("logsumexp", x, axis, slack=3.0)
    y = numpy_backend.softmax(x, axis)
    agree("softmax_gradient", g, y, axis, slack=4.0)
    found = cupy_backend.softmax_gradient(
        cupy.broadcast_to(cupy.asarray(g.reshape(-1)[0]), shape), cupy.asarray(y), axis
    )
    assert float(abs(found).max()) <= 20 * TOLERANCE[dtype]  # of a constant it is 0


@classes
def test_softmax_at_infinity(dtype: Any, thread_order: str) -> None:
    x = np.array([[1e4, 1e4, -1e4], [-np.inf, 0.0, 1.0], [-np.inf, -np.inf, -np.inf],
                  [np.inf, 0.0, 1.0], [np.nan, 0.0, 1.0]], dtype)  # fmt: skip
    agree("softmax", x, (1,))
    agree("logsumexp", x, (1,))


def test_softmax_takes_one_launch(thread_order: str) -> None:
    x = cupy.asarray(drawn(np.float32, (10, 128)))
    with standin.counted() as counts:
        y = cupy_backend.softmax(x, (0,))
        cupy_backend.softmax_gradient(x, y, (0,))
        cupy_backend.logsumexp(x, (0,))
    assert counts.launches == 3


# ---- recurrent units -----------------------------------------------------------------------------

ACTIVATIONS = ["sigmoid", "hard-sigmoid", "tanh", "softsign", "relu"]


def both(run: Any, given: list[Any], dtype: Any) -> None:
    """What run(backend, *arrays) returns, of copies here and there."""
    here = run(numpy_backend, *[x.copy() for x in given])
    there = run(cupy_backend, *map(cupy.asarray, given))
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(
            b.get(), a, rtol=50 * TOLERANCE[dtype], atol=50 * TOLERANCE[dtype]
        )


@classes
@pytest.mark.parametrize("gate", ["sigmoid", "hard-sigmoid"])
@pytest.mark.parametrize("state", ACTIVATIONS)
def test_lstm(state: str, gate: str, dtype: Any, thread_order: str) -> None:
    units, images, steps = 5, 3, 4

    def run(lib: Any, gates: Any, hidden: Any, cells: Any, r: Any, dy: Any) -> Any:
        shown, dh = lib.empty(hidden[1:].shape, hidden.dtype), lib.zeros(dy.shape[1:], dy.dtype)
        lib.lstm_forward(r, gate, state, gates, hidden, cells, shown)
        back = lib.ascontiguousarray(r.T)
        d = lib.lstm_backward(back, gate, state, gates, cells, shown, dy, dh)
        return gates, hidden, cells, shown, d, dh, dy[-1]

    shapes = [(steps, 4 * units, images), (steps + 1, units, images), (steps + 1, units, images),
              (4 * units, units), (steps + 1, units, images)]  # fmt: skip
    both(run, [drawn(dtype, s, k) / dtype(4) for k, s in enumerate(shapes)], dtype)


@classes
@pytest.mark.parametrize("gate", ["sigmoid", "hard-sigmoid"])
@pytest.mark.parametrize("state", ACTIVATIONS)
@pytest.mark.parametrize("reset", ["after", "before"])
def test_gru(reset: str, state: str, gate: str, dtype: Any, thread_order: str) -> None:
    units, images, steps = 5, 3, 4

    def run(lib: Any, gates: Any, hidden: Any, r: Any, q: Any, dy: Any) -> Any:
        inner, dh = lib.empty(hidden[1:].shape, hidden.dtype), lib.zeros(dy.shape[1:], dy.dtype)
        lib.gru_forward(r, q, reset, gate, state, gates, hidden, inner)
        d, to_product = lib.gru_backward(r, reset, gate, state, gates, hidden, inner, dy, dh)
        return gates, hidden, inner, d, to_product, dh

    shapes = [(steps, 3 * units, images), (steps + 1, units, images), (3 * units, units),
              (units, 1), (steps, units, images)]  # fmt: skip
    both(run, [drawn(dtype, s, k) / dtype(4) for k, s in enumerate(shapes)], dtype)


@pytest.mark.parametrize("unit", ["lstm", "gru"])
def test_a_step_takes_one_launch_beside_its_product(unit: str) -> None:
    """One more time step is one more launch forward, and one more back."""

    def launches(steps: int) -> int:
        gates, units, images = {"lstm": 4, "gru": 3}[unit], 4, 2
        w, r = [gpuArray(dlarray(normal((gates * units, n), n))) for n in (3, units)]
        b = gpuArray(dlarray(normal((gates * units, 1), 5)))
        x = gpuArray(dlarray(normal((3, images, steps), 6), "CBT"))
        start = [gpuArray(dlarray(normal((units, images), k), "CB")) for k in (7, 8)]

        def slope(x: dlarray, w: dlarray) -> Any:
            if unit == "lstm":
                y = lstm(x, *start, w, r, b)
            else:
                y = gru(x, start[0], w, r, b)
            return dlgradient(sum(y, "all"), w)

        with standin.counted() as counts:
            dlfeval(slope, x, w)
        return counts.launches

    assert launches(7) - launches(6) == 2
