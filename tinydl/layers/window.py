"""What the layers with a sliding window share: the dimensions it slides over, and sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tinydl.functions.window import per_dimension
from tinydl.labels import format as formats
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import whole

Slide = Callable[[tuple[int, ...], tuple[int, ...]], tuple[int, ...]]
"""From the sizes of some dimensions, and which of the window's these are, to the sizes after it."""


class Windowed:
    """A layer whose window slides over one, two or three dimensions.

    They are S dimensions, the last of which may be T instead: a window of one dimension slides over
    lines, or over sequences.
    """

    rank: ClassVar[int]

    def labels(self, fmt: str) -> str:
        """The labels of the dimensions that the window slides over."""
        spatial = fmt.count("S")
        if spatial == self.rank:
            return "S" * spatial
        if spatial == self.rank - 1 and "T" in fmt:
            return "S" * spatial + "T"
        raise ValueError(
            f"the window slides over the dimensions {'S' * self.rank} or "
            f"{'S' * (self.rank - 1)}T, not those of {fmt} ({formats.MEANING})"
        )

    def slid(self, layout: networkDataLayout, slide: Slide) -> networkDataLayout:
        """The layout after the window. A size that varies still does."""
        try:
            labels = self.labels(layout.Format)
            sizes = layout.size(labels)
            known = tuple([i for i, n in enumerate(sizes) if n is not None])
            new = slide(tuple([n for n in sizes if n is not None]), known)
        except ValueError as error:
            raise ValueError(f"it gets {layout}: {error}") from None
        after: list[int | None] = [None] * len(sizes)
        for i, n in zip(known, new, strict=True):
            after[i] = n
        return layout.replace(labels, after)

    def _numbers(self, value: Any, option: str, least: int = 1) -> tuple[int, ...]:
        """One whole number for each dimension of the window."""
        return per_dimension(value, self.rank, f"{type(self).__name__}: {option}", least)

    def _sides(self, value: Any, option: str, words: tuple[str, ...] = ("same",)) -> Any:
        return sides(value, self.rank, f"{type(self).__name__}: {option}", words)


def chosen(values: Any, places: tuple[int, ...]) -> tuple[Any, ...]:
    """Those of the values that stand at the places."""
    return tuple([values[i] for i in places])


def sides(value: Any, rank: int, option: str, words: tuple[str, ...] = ("same",)) -> Any:
    """Padding or cropping: a word, or two rows, what is before and what is after each dimension.

    It is given as one number, one for each dimension, [left, right] for one dimension, [top,
    bottom, left, right] for two, or as the two rows.

    Example:
        >>> sides([1, 2, 3, 4], 2, "Padding"), sides([1, 2], 1, "Padding")
        (((1, 3), (2, 4)), ((1,), (2,)))
    """
    if isinstance(value, str):
        if value not in words:
            choices = " or ".join([f'"{word}"' for word in words])
            raise ValueError(f"{option} is numbers or {choices}, not {value!r}")
        return value
    given = list(value) if hasattr(value, "__len__") else [value]
    if len(given) == 2 and all([hasattr(row, "__len__") for row in given]):  # as returned from here
        return per_dimension(given[0], rank, option, 0), per_dimension(given[1], rank, option, 0)
    if len(given) == 2 * rank and rank < 3:
        numbers = [whole(n, option, 0) for n in given]
        return tuple(numbers[::2]), tuple(numbers[1::2])
    both = per_dimension(value, rank, option, 0)
    return both, both
