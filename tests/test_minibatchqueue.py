"""minibatchqueue: against a model that only counts positions, then option by option."""

from __future__ import annotations

import builtins
import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import tinydl as dl
from tests import pretend_gpu
from tinydl import (
    arrayDatastore,
    categorical,
    combine,
    dlarray,
    extractdata,
    hasdata,
    minibatchqueue,
    onehotencode,
    padsequences,
    partition,
    randperm,
    reset,
    rng,
    shuffle,
    transform,
)

NAMES = ["ant", "bee", "cat"]


def numbered(n: int) -> Any:
    """n observations: the numbers i and 10 i as a column, and a label."""
    X = np.arange(n) * np.array([[1.0], [10.0]])
    labels = categorical([NAMES[i % 3] for i in range(n)], NAMES)
    return combine(arrayDatastore(X, axis=1), arrayDatastore(labels))


class QueueMachine(RuleBasedStateMachine):
    """A queue and what is still to come of it: the positions of observations, in order."""

    @initialize(n=st.integers(1, 12), size=st.integers(1, 5),
                partial=st.sampled_from(["return", "discard"]), own=st.booleans(),
                seed=st.integers(0, 99))  # fmt: skip
    def start(self, n: int, size: int, partial: str, own: bool, seed: int) -> None:
        rng(seed)
        self.fails = False
        self.size, self.partial = size, partial
        options: dict[str, Any] = {"MiniBatchFcn": self.prepare} if own else {}
        self.queue = minibatchqueue(
            numbered(n), MiniBatchSize=size, PartialMiniBatch=partial, MiniBatchFormat=["CB", ""],
            OutputAsDlarray=[True, False], **options,
        )  # fmt: skip
        self.own = own
        self.order = list(range(n))
        self.left = list(self.order)

    def prepare(self, X: list[Any], labels: categorical) -> Any:
        if self.fails:
            raise ZeroDivisionError
        return np.concatenate(X, axis=1), labels

    def expected(self) -> list[int]:
        """The positions of the next mini-batch; none at the end."""
        batch = self.left[: self.size]
        return batch if len(batch) == self.size or self.partial == "return" else []

    def take(self, made: Any) -> None:
        batch = self.expected()
        X, labels = made
        assert extractdata(X).tolist() == [[float(i) for i in batch], [10.0 * i for i in batch]]
        assert list(labels) == [NAMES[i % 3] for i in batch]
        self.left = self.left[self.size :]

    @rule()
    def asks(self) -> None:
        assert hasdata(self.queue) == bool(self.expected())

    @rule(ours=st.booleans())
    def takes(self, ours: bool) -> None:
        call = dl.next if ours else builtins.next
        if self.expected():
            self.take(call(self.queue))
        else:
            with pytest.raises(RuntimeError, match=r"end of the data.*reset\(mbq\) or shuffle"):
                call(self.queue)

    @precondition(lambda self: self.own)
    @rule()
    def fails_and_keeps_its_place(self) -> None:
        if self.expected():
            self.fails = True
            with pytest.raises(ZeroDivisionError):
                next(self.queue)
            self.fails = False

    @rule()
    def resets(self) -> None:
        reset(self.queue)
        self.left = list(self.order)

    @rule()
    def shuffles(self) -> None:
        before = rng()
        drawn = randperm(len(self.order))
        rng(before)
        assert shuffle(self.queue) is None
        self.order = [self.order[i] for i in drawn]
        self.left = list(self.order)

    @rule(most=st.integers(0, 3))
    def loops(self, most: int) -> None:
        """A loop goes on from here; one that breaks leaves the rest."""
        for count, made in enumerate(self.queue):
            self.take(made)
            if count == most:
                return
        assert not self.expected()

    @rule(data=st.data(), parts=st.integers(1, 4))
    def divides(self, data: st.DataObject, parts: int) -> None:
        """A part starts at its first observation, and the whole does not move."""
        index = data.draw(st.integers(0, parts - 1))
        n = len(self.order)
        whole = self.order, self.left, self.queue
        part = partition(self.queue, parts, index)
        self.order = self.order[index * n // parts : (index + 1) * n // parts]
        self.left, self.queue = list(self.order), part
        self.loops(most=99)
        self.order, self.left, self.queue = whole

    @rule()
    def is_copied(self) -> None:
        """A copy is a queue of its own."""
        left, other = list(self.left), copy.copy(self.queue)
        self.loops(most=99)
        self.left, self.queue = left, other


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
TestQueue = QueueMachine.TestCase


# ---- formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "axis", "fmt", "dims", "result"),
    [
        ((4, 5, 1, 6), 3, "SSCB", "SSCB", (4, 5, 1, 6)),
        ((6, 3), 0, "BC", "CB", (3, 6)),
        ((3, 6), 1, "CB", "CB", (3, 6)),
        ((6, 1), 0, "BC", "CB", (1, 6)),
        ((6,), 0, "B", "B", (6,)),
        ((4, 5, 1, 6), 3, "", "", (4, 5, 1, 6)),
        ((6, 3), 0, "", "", (6, 3)),
        ((2, 6, 7), 1, "CBT", "CBT", (2, 6, 7)),
    ],
)
def test_arrays_are_taken_apart_and_joined(
    shape: tuple[int, ...], axis: int, fmt: str, dims: str, result: tuple[int, ...]
) -> None:
    A = np.random.default_rng(0).normal(size=shape)
    X = next(minibatchqueue(arrayDatastore(A, axis=axis), MiniBatchFormat=fmt, OutputCast="double"))
    assert (X.dims, X.shape) == (dims, result)
    expected = dlarray(A, fmt) if fmt else dlarray(A)
    assert (extractdata(X) == extractdata(expected)).all()


