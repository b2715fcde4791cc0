"""Every loader, fed with files that are damaged, too large, of other kinds, or made to do harm.

What may come of it: a value, or an error of the kind that is documented, which names the file; in
time and memory that are in proportion to the file. tests/test_store_damage.py holds what load
itself promises, case by case.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import io
import json
import os
import pickle
import struct
import subprocess
import tempfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

import tinydl as dl
from tests.checks import DRAWS
from tests.forms import form
from tests.networks import small
from tests.strategies import SEEDS, normal
from tests.table.layers import ROWS
from tests.test_store_damage import Trap, npy, rewritten, set_entry
from tinydl import (
    dlarray,
    dlnetwork,
    image_array,
    imageDatastore,
    load,
    rng,
    save,
    trainingOptions,
    trainnet,
)
from tinydl.data.contents import LEAST, MOST_TIMES
from tinydl.data.digits import digitTrain4DArrayData
from tinydl.data.idx import read_idx
from tinydl.data.image_files import read_image
from tinydl.store import FileFormatError

FIRST = list({row.kind: row for row in reversed(ROWS)}.values())
ROOT = Path(__file__).parents[1]
DATA = normal((6, 3), 1), normal((6, 2), 2)
NET = small()
OPTIONS: dict[str, Any] = {"Verbose": False, "MiniBatchSize": 2, "MaxEpochs": 2}


# ---- the loaders, and a file of each ------------------------------------------------------------


def png(image: Any, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind)
    return stream.getvalue()


def idx(array: Any) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + bytes(array)
    )


def mat(packed: bool = True, **variables: Any) -> bytes:
    stream = io.BytesIO()
    usual = {"XTrain": np.full((28, 28, 1, 2), 7, np.uint8), "digitsTrain": np.array([1.0, 2.0])}
    savemat(stream, {**usual, **variables}, do_compression=packed)
    return stream.getvalue()


def saved(**values: Any) -> bytes:
    """What save writes."""
    with temporary("x.npz") as file:
        save(file, **values)
        return file.read_bytes()


@contextlib.contextmanager
def temporary(name: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / name


def checkpoint(solver: str = "adam") -> bytes:
    with temporary("x") as folder:
        options = trainingOptions(solver, **OPTIONS, CheckpointPath=str(folder),
                                  ValidationData=DATA, ValidationFrequency=1)  # fmt: skip
        trainnet(*DATA, small(), "mse", options)
        return (folder / "net_checkpoint__3.npz").read_bytes()


def resumed(file: Path) -> Any:
    return trainnet(*DATA, NET, "mse", trainingOptions("adam", **OPTIONS), Resume=file)


def digits_table(table: Path) -> Any:
    """The digits of a folder whose table is the file; its images are good ones."""
    for i in range(3):
        (table.parent / f"image{i}.png").write_bytes(png(np.full((28, 28), i, np.uint8)))
    return digitTrain4DArrayData(table.parent)


def mnist(images: Path) -> Any:
    (images.parent / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(3, dtype=np.uint8)))
    return digitTrain4DArrayData(images.parent)


IMAGE = np.arange(24, dtype=np.uint8).reshape(4, 6)
LOADERS: dict[str, tuple[str, Callable[[Path], Any], Callable[[], bytes]]] = {
    "load": ("x.npz", load, lambda: saved(net=small(), x=[1, "a", dlarray(np.ones(3), "C")])),
    "Resume": ("net_checkpoint__3.npz", resumed, checkpoint),
    "idx": ("x", read_idx, lambda: idx(IMAGE)),
    "idx.gz": ("x", read_idx, lambda: gzip.compress(idx(IMAGE))),
    "mnist": ("train-images-idx3-ubyte", mnist, lambda: idx(np.zeros((3, 28, 28), np.uint8))),
    "mat": ("x.mat", digitTrain4DArrayData, mat),
    "mat, not packed": ("x.mat", digitTrain4DArrayData, lambda: mat(False)),
    "digits.csv": ("digitTrain.csv", digits_table,
                   lambda: b"image,digit,angle\r\nimage0.png,0,-3\r\nimage1.png,1,12\r\n"),
    "png": ("x.png", read_image, lambda: png(IMAGE)),
    "jpeg": ("x.jpg", read_image, lambda: png(IMAGE, "JPEG")),
    "tiff": ("x.tif", read_image, lambda: png(IMAGE, "TIFF")),
    "bmp": ("x.bmp", read_image, lambda: png(IMAGE, "BMP")),
    "image_array": ("x.png", lambda file: image_array(imageDatastore(file.parent)),
                    lambda: png(IMAGE)),
}  # fmt: skip
ORIGINALS: dict[str, bytes] = {}


def original(loader: str) -> bytes:
    if loader not in ORIGINALS:
        ORIGINALS[loader] = LOADERS[loader][2]()
    return ORIGINALS[loader]


def outcome(loader: str, content: bytes, folder: Path) -> Any:
    """What a loader makes of a file: its value, or a named error."""
    name, call, _ = LOADERS[loader]
    file = folder / name
    file.write_bytes(content)
    return outcome_of(lambda: call(file), file)


def outcome_of(call: Callable[[], Any], file: Path) -> Any:
    try:
        return call()
    except (ValueError, OSError) as error:
        assert type(error) in (ValueError, FileFormatError) or isinstance(error, OSError), error
        assert str(file.parent) in str(error) and len(str(error)) > len(str(file)) + 15, error
        return error


every_loader = pytest.mark.parametrize("loader", LOADERS)


@every_loader
def test_a_good_file_is_read(loader: str, tmp_path: Path) -> None:
    """Otherwise the tests below would show nothing."""
    assert not isinstance(outcome(loader, original(loader), tmp_path), Exception)


# ---- damage at random ---------------------------------------------------------------------------


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """A file cut off, extended, with other bits, other bytes, or parts in another order."""
    data = bytearray(content)
    for _ in range(random.integers(1, 4)):
        a, b = sorted(random.integers(0, len(data) + 1, 2).tolist())
        how = random.integers(8)
        if how == 0:
            del data[b:]
        elif how == 1:
            del data[a : a + 8]
        elif how == 2:
            data[b:b] = data[a:b][:4096]
        elif how == 3:
            data[a:a] = random.bytes(5)
        elif how == 4 and len(data) >= 4:  # a number that is very large, or below 0
            at = int(random.integers(len(data) - 3))
            data[at : at + 4] = [b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4)][
                random.integers(4)
            ]
        elif data:
            at = int(random.integers(len(data)))
            data[at] ^= 1 << int(random.integers(8)) if how < 7 else int(random.integers(1, 256))
    return bytes(data)


@every_loader
@settings(max_examples=25 * DRAWS)
@given(SEEDS)
def test_a_damaged_file_gives_a_value_or_a_named_error(loader: str, seed: int) -> None:
    with temporary("x") as place:
        outcome(loader, damaged(original(loader), np.random.default_rng(seed)), place.parent)


@every_loader
def test_files_of_other_kinds(loader: str, tmp_path: Path) -> None:
    others = [b"", b"\0", b"PK", b"x" * 1000, bytes(1000), b"\xff" * 1000, b"\n" * 1000,
              b"image,digit\n" * 9, pickle.dumps({"a": 1}), "ä".encode("latin-1") * 50,
              *[original(other) for other in LOADERS if other.split(",")[0] != loader]]  # fmt: skip
    for content in others:
        outcome(loader, content, tmp_path)


@every_loader
def test_no_program_in_a_file_is_run(loader: str, tmp_path: Path) -> None:
    """Pickles alone, in arrays, in archives; scripts in images that Pillow hands to programs."""
    marker = tmp_path / "ran"
    trap = Trap(marker)
    objects = npy(np.array([trap], dtype=object), allow_pickle=True)
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=True, net=np.array([trap], dtype=object))
    script = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({marker}) (w) file closefile\n"
    for content in (pickle.dumps(trap), pickle.dumps(trap, 0), objects, archive.getvalue(),
                    gzip.compress(pickle.dumps(trap)), script.encode(),
                    mat(XTrain="os.system('touch ran')")):  # fmt: skip
        assert isinstance(outcome(loader, content, tmp_path), Exception)
        assert not marker.exists() and not (ROOT / "ran").exists()


def test_only_formats_of_images_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow reads some formats by programs of the system, whatever the file is called."""
    started: list[Any] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **_: started.append(a))
    monkeypatch.setattr(subprocess, "check_call", lambda *a, **_: started.append(a))
    (tmp_path / "x.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nquit\n")
    with pytest.raises(ValueError, match="no image of a format that is read"):
        read_image(tmp_path / "x.png")
    assert not started


