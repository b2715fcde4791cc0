"""Images: channels exchanged for pixels, and other numbers of pixels."""

from __future__ import annotations

import math
from typing import Any

from tinydl.autodiff.record import plain
from tinydl.backend import host, on_device_of
from tinydl.functions.arguments import one_of
from tinydl.functions.formats import data_format
from tinydl.functions.window import per_dimension
from tinydl.labels import dlarray
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives.contract import matmul
from tinydl.primitives.shape import reshape, take, transpose


@named_options
def depthToSpace(
    X: dlarray, blockSize: Any, *, Mode: str = "dcr", DataFormat: str | None = None
) -> dlarray:
    """Channels laid out as blocks of pixels: the size of S grows by blockSize, C shrinks by it.

    X has S and C dimensions; blockSize is a whole number, or one for each S dimension. The channels
    of X are counted by the row in the block, then the column, then the channel of the result, the
    last one fastest: Mode="dcr" (depth, column, row). With Mode="crd" the channel of the result
    counts slowest, as in PyTorch's pixel shuffle.

    Example:
        >>> from tinydl import depthToSpace, dlarray
        >>> Y = depthToSpace(dlarray([[[1.0, 2.0, 3.0, 4.0]]], "SSC"), 2)
        >>> Y.shape, Y[:, :, 0].dims
        ((2, 2, 1), 'SSC')
        >>> print([float(Y[i, j, 0]) for i in range(2) for j in range(2)])
        [1.0, 2.0, 3.0, 4.0]
    """
    one_of(Mode, ("dcr", "crd"), "Mode", "depthToSpace")
    labelled = data_format(X, DataFormat, "depthToSpace", needs="SC")
    X = labelled.X
    rank = X.dims.count("S")
    block = per_dimension(blockSize, rank, "depthToSpace: blockSize")
    spatial, rest, volume = X.shape[:rank], X.shape[rank + 1 :], math.prod(block)
    if X.shape[rank] % volume:
        raise ValueError(
            f"depthToSpace: the {X.shape[rank]} channels of {header(X, X.dims)} do not fill blocks "
            f"of {' × '.join(map(str, block))}; their number must be a multiple of {volume}"
        )
    channels = X.shape[rank] // volume
    split = (*block, channels) if Mode == "dcr" else (channels, *block)
    first = rank if Mode == "dcr" else rank + 1  # the first of the axes inside of a block
    channel = 2 * rank if Mode == "dcr" else rank
    pairs = [axis for i in range(rank) for axis in (i, first + i)]
    order = (*pairs, channel, *range(2 * rank + 1, 2 * rank + 1 + len(rest)))
    grown = tuple([n * b for n, b in zip(spatial, block, strict=True)])
    y = reshape(X._value, shape=(*spatial, *split, *rest), order="C")
    y = reshape(transpose(y, axes=order), shape=(*grown, channels, *rest), order="C")
    return labelled.back(dlarray._make(y, X.dims))


