"""What a fully connected layer computes."""

from __future__ import annotations

import math
from typing import Any

from tinydl.functions.formats import data_format
from tinydl.labels import devices, dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.classes import common, to_class
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import contract
from tinydl.primitives.shape import in_shape, transpose


@named_options
def fullyconnect(
    X: dlarray, weights: Any, bias: Any = None, *, DataFormat: str | None = None
) -> dlarray:
    """The weighted sum W x + b of all channels and pixels, for each observation and time.

    X has a C or S dimension; those are read as one, in column-major order, and have I elements
    together. weights is O × I, or O × the sizes of those dimensions, and bias has O elements, both
    without labels. The result has the labels C (of size O) and those of X that are neither S nor
    C. DataFormat= names the dimensions of an X without labels; the result then has none either.

    Example:
        >>> from tinydl import dlarray, fullyconnect
        >>> fullyconnect(dlarray([[1], [2]], "CB"), [[3.0, 4.0]], [0.5])
        1(C) × 1(B) dlarray
        [[11.5]]
    """
    labelled = data_format(X, DataFormat, "fullyconnect")
    X = labelled.X
    x, w, b = same_class(X=X, weights=weights, bias=0.0 if bias is None else bias)
    inputs = formats.find(X.dims, "SC")
    rest = X.shape[len(inputs) :]
    count = math.prod(X.shape[: len(inputs)])
    _check_matrix(w, b, count, X, inputs, has_bias=bias is not None)
    if len(inputs) > 1 or w.ndim > 2:
        # x lies in memory with its last dimension fastest, while the weights count its elements
        # with the first one fastest. Reversing the dimensions of the smaller one brings them
        # together in one copy, and its gradient comes back in one.
        w = in_shape(w, (w.shape[0], count), order="F")
        if math.prod(rest) < w.shape[0]:
            x = in_shape(x, (count, *rest), order="F")
        else:
            sizes = X.shape[len(inputs) - 1 :: -1]
            w = transpose(in_shape(w, (w.shape[0], *sizes)), axes=(0, *range(len(sizes), 0, -1)))
            w = in_shape(w, (w.shape[0], count))
    x = in_shape(x, (count, math.prod(rest)))
    if bias is None:
        y = contract.matmul(w, x)
    else:
        y = contract.affine(w, x, in_shape(b, (w.shape[0], 1)))
    y = in_shape(y, (w.shape[0], *rest))
    return labelled.back(dlarray._make(y, "C" + X.dims[len(inputs) :]))


def _check_matrix(
    w: Any, b: Any, count: int, X: dlarray, inputs: tuple[int, ...], has_bias: bool
) -> None:
    if not inputs:
        raise ValueError(f"fullyconnect: {header(X, X.dims)} has neither an S nor a C dimension")
    if w.ndim < 2 or math.prod(w.shape[1:]) != count:
        raise ValueError(
            f"fullyconnect: weights of {formats.describe('', w.shape)} for {header(X, X.dims)}; "
            f"they need {count} columns, one for each channel and pixel"
        )
    if has_bias and math.prod(b.shape) != w.shape[0]:
        raise ValueError(
            f"fullyconnect: a bias of {formats.describe('', b.shape)} for weights of "
            f"{formats.describe('', w.shape)}; it needs one element for each row of the weights"
        )


def same_class(**operands: Any) -> list[Any]:
    """The values of all arguments in the class they have together, on one device."""
    others = tuple(operands.values())
    return of_one_class(
        **{name: value_and_format(x, name, others)[0] for name, x in operands.items()}
    )


def of_one_class(**values: Any) -> list[Any]:
    """Values in the class they have together, on one device; their names are for an error."""
    given = devices.together(tuple(values.values()), tuple(values))
    dtype = common(*[v.dtype for v in given])
    return [v if v.dtype is dtype else to_class(v, dtype) for v in given]
