"""The pytest plugin of ``make test-gpu``: ``-p tests.cpuhip.plugin --at-least=N``.

A run without a working CuPy, or with fewer than N tests passed, fails. In every test each array has
guard bands of its own, and a damaged one fails the test.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cpuhip import standin


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--at-least", type=int, required=True, metavar="N", help="fail if fewer tests passed"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Stop at once where nothing could be shown."""
    if not standin.is_running():
        pytest.exit("start it by `python -m tests.cpuhip FOLDER …`, see tests/cpuhip", returncode=4)
    try:
        cupy = importlib.import_module("cupy")
        with standin.counted() as counts:
            is_working = float(cupy.arange(4.0).sum()) == 6.0
    except Exception as error:
        pytest.exit(f"CuPy does not work: {type(error).__name__}: {error}", returncode=4)
    if not is_working or not counts.launches:
        pytest.exit("CuPy does not add, or does it elsewhere", returncode=4)
    standin.lend_sorting(cupy)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Count what passed: a run that skipped or lost its tests has shown nothing."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    passed = len(reporter.stats.get("passed", []))
    wanted = session.config.getoption("at_least")
    if passed < wanted:
        message = f"only {passed} tests passed, at least {wanted} were expected"
        reporter.write_line(f"\n{message}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def guarded_arrays() -> Iterator[None]:
    """Without CuPy's pool every array is an allocation, between guard bands; none is damaged."""
    cupy = standin.cupy_or_skip()
    standin.damaged_guards()  # what was damaged before is not this test's fault
    with cupy.cuda.using_allocator(None):
        yield
    standin.forget_errors()
    assert standin.damaged_guards() == 0, "a kernel has written outside an array"


@pytest.fixture
def memory_pool(guarded_arrays: None) -> Iterator[None]:
    """CuPy's pool of memory, as users have it: for tests that count allocations."""
    cupy = standin.cupy_or_skip()
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    with cupy.cuda.using_allocator(pool.malloc):
        yield
    pool.free_all_blocks()


@pytest.fixture(params=["forward", "reversed"])
def thread_order(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs twice: with the threads of every kernel in their order, and against it."""
    with standin.threads_run(request.param):
        yield request.param
