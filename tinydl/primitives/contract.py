"""Matrix products, of stacks of matrices too.

``matmul`` has its matrices in the last two axes, as NumPy; ``pagemtimes`` in the first two, as
MATLAB, with the pages behind them.
"""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.shape import reshape, transpose


@Primitive
def matmul(a: Any, b: Any) -> Any:
    """The matrix product; leading axes are a stack, and one of size 1 is repeated."""
    return xp(a, b).matmul(a, b)


matmul.gradient(a=lambda g, b: matmul(g, turned(b)), b=lambda g, a: matmul(turned(a), g))


@Primitive
def affine(w: Any, x: Any, b: Any) -> Any:
    """w x + b, for matrices w and x and a column b that is added to each column."""
    y = xp(w, x).matmul(w, x)
    if b.dtype != y.dtype:
        return y + b
    y += b
    return y


affine.gradient(
    w=lambda g, x: matmul(g, turned(x)), x=lambda g, w: matmul(turned(w), g), b=lambda g: g
)  # the walk sums the last over the columns


def turned(x: Any) -> Any:
    """Each matrix of the stack transposed."""
    *stack, rows, columns = range(x.ndim)
    return transpose(x, axes=(*stack, columns, rows))


# ---- pages --------------------------------------------------------------------------------------


@Primitive
def page_by_page(a: Any, b: Any) -> Any:
    """The product of each page of a with that of b; pages of size 1 are repeated.

    BLAS wants each matrix in one piece: the pages come first in memory. They stay so in the result,
    whose dimensions only are put back: the next product of pages then copies nothing.
    """
    first, back = (*range(2, a.ndim), 0, 1), (a.ndim - 2, a.ndim - 1, *range(a.ndim - 2))
    module = xp(a, b)
    stacks = [module.ascontiguousarray(x.transpose(first)) for x in (a, b)]
    return module.matmul(*stacks).transpose(back)


page_by_page.gradient(
    a=lambda g, b: page_by_page(g, pages_turned(b)),
    b=lambda g, a: page_by_page(pages_turned(a), g),
)


def pagemtimes(a: Any, b: Any) -> Any:
    """The products of pages, of operands with equal ranks from 2 on.

    Where one side has a single page this is one product, with the pages of the other side beside
    each other; so are its derivatives.
    """
    if math.prod(a.shape[2:]) == 1:
        return _one_times_pages(a, b)
    if math.prod(b.shape[2:]) == 1:
        return pages_turned(_one_times_pages(pages_turned(b), pages_turned(a)))
    return page_by_page(a, b)


def _one_times_pages(a: Any, b: Any) -> Any:
    rows, inner = a.shape[:2]
    wide = reshape(b, shape=(inner, math.prod(b.shape[1:])), order="C")
    product = matmul(reshape(a, shape=(rows, inner), order="C"), wide)
    return reshape(product, shape=(rows, *b.shape[1:]), order="C")


def pages_turned(x: Any) -> Any:
    """Each page transposed."""
    return transpose(x, axes=(1, 0, *range(2, x.ndim)))


# ---- other products -----------------------------------------------------------------------------


def kron(a: Any, b: Any) -> Any:
    """All products of an element of a with an element of b: a matrix of multiples of b."""
    (m, n), (p, q) = a.shape, b.shape
    blocks = reshape(a, shape=(m, 1, n, 1), order="C") * reshape(b, shape=(1, p, 1, q), order="C")
    return reshape(blocks, shape=(m * p, n * q), order="C")
