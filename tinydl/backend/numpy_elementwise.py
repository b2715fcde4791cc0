"""Functions of each number of an array, in threads where the array is large.

Sums and products of arrays are not among them: they wait for the memory, not for the processor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.backend.numpy_reduce import sum_over
from tinydl.backend.threads import LEAST, par

PIECE = 50_000
"""How many numbers of each array lie in the cache together with what is made of them."""


def by_pieces(write: Callable[[Any, Any], object], x: Any, work: int) -> Any:
    """A new array y that write(x, y) fills; piece by piece, if there is much to do.

    work is what one element costs, in additions.
    """
    y = np.empty(x.shape, x.dtype)
    if work * x.size < 2 * LEAST or not x.flags.c_contiguous:
        write(x, y)
        return y
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)
    par(x.size, lambda i, j: write(flat_x[i:j], flat_y[i:j]), work=work * x.size)
    return y


def _in_threads(function: np.ufunc, work: int) -> Callable[..., Any]:
    """A function of NumPy's of one argument, in threads from an array's size on.

    Who says where the result goes (out=) is at work on a piece already.
    """
    least = 2 * LEAST // work

    def threaded(x: Any, **more: Any) -> Any:
        if more or type(x) is not np.ndarray or x.size < least or x.dtype.char not in "fd":
            return function(x, **more)
        return by_pieces(lambda part, y: function(part, out=y), x, work)

    return threaded


exp = _in_threads(np.exp, 2)
log = _in_threads(np.log, 2)
tanh = _in_threads(np.tanh, 2)
sin = _in_threads(np.sin, 4)
cos = _in_threads(np.cos, 4)


def erf(x: Any) -> Any:
    """The error function 2/√π ∫₀ˣ exp(−t²) dt, of real or complex x."""
    from scipy import special

    return _in_threads(special.erf, 40)(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), to full precision for large negative x; where e⁻ˣ is Inf it is rightly 0."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return by_pieces(_write_sigmoid, np.asarray(x), 2)


def _write_sigmoid(x: Any, y: Any) -> None:
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1.0, out=y)
    np.divide(1.0, y, out=y)


def in_pieces(function: Callable[..., tuple[Any, ...]], *arrays: Any) -> tuple[Any, ...]:
    """function(*arrays), which works number by number; piece by piece if the arrays are large.

    What it works out on its way then stays in the cache. The arrays have one shape; None may stand
    for one. The function returns a tuple of arrays of the class of the first.
    """
    x = arrays[0]
    if x.size < 3 * PIECE:  # two pieces would gain less than it costs to put them together
        return function(*arrays)
    if not all([a is None or a.flags.c_contiguous for a in arrays]):
        return function(*arrays)
    flat = [None if a is None else a.reshape(-1) for a in arrays]
    cut = lambda i, j: function(*[None if a is None else a[i:j] for a in flat])
    results = [np.empty(x.size, x.dtype) for _ in cut(0, 0)]

    def work_on(i: int, j: int) -> None:
        for result, part in zip(results, cut(i, j), strict=True):
            result[i:j] = part

    par(x.size, work_on, work=5 * x.size, step=PIECE)
    return tuple([result.reshape(x.shape) for result in results])


# ---- activations, mixtures, losses ---------------------------------------------------------------


def relu(x: Any, save: bool) -> Any:
    """max(x, 0); with save also where x is positive."""
    y = np.maximum(x, 0.0)
    return (y, x > 0) if save else y


def leakyrelu(x: Any, scale: float) -> tuple[Any, Any]:
    """x where x > 0, scale · x elsewhere, and the slope."""
    is_positive = (x > 0).astype(x.dtype)  # arithmetic with 0 and 1 is faster than `where`
    slope = is_positive + (1.0 - is_positive) * scale
    return x * slope, slope


def kept(draws: Any, probability: float, dtype: Any) -> Any:
    """1/(1 − probability) where a draw reaches the probability, else 0: what dropout multiplies."""
    return ((draws >= probability) / (1.0 - probability)).astype(dtype)


def between(a: Any, b: Any, weight: float) -> Any:
    """(1 − weight) · a + weight · b."""
    return a * (1.0 - weight) + b * weight


def surprise(y: Any, t: Any, least: float) -> Any:
    """−t ln y, with y kept above `least`."""
    return -(t * log(np.maximum(y, least)))


def total_surprise(p: Any, t: Any, least: float, scale: float) -> Any:
    """Σ −t ln p · scale."""
    terms = surprise(p, t, least)
    return sum_over(terms, tuple(range(terms.ndim))).reshape(()) * scale


def surprise_gradient(g: Any, y: Any, t: Any, least: float, scale: float) -> Any:
    """The gradient by y, from g by −t ln y · scale: −g t / y, 0 below `least`, half of it there."""
    top = np.maximum(y, least)
    share = np.where(y == least, 0.5, y == top).astype(top.dtype)
    return chain(-(g * scale) * t, 1.0 / top) * share


# ---- products in which 0 wins over Inf -----------------------------------------------------------


def chain(g: Any, slope: Any, either: bool = False) -> Any:
    """g · slope, and exactly 0 wherever g is 0 (or slope, with either), even where that is NaN."""
    product = g * slope
    if _all_finite(product):  # the usual case needs no second pass
        return product
    is_zero = np.equal(g, 0) | np.equal(slope, 0) if either else np.equal(g, 0)
    return np.where(is_zero, np.zeros((), product.dtype), product)


def chooser(x: Any) -> Callable[..., Any]:
    """A function of a mask and parts of x: x where the mask holds, else 0; out= says where to.

    The product does it several times faster than ``where``, but Inf · 0 would be NaN.
    """
    return np.multiply if _all_finite(x) else _where


def _where(mask: Any, part: Any, out: Any = None) -> Any:
    chosen = np.where(mask, part, 0)
    if out is None:
        return chosen
    out[...] = chosen
    return out


def _all_finite(x: Any) -> bool:
    """Whether there is neither NaN nor Inf among the numbers.

    The sum of their squares tells it without an array of answers, unless it overflows.
    """
    return bool(np.isfinite(np.vdot(x, x))) or bool(np.isfinite(x).all())
