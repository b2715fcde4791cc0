"""Matrix products of NumPy arrays, large ones in pieces that threads share.

While tinydl computes, BLAS has one thread. A product is cut along the longer side of its result,
so that each piece is a product of BLAS, written to its place. Where the inner dimension is much
longer than both sides it is cut instead, and the partial products are added in order. A stack of
matrices is cut along its longest axis.

Where a product is cut depends on its shape alone: the bits are the same for any number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend.threads import LEAST, par

PRODUCTS = 16
"""So many multiplications and additions of BLAS take as long as one addition of two arrays."""

SMALL = 2 * LEAST * PRODUCTS
"""Up to so many products BLAS is done before another thread could be of use."""


def matmul(a: Any, b: Any, out: Any = None) -> Any:
    """The product of matrices, or of stacks of them, as np.matmul has it."""
    if a.ndim < 2 or b.ndim < 2:
        return np.matmul(a, b, out=out)
    (m, k), n = a.shape[-2:], b.shape[-1]
    products = max(a.size * n, b.size * m)
    if k == 1 == b.shape[-2]:
        return np.multiply(a, b, out=out)  # BLAS takes ten times as long
    if products < SMALL and k * n + m * (k + n) < 2 * LEAST:
        return np.matmul(a, b, out=out)
    if a.dtype != b.dtype or k != b.shape[-2]:  # to be converted, or refused, as a whole
        return np.matmul(a, b, out=out)
    if a.ndim > 2 or b.ndim > 2:
        return _stacked(a, b, out, products)
    work = products // PRODUCTS + k * n + m * (k + n)
    if out is None and k > 8 * max(m, n):
        return _along_inner(a, b, work)
    y = np.empty((m, n), a.dtype) if out is None else out
    if n > m:
        par(n, lambda i, j: np.matmul(a, b[:, i:j], out=y[:, i:j]), work=work)
    else:
        par(m, lambda i, j: np.matmul(a[i:j], b, out=y[i:j]), work=work)
    return y


def _along_inner(a: Any, b: Any, work: int) -> Any:
    """The sum of the products of pieces of the inner dimension."""
    parts: dict[int, Any] = {}

    def multiply(i: int, j: int) -> None:
        parts[i] = np.matmul(a[:, i:j], b[i:j])

    par(a.shape[1], multiply, work=work)
    first, *others = [parts[i] for i in sorted(parts)]
    for part in others:
        first += part
    return first


def _stacked(a: Any, b: Any, out: Any, products: int) -> Any:
    """Stacks of matrices, cut along the longest axis of the stack."""
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, columns = a.shape[-2], b.shape[-1]
    y = np.empty((*stack, rows, columns), a.dtype) if out is None else out
    if y.size == 0:
        return np.matmul(a, b, out=y)
    axis = max(range(len(stack)), key=stack.__getitem__) - len(stack) - 2  # from the end

    def piece(x: Any, i: int, j: int) -> Any:
        if x.ndim < -axis or x.shape[axis] == 1:
            return x  # repeated
        return x[(..., slice(i, j), *(slice(None),) * (-1 - axis))]

    par(
        stack[axis + 2],
        lambda i, j: np.matmul(piece(a, i, j), piece(b, i, j), out=piece(y, i, j)),
        work=products // PRODUCTS + a.size + b.size + y.size,
    )
    return y
