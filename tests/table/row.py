"""What a row of the table of operations says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator], list[Any]]


@dataclass(frozen=True)
class Row:
    """One operation, as most of the suite sees it.

    name       unique; starts with the primitive's or function's own name
    primitive  the primitive that the row stands for ("" for a function composed of several)
    call       the operation on positional arrays: plain, complex or recorded
    draw       inputs as float64 arrays from a generator; those not followed may be of any class
    follow     which inputs are differentiated (all, if empty)
    radius     for the contour oracle: at most half the distance to the nearest singularity or kink
               of call(x + t v) with |v| ≤ 1; None where call does not take complex numbers or is
               not their analytic function, and central differences are used
    reference  the same value by NumPy, SciPy or plain loops, independent of the package
    also       draws of further shapes: 0-d, zero-size, expanding, that all tests run through too
    special    inputs at marked points (zeros, saturation, ties) where the function is smooth and
               its code might not be; what holds at corners is stated in tests of their own
    orders     how many orders of derivative exist
    why        the reason, if that is less than 3
    errors     (inputs, exception, words of its message) for calls that must fail
    """

    name: str
    primitive: str
    call: Callable[..., Any]
    draw: Draw
    follow: tuple[int, ...] = ()
    radius: float | None = 1.0
    reference: Callable[..., Any] | None = None
    also: Sequence[Draw] = ()
    special: Sequence[list[Any]] = ()
    orders: int = 3
    why: str = ""
    errors: Sequence[tuple[list[Any], type[Exception], str]] = ()

    def __post_init__(self) -> None:
        if self.orders < 3 and not self.why:
            raise ValueError(f"{self.name}: fewer than three orders need a reason")

    def __repr__(self) -> str:  # what pytest prints as the test's id
        return self.name

    def followed(self, xs: Sequence[Any]) -> tuple[int, ...]:
        """Which of these inputs are differentiated."""
        return self.follow or tuple(range(len(xs)))


def normal(*shapes: Shape) -> Draw:
    """Inputs drawn from the normal distribution."""
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def uniform(low: float, high: float, *shapes: Shape) -> Draw:
    """Inputs drawn uniformly between two bounds, which keep away from singularities and kinks."""
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def apart(*shapes: Shape) -> Draw:
    """Inputs no two elements of which are closer than 1, nor any closer than 1 to zero."""

    def draw(rng: np.random.Generator) -> list[Any]:
        total = sum(int(np.prod(shape)) for shape in shapes)
        sizes = np.arange(1, total + 1) + 0.25
        values = rng.permutation(sizes * np.where(np.arange(total) % 2, 1.0, -1.0))
        pieces = np.split(values, np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]

    return draw