def test_marks_and_sizes_of_a_mat_file(tmp_path: Path) -> None:
    """SciPy's reader trusts them, and would end the program."""
    content = original("mat, not packed")
    for place in [*range(124, 208), *range(len(content) - 80, len(content) - 16)]:
        for value in (0, 1, 8, 14, 18, 40, 128, 255)[place % 3 :: 3 if DRAWS == 1 else 1]:
            wrong = content[:place] + bytes([value]) + content[place + 1 :]
            outcome("mat", wrong, tmp_path)


# ---- checkpoints whose parts do not fit ---------------------------------------------------------


STRANGE: list[Any] = [None, True, -1, 2**70, 1.5, float("nan"), "x", [], [1, 2], [[]], {}, {"a": 1},
                      (1,), np.zeros(3), dlarray(np.ones((2, 2)))]  # fmt: skip
PARTS = ["net", "solver", "solverState", "epoch", "iteration", "position", "order", "generator",
         "training", "validation", "best", "worse", "seconds"]  # fmt: skip


def strange_parts() -> list[Any]:
    """Values of the right class, with other contents."""
    net = small()
    state = rng()
    other = dlnetwork([dl.featureInputLayer(3), dl.fullyConnectedLayer(2)])
    words = {**state["state"], "key": np.zeros(3, np.uint32)}
    return [net.State, net.Learnables, other, other.Learnables, [other.Learnables] * 2,
            small()._with(learnables=dl.dlupdate(lambda x: x[:1, ...], net.Learnables)),
            dlnetwork([dl.featureInputLayer(3), dl.fullyConnectedLayer(2)], Initialize=False),
            {**state, "state": words}, {**state, "state": {**state["state"], "pos": 10**6}},
            {**state, "bit_generator": "PCG64"}, {**state, "has_gauss": 7}, {"state": {}},
            [0, 1, 2, 3, 4, 4], [0, 1, 2, 3, 4, 10**9], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
            {"Epoch": [1], "Iteration": [1, 2]}, {"Epoch": "1"}, {"Epoch": [None]},
            {"loss": 1.0, "iteration": 1, "net": other}, {"loss": "1", "iteration": 1, "net": net},
            dl.lbfgsState()]  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_checkpoint_with_another_part_is_refused_before_anything_changes(
    part: str, tmp_path: Path
) -> None:
    file = tmp_path / "net_checkpoint__3.npz"
    file.write_bytes(original("Resume"))
    parts = load(file)
    refused = 0
    for value in [*STRANGE, *strange_parts()]:
        save(file, **{**parts, part: value})
        before = rng(8)
        start = rng()
        found = outcome_of(lambda: resumed(file), file)
        after = rng(before)
        if isinstance(found, Exception):
            refused += 1
            assert form(after) == form(start), "a refused checkpoint moved the random numbers"
    assert refused >= len(STRANGE) - 5  # some are as good as what was there, such as other counts


