"""Arrays of zeros and ones."""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, xp
from tinydl.functions.arguments import whole_sizes
from tinydl.labels import dlarray
from tinydl.labels.classes import DTYPE, as_array


def zeros(*sizes: Any, like: Any = None) -> Any:
    """Zeros: zeros(3) is 3×3, zeros(3, 4) and zeros((3, 4)) are 3×4.

    A class name after the sizes, "single" or "logical", replaces double. With like= the class and
    the device are those of another array, and a dlarray makes a dlarray, without labels. Otherwise
    the result is a plain NumPy array.

    Example:
        >>> from tinydl import dlarray, zeros
        >>> zeros(1, 2, "single")
        array([[0., 0.]], dtype=float32)
        >>> zeros(1, 2, like=dlarray([1.0], "C"))
        1×2 dlarray
        [[0. 0.]]
    """
    return filled(0.0, sizes, like, "zeros")


def ones(*sizes: Any, like: Any = None) -> Any:
    """Ones: ones(3) is 3×3, ones(3, 4) and ones((3, 4)) are 3×4. Class and like= as in zeros.

    Example:
        >>> from tinydl import ones
        >>> ones(1, 3)
        array([[1., 1., 1.]])
    """
    return filled(1.0, sizes, like, "ones")


def filled(number: float, sizes: tuple[Any, ...], like: Any, caller: str) -> Any:
    """An array of one number; see zeros."""
    shape, dtype = shape_and_class(sizes, caller)
    if like is None:
        return host.full(shape, number, dtype or DTYPE["double"])
    array = plain(like._value) if isinstance(like, dlarray) else as_array(like, f"{caller}: like")
    made = xp(array).empty(shape, dtype or array.dtype)
    made[...] = number
    return as_like(made, like)


def as_like(array: Any, like: Any) -> Any:
    """A dlarray without labels if `like` is one, else the array itself."""
    return dlarray._make(array, "") if isinstance(like, dlarray) else array


def shape_and_class(sizes: tuple[Any, ...], caller: str) -> tuple[tuple[int, ...], Any]:
    """What the positional arguments of zeros, ones and rand ask for; the class may be None."""
    dtype = None
    if sizes and isinstance(sizes[-1], str):
        if sizes[-1] not in DTYPE:
            raise ValueError(f"{caller}: the class is one of {', '.join(DTYPE)}, not {sizes[-1]!r}")
        dtype, sizes = DTYPE[sizes[-1]], sizes[:-1]
    if len(sizes) == 1 and hasattr(sizes[0], "__iter__"):
        sizes = tuple(sizes[0])
    elif len(sizes) == 1:
        sizes = (sizes[0], sizes[0])
    shape = whole_sizes(sizes, caller)
    if math.prod(shape) > 2**48:
        raise ValueError(f"{caller}: {' × '.join(map(str, shape))} elements are too many")
    return shape, dtype
