"""confusionmat, scores2label and the picture of a confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydl import categorical, confusionchart, confusionmat, dlarray, scores2label
from tinydl.plot import confusion

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


# ---- the matrix ---------------------------------------------------------------------------------


@given(LABELS)
def test_every_element_is_a_count(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = zip(*pairs, strict=True)
    C, order = confusionmat(truth, predicted, nargout=2)
    assert order.tolist() == sorted({*truth, *predicted}) and C.dtype == np.float64
    for i, a in enumerate(order):
        for j, b in enumerate(order):
            assert C[i, j] == pairs.count((a, b))
    assert (confusionmat(predicted, truth) == C.T).all()


def test_the_order_of_classes() -> None:
    _, order = confusionmat(["dog", "ant"], ["cat", "dog"], nargout=2)
    assert order.tolist() == ["dog", "ant", "cat"]
    unused = categorical(["b", "a"], ["c", "b", "a"])
    C, order = confusionmat(unused, ["b", "d"], nargout=2)
    assert order.tolist() == ["c", "b", "a", "d"]
    assert C.tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    C, order = confusionmat([True, False], [True, True], nargout=2)
    assert order.tolist() == [False, True] and C.tolist() == [[0, 1], [0, 1]]
    C, order = confusionmat([3, 1], [1, 1], Order=[3, 2, 1], nargout=2)
    assert order.tolist() == [3, 2, 1] and C.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 1]]


def test_the_diagonal_is_the_accuracy() -> None:
    truth, predicted = categorical([1, 2, 3, 1]), categorical([1, 3, 3, 1])
    C = confusionmat(truth, predicted)
    assert np.trace(C) / C.sum() == (truth == predicted).mean() == 0.75


def test_nothing_to_count() -> None:
    assert confusionmat([], []).shape == (0, 0)
    assert confusionmat([], [], Order=["a", "b"]).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("group", "grouphat", "options", "kind", "words"),
    [
        ([1, 2], [1], {}, ValueError, "group has 2 labels and grouphat 1"),
        ([1], ["a"], {}, TypeError, "one is text, the other numbers"),
        ([1], [2], {"Order": ["a", "b"]}, TypeError, "group and Order: one is text"),
        ([1], [2], {"Order": [1]}, ValueError, "Order leaves out 2, which grouphat has"),
        ([1], [1], {"Order": [1, 1]}, ValueError, "Order names a class twice"),
        ([float("nan")], [1.0], {}, ValueError, r"confusionmat: group\[0\] is nan"),
        ([[1, 2], [3, 4]], [1], {}, ValueError, "confusionmat: group is 2×2"),
        ([1], [1], {"nargout": 3}, ValueError, "1 to 2 outputs"),
    ],
)
def test_mistakes(
    group: Any, grouphat: Any, options: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        confusionmat(group, grouphat, **options)


# ---- scores -------------------------------------------------------------------------------------


def test_the_class_with_the_largest_score() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    expected = ["no", "yes", "no"]
    names = ["no", "yes"]
    assert list(scores2label(scores, names)) == expected
    assert list(scores2label(scores.T, names, axis=0)) == expected
    assert list(scores2label(dlarray(scores, "BC"), names)) == expected
    assert list(scores2label(dlarray(scores, "UB"), names, "B")) == expected
    assert list(scores2label(dlarray(scores), names)) == expected
    labels = scores2label(scores[:1], categorical(names))
    assert labels.categories.tolist() == names
    with pytest.raises(ValueError, match="3 classes for 3×2"):
        scores2label(scores, ["a", "b", "c"])
    with pytest.raises(ValueError, match="NaN"):
        scores2label([[np.nan, 1.0]], names)


# ---- the picture --------------------------------------------------------------------------------

M = [[8, 2, 0], [0, 5, 5], [1, 0, 0]]


def cells(axes: Any) -> dict[tuple[float, float], str]:
    """The texts by the row and column of their cells."""
    return {(round(text.get_position()[1] - 0.5, 2), round(text.get_position()[0] - 0.5, 2)):
            text.get_text() for text in axes.texts}  # fmt: skip


def test_each_count_stands_in_its_cell() -> None:
    axes = confusionchart(M, ["a", "b", "c"])
    assert cells(axes) == {(0, 0): "8", (0, 1): "2", (1, 1): "5", (1, 2): "5", (2, 0): "1"}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["a", "b", "c"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b", "c"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted Class", "True Class")
    top, bottom = axes.transData.transform([(0, 0), (0, 3)])[:, 1]
    assert top > bottom, "the first row is not on top"


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("row-normalized", ["80.0%", "20.0%", "50.0%", "50.0%", "100.0%"]),
        ("column-normalized", ["88.9%", "28.6%", "71.4%", "100.0%", "11.1%"]),
        ("total-normalized", ["38.1%", "9.5%", "23.8%", "23.8%", "4.8%"]),
    ],
)
def test_shares(kind: str, texts: list[str]) -> None:
    assert [t.get_text() for t in confusionchart(M, Normalization=kind).texts] == texts


def test_summaries() -> None:
    axes = confusionchart(M, RowSummary="absolute", ColumnSummary="column-normalized")
    beside = {key: text for key, text in cells(axes).items() if key[1] > 3}
    below = {key: text for key, text in cells(axes).items() if key[0] > 3}
    assert beside == {(0, 3.3): "8", (0, 4.3): "2", (1, 3.3): "5", (1, 4.3): "5", (2, 4.3): "1"}
    assert below == {(3.3, 0): "88.9%", (4.3, 0): "11.1%", (3.3, 1): "71.4%", (4.3, 1): "28.6%",
                     (4.3, 2): "100.0%"}  # fmt: skip


def test_labels_are_counted_as_confusionmat_does() -> None:
    axes = confusionchart(categorical([1, 2, 2]), categorical([1, 1, 2]))
    assert cells(axes) == {(0, 0): "1", (1, 0): "1", (1, 1): "1"}
    assert [t.get_text() for t in confusionchart([1.0, 2.5], [1.0, 1.0]).get_xticklabels()] == [
        "1", "2.5",
    ]  # fmt: skip
    assert [t.get_text() for t in confusionchart(M).get_xticklabels()] == ["1", "2", "3"]


def test_colours_follow_the_counts_and_texts_can_be_read() -> None:
    axes = confusionchart(M)
    faces = np.array([p.get_facecolor()[:3] for p in axes.patches]).reshape(3, 3, 3)
    assert np.allclose(faces[0, 0], confusion.DIAGONAL)
    assert np.allclose(faces[0, 2], 1.0) and np.allclose(faces[2, 2], 1.0)
    assert faces[1, 1].sum() > faces[0, 0].sum() and faces[1, 2].sum() < faces[0, 1].sum()
    assert faces[0, 1][0] > faces[0, 1][2] and faces[0, 0][2] > faces[0, 0][0]
    colors = {text.get_text(): text.get_color() for text in axes.texts}
    assert colors["8"] == "white" and colors["2"] == "#222222"


def test_dollar_signs_are_no_formulas() -> None:
    axes = confusionchart([[1, 0], [0, 1]], ["$a", "b$"], Title="50 $")
    axes.figure.canvas.draw()
    assert axes.get_xticklabels()[0].get_text() == "$a"


def test_an_empty_matrix_and_one_of_zeros() -> None:
    for m in (np.zeros((0, 0)), np.zeros((2, 2))):
        axes = confusionchart(m, Normalization="row-normalized", RowSummary="row-normalized")
        axes.figure.canvas.draw()
        assert not axes.texts


def test_texts_stay_within_their_cells() -> None:
    m = np.full((10, 10), 137)
    axes = confusionchart(
        m, Normalization="row-normalized", RowSummary="row-normalized",
        ColumnSummary="column-normalized",
    )  # fmt: skip
    axes.figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in axes.patches]
    for text, box in zip(axes.texts, boxes, strict=True):
        inside = text.get_window_extent()
        assert box.x0 < inside.x0 and inside.x1 < box.x1 and box.y0 < inside.y0 < box.y1
    assert all([axes.figure.bbox.fully_overlaps(box) for box in boxes])


@pytest.mark.parametrize(
    ("given_", "options", "kind", "words"),
    [
        ((["a", "b"],), {}, TypeError, r"labels are missing: confusionchart\(trueLabels, pred"),
        ((categorical(["a"]),), {}, TypeError, "labels are missing"),
        ((np.ones((2, 3)),), {}, ValueError, "square, with numbers; this is 2×3 float64"),
        (([[1.5, 0], [0, 1]],), {}, ValueError, "counts are whole numbers"),
        (([[-1, 0], [0, 1]],), {}, ValueError, "counts are whole numbers"),
        ((M, ["a"]), {}, ValueError, "1 class labels for 3 classes"),
        ((M,), {"Normalization": "rows"}, ValueError, "Normalization is one of absolute"),
        ((M,), {"RowSummary": "column-normalized"}, ValueError, "RowSummary is one of off"),
        ((M,), {"ColumnSummary": True}, ValueError, "ColumnSummary is one of off"),
    ],
)
def test_what_is_not_drawn(given_: Any, options: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        confusionchart(*given_, **options)
    assert not plt.get_fignums()
