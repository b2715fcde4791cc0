"""Matrix functions as users call them: sizes, classes, messages, singular and repeated cases."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, normal, numbers
from tinydl import dlarray, dlfeval, dlgradient

SIZES = st.integers(1, 4)
SINGULAR = [[1.0, 2.0], [2.0, 4.0]]
ONE_MATRIX: dict[str, Callable[[Any], Any]] = {
    "ctranspose": dl.ctranspose, "trace": dl.trace, "diag": dl.diag, "tril": dl.tril,
    "triu": dl.triu, "inv": dl.inv, "det": dl.det, "chol": dl.chol, "lu": dl.lu, "eig": dl.eig,
    "svd": dl.svd, "expm": dl.expm,
}  # fmt: skip
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "pagemtimes": dl.pagemtimes, "kron": dl.kron, "mldivide": dl.mldivide, "mrdivide": dl.mrdivide,
}  # fmt: skip


def definite(n: int, seed: int) -> Any:
    x = normal((n, n), seed)
    return x @ x.T + np.eye(n)


def close(X: Any, expected: Any, tolerance: float = 1e-10) -> None:
    found = numbers(X) if isinstance(X, dlarray) else dl.gather(X)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def slope(function: Callable[[dlarray], dlarray], x: Any, orders: int = 1) -> Any:
    """The gradient of a function of one array; further orders of the sum of the last one."""

    def derived(X: dlarray) -> dlarray:
        Y = function(X)
        for _ in range(orders):
            Y = dlgradient(dl.sum(Y, "all"), X, EnableHigherDerivatives=True)
        return Y

    return numbers(dlfeval(derived, dlarray(x)))


# ---- labels, classes, wrong arguments -----------------------------------------------------------


@pytest.mark.parametrize("name", ONE_MATRIX)
def test_a_function_of_one_matrix(name: str, device: Any) -> None:
    function, a = ONE_MATRIX[name], definite(3, 1)
    Y, plain = function(dlarray(device.put(a))), function(device.put(a))
    assert not dl.isdlarray(plain) and Y.dims == ""
    assert np.array_equal(numbers(Y), device.take(plain))
    single = function(dlarray(device.put(a.astype(np.float32))))
    assert single.dtype == np.float32
    close(single, numbers(Y), 2e-4)
    with pytest.raises(ValueError, match=rf"{name}.* is 3\(C\) × 3\(B\).*stripdims\(X\)"):
        function(dlarray(a, "CB"))
    with pytest.raises(ValueError, match=f"{name}.*matrix is needed"):
        function(dlarray(normal((2, 2, 2), 0)))
    if name not in ("diag", "tril", "triu", "svd", "ctranspose"):
        with pytest.raises(ValueError, match=f"{name}: A is 2×3; a square matrix is needed"):
            function(normal((2, 3), 0))
    if name != "diag":
        with pytest.raises(ValueError, match="say which way it lies"):
            function(normal((3,), 0))


@pytest.mark.parametrize("name", TWO)
def test_a_function_of_two_matrices(name: str, device: Any) -> None:
    function, a, b = TWO[name], definite(3, 1), normal((3, 3), 2)
    Y = function(dlarray(device.put(a)), device.put(b))
    assert np.array_equal(numbers(Y), device.take(function(device.put(a), device.put(b))))
    assert numbers(function(device.put(a), dlarray(device.put(b)))).tolist() == numbers(Y).tolist()
    assert function(dlarray(device.put(a)), device.put(b.astype(np.float32))).dtype == np.float32
    for first, second in ((dlarray(a, "CB"), b), (a, dlarray(b, "CB"))):
        with pytest.raises(ValueError, match=rf"{name}: .*3\(C\) × 3\(B\).*stripdims\(X\)"):
            function(first, second)
    with pytest.raises(ValueError, match=rf"{name}.*v\[:, None\]"):
        function(a, normal((3,), 0))


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="2×3 times 2×3; inner sizes must be equal"):
        dl.pagemtimes(normal((2, 3), 0), normal((2, 3), 1))
    with pytest.raises(ValueError, match="numbers of pages equal or 1"):
        dl.pagemtimes(normal((2, 3, 4), 0), normal((3, 3, 5), 1))
    with pytest.raises(ValueError, match="mldivide: A and B have 2 and 3 rows"):
        dl.mldivide(np.eye(2), normal((3, 1), 0))
    with pytest.raises(ValueError, match="mrdivide: A and B have 2 and 3 columns"):
        dl.mrdivide(normal((1, 3), 0), np.eye(2))
    with pytest.raises(ValueError, match="dot: 2×3 and 3×2; equal sizes"):
        dl.dot(normal((2, 3), 0), normal((3, 2), 0))
    with pytest.raises(ValueError, match=r"dot: which dimension .* dot\(X, axis=0\)"):
        dl.dot(normal((2, 3), 0), normal((2, 3), 0))


def test_other_wrong_arguments() -> None:
    with pytest.raises(TypeError, match=r"pagemtimes\(A, transpA, B, transpB\)"):
        dl.pagemtimes(np.eye(2), "none", np.eye(2))
    with pytest.raises(ValueError, match="transpB is one of none, transpose, ctranspose"):
        dl.pagemtimes(np.eye(2), "none", np.eye(2), "t")
    with pytest.raises(ValueError, match="tril: k numbers a diagonal"):
        dl.tril(np.eye(2), 0.5)
    with pytest.raises(ValueError, match="the triangle is one of upper, lower"):
        dl.chol(np.eye(2), "left")
    with pytest.raises(ValueError, match="svd gives 1 or 3 outputs"):
        dl.svd(np.eye(2), nargout=2)
    with pytest.raises(ValueError, match="eig gives 1 to 2 outputs"):
        dl.eig(np.eye(2), nargout=3)
    with pytest.raises(ValueError, match=r'svd\(A, "econ", nargout=3\)'):
        dl.svd(normal((3, 2), 0), nargout=3)
    with pytest.raises(ValueError, match="pagetranspose: X needs two dimensions"):
        dl.pagetranspose([1.0])


# ---- pages --------------------------------------------------------------------------------------


@given(
    sizes=st.tuples(SIZES, SIZES, SIZES),
    pages=st.lists(SIZES, max_size=2),
    single=st.sampled_from(["", "a", "b", "a first", "b last"]),
    turns=st.tuples(*[st.sampled_from(["none", "transpose", "ctranspose"])] * 2),
    seed=SEEDS,
)
def test_pagemtimes_page_by_page(
    device: Any, sizes: Any, pages: list[int], single: str, turns: tuple[str, str], seed: int
) -> None:
    m, k, n = sizes
    of_a = [] if single == "a" else [1, *pages[1:]] if single == "a first" and pages else pages
    of_b = [] if single == "b" else [*pages[:-1], 1] if single == "b last" and pages else pages
    a = normal((m, k, *of_a) if turns[0] == "none" else (k, m, *of_a), seed)
    b = normal((k, n, *of_b) if turns[1] == "none" else (n, k, *of_b), seed + 1)
    Y = dl.pagemtimes(dlarray(device.put(a)), turns[0], device.put(b), turns[1])
    left = a if turns[0] == "none" else a.swapaxes(0, 1)
    right = b if turns[1] == "none" else b.swapaxes(0, 1)
    rank = max(left.ndim, right.ndim)
    left, right = [x.reshape(*x.shape, *(1,) * (rank - x.ndim)) for x in (left, right)]
    count = np.broadcast_shapes(left.shape[2:], right.shape[2:])
    expected = np.empty((m, n, *count))
    for page in np.ndindex(*count):
        p, q = [tuple(np.minimum(page, np.array(x.shape[2:]) - 1)) for x in (left, right)]
        expected[(..., *page)] = left[(..., *p)] @ right[(..., *q)]
    close(Y, expected)


def test_one_page_for_many_is_one_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the value nor a derivative goes through the pages one by one."""
    from tinydl.autodiff import PRIMITIVES

    def page_by_page(*_: Any, **__: Any) -> Any:
        raise AssertionError("page by page")

    a, b = dlarray(normal((2, 3), 0)), dlarray(normal((3, 4, 5), 1))
    c = dlarray(normal((4, 2), 2))
    monkeypatch.setattr(PRIMITIVES["page_by_page"], "forward", page_by_page)

    def slopes(a: dlarray, b: dlarray, c: dlarray) -> Any:
        Y = dl.pagemtimes(dl.pagemtimes(a, b), c)
        return dlgradient(dl.sum(Y * Y, "all"), a, b, c)

    found = dlfeval(slopes, a, b, c)
    y = np.einsum("mk,knp,nq->mqp", numbers(a), numbers(b), numbers(c))
    close(found[0], 2 * np.einsum("mqp,knp,nq->mk", y, numbers(b), numbers(c)))
    close(found[1], 2 * np.einsum("mqp,mk,nq->knp", y, numbers(a), numbers(c)))
    close(found[2], 2 * np.einsum("mqp,mk,knp->nq", y, numbers(a), numbers(b)))


