"""Convolution, its gradient by the input and its gradient by the weights: a closed trio.

    y[o, k, b] = Σᵢ Σ_c w[i, c, k] · x[o · stride + i · dilation − before, c, b]

for n spatial dimensions: x is (*spatial, C, B), w (*window, C, K), y (*outputs, K, B); beyond its
ends x is 0. (This is what deep learning calls convolution; the window is not reversed.) The three
are one sum over pairs (o, i), read for each of its three factors. It is linear in the other two, so
that the derivatives of each of the three are the other two, and derivatives of all orders exist.

With G groups the C channels and the K filters are dealt into G runs of equal length, and the sum
runs over pairs of the same group alone: w is (*window, C / G, K), and filter k sees the channels of
group ⌊k G / K⌋. With as many groups as channels each channel is convolved by itself.

Statics: stride and dilation, one number for each spatial dimension; padding, a pair (before, after)
for each; groups; size, where a result cannot be told from the inputs: its spatial shape.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.activation import relu
from tinydl.primitives.window import Shape, Widths, leading, output_size


@Primitive
def convolve(
    x: Any, w: Any, *, stride: Shape, dilation: Shape, padding: Widths, groups: int = 1
) -> Any:
    """y, from x and w.

    Raises ValueError if their channels differ, if the groups do not divide the channels and the
    filters, or if the window is larger than x with its padding.

    Example:
        >>> import numpy as np
        >>> x, w = np.array([1.0, 2.0, 4.0]), np.array([-1.0, 1.0])
        >>> options = dict(stride=(1,), dilation=(1,), padding=((0, 1),))
        >>> convolve(x.reshape(3, 1, 1), w.reshape(2, 1, 1), **options).ravel()
        array([ 1.,  2., -4.])
    """
    return _convolve(x, w, None, stride, dilation, padding, groups)


@Primitive
def convolve_add(
    x: Any, w: Any, b: Any, *, stride: Shape, dilation: Shape, padding: Widths, groups: int = 1
) -> Any:
    """convolve(x, w) + b, for a bias (1, …, K, 1): added while the results are in the cache."""
    if b.dtype != x.dtype:
        return _convolve(x, w, None, stride, dilation, padding, groups) + b
    return _convolve(x, w, b.reshape(w.shape[-1], 1), stride, dilation, padding, groups)


def _convolve(
    x: Any, w: Any, bias: Any, stride: Shape, dilation: Shape, padding: Widths, groups: int,
    is_relu: bool = False,
) -> Any:  # fmt: skip
    if x.shape[-2] != w.shape[-2] * groups:
        raise ValueError(
            f"the input has {x.shape[-2]} channels and the weights are for {w.shape[-2] * groups} "
            f"in {groups} groups: input {x.shape}, weights {w.shape}"
        )
    _deal(w.shape[-1], groups, "filters")
    size = output_size(
        x.shape[:-2], w.shape[:-2], stride=stride, dilation=dilation, padding=padding
    )
    before = leading(padding)
    return xp(x).convolve(
        x, w, size=size, stride=stride, dilation=dilation, before=before, groups=groups, bias=bias,
        is_relu=is_relu,
    )  # fmt: skip


@Primitive
def convolve_input(
    d: Any, w: Any, *, stride: Shape, dilation: Shape, padding: Widths, size: Shape, groups: int = 1
) -> Any:
    """The gradient by x, from the gradient d by y and w; size is the spatial shape of x."""
    _deal(d.shape[-2], groups, "filters")
    before = leading(padding)
    return xp(d).convolve_input_gradient(
        d, w, size=size, stride=stride, dilation=dilation, before=before, groups=groups
    )


@Primitive
def convolve_weight(
    x: Any, d: Any, *, stride: Shape, dilation: Shape, padding: Widths, size: Shape, groups: int = 1
) -> Any:
    """The gradient by w, from x and the gradient d by y; size is the shape of the window."""
    _deal(x.shape[-2], groups, "channels")
    _deal(d.shape[-2], groups, "filters")
    before = leading(padding)
    return xp(x).convolve_weight_gradient(
        x, d, size=size, stride=stride, dilation=dilation, before=before, groups=groups
    )


def _deal(count: int, groups: int, what: str) -> None:
    if count % groups:
        raise ValueError(f"{count} {what} cannot be dealt into {groups} groups of equal size")


# In each rule g stands in the place of that one of x, w and y which the primitive computes.


@convolve.higher("x", "w")
@convolve_add.higher("x", "w")
def _one_by_one(
    g: Any, x: Any, w: Any, stride: Shape, dilation: Shape, padding: Widths, groups: int,
    need: tuple[bool, ...],
) -> tuple[Any, Any]:  # fmt: skip
    slide: Any = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
    return (
        convolve_input(g, w, size=x.shape[:-2], **slide) if need[0] else None,
        convolve_weight(x, g, size=w.shape[:-2], **slide) if need[1] else None,
    )


@convolve.gradients("x", "w")
@convolve_add.gradients("x", "w")
def _at_once(
    g: Any, x: Any, w: Any, stride: Shape, dilation: Shape, padding: Widths, groups: int,
    need: tuple[bool, ...],
) -> tuple[Any, Any]:  # fmt: skip
    """The same for a first derivative, in which both share what they are made of."""
    if not (need[0] and need[1]):
        return _one_by_one(g, x, w, stride, dilation, padding, groups, need)
    found: tuple[Any, Any] = xp(g).convolve_gradients(
        g, x, w, stride=stride, dilation=dilation, before=leading(padding), groups=groups
    )
    return found


convolve_add.gradient(b=lambda g: g)
convolve_add.higher("b")(lambda g: (g,))
convolve_input.gradient(
    d=lambda g, w, stride, dilation, padding, groups: convolve(
        g, w, stride=stride, dilation=dilation, padding=padding, groups=groups
    ),
    w=lambda g, d, w_shape, stride, dilation, padding, groups: convolve_weight(
        g, d, stride=stride, dilation=dilation, padding=padding, size=w_shape[:-2], groups=groups
    ),
)
convolve_weight.gradient(
    x=lambda g, d, x_shape, stride, dilation, padding, groups: convolve_input(
        d, g, stride=stride, dilation=dilation, padding=padding, size=x_shape[:-2], groups=groups
    ),
    d=lambda g, x, stride, dilation, padding, groups: convolve(
        x, g, stride=stride, dilation=dilation, padding=padding, groups=groups
    ),
)


# ---- and relu ------------------------------------------------------------------------------------


@Primitive
def convolve_relu(
    x: Any, w: Any, b: Any, *, stride: Shape, dilation: Shape, padding: Widths, groups: int = 1
) -> Any:
    """relu(convolve_add(x, w, b)), likewise. Its result also tells where the gradient passes."""
    if b.dtype != x.dtype:
        return xp(x).relu(_convolve(x, w, None, stride, dilation, padding, groups) + b, False)
    bias = b.reshape(w.shape[-1], 1)
    return _convolve(x, w, bias, stride, dilation, padding, groups, is_relu=True)


@convolve_relu.gradients("x", "w", "b")
def _(
    g: Any, x: Any, w: Any, y: Any, stride: Shape, dilation: Shape, padding: Widths, groups: int,
    need: tuple[bool, ...],
) -> tuple[Any, ...]:  # fmt: skip
    passed = g * (y > 0)
    return *_at_once(passed, x, w, stride, dilation, padding, groups, need), passed


@convolve_relu.definition
def _(x: Any, w: Any, b: Any, **slide: Any) -> Any:
    return relu(convolve_add(x, w, b, **slide))
