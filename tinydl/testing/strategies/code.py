"""The code that makes a value: what stands in a report can be copied into a test."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from tinydl.backend import is_on_gpu
from tinydl.functions.convert import extractdata
from tinydl.functions.device import gather
from tinydl.labels import dlarray
from tinydl.layers.layer import Layer
from tinydl.layers.layout import networkDataLayout
from tinydl.network.net import dlnetwork

WIDTH = 88


class Case:
    """Several values that are drawn together. Its repr is the code that makes an equal one.

    Cases are equal if their code is: if all numbers, classes, formats and options are.
    """

    def __repr__(self) -> str:
        return code(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        print_lines(self, printer)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and code(self) == code(other)

    def __hash__(self) -> int:
        return hash(code(self))


def code(value: Any) -> str:
    """Python code that makes an equal value: a dlarray, a layer, a layout, or a list of such.

    The code uses the names of ``from tinydl import *`` and ``from tinydl.testing.strategies import
    *``. Numbers are written in full, so that no bit of them is lost. Of a network only its layers
    are written, and only if they are a chain without values: it stands in a networkLayer.

    Example:
        >>> from tinydl import dlarray, lstmLayer, single
        >>> code(single(dlarray([[0.25, 1], [2, 3]], "CB")))
        "single(dlarray([[0.25, 1.0], [2.0, 3.0]], 'CB'))"
        >>> code([lstmLayer(2, OutputMode="last")])
        "[lstmLayer(NumHiddenUnits=2, OutputMode='last')]"
    """
    for kind, write in WRITERS:
        if isinstance(value, kind):
            return write(value)
    return value.__name__ if callable(value) else repr(value)


def print_lines(value: Any, printer: Any) -> None:
    """Print the code of a value, each line of it where the first one begins, by a printer of
    Hypothesis or IPython."""
    for number, line in enumerate(code(value).splitlines()):
        if number:
            printer.break_()
        printer.text(line)


def _call(name: str, arguments: Iterable[str]) -> str:
    return _joined(f"{name}(", arguments, ")")


def _joined(start: str, parts: Iterable[str], end: str) -> str:
    """Everything in one line if there is room, else numbers line after line, or each part alone."""
    parts = list(parts)
    line = start + ", ".join(parts) + end
    if len(line) <= WIDTH and "\n" not in line:
        return line
    if not any([set(part) & set("([\n ") for part in parts]):
        body = textwrap.fill(", ".join(parts), WIDTH - 4, break_on_hyphens=False)
    else:
        body = ",\n".join(parts)
    return f"{start}\n{textwrap.indent(body, '    ')},\n{end}"


def _options(given: Mapping[str, Any]) -> list[str]:
    return [f"{name}={code(value)}" for name, value in given.items()]


def _case(case: Any) -> str:
    given = {}
    for field in fields(case):
        value = getattr(case, field.name)
        usual = field.default if field.default is not MISSING else None
        if field.default is MISSING or code(value) != code(usual):
            given[field.name] = value
    return _call(type(case).__name__, _options(given))


def _array(X: dlarray) -> str:
    array = extractdata(X)
    wrapped = "single" if X.dtype == np.float32 else ""
    values = code(np.asarray(gather(array)))
    made = _call("dlarray", [values, *([repr(X.dims)] if X.dims else [])])
    for name in (wrapped, "gpuArray" if is_on_gpu(array) else ""):
        made = f"{name}({made})" if name else made
    return made


def _numbers(array: np.ndarray) -> str:
    if array.size == 0:
        return f"zeros({tuple(array.shape)})"
    return code(array.tolist())


def _network(net: dlnetwork) -> str:
    return _call("dlnetwork", [code(list(net.Layers)), "Initialize=False"])


def _layout(layout: networkDataLayout) -> str:
    return _call("networkDataLayout", [code(list(layout.Size)), repr(layout.Format)])


def _tuple(values: tuple[Any, ...]) -> str:
    return f"({code(values[0])},)" if len(values) == 1 else _joined("(", map(code, values), ")")


WRITERS: list[tuple[type, Any]] = [
    (dlarray, _array),
    (Layer, lambda layer: _call(type(layer).__name__, _options(layer._chosen_options()))),
    (networkDataLayout, _layout),
    (dlnetwork, _network),
    (Case, _case),
    (np.ndarray, _numbers),
    (np.generic, lambda number: code(number.item())),
    (float, lambda x: repr(x) if math.isfinite(x) else f'float("{x}")'),
    (list, lambda values: _joined("[", map(code, values), "]")),
    (tuple, _tuple),
    (dict, lambda d: _joined("{", [f"{code(k)}: {code(v)}" for k, v in d.items()], "}")),
]
"""How values of each class are written; the first one that fits."""
