"""What all laws share: how one is broken, and how a function is called and its results are seen."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tinydl.autodiff import is_recorded
from tinydl.backend import is_array
from tinydl.backend.random import generator
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.containers import map_all_arrays
from tinydl.testing.closeness import difference, numbers
from tinydl.testing.oracle import MARGIN
from tinydl.training.differentiate import dlfeval

Law = TypeVar("Law", bound=Callable[..., None])


class BrokenLawError(AssertionError):
    """A function does not keep a law; the message says with what, both results, and what to do."""


class NotApplicableError(ValueError):
    """A law says nothing of this function and these inputs; the message says what it needs."""


def law(function: Law) -> Law:
    """Decorator: the law leaves the random numbers at the position at which it found them."""

    @functools.wraps(function)
    def held(f: Any, *inputs: Any, **options: Any) -> None:
        __tracebackhide__ = True
        before = generator.getstate()
        try:
            function(f, *inputs, **options)
        finally:
            generator.setstate(before)

    return held  # type: ignore[return-value]


class Calls:
    """Calls of one function, each from the same position of the random numbers."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.name = name_of(f)
        self.position = generator.getstate()

    def __call__(self, *inputs: Any) -> Any:
        generator.setstate(self.position)
        return self.f(*inputs)

    def has_drawn(self) -> bool:
        """Whether the last call has moved the position."""
        now = generator.getstate()
        return bool(difference([*now["state"].values()], [*self.position["state"].values()],
                               margin=0))  # fmt: skip

    def check_equal(
        self, actual: Any, expected: Any, what: str, instead: str, margin: float = MARGIN
    ) -> None:
        """Raise an error if two results differ: what was given, where they do, what to write."""
        __tracebackhide__ = True  # pytest shows the test, and the sentence
        found = difference(actual, expected, margin=margin)
        if found:
            raise BrokenLawError(f"{self.name} {what}: {found}; {instead}")


def name_of(f: Any) -> str:
    """What messages call a function."""
    return str(getattr(f, "__name__", type(f).__name__))


def copied(value: Any) -> Any:
    """The same with arrays of its own, in the computer's memory."""
    return map_all_arrays(_copied, value)


def _copied(x: Any) -> Any:
    return dlarray._make(numbers(x), x.dims) if isinstance(x, dlarray) else numbers(x)


def arrays_of(value: Any) -> list[Any]:
    """Every dlarray and every plain array that a value holds."""
    found: list[Any] = []

    def note(x: Any) -> Any:
        found.append(x)
        return x

    map_all_arrays(note, value)
    return found


def labelled(value: Any) -> list[dlarray]:
    """Every dlarray with labels that a value holds."""
    return [x for x in arrays_of(value) if isinstance(x, dlarray) and x.dims]


def map_labelled(function: Callable[[dlarray], Any], value: Any) -> Any:
    """The value with function(X) in place of every dlarray X with labels."""
    change = lambda x: function(x) if isinstance(x, dlarray) and x.dims else x
    return map_all_arrays(change, value)


def need_labels(inputs: Sequence[Any], law_name: str, labels: str = "") -> None:
    """Raise NotApplicableError if no input has labels, or those that are needed."""
    if not any([set(labels) <= set(x.dims) for x in labelled(inputs)]):
        wanted = f"the dimension {labels}" if labels else "labels"
        raise NotApplicableError(
            f"{law_name}: needed is a dlarray with {wanted} among the inputs; "
            f"given are {shown(inputs)}"
        )


def shown(inputs: Sequence[Any]) -> str:
    """Sizes and labels of inputs, for messages."""
    return ", ".join([formats.describe(getattr(x, "dims", ""), x.shape)
                      if isinstance(x, dlarray) or is_array(x) else type(x).__name__
                      for x in inputs]) or "none"  # fmt: skip


def as_list(results: Any) -> list[Any]:
    """The results of a call, of which there may be one or a tuple."""
    return list(results) if isinstance(results, (tuple, list)) else [results]


def computed(f: Callable[..., Any], inputs: Sequence[Any]) -> list[int]:
    """Which results are computed from dlarrays of the inputs, and not only about them.

    Those have a derivative. Others are positions, for example, which no precision and no batch
    decides. Where no result has a derivative all count, and tables always do.
    """

    def follow(*variables: Any) -> list[int]:
        results = as_list(f(*variables))
        arrays = [i for i, Y in enumerate(results) if isinstance(Y, dlarray)]
        found = [i for i in arrays if is_recorded(results[i]._value)] or arrays
        return [i for i in range(len(results)) if i in found or i not in arrays]

    try:
        return dlfeval(follow, *inputs)
    except TypeError:  # f computes with NumPy, which does not take what is recorded
        return list(range(len(as_list(f(*inputs)))))
