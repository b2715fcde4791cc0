"""Rounding, and the remainders of division.

All of these are constant, or straight, between their jumps; at a jump the derivative is that beside
it: 0 for what is rounded.
"""

from __future__ import annotations

from typing import Any

from tinydl.functions.arguments import numbers_too
from tinydl.labels.apply import binary, unary
from tinydl.primitives import steps


@numbers_too
def floor(X: Any) -> Any:
    """The next whole number below; its derivative is 0.

    Example:
        >>> from tinydl import floor
        >>> floor([1.5, -1.5])
        array([ 1., -2.])
    """
    return unary(steps.floor, X)


@numbers_too
def ceil(X: Any) -> Any:
    """The next whole number above; its derivative is 0.

    Example:
        >>> from tinydl import ceil
        >>> ceil([1.5, -1.5])
        array([ 2., -1.])
    """
    return unary(steps.ceil, X)


@numbers_too
def fix(X: Any) -> Any:
    """The next whole number towards 0; its derivative is 0.

    Example:
        >>> from tinydl import fix
        >>> fix([1.5, -1.5])
        array([ 1., -1.])
    """
    return unary(steps.fix, X)


@numbers_too
def round(X: Any, N: int = 0) -> Any:
    """The nearest whole number, halves away from 0; its derivative is 0.

    N > 0 keeps N digits behind the point, N < 0 rounds to tens, hundreds, …; N is a whole number
    from −308 to 308. (Python and NumPy round halves to the even neighbour: 2.5 to 2.)

    Example:
        >>> from tinydl import round
        >>> round([0.5, 2.5, -2.5])
        array([ 1.,  3., -3.])
        >>> round([3.14159], 2), round([1234.0], -2)
        (array([3.14]), array([1200.]))
    """
    if isinstance(N, bool) or not hasattr(N, "__index__") or not -308 <= N <= 308:
        raise ValueError(f"round: N is a whole number from −308 to 308, not {N!r}")
    return unary(steps.round, X, digits=int(N))


@numbers_too
def mod(A: Any, B: Any) -> Any:
    """The remainder A − B · floor(A/B), with the sign of B; A where B is 0.

    The derivatives are 1 by A and −floor(A/B) by B, which is 0 where B is 0.

    Example:
        >>> from tinydl import mod
        >>> mod([5.0, -5.0, 5.0], [3.0, 3.0, 0.0])
        array([2., 1., 5.])
    """
    return binary(steps.mod, A, B)


@numbers_too
def rem(A: Any, B: Any) -> Any:
    """The remainder A − B · fix(A/B), with the sign of A; NaN where B is 0.

    The derivatives are 1 by A and −fix(A/B) by B.

    Example:
        >>> from tinydl import rem
        >>> rem([5.0, -5.0], 3)
        array([ 2., -2.])
    """
    return binary(steps.rem, A, B)