@named_options
def spaceToDepth(X: dlarray, blockSize: Any, *, DataFormat: str | None = None) -> dlarray:
    """Blocks of pixels laid out as channels: what depthToSpace with Mode="dcr" undoes.

    X has S and C dimensions; blockSize is a whole number, or one for each S dimension. Pixels at
    the end that fill no block are left out: n pixels become ⌊n / blockSize⌋.

    Example:
        >>> from tinydl import dlarray, spaceToDepth
        >>> spaceToDepth(dlarray([[[1.0], [2.0]], [[3.0], [4.0]]], "SSC"), 2)
        1(S) × 1(S) × 4(C) dlarray
        [[[1. 2. 3. 4.]]]
    """
    labelled = data_format(X, DataFormat, "spaceToDepth", needs="SC")
    X = labelled.X
    rank = X.dims.count("S")
    block = per_dimension(blockSize, rank, "spaceToDepth: blockSize")
    spatial, channels, rest = X.shape[:rank], X.shape[rank], X.shape[rank + 1 :]
    fewer = tuple([n // b for n, b in zip(spatial, block, strict=True)])
    whole = tuple([slice(0, n * b) for n, b in zip(fewer, block, strict=True)])
    split = tuple([part for pair in zip(fewer, block, strict=True) for part in pair])
    order = (*range(0, 2 * rank, 2), *range(1, 2 * rank, 2), *range(2 * rank, X.ndim + rank))
    y = reshape(take(X._value, index=whole), shape=(*split, channels, *rest), order="C")
    y = transpose(y, axes=order)
    y = reshape(y, shape=(*fewer, math.prod(block) * channels, *rest), order="C")
    return labelled.back(dlarray._make(y, X.dims))


@named_options
def dlresize(
    X: dlarray,
    *,
    Scale: Any = None,
    OutputSize: Any = None,
    Method: str = "nearest",
    GeometricTransformMode: str = "half-pixel",
    NearestRoundingMode: str = "round",
    DataFormat: str | None = None,
) -> dlarray:
    """The S dimensions of X in other sizes, interpolated.

    Give Scale=, a positive number or one for each S dimension, which makes ⌊Scale · n⌋ pixels of n,
    or OutputSize=, the sizes themselves; Scale is then OutputSize / n. The pixel that counts as i,
    from 0, takes its value from the position p in X:

        "half-pixel"   p = (i + ½) / Scale − ½ (the default)
        "asymmetric"   p = i / Scale

    Method="linear" weighs the pixels around p, "nearest" takes one, by NearestRoundingMode: "round"
    rounds p (halves up), "floor" rounds down, and "onnx-10" rounds down where Scale ≥ 1 and up
    where it is less, as version 10 of ONNX did. Positions beyond the rim count as on it.

    Example:
        >>> from tinydl import dlarray, dlresize, extractdata
        >>> X = dlarray([[0.0], [4.0]], "SC")
        >>> print(extractdata(dlresize(X, Scale=2, Method="linear")).ravel())
        [0. 1. 3. 4.]
    """
    one_of(Method, ("nearest", "linear"), "Method", "dlresize")
    modes = ("half-pixel", "asymmetric")
    one_of(GeometricTransformMode, modes, "GeometricTransformMode", "dlresize")
    one_of(NearestRoundingMode, ("round", "floor", "onnx-10"), "NearestRoundingMode", "dlresize")
    labelled = data_format(X, DataFormat, "dlresize", needs="S")
    X = labelled.X
    y = arithmetic(X._value)
    for axis, (size, scale) in enumerate(_new_sizes(X, Scale, OutputSize)):
        shift = 0.5 if GeometricTransformMode == "half-pixel" else 0.0
        places = [(i + shift) / scale - shift for i in range(size)]
        if Method == "linear":
            y = _linear(y, axis, places)
        else:
            y = _nearest(y, axis, [_rounded(p, scale, NearestRoundingMode) for p in places])
    return labelled.back(dlarray._make(y, X.dims))


def _new_sizes(X: dlarray, scale: Any, size: Any) -> list[tuple[int, float]]:
    """The new size of each S dimension, and how many new pixels there are for an old one."""
    rank = X.dims.count("S")
    old = X.shape[:rank]
    if (scale is None) == (size is None):
        raise ValueError("dlresize: give one of Scale= and OutputSize=")
    if 0 in old:
        raise ValueError(f"dlresize: {header(X, X.dims)} has no pixels to interpolate")
    if scale is None:
        sizes = per_dimension(size, rank, "dlresize: OutputSize") if _is_for(size, rank) else ()
        if not sizes:
            raise ValueError(f"dlresize: OutputSize is {rank} whole numbers, not {size!r}")
        return [(m, m / n) for m, n in zip(sizes, old, strict=True)]
    given = list(scale) if hasattr(scale, "__len__") else [scale] * rank
    if len(given) != rank or not all([hasattr(s, "__float__") and s > 0 for s in given]):
        raise ValueError(
            f"dlresize: Scale is a positive number, or {rank} of them, one for each spatial "
            f"dimension; not {scale!r}"
        )
    sizes = tuple([math.floor(float(s) * n) for s, n in zip(given, old, strict=True)])
    if 0 in sizes:
        raise ValueError(f"dlresize: Scale={scale!r} leaves nothing of {header(X, X.dims)}")
    return [(m, float(s)) for m, s in zip(sizes, given, strict=True)]


def _is_for(size: Any, rank: int) -> bool:
    return rank == 1 or (hasattr(size, "__len__") and len(size) == rank)


def _linear(x: Any, axis: int, places: list[float]) -> Any:
    """Each line along an axis times the matrix of weights: row i weighs the pixels of place i."""
    n = x.shape[axis]
    weights = host.zeros((len(places), n), plain(x).dtype)
    for i, place in enumerate(places):
        inside = min(max(place, 0.0), n - 1.0)
        left = min(int(inside), max(n - 2, 0))
        weights[i, left] = 1.0 - (inside - left)
        if n > 1:
            weights[i, left + 1] = inside - left
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    lines = reshape(x, shape=(math.prod(before), n, math.prod(after)), order="C")
    made = matmul(on_device_of(plain(x), weights), lines)
    return reshape(made, shape=(*before, len(places), *after), order="C")


def _nearest(x: Any, axis: int, places: list[int]) -> Any:
    """The pixels at the given places: not weighed, so that Inf and NaN stay where they are."""
    inside = host.asarray([min(max(place, 0), x.shape[axis] - 1) for place in places])
    return take(x, index=(*(slice(None),) * axis, on_device_of(plain(x), inside)))


def _rounded(place: float, scale: float, mode: str) -> int:
    if mode == "round":
        return math.floor(place + 0.5)
    if mode == "floor" or scale >= 1:
        return math.floor(place)
    return math.ceil(place)
