"""The benchmarks at tiny sizes: both libraries do the same, and the page and the plot are made."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinydl
from benchmarks import measure as measuring
from benchmarks import run, with_tinydl
from benchmarks.client import ROOT, Contestant, Worker, WorkerError, clean_environment
from benchmarks.measure import Measurement, Settings, Times, largest_error, measure
from benchmarks.report import Memory, Report, line, table
from benchmarks.workloads import WORKLOADS, Workload, chosen, named

AVAILABLE = [w for w in WORKLOADS if not w.needs or hasattr(tinydl, w.needs)]
REQUIRED = """
A train; A train, dlaccelerate; A infer; A train, batch 1; A train, batch 1, dlaccelerate;
A train, batch 8; A train, batch 8, dlaccelerate; A train, batch 16; A train, batch 32;
A train, batch 512; A train, 64 channels; A train, 128 channels; A train, images of 64; B forward;
B forward + gradient; PINN; 600 small operations, recorded; 600 small operations, gradient;
600 small operations, gradient of the gradient; lstm, 100 steps; attention; max pooling 2×2;
average pooling 2×2; convolution, strided; convolution, dilated; convolution, grouped;
convolution, 1-D; convolution, 3-D
"""
TINY = Settings(rounds=2, turn=1e-6, quiet=0.0, is_tiny=True)


def test_the_table_is_complete() -> None:
    names = [w.name for w in WORKLOADS]
    assert len(set(names)) == len(names)
    assert {" ".join(name.split()) for name in REQUIRED.split(";")} <= set(names)
    assert named("A train").sizes == {"batch": 128, "channels": 20, "size": 28}
    assert named("PINN").sizes == {"count": 1000, "hidden": 8, "neurons": 80}


@pytest.mark.parametrize("workload", AVAILABLE, ids=lambda w: w.name)
def test_tinydl_runs_at_a_tiny_size(workload: Workload) -> None:
    prepared = with_tinydl.prepare(workload, workload.draw(is_tiny=True))[""]
    answers = prepared.answers()
    assert answers and all(np.isfinite(v).all() for v in answers.values())
    prepared.run()


@pytest.mark.parametrize("workload", AVAILABLE, ids=lambda w: w.name)
def test_pytorch_does_the_same(workload: Workload) -> None:
    pytest.importorskip("torch")
    from benchmarks import with_torch

    problem = workload.draw(is_tiny=True)
    ours = with_tinydl.prepare(workload, problem)[""].answers()
    for way, prepared in with_torch.prepare(workload, problem).items():
        error, where = largest_error(ours, prepared.answers())
        assert error <= workload.tolerance, f"{way}: {where}"
        prepared.run()


def test_what_tinydl_lacks_is_left_out() -> None:
    workload = replace(named("attention"), needs="no_such_function")
    assert with_tinydl.prepare(workload, workload.draw(is_tiny=True)) == {}


def test_workloads_are_chosen_by_name() -> None:
    assert [w.name for w in chosen("A train")] == ["A train"]
    assert {w.name for w in chosen("lstm | max")} == {
        "lstm, 100 steps", "max pooling 2×2", "max pooling 3×3, overlapping"}  # fmt: skip
    assert len(chosen("*")) == len(WORKLOADS)
    assert chosen("no such workload") == []


# ---- processes -----------------------------------------------------------------------------------


def tinydl_called(name: str) -> Contestant:
    return Contestant(name, "tinydl", ROOT)


def test_the_environment_of_workers() -> None:
    given = {"PATH": "p", "OPENBLAS_CORETYPE": "x", "OPENBLAS_NUM_THREADS": "1", "OMP_X": "2"}
    alone = {"PATH": "p", "TINYDL_NUM_THREADS": "2", "TINYDL_NUMBA": "0"}
    assert clean_environment(given, 2) == alone
    assert clean_environment(alone, 2, numba=True) == alone | {"TINYDL_NUMBA": "1"}


def test_a_worker_does_not_see_variables_of_openblas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    shown = subprocess.run(
        [sys.executable, "-c", "import os; print([k for k in os.environ if 'OPENBLAS' in k])"],
        env=clean_environment(os.environ, 2), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert shown.strip() == "[]"


def test_workers_in_turns() -> None:
    """tinydl beside itself: what --against does with another folder, here with two of ours."""
    with contextlib.ExitStack() as stack:
        a, b, c = (stack.enter_context(Worker(tinydl_called(name), 2)) for name in "abc")
        found = measure(named("B forward + gradient"), [a, b], c, TINY)
        with pytest.raises(WorkerError, match="StopIteration"):
            a.ask("prepare", name="no such workload", is_tiny=True)
    assert found is not None and found.error == 0.0
    assert list(found.ours) == list(found.ratios) == list(found.ratios_p20) == ["a", "b"]
    assert {len(times.turns) for times in (*found.ours.values(), found.other)} == {2}
    assert all(ratio > 0 for ratio in (*found.ratios.values(), *found.ratios_p20.values()))
    assert found.where.endswith(" of a")


def test_the_largest_error_of_all_contestants_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"a": 2.0, "b": 2.2, "c": 2.0}
    monkeypatch.setattr(measuring, "_answers", lambda worker, way: {
        "loss": np.asarray(answers[worker.name])})  # fmt: skip
    with contextlib.ExitStack() as stack:
        a, b, c = (stack.enter_context(Worker(tinydl_called(name), 2)) for name in "abc")
        found = measure(named("attention"), [a, b], c, TINY)
    assert found is not None and not found.is_right
    np.testing.assert_allclose(found.error, 0.1)
    assert found.where == "loss of b"


def test_who_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    options = argparse.Namespace(against=None, numba=False)
    named_and_numba = lambda place: [(c.name, c.numba) for c in run.contestants(options, place)[0]]
    monkeypatch.setattr(run, "has_numba", lambda: True)
    assert named_and_numba(None) == [("tinydl", False), ("with Numba", True), ("PyTorch", False)]
    monkeypatch.setattr(run, "has_numba", lambda: False)
    assert named_and_numba(None) == [("tinydl", False), ("PyTorch", False)]
    assert "could not be imported" in run.contestants(options, None)[1]
    options.against = "v1"
    assert named_and_numba(ROOT) == [("tinydl", False), ("v1", False)]
    options.numba = True
    assert named_and_numba(ROOT) == [("tinydl", True), ("v1", True)]
    assert "Both are with Numba" in run.contestants(options, ROOT)[1]


@pytest.mark.parametrize("given", [["--numba"], ["--numba", "--against", "v1"]])
def test_numba_is_for_two_commits_and_must_be_there(
    given: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks.run", *given])
    monkeypatch.setattr(run, "has_numba", lambda: False)
    with pytest.raises(SystemExit):
        run.arguments()
    assert ("needs Numba" if len(given) > 1 else "for --against") in capsys.readouterr().err


def test_a_worker_says_what_its_process_peaks_at() -> None:
    with Worker(tinydl_called("a"), 2) as worker:
        answer = worker.ask("memory", name="attention", repeats=1)
    assert 0 < answer["before"] <= answer["peak"] < 4096


def test_tinydl_comes_from_the_folder_that_was_named(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="was to be found in"):
        Worker(Contestant("a", "tinydl", tmp_path), 2)


# ---- the check -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "error", "where"),
    [
        ({"loss": 2.0, "gradient 0": [1.0, 4.0], "gradient 1": [0.0]}, 0.0, ""),
        ({"loss": 2.2, "gradient 0": [1.0, 4.0], "gradient 1": [0.0]}, 0.1, "loss"),
        ({"loss": 2.0, "gradient 0": [2.0, 4.0], "gradient 1": [0.0]}, 0.25, "gradient 0"),
        ({"loss": 2.0, "gradient 0": [1.0, 4.0], "gradient 1": [0.02]}, 0.5, "gradient 1"),
        ({"loss": 2.0, "gradient 0": [1.0], "gradient 1": [0.0]}, np.inf, "shape"),
        ({"loss": 2.0, "gradient 0": [1.0, 4.0]}, np.inf, "names"),
        ({"loss": np.nan, "gradient 0": [2.0, 4.0], "gradient 1": [0.0]}, np.nan, "loss"),
    ],
)
def test_the_largest_error(found: dict[str, Any], error: float, where: str) -> None:
    arrays = lambda given: {name: np.asarray(v) for name, v in given.items()}
    expected = {"loss": 2.0, "gradient 0": [1.0, 4.0], "gradient 1": [0.0]}
    result, place = largest_error(arrays(found), arrays(expected))
    np.testing.assert_allclose(result, error)
    assert where in place
    assert made_up(error=result).is_right == (error == 0.0)


# ---- page and plot -------------------------------------------------------------------------------


def made_up(name: str = "A train", error: float = 2e-7) -> Measurement:
    ours = {
        "tinydl": Times([0.010, 0.012, 0.020], [0.011, 0.012]),
        "with Numba": Times([0.005, 0.006, 0.010], [0.0055, 0.009]),
    }
    other = Times([0.02, 0.03], [0.022, 0.03])
    return Measurement(named(name), ours, other, "channels last", error, "loss")


def report() -> Report:
    found = [made_up(), made_up("600 small operations, gradient"), made_up("PINN", np.nan)]
    memory = [Memory("tinydl", 40.0, 100.4), Memory("with Numba", 50.0, 200.0),
              Memory("PyTorch", 220.0, 420.0)]  # fmt: skip
    return Report(found, memory, "Processor, 2 cores", {"tinydl": "1", "PyTorch": "2"}, 2,
                  ["tinydl", "with Numba"], "PyTorch", run.WITH_NUMBA)  # fmt: skip


def without_numba(given: Report) -> Report:
    alone = [replace(m, ours={"tinydl": m.ours["tinydl"]}) for m in given.measurements]
    return replace(given, measurements=alone, ours=["tinydl"], about_numba=run.NO_NUMBA)


def test_the_page() -> None:
    text = report().text()
    assert (
        "|  | tinydl | with Numba | PyTorch | ratio | ratio with Numba | ratio of p20 "
        "| ratio of p20 with Numba | check |" in text
    )
    assert (
        "| A train (channels last) | 12.0 | 6.00 | 25.0 | **0.45** | **0.28** | 0.49 | 0.25 "
        "| 2e-07 |" in text
    )
    assert "**nan, WRONG**" in text
    assert "| gradient | 20.00 | 10.00 | 41.67 |" in text
    assert "| tinydl | 40 | 100 | 60 |\n| with Numba | 50 | 200 | 150 |" in text
    assert 'pip install "tinydl[fast]"' in text
    assert all(len(row) <= 100 for row in text.splitlines() if not row.startswith("|"))
    assert os.uname().nodename not in text if hasattr(os, "uname") else True
    assert line(made_up()).startswith("A train (channels last)")
    assert table(["", "a"], [["b", "1"]]) == "|  | a |\n| --- | ---: |\n| b | 1 |"


def test_the_page_without_numba() -> None:
    text = without_numba(report()).text()
    assert "|  | tinydl | PyTorch | ratio | ratio of p20 | check |" in text
    assert "| A train (channels last) | 12.0 | 25.0 | **0.45** | 0.49 | 2e-07 |" in text
    assert "could not be imported" in " ".join(text.split())


@pytest.mark.parametrize("made", [report, lambda: without_numba(report())])
def test_the_files(made: Callable[[], Report], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    made().write(tmp_path / "new")
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == [
        "results.md",
        "results.png",
    ]
    assert (tmp_path / "new" / "results.md").read_text(encoding="utf-8") == made().text()
