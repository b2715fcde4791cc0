"""Streams of first and second derivatives through a function of each element, in few passes.

With the slope f' and the curvature f'' of the function at each element

    yⱼ → f' yⱼ      s → f' s + f'' Σⱼ yⱼ²

where the yⱼ are first derivatives by several variables, one beside the other in the first dimension
of an array, and s, the sum of the second ones, is the last of them. See primitives/push.py.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.reduce import sum
from tinydl.primitives.shape import concatenate, take


@Primitive.saving("squares")
def bend(stack: Any, slope: Any, curvature: Any, *, count: int, save: bool = False) -> Any:
    """The streams behind the function. There are `count` yⱼ, and without an s after them it is 0.

    The stack may expand to the shape of slope and curvature, not the other way round.
    """
    y, squares = xp(stack).bend(stack, slope, curvature, count)
    return (y, squares) if save else y


@bend.gradients("stack", "slope", "curvature")
def _(
    g: Any, stack: Any, slope: Any, curvature: Any, squares: Any, count: int
) -> tuple[Any, Any, Any]:
    found: tuple[Any, Any, Any] = xp(g).bend_gradients(g, stack, slope, curvature, squares, count)
    return found


@bend.definition
def _(stack: Any, slope: Any, curvature: Any, *, count: int) -> Any:
    first = take(stack, index=(slice(0, count),))
    second = sum(first * first, axis=(0,)) * curvature
    if stack.shape[0] > count:
        second = take(stack, index=(slice(count, None),)) * slope + second
    return concatenate(first * slope, second, axis=0)
