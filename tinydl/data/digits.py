"""Images of digits for training and for testing, under the names of MATLAB's data set.

MATLAB's own images are not free, so these are others. By default they are drawn on the spot; the
user's own MATLAB images or MNIST are read from the disk.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import numpy as np

from tinydl.data import pen
from tinydl.data.categorical import categorical
from tinydl.data.digits_folder import DigitImages, is_digits_folder, read_digits_folder
from tinydl.data.digits_mat import read_digits_mat
from tinydl.data.idx import read_idx

_VARIABLE = "TINYDL_DIGITS"
_COUNT = 5000
_SEEDS = {"train": 20200901, "test": 20200902}
_MNIST_NAMES = {"train": "train", "test": "t10k"}
_DIGITS = tuple("0123456789")
_SOURCES = (
    "the sources are 'synthetic', which needs no files, MATLAB's DigitDataset folder, a .mat file "
    "with its images, and a folder with the IDX files of MNIST"
)


def digitTrain4DArrayData(
    source: str | os.PathLike[str] | None = None,
) -> tuple[np.ndarray, categorical, np.ndarray | None]:
    """The images of digits to train with, their labels, and the angles they are rotated by.

    X is 28×28×1×N, of class double between 0 and 1. The labels are categorical with the categories
    "0" … "9". The angles are N×1, whole degrees from −45 to 45, clockwise positive.

    source says where the images are from:

        None                what the environment variable TINYDL_DIGITS says, else "synthetic"
        "synthetic"         5000 images, 500 of each digit, drawn by tinydl: not MATLAB's images
        a folder's path     MATLAB's DigitDataset folder, with digitTrain.csv and digitTest.csv; the
                            angles are None where those do not have them
        a .mat file's path  the images that MATLAB wrote there; docs/matlab_data.md says how
        a folder's path     the IDX files of MNIST, compressed or not; all that are in them, 60000
                            for training and 10000 for testing. The angles are None.

    X is new at every call. An image lies in one piece in memory, so that ``X[:, :, :, idx]`` is
    fast: X is a view whose last dimension is the slowest.

    Raises FileNotFoundError for a folder or file that is missing, NotADirectoryError for a file
    where the folder is expected, ValueError for damaged files, ImportError without Pillow for the
    DigitDataset folder.

    Example:
        >>> from tinydl.data import digitTrain4DArrayData
        >>> X, labels, angles = digitTrain4DArrayData("synthetic")
        >>> X.shape, labels.shape, angles.shape
        ((28, 28, 1, 5000), (5000,), (5000, 1))
    """
    return _load("train", source)


def digitTest4DArrayData(
    source: str | os.PathLike[str] | None = None,
) -> tuple[np.ndarray, categorical, np.ndarray | None]:
    """The images of digits to test with, their labels and angles: as digitTrain4DArrayData.

    Example:
        >>> from tinydl.data import digitTest4DArrayData
        >>> X, labels, angles = digitTest4DArrayData("synthetic")
        >>> (labels == "7").sum()
        np.int64(500)
    """
    return _load("test", source)


def _load(
    part: str, source: str | os.PathLike[str] | None
) -> tuple[np.ndarray, categorical, np.ndarray | None]:
    stored = _stored(part, source)
    pixels = stored.pixels / 255.0 if stored.pixels.dtype == np.uint8 else stored.pixels
    X = pixels[:, :, :, None].transpose(1, 2, 3, 0)
    angles = None if stored.angles is None else stored.angles.reshape(-1, 1).copy()
    return X, categorical(stored.digits, range(10), _DIGITS), angles


def _stored(part: str, source: Any) -> DigitImages:
    place, asked_by = source, "the argument source"
    if place is None:
        place = os.environ.get(_VARIABLE) or "synthetic"
        asked_by = f"the environment variable {_VARIABLE}"
    if not isinstance(place, (str, os.PathLike)) or not os.fspath(place):
        raise TypeError(f"source is {source!r}; {_SOURCES}")
    if os.fspath(place) == "synthetic":
        return _synthetic(part)
    path = Path(place).expanduser()
    if path.is_file() and path.suffix.lower() == ".mat":
        return read_digits_mat(path, part)
    folder = _folder(path, asked_by)
    return read_digits_folder(folder, part) if is_digits_folder(folder) else _mnist(part, folder)


def _folder(path: Path, asked_by: str) -> Path:
    """The path, if it leads to a folder."""
    if path.is_file():
        raise NotADirectoryError(
            f"{asked_by} names {path}, which is a file; name the folder it lies in"
        )
    if not path.is_dir():
        raise FileNotFoundError(f"{asked_by} names {path}, which does not exist; {_SOURCES}")
    return path


@functools.cache
def _synthetic(part: str) -> DigitImages:
    """Drawn once in a process, and kept as bytes that nobody can write to."""
    drawn = pen.draw_digits(_COUNT, _SEEDS[part])
    for array in drawn:
        array.flags.writeable = False
    return DigitImages(*drawn)


def _mnist(part: str, folder: Path) -> DigitImages:
    images_file = _mnist_file(folder, f"{_MNIST_NAMES[part]}-images", "idx3-ubyte")
    labels_file = _mnist_file(folder, f"{_MNIST_NAMES[part]}-labels", "idx1-ubyte")
    pixels, digits = read_idx(images_file), read_idx(labels_file)
    if pixels.ndim != 3 or pixels.shape[1:] != (pen.SIZE, pen.SIZE):
        raise ValueError(
            f"{images_file} holds an array of {'×'.join(map(str, pixels.shape))}, not N images of "
            f"{pen.SIZE}×{pen.SIZE}"
        )
    if digits.shape != pixels.shape[:1]:
        raise ValueError(
            f"{labels_file} holds an array of {'×'.join(map(str, digits.shape))}, not one label "
            f"for each of the {len(pixels)} images"
        )
    if (digits > 9).any():
        raise ValueError(f"{labels_file} holds the label {digits.max()}; digits are 0 to 9")
    return DigitImages(pixels, digits, None)


def _mnist_file(folder: Path, name: str, kind: str) -> Path:
    """One file of MNIST, which is about under four names."""
    spellings = [f"{name}{sep}{kind}{end}" for sep in "-." for end in ("", ".gz")]
    there = [folder / spelling for spelling in spellings if (folder / spelling).exists()]
    if not there:
        raise FileNotFoundError(f"{folder} has no file {' or '.join(spellings)}")
    return min(there, key=Path.is_dir)  # some archives wrap a file in a folder of the same name
