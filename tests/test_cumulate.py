"""Running sums, products and extremes, and areas: values, dimensions, directions, NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, normal, numbers
from tinydl import dlarray, dlfeval, dlgradient

A = np.arange(6.0).reshape(2, 3)
NAN = np.nan
RUNNING = {
    "cumsum": np.cumsum, "cumprod": np.cumprod,
    "cummax": np.maximum.accumulate, "cummin": np.minimum.accumulate,
}  # fmt: skip
every_name = pytest.mark.parametrize("name", sorted(RUNNING))


def gradient(call: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of the sum of what a function gives."""
    return numbers(dlfeval(lambda X: dlgradient(dl.sum(call(X), "all"), X), dlarray(x)))


@every_name
@pytest.mark.parametrize("direction", ["forward", "reverse"])
@given(pair=labelled(), data=st.data())
def test_along_a_dimension(
    device: Any, name: str, direction: str, pair: tuple[Any, str], data: st.DataObject
) -> None:
    array, fmt = pair
    axis = data.draw(st.integers(0, array.ndim - 1))
    expected = RUNNING[name](array, axis=axis)
    if direction == "reverse":
        expected = np.flip(RUNNING[name](np.flip(array, axis), axis=axis), axis)
    X = dlarray(device.put(array), fmt)
    Y = getattr(dl, name)(X, axis=axis - array.ndim, direction=direction)
    assert Y.dims == fmt
    np.testing.assert_allclose(numbers(Y, device), expected, rtol=1e-12, atol=1e-14)
    plain = getattr(dl, name)(device.put(array), axis=axis, direction=direction)
    assert np.array_equal(device.take(plain), numbers(Y, device))
    if fmt.count(fmt[axis]) == 1:
        by_label = getattr(dl, name)(X, fmt[axis], direction=direction)
        assert np.array_equal(numbers(by_label, device), numbers(Y, device))


@every_name
def test_dimensions_and_classes(name: str) -> None:
    function = getattr(dl, name)
    x = [3.0, 1.0, 2.0]
    expected = RUNNING[name](np.array(x))
    assert np.array_equal(function(x), expected)
    assert np.array_equal(function([x]), [expected])
    assert function(5.0).shape == ()
    assert function(np.ones((1, 1))).tolist() == [[1]]
    assert function(np.ones((0, 2)), axis=0).shape == (0, 2)
    assert function(np.float32(x)).dtype == np.float32
    assert function(A > 1, axis=0).dtype == np.float64
    with pytest.raises(ValueError, match=f"{name}: which dimension of 2×3 dlarray"):
        function(A)
    for several in ({"dim": "all"}, {"axis": (0, 1)}):
        with pytest.raises(ValueError, match=f"{name} runs along one dimension; of 2×3 dlarray"):
            function(A, **several)
    with pytest.raises(ValueError, match=rf"{name} runs along one dimension; of 2\(S\) × 3\(S\)"):
        function(dlarray(A, "SS"), "S")
    with pytest.raises(ValueError, match=f"{name}: direction is one of forward, reverse, not 'up"):
        function(x, direction="up")
    with pytest.raises(ValueError, match=f"{name}: nanflag is one of includenan, omitnan"):
        function(x, nanflag="omit")
    with pytest.raises(TypeError, match="from 0 or from 1"):
        function(A, 0)


def test_sums_and_products_with_nan() -> None:
    x = [2.0, NAN, 3.0]
    for name, with_nan, without in (
        ("cumsum", [2, NAN, NAN], [2, 2, 5]), ("cumprod", [2, NAN, NAN], [2, 2, 6]),
        ("cummax", [2, NAN, NAN], [2, 2, 3]), ("cummin", [2, NAN, NAN], [2, 2, 2]),
    ):  # fmt: skip
        function = getattr(dl, name)
        assert np.array_equal(function(x), with_nan, equal_nan=True)
        assert function(x, nanflag="omitnan").tolist() == without
        assert not gradient(lambda X, f=function: f(X, nanflag="omitnan"), x)[1]


