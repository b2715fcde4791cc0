"""Datastores: of arrays, of image files, combined and transformed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tinydl import (
    arrayDatastore,
    categorical,
    combine,
    countEachLabel,
    dlarray,
    extractdata,
    hasdata,
    image_array,
    imageDatastore,
    minibatchqueue,
    partition,
    preview,
    randperm,
    read,
    readall,
    readimage,
    reset,
    rng,
    shuffle,
    splitEachLabel,
    subset,
    transform,
)
from tinydl.data.image_files import read_image

# ---- arrays -------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_slices_of_any_array(shape: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    A = np.arange(float(np.prod(shape))).reshape(shape)
    for output in ("cell", "same"):
        ds = arrayDatastore(A, axis=axis, OutputType=output)
        found = []
        while hasdata(ds):
            part = read(ds)
            found.append(part[0] if output == "cell" else part)
        assert len(found) == len(ds) == shape[axis]
        assert all([part.shape[axis] == 1 for part in found])
        np.testing.assert_array_equal(np.concatenate(found, axis=axis), A)


def test_other_things_than_arrays() -> None:
    labels = arrayDatastore(categorical(["a", "b"]), OutputType="same")
    assert list(read(labels)) == ["a"] and isinstance(read(labels), categorical)
    X = read(arrayDatastore(dlarray(np.ones((3, 4)), "CB"), axis=1))[0]
    assert (X.dims, X.shape) == ("CB", (3, 1))
    sequences = [np.ones((2, 3)), np.ones((2, 5))]
    for output in ("cell", "same"):
        ds = arrayDatastore(sequences, OutputType=output)
        assert read(ds)[0] is sequences[0] and len(read(ds)) == 1
    assert readall(arrayDatastore(np.array([[1, 2]], np.uint8)))[0].dtype == np.uint8


def test_the_end_and_the_beginning() -> None:
    ds = arrayDatastore([1.0, 2.0])
    assert preview(ds) == [1.0] == read(ds) and preview(ds) == [1.0]
    assert readall(ds) == [1.0, 2.0] and read(ds) == [2.0]
    with pytest.raises(RuntimeError, match=r"end of the data.*reset\(…\).*ask hasdata\(ds\)"):
        read(ds)
    reset(ds)
    assert hasdata(ds) and read(ds) == [1.0]
    with pytest.raises(RuntimeError, match="no observations"):
        preview(arrayDatastore([]))


@given(st.integers(0, 9), st.integers(1, 5), st.integers(0, 99))
def test_shuffle_and_partition_keep_every_observation(n: int, parts: int, seed: int) -> None:
    rng(seed)
    ds = arrayDatastore(list(range(n)))
    before = rng()
    drawn = randperm(n).tolist()
    rng(before)
    mixed = shuffle(ds)
    assert readall(mixed) == drawn and readall(ds) == list(range(n))
    pieces = [readall(partition(mixed, parts, i)) for i in range(parts)]
    assert [x for piece in pieces for x in piece] == drawn
    assert max(map(len, pieces)) - min(map(len, pieces)) <= 1


@pytest.mark.parametrize(
    ("indices", "found"),
    [([3, 1, 3], [3, 1, 3]), (2, [2]), (slice(1, None, 2), [1, 3]), ([], []),
     (np.array([True, False, False, True]), [0, 3]), (np.array([1.0])[:0], [])],
)  # fmt: skip
def test_subsets(indices: Any, found: list[int]) -> None:
    ds = arrayDatastore([0, 1, 2, 3])
    read(ds)
    assert readall(subset(ds, indices)) == found
    assert read(subset(ds, [1, 2])) == [1]
    assert readall(subset(subset(ds, [3, 2, 1]), [0, 2])) == [3, 1]


@pytest.mark.parametrize(
    ("indices", "words"),
    [([4], "positions of 4 observations are 0 to 3"), ([-1], "0 to 3"), ([True], "a mask of 1"),
     ([1.5], "whole numbers or a mask"), ([[1, 2]], "whole numbers or a mask")],
)  # fmt: skip
def test_positions_that_are_none(indices: Any, words: str) -> None:
    with pytest.raises(IndexError, match=words):
        subset(arrayDatastore([0, 1, 2, 3]), indices)


@pytest.mark.parametrize(
    ("A", "options", "kind", "words"),
    [
        (np.ones((2, 3)), {"axis": 2}, ValueError, "axis=2 of 2×3; axes count from 0 to 1"),
        (np.ones((2, 3)), {"axis": -1}, ValueError, "axis=-1"),
        (np.ones(2), {"axis": True}, ValueError, "axis=True"),
        (np.ones(2), {"IterationDimension": 4}, TypeError, "=4 could .* write axis=3"),
        (np.ones(2), {"IterationDimension": 0}, TypeError, "write axis=…"),
        (np.ones(2), {"OutputType": "table"}, ValueError, "OutputType is one of cell, same"),
        (np.array(3.0), {}, ValueError, "A is one number"),
        (7, {}, TypeError, "A is a int; an array, a categorical"),
        ("text", {}, TypeError, "A is a str"),
        (np.ma.array([1.0], mask=[True]), {}, TypeError, "masked"),
    ],
)
def test_arrays_that_are_none(A: Any, options: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        arrayDatastore(A, **options)


def test_other_mistakes() -> None:
    with pytest.raises(TypeError, match="read: a datastore is needed, not a ndarray"):
        read(np.ones(3))
    with pytest.raises(TypeError, match="hasdata: a datastore is needed, not a list"):
        hasdata([1])
    with pytest.raises(ValueError, match=r"index=2 of 2 parts; they count from 0"):
        partition(arrayDatastore([1, 2]), 2, 2)
    with pytest.raises(ValueError, match="numPartitions is a whole number from 1 on"):
        partition(arrayDatastore([1, 2]), 0, 0)
    assert "2 observations of a list" in repr(arrayDatastore([1, 2]))


# ---- combined and transformed -------------------------------------------------------------------


class Once:
    """A datastore that cannot be put in another order, and may fail."""

    def __init__(self, numbers: list[float], fails_at: int = -1) -> None:
        self.numbers, self.fails_at, self.at = numbers, fails_at, 0

    def hasdata(self) -> bool:
        return self.at < len(self.numbers)

    def read(self) -> float:
        if self.at == self.fails_at:
            raise OSError("unreadable")
        self.at += 1
        return self.numbers[self.at - 1]

    def reset(self) -> None:
        self.at = 0


def test_what_belongs_together_stays_together() -> None:
    rng("default")
    X, T = arrayDatastore(np.arange(6.0)), arrayDatastore(categorical(range(6)))
    ds = combine(X, T, arrayDatastore(list("abcdef")))
    for store in (ds, shuffle(ds), partition(ds, 2, 1), subset(ds, [4, 2]), combine(ds)):
        rows = readall(store)
        assert len(rows) == len(store)
        for x, label, letter in rows:
            assert label[0] == str(int(x[0])) and letter == "abcdef"[int(x[0])]
    assert [len(readall(s)) for s in (ds, partition(ds, 2, 1), subset(ds, [4, 2]))] == [6, 3, 2]
    read(ds)
    assert read(X)[0][0] == 0.0, "combine moved the store it was made of"
    assert repr(ds).startswith("CombinedDatastore of arrayDatastore with 6")


def test_stores_of_different_lengths() -> None:
    with pytest.raises(ValueError, match="have 3 and 4 observations; those of equal place"):
        combine(arrayDatastore([1, 2, 3]), arrayDatastore([1, 2, 3, 4]))
    with pytest.raises(ValueError, match="there are no datastores"):
        combine()
    with pytest.raises(TypeError, match="combine: a datastore is needed, not a ndarray"):
        combine(np.ones(3), np.ones(3))


def test_a_failure_leaves_all_at_one_observation() -> None:
    first, second = Once([1.0, 2.0]), Once([10.0, 20.0], fails_at=1)
    ds = combine(first, transform(second, lambda x: -x))
    assert read(ds) == [1.0, -10.0]
    for _ in range(2):
        with pytest.raises(OSError, match="unreadable"):
            read(ds)
    ds.UnderlyingDatastores[1].UnderlyingDatastore.fails_at = -1
    assert read(ds) == [2.0, -20.0] and not hasdata(ds)
    with pytest.raises(TypeError, match="a Once has no __len__"):
        shuffle(ds)
    with pytest.raises(TypeError, match="a Once has no subset"):
        subset(ds, [0])


def test_transform() -> None:
    calls = []

    def double(data: list[float]) -> list[float]:
        calls.append(data[0])
        return [2 * data[0]]

    ds = transform(arrayDatastore([1.0, 2.0, 3.0]), double)
    assert len(ds) == 3 and not calls
    assert readall(subset(ds, [2, 0])) == [6.0, 2.0] and calls == [3.0, 1.0]
    assert readall(transform(ds, lambda data: (data[0], "t")))[0] == [2.0, "t"]
    assert read(ds) == [2.0] and preview(ds) == [2.0] and read(ds) == [4.0]
    reset(ds)
    assert read(ds) == [2.0] and "TransformedDatastore" in repr(ds)
    with pytest.raises(TypeError, match="fcn is a str; a function is needed"):
        transform(ds, "double")  # type: ignore[arg-type]


def test_a_function_that_fails_keeps_the_observation() -> None:
    ds = transform(arrayDatastore([0.0, 1.0]), lambda data: 1 / data[0])
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            read(ds)
    assert readall(subset(ds, [1])) == [1.0]


# ---- images -------------------------------------------------------------------------------------


def write_images(folder: Path, names: list[str], size: tuple[int, ...] = (4, 5)) -> np.ndarray:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (len(names), *size)).astype(np.uint8)
    for name, image in zip(names, images, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / name)
    return images


NAMES = ["0/b.png", "0/a.png", "1/c.PNG", "1/d.tif", "top.png"]


def test_files_of_a_folder(tmp_path: Path) -> None:
    write_images(tmp_path, NAMES)
    (tmp_path / "0" / "notes.txt").write_text("no image")
    names = lambda ds: [Path(file).relative_to(tmp_path).as_posix() for file in ds.Files]
    assert names(imageDatastore(tmp_path)) == ["top.png"]
    every = imageDatastore(str(tmp_path), IncludeSubfolders=True)
    assert names(every) == ["0/a.png", "0/b.png", "1/c.PNG", "1/d.tif", "top.png"]
    some = imageDatastore(tmp_path, IncludeSubfolders=True, FileExtensions=".TIF")
    assert names(some) == ["1/d.tif"] and every.Labels is None
    assert names(imageDatastore([tmp_path / "top.png"])) == ["top.png"]
    assert names(imageDatastore(tmp_path / "top.png")) == ["top.png"]


def test_labels_are_the_names_of_folders(tmp_path: Path) -> None:
    images = write_images(tmp_path, NAMES[:4])
    ds = imageDatastore(tmp_path, IncludeSubfolders=True, LabelSource="foldernames")
    assert list(ds.Labels) == ["0", "0", "1", "1"]
    assert countEachLabel(ds) == {"0": 2, "1": 2}
    assert (readimage(ds, 1)[:, :, 0] == images[0]).all() and (read(ds)[:, :, 0] == images[1]).all()
    rng(3)
    mixed = shuffle(ds)
    assert sorted(mixed.Files) == ds.Files and mixed.Files != ds.Files
    for file, label in zip(mixed.Files, mixed.Labels, strict=True):
        assert Path(file).parent.name == label
    assert "4 files, 2 labels" in repr(ds)


@pytest.mark.parametrize("ending", ["png", "tif", "bmp"])
@pytest.mark.parametrize("size", [(4, 5), (4, 5, 3)])
def test_images_of_a_folder_as_an_array(tmp_path: Path, ending: str, size: Any) -> None:
    images = write_images(tmp_path, [f"{i}.{ending}" for i in range(3)], size)
    X = image_array(imageDatastore(tmp_path))
    assert X.dtype == np.float32 and X.shape == (4, 5, 3 if len(size) == 3 else 1, 3)
    expected = (images if len(size) == 3 else images[..., None]) / np.float32(255)
    np.testing.assert_array_equal(np.moveaxis(X, -1, 0), expected)
    assert X[..., 0].flags.c_contiguous


def test_jpeg_is_read(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 100, np.uint8)).save(tmp_path / "a.jpg")
    assert np.abs(image_array(imageDatastore(tmp_path)) * 255 - 100).max() < 2


@pytest.mark.parametrize(
    ("mode", "channels", "kind"),
    [("1", 1, "bool"), ("L", 1, "uint8"), ("LA", 1, "uint8"), ("P", 3, "uint8"),
     ("RGB", 3, "uint8"), ("RGBA", 3, "uint8"), ("I;16", 1, "uint16")],
)  # fmt: skip
def test_kinds_of_images(tmp_path: Path, mode: str, channels: int, kind: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((3, 2), 65535, np.uint16))
    else:
        image = Image.new("RGB", (2, 3), "white").convert(mode)
    image.save(tmp_path / "a.png")
    pixels = read_image(tmp_path / "a.png")
    assert pixels.shape == (3, 2, channels) and pixels.dtype == kind
    assert (image_array(imageDatastore(tmp_path)) == 1.0).all()


def test_mini_batches_of_images(tmp_path: Path) -> None:
    images = write_images(tmp_path, NAMES[:4])
    ds = imageDatastore(tmp_path, IncludeSubfolders=True, LabelSource="foldernames")
    queue = minibatchqueue(combine(ds, arrayDatastore(ds.Labels)), MiniBatchSize=3,
                           MiniBatchFormat=["SSCB", ""], OutputAsDlarray=[1, 0])  # fmt: skip
    X, T = next(queue)
    assert (X.dims, X.shape, list(T)) == ("SSCB", (4, 5, 1, 3), ["0", "0", "1"])
    assert (extractdata(X)[:, :, 0, 0] == images[1]).all() and X.dtype == np.float32


@pytest.mark.parametrize("randomized", [False, True])
def test_each_label_is_divided_alike(randomized: bool) -> None:
    rng("default")
    labels = ["a"] * 10 + ["b"] * 5
    ds = imageDatastore([__file__] * 15, Labels=labels, ReadFcn=len)
    flag = ("randomized",) if randomized else ()
    counts = lambda parts: [countEachLabel(part) for part in parts]
    assert counts(splitEachLabel(ds, 0.6, *flag)) == [{"a": 6, "b": 3}, {"a": 4, "b": 2}]
    assert counts(splitEachLabel(ds, 3, *flag)) == [{"a": 3, "b": 3}, {"a": 7, "b": 2}]
    three = splitEachLabel(ds, 0.1, 0.2, *flag)
    assert [sum(count.values()) for count in counts(three)] == [2, 3, 10]
    positions = sorted([i for part in three for i in part._order.tolist()])
    assert positions == list(range(15))
    first = splitEachLabel(ds, 0.6, *flag)[0]._order.tolist()
    assert (first == [0, 1, 2, 3, 4, 5, 10, 11, 12]) != randomized


def test_shares_that_are_none() -> None:
    ds = imageDatastore([__file__] * 2, Labels=["a", "b"])
    for p, words in (((), "shares such as 0.8"), ((-1,), "shares such"), (("all",), "shares such"),
                     ((0.6, 0.6), "more than the whole"), ((2,), "2 images of the label 'a'"),
                     ((0.5, 1), "whole number")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            splitEachLabel(ds, *p)
    with pytest.raises(ValueError, match="the images have no labels"):
        splitEachLabel(imageDatastore([__file__]), 0.5)
    with pytest.raises(TypeError, match="an imageDatastore is needed, not a list"):
        countEachLabel([1])  # type: ignore[arg-type]


def test_files_that_are_missing_or_no_images(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        imageDatastore(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"no files with the endings \.png .*Subfolders=Tr"):
        imageDatastore(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"there is no file .*a\.png"):
        imageDatastore([tmp_path / "a.png"])
    with pytest.raises(TypeError, match="the location is a folder"):
        imageDatastore(3)
    (tmp_path / "a.png").write_bytes(b"no image")
    ds = imageDatastore(tmp_path)
    with pytest.raises(ValueError, match=r"a\.png is no image of a format"):
        read(ds)
    write_images(tmp_path, ["a.png"], (40, 50))
    content = (tmp_path / "a.png").read_bytes()
    for length in range(40, len(content) - 12, 97):
        (tmp_path / "a.png").write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"a\.png is (cut off or damaged|no image)"):
            read(ds)
    (tmp_path / "a.png").unlink()
    with pytest.raises(FileNotFoundError):
        read(ds)
    assert ds.hasdata(), "the place moved on"


def test_images_that_differ(tmp_path: Path) -> None:
    write_images(tmp_path, ["a.png"])
    write_images(tmp_path, ["b.png"], (4, 6))
    with pytest.raises(ValueError, match=r"b\.png is 4×6×1 uint8, and .*a\.png 4×5×1 uint8"):
        image_array(imageDatastore(tmp_path))
    cropped = imageDatastore(tmp_path, ReadFcn=lambda file: read_image(file)[:, :5])
    assert image_array(cropped).shape == (4, 5, 1, 2)
    whole_numbers = imageDatastore(tmp_path, ReadFcn=lambda file: np.zeros((2, 2, 1), np.int32))
    with pytest.raises(ValueError, match="images of the class int32 have no range"):
        image_array(whole_numbers)
    with pytest.raises(ValueError, match="the datastore has no images"):
        image_array(subset(cropped, []))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"LabelSource": "folders"}, "LabelSource is one of none, foldernames"),
        ({"LabelSource": "foldernames", "Labels": ["a"]}, "give one of LabelSource= and Labels="),
        ({"Labels": ["a", "b"]}, "2 Labels for 1 files"),
        ({"FileExtensions": "png"}, r'endings such as "\.png"'),
        ({"FileExtensions": []}, "endings such as"),
    ],
)
def test_image_options_that_do_not_fit(options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        imageDatastore([__file__], **options)


def test_positions_of_images() -> None:
    ds = imageDatastore([__file__] * 2, ReadFcn=lambda file: 1)
    with pytest.raises(IndexError, match="position 2 of 2 images; they count from 0"):
        readimage(ds, 2)


def test_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(tmp_path, ["a.png"])
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"read by Pillow .*pip install tinydl\[data\]"):
        read(imageDatastore(tmp_path))
