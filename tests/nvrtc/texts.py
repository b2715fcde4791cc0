"""The whole texts of tinydl's kernels, as CuPy gives them to the compiler.

CuPy writes a text around an elementwise kernel when it has met arrays. Here the same is written for
flat arrays, around the same headers, so that nothing has to run.
"""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

from tinydl.backend.kernels import INDICES, REALS, Elementwise, Kernel, all_kernels
from tinydl.backend.kernels.losses import Reduction

HEADERS = ("complex.cuh", "carray.cuh", "atomics.cuh", "math_constants.h")

TYPES = {"int32": "int", "int64": "long long", "uint8": "unsigned char", "float32": "float",
         "float64": "double", "bool": "bool"}  # fmt: skip
"""CuPy's names of types, and those of CUDA."""


class Text(NamedTuple):
    """One kernel, for one choice of types. body stands in a namespace, behind CuPy's headers."""

    kernel: str
    types: str
    body: str
    is_elementwise: bool


def texts() -> list[Text]:
    """Every kernel for all its types."""
    return [text for kernel in all_kernels() for text in _of(kernel)]


def _of(kernel: Kernel) -> list[Text]:
    if isinstance(kernel, Elementwise):
        letters = sorted(set(re.findall(r"\b[A-Z]\b", f"{kernel.inputs}, {kernel.outputs}")))
        choices = itertools.product(*[REALS if letter == "T" else INDICES for letter in letters])
        found = [dict(zip(letters, types, strict=True)) for types in choices]
        return [Text(kernel.name, " ".join(chosen.values()), _around(kernel, chosen), True)
                for chosen in found]  # fmt: skip
    return [Text(kernel.name, " ".join(types.values()), kernel.text(**types), False)
            for types in kernel.variants()]  # fmt: skip


def program(parts: list[Text]) -> str:
    """Many kernels in one text: the compiler is quicker, and still says whose the error is."""
    heads = [f"#include <cupy/{name}>" for name in HEADERS] if parts[0].is_elementwise else []
    return "\n".join([*heads, *[_apart(part, number) for number, part in enumerate(parts)]])


def _apart(part: Text, number: int) -> str:
    """A text in a namespace of its own, where it shares no names with the others."""
    body = part.body.replace('extern "C"', "")
    return f'namespace kernel_{number} {{\n#line 1 "{part.kernel} {part.types}"\n{body}\n}}'


def _around(kernel: Elementwise, chosen: dict[str, str]) -> str:
    """What CuPy writes around the pieces of an elementwise kernel."""
    inputs = [_Parameter.read(text, chosen, True) for text in kernel.inputs.split(",") if text]
    outputs = [_Parameter.read(text, chosen, False) for text in kernel.outputs.split(",")]
    every = [*inputs, *outputs]
    options = {
        name: kernel.options.get(name, "") for name in ("preamble", "loop_prep", "after_loop")
    }
    source = kernel.source
    if isinstance(kernel, Reduction):
        source = f"T a = {source}, b = a; a = a + b; {kernel.finish}"
    types = "\n".join([f"typedef {kind} {letter};" for letter, kind in chosen.items()])
    return f"""{types}
{options["preamble"]}
extern "C" __global__ void {kernel.name}({", ".join([p.declared for p in every])},
                                         CIndexer<1, 1> _ind) {{
{options["loop_prep"]};
CUPY_FOR(i, _ind.size()) {{
_ind.set(i);
{"".join([p.taken for p in every])}
{source};
}}
{options["after_loop"]};
}}"""


class _Parameter(NamedTuple):
    """How a parameter is declared, and what takes an element of it."""

    declared: str
    taken: str

    @classmethod
    def read(cls, text: str, chosen: dict[str, str], is_input: bool) -> _Parameter:
        *words, given, name = text.split()
        const = "const " if is_input else ""
        written = chosen.get(given) or TYPES[given]
        array = f"{const}CArray<{written}, 1, 1, 1>"
        if "raw" in words:
            return cls(f"{array} {name}", "")
        if is_input and given not in chosen:  # these are numbers
            return cls(f"const {written} {name}", "")
        return cls(f"{array} _raw_{name}",
                   f"{const}{written} &{name} = _raw_{name}[_ind.get()];\n")  # fmt: skip
