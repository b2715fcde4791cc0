"""What layers compute: fully connected, batch normalization."""

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
from tinydl.primitives import contract, normalize, reduce
from tinydl.primitives.elementwise import add
from tinydl.primitives.shape import reshape


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
        # with the first one fastest. The weights are the smaller array to rearrange.
        w = reshape(w, shape=(w.shape[0], *X.shape[: len(inputs)]))
        w = reshape(w, shape=(w.shape[0], count), order="C")
    y = contract.matmul(w, reshape(x, shape=(count, math.prod(rest)), order="C"))
    if bias is not None:
        y = add(y, reshape(b, shape=(w.shape[0], 1), order="C"))
    y = reshape(y, shape=(w.shape[0], *rest), order="C")
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


@named_options
def batchnorm(
    X: dlarray,
    offset: Any,
    scaleFactor: Any,
    mu: Any = None,
    sigmaSq: Any = None,
    *,
    Epsilon: float = 1e-5,
    MeanDecay: float = 0.1,
    VarianceDecay: float = 0.1,
    DataFormat: str | None = None,
    nargout: int | None = None,
) -> Any:
    """Each channel normalized, then scaled and shifted: scale · (x − μ) / √(σ² + Epsilon) + offset.

    Which statistics are used depends on what is given and asked for:

    * ``Y, mu, sigmaSq = batchnorm(X, offset, scale)``: those of this batch, which are returned.
      The variance is divided by the number of elements N, not by N − 1.
    * ``Y = batchnorm(X, offset, scale, mu, sigmaSq)``: the given ones.
    * ``Y, mu, sigmaSq = batchnorm(X, offset, scale, mu, sigmaSq, nargout=3)``: those of this batch;
      the given ones are moved towards them, by φ · batch + (1 − φ) · given with φ = MeanDecay and
      VarianceDecay, and returned.

    Statistics are taken over all dimensions but C. They are differentiated like everything else;
    mu and sigmaSq have the shape of offset. Ioffe and Szegedy, "Batch normalization", 2015.

    Example:
        >>> from tinydl import batchnorm, dlarray
        >>> X = dlarray([[1.0, 3.0]], "CB")
        >>> Y, mu, sigmaSq = batchnorm(X, [0.0], [1.0], Epsilon=1e-12)
        >>> Y, float(mu), float(sigmaSq)
        (1(C) × 2(B) dlarray
        [[-1.  1.]], 2.0, 1.0)
    """
    labelled = data_format(X, DataFormat, "batchnorm", needs="C")
    given = mu is not None and sigmaSq is not None
    if (mu is None) != (sigmaSq is None):
        raise ValueError("batchnorm: give both mu and sigmaSq, or neither")
    nargout = (1 if given else 3) if nargout is None else nargout
    if nargout not in ((1, 3) if given else (3,)):
        raise ValueError(
            f"batchnorm: nargout={nargout}; with mu and sigmaSq it is 1 (normalize with them) or 3 "
            "(update them), without them always 3"
        )
    X = labelled.X
    if given:
        mu, sigmaSq = _running(mu, X, "mu"), _running(sigmaSq, X, "sigmaSq")
    offsets, scales, means, variances = [_for_channels(p, X, name) for p, name in (
        (offset, "offset"), (scaleFactor, "scaleFactor"), (mu, "mu"), (sigmaSq, "sigmaSq"),
    )]  # fmt: skip
    if nargout == 1:
        x, b, a, m, v = same_class(
            X=X, offset=offsets, scaleFactor=scales, mu=means, sigmaSq=variances
        )
        return labelled.back(_normalized(x, m, v, a, b, Epsilon, X.dims))
    x, b, a = same_class(X=X, offset=offsets, scaleFactor=scales)
    axis = tuple([i for i in range(X.ndim) if X.dims[i] != "C"])
    m = reduce.mean(x, axis=axis)
    v = normalize.variance(x, m, axis=axis)
    Y = _normalized(x, m, v, a, b, Epsilon, X.dims)
    sizes = value_and_format(offset)[0].shape
    batch = [dlarray._make(reshape(s, shape=sizes, order="C"), "") for s in (m, v)]
    if given:
        batch[0] = moved(mu, batch[0], MeanDecay, sizes)
        batch[1] = moved(sigmaSq, batch[1], VarianceDecay, sizes)
    return labelled.back(Y), *batch


def moved(old: Any, new: dlarray, decay: float, sizes: tuple[int, ...]) -> dlarray:
    """A running statistic after one more batch: decay · new + (1 − decay) · old."""
    value, _ = value_and_format(old)
    return new * float(decay) + dlarray._make(reshape(value, shape=sizes, order="C"), "") * (
        1.0 - float(decay)
    )


def _normalized(x: Any, m: Any, v: Any, a: Any, b: Any, epsilon: float, fmt: str) -> dlarray:
    return dlarray._make(normalize.normalize(x, m, v, a, b, epsilon=float(epsilon)), fmt)


def _running(statistic: Any, X: dlarray, name: str) -> dlarray:
    """A running statistic on the device of the data, where State may not have been yet."""
    value, fmt = value_and_format(statistic, f"batchnorm: {name}", beside=(X,))
    return dlarray._make(devices.beside(X._value, value), fmt)


def _for_channels(parameter: Any, X: dlarray, name: str) -> Any:
    """A parameter with one element for each channel, in a shape that expands to X."""
    if parameter is None:
        return None
    value, _ = value_and_format(parameter, f"batchnorm: {name}", beside=(X,))
    channels = X.shape[X.dims.index("C")]
    if math.prod(value.shape) != channels:
        raise ValueError(
            f"batchnorm: {name} of {formats.describe('', value.shape)} for {header(X, X.dims)}; it "
            f"needs {channels} elements, one for each channel"
        )
    sizes = tuple([channels if label == "C" else 1 for label in X.dims])
    return dlarray._make(reshape(value, shape=sizes, order="C"), "")


def same_class(**operands: Any) -> list[Any]:
    """The values of all arguments in the class they have together, on one device."""
    others = tuple(operands.values())
    given = [value_and_format(x, name, others)[0] for name, x in operands.items()]
    values = devices.together(given, list(operands))
    dtype = common(*[v.dtype for v in values])
    return [to_class(v, dtype) for v in values]
