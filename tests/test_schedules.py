"""Learn-rate schedules: their formulas, their ends, and how they follow each other."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydl import (
    cosineLearnRate,
    exponentialLearnRate,
    piecewiseLearnRate,
    polynomialLearnRate,
    time_based_learn_rate,
    trainingOptions,
    warmupLearnRate,
)
from tinydl.training.schedule import rate_of_sequence

ALL = (cosineLearnRate, exponentialLearnRate, piecewiseLearnRate, polynomialLearnRate,
       time_based_learn_rate, warmupLearnRate)  # fmt: skip
steps = st.integers(1, 40)
lengths = st.integers(1, 12)


def rates(schedule: Any, count: int) -> list[float]:
    if schedule.FrequencyUnit == "epoch":
        return [schedule(1.0, 1000, k) for k in range(1, count + 1)]
    return [schedule(1.0, k, 1000) for k in range(1, count + 1)]


@given(steps, lengths)
def test_piecewise_drops_every_period(k: int, period: int) -> None:
    rate = rates(piecewiseLearnRate(DropFactor=0.5, Period=period), k)[-1]
    drops = len([j for j in range(1, k) if j % period == 0])  # after each whole period
    assert rate == 0.5**drops


@given(steps, lengths)
def test_exponential_meets_piecewise_at_the_drops(k: int, period: int) -> None:
    smooth = rates(exponentialLearnRate(DropFactor=0.3, Period=period), k)[-1]
    stairs = rates(piecewiseLearnRate(DropFactor=0.3, Period=period), k)[-1]
    assert smooth <= stairs * (1 + 1e-12)
    if (k - 1) % period == 0:
        assert smooth == pytest.approx(stairs, rel=1e-12)


@given(lengths)
def test_warm_up_is_a_line_that_ends_at_the_full_rate(count: int) -> None:
    found = rates(warmupLearnRate(InitialFactor=0.2, NumSteps=count), count + 3)
    assert found[0] == 0.2 and found[count:] == [1.0] * 3
    slopes = [b - a for a, b in pairwise(found[: count + 1])]
    assert slopes == pytest.approx([0.8 / count] * count)


@given(lengths, st.sampled_from([0.5, 1.0, 2.0]))
def test_a_polynomial_runs_from_one_factor_to_the_other(count: int, power: float) -> None:
    schedule = polynomialLearnRate(InitialFactor=2.0, FinalFactor=0.5, Power=power, NumSteps=count)
    found = rates(schedule, count + 2)
    wanted = [0.5 + 1.5 * ((count - j) / count) ** power for j in range(count)]
    assert found == pytest.approx([*wanted, 0.5, 0.5])


@given(lengths)
def test_the_cosine_starts_again(period: int) -> None:
    once = rates(cosineLearnRate(FinalFactor=0.1, Period=period), period)
    assert once == pytest.approx(
        [0.55 + 0.45 * math.cos(math.pi * j / period) for j in range(period)]
    )
    assert rates(cosineLearnRate(FinalFactor=0.1, Period=period), 2 * period) == once * 2
    growing = cosineLearnRate(FinalFactor=0.1, Period=period, PeriodGrowthFactor=2)
    doubled = rates(cosineLearnRate(FinalFactor=0.1, Period=2 * period), 2 * period)
    assert rates(growing, 3 * period) == pytest.approx(once + doubled)
    no_end = cosineLearnRate(FinalFactor=0.1, Period=period, PeriodGrowthFactor=math.inf)
    assert rates(no_end, period + 3) == pytest.approx([*once, 0.1, 0.1, 0.1])


def test_time_based() -> None:
    assert rates(time_based_learn_rate(Decay=0.5), 3) == [1 / 1.5, 1 / 2, 1 / 2.5]
    assert time_based_learn_rate(Decay=0.5, FrequencyUnit="epoch")(3.0, 7, 2) == 1.5


def test_the_unit_says_what_counts() -> None:
    for kind in ALL:
        per_epoch, per_iteration = kind(FrequencyUnit="epoch"), kind(FrequencyUnit="iteration")
        assert per_epoch(0.1, 1, 4) == per_epoch(0.1, 99, 4) == per_iteration(0.1, 4, 99)


def test_schedules_follow_each_other() -> None:
    """Twelve iterations, four in an epoch."""
    places = [(i, (i - 1) // 4 + 1) for i in range(1, 13)]

    def found(*schedules: Any, length: int | None = 4) -> list[float]:
        return [rate_of_sequence(schedules, 1.0, i, e, length) for i, e in places]

    warm = warmupLearnRate(InitialFactor=0.25, NumSteps=3)
    drop = piecewiseLearnRate(DropFactor=0.5, Period=1)
    by_step = piecewiseLearnRate(DropFactor=0.5, Period=1, FrequencyUnit="iteration")
    after = [1.0, *[0.5] * 4, *[0.25] * 4]
    assert found(warm, drop) == [0.25, 0.5, 0.75, *after]
    assert found(warm, by_step) == [0.25, 0.5, 0.75, *[0.5**j for j in range(9)]]
    slow = warmupLearnRate(InitialFactor=0.5, NumSteps=2, FrequencyUnit="epoch")
    assert found(slow, by_step) == [0.5] * 4 + [0.75] * 4 + [1.0, 0.5, 0.25, 0.125]
    assert found(slow, drop) == [0.5] * 4 + [0.75] * 4 + [1.0] * 4


def test_names_in_training_options() -> None:
    options = trainingOptions("sgdm", MaxEpochs=4, LearnRateSchedule="cosine", InitialLearnRate=2)
    assert options.learn_rate(9, 3, 5) == pytest.approx(2 * (0.01 + 0.99 * 0.5))
    options = trainingOptions("sgdm", MaxEpochs=4, LearnRateSchedule=["warmup", "polynomial"],
                              InitialLearnRate=1)  # fmt: skip
    assert options.learn_rate(1, 1, 5) == 0.1
    assert options.learn_rate(6, 2, 5) == 1.0
    own = trainingOptions("adam", LearnRateSchedule=lambda rate, iteration, epoch: rate / epoch)
    assert own.learn_rate(9, 4, 5) == 0.001 / 4


@pytest.mark.parametrize("kind", ALL)
def test_wrong_values_are_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="FrequencyUnit is one of epoch, iteration, not 'step'"):
        kind(FrequencyUnit="step")
    with pytest.raises(ValueError, match="iteration must be a whole number from 1 on, not 0"):
        kind()(0.1, 0)
    with pytest.raises(ValueError, match="initialLearnRate must lie between"):
        kind()(-0.1, 1)
    assert repr(kind()).startswith(kind.__name__ + "(FrequencyUnit=")


def test_periods_are_whole_and_factors_not_negative() -> None:
    with pytest.raises(ValueError, match="Period must be a whole number from 1 on"):
        piecewiseLearnRate(Period=0)
    with pytest.raises(ValueError, match="NumSteps must be a whole number from 1 on"):
        warmupLearnRate(NumSteps=2.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="FinalFactor must lie between"):
        cosineLearnRate(FinalFactor=-1)
    with pytest.raises(ValueError, match="PeriodGrowthFactor must lie between"):
        cosineLearnRate(PeriodGrowthFactor=0.5)
