"""Rows of inverse, systems of equations, determinant and decompositions.

References follow the definitions by loops: elimination with numbers, sums over permutations, power
series, rotations.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from tinydl.primitives import decompose as d
from tinydl.primitives import linear_algebra as la

from .contract import product
from .row import Draw, Row, Shape, normal


def regular(n: int, *others: Shape, tall: int = 0) -> Draw:
    """A matrix whose singular values are above 3, with further rows, and other arrays."""

    def draw(rng: np.random.Generator) -> list[Any]:
        a = 4.0 * np.eye(n + tall, n) + rng.uniform(-0.3, 0.3, (n + tall, n))
        return [a, *[rng.standard_normal(shape) for shape in others]]

    return draw


def eliminated(a: Any, b: Any) -> Any:
    """The solution of a x = b by Gauss and Jordan, number by number."""
    n = len(a)
    table = [[*map(float, a[i]), *map(float, b[i])] for i in range(n)]
    for i in range(n):
        best = max(range(i, n), key=lambda row: abs(table[row][i]))
        table[i], table[best] = table[best], table[i]
        table[i] = [x / table[i][i] for x in table[i]]
        for row in range(n):
            if row != i:
                table[row] = [
                    x - table[row][i] * y for x, y in zip(table[row], table[i], strict=True)
                ]
    return np.array([line[n:] for line in table]).reshape(n, b.shape[1])


def leibniz(a: Any) -> Any:
    """The sum over all permutations."""
    total = 0.0
    for order in itertools.permutations(range(len(a))):
        crossings = sum(i > j for i, j in itertools.combinations(order, 2))
        total += (-1) ** crossings * math.prod(float(a[i, j]) for i, j in enumerate(order))
    return np.array(total)


def by_normal_equations(a: Any, b: Any) -> Any:
    return eliminated(product(a.T, a), product(a.T, b))


def least_norm(a: Any, c: Any) -> Any:
    return product(a, eliminated(product(a.T, a), c))


def below(x: Any, k: int) -> Any:
    return np.array([[v if j - i <= k else 0.0 for j, v in enumerate(line)]
                     for i, line in enumerate(x)]).reshape(x.shape)  # fmt: skip


def on_diagonal(x: Any, k: int) -> Any:
    return np.array([x[i, i + k] for i in range(x.shape[0]) if 0 <= i + k < x.shape[1]])


def with_diagonal(v: Any, k: int) -> Any:
    y = np.zeros((len(v) + abs(k),) * 2)
    for i, value in enumerate(v):
        y[i + max(-k, 0), i + max(k, 0)] = value
    return y


PARTS = [
    *[Row(f"tril[{k}]", "tril", lambda x, k=k: la.tril(x, k=k), normal((3, 4)), also=[
          normal((4, 2)), normal((0, 2))],
          reference=lambda x, k=k: below(x, k)) for k in (0, -1, 2)],
    *[Row(f"triu[{k}]", "triu", lambda x, k=k: la.triu(x, k=k), normal((3, 4)), also=[
          normal((4, 2)), normal((0, 2))],
          reference=lambda x, k=k: x - below(x, k - 1)) for k in (0, 1, -2)],
    *[Row(f"diagonal[{k}]", "", lambda x, k=k: la.diagonal(x, k), normal((3, 4)), also=[
          normal((4, 2)), normal((1, 1)), normal((0, 2))],
          reference=lambda x, k=k: on_diagonal(x, k)) for k in (0, 1, -2, 7)],
    *[Row(f"from_diagonal[{k}]", "", lambda v, k=k: la.from_diagonal(v, k), normal((3,)),
          also=[normal((1,)), normal((0,))],
          reference=lambda v, k=k: with_diagonal(v, k)) for k in (0, 2, -1)],
    Row("trace", "", la.trace, normal((3, 3)), also=[normal((1, 1)), normal((0, 0))],
        reference=lambda x: np.array(math.fsum(on_diagonal(x, 0)))),
]  # fmt: skip

EQUATIONS = [
    Row("inverse", "inverse", la.inverse, regular(3), radius=0.4, also=[regular(1), regular(0)],
        reference=lambda a: eliminated(a, np.eye(len(a)))),
    Row("solve", "solve", la.solve, regular(3, (3, 2)), radius=0.4,
        also=[regular(1, (1, 3)), regular(2, (2, 0)), regular(0, (0, 2))], reference=eliminated),
    Row("least_squares", "least_squares", la.least_squares, regular(2, (5, 2), tall=3),
        radius=None, also=[regular(1, (3, 1), tall=2), regular(2, (2, 1))],
        reference=by_normal_equations),
    Row("least_norm", "least_norm", la.least_norm, regular(2, (2, 2), tall=2), radius=None,
        also=[regular(1, (1, 3), tall=2)], reference=least_norm),
]  # fmt: skip


# ---- determinant: at singular matrices of every rank too ----------------------------------------


def of_rank(rank: int, n: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n))


DETERMINANTS = [
    Row("det", "det", la.det, normal((3, 3)), reference=leibniz,
        also=[normal((1, 1)), normal((2, 2)), normal((5, 5)), normal((0, 0))],
        special=[[np.zeros((3, 3))], [of_rank(1, 3, 0)], [of_rank(2, 3, 1)], [of_rank(2, 5, 2)],
                 [np.ones((4, 4))], [np.zeros((1, 1))], [np.diag([3.0, 1e-9, 0.0])]]),
    Row("det_of_regular", "det_of_regular", la.det_of_regular, regular(3), radius=0.4,
        also=[regular(1)], reference=leibniz),
    Row("expanded_det", "", la.expanded_det, normal((3, 3)), reference=leibniz,
        also=[normal((1, 1)), normal((2, 2)), normal((4, 4)), normal((5, 5))],
        special=[[np.zeros((2, 2))]]),
]  # fmt: skip


# ---- decompositions -----------------------------------------------------------------------------


def with_gaps(n: int, m: int | None = None) -> Draw:
    """A matrix whose singular values are about 3, 6, 9, …; symmetric if it is square."""

    def draw(rng: np.random.Generator) -> list[Any]:
        u = np.linalg.qr(rng.standard_normal((m or n, m or n)))[0]
        v = u if m is None else np.linalg.qr(rng.standard_normal((n, n)))[0]
        k = min(n, m or n)
        return [u[:, :k] @ np.diag(3.0 * np.arange(1, k + 1)) @ v[:, :k].T]

    return draw


def crout(a: Any) -> Any:
    """Cholesky's factor, number by number."""
    n = len(a)
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - math.fsum(low[i, k] * low[j, k] for k in range(j))
            low[i, j] = math.sqrt(rest) if i == j else rest / low[j, j]
    return low


