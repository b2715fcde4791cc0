"""Element by element: exponentials, logarithms and roots."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import numbers_too, outputs
from tinydl.labels import dlarray
from tinydl.labels.apply import unary
from tinydl.labels.classes import arithmetic
from tinydl.primitives import elementwise, logarithm


@numbers_too
def exp(X: Any) -> Any:
    """eˣ.

    Example:
        >>> from tinydl import exp
        >>> exp([0.0, 1.0]).round(4)
        array([1.    , 2.7183])
    """
    return unary(elementwise.exp, X)


@numbers_too
def expm1(X: Any) -> Any:
    """eˣ − 1, exact for small x.

    Example:
        >>> from tinydl import expm1
        >>> expm1([1e-20])
        array([1.e-20])
    """
    return unary(elementwise.expm1, X)


@numbers_too
def log(X: Any) -> Any:
    """The natural logarithm.

    Example:
        >>> from tinydl import log
        >>> log([1.0])
        array([0.])
    """
    return unary(elementwise.log, X)


@numbers_too
def log1p(X: Any) -> Any:
    """log(1 + x), exact for small x.

    Example:
        >>> from tinydl import log1p
        >>> log1p([1e-20])
        array([1.e-20])
    """
    return unary(elementwise.log1p, X)


@numbers_too
def log2(X: Any, *, nargout: int = 1) -> Any:
    """The logarithm to the base 2; with nargout=2 mantissa F and exponent E of X = F · 2ᴱ.

    E is a whole number and 0.5 ≤ |F| < 1; of 0, Inf and NaN F is the number itself, and E is 0.
    Both have the format and the class of X. F is differentiated by the slope 2⁻ᴱ, and E, which
    is constant between its jumps, is not followed.

    Example:
        >>> from tinydl import log2
        >>> log2([8.0, 10.0], nargout=2)
        (array([0.5  , 0.625]), array([4., 4.]))
    """
    if outputs(nargout, 2, "log2") == 1:
        return unary(logarithm.log2, X)
    array = plain(arithmetic(X._value))
    m = xp(array)
    exponent = m.where(m.isfinite(array), m.frexp(array)[1], 0).astype(array.dtype)
    return unary(logarithm.mantissa, X), dlarray._make(exponent, X.dims)


@numbers_too
def log10(X: Any) -> Any:
    """The logarithm to the base 10.

    Example:
        >>> from tinydl import log10
        >>> log10([1000.0])
        array([3.])
    """
    return unary(logarithm.log10, X)


@numbers_too
def sqrt(X: Any) -> Any:
    """The square root.

    Example:
        >>> from tinydl import sqrt
        >>> sqrt([4.0, 9.0])
        array([2., 3.])
    """
    return unary(elementwise.sqrt, X)


@numbers_too
def nthroot(X: Any, N: float) -> Any:
    """The real N-th root, also of negative numbers if N is odd.

    N is one number other than 0. Where X is negative and N is not odd there is no real root, and a
    ValueError says so: power(X, 1/N) gives NaN there. The slope at 0 is infinite for N > 1.

    Example:
        >>> from tinydl import nthroot
        >>> nthroot([-27.0, 64.0], 3)
        array([-3.,  4.])
    """
    try:
        n = float(N)
    except (TypeError, ValueError):
        raise TypeError(f"nthroot: N is one number, not {N!r}") from None
    if n == 0 or n != n:
        raise ValueError(f"nthroot: N is a number other than 0, not {N!r}")
    if n % 2 != 1 and bool((plain(X._value) < 0).any()):
        raise ValueError(
            f"nthroot: X has negative elements, which have a real root for odd N only, not N={N!r}"
        )
    return unary(logarithm.nthroot, X, n=n)
