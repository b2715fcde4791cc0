"""Which recording is open in a thread: that of the dlfeval that is running."""

from __future__ import annotations

import threading

from tinydl.autodiff import Record


class _Current(threading.local):
    record: Record | None = None


current = _Current()