@pytest.mark.parametrize("solver", ["sgdm", "rmsprop", "lbfgs"])
def test_the_state_of_another_solver_is_refused(solver: str, tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    file.write_bytes(original("Resume"))
    parts = load(file)
    save(file, **{**parts, "solver": solver})
    with pytest.raises(ValueError, match=r"its solverState is none|is of another"):
        trainnet(*DATA, small(), "mse", trainingOptions(solver, Verbose=False), Resume=file)


# ---- layers with options that no one would give --------------------------------------------------


HOSTILE: list[Any] = [10**12, -1, 0, True, None, "x" * 5000, "__import__('os').system('ls')", [],
                      [10**9, 10**9], [[1, 2], [3]], 1.5, {"type": "int", "hex": "0x" + "f" * 4000},
                      {"type": "float", "bits": "7ff8000000000000"}, {"type": "tuple", "items": []},
                      {"type": "dict", "keys": ["a"], "values": [1]}]  # fmt: skip


@pytest.mark.parametrize("row", FIRST, ids=lambda row: row.kind)
def test_options_of_layers_that_no_one_would_give(row: Any, tmp_path: Path) -> None:
    """Each option in turn: a layer, or the named error, without the memory that it asks for."""
    layer = row.make()
    try:
        save(tmp_path / "x", layer)
    except TypeError:  # layers of functions go into no file
        options = dict.fromkeys(("PredictFcn", "Formattable", "Name"))
        data = saved(x=1)
        described = {"type": "layer", "class": row.kind, "options": options}
    else:
        data = (tmp_path / "x").read_bytes()
        described = description(data)["value"]
    tracemalloc.start()
    try:
        for i, option in enumerate(described["options"]):
            for value in HOSTILE[i % STEP :: STEP]:
                made = copy.deepcopy(described)
                made["options"][option] = value
                content = rewritten(data, lambda d, made=made: {**d, "value": made})
                outcome("load", content, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()


STEP = 1 if DRAWS > 1 else 5


def description(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = np.load(io.BytesIO(archive.read("description.json.npy")))
    return dict(json.loads(text.tobytes()))


# ---- names, links, pipes, and depth -------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "../secret.png", "/etc/hostname", "..", ".", "", "a/../../secret.png", "..\\secret.png",
    "C:secret.png", "x" * 5000, "a\0b", "~/secret.png",
])  # fmt: skip
def test_names_in_a_table_do_not_lead_out_of_its_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "digits"
    (folder / "a").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(png(np.zeros((28, 28), np.uint8)))
    (folder / "digitTrain.csv").write_bytes(f'image,digit\n"{name}",4\n'.encode())
    with pytest.raises((ValueError, FileNotFoundError), match=r"is no name of a file|no image|NUL"):
        digitTrain4DArrayData(folder)


def test_a_row_without_the_name_of_an_image(tmp_path: Path) -> None:
    (tmp_path / "digitTrain.csv").write_text("digit,image\n4\n")
    with pytest.raises(ValueError, match="the image None is no name of a file"):
        digitTrain4DArrayData(tmp_path)


def test_names_in_an_archive_are_no_paths(tmp_path: Path) -> None:
    """Entries are looked up by name in memory; nothing is ever written where they say."""
    for name in ("../../evil.npy", "/evil.npy", "array_0.npy/../evil.npy"):
        content = rewritten(original("load"), entries=set_entry(name, npy(np.zeros(3))))
        with pytest.raises(FileFormatError, match="does not know"):
            (tmp_path / "x.npz").write_bytes(content)
            load(tmp_path / "x.npz")
    assert os.listdir(tmp_path) == ["x.npz"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes and devices of POSIX")
@every_loader
@pytest.mark.parametrize("kind", ["pipe", "zeros", "circle", "nowhere"])
def test_what_is_no_file(loader: str, kind: str, tmp_path: Path) -> None:
    """It would never end, or never begin."""
    name, call, _ = LOADERS[loader]
    place = tmp_path / name
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to({"zeros": "/dev/zero", "circle": place, "nowhere": "nowhere"}[kind])
    assert isinstance(outcome_of(lambda: call(place), place), Exception)


def test_folders_in_folders_as_deep_as_the_system_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    depth = 1200
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    Path("a.png").write_bytes(png(IMAGE))
    try:
        (file,) = imageDatastore(tmp_path, IncludeSubfolders=True).Files
        assert Path(file).parts.count("d") == depth
    finally:  # deeper than the tools that clear up may go
        os.remove("a.png")
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("d")


def test_a_circle_of_folders(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(IMAGE))
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert len(imageDatastore(tmp_path, IncludeSubfolders=True).Files) == 1


# ---- memory -------------------------------------------------------------------------------------


BIG = LEAST + 2**20


def image_header(width: int, height: int) -> bytes:
    """A PNG image that says it is large."""

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(
            ">I", zlib.crc32(kind + content))  # fmt: skip

    sizes = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"".join([b"\x89PNG\r\n\x1a\n", part(b"IHDR", sizes),
                     part(b"IDAT", zlib.compress(bytes(999))), part(b"IEND", b"")])  # fmt: skip


def element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(kind: int, name: bytes, body: bytes) -> bytes:
    """A variable of 1×1 in a .mat file."""
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack("<2i", 1, 1))
    return element(14, head + element(1, name) + body)


def nested_cells(depth: int) -> bytes:
    heads, size = [], 0
    for name in [b""] * (depth - 1) + [b"XTrain"]:
        head = matrix(1, name, b"")[8:]
        size += len(head)
        heads.append(struct.pack("<II", 14, size) + head)
        size += 8
    number = matrix(6, b"digitsTrain", element(9, struct.pack("<d", 1.0)))
    return mat()[:128] + b"".join(reversed(heads)) + number


def claiming(content: bytes, count: int) -> bytes:
    """A .mat file whose images say that they are larger."""
    tag = struct.pack("<II", 2, 28 * 28 * 2)
    assert content.count(tag) == 1
    return content.replace(tag, struct.pack("<II", 2, count))


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zeros in gzip": ("idx", lambda: gzip.compress(idx(np.zeros(BIG, np.uint8)))),
    "gzip after gzip": ("idx", lambda: gzip.compress(bytes(2**20)) * (BIG // 2**20)),
    "a header of gigabytes": ("idx", lambda: b"\0\0\x08\x02" + b"\xff" * 8),
    "200 dimensions": ("idx", lambda: b"\0\0\x08\xc8" + struct.pack(">I", 1) * 200 + b"x"),
    "no numbers, and gigabytes": ("idx", lambda: b"\0\0\x08\x04" + bytes(4) + b"\xff" * 12),
    "zeros in a variable": ("mat", lambda: mat(XTrain=np.zeros((28, 28, 1, BIG // 784), np.uint8))),
    "zeros in another variable": ("mat", lambda: mat(other=np.zeros(BIG, np.uint8))),
    "a variable of gigabytes": ("mat", lambda: claiming(mat(False), 2**32 - 8)),
    "cells in cells": ("mat", lambda: nested_cells(30_000)),
    "cells": ("mat", lambda: mat(XTrain=np.array([[1.0, None]], dtype=object)[:, :1])),
    "a sparse matrix": ("mat", lambda: mat(digitsTrain=csc_matrix(np.ones((1, 2))))),
    "a structure": ("mat", lambda: mat(XTrain={"a": 1})),
    "16 giga pixels": ("png", lambda: image_header(2**17, 2**17)),
    "100 mega pixels": ("png", lambda: image_header(10_000, 10_000)),
    "impossible pixels": ("png", lambda: image_header(2**31 - 1, 2**31 - 1)),
    "a long line": ("digits.csv", lambda: b'image,digit\n"' + b"x" * 10**6 + b'",4\n'),
    "lists in lists": ("load", lambda: rewritten(saved(x=1), lambda d: {**d, "value": NEST})),
}  # fmt: skip
NEST: list[Any] = []
for _ in range(900):
    NEST = [NEST]


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_takes_no_large_memory(bomb: str, tmp_path: Path) -> None:
    loader, make = BOMBS[bomb]
    content = make()
    assert len(content) < 3 * 2**20
    tracemalloc.start()
    try:
        assert isinstance(outcome(loader, content, tmp_path), Exception)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * max(LEAST, MOST_TIMES * len(content))
    finally:
        tracemalloc.stop()


def test_what_grows_as_usual_is_read(tmp_path: Path) -> None:
    """The limit is far from files of images, and leaves small ones of one colour alone."""
    images = np.full((2000, 28, 28), 255, np.uint8)
    (tmp_path / "x").write_bytes(gzip.compress(idx(images[:1000])))
    assert read_idx(tmp_path / "x").shape == (1000, 28, 28)
    (tmp_path / "x").write_bytes(gzip.compress(idx(images)[:99]) + gzip.compress(idx(images)[99:])
                                 + bytes(512))  # fmt: skip
    assert (read_idx(tmp_path / "x") == images).all()
