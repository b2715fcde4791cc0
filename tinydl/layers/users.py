"""What functionLayer and layers of users have in common: code that tinydl only learns by running.

Such code gets arrays with labels or without, and says nothing of the sizes that it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from tinydl.backend import host
from tinydl.functions.convert import stripdims
from tinydl.labels import dlarray
from tinydl.labels.display import header
from tinydl.layers.layout import Sizes, networkDataLayout

Results = tuple[dlarray, ...]


def handed(X: Sequence[dlarray], formattable: bool) -> list[dlarray]:
    """The arrays as the code gets them; without labels their dimensions are in the order SCBTU."""
    return [copy(x) if formattable else stripdims(x) for x in X]


def labelled(Y: Any, x: dlarray, formattable: bool, who: str) -> dlarray:
    """A result with labels: its own, or those of the first input, x."""
    if not isinstance(Y, dlarray):
        raise TypeError(f"{who} returns a {type(Y).__name__}; a dlarray is needed")
    if formattable:
        if Y.ndim and not Y.dims:
            raise ValueError(
                f"{who} returns {header(Y._value, '')} without labels; with Formattable=True it "
                "labels its result, dlarray(Y, format)"
            )
        return Y
    if Y.ndim != x.ndim:
        raise ValueError(
            f"{who} makes {header(Y._value, '')} of {header(x._value, x.dims)}, so that its labels "
            "are not known; use Formattable=True and return dlarray(Y, format)"
        )
    return dlarray._make(Y._value, x.dims)


def found_layouts(
    call: Callable[..., Results], layouts: Sequence[networkDataLayout]
) -> tuple[networkDataLayout, ...]:
    """The layouts of results, found by calling with arrays of 0.5, in two sizes of what varies."""
    small, large = [call(*[_example(layout, n) for layout in layouts]) for n in (2, 3)]
    return tuple([_layout(a, b) for a, b in zip(small, large, strict=True)])


def _example(layout: networkDataLayout, varying: int) -> dlarray:
    sizes = tuple([varying if n is None else n for n in layout.Size])
    return dlarray(host.full(sizes, 0.5), layout.Format)


def _layout(small: dlarray, large: dlarray) -> networkDataLayout:
    sizes: Sizes = tuple([m if m == n else None
                          for m, n in zip(small.shape, large.shape, strict=True)])  # fmt: skip
    return networkDataLayout(sizes, small.dims)


def port_names(
    given: Sequence[str] | None, count: int | None, word: str, who: str
) -> tuple[str, ...]:
    """The names of inputs or outputs: as given, or a word with numbers."""
    if given is None:
        return (word,) if count == 1 else tuple([f"{word}{i + 1}" for i in range(count or 1)])
    names = tuple(given) if not isinstance(given, str) else (given,)
    if len(set(names)) < len(names) or count not in (None, len(names)):
        raise ValueError(f"{who}: {count or len(names)} different names are needed, not {names}")
    return names
