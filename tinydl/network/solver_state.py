"""What L-BFGS knows from earlier steps: a value that load and save know, too."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NoReturn

from tinydl.labels import dlarray
from tinydl.labels.containers import form_of, map_all_arrays, map_arrays, walk
from tinydl.labels.options import named_options
from tinydl.layers.options import number, whole

OPTIONS = ("HistorySize", "InitialInverseHessianFactor", "InitialStepSize")


class lbfgsState:
    """The state of L-BFGS: it starts a loop of lbfgsupdate, which returns a new one each time.

    Options, which are attributes too:

    * HistorySize, 10: how many of the last steps approximate the second derivatives.
    * InitialInverseHessianFactor, 1: λ where no step is known; the first direction is −λ·gradient.
    * InitialStepSize, None: if it is a number, λ = InitialStepSize / ‖gradient‖∞ instead, so that
      the first step tried changes no parameter by more; "auto" stands for ½‖parameters‖∞ + 0.1.

    The attributes are read-only. Those of the parameters that lbfgsupdate returned:

    * Loss, Gradients and AdditionalLossFunctionOutputs (a list): what the loss function returned.
    * GradientsNorm, StepNorm: ‖gradient‖₂ and ‖last step‖₂ over all parameters that may move.
    * LineSearchStatus: "" before the first step, then "completed" or "failed".
    * StepHistory, GradientsDifferenceHistory: lists of dlarrays, the oldest first; in each all
      parameters that may move are one vector.

    Example:
        >>> from tinydl import lbfgsState
        >>> solverState = lbfgsState(HistorySize=3)
        >>> solverState.HistorySize, solverState.LineSearchStatus, solverState.Loss
        (3, '', None)
    """

    HistorySize: int
    InitialInverseHessianFactor: float
    InitialStepSize: float | str | None
    Loss: Any
    Gradients: Any
    AdditionalLossFunctionOutputs: list[Any]
    GradientsNorm: float | None
    StepNorm: float | None
    LineSearchStatus: str
    StepHistory: list[dlarray]
    GradientsDifferenceHistory: list[dlarray]

    @named_options
    def __init__(
        self,
        *,
        HistorySize: int = 10,
        InitialInverseHessianFactor: float = 1.0,
        InitialStepSize: float | str | None = None,
    ) -> None:
        self.__dict__.update(
            HistorySize=whole(HistorySize, "lbfgsState: HistorySize"),
            InitialInverseHessianFactor=_positive(
                InitialInverseHessianFactor, "lbfgsState: InitialInverseHessianFactor"
            ),
            InitialStepSize=_step_size(InitialStepSize),
            Loss=None,
            Gradients=None,
            AdditionalLossFunctionOutputs=[],
            GradientsNorm=None,
            StepNorm=None,
            LineSearchStatus="",
            StepHistory=[],
            GradientsDifferenceHistory=[],
        )

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"the attributes of an lbfgsState are read-only, {name} too; make a "
                             "new one, lbfgsState(HistorySize=…)")  # fmt: skip

    def _with(self, **changes: Any) -> lbfgsState:
        made = copy.copy(self)
        made.__dict__.update(changes)
        return made

    def _walk_arrays(self, found: list[tuple[Any, ...]], *others: Any) -> None:
        if not all([isinstance(other, lbfgsState) for other in others]):
            raise ValueError(f"structures differ: an lbfgsState meets {form_of(others[0])}")
        found += walk(vars(self), *map(vars, others))

    def _map_arrays(self, function: Callable[[dlarray], Any], is_step: bool) -> lbfgsState:
        return self._with(**map_arrays(function, vars(self)))

    def _map_all_arrays(self, function: Callable[..., Any]) -> lbfgsState:
        return self._with(**map_all_arrays(function, vars(self)))

    def __repr__(self) -> str:
        shown = {k: f"{len(v)} arrays" if isinstance(v, list) else v
                 for k, v in vars(self).items()
                 if isinstance(v, (str, int, float)) or k.endswith("History")}  # fmt: skip
        width = max(map(len, shown))
        lines = [f"    {name.rjust(width)}: {value}" for name, value in shown.items()]
        return "\n".join(["lbfgsState with", *lines])


def _step_size(value: Any) -> float | str | None:
    if value is None or (isinstance(value, list) and not value):  # MATLAB's []
        return None
    if isinstance(value, str):
        if value != "auto":
            raise ValueError(f'lbfgsState: InitialStepSize must be a number, None or "auto", not '
                             f"{value!r}")  # fmt: skip
        return value
    return _positive(value, "lbfgsState: InitialStepSize")


def _positive(value: Any, option: str) -> float:
    found = number(value, option)
    if not 0 < found < float("inf"):
        raise ValueError(f"{option} must be a number above 0, not {value!r}")
    return found
