"""onehotencode, onehotdecode, embed, indexcrossentropy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, formats, normal, numbers, same, sizes_of
from tinydl import categorical, dlarray, dlfeval, dlgradient

LABELS = categorical(["b", "a", "c", "a"])

# ---- onehotencode -------------------------------------------------------------------------------


@given(data=st.data(), dtype=st.sampled_from(["double", "single", "logical"]))
def test_each_label_becomes_a_vector(data: st.DataObject, dtype: str) -> None:
    names = data.draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=6))
    classes = data.draw(st.permutations("abcd"))
    labels = categorical(names, list("abcd"))
    expected = [[name == c for name in names] for c in classes]
    for A in (labels, names, np.array(names)):
        columns = dl.onehotencode(A, axis=0, typename=dtype, ClassNames=list(classes))
        assert np.array_equal(columns, expected)
        assert dl.underlyingType(columns) == dtype
        rows = dl.onehotencode(A, axis=1, typename=dtype, ClassNames=classes)
        assert np.array_equal(rows, columns.T)
    by_categories = dl.onehotencode(labels, axis=0)
    assert np.array_equal(by_categories, [[name == c for name in names] for c in "abcd"])
    decoded = dl.onehotdecode(columns.astype(float), list(classes), axis=0)
    assert list(decoded) == names
    assert list(dl.categories(decoded)) == list(classes)


def test_dimensions_of_numeric_labels() -> None:
    row = np.array([[3.0, 5.0, 3.0]])
    columns = dl.onehotencode(row, axis=0, ClassNames=[3, 5])
    assert columns.tolist() == [[1, 0, 1], [0, 1, 0]]
    assert dl.onehotencode(row, axis=2, ClassNames=[3, 5]).shape == (1, 3, 2)
    assert np.array_equal(dl.onehotencode(row.T, axis=1, ClassNames=[3, 5]), columns.T)
    image = np.arange(6).reshape(2, 3) % 2
    pixels = dl.onehotencode(image, axis=2, ClassNames=[0, 1])
    assert np.array_equal(pixels[:, :, 1], image) and np.array_equal(pixels[:, :, 0], 1 - image)
    assert dl.onehotencode(image[:, :, None], axis=2, ClassNames=[0, 1]).shape == (2, 3, 2)


def test_a_label_outside_the_classes_becomes_nan() -> None:
    found = dl.onehotencode(LABELS, axis=0, ClassNames=["a", "b"])
    np.testing.assert_array_equal(found, [[0, 1, np.nan, 1], [1, 0, np.nan, 0]])
    found = dl.onehotencode([1, np.nan], axis=1, typename="single", ClassNames=[1, 2])
    np.testing.assert_array_equal(found, np.float32([[1, 0], [np.nan, np.nan]]))
    with pytest.raises(ValueError, match="'c' is none of the classes, and \"logical\" has no NaN"):
        dl.onehotencode(LABELS, axis=0, typename="logical", ClassNames=["a", "b"])


def test_one_label_and_none() -> None:
    assert dl.onehotencode(2.0, axis=0, ClassNames=[1, 2]).tolist() == [[0], [1]]
    assert dl.onehotencode([], axis=1, ClassNames=[1, 2]).shape == (0, 2)


def test_numbers_name_categories_too() -> None:
    digits = categorical([7, 3, 7])
    assert dl.onehotencode(digits, axis=0, ClassNames=[3, 7]).tolist() == [[0, 1, 0], [1, 0, 1]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [(lambda: dl.onehotencode([1, 2], axis=0), ValueError, r"name the classes.*ClassNames=\[…\]"),
     (lambda: dl.onehotencode(LABELS, "C"), TypeError, "'C' could count from 0 or from 1"),
     (lambda: dl.onehotencode(LABELS, 1), TypeError, "1 could count from 0 or .*write axis=0 for"),
     (lambda: dl.onehotencode(LABELS), TypeError, "write axis=0 for vectors that are columns"),
     (lambda: dl.onehotencode(LABELS, axis=True), TypeError, "axis=True; it is a position"),
     (lambda: dl.onehotencode(LABELS, axis=2), ValueError, "axis=2 of 4"),
     (lambda: dl.onehotencode(LABELS, axis=-1), ValueError, "axis=-1 of 4"),
     (lambda: dl.onehotencode(np.ones((2, 3)), axis=0, ClassNames=[1]), ValueError,
      "dimension 0 of 2×3 has the size 2; the vectors need one of size 1, or the next one, 2"),
     (lambda: dl.onehotencode(np.ones((2, 3)), axis=3, ClassNames=[1]), ValueError, "axis=3"),
     (lambda: dl.onehotencode(LABELS, axis=0, typename="int8"), ValueError,
      "one of single, double, logical"),
     (lambda: dl.onehotencode([1, 2], axis=0, ClassNames=["1"]), TypeError,
      "one is text, the other"),
     (lambda: dl.onehotencode(LABELS, axis=0, ClassNames=["a", "b", "a"]), ValueError,
      "class twice"),
     (lambda: dl.onehotencode(dlarray([1.0]), axis=0, ClassNames=[1]), TypeError, "extractdata"),
     (lambda: dl.onehotencode([None], axis=0, ClassNames=[1]), TypeError,
      "are text, or they are"),
     (lambda: dl.onehotencode(["a", 1], axis=0, ClassNames=["a"]), TypeError,
      "are text, or they are")],
)  # fmt: skip
def test_what_onehotencode_refuses(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


# ---- onehotdecode -------------------------------------------------------------------------------


def test_decoding(device: Any) -> None:
    scores = np.array([[0.5, 0.1, 0.5], [0.5, 0.9, 0.2]])
    Y = dlarray(device.put(scores), "CB")
    for found in (dl.onehotdecode(Y, ["no", "yes"], "C"), dl.onehotdecode(Y, ["no", "yes"], axis=0),
                  dl.onehotdecode(scores.T, ["no", "yes"], axis=-1)):  # fmt: skip
        assert list(found) == ["no", "yes", "no"]
        assert list(dl.categories(found)) == ["no", "yes"]
    assert list(dl.onehotdecode(scores, [7, 3], axis=0)) == ["7", "3", "7"]
    assert list(dl.onehotdecode(scores, categorical(["yes", "no"]), axis=0)) == ["yes", "no", "yes"]
    assert list(dl.onehotdecode(scores[:, :1], ["b", "a"], axis=0)) == ["b"]


@pytest.mark.parametrize(
    ("Y", "given", "words"),
    [(np.eye(2), {"axis": 0, "classes": ["a"]}, "1 classes for 2×2, whose dimension 0 has 2"),
     (np.eye(2), {}, r"which dimension of 2×2\? Name one"), (np.eye(2), {"dim": "C"}, "which dim"),
     (np.eye(2), {"axis": 2}, "which dimension"), (np.eye(2), {"axis": 0, "dim": "C"}, "which"),
     (np.eye(2), {"dim": 1}, "which dimension"),
     (dlarray(np.ones((2, 2, 2)), "SCB"), {"dim": "C"}, "has labels in 2 dimensions"),
     (np.full((2, 1), np.nan), {"axis": 0}, "NaN is no score"),
     (np.eye(2), {"axis": 0, "classes": ["a", "a"]}, "twice")],
)  # fmt: skip
def test_what_onehotdecode_refuses(Y: Any, given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dl.onehotdecode(Y, **{"classes": ["a", "b"], **given})


def test_a_recorded_array_is_not_decoded_in_silence() -> None:
    with pytest.raises(TypeError, match="extractdata"):
        dlfeval(lambda Y: dl.onehotdecode(Y, ["a", "b"], "C"), dlarray(np.eye(2), "CB"))


# ---- embed --------------------------------------------------------------------------------------


@given(data=st.data(), seed=SEEDS, dtype=st.sampled_from([np.float32, np.float64]))
def test_embed_puts_columns_in_place_of_positions(
    device: Any, data: st.DataObject, seed: int, dtype: Any
) -> None:
    fmt = data.draw(formats(least=1, most=4))
    shape = [1 if label == "C" else n
             for label, n in zip(fmt, data.draw(sizes_of(fmt)), strict=True)]  # fmt: skip
    positions = np.random.default_rng(seed).integers(0, 5, shape)
    W = normal((3, 5), seed, dtype)
    joined = fmt if "C" in fmt else "".join(sorted(fmt + "C", key="SCBTU".index))
    lookup = positions if "C" in fmt else np.expand_dims(positions, joined.index("C"))
    expected = np.moveaxis(W[:, np.take(lookup, 0, joined.index("C"))], 0, joined.index("C"))
    X = dlarray(device.put(positions.astype(float)), fmt)
    Y = dl.embed(X, dlarray(device.put(W)))
    assert (Y.dims, Y.dtype) == (joined, dtype)
    np.testing.assert_array_equal(numbers(Y, device), expected)


def test_embed_with_data_format() -> None:
    W = normal((3, 5), 0)
    Y = dl.embed(np.array([[4, 0, 4]]), W, DataFormat="CB")
    assert (Y.dims, Y.shape) == ("", (3, 3))
    assert np.array_equal(numbers(Y), W[:, [4, 0, 4]])
    Y = dl.embed([[4], [0]], W, DataFormat="BC")
    assert np.array_equal(numbers(Y), W[:, [4, 0]].T)
    assert dl.embed(np.zeros((2, 4)), W, DataFormat="TB").shape == (3, 4, 2)


def test_the_gradient_of_embed_adds_up_and_x_has_none(device: Any) -> None:
    w = device.put(np.array([[1.0, 2.0, 4.0]]))

    def slopes(X: dlarray, W: dlarray) -> Any:
        return dlgradient(dl.sum(dl.embed(X, W) * w, "all"), X, W)

    X = dlarray(device.put(np.array([1.0, 0.0, 1.0])), "B")
    by_x, by_w = dlfeval(slopes, X, dlarray(device.put(np.ones((1, 3))), "CU"))
    assert numbers(by_x, device).tolist() == [0, 0, 0]
    assert numbers(by_w, device).tolist() == [[2, 5, 0]]


@pytest.mark.parametrize(
    ("X", "W", "words"),
    [(dlarray([5.0], "B"), np.ones((3, 5)), r"5 is no position.* from 0 to 4 \(MATLAB's, less 1\)"),
     (dlarray([-1.0], "B"), np.ones((3, 5)), "-1 is no position"),
     (dlarray([0.5], "B"), np.ones((3, 5)), "0.5 is no position"),
     (dlarray([np.nan], "B"), np.ones((3, 5)), "nan is no position"),
     (dlarray([[1.0], [0.0]], "CB"), np.ones((3, 5)), r"2\(C\) × 1\(B\) dlarray has several chan"),
     (dlarray([0.0], "B"), np.ones(5), "weights are 5 dlarray; a matrix"),
     (np.zeros(2), np.ones((3, 5)), 'without labels.*DataFormat="CB"')],
)  # fmt: skip
def test_what_embed_refuses(X: Any, W: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dl.embed(X, W)


# ---- indexcrossentropy --------------------------------------------------------------------------


@given(data=st.data(), seed=SEEDS)
def test_it_is_crossentropy_of_one_hot_targets(device: Any, data: st.DataObject, seed: int) -> None:
    fmt = data.draw(formats(least=1).filter(lambda found: "C" in found))
    shape = data.draw(sizes_of(fmt))
    C = fmt.index("C")
    Y = 1 / (1 + np.exp(-normal(shape, seed)))
    rng = np.random.default_rng(seed)
    t = rng.integers(0, shape[C], [1 if i == C else n for i, n in enumerate(shape)])
    one_hot = t == np.arange(shape[C]).reshape([-1 if i == C else 1 for i in range(len(fmt))])
    mask = data.draw(st.sampled_from([None, rng.integers(0, 2, t.shape).astype(float)]))
    w = data.draw(st.sampled_from([None, normal((shape[C],), seed + 1)]))
    options = {"Reduction": data.draw(st.sampled_from(["sum", "none"]))}
    if options["Reduction"] == "sum":
        options["NormalizationFactor"] = data.draw(st.sampled_from(["batch-size", "none"]))
    X = dlarray(device.put(Y), fmt)
    found = dl.indexcrossentropy(X, device.put(t), w, Mask=mask, **options)
    expected = dl.crossentropy(X, dlarray(device.put(one_hot), fmt), w, Mask=mask, **options)
    if options["Reduction"] == "none":
        assert (found.dims, found.shape) == (fmt, t.shape)
        expected = dl.sum(expected, axis=C)
    np.testing.assert_allclose(numbers(found, device), numbers(expected, device), rtol=1e-12)
    squeezed = np.squeeze(t, C)
    without = fmt.replace("C", "")
    short = dlarray(squeezed.astype(float), without) if without else float(squeezed)
    for targets in (squeezed, short):
        again = dl.indexcrossentropy(X, targets, w, Mask=mask, **options)
        np.testing.assert_array_equal(numbers(again, device), numbers(found, device))


def test_factors_masks_and_formats() -> None:
    Y = np.array([[0.2, 0.5, 0.3], [0.8, 0.5, 0.7]])
    X = dlarray(Y, "CB")
    terms = -np.log([0.8, 0.5, 0.3])
    t = [1, 0, 0]
    assert np.isclose(float(dl.indexcrossentropy(X, t)), terms.mean())
    found = dl.indexcrossentropy(X, t, Mask=[1, 0, 1], NormalizationFactor="mask-included")
    assert np.isclose(float(found), terms[[0, 2]].mean())
    found = dl.indexcrossentropy(dlarray(np.stack([Y, Y], 2), "CBT"), np.array([t, t]).T,
                                 NormalizationFactor="all-elements")  # fmt: skip
    assert np.isclose(float(found), terms.mean())
    found = dl.indexcrossentropy(Y.T, np.array([t]).T, [1, 2], DataFormat="BC", Reduction="none")
    assert (found.dims, found.shape) == ("", (3, 1))
    assert np.allclose(numbers(found)[:, 0], terms * [2, 1, 1])
    assert np.isclose(float(dl.indexcrossentropy(Y.T, t, DataFormat="BC")), terms.mean())


def test_what_is_masked_does_not_matter() -> None:
    def slope(X: dlarray) -> Any:
        return dlgradient(dl.indexcrossentropy(X, [1, 99, np.nan], Mask=[1, 0, 0]), X)

    Y = np.array([[0.5, np.nan, 0.0], [0.5, 0.0, np.nan]])
    G = numbers(dlfeval(slope, dlarray(Y, "CB")))
    np.testing.assert_allclose(G, [[0, 0, 0], [-1 / (3 * 0.5), 0, 0]])


@pytest.mark.parametrize(
    ("given", "words"),
    [(([2, 0, 0],), "targets: 2 is no position.*from 0 to 1"), (([0.5, 0, 0],), "0.5 is no pos"),
     (([[1, 0]],), "predictions are 1.C. × 3.B. dlarray and targets are 1.C. × 2.B."),
     ((np.zeros((1, 3, 1)),), "targets are 1×3×1 dlarray for predictions of 2.C. × 3.B"),
     (([1, 0, 0], [1, 2, 3]), "weights are 3 dlarray; one number for each of the 2 classes"),
     ((dlarray([1.0], "S"),), "format CB and targets S")],
)  # fmt: skip
def test_what_indexcrossentropy_refuses(given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dl.indexcrossentropy(dlarray(np.full((2, 3), 0.5), "CB"), *given)
    with pytest.raises(ValueError, match="has no C dimension"):
        dl.indexcrossentropy(dlarray([1.0], "B"), [0])
    with pytest.raises(ValueError, match="NormalizationFactor is one of"):
        dl.indexcrossentropy(dlarray([[1.0]], "CB"), [0], NormalizationFactor="target-included")


def test_the_weights_are_followed() -> None:
    slope = lambda W: dlgradient(
        dl.indexcrossentropy(dlarray([[0.5, 0.25]] * 2, "CB"), [0, 0], W), W
    )
    G = dlfeval(slope, dlarray([1.0, 2.0]))
    np.testing.assert_allclose(numbers(G), [-np.log(0.5 * 0.25) / 2, 0.0])
    assert same(G, dlarray(numbers(G)))
