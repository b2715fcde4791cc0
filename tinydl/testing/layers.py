"""Layers held against what every layer promises: those of the package and those of users."""

from __future__ import annotations

import html
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinydl.backend.random import generator
from tinydl.labels import dlarray
from tinydl.labels import format as formats
from tinydl.labels.options import named_options
from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.layers.options import whole
from tinydl.testing.promises import CHECKS, Check
from tinydl.testing.subject import Subject

PACKAGE = Path(__file__).parents[1]


class LayerReport:
    """What checkLayer found.

    Layer   the name of the layer's class
    Issues  what is wrong, one sentence each
    Passed  whether nothing is
    """

    def __init__(self, layer: str, issues: Sequence[str]) -> None:
        self.Layer = layer
        self.Issues = tuple(issues)

    @property
    def Passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.Issues

    def _title(self) -> str:
        count = len(self.Issues)
        return f"{self.Layer}: {count or 'no'} issue{'s' * (count != 1)}"

    def __repr__(self) -> str:
        issues = [f"issue {i}: {issue}" for i, issue in enumerate(self.Issues, start=1)]
        return "\n".join([self._title(), *issues])

    def _repr_html_(self) -> str:
        issues = "".join([f"<li>{html.escape(issue)}</li>" for issue in self.Issues])
        return f"<p>{html.escape(self._title())}</p>" + (f"<ol>{issues}</ol>" if issues else "")


@named_options
def checkLayer(
    layer: Layer,
    *layouts: Any,
    ObservationDimension: int | None = None,
    inputs: Sequence[dlarray] | None = None,
    follow: Sequence[int] | None = None,
    batch: int = 3,
    seed: int = 0,
    device: str = "cpu",
) -> LayerReport:
    """A report of all that is wrong with a layer, in sentences that say what to write instead.

    layouts says what enters each input: a networkDataLayout, a labelled dlarray, or sizes. The last
    of the sizes is that of C, those before it of S; ObservationDimension is the position, from 0,
    at which the dimension B stands among them, and a size after it is that of T: [28, 28, 3] with
    ObservationDimension=3 are images, SSCB, and [12, 20] with 1 are sequences, CBT.

    batch observations are drawn from the given seed. inputs, dlarrays, are used instead if they are
    given, for a layer that takes indices; follow has the positions of those that it can be
    differentiated by (all). With device="gpu" the layer computes on the GPU, and is compared with
    what is found on the CPU. Checked is that

    * it can stand in a network, and its options make an equal layer;
    * Learnables and State have the declared names and sizes, and start in single precision;
    * predict gives the same twice, draws no random numbers and writes into nothing, and does not
      see how its inputs lie in memory;
    * forward returns a State of the same form, and changes neither network nor layer;
    * labels and sizes of the results are those it foretells;
    * single in gives single out, double gives double (but for results that have no derivative);
    * in predict each observation is on its own (with the same exception);
    * after save and load predict gives the same, if the layer's class is registered;
    * the derivatives by inputs (to second order) and learnables are those of an oracle that does
      not differentiate. Inputs are drawn away from 0 and from each other, where kinks are. This
      holds for a backward of the layer's own too, to first order.

    Example:
        >>> from tinydl import *
        >>> class doubleLayer(Layer):
        ...     def predict(self, X):
        ...         return 2.0 * X
        >>> checkLayer(doubleLayer(), networkDataLayout([2, None], "CB"))
        doubleLayer: no issues
    """
    given = (inputs, batch, seed, device, follow)
    return _checked(layer, layouts, ObservationDimension, CHECKS, *given)[0]


def _checked(
    layer: Layer,
    layouts: Sequence[Any],
    observations: int | None,
    checks: Sequence[Check],
    inputs: Sequence[dlarray] | None,
    *options: Any,
) -> tuple[LayerReport, Exception | None]:
    """The report, and the first exception of those that it tells of."""
    if isinstance(layer, type):
        raise TypeError(f"checkLayer: {layer.__name__} is a class; write {layer.__name__}()")
    if not isinstance(layer, Layer):
        raise TypeError(f"checkLayer: {type(layer).__name__} is no layer; its class is derived "
                        "from tinydl.Layer")  # fmt: skip
    given = inputs if inputs is not None and not layouts else layouts
    entering = [_layout(x, observations) for x in given]
    issues: list[str] = []
    errors: list[Exception] = []
    before = generator.getstate()
    try:
        subject = Subject(layer, entering, issues, inputs, *options)
        for check in checks:
            try:
                check(subject)
            except Exception as error:  # the checks after it have something to say too
                errors.append(error)
                subject.claim(False, _said(error))
    except Exception as error:
        errors.append(error)
        issues.append(f"it cannot stand in a network: {_said(error)}")
    finally:
        generator.setstate(before)
    return LayerReport(type(layer).__name__, issues), errors[0] if errors else None


def check_layer(
    layer: Layer,
    *layouts: networkDataLayout,
    batch: int = 3,
    seed: int = 0,
    device: str = "cpu",
    inputs: Sequence[dlarray] | None = None,
    follow: Sequence[int] | None = None,
    checks: Sequence[Check] = CHECKS,
) -> None:
    """Raise an AssertionError with all that checkLayer finds, whose options it takes.

    checks are the promises to look at, of those in ``tinydl.testing.promises.CHECKS``.

    Example:
        >>> from tinydl import fullyConnectedLayer, networkDataLayout
        >>> check_layer(fullyConnectedLayer(3), networkDataLayout([2, None], "CB"))
    """
    given = (inputs, batch, seed, device, follow)
    report, error = _checked(layer, layouts, None, checks, *given)
    if not report.Passed:
        issues = [f"{report.Layer}: {issue}" for issue in report.Issues]
        raise AssertionError("\n".join(issues)) from error


def _said(error: BaseException) -> str:
    """An exception as a sentence, with the line of the layer's own code that it comes from."""
    kind = "" if isinstance(error, (ValueError, NotImplementedError)) else type(error).__name__
    said = f"{kind}: {error}" if kind else str(error)
    while error.__cause__ is not None:
        error = error.__cause__
    own = [frame for frame in traceback.extract_tb(error.__traceback__)
           if PACKAGE not in Path(frame.filename).parents
           and "site-packages" not in frame.filename]  # fmt: skip
    return f"{said} (line {own[-1].lineno}, in {own[-1].name})" if own else said


def _layout(given: Any, observations: int | None) -> networkDataLayout:
    """What enters an input, from any of the forms in which checkLayer takes it."""
    if isinstance(given, (networkDataLayout, dlarray)):
        return networkDataLayout.of(given)
    try:
        sizes = [whole(n, "checkLayer: a size") for n in given]
    except TypeError:
        raise TypeError(
            "checkLayer: what enters is a networkDataLayout, a dlarray with labels, or sizes such "
            f"as [28, 28, 3], not {given!r}"
        ) from None
    if observations is None:
        return networkDataLayout(sizes, "S" * (len(sizes) - 1) + "C")
    at = whole(observations, "checkLayer: ObservationDimension")
    if not 1 <= at <= len(sizes) <= at + 1:
        raise ValueError(
            f"checkLayer: ObservationDimension={at} does not fit {len(sizes)} sizes: those before "
            "it are of S and C, and one may follow, of T"
        )
    fmt = formats.check("S" * (at - 1) + "CB" + "T" * (len(sizes) - at), "checkLayer")
    return networkDataLayout([*sizes[:at], None, *sizes[at:]], fmt)
