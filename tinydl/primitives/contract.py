"""Matrix products, of stacks of matrices too: the last two axes are the matrix."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.primitives.shape import transpose


@Primitive
def matmul(a: Any, b: Any) -> Any:
    """The matrix product; leading axes are a stack, and one of size 1 is repeated."""
    return a @ b


matmul.gradient(a=lambda g, b: g @ turned(b), b=lambda g, a: turned(a) @ g)


def turned(x: Any) -> Any:
    """Each matrix of the stack transposed."""
    *stack, rows, columns = range(x.ndim)
    return transpose(x, axes=(*stack, columns, rows))
