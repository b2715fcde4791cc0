"""Labels: an array of names, each one of a fixed list of categories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinydl.data import names

_SHOWN = 10  # elements, or categories, that a summary lists


class categorical:
    """A one-dimensional array of names that are taken from an ordered list of categories.

    values is a sequence of text, of numbers or of truth values, or an array of them with one
    dimension longer than 1. A number's name is what MATLAB prints: "3" for 3 and 3.0, otherwise
    five significant digits. The categories are the different values in order: numbers by size,
    text by the codes of its characters. A categorical array as values keeps its categories.

    valueset lists the values of the categories in an order of its own, and may hold more than
    occur. categorynames gives each of these its name; values with the same name become one
    category. Spaces belong to a name.

    Raises ValueError for a missing value (None, NaN, ""), for a value outside valueset, and for
    numbers that five digits do not tell apart; TypeError for what is no text and no real number.

    An element ``c[i]`` is text; slices, positions and masks give categorical arrays. Comparing
    with text or with as many names gives an array of bool; with another number of elements it
    raises ValueError. Elements cannot be assigned.

    Example:
        >>> from tinydl.data import categorical
        >>> c = categorical([3, 1, 3])
        >>> c
        3×1 categorical array: 3 1 3
        categories: 1 3
        >>> c == "3"
        array([ True, False,  True])
        >>> c[0], c.double()
        ('3', array([2., 1., 2.]))
        >>> categorical([0, 1, 0], [1, 0], ["yes", "no"])
        3×1 categorical array: no yes no
        categories: yes no
    """

    __slots__ = ("_codes", "_names")

    # NumPy then leaves ``names == c`` to the method below instead of comparing objects.
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    _codes: np.ndarray
    _names: tuple[str, ...]

    def __init__(self, values: Any, valueset: Any = None, categorynames: Any = None) -> None:
        if isinstance(values, categorical) and valueset is None:
            values, valueset = values.__array__(), values._names
        self._codes, self._names = names.encode(values, valueset, categorynames)
        self._codes.flags.writeable = False

    @classmethod
    def _make(cls, codes: np.ndarray, categories: tuple[str, ...]) -> categorical:
        """An array of codes that are known to be right. They are its own from now on."""
        made = cls.__new__(cls)
        made._codes, made._names = codes, categories
        codes.flags.writeable = False
        return made

    # ---- what it is -----------------------------------------------------------------------------

    @property
    def categories(self) -> np.ndarray:
        """The names of all categories, in order, whether they occur or not."""
        return np.array(self._names, dtype=str)

    @property
    def codes(self) -> np.ndarray:
        """The position of each element's category, from 0. Read-only."""
        return self._codes

    def double(self) -> np.ndarray:
        """The number of each element's category, counted from 1 as in MATLAB's double(c)."""
        return self._codes + 1.0

    @property
    def shape(self) -> tuple[int]:
        """The number of elements, as a tuple."""
        return (len(self._codes),)

    @property
    def ndim(self) -> int:
        """Always 1."""
        return 1

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[str]:
        return (self._names[code] for code in self._codes)

    def __getitem__(self, key: Any) -> Any:
        codes = self._codes[names.positions(key)]
        if np.ndim(codes) == 0:
            return self._names[codes]
        return categorical._make(codes.copy(), self._names)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if dtype is not None and np.dtype(dtype).kind not in "UOT":
            raise TypeError(
                f"a categorical array has names, not numbers of class {np.dtype(dtype)}: "
                "double(c) counts its categories from 1, c.codes from 0"
            )
        if copy is False:
            raise ValueError("the names of a categorical array cannot be had without a copy")
        return self.categories[self._codes].astype(dtype or str, copy=False)

    def __repr__(self) -> str:
        elements = _summary(self[:_SHOWN], len(self))
        return (
            f"{len(self)}×1 categorical array:{elements}\n"
            f"categories:{_summary(self._names, len(self._names))}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return categorical._make, (self._codes.copy(), self._names)

    # ---- comparison -----------------------------------------------------------------------------

    def __eq__(self, other: object) -> np.ndarray:  # type: ignore[override]
        theirs = names.to_compare(other)
        if theirs.shape not in ((), self.shape):
            raise ValueError(
                f"a categorical array of {len(self)} elements is compared with one name or with "
                f"{len(self)} names, not with {len(theirs)}"
            )
        return self.categories[self._codes] == theirs

    def __ne__(self, other: object) -> np.ndarray:  # type: ignore[override]
        return ~(self == other)


def categories(c: categorical) -> np.ndarray:
    """The names of the categories of a categorical array, in order, as an array of text.

    Raises TypeError if c is not categorical.

    Example:
        >>> from tinydl.data import categorical, categories
        >>> [str(name) for name in categories(categorical(["b", "a", "b"]))]
        ['a', 'b']
    """
    if not isinstance(c, categorical):
        raise TypeError(f"categories: c is a {type(c).__name__}; make it one by categorical(c)")
    return c.categories


def _summary(shown: Any, count: int) -> str:
    """The first names, and a sign that there are more."""
    listed = [*list(shown)[:_SHOWN], *(["…"] if count > _SHOWN else [])]
    return "".join([f" {name}" for name in listed])
