"""Files that are damaged, hostile, or of other programs: a named error, or the saved value."""

from __future__ import annotations

import io
import json
import math
import pickle
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checks import DRAWS
from tests.forms import form
from tests.strategies import SEEDS
from tinydl import (
    batchNormalizationLayer,
    dlarray,
    dlnetwork,
    featureInputLayer,
    fullyConnectedLayer,
)
from tinydl.store import FileFormatError, load, save


def sample() -> dict[str, Any]:
    """A little of everything, so that a file of it is small enough to damage every byte."""
    net = dlnetwork([featureInputLayer(1), fullyConnectedLayer(1), batchNormalizationLayer()])
    return {"net": net, "x": [np.zeros(3), dlarray([True], "C"), (1, math.inf, 2**70, np.int8(3))]}


@pytest.fixture(scope="module")
def sample_bytes(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Any]:
    file = tmp_path_factory.mktemp("sample") / "x"
    value = sample()
    save(file, **value)
    return file.read_bytes(), form(value)


def assert_named_error_or_equal(file: Path, damaged: bytes, value: Any) -> bool:
    """Whether load refused the bytes. What it did not refuse must be the saved value."""
    file.write_bytes(damaged)
    try:
        loaded = load(file)
    except FileFormatError as error:
        assert str(error).startswith(f"{file}: ") and len(str(error)) > len(f"{file}: ") + 20
        return True
    assert form(loaded) == value
    return False


def test_no_flipped_byte_gives_another_value(
    tmp_path: Path, sample_bytes: tuple[bytes, Any]
) -> None:
    data, value = sample_bytes
    random = np.random.default_rng(0)
    places = random.choice(len(data), min(500 * DRAWS, len(data)), replace=False)
    refused = 0
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= int(random.integers(1, 256))
        refused += assert_named_error_or_equal(tmp_path / "x", bytes(damaged), value)
    assert refused > 0.8 * len(places)  # the rest are dates and notes of the archive


def test_no_part_of_a_file_gives_a_value(tmp_path: Path, sample_bytes: tuple[bytes, Any]) -> None:
    data, value = sample_bytes
    for length in range(0, len(data), 11):
        assert assert_named_error_or_equal(tmp_path / "x", data[:length], value)


@given(st.data())
def test_no_larger_damage_gives_another_value(
    tmp_path_factory: pytest.TempPathFactory, sample_bytes: tuple[bytes, Any], data: st.DataObject
) -> None:
    """Blocks removed, repeated, zeroed, exchanged or overwritten."""
    original, value = sample_bytes
    cuts = sorted(data.draw(st.lists(st.integers(0, len(original)), min_size=3, max_size=3)))
    a, b, c = (original[i:j] for i, j in zip([0, *cuts[:2]], cuts, strict=True))
    rest = original[cuts[2] :]
    damaged = data.draw(st.sampled_from([
        a + c + rest, a + b + b + c + rest, a + bytes(len(b)) + c + rest, a + c + b + rest,
        b + c + rest, original + b, a + b[::-1] + c + rest,
    ]))  # fmt: skip
    assert_named_error_or_equal(tmp_path_factory.mktemp("store") / "x", damaged, value)


