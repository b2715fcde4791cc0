"""true, false, nan, inf, eye, linspace, and like= of everything that makes arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import numbers
from tinydl import dlarray, dlfeval, dlgradient

MODELS = [np.float32([1]), np.ones(2), dlarray([1.0], "C"), dlarray(np.float32([1]))]
NUMBERS = {
    "zeros": 0.0, "ones": 1.0, "nan": math.nan, "inf": math.inf, "rand": None, "randn": None,
}  # fmt: skip


@pytest.mark.parametrize("name", [*NUMBERS, "eye"])
def test_sizes_classes_and_like(device: Any, name: str) -> None:
    make = getattr(dl, name)
    for sizes in ((2, 3), ((2, 3),), (2, 3, "double")):
        made = make(*sizes)
        assert (type(made), made.shape, made.dtype) == (np.ndarray, (2, 3), np.float64)
    assert make(2).shape == (2, 2)
    assert make(2, 3, "single").dtype == np.float32
    assert make().shape == ()
    for model in MODELS:
        like = model if type(model) is np.ndarray else dlarray(device.put(numbers(model)))
        made = make(2, 3, like=like)
        assert (type(made), made.shape, made.dtype) == (type(like), (2, 3), like.dtype)
        assert make(2, 3, "double", like=like).dtype == np.float64
        if type(made) is dlarray:
            assert made.dims == ""
            assert type(dl.extractdata(made)) is type(dl.extractdata(like))
    if NUMBERS.get(name) is not None:
        np.testing.assert_array_equal(make(2, 3), np.full((2, 3), NUMBERS[name]))
    with pytest.raises(ValueError, match=f"{name}: the class is one of"):
        make(2, "int8")
    with pytest.raises(ValueError, match=f"{name}: a size is a whole number"):
        make(2.0, 3)


@pytest.mark.parametrize("name", ["true", "false"])
def test_truth_values(device: Any, name: str) -> None:
    make, value = getattr(dl, name), name == "true"
    assert make(2, 3).dtype == bool
    assert np.array_equal(make(2, 3), np.full((2, 3), value))
    assert make(2).shape == (2, 2) and make((1, 2)).shape == (1, 2)
    assert bool(make()) is value
    like = dlarray(device.put(np.ones(2)), "C")
    made = make(2, 1, like=like)
    assert (type(made), made.dims, made.dtype) == (dlarray, "", bool)
    with pytest.raises(ValueError, match=f"{name}: the class is always logical; 'single' is too"):
        make(2, "single")


@pytest.mark.parametrize("name", ["nan", "inf", "rand", "randn", "randi"])
def test_truth_values_are_no_numbers(name: str) -> None:
    limits = (5,) if name == "randi" else ()
    for options in ({"like": np.array([True])}, {"like": dlarray([True])}):
        with pytest.raises(ValueError, match=f"{name}: truth values are .*name the class single"):
            getattr(dl, name)(*limits, 2, 2, **options)
    with pytest.raises(ValueError, match=f"{name}: truth values are .*name the class single"):
        getattr(dl, name)(*limits, 2, 2, "logical")


@given(rows=st.integers(0, 5), columns=st.integers(0, 5))
def test_eye(rows: int, columns: int) -> None:
    assert np.array_equal(dl.eye(rows, columns), np.eye(rows, columns))
    assert np.array_equal(dl.eye(rows), np.eye(rows))
    assert dl.eye(rows, columns, "logical").dtype == bool


def test_eye_is_a_matrix() -> None:
    assert float(dl.eye()) == 1.0
    with pytest.raises(ValueError, match="eye: a matrix has two sizes, not 3"):
        dl.eye(2, 3, 4)


@given(a=st.floats(-1e3, 1e3), b=st.floats(-1e3, 1e3), n=st.integers(1, 20))
def test_linspace(a: float, b: float, n: int) -> None:
    row = dl.linspace(a, b, n)
    assert (type(row), row.shape, row.dtype) == (np.ndarray, (1, n), np.float64)
    if n > 1:
        np.testing.assert_allclose(row[0], np.linspace(a, b, n), rtol=1e-14, atol=1e-12)
        assert row[0, 0] == a
    assert row[0, -1] == b


def test_linspace_of_dlarrays(device: Any) -> None:
    w = device.put(np.array([[1.0, 2.0, 4.0]]))

    def slopes(a: dlarray, b: dlarray) -> Any:
        return dlgradient(dl.sum(dl.linspace(a, b, 3) * w, "all"), a, b)

    a, b = dlarray(device.put(np.ones((1, 1))), "CB"), dlarray(device.put(np.float64(3.0)))
    assert numbers(dl.linspace(a, b, 3), device).tolist() == [[1, 2, 3]]
    assert [float(g) for g in dlfeval(slopes, a, b)] == [2.0, 5.0]
    made = dl.linspace(0.0, dlarray(device.put(np.float32(1))), 3)
    assert (type(made), made.dims, made.dtype) == (dlarray, "", np.float32)
    assert dl.linspace(0, 1).shape == (1, 100) and dl.linspace(0, 1, 0).shape == (1, 0)
    with pytest.raises(ValueError, match="linspace: b is one number, not 2 dlarray"):
        dl.linspace(0.0, [1, 2])
    with pytest.raises(ValueError, match="linspace: n: a size is a whole number from 0 on"):
        dl.linspace(0, 1, 2.0)
