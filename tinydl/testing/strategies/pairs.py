"""Two arrays that operators expand to a common size."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from tinydl.labels import dlarray
from tinydl.labels import format as formats_
from tinydl.testing.strategies.arrays import dlarrays
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.formats import formats, sizes_of

WAYS = ("by label", "by position", "without labels")


@st.composite
def expanding_pairs(
    draw: st.DrawFn,
    *,
    dtype: str = "double",
    domain: str = "any",
    most: int = 3,
    ways: Sequence[str] = WAYS,
) -> tuple[dlarray, dlarray]:
    """Two arrays that expand implicitly: ``X + Y`` is defined.

    ways: how they are matched, one or several of
        "by label"        both have labels, perhaps not the same ones
        "by position"     one of them has none, and no more dimensions than the other
        "without labels"  neither has

    A dimension has the same size in both, or size 1 in one of them, or is missing there. dtype and
    domain are those of dlarrays, but not of a domain along channels; most is the largest number of
    labels, at least 2.

    Example:
        >>> from hypothesis import given
        >>> from tinydl import isequal
        >>> @given(expanding_pairs())
        ... def test_addition_commutes(pair):
        ...     X, Y = pair
        ...     assert isequal(X + Y, Y + X)
        >>> test_addition_commutes()
    """
    way = draw(st.sampled_from(list(ways)))
    fmt = draw(formats(2, most))
    sizes = draw(sizes_of(fmt))
    draw_one = lambda f, n: draw(dlarrays(f, sizes=n, dtype=dtype, domain=domain))
    if way == "by label":
        pair = [draw_one(*_part_by_label(draw, fmt, sizes)) for _ in range(2)]
    else:
        whole = _some_ones(draw, sizes)
        rank = draw(st.integers(2, len(fmt)))
        if way == "by position":  # a result of the same labels: the labelled one is not expanded
            pair = [draw_one(fmt, sizes), draw_one("", _some_ones(draw, sizes)[:rank])]
        else:
            pair = [draw_one("", whole), draw_one("", _some_ones(draw, sizes)[:rank])]
    return (pair[1], pair[0]) if draw(st.booleans()) else (pair[0], pair[1])


def _some_ones(draw: st.DrawFn, sizes: Sequence[int]) -> tuple[int, ...]:
    """The sizes, some of them replaced by 1."""
    return tuple([1 if draw(st.booleans()) else n for n in sizes])


def _part_by_label(draw: st.DrawFn, fmt: str, sizes: Sequence[int]) -> tuple[str, tuple[int, ...]]:
    """Some of the labels, and sizes that expand. Of equal labels the first ones stay: that is
    where an operand with fewer of them is matched."""
    parts = [part for n in range(1, len(fmt) + 1) for part in itertools.combinations(fmt, n)]
    part = "".join(draw(st.sampled_from(parts)))
    matched = formats_.places(part, fmt)
    found = [n for n, place in zip(sizes, matched, strict=True) if place is not None]
    return part, _some_ones(draw, found)
