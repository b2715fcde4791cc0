"""length, height, width and the questions that begin with is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinydl as dl
from tinydl import dlarray

SHAPES = {
    # shape: length, height, width, isempty, isscalar, isvector, iscolumn, isrow, ismatrix
    (): (1, 1, 1, False, True, True, True, True, True),
    (1,): (1, 1, 1, False, True, True, True, True, True),
    (3,): (3, 3, 1, False, False, True, True, False, True),
    (0,): (0, 0, 1, True, False, True, True, False, True),
    (1, 1): (1, 1, 1, False, True, True, True, True, True),
    (1, 4): (4, 1, 4, False, False, True, False, True, True),
    (4, 1): (4, 4, 1, False, False, True, True, False, True),
    (2, 3): (3, 2, 3, False, False, False, False, False, True),
    (0, 3): (0, 0, 3, True, False, False, False, False, True),
    (1, 0): (0, 1, 0, True, False, True, False, True, True),
    (1, 1, 4): (4, 1, 1, False, False, False, False, False, False),
    (2, 5, 4): (5, 2, 5, False, False, False, False, False, False),
}
"""MATLAB's answers, where a 1-D array is a column and a number is 1 × 1."""


@pytest.mark.parametrize("shape", SHAPES)
def test_sizes(shape: tuple[int, ...]) -> None:
    for X in (np.zeros(shape), dlarray(np.zeros(shape)), np.zeros(shape).tolist()):
        if isinstance(X, (list, float)) and np.shape(X) != shape:
            continue  # a nested list cannot say how wide no rows are
        found = (dl.length(X), dl.height(X), dl.width(X), dl.isempty(X), dl.isscalar(X),
                 dl.isvector(X), dl.iscolumn(X), dl.isrow(X), dl.ismatrix(X))  # fmt: skip
        assert found == SHAPES[shape]
        assert [type(answer) for answer in found] == [int] * 3 + [bool] * 6


def test_labels_count_as_dimensions() -> None:
    X = dlarray(np.zeros((5, 1, 1, 1)), "SSCB")
    assert (dl.isvector(X), dl.ismatrix(X), dl.length(X)) == (False, False, 5)
    assert dl.iscolumn(dlarray([1.0, 2.0], "C"))
    assert dl.length(dl.categorical(["a", "b", "a"])) == 3


@pytest.mark.parametrize(
    ("X", "is_float", "is_numeric", "is_logical"),
    [(1.0, True, True, False), ([1, 2], True, True, False), (True, False, False, True),
     (np.float32([1]), True, True, False), (np.arange(3), False, True, False),
     (np.array([True]), False, False, True), (dlarray([1.0]), True, True, False),
     (dlarray(np.float32(1)), True, True, False), (dlarray([True]), False, False, True),
     ("text", False, False, False), (["a", "b"], False, False, False), (None, False, False, False),
     (dl.categorical(["a"]), False, False, False), ([[1], [2, 3]], False, False, False)],
)  # fmt: skip
def test_classes(X: Any, is_float: bool, is_numeric: bool, is_logical: bool) -> None:
    assert (dl.isfloat(X), dl.isnumeric(X), dl.islogical(X)) == (is_float, is_numeric, is_logical)
