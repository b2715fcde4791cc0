"""A program's own threads: each computes the same bits as alone, whatever the others do."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinydl as dl
from tests.checks import DRAWS
from tests.forms import form
from tests.networks import digits, features, small
from tests.strategies import normal
from tinydl import (
    adamupdate,
    arrayDatastore,
    combine,
    dlaccelerate,
    dlarray,
    dlfeval,
    dlgradient,
    dlnetwork,
    dropoutLayer,
    extractdata,
    featureInputLayer,
    forward,
    fullyConnectedLayer,
    load,
    minibatchqueue,
    mse,
    predict,
    rand,
    rng,
    save,
    trainingOptions,
    trainnet,
)
from tinydl.training.recording import current

SMALL, DIGITS = small(), digits()
IMAGES = dlarray(normal((28, 28, 1, 16), 1, np.float32), "SSCB")
X, T = features(6), dlarray(normal((2, 6), 2), "CB")


def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """What each work gives when all run at a time, begun together; an error of one is raised."""
    found: list[Any] = [None] * len(works)
    errors: list[BaseException] = []
    meeting = threading.Barrier(len(works), timeout=60)

    def run(i: int) -> None:
        try:
            meeting.wait()
            found[i] = works[i]()
        except BaseException as error:  # a thread cannot raise into the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return found


def modelLoss(net: dlnetwork, X: dlarray, T: dlarray) -> Any:
    Y, state = forward(net, X)
    loss = mse(Y, T)
    return loss, dlgradient(loss, net.Learnables), state


def trains(net: dlnetwork = SMALL) -> Any:
    """A custom loop, which starts from a network that all threads share."""
    net, m, v = net._with(), [], []
    for iteration in range(1, 9):
        _, grads, state = dlfeval(modelLoss, net, X, T)
        net.State = state
        net, m, v = adamupdate(net, grads, m, v, iteration, 0.1)
    return net, m, v


def differentiates_twice() -> Any:
    def second(x: dlarray) -> dlarray:
        slope = dlgradient(dl.sum(dl.tanh(x) * x, "all"), x, EnableHigherDerivatives=True)
        return dlgradient(dl.sum(slope * slope, "all"), x)

    return [dlfeval(second, dlarray(normal((5, 7), k))) for k in range(20)]


def predicts() -> Any:
    return [predict(DIGITS, IMAGES) for _ in range(3)]


def convolves() -> Any:
    def gradients(net: dlnetwork, X: dlarray) -> Any:
        Y, state = forward(net, X)
        return dlgradient(dl.sum(Y * Y, "all"), net.Learnables), state

    return [dlfeval(gradients, DIGITS, IMAGES) for _ in range(2)]


def queues() -> Any:
    """A queue of one's own, on a datastore that all threads share."""
    queue = minibatchqueue(STORE, MiniBatchSize=4, MiniBatchFormat="CB")
    return [[list(map(form, batch)) for batch in dl.partition(queue, 2, k % 2)] for k in range(12)]


STORE = combine(arrayDatastore(normal((3, 30), 1), axis=1),
                arrayDatastore(normal((2, 30), 2), axis=1))  # fmt: skip

WORKS: dict[str, Callable[[], Any]] = {
    "trains": trains, "differentiates": differentiates_twice, "predicts": predicts,
    "convolves": convolves, "queues": queues,
}  # fmt: skip


@pytest.mark.parametrize("kind", WORKS)
def test_the_same_work_in_several_threads(kind: str) -> None:
    expected = form(WORKS[kind]())
    shared = form([SMALL, DIGITS])
    for _ in range(DRAWS):
        for found in in_threads([WORKS[kind]] * 4):
            assert form(found) == expected
    assert form([SMALL, DIGITS]) == shared


def test_different_work_in_several_threads() -> None:
    expected = {kind: form(work()) for kind, work in WORKS.items()}
    for _ in range(DRAWS):
        kinds = list(itertools.islice(itertools.cycle(WORKS), 6))
        for kind, found in zip(kinds, in_threads([WORKS[k] for k in kinds]), strict=True):
            assert form(found) == expected[kind], kind


