"""trainingOptions: how trainnet trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tinydl.functions.arguments import one_of
from tinydl.labels.options import named_options
from tinydl.layers.options import not_negative, whole
from tinydl.training import schedule as schedules
from tinydl.training.metrics import checked_metrics
from tinydl.training.observations import ENVIRONMENTS
from tinydl.training.threshold import METHODS

CALLER = "trainingOptions"
RATES = {"sgdm": 0.01, "adam": 0.001, "rmsprop": 0.001}
OF_MINI_BATCHES = {
    "InitialLearnRate": None, "MaxEpochs": 30, "MiniBatchSize": 128, "Shuffle": "once",
    "LearnRateSchedule": "none", "LearnRateDropFactor": 0.1, "LearnRateDropPeriod": 10,
    "GradientThreshold": math.inf, "GradientThresholdMethod": "l2norm",
}  # fmt: skip
OF_SOLVERS: dict[str, dict[str, Any]] = {
    "sgdm": {**OF_MINI_BATCHES, "Momentum": 0.9},
    "adam": {**OF_MINI_BATCHES, "GradientDecayFactor": 0.9, "SquaredGradientDecayFactor": 0.999,
             "Epsilon": 1e-8},
    "rmsprop": {**OF_MINI_BATCHES, "SquaredGradientDecayFactor": 0.9, "Epsilon": 1e-8},
    "lbfgs": {"MaxIterations": 1000, "HistorySize": 10, "InitialInverseHessianFactor": 1.0,
              "LineSearchMethod": "weak-wolfe", "MaxNumLineSearchIterations": 20,
              "GradientTolerance": 1e-5, "StepTolerance": 1e-5},
}  # fmt: skip
"""The options that not all solvers have, and their defaults."""

CHOICES = {
    "Shuffle": ("once", "never", "every-epoch"),
    "GradientThresholdMethod": tuple(METHODS),
    "OutputNetwork": ("auto", "last-iteration", "best-validation"),
    "ExecutionEnvironment": ENVIRONMENTS,
    "Plots": ("none", "training-progress"),
    "CheckpointFrequencyUnit": ("epoch", "iteration"),
    "BatchNormalizationStatistics": ("auto", "population", "moving"),
}
WHOLE = ("MaxEpochs", "MiniBatchSize", "LearnRateDropPeriod", "VerboseFrequency", "MaxIterations",
         "ValidationFrequency", "CheckpointFrequency", "HistorySize",
         "MaxNumLineSearchIterations")  # fmt: skip
NUMBERS = ("InitialLearnRate", "LearnRateDropFactor", "L2Regularization", "GradientThreshold",
           "Momentum", "GradientDecayFactor", "SquaredGradientDecayFactor", "Epsilon",
           "InitialInverseHessianFactor", "GradientTolerance", "StepTolerance")  # fmt: skip
SCHEDULES = ("none", "piecewise", "warmup", "polynomial", "exponential", "cosine")


class trainingOptions:
    """How trainnet trains: ``options = trainingOptions("adam", MaxEpochs=10)``.

    solverName is "sgdm", "adam", "rmsprop" or "lbfgs". An option that a solver does not have raises
    an error; left out (None) it has the default given here.

    Steps of "sgdm", "adam" and "rmsprop":

    * InitialLearnRate, 0.01 for "sgdm" and 0.001 for the others; MaxEpochs, 30.
    * MiniBatchSize, 128. Observations left over at the end of an epoch take no part in it.
    * Shuffle: "once" before training, "every-epoch" or "never".
    * LearnRateSchedule: "none"; "piecewise", which multiplies the rate by LearnRateDropFactor, 0.1,
      after every LearnRateDropPeriod, 10, epochs; "warmup", "polynomial", "exponential" or
      "cosine", whose length is that of the training; a schedule such as cosineLearnRate(…), a
      function of the initial learn rate, the iteration and the epoch; or a list of schedules that
      follow each other, all but the last with a finite NumSteps.
    * GradientThreshold, Inf, and GradientThresholdMethod: "l2norm", "global-l2norm" or
      "absolute-value"; it takes place after the regularization.
    * Momentum, 0.9 ("sgdm"); GradientDecayFactor, 0.9 ("adam"); SquaredGradientDecayFactor, 0.999
      ("adam") or 0.9 ("rmsprop"); Epsilon, 1e-8.

    Steps of "lbfgs", with all the data: MaxIterations, 1000; HistorySize, 10;
    InitialInverseHessianFactor, 1; LineSearchMethod, "weak-wolfe"; MaxNumLineSearchIterations, 20;
    GradientTolerance and StepTolerance, 1e-5, lengths of gradient and step that end the training.

    Of all solvers:

    * L2Regularization λ, 0.0001: a gradient grows by λ · factor · w, with the layers' L2 factors.
    * ValidationData, None or (X, T): its loss is found every ValidationFrequency, 50, iterations
      and at the end. Training stops when it was not lower than before ValidationPatience, Inf,
      times in a row.
    * OutputNetwork: "last-iteration", "best-validation" (of the lowest validation loss), or "auto",
      the latter if there is ValidationData.
    * Metrics, names ("accuracy", "rmse") or functions of Y and T, found for both kinds of data.
    * BatchNormalizationStatistics: "population" takes the statistics once more, of all data, at the
      end; "moving" keeps those of training. "auto" is "population".
    * ResetInputNormalization, True: the statistics of input layers are taken of the data.
    * ExecutionEnvironment: "auto" uses a GPU if there is one, "cpu", "gpu".
    * Verbose, True, prints a row every VerboseFrequency, 50, iterations.
    * Plots: "training-progress" shows a trainingProgressMonitor.
    * CheckpointPath, a folder for a checkpoint every CheckpointFrequency, 1, epochs or iterations,
      as CheckpointFrequencyUnit says.
    * OutputFcn, a function of a dict, or several, called after each iteration; True stops.

    The attributes are read-only. Raises ValueError and TypeError for values that are none of these.

    Example:
        >>> from tinydl import trainingOptions
        >>> options = trainingOptions("adam", MaxEpochs=10, L2Regularization=0)
        >>> options.InitialLearnRate, options.MaxEpochs, options.MiniBatchSize
        (0.001, 10, 128)
    """

    @named_options
    def __init__(
        self,
        solverName: str,
        *,
        InitialLearnRate: float | None = None,
        MaxEpochs: int | None = None,
        MiniBatchSize: int | None = None,
        Shuffle: str | None = None,
        LearnRateSchedule: Any = None,
        LearnRateDropFactor: float | None = None,
        LearnRateDropPeriod: int | None = None,
        GradientThreshold: float | None = None,
        GradientThresholdMethod: str | None = None,
        Momentum: float | None = None,
        GradientDecayFactor: float | None = None,
        SquaredGradientDecayFactor: float | None = None,
        Epsilon: float | None = None,
        MaxIterations: int | None = None,
        HistorySize: int | None = None,
        InitialInverseHessianFactor: float | None = None,
        LineSearchMethod: str | None = None,
        MaxNumLineSearchIterations: int | None = None,
        GradientTolerance: float | None = None,
        StepTolerance: float | None = None,
        L2Regularization: float = 0.0001,
        ValidationData: Any = None,
        ValidationFrequency: int = 50,
        ValidationPatience: float = math.inf,
        OutputNetwork: str = "auto",
        Metrics: Sequence[str | Callable[..., Any]] | str | Callable[..., Any] = (),
        BatchNormalizationStatistics: str = "auto",
        ResetInputNormalization: bool = True,
        ExecutionEnvironment: str = "auto",
        Verbose: bool = True,
        VerboseFrequency: int = 50,
        Plots: str = "none",
        CheckpointPath: str = "",
        CheckpointFrequency: int = 1,
        CheckpointFrequencyUnit: str = "epoch",
        OutputFcn: Any = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name[0].isupper()}
        one_of(solverName, tuple(OF_SOLVERS), "solverName", CALLER)
        values = _of_solver(solverName, given)
        for name, value in values.items():
            values[name] = _checked(name, value)
        self.__dict__.update(SolverName=solverName, **values)
        self._check_together()

    def _check_together(self) -> None:
        is_best = self.OutputNetwork == "best-validation"
        if self.ValidationData is None and (is_best or self.ValidationPatience < math.inf):
            option = "OutputNetwork" if is_best else "ValidationPatience"
            raise ValueError(f"{CALLER}: {option} needs ValidationData=(X, T)")
        if self.SolverName != "lbfgs" and self.LearnRateSchedule != "piecewise":
            for name in ("LearnRateDropFactor", "LearnRateDropPeriod"):
                if getattr(self, name) != OF_MINI_BATCHES[name]:
                    raise ValueError(f'{CALLER}: {name} is for LearnRateSchedule="piecewise"; give '
                                     "a schedule its own options")  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"these trainingOptions have no {name}; they have "
                             f"{', '.join(self.__dict__)}")  # fmt: skip

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"trainingOptions are read-only, {name} too; make new ones, "
                             f"trainingOptions(…, {name}=…)")  # fmt: skip

    def __repr__(self) -> str:
        shown = {n: v if isinstance(v, (str, int, float)) else type(v).__name__
                 for n, v in vars(self).items() if v not in (None, (), "")}  # fmt: skip
        width = max(map(len, shown))
        return "\n".join(["trainingOptions with", *[f"    {n.rjust(width)}: {v}"
                                                    for n, v in shown.items()]])  # fmt: skip

    def learn_rate(self, iteration: int, epoch: int, epoch_length: int | None) -> float:
        """The learn rate of one step; epoch_length is the number of iterations in an epoch."""
        return schedules.rate_of_sequence(
            self._schedules(), self.InitialLearnRate, iteration, epoch, epoch_length
        )

    def _schedules(self) -> list[Any]:
        given = self.LearnRateSchedule
        chosen = [given] if isinstance(given, str) or callable(given) else given
        return [self._named_schedule(s) if isinstance(s, str) else s for s in chosen]

    def _named_schedule(self, name: str) -> Callable[..., float]:
        drop = {"DropFactor": self.LearnRateDropFactor, "Period": self.LearnRateDropPeriod}
        length: dict[str, Any] = {"NumSteps": self.MaxEpochs}
        make: dict[str, Callable[[], Callable[..., float]]] = {
            "none": lambda: lambda initial, iteration, epoch: initial,
            "piecewise": lambda: schedules.piecewiseLearnRate(**drop),
            "warmup": schedules.warmupLearnRate,
            "polynomial": lambda: schedules.polynomialLearnRate(**length),
            "exponential": schedules.exponentialLearnRate,
            "cosine": lambda: schedules.cosineLearnRate(Period=self.MaxEpochs),
        }
        return make[name]()


def _of_solver(solver: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a solver, with its defaults. Those of others must not be given."""
    own = OF_SOLVERS[solver]
    special = {name for options in OF_SOLVERS.values() for name in options}
    values = {}
    for name, value in given.items():
        if name not in special:
            values[name] = value
        elif name in own:
            values[name] = own[name] if value is None else value
        elif value is not None:
            having = " and ".join([repr(s) for s, names in OF_SOLVERS.items() if name in names])
            raise ValueError(f"{CALLER}: {name} is an option of {having}, not of {solver!r}")
    if "InitialLearnRate" in values and values["InitialLearnRate"] is None:
        values["InitialLearnRate"] = RATES[solver]
    return values