def test_transposed_pages() -> None:
    x = normal((2, 3, 4, 2), 0)
    for function in (dl.pagetranspose, dl.pagectranspose):
        close(function(dlarray(x)), x.swapaxes(0, 1))
    close(dl.ctranspose(x[..., 0, 0]), x[..., 0, 0].T)


# ---- other products and parts -------------------------------------------------------------------


def test_dot() -> None:
    a, b = normal((2, 3), 0), normal((2, 3), 1)
    close(dl.dot(a, b, axis=0), (a * b).sum(axis=0, keepdims=True))
    close(dl.dot(dlarray(a, "CB"), dlarray(b, "CB"), "C"), (a * b).sum(axis=0, keepdims=True))
    assert dl.dot(dlarray(a, "CB"), b, "B").dims == "CB"
    close(dl.dot(a[:1], b[:1].T), (a[0] * b[0]).sum())
    close(dl.dot(a[0], b[:1].T), (a[0] * b[0]).sum())
    assert dl.dot(dlarray(a[0]), b[0]).shape == ()


@given(m=SIZES, n=SIZES, k=st.integers(-5, 5), seed=SEEDS)
def test_parts_of_matrices(m: int, n: int, k: int, seed: int) -> None:
    x = normal((m, n), seed)
    close(dl.tril(x, k), np.tril(x, k))
    close(dl.triu(x, k), np.triu(x, k))
    if min(m, n) > 1:
        close(dl.diag(x, k), np.diag(x, k)[:, None])
    for vector in (x[0], x[:1], x[:1].T):
        close(dl.diag(vector, k), np.diag(x[0], k))
    close(dl.trace(x[: min(m, n), : min(m, n)]), np.trace(x[: min(m, n), : min(m, n)]))
    close(dl.kron(x, x.T), np.kron(x, x.T))