@pytest.mark.parametrize(
    ("name", "x", "options", "values", "positions"),
    [
        ("cummax", [1, 3, 3, 2, 4], {}, [1, 3, 3, 3, 4], [0, 1, 1, 1, 4]),
        ("cummin", [2, 3, 2, 1], {}, [2, 2, 2, 1], [0, 0, 0, 3]),
        ("cummax", [4, 3, 3, 1], {"direction": "reverse"}, [4, 3, 3, 1], [0, 2, 2, 3]),
        ("cummin", [1, 1, 2], {"direction": "reverse"}, [1, 1, 2], [1, 1, 2]),
        ("cummax", [1, NAN, 5, NAN], {}, [1, NAN, NAN, NAN], [0, 1, 1, 1]),
        ("cummax", [NAN, NAN, 5, NAN, 4, 6], {"nanflag": "omitnan"},
         [NAN, NAN, 5, 5, 5, 6], [0, 0, 2, 2, 2, 5]),
        ("cummin", [3, NAN, 5, NAN], {"nanflag": "omitnan", "direction": "reverse"},
         [3, 5, 5, NAN], [0, 2, 2, 3]),
        ("cummax", [NAN, -np.inf], {"nanflag": "omitnan"}, [NAN, -np.inf], [0, 1]),
    ],
)  # fmt: skip
def test_positions(
    name: str, x: list[float], options: Any, values: list[float], positions: list[int]
) -> None:
    Y, where = getattr(dl, name)(dlarray(np.array(x, float), "T"), nargout=2, **options)
    assert Y.dims == "T"
    assert np.array_equal(numbers(Y), values, equal_nan=True)
    assert where.tolist() == positions
    assert where.dtype.kind == "i"
    slope = gradient(lambda X: getattr(dl, name)(X, **options), np.array(x, float))
    assert slope.tolist() == np.bincount(positions, minlength=len(x)).tolist()


def test_positions_of_one_number() -> None:
    assert [v.shape for v in dl.cummax(5.0, nargout=2)] == [(), ()]
    with pytest.raises(ValueError, match="cummax gives 1 to 2 outputs"):
        dl.cummax(5.0, nargout=3)


def test_products_have_exact_derivatives_at_zeros() -> None:
    """y = (a, a b, a b c): one zero, then two of them."""
    assert gradient(dl.cumprod, [2.0, 0.0, 3.0]).tolist() == [1 + 0 + 0, 2 + 6, 0]
    assert gradient(dl.cumprod, [0.0, 0.0, 3.0]).tolist() == [1, 0, 0]


# ---- areas ---------------------------------------------------------------------------------------


@given(pair=labelled(), data=st.data())
def test_areas(pair: tuple[Any, str], data: st.DataObject) -> None:
    y, fmt = pair
    axis = data.draw(st.integers(0, y.ndim - 1))
    seed = data.draw(SEEDS)
    Y = dlarray(y, fmt)
    unit = np.trapezoid(y, axis=axis)
    points = normal((y.shape[axis],), seed)
    full = normal(y.shape, seed)
    for found, expected in (
        (dl.trapz(Y, axis=axis), unit),
        (dl.trapz(0.5, Y, axis=axis), unit / 2),
        (dl.trapz(points, Y, axis=axis), np.trapezoid(y, points, axis=axis)),
        (dl.trapz(full, Y, axis=axis), np.trapezoid(y, full, axis=axis)),
        (dl.trapz(dlarray(points, fmt[axis]), Y, axis=axis), np.trapezoid(y, points, axis=axis)),
    ):
        assert found.dims == fmt
        np.testing.assert_allclose(numbers(found), np.expand_dims(expected, axis), atol=1e-13)


def test_areas_at_the_edges() -> None:
    assert float(dl.trapz(dlarray([1.0, 3.0], "T"), "T")) == 2
    assert dl.trapz([1.0, 3.0]).shape == ()
    assert float(dl.trapz(7.0)) == float(dl.trapz([7.0])) == 0
    assert float(dl.trapz([2.0], [7.0])) == 0
    assert dl.trapz(np.ones((0, 2)), axis=0).tolist() == [[0, 0]]
    assert dl.trapz(np.float32([0, 1]), [1.0, 3.0]).dtype == np.float32
    assert np.array_equal(dl.trapz([0.0, 1.0, 3.0], A, axis=1), [[3.5], [12.5]])
    x, y = dlarray([0.0, 1.0, 3.0]), dlarray([1.0, 2.0, 4.0])
    by_x, by_y = dlfeval(lambda x, y: dlgradient(dl.trapz(x, y), x, y), x, y)
    assert numbers(by_x).tolist() == [-1.5, -1.5, 3]
    assert numbers(by_y).tolist() == [0.5, 1.5, 1]
    with pytest.raises(ValueError, match=r"trapz: X is 2×1 dlarray; .*a vector of 3 coordinates"):
        dl.trapz(np.ones((2, 1)), A, axis=1)
    with pytest.raises(ValueError, match="trapz runs along one dimension"):
        dl.trapz(A, "all")
