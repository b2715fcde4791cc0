"""Convolution of pairs of rows: 4 products where 6 would be, by Winograd's trick in one dimension.

Let g₀ … g₂ be rows of taps, d₀ … d₃ adjacent rows of inputs, and g ∗ d the convolution of one row
with one row. Two adjacent rows of outputs are

    y₀ = g₀ ∗ d₀ + g₁ ∗ d₁ + g₂ ∗ d₂          y₁ = g₀ ∗ d₁ + g₁ ∗ d₂ + g₂ ∗ d₃

and these six products come down to four:

    m₀ = g₀ ∗ (d₀ − d₂)                        y₀ = m₁ + m₂ + m₀
    m₁ = ½ (g₀ + g₁ + g₂) ∗ (d₁ + d₂)          y₁ = m₁ − m₂ + m₃
    m₂ = ½ (g₀ − g₁ + g₂) ∗ (d₂ − d₁)
    m₃ = g₂ ∗ (d₃ − d₁)

The sum Σ e · y over the rows e₀, e₁ of a gradient by y has in it, for each g, what the gradient by
g is. So the same four sums of inputs give that gradient, with · for the product d eᵀ of one row:

    n₀ = (d₀ − d₂) · e₀                        w₀ = n₁ + n₂ + n₀
    n₁ = ½ (d₁ + d₂) · (e₀ + e₁)               w₁ = n₁ − n₂
    n₂ = ½ (d₂ − d₁) · (e₀ − e₁)               w₂ = n₁ + n₂ + n₃
    n₃ = (d₃ − d₁) · e₁

Sources: S. Winograd, Arithmetic Complexity of Computations, SIAM 1980; A. Lavin and S. Gray, Fast
algorithms for convolutional neural networks, CVPR 2016. They go on in the second dimension too.
Here the rest of the window stays as it is: a product with a row of taps is long, and needs no copy.

Rows of padding are 0. The error by rounding is 1.3 to 1.5 times that of six products. Sums of two
inputs, or of three weights, should not overflow. Where x is not finite, just those outputs are not
that see the place, as always; but Inf may become NaN. Where a weight is not finite, outputs of its
filter in rows on the border may be NaN that do not see the weight. In the gradient by the weights,
what is not finite comes to all rows of taps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinydl.backend.windows import Shape, Slide

Rows = Callable[[Any, Any, Any, Slide], Any]

TAPS = 3  # rows of taps for which this is done

# Where this form is the faster one, as measured with one thread.

ROWS = 6  # of outputs at least: of fewer, much of the window lies on padding
WIDE = 48  # channels, and filters, times taps in a row at least: they make up for sums of rows
OUTPUTS = 4_000_000  # multiplications in each product of rows at least: they make up for calls
CHANNELS, WEIGHTS = 48, 10_000_000  # both for the gradient by the weights, which has longer sums


def suits_outputs(x: Any, window: Shape, y: Shape, slide: Slide) -> bool:
    """Whether this is the faster way to the result of a convolution, of shape y."""
    return _fits(x, window, y, slide) and _product(x, window, y) >= OUTPUTS


def suits_weights(x: Any, window: Shape, y: Shape, slide: Slide) -> bool:
    """The same for the gradient by the weights; y is the shape of the gradient by the result."""
    has_channels = x.shape[-2] >= CHANNELS
    return has_channels and _fits(x, window, y, slide) and _product(x, window, y) >= WEIGHTS


def _fits(x: Any, window: Shape, y: Shape, slide: Slide) -> bool:
    """Whether three rows of taps slide row by row, over enough rows, with wide enough products."""
    by_row = slide.stride[0] == slide.dilation[0] == 1
    has_rows = len(window) > 1 and window[0] == TAPS and y[0] >= ROWS
    return by_row and has_rows and window[-1] * min(x.shape[-2], y[-2]) >= WIDE


def _product(x: Any, window: Shape, y: Shape) -> int:
    """How many multiplications the product of a row of taps and a row of inputs takes."""
    return math.prod(window[1:]) * x.shape[-2] * math.prod(y[1:])


def transformed(w: Any) -> list[Any]:
    """The weights as they are, and the four rows of taps that are made of them."""
    outer, inner = 0.5 * w[:1] + 0.5 * w[2:], 0.5 * w[1:2]
    return [w, w[:1], outer + inner, outer - inner, w[2:]]


def output_rows(by_rows: Rows, x: Any, w: list[Any], y: Any, slide: Slide) -> None:
    """Fill rows y of outputs, from the weights as ``transformed`` gives them.

    by_rows fills rows too, from plain weights.
    """
    plain, g0, plus, minus, g2 = w
    of_row, d, m = _of_a_row(slide), np.empty_like(x[:1]), np.empty_like(y[:1])
    for o, (d0, d1, d2, d3) in _pairs(x, len(y), slide):
        y0, y1 = y[o : o + 1], y[o + 1 : o + 2]
        by_rows(np.subtract(d0, d2, out=d), g0, y0, of_row)
        by_rows(np.subtract(d3, d1, out=d), g2, y1, of_row)
        by_rows(np.add(d1, d2, out=d), plus, m, of_row)
        y0 += m
        y1 += m
        by_rows(np.subtract(d2, d1, out=d), minus, m, of_row)
        y0 += m
        y1 -= m
    if len(y) % 2:
        by_rows(x, plain, y[-1:], slide.from_row(len(y) - 1))


def weights_of_rows(by_rows: Rows, x: Any, e: Any, window: Shape, slide: Slide) -> Any:
    """What rows e of the gradient by y give to that by w, (*window, C, K), as by_rows does too."""
    n0, n1, n2, n3 = np.zeros((4, 1, *window[1:], x.shape[-2], e.shape[-2]), x.dtype)
    of_row, row, d = _of_a_row(slide), (1, *window[1:]), np.empty_like(x[:1])
    for o, (d0, d1, d2, d3) in _pairs(x, len(e), slide):
        e0, e1 = _transposed(e[o : o + 1]), _transposed(e[o + 1 : o + 2])
        n0 += by_rows(np.subtract(d0, d2, out=d), e0, row, of_row)
        n3 += by_rows(np.subtract(d3, d1, out=d), e1, row, of_row)
        n1 += by_rows(np.add(d1, d2, out=d), e0 + e1, row, of_row)
        n2 += by_rows(np.subtract(d2, d1, out=d), e0 - e1, row, of_row)
    n1 *= 0.5
    n2 *= 0.5
    w = np.concatenate([n1 + n2 + n0, n1 - n2, n1 + n2 + n3])
    if len(e) % 2:
        w += by_rows(x, e[-1:], window, slide.from_row(len(e) - 1))
    return w


def _pairs(x: Any, outputs: int, slide: Slide) -> Iterator[tuple[int, list[Any]]]:
    """The first of each pair of rows of outputs, and the four rows of inputs under the pair."""
    for o in range(0, outputs - 1, 2):
        first = o - slide.before[0]
        yield o, [_row(x, i) for i in range(first, first + TAPS + 1)]


def _row(x: Any, i: int) -> Any:
    """Row i of x, or one of padding."""
    return x[i : i + 1] if 0 <= i < len(x) else np.zeros_like(x[:1])


def _of_a_row(slide: Slide) -> Slide:
    """How a single row of taps slides over the single row of inputs that it meets."""
    return slide._replace(before=(0, *slide.before[1:]))


def _transposed(e: Any) -> Any:
    """The same matrices, but with columns in one run: products take their second factor so."""
    return np.ascontiguousarray(e.swapaxes(-1, -2)).swapaxes(-1, -2)
