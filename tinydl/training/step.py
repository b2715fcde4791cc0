"""One step of trainnet: gradients, regularization, threshold, and the update of a solver."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tinydl.functions.reduce import sum
from tinydl.labels import dlarray
from tinydl.labels.containers import map_arrays
from tinydl.network.call import forward
from tinydl.network.factors import getL2Factor
from tinydl.network.net import dlnetwork
from tinydl.network.solver_state import lbfgsState
from tinydl.training.differentiate import dlfeval, dlgradient
from tinydl.training.lbfgs import lbfgsupdate
from tinydl.training.options import trainingOptions
from tinydl.training.solver import adamupdate, rmspropupdate, sgdmupdate
from tinydl.training.threshold import METHODS

Loss = Callable[..., Any]
Pair = tuple[Sequence[dlarray], Sequence[dlarray]]


def modelLoss(net: dlnetwork, lossFcn: Loss, X: Sequence[dlarray], T: Sequence[dlarray]) -> Any:
    """Loss, gradients, State and outputs, as in a custom training loop."""
    *Y, state = forward(net, *X)
    loss = lossFcn(*Y, *T)
    return loss, dlgradient(loss, net.Learnables), state, Y


class Stepper:
    """The steps of a solver. `state` is what it keeps between them, [] before the first."""

    def __init__(self, options: trainingOptions, net: dlnetwork, lossFcn: Loss) -> None:
        self.options, self.lossFcn = options, lossFcn
        self.state: Any = []
        factors = [getL2Factor(net, *row) for row in net.Learnables.rows]
        self._decays = [options.L2Regularization * factor for factor in factors]

    def step(self, net: dlnetwork, batch: Pair, rate: float, iteration: int) -> Any:
        """The network after a step, the loss and the outputs before it, and why to stop."""
        loss, gradients, state, Y = dlfeval(modelLoss, net, self.lossFcn, *batch)
        net.State = state
        if any(self._decays):
            gradients = self._regularized(gradients, net.Learnables)
        limit = self.options.GradientThreshold
        if not math.isinf(limit):
            gradients = METHODS[self.options.GradientThresholdMethod](gradients, limit)
        return self._updated(net, gradients, rate, iteration), float(loss), Y, ""

    def _regularized(self, gradients: Any, learnables: Any) -> Any:
        """g + λ · factor · w for every parameter."""
        decays = iter(self._decays)

        def one(g: dlarray, w: dlarray) -> dlarray:
            decay = next(decays)
            return g + decay * w if decay else g

        return map_arrays(one, gradients, learnables)

    def _updated(self, net: dlnetwork, gradients: Any, rate: float, iteration: int) -> dlnetwork:
        options = self.options
        if options.SolverName == "sgdm":
            net, self.state = sgdmupdate(net, gradients, self.state, rate, options.Momentum)
        elif options.SolverName == "adam":
            m, v = self.state or ([], [])
            net, *averages = adamupdate(
                net, gradients, m, v, iteration, rate, options.GradientDecayFactor,
                options.SquaredGradientDecayFactor, options.Epsilon,
            )  # fmt: skip
            self.state = list(averages)
        else:
            net, self.state = rmspropupdate(
                net, gradients, self.state, rate, options.SquaredGradientDecayFactor,
                options.Epsilon,
            )  # fmt: skip
        return net


class BatchStepper(Stepper):
    """The steps of L-BFGS, each with all the data. The loss to make small has λ/2 Σ factor · w²."""

    def step(self, net: dlnetwork, batch: Pair, rate: float, iteration: int) -> Any:
        options = self.options
        if not self.state:
            self.state = lbfgsState(
                HistorySize=options.HistorySize,
                InitialInverseHessianFactor=options.InitialInverseHessianFactor,
            )
        net, self.state = lbfgsupdate(
            net, lambda net: dlfeval(self._objective, net, *batch), self.state,
            LineSearchMethod=options.LineSearchMethod,
            MaxNumLineSearchIterations=options.MaxNumLineSearchIterations,
            NumLossFunctionOutputs=5,
        )  # fmt: skip
        state, loss, Y = self.state.AdditionalLossFunctionOutputs
        self.state = self.state._with(AdditionalLossFunctionOutputs=[])  # they are not continued
        net.State = state
        return net, float(loss), Y, self._reason()

    def _objective(self, net: dlnetwork, X: Any, T: Any) -> Any:
        *Y, state = forward(net, *X)
        loss = objective = self.lossFcn(*Y, *T)
        for w, decay in zip(net.Learnables.Value, self._decays, strict=True):
            if decay:
                objective = objective + 0.5 * decay * sum(w * w, "all")
        return objective, dlgradient(objective, net.Learnables), state, loss, Y

    def _reason(self) -> str:
        state = self.state
        if state.LineSearchStatus == "failed":
            return "Line search failed"
        if state.GradientsNorm <= self.options.GradientTolerance:
            return "Gradient tolerance reached"
        if state.StepNorm <= self.options.StepTolerance:
            return "Step tolerance reached"
        return ""
