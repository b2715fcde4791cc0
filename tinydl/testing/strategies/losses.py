"""Losses with predictions and targets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tinydl.functions.convert import single
from tinydl.functions.image_losses import focalCrossEntropy, generalizedDice
from tinydl.functions.index_losses import indexcrossentropy
from tinydl.functions.losses import crossentropy, huber, l1loss, l2loss, mse
from tinydl.labels import dlarray
from tinydl.testing.strategies import values
from tinydl.testing.strategies.arrays import dlarrays
from tinydl.testing.strategies.code import Case
from tinydl.testing.strategies.engine import st
from tinydl.testing.strategies.formats import formats, sizes_of
from tinydl.testing.strategies.options.catalogue import some

Drawn = tuple[dlarray, Any, dict[str, Any]]
NORMALIZATION = ["all-elements", "none"]


@dataclass(frozen=True, eq=False, repr=False)
class LossCase(Case):
    """A loss with predictions and targets. Called without arguments it gives the loss; called with
    other predictions, that of those.

    loss     the function
    Y        the predictions
    targets  the targets, of a form that the function takes
    options  named arguments
    """

    loss: Callable[..., Any]
    Y: dlarray
    targets: Any
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, Y: dlarray | None = None) -> dlarray:
        return self.loss(self.Y if Y is None else Y, self.targets, **self.options)


def losses(
    only: Collection[str] | None = None, *, dtype: str = "double"
) -> st.SearchStrategy[LossCase]:
    """Losses with predictions, targets and options, each a LossCase that can be called.

    crossentropy gets probabilities with one-hot targets or probabilities as targets, and numbers
    between 0 and 1 for several labels; indexcrossentropy the positions of classes; generalizedDice
    and focalCrossEntropy one-hot targets; mse, l1loss, l2loss and huber numbers, at a distance from
    the targets that is away from kinks. Options are weights, masks, ways to normalize, and those of
    one loss. The result is one number unless the loss is generalizedDice.

    only: the names of the functions to choose from; dtype: the class of the predictions, "double"
    or "single".

    Example:
        >>> from hypothesis import given
        >>> @given(losses(["mse", "huber", "crossentropy"]))
        ... def test_losses_are_not_negative(case):
        ...     assert float(case()) >= 0
        >>> test_losses_are_not_negative()
    """
    unknown = sorted(set(only or ()) - set(LOSSES))
    if unknown:
        raise ValueError(f"losses: {', '.join(unknown)} is none of {', '.join(LOSSES)}")
    return _losses([name for name in LOSSES if only is None or name in only], dtype)


@st.composite
def _losses(draw: st.DrawFn, names: list[str], dtype: str) -> LossCase:
    loss, draw_case = LOSSES[draw(st.sampled_from(names))]
    fmt = draw(formats(2, 3, needs="CB"))
    Y, targets, options = draw_case(draw, fmt, draw(sizes_of(fmt)))
    return LossCase(loss, single(Y) if dtype == "single" else Y, targets, options)


def _of(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...], domain: str, **more: Any) -> dlarray:
    return draw(dlarrays(fmt, sizes=sizes, domain=domain, **more))


def _common(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Options that most losses have."""
    return some(
        draw,
        weights=dlarrays("C", sizes=[sizes[fmt.index("C")]], domain="positive"),
        Mask=dlarrays(fmt, sizes=sizes, dtype="logical"),
        NormalizationFactor=st.sampled_from(NORMALIZATION),
    )


# ---- what each loss takes -----------------------------------------------------------------------


def _crossentropy(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...]) -> Drawn:
    options = _common(draw, fmt, sizes)
    if draw(st.booleans()):
        Y = _of(draw, fmt, sizes, "any", bounds=(0.125, 0.875))
        targets = _of(draw, fmt, sizes, "any", bounds=(0.0, 1.0))
        return Y, targets, {"ClassificationMode": "multilabel", **options}
    kind = draw(st.sampled_from(["one-hot", "probabilities"]))
    return _of(draw, fmt, sizes, "probabilities"), _of(draw, fmt, sizes, kind), options


def _indexcrossentropy(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...]) -> Drawn:
    at = fmt.index("C")
    one = (*sizes[:at], 1, *sizes[at + 1 :])
    targets = dlarray(values.whole(draw, one, sizes[at]), fmt)
    options = some(
        draw,
        weights=dlarrays("C", sizes=[sizes[at]], domain="positive"),
        Mask=dlarrays(fmt, sizes=one, dtype="logical"),
        NormalizationFactor=st.sampled_from(NORMALIZATION),
    )
    return _of(draw, fmt, sizes, "probabilities"), targets, options


def _focal(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...]) -> Drawn:
    options = some(
        draw,
        Gamma=st.sampled_from([1.0, 3.0]),
        Alpha=st.sampled_from([0.5, 1.0]),
        NormalizationFactor=st.sampled_from(NORMALIZATION),
    )
    return _of(draw, fmt, sizes, "probabilities"), _of(draw, fmt, sizes, "one-hot"), options


def _dice(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...]) -> Drawn:
    return _of(draw, fmt, sizes, "probabilities"), _of(draw, fmt, sizes, "one-hot"), {}


def _distance(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...]) -> Drawn:
    targets = _of(draw, fmt, sizes, "any")
    return targets + _of(draw, fmt, sizes, "apart"), targets, _common(draw, fmt, sizes)


def _mse(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...]) -> Drawn:
    return (*_distance(draw, fmt, sizes)[:2], {})


def _huber(draw: st.DrawFn, fmt: str, sizes: tuple[int, ...]) -> Drawn:
    """The kinks are at whole numbers, and the distances are not."""
    Y, targets, options = _distance(draw, fmt, sizes)
    return Y, targets, {**options, **some(draw, TransitionPoint=st.sampled_from([2.0, 4.0]))}


LOSSES: dict[str, tuple[Callable[..., Any], Callable[..., Drawn]]] = {
    "mse": (mse, _mse),
    "l2loss": (l2loss, _distance),
    "l1loss": (l1loss, _distance),
    "huber": (huber, _huber),
    "crossentropy": (crossentropy, _crossentropy),
    "indexcrossentropy": (indexcrossentropy, _indexcrossentropy),
    "focalCrossEntropy": (focalCrossEntropy, _focal),
    "generalizedDice": (generalizedDice, _dice),
}
"""Each loss, and what draws its predictions, targets and options."""
