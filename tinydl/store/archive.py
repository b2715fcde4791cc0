"""The file: a zip archive of .npy arrays, one of which is a description in JSON.

numpy.load opens it too. Nothing in it is ever executed. Its entries are not compressed, and no two
share bytes, so what a file says can never take much more memory than the file has bytes.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

FORMAT, VERSION = "tinydl", 1
DESCRIPTION = "description.json"

CLASSES = ("float32", "float64", "bool", "int8", "int16", "int32", "int64",
           "uint8", "uint16", "uint32", "uint64")  # fmt: skip
NATIVE = {np.dtype(name): name for name in CLASSES}
"""The classes of arrays that files hold, as this machine keeps them."""

_STORED = {name: np.dtype(name).newbyteorder("<") for name in CLASSES}
_CLASS_OF = {dtype: np.dtype(name) for name, dtype in _STORED.items()}

_OTHERS = {
    b"\x93NUMPY": "a single NumPy array; read it with numpy.load",
    b"MATLAB": "a MATLAB file; read it with scipy.io.loadmat",
    b"\x89HDF": "an HDF5 file; read it with h5py",
    b"\x80": "a pickle, which can run any program when it is read",
}


class FileFormatError(ValueError):
    """A file that load cannot read: damaged, from another program, or from a later version."""


def write(stream: BinaryIO, description: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """An archive of the arrays by their names. Equal contents give equal bytes, at any time."""
    text = json.dumps({"format": FORMAT, "version": VERSION, **description}, allow_nan=False)
    entries = {DESCRIPTION: np.frombuffer(text.encode("ascii"), np.uint8), **arrays}
    archive = zipfile.ZipFile(stream, "w")
    try:
        for name, array in entries.items():
            stored = array.astype(_STORED[NATIVE[array.dtype]], copy=False)
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, stored, allow_pickle=False)
        archive.close()
    except BaseException:
        archive.fp = None  # closing what is half written would raise, in the place of an interrupt
        raise


class Archive:
    """An archive that is open for reading."""

    def __init__(self, stream: BinaryIO) -> None:
        _refuse_others(stream.read(8))
        size = stream.seek(0, io.SEEK_END)
        self._zip = zipfile.ZipFile(stream)
        entries = self._zip.infolist()
        self._unread = {entry.filename: entry for entry in entries}
        if f"{DESCRIPTION}.npy" not in self._unread:
            raise FileFormatError("this was not written by save: it has no description; arrays in "
                                  "a file of NumPy are read with numpy.load")  # fmt: skip
        is_packed = any([entry.compress_type != zipfile.ZIP_STORED for entry in entries])
        if is_packed or sum([entry.file_size for entry in entries]) > size:
            raise FileFormatError("this was not written by save: its entries are compressed, or "
                                  "overlap; save it again with tinydl")  # fmt: skip

    def description(self) -> dict[str, Any]:
        """What the arrays mean."""
        text = self.array(DESCRIPTION).tobytes().decode("ascii")
        description = json.loads(text)
        if not isinstance(description, dict) or description.get("format") != FORMAT:
            raise FileFormatError("this was not written by save: its description is another one")
        if description.get("version") != VERSION:
            raise FileFormatError(
                f"its format has the version {description.get('version')!r}, and this tinydl reads "
                f"version {VERSION}; update tinydl"
            )
        return description

    def array(self, name: str) -> np.ndarray:
        """One array, in memory of its own. Each can be read once."""
        entry = self._unread.pop(f"{name}.npy", None)
        if entry is None:
            raise FileFormatError(f"its array {name!r} is missing, or used twice; take another "
                                  "copy of the file")  # fmt: skip
        data = self._zip.read(entry)  # as many bytes as the file has; their checksum is tested
        stream = io.BytesIO(data)
        if np.lib.format.read_magic(stream) != (1, 0):
            raise FileFormatError(f"its array {name!r} has a header that save does not write")
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        start = stream.tell()
        if dtype not in _CLASS_OF:
            raise FileFormatError(f"its array {name!r} has the class {dtype}, which save never "
                                  "writes, and load never reads")  # fmt: skip
        if min(shape, default=0) < 0 or start + math.prod(shape) * dtype.itemsize != len(data):
            raise FileFormatError(f"its array {name!r} has {len(data) - start} bytes, which do not "
                                  f"fit {dtype} of the size {shape}")  # fmt: skip
        array = np.ndarray(shape, dtype, data, start, order="F" if is_fortran else "C")
        if dtype == np.bool_ and (array.view(np.uint8) > 1).any():
            raise FileFormatError(f"its array {name!r} is logical, with bytes beside 0 and 1")
        return array.astype(_CLASS_OF[dtype])

    def check_all_read(self) -> None:
        """Raise an error if there is an array that the description does not speak of."""
        if self._unread:
            raise FileFormatError(f"its description does not know {next(iter(self._unread))!r}; "
                                  "take another copy of the file")  # fmt: skip


def _refuse_others(start: bytes) -> None:
    """Raise an error unless a file begins as a zip archive, and say what it is instead."""
    if not start:
        raise FileFormatError("this is an empty file; take another copy, or save again")
    for magic, kind in _OTHERS.items():
        if start.startswith(magic):
            raise FileFormatError(f"this was not written by save: it begins as {kind}")
    if not start.startswith(b"PK\x03\x04"):
        raise FileFormatError("this was not written by save: it is no archive of arrays")
