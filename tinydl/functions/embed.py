"""Embedding: each position stands for a column of a matrix."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import is_array, xp
from tinydl.functions.arguments import as_dlarray
from tinydl.functions.formats import data_format
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.classes import arithmetic
from tinydl.labels.devices import together
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import shape


@named_options
def embed(X: Any, weights: Any, *, DataFormat: str | None = None) -> dlarray:
    """Each position in X replaced by that column of weights, along the C dimension.

    X holds whole numbers from 0 to n − 1 (MATLAB counts from 1); its C dimension has the size 1,
    or there is none. weights is D × n: column i is the vector of D numbers that stands for i. The
    result has the labels of X and a C dimension of size D. It is followed by weights: the gradient
    of a column is the sum over all places where it was taken.

    X without labels needs DataFormat=; the result is then without labels too, in the order of
    DataFormat=, or of S, C, B, T, U if that names no C.

    Raises ValueError for positions that are no columns of weights.

    Example:
        >>> from tinydl import dlarray, embed
        >>> embed(dlarray([2, 0, 2], "B"), [[1, 2, 3], [4, 5, 6]])
        2(C) × 3(B) dlarray
        [[3. 1. 3.]
         [6. 4. 6.]]
    """
    labelled = data_format(counted(X), DataFormat, "embed")
    X = labelled.X
    W = as_dlarray(weights, "embed: weights", beside=(X,))
    if W.ndim != 2:
        raise ValueError(f"embed: weights are {header(W, W.dims)}; a matrix is needed, with one "
                         "column for each position")  # fmt: skip
    channel = formats.find(X.dims, "C")
    if channel and X.shape[channel[0]] != 1:
        raise ValueError(
            f"embed: {header(X, X.dims)} has several channels; positions have one, or no C"
        )
    x, w = together((X._value, W._value), ("embed: X", "embed: weights"))
    positions = as_positions(plain(x), W.shape[1], "embed: X")
    dims = formats.join(X.dims, "C")
    at = dims.index("C")
    others = [n for n, label in zip(X.shape, X.dims, strict=True) if label != "C"]
    columns = shape.take(arithmetic(w), index=(slice(None), positions.reshape(-1)))
    apart = shape.reshape(columns, shape=(W.shape[0], *others), order="C")
    # Channels come first out of the matrix, and stand behind the spatial dimensions.
    order = (*range(1, at + 1), 0, *range(at + 1, len(dims)))
    return labelled.back(dlarray._make(shape.transpose(apart, axes=order), dims))


def counted(x: Any) -> Any:
    """Positions of an integer class, as functions give them back, as doubles; else x itself."""
    return x.astype("float64") if is_array(x) and x.dtype.kind in "iu" else x


def as_positions(x: Any, count: int, what: str) -> Any:
    """Plain numbers as positions from 0 among `count` things.

    They are checked before they are used: a GPU would count those outside round and round.
    """
    is_position = (x >= 0) & (x < count) & (x == xp(x).floor(arithmetic(x)))
    if not bool(is_position.all()):
        wrong = x[~is_position].reshape(-1)[0].item()
        raise ValueError(
            f"{what}: {wrong:g} is no position; positions are whole numbers from 0 to {count - 1} "
            "(MATLAB's, less 1)"
        )
    return x.astype("int64")
