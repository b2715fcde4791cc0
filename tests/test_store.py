"""save and load: what comes back from a file, and what is refused before one is written."""

from __future__ import annotations

import copy
import io
import json
import math
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.forms import every_network, form, residual_network, small_network, through_file
from tests.strategies import SEEDS, labelled
from tests.table.layers import ROWS, LayerRow
from tinydl import (
    adamupdate,
    additionLayer,
    crossentropy,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dropoutLayer,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    networkDataLayout,
    permute,
    predict,
    randn,
    reluLayer,
    rng,
)
from tinydl.layers.layer import LAYERS, Layer, register
from tinydl.store import archive as archive_module
from tinydl.store import load, save


@every_network
def test_networks_and_tables_come_back(tmp_path: Path, build: Callable[[], Any]) -> None:
    made = build()
    assert form(through_file(tmp_path, made)) == form(made)


VALUES = {
    "nothing": None,
    "logical": [True, False],
    "whole numbers": [0, -1, 2**63 - 1, 2**63, -(2**63), -(10**5000), True],
    "numbers": [0.0, -0.0, 0.1, 1e300, 5e-324, math.inf, -math.inf, math.nan],
    "a NaN with its own bits": struct.unpack("<d", b"\x01\0\0\0\0\0\xf8\xff")[0],
    "text": ["", "naïve ∑", "\ud800", '"\\\n\0', "type"],
    "containers": [[], (), {}, [[()]], ({"a": (1, [2])},)],
    "keys": {"type": 1, 2: 3, 0.5: 4, None: 5, (1, "a"): 6, True: 7, "": 8},
    "an empty array": np.zeros((0, 3), np.float32),
    "no dimensions": np.array(3.0),
    "NumPy's numbers": [np.float32(0.1), np.float64(0.1), np.bool_(True), np.int64(3)],
    "every class": [np.arange(3).astype(name) for name in archive_module.CLASSES],
    "column-major": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "dlarrays": [dlarray(1.0), dlarray([1, 2], "C"), dlarray(np.zeros((2, 0), "f4"), "CB"),
                 dlarray([True, False], "U"), permute(dlarray(np.eye(3)[:2]), [1, 0])],
    "bits": [np.array([math.nan, -0.0, math.inf, 5e-324]), dlarray([math.nan, -0.0])],
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values_come_back(tmp_path: Path, value: Any) -> None:
    assert form(through_file(tmp_path, value)) == form(value)


ARRAYS = st.builds(
    lambda name, shape, seed: np.random.default_rng(seed).integers(0, 2, shape).astype(name),
    st.sampled_from(archive_module.CLASSES),
    st.lists(st.integers(0, 3), max_size=4),
    SEEDS,
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), ARRAYS,
    labelled(least=0).map(lambda drawn: dlarray(*drawn)),
    st.builds(lambda array: array[()], ARRAYS.filter(lambda array: array.ndim == 0)),
)  # fmt: skip
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.none(), st.floats(allow_nan=False),
                 st.tuples(st.integers(), st.text(max_size=2)))  # fmt: skip
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)


@given(NESTED)
def test_any_nesting_comes_back(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    assert form(through_file(tmp_path_factory.mktemp("store"), value)) == form(value)


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_every_layer_comes_back(tmp_path: Path, row: LayerRow) -> None:
    layer = row.make()
    if any(callable(option) for option in layer.options().values()):
        with pytest.raises(TypeError, match="is a function, which a file cannot hold"):
            save(tmp_path / "x", layer)
    else:
        assert form(through_file(tmp_path, layer)) == form(layer)


def test_one_value_or_names(tmp_path: Path) -> None:
    file = tmp_path / "x"  # the name is used as it is
    save(file, dlarray(1.0))
    assert form(load(str(file))) == form(dlarray(1.0))
    save(file, a=1, file=2, **{"any name": 3})
    assert load(file) == {"a": 1, "file": 2, "any name": 3}
    save(file, {})
    assert load(file) == {}
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ((), {}, "0 without and 0 with"),
        ((1, 2), {}, "save(file, net=net"),
        ((1,), {"b": 2}, "1 without and 1 with"),
        (("net",), {}, "not its name 'net'"),
    ],
)
def test_what_save_is_given(
    tmp_path: Path, values: tuple[Any, ...], named: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError) as caught:
        save(tmp_path / "x", *values, **named)
    assert message in str(caught.value)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("file", [None, 3, b"x", "", io.BytesIO(), dlnetwork()])
