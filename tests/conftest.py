"""What the whole suite shares: devices, Hypothesis profiles, and a list of incomplete rows.

TINYDL_TEST_PROFILE=deep asks for many more random draws than the usual fast profile.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings

from tests.table import ROWS

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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which operations have fewer than three orders of derivative, and why."""
    for row in ROWS:
        if row.orders < 3:
            terminalreporter.write_line(f"{row.name}: {row.orders} orders only, {row.why}")