def rewritten(
    data: bytes,
    change: Callable[[dict[str, Any]], Any] = lambda d: d,
    entries: Callable[[dict[str, bytes]], Any] = lambda e: None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """An archive with valid checksums and another description, or other entries."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    key = "description.json.npy"
    text = np.load(io.BytesIO(found[key])).tobytes()
    found[key] = npy(np.frombuffer(json.dumps(change(json.loads(text))).encode(), np.uint8))
    entries(found)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return stream.getvalue()


def npy(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def test_a_rewritten_file_is_read(tmp_path: Path, sample_bytes: tuple[bytes, Any]) -> None:
    data, value = sample_bytes  # the tests below would pass if rewriting itself were the damage
    assert not assert_named_error_or_equal(tmp_path / "x", rewritten(data), value)


def at(d: Any, *keys: Any) -> Any:
    for key in keys:
        d = d[key]
    return d


def put(*keys_and_value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A change of a description: the last argument is put at the place the others name."""
    *keys, last, value = keys_and_value

    def change(d: dict[str, Any]) -> dict[str, Any]:
        at(d, *keys)[last] = value
        return d

    return change


NET = ("value", "values", 0)
VALUE = ("value", "values", 1)
LAYER = (*NET, "graph", "layers", 2)

CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a later version": (put("version", 2), "version 2, and this tinydl reads version 1; update"),
    "no version": (put("version", None), "version None"),
    "another format": (put("format", "other"), "not written by save"),
    "no object": (lambda d: [d], "not written by save"),
    "no value": (lambda d: {k: v for k, v in d.items() if k != "value"}, "damaged"),
    "an unknown type": (put(*VALUE, 0, "type", "eval"), "'eval', which this tinydl does not know"),
    "a type that is none": (put(*VALUE, 0, "type", ["array"]), "damaged"),
    "an unknown layer": (put(*LAYER, "class", "strangeLayer"), "no layer class 'strangeLayer'"),
    "a class that is no layer": (put(*LAYER, "class", "os.system"), "no layer class"),
    "an unknown option": (put(*LAYER, "options", "Strange", 1), "no option Strange"),
    "an impossible option": (put(*LAYER, "options", "Epsilon", -1.0), "Epsilon"),
    "a name that is no text": (put(*LAYER, "options", "Name", 3), "name of a layer is text"),
    "no name": (put(*LAYER, "options", "Name", ""), "or have none"),
    "a name twice": (put(*LAYER, "options", "Name", "fc"), "layers share a name"),
    "another name": (put(*LAYER, "options", "Name", "other"), "damaged"),
    "another order": (put(*NET, "Learnables", "Parameter", 0, "Bias"), "do not have the rows"),
    "a value that is none": (put(*NET, "Learnables", "Value", 0, 3.0), "other values than"),
    "a table with fewer values": (put(*NET, "State", "Value", []), "damaged"),
    "an unknown output": (put(*NET, "OutputNames", ["x"]), "there is no layer 'x'"),
    "a connection to nothing": (put(*NET, "graph", "connections", [["fc", "x"]]), "no layer 'x'"),
    "a circle": (put(*NET, "graph", "connections", [["fc", "fc"]]), "form a circle"),
    "a number as connection": (put(*NET, "graph", "connections", [1]), "a list was expected"),
    "another size": (put(*VALUE, 0, "size", [4]), "size [3], the description says"),
    "another class": (put(*VALUE, 0, "class", "float32"), "float64 of the size"),
    "a missing array": (put(*VALUE, 0, "entry", "array_99"), "'array_99' is missing"),
    "an array used twice": (put(*VALUE, 0, "entry", "array_0"), "missing"),
    "an array not used": (put(*VALUE, 0, 1), "does not know"),
    "a scalar with dimensions": (put(*VALUE, 0, "type", "scalar"), "a scalar has dimensions"),
    "a format that is none": (put(*VALUE, 1, "format", "Q"), "is no label"),
    "a format that does not fit": (put(*VALUE, 1, "format", "CB"), "has the format 'CB'"),
    "integers with labels": (put(*VALUE, 2, "items", 3, {
        "type": "dlarray", "format": "", "entry": "array_8", "class": "int8", "size": []}),
        "a dlarray of int8"),
    "a format out of order": (put(*VALUE, 1, "format", "c"), "has the format 'c'"),
    "a number without digits": (put(*VALUE, 2, "items", 2, "hex", "zz"), "damaged"),
    "a number with few bits": (put(*VALUE, 2, "items", 1, "bits", "00"), "damaged"),
    "a key twice": (put("value", "keys", ["a", "a"]), "a dict has a key twice"),
    "a key that is a list": (put("value", "keys", [["a"], "b"]), "damaged"),
    "fewer keys": (put("value", "keys", ["a"]), "damaged"),
    "too many inputs": (put(*LAYER, {"type": "layer", "class": "additionLayer",
                                     "options": {"NumInputs": 10**12}}), "10000 inputs at most"),
    "deep nesting": (lambda d: put("value", nested(900))(d), ""),
}  # fmt: skip


def nested(depth: int) -> Any:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize("case", CHANGES)
def test_a_description_that_does_not_fit_is_refused(
    tmp_path: Path, sample_bytes: tuple[bytes, Any], case: str
) -> None:
    change, message = CHANGES[case]
    (tmp_path / "x").write_bytes(rewritten(sample_bytes[0], change))
    with pytest.raises(FileFormatError) as caught:
        load(tmp_path / "x")
    assert str(caught.value).startswith(f"{tmp_path / 'x'}: ")
    assert message in str(caught.value)


