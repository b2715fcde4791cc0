"""Comparisons, questions about elements, truth values, and whether whole values are equal."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinydl as dl
from tests.strategies import SEEDS, labelled, normal, numbers, same
from tinydl import dlarray, dlfeval, dlgradient, isequal, isequaln

A = np.arange(6.0).reshape(2, 3)
NAN = float("nan")


# ---- element by element -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
@given(pair=labelled(least=0), seed=SEEDS)
def test_comparisons(device: Any, name: str, pair: tuple[Any, str], seed: int) -> None:
    function, reference = getattr(dl, name), getattr(operator, name)
    a, b = np.round(pair[0]), np.round(normal(pair[0].shape, seed))
    X, Y = dlarray(device.put(a), pair[1]), dlarray(device.put(b), pair[1])
    for Z, expected in (
        (function(X, Y), reference(a, b)),
        (function(X, device.put(b)), reference(a, b)),
        (function(device.put(a), Y), reference(a, b)),
        (function(X, 1), reference(a, 1)),
        (function(1, X), reference(1, a)),
    ):
        assert (Z.dims, Z.dtype) == (pair[1], bool)
        assert np.array_equal(numbers(Z, device), expected)
    plain = function(device.put(a), device.put(b))
    assert not dl.isdlarray(plain)
    assert np.array_equal(device.take(plain), reference(a, b))


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_questions_about_elements(device: Any, name: str) -> None:
    function, x = getattr(dl, name), np.array([[1.0, NAN, np.inf, -np.inf]])
    expected = getattr(np, name)(x)
    Y = function(dlarray(device.put(x), "CB"))
    assert (Y.dims, Y.dtype) == ("CB", bool)
    assert np.array_equal(numbers(Y, device), expected)
    assert np.array_equal(function(x), expected)
    assert function([True]).tolist() == [name == "isfinite"]
    assert function(1.0).shape == ()
    assert bool(dlfeval(lambda X: function(X)[0, 0] == function(1.0), dlarray(x)))


def test_answers_are_not_followed() -> None:
    def gradient(X: dlarray) -> Any:
        mask = dl.gt(X, 1)
        assert np.asarray(mask).dtype == bool  # NumPy would not get a followed value
        return dlgradient(dl.sum(X * mask, "all"), X)

    assert np.array_equal(numbers(dlfeval(gradient, dlarray([0.0, 2.0]))), [0, 1])


# ---- truth values -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["any", "all"])
@given(pair=labelled(), data=st.data())
def test_any_and_all(device: Any, name: str, pair: tuple[Any, str], data: st.DataObject) -> None:
    function, reference = getattr(dl, name), getattr(np, name)
    array, fmt = np.round(pair[0]), pair[1]
    axes = tuple(data.draw(st.sets(st.integers(0, array.ndim - 1), min_size=1)))
    X = dlarray(device.put(array), fmt)
    Y = function(X, axis=axes)
    assert (Y.dims, Y.dtype) == (fmt, bool)
    assert np.array_equal(numbers(Y, device), reference(array, axis=axes, keepdims=True))
    plain = function(device.put(array), axis=axes)
    assert np.array_equal(device.take(plain), numbers(Y, device))
    label = fmt[axes[0]]
    chosen = tuple(i for i, other in enumerate(fmt) if other == label)
    by_label = numbers(function(X, label), device)
    assert np.array_equal(by_label, reference(array, axis=chosen, keepdims=True))
    whole = function(X, "all")
    assert (whole.shape, whole.dims, bool(whole)) == ((), "", bool(reference(array)))


def test_any_and_all_of_little() -> None:
    assert bool(dl.any([0.0, NAN])) and bool(dl.all([1.0, NAN]))
    empty = np.ones((0, 2))
    assert dl.any(empty, axis=0).tolist() == [[False, False]]
    assert dl.all(empty, axis=0).tolist() == [[True, True]]
    assert dl.all(3.0).shape == () and bool(dl.all(3.0)) and not bool(dl.any(0.0))
    assert bool(dlfeval(lambda X: dl.any(X > 1, "all"), dlarray(A)))


@pytest.mark.parametrize("function", [dl.any, dl.all])
def test_dimensions_are_named_as_in_sum(function: Any) -> None:
    name = function.__name__
    with pytest.raises(ValueError, match=rf'{name}: which dimension of .*{name}\(X, "C"\)'):
        function(dlarray(A, "CB"))
    with pytest.raises(TypeError, match="could count from 0 or from 1"):
        function(A, 0)


def test_xor(device: Any) -> None:
    a, b = np.array([[1.0, 1.0, 0.0, 0.0]]), np.array([[2.0, 0.0, -1.0, 0.0]])
    expected = [[False, True, True, False]]
    X = dlarray(device.put(a), "CB")
    Z = dl.xor(X, device.put(b))
    assert (Z.dims, Z.dtype) == ("CB", bool)
    assert numbers(Z, device).tolist() == expected
    assert dl.xor(a, b).tolist() == expected
    assert dl.xor(a, 1).tolist() == dl.xor(True, a).tolist() == [[False, False, True, True]]
    assert same(dl.xor(dlarray(a, "CB"), b), np.logical_xor(dlarray(a, "CB"), b))


# ---- whole values -------------------------------------------------------------------------------


class Pair(NamedTuple):
    left: Any
    right: Any


class Odd:
    """An object that says itself what it equals: whole numbers of its parity."""

    def __init__(self, number: int) -> None:
        self.number = number

    def is_equal_to(self, other: Any, nan_equal: bool) -> bool:
        number = getattr(other, "number", other)
        return nan_equal or (isinstance(number, int) and number % 2 == self.number % 2)


X = dlarray(A, "CB")
EQUAL = [
    (A, A.copy()), (A, A.tolist()), (A, A.astype(int)), (A, np.float32(A)), (A, dlarray(A)),
    (X, dlarray(A, "CB")), (X, dl.single(X)), (1, 1.0), (1.0, True), (1, dlarray(1.0)),
    (1, np.ones((1, 1))), ([1, 2], np.array([[1.0], [2.0]])), (np.int64(3), 3), ([], ()),
    ("text", "text"), (np.str_("text"), "text"), (None, None), ({}, {}),
    ({"a": X, "b": [1, "t"]}, {"b": (1, "t"), "a": X}), ([X, None], (X, None)),
    (np.array(["a", "b"]), np.array(["a", "b"])), (Pair(X, 1), (X, 1)), ([[1], [1, 2]],) * 2,
    (Odd(3), 5), (5, Odd(3)), (np.zeros((0, 3)), np.ones((0, 3))), (np.float32(0.1),) * 2,
    ([Odd(1), X], [7, X]), (np.nan_to_num(A) > 2, A > 2),
]  # fmt: skip
DIFFERENT = [
    (A, A.T), (A, A + 1e-12), (X, A), (X, dlarray(A, "SB")), ([1, 2], [[1, 2]]), (A, "text"),
    ("text", "Text"), (None, 0), ({"a": 1}, {"b": 1}), ({"a": 1}, {"a": 2}), ({"a": 1}, [1]),
    ([1, 2], [1, 2, 3]), ([1, 2], [1, 3]), ([X, X], [X, X + 1]), (np.array(["a"]), np.array(["b"])),
    (np.array(["a", "b"]), np.array(["a"])), ([[1], [1, 2]], A), (Odd(3), 4), (1, "1"),
    (np.zeros((0, 3)), np.zeros((3, 0))), ([X], X), (0.1, np.float32(0.1)),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal_values(a: Any, b: Any) -> None:
    for function in (isequal, isequaln):
        assert function(a, b) is function(b, a) is function(a, a, b) is True


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_values(a: Any, b: Any) -> None:
    assert isequal(a, b) is isequal(b, a) is isequal(a, a, b) is False


def test_nan_is_equal_for_isequaln_only() -> None:
    for a in (NAN, [1.0, NAN], dlarray([NAN], "C"), {"a": [NAN, X]}, (np.float32(NAN), "t")):
        assert isequal(a, a) is False
        assert isequaln(a, a) is True
    assert isequaln([1.0, NAN], [NAN, 1.0]) is False
    assert isequaln(Odd(1), 2) is True


@given(pair=labelled(least=0))
def test_equality_of_arrays_of_any_format(device: Any, pair: tuple[Any, str]) -> None:
    array, fmt = pair
    there = dlarray(device.put(array), fmt)
    assert isequal(there, dlarray(array, fmt))  # wherever each of them is
    changed = array.copy()
    changed[(-1,) * array.ndim] += 1
    assert not isequal(there, dlarray(changed, fmt))
    assert isequal(there, array) == (fmt == "")
    assert bool(dlfeval(lambda Y: dlarray(isequal(Y, there, Y)), there))


def test_tables_and_networks() -> None:
    net = dl.dlnetwork([dl.featureInputLayer(2), dl.fullyConnectedLayer(3)])
    other = dl.dlnetwork([dl.featureInputLayer(2), dl.fullyConnectedLayer(3)])
    assert isequal(net.Learnables, dl.dlupdate(lambda w: w + 0.0, net.Learnables))
    assert not isequal(net.Learnables, other.Learnables)
    assert isequal(net, net, dl.dlupdate(lambda w: w * 1.0, net))
    assert not isequal(net, other)
    assert isequal({"net": net, "rate": 0.1}, {"rate": 0.1, "net": net})
    c = dl.categorical(["a", "b"])
    assert isequal(c, dl.categorical(["a", "b"])) and not isequal(c, dl.categorical(["a", "a"]))
    assert not isequal(c, dl.categorical(["a", "b", "a"]))


def test_two_arguments_at_least() -> None:
    with pytest.raises(TypeError, match="B"):
        isequal(A)


def test_networks_whose_layers_were_given_other_sizes_are_not_equal() -> None:
    net, other = (
        dl.dlnetwork([dl.imageInputLayer([2, 2, 1], Mean=mean)]) for mean in (0.5, np.ones((2, 2)))
    )
    assert dl.isequal(net, net) and not dl.isequal(net, other)
