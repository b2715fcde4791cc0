"""The check that users run on their own GPU: what it says, and that it notices what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests import pretend_gpu
from tests.conftest import ON_GPU
from tests.cpuhip import standin
from tinydl import gpucheck
from tinydl.backend import dispatch, gpu, gpu_versions, numpy_backend
from tinydl.testing import device_check
from tinydl.testing.device_cases import CASES
from tinydl.testing.device_check import Finding
from tinydl.testing.device_sequences import SEQUENCE_CASES

on_a_gpu = pytest.mark.skipif(not ON_GPU, reason="there is no GPU")


@pytest.fixture
def sorting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in for a GPU borrows NumPy's sorting."""
    if standin.is_running():
        cupy = standin.cupy_or_skip()
        monkeypatch.setattr(cupy, "argsort", cupy.argsort)
        standin.lend_sorting(cupy)


def test_without_a_gpu_it_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "why_not", lambda: "the driver /" + "opt/drivers/gpu.so is too old")
    assert gpucheck.main([]) == gpucheck.NO_GPU == 2
    printed = capsys.readouterr().out
    assert "no GPU: the driver …/gpu.so is too old" in printed and "NumPy 2." in printed


@pytest.mark.parametrize("arguments", [["--steps", "0"], ["--steps", "some"], ["--fast"]])
def test_wrong_options_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        gpucheck.main(arguments)
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('File "/' + 'home/ada/tinydl/a.py", line 3', 'File "…/a.py", line 3'),
        ("C:" + r"\Users\ada\k.cu(7): error", "…/k.cu(7): error"),
        ("a ratio of 3/4, and/or more", "a ratio of 3/4, and/or more"),
    ],
)
def test_places_are_not_told(text: str, told: str) -> None:
    assert gpucheck.without_places(text) == told


# ---- what counts as a difference ----------------------------------------------------------------

HALVES = np.array([1.0, 0.5, -2.0])


def complaints(found: Any, expected: Any, exact: Any = None) -> list[str]:
    finding = Finding("f")
    finding.compare(found, expected, expected if exact is None else exact)
    return finding.complaints


def test_rounding_is_no_difference() -> None:
    single, third = HALVES.astype(np.float32), np.float32(1.0 + 2e-6)
    assert complaints(single * third, single, HALVES) == []
    assert complaints(HALVES * (1.0 + 1e-14), HALVES) == []
    # Where NumPy itself has no digits left the GPU need not have any.
    assert complaints(single * np.float32(1.01), single * np.float32(0.999), HALVES) == []


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        (HALVES.astype("f") * np.float32(1.0001), HALVES.astype("f"), "single.*differs by 2.0e-04"),
        (HALVES * (1.0 + 1e-10), HALVES, "double.*differs by 2.0e-10"),
        (HALVES.astype("f"), HALVES, "float32.*instead of float64"),
        (HALVES[:2], HALVES, "instead of"),
        (np.array([np.nan, 0.5, -2.0]), HALVES, "NaN where there is none"),
        (np.array([1.0, np.inf]), np.array([1.0, -np.inf]), "other Inf or NaN"),
        (np.array([1, 2]), np.array([1, 3]), "differs"),
        ((HALVES, HALVES), (HALVES,), "another number"),
        ([1, 2], [1, 3], "2 instead of 3"),
    ],
)
def test_differences_are_noticed(found: Any, expected: Any, words: str) -> None:
    (complaint,) = complaints(found, expected)
    assert re.search(words, complaint)


# ---- on a pretended GPU --------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({**CASES, **SEQUENCE_CASES}))
def test_the_cases_run_without_nan(name: str) -> None:
    if not hasattr(numpy_backend, name):
        pytest.skip("it is for a GPU alone")
    for case in {**CASES, **SEQUENCE_CASES}[name]:
        with numpy_backend.quiet():
            found = case.call(numpy_backend, *case.draw(np.float64))
        parts = [np.asarray(part) for part in device_check.flat(found) if part is not None]
        assert parts and not any([np.isnan(part).any() for part in parts if part.dtype.kind == "f"])


@pytest.mark.skipif(ON_GPU, reason="there is one")
def test_the_report_on_a_pretended_gpu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend_gpu.install(monkeypatch)
    names = ["relu", "convolve", "softmax"]
    monkeypatch.setattr(device_check, "own_functions", lambda: names)
    monkeypatch.setattr(gpu_versions, "versions", lambda: iter([("CuPy", "pretended")]))
    monkeypatch.setattr(gpucheck, "all_kernels", lambda: ())
    assert gpucheck.main(["--quick", "--steps", "2"]) == gpucheck.ALL_AGREED
    printed = capsys.readouterr().out
    assert all([f"\n{name} " in printed for name in names]) and "the loss went from" in printed
    assert "steps of the digits network: 2, of 8 images" in printed
    assert max(map(len, printed.splitlines())) <= gpucheck.COLUMNS


# ---- on a GPU -----------------------------------------------------------------------------------


@on_a_gpu
def test_all_is_well(device: Any, sorting: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpucheck.main(["--quick"]) == gpucheck.ALL_AGREED == 0
    printed = capsys.readouterr().out
    assert "comparisons agreed" in printed and "images/s" in printed
    assert "did not run" not in printed, "a kernel that no case launches"
    assert max(map(len, printed.splitlines())) <= gpucheck.COLUMNS
    assert gpucheck.without_places(printed) == printed


@on_a_gpu
def test_every_function_has_a_case(device: Any) -> None:
    assert device_check.without_cases() == []
    assert set(CASES) & set(SEQUENCE_CASES) == set()
    assert set(device_check.NOT_COMPARED) <= set(device_check.own_functions())


def enlarged(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **options: function(*args, **options) * 1.001


def failing(_: Callable[..., Any]) -> Callable[..., Any]:
    def fail(*args: Any, **options: Any) -> Any:
        raise RuntimeError("no such kernel in /" + "opt/cuda/lib")

    return fail


NAMES = ["convolve_weight_gradient", "relu"]


@on_a_gpu
def test_a_fault_is_named(
    device: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    far = dispatch.cupy()
    monkeypatch.setattr(device_check, "own_functions", lambda: NAMES)
    monkeypatch.setattr(far, NAMES[0], enlarged(getattr(far, NAMES[0])))
    assert gpucheck.main(["--quick"]) == gpucheck.SOMETHING_DIFFERS == 1
    (last,) = [line for line in capsys.readouterr().out.splitlines() if "NOT all agreed" in line]
    assert "convolve_weight_gradient" in last and "backend convolve_weight_gradient" in last
    assert "relu" not in last


@on_a_gpu
def test_what_raises_is_reported(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    far = dispatch.cupy()
    monkeypatch.setattr(far, NAMES[0], failing(getattr(far, NAMES[0])))
    wrong, right = device_check.check_functions(NAMES)
    assert (wrong.name, right.name, right.complaints) == (*NAMES, [])
    assert set(wrong.complaints) == {"RuntimeError: no such kernel in /" + "opt/cuda/lib"}
    assert len(wrong.complaints) == wrong.calls
