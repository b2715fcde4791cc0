"""Ctrl-C and kill at any place: what was complete is not lost, and nothing stays half done."""

from __future__ import annotations

import copy
import functools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinydl as dl
from tests.checks import DRAWS
from tests.forms import form
from tests.interrupts import every, is_interrupted, places
from tests.networks import features, small
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
    dlupdate,
    extractdata,
    forward,
    load,
    minibatchqueue,
    mse,
    rmspropupdate,
    rng,
    save,
    sgdmupdate,
    trainingOptions,
    trainnet,
    transform,
)
from tinydl.backend.process import one_blas_thread
from tinydl.training.recording import current

ROOT = Path(__file__).parents[1]
X, T = features(6), dlarray(normal((2, 6), 2), "CB")

# An interrupt within a generator that is thrown away is shown, as Python cannot raise it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before, errors = rng(0), np.geterr()
    yield
    rng(before)
    np.seterr(**errors)
    while one_blas_thread._inside:
        one_blas_thread.end()


def modelLoss(net: dlnetwork, X: dlarray, T: dlarray) -> Any:
    Y, state = forward(net, X)
    loss = mse(Y, T)
    return loss, dlgradient(loss, net.Learnables), state


# ---- a training loop of one's own ---------------------------------------------------------------


def with_sgdm(net: Any, grads: Any, state: Any, _: int) -> Any:
    return sgdmupdate(net, grads, state, 0.1)


def with_adam(net: Any, grads: Any, state: Any, iteration: int) -> Any:
    net, *averages = adamupdate(net, grads, *(state or ([], [])), iteration, 0.1)
    return net, averages


def with_rmsprop(net: Any, grads: Any, state: Any, _: int) -> Any:
    return rmspropupdate(net, grads, state, 0.1)


class Loop:
    """The variables of a custom training loop: what an interrupted notebook has left."""

    def __init__(self, solver: Any, function: Any, steps: int = 2) -> None:
        self.net, self.state, self.iteration = small(), [], 0
        self.solver, self.function, self.steps = solver, function, steps
        self.passed: list[Any] = []

    def run(self) -> None:
        while self.iteration < self.steps:
            self.note()
            _, grads, state = dlfeval(self.function, self.net, X, T)
            self.net.State = state
            self.note()
            found = self.solver(self.net, grads, self.state, self.iteration + 1)
            (self.net, self.state), self.iteration = found, self.iteration + 1
        self.note()

    def form(self) -> Any:
        return form(self.net), form(self.state)

    def note(self) -> None:
        """What is there between two steps, when the loop is not interrupted."""
        if sys.getprofile() is None:
            self.passed.append(self.form())


@pytest.mark.parametrize("solver", [with_sgdm, with_adam, with_rmsprop])
@pytest.mark.parametrize("is_accelerated", [False, True])
def test_an_interrupted_loop_is_between_two_steps_and_goes_on(
    solver: Any, is_accelerated: bool
) -> None:
    function = dlaccelerate(lambda *args: modelLoss(*args)) if is_accelerated else modelLoss
    whole = Loop(solver, function, 3 if is_accelerated else 2)
    whole.run()
    some = 10 * DRAWS if is_accelerated else 40 * DRAWS
    for at in every(places(Loop(solver, function, whole.steps).run), some):
        if is_accelerated:
            dl.clearCache(function)
        loop = Loop(solver, function, whole.steps)
        assert is_interrupted(loop.run, at) or loop.iteration == loop.steps
        assert current.record is None
        assert loop.form() in whole.passed, f"interrupted at {at}"
        is_between = loop.form() in whole.passed[::2]  # elsewhere State has moved on already
        loop.run()
        assert loop.iteration == whole.steps
        assert not is_between or loop.form() == whole.form(), f"interrupted at {at}"


def test_a_record_ends_wherever_dlfeval_is_interrupted() -> None:
    x = dlarray(3.0)

    def slope() -> float:
        return float(dlfeval(lambda x: dlgradient(x * x, x), x))

    for at in range(1, places(slope) + 1):
        is_interrupted(slope, at)
        assert current.record is None, f"interrupted at {at}"
        assert slope() == 6.0


