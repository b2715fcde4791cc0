"""pickle, copy and deepcopy of networks, tables, layers and dlarrays."""

from __future__ import annotations

import copy
import functools
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.forms import every_network, form, small_network
from tinydl import (
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    mse,
    networkDataLayout,
    permute,
    reluLayer,
)


def pickled(x: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(x, protocol))


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": functools.partial(pickled, protocol=protocol)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
@every_network
def test_copies_are_equal(build: Callable[[], Any], way: Callable[[Any], Any]) -> None:
    made = build()
    assert type(way(made)) is type(made)
    assert form(way(made)) == form(made)


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
def test_copies_of_the_other_classes_are_equal(way: Callable[[Any], Any]) -> None:
    net = small_network()
    for x in (dlarray([[1.0, 2.0]], "CB"), dlarray(True), net.Layers[1], reluLayer(),
              permute(dlarray(np.eye(2)), [1, 0]), net.Learnables.Value):  # fmt: skip
        assert type(way(x)) is type(x)
        assert form(way(x)) == form(x)
    assert list(way(net.Connections)) == list(net.Connections)
    layout = networkDataLayout([3, None], "CB")
    assert way(layout) == layout


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
def test_copies_are_independent(way: Callable[[Any], Any]) -> None:
    net = small_network()
    before = form(net)
    other = way(net)
    other.Learnables.Value[0] = np.zeros((4, 3))
    other.State.Value = [value * 2.0 for value in other.State.Value]
    other.OutputNames = ["relu"]
    assert form(net) == before
    table = way(net.Learnables)
    table.Value[0] = np.zeros((4, 3))
    x = dlarray([1.0, 2.0])
    y = way(x)
    y[0] = 5.0
    assert form(net) == before and form(x) == form(dlarray([1.0, 2.0]))


def test_recorded_values_have_no_deep_copies_and_no_pickles() -> None:
    def inside(x: dlarray, net: dlnetwork) -> None:
        for value in (x, x * 2, net, net.Learnables, net.Learnables.Value, net.Layers[1]):
            for way in (copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match="is recorded for differentiation"):
                    way(value)

    dlfeval(inside, dlarray([1.0]), small_network())


def test_a_copy_of_a_recorded_value_is_still_followed() -> None:
    def inside(x: dlarray) -> Any:
        return dlgradient(mse(copy.copy(x), dlarray([[0.0]], "CB")), x)

    assert float(dlfeval(inside, dlarray([[3.0]], "CB"))) == 3.0
