"""Categorical arrays: categories, codes, comparison, indexing, and what they refuse."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydl.data.categorical import categorical, categories

# Arrays of text drop NUL at the end of a word, and cannot hold halves of surrogate pairs.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1,
                max_size=5)  # fmt: skip
TEXTS = st.lists(st.one_of(WORDS, st.sampled_from("ab")), max_size=8)
UNUSED = "longer than any of WORDS"


# ---- categories and codes -----------------------------------------------------------------------


@given(TEXTS)
def test_text_has_its_different_words_as_categories(words: list[str]) -> None:
    c = categorical(words)
    assert list(c) == words
    assert categories(c).tolist() == sorted(set(words))
    assert categories(c).dtype.kind == "U"
    assert [categories(c)[code] for code in c.codes] == words


@given(st.lists(st.integers(-1000, 1000), max_size=8), st.sampled_from([int, float]))
def test_whole_numbers_have_names_without_a_point_in_the_order_of_size(
    numbers: list[int], kind: type
) -> None:
    c = categorical(np.array(numbers, kind))
    assert list(c) == [str(number) for number in numbers]
    assert categories(c).tolist() == [str(number) for number in sorted(set(numbers))]


@given(TEXTS, st.randoms(use_true_random=False))
def test_a_valueset_gives_the_order_and_the_names(words: list[str], random: Any) -> None:
    valueset = [*set(words), UNUSED]
    random.shuffle(valueset)
    names = [f"name {i}" for i in range(len(valueset))]
    c = categorical(words, valueset, names)
    assert categories(c).tolist() == names
    assert c.codes.tolist() == [valueset.index(word) for word in words]
    assert categories(categorical(words, valueset)).tolist() == valueset


@given(TEXTS, st.randoms(use_true_random=False))
def test_a_categorical_array_keeps_its_categories(words: list[str], random: Any) -> None:
    valueset = [*set(words), UNUSED]
    random.shuffle(valueset)
    c = categorical(categorical(words, valueset))
    assert (list(c), categories(c).tolist()) == (words, valueset)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([0.5, -2.0, 1e-7], ["-2", "1e-07", "0.5"]),
        ([1 / 3, np.inf, -np.inf], ["-Inf", "0.33333", "Inf"]),
        (np.float32([0.1]), ["0.1"]),
        (np.uint8([10, 9]), ["9", "10"]),
        (range(3), ["0", "1", "2"]),
        ([1e20, 2.0], ["2", "1e+20"]),
        ([True, False], ["false", "true"]),
        ([2**62, 1], ["1", str(2**62)]),
        ("word", ["word"]),
        (np.array(["b", "a"], dtype=object), ["a", "b"]),
        (np.array(["b", "a"], dtype=np.dtypes.StringDType()), ["a", "b"]),
        (np.array([[3, 1]]), ["1", "3"]),
        ([[3], [1]], ["1", "3"]),
        ([], []),
        (np.zeros(0, complex), []),
    ],
)
def test_names_of_values(values: Any, names: list[str]) -> None:
    assert categories(categorical(values)).tolist() == names


def test_values_with_one_name_become_one_category() -> None:
    c = categorical([1, 2, 3, 2], [1, 2, 3], ["odd", "even", "odd"])
    assert list(c) == ["odd", "even", "odd", "even"]
    assert categories(c).tolist() == ["odd", "even"]


def test_double_counts_from_1() -> None:
    c = categorical(["b", "a", "b"])
    assert c.double().dtype == np.float64
    assert (c.double().tolist(), c.codes.tolist()) == ([2, 1, 2], [1, 0, 1])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1.0, np.nan],), ValueError, r"values\[1\] is nan: missing"),
        ((["a", None],), ValueError, r"values\[1\] is None: missing"),
        ((["a", float("nan")],), ValueError, r"values\[1\] is nan: missing"),
        ((["a", ""],), ValueError, r"values\[1\] is '': missing"),
        ((["a", 1],), TypeError, "mixes numbers and text"),
        (([True, 1],), TypeError, "mixes numbers and truth values"),
        (([1j],), TypeError, "elements of the kind complex"),
        (([b"a"],), TypeError, "elements of the kind bytes"),
        (([2**70],), TypeError, "at most 64 bits"),
        (({1, 2},), TypeError, "elements of the kind set"),
        ((None,), ValueError, "is None"),
        ((np.array(["2020"], "M8[D]"),), TypeError, "elements of the kind"),
        ((np.ma.array([1, 2], mask=[0, 1]),), TypeError, "masked"),
        ((np.eye(2),), ValueError, r"values is 2×2; .*ravel"),
        (([[1, 2], [3]],), TypeError, "elements of the kind list"),
        (([1.000001, 1.000002],), ValueError, "five digits"),
        ((["a", "b"], ["a"]), ValueError, r"values\[1\] is b, which valueset does not list"),
        ((["a"], []), ValueError, "valueset is empty"),
        ((["a"], ["a", "a"]), ValueError, "valueset lists a value twice"),
        ((["1"], [1]), TypeError, "one is text, the other numbers"),
        ((["a"], ["a"], ["x", "y"]), ValueError, "2 names for 1 categories"),
        (([1], [1], [1]), TypeError, "names are text"),
        ((["a"], ["a", ""]), ValueError, "valueset.* missing"),
        ((["a"], None, [""]), ValueError, "categorynames.* missing"),
    ],
)
def test_bad_values_raise(arguments: tuple, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        categorical(*arguments)


def test_categories_of_something_else_raise() -> None:
    with pytest.raises(TypeError, match=r"list; make it one by categorical\(c\)"):
        categories(["a"])  # type: ignore[arg-type]


# ---- comparison ---------------------------------------------------------------------------------


@given(TEXTS, st.one_of(WORDS, st.sampled_from("ab")))
def test_one_name_is_compared_with_each_element(words: list[str], name: str) -> None:
    c, expected = categorical(words), [word == name for word in words]
    for result in (c == name, name == c, c == np.str_(name), np.str_(name) == c,
                   c == np.array(name), np.array(name) == c,
                   ~(c != name), ~(name != c)):  # fmt: skip
        assert result.dtype == bool and result.tolist() == expected


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("bcd")), max_size=6))
def test_as_many_names_are_compared_one_by_one(pairs: list[tuple[str, str]]) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    expected = [a == b for a, b in pairs]
    c, row = categorical(left), np.array(right, dtype=str)
    for other in (right, tuple(right), row, row[None, :], row[:, None], row.astype(object),
                  categorical(right), categorical(right, list("dcb"))):  # fmt: skip
        for result in (c == other, other == c, ~(c != other), ~(other != c)):
            assert isinstance(result, np.ndarray)
            assert result.shape == (len(pairs),) and result.dtype == bool
            assert result.tolist() == expected


@given(st.integers(0, 5), st.integers(0, 5))
def test_another_number_of_names_never_compares(n: int, m: int) -> None:
    c, row = categorical(["a"] * n), np.array(["a"] * m, dtype=str)
    for other in (row.tolist(), row, row[None, :], row[:, None], categorical(row)):
        for compare in (lambda x, y: x == y, lambda x, y: y == x, lambda x, y: x != y):
            if n == m:
                assert compare(c, other).shape == (n,)
            else:
                with pytest.raises(ValueError, match=f"{n} elements .* not with {m}|not with {n}"):
                    compare(c, other)


def test_accuracy_of_a_row_of_predictions() -> None:
    labels = categorical([3, 1, 2, 3])
    classes = categories(labels)
    predicted = classes[np.array([2, 0, 1, 1])]
    assert np.mean(predicted == labels) == 0.75
    assert np.mean(predicted[None, :] == labels) == 0.75


@pytest.mark.parametrize(
    ("other", "words"),
    [(3, "by their names, such as '3'"), (3.5, "such as '3.5'"), (np.array([1, 2]), "such as '1'"),
     (np.float64(2.0), "such as '2'"), (object(), "kind object"), ([["a", "b"], ["c"]], "list")],
)  # fmt: skip
def test_numbers_and_other_things_are_not_compared(other: Any, words: str) -> None:
    for compare in (lambda c: c == other, lambda c: other == c, lambda c: c != other):
        with pytest.raises(TypeError, match=words):
            compare(categorical(["1", "2"]))


def test_missing_names_and_matrices_are_not_compared() -> None:
    c = categorical(list("abcd"))
    with pytest.raises(ValueError, match="None"):
        _ = c == [None, "b", "c", "d"]
    with pytest.raises(ValueError, match="2×2"):
        _ = c == np.array([["a", "b"], ["c", "d"]])
    assert (c == np.array(["", "b", "", ""])).tolist() == [False, True, False, False]
    assert not (c == "").any()


def test_categorical_arrays_have_no_hash_and_no_order() -> None:
    c = categorical(["a"])
    with pytest.raises(TypeError, match="unhashable"):
        hash(c)
    with pytest.raises(TypeError):
        _ = c < "b"  # type: ignore[operator]


# ---- indexing -----------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.data())
def test_indexing_selects_as_in_a_list(words: list[str], data: Any) -> None:
    c, n = categorical(words, list("cxab")), len(words)
    i = data.draw(st.integers(-n, n - 1))
    assert c[i] == words[i] and type(c[i]) is str
    assert c[np.int64(i)] == words[i] and type(c[np.array(i)]) is str
    chosen = data.draw(st.lists(st.integers(-n, n - 1), max_size=5))
    mask = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    part = data.draw(st.slices(n))
    row = np.array(chosen, int)
    kept = [word for word, keep in zip(words, mask, strict=True) if keep]
    for key, expected in [(chosen, [words[k] for k in chosen]), (row, [words[k] for k in chosen]),
                          (row[None, :], [words[k] for k in chosen]), (mask, kept),
                          (np.array(mask), kept), (part, words[part]), (..., words)]:  # fmt: skip
        selected = c[key]
        assert isinstance(selected, categorical) and list(selected) == expected
        assert categories(selected).tolist() == list("cxab")


@pytest.mark.parametrize(
    "key", [3, -4, [0, 3], (0, 1), None, True, [True], "a", 1.0, [0.5], np.eye(2, dtype=int)]
)
def test_bad_subscripts_raise(key: Any) -> None:
    with pytest.raises(IndexError):
        categorical(list("aba"))[key]


def test_elements_cannot_be_assigned() -> None:
    c = categorical(list("aba"))
    with pytest.raises(TypeError, match="assignment"):
        c[0] = "b"  # type: ignore[index]
    for part in (c, c[:2], c[[0, 1]], copy.deepcopy(c), pickle.loads(pickle.dumps(c))):
        with pytest.raises(ValueError, match="read-only"):
            part.codes[0] = 1
    with pytest.raises(AttributeError):
        c.categories = ["x", "y"]  # type: ignore[misc, assignment]
    c.categories[0] = "x"  # a copy
    c.__array__()[0] = "b"
    assert (list(c), categories(c).tolist()) == (list("aba"), ["a", "b"])


def test_the_values_may_change_later() -> None:
    values = np.array([1, 2, 1])
    c = categorical(values, [1, 2])
    values[:] = 2
    assert list(c) == ["1", "2", "1"]


# ---- what Python and NumPy ask ------------------------------------------------------------------


def test_size() -> None:
    c = categorical(list("aba"))
    assert (len(c), c.shape, c.ndim) == (3, (3,), 1)
    assert "b" in c and "c" not in c


def test_numpy_sees_the_names_and_never_numbers() -> None:
    c = categorical([10, 9, 10])
    names = np.asarray(c)
    assert names.dtype.kind == "U" and names.tolist() == ["10", "9", "10"]
    assert np.asarray(c, dtype=object).tolist() == names.tolist()
    assert np.array(c[:0]).shape == (0,)
    for dtype in (float, int, bool):
        with pytest.raises(TypeError, match=r"double\(c\) counts its categories from 1"):
            np.asarray(c, dtype=dtype)
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(c, copy=False)
    for function in (np.add, np.equal):
        with pytest.raises(TypeError):
            function(c, names)


@given(TEXTS)
def test_copies_and_pickles_are_equal(words: list[str]) -> None:
    c = categorical(words, [*sorted(set(words), reverse=True), UNUSED])
    for other in (copy.copy(c), copy.deepcopy(c), pickle.loads(pickle.dumps(c)), eval_of(c)):
        assert list(other) == words
        assert categories(other).tolist() == categories(c).tolist()


def eval_of(c: categorical) -> categorical:
    """Made anew from what it says of itself."""
    return categorical(np.asarray(c), categories(c))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (list("ba"), "2×1 categorical array: b a\ncategories: a b"),
        ([], "0×1 categorical array:\ncategories:"),
        (range(12), "12×1 categorical array: 0 1 2 3 4 5 6 7 8 9 …\n"
                    "categories: 0 1 2 3 4 5 6 7 8 9 …"),
        ([0] * 10, "10×1 categorical array: 0 0 0 0 0 0 0 0 0 0\ncategories: 0"),
    ],
)  # fmt: skip
def test_summary(values: Any, shown: str) -> None:
    assert repr(categorical(values)) == shown
