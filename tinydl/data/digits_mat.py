"""The digits of a MATLAB installation, from a file that MATLAB wrote.

The file has, for each part, the images X, 28×28×1×N from 0 to 1 (or uint8), the digits as numbers,
and perhaps the angles: XTrain, digitsTrain, anglesTrain, XTest, digitsTest, anglesTest.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from tinydl.data.contents import contents
from tinydl.data.digits_folder import DigitImages
from tinydl.data.mat_variables import expanded
from tinydl.data.pen import SIZE
from tinydl.labels import format as formats

_RECIPE = 'save("digits.mat", "XTrain", "digitsTrain", …, "-v7") with digitsTrain = ' \
          "double(string(labels))"  # fmt: skip
_NUMBERS = {"double", "single", "logical", "int8", "uint8", "int16", "uint16", "int32", "uint32",
            "int64", "uint64"}  # fmt: skip


def read_digits_mat(file: Path, part: str) -> DigitImages:
    """The images of a part, "train" or "test", of a .mat file.

    Raises ValueError for a file of version 7.3 or a damaged one, for one that would grow to more
    than a hundred times its size (and 64 MiB), for variables that are missing, and for those of
    another class, size or range.
    """
    end = part.capitalize()
    read = _variables(file, [f"X{end}", f"digits{end}", f"angles{end}"])
    X, digits, angles = (read.get(name) for name in (f"X{end}", f"digits{end}", f"angles{end}"))
    if X is None or digits is None:
        raise ValueError(f"{file} has no X{end} and digits{end}; write them in MATLAB by {_RECIPE}")
    X = _images(X, f"{file}: X{end}")
    if digits.dtype.kind not in "iuf" or digits.size != len(X) or not _are_digits(digits):
        raise ValueError(
            f"{file}: digits{end} is {formats.describe('', digits.shape)} {digits.dtype}; it is a "
            f"number from 0 to 9 for each of the {len(X)} images"
        )
    if angles is not None and (angles.dtype.kind not in "iuf" or angles.size != len(X)):
        raise ValueError(
            f"{file}: angles{end} is {formats.describe('', angles.shape)} {angles.dtype}; it is a "
            f"number for each of the {len(X)} images"
        )
    degrees = None if angles is None else angles.reshape(-1).astype(float)
    return DigitImages(X, digits.reshape(-1).astype(int), degrees)


def _variables(file: Path, wanted: list[str]) -> dict[str, Any]:
    from scipy.io import loadmat, whosmat

    try:
        content = expanded(contents(file))
        classes = {name: kind for name, _, kind in whosmat(io.BytesIO(content)) if name in wanted}
        if set(classes.values()) <= _NUMBERS:  # cells hold cells, deeper than the reader can go
            return loadmat(io.BytesIO(content), variable_names=wanted, mat_dtype=True)
    except NotImplementedError as error:
        raise ValueError(
            f"{file} is a .mat file of version 7.3, which is HDF5; write it again by {_RECIPE}"
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # a damaged file can make any part of scipy's reader stumble
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk
        raise ValueError(f"{file} is no .mat file of version 7, or is damaged ({error})") from error
    name, kind = next(pair for pair in classes.items() if pair[1] not in _NUMBERS)
    raise ValueError(f"{file}: {name} is of the class {kind}, not an array of numbers; write it in "
                     f"MATLAB by {_RECIPE}")  # fmt: skip


def _images(X: np.ndarray, name: str) -> np.ndarray:
    """Images one after the other, from MATLAB's dimensions; new arrays in C order."""
    if X.ndim != 4 or X.shape[:3] != (SIZE, SIZE, 1) or X.dtype.kind not in "uf":
        raise ValueError(f"{name} is {formats.describe('', X.shape)} {X.dtype}; images are "
                         f"{SIZE} × {SIZE} × 1 × N, from 0 to 1 or uint8")  # fmt: skip
    images = np.ascontiguousarray(X[:, :, 0].transpose(2, 0, 1))
    if X.dtype == np.uint8:
        return images
    if X.dtype.kind == "u" or not ((images >= 0) & (images <= 1)).all():
        raise ValueError(f"{name} has numbers beyond 0 to 1, of the class {X.dtype}; divide by the "
                         "largest value, or write uint8")  # fmt: skip
    return images.astype(float)


def _are_digits(digits: np.ndarray) -> bool:
    return bool(np.isin(digits, np.arange(10)).all())
