"""save and load."""

from __future__ import annotations

import errno
import os
from typing import Any, BinaryIO

from tinydl.store.archive import Archive, FileFormatError, write
from tinydl.store.decode import Decoder
from tinydl.store.encode import Encoder
from tinydl.store.replace import replacing


def save(file: str | os.PathLike[str], /, *values: Any, **named: Any) -> None:
    """Values written to a file: networks, tables, arrays, numbers, text, and what is made of them.

    ``save("run.npz", net=net, vel=vel)`` writes values with names; load gives a dict of them.
    ``save("net.npz", net)`` writes one value without a name; load gives the value.

    Values are dlnetworks, layerGraphs and layers; tables such as Learnables, State, gradients and
    solver states; dlarrays; NumPy arrays of the classes single, double, logical and integer; None,
    logical values, numbers and text; and lists, tuples and dicts of those, such as the position of
    the random numbers, which rng() gives.

    The name is used as it is given; ``.npz`` is the usual suffix, and numpy.load reads the arrays
    too. The file is written beside its place and renamed at the end: an error leaves the old file
    as it was. Arrays on a graphics card are copied to the computer's own memory.

    Raises TypeError for what a file cannot hold (functions, layers of classes that are not
    registered, recorded values, other objects), and says where it stands; nothing is written then.
    Raises OSError if the file cannot be written.

    Example:
        >>> import tempfile
        >>> from tinydl import dlarray
        >>> from tinydl.store import load, save
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(f"{folder}/run.npz", X=dlarray([1, 2], "C"), epoch=3)
        ...     load(f"{folder}/run.npz")
        {'X': 2(C) × 1(U) dlarray
        [1. 2.], 'epoch': 3}
    """
    name = _name(file, "save")
    description, arrays = _described(values, named)
    try:
        with replacing(name) as stream:
            write(stream, description, arrays)
    except OSError as error:
        reason = f"save wrote nothing: {error.strerror or error}"
        raise OSError(error.errno, reason, name) from error


def load(file: str | os.PathLike[str], /) -> Any:
    """The values of a file that save wrote: a dict of those with names, or the one without.

    They are equal to the saved ones to the last bit, in class, size and labels; NumPy arrays may be
    written to. Layers of your own must be registered, as they were for save. Nothing in a file is
    executed, and a file cannot make load use much more memory than its size.

    Raises FileFormatError, a ValueError, for a file that is damaged, of another program or of a
    later version; FileNotFoundError and other OSErrors for one that cannot be opened.

    Example: see save.
    """
    name = _name(file, "load")
    if os.path.isdir(name):
        raise IsADirectoryError(errno.EISDIR, "load reads a file, and this is a folder", name)
    if os.path.exists(name) and not os.path.isfile(name):
        raise FileFormatError(f"{name}: this is a device or pipe; give the name of a file")
    with open(name, "rb") as stream:
        try:
            return _read(stream)
        except MemoryError:
            raise
        except FileFormatError as error:
            raise FileFormatError(f"{name}: {error}") from error.__cause__
        except Exception as error:  # a damaged file can make any part of the way back stumble
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise  # of the disk; EINVAL is of a place outside of the file
            raise FileFormatError(
                f"{name}: the file is damaged ({type(error).__name__}: {error}); take another copy "
                "of it, or save again"
            ) from error


def _name(file: Any, caller: str) -> str:
    name = os.fspath(file) if isinstance(file, (str, os.PathLike)) else None
    if not isinstance(name, str) or not name:
        given = repr(file) if isinstance(file, (str, bytes)) else f"a {type(file).__name__}"
        raise TypeError(
            f'{caller}: the first argument is the name of a file, such as "net.npz", not {given}'
        )
    return name


def _described(
    values: tuple[Any, ...], named: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The description of a file, and its arrays."""
    if len(values) + bool(named) != 1:
        raise TypeError(
            "save: give one value, save(file, net), or values with names, save(file, net=net, "
            f"vel=vel); {len(values)} without and {len(named)} with names were given"
        )
    if values and isinstance(values[0], str):
        raise TypeError(
            f"save: the value itself is needed, not its name {values[0][:40]!r}: save(file, net) "
            "or save(file, net=net); a text is saved with a name, save(file, text=…)"
        )
    encoder = Encoder()
    if values:
        value = encoder.encode(values[0], ("value",))
    else:
        value = {
            "type": "dict",
            "keys": list(named),
            "values": [encoder.encode(part, (key,)) for key, part in named.items()],
        }
    return {"value": value}, encoder.arrays


def _read(stream: BinaryIO) -> Any:
    archive = Archive(stream)
    value = Decoder(archive).decode(archive.description()["value"])
    archive.check_all_read()
    return value
