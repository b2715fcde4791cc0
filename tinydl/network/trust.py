"""How far State is from the statistics of data, and whether predict can be trusted yet."""

from __future__ import annotations

import html
import math
from typing import Any, NamedTuple

from tinydl.backend import computing, host
from tinydl.layers.normalization import batchNormalizationLayer
from tinydl.network.display import as_html, lines_of
from tinydl.network.history import MANY, statistics_of
from tinydl.network.moments import Moments
from tinydl.network.nested import expandLayers
from tinydl.network.net import dlnetwork, only_network
from tinydl.network.population import gather_moments, normalizing_by_batch
from tinydl.network.run import is_unlearned, keeping_statistics
from tinydl.network.statistics import host_numbers

NEAR = 0.1
"""Distances that no user would notice: a tenth of σ, a tenth of the variance."""

STANDARD_ERRORS = 4.0
"""How many standard errors the statistics of the data themselves may be off."""


class LayerStatistics(NamedTuple):
    """What is known of the statistics of one layer.

    mean      the largest distance of the means, in standard deviations of the data
    variance  the largest |log| of the ratio of the variances
    updates   how many assignments to net.State changed them, in this network object
    problem   why they cannot be trusted; "" if they can
    """

    layer: str
    mean: float
    variance: float
    updates: int
    problem: str


class StatisticsReport:
    """What statistics_report found.

    layers   a LayerStatistics for each batch normalization
    trusted  whether predict can be trusted: all statistics are near those of the data
    """

    def __init__(self, layers: list[LayerStatistics]) -> None:
        self.layers = tuple(layers)
        self.trusted = not any([layer.problem for layer in layers])

    def _columns(self) -> dict[str, list[str]]:
        return {
            "Layer": [layer.layer for layer in self.layers],
            "Mean": [f"{layer.mean:.2g} σ" for layer in self.layers],
            "Variance": [f"{math.exp(min(layer.variance, 700.0)):.3g}×" for layer in self.layers],
            "Updates": [str(layer.updates) for layer in self.layers],
            "Trusted": [f"no: {x.problem}" if x.problem else "yes" for x in self.layers],
        }

    def _title(self) -> str:
        if not self.layers:
            return "The network keeps no statistics: forward and predict need none"
        return f"predict can be trusted: {'yes' if self.trusted else 'not yet'}"

    def __repr__(self) -> str:
        if not self.layers:
            return self._title()
        lines = [("    " + line).rstrip() for line in lines_of(self._columns())]
        return "\n".join([self._title(), "", *lines])

    def _repr_html_(self) -> str:
        return as_html(self._columns(), self._title()) if self.layers else html.escape(
            self._title())  # fmt: skip


def statistics_report(net: dlnetwork, *X: Any) -> StatisticsReport:
    """How far each batch normalization's State is from the statistics of the data X.

    X is given as to predict, and should be many observations. Its statistics are taken as forward
    takes them, each layer normalizing by the batch, but without dropout. Where State agrees with
    them in all layers, predict agrees with such a forward. The table shows

    * Mean: the largest |μ of State − μ of X| / σ of X, with σ² + Epsilon under the root,
    * Variance: the largest ratio of the variances with Epsilon added, the larger by the smaller,
    * Updates: how many assignments to net.State changed them. Those of a network that was loaded
      or copied from parameters are not known, and count from 0.
    * Trusted: "yes" where State was given or learned, no ten steps of training have passed since
      it was assigned, and both distances are at most 0.1 plus four standard errors of what they
      are compared with, 1/√N for the mean and √(2/N) for the logarithm of a variance of N elements.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), batchNormalizationLayer()])
        >>> X = dlarray([[3.0, 4.0, 5.0, 6.0]], "CB")
        >>> statistics_report(net, X)
        predict can be trusted: not yet
        <BLANKLINE>
              Layer      Mean    Variance    Updates              Trusted
            _________    ____    ________    _______    ___________________________
        <BLANKLINE>
            batchnorm    4 σ     1.25×       0          no: never given nor learned
    """
    layers = keeping_statistics(only_network(net, "statistics_report"))
    if not layers:
        return StatisticsReport([])
    inner = {name.replace("/", ":"): name for name in layers}
    flat = normalizing_by_batch(expandLayers(net), list(inner))
    found = gather_moments(net, flat, [X], list(inner), "statistics_report")
    behind = net._history.behind(statistics_of(net, net.State))
    with computing():
        return StatisticsReport(
            [_judged(net, inner[name], layers[inner[name]], found[name], behind) for name in found]
        )


def _judged(
    net: dlnetwork, name: str, layer: batchNormalizationLayer, data: Moments, behind: int
) -> LayerStatistics:
    """The distances of one layer, and what is wrong with it."""
    if data.elements < 2:
        raise ValueError(f"statistics_report: X gives layer {name!r} one element for each channel, "
                         "which has no variance; give more observations")  # fmt: skip
    mean, variance = [host_numbers(net.State, name, p).ravel() for p in layer.Stateful]
    spread = data.variance + layer.Epsilon
    off_mean = float((abs(mean - data.mean) / spread**0.5).max())
    off_variance = float(abs(host.log((variance + layer.Epsilon) / spread)).max())
    updates = net._history.updates.get(name, 0)
    problem = ""
    if is_unlearned(net, name, layer):
        problem = "never given nor learned"
    elif behind >= MANY:
        problem = f"not assigned for {behind} steps of training: net.State = state"
    elif not off_mean <= NEAR + STANDARD_ERRORS * data.elements**-0.5:
        problem = "far from the mean" + _lag(layer, updates, layer.MeanDecay)
    elif not off_variance <= NEAR + STANDARD_ERRORS * (2.0 / data.elements) ** 0.5:
        problem = "far from the variance" + _lag(layer, updates, layer.VarianceDecay)
    return LayerStatistics(name, off_mean, off_variance, updates, problem)


def _lag(layer: batchNormalizationLayer, updates: int, decay: float) -> str:
    """How much of a running statistic is still what it started from, if that is known and much."""
    rest = (1.0 - decay) ** updates
    if not updates or layer.TrainedMean is not None or rest < NEAR:
        return ""
    return f": {100 * rest:.0f} % of it is its start"
