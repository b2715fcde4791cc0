"""The laws that labels, sizes and classes obey in every operation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, formats, labelled, normal, numbers, orders_of, same
from tinydl import dlarray, dlfeval, dlgradient, stripdims
from tinydl.labels import format as f

ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "abs": dl.abs, "sign": dl.sign, "exp": dl.exp, "expm1": dl.expm1, "erf": dl.erf,
    "sin": dl.sin, "cos": dl.cos, "tan": dl.tan, "atan": dl.atan, "sinh": dl.sinh,
    "cosh": dl.cosh, "tanh": dl.tanh, "relu": dl.relu, "leakyrelu": dl.leakyrelu,
    "gelu": dl.gelu, "sigmoid": dl.sigmoid, "negative": operator.neg, "positive": operator.pos,
    "square": lambda x: x**2, "inverse": lambda x: 1.0 / (x * x + 1.0),
    "root": lambda x: dl.sqrt(x * x + 1.0), "log": lambda x: dl.log(x * x + 1.0),
    "log1p": lambda x: dl.log1p(x * x), "asin": lambda x: dl.asin(dl.tanh(x)),
    "acos": lambda x: dl.acos(dl.tanh(x)), "base": lambda x: 2.0**x,
    "compare": lambda x: x > 0.0, "not": lambda x: ~x, "single": dl.single,
    "logical": dl.logical, "numpy": np.exp, "clip": lambda x: np.clip(x, -1.0, 1.0),
}  # fmt: skip
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul,
    "divide": operator.truediv, "power": lambda a, b: (a * a + 1.0) ** b, "max": dl.max,
    "min": dl.min, "less": operator.lt, "equal": operator.eq, "and": operator.and_,
    "numpy": np.add, "where": lambda a, b: np.where(a > b, a, b),
}  # fmt: skip
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": dl.sum, "mean": dl.mean, "max": dl.max, "min": dl.min,
}  # fmt: skip
DIFFERENTIABLE = sorted(set(ELEMENTWISE) - {"compare", "not", "logical"})

elementwise = pytest.mark.parametrize("name", sorted(ELEMENTWISE))
binary = pytest.mark.parametrize("name", sorted(BINARY))
reduction = pytest.mark.parametrize("name", sorted(REDUCTIONS))


def by_name(array: Any, fmt: str, into: str) -> Any:
    """The array laid out for a larger format, found by the names of its dimensions: S0, S1, C0…"""
    have = [f"{x}{fmt[:i].count(x)}" for i, x in enumerate(fmt)]
    want = [f"{x}{into[:i].count(x)}" for i, x in enumerate(into)]
    return array.reshape([array.shape[have.index(x)] if x in have else 1 for x in want])


@st.composite
def fitting(draw: st.DrawFn) -> tuple[Any, str, Any, str]:
    """Two labelled arrays of any formats whose sizes fit: equal, or 1, under every label."""
    formats_drawn = draw(formats(1, 3)), draw(formats(1, 3))
    joined = f.join(*formats_drawn)
    sizes = [draw(st.integers(2 if x == "U" else 1, 3)) for x in joined]
    arrays: list[Any] = []
    for fmt in formats_drawn:
        # A U is never 1: at the end it would be dropped with its label when the array is made.
        shape = [
            n if x == "U" or draw(st.booleans()) else 1
            for n, x, i in zip(sizes, joined, f.places(fmt, joined), strict=True)
            if i is not None
        ]
        arrays += [normal(shape, draw(SEEDS)), fmt]
    return tuple(arrays)  # type: ignore[return-value]


# ---- construction -------------------------------------------------------------------------------


@given(pair=labelled(), data=st.data())
def test_the_order_in_which_an_array_was_given_does_not_show(
    device: Any, pair: tuple[Any, str], data: st.DataObject
) -> None:
    array, fmt = pair
    order = data.draw(orders_of(fmt))
    given_array, given_format = array.transpose(order), f.permute(fmt, order)
    X = dlarray(device.put(given_array), given_format)
    assert (X.dims, X.shape) == (fmt, array.shape)
    assert np.array_equal(numbers(X, device), array)


@given(pair=labelled(least=2, need="CB"), data=st.data(), seed=SEEDS)
def test_nor_does_it_in_any_function(pair: tuple[Any, str], data: st.DataObject, seed: int) -> None:
    array, fmt = pair
    order = data.draw(orders_of(fmt))
    X, Y = dlarray(array, fmt), dlarray(array.transpose(order), f.permute(fmt, order))
    channels = array.shape[fmt.index("C")]
    inputs = int(np.prod([array.shape[i] for i in f.find(fmt, "SC")]))
    weights, offset, scale = (normal(n, seed) for n in ((2, inputs), (channels,), (channels,)))
    T = dlarray(normal(array.shape, seed), fmt)
    for function in (
        lambda x: dl.fullyconnect(x, weights, [0.5, 0.25]),
        lambda x: dl.batchnorm(x, offset, scale)[0],
        lambda x: dl.crossentropy(dl.softmax(x), dl.softmax(T)),
        lambda x: dl.mse(x, T),
        lambda x: dl.huber(x, T, Reduction="none"),
        lambda x: dl.sum(x, "B") * T,
    ):
        assert same(function(X), function(Y))


# ---- one operand --------------------------------------------------------------------------------


@elementwise
@given(pair=labelled())
def test_elementwise_keeps_the_format_and_does_not_see_it(
    device: Any, name: str, pair: tuple[Any, str]
) -> None:
    function, X = ELEMENTWISE[name], dlarray(device.put(pair[0]), pair[1])
    Y = function(X)
    assert (Y.dims, Y.shape) == (X.dims, X.shape)
    assert same(stripdims(Y), function(stripdims(X)))


@reduction
@given(pair=labelled(), data=st.data())
def test_reductions_keep_the_format_and_do_not_see_it(
    device: Any, name: str, pair: tuple[Any, str], data: st.DataObject
) -> None:
    array, fmt = pair
    function, X = REDUCTIONS[name], dlarray(device.put(array), fmt)
    label = data.draw(st.sampled_from(fmt))
    Y, axes = function(X, label), dl.finddim(X, label)
    assert Y.dims == fmt
    assert Y.shape == tuple(1 if x == label else n for x, n in zip(fmt, array.shape, strict=True))
    assert same(Y, function(X, axis=axes))
    assert same(stripdims(Y), function(stripdims(X), axis=axes))
    assert np.allclose(numbers(Y, device), getattr(np, name)(array, axis=axes, keepdims=True))


@reduction
@given(pair=labelled())
def test_all_of_a_labelled_array_is_a_number_without_labels(
    name: str, pair: tuple[Any, str]
) -> None:
    array, fmt = pair
    Y = REDUCTIONS[name](dlarray(array, fmt), "all")
    assert (Y.dims, Y.shape) == ("", ())
    assert np.isclose(float(Y), getattr(np, name)(array))


# ---- two operands -------------------------------------------------------------------------------


@binary
@given(operands=fitting())
def test_two_formats_are_matched_by_label(
    device: Any, name: str, operands: tuple[Any, str, Any, str]
) -> None:
    a, a_format, b, b_format = operands
    Y = BINARY[name](dlarray(device.put(a), a_format), dlarray(device.put(b), b_format))
    joined = f.join(a_format, b_format)
    assert Y.dims == joined
    left, right = by_name(a, a_format, joined), by_name(b, b_format, joined)
    unlabelled = BINARY[name](dlarray(device.put(left)), dlarray(device.put(right)))
    assert same(stripdims(Y), unlabelled)
    assert Y.shape == np.broadcast_shapes(left.shape, right.shape)


def test_missing_labels_become_dimensions_of_size_one() -> None:
    a, b = normal((4, 5), 0), normal((2, 3, 4), 1)
    Y = dlarray(a, "CB") + dlarray(b, "SSC")
    assert (Y.dims, Y.shape) == ("SSCB", (2, 3, 4, 5))
    assert np.array_equal(numbers(Y), a[None, None, :, :] + b[:, :, :, None])


def test_a_missing_second_s_or_u_comes_after_the_first() -> None:
    a, b = normal((2, 3, 4), 0), normal((2, 4), 1)
    Y = dlarray(a, "SSC") * dlarray(b, "SC")
    assert np.array_equal(numbers(Y), a * b[:, None, :])


@binary
@given(pair=labelled(least=2), data=st.data())
def test_without_labels_dimensions_are_matched_by_position(
    name: str, pair: tuple[Any, str], data: st.DataObject
) -> None:
    array, fmt = pair
    rank = data.draw(st.integers(2, array.ndim))
    other = normal([data.draw(st.sampled_from([1, n])) for n in array.shape[:rank]], 3)
    reference = other.reshape(*other.shape, *(1,) * (array.ndim - rank))
    more = other.reshape(*other.shape, *(1,) * (array.ndim - rank + 2))
    for plain in (other, dlarray(other), more):
        Y, Z = BINARY[name](dlarray(array, fmt), plain), BINARY[name](plain, dlarray(array, fmt))
        assert Y.dims == Z.dims == fmt
        assert same(stripdims(Y), BINARY[name](dlarray(array), dlarray(reference)))
        assert same(stripdims(Z), BINARY[name](dlarray(reference), dlarray(array)))


@pytest.mark.parametrize(
    ("a", "b", "shape"),
    [((2, 3, 4), (2, 3), (2, 3, 4)), ((2, 3), (2, 3, 4), (2, 3, 4)), ((2, 1), (1, 3), (2, 3)),
     ((2, 3), (2, 3, 1, 1), (2, 3, 1, 1)), ((3,), (3,), (3,)), ((2, 3), (), (2, 3))],
)  # fmt: skip
def test_arrays_without_labels_expand_from_the_left(
    a: tuple[int, ...], b: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    x, y = normal(a, 0), normal(b, 1)
    Y = dlarray(x) * y
    assert (Y.dims, Y.shape) == ("", shape)
    rank = len(shape)
    left, right = (v.reshape(*v.shape, *(1,) * (rank - v.ndim)) if v.ndim else v for v in (x, y))
    assert np.array_equal(numbers(Y), left * right)


@pytest.mark.parametrize("fmt", ["", "CB"])
def test_a_vector_that_meets_a_matrix_must_say_how_it_lies(fmt: str) -> None:
    X, v = dlarray(normal((3, 3), 0), fmt), normal((3,), 1)
    for operation in (operator.add, operator.lt, np.maximum, dl.max, operator.pow):
        for left, right in ((X, v), (v, X), (X, dlarray(v)), (dlarray(v), X), (X, [1, 2, 3])):
            with pytest.raises(
                ValueError, match=r"v\[:, None\] is a column, v\[None, :\] is a row"
            ):
                operation(left, right)
    assert np.array_equal(numbers(X + v[None, :]), numbers(X) + v)


@binary
@pytest.mark.parametrize(
    ("a", "b", "shown"),
    [(((3, 5), "CB"), ((4, 5), "CB"), ("3(C) × 5(B)", "4(C) × 5(B)")),
     (((3, 5), "CB"), ((2, 4), "SC"), ("3(C) × 5(B)", "2(S) × 4(C)")),
     (((3, 5), "CB"), ((3, 4), ""), ("3(C) × 5(B)", "3×4")),
     (((3, 5), "CB"), ((3, 5, 2), ""), ("3(C) × 5(B)", "3×5×2")),
     (((3, 5), ""), ((3, 4), ""), ("3×5", "3×4"))],
)  # fmt: skip
def test_sizes_that_disagree_are_shown_with_their_labels(
    name: str, a: Any, b: Any, shown: tuple[str, str]
) -> None:
    X, Y = (dlarray(np.ones(shape), fmt) for shape, fmt in (a, b))
    for left, right in ((X, Y), (Y, X)):
        with pytest.raises(ValueError, match=r"sizes do not fit: .* and ") as raised:
            BINARY[name](left, right)
        assert all(f" {text}" in str(raised.value) for text in shown)


@given(pair=labelled())
def test_numbers_fit_every_array(pair: tuple[Any, str]) -> None:
    array, fmt = pair
    X = dlarray(array, fmt)
    for number in (2, 2.0, np.float64(2.0), np.array(2.0), dlarray(2.0), True):
        for Y, expected in ((X * number, array * number), (number - X, number - array)):
            assert Y.dims == fmt
            assert np.array_equal(numbers(Y), expected)


# ---- gradients ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@given(pair=labelled(), single=st.booleans())
def test_a_gradient_has_the_format_and_class_of_its_variable(
    device: Any, name: str, pair: tuple[Any, str], single: bool
) -> None:
    array = pair[0].astype(np.float32) if single else pair[0]
    X = dlarray(device.put(array), pair[1])

    def slope(X: dlarray) -> Any:
        return dlgradient(dl.sum(ELEMENTWISE[name](X), "all"), X)

    G = dlfeval(slope, X)
    assert (G.dims, G.shape, G.dtype) == (X.dims, X.shape, X.dtype)
    without = dlfeval(slope, stripdims(X))
    assert same(stripdims(G), without)


@given(operands=fitting(), classes=st.tuples(st.booleans(), st.booleans()))
def test_gradients_of_expanded_operands(
    operands: tuple[Any, str, Any, str], classes: tuple[bool, bool]
) -> None:
    a, a_format, b, b_format = operands
    a, b = (x.astype(np.float32) if s else x for x, s in zip((a, b), classes, strict=True))
    A, B = dlarray(a, a_format), dlarray(b, b_format)

    def slopes(A: dlarray, B: dlarray) -> Any:
        return dlgradient(dl.sum(A * B, "all"), A, B)

    joined = f.join(a_format, b_format)
    left, right = by_name(a, a_format, joined), by_name(b, b_format, joined)
    for X, G, mine, other in zip((A, B), dlfeval(slopes, A, B), (left, right), (right, left),
                                 strict=True):  # fmt: skip
        assert (G.dims, G.shape, G.dtype) == (X.dims, X.shape, X.dtype)
        spread = np.broadcast_to(other, np.broadcast_shapes(left.shape, right.shape))
        axes = tuple(i for i, n in enumerate(mine.shape) if n == 1)
        expected = spread.sum(axis=axes, keepdims=True).reshape(X.shape)
        assert np.allclose(numbers(G), expected, atol=1e-5 if any(classes) else 1e-12)


# ---- classes ------------------------------------------------------------------------------------

SINGLE, DOUBLE, LOGICAL = np.float32, np.float64, np.bool_
CLASSES = [SINGLE, DOUBLE, LOGICAL]
ARITHMETIC = sorted(set(BINARY) - {"less", "equal", "and", "power"})


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("a", CLASSES)
@pytest.mark.parametrize("b", CLASSES)
@pytest.mark.parametrize("fmt", ["", "CB"])
def test_one_single_operand_makes_the_result_single(name: str, a: Any, b: Any, fmt: str) -> None:
    expected = SINGLE if SINGLE in (a, b) else DOUBLE
    X, y = dlarray(np.ones((2, 2), a), fmt), np.ones((2, 2), b)
    for left, right in ((X, dlarray(y, fmt)), (X, y), (y, X), (X, b(1)), (b(1), X)):
        assert BINARY[name](left, right).dtype == expected


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("number", [2, 2.5, True, 10**400 // 10**399])
def test_a_python_number_never_changes_the_class(name: str, number: Any) -> None:
    for kind, expected in ((SINGLE, SINGLE), (DOUBLE, DOUBLE), (LOGICAL, DOUBLE)):
        X = dlarray(np.ones((2, 2), kind))
        assert BINARY[name](X, number).dtype == BINARY[name](number, X).dtype == expected
        assert (X**number).dtype == (number**X).dtype == expected


@pytest.mark.parametrize("name", ["less", "equal", "and"])
def test_comparisons_are_logical(name: str) -> None:
    for kind in CLASSES:
        X = dlarray(np.ones((2, 2), kind))
        assert {BINARY[name](X, y).dtype for y in (X, 1.0, np.float32(1))} == {np.dtype(bool)}


@reduction
def test_logical_counts_as_double(name: str) -> None:
    X = dlarray(np.array([[True, False], [True, True]]), "CB")
    Y = REDUCTIONS[name](X, "C")
    assert Y.dtype == DOUBLE
    assert np.array_equal(
        numbers(Y), getattr(np, name)(numbers(X).astype(float), axis=0, keepdims=True)
    )
    assert (-X).dtype == dl.exp(X).dtype == (X + X).dtype == DOUBLE


def test_python_numbers_and_lists_are_double() -> None:
    X = dlarray(np.ones((2, 2), SINGLE))
    assert dlarray([1, 2]).dtype == dlarray(3).dtype == DOUBLE
    assert dlarray([True, False]).dtype == dlarray(True).dtype == LOGICAL
    assert (X * [[1, 2], [3, 4]]).dtype == SINGLE


def test_gradients_are_cast_back_to_the_class_of_their_variable() -> None:
    X = dlarray(normal((3, 4), 0, SINGLE), "CB")
    W, b = dlarray(normal((2, 3), 1)), dlarray(normal((2, 1), 2))

    def slopes(X: dlarray, W: dlarray, b: dlarray) -> Any:
        loss = dl.sum(dl.fullyconnect(X, W, b) ** 2, "all")
        assert loss.dtype == SINGLE
        return dlgradient(loss, X, W, b)

    G, gW, gb = dlfeval(slopes, X, W, b)
    assert (G.dtype, gW.dtype, gb.dtype) == (SINGLE, DOUBLE, DOUBLE)
    error = 2 * (numbers(W) @ numbers(X) + numbers(b))
    assert np.allclose(numbers(gW), error @ numbers(X).T, rtol=1e-5, atol=1e-5)


def test_gradients_of_gradients_are_cast_back_too() -> None:
    def slopes(x: dlarray, w: dlarray) -> Any:
        g = dlgradient(dl.sum((x * w) ** 3, "all"), w, EnableHigherDerivatives=True)
        return g, dlgradient(dl.sum(g, "all"), x, w)

    x, w = dlarray(np.float32([2.0])), dlarray([3.0])
    g, (by_x, by_w) = dlfeval(slopes, x, w)
    assert (g.dtype, by_x.dtype, by_w.dtype) == (DOUBLE, SINGLE, DOUBLE)
    assert (float(g), float(by_x), float(by_w)) == (216.0, 324.0, 144.0)