@given(SEEDS)
def test_a_description_changed_at_random_gives_nothing_else_than_values_or_the_error(
    tmp_path_factory: pytest.TempPathFactory, sample_bytes: tuple[bytes, Any], seed: int
) -> None:
    random = np.random.default_rng(seed)
    strange = [None, True, -1, 2**80, 1.5, "", "x", [], [[1]], {}, {"type": "list"}, "array_1",
               {"type": "int", "hex": "0x10"}, 10**15, "SSCB", ["a", "b"]]  # fmt: skip

    def change(d: Any) -> Any:
        places: list[tuple[Any, Any]] = []

        def collect(part: Any) -> None:
            for key in range(len(part)) if isinstance(part, list) else list(part):
                places.append((part, key))
                if isinstance(part[key], (dict, list)):
                    collect(part[key])

        collect(d)
        for _ in range(random.integers(1, 3)):
            part, key = places[random.integers(len(places))]
            if random.random() < 0.2 and isinstance(part, dict):
                part.pop(key, None)
            elif isinstance(part, dict) or key < len(part):
                part[key] = strange[random.integers(len(strange))]
        return d

    file = tmp_path_factory.mktemp("store") / "x"
    file.write_bytes(rewritten(sample_bytes[0], change))
    try:
        load(file)
    except FileFormatError as error:
        assert str(error).startswith(f"{file}: ")