def _checked(name: str, value: Any) -> Any:
    option = f"{CALLER}: {name}"
    if name in CHOICES:
        return one_of(value, CHOICES[name], name, CALLER)
    if name in WHOLE:
        return whole(value, option)
    if name in NUMBERS:
        return not_negative(value, option)
    if name == "ValidationPatience":
        return value if value == math.inf else whole(value, option)
    if name == "Metrics":
        return checked_metrics(value, CALLER)
    if name == "LearnRateSchedule":
        return _checked_schedule(value)
    if name == "OutputFcn":
        functions = () if value is None else (value,) if callable(value) else tuple(value)
        if not all(map(callable, functions)):
            raise TypeError(f"{option} must be a function of a dict, or a list of such functions")
        return functions
    if name in ("Verbose", "ResetInputNormalization"):
        return bool(value)
    return value


def _checked_schedule(given: Any) -> Any:
    if isinstance(given, str) or callable(given):
        parts = [given]
    elif isinstance(given, (list, tuple)) and given:
        parts = list(given)
    else:
        raise TypeError(f"{CALLER}: LearnRateSchedule is a name, a schedule such as "
                        f"cosineLearnRate(), or a list of them, not {given!r}")  # fmt: skip
    for part in parts:
        if isinstance(part, str):
            one_of(part, SCHEDULES, "LearnRateSchedule", CALLER)
        elif not callable(part):
            raise TypeError(f"{CALLER}: LearnRateSchedule holds {part!r}, which is no schedule")
    for part in parts[:-1]:
        ends = part == "warmup" or math.isfinite(getattr(part, "NumSteps", math.inf))
        if not ends:
            raise ValueError(f"{CALLER}: LearnRateSchedule {part!r} never ends; only the last of a "
                             "list may be so")  # fmt: skip
    return given