def test_one_file_is_written_and_read_by_several_threads(tmp_path: Path) -> None:
    """A reader gets one of the values that writers wrote, whole."""
    file = tmp_path / "x.npz"
    values = [{"net": SMALL, "i": i, "x": np.full(9 + i, float(i))} for i in range(3)]
    forms = [form(value) for value in values]
    save(file, **values[0])

    def writes(value: dict[str, Any]) -> None:
        for _ in range(6):
            save(file, **value)

    def reads() -> list[Any]:
        return [form(load(file)) for _ in range(12)]

    writers = [lambda value=value: writes(value) for value in values]
    for found in in_threads([*writers, reads, reads])[3:]:
        assert all([value in forms for value in found])
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


def test_trainnet_in_several_threads(tmp_path: Path) -> None:
    """The order in which data are drawn comes from the one generator, so it is left as it is."""
    data = np.asarray(extractdata(X)).T, np.asarray(extractdata(T)).T
    options = {"MaxEpochs": 2, "MiniBatchSize": 3, "Verbose": False, "Shuffle": "never"}

    def train(folder: Path) -> Any:
        chosen = trainingOptions("sgdm", **options, CheckpointPath=str(folder))
        net = trainnet(*data, SMALL, "mse", chosen)
        return net, load(folder / "net_checkpoint__4.npz")["net"]

    expected = form(train(tmp_path / "alone"))
    works = [lambda k=k: train(tmp_path / str(k)) for k in range(3)]
    assert [form(found) for found in in_threads(works)] == [expected] * 3


def test_a_dlfeval_in_another_thread_is_not_nested() -> None:
    """While one function is differentiated, another thread may differentiate its own."""
    f = lambda x: dlgradient(x * x, x)
    found: list[Any] = []

    def outer(x: dlarray) -> dlarray:
        y = x * x * x
        found.extend(in_threads([lambda: float(dlfeval(f, dlarray(3.0)))] * 2))
        with pytest.raises(RuntimeError, match="inside a function that dlfeval is running"):
            dlfeval(f, dlarray(3.0))
        return dlgradient(y, x)

    assert float(dlfeval(outer, dlarray(2.0))) == 12.0 and found == [6.0, 6.0]


def test_an_error_in_one_thread_ends_no_record_of_another() -> None:
    inside, failed = threading.Event(), threading.Event()

    def slow(x: dlarray) -> dlarray:
        y = x * x
        inside.set()
        assert failed.wait(60)
        return dlgradient(y * x, x)

    def fails(x: dlarray) -> dlarray:
        raise ZeroDivisionError

    def fail() -> bool:
        assert inside.wait(60)
        with pytest.raises(ZeroDivisionError):
            dlfeval(fails, dlarray(1.0))
        failed.set()
        return current.record is None

    assert in_threads([lambda: float(dlfeval(slow, dlarray(2.0))), fail]) == [12.0, True]


def test_one_accelerated_function_in_several_threads() -> None:
    acc = dlaccelerate(lambda net, X, T: modelLoss(net, X, T))
    expected = form(dlfeval(modelLoss, SMALL, X, T))

    def evaluates() -> list[Any]:
        return [form(dlfeval(acc, SMALL, X, T)) for _ in range(6)]

    for found in in_threads([evaluates] * 4):
        assert found == [expected] * 6


def test_the_random_numbers_are_one_stream_that_threads_share() -> None:
    """Each number is given once; which thread gets which is not determined."""
    before = rng(4)
    try:
        alone = rand(4 * 300, 1).reshape(-1)
        rng(4)
        drawn = in_threads([lambda: [float(rand(1, 1)[0, 0]) for _ in range(300)]] * 4)
        assert sorted(x for part in drawn for x in part) == sorted(alone.tolist())
        order = {value: i for i, value in enumerate(alone.tolist())}
        for part in drawn:
            places = [order[x] for x in part]
            assert places == sorted(places), "a thread gets them in the order of the stream"
    finally:
        rng(before)


def test_dropout_in_threads_draws_from_the_stream() -> None:
    """Masks differ from thread to thread, and together they used as much of it as alone."""
    net = dlnetwork([featureInputLayer(3), fullyConnectedLayer(50), dropoutLayer(0.5)])
    before = rng(4)
    try:
        for _ in range(6):
            forward(net, X)
        after = rng(4)
        masks = in_threads([lambda: [form(forward(net, X)[0]) for _ in range(2)]] * 3)
        assert len({str(mask) for part in masks for mask in part}) == 6
        assert str(form(rng())) == str(form(after))
    finally:
        rng(before)