def test_observations_of_lists_get_their_dimension_from_the_format() -> None:
    images = [np.full((2, 3), float(i)) for i in range(4)]
    X = next(minibatchqueue(arrayDatastore(images), MiniBatchFormat="SSCB"))
    assert X.shape == (2, 3, 1, 4) and extractdata(X)[0, 0, 0].tolist() == [0, 1, 2, 3]
    X = next(minibatchqueue(arrayDatastore(images)))
    assert X.shape == (2, 3, 4) and X.dims == ""
    X = next(minibatchqueue(arrayDatastore([1.5, 2.5]), MiniBatchFormat="B"))
    assert extractdata(X).tolist() == [1.5, 2.5]
    one = next(minibatchqueue(arrayDatastore(images), MiniBatchSize=1, MiniBatchFormat="SS"))
    assert (one.dims, one.shape) == ("SS", (2, 3))


def test_formats_that_do_not_fit_say_so() -> None:
    sequences = [np.ones((2, 7))] * 3
    with pytest.raises(ValueError, match=r"variable 0: the format CBT does not fit .* 2×7"):
        next(minibatchqueue(arrayDatastore(sequences), MiniBatchFormat="CBT"))
    assert next(minibatchqueue(arrayDatastore(sequences), MiniBatchFormat="CTB")).shape == (2, 3, 7)
    with pytest.raises(ValueError, match="format BC does not fit"):
        next(minibatchqueue(arrayDatastore([np.ones(5)] * 3), MiniBatchFormat="BC"))
    with pytest.raises(ValueError, match="MiniBatchFormat 'SSX'"):
        minibatchqueue(numbered(3), MiniBatchFormat="SSX")


def test_sequences_of_different_lengths_need_a_function() -> None:
    sequences = arrayDatastore([np.ones((2, n)) for n in (3, 5)])
    with pytest.raises(ValueError, match=r"sizes 2×3 and 2×5 make no array.*padsequences"):
        next(minibatchqueue(sequences))
    queue = minibatchqueue(
        sequences, 2, MiniBatchFcn=lambda X: padsequences(X, axis=1, nargout=2),
        MiniBatchFormat="CTB", OutputCast=["single", "logical"],
    )  # fmt: skip
    X, mask = next(queue)
    assert (X.dims, X.shape, mask.shape) == ("CBT", (2, 2, 5), (2, 2, 5))
    assert X.dtype == np.float32 and mask.dtype == bool
    assert extractdata(mask)[0].tolist() == [[True] * 3 + [False] * 2, [True] * 5]


# ---- outputs ------------------------------------------------------------------------------------


def test_labels_become_numbers_or_stay_labels() -> None:
    ds = arrayDatastore(categorical(["b", "a", "b"]))
    assert extractdata(next(minibatchqueue(ds))).tolist() == [2, 1, 2]
    T = next(minibatchqueue(ds, MiniBatchFormat="CB"))
    assert (T.dims, T.shape, T.dtype) == ("CB", (1, 3), np.float32)
    kept = next(minibatchqueue(ds, OutputAsDlarray=False, OutputCast="double"))
    assert isinstance(kept, categorical) and list(kept) == ["b", "a", "b"]


