"""A plugin for pytest: tests on each device, and random numbers that can be replayed.

It is loaded where it is asked for, ``pytest -p tinydl.testing.plugin``, or by a line in the
topmost conftest.py:

    pytest_plugins = ["tinydl.testing.plugin"]

``device``  a test with this argument runs once on each device that is there, ``cpu`` and ``gpu``;
            --device=cpu or --device=gpu leaves one of them
``seed``    the whole number from which tinydl's random numbers start in this test

Every test starts with random numbers of its own, which follow from its name, or from
--tinydl-seed=N. The report of a failure shows the line that runs the test again with the same ones.
(Tests of Hypothesis start every example at the same place. Fixtures of a module or a session draw
at the position of the first test that asks for them.)
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from tinydl.backend import gpu
from tinydl.backend.random import generator
from tinydl.functions.device import gather, gpuArray

NAME = "tinydl.testing.plugin"
SEED = pytest.StashKey[int]()


@dataclass(frozen=True)
class Device:
    """Where arrays live: put moves a value there, take brings it back to the computer's memory.

    name   "cpu" or "gpu", as checkLayer and check_layer take it
    """

    name: str
    put: Callable[[Any], Any]
    take: Callable[[Any], Any]


def devices(which: str = "all") -> list[Device]:
    """Those that are there: the CPU, and a GPU if CuPy finds one. which leaves one of them.

    Raises RuntimeError if the GPU is asked for where there is none.

    Example:
        >>> [device.name for device in devices("cpu")]
        ['cpu']
    """
    reason = gpu.why_not() if which != "cpu" else ""
    if which == "gpu" and reason:
        raise RuntimeError(f"--device=gpu: there is no GPU: {reason}")
    every = [Device("cpu", gather, gather), Device("gpu", gpuArray, gather)]
    there = every[:1] if reason else every
    return there if which == "all" else [device for device in there if device.name == which]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tinydl")
    group.addoption("--device", choices=["cpu", "gpu", "all"], default="all",
                    help="where tests with the argument device run; all (default): on each device "
                         "that is there")  # fmt: skip
    group.addoption("--tinydl-seed", type=_seed, metavar="N",
                    help="start the random numbers of every test at this seed, from 0 to 2³² − 1; "
                         "without it, at one that follows from the name of the test")  # fmt: skip


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 2**32:
        raise ValueError(text)
    return seed


def pytest_configure(config: pytest.Config) -> None:
    try:
        found = devices(config.getoption("device"))
    except RuntimeError as error:
        raise pytest.UsageError(str(error)) from None

    @pytest.fixture(scope="session", params=found, ids=lambda device: device.name)
    def device(request: pytest.FixtureRequest) -> Device:
        """Where the test runs: a name, put and take."""
        return request.param

    plugin: Any = ModuleType(f"{NAME}.devices")  # made here, because options choose the devices
    plugin.device = device
    config.pluginmanager.register(plugin, plugin.__name__)
    with contextlib.suppress(ModuleNotFoundError):  # without Hypothesis there is nothing to join
        import_module("tinydl.testing.strategies")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start the random numbers, before any fixture draws."""
    given = item.config.getoption("tinydl_seed")
    seed = zlib.crc32(item.nodeid.encode()) if given is None else given
    item.stash[SEED] = seed
    generator.seed(seed)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed from which tinydl's random numbers start in this test."""
    return request.node.stash[SEED]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Say in the report of a failure how to run it with the same random numbers."""
    report: Any = yield
    seed = item.stash.get(SEED, None)
    if report.failed and seed is not None:
        report.sections.append(
            ("random numbers of tinydl",
             f'python -m pytest -p {NAME} "{item.nodeid}" --tinydl-seed={seed}')
        )  # fmt: skip
    return report
