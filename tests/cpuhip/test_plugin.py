"""A run that shows nothing fails: without CuPy, or with fewer tests than were expected."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cpuhip import standin

ROOT = Path(__file__).parents[2]


def run(tests: Path, at_least: int, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin, as `make test-gpu` does."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.cpuhip.plugin"]
    command += [f"--at-least={at_least}", f"--rootdir={tests.parent}", str(tests)]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)


@pytest.fixture
def three_tests(tmp_path: Path) -> Path:
    """Two that pass, and one that is skipped."""
    file = tmp_path / "test_three.py"
    skip = "import pytest\n\n@pytest.mark.skip\ndef test_c(): pass\n"
    file.write_text("def test_a(): pass\n\ndef test_b(): pass\n\n" + skip)
    return file


def test_without_the_standin_nothing_runs(three_tests: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if name != standin.LIBRARY}
    done = run(three_tests, 1, variables)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "python -m tests.cpuhip FOLDER" in done.stdout + done.stderr


def test_without_cupy_nothing_runs(three_tests: Path, tmp_path: Path) -> None:
    (tmp_path / "cupy.py").write_text("raise ImportError('no CuPy')\n")
    variables = {**os.environ, standin.LIBRARY: "somewhere", "PYTHONPATH": str(tmp_path)}
    done = run(three_tests, 1, variables)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "CuPy does not work: ImportError: no CuPy" in done.stdout + done.stderr


@pytest.mark.skipif(find_spec("cupy") is not None, reason="CuPy is installed")
def test_without_the_wheel_nothing_is_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.cpuhip", str(tmp_path / "built"), "true"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "CuPy is missing" in done.stderr and "pip install cupy-rocm-7-0" in done.stderr


@pytest.mark.skipif(not standin.is_running(), reason="`make test-gpu` runs this")
@pytest.mark.parametrize(("at_least", "status"), [(2, 0), (3, 1)])
def test_fewer_tests_than_expected_fail(three_tests: Path, at_least: int, status: int) -> None:
    done = run(three_tests, at_least, dict(os.environ))
    assert done.returncode == status, done.stdout + done.stderr
    message = "only 2 tests passed, at least 3 were expected"
    assert (message in done.stdout) == (status != 0)
