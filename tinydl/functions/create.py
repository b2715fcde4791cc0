"""Arrays of one number, unit matrices, evenly spaced numbers."""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, xp
from tinydl.functions.arguments import as_dlarray, numbers_too, whole_sizes
from tinydl.labels import dlarray
from tinydl.labels.classes import DTYPE, arithmetic, as_array
from tinydl.labels.devices import together
from tinydl.labels.display import header
from tinydl.labels.options import no_value
from tinydl.primitives.shape import reshape


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


@no_value("True")
def true(*sizes: Any, like: Any = None) -> Any:
    """Truth values that are true; sizes as in zeros, the class is always logical.

    like= says the device, and whether the result is a dlarray.

    Example:
        >>> from tinydl import true
        >>> true(1, 2)
        array([[ True,  True]])
    """
    return filled(1.0, (*_without_class(sizes, "true"), "logical"), like, "true")


@no_value("False")
def false(*sizes: Any, like: Any = None) -> Any:
    """Truth values that are false; see true.

    Example:
        >>> from tinydl import false
        >>> false(1, 2)
        array([[False, False]])
    """
    return filled(0.0, (*_without_class(sizes, "false"), "logical"), like, "false")


@no_value("float('nan')")
def nan(*sizes: Any, like: Any = None) -> Any:
    """NaN, not a number; MATLAB's NaN and nan. Sizes, class and like= as in zeros.

    Without sizes it is one element. The class logical, which has no NaN, raises ValueError.

    Example:
        >>> from tinydl import nan
        >>> nan(1, 2)
        array([[nan, nan]])
    """
    return _filled_with_float(math.nan, sizes, like, "nan")


@no_value("float('inf')")
def inf(*sizes: Any, like: Any = None) -> Any:
    """Infinity; MATLAB's Inf and inf. Sizes, class and like= as in nan.

    Example:
        >>> from tinydl import inf
        >>> inf(1, 2)
        array([[inf, inf]])
    """
    return _filled_with_float(math.inf, sizes, like, "inf")


def eye(*sizes: Any, like: Any = None) -> Any:
    """The unit matrix: eye(3) is 3×3, eye(3, 4) is 3×4. Class and like= as in zeros.

    Example:
        >>> from tinydl import eye
        >>> eye(2)
        array([[1., 0.],
               [0., 1.]])
    """
    shape, dtype = shape_and_class(sizes, "eye")
    if len(shape) not in (0, 2):
        raise ValueError(f"eye: a matrix has two sizes, not {len(shape)}")
    rows, columns = shape or (1, 1)
    is_diagonal = host.arange(rows)[:, None] == host.arange(columns)
    return placed(is_diagonal.reshape(shape), dtype, like, "eye")


@numbers_too
def linspace(a: Any, b: Any, n: int = 100) -> Any:
    """A row of n numbers, evenly spaced from a to b, both of which are in it.

    a and b are numbers, or dlarrays of one element: a (1 − t) + b t for t = 0 … 1 has a derivative
    by both. n = 1 gives b alone. The row is 1 × n and has no labels.

    Example:
        >>> from tinydl import linspace
        >>> linspace(0, 1, 5)
        array([[0.  , 0.25, 0.5 , 0.75, 1.  ]])
    """
    (n,) = whole_sizes((n,), "linspace: n")
    ends = []
    for name, x in (("a", a), ("b", b)):
        x = as_dlarray(x, f"linspace: {name}", beside=(a,))
        if math.prod(x.shape) != 1:
            raise ValueError(f"linspace: {name} is one number, not {header(x, x.dims)}")
        ends.append(reshape(arithmetic(x._value), shape=(), order="C"))
    start, stop = [dlarray._make(x, "") for x in together(ends, ("linspace: a", "linspace: b"))]
    t = host.arange(n).reshape(1, n) / max(n - 1, 1) if n != 1 else host.ones((1, 1))
    t = placed(t, None, start, "linspace")
    return start * (1.0 - t) + stop * t


def _without_class(sizes: tuple[Any, ...], caller: str) -> tuple[Any, ...]:
    if sizes and isinstance(sizes[-1], str):
        raise ValueError(f"{caller}: the class is always logical; {sizes[-1]!r} is too much")
    return sizes


def _filled_with_float(number: float, sizes: tuple[Any, ...], like: Any, caller: str) -> Any:
    made = filled(number, sizes, like, caller)
    if made.dtype == DTYPE["logical"]:
        raise ValueError(f"{caller}: truth values are true or false; name the class single or "
                         "double")  # fmt: skip
    return made


def filled(number: float, sizes: tuple[Any, ...], like: Any, caller: str) -> Any:
    """An array of one number; see zeros."""
    shape, dtype = shape_and_class(sizes, caller)
    if like is None:
        return host.full(shape, number, dtype or DTYPE["double"])
    array = model(like, caller)
    made = xp(array).empty(shape, dtype or array.dtype)
    made[...] = number
    return as_like(made, like)


def model(like: Any, caller: str) -> Any:
    """The plain array whose class and device like= asks for."""
    return plain(like._value) if isinstance(like, dlarray) else as_array(like, f"{caller}: like")


def placed(array: Any, dtype: Any, like: Any, caller: str) -> Any:
    """Numbers made in the computer's own memory, in the class and on the device asked for."""
    if like is None:
        return array.astype(dtype or DTYPE["double"], copy=False)
    other = model(like, caller)
    return as_like(xp(other).asarray(array.astype(dtype or other.dtype)), like)


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
