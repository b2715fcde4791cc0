"""One-hot vectors: a class as a 1 among zeros, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydl.backend import on_device_of, xp
from tinydl.data.categorical import categorical
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import DTYPE, as_array
from tinydl.labels.options import named_options


@named_options
def onehotencode(
    A: Any,
    featureDim: None = None,
    typename: str = "double",
    *,
    axis: int | None = None,
    ClassNames: Any = None,
) -> Any:
    """For each label a vector with a 1 at the place of its class and zeros elsewhere.

    A is a categorical array, or an array or list of numbers or of text, which need ClassNames=, the
    classes in the order of the vector; for a categorical array they are its categories. axis is the
    dimension, counted from 0, along which the vectors lie: A has the size 1 there, or it is the
    next one. A 1-D array has neither direction: axis=0 makes a column of each of its n labels
    (classes × n), axis=1 a row (n × classes). MATLAB's featureDim, which counts from 1, is refused.

    A label that is none of the classes, and NaN, become vectors of NaN, as in MATLAB; with the
    class "logical" they raise ValueError. typename is the class of the result: "double", "single"
    or "logical". It is a plain array, on the GPU if A is.

    Example:
        >>> from tinydl import categorical, onehotencode
        >>> onehotencode(categorical(["no", "yes", "no"]), axis=0)
        array([[1., 0., 1.],
               [0., 1., 0.]])
        >>> onehotencode([3, 5], axis=1, typename="single", ClassNames=[3, 4, 5])
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    if typename not in DTYPE:
        raise ValueError(f"onehotencode: the class is one of {', '.join(DTYPE)}, not {typename!r}")
    labels, classes = _labels_and_classes(A, ClassNames)
    if len(set(classes.tolist())) < len(classes):
        raise ValueError(f"onehotencode: ClassNames names a class twice: {classes.tolist()}")
    axis = _feature_axis(labels.shape, featureDim, axis)
    if labels.ndim == 1:
        labels = np.expand_dims(labels, axis)
    elif axis == labels.ndim:
        labels = labels[..., None]
    along = classes.reshape([-1 if i == axis else 1 for i in range(labels.ndim)])
    is_class = labels == along
    known = is_class.any(axis=axis, keepdims=True)
    if not known.all() and typename == "logical":
        wrong = labels[~known].tolist()[0]
        raise ValueError(f'onehotencode: {wrong!r} is none of the classes, and "logical" has no '
                         "NaN")  # fmt: skip
    made = is_class if known.all() else np.where(known, is_class, np.nan)
    encoded = made.astype(DTYPE[typename])
    return encoded if isinstance(A, (categorical, list, tuple)) else _beside(A, encoded)


def _beside(A: Any, made: np.ndarray) -> Any:
    return made if isinstance(A, np.ndarray) else on_device_of(A, made)


def _labels_and_classes(A: Any, names: Any) -> tuple[np.ndarray, np.ndarray]:
    """Labels and classes as arrays that can be compared: both text, or both numbers."""
    if isinstance(A, dlarray):
        raise TypeError("onehotencode: A is a dlarray; labels are constants: extractdata(A)")
    if isinstance(A, categorical):
        labels = np.asarray(A)
        classes = A.categories if names is None else _listed(names).reshape(-1)
        classes = classes if classes.dtype.kind == "U" else categorical(classes, classes).categories
        return labels, classes
    if names is None:
        raise ValueError(
            "onehotencode: A is no categorical array; name the classes in their order, "
            "ClassNames=[…]"
        )
    labels = _listed(A) if isinstance(A, (list, tuple, np.ndarray)) else xp(A).to_host(A)
    classes = _listed(names).reshape(-1)
    labels = np.atleast_1d(labels)
    if labels.size and (labels.dtype.kind == "U") != (classes.dtype.kind == "U"):
        raise TypeError("onehotencode: A and ClassNames: one is text, the other numbers")
    return labels, classes


