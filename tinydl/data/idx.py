"""Files in the IDX format, in which MNIST and its relatives are published.

A file starts with two bytes of 0, the type of its numbers, and how many dimensions there are. The
size of each dimension follows as a whole number of four bytes, the most significant byte first,
then the numbers, the last dimension fastest. Published files are often compressed by gzip.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from tinydl.data.contents import GZIP, contents, most_of, uncompressed

_UNSIGNED_BYTE = 0x08
_TYPES = {0x09: "signed bytes", 0x0B: "16-bit whole numbers", 0x0C: "32-bit whole numbers",
          0x0D: "single precision numbers", 0x0E: "double precision numbers"}  # fmt: skip
_GZIPPED = b"\x1f\x8b"


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array of an IDX file of unsigned bytes, compressed by gzip or not. Read-only.

    Whether it is compressed is seen from its first bytes, whatever its name.

    Raises ValueError for a file of another format or type, for one that is cut off or damaged, and
    for one that would grow to more than a hundred times its size (and 64 MiB);
    IsADirectoryError and NotADirectoryError for a path that leads to a folder or through a file.
    """
    path = Path(path)
    content = _uncompressed(_content(path), path)
    if content[:2] != b"\0\0" or len(content) < 4:
        raise ValueError(
            f"{path} is no IDX file: it starts with the bytes {content[:4].hex(' ') or '(none)'}, "
            "not with 00 00, a type and the number of dimensions"
        )
    if content[2] != _UNSIGNED_BYTE:
        kind = _TYPES.get(content[2], f"the unknown type {content[2]:#04x}")
        raise ValueError(f"{path} holds {kind}; only IDX files of unsigned bytes are read")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path} is cut off: it ends within its header; fetch it again")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    found, announced = len(content) - start, math.prod(shape)
    if found != announced:
        what = "is cut off" if found < announced else "is too long"
        raise ValueError(
            f"{path} {what}: its header announces {'×'.join(map(str, shape))} = {announced} bytes, "
            f"{found} follow; fetch it again"
        )
    try:
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged: its header announces {len(shape)} dimensions, and no array is "
            f"made of them ({error}); fetch it again"
        ) from error


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not an IDX file; the file may lie in it")
    for above in path.parents:
        if above.is_file():
            raise NotADirectoryError(f"{path}: {above} is a file, not a folder; name it itself")
    return contents(path)


def _uncompressed(content: bytes, path: Path) -> bytes:
    if not content.startswith(_GZIPPED):
        return content
    try:
        return uncompressed(content, most_of(len(content)), GZIP)
    except (EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} is cut off or damaged, it cannot be uncompressed ({error}); fetch it again"
        ) from error