# ---- equations ----------------------------------------------------------------------------------


@given(n=SIZES, columns=SIZES, seed=SEEDS)
def test_divisions_by_square_matrices(n: int, columns: int, seed: int) -> None:
    a, b = definite(n, seed) + 0.3 * normal((n, n), seed + 1), normal((n, columns), seed + 2)
    close(dl.mldivide(a, b), np.linalg.solve(a, b) if n > 1 else b / a, 1e-8)
    close(dl.mrdivide(b.T, a), np.linalg.solve(a.T, b).T if n > 1 else b.T / a, 1e-8)
    close(dl.inv(a), np.linalg.inv(a), 1e-8)


def test_divisions_by_numbers() -> None:
    b = normal((2, 3), 0)
    for number in (2.0, [[2.0]], np.float64(2.0), dlarray(2.0)):
        close(dl.mldivide(number, b), b / 2)
        close(dl.mrdivide(b, number), b / 2)
    close(slope(lambda x: dl.mldivide(x, b), 2.0), -b.sum() / 4)


@given(rows=st.integers(2, 6), columns=SIZES, seed=SEEDS)
def test_tall_systems_have_least_squares(rows: int, columns: int, seed: int) -> None:
    a, b = normal((rows + columns, columns), seed), normal((rows + columns, 2), seed + 1)
    close(dl.mldivide(a, b), np.linalg.lstsq(a, b)[0], 1e-7)
    close(dl.mrdivide(b.T, a.T), np.linalg.lstsq(a, b)[0].T, 1e-7)


def test_wide_systems_have_as_many_nonzero_rows_as_equations() -> None:
    a, b = np.array([[1.0, 0.0, 4.0], [0.0, 3.0, 0.0]]), np.array([[8.0], [6.0]])
    close(dl.mldivide(a, b), [[0.0], [2.0], [2.0]])
    found = slope(lambda a: dl.mldivide(a, b), a)
    # x₂ = 6 / a₂₂ and x₃ = 8 / a₁₃ at first; the elements beside them mix the two.
    close(found, [[0.0, -0.5, -0.5], [0.0, -2 / 3, -2 / 3]])
    close(slope(lambda a: dl.mldivide(a, b), a, 2)[:, 0], [0.0, 0.0])


def test_without_full_rank_no_choice_is_made() -> None:
    tall = np.ones((4, 2))
    for a, b in ((tall, np.ones((4, 1))), (tall.T, np.ones((2, 1)))):
        with pytest.raises(ValueError, match="mldivide: A has the rank 1 only, and 2 is needed"):
            dl.mldivide(a, b)


