"""The digits of a MATLAB installation: image files, and tables that say what they show.

``digitTrain.csv`` and ``digitTest.csv`` have a row for each image: its file, as ``image``, its
``digit``, and in some releases its ``angle`` in degrees. The files lie in the same folder, or in
a folder in it that is named after their digit.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinydl.data.contents import contents
from tinydl.data.image_files import read_image
from tinydl.data.pen import SIZE
from tinydl.labels import format as formats

_TABLES = {"train": "digitTrain.csv", "test": "digitTest.csv"}
_LONGEST = 255  # characters in the name of a file


class DigitImages(NamedTuple):
    """Images one after the other: bytes, or numbers from 0 to 1."""

    pixels: np.ndarray  # N×28×28
    digits: np.ndarray  # N
    angles: np.ndarray | None  # N


def is_digits_folder(folder: Path) -> bool:
    """Whether a folder is MATLAB's DigitDataset folder."""
    return any([(folder / table).exists() for table in _TABLES.values()])


def read_digits_folder(folder: Path, part: str) -> DigitImages:
    """The images of a part, "train" or "test", in the order of its table.

    Raises FileNotFoundError for a table or image that is missing, ValueError for a table without
    the columns image and digit or with other contents, such as names that lead out of the folder,
    and for images of another size.
    """
    table = folder / _TABLES[part]
    rows = _rows(table)
    digits = np.array([_number(row, "digit", table) for row in rows])
    if not np.isin(digits, np.arange(10)).all():
        raise ValueError(f"{table}: digits are 0 to 9; there are {np.unique(digits).tolist()}")
    files = [_file(table, row["image"], int(digit))
             for row, digit in zip(rows, digits, strict=True)]  # fmt: skip
    angles = None
    if "angle" in rows[0]:
        angles = np.array([_number(row, "angle", table) for row in rows])
    return DigitImages(np.stack([_pixels(file) for file in files]), digits.astype(int), angles)


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        text = io.StringIO(contents(table).decode("utf-8-sig"), newline="")
        reader = csv.DictReader(text, skipinitialspace=True, strict=True)
        rows, columns = list(reader), list(reader.fieldnames or [])
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{table.parent} has no {table.name}; it is in MATLAB's DigitDataset folder"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is no table of text with commas ({error})") from error
    if not rows or "image" not in columns or "digit" not in columns:
        raise ValueError(f"{table} needs rows with the columns image and digit; it has {len(rows)} "
                         f"rows with {', '.join(columns) or 'none'}")  # fmt: skip
    return rows


def _number(row: dict[str, str], column: str, table: Path) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{table}: the {column} {row[column]!r} is no number")
    return value


def _file(table: Path, name: str | None, digit: int) -> Path:
    folder = table.parent
    if not name or len(name) > _LONGEST or name in (".", "..") or set(name) & set("/\\:\0"):
        shown = repr(name if name is None else name[:_LONGEST])
        raise ValueError(f"{table}: the image {shown} is no name of a file in {folder}")
    there = [path for path in (folder / name, folder / str(digit) / name) if path.is_file()]
    if not there:
        raise FileNotFoundError(f"{folder} has no image {name}, nor has {folder / str(digit)}")
    return there[0]


def _pixels(file: Path) -> np.ndarray:
    image = read_image(file)
    if image.shape != (SIZE, SIZE, 1) or image.dtype != np.uint8:
        raise ValueError(f"{file} is {formats.describe('', image.shape)} {image.dtype}, not a grey "
                         f"image of {SIZE} × {SIZE} bytes")  # fmt: skip
    return image[:, :, 0]
