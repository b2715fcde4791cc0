"""A new file that takes an old one's place when it is complete, and leaves no trace otherwise."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from typing import BinaryIO


@contextlib.contextmanager
def replacing(file: str) -> Iterator[BinaryIO]:
    """A stream whose contents become the file when the block ends without an error.

    Until then they have another name in the same folder, so that renaming does not copy; a reader
    sees the old file or the new one, never a part. An error removes what was written.
    """
    target = os.path.realpath(file)  # a link stays a link, to the new contents
    check_target(file, target)
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".tinydl-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # the contents reach the disk before the name does
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
    _sync_folder(folder)


def check_target(file: str, target: str) -> None:
    """Raise an OSError if there is something that a file must not take the place of."""
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, "this is a folder; add the name of a file", file)
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "there is no such folder; make it first", folder)
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(errno.EINVAL, "this is a device or pipe; give the name of a file", file)
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is protected from being written to", file)


def _sync_folder(folder: str) -> None:
    """Bring the new name to the disk. Where a folder cannot be synchronized the system does it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
