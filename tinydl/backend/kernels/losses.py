"""Losses over all elements, in one launch."""

from __future__ import annotations

from typing import Any

from tinydl.backend.kernels import Elementwise


class Reduction(Elementwise):
    """A kernel that adds up what it makes of each element, and finishes the sum."""

    def __init__(self, name: str, inputs: str, output: str, term: str, finish: str) -> None:
        super().__init__(name, inputs, output, term)
        self.finish = finish

    def compile(self, **types: str) -> Any:
        """CuPy's kernel, which compiles itself for each class it meets."""
        program = self._compiled.get(())
        if program is None:
            import cupy

            program = self._compiled[()] = cupy.ReductionKernel(
                self.inputs, self.outputs, self.source, "a + b", self.finish, "0", self.name
            )
        return program


TOTAL_SURPRISE = Reduction(
    "tinydl_total_surprise",
    "T p, T t, T least, T scale",
    "T y",
    "-(t * log(p < least ? least : p))",
    "y = a * scale",
)