class Trap:
    """An object whose pickle would write a file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = str(file)

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.file, "w"))


def set_entry(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda entries: entries.update({name: content})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (b"PK", "damaged"),
        (npy(np.zeros(3))[:-1], "do not fit"),
        (npy(np.zeros(3)) + b"\0", "do not fit"),
        (npy(np.zeros(2)), "the description says"),
        (npy(np.zeros(3, "f4")), "the description says"),
        (npy(np.zeros(3, complex)), "never"),
        (npy(np.array([None] * 3), allow_pickle=True), "class object"),
        (npy(np.zeros(3, [("a", "f8")])), "never"),
        (npy(np.array(["abc"])), "never"),
        (npy(np.zeros(3)).replace(b"(3,), ", b"(-3,),"), "do not fit"),
        (npy(np.zeros(3)).replace(b"(3,)", b"(9,)"), "do not fit"),
        (npy(np.zeros((3, 1))).replace(b"(3, 1), ", b"(-3,-1),"), "do not fit"),
        (npy(np.zeros(3)).replace(b"NUMPY\x01", b"NUMPY\x02"), "header"),
        (npy(np.zeros(3)).replace(b"'<f8'", b"'>f8'"), "never"),
        (npy(np.zeros(3)).replace(b"'<f8'", b"f(3) "), "damaged"),
        (npy(np.zeros(3)).replace(b"(3,)", b"3L  "), "damaged"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(
    tmp_path: Path, sample_bytes: tuple[bytes, Any], content: bytes, message: str
) -> None:
    data = sample_bytes[0]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(n for n in archive.namelist() if b"(3,)" in archive.read(n)[:128])
    (tmp_path / "x").write_bytes(rewritten(data, entries=set_entry(name, content)))
    with pytest.raises(FileFormatError, match=message):
        load(tmp_path / "x")


def test_logical_bytes_beside_0_and_1_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "x", [np.array([True, True])])
    data = (tmp_path / "x").read_bytes()
    wrong = npy(np.array([True, True]))[:-1] + b"\x02"
    (tmp_path / "x").write_bytes(rewritten(data, entries=set_entry("array_0.npy", wrong)))
    with pytest.raises(FileFormatError, match="bytes beside 0 and 1"):
        load(tmp_path / "x")


def test_no_program_in_a_file_is_run(tmp_path: Path, sample_bytes: tuple[bytes, Any]) -> None:
    marker = tmp_path / "ran"
    trap = npy(np.array([Trap(marker)], dtype=object), allow_pickle=True)
    for data in (
        rewritten(sample_bytes[0], entries=set_entry("array_0.npy", trap)),
        rewritten(sample_bytes[0], entries=set_entry("description.json.npy", trap)),
        pickle.dumps(Trap(marker)),
        pickle.dumps(Trap(marker), 0),
        trap,
    ):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(FileFormatError):
            load(tmp_path / "x")
        assert not marker.exists()
    pickle.loads(pickle.dumps(Trap(marker))).close()
    assert marker.exists()  # the trap itself works


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty file"),
        (b"MATLAB 5.0 MAT-file, Platform", "scipy.io.loadmat"),
        (b"\x89HDF\r\n\x1a\n", "h5py"),
        (pickle.dumps({"a": 1}), "a pickle"),
        (npy(np.zeros(3)), "numpy.load"),
        (npz(a=np.zeros(3)), "no description; arrays in a file of NumPy are read with numpy.load"),
        (b"epoch,loss\n1,0.5\n", "no archive"),
        (b"PK\x03\x04", "damaged"),
        (npz(**{"description.json": np.zeros(3, np.uint8)}), "compressed"),
    ],
)
def test_files_of_other_programs_are_recognized(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(FileFormatError, match=message):
        load(tmp_path / "x")


# ---- memory --------------------------------------------------------------------------------------


def peak_of_loading(file: Path) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError):
            load(file)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA], ids=["zip", "lzma"])
def test_a_compressed_bomb_is_not_unpacked(
    tmp_path: Path, sample_bytes: tuple[bytes, Any], method: int
) -> None:
    if method == zipfile.ZIP_LZMA:
        pytest.importorskip("lzma")
    bomb = npy(np.zeros(2**24, np.uint8))
    data = rewritten(sample_bytes[0], entries=set_entry("array_0.npy", bomb))
    with (
        zipfile.ZipFile(io.BytesIO(data)) as archive,
        zipfile.ZipFile(tmp_path / "x", "w", method) as packed,
    ):
        for name in archive.namelist():
            packed.writestr(name, archive.read(name))
        for entry in packed.filelist:  # the directory does not own up to the sizes
            entry.file_size = entry.compress_size
    assert (tmp_path / "x").stat().st_size < 2**16
    assert peak_of_loading(tmp_path / "x") < 2**20


def overlapping(count: int, size: int) -> bytes:
    """An archive of arrays, each of which contains the next one together with its header."""
    content = npy(np.zeros(size, np.uint8))
    entries, described = [], []
    for i in range(count):
        entry = zipfile.ZipInfo(f"array_{i}.npy")
        entry.file_size = entry.compress_size = len(content)
        entry.CRC = zlib.crc32(content)
        entries.append(entry)
        described.append({"type": "array", "entry": f"array_{i}", "class": "uint8",
                          "size": [len(content) - 128]})  # fmt: skip
        inner = entry.FileHeader() + content
        content = npy(np.frombuffer(inner, np.uint8))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        text = json.dumps({"format": "tinydl", "version": 1, "value": described})
        archive.writestr("description.json.npy", npy(np.frombuffer(text.encode(), np.uint8)))
        place = stream.tell()
        stream.write(inner)
        archive.start_dir = stream.tell()
        for entry in reversed(entries):
            entry.header_offset = place
            place += len(entry.FileHeader()) + 128  # the headers of the entry and of its array
            archive.filelist.append(entry)
    return stream.getvalue()


def test_entries_that_share_bytes_are_not_read(tmp_path: Path) -> None:
    size = 2**16
    (tmp_path / "x").write_bytes(overlapping(1, size))
    assert load(tmp_path / "x")[0].tobytes() == bytes(size)  # one alone is a file as any other
    (tmp_path / "x").write_bytes(overlapping(100, size))
    assert (tmp_path / "x").stat().st_size < 2 * size
    assert peak_of_loading(tmp_path / "x") < 2**20


@pytest.mark.parametrize("size", [b"(99999999999,)", b"(2, 9999999999)", b"(0, -1, 99999)"])
def test_a_header_cannot_ask_for_memory(
    tmp_path: Path, sample_bytes: tuple[bytes, Any], size: bytes
) -> None:
    lie = npy(np.zeros(3)).replace(b"(3,), }" + b" " * (len(size) - 4), size + b", }")
    assert size in lie and len(lie) == len(npy(np.zeros(3)))
    data = rewritten(sample_bytes[0], entries=set_entry("array_0.npy", lie))
    (tmp_path / "x").write_bytes(data)
    assert peak_of_loading(tmp_path / "x") < 2**20


# ---- errors that are none of the file -----------------------------------------------------------


@pytest.mark.parametrize("error", [MemoryError("full"), OSError(5, "Input/output error")], ids=repr)
def test_errors_of_the_machine_are_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    save(tmp_path / "x", np.zeros(3))
    monkeypatch.setattr(zipfile.ZipFile, "read", fail)
    with pytest.raises(type(error)) as caught:
        load(tmp_path / "x")
    assert caught.value is error


def test_a_place_outside_of_the_file_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(22, "Invalid argument")  # of a seek to a negative place

    save(tmp_path / "x", np.zeros(3))
    monkeypatch.setattr(zipfile.ZipFile, "read", fail)
    with pytest.raises(FileFormatError, match="damaged"):
        load(tmp_path / "x")