def test_labels_of_different_categories_are_joined() -> None:
    parts = [categorical(["b"]), categorical(["a"], ["c", "a"])]
    kept = next(minibatchqueue(arrayDatastore(parts), OutputAsDlarray=False))
    assert list(kept) == ["b", "a"] and kept.categories.tolist() == ["b", "c", "a"]


def test_a_function_gets_lists_of_arrays_and_labels() -> None:
    seen = []

    def prepare(X: Any, labels: Any) -> Any:
        seen.append((type(X), [x.shape for x in X], labels))
        return np.concatenate(X, axis=1), onehotencode(labels, axis=0)

    _, T = next(minibatchqueue(numbered(3), MiniBatchFcn=prepare, MiniBatchFormat="CB"))
    ((kind, shapes, labels),) = seen
    assert kind is list and shapes == [(2, 1)] * 3 and list(labels) == NAMES
    assert extractdata(T).tolist() == np.eye(3).tolist() and T.dims == "CB"


@pytest.mark.parametrize(
    ("cast", "dtype"), [("single", "float32"), ("double", "float64"), ("logical", "bool")]
)
@pytest.mark.parametrize("as_dlarray", [True, False])
def test_classes(cast: str, dtype: str, as_dlarray: bool) -> None:
    A = np.array([[0, 1, 255]], np.uint8)
    X = next(minibatchqueue(arrayDatastore(A), OutputCast=cast, OutputAsDlarray=as_dlarray))
    assert X.dtype == dtype and isinstance(X, dlarray) == as_dlarray
    assert np.asarray(X).tolist() == A.astype(dtype).tolist()


def test_nan_has_no_truth() -> None:
    with pytest.raises(ValueError, match="output 0 has NaN"):
        next(minibatchqueue(arrayDatastore(np.array([np.nan])), OutputCast="logical"))


def test_dlarrays_keep_their_labels_unless_others_are_given() -> None:
    ds = arrayDatastore(dlarray(np.ones((3, 4)), "CB"), axis=1)
    join = lambda X: dl.cat("B", *X)
    assert next(minibatchqueue(ds, MiniBatchFcn=join)).dims == "CB"
    assert next(minibatchqueue(ds, MiniBatchFcn=join, MiniBatchFormat="CU")).dims == "CU"
    plain = next(minibatchqueue(ds, OutputAsDlarray=False))
    assert isinstance(plain, np.ndarray) and plain.shape == (3, 4)


def test_what_is_no_number_is_refused_or_left() -> None:
    ds = arrayDatastore(["x", "y"])
    with pytest.raises(TypeError, match=r"output 0 is a list.*OutputAsDlarray"):
        next(minibatchqueue(ds))
    assert next(minibatchqueue(ds, OutputAsDlarray=False)) == ["x", "y"]
    with pytest.raises(TypeError, match=r"output 0 is a complex128 array"):
        next(minibatchqueue(arrayDatastore([1.0]), MiniBatchFcn=lambda X: np.array([1j])))


def test_the_number_of_outputs() -> None:
    queue = minibatchqueue(numbered(3), 1, MiniBatchFcn=lambda X, T: np.concatenate(X, axis=1))
    assert queue.NumOutputs == 1 and isinstance(next(queue), dlarray)
    queue = minibatchqueue(numbered(3), MiniBatchFcn=lambda X, T: X[0])
    with pytest.raises(ValueError, match=r"gave 1 outputs, and the queue has 2; write minib.*, 1"):
        next(queue)
    with pytest.raises(ValueError, match="has 2 variables; 3 outputs need a MiniBatchFcn"):
        minibatchqueue(numbered(3), 3)
    with pytest.raises(ValueError, match="OutputCast has 3 values for 2 outputs"):
        minibatchqueue(numbered(3), OutputCast=["single"] * 3)


def test_rows_of_different_lengths() -> None:
    uneven = transform(arrayDatastore([1.0, 2.0]), lambda data: data * int(data[0]))
    with pytest.raises(ValueError, match=r"differ in the number of variables: \[1, 2\]"):
        next(minibatchqueue(uneven))


# ---- devices ------------------------------------------------------------------------------------


def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinydl.backend import gpu

    monkeypatch.setattr(gpu, "why_not", lambda: "nobody built one in")
    with pytest.raises(RuntimeError, match='"gpu", and there is no GPU: nobody built one in'):
        minibatchqueue(numbered(3), OutputEnvironment="gpu")
    X, _ = next(minibatchqueue(numbered(3), OutputEnvironment=["auto", "cpu"]))
    assert type(extractdata(X)) is np.ndarray


