"""The bytes of files that come from elsewhere, in memory that is in proportion to their size."""

from __future__ import annotations

import zlib
from pathlib import Path

MOST_TIMES = 100
"""How many times its size a file may grow when it is uncompressed; images grow 3 to 20 times."""

LEAST = 2**26
"""Bytes to which even the smallest file may grow, whatever it holds."""

GZIP, ZLIB = 31, 15
"""Which compressed streams there are, as zlib counts them."""


def contents(path: Path) -> bytes:
    """The bytes of a file. Raises ValueError for a device or pipe."""
    refuse_device(path)
    return path.read_bytes()


def refuse_device(path: Path) -> None:
    """Raise ValueError for a device or pipe, which may never begin or never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ValueError(f"{path} is a device or pipe; give the name of a file")


def most_of(size: int) -> int:
    """To how many bytes a file of a size may grow."""
    return max(LEAST, MOST_TIMES * size)


def uncompressed(content: bytes, most: int, kind: int) -> bytes:
    """What streams hold that follow one another, in at most so many bytes.

    Raises EOFError for one that is cut off, zlib.error for one that is damaged or is too large.
    """
    parts: list[bytes] = []
    while content:
        stream = zlib.decompressobj(kind)
        parts.append(stream.decompress(content, most + 1))
        most -= len(parts[-1])
        if most < 0:
            raise zlib.error("it would take far more memory than its size lets expect")
        if not stream.eof:
            raise EOFError("it ends before its mark")
        content = stream.unused_data.lstrip(b"\0")  # files may be filled up with zeros
    return b"".join(parts)
