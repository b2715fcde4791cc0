"""Image files: which there are in a folder, and their numbers, read by Pillow."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinydl.data.contents import refuse_device

EXTENSIONS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "WEBP", "PCX", "ICO")
"""What is read, whatever a file is called. Pillow would give others to programs of the system."""

_AS_READ = {"1", "L", "RGB", "I", "F", "I;16", "I;16B", "I;16L"}
_CONVERTED = {"LA": "L", "La": "L"}  # what has no name here becomes RGB


def image_files(location: Any, subfolders: bool, extensions: Sequence[str]) -> list[str]:
    """The image files of a folder, in the order of their names, or those that are listed.

    Raises FileNotFoundError for a folder or file that is missing or a folder without images.
    """
    if isinstance(location, (list, tuple)):
        files = [os.fspath(file) for file in location]
        missing = next((file for file in files if not os.path.isfile(file)), None)
        if missing is not None:
            raise FileNotFoundError(f"imageDatastore: there is no file {missing}")
        return files
    if not isinstance(location, (str, os.PathLike)) or not os.fspath(location):
        raise TypeError(
            f"imageDatastore: the location is a folder, a file or a list of files, not {location!r}"
        )
    path = Path(location).expanduser()
    if path.is_file():
        return [os.fspath(path)]
    if not path.is_dir():
        raise FileNotFoundError(f"imageDatastore: there is no folder {path}")
    found = [file for file in (_below(path) if subfolders else path.iterdir())
             if file.suffix.lower() in extensions and file.is_file()]  # fmt: skip
    if not found:
        more = "" if subfolders else "; IncludeSubfolders=True looks into the folders in it"
        raise FileNotFoundError(
            f"imageDatastore: {path} has no files with the endings {' '.join(extensions)}{more}"
        )
    return [os.fspath(file) for file in sorted(found, key=lambda file: file.parts)]


def _below(folder: Path) -> Iterator[Path]:
    """All that is in a folder and in those in it, however deep; links to folders are not followed.

    A folder that may not be read is left out.
    """
    waiting = [folder]
    while waiting:
        with contextlib.suppress(PermissionError):
            for path in waiting.pop().iterdir():
                if path.is_dir() and not path.is_symlink():
                    waiting.append(path)
                yield path


def read_image(file: str | os.PathLike[str]) -> np.ndarray:
    """The image of a file: height × width × channels, in the class in which the file has it.

    There is one channel for grey images and three for those with colours; images with a palette or
    with other colours are converted to red, green and blue, and transparency is left out. The class
    is mostly uint8, from 0 to 255.

    Raises ImportError without Pillow, FileNotFoundError for a missing file, ValueError for a file
    that is no image, is damaged, or says that it has more pixels than Pillow takes for harmless.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ImportError(
            f"images are read by Pillow ({error}); install it with pip install tinydl[data]"
        ) from error
    refuse_device(Path(file))
    try:
        with Image.open(file, formats=_FORMATS) as image:
            image.load()
            mode = image.mode
            kept = image if mode in _AS_READ else image.convert(_CONVERTED.get(mode, "RGB"))
            pixels = np.array(kept)
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{file} is no image of a format that is read, which are {', '.join(_FORMATS)}; give a "
            "ReadFcn=… for others"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(
            f"{file} is damaged or too large ({error}); for large images set "
            "PIL.Image.MAX_IMAGE_PIXELS"
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # a damaged file can make any part of Pillow stumble
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # of the disk; EINVAL is of a place outside of the file
        raise ValueError(f"{file} is cut off or damaged ({error}); take another copy") from error
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]