def _listed(names: Any) -> np.ndarray:
    """Text or numbers as an array of them; NumPy alone would turn a mixture into text."""
    array = np.asarray(names)
    if array.dtype.kind == "U" and not isinstance(names, np.ndarray):
        are_text = [isinstance(name, str) for name in np.array(names, dtype=object).ravel()]
        array = array if all(are_text) else np.array(names, dtype=object)
    if array.dtype.kind not in "Ubiuf":
        raise TypeError("onehotencode: labels and classes are text, or they are numbers")
    return array


def _feature_axis(shape: tuple[int, ...], featureDim: Any, axis: Any) -> int:
    if featureDim is not None or axis is None:
        given = "" if featureDim is None else f"{featureDim!r} could count from 0 or from 1; "
        raise TypeError(
            f"onehotencode: {given}write axis=0 for vectors that are columns, axis=1 for rows"
        )
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(f"onehotencode: axis={axis!r}; it is a position, 0 for columns, 1 for rows")
    axis = int(axis)
    if not 0 <= axis <= len(shape):
        raise ValueError(f"onehotencode: axis={axis} of {formats.describe('', shape)}")
    if len(shape) > 1 and axis < len(shape) and shape[axis] != 1:
        raise ValueError(
            f"onehotencode: dimension {axis} of {formats.describe('', shape)} has the size "
            f"{shape[axis]}; the vectors need one of size 1, or the next one, {len(shape)}"
        )
    return axis


def onehotdecode(Y: Any, classes: Any, dim: str | None = None, *, axis: int | None = None) -> Any:
    """The class with the largest number in each vector, as a categorical array.

    Y is a dlarray or a plain array of scores; dim is the label of the dimension along which the
    vectors lie, such as "C", or axis= its position from 0. classes names its positions: text,
    numbers, or a categorical array whose elements are the classes in order. They become the
    categories. Of equal scores the first one counts. The labels come in the order of the columns.

    Raises ValueError if the number of classes is not the size of the dimension, if more than one
    other dimension is longer than 1 (a categorical array has one), and for NaN.

    Example:
        >>> from tinydl import dlarray, onehotdecode
        >>> onehotdecode(dlarray([[0.9, 0.2], [0.1, 0.8]], "CB"), ["no", "yes"], "C")
        2×1 categorical array: no yes
        categories: no yes
    """
    scores, fmt = _scores(Y)
    at = _score_axis(scores, fmt, dim, axis)
    names = categorical(classes, list(classes))
    if len(names) != scores.shape[at]:
        raise ValueError(
            f"onehotdecode: {len(names)} classes for {formats.describe(fmt, scores.shape)}, whose "
            f"dimension {at} has {scores.shape[at]} positions"
        )
    others = [n for i, n in enumerate(scores.shape) if i != at and n != 1]
    if len(others) > 1:
        raise ValueError(
            f"onehotdecode: {formats.describe(fmt, scores.shape)} has labels in {len(others)} "
            "dimensions, and a categorical array has one; decode it part by part"
        )
    if np.isnan(scores).any():
        raise ValueError("onehotdecode: NaN is no score")
    return names[scores.argmax(axis=at).reshape(-1)]


def _scores(Y: Any) -> tuple[np.ndarray, str]:
    """The numbers of Y in the computer's own memory, and their format."""
    array, fmt = (Y._numbers(), Y.dims) if isinstance(Y, dlarray) else (as_array(Y, "Y"), "")
    return xp(array).to_host(array), fmt


def _score_axis(scores: np.ndarray, fmt: str, dim: Any, axis: Any) -> int:
    found: tuple[int, ...] = ()
    if isinstance(dim, str) and axis is None:
        found = formats.find(fmt, formats.check(dim, "onehotdecode: the dimension"))
    elif dim is None and hasattr(axis, "__index__") and -scores.ndim <= axis < scores.ndim:
        found = (int(axis) % scores.ndim,)
    if len(found) != 1:
        raise ValueError(
            f"onehotdecode: which dimension of {formats.describe(fmt, scores.shape)}? Name one, "
            'onehotdecode(Y, classes, "C") by label or onehotdecode(Y, classes, axis=0) by position'
        )
    return found[0]
