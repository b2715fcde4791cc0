"""dlfeval and dlgradient: differentiation as users see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinydl.autodiff import Record, Recorded, gradient
from tinydl.autodiff.record import plain
from tinydl.backend import computing, xp
from tinydl.labels import dlarray
from tinydl.labels.classes import LOGICAL
from tinydl.labels.containers import dlarrays_in, map_arrays, rebuild, refuse_plain
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.training.accelerate import AcceleratedFunction
from tinydl.training.parameters import learnables
from tinydl.training.recording import current

NO_VARIABLE = (
    "{kind} cannot be differentiated by; make it a dlarray and pass it as an argument of dlfeval"
)


def dlfeval(fun: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """fun(*args, **options), recorded so that dlgradient can differentiate inside it.

    The dlarrays among the arguments are the variables, also those inside lists, tuples, dicts,
    tables and the Learnables of networks. fun gets handles of its own on all of them, so what it
    assigns does not reach the caller. What it returns comes back without history: the record
    ends with the call, and also when fun raises an exception.

    Calls of dlfeval are not nested. fun may come from dlaccelerate.

    Example:
        >>> from tinydl import dlarray, dlfeval, dlgradient
        >>> def square(x):
        ...     y = x**2
        ...     return y, dlgradient(y, x)
        >>> dlfeval(square, dlarray(3.0))
        (1×1 dlarray
        9., 1×1 dlarray
        6.)
    """
    if not callable(fun):
        raise TypeError(
            f"dlfeval: the first argument is the function to call, not {type(fun).__name__}; write "
            "dlfeval(f, x), not dlfeval(f(x))"
        )
    if current.record is not None:
        raise RuntimeError(
            "dlfeval was called inside a function that dlfeval is running; call that function "
            "directly, its computations are recorded already"
        )
    if isinstance(fun, AcceleratedFunction):
        return fun._evaluate(_recorded, args, options)
    return _recorded(fun, args, options)


def _recorded(fun: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """fun(*args, **options) in a recording of its own."""
    record = Record()
    current.record = record
    try:
        with computing():
            variables = map_arrays(lambda x: _variable(x, record), (args, options))
            return map_arrays(_finished, fun(*variables[0], **variables[1]))
    finally:
        current.record = None  # first, as it calls nothing that an interrupt could keep from it
        record.close()


def _variable(x: dlarray, record: Record) -> dlarray:
    """A fresh handle, on a recorded value if x can be differentiated by."""
    if type(x._value) is Recorded:
        x._value.node.record.check_open()
        raise RuntimeError("an argument of dlfeval is recorded by a dlfeval of another thread")
    value = x._value
    return dlarray._make(value if value.dtype == LOGICAL else record.leaf(value), x._format)


def _finished(x: dlarray) -> dlarray:
    """A handle on the array of x itself, or on a copy if that is a view: it may be small and hold
    on to a large one, or look large and repeat a single number."""
    array = plain(x._value)
    whole = array if array.base is None else xp(array).as_own_copy(array)
    return dlarray._make(whole, x._format)


@named_options
def dlgradient(
    y: dlarray,
    *x: Any,
    RetainData: bool = False,
    EnableHigherDerivatives: bool = False,
) -> Any:
    """The gradient of the number y with respect to x, inside a function called by dlfeval.

    Each x is a dlarray, a list, tuple, dict or table of them, or a network, which stands for its
    Learnables; the gradient has the same form, and each array of it the labels and class of its
    variable. Several x give a tuple. A variable that y does not depend on has the gradient zeros.

    RetainData=True keeps the record for another gradient in the same dlfeval; otherwise it is
    released. EnableHigherDerivatives=True records the gradient itself, so that it can be
    differentiated again; it retains the record too.

    Example:
        >>> from tinydl import dlarray, dlfeval, dlgradient
        >>> def second(x):
        ...     slope = dlgradient(x**3, x, EnableHigherDerivatives=True)
        ...     return dlgradient(slope, x)
        >>> float(dlfeval(second, dlarray(2.0)))
        12.0
    """
    if not x:
        raise TypeError("dlgradient: with respect to what? Write dlgradient(y, x)")
    root = _differentiable(y)
    for part in x:
        refuse_plain(part, "dlgradient: " + NO_VARIABLE)
    variables = [check_variable(v, "dlgradient") for v in dlarrays_in(x)]
    values = gradient(
        root,
        [v._value for v in variables],
        higher=EnableHigherDerivatives,
        retain=RetainData or EnableHigherDerivatives,
    )
    values = _own(values)
    if EnableHigherDerivatives:  # a constant one is followed too: its derivatives are zeros
        leaf = root.node.record.leaf
        values = [g if type(g) is Recorded else leaf(g) for g in values]
    found = [dlarray._make(g, v._format) for g, v in zip(values, variables, strict=True)]
    results = rebuild(learnables(x), found)
    return results if len(x) > 1 else results[0]


def _own(gradients: list[Any]) -> list[Any]:
    """The gradients as full arrays that share no memory. Recorded ones stay as they are."""
    own = list(gradients)
    by_library: dict[Any, list[int]] = {}
    for i, g in enumerate(gradients):
        if type(g) is not Recorded:
            by_library.setdefault(xp(g), []).append(i)
    for library, here in by_library.items():
        for i, g in zip(here, library.own_all([gradients[i] for i in here]), strict=True):
            own[i] = g
    return own


def check_recorded(y: Any, caller: str) -> Recorded:
    """The value of y, if it was computed from an argument of the dlfeval that is running."""
    if isinstance(y, dlarray) and type(y._value) is Recorded:
        return y._value
    kind = header(y._value, y.dims) if isinstance(y, dlarray) else type(y).__name__
    if current.record is None:
        raise RuntimeError(
            f"{caller} was called outside dlfeval; put it into a function and call "
            "dlfeval(function, x)"
        )
    raise ValueError(
        f"{caller}: the value to differentiate must be a recorded dlarray; "
        f"this {kind} does not depend on an argument of dlfeval"
    )


def _differentiable(y: Any) -> Recorded:
    value = check_recorded(y, "dlgradient")
    if value.data.size != 1:
        raise ValueError(
            f"dlgradient: the value to differentiate must be one number, not "
            f'{header(value.data, y.dims)}; use sum(Y, "all") or a loss'
        )
    return value


def check_variable(x: Any, caller: str) -> dlarray:
    """x itself, if one can differentiate with respect to it."""
    if not isinstance(x, dlarray):
        raise TypeError(f"{caller}: " + NO_VARIABLE.format(kind=f"a {type(x).__name__}"))
    value = x._value
    if value.dtype == LOGICAL:
        raise ValueError(f"{caller}: {header(x._value, x.dims)} has no derivative; it is logical")
    if type(value) is not Recorded:
        raise ValueError(
            f"{caller}: {header(x._value, x.dims)} is a constant of this computation; pass it as "
            "an argument of dlfeval to differentiate with respect to it"
        )
    value.node.record.check_open()
    return x
