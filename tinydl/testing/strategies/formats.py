"""Formats, sizes that go with them, and permutations."""

from __future__ import annotations

from tinydl.labels.format import LABELS, REPEATABLE
from tinydl.layers.layout import networkDataLayout
from tinydl.testing.strategies.engine import st

LARGEST = {"C": 4, "B": 3, "T": 4, "S": 6, "SS": 5, "SSS": 3}
"""The largest size of each dimension of a layer's input; spatial ones the smaller the more."""


@st.composite
def formats(draw: st.DrawFn, least: int = 0, most: int = 4, *, needs: str = "") -> str:
    """Formats of ``least`` to ``most`` labels in the order SCBTU, with S and U up to twice.

    needs: labels that must be among them. The empty format stands for an array without labels.

    Example:
        >>> from hypothesis import given
        >>> @given(formats(1, 3, needs="C"))
        ... def test(fmt):
        ...     assert "C" in fmt and len(fmt) <= 3
        >>> test()
    """
    counts = draw(
        st.tuples(*[
            st.integers(needs.count(label), 2 if label in REPEATABLE else 1) for label in LABELS
        ]).filter(lambda found: least <= sum(found) <= most)
    )  # fmt: skip
    return "".join([label * n for label, n in zip(LABELS, counts, strict=True)])


@st.composite
def sizes_of(draw: st.DrawFn, format: str, least: int = 1, most: int = 3) -> tuple[int, ...]:
    """Sizes for a format, each from ``least`` to ``most``.

    A last U behind two other dimensions is at least 2: one of size 1 would go away.

    Example:
        >>> from hypothesis import given
        >>> @given(sizes_of("SSCB", most=5))
        ... def test(sizes):
        ...     assert len(sizes) == 4 and max(sizes) <= 5
        >>> test()
    """
    sizes = [draw(st.integers(least, most)) for _ in format]
    if format[2:].endswith("U"):
        sizes[-1] = max(sizes[-1], 2)
    return tuple(sizes)


@st.composite
def orders_of(draw: st.DrawFn, format: str) -> tuple[int, ...]:
    """Permutations of dimensions that keep those of equal labels in their order.

    The order ``[format[i] for i in order]`` of labels is sorted back by dlarray without loss.

    Example:
        >>> from hypothesis import given
        >>> from tinydl import dlarray, isequal, zeros
        >>> X = dlarray(zeros(2, 3, 4), "SSB")
        >>> @given(orders_of("SSB"))
        ... def test(order):
        ...     array = zeros(2, 3, 4).transpose(order)
        ...     assert isequal(dlarray(array, "".join(["SSB"[i] for i in order])), X)
        >>> test()
    """
    order = list(draw(st.permutations(range(len(format)))))
    for label in set(format):
        places = [i for i, k in enumerate(order) if format[k] == label]
        for place, k in zip(places, sorted([order[i] for i in places]), strict=True):
            order[place] = k
    return tuple(order)


@st.composite
def layouts_of(draw: st.DrawFn, format: str, observations: int = 1) -> networkDataLayout:
    """Sizes for the input of a layer, all of them known, with so many observations at least."""
    largest = LARGEST | {"S": LARGEST.get("S" * format.count("S"), 1)}
    least = {"B": observations}
    sizes = [draw(st.integers(least.get(label, 1), largest[label])) for label in format]
    return networkDataLayout(sizes, format)
