"""The numbers of the example on batch normalization, in bands: random weights differ.

After one forward State has moved a tenth of its way, and forward and predict disagree. After 500
the running averages have arrived as far as single precision lets them, and the error stays there.
The band proves that State is single after ``dlupdate(double, net)`` (in double the error is smaller
by 10¹⁷) and that the running variance is divided by N (by N − 1 it is larger by 10⁷).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.strategies import numbers
from tinydl import dlarray, dlnetwork, dlupdate, double, rng

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    """The example, loaded from its file; its figures are not drawn."""
    matplotlib = pytest.importorskip("matplotlib")
    backend = matplotlib.get_backend()
    matplotlib.use("Agg")
    path = EXAMPLES / "batchnorm_statistics.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    matplotlib.use(backend)


class Arrived(NamedTuple):
    net: dlnetwork
    XT: dlarray
    Uf: dlarray
    Up: dlarray
    err: float


@pytest.fixture(scope="module")
def arrived(example: Any) -> Arrived:
    """500 forwards, whose State was taken over each time."""
    rng("default")
    net, XT = example.buildNetwork(), example.drawPoints()
    Uf, Up, err = example.theQuestion(net, XT, 500)
    return Arrived(net, XT, Uf, Up, float(err))


def test_after_one_forward(example: Any) -> None:
    Uf, Up, err = example.runQuestion(1)
    assert Uf.shape == Up.shape == (4, 1000) and Uf.dims == "CB"
    assert 0.05 < float(err) < 2
    distance = numbers(Uf)[0] - numbers(Up)[0]
    assert float(err) == pytest.approx((distance**2).sum() / 2000)


def test_the_network(arrived: Arrived) -> None:
    net = arrived.net
    assert (len(net.Learnables), len(net.State)) == (34, 16)
    assert {v.dtype for v in net.Learnables.Value} == {np.dtype("float64")}
    assert {v.dtype for v in net.State.Value} == {np.dtype("float32")}
    assert {v.shape for v in net.State.Value} == {(80, 1)}
    assert arrived.Uf.dtype == np.float64 and arrived.Up.dtype == np.float32


def test_after_500_forwards(arrived: Arrived) -> None:
    assert 1e-13 < arrived.err < 1e-10


def test_in_double_the_state_goes_on_from_there(example: Any, arrived: Arrived) -> None:
    """The error shrinks by 0.9² with each forward; single precision was what held it up."""
    arrived.net.State = dlupdate(double, arrived.net.State)
    _, _, err = example.theQuestion(arrived.net, arrived.XT, 60)
    assert float(err) / arrived.err < 2 * 0.9**120
    assert float(err) < 1e-15


@pytest.mark.deep
def test_500_forwards_with_state_in_double(example: Any) -> None:
    assert float(example.runQuestion(500, state="double")[2]) < 1e-25


def test_decays_of_one_need_one_forward(example: Any) -> None:
    assert float(example.decaysOfOne()) < 1e-10


def test_derivatives_with_constant_statistics(example: Any) -> None:
    truth, *constants, batch = example.constantStatistics(numPoints=3).values()
    assert len(constants) == 3
    for slopes in constants:
        np.testing.assert_allclose(slopes, truth, rtol=1e-5, atol=1e-7)
    assert np.abs(batch - truth).max() > 0.1 * np.abs(truth).max()
