"""The dlarray: a value and a format.

The value is an array, or a recorded one inside dlfeval. It is never written to: assignment to an
index binds the handle to a new value. So arrays can be shared freely, and stripping or exchanging
labels costs nothing and is no operation: the value, and with it its history, stays the same.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from tinydl.autodiff import Recorded
from tinydl.autodiff.record import plain
from tinydl.backend import host, is_on_gpu, on_device_of, xp
from tinydl.labels import align, display, index, numpy_protocol
from tinydl.labels import format as formats
from tinydl.labels.apply import binary, comparison, unary, value_and_format
from tinydl.labels.assign import values_for
from tinydl.labels.classes import as_array
from tinydl.labels.handle import Handle
from tinydl.primitives import contract, elementwise, shape
from tinydl.primitives.reduce import broadcast


class dlarray(Handle):
    """An array whose dimensions carry labels and whose computations can be differentiated.

    ``dlarray(X)`` has no labels. ``dlarray(X, fmt)`` has one letter of fmt for each dimension:
    S spatial, C channel, B batch, T time, U unspecified; S and U may repeat. The dimensions are
    brought into that order. A vector with a single label is one-dimensional. Labels beyond the
    dimensions of X add dimensions of size 1.

    X is an array of class single, double or logical, a number, a list of numbers (double), or a
    dlarray, which keeps its format if fmt is not given; fmt="" removes it. Arrays are copied once.

    Raises ValueError for a format that is none or has too few labels, TypeError for an X that is
    no array of these classes.

    Example:
        >>> import numpy as np
        >>> X = dlarray(np.arange(6.0).reshape(2, 3), "BC")
        >>> X
        3(C) × 2(B) dlarray
        [[0. 3.]
         [1. 4.]
         [2. 5.]]
        >>> X.dims, X.shape, (X + 1).dims
        ('CB', (3, 2), 'CB')
    """

    __slots__ = ()

    def __init__(self, X: Any, fmt: str | None = None) -> None:
        if isinstance(X, dlarray):
            value = X._value  # shared: relabelling is no operation
            fmt = X._format if fmt is None else fmt
        else:
            array = as_array(X, "X")
            value = xp(array).as_own_copy(array)
        fmt = "" if fmt is None else formats.check(fmt)
        self._value, self._format = _labelled(value, fmt) if fmt else (value, "")

    # ---- what it is -----------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension, in the order of the labels."""
        return self._value.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._value.ndim

    @property
    def dtype(self) -> Any:
        """NumPy's name of the class: float32 is single, float64 double, bool logical."""
        return self._value.dtype

    @property
    def dims(self) -> str:
        """The format, '' without labels."""
        return self._format

    def __repr__(self) -> str:
        return display.text(plain(self._value), self._format)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    # ---- its numbers ----------------------------------------------------------------------------

    def item(self) -> float | bool:
        """The only element, as a Python number."""
        array = self._numbers()
        if array.size != 1:
            shown = display.header(array, self._format)
            raise ValueError(f"only an array of one element is a number; this is {shown}")
        return array.reshape(-1)[0].item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        array = plain(self._value)  # a decision is never differentiated
        if array.size != 1:
            shown = display.header(array, self._format)
            raise ValueError(
                f"the truth of {shown} is ambiguous; take extractdata(X).any() or .all()"
            )
        return bool(array.reshape(-1)[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if copy is False and dtype is not None and host.dtype_of(dtype) != self.dtype:
            raise ValueError(f"a {self.dtype} dlarray is no {dtype} array without a copy")
        return xp(self._numbers()).as_numpy(self._numbers(), dtype, copy)

    def _numbers(self) -> Any:
        """The array, unless its history would be lost by taking it."""
        if type(self._value) is Recorded:
            self._value.node.record.check_open()
            raise TypeError(
                f"{display.header(self._value.data, self._format)} is recorded for "
                "differentiation; take its numbers with extractdata(X) if they are to be constants"
            )
        return self._value

    def __len__(self) -> NoReturn:
        raise TypeError("a dlarray has no len; use numel(X), or size(X, 'B') for one dimension")

    def __iter__(self) -> NoReturn:
        raise TypeError(
            "a dlarray is not iterated: MATLAB would go through its columns and NumPy through its "
            "rows; take X[i, ...] or X[..., i] for i in range(…)"
        )

    __hash__ = None  # type: ignore[assignment]  # == compares elements

    # ---- parts ----------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> dlarray:
        chosen = index.select(_plain_key(key), self.shape, self._format)
        value = shape.take(self._value, index=on_device_of(plain(self._value), chosen.at))
        if chosen.new_axes:
            sizes = list(value.shape)
            for place in chosen.new_axes:
                sizes.insert(place, 1)
            value = shape.reshape(value, shape=tuple(sizes), order="C")
        return dlarray._make(value, chosen.fmt)

    def __setitem__(self, key: Any, values: Any) -> None:
        target = index.target(_plain_key(key), self.shape, self._format)
        new = values_for(target.shape, values, self._format, self._value)
        array = plain(self._value)
        if target.chosen is not None:
            chosen = on_device_of(array, target.chosen)
            new = shape.take(_repeated(new, target.shape), index=chosen)
        self._value = shape.put(self._value, new, index=on_device_of(array, target.at))

    # ---- operators ------------------------------------------------------------------------------

    def __neg__(self) -> dlarray:
        return unary(elementwise.negative, self)

    def __pos__(self) -> dlarray:
        return unary(elementwise.identity, self)

    def __abs__(self) -> dlarray:
        return unary(elementwise.abs, self)

    def __add__(self, other: Any) -> dlarray:
        return binary(elementwise.add, self, other)

    def __radd__(self, other: Any) -> dlarray:
        return binary(elementwise.add, other, self)

    def __sub__(self, other: Any) -> dlarray:
        return binary(elementwise.subtract, self, other)

    def __rsub__(self, other: Any) -> dlarray:
        return binary(elementwise.subtract, other, self)

    def __mul__(self, other: Any) -> dlarray:
        return binary(elementwise.multiply, self, other)

    def __rmul__(self, other: Any) -> dlarray:
        return binary(elementwise.multiply, other, self)

    def __truediv__(self, other: Any) -> dlarray:
        return binary(elementwise.divide, self, other)

    def __rtruediv__(self, other: Any) -> dlarray:
        return binary(elementwise.divide, other, self)

    def __pow__(self, other: Any) -> dlarray:
        return power(self, other)

    def __rpow__(self, other: Any) -> dlarray:
        return power(other, self)

    def __matmul__(self, other: Any) -> dlarray:
        return mtimes(self, other)

    def __rmatmul__(self, other: Any) -> dlarray:
        return mtimes(other, self)

    def __eq__(self, other: object) -> dlarray:  # type: ignore[override]
        return comparison(operator.eq, self, other)

    def __ne__(self, other: object) -> dlarray:  # type: ignore[override]
        return comparison(operator.ne, self, other)

    def __lt__(self, other: Any) -> dlarray:
        return comparison(operator.lt, self, other)

    def __le__(self, other: Any) -> dlarray:
        return comparison(operator.le, self, other)

    def __gt__(self, other: Any) -> dlarray:
        return comparison(operator.gt, self, other)

    def __ge__(self, other: Any) -> dlarray:
        return comparison(operator.ge, self, other)

    def __and__(self, other: Any) -> dlarray:
        return logic("logical_and", self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> dlarray:
        return logic("logical_or", self, other)

    __ror__ = __or__

    def __invert__(self) -> dlarray:
        array = plain(self._value)
        return dlarray._make(xp(array).logical_not(array), self._format)

    # ---- NumPy's functions ----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return numpy_protocol.ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_protocol.function(function, args, kwargs)

    # ---- copies ---------------------------------------------------------------------------------

    def __copy__(self) -> dlarray:
        return dlarray._make(self._value, self._format)

    def __deepcopy__(self, memo: dict[int, Any]) -> dlarray:
        return dlarray._make(self._numbers(), self._format)  # arrays are never written to

    def __reduce__(self) -> tuple[Callable[..., dlarray], tuple[Any, str]]:
        return dlarray._make, (xp(self._numbers()).to_host(self._numbers()), self._format)


def _labelled(value: Any, fmt: str) -> tuple[Any, str]:
    """The value with its dimensions in the order of the labels, and the sorted format."""
    sizes = value.shape
    if len(fmt) == 1 and len(sizes) > 1 and sum(n != 1 for n in sizes) < 2:
        sizes = (max(sizes),) if all(sizes) else (0,)  # a vector, lying any way
    if len(fmt) < len(sizes):
        raise ValueError(
            f"the format {fmt} has {len(fmt)} labels for an array of {len(sizes)} dimensions, "
            f"{formats.describe('', sizes)}; give one label for each, U for those without meaning"
        )
    sizes = (*sizes, *(1,) * (len(fmt) - len(sizes)))
    if sizes != value.shape:
        value = shape.reshape(value, shape=sizes, order="C")
    order = formats.sorting(fmt)
    fmt = formats.permute(fmt, order)
    if order != tuple(range(len(order))):
        value = shape.transpose(value, axes=order)
        value = value if type(value) is Recorded else xp(value).ascontiguousarray(value)
    while len(fmt) > 2 and fmt[-1] == "U" and value.shape[-1] == 1:
        fmt, value = fmt[:-1], shape.reshape(value, shape=value.shape[:-1], order="C")
    return value, fmt


def _plain_key(key: Any) -> Any:
    """Subscripts without labels, and in the computer's own memory."""
    if isinstance(key, tuple):
        return tuple([_plain_key(part) for part in key])
    array = plain(key._value) if isinstance(key, dlarray) else key
    return xp(array).to_host(array) if is_on_gpu(array) else array


def _repeated(value: Any, sizes: tuple[int, ...]) -> Any:
    return value if value.shape == sizes else broadcast(value, shape=sizes)


def power(a: Any, b: Any) -> dlarray:
    """aᵇ element by element. A number as exponent has a rule of its own, exact at 0."""
    if type(b) in (int, float):
        return unary(elementwise.power, a, p=b)
    return binary(elementwise.exponentiate, a, b)


def mtimes(a: Any, b: Any) -> dlarray:
    """The matrix product of arrays without labels; with a number or 0-d array, the multiple."""
    x, x_format = value_and_format(a, "the left operand", beside=(b,))
    y, y_format = value_and_format(b, "the right operand", beside=(a,))
    if (x.ndim == 0 and not x_format) or (y.ndim == 0 and not y_format):
        return binary(elementwise.multiply, a, b)
    if x_format or y_format:
        raise ValueError(
            f"a matrix product of {formats.describe(x_format, x.shape)} and "
            f"{formats.describe(y_format, y.shape)}: labelled arrays are not matrices; use "
            "fullyconnect(X, W, b), or stripdims(X) on both"
        )
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[0]:
        raise ValueError(
            f"a matrix product needs two matrices with equal inner sizes, not "
            f"{formats.describe('', x.shape)} and {formats.describe('', y.shape)}; stacks of "
            "matrices are multiplied by pagemtimes"
        )
    return dlarray._make(contract.matmul(*align.classes(x, y)), "")


def logic(name: str, a: Any, b: Any) -> dlarray:
    """A logical function of two operands: anything but 0 is true."""

    def function(x: Any, y: Any) -> Any:
        return getattr(xp(x, y), name)(x != 0, y != 0)

    return comparison(function, a, b)
