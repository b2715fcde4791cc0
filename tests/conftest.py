"""What the whole suite shares: devices, Hypothesis profiles, and a list of incomplete rows.

TINYDL_TEST_PROFILE=deep asks for many more random draws than the usual fast profile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings

from tests.table import ROWS
from tinydl.autodiff import PRIMITIVES, Primitive, is_recorded
from tinydl.primitives.elementwise import multiply

settings.register_profile("fast", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=1500, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("TINYDL_TEST_PROFILE", "fast"))


@dataclass(frozen=True)
class Device:
    """Where arrays live: `put` moves one there, `take` brings it back as a NumPy array."""

    name: str
    put: Callable[[Any], Any]
    take: Callable[[Any], Any]


DEVICES = [Device("cpu", put=lambda x: x, take=lambda x: x)]


@pytest.fixture(scope="session", params=DEVICES, ids=lambda device: device.name)
def device(request: pytest.FixtureRequest) -> Device:
    """Every generated test runs once on each device."""
    return request.param


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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which operations have fewer than three orders of derivative, and why."""
    for row in ROWS:
        if row.orders < 3:
            terminalreporter.write_line(f"{row.name}: {row.orders} orders only, {row.why}")
