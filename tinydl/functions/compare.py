"""Comparisons element by element, and questions about each element.

The results are logical, have the formats of the operators, and are not followed by differentiation.
"""

from __future__ import annotations

import operator
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import numbers_too
from tinydl.labels import dlarray
from tinydl.labels.apply import comparison


@numbers_too
def eq(A: Any, B: Any) -> Any:
    """Where A and B are equal, the same as A == B.

    Example:
        >>> from tinydl import eq
        >>> eq([1.0, 2.0, 3.0], 2)
        array([False,  True, False])
    """
    return comparison(operator.eq, A, B)


@numbers_too
def ne(A: Any, B: Any) -> Any:
    """Where A and B differ, the same as A != B.

    Example:
        >>> from tinydl import ne
        >>> ne([1.0, 2.0, 3.0], 2)
        array([ True, False,  True])
    """
    return comparison(operator.ne, A, B)


@numbers_too
def lt(A: Any, B: Any) -> Any:
    """Where A is less than B, the same as A < B.

    Example:
        >>> from tinydl import lt
        >>> lt([1.0, 2.0, 3.0], 2)
        array([ True, False, False])
    """
    return comparison(operator.lt, A, B)


@numbers_too
def le(A: Any, B: Any) -> Any:
    """Where A is less than or equal to B, the same as A <= B.

    Example:
        >>> from tinydl import le
        >>> le([1.0, 2.0, 3.0], 2)
        array([ True,  True, False])
    """
    return comparison(operator.le, A, B)


@numbers_too
def gt(A: Any, B: Any) -> Any:
    """Where A is greater than B, the same as A > B.

    Example:
        >>> from tinydl import gt
        >>> gt([1.0, 2.0, 3.0], 2)
        array([False, False,  True])
    """
    return comparison(operator.gt, A, B)


@numbers_too
def ge(A: Any, B: Any) -> Any:
    """Where A is greater than or equal to B, the same as A >= B.

    Example:
        >>> from tinydl import ge
        >>> ge([1.0, 2.0, 3.0], 2)
        array([False,  True,  True])
    """
    return comparison(operator.ge, A, B)


@numbers_too
def isnan(X: Any) -> Any:
    """Where X is not a number.

    Example:
        >>> from tinydl import isnan
        >>> isnan([1.0, float("inf"), float("nan")])
        array([False, False,  True])
    """
    array = plain(X._value)
    return dlarray._make(xp(array).isnan(array), X.dims)


@numbers_too
def isinf(X: Any) -> Any:
    """Where X is Inf or −Inf.

    Example:
        >>> from tinydl import isinf
        >>> isinf([1.0, float("inf"), float("nan")])
        array([False,  True, False])
    """
    array = plain(X._value)
    return dlarray._make(xp(array).isinf(array), X.dims)


@numbers_too
def isfinite(X: Any) -> Any:
    """Where X is a number that is not infinite.

    Example:
        >>> from tinydl import isfinite
        >>> isfinite([1.0, float("inf"), float("nan")])
        array([ True, False, False])
    """
    array = plain(X._value)
    return dlarray._make(xp(array).isfinite(array), X.dims)
