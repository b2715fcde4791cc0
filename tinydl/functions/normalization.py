"""Normalization by the statistics of an observation: all of it, groups of channels, single ones.

All are scale · (x − μ) / √(σ² + Epsilon) + offset with one scale and one offset for each channel,
and differ in the elements whose mean μ and variance σ² are taken; ``batch_normalization`` takes
those of a whole batch. The variance is divided by their number N, not by N − 1. Statistics are
differentiated like everything else, to every order.
"""

from __future__ import annotations

import math
from typing import Any

from tinydl.functions.arguments import one_of, whole_sizes
from tinydl.functions.formats import by_layout, data_format
from tinydl.functions.layerwise import of_one_class
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.apply import value_and_format
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import elementwise
from tinydl.primitives.own_statistics import normalize_by_own
from tinydl.primitives.shape import in_shape, pad, reshape, take

LAYER_LABELS = {"channel-only": "C", "spatial-channel": "SC", "batch-excluded": "SCTU"}
"""What each OperationDimension of layernorm takes its statistics over."""


@named_options
def layernorm(
    X: dlarray,
    offset: Any,
    scaleFactor: Any,
    *,
    Epsilon: float = 1e-5,
    OperationDimension: str = "auto",
    DataFormat: str | None = None,
) -> dlarray:
    """Each observation normalized by its own statistics, then each channel scaled and shifted.

    X has a C dimension; offset and scaleFactor have one element for each channel.
    OperationDimension= says which elements of an observation make one mean and one variance:
    "channel-only" those along C, "spatial-channel" along S and C, "batch-excluded" along all
    dimensions but B. "auto" is "channel-only" for sequences without S (there is a T), so that no
    time step sees another, and "spatial-channel" for all else; for sequences of images that is our
    reading of MATLAB's default. Ba, Kiros and Hinton, "Layer normalization", 2016.

    Example:
        >>> from tinydl import dlarray, layernorm
        >>> layernorm(dlarray([[1.0], [3.0]], "CB"), [0.0, 10.0], [1.0, 1.0], Epsilon=1e-12)
        2(C) × 1(B) dlarray
        [[-1.]
         [11.]]
    """
    one_of(OperationDimension, ("auto", *LAYER_LABELS), "OperationDimension", "layernorm")
    labelled = data_format(X, DataFormat, "layernorm", needs="C")
    fmt = labelled.X.dims
    if OperationDimension == "auto":
        is_sequence = "T" in fmt and "S" not in fmt
        OperationDimension = "channel-only" if is_sequence else "spatial-channel"
    x, b, a = _operands(labelled.X, offset, scaleFactor, Epsilon, "layernorm")
    axis = formats.find(fmt, LAYER_LABELS[OperationDimension])
    return labelled.back(dlarray._make(_by_own_statistics(x, axis, a, b, Epsilon), fmt))


@named_options
def groupnorm(
    X: dlarray,
    numGroups: Any,
    offset: Any,
    scaleFactor: Any,
    *,
    Epsilon: float = 1e-5,
    DataFormat: str | None = None,
) -> dlarray:
    """Groups of neighbouring channels, each normalized by its own statistics in each observation.

    numGroups divides the number of channels; "all-channels" is one group and "channel-wise" as
    many as there are channels. The statistics of a group are taken over its channels and over all
    dimensions but C and B. offset and scaleFactor have one element for each channel. Wu and He,
    "Group normalization", 2018.

    Example:
        >>> from tinydl import dlarray, groupnorm
        >>> X = dlarray([[1.0], [3.0], [10.0], [30.0]], "CB")
        >>> groupnorm(X, 2, [0, 0, 0, 0], [1, 1, 1, 1], Epsilon=1e-12)
        4(C) × 1(B) dlarray
        [[-1.]
         [ 1.]
         [-1.]
         [ 1.]]
    """
    labelled = data_format(X, DataFormat, "groupnorm", needs="C")
    groups = _groups(numGroups, labelled.X)
    value = _by_groups(labelled.X, groups, offset, scaleFactor, Epsilon, "groupnorm")
    return labelled.back(dlarray._make(value, labelled.X.dims))


@named_options
def instancenorm(
    X: dlarray,
    offset: Any,
    scaleFactor: Any,
    *,
    Epsilon: float = 1e-5,
    DataFormat: str | None = None,
) -> dlarray:
    """Each channel of each observation normalized by its own statistics.

    They are taken over all dimensions but C and B, of which there must be one. offset and
    scaleFactor have one element for each channel. Ulyanov, Vedaldi and Lempitsky, "Instance
    normalization", 2016.

    Example:
        >>> from tinydl import dlarray, instancenorm
        >>> instancenorm(dlarray([[1.0], [3.0]], "SC"), [0.0], [1.0], Epsilon=1e-12)
        2(S) × 1(C) dlarray
        [[-1.]
         [ 1.]]
    """
    labelled = data_format(X, DataFormat, "instancenorm", needs="C")
    X = labelled.X
    if not formats.find(X.dims, "STU"):
        raise ValueError(
            f"instancenorm: {header(X, X.dims)} has no S, T or U dimension to take statistics "
            "over; features are normalized by batchnorm or layernorm"
        )
    channels = X.shape[X.dims.index("C")]
    value = _by_groups(X, channels, offset, scaleFactor, Epsilon, "instancenorm")
    return labelled.back(dlarray._make(value, X.dims))


