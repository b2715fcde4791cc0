"""How often each class was taken for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.data import names
from tinydl.data.categorical import categorical
from tinydl.labels.options import named_options


@named_options
def confusionmat(group: Any, grouphat: Any, *, Order: Any = None, nargout: int = 1) -> Any:
    """The confusion matrix: element (i, j) counts what belongs to class i and was taken for j.

    group has the true labels and grouphat the predicted ones: categorical arrays, or lists or
    arrays of text, of numbers or of truth values, as many of each. The classes are, of a
    categorical group, its categories, also those that do not occur, and then others of grouphat; of
    numbers and truth values those that occur, by size; of text, in the order in which they occur,
    group before grouphat. Order gives them in another order; it has to name all that occur.

    The counts are of class double. nargout=2 gives the classes too, as an array of text or numbers.

    Raises ValueError for different numbers of labels, for missing ones, and for an Order that
    lists a class twice or leaves one out; TypeError for text beside numbers.

    Example:
        >>> from tinydl import confusionmat
        >>> confusionmat(["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"])
        array([[1., 1.],
               [0., 2.]])
    """
    if nargout not in (1, 2):
        raise ValueError(f"confusionmat gives 1 to 2 outputs; nargout={nargout!r}")
    truth, predicted = _labels(group, "group"), _labels(grouphat, "grouphat")
    if len(truth) != len(predicted):
        raise ValueError(
            f"confusionmat: group has {len(truth)} labels and grouphat {len(predicted)}; each "
            "observation has one of both"
        )
    if len(truth) and (truth.dtype.kind == "U") != (predicted.dtype.kind == "U"):
        raise TypeError("confusionmat: group and grouphat: one is text, the other numbers")
    classes = _classes(group, grouphat, truth, predicted) if Order is None else _ordered(Order)
    count = len(classes)
    places = _place(truth, classes, "group") * count + _place(predicted, classes, "grouphat")
    matrix = np.bincount(places, minlength=count * count).reshape(count, count).astype(float)
    return (matrix, classes) if nargout == 2 else matrix


def _labels(labels: Any, argument: str) -> np.ndarray:
    if isinstance(labels, categorical):
        return np.asarray(labels)
    return names.complete_row(labels, f"confusionmat: {argument}")


def _classes(group: Any, grouphat: Any, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    if truth.dtype.kind != "U":
        return np.unique(np.concatenate([truth, predicted]))
    listed: list[str] = []
    for given, labels in ((group, truth), (grouphat, predicted)):
        listed += (given.categories if isinstance(given, categorical) else labels).tolist()
    return np.array(list(dict.fromkeys(listed)), dtype=str)


def _ordered(Order: Any) -> np.ndarray:
    classes = _labels(Order, "Order")
    if len(np.unique(classes)) < len(classes):
        raise ValueError(f"confusionmat: Order names a class twice: {classes.tolist()}")
    return classes


def _place(labels: np.ndarray, classes: np.ndarray, argument: str) -> np.ndarray:
    """The position of the class of each label."""
    if len(labels) and len(classes) and (labels.dtype.kind == "U") != (classes.dtype.kind == "U"):
        raise TypeError(f"confusionmat: {argument} and Order: one is text, the other numbers")
    place = {value: i for i, value in enumerate(classes.tolist())}
    missing = [label for label in labels.tolist() if label not in place]
    if missing:
        raise ValueError(f"confusionmat: Order leaves out {missing[0]!r}, which {argument} has")
    return np.array([place[label] for label in labels.tolist()], dtype=np.intp)
