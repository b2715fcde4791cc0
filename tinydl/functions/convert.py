"""Other classes, other labels, plain arrays."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, is_array, xp
from tinydl.functions.arguments import only_dlarray
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import DTYPE, refuse_hidden, to_class
from tinydl.primitives.shape import transpose


def single(X: Any) -> Any:
    """X in single precision: a dlarray with the same labels, or a plain array.

    Example:
        >>> from tinydl import dlarray, single
        >>> single(dlarray([1, 2], "C"))
        2(C) × 1(U) single dlarray
        [1. 2.]
    """
    return cast(X, "single")


def double(X: Any) -> Any:
    """X in double precision: a dlarray with the same labels, or a plain array.

    A categorical array gives the number of each element's category, counted from 1 as in MATLAB.

    Example:
        >>> from tinydl import categorical, double
        >>> double([1, 2])
        array([1., 2.])
        >>> double(categorical(["b", "a", "b"]))
        array([2., 1., 2.])
    """
    return cast(X, "double")


def logical(X: Any) -> Any:
    """True where X is not 0. NaN has no truth and raises ValueError.

    Example:
        >>> from tinydl import logical
        >>> logical([0.0, 2.0])
        array([False,  True])
    """
    return cast(X, "logical")


def cast(X: Any, newclass: str) -> Any:
    """X in the class "single", "double" or "logical".

    A network is not converted, because MATLAB converts its parameters by
    ``net = dlupdate(double, net)``; the error says so.

    Example:
        >>> from tinydl import cast
        >>> cast([1, 0], "logical")
        array([ True, False])
    """
    if newclass not in DTYPE:
        raise ValueError(f"cast: the class is one of {', '.join(DTYPE)}, not {newclass!r}")
    if isinstance(X, dlarray):
        return dlarray._make(to_class(X._value, DTYPE[newclass]), X.dims)
    if hasattr(X, "Learnables"):
        raise TypeError(f"{newclass}(net) is not defined; use net = dlupdate({newclass}, net)")
    if hasattr(X, "categories"):
        return to_class(X.double(), DTYPE[newclass])
    refuse_hidden(X, f"{newclass}: X")
    array = X if is_array(X) else host.asarray(X)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{newclass}: {array.dtype} {type(X).__name__} cannot be converted")
    return to_class(array, DTYPE[newclass])


def extractdata(X: Any) -> Any:
    """The array of a dlarray, in the order of its labels, as a constant.

    It is not copied, and read-only for that reason; ``np.array(…)`` makes a copy to write to.
    A plain array is returned as it is.

    Example:
        >>> from tinydl import dlarray, extractdata
        >>> extractdata(dlarray([[1, 2], [3, 4]], "BC"))
        array([[1., 3.],
               [2., 4.]])
    """
    if not isinstance(X, dlarray):
        return X
    array = plain(X._value)
    return xp(array).read_only(array)


def stripdims(X: dlarray, fmt: str | None = None) -> dlarray:
    """The same array without labels; with fmt, after its dimensions were brought into that order.

    It shares the value: one can differentiate with respect to the result as to X itself.

    Example:
        >>> from tinydl import dlarray, stripdims
        >>> stripdims(dlarray([[1, 2], [3, 4]], "CB"), "BC")
        2×2 dlarray
        [[1. 3.]
         [2. 4.]]
    """
    X = only_dlarray(X, "stripdims")
    if fmt is None:
        return dlarray._make(X._value, "")
    wanted = formats.check(fmt, "stripdims: the format")
    if sorted(wanted) != sorted(X.dims):
        raise ValueError(f"stripdims: the format {fmt} does not have the labels of {X.dims!r}")
    left = list(enumerate(X.dims))
    order = [left.pop(next(k for k, (_, have) in enumerate(left) if have == letter))[0]
             for letter in wanted]  # fmt: skip
    if order == sorted(order):
        return dlarray._make(X._value, "")
    return dlarray._make(transpose(X._value, axes=tuple(order)), "")
