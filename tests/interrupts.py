"""KeyboardInterrupt at chosen places, as Ctrl-C raises it: where a call begins or has returned."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from tests.checks import DRAWS

MANY = 40 * DRAWS


class _Counter:
    """Counts the places at which Python looks for signals, and raises the interrupt at one.

    Python looks for them when a function of its own begins and when one written in C has returned;
    a profile function is called at the same places.
    """

    def __init__(self, at: int | None) -> None:
        self.at, self.count = at, 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event not in ("call", "c_return") or frame.f_code.co_name == "__del__":
            return
        if argument is sys.setprofile:
            return
        self.count += 1
        if self.count == self.at:
            sys.setprofile(None)
            raise KeyboardInterrupt


def places(call: Callable[[], Any]) -> int:
    """At how many places a call can be interrupted."""
    counter = _Counter(None)
    sys.setprofile(counter)
    try:
        call()
    finally:
        sys.setprofile(None)
    return counter.count


def is_interrupted(call: Callable[[], Any], at: int) -> bool:
    """Whether the interrupt at the place with this number, from 1 on, left the call."""
    sys.setprofile(_Counter(at))
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


def every(count: int, most: int = MANY) -> Iterator[int]:
    """All places, or as many as are wanted, spread over all."""
    step = max(1.0, count / most)
    return iter(sorted({int(i * step) + 1 for i in range(min(count, most))}))
