"""Interrupted saving, and the places in the file system that are no files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.forms import small_network
from tinydl.store import FileFormatError, load, save
from tinydl.store import replace as replace_module


class Full:
    """A disk that is full after some bytes."""

    def __init__(self, stream: Any, room: int, error: BaseException) -> None:
        self.stream, self.room, self.error = stream, room, error

    def write(self, data: Any) -> Any:
        self.room -= len(data)
        if self.room < 0:
            raise self.error
        return self.stream.write(data)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()],
                         ids=["full", "stopped"])  # fmt: skip
@pytest.mark.parametrize("room", [0, 50, 200, 1500, 3000])
def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, error: BaseException
) -> None:
    file = tmp_path / "x"
    save(file, 1)
    real = open
    monkeypatch.setattr(
        replace_module, "open", lambda *args: Full(real(*args), room, error), raising=False
    )
    with pytest.raises(type(error)) as caught:
        save(file, net=small_network())
    if isinstance(error, OSError):
        assert "save wrote nothing: No space left" in str(caught.value)
        assert str(file) in str(caught.value)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["x"] and load(file) == 1


@pytest.mark.parametrize("function", ["replace", "fsync"])
@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), KeyboardInterrupt()],
                         ids=["refused", "stopped"])  # fmt: skip
def test_an_interrupted_end_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, error: BaseException
) -> None:
    file = tmp_path / "x"
    save(file, 1)

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(type(error)):
        save(file, 2)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["x"] and load(file) == 1


def test_a_folder_that_cannot_be_synchronized_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", fail)
    save(tmp_path / "x", 1)
    monkeypatch.undo()
    assert load(tmp_path / "x") == 1


# ---- places in the file system -------------------------------------------------------------------


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="add the name of a file"):
        save(tmp_path, 1)
    with pytest.raises(IsADirectoryError, match="this is a folder"):
        load(tmp_path)


def test_a_folder_or_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such folder; make it first"):
        save(tmp_path / "a" / "x", 1)
    with pytest.raises(FileNotFoundError, match="x"):
        load(tmp_path / "x")
    assert not os.listdir(tmp_path)


def test_a_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "a temporary name")

    monkeypatch.setattr(replace_module, "open", refuse, raising=False)
    with pytest.raises(PermissionError) as caught:
        save(tmp_path / "x", 1)
    assert str(tmp_path / "x") in str(caught.value)
    assert not os.listdir(tmp_path)


def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("modes of folders do not bind this user or system")
        with pytest.raises(PermissionError, match="save wrote nothing") as caught:
            save(tmp_path / "x", 1)
    finally:
        tmp_path.chmod(0o700)
    assert str(tmp_path / "x") in str(caught.value)
    assert not os.listdir(tmp_path)


def test_a_protected_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "x", 1)
    (tmp_path / "x").chmod(0o400)
    monkeypatch.setattr(os, "access", lambda file, mode: not mode & os.W_OK)  # also for root
    with pytest.raises(PermissionError, match="protected"):
        save(tmp_path / "x", 2)
    assert load(tmp_path / "x") == 1


needs_posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes of POSIX")


@needs_posix
def test_links_and_modes_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "epoch3", tmp_path / "last"
    before = os.umask(0o027)
    try:
        save(target, 1)
        assert stat.S_IMODE(target.stat().st_mode) == 0o640
        target.chmod(0o604)
        link.symlink_to(target)
        save(link, 2)
    finally:
        os.umask(before)
    assert link.is_symlink() and load(target) == 2
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


@needs_posix
def test_devices_and_pipes_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OSError, match="device or pipe"):
            save(file, 1)
        with pytest.raises(FileFormatError, match="device or pipe"):
            load(file)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
