"""Data brought to a common position and scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tinydl.autodiff.record import plain
from tinydl.backend import xp
from tinydl.functions.arguments import as_dlarray, axes, numbers_too, outputs
from tinydl.functions.describe import numel
from tinydl.functions.norm import number_of_norm
from tinydl.functions.reduce import Axis, finish, max, min
from tinydl.labels import dlarray
from tinydl.labels.classes import arithmetic
from tinydl.labels.options import named_options
from tinydl.primitives import reduce
from tinydl.primitives import statistics as by
from tinydl.primitives.elementwise import abs, where
from tinydl.primitives.shape import take

_Axes = tuple[int, ...]
_OfLines = Callable[[Any, _Axes], Any]


def _mean(x: Any, along: _Axes) -> Any:
    return reduce.mean(x, axis=along)


def _median(x: Any, along: _Axes) -> Any:
    return by.along_one(by.median, x, along)


def _std(x: Any, along: _Axes) -> Any:
    n = reduce.count(x.shape, along)
    return by.root(by.squares(x, axis=along) * (1.0 / (n - 1 or 1)))


def _mad(x: Any, along: _Axes) -> Any:
    """The median distance from the median."""
    return _median(abs(x - _median(x, along)), along)


def _iqr(x: Any, along: _Axes) -> Any:
    """The distance between the quartiles."""
    upper, lower = (by.along_one(by.quantile, x, along, p=p) for p in (0.75, 0.25))
    return upper - lower


def _first(x: Any, along: _Axes) -> Any:
    return by.along_one(_first_of_line, x, along)


def _first_of_line(x: Any, *, axis: int) -> Any:
    return take(x, index=(*(slice(None),) * axis, slice(0, 1)))


class _Method(NamedTuple):
    """A way to normalize: (x − centre) / scale. None stands for 0 or 1."""

    centre: _OfLines | None
    scale: _OfLines | None


_METHODS = {
    ("zscore", "std"): _Method(_mean, _std),
    ("zscore", "robust"): _Method(_median, _mad),
    ("center", "mean"): _Method(_mean, None),
    ("center", "median"): _Method(_median, None),
    ("scale", "std"): _Method(None, _std),
    ("scale", "mad"): _Method(None, _mad),
    ("scale", "first"): _Method(None, _first),
    ("scale", "iqr"): _Method(None, _iqr),
    ("medianiqr", None): _Method(_median, _iqr),
}
_DEFAULT = {"zscore": "std", "center": "mean", "scale": "std", "norm": 2, "range": (0, 1),
            "medianiqr": None}  # fmt: skip


@numbers_too
def normalize(
    X: Any,
    dim: str | None = None,
    method: str | None = None,
    methodtype: Any = None,
    *,
    axis: Axis = None,
    nargout: int = 1,
) -> Any:
    """(X − C) / S with a centre C and a scale S of each line along a dimension.

    method and methodtype say which; the default is the first of each::

        "zscore"     "std": mean and standard deviation (by N − 1), "robust": median and mad
        "norm"       p = 2 or another number, also Inf: C = 0, S the p-norm
        "scale"      C = 0, S by "std", "mad", "first" (the first element), "iqr", or a number
        "range"      [a, b] = [0, 1]: the smallest element becomes a and the largest b
        "center"     S = 1, C by "mean", "median", or a number
        "medianiqr"  median and iqr

    mad is the median distance from the median, iqr the distance between the quartiles. nargout=3
    gives C and S too. Where S is 0 the line is only centred. NaN makes its whole line NaN. A
    method may take the place of the dimension: ``normalize(X, "range")``. All is differentiated,
    C and S too.

    Example:
        >>> from tinydl import dlarray, normalize
        >>> normalize([1.0, 2.0, 3.0])
        array([-1.,  0.,  1.])
        >>> normalize([1.0, 2.0, 3.0], "range", [-1, 1], nargout=3)
        (array([-1.,  0.,  1.]), array(2.), array(1.))
    """
    if dim in _DEFAULT:
        if methodtype is not None:
            raise TypeError(f"normalize: one method a call; {dim!r} is followed by its type only")
        dim, method, methodtype = None, dim, method
    along = axes(X, dim, axis, "normalize")
    if reduce.count(X.shape, along) == 0:
        raise ValueError("normalize: there are no elements along the dimension to normalize by")
    x = arithmetic(X._value)
    centre, scale = _centre_and_scale(x, along, method or "zscore", methodtype)
    kept = tuple([1 if i in along else n for i, n in enumerate(x.shape)])
    ones = xp(plain(x)).ones(kept, x.dtype)  # numbers become one for each line
    centre, scale = ones * centre, ones * scale
    scale = where(plain(scale) == 0, 1.0, scale)
    result = dlarray._make((x - centre) / scale, X.dims)
    if outputs(nargout, 3, "normalize") == 1:
        return result
    both = [finish(X, part, dim, axis) for part in (centre, scale)]
    return (result, *both)[:nargout]


def _centre_and_scale(x: Any, along: _Axes, method: str, kind: Any) -> tuple[Any, Any]:
    """What is taken away and what is divided by: one value for each line, or a number."""
    if method not in _DEFAULT:
        names = ", ".join(_DEFAULT)
        raise ValueError(f"normalize: method is one of {names}, not {method!r}")
    kind = _DEFAULT[method] if kind is None else kind
    if method == "norm":
        return 0.0, by.norm(x, p=number_of_norm(kind, "normalize"), axis=along)
    if method == "range":
        return _for_range(x, along, kind)
    if (method, kind) in _METHODS if isinstance(kind, (str, type(None))) else False:
        chosen = _METHODS[method, kind]
        centre = 0.0 if chosen.centre is None else chosen.centre(x, along)
        return centre, 1.0 if chosen.scale is None else chosen.scale(x, along)
    if method in ("center", "scale") and isinstance(kind, (int, float)) and kind == kind:
        return (float(kind), 1.0) if method == "center" else (0.0, float(kind))
    types = [repr(known) for name, known in _METHODS if name == method and known]
    allowed = ", ".join(types + ["a number"] * (method in ("center", "scale"))) or "nothing"
    raise ValueError(f'normalize: "{method}" is followed by {allowed}, not by {kind!r}')


def _for_range(x: Any, along: _Axes, interval: Any) -> tuple[Any, Any]:
    """The centre and scale that bring the extremes to the ends of an interval [a, b]."""
    if not isinstance(interval, (list, tuple)) or len(interval) != 2:
        raise ValueError(f'normalize: "range" is followed by [a, b], not by {interval!r}')
    a, b = (float(end) for end in interval)
    if not a < b:
        raise ValueError(
            f'normalize: "range" goes from a smaller to a larger number, not {interval!r}'
        )
    smallest, largest = x, x
    for i in along:
        smallest, largest = reduce.min(smallest, axis=i), reduce.max(largest, axis=i)
    scale = (largest - smallest) * (1.0 / (b - a))
    scale = where(plain(scale) == 0, 1.0, scale)
    return smallest - scale * a, scale


@named_options
@numbers_too
def rescale(
    X: Any, lower: Any = 0, upper: Any = 1, *, InputMin: Any = None, InputMax: Any = None
) -> Any:
    """X stretched so that its smallest element becomes `lower` and its largest `upper`.

    lower + (X − InputMin) / (InputMax − InputMin) · (upper − lower). InputMin and InputMax, by
    default the extremes of all of X, are what becomes lower and upper; elements beyond are set to
    them first. All four are numbers or arrays that expand to X. Where InputMin equals InputMax the
    result is lower.

    Example:
        >>> from tinydl import rescale
        >>> rescale([1.0, 2.0, 3.0])
        array([0. , 0.5, 1. ])
        >>> rescale([1.0, 2.0, 3.0], -1, 1, InputMax=2)
        array([-1.,  1.,  1.])
    """
    if numel(X) == 0:
        return X
    lower, upper = _operand(X, lower, "lower"), _operand(X, upper, "upper")
    low = min(X, "all") if InputMin is None else _operand(X, InputMin, "InputMin")
    high = max(X, "all") if InputMax is None else _operand(X, InputMax, "InputMax")
    _check_order(lower, upper, "lower and upper")
    _check_order(low, high, "InputMin and InputMax")
    inside = min(max(X, low), high)
    width = high - low
    share = (inside - low) / (width + (width == 0) * 1.0)  # of no width: 0 / 1
    return lower + share * (upper - lower)


def _operand(X: dlarray, v: Any, argument: str) -> Any:
    return v if isinstance(v, (int, float)) else as_dlarray(v, argument, (X,))


def _check_order(first: Any, second: Any, arguments: str) -> None:
    if _any(first > second):
        raise ValueError(f"rescale: of {arguments} the second one must not be smaller")


def _any(mask: Any) -> bool:
    return bool(plain(mask._value).any()) if isinstance(mask, dlarray) else bool(mask)
