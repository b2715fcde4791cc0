"""Loops shared among threads, and what belongs to the whole process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal
from tinydl import (
    dlarray,
    dlfeval,
    dlgradient,
    exp,
    get_num_threads,
    set_num_threads,
    sum,
)
from tinydl.backend import computing, process, threads
from tinydl.backend.threads import LEAD, LEAST, par

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = get_num_threads()
    yield
    set_num_threads(before)


def pieces(count: int, n: int, **how: int) -> list[tuple[int, int]]:
    """The pieces of a loop, in order, with a number of threads."""
    set_num_threads(count)
    found: list[tuple[int, int]] = []
    par(n, lambda first, end: found.append((first, end)), **how)
    return sorted(found)


@given(st.integers(0, 100), st.integers(0, 20 * LEAST), st.integers(1, 4))
def test_pieces_make_up_the_loop_and_do_not_depend_on_threads(n: int, work: int, k: int) -> None:
    alone = pieces(1, n, work=work)
    assert [i for first, end in alone for i in range(first, end)] == list(range(n))
    assert pieces(k, n, work=work) == alone
    steps = pieces(k, n, work=work, step=7)
    assert steps == [(i, min(n, i + 7)) for i in range(0, n, 7)]


def test_the_last_piece_is_shorter_by_the_time_in_which_a_helper_wakes_up() -> None:
    (_, first), (second, end) = pieces(2, 1000, work=6 * LEAST)
    assert first == second and end == 1000
    assert (first - (end - second)) * 6 * LEAST // 1000 == LEAD
    lengths = [end - first for first, end in pieces(2, 10_000_000, work=1000 * LEAST)]
    assert len(lengths) == 8 and len(set(lengths[:-1])) == 1 and lengths[-1] < lengths[0]


def test_little_work_stays_in_one_thread() -> None:
    set_num_threads(4)
    seen = set()
    par(100, lambda first, end: seen.add(threading.get_ident()), work=LEAST, step=1)
    assert seen == {threading.get_ident()}


def test_helpers_take_part() -> None:
    """Each piece waits for the other: one thread alone would never finish."""
    set_num_threads(2)
    meeting = threading.Barrier(2, timeout=60)
    par(2, lambda first, end: meeting.wait(), work=10 * LEAST, step=1)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_error_ends_the_loop_and_leaves_threads_that_work(count: int) -> None:
    set_num_threads(count)
    for _ in range(20):
        done: list[int] = []

        def work_on(first: int, end: int, done: list[int] = done) -> None:
            if first == 5:
                raise ZeroDivisionError("of piece 5")
            done.append(first)

        with pytest.raises(ZeroDivisionError, match="of piece 5"):
            par(1000, work_on, work=10 * LEAST, step=1)
        assert len(done) < 1000
        assert len(pieces(count, 1000, work=10 * LEAST, step=1)) == 1000


def test_a_piece_may_share_its_own_work() -> None:
    set_num_threads(2)
    total = np.zeros((8, 8))

    def row(i: int, _: int) -> None:
        def cell(j: int, _: int) -> None:
            total[i, j] += 1.0

        par(8, cell, work=10 * LEAST, step=1)

    for _ in range(50):
        par(8, row, work=10 * LEAST, step=1)
    assert (total == 50.0).all()


def gradient(x: Any) -> Any:
    return dlgradient(sum(exp(x) * x, "all"), x)


def test_several_threads_of_a_program_compute_at_a_time() -> None:
    set_num_threads(2)
    inputs = [dlarray(normal((300, 400), seed)) for seed in range(6)]
    expected = [np.asarray(dlfeval(gradient, x)) for x in inputs]
    found: list[Any] = [None] * len(inputs)

    def compute(i: int) -> None:
        for _ in range(10):
            found[i] = np.asarray(dlfeval(gradient, inputs[i]))

    workers = [threading.Thread(target=compute, args=(i,)) for i in range(len(inputs))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", None])
def test_bad_numbers_of_threads(count: Any) -> None:
    with pytest.raises(ValueError, match="integer from 1 on"):
        set_num_threads(count)


def run(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_the_environment_says_how_many_threads() -> None:
    told = run("import tinydl; print(tinydl.get_num_threads())", TINYDL_NUM_THREADS="3")
    assert told.stdout.strip() == "3"
    refused = run("import tinydl", TINYDL_NUM_THREADS="many")
    assert "TINYDL_NUM_THREADS is a whole number from 1 on, not 'many'" in refused.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_computes() -> None:
    program = """
