"""NumPy's functions on dlarrays: ``np.exp(X)`` works, stays a dlarray, and stays differentiable.

They keep NumPy's meaning: axes are numbers, and a reduced dimension goes, with its label. What is
not listed here raises an error, and so do functions that NumPy and MATLAB define differently: an
array of objects, or a derivative lost in silence, is never the answer.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from tinydl.autodiff.record import plain
from tinydl.backend import host, xp
from tinydl.labels import align
from tinydl.labels import format as formats
from tinydl.labels.apply import binary, comparison, operands, unary, value_and_format
from tinydl.labels.classes import arithmetic, as_array, common, to_class
from tinydl.labels.devices import together
from tinydl.labels.handle import Handle
from tinydl.primitives import (
    circular,
    cumulate,
    elementwise,
    hyperbolic,
    logarithm,
    reduce,
    shape,
    special,
    statistics,
    steps,
)
from tinydl.primitives.product import product

_UNARY = {
    "exp": elementwise.exp, "expm1": elementwise.expm1, "log": elementwise.log,
    "log1p": elementwise.log1p, "sqrt": elementwise.sqrt, "sin": elementwise.sin,
    "cos": elementwise.cos, "tan": elementwise.tan, "arcsin": elementwise.asin,
    "arccos": elementwise.acos, "arctan": elementwise.atan, "sinh": elementwise.sinh,
    "cosh": elementwise.cosh, "tanh": elementwise.tanh, "absolute": elementwise.abs,
    "fabs": elementwise.abs, "sign": elementwise.sign, "negative": elementwise.negative,
    "positive": elementwise.identity, "conjugate": elementwise.identity, "floor": steps.floor,
    "ceil": steps.ceil, "trunc": steps.fix, "log2": logarithm.log2, "log10": logarithm.log10,
    "arcsinh": hyperbolic.asinh, "arccosh": hyperbolic.acosh, "arctanh": hyperbolic.atanh,
    "erf": elementwise.erf, "erfc": special.erfc, "erfinv": special.erfinv, "gamma": special.gamma,
    "gammaln": special.gammaln, "psi": special.polygamma,
}  # fmt: skip
_BINARY = {
    "add": elementwise.add, "subtract": elementwise.subtract, "multiply": elementwise.multiply,
    "divide": elementwise.divide, "maximum": elementwise.maximum, "minimum": elementwise.minimum,
    "arctan2": circular.atan2, "hypot": circular.hypot, "fmod": steps.rem,
}  # fmt: skip
_COMPARISON: dict[str, Callable[..., Any]] = {
    "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt,
    "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "logical_xor": lambda x, y: xp(x, y).logical_xor(x != 0, y != 0),
}  # fmt: skip
_TEST = ("isnan", "isinf", "isfinite")

_INSTEAD = {
    "reshape": "reshape(X, …) of tinydl, which counts elements in MATLAB's column-major order",
    "ravel": "reshape(X, -1) of tinydl, which counts elements in MATLAB's column-major order",
    "var": "ddof=, or var(X, …) of tinydl, which divides by N − 1 as MATLAB does",
    "std": "ddof=, or std(X, …) of tinydl, which divides by N − 1 as MATLAB does",
    "cumsum": "axis=, or cumsum(X, …) of tinydl, which goes along one dimension",
    "cumprod": "axis=, or cumprod(X, …) of tinydl, which goes along one dimension",
    "round": "round(X) of tinydl, which rounds halves away from zero as MATLAB does",
    "rint": "round(X) of tinydl, which rounds halves away from zero as MATLAB does",
    "remainder": "mod(X, Y) of tinydl, which gives X where Y is 0 as MATLAB does",
}


def ufunc(function: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What NumPy's element-by-element functions and operators do with a dlarray."""
    name = function.__name__
    if method != "__call__" or options:
        asked = ", ".join([f"{key}=" for key in options]) or f".{method}"
        raise TypeError(f"numpy.{name} with {asked} is not supported for a dlarray")
    if name in _UNARY:
        return unary(_UNARY[name], inputs[0])
    if name in _BINARY:
        return binary(_BINARY[name], *inputs)
    if name in _COMPARISON:
        return comparison(_COMPARISON[name], *inputs)
    if name in _TEST:
        return _test(name, inputs[0])
    if name in ("power", "float_power"):
        return (
            inputs[0] ** inputs[1]
            if isinstance(inputs[0], Handle)
            else inputs[1].__rpow__(inputs[0])
        )
    if name in ("logical_and", "bitwise_and"):
        return _reflected(operator.and_, *inputs)
    if name in ("logical_or", "bitwise_or"):
        return _reflected(operator.or_, *inputs)
    if name in ("logical_not", "invert"):
        return ~inputs[0]
    if name == "matmul":
        left, right = inputs
        return left @ right if isinstance(left, Handle) else right.__rmatmul__(left)
    _raise_unsupported(name)


def _reflected(function: Callable[..., Any], a: Any, b: Any) -> Any:
    """A symmetric operator, with the dlarray first so that NumPy does not ask again."""
    return function(a, b) if isinstance(a, Handle) else function(b, a)


def _test(name: str, x: Any) -> Any:
    array = plain(x._value)
    return type(x)._make(getattr(xp(array), name)(array), x._format)


def _raise_unsupported(name: str) -> NoReturn:
    advice = _INSTEAD.get(name, "extractdata(X) gives the numbers, as constants")
    raise TypeError(f"numpy.{name} is not defined for a dlarray; use {advice}")


# ---- functions that are not element by element --------------------------------------------------


