"""What crossentropy adds up: how improbable targets are to predicted probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinydl.autodiff import Primitive
from tinydl.backend import xp
from tinydl.primitives.elementwise import log, maximum, multiply, negative
from tinydl.primitives.reduce import sum_to


@Primitive
def surprise(p: Any, t: Any, *, least: float) -> Any:
    """−t ln p, element by element, with p kept above a least number. The shapes are equal."""
    return xp(p, t).surprise(p, t, least)


@surprise.gradients("p", "t")
def _(g: Any, p: Any, t: Any, least: float, need: Sequence[bool]) -> tuple[Any, Any]:
    lib = xp(g)
    return (
        lib.surprise_gradient(g, p, t, least, 1.0) if need[0] else None,
        -g * lib.log(lib.maximum(p, least)) if need[1] else None,
    )


@surprise.definition
def _(p: Any, t: Any, *, least: float) -> Any:
    return negative(multiply(t, log(maximum(p, least))))


@Primitive
def total_surprise(p: Any, t: Any, *, least: float, scale: float) -> Any:
    """scale · Σ −t ln p, likewise."""
    return xp(p, t).total_surprise(p, t, least, scale)


@total_surprise.gradients("p", "t")
def _(g: Any, p: Any, t: Any, least: float, scale: float, need: Sequence[bool]) -> tuple[Any, Any]:
    lib = xp(g)
    return (
        lib.surprise_gradient(g, p, t, least, scale) if need[0] else None,
        -(g * scale) * lib.log(lib.maximum(p, least)) if need[1] else None,
    )


@total_surprise.definition
def _(p: Any, t: Any, *, least: float, scale: float) -> Any:
    return sum_to(surprise(p, t, least=least), shape=()) * scale