def test_outputs_go_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu.install(monkeypatch)
    far = lambda x: isinstance(extractdata(x), pretend_gpu.FarArray)
    X, T = next(minibatchqueue(numbered(3), MiniBatchFormat="CB"))
    assert far(X) and far(T)
    X, T = next(minibatchqueue(numbered(3), OutputEnvironment=["cpu", "gpu"]))
    assert not far(X) and far(T)
    X, labels = next(minibatchqueue(numbered(3), OutputAsDlarray=[1, 0]))
    assert far(X) and isinstance(labels, categorical)
    there = dl.gpuArray(np.ones((2, 3)))
    X = next(minibatchqueue(arrayDatastore(there), OutputEnvironment="cpu"))
    assert not far(X)


# ---- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"MiniBatchSize": 0}, "MiniBatchSize is a whole number from 1 on, not 0"),
        ({"MiniBatchSize": 2.5}, "MiniBatchSize is a whole number"),
        ({"PartialMiniBatch": "drop"}, "PartialMiniBatch is one of return, discard"),
        ({"OutputCast": "int8"}, "OutputCast is one of single, double, logical, not 'int8'"),
        ({"OutputAsDlarray": "yes"}, "OutputAsDlarray is True or False"),
        ({"OutputEnvironment": "parallel"}, "OutputEnvironment is one of auto, cpu, gpu"),
        ({"PreprocessingEnvironment": "background"}, "'background' is not supported; \"serial\""),
        ({"DispatchInBackground": True}, "DispatchInBackground=True is not supported"),
        ({"numOutputs": 0}, "numOutputs is a whole number from 1 on"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        minibatchqueue(numbered(3), **options)


def test_other_mistakes() -> None:
    with pytest.raises(TypeError, match=r"a datastore is needed, not a ndarray.*arrayDatastore"):
        minibatchqueue(np.ones((3, 2)))
    with pytest.raises(TypeError, match="MiniBatchFcn='prepare' is no function"):
        minibatchqueue(numbered(3), MiniBatchFcn="prepare")
    with pytest.raises(ValueError, match="the datastore has no observations"):
        minibatchqueue(arrayDatastore(np.ones((0, 2))))
    queue = minibatchqueue(numbered(3))
    with pytest.raises(AttributeError, match=r"MiniBatchSize of a .*; make another one"):
        queue.MiniBatchSize = 3
    assert queue.MiniBatchSize == 128 and "MiniBatchSize: 128" in repr(queue)


# ---- datastores of one's own --------------------------------------------------------------------


class Counting:
    """The least that a datastore has."""

    def __init__(self, end: int) -> None:
        self.at, self.end, self.fails = 0, end, False

    def hasdata(self) -> bool:
        return self.at < self.end

    def read(self) -> Any:
        if self.fails:
            raise OSError("the disk is gone")
        self.at += 1
        return float(self.at)

    def reset(self) -> None:
        self.at = 0


def test_a_datastore_of_ones_own() -> None:
    own = Counting(5)
    queue = minibatchqueue(own, MiniBatchSize=2, PartialMiniBatch="discard")
    assert [extractdata(X).tolist() for X in queue] == [[1, 2], [3, 4]]
    assert own.at == 0
    with pytest.raises(TypeError, match="a Counting has no subset"):
        shuffle(queue)


def test_a_datastore_that_fails_loses_nothing() -> None:
    queue = minibatchqueue(Counting(4), MiniBatchSize=3)
    queue._ds.fails = True
    with pytest.raises(OSError, match="the disk is gone"):
        next(queue)
    queue._ds.fails = False
    assert [extractdata(X).tolist() for X in queue] == [[1, 2, 3], [4]]


def test_the_datastore_itself_does_not_move() -> None:
    ds = numbered(4)
    dl.read(ds)
    queue = minibatchqueue(ds, MiniBatchFormat="CB")
    assert next(queue)[0].shape == (2, 4)
    assert len(dl.readall(ds)) == 4 and dl.read(ds)[0][0, 0] == 1.0


def test_a_training_loop_sees_every_observation_once() -> None:
    rng("default")
    queue = minibatchqueue(numbered(10), MiniBatchSize=3, MiniBatchFormat="CB")
    epochs = []
    for _ in range(2):
        shuffle(queue)
        order = []
        while hasdata(queue):
            X, _ = next(queue)
            order += extractdata(X)[0].tolist()
        assert sorted(order) == list(range(10))
        epochs.append(order)
    assert epochs[0] != epochs[1]
