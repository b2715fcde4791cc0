"""A layer's own derivative rule: one operation in the record, whatever its predict is made of."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinydl.autodiff import plain, pull_back
from tinydl.backend import is_array, xp
from tinydl.backend.random import generator
from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.layers.users import Results, handed
from tinydl.primitives.own_rule import own_rule

if TYPE_CHECKING:
    from tinydl.layers.custom import Layer


def with_own_rule(
    layer: Layer, verb: str, X: Sequence[dlarray]
) -> tuple[Results, dict[str, dlarray]]:
    """What a layer gives, recorded so that its own backward is asked for the gradients.

    Where gradients are recorded themselves, the layer's predict or forward is recorded instead, on
    the same random numbers.
    """
    values = [v._value for v in (*X, *[getattr(layer, name) for name in layer.Learnable])]
    formats = [x.dims for x in X]
    stream = generator.getstate()
    arrays = [plain(v) for v in values]
    still, x = _with_values(layer, formats, arrays)
    Y, new = still.called(verb, x)

    def again(place: int, *recorded: Any) -> Any:
        bound, x = _with_values(layer, formats, recorded)
        now = generator.getstate()
        generator.setstate(stream)
        try:
            return bound.called(verb, x)[0][place]._value
        finally:
            generator.setstate(now)

    def backward(place: int, g: Any) -> list[Any]:
        slopes = [dlarray._make(xp(y._value).zeros(y.shape, y.dtype), y.dims) for y in Y]
        slopes[place] = dlarray._make(g, Y[place].dims)
        return gradients(*_with_values(layer, formats, arrays), Y, tuple(slopes))

    def exact(place: int, g: Any, need: Sequence[bool]) -> list[Any]:
        return pull_back(functools.partial(again, place), values, g, need)

    recorded = [
        own_rule(*values, result=y._value, backward=functools.partial(backward, place),
                 exact=functools.partial(exact, place))
        for place, y in enumerate(Y)
    ]  # fmt: skip
    return tuple([dlarray._make(v, y.dims) for v, y in zip(recorded, Y, strict=True)]), new


def _with_values(
    layer: Layer, formats: Sequence[str], values: Sequence[Any]
) -> tuple[Layer, list[dlarray]]:
    """The layer with other learnable parameters, and its inputs, from their arrays."""
    count = len(formats)
    parameters = [dlarray._make(v, "") for v in values[count:]]
    bound: Any = layer.copy(**dict(zip(layer.Learnable, parameters, strict=True)))
    return bound, [dlarray._make(v, f) for v, f in zip(values[:count], formats, strict=True)]


def gradients(
    layer: Layer, X: Sequence[dlarray], Y: Sequence[dlarray], slopes: Sequence[dlarray]
) -> list[Any]:
    """The arrays that a layer's backward gives, by its inputs and then its learnable parameters."""
    assert layer.backward is not None
    where = f"layer {layer.Name!r} ({type(layer).__name__}): backward"
    arguments = handed([*X, *Y, *slopes], layer.Formattable)
    try:
        inspect.signature(layer.backward).bind(*arguments)
    except TypeError as error:
        raise TypeError(f"{where} is called with its inputs, its results, and the gradients by its "
                        f"results, {len(arguments)} arrays: {error}") from None  # fmt: skip
    made = layer.backward(*arguments)
    made = made if isinstance(made, tuple) else (made,)
    variables = dict(zip(layer.InputNames, X, strict=True))
    variables |= {name: getattr(layer, name) for name in layer.Learnable}
    if len(made) != len(variables):
        raise TypeError(f"{where} returns {len(made)} gradients; needed are those by "
                        f"{', '.join(variables)}, in this order")  # fmt: skip
    return [_checked(g, v, f"{where}: the gradient by {name}")
            for g, (name, v) in zip(made, variables.items(), strict=True)]  # fmt: skip


def _checked(g: Any, variable: dlarray, what: str) -> Any:
    array = plain(g._value) if isinstance(g, dlarray) else g
    if not is_array(array):
        raise TypeError(f"{what} is a {type(g).__name__}; it is an array of the size of its "
                        "variable, zeros if there is no dependence")  # fmt: skip
    labels = g.dims if isinstance(g, dlarray) else ""
    if array.shape != variable.shape or labels not in ("", variable.dims):
        raise ValueError(f"{what} is {header(array, labels)}; the variable is "
                         f"{header(variable._value, variable.dims)}")  # fmt: skip
    return array.astype(variable.dtype, copy=False)
