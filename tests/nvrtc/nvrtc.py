"""NVIDIA's compiler for kernels, called through its C interface. It needs no GPU and no driver."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path


class CompileError(Exception):
    """What the compiler has against a text."""


class Nvrtc:
    """One version of the compiler: the shared library at a path."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._call("nvrtcVersion", ctypes.byref(major), ctypes.byref(minor))
        self.version = f"{major.value}.{minor.value}"

    def compile(self, text: str, architecture: int, options: Sequence[str] = ()) -> bytes:
        """The machine code for one generation of cards: 86 for sm_86."""
        program = ctypes.c_void_p()
        self._call("nvrtcCreateProgram", ctypes.byref(program), text.encode(), b"kernel.cu", 0,
                   None, None)  # fmt: skip
        try:
            given = [f"-arch=sm_{architecture}", *options]
            strings = (ctypes.c_char_p * len(given))(*[option.encode() for option in given])
            if self._library.nvrtcCompileProgram(program, len(given), strings) != 0:
                raise CompileError(self._told(program, "ProgramLog").decode(errors="replace"))
            return self._told(program, "CUBIN")
        finally:
            self._call("nvrtcDestroyProgram", ctypes.byref(program))

    def _told(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        self._call(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        self._call(f"nvrtcGet{what}", program, buffer)
        return buffer.raw

    def _call(self, name: str, *arguments: object) -> None:
        status = getattr(self._library, name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{name} has failed with the status {status}")
