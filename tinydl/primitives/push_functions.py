"""Functions of each element, pushed forward: each needs its slope f' and its curvature f''.

The usual activations say both, as far as they share their work. The others get them from their own
derivative rules: the gradient of Σ f(x) by x is f', and the gradient of that is f''.
"""

from __future__ import annotations

from tinydl.autodiff import Recorded, gradient, is_recorded, plain
from tinydl.backend import xp
from tinydl.primitives.elementwise import cos, sin, where
from tinydl.primitives.gelu import gelu_derivative, gelu_slope
from tinydl.primitives.push import (
    Call,
    Streams,
    added,
    bent,
    element_by_element,
    lifted,
    only_the_first,
    rule,
)

# ---- the usual activations ----------------------------------------------------------------------


@rule("tanh", follow=element_by_element)
def _(call: Call) -> Streams:
    y = call.known["y"]
    slope = 1.0 - y * y
    return bent(call.input, slope, y * slope * -2.0)


@rule("sigmoid", follow=element_by_element)
def _(call: Call) -> Streams:
    y = call.known["y"]
    slope = y * (1.0 - y)
    return bent(call.input, slope, slope * (1.0 - y * 2.0))


@rule("gelu", follow=element_by_element)
def _(call: Call) -> Streams:
    x = call.known["x"]
    return bent(call.input, gelu_slope(x, call.known["slope"]), gelu_derivative(x, order=2))


@rule("sin", follow=element_by_element)
def _(call: Call) -> Streams:
    x = call.known["x"]
    return bent(call.input, cos(x), -sin(x))


@rule("cos", follow=element_by_element)
def _(call: Call) -> Streams:
    x = call.known["x"]
    return bent(call.input, -sin(x), -cos(x))


@rule("exp", follow=element_by_element)
def _(call: Call) -> Streams:
    y = call.known["y"]
    return bent(call.input, y, y)


# ---- straight on both sides of a corner ---------------------------------------------------------


@rule("relu", follow=element_by_element)
def _(call: Call) -> Streams:
    return call.input.map(lambda v: v * call.known["mask"], call.at)


@rule("leakyrelu", follow=element_by_element)
def _(call: Call) -> Streams:
    return call.input.map(lambda v: v * call.known["slope"], call.at)


@rule("maximum", "minimum", follow=element_by_element)
def _(call: Call) -> Streams:
    (a, b), share = lifted(call), call.known["share"]
    from_a = a and a.map(lambda v: v * share, call.at)
    from_b = b and b.map(lambda v: v * (1.0 - share), call.at)
    return added(from_a, from_b)


@rule("where", follow=element_by_element)
def _(call: Call) -> Streams:
    (_, a, b), condition = lifted(call), call.known["condition"]
    from_a = a and a.map(lambda v: where(condition, v, 0.0), call.at)
    from_b = b and b.map(lambda v: where(condition, 0.0, v), call.at)
    return added(from_a, from_b)


# ---- all others ---------------------------------------------------------------------------------


@rule(
    "abs", "acos", "acosh", "acot", "acoth", "acsc", "acsch", "asec", "asech", "asin", "asinh",
    "atan", "atanh", "cosh", "cot", "coth", "csc", "csch", "erf", "erfc", "erfinv", "expm1",
    "gamma", "gammaln", "gelu_derivative", "gelu_slope", "log", "log10", "log1p", "log2",
    "nthroot", "polygamma", "power", "sec", "sech", "sinh", "softplus", "sqrt", "tan",
    follow=only_the_first,
)  # fmt: skip
def _(call: Call) -> Streams:
    """The gradient of a sum of elements is the slope of each of them."""
    node, parent = call.node, call.node.parents[0]
    assert parent is not None
    array = xp(plain(call.input.stack)).zeros(node.shape, node.dtype)  # its numbers do not matter
    x = Recorded(array, parent)
    (slope,) = gradient(Recorded(array, node), [x], higher=True)
    curvature = gradient(slope, [x], higher=True)[0] if is_recorded(slope) else None
    if not call.higher:
        slope, curvature = plain(slope), plain(curvature)
    return bent(call.input, slope, curvature)