def test_solvers_and_gradients_write_into_nothing_that_they_are_given() -> None:
    net, other = small(), small()
    _, grads, _ = dlfeval(modelLoss, net, X, T)
    _, vel = sgdmupdate(net, grads, [])
    _, m, v = adamupdate(net, grads, [], [], 1)
    steps: list[Callable[[], Any]] = [
        lambda: sgdmupdate(net, grads, vel), lambda: adamupdate(net, grads, m, v, 2),
        lambda: dlupdate(lambda x: x * 2, net), lambda: dlfeval(modelLoss, net, X, T),
        lambda: dl.predict(other, X),
    ]  # fmt: skip
    before = form([net, other, grads, vel, m, v, X, T])
    expected = [form(step()) for step in steps]
    for step, right in zip(steps, expected, strict=True):
        for at in every(places(step), 15 * DRAWS):
            is_interrupted(step, at)
            assert form([net, other, grads, vel, m, v, X, T]) == before
            assert current.record is None
        assert form(step()) == right


def test_a_table_is_assigned_whole_or_not_at_all() -> None:
    net = small()
    old = form(net.Learnables)
    twice = dlupdate(lambda x: x * 2, net.Learnables)
    ways: list[Callable[[Any], None]] = [
        lambda net: setattr(net, "Learnables", twice),
        lambda net: net.Learnables.__setitem__(slice(None), twice),
        lambda net: setattr(net.Learnables, "Value", list(twice.Value)),
        lambda net: net.Learnables.Value.__setitem__(slice(None), list(twice.Value)),
    ]
    for way in ways:
        for at in every(places(lambda way=way: way(copy.copy(net)))):
            made = copy.copy(net)
            is_interrupted(lambda way=way, made=made: way(made), at)
            assert form(made.Learnables) in (old, form(twice)), f"interrupted at {at}"
    assert form(net.Learnables) == old


def test_random_numbers_are_drawn_or_not() -> None:
    rng(5)
    before = rng()
    dl.rand(3, 3)
    after = rng()
    for at in every(places(lambda: dl.rand(3, 3))):
        rng(before)
        is_interrupted(lambda: dl.rand(3, 3), at)
        assert form(rng()) in (form(before), form(after))
    for at in every(places(lambda: rng(after))):
        rng(before)
        is_interrupted(lambda: rng(after), at)
        assert form(rng()) in (form(before), form(after))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_a_signal_at_any_time(request: pytest.FixtureRequest) -> None:
    """Not only at the places that a profile function sees."""
    if request.config.pluginmanager.hasplugin("_cov"):
        pytest.skip("coverage itself could be interrupted with its lock held, and wait for ever")

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    whole = Loop(with_sgdm, modelLoss, 4)
    whole.run()
    random.seed(0)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for _ in range(40 * DRAWS):
            loop = Loop(with_sgdm, modelLoss, 4)
            loop.note = lambda: None  # type: ignore[method-assign]
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 1e-2))
                loop.run()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                pass
            assert loop.form() in whole.passed and current.record is None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# ---- queues -------------------------------------------------------------------------------------


def queue(kind: str) -> minibatchqueue:
    X = arrayDatastore(np.arange(9.0))
    stores = {
        "array": lambda: X,
        "combined": lambda: combine(X, arrayDatastore(np.arange(9.0))),
        "transformed": lambda: transform(combine(X, X), lambda row: row[:1]),
    }
    return minibatchqueue(stores[kind](), MiniBatchSize=4)


def rest(mbq: minibatchqueue) -> list[float]:
    """What is still to come."""
    made = [batch[0] if isinstance(batch, tuple) else batch for batch in mbq]
    return [i for batch in made for i in extractdata(batch).reshape(-1).tolist()]


@pytest.mark.parametrize("kind", ["array", "combined", "transformed"])
@pytest.mark.parametrize("call", ["next", "hasdata", "reset", "shuffle", "partition"])
def test_an_interrupted_queue_is_where_it_was_or_where_it_would_be(kind: str, call: str) -> None:
    calls: dict[str, Callable[[minibatchqueue], Any]] = {
        "next": next, "hasdata": dl.hasdata, "reset": dl.reset, "shuffle": dl.shuffle,
        "partition": lambda mbq: dl.partition(mbq, 2, 1),
    }  # fmt: skip

    def used() -> minibatchqueue:
        mbq = queue(kind)
        next(mbq)
        return mbq

    def after() -> list[float]:
        rng(3)
        mbq = used()
        calls[call](mbq)
        return rest(mbq)

    allowed = rest(used()), after()
    for at in every(places(functools.partial(calls[call], used()))):
        rng(3)
        mbq = used()
        is_interrupted(lambda mbq=mbq: calls[call](mbq), at)
        assert rest(mbq) in allowed, f"interrupted at {at}"
        dl.reset(mbq)
        assert sorted(rest(mbq)) == list(range(9))


