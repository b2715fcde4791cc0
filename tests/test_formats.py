"""Laws of the algebra of formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import formats, labelled
from tinydl.labels import align
from tinydl.labels import format as f

FORMATS = formats()
SOME_LABELS = st.sets(st.sampled_from(f.LABELS)).map("".join)


def in_any_order(fmt: str) -> Any:
    return st.permutations(fmt).map("".join)


def rank(letter: str) -> int:
    return f.LABELS.index(letter)


# ---- join ---------------------------------------------------------------------------------------


@given(FORMATS, FORMATS)
def test_join_is_commutative(a: str, b: str) -> None:
    assert f.join(a, b) == f.join(b, a)


@given(FORMATS, FORMATS, FORMATS)
def test_join_is_associative(a: str, b: str, c: str) -> None:
    assert f.join(f.join(a, b), c) == f.join(a, f.join(b, c))


@given(FORMATS)
def test_join_is_idempotent_and_has_a_neutral_element(a: str) -> None:
    assert f.join(a, a) == a == f.join(a, "")


@given(FORMATS, FORMATS)
def test_join_is_the_smallest_format_that_holds_both(a: str, b: str) -> None:
    joined = f.join(a, b)
    assert [joined.count(x) for x in f.LABELS] == [max(a.count(x), b.count(x)) for x in f.LABELS]
    assert f.check(joined) == joined == f.permute(joined, f.sorting(joined))


# ---- places and expand --------------------------------------------------------------------------


@given(FORMATS, FORMATS)
def test_places_names_every_dimension_once_and_in_order(a: str, b: str) -> None:
    joined = f.join(a, b)
    places = f.places(a, joined)
    assert len(places) == len(joined)
    assert [i for i in places if i is not None] == list(range(len(a)))
    assert all(a[i] == joined[at] for at, i in enumerate(places) if i is not None)


@given(FORMATS, FORMATS)
def test_new_dimensions_come_last_among_those_of_their_label(a: str, b: str) -> None:
    joined = f.join(a, b)
    places = f.places(a, joined)
    for label in f.LABELS:
        block = [places[i] is None for i in f.find(joined, label)]
        assert block == sorted(block)


@given(labelled(), FORMATS)
def test_expand_inserts_ones_and_moves_no_element(pair: tuple[Any, str], other: str) -> None:
    array, fmt = pair
    joined = f.join(fmt, other)
    grown = align.expand(array, fmt, joined)
    places = f.places(fmt, joined)
    expected = tuple(1 if i is None else array.shape[i] for i in places)
    assert grown.shape == expected
    assert np.array_equal(grown.ravel(), array.ravel())
    assert align.expand(array, fmt, fmt) is array


# ---- order --------------------------------------------------------------------------------------


@given(FORMATS.flatmap(in_any_order))
def test_sorting_is_stable(fmt: str) -> None:
    order = f.sorting(fmt)
    assert sorted(order) == list(range(len(fmt)))
    assert f.permute(fmt, order) == "".join(sorted(fmt, key=rank))
    pairs = [(rank(fmt[i]), i) for i in order]
    assert pairs == sorted(pairs)


@given(FORMATS)
def test_a_sorted_format_stays(fmt: str) -> None:
    assert f.sorting(fmt) == tuple(range(len(fmt)))


@given(FORMATS, SOME_LABELS)
def test_find_and_without_part_a_format(fmt: str, labels: str) -> None:
    found = f.find(fmt, labels)
    rest = f.without(fmt, found)
    assert all(fmt[i] in labels for i in found)
    assert not set(rest) & set(labels)
    assert sorted(rest + f.permute(fmt, found), key=rank) == list(fmt)


# ---- what is a format ---------------------------------------------------------------------------


@given(FORMATS.flatmap(in_any_order))
def test_check_accepts_any_order_and_case(fmt: str) -> None:
    assert f.check(fmt) == fmt == f.check(fmt.lower())


@given(st.text(min_size=1).filter(lambda text: set(text.upper()) - set(f.LABELS)))
def test_check_refuses_other_letters(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no label; the labels are|may stand once"):
        f.check(text)


@pytest.mark.parametrize("fmt", ["CC", "SBB", "TST"])
def test_check_refuses_a_second_c_b_or_t(fmt: str) -> None:
    with pytest.raises(ValueError, match="may stand once, only S and U may repeat"):
        f.check(fmt)


@pytest.mark.parametrize("fmt", [None, 3, ["S", "C"], b"SC"])
def test_check_names_the_argument_that_is_no_string(fmt: object) -> None:
    with pytest.raises(TypeError, match=f"WeightsFormat must be a string.*{type(fmt).__name__}"):
        f.check(fmt, "WeightsFormat")


@pytest.mark.parametrize(
    ("fmt", "shape", "text"),
    [
        ("SSCB", (28, 28, 1, 5), "28(S) × 28(S) × 1(C) × 5(B)"),
        ("C", (4,), "4(C) × 1(U)"),
        ("", (3, 2, 1, 2), "3×2×1×2"),
        ("", (3,), "3"),
        ("", (), "1×1"),
    ],
)
def test_describe(fmt: str, shape: tuple[int, ...], text: str) -> None:
    assert f.describe(fmt, shape) == text
