"""Losses and scores for images whose pixels belong to classes of very different sizes."""

from __future__ import annotations

from typing import Any

from tinydl.autodiff.record import plain
from tinydl.functions.arguments import one_of
from tinydl.functions.losses import Pair, log_above_zero
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.display import header
from tinydl.labels.options import named_options
from tinydl.primitives import elementwise as e
from tinydl.primitives import reduce


@named_options
def generalizedDice(X: dlarray, target: Any, *, DataFormat: str | None = None) -> dlarray:
    """The overlap of predicted and true regions, 1 where they are equal; 1 − it is a loss.

        2 Σₖ wₖ Σ X T / Σₖ wₖ Σ (X² + T²)        wₖ = 1 / (Σ T)²

    X holds a probability for each class along C and target, of the same sizes, ones and zeros. The
    inner sums are over S and U, k counts the classes, so that a small region weighs as much as a
    large one. There is one number for each observation and time: B and T stay, S, C and U have
    size 1. A class without a true pixel would have an infinite weight; it takes no part. Sudre et
    al., "Generalised Dice overlap as a deep learning loss function", 2017.

    Example:
        >>> from tinydl import dlarray, generalizedDice
        >>> T = dlarray([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], "SC")
        >>> float(generalizedDice(T, T)), float(generalizedDice(1 - T, T))
        (1.0, 0.0)
    """
    pair = Pair(X, target, None, DataFormat, "generalizedDice")
    fmt = pair.Y.dims
    if "C" not in fmt:
        raise ValueError(
            f"generalizedDice: {header(pair.Y, fmt)} has no C dimension, which holds the classes"
        )
    region, classes = formats.find(fmt, "SU"), formats.find(fmt, "C")
    x, t = pair.y, pair.t
    area = reduce.sum(t, axis=region)
    weight = e.where(plain(area) != 0, e.power(e.where(plain(area) != 0, area, 1.0), p=-2.0), 0.0)

    def weighted(terms: Any) -> Any:
        return reduce.sum(e.multiply(weight, reduce.sum(terms, axis=region)), axis=classes)

    squares = e.add(e.multiply(x, x), e.multiply(t, t))
    similarity = e.divide(weighted(e.multiply(x, t)) * 2.0, weighted(squares))
    return pair.labelled.back(dlarray._make(similarity, fmt))


@named_options
def focalCrossEntropy(
    Y: dlarray,
    targets: Any,
    *,
    Gamma: float = 2.0,
    Alpha: float = 0.25,
    ClassificationMode: str = "single-label",
    Mask: Any = None,
    Reduction: str = "sum",
    NormalizationFactor: str | None = None,
    DataFormat: str | None = None,
) -> dlarray:
    """Cross-entropy in which what is already predicted well counts little: −1/N Σ α (1−Y)ᵞ T ln Y.

    Y holds probabilities and targets ones and zeros, of the same sizes. Gamma = 0 and Alpha = 1
    give crossentropy. With ClassificationMode="multilabel" each term has −(1−α) Yᵞ (1−T) ln(1−Y)
    added. Mask=, Reduction= and NormalizationFactor= are those of crossentropy, except that N is by
    default the number of targets that are not 0 ("target-included"). Lin et al., "Focal loss for
    dense object detection", 2017.

    Example:
        >>> from tinydl import dlarray, focalCrossEntropy
        >>> Y = dlarray([[0.25, 0.5], [0.75, 0.5]], "CB")
        >>> print(f"{focalCrossEntropy(Y, [[0, 1], [1, 0]]):.4f}")
        0.0239
    """
    modes = ("single-label", "multilabel")
    one_of(ClassificationMode, modes, "ClassificationMode", "focalCrossEntropy")
    if not Gamma >= 0 or not 0 <= Alpha <= 1:
        raise ValueError(f"focalCrossEntropy: Gamma is at least 0 and Alpha between 0 and 1, not "
                         f"{Gamma!r} and {Alpha!r}")  # fmt: skip
    pair = Pair(Y, targets, Mask, DataFormat, "focalCrossEntropy")
    gamma, alpha = float(Gamma), float(Alpha)
    terms = e.multiply(pair.t, _focal(pair.y, gamma)) * alpha
    if ClassificationMode == "multilabel":
        terms = e.add(terms, e.multiply(1.0 - pair.t, _focal(1.0 - pair.y, gamma)) * (1.0 - alpha))
    factor = NormalizationFactor
    if factor is None:
        factor = "target-included" if Reduction == "sum" else "batch-size"
    return pair.reduced(terms, None, None, Reduction, factor)


def _focal(p: Any, gamma: float) -> Any:
    """−(1 − p)ᵞ ln p."""
    return -e.multiply(e.power(1.0 - p, p=gamma), log_above_zero(p))