def test_a_file_is_named_by_text_or_path(file: Any) -> None:
    with pytest.raises(TypeError, match="save: the first argument is the name of a file"):
        save(file, 1)
    with pytest.raises(TypeError, match="load: the first argument is the name of a file"):
        load(file)


def test_loaded_arrays_belong_to_the_reader(tmp_path: Path) -> None:
    array = np.zeros(3)
    first, second = through_file(tmp_path, [array, array])
    first[0] = 1.0
    assert first.flags.owndata and second[0] == 0.0


def test_networks_that_share_arrays_share_them_in_the_file(tmp_path: Path) -> None:
    net = dlnetwork([featureInputLayer(100), fullyConnectedLayer(100)])
    both = {"best": net, "last": copy.copy(net)}
    loaded = through_file(tmp_path, both)
    assert os.path.getsize(tmp_path / "value.npz") < 1.5 * 4 * 100 * 100
    assert form(loaded) == form(both)
    loaded["last"].Learnables.Value[0] = np.zeros((100, 100))
    assert form(loaded["best"]) == form(net)


def test_a_loaded_network_is_a_network(tmp_path: Path) -> None:
    net = through_file(tmp_path, residual_network())
    with pytest.raises(AttributeError, match="replaceLayer"):
        net.Layers[1].Name = "other"
    assert net.learn_rate_factor("conv", "Bias") == 0.0
    X = dlarray(np.ones((4, 4, 2, 3)), "SSCB")
    assert form(predict(net, X, nargout=2)) == form(predict(residual_copy(net), X, nargout=2))


def residual_copy(net: dlnetwork) -> dlnetwork:
    """A network like residual_network with the values of another one."""
    made = residual_network()
    made.Learnables, made.State = net.Learnables, net.State
    return made


def test_training_goes_on_with_the_same_numbers(tmp_path: Path) -> None:
    def loss(net: dlnetwork, X: dlarray, T: dlarray) -> tuple[Any, ...]:
        Y, state = forward(net, X)
        return dlgradient(crossentropy(Y, T), net.Learnables), state

    def train(run: dict[str, Any], steps: int) -> dict[str, Any]:
        net, average, square = run["net"], run["average"], run["square"]
        for i in range(run["iteration"], run["iteration"] + steps):
            X = dlarray(randn(3, 8), "CB")
            T = dlarray(np.eye(2)[:, np.arange(8) % 2], "CB")
            grad, net.State = dlfeval(loss, net, X, T)
            net, average, square = adamupdate(net, grad, average, square, i, 0.05)
        return {"net": net, "average": average, "square": square, "iteration": i + 1}

    before = rng(3)
    try:
        run = train({"net": small_network(), "average": [], "square": [], "iteration": 1}, 3)
        save(tmp_path / "run.npz", run=run, position=rng())
        expected = form(train(run, 4))
        rng(7)
        loaded = load(tmp_path / "run.npz")
        rng(loaded["position"])
        assert form(train(loaded["run"], 4)) == expected
    finally:
        rng(before)


