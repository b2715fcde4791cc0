"""What the whole suite shares: devices, Hypothesis profiles, and a list of incomplete rows.

TINYDL_TEST_PROFILE=deep asks for many more random draws than the usual fast profile.
TINYDL_TEST_DEVICE=gpu runs the tests that ask for a device, and only those, on a GPU.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.compiled_kernels import need_numba
from tests.table import ROWS
from tinydl.autodiff import PRIMITIVES, Primitive, is_recorded
from tinydl.backend.dispatch import synchronize
from tinydl.primitives.elementwise import multiply
from tinydl.testing.plugin import Device

settings.register_profile("fast", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=1500, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("TINYDL_TEST_PROFILE", "fast"))


def devices() -> list[Device]:
    """The computer's own memory, or a GPU if TINYDL_TEST_DEVICE=gpu asks for one.

    Unlike the plugin's, they move plain arrays of any class, which `take` gives back as NumPy's.
    """
    if os.environ.get("TINYDL_TEST_DEVICE", "cpu") != "gpu":
        return [Device("cpu", put=lambda x: x, take=lambda x: x)]
    import cupy

    return [Device("gpu", put=cupy.asarray, take=cupy.asnumpy)]


DEVICES = devices()
ON_GPU = DEVICES[0].name == "gpu"
collect_ignore = ["test_plot.py"] if ON_GPU else []  # figures know no device
EXPECTED_FAILURES = Path(__file__).with_name("expected_failures_cupy.txt")


def expected_failures() -> list[tuple[str, str]]:
    """Patterns of the names of tests that fail with CuPy, and the reasons."""
    lines = [line.split("#")[0].strip() for line in EXPECTED_FAILURES.read_text().splitlines()]
    return [(pattern, reason.strip()) for line in lines if line
            for pattern, _, reason in [line.partition(" ")]]  # fmt: skip


def for_a_gpu(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a GPU only what asks for a device runs; what is known to fail there has to fail."""
    about_a_device = {
        item: "device" in getattr(item, "fixturenames", ()) or "cpuhip" in item.path.parts
        for item in items
    }
    config.hook.pytest_deselected(items=[item for item in items if not about_a_device[item]])
    items[:] = [item for item in items if about_a_device[item]]
    for item in items:
        for pattern, reason in expected_failures():
            if fnmatch.fnmatchcase(item.name, pattern):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(autouse=ON_GPU)
def finished() -> Iterator[None]:
    """The GPU has done all that a test asked for before the next one begins."""
    yield
    with contextlib.suppress(RuntimeError):  # it is the test's own, which has ended
        synchronize()


@pytest.fixture(scope="session", params=DEVICES, ids=lambda device: device.name)
def device(request: pytest.FixtureRequest) -> Device:
    """Every generated test runs once on each device."""
    return request.param


@pytest.fixture(scope="session")
def numba() -> None:
    need_numba()


@pytest.fixture
def declared() -> Iterator[None]:
    """Primitives that a test declares are forgotten after it."""
    before = dict(PRIMITIVES)
    yield
    PRIMITIVES.clear()
    PRIMITIVES.update(before)


@pytest.fixture
def cube(declared: None) -> Primitive:
    """a · b · c with a joint rule that is only good for first order, beside a definition."""

    @Primitive.saving("ab")
    def cube(a: Any, b: Any, c: Any, *, save: bool = False) -> Any:
        return (a * b * c, a * b) if save else a * b * c

    @cube.gradients("a", "b", "c")
    def _(g: Any, a: Any, b: Any, c: Any, ab: Any, need: tuple[bool, ...]) -> tuple[Any, ...]:
        assert not is_recorded(g), "a fast rule runs on plain arrays only"
        return g * b * c if need[0] else None, g * a * c if need[1] else None, g * ab

    @cube.definition
    def _(a: Any, b: Any, c: Any) -> Any:
        return multiply(multiply(a, b), c)

    return cube


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests that are marked deep are left to the deep profile, and not all are for a GPU."""
    if ON_GPU:
        for_a_gpu(config, items)
    if os.environ.get("TINYDL_TEST_PROFILE") != "deep":
        for item in items:
            if item.get_closest_marker("deep"):
                item.add_marker(pytest.mark.skip(reason="runs with TINYDL_TEST_PROFILE=deep"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which operations have fewer than three orders of derivative, and why."""
    for row in ROWS:
        if row.orders < 3:
            terminalreporter.write_line(f"{row.name}: {row.orders} orders only, {row.why}")
