"""padsequences: every element where it belongs, options, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydl import dlarray, padsequences

LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=5)


def sequences(lengths: list[int], axis: int, ndim: int, dtype: Any = np.float64) -> list[Any]:
    """Arrays without zeros, of sizes 2, 3, … but along the axis."""
    random = np.random.default_rng(0)
    shapes = [[n if i == axis else i + 2 for i in range(ndim)] for n in lengths]
    return [random.uniform(1, 2, shape).astype(dtype) for shape in shapes]


def at_axis(x: np.ndarray, axis: int, start: int, stop: int) -> np.ndarray:
    return np.take(x, range(start, stop), axis=axis)


@given(LENGTHS, st.data(), st.sampled_from(["right", "left", "both"]))
def test_any_sequences(lengths: list[int], data: st.DataObject, direction: str) -> None:
    ndim = data.draw(st.integers(1, 3))
    axis = data.draw(st.integers(0, ndim - 1))
    wanted = data.draw(st.sampled_from(["longest", "shortest", 1, 3]))
    X = sequences(lengths, axis, ndim)
    padded, mask = padsequences(
        X, axis=axis, Length=wanted, Direction=direction, PaddingValue=-7.0, nargout=2
    )
    length = {"longest": max(lengths), "shortest": min(lengths)}.get(wanted, wanted)
    assert padded.shape[axis] == length and padded.shape[-1] == len(X)
    assert padded.shape == mask.shape and mask.dtype == bool and padded.dtype == np.float64
    assert (padded[~mask] == -7.0).all() and (padded[mask] > 0).all()
    for i, x in enumerate(X):
        n = x.shape[axis]
        over = abs(n - length)
        left = {"right": 0, "left": over, "both": over // 2}[direction]
        if n <= length:
            inside = at_axis(padded[..., i], axis, left, left + n)
            np.testing.assert_array_equal(inside, x)
        else:
            np.testing.assert_array_equal(padded[..., i], at_axis(x, axis, left, left + length))
        assert mask[..., i].sum() == x.size * min(n, length) / max(n, 1)


def test_the_example_of_channels_and_time() -> None:
    X, mask = padsequences(sequences([7, 26, 9], 1, 2), axis=1, nargout=2)
    assert X.shape == mask.shape == (2, 26, 3)
    assert mask[0].sum(axis=0).tolist() == [7, 26, 9]


def test_a_list_instead_of_an_array() -> None:
    X, mask = padsequences([[1, 2], [3]], axis=0, UniformOutput=False, nargout=2)
    assert [x.tolist() for x in X] == [[1, 2], [3, 0]]
    assert [m.tolist() for m in mask] == [[True, True], [True, False]]


@pytest.mark.parametrize(
    ("classes", "result"),
    [(["f4", "f4"], "f4"), (["f8", "f4"], "f4"), (["f8", "f8"], "f8"), (["?", "?"], "?"),
     (["?", "f8"], "f8")],
)  # fmt: skip
def test_classes(classes: list[str], result: str) -> None:
    X = [np.ones(n, dtype) for n, dtype in zip((1, 2), classes, strict=True)]
    assert padsequences(X, axis=0).dtype == np.dtype(result)


def test_the_sequences_stay_as_they_are() -> None:
    x = np.arange(3.0)
    padsequences([x], axis=0)[0] = 9.0
    padsequences([x], axis=0, Length=2, UniformOutput=False)[0][0] = 9.0
    assert x.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("X", "options", "kind", "words"),
    [
        ([[1.0]], {"paddingDim": 2}, TypeError, "2 could count from 0 or from 1; write axis=1"),
        ([[1.0]], {}, TypeError, "write axis=1 for sequences of channels × time"),
        (np.ones((2, 3)), {"axis": 0}, TypeError, "X is a ndarray; a list of sequences"),
        ([], {"axis": 0}, TypeError, "X is an empty list"),
        ([[1.0]], {"axis": 1}, ValueError, "axis=1 of 1; axes count from 0 to 0"),
        ([[1.0]], {"axis": True}, ValueError, "axis=True"),
        ([np.ones((2, 3)), np.ones((3, 3))], {"axis": 1}, ValueError, "sequence 1 is 3×3 and the"),
        ([np.ones((2, 3)), np.ones(3)], {"axis": 1}, ValueError, "sequence 1 is 3 and"),
        ([[1.0]], {"axis": 0, "Length": "long"}, ValueError, "Length is longest, shortest or"),
        ([[1.0]], {"axis": 0, "Length": 0}, ValueError, "Length is a whole number from 1"),
        ([[1.0]], {"axis": 0, "Direction": "up"}, ValueError, "Direction is one of right, left"),
        ([[1.0]], {"axis": 0, "PaddingValue": "edge"}, ValueError, "'edge' is not one number"),
        ([[True]], {"axis": 0, "PaddingValue": 2}, ValueError, "2 is not one truth value"),
        ([[1.0]], {"axis": 0, "nargout": 3}, ValueError, "1 to 2 outputs"),
        ([np.arange(3)], {"axis": 0}, TypeError, r"sequence 0 has the class int64.*double\(x\)"),
        ([dlarray([1.0])], {"axis": 0}, TypeError, r"sequence 0 is a dlarray.*extractdata"),
    ],
)
def test_mistakes(X: Any, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        padsequences(X, **options)
