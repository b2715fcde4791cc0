"""Real CuPy's arrays on the stand-in give NumPy's numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.cpuhip import standin

cupy = standin.cupy_or_skip()

Calculation = Callable[[ModuleType, Any, Any], Any]
"""Of NumPy or CuPy, an array of shape (37, 70) and one of shape (70,)."""

TOLERANCE = {"e": 1e-2, "f": 1e-5, "d": 1e-12, "F": 1e-5, "D": 1e-12}


def arrays(kind: str) -> tuple[Any, Any]:
    """Numbers between -2 and 2; 37 and 70 fill no warp and no block."""
    random = np.random.default_rng(3)

    def draw(shape: tuple[int, ...]) -> Any:
        real = random.uniform(-2, 2, shape)
        imaginary = random.uniform(-2, 2, shape)
        return (real + 1j * imaginary if kind in "FD" else real).astype(kind)

    return draw((37, 70)), draw((70,))


def check(calculation: Calculation, kind: str) -> None:
    """The same calculation with both modules: equal numbers, shape and class."""
    x, y = arrays(kind)
    expected = calculation(np, x, y)
    actual = calculation(cupy, cupy.asarray(x), cupy.asarray(y))
    assert isinstance(actual, cupy.ndarray)
    assert actual.dtype == expected.dtype
    tolerance = TOLERANCE.get(expected.dtype.char, 0.0)
    np.testing.assert_allclose(actual.get(), expected, rtol=tolerance, atol=tolerance)


ELEMENTWISE: dict[str, Calculation] = {
    "arithmetic": lambda xp, x, y: (x + y) * x - y / (2 + abs(x)),
    "python numbers": lambda xp, x, y: 3 * x**2 - 1,
    "exponentials": lambda xp, x, y: xp.exp(x) + xp.log1p(abs(y)) + xp.tanh(x),
    "roots": lambda xp, x, y: xp.sqrt(abs(x)) + xp.cbrt(y),
    "rounding": lambda xp, x, y: xp.floor(x) + xp.rint(y) + xp.sign(x),
    "minimum and maximum": lambda xp, x, y: xp.maximum(x, y) - xp.minimum(x, 0.5),
    "comparison": lambda xp, x, y: (x > y) & ~(x < 0),
    "where": lambda xp, x, y: xp.where(x > y, x, y),
    "class": lambda xp, x, y: (x * 10).astype(np.int32) // 3,
    "not a number": lambda xp, x, y: xp.isnan(xp.where(x > 0, x, np.nan)),
}

REDUCTIONS: dict[str, Calculation] = {
    "sum": lambda xp, x, y: x.sum(),
    "sum of rows": lambda xp, x, y: x.sum(axis=1),
    "sum of columns": lambda xp, x, y: x.sum(axis=0, keepdims=True),
    "mean": lambda xp, x, y: x.mean(axis=0),
    "variance": lambda xp, x, y: x.var(axis=0),
    "product": lambda xp, x, y: y.prod(),
    "largest": lambda xp, x, y: x.max(axis=1),
    "place of the largest": lambda xp, x, y: x.argmax(axis=1),
    "any": lambda xp, x, y: (x > 1.9).any(axis=1),
    "running sum": lambda xp, x, y: xp.cumsum(x, axis=1),
    "a long sum": lambda xp, x, y: xp.tile(y, 1000).sum(dtype=np.float64),
}

INDEXING: dict[str, Calculation] = {
    "slices": lambda xp, x, y: x[3:30:4, ::-2],
    "new dimensions": lambda xp, x, y: x[:, None] * y[None, None],
    "whole numbers": lambda xp, x, y: x[xp.arange(5), xp.arange(5) * 7],
    "rows": lambda xp, x, y: xp.take(x, xp.arange(36, 0, -3), axis=0),
    "a mask": lambda xp, x, y: x[x > 0.5],
    "along an axis": lambda xp, x, y: xp.take_along_axis(x, x.argmax(axis=1)[:, None], axis=1),
    "permuted": lambda xp, x, y: x.T.reshape(2, 35, 37).transpose(2, 0, 1),
    "joined": lambda xp, x, y: xp.concatenate([x, x[:3], xp.stack([y, y])]),
    "padded": lambda xp, x, y: xp.pad(x, ((1, 2), (0, 3))),
}

PRODUCTS: dict[str, Calculation] = {
    "matrices": lambda xp, x, y: x @ x.T,
    "a transposed matrix": lambda xp, x, y: x.T @ x,
    "parts of matrices": lambda xp, x, y: x[::2, 1:50] @ x[:20, 1:50].T,
    "a matrix and a vector": lambda xp, x, y: x @ y,
    "vectors": lambda xp, x, y: y @ y,
    "many matrices": lambda xp, x, y: x[:36].reshape(6, 6, 70) @ x[:36].reshape(6, 6, 70).mT,
    "one matrix for many": lambda xp, x, y: x[:36].reshape(6, 6, 70) @ x.T,
    "tensors": lambda xp, x, y: xp.tensordot(x.reshape(37, 7, 10), y.reshape(7, 10), axes=2),
    "by letters": lambda xp, x, y: xp.einsum("ij,kj,j->ik", x, x, y),
}


@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str, kind: str) -> None:
    check(ELEMENTWISE[name], kind)


@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name: str, kind: str, thread_order: str) -> None:
    check(REDUCTIONS[name], kind)


@pytest.mark.parametrize("name", INDEXING)
def test_indexing(name: str) -> None:
    check(INDEXING[name], "f")


@pytest.mark.parametrize("kind", ["f", "d", "F", "D"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name: str, kind: str) -> None:
    check(PRODUCTS[name], kind)


def multiplied(name: str, xp: ModuleType, x: Any) -> Any:
    """What the factors of a matrix multiply to, or solve: NumPy's and CuPy's signs may differ."""
    square = x[:, :37] + 8 * xp.eye(37, dtype=x.dtype)
    definite = square @ square.T
    if name == "svd":
        u, s, v = xp.linalg.svd(x, full_matrices=False)
        return xp.concatenate([(u * s) @ v, s[:, None]], axis=1)
    if name == "eigh":
        values, vectors = xp.linalg.eigh(definite)
        return xp.concatenate([(vectors * values) @ vectors.T, values[:, None]], axis=1)
    if name == "qr":
        q, r = xp.linalg.qr(x.T)
        return xp.concatenate([q @ r, xp.abs(r)])
    if name == "cholesky":
        return xp.linalg.cholesky(definite)
    return xp.linalg.inv(square) if name == "inv" else xp.linalg.solve(square, x)


@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize("name", ["solve", "inv", "cholesky", "qr", "svd", "eigh"])
def test_factors(name: str, kind: str) -> None:
    x = arrays(kind)[0]
    expected = multiplied(name, np, x)
    actual = multiplied(name, cupy, cupy.asarray(x))
    assert actual.dtype == expected.dtype
    bound = (1e-3 if kind == "f" else 1e-11) * np.abs(expected).max()
    np.testing.assert_allclose(actual.get(), expected, rtol=0, atol=bound)


def test_triangular_systems_and_factors_with_exchanged_rows() -> None:
    from cupyx.scipy import linalg

    x = arrays("d")[0][:5, :5]
    on_device, lower = cupy.asarray(x), np.tril(x) + 5 * np.eye(5)
    solved = linalg.solve_triangular(cupy.asarray(lower), on_device, lower=True)
    np.testing.assert_allclose(solved.get(), np.linalg.solve(lower, x), rtol=1e-12)
    permuted, low, up = linalg.lu(on_device)
    np.testing.assert_allclose((permuted @ low @ up).get(), x, rtol=1e-12, atol=1e-12)
    assert float(abs(low).max()) == 1.0, "pivots are the largest"


def test_products_of_half_precision() -> None:
    """These do not go to OpenBLAS, and are summed in single."""
    check(PRODUCTS["matrices"], "e")
    check(PRODUCTS["many matrices"], "e")


def test_products_by_plain_loops() -> None:
    """OpenBLAS is chosen at the first product: without it needs a process of its own."""
    code = """
        import cupy, numpy
        x = numpy.arange(12.0).reshape(3, 4)
        for kind in "fd":
            actual = cupy.asarray(x, kind) @ cupy.asarray(x.T, kind)
            numpy.testing.assert_array_equal(actual.get(), x @ x.T)
    """
    variables = {**os.environ, "CPUHIP_BLAS": ""}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=variables, check=True)


@pytest.mark.parametrize("steps", [(4, 4, 4), (3, 4, 4), (4, 3, 4), (4, 4, 3)])
def test_a_product_with_a_wrong_step_is_refused(steps: tuple[int, int, int]) -> None:
    """What cuBLAS refuses: columns of four numbers that lie closer to each other than that."""
    cublas = cupy.cuda.cublas
    x, product, one = cupy.ones((4, 4), "f"), cupy.empty((4, 4), "f"), np.ones(1, "f")
    plain, size, factor = cublas.CUBLAS_OP_N, (4, 4, 4), one.ctypes.data
    a, b = (x.data.ptr, steps[0]), (x.data.ptr, steps[1])
    c = product.data.ptr, steps[2]
    handle = cupy.cuda.Device().cublas_handle
    expected = nullcontext() if min(steps) == 4 else pytest.raises(cublas.CUBLASError)
    with expected:
        cublas.sgemm(handle, plain, plain, *size, factor, *a, *b, factor, *c)


def test_assignment() -> None:
    x, y = arrays("f")
    actual = cupy.asarray(x)
    for array, xp in ((x, np), (actual, cupy)):
        array[2:5, ::3] = 1
        array[xp.arange(3), xp.arange(3)] = 2
        array[array < -1] = 0
        array[5] += xp.asarray(y)
        xp.add.at(array, (xp.zeros(40, "i"), xp.zeros(40, "i")), 1)
    np.testing.assert_allclose(actual.get(), x, rtol=1e-6)


def test_kernels_made_of_expressions() -> None:
    x = arrays("d")[0]
    squares = cupy.ReductionKernel("T x", "T y", "x * x", "a + b", "y = a", "0", "squares")
    hypotenuse = cupy.ElementwiseKernel("T a, T b", "T c", "c = sqrt(a * a + b * b)", "hypotenuse")

    def doubled(a: Any) -> Any:
        return cupy.exp(a) * 2 + a

    fused = cupy.fuse(doubled)
    on_device = cupy.asarray(x)
    np.testing.assert_allclose(squares(on_device, axis=0).get(), (x * x).sum(axis=0))
    np.testing.assert_allclose(hypotenuse(on_device, on_device).get(), np.hypot(x, x))
    np.testing.assert_allclose(fused(on_device).get(), np.exp(x) * 2 + x)


def test_random_numbers() -> None:
    uniform = cupy.random.rand(20000)
    normal = cupy.random.standard_normal(20000, dtype="f")
    assert 0 <= float(uniform.min()) and float(uniform.max()) <= 1
    assert abs(float(uniform.mean()) - 0.5) < 0.02
    assert abs(float(normal.mean())) < 0.05 and abs(float(normal.std()) - 1) < 0.05


def test_arrays_move_in_both_directions() -> None:
    """What a test that runs on both devices may rely on."""
    x = arrays("f")[0]
    for view in (x, x.T, x[::-2], np.broadcast_to(x[0], (3, 70)), x[:0], x[0, 0]):
        back = cupy.asnumpy(cupy.asarray(view))
        assert back.dtype == view.dtype and back.shape == view.shape
        np.testing.assert_array_equal(back, view)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: cupy.sort(x),
        lambda x: cupy.linalg.svd(x[:, :37].astype("F")),
        lambda x: cupy.fft.fft(x),
    ],
    ids=["sort", "complex svd", "fft"],
)
def test_what_is_not_there_raises(call: Callable[[Any], Any]) -> None:
    with pytest.raises(Exception, match=r"(?i)not ?supported|rocblas_status|CUFFT"):
        call(cupy.asarray(arrays("f")[0]))
