"""Kernels of the GPU that are written by hand, one family a file, and the list of them all.

A kernel is there where array functions would need many launches, or would let the computer wait.
It is a text in CUDA, or the pieces of one for a function of single elements. Nothing is compiled,
and CuPy is not imported, before the kernel is first used. Each stands beside a function of NumPy's
with the same name and numbers.

    HALVE = Kernel("tinydl_halve", TEXT, real=REALS)  # real stands for float or double in TEXT
    HALVE.launch((blocks,), (256,), (x, y, x.size), real="float")

    SQUARE = Elementwise("tinydl_square", "T x", "T y", "y = x * x")
    y = SQUARE(x)
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from collections.abc import Iterator
from typing import Any

KERNELS: dict[str, Kernel] = {}
"""All kernels of the families imported so far, by name; see `all_kernels`."""

REALS = ("float", "double")
INDICES = ("int", "long long")
"""Types to choose from: of the numbers, and of what counts them, see `index_type`."""


class Kernel:
    """A kernel that is a text in CUDA, with names in it for types that are chosen by the call."""

    def __init__(self, name: str, source: str, **choices: tuple[str, ...]) -> None:
        """choices has for each name of a type those that it may stand for."""
        self.name = name
        self.source = source
        self.choices = choices
        self._compiled: dict[tuple[str, ...], Any] = {}
        KERNELS[name] = self

    def variants(self) -> Iterator[dict[str, str]]:
        """All choices of types, each as keywords for `compile`."""
        for types in itertools.product(*self.choices.values()):
            yield dict(zip(self.choices, types, strict=True))

    def text(self, **types: str) -> str:
        """The whole text for a choice of types; for each not named, the first."""
        chosen = {name: types.get(name, choice[0]) for name, choice in self.choices.items()}
        # A macro, because a system's headers may have a function of the same name, as index.
        return "".join([f"#define {name} {chosen[name]}\n" for name in chosen]) + self.source

    def compile(self, **types: str) -> Any:
        """The program for a choice of types, compiled now if it is not yet."""
        program = self._program(tuple([types.get(n, c[0]) for n, c in self.choices.items()]))
        program.compile()
        return program

    def launch(
        self,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        args: Any,
        shared: int = 0,
        **types: str,
    ) -> None:
        """Run it on so many blocks of so many threads, with bytes of shared memory for each."""
        program = self._program(tuple([types[name] for name in self.choices]))
        program(grid, block, args, shared_mem=shared)

    def _program(self, types: tuple[str, ...]) -> Any:
        program = self._compiled.get(types)
        if program is None:
            import cupy

            text = self.text(**dict(zip(self.choices, types, strict=True)))
            program = self._compiled[types] = cupy.RawKernel(text, self.name)
        return program


class Elementwise(Kernel):
    """A kernel that does the same for each element of arrays, broadcast against each other.

    CuPy writes the text around it, for the classes and dimensions that it meets. T stands for the
    class of the arrays.
    """

    def __init__(self, name: str, inputs: str, outputs: str, body: str, **options: Any) -> None:
        super().__init__(name, body)
        self.inputs = inputs
        self.outputs = outputs
        self.options = options

    def compile(self, **types: str) -> Any:
        """CuPy's kernel, which compiles itself for each class and number of dimensions it meets."""
        program = self._compiled.get(())
        if program is None:
            import cupy

            program = self._compiled[()] = cupy.ElementwiseKernel(
                self.inputs, self.outputs, self.source, self.name, **self.options
            )
        return program

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run it; what it gives is a new array, or the last arguments if they are for that."""
        return self.compile()(*args, **options)


def all_kernels() -> tuple[Kernel, ...]:
    """Every kernel of every family."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return tuple(KERNELS.values())


def real_type(dtype: Any) -> str:
    """What CUDA calls the numbers of a class, which is float32 or float64."""
    return {"f": "float", "d": "double"}[dtype.char]


def index_type(*sizes: int) -> str:
    """The shorter type that can count so far, and past it by as many threads as run at a time."""
    return "int" if max(sizes, default=0) < 1 << 30 else "long long"