def test_singular_matrices_give_infinity_and_a_warning() -> None:
    nearly = np.diag([1.0, 1e-20])
    for function in (dl.inv, lambda a: dl.mldivide(a, np.ones((2, 1)))):
        with pytest.warns(RuntimeWarning, match="singular to working precision"):
            assert np.isinf(numbers(function(dlarray(SINGULAR)))).all()
        with pytest.warns(RuntimeWarning, match=r"close to singular \(reciprocal condition"):
            assert function(nearly)[1].max() == 1e20
    with pytest.warns(RuntimeWarning, match="singular"):
        assert np.isinf(dl.inv(np.zeros((2, 2)))).all()


def test_the_second_derivative_of_an_inverse_in_words() -> None:
    """d²(1/x) = 2/x³, on each diagonal element of a diagonal matrix."""
    x = np.diag([1.0, 2.0])
    close(np.diag(slope(lambda x: dl.trace(dl.inv(x)), x)), [-1.0, -0.25])
    twice = lambda x: dl.trace(dlgradient(dl.trace(dl.inv(x)), x, EnableHigherDerivatives=True))
    found = dlfeval(lambda x: dlgradient(twice(x), x), dlarray(x))
    close(np.diag(numbers(found)), [2.0, 0.25])


# ---- determinant --------------------------------------------------------------------------------


def minors(a: Any) -> Any:
    """Cofactors by striking out a row and a column."""
    n = len(a)
    return np.array([[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))
                      for j in range(n)] for i in range(n)])  # fmt: skip


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e5])
@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4])
def test_determinant_and_cofactors_at_every_rank(rank: int, scale: float) -> None:
    a = scale * (normal((4, rank), 1) @ normal((rank, 4), 2))
    size = scale**3
    for higher in (False, True):
        cofactors = lambda a, higher=higher: dlgradient(
            dl.det(a), a, EnableHigherDerivatives=higher
        )
        close(numbers(dlfeval(cofactors, dlarray(a))) / size, minors(a) / size, 1e-9)


def test_second_derivatives_of_a_singular_determinant() -> None:
    """det [a b; c d] = a d − b c: the second derivatives are 1 and −1, wherever."""

    def second(a: dlarray) -> dlarray:
        first = dlgradient(dl.det(a), a, EnableHigherDerivatives=True)
        return dlgradient(dl.sum(first * dlarray(weights), "all"), a)

    weights = normal((2, 2), 0)
    for a in (SINGULAR, np.zeros((2, 2)), np.eye(2)):
        (p, q), (r, s) = weights
        close(dlfeval(second, dlarray(a)), [[s, -r], [-q, p]])


# ---- decompositions -----------------------------------------------------------------------------


@given(n=SIZES, seed=SEEDS)
def test_decompositions_multiply_to_the_matrix(n: int, seed: int) -> None:
    a, s = normal((n, n), seed), definite(n, seed)
    R, low = dl.chol(s), dl.chol(s, "lower")
    close(R, scipy.linalg.cholesky(s))
    close(low, R.T)
    (L2, U2), (L, U, P) = dl.lu(a, nargout=2), dl.lu(a, nargout=3)
    close(L2 @ U2, a)
    close(P @ a, L @ U)
    close(dl.lu(a), L + U - np.eye(n))
    p, low, up = scipy.linalg.lu(a)
    close(L, low)
    close(U, up)
    close(P, p.T)
    V, D = dl.eig(s, nargout=2)
    close(s @ V, V @ D)
    close(V.T @ V, np.eye(n))
    close(dl.eig(s), np.diag(D)[:, None])
    assert (np.diff(np.diag(D)) >= 0).all()
    wide = normal((n, n + 2), seed + 1)
    for x in (a, wide, wide.T):
        U, S, V = dl.svd(x, "econ", nargout=3)
        close(U @ S @ V.T, x)
        close(U.T @ U, np.eye(n))
        close(V.T @ V, np.eye(n))
        close(dl.svd(x), np.linalg.svd(x, compute_uv=False)[:, None])
    close(dl.expm(a), scipy.linalg.expm(a))
    close(dl.expm(a) @ dl.expm(-a), np.eye(n), 1e-7)


def test_cholesky_reads_one_triangle() -> None:
    upper = np.array([[4.0, 2.0], [99.0, 5.0]])
    close(dl.chol(upper), [[2.0, 1.0], [0.0, 2.0]])
    close(dl.chol(upper.T, "lower"), [[2.0, 0.0], [1.0, 2.0]])
    close(slope(dl.chol, upper), [[0.25 - 0.125 + 0.0625, 0.5 - 0.25], [0.0, 0.25]])