# ---- trainnet -----------------------------------------------------------------------------------


OPTIONS: dict[str, Any] = {"Verbose": False, "MiniBatchSize": 3, "MaxEpochs": 2,
                           "Shuffle": "every-epoch"}  # fmt: skip


def test_an_interrupted_trainnet_leaves_the_network_and_goes_on_from_its_files(
    tmp_path: Path,
) -> None:
    net = small()
    data = np.asarray(extractdata(X)).T, np.asarray(extractdata(T)).T
    seen, handler = form(net), signal.getsignal(signal.SIGINT)

    def train(folder: Path, **resume: Any) -> dlnetwork:
        rng(4)
        options = trainingOptions("adam", **OPTIONS, CheckpointPath=str(folder),
                                  CheckpointFrequencyUnit="iteration")  # fmt: skip
        return trainnet(*data, net, "mse", options, **resume)

    whole = form(train(tmp_path / "whole"))
    for at in every(places(lambda: train(tmp_path / "counted")), 15 * DRAWS):
        folder = tmp_path / str(at)
        is_interrupted(lambda folder=folder: train(folder), at)
        assert form(net) == seen and current.record is None
        assert signal.getsignal(signal.SIGINT) is handler
        files = os.listdir(folder) if folder.exists() else []
        for file in files:
            assert set(load(folder / file)) >= {"net", "solverState"}
        if files:
            assert form(train(folder, Resume=folder)) == whole


# ---- files --------------------------------------------------------------------------------------


def test_an_interrupted_save_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    file, net = tmp_path / "x.npz", small()
    old, new = {"net": net, "i": 1}, {"net": net, "i": 2, "w": np.arange(9.0)}
    forms = form(old), form(new)
    save(file, **old)
    seen = set()
    count = places(lambda: save(tmp_path / "counted.npz", **new))
    for at in [*every(count, 50 * DRAWS), *range(count - 10, count + 1)]:
        save(file, **old)
        is_interrupted(lambda: save(file, **new), at)
        assert sorted(os.listdir(tmp_path)) == ["counted.npz", "x.npz"]
        found = form(load(file))
        assert found in forms
        seen.add(forms.index(found))
    assert seen == {0, 1}


SAVING = """
import sys
import numpy as np
from tinydl import save
i = 0
while True:
    i += 1
    save(sys.argv[1], i=i, x=[np.full(1 + 50 * (i % 7), float(i))], name=str(i))
"""


def is_whole(value: Any) -> bool:
    i = value["i"]
    (x,) = value["x"]
    return value["name"] == str(i) and len(x) == 1 + 50 * (i % 7) and bool((x == i).all())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_program_that_is_killed_while_it_saves_leaves_a_whole_file(tmp_path: Path) -> None:
    """While it runs another program reads the file, and never sees a part of one either."""
    file = tmp_path / "x.npz"
    random.seed(1)
    for _ in range(2 * DRAWS):
        process = subprocess.Popen([sys.executable, "-c", SAVING, str(file)], cwd=ROOT)
        try:
            file.unlink(missing_ok=True)
            while not file.exists():
                assert process.poll() is None
                time.sleep(0.01)
            end = time.monotonic() + random.uniform(0.05, 0.2)
            found = [load(file)]
            while time.monotonic() < end:
                found.append(load(file))
        finally:
            process.kill()
            process.wait()
        found.append(load(file))
        assert all([is_whole(value) for value in found])
        assert found[-1]["i"] > found[0]["i"], "it wrote while this program read"
        left = [name for name in os.listdir(tmp_path) if name != "x.npz"]
        assert all([name.startswith(".tinydl-") and name.endswith(".tmp") for name in left])
