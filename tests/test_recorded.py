"""Recorded values: what they refuse, and what works on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.checks import leaf
from tinydl.autodiff import (
    Record,
    Recorded,
)
from tinydl.backend import is_array, xp
from tinydl.primitives import elementwise as e


@pytest.mark.parametrize(
    "use",
    [np.asarray, np.array, float, int, bool, complex, len, list, np.sum,
     lambda x: np.concatenate([x, x]),
     lambda x: np.where(np.ones(2) > 0, x, 0.0), lambda x: x[0], lambda x: np.reshape(x, (1, 2)),
     lambda x: [1, 2][x], lambda x: 1 if x else 0, lambda x: np.stack([x, x])],
    ids=["asarray", "array", "float", "int", "bool", "complex", "len", "list", "sum",
         "concatenate", "where", "[]", "reshape", "index", "if", "stack"],
)  # fmt: skip
def test_a_recorded_value_names_extractdata(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="extractdata"):
        use(leaf(1.0, 2.0))


@pytest.mark.parametrize("use", [np.exp, np.negative, lambda x: np.add(x, np.ones(2)),
                                 lambda x: np.add.reduce(x), lambda x: x**2, lambda x: x > 0,
                                 lambda x: np.ones(2).__iadd__(x)])  # fmt: skip
def test_what_has_no_recorded_form_raises(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        use(leaf(1.0, 2.0))


def test_operators_record_from_either_side() -> None:
    x = leaf(1.0, 2.0)
    for other in (2.0, 2, np.float64(2.0), np.float32(2.0), np.array(2.0), np.array([2.0, 2.0])):
        for y, value in (
            (x + other, [3, 4]), (other + x, [3, 4]), (x - other, [-1, 0]), (other - x, [1, 0]),
            (x * other, [2, 4]), (other * x, [2, 4]), (x / other, [0.5, 1]), (other / x, [2, 1]),
        ):  # fmt: skip
            assert type(y) is Recorded and y.data.tolist() == value
    assert (-x).data.tolist() == [-1.0, -2.0]
    a = Record().leaf(np.ones((2, 2)))
    assert type(a @ np.ones((2, 1))) is type(np.ones((1, 2)) @ a) is Recorded


def test_a_recorded_value_shows_what_it_is() -> None:
    x = leaf(1.0, 2.0)
    assert repr(x) == "<recorded float64 (2,), made by a variable>"
    assert repr(e.exp(x)) == "<recorded float64 (2,), made by exp>"
    assert repr(e.exp) == "<primitive exp(x)>"
    assert (x.ndim, x.shape, x.dtype) == (1, (2,), np.float64)


def test_the_library_is_that_of_the_first_array() -> None:
    assert xp(1.0, np.ones(2)) is xp(np.float32(1.0)) is xp(2)
    with pytest.raises(TypeError, match="expected an array, got list"):
        xp(1.0, [2.0])
    assert is_array(np.ones(2)) and is_array(np.float32(1.0))
    assert not is_array(1.0) and not is_array([1.0]) and not is_array(leaf(1.0))
