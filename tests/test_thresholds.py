"""Gradient thresholds: against plain NumPy, at their limits, and inside dlfeval."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Device
from tests.strategies import SEEDS, normal
from tinydl import (
    dlaccelerate,
    dlarray,
    dlfeval,
    dlgradient,
    dlupdate,
    extractdata,
    gather,
    sum,
    thresholdAbsoluteValue,
    thresholdGlobalL2Norm,
    thresholdL2Norm,
)

ALL = (thresholdAbsoluteValue, thresholdGlobalL2Norm, thresholdL2Norm)
Threshold = Callable[[Any, float], Any]


def numbers(x: dlarray) -> np.ndarray:
    return np.asarray(extractdata(gather(x)))


@given(SEEDS, st.floats(0.05, 20.0))
def test_they_are_what_numpy_computes(seed: int, limit: float) -> None:
    a, b = normal((3, 4), seed), normal((5,), seed + 1)
    both = {"a": dlarray(a, "CB"), "b": [dlarray(b)]}
    found = thresholdL2Norm(both, limit)
    for x, y in ((a, found["a"]), (b, found["b"][0])):
        length = math.sqrt((x**2).sum())
        np.testing.assert_allclose(numbers(y), x * min(1.0, limit / length), rtol=1e-12)
        assert length > limit or np.array_equal(numbers(y), x), "what is short stays to the bit"
    length = math.sqrt((a**2).sum() + (b**2).sum())
    found = thresholdGlobalL2Norm(both, limit)
    np.testing.assert_allclose(numbers(found["a"]), a * min(1.0, limit / length), rtol=1e-12)
    np.testing.assert_allclose(numbers(found["b"][0]), b * min(1.0, limit / length), rtol=1e-12)
    found = thresholdAbsoluteValue(both, limit)
    np.testing.assert_array_equal(numbers(found["a"]), a.clip(-limit, limit))
    assert found["a"].dims == "CB"


@pytest.mark.parametrize("threshold", ALL)
def test_class_format_and_device_stay(threshold: Threshold, device: Device) -> None:
    beyond = np.array([[3e30, -4e30]], np.float32)  # their squares are no single numbers
    x = dlarray(device.put(beyond), "CB")
    y = threshold(x, 1.0)
    assert y.dims == "CB" and y.dtype == np.float32 and type(y._value) is type(x._value)
    wanted = [[1.0, -1.0]] if threshold is thresholdAbsoluteValue else [[0.6, -0.8]]
    np.testing.assert_allclose(numbers(y), wanted, rtol=1e-6)


@pytest.mark.parametrize("threshold", ALL)
def test_zeros_infinity_and_nan(threshold: Threshold) -> None:
    assert numbers(threshold(dlarray([0.0, 0.0]), 1.0)).tolist() == [0.0, 0.0]
    x = dlarray([3.0, -40.0])
    assert numbers(threshold(x, math.inf)).tolist() == [3.0, -40.0]
    assert np.isnan(numbers(threshold(dlarray([math.nan, 1.0]), 1.0))[0])
    assert threshold([], 1.0) == []


@pytest.mark.parametrize("threshold", ALL)
def test_as_in_dlupdate_and_inside_dlfeval(threshold: Threshold) -> None:
    grads = [dlarray([3.0, 4.0]), dlarray([1.0])]
    if threshold is not thresholdGlobalL2Norm:  # which looks at all of them at once
        one_by_one = dlupdate(lambda g: threshold(g, 2.0), grads)
        for x, y in zip(one_by_one, threshold(grads, 2.0), strict=True):
            np.testing.assert_array_equal(numbers(x), numbers(y))

    def model(x: dlarray) -> Any:
        g = dlgradient(sum(x**3, "all"), x, EnableHigherDerivatives=True)
        short = threshold(g, 2.0)
        return short, dlgradient(sum(short * dlarray([1.0, 2.0]), "all"), x)

    x = dlarray([1.0, 0.4])
    _, slope = dlfeval(model, x)
    h = 1e-6
    for i in range(2):
        step = h * np.eye(2)[i]
        up, down = (dlfeval(model, dlarray(np.array([1.0, 0.4]) + s))[0] for s in (step, -step))
        difference = (numbers(up) - numbers(down)) @ [1.0, 2.0] / (2 * h)
        assert numbers(slope)[i] == pytest.approx(difference, abs=1e-6)


@pytest.mark.parametrize("threshold", ALL)
def test_recorded_once_whether_they_shorten_or_not(threshold: Threshold) -> None:
    def model(x: dlarray) -> Any:
        return threshold(dlgradient(sum(x**3, "all"), x), 2.0)

    fast = dlaccelerate(model)
    for scale in (1.0, 0.1, 3.0):
        x = dlarray([scale, 0.4 * scale])
        np.testing.assert_allclose(numbers(dlfeval(fast, x)), numbers(dlfeval(model, x)))
    assert fast.HitRate > 0


@pytest.mark.parametrize("threshold", ALL)
def test_wrong_arguments_are_refused(threshold: Threshold) -> None:
    name = threshold.__name__
    for limit in (0, -1.0, math.nan):
        with pytest.raises(ValueError, match=f"{name}: gradientThreshold must"):
            threshold(dlarray([1.0]), limit)
    with pytest.raises(TypeError, match=f"{name}: a ndarray is no gradient"):
        threshold([np.ones(2)], 1.0)
