"""Learn-rate schedules: by which factor the learn rate of a step differs from the first one.

A schedule is called with the initial learn rate and the numbers of the iteration and the epoch,
which count from 1. It keeps nothing, so a loop that is taken up again needs no more than those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinydl.functions.arguments import one_of
from tinydl.labels.options import named_options
from tinydl.layers.options import not_negative, number, whole

UNITS = ("epoch", "iteration")


class LearnRateSchedule:
    """What the schedules share: ``learnRate = schedule(initialLearnRate, iteration, epoch)``.

    FrequencyUnit says whether the steps k = 1, 2, … of the schedule are epochs or iterations.
    NumSteps is the number of steps after which it is complete, Inf if it never is.
    """

    FrequencyUnit: str
    NumSteps: float = math.inf

    def factor(self, k: int) -> float:
        """The factor of the learn rate in step k."""
        raise NotImplementedError

    def __call__(self, initialLearnRate: float, iteration: int, epoch: int = 1) -> float:
        """The learn rate of an iteration, and of an epoch, counted from 1."""
        steps = {"iteration": iteration, "epoch": epoch}
        for name, step in steps.items():
            whole(step, f"{type(self).__name__}: {name}")
        rate = not_negative(initialLearnRate, f"{type(self).__name__}: initialLearnRate")
        return rate * self.factor(steps[self.FrequencyUnit])

    def _set(self, unit: str, **options: float) -> None:
        self.FrequencyUnit = one_of(unit, UNITS, "FrequencyUnit", type(self).__name__)
        for name, value in options.items():
            option = f"{type(self).__name__}: {name}"
            check = whole if name in ("Period", "NumSteps") else not_negative
            setattr(self, name, check(value, option))

    def __repr__(self) -> str:
        options = ", ".join([f"{name}={value!r}" for name, value in vars(self).items()])
        return f"{type(self).__name__}({options})"


class piecewiseLearnRate(LearnRateSchedule):
    """The learn rate times DropFactor after each Period steps: DropFactor^⌊(k − 1)/Period⌋.

    Example:
        >>> from tinydl import piecewiseLearnRate
        >>> schedule = piecewiseLearnRate(DropFactor=0.5, Period=2)
        >>> [schedule(1.0, 1, epoch) for epoch in range(1, 6)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    DropFactor: float
    Period: int

    @named_options
    def __init__(
        self, *, DropFactor: float = 0.1, Period: int = 10, FrequencyUnit: str = "epoch"
    ) -> None:
        self._set(FrequencyUnit, DropFactor=DropFactor, Period=Period)

    def factor(self, k: int) -> float:
        return self.DropFactor ** ((k - 1) // self.Period)


class exponentialLearnRate(LearnRateSchedule):
    """The learn rate times DropFactor in each Period steps, evenly: DropFactor^((k − 1)/Period).

    Example:
        >>> from tinydl import exponentialLearnRate
        >>> schedule = exponentialLearnRate(DropFactor=0.25, Period=2)
        >>> [schedule(1.0, 1, epoch) for epoch in range(1, 4)]
        [1.0, 0.5, 0.25]
    """

    DropFactor: float
    Period: int

    @named_options
    def __init__(
        self, *, DropFactor: float = 0.1, Period: int = 10, FrequencyUnit: str = "epoch"
    ) -> None:
        self._set(FrequencyUnit, DropFactor=DropFactor, Period=Period)

    def factor(self, k: int) -> float:
        return self.DropFactor ** ((k - 1) / self.Period)


class warmupLearnRate(LearnRateSchedule):
    """A learn rate that grows evenly: γ₀ + (γ_N − γ₀) p with p = (k − 1)/N, and γ_N from then on.

    γ₀ is InitialFactor, γ_N FinalFactor, and N NumSteps: the first step has the factor γ₀, the
    first one after the warm-up γ_N.

    Example:
        >>> from tinydl import warmupLearnRate
        >>> schedule = warmupLearnRate(InitialFactor=0.5, NumSteps=2)
        >>> [schedule(1.0, iteration) for iteration in range(1, 5)]
        [0.5, 0.75, 1.0, 1.0]
    """

    InitialFactor: float
    FinalFactor: float

    @named_options
    def __init__(
        self, *, InitialFactor: float = 0.1, FinalFactor: float = 1.0, NumSteps: int = 5,
        FrequencyUnit: str = "iteration",
    ) -> None:  # fmt: skip
        self._set(FrequencyUnit, InitialFactor=InitialFactor, FinalFactor=FinalFactor,
                  NumSteps=NumSteps)  # fmt: skip

    def factor(self, k: int) -> float:
        p = min((k - 1) / self.NumSteps, 1.0)
        return self.InitialFactor + (self.FinalFactor - self.InitialFactor) * p


class polynomialLearnRate(LearnRateSchedule):
    """A learn rate that falls by a power law: γ_N + (γ₀ − γ_N)(1 − p)^Power with p = (k − 1)/N.

    γ₀ is InitialFactor, γ_N FinalFactor, which stays from step N + 1 on, and N NumSteps.

    Example:
        >>> from tinydl import polynomialLearnRate
        >>> schedule = polynomialLearnRate(FinalFactor=0.0, Power=2, NumSteps=2)
        >>> [schedule(1.0, 1, epoch) for epoch in range(1, 4)]
        [1.0, 0.25, 0.0]
    """

    InitialFactor: float
    FinalFactor: float
    Power: float

    @named_options
    def __init__(
        self, *, InitialFactor: float = 1.0, FinalFactor: float = 0.01, Power: float = 1.0,
        NumSteps: int = 30, FrequencyUnit: str = "epoch",
    ) -> None:  # fmt: skip
        self._set(FrequencyUnit, InitialFactor=InitialFactor, FinalFactor=FinalFactor, Power=Power,
                  NumSteps=NumSteps)  # fmt: skip

    def factor(self, k: int) -> float:
        p = min((k - 1) / self.NumSteps, 1.0)
        return self.FinalFactor + (self.InitialFactor - self.FinalFactor) * (1.0 - p) ** self.Power


class cosineLearnRate(LearnRateSchedule):
    """A learn rate that falls as half a cosine: γ_N + (γ₀ − γ_N)(1 + cos πp)/2, p = (k − 1)/Period.

    γ₀ is InitialFactor, γ_N FinalFactor. After Period steps it starts again at γ₀, and every period
    is PeriodGrowthFactor times as long as the one before; with Inf there is one, and γ_N stays.
    Loshchilov and Hutter, SGDR, 2017.

    Example:
        >>> from tinydl import cosineLearnRate
        >>> schedule = cosineLearnRate(FinalFactor=0.0, Period=2)
        >>> [round(schedule(1.0, 1, epoch), 3) for epoch in range(1, 5)]
        [1.0, 0.5, 1.0, 0.5]
    """

    InitialFactor: float
    FinalFactor: float
    Period: int
    PeriodGrowthFactor: float

    @named_options
    def __init__(
        self, *, InitialFactor: float = 1.0, FinalFactor: float = 0.01, Period: int = 30,
        PeriodGrowthFactor: float = 1.0, FrequencyUnit: str = "epoch",
    ) -> None:  # fmt: skip
        self._set(FrequencyUnit, InitialFactor=InitialFactor, FinalFactor=FinalFactor,
                  Period=Period)  # fmt: skip
        self.PeriodGrowthFactor = number(
            PeriodGrowthFactor, "cosineLearnRate: PeriodGrowthFactor", 1.0
        )

    def factor(self, k: int) -> float:
        passed, period = float(k - 1), float(self.Period)
        if self.PeriodGrowthFactor == 1.0:
            passed %= period
        elif math.isinf(self.PeriodGrowthFactor):
            passed = min(passed, period)
        else:
            while passed >= period:
                passed, period = passed - period, period * self.PeriodGrowthFactor
        height = 0.5 * (1.0 + math.cos(math.pi * passed / period))
        return self.FinalFactor + (self.InitialFactor - self.FinalFactor) * height


class time_based_learn_rate(LearnRateSchedule):
    """A learn rate that falls with time: 1/(1 + Decay · k), as in many custom training loops.

    Example:
        >>> from tinydl import time_based_learn_rate
        >>> schedule = time_based_learn_rate(Decay=1)
        >>> [schedule(1.0, iteration) for iteration in (1, 3)]
        [0.5, 0.25]
    """

    Decay: float

    @named_options
    def __init__(self, *, Decay: float = 0.01, FrequencyUnit: str = "iteration") -> None:
        self._set(FrequencyUnit, Decay=Decay)

    def factor(self, k: int) -> float:
        return 1.0 / (1.0 + self.Decay * k)


def rate_of_sequence(
    schedules: Sequence[Any], initial: float, iteration: int, epoch: int, epoch_length: int | None
) -> float:
    """The learn rate of schedules that follow each other, each when the one before is complete.

    epoch_length is the number of iterations in an epoch, and None only while the first is running:
    then no epoch is over.
    """
    iterations = epochs = 0  # that the schedules before took
    for schedule in schedules[:-1]:
        if schedule.FrequencyUnit == "iteration":
            after = iterations + int(schedule.NumSteps)
            epochs_after = after // epoch_length if epoch_length else 0
            is_over = iteration > after
        else:
            epochs_after = epochs + int(schedule.NumSteps)
            after = epochs_after * epoch_length if epoch_length else 0
            is_over = epoch > epochs_after
        if not is_over:
            return float(schedule(initial, iteration - iterations, epoch - epochs))
        iterations, epochs = after, epochs_after
    return float(schedules[-1](initial, iteration - iterations, epoch - epochs))
