"""How long something took, and how that is written."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from tinydl.labels.options import named_options


@dataclass(frozen=True)
class Start:
    """A moment that tic remembered."""

    nanoseconds: int


_latest: Start | None = None


def tic() -> Start:
    """Start the clock, and give the moment for ``toc(start)``.

    Example:
        >>> from tinydl.plot import tic, toc
        >>> start = tic()
        >>> toc(start) >= 0
        True
    """
    global _latest
    _latest = Start(time.perf_counter_ns())
    return _latest


def toc(start: Start | None = None) -> float:
    """The seconds since the moment start, or since the latest tic().

    Raises RuntimeError if there was no tic(), TypeError for a start that tic() did not give.

    Example: see tic.
    """
    now = time.perf_counter_ns()
    if start is None:
        start = _latest
    if start is None:
        raise RuntimeError("toc: the clock was not started; call tic() first")
    if not isinstance(start, Start):
        raise TypeError(f"toc: start is {start!r}; it is what tic() gives: start = tic()")
    return (now - start.nanoseconds) * 1e-9


_UNITS = {"d": (86400, "days"), "h": (3600, "hr"), "m": (60, "min"), "s": (1, "sec")}
_FIELDS = ("dd:hh:mm:ss", "hh:mm:ss", "hh:mm", "mm:ss")
_MICROSECONDS = 10**6


class duration:
    """A length of time, which str() writes as Format says.

    hours, minutes and seconds are finite numbers and are added up. Format is one of "dd:hh:mm:ss",
    "hh:mm:ss", "hh:mm" and "mm:ss", where the first field takes what is left over and fractions of
    the last are cut off; or one of "d", "h", "m" and "s", one number with its unit. Durations are
    equal if they are equally long.

    Raises ValueError for other formats and numbers.

    Example:
        >>> from tinydl.plot import duration
        >>> str(duration(0, 0, 3725.9))
        '01:02:05'
        >>> str(duration(0, 1, 30, Format="m"))
        '1.5 min'
    """

    __slots__ = ("Format", "_seconds")

    @named_options
    def __init__(
        self, hours: float, minutes: float, seconds: float, *, Format: str = "hh:mm:ss"
    ) -> None:
        if Format not in _FIELDS and Format not in _UNITS:
            raise ValueError(
                f"duration: Format is one of {', '.join([*_FIELDS, *_UNITS])}, not {Format!r}"
            )
        total = 3600.0 * hours + 60.0 * minutes + seconds
        if not math.isfinite(total):
            raise ValueError(f"duration: {hours}, {minutes}, {seconds} are not all finite")
        self._seconds, self.Format = float(total), Format

    def __str__(self) -> str:
        if self.Format in _UNITS:
            length, unit = _UNITS[self.Format]
            return f"{self._seconds / length:.5g} {unit}"
        # Rounded to microseconds first: 1.13 hours are 4068 seconds, not 4067.999….
        left = round(abs(self._seconds) * _MICROSECONDS) // _MICROSECONDS
        lengths = [_UNITS[field[0]][0] for field in self.Format.split(":")]
        fields = []
        for length in lengths:
            fields.append(f"{left // length:02d}")
            left %= length
        return ("-" if self._seconds < 0 else "") + ":".join(fields)

    def __repr__(self) -> str:
        return str(self)

    def __eq__(self, other: object) -> bool:
        return self._seconds == other._seconds if isinstance(other, duration) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._seconds)