def test_what_is_not_positive_definite() -> None:
    a = np.array([[4.0, 2.0, 0.0], [2.0, 5.0, 0.0], [0.0, 0.0, -1.0]])
    with pytest.raises(ValueError, match="leading minor of order 3 is not > 0"):
        dl.chol(a)
    R, flag = dl.chol(a, nargout=2)
    assert flag == 3
    close(R, [[2.0, 1.0], [0.0, 2.0]])
    R, flag = dl.chol(a[:2, :2], nargout=2)
    assert flag == 0 and R.shape == (2, 2)
    R, flag = dl.chol(-a, nargout=2)
    assert flag == 1 and R.shape == (0, 0)


def test_eigenvalues_need_symmetry() -> None:
    with pytest.raises(ValueError, match=r"differ by up to 1\..*\(A \+ transpose\(A\)\) / 2"):
        dl.eig([[1.0, 1.0], [0.0, 1.0]])
    x = normal((4, 4), 0)
    dl.eig(x @ x.T)  # symmetric up to rounding


def test_repeated_values() -> None:
    """What exists at them is right, and what does not is no number."""
    a, weights = np.diag([2.0, 2.0, 5.0]), normal((3, 3), 1)
    close(slope(lambda a: dl.eig(a), a), np.eye(3))
    close(slope(lambda a: dl.svd(a), a), np.eye(3))
    for values in (dl.eig, dl.svd):
        assert not np.isfinite(slope(lambda a, values=values: values(a) ** 3, a, 2)).all()
    for part in (lambda a: dl.eig(a, nargout=2)[0], lambda a: dl.svd(a, nargout=3)[0]):
        assert not np.isfinite(slope(lambda a, part=part: part(a) * weights, a)).all()
    rotated = np.linalg.qr(normal((3, 3), 2))[0]
    nearly = rotated @ a @ rotated.T  # equal up to rounding: 1/gap would be finite, and nonsense
    nearly = (nearly + nearly.T) / 2
    found = slope(lambda a: dl.eig(a, nargout=2)[0] * weights, nearly)
    assert not np.isfinite(found).all()
    close(slope(lambda a: dl.eig(a), nearly), np.eye(3))


def test_exponential_of_a_nilpotent_matrix() -> None:
    a = np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    close(dl.expm(a), np.eye(3) + a + a @ a / 2)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no longer numbers here")
@given(seed=SEEDS, n=st.integers(1, 5), size=st.floats(0.1, 10.0))
def test_the_exponential_has_all_digits(seed: int, n: int, size: float) -> None:
    a = size * normal((n, n), seed)
    expected = sum_of_powers(a)
    condition = max(1.0, scipy.linalg.expm_cond(a))
    largest = float(np.abs(expected).max())
    error = float(np.abs(dl.expm(a) - expected).max())
    assert error <= 10 * np.finfo(float).eps * condition * largest


def sum_of_powers(a: Any) -> Any:
    """Σ aⁱ / i! in longer numbers, of a / 2¹⁰, whose exponential is squared ten times."""
    small = np.asarray(a, np.longdouble) / 1024
    y = term = np.eye(len(a), dtype=np.longdouble)
    for i in range(1, 25):
        term = term @ small / i
        y = y + term
    for _ in range(10):
        y = y @ y
    return y


def test_an_exponential_that_overflows_in_places() -> None:
    with np.errstate(over="ignore"):
        found = dl.expm(np.diag([2000.0, 1.0, -2000.0]))
    assert np.array_equal(found, np.diag([np.inf, np.exp(1.0), 0.0]))
    assert np.isnan(dl.expm(np.full((2, 2), np.nan))).all()
    assert np.array_equal(dl.expm(np.diag([-1e60, 0.0])), np.diag([0.0, 1.0]))
    close(dl.expm(np.array([[1.0, 1e8], [0.0, 1.0]])), np.e * np.array([[1.0, 1e8], [0.0, 1.0]]))


# ---- empty ones ---------------------------------------------------------------------------------


def test_empty_matrices() -> None:
    empty = np.zeros((0, 0))
    for name in ("inv", "chol", "lu", "expm", "tril", "triu", "ctranspose"):
        assert ONE_MATRIX[name](empty).shape == (0, 0)
    assert dl.det(empty) == 1.0 and dl.trace(empty) == 0.0
    assert dl.eig(empty).shape == dl.svd(empty).shape == (0, 1)
    assert dl.mldivide(empty, np.zeros((0, 3))).shape == (0, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dl.pagemtimes(np.zeros((2, 3, 0)), np.zeros((3, 1))).shape == (2, 1, 0)
