"""Truth values: any, all and xor. For and, or and not MATLAB and Python write & | ~.

Anything but 0 is true. The results are logical and not followed by differentiation.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.functions.arguments import axes, numbers_too
from tinydl.functions.reduce import Axis, finish
from tinydl.labels import dlarray
from tinydl.labels.array import logic


@numbers_too
def xor(A: Any, B: Any) -> Any:
    """Where just one of A and B is true.

    Example:
        >>> from tinydl import xor
        >>> xor([1.0, 1.0, 0.0], [1.0, 0.0, 0.0])
        array([False,  True, False])
    """
    return logic("logical_xor", A, B)


@numbers_too
def any(X: Any, dim: str | None = None, *, axis: Axis = None) -> Any:
    """Whether some element along the named dimensions is true. Dimensions are named as in sum.

    Example:
        >>> from tinydl import any, dlarray
        >>> any(dlarray([[0, 1], [0, 0]], "CB"), "C")
        1(C) × 2(B) logical dlarray
        [[False  True]]
        >>> bool(any([[0.0, 1.0], [0.0, 0.0]], "all"))
        True
    """
    return _along(X, dim, axis, "any")


@numbers_too
def all(X: Any, dim: str | None = None, *, axis: Axis = None) -> Any:
    """Whether all elements along the named dimensions are true. Dimensions are named as in sum.

    Of no elements all are true.

    Example:
        >>> from tinydl import all
        >>> all([[0.0, 1.0], [1.0, 1.0]], axis=0)
        array([[False,  True]])
    """
    return _along(X, dim, axis, "all")


def _along(X: dlarray, dim: Any, axis: Any, caller: str) -> dlarray:
    chosen = axes(X, dim, axis, caller)
    is_true = plain(X._value) != 0
    value = getattr(is_true, caller)(axis=chosen, keepdims=True)
    return finish(X, value, dim, axis)
