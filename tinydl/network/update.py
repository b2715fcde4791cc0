"""dlupdate: a function applied to every parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinydl.labels import dlarray
from tinydl.labels.containers import map_arrays, rebuild, refuse_plain, walk
from tinydl.labels.display import header
from tinydl.labels.format import describe


def dlupdate(fun: Callable[..., Any], A: Any, *others: Any, nargout: int = 1) -> Any:
    """fun applied to every dlarray in A: a dlarray, list, tuple, dict, table or network.

    Of a network it changes the Learnables only: ``net = dlupdate(double, net)`` leaves State in
    single precision. Several containers of equal form are walked together, ``dlupdate(fun, grads,
    net.Learnables)`` calls fun(g, w). fun may be any function; a plain result gets the labels of
    its first argument. With nargout=n fun returns n results, and so does dlupdate.

    Example:
        >>> from tinydl import dlarray, dlupdate
        >>> dlupdate(lambda g, w: g + 0.1 * w, {"w": dlarray(1.0)}, {"w": dlarray(10.0)})
        {'w': 1×1 dlarray
        2.}
    """
    if not callable(fun):
        raise TypeError(f"dlupdate: the first argument is a function, not {type(fun).__name__}")
    refuse_plain(A, "dlupdate: {kind} has no parameters; make it a dlarray")
    if nargout == 1:
        return map_arrays(lambda x, *more: _wrapped(fun(x, *more), x), A, *others)
    rows: list[list[dlarray]] = []
    for x, *more in walk(A, *others):
        results = fun(x, *more)
        if not isinstance(results, tuple) or len(results) != nargout:
            raise ValueError(f"dlupdate: fun did not return {nargout} results")
        rows.append([_wrapped(result, x) for result in results])
    columns = [[row[i] for row in rows] for i in range(nargout)]
    return tuple([rebuild(A, column, is_step=bool(others)) for column in columns])


def _wrapped(result: Any, x: dlarray) -> dlarray:
    if isinstance(result, dlarray):
        return dlarray._make(result._value, result._format)  # the function may keep its own handle
    array = dlarray(result)  # a copy: the function may keep its array, and write into it
    if array.shape != x.shape:
        raise ValueError(
            f"dlupdate: the function made {describe('', array.shape)} of {header(x, x.dims)}; a "
            "plain result needs the same size"
        )
    return dlarray._make(array._value, x.dims)