def doolittle(a: Any) -> Any:
    """L − 1 + U of a matrix that needs no exchange of rows, and the order of rows beside it."""
    y = np.array(a, float)
    for i in range(len(a)):
        for row in range(i + 1, len(a)):
            y[row, i] /= y[i, i]
            y[row, i + 1 :] -= y[row, i] * y[i, i + 1 :]
    return np.concatenate([y, np.arange(len(a))[:, None]], axis=1)


def exchanged(a: Any) -> Any:
    """The same of a matrix whose rows stand in the opposite order of their pivots."""
    y = doolittle(a[::-1])
    return np.concatenate([y[:, :-1], y[:, -1:][::-1]], axis=1)


def signed(vectors: Any) -> Any:
    """1 or −1 for each column: the sign of the first element that is about as large as any."""
    columns = [[float(x) for x in column] for column in vectors.T]
    return np.array([next(np.sign(x) for x in c if abs(x) >= 0.9 * max(map(abs, c)))
                     for c in columns])  # fmt: skip


def by_jacobi(a: Any) -> tuple[Any, Any]:
    """Eigenvalues in ascending order, and eigenvectors, by rotations in two coordinates."""
    n = len(a)
    a, v = np.array(a), np.eye(n)
    for _ in range(20):
        for i, j in itertools.combinations(range(n), 2):
            angle = 0.5 * math.atan2(2 * a[i, j], a[j, j] - a[i, i])
            turn = np.eye(n)
            turn[i, i] = turn[j, j] = math.cos(angle)
            turn[i, j], turn[j, i] = math.sin(angle), -math.sin(angle)
            a, v = turn.T @ a @ turn, v @ turn
    order = np.argsort(np.diag(a))
    return np.diag(a)[order], v[:, order]


def eigen(a: Any) -> Any:
    values, vectors = by_jacobi((a + a.T) / 2)
    return np.concatenate([vectors * signed(vectors), values[None, :]])


def singular(a: Any) -> Any:
    k = min(a.shape)
    values, v = by_jacobi(a.T @ a)
    s, v = np.sqrt(values[::-1][:k]), v[:, ::-1][:, :k]
    u = a @ v / s
    return np.concatenate([u * signed(u), s[None, :], v * signed(u)])


def series(a: Any) -> Any:
    """The power series of the exponential."""
    term = total = np.eye(len(a))
    for k in range(1, 60):
        term = product(term, a) / k
        total = total + term
    return total


DECOMPOSITIONS = [
    Row("cholesky", "cholesky", d.cholesky, regular(3), radius=None,
        also=[regular(1), regular(0)], reference=lambda a: crout((a + a.T) / 2),
        errors=[([np.diag([1.0, 0.0, 2.0])], ValueError, "leading minor of order 2 is not > 0")]),
    Row("lu", "lu", d.lu, regular(3), radius=0.3, also=[regular(1)], reference=doolittle),
    Row("lu[exchanged rows]", "lu", d.lu, lambda rng: [regular(3)(rng)[0][::-1].copy()],
        radius=0.3, reference=exchanged),
    Row("eigh", "eigh", d.eigh, with_gaps(3), radius=None, reference=eigen,
        also=[with_gaps(1), with_gaps(2)]),
    Row("eigh[sum of values]", "", lambda a: la.trace(la.from_diagonal(d.rows_as_vector(
        d.rows(d.eigh(a), -1)))), with_gaps(3), radius=None,
        reference=lambda a: np.array(np.trace(a))),
    *[Row(f"svd[{m}×{n}]", "svd", d.svd, with_gaps(n, m), radius=None, reference=singular)
      for m, n in ((3, 3), (5, 2), (2, 4), (1, 1))],
    Row("expm", "expm", d.expm, normal((3, 3)), also=[normal((1, 1)), normal((2, 2))],
        reference=series, special=[[np.zeros((2, 2))]]),
]  # fmt: skip

ROWS = [*PARTS, *EQUATIONS, *DETERMINANTS, *DECOMPOSITIONS]
