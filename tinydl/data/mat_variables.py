"""The variables of a .mat file of version 5 to 7, uncompressed and looked through.

The reader in SciPy trusts what a file says of itself: it asks for memory before it looks, and marks
or sizes that are wrong can end the whole program. So they are checked here, before it reads.

A variable is a mark, a size, and parts; each of these too has a mark, a size, and its contents,
filled up to 8 bytes. A short part has its size in the upper half of the mark, and is 8 bytes long.
"""

from __future__ import annotations

import math
import struct

from tinydl.data.contents import ZLIB, most_of, uncompressed

_HEAD, _COMPRESSED = 128, 15  # bytes of text at the beginning; the mark of a compressed variable
_FLAGS, _SIZES, _NAME = 6, 5, 1  # the marks of the parts before the numbers
_CLASSES, _IS_COMPLEX = range(6, 16), 0x0800  # those of arrays of numbers
_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
"""The bytes of a number, by the mark of its kind."""


def expanded(content: bytes) -> bytes:
    """The same file without compression. Raises ValueError for variables that are none.

    Raises EOFError and zlib.error for one that cannot be uncompressed, or is too large.
    """
    if len(content) < _HEAD or 0 in content[:4]:
        return content  # version 4, which is read with care, or no such file
    order = "<" if content[126:128] == b"IM" else ">"
    if content[125 if content[126:127] == b"I" else 124] != 1:
        return content  # version 7.3, which is not read
    variables, place, left = [content[:_HEAD]], _HEAD, most_of(len(content))
    while place + 8 <= len(content):
        mark, size = struct.unpack(order + "2I", content[place : place + 8])
        variable = content[place : place + 8 + size]
        if mark == _COMPRESSED:
            variable = uncompressed(variable[8:], left, ZLIB)
        _check(_parts(variable[8:], order), order)
        variables.append(variable)
        left -= len(variable)
        place += 8 + size
    return b"".join([*variables, content[place:]])


def _parts(content: bytes, order: str) -> list[tuple[int, bytes]]:
    """The mark and the contents of each part."""
    found, place = [], 0
    while place + 8 <= len(content):
        mark, size = struct.unpack(order + "2I", content[place : place + 8])
        if mark >> 16:
            found.append((mark & 0xFFFF, content[place + 4 : place + 4 + min(4, mark >> 16)]))
            place += 8
            continue
        if size > len(content) - place - 8:
            raise ValueError("a part is longer than its variable")
        found.append((mark, content[place + 8 : place + 8 + size]))
        place += 8 + size + -size % 8
    return found


def _check(parts: list[tuple[int, bytes]], order: str) -> None:
    """Raise ValueError for an array of numbers whose parts do not fit; others are not read."""
    if not parts or len(parts[0][1]) != 8:
        raise ValueError("a variable does not say what it is")
    flags = struct.unpack(order + "I", parts[0][1][:4])[0]
    if flags & 0xFF not in _CLASSES:
        return
    count = 2 if flags & _IS_COMPLEX else 1
    if [mark for mark, _ in parts[:3]] != [_FLAGS, _SIZES, _NAME] or len(parts) != 3 + count:
        raise ValueError("an array has other parts than sizes, a name and numbers")
    sizes = parts[1][1]
    if len(sizes) < 8 or len(sizes) % 4:
        raise ValueError("an array has no sizes")
    elements = math.prod(struct.unpack(f"{order}{len(sizes) // 4}i", sizes))
    if any([len(content) != elements * _BYTES.get(mark, -1) for mark, content in parts[3:]]):
        raise ValueError("an array has more or fewer numbers than its sizes say")
