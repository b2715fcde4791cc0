"""Processors that stay awake while threads wait for each other."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tinydl import get_num_threads, set_num_threads
from tinydl.backend import awake as module
from tinydl.backend import threads
from tinydl.backend.awake import Awake, awake
from tinydl.backend.threads import LEAST, par

if sys.platform != "linux":
    pytest.skip("processors are kept awake on Linux alone", allow_module_level=True)

HERE = os.sched_getaffinity(0)


def idle_threads() -> list[int]:
    """The threads of this process that run only while nobody else wants a processor."""
    found = []
    for name in os.listdir("/proc/self/task"):
        try:
            if os.sched_getscheduler(int(name)) == os.SCHED_IDLE:
                found.append(int(name))
        except OSError:  # it has ended meanwhile
            pass
    return found


def becomes(condition: Callable[[], bool]) -> bool:
    """Whether a condition holds within some seconds."""
    until = time.monotonic() + 60
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True


@pytest.fixture
def keeper() -> Iterator[Awake]:
    """What keeps two processors awake, or one twice; whoever else does it sleeps meanwhile."""
    assert becomes(lambda: not idle_threads())
    found = Awake(set(sorted(HERE)[:2]))
    found.begin()
    if not idle_threads():
        pytest.skip("this system allows no threads of the class SCHED_IDLE")
    found.end()
    assert becomes(lambda: not idle_threads())
    yield found
    found.end()
    assert becomes(lambda: not idle_threads())


def test_a_thread_for_each_processor_between_begin_and_end(keeper: Awake) -> None:
    for _ in range(3):
        keeper.begin()
        waiting = idle_threads()
        assert len(waiting) == len(keeper.processors)
        placed = [os.sched_getaffinity(thread) for thread in waiting]
        assert sorted(map(tuple, placed)) == [(p,) for p in sorted(keeper.processors)]
        keeper.begin()
        assert sorted(idle_threads()) == sorted(waiting)
        keeper.end()
        assert becomes(lambda: not idle_threads())
        keeper.end()


def test_threads_do_not_pile_up_where_end_and_begin_follow_each_other(keeper: Awake) -> None:
    most = 0
    for _ in range(2000):
        keeper.begin()
        most = max(most, len(idle_threads()))
        keeper.end()
    assert most < 20  # some that have taken their word may not have left when the next one comes
    assert becomes(lambda: not idle_threads())


def test_a_loop_keeps_them_awake_for_a_while(
    keeper: Awake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_helpers", [])
    monkeypatch.setattr(threads, "awake", lambda processors: keeper)
    monkeypatch.setattr(threads, "PATIENCE", 0.5)  # long enough to be seen
    before = get_num_threads()
    meeting = threading.Barrier(2, timeout=60)
    try:
        set_num_threads(2)
        for _ in range(2):
            par(2, lambda first, end: meeting.wait(), work=10 * LEAST, step=1)
            assert becomes(lambda: bool(idle_threads()))
            assert becomes(lambda: not idle_threads())
    finally:
        set_num_threads(before)


def test_a_thread_that_would_compete_ends(keeper: Awake, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return (lambda *_: 1) if name == "pthread_setschedparam" else getattr(keeper._c, name)

    count = len(os.listdir("/proc/self/task"))
    refused = Awake(keeper.processors)
    refused._c = Refusing()  # type: ignore[assignment]
    for _ in range(3):
        refused.begin()
        assert becomes(lambda: len(os.listdir("/proc/self/task")) <= count)
        refused.end()


def test_where_it_is_not_done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_limits", list)
    assert isinstance(awake({0}), Awake)
    assert awake(set(range(module.MOST + 1))) is None
    for text, expected in [("max 100000\n", False), ("-1\n", False), ("150000 100000\n", True),
                           ("50000\n", True), ("", False)]:  # fmt: skip
        (tmp_path / "limit").write_text(text)
        files = [tmp_path / "none", tmp_path / "limit"]
        monkeypatch.setattr(module, "_limits", lambda files=files: files)
        assert (awake({0}) is None) == expected, text
    monkeypatch.setattr(module, "_limits", list)
    monkeypatch.setenv("TINYDL_AWAKE", "0")
    assert awake({0}) is None
    monkeypatch.setenv("TINYDL_AWAKE", "1")
    monkeypatch.setattr(module.ctypes, "CDLL", lambda _: object())  # a C library without threads
    assert awake({0}) is None
    monkeypatch.setattr(module.sys, "platform", "another")
    assert awake({0}) is None


def test_limits_of_the_groups_around_the_program_count(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "4:memory:/other\n0::/user.slice/lab.scope\n"
    monkeypatch.setattr(Path, "read_text", lambda self, encoding: told)
    found = [str(file) for file in module._limits()]
    assert found[:2] == ["/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"]
    assert found[2:] == ["/sys/fs/cgroup/user.slice/lab.scope/cpu.max",
                         "/sys/fs/cgroup/user.slice/cpu.max"]  # fmt: skip


def test_the_program_ends_while_they_are_awake() -> None:
    program = """
from tinydl import set_num_threads
from tinydl.backend.threads import LEAST, par
set_num_threads(2)
par(100, lambda first, end: None, work=10 * LEAST, step=1)
"""
    for _ in range(5):
        subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=300)