def test_numpy_reads_the_file_and_finds_no_pickle_in_it(tmp_path: Path) -> None:
    save(tmp_path / "net.npz", net=small_network())
    with np.load(tmp_path / "net.npz", allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    description = json.loads(arrays.pop("description.json").tobytes())
    assert (description["format"], description["version"]) == ("tinydl", 1)
    assert {array.dtype.name for array in arrays.values()} == {"float32", "float64"}


def test_equal_values_give_equal_files(tmp_path: Path) -> None:
    net = small_network()
    save(tmp_path / "a", net=net)
    save(tmp_path / "b", net=through_file(tmp_path, net))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# ---- what is refused -----------------------------------------------------------------------------


class Point(NamedTuple):
    x: float


class Unregistered(reluLayer):
    pass


class Forgetful(reluLayer):
    def __init__(self, Slope: float = 1.0, *, Name: str = "") -> None:
        self.Name = Name


class Secretive(reluLayer):
    def __init__(self, *, Name: str = "") -> None:
        self.Name = Name


@pytest.fixture
def registered() -> Iterator[None]:
    for cls in (Forgetful, Secretive):
        register(cls)
    yield
    for cls in (Forgetful, Secretive):
        del LAYERS[cls.__name__]


def circle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def with_secret() -> Layer:
    layer = Secretive()
    layer.kept = 3
    return layer


def function_in_network() -> dlnetwork:
    layer = fullyConnectedLayer(1, WeightsInitializer=lambda size: np.ones(size))
    return dlnetwork([featureInputLayer(2), layer])


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "an initializer": (function_in_network,
                       "value['n'][0].Layers[1].WeightsInitializer is a function"),
    "a normalization": (lambda: featureInputLayer(2, Normalization=lambda X: X),
                        "value['n'][0].Normalization is a function"),
    "a function": (lambda: math.sin, "value['n'][0] is a function"),
    "a class": (lambda: dlnetwork, "value['n'][0] is a function"),
    "an object": (object, "of the class object"),
    "a set": (set, "of the class set"),
    "a named tuple": (lambda: Point(1.0), "of the class Point"),
    "a column of values": (lambda: small_network().Learnables.Value, "save list(x)"),
    "a matrix": (lambda: np.zeros(3).view(np.recarray), "save numpy.asarray(x)"),
    "a masked array": (lambda: np.ma.zeros(3), "value['n'][0] is a masked array"),
    "objects": (lambda: np.array([None]), "value['n'][0] is of the class object"),
    "complex numbers": (lambda: np.zeros(3, complex), "complex128"),
    "a complex number": (lambda: 1j, "of the class complex"),
    "bytes": (lambda: b"x", "of the class bytes"),
    "half precision": (lambda: np.zeros(3, np.float16), "float16"),
    "bytes in another order": (lambda: np.zeros(3, ">f8"), ">f8"),
    "text in an array": (lambda: np.array(["a"]), "<U1"),
    "a layout": (lambda: networkDataLayout([2, None], "CB"), "of the class networkDataLayout"),
    "a strange key": (lambda: {reluLayer(): 1}, "value['n'][0] has a reluLayer as a key"),
    "a circle": (circle, "does it contain itself?"),
    "an unknown layer": (lambda: dlnetwork([Unregistered()], Initialize=False),
                         "value['n'][0].Layers[0], layer 'relu': load could not find the class"),
    "an option that is not kept": (Forgetful, "does not keep its option as an attribute"),
    "an attribute that is no option": (with_secret, "would be lost: kept"),
    "an impossible option": (lambda: dropoutLayer(0.5).copy(Probability=3.0), "Probability"),
    "too many inputs": (lambda: additionLayer(10**12), "10000 inputs at most"),
}  # fmt: skip


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_saved_is_refused_before_writing(tmp_path: Path, case: str) -> None:
    build, message = REFUSED[case]
    save(tmp_path / "x", 1)
    with pytest.raises((TypeError, ValueError)) as caught:
        save(tmp_path / "x", {"n": [build()]})
    assert str(caught.value).startswith("save: value")
    assert message in str(caught.value)
    assert os.listdir(tmp_path) == ["x"] and load(tmp_path / "x") == 1


@pytest.mark.usefixtures("registered")
def test_registered_layers_come_back(tmp_path: Path) -> None:
    net = through_file(tmp_path, dlnetwork([Secretive()], Initialize=False))
    assert type(net.Layers[0]) is Secretive


def test_recorded_values_are_refused(tmp_path: Path) -> None:
    net = small_network()

    def inside(x: dlarray, net: dlnetwork) -> None:
        for value, place in (
            (x, "value is"), ([x * 2], "value[0] is"), (net, "value.Learnables.Value[0] is"),
            (net.Learnables, "value.Value[0] is"), (net.Layers[1], "value.Weights is"),
        ):  # fmt: skip
            with pytest.raises(TypeError) as caught:
                save(tmp_path / "x", value)
            assert place in str(caught.value) and "return it" in str(caught.value)
        save(tmp_path / "numbers", extractdata(x))

    dlfeval(inside, dlarray([1.0]), net)
    assert os.listdir(tmp_path) == ["numbers"] and load(tmp_path / "numbers") == [1.0]