@named_options
def crosschannelnorm(
    X: dlarray,
    windowSize: int,
    *,
    Alpha: float = 1e-4,
    Beta: float = 0.75,
    K: float = 2.0,
    DataFormat: str | None = None,
) -> dlarray:
    """Each element divided by the size of its neighbours in other channels.

    x / (K + Alpha/windowSize · ss)^Beta, where ss is the sum of squares over windowSize channels
    around the own one: ⌊(windowSize − 1)/2⌋ before and ⌊windowSize/2⌋ after it, as far as there
    are channels. Also known as local response normalization. Krizhevsky, Sutskever and Hinton,
    "ImageNet classification with deep convolutional neural networks", 2012.

    Example:
        >>> from tinydl import crosschannelnorm, dlarray
        >>> X = dlarray([[1.0], [2.0], [3.0]], "CB")
        >>> crosschannelnorm(X, 3, Alpha=3, Beta=1, K=0)  # [1/(1+4), 2/(1+4+9), 3/(4+9)]
        3(C) × 1(B) dlarray
        [[0.2   ]
         [0.1429]
         [0.2308]]
    """
    labelled = data_format(X, DataFormat, "crosschannelnorm", needs="C")
    (width,) = whole_sizes((windowSize,), "crosschannelnorm: windowSize", least=1)
    x, fmt = arithmetic(labelled.X._value), labelled.X.dims
    at = fmt.index("C")
    widths = tuple([((width - 1) // 2, width // 2) if i == at else (0, 0) for i in range(x.ndim)])
    squares = pad(elementwise.multiply(x, x), widths=widths)
    total: Any = None
    for start in range(width):
        window = (*(slice(None),) * at, slice(start, start + x.shape[at]))
        neighbour = take(squares, index=window)
        total = neighbour if total is None else elementwise.add(total, neighbour)
    scale = elementwise.power(total * (float(Alpha) / width) + float(K), p=-float(Beta))
    return labelled.back(dlarray._make(elementwise.multiply(x, scale), fmt))


# ---- what they share ----------------------------------------------------------------------------


def _by_own_statistics(x: Any, axis: tuple[int, ...], a: Any, b: Any, epsilon: float) -> Any:
    """a · (x − μ) / √(σ² + ε) + b, with mean and variance of x itself along some axes."""
    return normalize_by_own(x, a, b, axis=tuple(axis), epsilon=float(epsilon))


def _by_groups(
    X: dlarray, groups: int, offset: Any, scale: Any, epsilon: float, caller: str
) -> Any:
    """X with statistics for each observation and group of channels.

    C is split into (group, channel within), and the statistics are taken over the second part.
    """
    x, b, a = _operands(X, offset, scale, epsilon, caller)
    at = X.dims.index("C")
    x, b, a = [_split(v, at, groups) for v in (x, b, a)]
    axis = [i + (i > at) for i in formats.find(X.dims, "STU")]
    y = _by_own_statistics(x, (*axis, at + 1), a, b, epsilon)
    return reshape(y, shape=X.shape, order="C")


def _split(x: Any, at: int, groups: int) -> Any:
    within = x.shape[at] // groups if groups else 0
    return reshape(x, shape=(*x.shape[:at], groups, within, *x.shape[at + 1 :]), order="C")


def _groups(number: Any, X: dlarray) -> int:
    channels = X.shape[X.dims.index("C")]
    if isinstance(number, str):
        one_of(number, ("all-channels", "channel-wise"), "numGroups", "groupnorm")
        return 1 if number == "all-channels" else channels
    (groups,) = whole_sizes((number,), "groupnorm: numGroups", least=1)
    if channels % groups:
        raise ValueError(
            f"groupnorm: {groups} groups of the {channels} channels of {header(X, X.dims)}; the "
            "number of groups must divide them"
        )
    return groups


def _operands(X: dlarray, offset: Any, scale: Any, epsilon: float, caller: str) -> list[Any]:
    """X, offset and scale in one class, the last two in shapes that expand to X."""
    if not epsilon >= 0:
        raise ValueError(f"{caller}: Epsilon is a number from 0 on, not {epsilon!r}")
    b = for_channels(offset, X, "offset", caller)
    a = for_channels(scale, X, "scaleFactor", caller)
    return of_one_class(X=X._value, offset=b, scaleFactor=a)


def for_channels(parameter: Any, X: dlarray, name: str, caller: str) -> Any:
    """The value of a parameter with one element for each channel, in a shape that expands to X."""
    return in_shape(of_channels(parameter, X, name, caller), _beside_channels(X))


def of_channels(parameter: Any, X: dlarray, name: str, caller: str) -> Any:
    """The value of a parameter with one element for each channel of X, in any shape."""
    value, _ = value_and_format(parameter, f"{caller}: {name}", beside=(X,))
    channels = math.prod(_beside_channels(X))
    if math.prod(value.shape) != channels:
        raise ValueError(
            f"{caller}: {name} of {formats.describe('', value.shape)} for {header(X, X.dims)}; it "
            f"needs {channels} elements, one for each channel"
        )
    return value


@by_layout
def _beside_channels(X: dlarray) -> tuple[int, ...]:
    """The sizes of an array with one number for each channel that expands to X."""
    return tuple([n if label == "C" else 1 for n, label in zip(X.shape, X.dims, strict=True)])