import os, warnings
import numpy as np
from tinydl import dlarray, dlfeval, dlgradient, exp, set_num_threads, sum
set_num_threads(2)
x = dlarray(np.linspace(0.0, 1.0, 400_000).reshape(400, 1000))
gradient = lambda x: dlgradient(sum(exp(x), "all"), x)
before = np.asarray(dlfeval(gradient, x))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Python warns of forks beside threads
    child = os.fork()
same = np.array_equal(np.asarray(dlfeval(gradient, x)), before)
if child == 0:
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
assert same and os.waitstatus_to_exitcode(status) == 0
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


# ---- the process --------------------------------------------------------------------------------


def blas_threads() -> int:
    blas = process._openblas()
    if blas is None:
        pytest.skip("NumPy uses another library than OpenBLAS")
    return blas[0]()


def test_blas_has_one_thread_while_computing() -> None:
    blas_threads()
    blas = process._openblas()
    assert blas is not None
    get, set = blas
    before = get()
    try:
        set(2)
        with computing():
            assert get() == 1
            with computing():
                assert get() == 1
            assert get() == 1
        assert get() == 2
        with pytest.raises(KeyError), computing():
            raise KeyError
        assert get() == 2
    finally:
        set(before)


def test_without_openblas_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_openblas", lambda: None)
    with computing():
        pass


def test_where_threads_run_may_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_processor", None)
    assert len(pieces(2, 64, work=10 * LEAST, step=1)) == 64
    monkeypatch.setattr(threads.sys, "platform", "another")
    assert threads._processor_function() is None


def test_placing_threads_may_be_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("threads are not placed here")

    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    monkeypatch.setattr(threads, "_processor", lambda: 0)
    monkeypatch.setattr(threads, "_helpers", [])
    assert len(pieces(2, 64, work=10 * LEAST, step=1)) == 64


def test_the_allocator_can_be_left_alone() -> None:
    program = "from tinydl.backend.process import keep_memory; print(keep_memory())"
    assert run(program, TINYDL_MALLOPT="0").stdout.strip() == "False"
    expected = "True" if sys.platform == "linux" else "False"
    assert run(program).stdout.strip() == expected


def test_a_prediction_tells_the_allocator_too() -> None:
    program = """
from tinydl import *
from tinydl.backend.process import keep_memory
told = lambda: keep_memory.cache_info().currsize
net, before = dlnetwork([featureInputLayer(2), fullyConnectedLayer(1)]), told()
predict(net, dlarray(ones(2, 3), "CB"))
print(before, told())
"""
    assert run(program).stdout.split() == ["0", "1"]


LEAK = """
import gc, sys
from tinydl import *
gc.disable()  # a record has no cycles, so that nothing waits for the collector

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

net = dlnetwork([featureInputLayer(4), fullyConnectedLayer(8), batchNormalizationLayer(),
                 geluLayer(), fullyConnectedLayer(2)])
X, T, velocity = dlarray(randn(4, 16), "CB"), dlarray(randn(2, 16), "CB"), []

def loss_and_gradients(net, X, T):
    Y, state = forward(net, X)
    loss = mse(Y, T)
    return loss, dlgradient(loss, net.Learnables), state

def step(count):
    global net, velocity
    for _ in range(count):
        loss, gradients, net.State = dlfeval(loss_and_gradients, net, X, T)
        net, velocity = sgdmupdate(net, gradients, velocity)

step(1000)
before = resident()
step(10_000)
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is told by /proc")
def test_nothing_leaks_over_ten_thousand_steps() -> None:
    done = run(LEAK)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 2.0  # MiB: 200 bytes a step would show
