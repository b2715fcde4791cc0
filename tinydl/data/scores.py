"""From scores to labels."""

from __future__ import annotations

from typing import Any

from tinydl.data.categorical import categorical
from tinydl.data.onehot import onehotdecode
from tinydl.labels import dlarray


def scores2label(
    scores: Any, classNames: Any, featureDim: str | None = None, *, axis: int | None = None
) -> categorical:
    """For each observation the class with the largest score, as a categorical array.

    The scores of a class lie in the dimension labelled C of a dlarray, or in a column of a plain
    matrix, whose rows are the observations: what minibatchpredict gives. featureDim, a label, or
    axis=, a position from 0, names another dimension. classNames names the classes in order; they
    become the categories. Of equal scores the first one counts.

    Raises ValueError as onehotdecode does: for a wrong number of classes and for NaN.

    Example:
        >>> from tinydl import scores2label
        >>> scores2label([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], ["cat", "dog"])
        3×1 categorical array: cat dog cat
        categories: cat dog
    """
    if featureDim is None and axis is None:
        if isinstance(scores, dlarray) and scores.dims:
            featureDim = "C"
        else:
            axis = 1
    return onehotdecode(scores, classNames, featureDim, axis=axis)
