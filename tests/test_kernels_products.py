"""Kernels that threads share: products of matrices, attention, recurrent units, own statistics.

They give what NumPy or the operations they are made of give, and the same bits for any number of
threads. The arrays are large enough to be cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal, with_threads
from tinydl.autodiff import Record, gradient, plain
from tinydl.backend.numpy_matmul import matmul
from tinydl.backend.numpy_scatter import scatter
from tinydl.primitives import attend, own_statistics, recur, reduce

Shape = tuple[int, ...]

PRODUCTS: list[tuple[Shape, Shape]] = [
    ((10, 11520), (11520, 128)),  # a long inner dimension
    ((11520, 10), (10, 128)),
    ((10, 128), (128, 11520)),
    ((300, 300), (300, 300)),
    ((64, 128, 64), (64, 64, 128)),
    ((1, 128, 64), (64, 64, 128)),  # one side repeated
    ((128, 64), (64, 64, 128)),
    ((64, 128, 64), (64, 64)),
    ((3, 32, 128, 64), (3, 1, 64, 64)),
    ((2, 1, 500, 64), (3, 64, 500)),
    ((5000, 0), (0, 700)),
    ((0, 128, 640), (1, 640, 1280)),
    ((2, 3), (3, 4)),
]


@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_products_are_those_of_numpy_with_any_number_of_threads(left: Shape, right: Shape) -> None:
    for convert in (np.float64, np.complex128):
        a, b = normal(left, 1).astype(convert), normal(right, 2).astype(convert)
        one, two = with_threads((1, 2), lambda a=a, b=b: matmul(a, b))
        assert one.tobytes() == two.tobytes() and one.dtype == convert
        np.testing.assert_allclose(one, np.matmul(a, b), rtol=1e-10, atol=1e-10)
        out = np.empty_like(one)
        assert matmul(a, b, out=out) is out
        np.testing.assert_allclose(out, one, rtol=1e-10, atol=1e-10)


def test_products_of_views_of_mixed_classes_and_of_nan() -> None:
    a, b = normal((400, 300), 1), normal((400, 500), 2)
    np.testing.assert_allclose(matmul(a.T, b), a.T @ b, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(matmul(a[::-1, ::2].T, b), a[::-1, ::2].T @ b, atol=1e-11)
    assert matmul(a.T.astype(np.float32), b).dtype == np.float64
    a[5, 7] = np.nan
    np.testing.assert_array_equal(np.isnan(matmul(a.T, b)), np.isnan(a.T @ b))
    vector = np.ones(300)
    np.testing.assert_allclose(matmul(b[:, :300], vector), b[:, :300] @ vector, atol=1e-11)
    with pytest.raises(ValueError, match="mismatch"):
        matmul(np.ones((2000, 300)), np.ones((400, 500)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_that_go_to_the_same_place_are_added(dtype: Any) -> None:
    x = normal((3, 50), 1).astype(dtype)
    positions = np.random.default_rng(2).integers(-7, 7, 50)  # from the end too
    expected = np.zeros((3, 7), dtype)
    np.add.at(expected, (slice(None), positions), x)
    found = scatter(x, (slice(None), positions), (3, 7))
    np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype is np.float32 else 1e-13)
    for rows, count in ((0, 50), (3, 0)):
        empty = scatter(x[:rows, :count], (slice(None), positions[:count]), (rows, 7))
        assert empty.shape == (rows, 7) and not empty.any()


# ---- operations with a definition: forward and gradients ----------------------------------------


def _lstm(*xs: Any) -> Any:
    return recur.lstm(*xs, state="tanh", gate="sigmoid")


def _gru(reset: str) -> Callable[..., Any]:
    return lambda *xs: recur.gru(*xs, reset=reset, state="tanh", gate="sigmoid")


SEEN = np.random.default_rng(1).random((16, 1, 64, 64)) < 0.5
OWN: dict[tuple[int, ...], Shape] = {
    (0, 1, 2): (1, 1, 20, 1), (0, 1): (1, 1, 20, 1), (3,): (32, 1, 1, 1), (0,): (32, 1, 1, 1),
    (1, 3): (32, 16, 1, 1),
}  # fmt: skip
OPERATIONS: dict[str, tuple[Callable[..., Any], list[Shape]]] = {
    "lstm": (_lstm, [(8, 64, 6), (128, 64), (128, 1), (512, 8), (512, 128), (512, 1)]),
    "gru": (_gru("after"), [(8, 64, 6), (128, 64), (384, 8), (384, 128), (384, 1), (384, 1)]),
    "gru, before": (_gru("before"),
                    [(8, 64, 6), (128, 64), (384, 8), (384, 128), (384, 1), (384, 1)]),
    "attend": (lambda *xs: attend.attend(*xs, scale=0.2), [(4, 16, 16, 64)] * 3),
    "attend, some": (lambda *xs: attend.attend(*xs, scale=0.2, allowed=SEEN),
                     [(4, 16, 16, 64)] * 3),
    **{f"own {axis}": (
        lambda *xs, axis=axis: own_statistics.normalize_by_own(*xs, axis=axis, epsilon=1e-3),
        [(32, 16, 20, 64), part, part])
       for axis, part in OWN.items()},
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_kernels_agree_with_their_definition_and_have_the_same_bits(name: str) -> None:
    call, shapes = OPERATIONS[name]
    xs = [normal(shape, i) * 0.3 for i, shape in enumerate(shapes)]
    weight = normal(call(*xs).shape, 99)

    def result_and_gradients(higher: bool) -> list[Any]:
        record = Record()
        inputs = [record.leaf(x) for x in xs]
        y = call(*inputs)
        slopes = gradient(reduce.sum_to(y * weight, shape=()), inputs, higher=higher)
        return [plain(v) for v in (y, *slopes)]

    one, two = with_threads((1, 2), lambda: result_and_gradients(higher=False))
    for a, b, c in zip(one, two, result_and_gradients(higher=True), strict=True):
        assert a.tobytes() == b.tobytes()
        np.testing.assert_allclose(a, c, rtol=1e-9, atol=1e-9 * np.abs(c).max())
