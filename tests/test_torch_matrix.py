"""Matrix functions beside PyTorch's: values, first and second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.beside_torch import assert_agree
from tests.strategies import SEEDS, normal

torch = pytest.importorskip("torch")
SIZES = st.integers(1, 4)


def regular(n: int, seed: int, tall: int = 0) -> Any:
    """A matrix whose singular values lie between 2 and 7, and whose gaps are about 1."""
    u = np.linalg.qr(normal((n + tall, n + tall), seed))[0]
    v = np.linalg.qr(normal((n, n), seed + 1))[0]
    return u[:, :n] @ np.diag(np.arange(2.0, n + 2)) @ v


def definite(x: Any) -> Any:
    """X Xᵀ + 1, here and there."""
    return x @ x.T + np.eye(len(x)) if isinstance(x, np.ndarray) else x @ x.mT + torch.eye(len(x))


def ours_definite(X: dl.dlarray) -> dl.dlarray:
    return X @ dl.transpose(X) + np.eye(X.shape[0])


def symmetric(X: Any, turn: Callable[[Any], Any]) -> Any:
    return (X + turn(X)) / 2


OF_ONE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "inv": (dl.inv, torch.linalg.inv),
    "det": (dl.det, torch.linalg.det),
    "expm": (lambda X: dl.expm(X * 0.3), lambda x: torch.linalg.matrix_exp(x * 0.3)),
    "chol": (lambda X: dl.chol(ours_definite(X)), lambda x: torch.linalg.cholesky(definite(x)).mT),
    "lower": (lambda X: dl.chol(ours_definite(X), "lower"),
              lambda x: torch.linalg.cholesky(definite(x))),
    "lu": (lambda X: dl.lu(X), lambda x: torch.linalg.lu_factor(x)[0]),
    "L with exchanged rows": (
        lambda X: dl.lu(X, nargout=2)[0],
        lambda x: (lambda p, low, up: p @ low)(*torch.linalg.lu(x)),
    ),
    "eigenvalues": (lambda X: dl.eig(ours_definite(X)),
                    lambda x: torch.linalg.eigvalsh(definite(x))[:, None]),
    "eigenvectors": (lambda X: dl.eig(ours_definite(X), nargout=2)[0] ** 2,
                     lambda x: torch.linalg.eigh(definite(x))[1] ** 2),
    "singular values": (dl.svd, lambda x: torch.linalg.svdvals(x)[:, None]),
    "trace": (dl.trace, torch.trace),
    "diag": (lambda X: dl.diag(dl.diag(X)), lambda x: torch.diag(torch.diag(x))),
    "tril": (lambda X: dl.tril(X, -1) @ X, lambda x: torch.tril(x, -1) @ x),
    "triu": (lambda X: dl.triu(X, 1) @ X, lambda x: torch.triu(x, 1) @ x),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_ONE)
@given(n=SIZES, seed=SEEDS)
def test_functions_of_one_matrix(name: str, n: int, seed: int) -> None:
    ours, theirs = OF_ONE[name]
    assert_agree(ours, theirs, [regular(n, seed)])


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_determinants_of_singular_matrices(rank: int) -> None:
    """PyTorch's second derivatives do not exist there; its first ones do."""
    a = normal((4, rank), 1) @ normal((rank, 4), 2)
    assert_agree(dl.det, torch.linalg.det, [a], orders=1)


@given(n=SIZES, tall=st.sampled_from([-2, -1, 1, 2]), seed=SEEDS)
def test_singular_vectors(n: int, tall: int, seed: int) -> None:
    """Squares, which do not depend on signs, of U and of V; and of their sum over a row of S."""
    a = regular(n, seed, abs(tall))
    a = a if tall > 0 else a.T.copy()
    for part in (0, 2):
        assert_agree(
            lambda X, part=part: dl.svd(X, "econ", nargout=3)[part] ** 2,
            lambda x, part=part: (lambda u, s, vt: (u, s, vt.mT)[part] ** 2)(
                *torch.linalg.svd(x, full_matrices=False)
            ),
            [a],
        )


@given(n=SIZES, tall=st.integers(0, 2), columns=SIZES, seed=SEEDS)
def test_mldivide(n: int, tall: int, columns: int, seed: int) -> None:
    a, b = regular(n, seed, tall), normal((n + tall, columns), seed + 2)
    theirs = lambda a, b: torch.linalg.pinv(a) @ b if tall else torch.linalg.solve(a, b)
    assert_agree(dl.mldivide, theirs, [a, b])
    assert_agree(dl.mrdivide, lambda b, a: theirs(a.mT, b.mT).mT,
                 [b.T.copy(), a.T.copy()])  # fmt: skip


@given(sizes=st.tuples(SIZES, SIZES, SIZES), pages=st.lists(SIZES, max_size=2),
       single=st.sampled_from([None, 0, 1]), seed=SEEDS)  # fmt: skip
def test_pagemtimes(sizes: Any, pages: list[int], single: int | None, seed: int) -> None:
    m, k, n = sizes
    a = normal((m, k, *([] if single == 0 else pages)), seed)
    b = normal((n, k, *([] if single == 1 else pages)), seed + 1)
    letters = "pq"[: len(pages)]
    words = f"mk{letters * (single != 0)},nk{letters * (single != 1)}->mn{letters}"
    ours = lambda A, B: dl.pagemtimes(A, "none", B, "transpose")
    assert_agree(ours, lambda a, b: torch.einsum(words, a, b), [a, b])


@given(shapes=st.tuples(SIZES, SIZES, SIZES, SIZES), seed=SEEDS)
def test_kron_and_dot(shapes: tuple[int, int, int, int], seed: int) -> None:
    a, b = normal(shapes[:2], seed), normal(shapes[2:], seed + 1)
    assert_agree(dl.kron, torch.kron, [a, b])
    c = normal(shapes[:2], seed + 2)
    assert_agree(lambda A, C: dl.dot(A, C, axis=1),
                 lambda a, c: (a * c).sum(dim=1, keepdim=True), [a, c])  # fmt: skip
