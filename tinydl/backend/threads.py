"""Work shared among threads: pieces of one loop, claimed from a counter.

NumPy lets go of the interpreter while it computes, so that two calls on two halves of an array run
at the same time. The thread that asks takes part: it claims piece after piece, and so does every
helper that wakes up in time. A helper that the system lets wait delays nothing but its own piece.

What the pieces are depends on the work alone, never on the number of threads. Sums that are added
up piece by piece have the same bits for any number of them.

A call on a piece should last 20 µs or more. Threads that come back to the interpreter more often
than that spend their time waiting for each other.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import queue
import sys
import threading
from collections.abc import Callable

import numpy as np

from tinydl.backend.awake import Awake, awake

Work = Callable[[int, int], object]

LEAST = 100_000
"""How much work makes a piece: additions of two numbers that lie in the cache, or as long."""

LEAD = 60_000
"""How much less work the last piece is: a helper begins some 10 µs after the thread that asks."""

MOST = 8
"""Into how many pieces a loop is cut whose caller does not say where."""

PATIENCE = 0.02
"""For how many seconds after a loop the processors are kept awake for the next."""


def par(n: int, work_on: Work, *, work: int, step: int | None = None) -> None:
    """work_on(first, end) for pieces that together make up range(n).

    work says how much there is in all, in the unit of LEAST: little work is one piece. With step
    each piece but the last has that length.

    An error in any piece is raised when all threads have let go of the loop.
    """
    if step is None:
        step = _step(n, work)
    if _count == 1 or n <= step or work < 2 * LEAST:
        for first in range(0, n, step):
            work_on(first, min(n, first + step))
        return
    loop = _Loop(n, step, work_on)
    for helper in _helpers_for(-(-n // step) - 1):
        helper.inbox.put(loop)
    loop.take_part()
    loop.wait_for_helpers()


def _step(n: int, work: int) -> int:
    """The length of the pieces: an even number of them, as two processors are usual.

    Two where there is just enough to do for that. Only those that stay long become more.

    They are equal but for the last one, which is the helper's as a rule. A helper begins later, and
    had better be done before: the thread that asks would sleep until then, and wake up late.
    """
    pieces = max(1, min(MOST, max(work // (3 * LEAST), min(2, work // LEAST))))
    pieces -= pieces % 2 if pieces > 1 else 0
    lead = n * LEAD // max(1, work)
    return max(-(-n // pieces), (n + lead) // pieces) or 1


class _Loop:
    """One loop that threads take part in."""

    __slots__ = ("_claim", "_error", "_helping", "n", "step", "work_on")

    def __init__(self, n: int, step: int, work_on: Work) -> None:
        self.n, self.step, self.work_on = n, step, work_on
        self._claim = itertools.count(0, step).__next__  # a single step for the interpreter
        self._helping: list[threading.Lock] = []  # a lock for each helper, held while it works
        self._error: BaseException | None = None

    def take_part(self) -> None:
        """Work on pieces as long as there are some; an error ends the loop for all threads."""
        try:
            while (first := self._claim()) < self.n:
                self.work_on(first, min(self.n, first + self.step))
        except BaseException as error:
            self._error = error
            self._claim = itertools.repeat(self.n).__next__

    def help(self) -> None:
        """Take part as a helper, if there is anything left to do."""
        busy = threading.Lock()
        busy.acquire()
        self._helping.append(busy)
        self.take_part()
        busy.release()

    def wait_for_helpers(self) -> None:
        """Until those have finished that had begun; who begins later finds nothing to do."""
        for busy in tuple(self._helping):
            busy.acquire()
        if self._error is not None:
            raise self._error


class _Helper(threading.Thread):
    """A thread that waits for loops. It ends with the program."""

    def __init__(self, keeper: Awake | None) -> None:
        super().__init__(name="tinydl helper", daemon=True)
        self.inbox: queue.SimpleQueue[_Loop] = queue.SimpleQueue()
        self.avoided: int | None = None  # the processor that it stays away from
        self.keeper = keeper
        self.start()

    def run(self) -> None:
        with np.errstate(all="ignore"):  # as `computing` has it
            while True:
                self._next().help()

    def _next(self) -> _Loop:
        """The next loop. The processors are kept awake until none has come for some time."""
        if self.keeper is not None and _count >= len(self.keeper.processors):
            self.keeper.begin()
            try:
                return self.inbox.get(timeout=PATIENCE)
            except queue.Empty:
                self.keeper.end()
        return self.inbox.get()


_helpers: list[_Helper] = []


def _helpers_for(pieces: int) -> list[_Helper]:
    """As many helpers as can be of use, off the processor on which this thread runs."""
    while len(_helpers) < _count - 1:
        _helpers.append(_Helper(None if _helpers else awake(_processors())))
    helpers = _helpers[: min(pieces, _count - 1)]
    if _processor is not None:
        here = _processor()
        for helper in helpers:
            if helper.avoided != here:
                _keep_off(helper, here)
    return helpers


# ---- where threads run: Linux tends to wake a helper on the processor that wakes it -------------


def _processor_function() -> Callable[[], int] | None:
    """A function that tells the processor this thread runs on, where there is one."""
    if not (sys.platform == "linux" and hasattr(os, "sched_setaffinity")):
        return None
    try:
        function = ctypes.CDLL(None).sched_getcpu
    except (OSError, AttributeError):
        return None
    return function if function() >= 0 else None


def _keep_off(helper: _Helper, processor: int) -> None:
    """Let a helper run on every processor of the program but one."""
    others = _processors() - {processor}
    if others and helper.native_id is not None:
        try:
            os.sched_setaffinity(helper.native_id, others)
        except OSError:  # not allowed here: the system places it
            pass
    helper.avoided = processor


def _processors() -> set[int]:
    """The processors on which this program may run."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


_processor = _processor_function()


# ---- how many threads there are -----------------------------------------------------------------


def set_num_threads(count: int) -> None:
    """How many threads tinydl computes with on the CPU, this one included.

    The default is the number of processors that the program may use, or the environment variable
    TINYDL_NUM_THREADS, which is read when tinydl is imported. Results are the same to the last bit
    for every number. While dlfeval, forward and predict run, the matrix library below NumPy
    (OpenBLAS) is limited to one thread of its own, because its threads and these would compete;
    afterwards it has as many as before.

    Example:
        >>> from tinydl import get_num_threads, set_num_threads
        >>> before = get_num_threads()
        >>> set_num_threads(1)
        >>> get_num_threads()
        1
        >>> set_num_threads(before)
    """
    global _count
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"set_num_threads: the number of threads is an integer from 1 on, not "
                         f"{count!r}")  # fmt: skip
    _count = int(count)


def get_num_threads() -> int:
    """How many threads tinydl computes with on the CPU; see set_num_threads.

    Example:
        >>> from tinydl import get_num_threads
        >>> get_num_threads() >= 1
        True
    """
    return _count


def _from_environment() -> int:
    """The number of threads that a program starts with."""
    told = os.environ.get("TINYDL_NUM_THREADS", "")
    if not told:
        return len(_processors())
    if not (told.isascii() and told.isdigit() and int(told) >= 1):
        raise ValueError(f"TINYDL_NUM_THREADS is a whole number from 1 on, not {told!r}")
    return int(told)


_count = _from_environment()


def _forget_helpers() -> None:
    """A forked process has none of its parent's threads."""
    _helpers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)