def function(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the rest of NumPy's functions do with a dlarray."""
    name = func.__name__
    implementation = _FUNCTIONS.get(name)
    if implementation is None:
        _raise_unsupported(name)
    try:
        return implementation(*args, **kwargs)
    except TypeError as error:
        if "unexpected keyword" in str(error) or "positional argument" in str(error):
            raise TypeError(f"numpy.{name} for a dlarray: {str(error).split('() ')[-1]}") from None
        raise


def _reduction(primitive: Callable[..., Any], one_by_one: bool = False) -> Callable[..., Any]:
    def reduced(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        value = arithmetic(a._value)
        axes = _axes(axis, value.ndim)
        if one_by_one:
            for i in axes:
                value = primitive(value, axis=i)
        else:
            value = primitive(value, axis=axes)
        if keepdims:
            return type(a)._make(value, a._format)
        sizes = tuple([n for i, n in enumerate(value.shape) if i not in axes])
        return type(a)._make(
            shape.reshape(value, shape=sizes, order="C"), formats.without(a._format, axes)
        )

    return reduced


def _variance(name: str, of_variance: Callable[[Any], Any]) -> Callable[..., Any]:
    def reduced(a: Any, axis: Any = None, *, ddof: Any = None, keepdims: bool = False) -> Any:
        if ddof is None:
            _raise_unsupported(name)

        def spread(x: Any, axis: tuple[int, ...]) -> Any:
            rest = reduce.count(x.shape, axis) - ddof
            squares = statistics.squares(x, axis=axis)
            return of_variance(squares * (1.0 / rest if rest > 0 else float("inf")))

        return _reduction(spread)(a, axis, keepdims=keepdims)

    return reduced


def _median(x: Any, axis: tuple[int, ...]) -> Any:
    return statistics.along_one(statistics.median, x, axis)


def _cumulative(name: str, primitive: Callable[..., Any]) -> Callable[..., Any]:
    def along(a: Any, axis: Any = None) -> Any:
        if axis is None:
            _raise_unsupported(name)
        value = primitive(arithmetic(a._value), axis=_axis(axis, a.ndim))
        return type(a)._make(value, a._format)

    return along


def _axes(axis: Any, rank: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [_axis(i, rank) for i in given]
    if len(set(axes)) < len(axes):
        raise ValueError(f"axis {axis} names a dimension twice")
    return tuple(axes)


def _axis(axis: Any, rank: int) -> int:
    i = operator.index(axis)
    if not -rank <= i < rank:
        raise ValueError(f"axis {i} of an array with {rank} dimensions")
    return i % rank


def _where(condition: Any, x: Any, y: Any) -> Any:
    kind = type(next(v for v in (condition, x, y) if isinstance(v, Handle)))
    if not isinstance(x, Handle) and not isinstance(y, Handle):
        x = kind._make(as_array(x, "the second argument"), "")
    a, b, fmt = operands(x, y)
    mask, mask_format = value_and_format(condition, "the condition")
    given = [v for v in (a, b) if not isinstance(v, float)]
    together((mask, *given), ("the condition", *["a choice"] * len(given)))
    mask, a, joined = _aligned(mask, mask_format, a, fmt)
    mask, b, joined = _aligned(mask, joined, b, fmt)
    return kind._make(elementwise.where(plain(mask) != 0, a, b), joined)


def _aligned(mask: Any, mask_format: str, value: Any, fmt: str) -> tuple[Any, Any, str]:
    """A condition and a value in one rank and format; a number has neither."""
    if isinstance(value, float) or value.ndim == 0:
        return mask, value, mask_format
    return align.labels(mask, mask_format, value, fmt)


def _concatenate(arrays: Any, axis: Any = 0) -> Any:
    pairs = [value_and_format(x) for x in arrays]
    kind = type(next(x for x in arrays if isinstance(x, Handle)))
    labels = {fmt for _, fmt in pairs if fmt}
    if len(labels) > 1:
        raise ValueError(f"arrays of the formats {sorted(labels)} cannot be laid side by side")
    if axis is None:
        raise TypeError("numpy.concatenate with axis=None is not defined for a dlarray; use "
                        "reshape(X, -1) of tinydl on each array")  # fmt: skip
    dtype = common(*[value.dtype for value, _ in pairs])
    values = together([to_class(value, dtype) for value, _ in pairs],
                      [f"array {i}" for i in range(len(pairs))])  # fmt: skip
    at = _axis(axis, values[0].ndim)
    return kind._make(shape.concatenate(*values, axis=at), "".join(labels))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if low is not None:
        a = binary(elementwise.maximum, a, low)
    return a if high is None else binary(elementwise.minimum, a, high)


def _numbers(x: Any) -> Any:
    return xp(plain(x._value)).to_host(plain(x._value)) if isinstance(x, Handle) else x


def _on_numbers(name: str) -> Callable[..., Any]:
    """A function whose answer is a bool: it has no derivative to lose."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        options = {key: _numbers(x) for key, x in kwargs.items()}
        return getattr(host, name)(*[_numbers(x) for x in args], **options)

    return answer


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _reduction(reduce.sum),
    "mean": _reduction(reduce.mean),
    "max": _reduction(reduce.max, one_by_one=True),
    "amax": _reduction(reduce.max, one_by_one=True),
    "min": _reduction(reduce.min, one_by_one=True),
    "amin": _reduction(reduce.min, one_by_one=True),
    "prod": _reduction(product, one_by_one=True),
    "var": _variance("var", lambda variance: variance),
    "std": _variance("std", statistics.root),
    "median": _reduction(_median),
    "cumsum": _cumulative("cumsum", cumulate.cumsum),
    "cumprod": _cumulative("cumprod", cumulate.cumprod),
    "where": _where,
    "concatenate": _concatenate,
    "clip": _clip,
    "allclose": _on_numbers("allclose"),
    "array_equal": _on_numbers("array_equal"),
    "shape": lambda a: a.shape,
    "ndim": lambda a: a.ndim,
}
