"""The digits of a MATLAB installation: its folder, or a .mat file that it wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tinydl.data.digits import digitTest4DArrayData, digitTrain4DArrayData

LOADERS: dict[str, Callable[..., Any]] = {
    "Train": digitTrain4DArrayData,
    "Test": digitTest4DArrayData,
}


def made_up(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return (random.integers(0, 256, (28, 28, 1, count)).astype(np.uint8),
            random.integers(0, 10, count), random.integers(-45, 46, count))  # fmt: skip


# ---- the folder ---------------------------------------------------------------------------------


def write_folder(folder: Path, part: str, count: int, in_folders: bool, angles: bool) -> Any:
    X, digits, degrees = made_up(count)
    lines = ["image,digit,angle" if angles else "image,digit"]
    for i, digit in enumerate(digits):
        place = folder / str(digit) if in_folders else folder
        place.mkdir(exist_ok=True)
        Image.fromarray(X[:, :, 0, i]).save(place / f"image{i}.png")
        lines.append(f"image{i}.png,{digit}" + (f",{degrees[i]}" if angles else ""))
    (folder / f"digit{part}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return X, digits, degrees


@pytest.mark.parametrize("part", LOADERS)
@pytest.mark.parametrize("in_folders", [False, True])
@pytest.mark.parametrize("with_angles", [False, True])
def test_the_folder_is_read(tmp_path: Path, part: str, in_folders: bool, with_angles: bool) -> None:
    pixels, digits, degrees = write_folder(tmp_path, part, 6, in_folders, with_angles)
    X, labels, angles = LOADERS[part](tmp_path)
    assert X.shape == (28, 28, 1, 6) and X.dtype == np.float64 and (X == pixels / 255).all()
    assert list(labels) == [str(digit) for digit in digits]
    assert labels.categories.tolist() == list("0123456789")
    assert (angles is None) == (not with_angles)
    if with_angles:
        assert (angles == degrees.reshape(-1, 1)).all() and angles.dtype == np.float64


def test_a_folder_with_one_table_only(tmp_path: Path) -> None:
    write_folder(tmp_path, "Train", 3, False, False)
    with pytest.raises(FileNotFoundError, match=r"has no digitTest\.csv"):
        digitTest4DArrayData(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("image,digit\n", "needs rows with the columns image and digit; it has 0 rows"),
        ("file,digit\na.png,3\n", "it has 1 rows with file, digit"),
        ("", "0 rows with none"),
        ("image,digit\nimage0.png,eight\n", "the digit 'eight' is no number"),
        ("image,digit\nimage0.png\n", "the digit None is no number"),
        ("image,digit\nimage0.png,10\n", r"digits are 0 to 9; there are \[10.0\]"),
        ("image,digit\nimage0.png,2.5\n", r"digits are 0 to 9; there are \[2.5\]"),
        ('image,digit\n"image0.png,2\n', "is no table of text with commas"),
    ],
)
def test_tables_with_other_contents(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "digitTrain.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        digitTrain4DArrayData(tmp_path)


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "digitTrain.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is no table of text"):
        digitTrain4DArrayData(tmp_path)


def test_images_that_are_missing_or_of_another_size(tmp_path: Path) -> None:
    (tmp_path / "digitTrain.csv").write_text("image,digit\nimage0.png,4\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"has no image image0\.png"):
        digitTrain4DArrayData(tmp_path)
    Image.fromarray(np.zeros((28, 27), np.uint8)).save(tmp_path / "image0.png")
    with pytest.raises(ValueError, match="28×27×1 uint8, not a grey image of 28 × 28"):
        digitTrain4DArrayData(tmp_path)


# ---- the .mat file ------------------------------------------------------------------------------


def contents(part: str, count: int = 5, **other: Any) -> dict[str, Any]:
    X, digits, degrees = made_up(count)
    made = {f"X{part}": X / 255, f"digits{part}": digits.reshape(-1, 1) * 1.0,
            f"angles{part}": degrees.reshape(-1, 1) * 1.0}  # fmt: skip
    return {**made, **{f"{name}{part}": value for name, value in other.items()}}


@pytest.mark.parametrize("part", LOADERS)
@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize("with_angles", [False, True])
def test_the_file_is_read(tmp_path: Path, part: str, as_bytes: bool, with_angles: bool) -> None:
    pixels, digits, degrees = made_up(5)
    written = contents(part, **({"X": pixels} if as_bytes else {}))
    if not with_angles:
        del written[f"angles{part}"]
    savemat(tmp_path / "digits.mat", written, do_compression=True)
    X, labels, angles = LOADERS[part](tmp_path / "digits.mat")
    assert X.shape == (28, 28, 1, 5) and X.dtype == np.float64 and X.flags.writeable
    np.testing.assert_array_equal(X, pixels / 255)
    assert list(labels) == [str(digit) for digit in digits]
    assert angles.tolist() == degrees.reshape(-1, 1).tolist() if with_angles else angles is None


def test_a_file_without_the_part(tmp_path: Path) -> None:
    savemat(tmp_path / "digits.mat", contents("Train"))
    with pytest.raises(
        ValueError, match=r"has no XTest and digitsTest; write them in MATLAB by sa"
    ):
        digitTest4DArrayData(tmp_path / "digits.mat")


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"X": np.zeros((28, 28, 5))}, r"XTrain is 28×28×5 float64; images are"),
        ({"X": np.full((28, 28, 1, 5), 255.0)}, "has numbers beyond 0 to 1, of the class float64"),
        ({"X": np.full((28, 28, 1, 5), np.nan)}, "has numbers beyond 0 to 1"),
        ({"X": np.zeros((28, 28, 1, 5), np.uint16)}, "beyond 0 to 1, of the class uint16"),
        ({"digits": np.arange(4.0)}, "digitsTrain is 1×4 .* for each of the 5 images"),
        ({"digits": np.array([[1.0, 2, 3, 4, 10]])}, "a number from 0 to 9"),
        ({"digits": np.array(["a", "b"])}, "digitsTrain is"),
        ({"angles": np.zeros(4)}, "anglesTrain is 1×4 float64; it is a number for each"),
    ],
)
def test_other_variables(tmp_path: Path, other: dict[str, Any], words: str) -> None:
    savemat(tmp_path / "digits.mat", contents("Train", **other))
    with pytest.raises(ValueError, match=words):
        digitTrain4DArrayData(tmp_path / "digits.mat")


def test_a_file_of_the_newer_version(tmp_path: Path) -> None:
    """The first bytes of a file that save(…, "-v7.3") writes."""
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM"
    (tmp_path / "digits.mat").write_bytes(head + bytes(400))
    with pytest.raises(ValueError, match=r"of version 7\.3, which is HDF5; write it again by save"):
        digitTrain4DArrayData(tmp_path / "digits.mat")


def test_a_file_that_is_cut_off_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "digits.mat"
    savemat(path, contents("Train", 2), do_compression=True)
    content = path.read_bytes()
    for length in [*range(0, 200, 7), *range(200, len(content), 331)]:
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"version 7, or is damaged|has no XTrain"):
            digitTrain4DArrayData(path)
