"""An operation that brings its rule along, as a layer does whose author wrote its backward."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Primitive, plain
from tinydl.backend import xp

ROUGHLY = 0.01
"""A rule that states something else on purpose, such as a reversed gradient, is off by more."""


@Primitive
def own_rule(*values: Any, result: Any, backward: Any, exact: Any) -> Any:
    """result, which was computed from the values.

    backward(g) gives the gradient by each value, out of plain arrays. exact(g, need) gives those
    that are needed out of the definition of result, recorded.
    """
    return result


@own_rule.gradients("values")
def _(g: Any, backward: Any) -> Any:
    return backward(g)


@own_rule.higher("values")
def _(g: Any, backward: Any, exact: Any, need: tuple[bool, ...]) -> Any:
    found = exact(g, need)
    for stated, true, is_needed in zip(backward(plain(g)), found, need, strict=True):
        if is_needed and _differs(stated, true):
            raise NotImplementedError(
                "this backward gives something else than the derivative of predict, and higher "
                "derivatives are those of predict; call dlgradient without EnableHigherDerivatives"
            )
    return found


def _differs(stated: Any, true: Any) -> bool:
    """Whether two gradients differ by more than rounding can explain; None stands for zeros."""
    m = xp(stated)
    true = m.zeros(stated.shape, stated.dtype) if true is None else plain(true)
    if not stated.size:
        return False
    size = m.maximum(m.abs(stated), m.abs(true)).max()
    return bool(m.abs(stated - true).max() > ROUGHLY * size)
