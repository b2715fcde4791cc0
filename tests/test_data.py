"""The digits: drawn or read from MNIST's files, whole or damaged."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydl.data import digits, pen
from tinydl.data.categorical import categories
from tinydl.data.digits import digitTest4DArrayData, digitTrain4DArrayData
from tinydl.data.idx import read_idx

LOADERS = {"train": digitTrain4DArrayData, "test": digitTest4DArrayData}
SHA256 = "a39c34066fb101168366f634910a39c1d11e93c1f541d3e5e2d489226bd90871"
"""Of the 10,000 images as bytes, those for training first. They are never to change."""


@pytest.fixture(autouse=True)
def no_other_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYDL_DIGITS", raising=False)


# ---- drawn digits -------------------------------------------------------------------------------


def test_images_are_the_same_bits_everywhere() -> None:
    images = [np.rint(load()[0] * 255).astype(np.uint8)[:, :, 0] for load in LOADERS.values()]
    drawn = b"".join([part.transpose(2, 0, 1).tobytes() for part in images])
    assert hashlib.sha256(drawn).hexdigest() == SHA256


@pytest.mark.parametrize("load", LOADERS.values())
def test_sizes_classes_and_ranges(load: Callable[..., Any]) -> None:
    X, labels, angles = load()
    assert (X.shape, X.dtype) == ((28, 28, 1, 5000), np.float64)
    assert (X.min(), X.max()) == (0.0, 1.0)
    assert labels.shape == (5000,)
    assert categories(labels).tolist() == list("0123456789")
    assert [(labels == digit).sum() for digit in "0123456789"] == [500] * 10
    assert (angles.shape, angles.dtype) == ((5000, 1), np.float64)
    assert sorted(set(angles.ravel())) == list(range(-45, 46))


def test_training_and_test_images_differ() -> None:
    train, test = (load()[0].reshape(784, -1).T for load in LOADERS.values())
    assert not set(map(bytes, train)) & set(map(bytes, test))


@pytest.mark.parametrize("where", [(0,), (-1,), (slice(None), 0), (slice(None), -1)])
def test_no_ink_is_cut_off_at_the_border(where: tuple) -> None:
    X, _, _ = digitTrain4DArrayData()
    assert X[where].max() < 0.5


def test_positive_angles_turn_clockwise() -> None:
    """The principal axis of a plain 1 leans as its angle says: to the right when positive."""
    X, labels, angles = digitTrain4DArrayData()
    y, x = np.mgrid[:28, :28] - 13.5
    lean, ones = [], np.flatnonzero(labels == "1")
    for i in ones:
        ink = X[:, :, 0, i] / X[:, :, 0, i].sum()
        dx, dy = x - (x * ink).sum(), y - (y * ink).sum()
        spread = [[(dx * dx * ink).sum(), (dx * dy * ink).sum()],
                  [(dx * dy * ink).sum(), (dy * dy * ink).sum()]]  # fmt: skip
        across, down = np.linalg.eigh(spread)[1][:, 1]
        lean.append(np.degrees(np.arctan(-across / down)))  # the top is where y is negative
    assert np.corrcoef(lean, angles[ones, 0])[0, 1] > 0.9
    assert np.polyfit(angles[ones, 0], lean, 1)[0] == pytest.approx(1, abs=0.1)


def test_all_calls_give_arrays_of_their_own() -> None:
    first, _, angles = digitTrain4DArrayData()
    value, angle = first[14, 14, 0, 0], angles[0, 0]
    first[:], angles[:] = -1.0, 99.0
    second, _, again = digitTrain4DArrayData()
    assert (second[14, 14, 0, 0], again[0, 0]) == (value, angle)


def test_drawn_images_are_kept_read_only() -> None:
    kept = digits._synthetic("train")
    assert kept is digits._synthetic("train")
    for array in kept:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_an_image_lies_in_one_piece() -> None:
    X, _, _ = digitTrain4DArrayData()
    assert X[:, :, 0, 7].flags.c_contiguous
    assert max(X.strides) == X.strides[3]


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_any_number_of_digits_is_balanced(tens: int, seed: int) -> None:
    images, drawn, angles = pen.draw_digits(10 * tens, seed)
    assert np.bincount(drawn).tolist() == [tens] * 10
    assert images.shape == (10 * tens, 28, 28) and images.max(axis=(1, 2)).min() > 100
    assert np.abs(angles).max() <= 45


def test_sine_and_cosine_of_the_pen() -> None:
    degrees = np.arange(-45.0, 46.0)
    sin, cos = pen._sin_and_cos(degrees)
    np.testing.assert_allclose(sin, np.sin(np.radians(degrees)), rtol=0, atol=2.3e-16)
    np.testing.assert_allclose(cos, np.cos(np.radians(degrees)), rtol=0, atol=2.3e-16)


# ---- MNIST --------------------------------------------------------------------------------------


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    header = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def made_up(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return (random.integers(0, 256, (count, 28, 28)).astype(np.uint8),
            random.integers(0, 10, count).astype(np.uint8))  # fmt: skip


def write_mnist(
    folder: Path, part: str, images: np.ndarray, labels: np.ndarray, sep: str = "-", end: str = ""
) -> None:
    start = {"train": "train", "test": "t10k"}[part]
    for kind, array in (("images{}idx3", images), ("labels{}idx1", labels)):
        content = idx(array)
        path = folder / f"{start}-{kind.format(sep)}-ubyte{end}"
        path.write_bytes(gzip.compress(content) if end else content)


@pytest.mark.parametrize("part", LOADERS)
@pytest.mark.parametrize("sep", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_all_of_mnist_is_read(tmp_path: Path, part: str, sep: str, end: str) -> None:
    images, labels = made_up(7)
    write_mnist(tmp_path, part, images, labels, sep, end)
    for source in (tmp_path, str(tmp_path)):
        X, read, angles = LOADERS[part](source)
        assert X.shape == (28, 28, 1, 7) and X.dtype == np.float64 and X.flags.writeable
        assert (X[:, :, 0].transpose(2, 0, 1) == images / 255).all()
        assert list(read) == [str(label) for label in labels]
        assert categories(read).tolist() == list("0123456789")
        assert angles is None


def test_the_environment_variable_names_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = made_up(3)
    write_mnist(tmp_path, "train", images, labels)
    monkeypatch.setenv("TINYDL_DIGITS", str(tmp_path))
    assert digitTrain4DArrayData()[0].shape == (28, 28, 1, 3)
    assert digitTrain4DArrayData("synthetic")[0].shape == (28, 28, 1, 5000)
    for value in ("", "synthetic"):
        monkeypatch.setenv("TINYDL_DIGITS", value)
        assert digitTrain4DArrayData()[0].shape == (28, 28, 1, 5000)


def test_the_users_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    images, labels = made_up(3)
    (tmp_path / "mnist").mkdir()
    write_mnist(tmp_path / "mnist", "train", images, labels)
    assert digitTrain4DArrayData("~/mnist")[0].shape == (28, 28, 1, 3)


def test_a_missing_source_says_who_named_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere"
    with pytest.raises(FileNotFoundError, match=r"argument source names .*nowhere, which does not"):
        digitTrain4DArrayData(nowhere)
    monkeypatch.setenv("TINYDL_DIGITS", str(nowhere))
    with pytest.raises(FileNotFoundError, match=r"variable TINYDL_DIGITS names .*nowhere"):
        digitTest4DArrayData()


def test_sources_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.mat"):
        digitTrain4DArrayData(tmp_path / "other.mat")
    for nothing in ("", 3, b"synthetic", ["synthetic"]):
        with pytest.raises(TypeError, match=r"'synthetic'.*DigitDataset.*mat.*IDX files of MNIST"):
            digitTrain4DArrayData(nothing)  # type: ignore[arg-type]


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    write_mnist(tmp_path, "train", *made_up(3))
    with pytest.raises(NotADirectoryError, match="name the folder it lies in"):
        digitTrain4DArrayData(tmp_path / "train-images-idx3-ubyte")


def test_a_folder_without_the_files_says_what_they_are_called(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file train-images-idx3-ubyte or .*gz"):
        digitTrain4DArrayData(tmp_path)
    write_mnist(tmp_path, "train", *made_up(3))
    with pytest.raises(FileNotFoundError, match="no file t10k-images-idx3-ubyte"):
        digitTest4DArrayData(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="no file train-labels-idx1-ubyte"):
        digitTrain4DArrayData(tmp_path)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    write_mnist(tmp_path, "train", *made_up(3), end=".gz")
    (tmp_path / "train-images-idx3-ubyte").mkdir()
    assert digitTrain4DArrayData(tmp_path)[0].shape == (28, 28, 1, 3)  # the file is beside it
    (tmp_path / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(IsADirectoryError, match="is a folder, not an IDX file"):
        digitTrain4DArrayData(tmp_path)


def test_files_that_do_not_fit_together(tmp_path: Path) -> None:
    images, labels = made_up(3)
    write_mnist(tmp_path, "train", images, labels[:2])
    with pytest.raises(ValueError, match="not one label for each of the 3 images"):
        digitTrain4DArrayData(tmp_path)
    write_mnist(tmp_path, "train", images[:, :20], labels)
    with pytest.raises(ValueError, match="3×20×28, not N images of 28×28"):
        digitTrain4DArrayData(tmp_path)
    write_mnist(tmp_path, "train", labels, labels)
    with pytest.raises(ValueError, match="an array of 3, not N images"):
        digitTrain4DArrayData(tmp_path)
    write_mnist(tmp_path, "train", images, np.full(3, 26, np.uint8))
    with pytest.raises(ValueError, match="the label 26; digits are 0 to 9"):
        digitTrain4DArrayData(tmp_path)


# ---- the IDX format -----------------------------------------------------------------------------


@given(st.lists(st.integers(0, 4), max_size=4), st.booleans())
def test_arrays_of_any_size_are_read(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], is_compressed: bool
) -> None:
    array = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    path = tmp_path_factory.mktemp("idx") / "file"  # its name does not say whether it is compressed
    path.write_bytes(gzip.compress(idx(array)) if is_compressed else idx(array))
    read = read_idx(path)
    assert read.dtype == np.uint8 and read.shape == array.shape and (read == array).all()


ARRAY = np.arange(24, dtype=np.uint8).reshape(4, 6)


@pytest.mark.parametrize("length", range(len(idx(ARRAY))))
def test_a_file_that_is_cut_off_anywhere(tmp_path: Path, length: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(idx(ARRAY)[:length])
    with pytest.raises(ValueError, match="no IDX file" if length < 4 else "is cut off"):
        read_idx(path)


def test_a_compressed_file_that_is_cut_off_anywhere(tmp_path: Path) -> None:
    path, content = tmp_path / "file.gz", gzip.compress(idx(ARRAY))
    for length in range(len(content)):
        path.write_bytes(content[:length])
        words = "no IDX file" if length < 2 else "is cut off or damaged"
        with pytest.raises(ValueError, match=words):
            read_idx(path)


@pytest.mark.parametrize("place", [10, 20, -6, -2])
def test_a_compressed_file_with_a_wrong_byte(tmp_path: Path, place: int) -> None:
    content = bytearray(gzip.compress(idx(ARRAY)))
    content[place] ^= 0xFF
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="cut off or damaged"):
        read_idx(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"starts with the bytes \(none\)"),
        (b"\x89PNG\r\n\x1a\n", "no IDX file: it starts with the bytes 89 50 4e 47"),
        (b"\0\1\x08\1" + bytes(9), "no IDX file: it starts with the bytes 00 01 08 01"),
        (idx(ARRAY, kind=0x0D), "holds single precision numbers; only .* unsigned bytes"),
        (idx(ARRAY, kind=0x09), "holds signed bytes"),
        (idx(ARRAY, kind=0x0A), "holds the unknown type 0x0a"),
        (idx(ARRAY) + b"\0", "is too long: its header announces 4×6 = 24 bytes, 25 follow"),
        (b"\0\0\x08\2" + b"\xff" * 8, "is cut off: its header announces 4294967295×4294967295"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_idx(path)


def test_paths_that_lead_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a folder, not an IDX file"):
        read_idx(tmp_path)
    (tmp_path / "file").write_bytes(idx(ARRAY))
    with pytest.raises(NotADirectoryError, match="is a file, not a folder"):
        read_idx(tmp_path / "file" / "train-images-idx3-ubyte")
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "missing")
