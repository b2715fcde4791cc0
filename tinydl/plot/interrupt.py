"""Ctrl-C as a wish to stop after the current step, instead of an exception in the middle of it."""

from __future__ import annotations

import contextlib
import signal
import threading
import weakref
from typing import Any


class Interrupt:
    """Whether Ctrl-C was pressed since listen(). The second time it is an exception as ever.

    Python tells only its main thread of Ctrl-C, so that listen() does nothing in others.
    """

    def __init__(self) -> None:
        self.seen = False
        self._end: Any = None

    def listen(self) -> None:
        """From now on notice Ctrl-C, once."""
        before = signal.getsignal(signal.SIGINT)
        is_main = threading.current_thread() is threading.main_thread()
        if self.seen or self._end is not None or before is None or not is_main:
            return
        self_if_alive = weakref.ref(self)

        def noticed(number: int, frame: Any) -> None:
            signal.signal(signal.SIGINT, before)
            one = self_if_alive()
            if one is not None:
                one.seen = True
            elif callable(before):
                before(number, frame)

        signal.signal(signal.SIGINT, noticed)
        self._end = weakref.finalize(self, _put_back, noticed, before)

    def ignore(self) -> None:
        """Leave Ctrl-C to what it did before listen()."""
        if self._end is not None:
            self._end()
            self._end = None


def _put_back(handler: Any, before: Any) -> None:
    if signal.getsignal(signal.SIGINT) is handler:
        with contextlib.suppress(ValueError):  # collected in another thread than the main one
            signal.signal(signal.SIGINT, before)
