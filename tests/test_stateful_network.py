"""Editing networks: any sequence of edits against a model of names, connections and numbers."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import tinydl as dl
from tests.checks import DRAWS
from tests.forms import form
from tests.network_model import LEARNABLE, MAKE, STATE, MisfitError, Model
from tests.strategies import normal, numbers
from tinydl import (
    addLayers,
    connectLayers,
    disconnectLayers,
    dlarray,
    dlnetwork,
    featureInputLayer,
    forward,
    freezeNetwork,
    fullyConnectedLayer,
    getLearnRateFactor,
    load,
    predict,
    removeLayers,
    replaceLayer,
    save,
    setLearnRateFactor,
    unfreezeNetwork,
)

KINDS = st.sampled_from(list(MAKE))
NAMES = st.sampled_from(["", "", "a", "b", "c", "d", "e", "f"])


class NetworkMachine(RuleBasedStateMachine):
    """A network that is edited, the model of it, and the networks it was before."""

    @initialize(kinds=st.lists(KINDS, max_size=3))
    def start(self, kinds: list[str]) -> None:
        dl.rng(0)
        self.model = Model()
        self.net = dlnetwork()
        self.before: list[tuple[dlnetwork, Any]] = []
        self.adds([("input", ""), *[(kind, "") for kind in kinds]])

    # ---- what is checked ------------------------------------------------------------------------

    def edit(self, change: Callable[[dlnetwork], Any], expected: Callable[[Model], Any]) -> Any:
        """Both edits. Where the model refuses, an error that says something, and no change."""
        seen, model = form(self.net), copy.deepcopy(self.model)
        try:
            expected(model)
        except MisfitError:
            with pytest.raises((ValueError, TypeError)) as caught:
                change(self.net)
            assert type(caught.value) in (ValueError, TypeError) and len(str(caught.value)) > 20
            assert form(self.net) == seen
            return
        made = change(self.net)
        assert made is not self.net and form(self.net) == seen
        self.before = [*self.before[-2:], (self.net, seen)]
        self.net, self.model = made, model

    @invariant()
    def is_as_the_model(self) -> None:
        net, model = self.net, self.model
        assert [layer.Name for layer in net.Layers] == list(model.kinds)
        shown = {(model.shown(s), model.shown(d)) for d, s in model.edges.items()}
        assert set(net.Connections) == shown and len(net.Connections) == len(shown)
        assert net.InputNames == tuple(map(model.shown, model.input_names()))
        assert net.OutputNames == tuple(map(model.shown, model.output_names()))
        for table, kinds in ((net.Learnables, LEARNABLE), (net.State, STATE)):
            rows = model.rows(kinds)
            assert table.rows == rows
            for row, value in zip(rows, table.Value, strict=True):
                known = model.values[row]
                assert (value is None) == (known is None), row
                assert value is None or numbers(value).tobytes() == known.tobytes(), row
        for row, factor in model.factors.items():
            assert getLearnRateFactor(net, *row) == factor

    @invariant()
    def leaves_what_was_before(self) -> None:
        for net, as_it_was in self.before:
            assert form(net) == as_it_was

    def learn(self, net: dlnetwork, model: Model) -> None:
        """Take over the numbers that the model cannot know: first values, and statistics."""
        for row in (*net.Learnables, *net.State):
            if row.Value is not None:
                model.values[row[:2]] = numbers(row.Value)

    def some_layer(self, data: st.DataObject) -> str:
        """Mostly one that is there."""
        return data.draw(st.sampled_from([*self.model.kinds, "nobody"]))

    def some_end(self, data: st.DataObject, ports: Callable[[str], tuple[str, ...]]) -> str:
        name = self.some_layer(data)
        known = ports(name) if name in self.model.kinds else ("in",)
        port = data.draw(st.sampled_from(["", "", *known, "in9"]))
        return f"{name}/{port}" if port else name

    # ---- edits ----------------------------------------------------------------------------------

    @rule(layers=st.lists(st.tuples(KINDS, NAMES), min_size=1, max_size=3))
    def adds(self, layers: list[tuple[str, str]]) -> None:
        made = [MAKE[kind](name) for kind, name in layers]
        nested = [made[0], made[1:]] if len(made) > 1 else made[0]
        self.edit(lambda net: addLayers(net, nested),
                  lambda model: model.add(model.named(layers, model.kinds)))  # fmt: skip

    @rule(data=st.data())
    def connects(self, data: st.DataObject) -> None:
        source = self.some_end(data, self.model.outputs)
        destination = self.some_end(data, self.model.inputs)
        self.edit(lambda net: connectLayers(net, source, destination),
                  lambda model: model.connect(*model.ends(source, destination)))  # fmt: skip

    @rule(data=st.data())
    def closes_a_gap(self, data: st.DataObject) -> None:
        """A connection that has a good chance to fit."""
        kinds = self.model.kinds
        outputs = [(n, p) for n in kinds for p in self.model.outputs(n)]
        inputs = [end for end in self.model.input_names() if kinds[end[0]] != "input"]
        if inputs:
            ends = data.draw(st.sampled_from(outputs)), data.draw(st.sampled_from(inputs))
            self.edit(lambda net: connectLayers(net, *map(self.model.shown, ends)),
                      lambda model: model.connect(*ends))  # fmt: skip

    @rule(data=st.data(), known=st.booleans())
    def disconnects(self, data: st.DataObject, known: bool) -> None:
        edges = sorted(self.model.edges.items())
        if known and edges:
            destination, source = map(self.model.shown, data.draw(st.sampled_from(edges)))
        else:
            source = self.some_end(data, self.model.outputs)
            destination = self.some_end(data, self.model.inputs)

        def expected(model: Model) -> None:
            from_end, to_end = model.ends(source, destination)
            if model.edges.get(to_end) != from_end:
                raise MisfitError
            del model.edges[to_end]

        self.edit(lambda net: disconnectLayers(net, source, destination), expected)

    @rule(data=st.data())
    def removes(self, data: st.DataObject) -> None:
        names = {self.some_layer(data) for _ in range(data.draw(st.integers(1, 2)))}

        def expected(model: Model) -> None:
            if not names <= model.kinds.keys():
                raise MisfitError
            model.remove(names)

        given = list(names) if len(names) > 1 else next(iter(names))
        self.edit(lambda net: removeLayers(net, given), expected)

    @rule(data=st.data(), layers=st.lists(st.tuples(KINDS, NAMES), max_size=2), order=st.booleans())
    def replaces(self, data: st.DataObject, layers: list[tuple[str, str]], order: bool) -> None:
        name = self.some_layer(data)
        made = [MAKE[kind](own) for kind, own in layers]

        def expected(model: Model) -> None:
            if name not in model.kinds or not layers:
                raise MisfitError
            model.replace(name, model.named(layers, set(model.kinds) - {name}), order)

        by = "order" if order else "name"
        self.edit(lambda net: replaceLayer(net, name, made, ReconnectBy=by), expected)

    # ---- values ---------------------------------------------------------------------------------

    @rule()
    def is_initialized(self) -> None:
        """What is set stays, bit for bit; the rest is taken over."""
        X = [dlarray(x, "CB") for x in self.data().values()]
        self.edit(lambda net: dl.initialize(net, *X), lambda model: model.sizes())
        known = {row: v for row, v in self.model.values.items() if v is not None}
        self.learn(self.net, self.model)
        for row, value in known.items():
            assert self.model.values[row].tobytes() == value.tobytes()

    def data(self) -> dict[tuple[str, str], Any]:
        """An observation for each input of the network, in its order."""
        return {end: normal((3, 4), i) for i, end in enumerate(self.model.input_names())}

    @rule()
    def predicts(self) -> None:
        X = self.data()
        given = [dlarray(x, "CB") for x in X.values()]
        try:
            expected = self.model.predict(X)
        except MisfitError:
            with pytest.raises(ValueError, match=r"initialized|layer '|predict gives"):
                predict(self.net, *given)
            return
        found = predict(self.net, *given)
        for Y, numbers_of_model in zip(found if isinstance(found, tuple) else [found], expected,
                                       strict=True):  # fmt: skip
            np.testing.assert_allclose(numbers(Y), numbers_of_model, rtol=1e-4, atol=1e-4)

    @rule()
    def trains(self) -> None:
        """forward gives the new State, which is assigned; assigning changes this network only."""
        try:
            self.model.predict(self.data())
        except MisfitError:
            return
        *_, state = forward(self.net, *[dlarray(x, "CB") for x in self.data().values()])
        self.is_as_the_model()
        other = copy.copy(self.net)
        other.State = state
        self.edit(lambda net: other, lambda model: self.learn(other, model))

    @rule(data=st.data(), wrong=st.booleans())
    def gets_a_value(self, data: st.DataObject, wrong: bool) -> None:
        rows = [row for row in self.model.rows(LEARNABLE) if self.model.values[row] is not None]
        if not rows:
            return
        row = data.draw(st.sampled_from(rows))
        shape = self.model.values[row].shape
        value = normal((7, *shape) if wrong else shape, data.draw(st.integers(0, 9)), np.float32)

        def change(net: dlnetwork) -> dlnetwork:
            made = copy.copy(net)
            made.Learnables.Value[made.Learnables.rows.index(row)] = value
            return made

        def expected(model: Model) -> None:
            if wrong:
                raise MisfitError
            model.values[row] = value

        self.edit(change, expected)

    @rule()
    def gets_a_table(self) -> None:
        """A table of another network is refused; its own, with other numbers, is taken."""
        made = copy.copy(self.net)
        foreign = small_table()
        with pytest.raises(ValueError, match="different rows"):
            made.Learnables = foreign
        assert form(made) == form(self.net)
        made.Learnables = dl.dlupdate(lambda x: x * 2, made.Learnables)
        self.edit(lambda net: made, lambda model: [
            model.values.update({row: model.values[row] * np.float32(2)})
            for row in model.rows(LEARNABLE) if model.values[row] is not None])  # fmt: skip

    @rule(data=st.data(), frozen=st.booleans())
    def is_frozen(self, data: st.DataObject, frozen: bool) -> None:
        name = self.some_layer(data)

        def expected(model: Model) -> None:
            if name not in model.kinds:
                raise MisfitError
            model.factors.update({row: float(not frozen) for row in model.factors
                                  if row[0] == name})  # fmt: skip

        change = freezeNetwork if frozen else unfreezeNetwork
        self.edit(lambda net: change(net, name), expected)

    @rule(data=st.data(), factor=st.sampled_from([0.5, 2.0, -1.0]))
    def gets_a_factor(self, data: st.DataObject, factor: float) -> None:
        wrong = (self.some_layer(data), "TrainedMean")
        name, parameter = data.draw(st.sampled_from([*self.model.factors, wrong]))

        def expected(model: Model) -> None:
            if (name, parameter) not in model.factors or factor < 0:
                raise MisfitError
            model.factors[name, parameter] = factor

        self.edit(lambda net: setLearnRateFactor(net, name, parameter, factor), expected)

    @rule()
    def goes_through_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "net.npz"
            if "split" in self.model.kinds.values():
                with pytest.raises(TypeError, match="load could not find the class Split"):
                    save(file, self.net)
                assert os.listdir(folder) == []
            else:
                save(file, self.net)
                loaded = load(file)
                assert form(loaded) == form(self.net)
                self.edit(lambda net: loaded, lambda model: None)


def small_table() -> Any:
    return dlnetwork([featureInputLayer(1), fullyConnectedLayer(1, Name="alone")]).Learnables


NetworkMachine.TestCase.settings = settings(
    max_examples=60 * DRAWS, stateful_step_count=20, deadline=None
)
TestNetwork = NetworkMachine.TestCase
