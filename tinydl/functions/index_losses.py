"""Losses whose targets are positions of classes instead of one-hot vectors."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.functions.arguments import as_dlarray, one_of
from tinydl.functions.embed import as_positions, counted
from tinydl.functions.formats import Labelled, data_format
from tinydl.functions.losses import Pair, log_above_zero
from tinydl.labels import align, dlarray
from tinydl.labels.classes import arithmetic
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import elementwise as e
from tinydl.primitives import shape
from tinydl.primitives.reduce import broadcast, take_along

FACTORS = ("batch-size", "all-elements", "mask-included", "none")


@named_options
def indexcrossentropy(
    Y: dlarray,
    targets: Any,
    weights: Any = None,
    *,
    Mask: Any = None,
    Reduction: str = "sum",
    NormalizationFactor: str = "batch-size",
    DataFormat: str | None = None,
) -> dlarray:
    """How improbable the targets' classes are to predicted probabilities: −1/N Σ wₜ ln Y(t).

    Y holds probabilities along its C dimension (of softmax, not its input). targets holds for each
    of them the position t of the right class, counted from 0 (MATLAB counts from 1), in the sizes
    of Y without its C dimension, or with C of size 1. weights has one number w for each class.
    Mask, in the sizes of targets, is 0 where a target is left out; what stands there does not
    matter. NormalizationFactor="all-elements" divides by the number of targets; the others, and
    Reduction, are those of crossentropy, which gives the same for one-hot targets.

    Raises ValueError for targets that are no positions of classes.

    Example:
        >>> from tinydl import dlarray, indexcrossentropy
        >>> Y = dlarray([[0.25, 0.5], [0.75, 0.5]], "CB")
        >>> print(f"{indexcrossentropy(Y, [1, 0]):.4f}")
        0.4904
    """
    caller = "indexcrossentropy"
    one_of(NormalizationFactor, FACTORS, "NormalizationFactor", caller)
    labelled = data_format(Y, DataFormat, caller, needs="C")
    X = labelled.X
    channel = X.dims.index("C")
    # Targets and mask are matched with one channel of Y, which has their sizes.
    one = (*(slice(None),) * channel, slice(0, 1))
    channel_of_y = dlarray._make(plain(X._value)[one], X.dims)
    mask = None if Mask is None else _with_channel(Mask, labelled, "Mask", caller)
    t = _with_channel(targets, labelled, "targets", caller)
    pair = Pair(channel_of_y, t, mask, None, caller)
    positions = as_positions(plain(pair.t), X.shape[channel], f"{caller}: targets")
    probability = take_along(arithmetic(X._value), positions, axis=channel)
    terms = e.negative(log_above_zero(pair.included(probability)))
    w = _at_targets(pair, weights, positions, X.shape[channel])
    loss = pair.reduced(terms, dlarray._make(w, X.dims), None, Reduction, NormalizationFactor)
    return labelled.back(loss) if Reduction == "none" else loss


def _with_channel(x: Any, Y: Labelled, name: str, caller: str) -> dlarray:
    """Targets or a mask in the format of Y, with a C dimension of size 1."""
    X = as_dlarray(counted(x), f"{caller}: {name}", beside=(Y.X,))
    without = Y.X.dims.replace("C", "")
    if not X.dims:
        given = Y.fmt or Y.X.dims
        if X.ndim < len(given):
            given = given.replace("C", "")
        if X.ndim != len(given):
            raise ValueError(
                f"{caller}: {name} are {header(X, '')} for predictions of {header(Y.X, Y.X.dims)}; "
                f"their dimensions are {without}, or {Y.X.dims} with one channel"
            )
        X = dlarray(X, given) if given else X
    if X.dims == without:
        return dlarray._make(align.expand(X._value, X.dims, Y.X.dims), Y.X.dims)
    return X


def _at_targets(pair: Pair, weights: Any, positions: Any, count: int) -> Any:
    """The weight of each target's class; 1 without weights."""
    if weights is None:
        return broadcast(pair.constant(1.0, "weights")._value, shape=positions.shape)
    w = pair.constant(weights, "weights")
    if sorted(w.shape, reverse=True)[:1] != [count] or w.shape.count(1) < w.ndim - 1:
        raise ValueError(
            f"{pair.caller}: weights are {header(w, w.dims)}; one number for each of the {count} "
            "classes is needed"
        )
    return shape.take(shape.reshape(w._value, shape=(count,)), index=(positions,))
