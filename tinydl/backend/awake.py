"""Processors that stay awake while threads wait for each other.

A processor with nothing to do goes to sleep, and waking it takes 30 to 150 µs where it is one of a
virtual machine, or deep asleep: as long as a thread's share of a loop. Libraries like OpenMP let
their threads wait in a loop of instructions therefore. A thread of Python cannot: to see whether
there is work it needs the interpreter, which the others are using.

So there is one more thread for each processor. It is the C library's, not Python's, it runs nothing
but pthread_spin_lock, which returns when somebody unlocks a word in memory, and its scheduling
class is SCHED_IDLE: it gets a processor only while nobody else wants it, at once gives it up, and
takes nothing from other programs but electricity.

This is for Linux. Elsewhere, and where the environment variable TINYDL_AWAKE is 0, nothing is done.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

MOST = 8
"""Programs on more processors let them sleep: one loop occupies few of them."""

_NEEDED = ("pthread_create", "pthread_detach", "pthread_setschedparam", "pthread_setaffinity_np")


class Awake:
    """The threads that keep some processors awake, between `begin` and `end`.

    One thread calls both; both may be called again and again.
    """

    def __init__(self, processors: set[int]) -> None:
        self.processors = processors
        self._c = ctypes.CDLL(None)
        for name in _NEEDED:
            getattr(self._c, name)  # an error now rather than in a helper
        self._words: dict[int, ctypes.c_int] = {}
        self._has_begun = False
        for processor in processors:
            word = self._words[processor] = ctypes.c_int()
            self._c.pthread_spin_init(ctypes.byref(word), 0)
            self._c.pthread_spin_lock(ctypes.byref(word))

    def begin(self) -> None:
        """Keep the processors awake from now on."""
        if self._has_begun:
            return
        self._has_begun = True
        for processor, word in self._words.items():
            # A thread that was told to end but has had no processor since is told to go on.
            if self._c.pthread_spin_trylock(ctypes.byref(word)) != 0:
                self._spin(processor, word)

    def end(self) -> None:
        """Let them sleep. Each thread ends when it next runs, and leaves its word locked."""
        if not self._has_begun:
            return
        self._has_begun = False
        for word in self._words.values():
            self._c.pthread_spin_unlock(ctypes.byref(word))

    def _spin(self, processor: int, word: ctypes.c_int) -> None:
        """A new thread that waits for a word on a processor."""
        thread = ctypes.c_ulong()
        body = ctypes.cast(self._c.pthread_spin_lock, ctypes.c_void_p)
        if self._c.pthread_create(ctypes.byref(thread), None, body, ctypes.byref(word)) != 0:
            return
        self._c.pthread_detach(thread)
        parameters = (ctypes.c_int * 16)()  # a struct sched_param: priority 0
        if self._c.pthread_setschedparam(thread, os.SCHED_IDLE, parameters) != 0:
            self._c.pthread_spin_unlock(ctypes.byref(word))  # it would compete: it has to end
            return
        mask = (ctypes.c_ulong * 128)()  # a cpu_set_t, of any size
        bits = 8 * ctypes.sizeof(ctypes.c_ulong)
        mask[processor // bits] = 1 << processor % bits
        self._c.pthread_setaffinity_np(thread, ctypes.c_size_t(ctypes.sizeof(mask)), mask)


def awake(processors: set[int]) -> Awake | None:
    """What keeps these processors awake; None where that is not possible, or not wanted."""
    if sys.platform != "linux" or os.environ.get("TINYDL_AWAKE", "1") == "0":
        return None
    if len(processors) > MOST or _has_limit():
        return None
    try:
        return Awake(processors)
    except (OSError, AttributeError):  # a C library without these functions
        return None


def _has_limit() -> bool:
    """Whether the system gives this program a limited share of processor time.

    The threads here would use it up.
    """
    for file in _limits():
        try:
            limit = file.read_text(encoding="ascii").split()[0]
        except (OSError, ValueError, IndexError):
            continue
        if limit not in ("max", "-1"):
            return True
    return False


def _limits() -> list[Path]:
    """The files that tell it, for the control group of this program and those around it."""
    root = Path("/sys/fs/cgroup")
    files = [root / "cpu.max", root / "cpu" / "cpu.cfs_quota_us"]
    try:
        told = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return files
    for line in told.splitlines():
        if line.startswith("0::/"):
            own = root / line.removeprefix("0::/")
            files += [group / "cpu.max" for group in (own, *own.parents) if root in group.parents]
    return files
