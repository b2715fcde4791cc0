"""Learnables and State: tables, and the networks that hold them, as values that are assigned to."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.networks import branches, digits, features, small
from tests.strategies import normal, numbers
from tinydl import (
    adamupdate,
    addLayers,
    batchNormalizationLayer,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dlupdate,
    double,
    expandLayers,
    featureInputLayer,
    fix_statistics,
    forward,
    fullyConnectedLayer,
    initialize,
    predict,
    reluLayer,
    removeLayers,
    replaceLayer,
    rmspropupdate,
    sgdmupdate,
    sum,
    tanhLayer,
)
from tinydl.network.table import Table


def values(net: dlnetwork) -> list[Any]:
    """Copies of all that a network holds."""
    return [np.array(numbers(v)) for v in (*net.Learnables.Value, *net.State.Value)]


def assert_same(found: list[Any], expected: list[Any]) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


def slopes(net: dlnetwork, X: dlarray) -> Any:
    return dlfeval(lambda net: dlgradient(sum(forward(net, X)[0] ** 2, "all"), net), net)


# ---- functions change nothing -------------------------------------------------------------------

FUNCTIONS: dict[str, Callable[[dlnetwork], Any]] = {
    "forward": lambda net: forward(net, features()),
    "predict": lambda net: predict(net, features()),
    "dlgradient": lambda net: slopes(net, features()),
    "dlupdate": lambda net: dlupdate(lambda w: w * 2.0, net),
    "sgdmupdate": lambda net: sgdmupdate(net, slopes(net, features()), []),
    "adamupdate": lambda net: adamupdate(net, slopes(net, features()), [], [], 1),
    "rmspropupdate": lambda net: rmspropupdate(net, slopes(net, features()), []),
    "initialize": lambda net: initialize(net),
    "addLayers": lambda net: addLayers(net, reluLayer(Name="new")),
    "removeLayers": lambda net: removeLayers(net, "out"),
    "replaceLayer": lambda net: replaceLayer(net, "tanh", reluLayer()),
    "expandLayers": lambda net: expandLayers(net),
    "fix_statistics": lambda net: fix_statistics(net),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_never_change_their_network(name: str) -> None:
    net = small()
    before, tables, shown = values(net), (net.Learnables, net.State), repr(net)
    FUNCTIONS[name](net)
    assert_same(values(net), before)
    assert (net.Learnables, net.State) == tables and repr(net) == shown
    assert [repr(layer) for layer in net.Layers] == [repr(layer) for layer in small().Layers]


def test_what_a_recorded_function_assigns_stays_in_it() -> None:
    net, X = small(), features()
    before = values(net)

    def function(net: dlnetwork, table: Table, X: dlarray) -> Any:
        _, net.State = forward(net, X)
        net.Learnables.Value[1] = dlarray(np.ones((4, 1)))
        net.Learnables.Value[0][0, 0] = 100.0
        net.State.Value[0][0, 0] = 100.0
        net.OutputNames = "fc"
        table.Value[0][0, 0] = 5.0
        table[table.Parameter == "Bias"] = net.Learnables[net.Learnables.Parameter == "Bias"]
        return predict(net, X)

    assert dlfeval(function, net, net.Learnables, X).shape == (4, 5)
    assert_same(values(net), before)
    assert net.OutputNames == ("out",)


# ---- handles and copies -------------------------------------------------------------------------

COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "in a list": lambda x: copy.deepcopy([x])[0],
    "expandLayers": expandLayers,
}


def test_a_second_name_is_the_same_network() -> None:
    a = small()
    b = a
    b.Learnables.Value[1] = np.ones((4, 1))
    assert a is b and numbers(a.Learnables.Value[1]).all()


@pytest.mark.parametrize("how", COPIES)
def test_copies_are_independent(how: str) -> None:
    a = small()
    b = COPIES[how](a)
    assert repr(b) == repr(a) and [repr(x) for x in a.Layers] == [repr(x) for x in b.Layers]
    assert_same(values(b), values(a))
    before = values(a)
    b.Learnables.Value[0] = np.zeros((4, 3))
    b.Learnables.Value[1][:, :] = 7.0
    b.State.Value[0][0, 0] = 7.0
    b.Learnables.Value = [v * 0.0 for v in b.Learnables.Value]
    b.State = forward(b, features())[1]
    b.OutputNames = "fc"
    assert_same(values(a), before)
    assert a.OutputNames == ("out",)
    a.Learnables.Value[2] = np.full((4, 1), 3.0)
    assert not numbers(b.Learnables.Value[2]).any()


@pytest.mark.parametrize("how", [name for name in COPIES if name != "expandLayers"])
def test_tables_are_copied_too(how: str) -> None:
    net = small()
    table = COPIES[how](net.State)
    table.Value[0] = np.ones((4, 1), np.float32)
    table.Value[1][0, 0] = 5.0
    assert not numbers(net.State.Value[0]).any() and (numbers(net.State.Value[1]) == 1).all()
    assert repr(table) == repr(net.State)


def test_pickles_of_large_networks() -> None:
    for net in (digits(), branches()):
        other = pickle.loads(pickle.dumps(net))
        assert_same(values(other), values(net))
        assert list(other.Connections) == list(net.Connections)
        with pytest.raises(AttributeError, match="belongs to a network"):
            other._graph.layers[other.OutputNames[0]].Name = "x"


def test_reading_gives_the_table_itself_and_assigning_copies() -> None:
    net = small()
    assert net.Learnables is net.Learnables and net.State is net.State
    table = net.Learnables
    table.Value[1] = np.ones((4, 1))
    assert numbers(net.Learnables.Value[1]).all()
    other = dlupdate(lambda w: w * 0.0, net.Learnables)
    net.Learnables = other
    other.Value[1] = np.full((4, 1), 9.0)
    assert net.Learnables is not other and not numbers(net.Learnables.Value[1]).any()


def test_values_are_not_shared_with_what_was_assigned() -> None:
    net = small()
    array, handle = np.ones((4, 1)), dlarray(np.ones((4, 1)))
    net.Learnables.Value[1], net.Learnables.Value[2] = array, handle
    array[:], handle[:, :] = 5.0, 5.0
    assert (numbers(net.Learnables.Value[1]) == 1).all()
    assert (numbers(net.Learnables.Value[2]) == 1).all()


# ---- tables -------------------------------------------------------------------------------------


def test_columns() -> None:
    table = small().Learnables
    assert isinstance(table.Layer, np.ndarray) and isinstance(table.Parameter, np.ndarray)
    assert table.Parameter.tolist() == ["Weights", "Bias", "Offset", "Scale", "Weights", "Bias"]
    assert (table.Layer == "fc").tolist() == [True, True, False, False, False, False]
    assert [v.dims for v in table.Value] == [""] * 6
    assert len(table) == 6
    first = next(iter(table))
    assert (first.Layer, first.Parameter, first.Value.shape) == ("fc", "Weights", (4, 3))
    assert [row.Parameter for row in table] == table.Parameter.tolist()
    assert table.get("out", "Bias").shape == (2, 1)
    with pytest.raises(KeyError, match="the table has no row 'out', 'Scale'"):
        table.get("out", "Scale")


def test_rows_are_selected() -> None:
    table = small().Learnables
    mask = table.Parameter == "Weights"
    for chosen in (table[mask], table[mask, :], table[[0, 4]], table[[0, -2], :], table[0:5:4],
                   table[list(mask)], table[dlarray(mask)]):  # fmt: skip
        assert chosen.rows == [("fc", "Weights"), ("out", "Weights")]
        np.testing.assert_array_equal(numbers(chosen.Value[1]), numbers(table.Value[4]))
    assert table[2].rows == [("bn", "Offset")]
    assert len(table[mask & (table.Layer == "bn")]) == 0
    chosen = table[mask]
    chosen.Value[0] = np.zeros((4, 3))
    assert numbers(table.Value[0]).any(), "rows are copies"


def test_rows_are_replaced() -> None:
    net = small()
    table, mask = net.Learnables, net.Learnables.Parameter == "Weights"
    before = values(net)
    table[mask] = dlupdate(lambda w: w * 0.0, table[mask])
    assert [bool(numbers(v).any()) for v in table.Value] == [False] * 3 + [True] + [False] * 2
    net.Learnables[:, :] = small().Learnables
    assert_same(values(net), before)


@pytest.mark.parametrize(
    ("key", "kind", "words"),
    [
        ("fc", TypeError, "select rows by a mask"),
        ((0, 1), IndexError, r"indexed by rows, t\[rows\] or t\[rows, :\]"),
        ((0, slice(None), 0), IndexError, "indexed by rows"),
        (np.array([True, False]), IndexError, r"a mask of \(2,\) for a table of 6 rows"),
        (6, IndexError, "out of bounds"),
    ],
    ids=str,
)
def test_keys_that_select_nothing(key: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        small().Learnables[key]


def test_what_cannot_replace_rows() -> None:
    net = small()
    before = values(net)
    table = net.Learnables
    with pytest.raises(ValueError, match="the new value: 3×4 was given, 4×3 is needed"):
        table.Value[0] = np.zeros((3, 4))
    with pytest.raises(ValueError, match="the column Value has 6 rows, and keeps them"):
        table.Value = list(table.Value)[:5]
    with pytest.raises(ValueError, match="2×1 was given, 4×3 is needed"):
        table.Value = [v * 0.0 for v in reversed(table.Value)]
    with pytest.raises(TypeError, match=r"those of another table; values in t\.Value"):
        table[:] = table.Value
    with pytest.raises(ValueError, match=r"different rows \(2 and 1\); they differ in \('fc', 'B"):
        table[table.Layer == "fc"] = table[0]
    with pytest.raises(TypeError, match="integers are converted by"):
        table.Value[0] = np.zeros((4, 3), int)
    with pytest.raises(ValueError, match="the columns have 1, 1 and 2 rows"):
        Table(["a"], ["b"], [np.ones(2), np.ones(2)])
    assert_same(values(net), before)


def other_names() -> dlnetwork:
    return dlnetwork([featureInputLayer(3), fullyConnectedLayer(4, Name="x"),
                      batchNormalizationLayer(Name="y")])  # fmt: skip


def test_tables_of_other_networks_are_refused() -> None:
    net = small()
    before = values(net)
    with pytest.raises(ValueError, match="Do they belong to the same network"):
        net.State = other_names().State
    with pytest.raises(ValueError, match="Do they belong to the same network"):
        net.State = net.Learnables
    with pytest.raises(ValueError, match="5×1 was given, 4×1 is needed"):
        wider = dlnetwork([featureInputLayer(3), fullyConnectedLayer(5),
                           batchNormalizationLayer(Name="bn")])  # fmt: skip
        net.State = wider.State
    with pytest.raises(ValueError, match="Do they belong to the same network"):
        dlupdate(lambda g, w: g, other_names().Learnables, net.Learnables)
    with pytest.raises(ValueError, match="Do they belong to the same network"):
        sgdmupdate(net, other_names().Learnables, [])
    for wrong in (net.State.Value, None, net):
        with pytest.raises(TypeError, match=r"net.State is a table .* net.State.Value\[i\] = v"):
            net.State = wrong
    assert_same(values(net), before)


def test_to_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    table = small().Learnables
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["Layer", "Parameter", "Value"]
    assert frame[frame.Parameter == "Scale"].Layer.tolist() == ["bn"]
    assert frame.Value[0] is table.Value[0]


def test_classes_are_shown_in_state() -> None:
    net = small()
    net.State = dlupdate(double, net.State)
    assert repr(net.State).count("{4×1 double}") == 2
    assert repr(net.State[net.State.Parameter == "TrainedMean"]).count("double") == 1
    assert repr(forward(net, features())[1]).count("{4×1 double}") == 2


# ---- layers in networks -------------------------------------------------------------------------


def test_layers_in_a_network_are_read_only() -> None:
    net = small()
    for layer in (net.Layers[1], net._graph.layers["fc"]):
        with pytest.raises(AttributeError, match=r"replaceLayer\(net, 'fc', fullyConnectedLayer"):
            layer.WeightLearnRateFactor = 0.0
        with pytest.raises(AttributeError, match=r"net.Learnables and net.State for its values"):
            layer.Weights = np.zeros((4, 3))
    own = tanhLayer()
    dlnetwork([featureInputLayer(2), own])
    own.Name = "still mine"


def test_layers_hold_the_present_values() -> None:
    net = small()
    net.Learnables.Value[1] = np.ones((4, 1))
    _, net.State = forward(net, features())
    layers = net.Layers
    assert numbers(layers[1].Bias).all() and numbers(layers[2].TrainedMean).any()
    again = dlnetwork(list(layers[:3]))
    assert_same([numbers(v) for v in again.State.Value], [numbers(v) for v in net.State.Value])
    layers[1].Bias[:, :] = 5.0
    assert (numbers(net.Learnables.Value[1]) == 1).all(), "net.Layers shares a handle"


# ---- first values -------------------------------------------------------------------------------


def test_initialize_keeps_what_is_set() -> None:
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(2), batchNormalizationLayer()],
                    Initialize=False)  # fmt: skip
    assert net.Learnables.Value == [None] * 4 and not net.Initialized
    assert net.State.Value == [None] * 2
    W = normal((2, 3), 1)
    net.Learnables.Value[0] = W
    net.State.Value[0] = np.ones((2, 1))
    ready = initialize(net)
    assert ready.Initialized and not net.Initialized
    np.testing.assert_array_equal(numbers(ready.Learnables.Value[0]), W)
    assert numbers(ready.State.Value[0]).all() and (numbers(ready.State.Value[1]) == 1).all()
    assert_same(values(initialize(ready)), values(ready))
    net.Learnables.Value[0] = None
    net.Learnables.Value[0] = np.ones((2, 4))
    with pytest.raises(ValueError, match="Weights of layer 'fc': 2×4 was given, 2×3 is needed"):
        initialize(net)


def test_vectors_and_numbers_fit_into_columns() -> None:
    net = dlnetwork([featureInputLayer(1), fullyConnectedLayer(1), fullyConnectedLayer(3)])
    net.Learnables.Value[0] = 2.0
    net.Learnables.Value[3] = [1.0, 2.0, 3.0]
    assert [net.Learnables.Value[i].shape for i in (0, 3)] == [(1, 1), (3, 1)]


def test_rows_and_their_order_stay() -> None:
    net = small()
    column = net.Learnables.Value
    for change in (lambda v: v.append(1.0), lambda v: v.reverse(), lambda v: v.pop(),
                   lambda v: v.sort(key=id), lambda v: v.__delitem__(0),
                   lambda v: v.__iadd__([1.0]), lambda v: v.clear()):  # fmt: skip
        with pytest.raises(TypeError, match="the column Value has 6 rows, and keeps them in their"):
            change(column)
    for name in ("Layer", "Parameter"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(net.Learnables, name)[0] = "other"
    with pytest.raises(ValueError, match="2×4 was given, 4×3 is needed"):
        dlupdate(lambda w: dlarray(np.ones((2, 4))), net)


def test_misspelt_properties_are_refused() -> None:
    """``net.state = state`` would otherwise train with the statistics of the beginning."""
    net = small()
    for name in ("state", "learnables", "OutputName"):
        with pytest.raises(AttributeError, match=name):
            setattr(net, name, net.State)
    for name in ("value", "Values"):
        with pytest.raises(AttributeError, match=name):
            setattr(net.State, name, [])
