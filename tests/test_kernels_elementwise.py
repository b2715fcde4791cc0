"""NumPy's kernels of gelu, sums, softmax and functions number by number, beside their definitions.

Sizes are on both sides of where a kernel begins to work in pieces. (``test_compiled`` is about the
kernels that take their place where Numba is installed.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from tinydl import get_num_threads, set_num_threads
from tinydl.backend import compiled, host
from tinydl.backend.numpy_gelu import gelu_piece
from tinydl.primitives.gelu import gelu_derivative

CLASSES = [np.float64, np.float32]
EPSILON = {np.float64: 2.0**-52, np.float32: 2.0**-23}
every_class = pytest.mark.parametrize("kind", CLASSES)
LARGE = 450_000


@pytest.fixture(autouse=True, scope="module")
def numpy_alone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "_enabled", False)
        yield


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = get_num_threads()
    yield
    set_num_threads(before)


def normal(*shape: int, kind: Any = np.float64, scale: float = 1.0) -> Any:
    return (np.random.default_rng(sum(shape)).standard_normal(shape) * scale).astype(kind)


def density(x: Any) -> Any:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


# ---- gelu ----------------------------------------------------------------------------------------


@every_class
def test_gelu_and_its_slope_are_right_to_the_last_digits(kind: Any) -> None:
    x = np.concatenate([np.linspace(-45, 45, 60_001), normal(60_000)]).astype(kind)
    y, slope = host.gelu(x, True)
    assert y.dtype == slope.dtype == kind
    z = x.astype(float)
    normal_distribution = scipy.special.ndtr(z)
    size = np.maximum(1, np.abs(z))
    assert np.max(np.abs(y - z * normal_distribution) / size) < 2 * EPSILON[kind]
    assert np.max(np.abs(slope - normal_distribution - z * density(z))) < 3 * EPSILON[kind]
    assert np.array_equal(y, host.gelu(x, False))


@pytest.mark.parametrize(("kind", "least", "error"), [(np.float64, -37, 1e-12),
                                                      (np.float32, -12, 1e-5)])  # fmt: skip
def test_gelu_keeps_its_digits_where_it_is_nearly_0(kind: Any, least: float, error: float) -> None:
    x = np.linspace(least, 0, 5000, endpoint=False).astype(kind)
    z = x.astype(float)
    exact = z * np.exp(scipy.special.log_ndtr(z))
    # exp multiplies the error of log_ndtr, half a unit in its last digit, by its size
    allowed = error + np.abs(scipy.special.log_ndtr(z)) * 2.0**-52
    assert np.max(np.abs(host.gelu(x, False) / exact - 1) / allowed) < 1


@every_class
@pytest.mark.parametrize("save", [False, True])
def test_gelu_at_the_edges_of_its_class(kind: Any, save: bool) -> None:
    top, tiny = np.finfo(kind).max, np.finfo(kind).smallest_subnormal
    x = np.array([np.nan, np.inf, -np.inf, top, -top, 0.0, -0.0, 8 * tiny, -8 * tiny], kind)
    with np.errstate(all="raise"):
        result = host.gelu(x, save)
    y = result[0] if save else result
    assert np.array_equal(y, np.array([np.nan, np.inf, 0, top, 0, 0, 0, 4 * tiny, -4 * tiny], kind),
                          equal_nan=True)  # fmt: skip
    if save:
        slopes = np.array([np.nan, 1, 0, 1, 0, 0.5, 0.5, 0.5, 0.5], kind)
        assert np.array_equal(result[1], slopes, equal_nan=True)


def test_gelu_of_complex_numbers_continues_the_real_one() -> None:
    x = normal(50)
    for real, continued in zip(host.gelu(x, True), host.gelu(x + 0j, True), strict=True):
        assert np.allclose(continued, real, rtol=0, atol=1e-15)
    assert np.iscomplexobj(host.gelu(x + 1j, False))


@every_class
def test_a_piece_may_be_written_over_its_input(kind: Any) -> None:
    for n in (7, 30_000, 100):  # the space is made larger, and used in part
        x = normal(n, kind=kind)
        y, slope = host.gelu(x, True)
        into, slope_of_piece = x.copy(), np.empty_like(x)
        gelu_piece(into, into, slope_of_piece)
        assert np.array_equal(into, y) and np.array_equal(slope_of_piece, slope)


@every_class
@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_derivatives_of_gelu_are_hermite_polynomials_times_the_density(
    kind: Any, order: int
) -> None:
    """(xΦ)⁽ⁿ⁾ = n φ⁽ⁿ⁻²⁾ + x φ⁽ⁿ⁻¹⁾, and φ⁽ᵏ⁾ = (−1)ᵏ Heₖ φ."""
    x = normal(50_001, kind=kind)
    z = x.astype(float)
    hermite = lambda k: (-1) ** k * scipy.special.eval_hermitenorm(k, z)
    exact = (order * hermite(order - 2) + z * hermite(order - 1)) * density(z)
    y = gelu_derivative(x, order=order)
    assert y.dtype == kind
    assert np.max(np.abs(y - exact)) < 100 * EPSILON[kind] * np.max(np.abs(exact))
    assert gelu_derivative(np.array([1e200, -1e200]), order=order).tolist() == [0.0, 0.0]


# ---- sums ----------------------------------------------------------------------------------------

SHAPES_AND_AXES = [
    ((80, 1000), (1,)), ((80, 1000), (0,)), ((80, 1000), (0, 1)), ((80, 1000), ()),
    ((9000,), (0,)), ((900_001,), (0,)), ((3, 90_001), (1,)), ((90_001, 3), (0,)),
    ((90_001, 1, 3), (1,)), ((30_000, 5), (-1,)), ((24, 24, 5, 32), (0, 1, 3)),
    ((24, 24, 5, 32), (2,)), ((24, 24, 5, 32), (0, 2)), ((24, 24, 5, 32), (1, 3)),
    ((4000, 2, 2), (1,)), ((700, 700, 1), (0, 2)), ((0, 9000), (0,)), ((9000, 0), (0,)),
]  # fmt: skip


@every_class
@pytest.mark.parametrize(("shape", "axis"), SHAPES_AND_AXES, ids=str)
def test_sums_are_as_exact_as_numpys(kind: Any, shape: tuple[int, ...], axis: Any) -> None:
    x = normal(*shape, kind=kind)
    exact = x.astype(np.longdouble).sum(axis=axis, keepdims=True)
    size = np.abs(x).sum(axis=axis, keepdims=True)
    y = host.sum_over(x, axis)
    assert y.shape == exact.shape and y.dtype == kind and not np.shares_memory(x, y)
    assert np.all(np.abs(y - exact) <= 2 * EPSILON[kind] * size)
    count = math.prod([shape[i] for i in axis])
    with np.errstate(invalid="ignore"):
        assert np.array_equal(host.mean_over(x, axis), y / kind(count), equal_nan=True)


@every_class
@pytest.mark.parametrize("shape", [(1 << 21,), (1 << 17, 16), (16, 1 << 17), (2000, 1000)], ids=str)
@pytest.mark.parametrize("axis", [0, -1])
def test_long_sums_of_like_numbers(kind: Any, shape: tuple[int, ...], axis: int) -> None:
    """All errors of a plain sum go one way here; a running total would lose three digits."""
    x = np.random.default_rng(0).random(shape).astype(kind)
    exact = x.astype(np.longdouble).sum(axis=axis, keepdims=True)
    error = np.max(np.abs(host.sum_over(x, (axis,)) / exact - 1))
    numpys = np.max(np.abs(x.sum(axis=axis, keepdims=True) / exact - 1))
    assert error < max(2 * numpys, 8 * EPSILON[kind])


def test_sums_of_special_numbers() -> None:
    x = normal(100, 200)
    x[3, 5], x[4, 6], x[5, 7], x[5, 8] = np.nan, np.inf, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        for axis in ((0,), (1,), (0, 1)):
            found, expected = host.sum_over(x, axis), x.sum(axis=axis, keepdims=True)
            assert np.allclose(found, expected, equal_nan=True)
    assert np.array_equal(host.sum_over(x > 0, (1,)), (x > 0).sum(1, keepdims=True))
    z = normal(100, 200) + 1j
    assert np.array_equal(host.sum_over(z, (1,)), z.sum(1, keepdims=True))
    with pytest.raises(ValueError, match="axis 2 is out of bounds"):
        host.sum_over(x, (2,))


# ---- softmax -------------------------------------------------------------------------------------


@every_class
@pytest.mark.parametrize(("shape", "axis"), [((10, 128), (0,)), ((150_000, 3), (1,)),
                                             ((3, 150_000), (0,)),
                                             ((60, 50, 150), (0, 2)),
                                             ((70_000,), (0,)), ((60, 50, 40), (-2,)),
                                             ((5, 0), (0,))], ids=str)  # fmt: skip
def test_softmax_and_logsumexp_are_scipys(kind: Any, shape: tuple[int, ...], axis: Any) -> None:
    x = normal(*shape, kind=kind, scale=5)
    before = x.copy()
    close = lambda a, b: np.allclose(a, b, rtol=50 * EPSILON[kind], atol=1e-30)
    assert close(host.softmax(x, axis), scipy.special.softmax(x, axis=axis))
    logarithm = scipy.special.logsumexp(x, axis=axis, keepdims=True)
    size = 4 * EPSILON[kind] * np.abs(x).max(initial=0)  # near 0 it is a difference
    assert np.allclose(host.logsumexp(x, axis), logarithm, rtol=0, atol=size)
    assert np.array_equal(x, before)


# ---- functions number by number ------------------------------------------------------------------

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp, "log": lambda x: np.log(x), "tanh": np.tanh, "sin": np.sin, "cos": np.cos,
    "erf": scipy.special.erf, "sigmoid": scipy.special.expit,
}  # fmt: skip


@every_class
@pytest.mark.parametrize("name", FUNCTIONS)
def test_large_arrays_give_what_small_ones_do(kind: Any, name: str) -> None:
    x = np.abs(normal(LARGE, kind=kind))
    y = getattr(host, name)(x)
    assert y.dtype == kind
    assert np.allclose(y, FUNCTIONS[name](x), rtol=4 * EPSILON[kind], atol=0)
    assert np.array_equal(y[:1000], getattr(host, name)(x[:1000]))


def test_a_product_with_infinite_slopes_is_0_where_the_gradient_is() -> None:
    g, slope = np.array([[0.0, 1.0, 2.0]]), np.array([[np.inf, np.inf, 3.0]])
    with np.errstate(invalid="ignore"):
        assert host.chain(g, slope).tolist() == [[0.0, np.inf, 6.0]]
        assert host.chain(slope, g, either=True).tolist() == [[0.0, np.inf, 6.0]]
    large = np.array([1e200, -1e200])  # finite, though their squares are not
    assert host.chain(large, large / 1e200).tolist() == [1e200, 1e200]


# ---- what holds for all of them ------------------------------------------------------------------

KERNELS: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(host, name) for name in FUNCTIONS},
    "gelu": lambda x: host.gelu(x, False),
    "slope of gelu": lambda x: host.gelu(x, True)[1],
    "derivative of gelu": lambda x: gelu_derivative(x, order=3),
    "sum of lines": lambda x: host.sum_over(x, (x.ndim - 1,)),
    "sum of rows": lambda x: host.sum_over(x, (0,)),
    "sum of all": lambda x: host.sum_over(x, tuple(range(x.ndim))),
    "softmax": lambda x: host.softmax(x, (0,)),
    "logsumexp": lambda x: host.logsumexp(x, (x.ndim - 1,)),
    "solver": lambda x: host.in_pieces(lambda a, b: (a * b, a), x, x)[0],
}
every_kernel = pytest.mark.parametrize("name", KERNELS)


@every_kernel
@pytest.mark.parametrize("shape", [(LARGE // 1000, 1000), (20, LARGE // 20), (LARGE // 20, 20)],
                         ids=str)  # fmt: skip
def test_same_bits_for_any_number_of_threads(name: str, shape: tuple[int, ...]) -> None:
    x = np.abs(normal(*shape))
    results = []
    for count in (1, 2, 3):
        set_num_threads(count)
        results.append(KERNELS[name](x))
    assert np.array_equal(results[0], results[1]) and np.array_equal(results[0], results[2])


@every_kernel
@given(shape=st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(0, 20)),
       view=st.sampled_from(["reversed", "transposed", "expanded", "sliced"]))  # fmt: skip
@settings(deadline=None, max_examples=15)
def test_any_strides_and_read_only(name: str, shape: tuple[int, ...], view: str) -> None:
    if shape[-1] == 0 and name == "logsumexp":
        return  # there is no largest of no elements, and NumPy says so
    if shape[0] == 0 and name == "softmax":
        return
    x = np.abs(normal(*shape)) + 0.1
    seen = {"reversed": lambda: x[:, ::-1], "transposed": lambda: x.swapaxes(1, 2).copy()
            .swapaxes(1, 2), "expanded": lambda: np.broadcast_to(x[:, :1], shape),
            "sliced": lambda: np.repeat(x, 2, axis=1)[:, ::2]}[view]()  # fmt: skip
    seen.flags.writeable = False
    expected = KERNELS[name](np.ascontiguousarray(seen))
    found = KERNELS[name](seen)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=1e-13, atol=1e-13)


@every_kernel
def test_a_single_number_and_none(name: str) -> None:
    empty = np.ones((3, 0, 4))
    assert KERNELS[name](empty).size in (0, 1, 12, 3 * 0)
    if "rows" not in name and "lines" not in name and name not in ("softmax", "logsumexp"):
        assert KERNELS[name](np.float64(0.5)).shape == ()
