"""The error function and the gamma function with their relatives."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.functions.arguments import as_dlarray, numbers_too
from tinydl.labels import dlarray
from tinydl.labels.apply import unary
from tinydl.primitives import elementwise, special


@numbers_too
def erf(X: Any) -> Any:
    """The error function 2/√π ∫₀ˣ exp(−t²) dt.

    Example:
        >>> from tinydl import erf
        >>> erf([0.5]).round(4)
        array([0.5205])
    """
    return unary(elementwise.erf, X)


@numbers_too
def erfc(X: Any) -> Any:
    """1 − erf(x), exact where that is small.

    Example:
        >>> from tinydl import erfc
        >>> erfc([10.0])
        array([2.08848758e-45])
    """
    return unary(special.erfc, X)


@numbers_too
def erfinv(X: Any) -> Any:
    """The number whose error function is x: ±Inf for ±1, NaN beyond.

    Example:
        >>> from tinydl import erfinv
        >>> erfinv([0.5205]).round(4)
        array([0.5])
    """
    return unary(special.erfinv, X)


@numbers_too
def gamma(X: Any) -> Any:
    """The gamma function Γ(x) = ∫₀^∞ tˣ⁻¹ e⁻ᵗ dt; of whole numbers it is (x − 1)!.

    There are poles, with the value Inf, at 0 and at the negative whole numbers. Its derivative is
    Γ(x) ψ(x), with ψ of psi.

    Example:
        >>> from tinydl import gamma
        >>> gamma([5.0, 0.5]).round(4)
        array([24.    ,  1.7725])
    """
    return unary(special.gamma, X)


@numbers_too
def gammaln(X: Any) -> Any:
    """log Γ(x) of x from 0 on, where Γ itself may be too large for a number.

    Raises ValueError for negative elements, as MATLAB does.

    Example:
        >>> from tinydl import gammaln
        >>> gammaln([1000.0]).round(4)
        array([5905.2204])
    """
    _check_sign(X, "gammaln")
    return unary(special.gammaln, X)


@numbers_too
def psi(X: Any, Y: Any = None) -> Any:
    """psi(X) is ψ(x) = Γ'(x) / Γ(x), the digamma function; psi(k, Y) is its k-th derivative at Y.

    k is one whole number from 0 on: psi(0, Y) is psi(Y), psi(1, Y) the trigamma function. The
    elements of the array are 0 or more: negative ones raise ValueError, as in MATLAB.

    Example:
        >>> from tinydl import psi
        >>> psi([1.0, 2.0]).round(4)
        array([-0.5772,  0.4228])
        >>> psi(1, [1.0]).round(4)
        array([1.6449])
    """
    if Y is None:
        order = 0
    else:
        order, X = _order(X), as_dlarray(Y, "Y")
    _check_sign(X, "psi")
    return unary(special.polygamma, X, order=order)


def _order(k: dlarray) -> int:
    number = float(plain(k._value)) if k.ndim == 0 else -1.0
    if not (number >= 0 and number.is_integer()):
        raise ValueError("psi(k, Y): k is one whole number from 0 on, the order of the derivative")
    return int(number)


def _check_sign(X: dlarray, caller: str) -> None:
    if bool((plain(X._value) < 0).any()):
        raise ValueError(f"{caller}: X has negative elements; it is defined from 0 on")
