"""docs/functions.md says what is there: it is up to date, and what it says is true."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import tinydl

SCRIPT = Path(__file__).parents[1] / "docs" / "list_functions.py"
MOST_EXCEPTIONS = 5


def listing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("list_functions", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LIST = listing()
GROUPED = [(group, letter, name) for group, rows in LIST.GROUPS.items()
           for letter, text in rows.items() for name in LIST.names(text)]  # fmt: skip
NAMES = [name for _, _, name in GROUPED]

OURS = {"canUseGPU", "gpuDevice", "randperm", "rng"}
"""Functions of arrays that MATLAB has too, but not for dlarrays."""


def test_the_page_is_up_to_date() -> None:
    assert LIST.PAGE.read_text(encoding="utf-8") == LIST.page(), (
        "write it anew: python docs/list_functions.py"
    )


def test_what_is_called_supported_is_there_and_the_rest_is_not() -> None:
    assert len(set(NAMES)) == len(NAMES)
    supported = set(NAMES) - set(LIST.MISSING) - set(LIST.WRITTEN)
    assert sorted(supported - set(vars(tinydl))) == []
    assert sorted(set(LIST.MISSING) & set(vars(tinydl))) == []
    assert set(LIST.MISSING) | set(LIST.WRITTEN) | set(LIST.DIFFERENCES) <= set(NAMES)
    assert not set(LIST.DIFFERENCES) & set(LIST.MISSING)
    assert all(LIST.MISSING.values()) and all(LIST.DIFFERENCES.values())


def test_every_function_of_arrays_is_listed() -> None:
    public = {
        name
        for name, value in vars(tinydl).items()
        if inspect.isfunction(value) and value.__module__.startswith("tinydl.functions")
    }
    assert sorted(public - set(NAMES) - OURS) == []


def test_few_of_the_usual_functions_are_missing() -> None:
    missing = [name for _, letter, name in GROUPED if letter in "AB" and name in LIST.MISSING]
    assert len(missing) <= MOST_EXCEPTIONS
