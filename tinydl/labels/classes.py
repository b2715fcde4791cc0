"""Classes: what an array may be made of, and what two of them become together.

MATLAB's names are single (float32), double (float64) and logical (bool). One single operand makes
the result single. A Python number never changes the class. Logical counts as double with itself.
"""

from __future__ import annotations

from typing import Any

from tinydl.autodiff import Recorded
from tinydl.autodiff.record import plain
from tinydl.backend import host, is_array, xp
from tinydl.primitives.elementwise import cast

SINGLE, DOUBLE, LOGICAL = (host.dtype_of(name) for name in ("float32", "float64", "bool"))
DTYPE = {"single": SINGLE, "double": DOUBLE, "logical": LOGICAL}
NAME = {dtype: name for name, dtype in DTYPE.items()}

_CURE = {
    "i": "integers are converted by double(x) or single(x)",
    "u": "integers are converted by double(x) or single(x)",
    "f": "this floating-point class is converted by double(x) or single(x)",
    "c": "complex arrays are not supported; pass real(x) and imag(x) as arrays of their own",
    "O": "an array of objects holds no numbers to compute with; build it with double([...])",
    "U": "text is not a number; labels are encoded by comparing them with each class",
}


def class_name(x: Any) -> str:
    """'single', 'double' or 'logical'."""
    return NAME[x.dtype]


def as_array(x: Any, argument: str = "x") -> Any:
    """x as an array of an admissible class: an array, a number, or a nested list of numbers.

    Python's numbers become double. Arrays are passed on as they are, and not copied.
    """
    if is_array(x):
        if x.dtype in NAME:
            return x
    elif isinstance(x, (bool, int, float)):
        return host.asarray(x, LOGICAL if isinstance(x, bool) else DOUBLE)
    elif isinstance(x, (list, tuple)):
        return _from_list(x, argument)
    return _refuse(x, argument)


def _from_list(x: Any, argument: str) -> Any:
    try:
        array = host.asarray(x)
    except ValueError as error:
        raise ValueError(f"{argument}: the rows of this list have different lengths") from error
    if array.dtype in NAME:
        return array
    if array.dtype.kind in "iu":  # Python's whole numbers
        return array.astype(DOUBLE)
    return _refuse(array, argument)


def refuse_hidden(x: Any, argument: str) -> None:
    """Raise an error for arrays that show NumPy other numbers than they mean."""
    if hasattr(x, "toarray"):
        raise TypeError(f"{argument} is sparse; convert it with x.toarray()")
    if hasattr(x, "filled"):
        raise TypeError(
            f"{argument} is a masked array, whose hidden elements would take part; fill them "
            "first, with x.filled(value)"
        )


def _refuse(x: Any, argument: str) -> Any:
    refuse_hidden(x, argument)
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        raise TypeError(f"{argument} must be a numeric array, not {type(x).__name__}")
    if dtype in NAME:  # a kind of NumPy array with ways of its own, such as a memory map
        return host.asarray(x)
    cure = _CURE.get(dtype.kind, "convert it with double(x)")
    raise TypeError(
        f"{argument} has the class {dtype}; single, double or logical is needed: {cure}"
    )


def to_class(x: Any, dtype: Any) -> Any:
    """The value in another class. Recorded, unless the new class is logical."""
    if x.dtype == dtype:
        return x
    if dtype == LOGICAL:
        x = plain(x)
        if xp(x).isnan(x).any():
            raise ValueError("NaN is neither true nor false; it cannot become logical")
    return cast(x, dtype=dtype) if type(x) is Recorded else x.astype(dtype)


def common(*dtypes: Any) -> Any:
    """The class of a computation with operands of these classes.

    Complex operands are those of the oracle in ``tinydl.testing`` only: as_array refuses them.
    """
    if SINGLE in dtypes:
        return SINGLE
    return next((dtype for dtype in dtypes if dtype.kind == "c"), DOUBLE)


def arithmetic(x: Any) -> Any:
    """x as a floating-point value: logical becomes double."""
    dtype = x.dtype
    if dtype is SINGLE or dtype is DOUBLE:
        return x
    return to_class(x, DOUBLE) if dtype == LOGICAL else x
