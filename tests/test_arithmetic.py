"""Arithmetic, rounding, roots and special functions under MATLAB's names: values at the corners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, normal, numbers, same
from tinydl import dlarray, dlfeval, dlgradient
from tinydl.backend import host

A = np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]])
B = np.array([[2.0, 4.0, -8.0]])

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "plus": lambda a, b: a + b, "minus": lambda a, b: a - b, "times": lambda a, b: a * b,
    "rdivide": lambda a, b: a / b, "ldivide": lambda a, b: b / a,
}  # fmt: skip


def slopes(function: Callable[..., Any], *points: Any) -> list[Any]:
    """The gradients of the sum of a function by each of its arguments."""

    def gradients(*xs: dlarray) -> Any:
        return dlgradient(dl.sum(function(*xs), "all"), *xs)

    found = dlfeval(gradients, *[dlarray(x) for x in points])
    return [numbers(g) for g in (found if len(points) > 1 else [found])]


# ---- operators as functions ---------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATORS)
def test_functions_are_their_operators(name: str) -> None:
    function, operator = getattr(dl, name), OPERATORS[name]
    plain = function(A, B)
    assert type(plain) is np.ndarray
    assert np.array_equal(plain, operator(A, B))
    X, Y = dlarray(A, "CB"), dlarray(B, "SB")
    assert same(function(X, Y), operator(X, Y))
    assert function(X, Y).dims == "SCB"
    assert same(function(A, X), operator(A, X))
    assert same(function(2, X), operator(2, X))
    assert function(X, np.float32(2)).dtype == np.float32
    assert np.array_equal(function(3, 4), operator(3, 4))
    with pytest.raises(ValueError, match="sizes do not fit"):
        function(A, A.T)


def test_the_operand_below_is_the_first_of_ldivide() -> None:
    assert np.array_equal(dl.ldivide([1.0, 2.0], 4), [4, 2])
    by_a, by_b = slopes(dl.ldivide, [2.0], [3.0])
    assert (by_a, by_b) == ([-0.75], [0.5])


def test_realpow() -> None:
    assert np.array_equal(dl.realpow([-2.0, 4.0, 0.0], [3.0, 0.5, 0.0]), [-8, 2, 1])
    assert same(dl.realpow(dlarray([4.0], "C"), 0.5), dlarray([2.0], "C"))
    assert np.array_equal(dl.realpow(-np.ones(2), [np.inf, 2.0]), [1, 1])
    assert np.isnan(dl.realpow([np.nan, 1.0], 0.5)).tolist() == [True, False]
    assert np.array_equal(*slopes(lambda x: dl.realpow(x, 2), [-3.0]), [-6.0])
    for exponent in (0.5, [0.5, 1.0], dlarray([1.5, 2.0])):
        with pytest.raises(ValueError, match=r"realpow: a negative element of A.*nthroot"):
            dl.realpow([-8.0, 1.0], exponent)


# ---- rounding -----------------------------------------------------------------------------------


def test_halves_are_rounded_away_from_zero() -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -2.5, 0.49999999999999994, 2.0**52 + 1, np.inf, -np.inf])
    expected = [1.0, 2.0, 3.0, -1.0, -3.0, 0.0, 2.0**52 + 1, np.inf, -np.inf]
    assert np.array_equal(dl.round(x), expected)
    assert np.isnan(dl.round([np.nan]))
    assert np.array_equal(dl.round(np.float32([0.5, -1.5])), [1, -2])


@given(seed=SEEDS, digits=st.integers(-3, 6))
def test_rounding_to_digits(seed: int, digits: int) -> None:
    x = normal((20,), seed) * 1000
    expected = [float(f"{v:.{digits}f}") if digits > 0 else round(v, digits) for v in x.tolist()]
    assert np.allclose(dl.round(x, digits), expected, rtol=1e-15)


def test_digits_beyond_all_there_are() -> None:
    x = np.array([1.25, -1e300, 0.0, np.inf])
    assert np.array_equal(dl.round(x, 308), x)
    assert np.array_equal(dl.round(x[:3], -308), [0, 0, 0])
    assert np.array_equal(dl.round(np.float32(x[:1]), 100), [1.25])
    assert np.array_equal(dl.round(np.float32(x[:1]), -100), [0])
    for wrong in (0.5, "1", True, 309):
        with pytest.raises(ValueError, match="round: N is a whole number from −308 to 308"):
            dl.round(x, wrong)


@pytest.mark.parametrize("name", ["floor", "ceil", "fix", "round", "imag", "angle"])
def test_steps_have_zero_slopes_at_their_jumps_too(name: str) -> None:
    (slope,) = slopes(lambda X: getattr(dl, name)(X) + 2 * X, [-1.0, 0.0, 0.5, 2.0])
    assert np.array_equal(slope, np.full(4, 2.0))


def test_remainders() -> None:
    a = np.array([5.0, -5.0, 5.0, -5.0, 5.0, 0.0, 6.0])
    b = np.array([3.0, 3.0, -3.0, -3.0, 0.0, 0.0, 3.0])
    assert np.array_equal(dl.mod(a, b), [2, 1, -1, -2, 5, 0, 0])
    assert np.array_equal(dl.rem(a, b), [2, -2, 2, -2, np.nan, np.nan, 0], equal_nan=True)
    assert np.array_equal(dl.mod(a, 0), a)
    assert np.array_equal(dl.mod(5, b), [2, 2, -1, -1, 5, 5, 2])
    assert np.isnan(dl.mod([np.nan, np.inf], 2)).all()
    assert dl.mod(np.float32(a), 3).dtype == dl.rem(3.0, np.float32(a[:2])).dtype == np.float32


def test_slopes_of_remainders() -> None:
    a, b = [5.0, -5.0, 7.0, 5.0], [3.0, 3.0, -2.0, 0.0]
    by_a, by_b = slopes(dl.mod, a, b)
    assert np.array_equal(by_a, np.ones(4))
    assert np.array_equal(by_b, [-1, 2, 4, 0])
    by_a, by_b = slopes(dl.rem, a[:3], b[:3])
    assert np.array_equal(by_b, [-1, 1, 3])


# ---- logarithms and roots -----------------------------------------------------------------------


def test_mantissa_and_exponent() -> None:
    x = np.array([1.0, -3.0, 0.0, 1e-310, 1e300, np.inf, -np.inf, np.nan])
    F, E = dl.log2(x, nargout=2)
    f, e = np.frexp(x[:5])
    assert np.array_equal(F, [*f, np.inf, -np.inf, np.nan], equal_nan=True)
    assert np.array_equal(E, [*e, 0, 0, 0])
    F, E = dl.log2(dlarray(np.float32([6.0]), "C"), nargout=2)
    assert (F.dims, E.dims, F.dtype, E.dtype) == ("C", "C", np.float32, np.float32)
    assert float(F * 2.0**E) == 6.0
    with pytest.raises(ValueError, match="log2 gives 1 to 2 outputs; nargout=3"):
        dl.log2(x, nargout=3)


def test_the_mantissa_is_followed_and_the_exponent_is_not() -> None:
    def gradient(X: dlarray) -> Any:
        F, E = dl.log2(X, nargout=2)
        assert np.asarray(E).tolist() == [3.0, -1.0]  # which NumPy would not get if followed
        return dlgradient(dl.sum(F * E, "all"), X)

    assert np.array_equal(numbers(dlfeval(gradient, dlarray([6.0, 0.3]))), [3 / 8, -1 * 2])


def test_real_roots() -> None:
    powers = np.array([-125.0, -1.0, 0.0, 1.0, 27.0, 1000.0])
    assert np.array_equal(dl.nthroot(powers, 3), [-5, -1, 0, 1, 3, 10])
    assert np.array_equal(dl.nthroot([16.0, 64.0], 2), [4, 8])
    assert np.allclose(dl.nthroot([-8.0, 2.0], -3), [-0.5, 2.0 ** (-1 / 3)], rtol=1e-15)
    with host.quiet():
        assert np.array_equal(dl.nthroot([np.inf, -np.inf], 3), [np.inf, -np.inf])
        assert np.isnan(dl.nthroot([np.nan], 2))
    assert dl.nthroot(dlarray(np.float32([8.0]), "C"), 3).dtype == np.float32
    (slope,) = slopes(lambda X: dl.nthroot(X, 3), [-8.0, 8.0, 0.0])
    assert np.allclose(slope, [1 / 12, 1 / 12, np.inf])
    (masked,) = slopes(lambda X: np.where(X > 0, dl.nthroot(X, 3), 0.0), [0.0, 8.0])
    assert np.allclose(masked, [0, 1 / 12])


@pytest.mark.parametrize(
    ("n", "error", "words"),
    [(2, ValueError, "N=2"), (0.5, ValueError, "odd N only"), (0, ValueError, "other than 0"),
     (float("nan"), ValueError, "other than 0"), ("three", TypeError, "N is one number"),
     ([3, 3], TypeError, "N is one number"), (None, TypeError, "N is one number")],
)  # fmt: skip
def test_roots_that_there_are_not(n: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=f"nthroot: .*{words}"):
        dl.nthroot([-8.0], n)


# ---- angles and sides ---------------------------------------------------------------------------


def test_hypot_neither_overflows_nor_divides_by_zero() -> None:
    found = dl.hypot([3e200, 3e-200, 0.0], [4e200, 4e-200, 0.0])
    assert np.allclose(found, [5e200, 5e-200, 0.0], rtol=1e-15, atol=0)
    by_a, by_b = slopes(dl.hypot, [3e200, 3e-200, 0.0, -2.0], [4e200, 4e-200, 0.0, 0.0])
    assert np.allclose(by_a, [0.6, 0.6, 0, -1], rtol=1e-14, atol=0)
    assert np.allclose(by_b, [0.8, 0.8, 0, 0], rtol=1e-14)


def test_atan2_in_all_quadrants_and_at_the_origin() -> None:
    y, x = [0.0, 1.0, 1.0, 0.0, -1.0, 0.0], [1.0, 0.0, -1.0, -1.0, -1.0, 0.0]
    assert np.array_equal(dl.atan2(y, x), np.arctan2(y, x))
    by_y, by_x = slopes(dl.atan2, y, x)
    assert np.allclose(by_y, [1, 0, -0.5, -1, -0.5, 0], rtol=1e-15)
    assert np.allclose(by_x, [0, -1, -0.5, 0, 0.5, 0], rtol=1e-15)
    by_y, _ = slopes(dl.atan2, [3e-200], [4e-200])
    assert np.allclose(by_y, 0.8 / 5e-200, rtol=1e-14)
    assert dl.atan2(dlarray(A, "CB"), dlarray(B, "SB")).dims == "SCB"


def test_higher_slopes_of_masked_corners_are_zero() -> None:
    def third(f: Any) -> Any:
        def derivative(X: dlarray) -> Any:
            y = np.where(X > 1, f(X), X)
            for _ in range(3):
                y = dlgradient(dl.sum(y, "all"), X, EnableHigherDerivatives=True) + 0.0 * X
            return y

        return numbers(dlfeval(derivative, dlarray([0.0])))

    for f in (lambda X: dl.hypot(X, 0.0), lambda X: dl.atan2(X, X), lambda X: dl.nthroot(X, 3),
              dl.acot, dl.acosh, dl.asech, dl.csc, dl.cot, dl.csch, dl.coth, dl.log2, dl.gamma,
              lambda X: dl.sec(X + np.pi / 2), dl.gammaln, dl.psi, dl.acsch, dl.log10,
              lambda X: dl.atanh(X + 1), lambda X: dl.erfinv(X + 1)):  # fmt: skip
        with host.quiet():
            assert np.array_equal(third(f), [0.0])


def test_edges_of_domains() -> None:
    with host.quiet():
        assert np.array_equal(dl.acot([0.0, -0.0]), [np.pi / 2, -np.pi / 2])
        assert np.array_equal(slopes(dl.acot, [0.0])[0], [-1.0])
        assert np.array_equal(slopes(dl.acosh, [1.0])[0], [np.inf])
        assert np.array_equal(slopes(dl.asec, [1.0, -1.0])[0], [np.inf, np.inf])
        for function in (dl.acosh, dl.asec, dl.acsc, dl.acoth):
            assert np.isnan(function([0.5]))
        assert np.isnan(dl.atanh([2.0])) and np.isnan(dl.asech([2.0]))
        assert np.array_equal(dl.csch([0.0]), [np.inf])


@pytest.mark.parametrize("name", ["sech", "csch"])
def test_far_out_the_reciprocals_are_zero_with_all_their_slopes(name: str) -> None:
    def slopes_to_third(X: dlarray) -> Any:
        y, found = getattr(dl, name)(X), []
        for _ in range(3):
            y = dlgradient(dl.sum(y, "all"), X, EnableHigherDerivatives=True)
            found.append(y)
        return found

    assert getattr(dl, name)([1000.0]).tolist() == [0.0]
    assert [numbers(g).tolist() for g in dlfeval(slopes_to_third, dlarray([1000.0]))] == [[0.0]] * 3


def test_coth_keeps_the_digits_of_its_slope() -> None:
    (slope,) = slopes(dl.coth, [25.0])
    assert np.allclose(slope, -4 * np.exp(-50.0), rtol=1e-12)


# ---- special functions --------------------------------------------------------------------------


def test_gamma_of_whole_numbers_and_at_poles() -> None:
    assert np.array_equal(dl.gamma([1.0, 5.0, 11.0]), [1, 24, 3628800])
    assert np.array_equal(dl.gamma([0.0, -1.0, -7.0, np.inf, 172.0]), np.full(5, np.inf))
    assert np.isnan(dl.gamma([np.nan, -np.inf])).all()
    (slope,) = slopes(dl.gamma, [-0.5])
    assert np.allclose(slope, -2 * np.sqrt(np.pi) * 0.03648997397857652, rtol=1e-13)


def test_psi_and_its_derivatives() -> None:
    x = np.array([0.25, 1.0, 3.5, 40.0])
    for k in range(4):
        expected = scipy.special.polygamma(k, x)
        assert np.allclose(dl.psi(k, x), expected, rtol=1e-14)
        Y = dl.psi(k, dlarray(x, "C"))
        assert (Y.dims, Y.dtype) == ("C", float)
    assert np.array_equal(dl.psi(0, x), dl.psi(x))
    assert dl.psi(np.float32(2), np.float32(x)).dtype == np.float32
    (slope,) = slopes(lambda X: dl.psi(2, X), x)
    assert np.allclose(slope, scipy.special.polygamma(3, x), rtol=1e-14)
    with host.quiet():
        assert np.array_equal([dl.psi(0.0), dl.psi(1, 0.0)], [-np.inf, np.inf])


def test_what_the_gamma_family_is_not_defined_for() -> None:
    for call in (dl.gammaln, dl.psi, lambda X: dl.psi(1, X)):
        with pytest.raises(ValueError, match="X has negative elements; it is defined from 0 on"):
            call([1.0, -0.5])
    for k in (-1, 0.5, [1, 2], float("nan"), float("inf")):
        with pytest.raises(ValueError, match="k is one whole number from 0 on"):
            dl.psi(k, [1.0])


def test_erfinv_from_the_smallest_to_the_largest() -> None:
    small = 10.0 ** -np.arange(1.0, 307.0, 5)
    y = np.concatenate([np.linspace(-1, 1, 2001), small, 1 - 10.0 ** -np.arange(1.0, 16.0)])
    found, expected = dl.erfinv(y), scipy.special.erfinv(y)
    assert np.allclose(found, expected, rtol=2e-15, atol=0)
    single = dl.erfinv(np.float32(y[:2001]))
    assert np.allclose(single, scipy.special.erfinv(np.float32(y[:2001])), rtol=3e-7, atol=0)
    assert np.isnan(dl.erfinv([1.5, -2.0, np.nan])).all()


# ---- parts of real numbers ----------------------------------------------------------------------


@given(pair=labelled())
def test_parts_of_real_numbers(pair: tuple[Any, str]) -> None:
    X = dlarray(*pair)
    assert same(dl.real(X), X) and same(dl.conj(X), X)
    assert same(dl.imag(X), X * 0.0)
    assert same(dl.real(X) + 0.0 * dl.angle(X), X)


def test_isreal() -> None:
    for x in (dlarray(1.0), A, A.astype(int), 2.0, 3, True, [1.0, 2.0]):
        assert dl.isreal(x) is True
    for x in (1j, np.array([1j])):
        assert dl.isreal(x) is False
    with pytest.raises(TypeError, match="isreal: X must be a numeric array, not str"):
        dl.isreal("text")
